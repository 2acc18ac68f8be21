"""Whether calls that are moved land well: on a trunk that was just seen to work, and that has room for them. Pure."""

from __future__ import annotations

from trunktui.actions.guards import shakes
from trunktui.actions.moves import said
from trunktui.actions.paper import BREAK_GLASS
from trunktui.actions.ruling import no, warn, yes
from trunktui.actions.switch_facts import (
    HEALTHY,
    LEAST_PROBES,
    OUT,
    SwitchFacts,
    is_probed,
    rank,
    targets,
)
from trunktui.model.action import Ruling, Statement
from trunktui.model.health import LegState, spoken
from trunktui.model.room import load_to_move, room
from trunktui.model.snapshot import LegStatus
from trunktui.model.switch import Move, SwitchKind

_TAKES_ON = (Statement.GROUP_NAME, Statement.REASON)


def target(facts: SwitchFacts, move: Move) -> Ruling:
    """Never leave a group without a leg that was just seen to work."""
    doubts = [doubt for trunk in targets(move) if (doubt := _doubt(facts, move, trunk))]
    if not doubts:
        return yes("target", _virtues(facts, targets(move)))
    words = "; ".join(doubts)
    undo = move.kind is SwitchKind.UNDO
    legs = [leg for trunk in targets(move) if (leg := facts.leg(trunk)) is not None]
    from_good = [leg for trunk in facts.sources(move) if (leg := facts.leg(trunk)) and leg.state in HEALTHY]
    out = [leg for leg in legs if leg.state in OUT]
    if undo and out:
        words = f"it would send calls back to {out[0].trunk}, which is {spoken(out[0].state)} ({words})"
    if out and from_good and not undo:
        good = from_good[0]
        return no(
            "target", f"{words}, and {good.id} carries the calls ({spoken(good.state)}): nothing is moved"
        )
    if facts.break_glass:
        return yes("target", f"{BREAK_GLASS}: {words}; {facts.me} takes it on")
    if not facts.doubted:
        return no("target", f"{words}, which it was not when you looked: look again")
    better = _better(facts, move, legs)
    more = f"; {better}" if better else ""
    return no("target", f"{BREAK_GLASS}: {words}{more}. Type {move.group} and give a reason to do it all the same", *_TAKES_ON)  # fmt: skip


def _doubt(facts: SwitchFacts, move: Move, trunk: str) -> str:
    """Return why a trunk is not sure to take the calls; "" where it is."""
    if not trunk:
        what = said(move, move.goal)
        return (
            "where the SBC sends calls while nothing is set is not known"
            if what == "nothing"
            else f"{what} is no trunk of {move.group}, so its state is not known"
        )
    leg = facts.leg(trunk)
    if leg is None:
        return f"{trunk} has no leg on {facts.sbc}"
    if leg.state is not LegState.UP:
        return f"{leg.id} is {spoken(leg.state)} ({leg.reason})"
    if leg.flapping:
        return f"{leg.id} flaps"
    if leg.maintenance is not None:
        return f"{leg.id} is in maintenance"
    shaken = [act for act in facts.past.acts if act.leg == leg.id and shakes(act)]
    if shaken:
        how = "is under way" if shaken[-1].under_way else "proved nothing just now"
        return f"{leg.id}: a {shaken[-1].verb} by {shaken[-1].who} {how}"
    probes = leg.clean.probes if leg.clean is not None else 0
    if is_probed(leg) and probes < LEAST_PROBES:
        return f"{leg.id} answered {probes} OPTIONS in a row ({LEAST_PROBES} are needed)"
    return ""


def _virtues(facts: SwitchFacts, trunks: tuple[str, ...]) -> str:
    words: list[str] = []
    for leg in filter(None, map(facts.leg, trunks)):
        probes = "" if leg.clean is None else f", {leg.clean.probes} OPTIONS in a row answered"
        words.append(f"{leg.id} is {spoken(leg.state)}{probes or ', no OPTIONS are sent on it'}")
    return "; ".join(words)


