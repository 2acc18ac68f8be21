"""Who may move a trunk group, and when: one table of guards, each a pure function of facts that were just collected.

The first rule is never to make it worse: calls that go somewhere now go to nothing that is less sure to take them.
"""

from __future__ import annotations

from collections.abc import Callable

from msgspec import Struct

from trunktui.actions.guards import of_intervals
from trunktui.actions.landing import held_words, in_doubt, room_for_it, target
from trunktui.actions.moves import leads, said, says, trunks_of
from trunktui.actions.past import wish_of
from trunktui.actions.ruling import lasting, no, warn, yes
from trunktui.actions.switch_facts import (
    UNDO_S,
    SwitchFacts,
    is_probed,
    older_switch,
    sources,
    targets,
)
from trunktui.model.action import Plan, Ruling, Statement, Verb
from trunktui.model.health import LegState, spoken
from trunktui.model.inventory import Failover
from trunktui.model.redact import redact
from trunktui.model.switch import Move, SwitchKind
from trunktui.model.vouching import Voucher, run_of, unregistered
from trunktui.store.tidy import TEXT_LIMIT

UNLOCK_MINUTES = 15
RATE = 3
RATE_S = 10 * 60.0
SHARES_LIMIT = 256
"""Entries of a route, at most, so that the audit log can hold what stood there whole."""

_EVERY = frozenset(SwitchKind)
_BACK = frozenset({SwitchKind.FAILBACK})
_UNDO = frozenset({SwitchKind.UNDO})
_LIMITED = _EVERY - _UNDO


class SwitchGuard(Struct, frozen=True):
    """One guard: its name, the kinds of switch it watches, its rule; `whole`: it is about the wish, not one SBC."""

    name: str
    kinds: frozenset[SwitchKind]
    rule: Callable[[SwitchFacts, Move], Ruling]
    whole: bool = False


def rule(facts: SwitchFacts) -> tuple[Ruling, ...]:
    """Return what every guard says. Without a move there is that ruling alone: nothing else can be told."""
    if facts.move is None:
        return (no("known", str(facts.plan or f"{facts.wish.group} cannot be moved on {facts.sbc}")),)
    return tuple(guard.rule(facts, facts.move) for guard in GUARDS if facts.wish.kind in guard.kinds)


def _known(facts: SwitchFacts, move: Move) -> Ruling:
    leg = facts.leg(move.target) if move.target else None
    if leg is not None and leg.why_not_actionable is not None:
        return no("known", f"{leg.id} is not actionable: {leg.why_not_actionable}")
    if len(move.stands.shares) > SHARES_LIMIT:
        words = f"{move.route.words} has {len(move.stands.shares)} entries (limit {SHARES_LIMIT})"
        return no("known", f"{words}: the undo would not fit into the audit log")
    if not _is_kept_whole(move):
        words = f"what {move.route.words} says looks like a secret, which the audit log does not keep"
        return no("known", f"{words}: it could not be given back")
    if not isinstance(facts.plan, Plan):
        return no("known", f"{facts.plan or 'its platform cannot write that route'}")
    value = " and ".join(share.value for share in move.goal if not share.held) or "nothing"
    name = f" ({move.target})" if move.target and move.target != value else ""
    return yes("known", f"{move.route.words} on {move.sbc} shall say {value}{name}")


def _is_kept_whole(move: Move) -> bool:
    """Whether the audit log takes what stood there and what is set as it is: neither cut nor masked."""
    values = [str(share.value) for share in (*move.stands.shares, *move.goal)]
    return all(len(value) <= TEXT_LIMIT and redact(value) == value for value in values)


def _write(facts: SwitchFacts, move: Move) -> Ruling:
    if not facts.sbc_write:
        return no("write", f"{move.sbc} is read-only: `write = true` is not set for it in the config")
    if facts.unlocked_until is None or facts.unlocked_until <= facts.now:
        return no("write", f"read-only: unlock write mode first, it lasts {UNLOCK_MINUTES} minutes")
    return yes("write", f"{move.sbc} allows actions, and write mode is unlocked")


