"""The log of a simulated Asterisk: a file that grows by what its registrations go through. Pure.

[2026-11-23 01:30:31.890] WARNING[12520] res_pjsip_outbound_registration.c: Fatal response '403' received from ...
"""

from __future__ import annotations

from collections.abc import Iterable
from datetime import UTC, datetime, timedelta

from msgspec import Struct

from trunktui.demo.registration import Failure
from trunktui.demo.rows import TrunkObjects

PATH = "/var/log/asterisk/messages.log"
CHANNELS = (
    "Logger queue limit: 1000\n\n"
    "Channel                             Type     Formatter  Status    Configuration\n"
    "-------                             ----     ---------  ------    -------------\n"
    f"{PATH}      File     default    Enabled    - NOTICE WARNING ERROR SECURITY \n"
    "                                    Console  default    Enabled    - NOTICE WARNING ERROR \n\n"
)
"""What `logger show channels` prints."""

_LIMIT = 512 * 1024


class Logged(Struct, frozen=True):
    """One failure of a trunk's registration, at second `clock_s` of the SBC's clock."""

    trunk: TrunkObjects
    failure: Failure
    clock_s: float


class Logbook:
    """One SBC's log file; emptied, as `copytruncate` does, before it is too large."""

    def __init__(self, zone_s: int) -> None:
        self._zone_s = zone_s
        self.data = b""

    def write(self, news: Iterable[Logged]) -> None:
        """Append what happened, oldest first."""
        lines = "".join(self._line(one) for one in sorted(news, key=lambda one: one.failure.at))
        if lines:
            self.data = (b"" if len(self.data) > _LIMIT else self.data) + lines.encode()

    def _line(self, one: Logged) -> str:
        local = datetime.fromtimestamp(0, UTC) + timedelta(seconds=one.clock_s + self._zone_s)
        said = _words(one.failure, one.trunk.server, one.trunk.client)
        moment = f"{local:%Y-%m-%d %H:%M:%S}.{local.microsecond // 1000:03}"
        return f"[{moment}] WARNING[12520] res_pjsip_outbound_registration.c: {said}\n"


def _words(failure: Failure, server: str, client: str) -> str:
    if failure.exhausted:
        return (
            f"Maximum retries reached when attempting outbound registration to '{server}' with client '{client}', "
            "stopping registration attempt"
        )
    parties = f"received from '{server}' on registration attempt to '{client}'"
    if failure.retry_s is None:
        return f"Fatal response '{failure.code}' {parties}, stopping outbound registration"
    how = "No response" if failure.code is None else f"Temporal response '{failure.code}'"
    return f"{how} {parties}, retrying in '{failure.retry_s}'"