def _better(facts: SwitchFacts, move: Move, legs: list[LegStatus]) -> str:
    """Say what trunk of the group is better off there than the target, or that none is."""
    if not legs:
        return ""
    worst = max(map(rank, legs))
    found = [leg for trunk in move.values if (leg := facts.leg(trunk)) and rank(leg) < worst]
    if found:
        best = min(found, key=rank)
        return f"{best.id} is better: {spoken(best.state)}"
    return "no trunk of the group is better there, so it may be the lesser evil"


def room_for_it(facts: SwitchFacts, move: Move) -> Ruling:
    """Hold the load to move against the target's room; a part of it is better than a trunk that is out, and nothing else."""
    left = tuple(trunk for trunk in facts.sources(move) if trunk != move.target)
    if not move.target or (facts.sources(move) and not left):
        return yes("room", "no load moves to a trunk of the group")
    if _one_account(facts, move):
        return yes("room", "both count against the cap of one account: nothing is added to it")
    moved = _moved(facts, move)
    load, whole = load_to_move(moved)
    found = room(facts.legs_of(move.target))
    if not moved or load is None:
        return warn(
            "room", f"the load to move is not known; {move.target} has {_free(found.free, found.cap)}"
        )
    others = _others(facts, moved)
    bound = "at most " if others else "" if whole else "at least "
    was = f"{bound}{load} to move" + (f" ({others} goes there too)" if others else "")
    if found.cap is None or found.free is None:
        return warn("room", f"{was}; {move.target} has {_free(found.free, found.cap)}")
    most = "at most " if found.most else ""
    words = f"{was}, {most}{found.free} free of {found.cap} on {move.target}"
    if found.free >= load:
        return yes("room", words) if whole and not found.most else warn("room", words)
    words = f"{words}: {most}{100 * found.free // load} % of it fits"
    here = [leg for trunk in left if (leg := facts.leg(trunk)) is not None]
    carrying = [leg.id for leg in here if leg.state in HEALTHY]
    if not carrying:
        return warn("room", f"{words}, which beats nothing")
    if others or move.kind is SwitchKind.UNDO:  # it was there before, or is not all this group's
        return warn("room", words)
    return no("room", f"{words}, and {carrying[0]} carries it now: wait for less load, or move fewer SBCs")


def _moved(facts: SwitchFacts, move: Move) -> list[LegStatus]:
    """Return the legs whose calls go to the same trunk by this wish, from this part on."""
    return [
        leg
        for each in facts.moving
        if each.target == move.target
        for trunk in facts.sources(each)
        if trunk != move.target and (leg := facts.leg_on(trunk, each.sbc)) is not None
    ]


def _others(facts: SwitchFacts, moved: list[LegStatus]) -> str:
    """Return a group besides this whose calls may be on the moved legs too, "" for none: it stays there."""
    for group in facts.inventory.groups:
        if group.name == facts.wish.group:
            continue
        active = {
            one.sbc: one.trunk
            for status in facts.groups
            if status.name == group.name
            for one in status.active
        }
        if any(leg.trunk in group.trunks and active.get(leg.sbc) in {None, leg.trunk} for leg in moved):
            return group.name
    return ""


def _free(free: int | None, cap: int | None) -> str:
    if cap is None:
        return "no cap that is known"
    return f"a cap of {cap}, how full it is is not known" if free is None else f"{free} free of {cap}"


def _one_account(facts: SwitchFacts, move: Move) -> bool:
    """Whether all that moves counts against the same cap before and after."""
    target = facts.inventory.trunk(move.target)
    if target is None or target.account is None:
        return False
    others = [facts.inventory.trunk(trunk) for trunk in facts.sources(move) if trunk != move.target]
    return bool(others) and all(other is not None and other.account == target.account for other in others)