def _fresh(facts: SwitchFacts, move: Move) -> Ruling:
    limit = facts.fresh_s
    ages: list[tuple[str, float | None]] = []
    for trunk in dict.fromkeys((*targets(move), *sources(move))):
        if (leg := facts.leg(trunk)) is not None:
            ages.append((leg.id, None if leg.observed_at is None else facts.now - leg.observed_at))
            if leg.state is LegState.UNKNOWN and leg.observed_at is not None:
                why = facts.link_words or f"wait until {move.sbc} tells it again"
                return no("fresh", f"the state of {leg.id} is unknown ({leg.reason}): {why}")
    read_at = facts.reading.at if facts.reading is not None else None
    ages.append((f"what {move.route.words} says", facts.now - read_at if read_at else None))
    for what, age in ages:
        if age is None:
            return no(
                "fresh", f"{what} was not read yet: {facts.link_words or f'wait for a poll of {move.sbc}'}"
            )
        if age > limit:
            words = f"{what} is {age:.0f} s old (limit {limit:.0f} s{of_intervals(limit)})"
            return no("fresh", f"{words}: {facts.link_words or f'wait until {move.sbc} tells it again'}")
    oldest = max(age or 0.0 for _, age in ages)
    return yes("fresh", f"legs and route were read {max(oldest, 0.0):.0f} s ago (limit {limit:.0f} s)")


def _route(facts: SwitchFacts, move: Move) -> Ruling:
    if facts.reading is None or not facts.reading.read:
        why = "it was not read yet" if facts.reading is None else facts.reading.why
        return no("route", f"{move.route.words} on {move.sbc} cannot be read: {why}")
    if not move.stands.read:
        return no("route", f"{move.route.words} on {move.sbc} was not read when you looked: look again")
    now, then = said(move, facts.reading.shares), said(move, move.stands.shares)
    if not says(facts.reading, move.stands.shares):
        what = f"it says {now} now, was {then} when you looked" if now != then else "its weights changed"
        by = facts.past.mover(move.group, move.sbc, facts.now - move.stands.at, facts.action)
        return no("route", f"{what} ({by}): look again")
    return yes("route", f"{move.route.words} says {now}: new calls of {move.group} go there")


def _protected(facts: SwitchFacts, move: Move) -> Ruling:
    # One that the SBC found dead is in use as soon as it is back, so holding it out is a switch, too.
    used = trunks_of(move.values, move.stands.shares)
    for trunk in facts.inventory.trunks:
        if not trunk.protect:
            continue
        # By all that it is called, not by the group's names alone: it may have two destinations, or stand there for others.
        names = facts.names_of(trunk.name)
        if trunk.name in targets(move) or any(share.value in names and not share.held for share in move.goal):
            return no("protected", f"{trunk.name} is protected (`protect = true`): nothing is switched to it")
        if trunk.name in used or any(share.value in names and not share.held for share in move.stands.shares):
            words = f"{trunk.name} is protected (`protect = true`)"
            return no("protected", f"{words}: nothing is switched away from it")
    return yes("protected", "no trunk of it is protected")


def _upstream(facts: SwitchFacts, move: Move) -> Ruling:
    for goal in targets(move):
        for source in sources(move):
            network = _network(facts, goal)
            if source != goal and network is not None and network == _network(facts, source):
                words = f"{goal} leaves on the same network as {source} ({network})"
                return no("upstream", f"{words}: what takes one down takes both, choose another trunk")
    return yes("upstream", f"{move.target or 'it'} leaves on another network, as far as the config says")


def _network(facts: SwitchFacts, trunk: str) -> str | None:
    known = facts.inventory.trunk(trunk)
    carrier = known.carrier if known is not None else None
    return next((c.upstream for c in facts.inventory.carriers if c.name == carrier), None)


def _credential(facts: SwitchFacts, move: Move) -> Ruling:
    if facts.credentials is None:
        return yes("credential", "nobody looked how old it is")
    for age in facts.credentials:
        if age.trunk in targets(move) and age.due is not None and age.due < facts.today:
            late = (facts.today - age.due).days
            return warn("credential", f"that of {age.trunk} is {late} days overdue: change it afterwards")
    return yes("credential", "not overdue")


