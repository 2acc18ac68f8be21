"""Actions as data: what will run, what it does, what proves it, what guards say, and how it ended.

A platform makes the plan, guards rule on it, an operator consents, a runner sends it once and looks for the
proof. The confirm screen, `--dry-run` and the audit log show the same plan, word for word.
"""

from __future__ import annotations

from enum import StrEnum

from msgspec import Struct, structs

from trunktui.model.ask import Command, Lock, SshAsk
from trunktui.model.inventory import SshTarget
from trunktui.model.observation import Evidence
from trunktui.model.snapshot import LegStatus
from trunktui.model.switch import Move, Wish
from trunktui.model.text import Safe


class Verb(StrEnum):
    """What an operator may ask for."""

    REREGISTER = "reregister"
    PROBE = "probe"
    SWITCH = "switch"


class Plan(Struct, frozen=True):
    """One action on one leg, complete: what is shown before is what runs.

    A switch (`move`) is an action on the leg that shall get the calls; its readback is a gate that closes unless the
    route still says what `move.stands` does, and `warning` is what the operator must know besides (a dialplan reload
    loses a global variable).

    `target` is the SBC's own name for the object, the only variable part of any command. `readback` is asked
    under the lock just before `steps`, and `proof` then every `every_s` seconds until `window_s` is over; where
    there is a `later`, that takes its place from the second look on. `first_s`: when the first look is made.
    `lock_on` is a file on the SBC that every login may read; whoever holds its lock may act; None: it needs no
    lock. The lock is held for `lock_hold_s` after sending: as long as the SBC may take to do what it was told.
    `disruptive` actions need write mode and a confirmation; others (an OPTIONS probe) do not.
    """

    verb: Verb
    leg: str
    sbc: str
    target: str
    disruptive: bool
    readback: Command
    steps: tuple[Command, ...]
    proof: SshAsk
    consequence: Safe
    proof_words: Safe
    undo: Safe
    needs: Safe
    window_s: float
    every_s: float
    lock_on: str | None
    lock_hold_s: int
    later: SshAsk | None = None
    first_s: float | None = None
    move: Move | None = None
    warning: Safe = Safe("")

    def reading(self) -> SshAsk:
        """Return the ask that only reads the state: a gate that compares would tell less."""
        return SshAsk((structs.replace(self.readback, gate=False),))

    def sending(self, label: str) -> SshAsk:
        """Return the one ask that sends: the lock, the state read again, and only if both went well the steps."""
        lock = None if self.lock_on is None else Lock(self.lock_on, label, self.lock_hold_s)
        return SshAsk((structs.replace(self.readback, gate=True), *self.steps), lock)


class Sign(StrEnum):
    """What a look after sending says: UNREADABLE is neither good nor bad, WAITING not yet.

    ROUTED: what was set reads back, and calls have not shown yet that they follow it; it ends a window as ROUTED too.
    """

    PROVED = "proved"
    WAITING = "waiting"
    ROUTED = "routed"
    FAILED = "failed"
    UNREADABLE = "unreadable"


class Proof(Struct, frozen=True):
    """How far the proof is, in a sentence for the operator, and the lines it rests on."""

    sign: Sign
    sentence: Safe
    evidence: tuple[Evidence, ...] = ()


class Statement(StrEnum):
    """What a guard may ask of the operator before it lets an action through."""

    YES = "yes"
    FIXED = "fixed"
    LEG_NAME = "leg_name"
    GROUP_NAME = "group_name"
    REASON = "reason"
    GLASS = "break_glass"


GLASS_WORDS = "break glass"
"""What is typed to take a guard's doubt on, and how the words of such a ruling begin."""


class Consent(Struct, frozen=True):
    """What the operator said: `typed` is the name typed, `reason` free text, `fixed` that the cause was mended.

    `glass`: that a guard's doubt, which was shown, is taken on; nothing else that is said means that.
    """

    yes: bool = False
    fixed: bool = False
    typed: str = ""
    reason: str = ""
    glass: bool = False


class Ruling(Struct, frozen=True):
    """What one guard says: `allowed`, or not until `wants` are stated; `sentence` has the figures and the way out.

    `wants` empty and not `allowed`: nothing that is said helps, only what the sentence names.
    """

    guard: str
    allowed: bool
    sentence: Safe
    wants: tuple[Statement, ...] = ()

    @property
    def words(self) -> str:
        """The ruling as a person reads it, on the screen, in a refusal and in the audit log alike."""
        return f"{self.guard.replace('_', ' ')}: {self.sentence}"


def wanted(rulings: tuple[Ruling, ...]) -> tuple[Statement, ...] | None:
    """Return what the operator must state to be let through; None where nothing that is said helps."""
    refusals = [ruling for ruling in rulings if not ruling.allowed]
    if not rulings or any(not ruling.wants for ruling in refusals):
        return None
    return tuple(dict.fromkeys(want for ruling in refusals for want in ruling.wants))


class Prepared(Struct, frozen=True):
    """An action as it would run, and what the guards say. `leg` is what the operator saw.

    `over` is the way to the SBC that was shown: by another it is another action, for it may be another box.
    `plan` None: there is none, and a ruling says why. `wants` None: nothing that is said helps.
    `wish` and `sbc`: of a switch, what it is part of and where; `leg` is then the one that shall get the calls.
    """

    action: str
    verb: Verb
    leg_id: str
    batch: tuple[str, ...]
    leg: LegStatus | None
    plan: Plan | None
    commands: tuple[str, ...]
    rulings: tuple[Ruling, ...]
    over: SshTarget | None = None
    wish: Wish | None = None
    sbc: str = ""

    @property
    def wants(self) -> tuple[Statement, ...] | None:
        """What the operator must state, () where nothing is missing."""
        return wanted(self.rulings)


class Ending(StrEnum):
    """How an action ended. UNVERIFIED: it was, or may have been, sent, without proof; never sent again by itself.

    ROUTED: a switch whose route reads back as it was set, and no call came in time to show that it follows.
    """

    VERIFIED = "verified"
    ROUTED = "routed"
    FAILED = "failed"
    UNVERIFIED = "unverified"
    REFUSED = "refused"


DONE = frozenset({Ending.VERIFIED, Ending.ROUTED})
"""Endings of an action that did what it was to do."""


class Outcome(Struct, frozen=True):
    """The end of one action. `sent`: whether the command may have had an effect. Seconds are monotonic."""

    ending: Ending
    sentence: Safe
    sent: bool
    began_at: float
    ended_at: float
    evidence: tuple[Evidence, ...] = ()


class Sweep(Struct, frozen=True):
    """A wish as it would run: one part for each SBC, in order; nothing of it was sent. `action` names the whole.

    `rulings` are those on the wish as a whole; where one refuses, no part runs, however well it looks by itself.
    """

    action: str
    wish: Wish
    parts: tuple[Prepared, ...]
    rulings: tuple[Ruling, ...] = ()

    @property
    def wants(self) -> tuple[Statement, ...] | None:
        """What the operator must state for all parts, () where nothing is missing; None where nothing helps."""
        every = (*self.rulings, *(ruling for part in self.parts for ruling in part.rulings))
        return wanted(every) if self.parts else None


class Swept(Struct, frozen=True):
    """How a wish ended: the outcome of each part that was begun, in order, by SBC; the first that failed is the last.

    `ending` is the worst of them; `sentence` says what is switched, what is not, and what takes it back.
    `untouched`: SBCs whose turn did not come.
    """

    action: str
    wish: Wish
    ending: Ending
    sentence: Safe
    outcomes: tuple[tuple[str, Outcome], ...] = ()
    untouched: tuple[str, ...] = ()
