"""All that the guards of a switch may know of one SBC's part of it, and what they all ask of that. Pure."""

from __future__ import annotations

import datetime as dt

from msgspec import Struct

from trunktui.actions.guards import fresh_limit_s
from trunktui.actions.moves import trunks_of
from trunktui.actions.past import Act, Past, wish_of
from trunktui.model.action import Consent, Plan, Verb
from trunktui.model.finding import CredentialAge
from trunktui.model.health import LegState, ProbeSignal
from trunktui.model.inventory import Group, Inventory
from trunktui.model.route import RouteReading
from trunktui.model.snapshot import GroupStatus, LegStatus
from trunktui.model.switch import Move, SwitchKind, Waits, Wish
from trunktui.model.text import Safe
from trunktui.model.vouching import LEAST_PROBES, Voucher, held_out, silenced, voucher

UNDO_S = 15 * 60.0
"""How long a switch can be taken back with one key."""

HEALTHY = frozenset({LegState.UP, LegState.DEGRADED, LegState.UNMONITORED})
"""States in which a leg carries calls well enough, so that moving them away has something to lose."""

OUT = frozenset({LegState.DOWN, LegState.ADMIN_OFF, LegState.STANDBY})
"""States in which the next call on a leg fails, as far as anybody knows."""

_ORDER = (
    LegState.UP,
    LegState.DEGRADED,
    LegState.UNMONITORED,
    LegState.SUSPECT,
    LegState.UNKNOWN,
    LegState.STANDBY,
    LegState.ADMIN_OFF,
    LegState.DOWN,
)


DOUBTING = frozenset({"target", "clean"})
"""Guards that may be overridden: the glass is broken."""


class SwitchFacts(Struct, frozen=True):
    """What is known of one part. `now` and `unlocked_until` are monotonic seconds; `unlocked_until` None: read-only.

    `move` None: there is none, and `plan` says why. `reading` is what the route says now, None: nobody knows. `moving`: this part's move
    and those of the same wish that are still to come. `today` by the calendar. `undone`: the action that an undo takes
    back, None where it was not found. `action` names this part, `me` is the operator's name as the audit log has it.
    `doubted`: the guards whose doubt the operator was shown, so that what was said can be meant for it.
    """

    wish: Wish
    sbc: str
    action: str
    move: Move | None
    plan: Plan | Safe | None
    reading: RouteReading | None
    now: float
    interval_s: float
    today: dt.date
    sbc_write: bool
    unlocked_until: float | None
    inventory: Inventory
    legs: tuple[LegStatus, ...] = ()
    groups: tuple[GroupStatus, ...] = ()
    moving: tuple[Move, ...] = ()
    credentials: tuple[CredentialAge, ...] | None = None
    past: Past = Past()
    undone: Act | None = None
    me: str = ""
    link_words: str = ""
    consent: Consent = Consent()
    doubted: frozenset[str] = DOUBTING

    @property
    def group(self) -> Group | None:
        """The group that is to be moved."""
        return next((group for group in self.inventory.groups if group.name == self.wish.group), None)

    @property
    def waits(self) -> Waits:
        """How long the guards wait, by the config in force."""
        return self.inventory.waits

    @property
    def fresh_s(self) -> float:
        """How old a fact may be."""
        return fresh_limit_s(self.interval_s)

    @property
    def named(self) -> bool:
        """Whether the operator typed the group's name."""
        return self.consent.typed == self.wish.group

    def takes_on(self, guard: str) -> bool:
        """Whether the operator takes a doubt on that was shown: said in so many words, with the group's name and a reason."""
        said = self.consent.glass and self.named and bool(self.consent.reason.strip())
        return said and guard in self.doubted

    def leg(self, trunk: str) -> LegStatus | None:
        """Return the leg of a trunk on this SBC, or None."""
        return self.leg_on(trunk, self.sbc)

    def leg_on(self, trunk: str, sbc: str) -> LegStatus | None:
        """Return the leg of a trunk on an SBC, or None."""
        found = (leg for leg in self.legs if leg.trunk == trunk and leg.sbc == sbc and not leg.discovered)
        return next(found, None)

    def legs_of(self, trunk: str) -> tuple[LegStatus, ...]:
        """Return the legs of a trunk on every SBC."""
        return tuple(leg for leg in self.legs if leg.trunk == trunk and not leg.discovered)

    def voucher(
        self, move: Move, trunk: str, probes: int = LEAST_PROBES, run_s: float = 0.0
    ) -> Voucher | None:
        """Return what speaks for a trunk that the route itself holds out here; None: its own leg does, as ever."""
        leg, known = self.leg(trunk), self.inventory.trunk(trunk)
        if leg is None or not held_out(move, trunk) or not silenced(leg):
            return None
        if known is not None and not known.enabled:  # off for a reason that no switch changes
            return None
        return voucher(leg, self.legs, self.now, probes, run_s, self.fresh_s)

    def names_of(self, trunk: str) -> frozenset[str]:
        """Return all that a trunk's leg on this SBC is called there: its own names, and its destinations."""
        leg = self.leg(trunk)
        return (
            frozenset() if leg is None else frozenset((*leg.native.all, *(c.uri for c in leg.probe.contacts)))
        )

    def switches(self) -> tuple[Act, ...]:
        """Return the earlier switches of this group that had or may have had an effect, but those of this very wish."""
        return tuple(
            act
            for act in self.past.acts
            if act.verb == Verb.SWITCH
            and act.group == self.wish.group
            and act.sent
            and act.wish != wish_of(self.action)
        )


def sources(move: Move) -> tuple[str, ...]:
    """Return the trunks that get the calls before: "" for a value that no trunk of the group has there.

    One that only stands by, behind another of higher priority, is none of them.
    """
    return trunks_of(move.values, move.stands.serving)


def targets(move: Move) -> tuple[str, ...]:
    """Return the trunks that calls go to after; "" as in `sources`, also where nothing is set then."""
    return trunks_of(move.values, RouteReading(move.route, 0.0, move.goal).serving) or ("",)


def rank(leg: LegStatus) -> int:
    """Return how little is to be hoped of a leg: 0 is best."""
    return _ORDER.index(leg.state)


def is_probed(leg: LegStatus) -> bool:
    """Whether the SBC sends OPTIONS on it at all."""
    return leg.probe.state is not ProbeSignal.UNMONITORED and leg.probe.interval_s != 0


def older_switch(kind: SwitchKind, act: Act) -> bool:
    """Whether an earlier action is a switch that limits one of `kind`: taking back is never held up."""
    return kind is not SwitchKind.UNDO and act.move is not None and act.move.kind is not SwitchKind.UNDO