def _automatic(facts: SwitchFacts, move: Move) -> Ruling:
    group = facts.group
    if group is None or group.failover is not Failover.AUTO:
        return yes("automatic", "nobody else moves this group")
    words = f"{move.sbc} moves {move.group} by itself (failover = auto)"
    return warn("automatic", f"{words}: this pin overrides that, and stays marked until it is removed")


def _pause(facts: SwitchFacts, move: Move) -> Ruling:
    same, limit = [act for act in facts.switches() if act.sbc == move.sbc], facts.waits.pause_s
    last = min((act.done_ago_s for act in same), default=None)
    if last is not None and last < limit:
        words = f"{move.group} was moved on {move.sbc} {last:.0f} s ago (limit {limit:.0f} s)"
        back = ", or take that back" if any(act.done and not act.is_undo for act in same) else ""
        return no("pause", f"{words}: wait {limit - last:.0f} s more{back}")
    return yes("pause", f"not moved there in the last {limit:.0f} s")


def _rate(facts: SwitchFacts, _: Move) -> Ruling:
    begun: dict[str, float] = {}
    for act in facts.past.acts:
        mine = act.verb == Verb.SWITCH and act.who == facts.me and act.sent and act.ago_s < RATE_S
        if mine and act.wish != wish_of(facts.action) and older_switch(facts.wish.kind, act):
            begun[act.wish] = max(act.ago_s, begun.get(act.wish, 0.0))
    ages = sorted(begun.values())
    if len(ages) >= RATE:
        words = f"{facts.me} switched {len(ages)} times in the last {RATE_S / 60:.0f} minutes (limit {RATE})"
        return no("rate", f"{words}: wait {RATE_S - ages[RATE - 1]:.0f} s; taking one back is always free")
    return yes("rate", f"{len(ages)} of {RATE} by {facts.me} in {RATE_S / 60:.0f} minutes")


def _busy(facts: SwitchFacts, move: Move) -> Ruling:
    busy = [act for act in facts.switches() if act.under_way]
    if busy:
        act = busy[-1]
        words = f"{act.who} switches {move.group} on {act.sbc} since {act.ago_s:.0f} s"
        return no("busy", f"{words}: wait for its end, then look again")
    return yes("busy", f"no other switch of {move.group} is under way")


def _hold(facts: SwitchFacts, move: Move) -> Ruling:
    way, limit = f"wait, or switch to {move.target} by its name where that cannot wait", facts.waits.hold_s
    last = min((act.done_ago_s for act in facts.switches()), default=None)
    if last is not None and last < limit:
        words = f"{move.group} was switched {last:.0f} s ago (limit {limit:.0f} s)"
        return no("hold", f"{words}: {way}")
    held = facts.voucher(move, move.target)
    leg = facts.leg(move.target) if held is None else held.leg
    if leg is not None and leg.flapping:
        return no("hold", f"{leg.id} flaps: {way}")
    if leg is not None and leg.since_at is not None and facts.now - leg.since_at < limit:
        words = f"{leg.id} is {spoken(leg.state)} since {facts.now - leg.since_at:.0f} s only (limit {limit:.0f} s)"
        return no("hold", f"{words}: {way}")
    return yes("hold", f"no switch and no change of {move.target} in the last {lasting(limit)}")


def _clean(facts: SwitchFacts, move: Move) -> Ruling:
    leg, waits = facts.leg(move.target), facts.waits
    if leg is None:
        return no("clean", f"{move.target} has no leg on {facts.sbc}")
    if why := unregistered(leg):
        return no("clean", f"{why}: wait until it is, calls stay where they are")
    held = facts.voucher(move, move.target, waits.clean_probes, waits.clean_s)
    if held is not None:
        return _clean_elsewhere(facts, move, held)
    if not is_probed(leg):
        return yes("clean", f"no OPTIONS are sent on {leg.id}; it is {spoken(leg.state)}")
    probes, run = run_of(leg, facts.now)
    words = f"{leg.id} answered {probes} OPTIONS in a row over {run:.0f} s"
    if probes < waits.clean_probes or run < waits.clean_s:
        needed = f"needed: {waits.clean_probes} over {waits.clean_s:.0f} s"
        return no("clean", f"{words} ({needed}): wait, calls stay where they are")
    return yes("clean", words)


