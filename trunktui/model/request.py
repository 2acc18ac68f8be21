"""What a screen asks of the engine, and what came of it."""

from __future__ import annotations

import datetime as dt
from typing import Protocol

from msgspec import Struct

from trunktui.model.acting import Ended
from trunktui.model.action import Consent, Prepared, Sweep, Swept, Verb
from trunktui.model.audit import Who
from trunktui.model.finding import RecordKind
from trunktui.model.health import Severity
from trunktui.model.marks import Target
from trunktui.model.switch import Wish
from trunktui.model.text import Safe
from trunktui.model.window import Window


class Reload(Struct, frozen=True, tag="reload"):
    """Read the config file again and go by it, unless it is broken."""


class Introduce(Struct, frozen=True, tag="introduce"):
    """Say who sits at the terminal: an engine has none, and sends nothing for anybody it does not know."""

    who: Who


class Unlock(Struct, frozen=True, tag="unlock"):
    """Unlock write mode for its quarter of an hour."""


class Lock(Struct, frozen=True, tag="lock"):
    """Go back to read-only, at once."""


class Prepare(Struct, frozen=True, tag="prepare"):
    """Say what `verb` on `leg` would run, and what the guards say to `consent` so far. Sends nothing."""

    verb: Verb
    leg: str
    consent: Consent = Consent()


class Perform(Struct, frozen=True, tag="perform"):
    """Carry out what was prepared as `action`, if the guards still agree; answered when it has ended."""

    action: str
    consent: Consent


class PrepareSwitch(Struct, frozen=True, tag="prepare_switch"):
    """Say what a wish would run on each SBC, and what the guards say to `consent` so far. Sends nothing."""

    wish: Wish
    consent: Consent = Consent()


class PerformSwitch(Struct, frozen=True, tag="perform_switch"):
    """Carry out the sweep that was prepared as `action`, one SBC after the other; answered when it has ended."""

    action: str
    consent: Consent


class Decline(Struct, frozen=True, tag="decline"):
    """Record that `action` was refused by the guards, as it was prepared."""

    action: str
    consent: Consent


class Verify(Struct, frozen=True, tag="verify"):
    """Look what became of the unfinished actions. Only reads."""


class Mark(Struct, frozen=True, tag="mark"):
    """Put `target` into maintenance. Harmless to any SBC, so read-only mode allows it."""

    target: Target
    window: Window
    reason: str


class Acknowledge(Struct, frozen=True, tag="acknowledge"):
    """Acknowledge the alarm that `target` (a leg, an SBC, a group) raises now; `window`: for no longer.

    `seen` is how loud it was when the operator looked: one that got louder since is not acknowledged.
    """

    target: Target
    reason: str
    window: Window | None = None
    seen: Severity | None = None


class Unmark(Struct, frozen=True, tag="unmark"):
    """End the maintenance of `target`, planned or begun; with `ack` its acknowledgement instead."""

    target: Target
    ack: bool = False


class Declare(Struct, frozen=True, tag="declare"):
    """Record that `subject` had it done on `day` (None: today). Touches no SBC, so read-only mode allows it."""

    kind: RecordKind
    subject: str
    day: dt.date | None = None


class Retract(Struct, frozen=True, tag="retract"):
    """Take back what was recorded last of `subject`: it was a mistake."""

    kind: RecordKind
    subject: str


Marking = Mark | Acknowledge | Unmark
"""What changes marks."""

Recording = Declare | Retract
"""What changes records."""

Switching = PrepareSwitch | PerformSwitch
"""What moves groups."""

Request = (
    Reload
    | Introduce
    | Unlock
    | Lock
    | Prepare
    | Perform
    | Decline
    | Verify
    | Switching
    | Marking
    | Recording
)
"""Everything that can be asked."""


class Reply(Struct, frozen=True):
    """What came of a request: whether it was done, and one sentence for the operator.

    `prepared` answers Prepare; `ended` Perform, Decline and Verify (None and empty where there was no engine).
    `lost`: the engine ended before it answered, so nobody knows whether it was done.
    `sweep` answers PrepareSwitch, `swept` PerformSwitch.
    """

    done: bool
    text: Safe
    prepared: Prepared | None = None
    ended: tuple[Ended, ...] = ()
    lost: bool = False
    sweep: Sweep | None = None
    swept: Swept | None = None


class Requests(Protocol):
    """Where a screen sends its requests: to reload, and to act."""

    async def ask(self, request: Request) -> Reply:
        """Have a request carried out; returns when that is through, or will not happen."""
