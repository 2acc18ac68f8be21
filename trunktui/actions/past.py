"""What the audit log says of earlier actions, for the guards' limits and for what is still open. Pure."""

from __future__ import annotations

from collections.abc import Callable, Iterable
from datetime import datetime

from msgspec import Struct, structs

from trunktui.model.action import GLASS_WORDS, Ending
from trunktui.model.audit import Entry, RecordKind, Who
from trunktui.model.switch import Move, SwitchKind
from trunktui.store.audit import Unfinished, age_s

UNDER_WAY_S = 180.0
"""An intent without an outcome is under way for so long; after that whoever began it is gone."""


LONGEST_WAIT_S = 30.0
"""From its intent to its command: a look, the lock of an earlier action of the same operator, and a look once more."""


_DONE = frozenset({Ending.VERIFIED, Ending.ROUTED, Ending.UNVERIFIED})
_PROVED = frozenset({Ending.VERIFIED, Ending.ROUTED})
_PART = "."


def part_of(wish: str, number: int) -> str:
    """Return the name of a wish's part, counted from 1."""
    return f"{wish}{_PART}{number}"


def wish_of(action: str) -> str:
    """Return the name of the wish that an action is part of, its own where it is none."""
    return action.partition(_PART)[0]


class Act(Struct, frozen=True):
    """One action of the past. `ending` None: nothing ended it (yet). `ago_s` counts from its intent, wall clock.

    `ended_ago_s` counts from its first end. `sent` False: it provably had no effect, so it counts against no limit.
    `move`: of a switch, what it was to change; `glass`: a guard was overridden for it. One wish over several SBCs is several actions, see `wish`.
    """

    action: str
    seq: int
    verb: str
    leg: str
    sbc: str
    carrier: str
    by: Who
    ago_s: float
    ended_ago_s: float | None = None
    ending: str | None = None
    sent: bool = True
    over: str = ""
    commands: tuple[str, ...] = ()
    move: Move | None = None
    glass: bool = False

    @property
    def wish(self) -> str:
        """What it was part of: the name that all parts of one wish share, else its own."""
        return wish_of(self.action)

    @property
    def group(self) -> str:
        """The group that it moved, "" for what is no switch."""
        return self.move.group if self.move is not None else ""

    @property
    def done(self) -> bool:
        """Whether its effect is there, or may be: proved, read back, or sent and nobody knows."""
        return self.sent and self.ending in _DONE

    @property
    def proved(self) -> bool:
        """Whether its effect is known to be there."""
        return self.ending in _PROVED

    @property
    def is_undo(self) -> bool:
        """Whether it took back another switch."""
        return self.move is not None and self.move.kind is SwitchKind.UNDO

    @property
    def who(self) -> str:
        """The operator's name."""
        return self.by.name

    @property
    def done_ago_s(self) -> float:
        """Seconds since its command at least: that may have waited for a lock, but not past its end."""
        latest = max(self.ago_s - LONGEST_WAIT_S, 0.0)
        return latest if self.ended_ago_s is None else max(latest, self.ended_ago_s)

    @property
    def under_way(self) -> bool:
        """Whether it may be going on right now."""
        return self.ending is None and self.ago_s <= UNDER_WAY_S


class Past(Struct, frozen=True):
    """Earlier actions, oldest first."""

    acts: tuple[Act, ...] = ()

    def before(self, action: str, seq: int) -> Past:
        """Return what was written before entry `seq`, which began `action`: of two at once, the earlier goes on."""
        if not seq:  # in no file, so in no order either
            return Past(tuple(act for act in self.acts if act.action != action))
        return Past(tuple(act for act in self.acts if act.action != action and act.seq < seq))

    def after(self, act: Act) -> Act | None:
        """Return what took a switch back, or else moved its group there since and stands; None: it is the latest."""
        taken_back = {one.move.undoes for one in self.acts if one.proved and one.move is not None}
        later = False
        for one in self.acts:
            stands = (
                one.done and one.group == act.group and one.sbc == act.sbc and one.action not in taken_back
            )
            if later and stands and one.move is not None:
                if one.proved and one.move.undoes == act.action:
                    return one
                if not one.is_undo:
                    return one
            later = later or one.action == act.action
        return None

    def mover(self, group: str, sbc: str, since_s: float, ours: str) -> str:
        """Say who moved a group on an SBC in the last `since_s` seconds, besides the action `ours`."""
        found = [
            act
            for act in self.acts
            if (act.group, act.sbc) == (group, sbc)
            and act.sent
            and act.action != ours
            and act.done_ago_s <= since_s
        ]
        if not found:
            return "by somebody on another host, or by hand on the SBC"
        return f"by {found[-1].who} {found[-1].ago_s:.0f} s ago"

    def can_be_taken_back(self, within_s: float) -> tuple[Act, ...]:
        """Return the switches of the last `within_s` seconds that stand, newest first; one for each group and SBC."""
        found = (
            act
            for act in reversed(self.acts)
            if act.group and act.done and not act.is_undo and act.ago_s <= within_s
        )
        return tuple(act for act in found if self.after(act) is None)


def past_of(entries: Iterable[Entry], wall: datetime) -> Past:
    """Return the actions that `entries` (oldest first) tell of, as seen at `wall`."""
    found: dict[str, Act] = {}
    for entry in entries:
        record = entry.record
        if record.kind is RecordKind.INTENT:
            found[record.action] = _begun(entry, age_s(entry, wall))
        elif record.kind is RecordKind.OUTCOME and record.action in found:
            begun = found[record.action]
            first = begun.ended_ago_s if begun.ended_ago_s is not None else age_s(entry, wall)
            ended = structs.replace(begun, ended_ago_s=first)
            found[record.action] = _ended(ended, record.ending, sent=record.sent is not False)
    return Past(tuple(found.values()))


def open_acts(unfinished: Iterable[Unfinished], past: Past, alive: Callable[[Who], bool]) -> tuple[Act, ...]:
    """Return what is to be verified: intents of any age that nothing ended, and recent ends that proved nothing.

    One that is under way is not among them as long as its process is `alive`.
    """
    acts = {each.entry.record.action: _begun(each.entry, each.age_s) for each in unfinished}
    acts.update({act.action: act for act in past.acts})
    return tuple(act for act in acts.values() if _open(act, alive))


def _open(act: Act, alive: Callable[[Who], bool]) -> bool:
    if act.ending is None:
        return not (act.under_way and alive(act.by))
    return act.sent and act.ending == Ending.UNVERIFIED


def _begun(entry: Entry, ago_s: float) -> Act:
    record = entry.record
    return Act(
        action=record.action,
        seq=entry.seq,
        verb=record.verb,
        leg=record.leg,
        sbc=record.sbc,
        carrier=record.carrier,
        by=entry.who,
        ago_s=ago_s,
        over=record.over,
        commands=record.commands,
        move=record.move,
        glass=any(GLASS_WORDS in words for words in (record.sentence, *record.guards)),
    )


def _ended(act: Act, ending: str, *, sent: bool) -> Act:
    return structs.replace(act, ending=ending, sent=sent)
