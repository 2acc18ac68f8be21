"""Whether calls that are moved land well: on a trunk that was just seen to work, and that has room for them. Pure."""

from __future__ import annotations

from trunktui.actions.guards import shakes
from trunktui.actions.moves import said
from trunktui.actions.paper import BREAK_GLASS
from trunktui.actions.ruling import lasting, no, warn, yes
from trunktui.actions.switch_facts import (
    HEALTHY,
    OUT,
    SwitchFacts,
    is_probed,
    rank,
    sources,
    targets,
)
from trunktui.model.action import Ruling, Statement
from trunktui.model.health import LegState, spoken
from trunktui.model.room import Room, load_to_move, room
from trunktui.model.snapshot import LegStatus
from trunktui.model.switch import Move, SwitchKind
from trunktui.model.vouching import LEAST_PROBES, Voucher, run_of

_TAKES_ON = (Statement.GROUP_NAME, Statement.REASON, Statement.GLASS)


def target(facts: SwitchFacts, move: Move) -> Ruling:
    """Never leave a group without a leg that was just seen to work."""
    doubts = [doubt for trunk in targets(move) if (doubt := _doubt(facts, move, trunk))]
    if not doubts:
        return yes("target", _virtues(facts, move))
    words = "; ".join(doubts)
    undo = move.kind is SwitchKind.UNDO
    legs = [leg for trunk in targets(move) if (leg := facts.leg(trunk)) is not None]
    from_good = [leg for trunk in sources(move) if (leg := facts.leg(trunk)) and leg.state in HEALTHY]
    out = [leg for leg in legs if _is_out(facts, move, leg)]
    if undo and out:
        words = f"it would send calls back to {out[0].trunk}, which is {spoken(out[0].state)} ({words})"
    if out and from_good and not undo:
        good = from_good[0]
        return no(
            "target", f"{words}, and {good.id} carries the calls ({spoken(good.state)}): nothing is moved"
        )
    better = _better(facts, move, legs)
    return in_doubt(facts, move, "target", words, f"; {better}" if better else "")


def in_doubt(facts: SwitchFacts, move: Move, guard: str, words: str, more: str = "") -> Ruling:
    """Refuse for a doubt unless the operator takes it on in so many words, after having been shown it."""
    if facts.takes_on(guard):
        return yes(guard, f"{BREAK_GLASS}: {words}; {facts.me} takes it on")
    if guard not in facts.doubted:
        return no(guard, f"{words}, which it was not when you looked: look again")
    how = f"Type {move.group}, give a reason and say {BREAK_GLASS} to do it all the same"
    return no(guard, f"{BREAK_GLASS}: {words}{more}. {how}", *_TAKES_ON)


def held_words(facts: SwitchFacts, move: Move, trunk: str, held: Voucher) -> str:
    """Say why the trunk's own leg says nothing, and what speaks for it instead, or that nothing does."""
    words = f"{trunk}@{move.sbc} is held out by {move.route.words}, so nobody probes it here"
    if held.leg is None:
        return f"{words}; {held.why}"
    probes, run = run_of(held.leg, facts.now)
    return f"{words}; {held.leg.id} answered {probes} OPTIONS in {lasting(run)}"


def _is_out(facts: SwitchFacts, move: Move, leg: LegStatus) -> bool:
    """Whether the next call on a leg fails, as far as anybody knows; one that the route holds out is asked elsewhere."""
    held = facts.voucher(move, leg.trunk)
    return leg.state in OUT if held is None else held.out


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
    held = facts.voucher(move, trunk)
    if held is not None and held.leg is None:
        return held_words(facts, move, trunk, held)
    if held is None and leg.state is not LegState.UP:
        return f"{leg.id} is {spoken(leg.state)} ({leg.reason})"
    if held is None and leg.flapping:
        return f"{leg.id} flaps"
    if leg.maintenance is not None:
        return f"{leg.id} is in maintenance"
    shaken = [act for act in facts.past.acts if act.leg == leg.id and shakes(act)]
    if shaken:
        how = "is under way" if shaken[-1].under_way else "proved nothing just now"
        return f"{leg.id}: a {shaken[-1].verb} by {shaken[-1].who} {how}"
    probes = leg.clean.probes if leg.clean is not None else 0
    if held is None and is_probed(leg) and probes < LEAST_PROBES:
        return f"{leg.id} answered {probes} OPTIONS in a row ({LEAST_PROBES} are needed)"
    return ""


def _virtues(facts: SwitchFacts, move: Move) -> str:
    words: list[str] = []
    for leg in filter(None, map(facts.leg, targets(move))):
        if (held := facts.voucher(move, leg.trunk)) is not None:
            words.append(held_words(facts, move, leg.trunk, held))
            continue
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
    left = tuple(trunk for trunk in sources(move) if trunk != move.target)
    if not move.target or (sources(move) and not left):
        return yes("room", "no load moves to a trunk of the group")
    if _one_account(facts, move):
        return yes("room", "both count against the cap of one account: nothing is added to it")
    moved = _moved(facts, move)
    load, whole = load_to_move(moved)
    found = room(facts.legs_of(move.target))
    if not moved or load is None:
        return warn("room", f"the load to move is not known; {_free(move.target, found)}")
    others = _others(facts, moved)
    bound = "at most " if others else "" if whole else "at least "
    was = f"{bound}{load} to move" + (f" ({others} goes there too)" if others else "")
    if found.cap is None or found.free is None:
        return warn("room", f"{was}; {_free(move.target, found)}")
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
        for trunk in sources(each)
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


def _free(trunk: str, found: Room) -> str:
    if found.state is not None:
        cap = "its cap is not known either" if found.cap is None else f"its cap is {found.cap}"
        return f"{trunk} is {spoken(found.state)}: what is free there is not counted ({cap})"
    if found.cap is None:
        return f"{trunk} has no cap that is known"
    if found.free is None:
        return f"{trunk} has a cap of {found.cap}, how full it is is not known"
    return f"{trunk} has {found.free} free of {found.cap}"


def _one_account(facts: SwitchFacts, move: Move) -> bool:
    """Whether all that moves counts against the same cap before and after."""
    target = facts.inventory.trunk(move.target)
    if target is None or target.account is None:
        return False
    others = [facts.inventory.trunk(trunk) for trunk in sources(move) if trunk != move.target]
    return bool(others) and all(other is not None and other.account == target.account for other in others)
