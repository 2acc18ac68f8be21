"""What operators say of an alarm beforehand or afterwards: maintenance with its end, and acknowledgements.

Neither ever changes a state: they only keep an alarm from being raised. Times are UTC by the wall clock, which is
the only one that operators on several machines share.
"""

from __future__ import annotations

from datetime import datetime, timedelta
from enum import StrEnum
from typing import Annotated

from msgspec import Meta, Struct

from trunktui.model.audit import Who
from trunktui.model.health import Severity
from trunktui.model.text import Safe

REASON_LIMIT = 200
"""Characters kept of a reason."""

LONGEST = timedelta(days=30)
"""No maintenance lasts longer: one that is forgotten must end while somebody still knows of it."""

Moment = Annotated[datetime, Meta(tz=True)]
"""A time with its zone."""


class Scope(StrEnum):
    """What a mark is about; one of a wider scope is about everything inside."""

    LEG = "leg"
    TRUNK = "trunk"
    SBC = "sbc"
    CARRIER = "carrier"
    GROUP = "group"


ACKNOWLEDGED_SCOPES = frozenset({Scope.LEG, Scope.SBC, Scope.GROUP})
"""What raises an alarm of its own, so that there is something to acknowledge."""


class Target(Struct, frozen=True):
    """The one thing a mark is about: `name` is a leg's id, or the name of a trunk, SBC, carrier or group."""

    scope: Scope
    name: str

    @property
    def words(self) -> str:
        """How sentences call it: a leg by its id alone, anything else with its kind."""
        kind = "SBC" if self.scope is Scope.SBC else self.scope.value
        return self.name if self.scope is Scope.LEG else f"{kind} {self.name}"


class Maintenance(Struct, frozen=True):
    """A window in which `target` raises no alarm: from `since` until `until`, never longer than LONGEST."""

    id: str
    target: Target
    since: Moment
    until: Moment
    reason: Safe
    who: Who
    created: Moment


class Ack(Struct, frozen=True):
    """Somebody knows of an alarm as it was `at` that time: in `state`, no louder than `severity`.

    `until` None: until the alarm is over or gets louder.
    """

    id: str
    target: Target
    severity: Severity
    state: str
    reason: Safe
    who: Who
    at: Moment
    until: Moment | None = None


Mark = Maintenance | Ack


class EndCause(StrEnum):
    """Why a mark ended before its time: by somebody, or an alarm that was over, or that got louder."""

    ENDED = "ended"
    CLEARED = "cleared"
    ROSE = "rose"


class End(Struct, frozen=True):
    """The end of the mark `id`. `who` None: nobody's doing; `words` say what was seen."""

    id: str
    at: Moment
    cause: EndCause
    who: Who | None = None
    words: Safe = Safe("")


class Kept(Struct, frozen=True):
    """A mark and, where it has one, its end; `end` None says nothing of its own time being over."""

    mark: Mark
    end: End | None = None

    @property
    def over_at(self) -> datetime | None:
        """When it was over or will be; None: nobody knows yet."""
        ended = None if self.end is None else self.end.at
        times = [at for at in (ended, self.mark.until) if at is not None]
        return min(times, default=None)


class MarksNote(Struct, frozen=True):
    """Whether the marks could be `read`, and in one line what is wrong with them; empty where nothing is."""

    read: bool = False
    notice: Safe = Safe("")


def in_force(mark: Mark, now: datetime) -> bool:
    """Tell whether a mark that nobody ended has begun and is not over."""
    if isinstance(mark, Maintenance):
        return mark.since <= now < mark.until
    return mark.until is None or now < mark.until
