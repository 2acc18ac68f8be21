"""The one place that catches what nobody expected: a defect met while polling costs one SBC its poll, not the fleet."""

from __future__ import annotations

import logging
from collections.abc import Awaitable
from typing import TypeVar

from trunktui.model.link import LinkError, SshState
from trunktui.model.text import Safe, clean
from trunktui.model.trace import kind, places, summary

log = logging.getLogger(__name__)

Result = TypeVar("Result")


class Guard:
    """Runs the work done for one SBC; remembers what it logged last, for a defect comes back at every poll."""

    def __init__(self, sbc: str) -> None:
        self._sbc = sbc
        self._logged = Safe("")

    async def run(self, work: Awaitable[Result]) -> Result:
        """Return what `work` returns. Raises LinkError, and nothing else but a cancellation."""
        try:
            return await work
        except LinkError:
            raise
        except Exception as error:  # noqa: BLE001 - a defect has no known type; nowhere else is this done
            self._log(error)
            raise _fault(error) from None

    def _log(self, error: Exception) -> None:
        said = summary(error)
        if said != self._logged:
            log.error("%s: internal error: %s", self._sbc, said)
            for line in places(error)[1:]:
                log.error("%s: %s", self._sbc, line)
        self._logged = said


def _fault(error: Exception) -> LinkError:
    return LinkError(SshState.CONFIG, clean(f"internal error ({kind(error)}): see engine.log"))