def _clean_elsewhere(facts: SwitchFacts, move: Move, held: Voucher) -> Ruling:
    """Judge a first trunk that the route holds out by its legs on other SBCs; where it has none, the glass is broken."""
    words = held_words(facts, move, move.target, held)
    if held.leg is not None:
        return yes("clean", words)
    if len(facts.legs_of(move.target)) > 1:
        return no("clean", f"{words}: wait, calls stay where they are")
    return in_doubt(facts, move, "clean", words)


def _undo(facts: SwitchFacts, move: Move) -> Ruling:
    act = facts.undone
    if act is None or act.move is None or act.sbc != move.sbc or act.group != move.group:
        return no("undo", f"no switch of {move.group} on {move.sbc} is known that could be taken back")
    sbc = next((sbc for sbc in facts.inventory.sbcs if sbc.name == move.sbc), None)
    if sbc is not None and act.over and _box(act.over) != _box(sbc.ssh.place):
        words = f"{act.over} was switched, and {move.sbc} is {sbc.ssh.place} now"
        return no("undo", f"{words}: what stood there is no matter of this one")
    if act.ending is None:
        return no(
            "undo", f"nobody knows yet whether the switch by {act.who} was done: have it verified first"
        )
    if act.sent and not act.done:
        words = f"the switch by {act.who} failed after it was sent"
        return no("undo", f"{words}: see what stands there, and switch it by name")
    if not act.done:
        return no(
            "undo", f"the switch by {act.who} was not done ({act.ending}): there is nothing to take back"
        )
    if act.ago_s > UNDO_S:
        words = f"it was switched {act.ago_s / 60:.0f} minutes ago (limit {UNDO_S / 60:.0f})"
        return no("undo", f"{words}: switch it by name, with all that is looked at then")
    if (after := facts.past.after(act)) is not None:
        what = (
            "taken back" if after.move is not None and after.move.undoes == act.action else "switched again"
        )
        return no("undo", f"it was {what} {after.ago_s:.0f} s ago by {after.who}: look again")
    if facts.reading is not None and facts.reading.read and not leads(facts.reading, act.move.goal):
        now, set_ = said(move, facts.reading.shares), said(act.move, act.move.goal)
        return no("undo", f"it says {now} now, and that switch had set {set_}: somebody moved it since")
    return yes("undo", f"the switch by {act.who} {act.ago_s:.0f} s ago is taken back, and nothing else")


def _box(place: str) -> str:
    """Return where a way to an SBC leads, whoever goes it."""
    return place.rpartition("@")[2]


def _confirmed(facts: SwitchFacts, move: Move) -> Ruling:
    missing = ((Statement.GROUP_NAME, facts.named), (Statement.YES, facts.consent.yes))
    wants = tuple(statement for statement, stated in missing if not stated)
    if wants:
        return no("confirmed", f"type {move.group} and say yes", *wants)
    return yes("confirmed", f"the operator typed {move.group} and said yes")


GUARDS: tuple[SwitchGuard, ...] = (
    SwitchGuard("known", _EVERY, _known),
    SwitchGuard("write", _EVERY, _write),
    SwitchGuard("fresh", _EVERY, _fresh),
    SwitchGuard("route", _EVERY, _route),
    SwitchGuard("protected", _EVERY, _protected),
    SwitchGuard("upstream", _EVERY, _upstream),
    SwitchGuard("target", _EVERY, target),
    SwitchGuard("room", _EVERY, room_for_it),
    SwitchGuard("credential", _EVERY, _credential),
    SwitchGuard("automatic", _EVERY, _automatic),
    SwitchGuard("pause", _LIMITED, _pause),
    SwitchGuard("rate", _LIMITED, _rate, whole=True),
    SwitchGuard("busy", _EVERY, _busy, whole=True),
    SwitchGuard("hold", _BACK, _hold),
    SwitchGuard("clean", _BACK, _clean),
    SwitchGuard("undo", _UNDO, _undo),
    SwitchGuard("confirmed", _EVERY, _confirmed, whole=True),
)
"""Every guard, in the order in which they are shown."""

WHOLE = frozenset(guard.name for guard in GUARDS if guard.whole)
"""Guards that say the same of every SBC of a wish."""
