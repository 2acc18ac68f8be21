"""What moving a group has in common on every platform: what is compared, what is refused, and what counts as proof."""

from __future__ import annotations

from collections.abc import Callable, Sequence

from msgspec import Struct, structs

from trunktui.model.action import Plan, Proof, Sign, Verb
from trunktui.model.ask import ARGV_LIMIT, GATE_CLOSED, GATE_LIMIT, Answer, Command, SshAsk
from trunktui.model.gate import alternatives
from trunktui.model.health import Effective, FaultKind, LegState
from trunktui.model.observation import Evidence
from trunktui.model.route import Mechanism, RouteReading, Share
from trunktui.model.snapshot import LegStatus
from trunktui.model.switch import Move, SwitchKind
from trunktui.model.text import Safe, clean

WINDOW_S = 60.0
FIRST_S = 0.5
HOLD_S = 9
"""Longer than sending may take (`runner.SEND_S`): at a control port the lock is held from before the comparing on."""

HEAVY, LIGHT = 9, 1
"""Weights of the target and of the others where a route has weights: 0 is refused there (measured on 1.10.12)."""

TEXT = 500


class Means(Struct, frozen=True):
    """How a platform does it. `steps` set it; `back` would set it back, as words; `look` lists the calls.

    `reads` is the command that reads the route, `gate` the same with what it must print; `needs` what must be allowed.
    """

    reads: Command
    gate: Command
    steps: tuple[Command, ...]
    look: tuple[Command, ...]
    back: Safe
    needs: Safe
    lock_on: str
    warning: Safe = Safe("")
    every_s: float = 1.0


def wanted(move: Move) -> tuple[Share, ...]:
    """Return all that the route says once the move is made: its goal, and what becomes of the other entries."""
    if move.kind is SwitchKind.UNDO or len(move.goal) != 1:
        return move.goal
    target = move.goal[0].value
    if move.route.mechanism is Mechanism.DISTRIBUTOR:
        return tuple(
            Share(share.value, HEAVY if share.value == target else LIGHT) for share in move.stands.shares
        )
    if move.route.mechanism is Mechanism.DISPATCHER:
        return tuple(structs.replace(share, held=share.value != target) for share in move.stands.shares)
    return move.goal


def same(one: Sequence[Share], other: Sequence[Share]) -> bool:
    """Whether two say the same in what somebody sets; what the SBC itself found of a far end does not count."""
    return _set(one) == _set(other)


def refused(
    move: Move,
    leg: LegStatus | None,
    siblings: tuple[LegStatus, ...],
    called: Safe | None,
    fit: Callable[[str], bool],
) -> Safe | None:
    """Say why a move cannot be made, None where it can. `called`: the leg's name at the route; `fit`: for a command."""
    goal = wanted(move)
    values = [share.value for share in goal]
    if not move.stands.read:
        return clean(f"what {move.route.words} says is not known: {move.stands.why}", TEXT)
    if not move.route.askable:
        return clean(f"the place {clean(move.route.place, 40)!r} must not stand in a command")
    if leg is None and not siblings:
        return clean(f"{move.group} has no leg on {move.sbc}")
    for value in (*values, *(share.value for share in (*move.goal, *move.stands.shares))):
        if not fit(value):
            return clean(
                f"{clean(value, 60)!r} must not stand in a command: {move.route.words} is set by hand"
            )
    if len(set(values)) != len(values):
        return clean(f"{move.route.words} has an entry twice: which of them is meant cannot be told")
    if same(goal, move.stands.shares):
        return clean(f"{move.route.words} says {said(move, goal)} already")
    if why := _unknown_target(move, leg, called):
        return why
    if goal and all(share.held for share in goal):
        return clean(f"{move.route.words} would be left with no entry that gets calls")
    return None


def _unknown_target(move: Move, leg: LegStatus | None, called: Safe | None) -> Safe | None:
    """Say what is wrong with the target: no SBC says whether what it is told exists, it fails every call instead."""
    names = [share.value for share in move.goal if not share.held]
    if move.kind is not SwitchKind.UNDO and (leg is None or len(move.goal) != 1 or not names):
        return clean("a switch goes to one trunk that has a leg there")
    if leg is None:
        return None
    if called is None or called not in names:
        return clean(
            f"{leg.trunk} is called {called or 'nothing'} at {move.route.words}, not {said(move, move.goal)}"
        )
    entries = {share.value for share in move.stands.shares}
    if move.route.mechanism in {Mechanism.DISPATCHER, Mechanism.DISTRIBUTOR} and called not in entries:
        return clean(f"{move.route.words} has no entry {called}")
    if leg.observed_at is None or leg.state is LegState.UNKNOWN:
        return clean(
            f"{move.sbc} has not listed {leg.trunk} lately; it takes any name, and every call would fail"
        )
    if leg.fault is FaultKind.ABSENT and leg.effective is Effective.UNKNOWN:  # in no table of the SBC at all
        return clean(f"{move.sbc} has no {called}; it takes any name, and every call would fail")
    return None


def said(move: Move, shares: Sequence[Share]) -> str:
    """Return what a route says, in the group's names where it has one: `beta-us`, `alpha-us and beta-us`, `nothing`."""
    names = {value: trunk for trunk, value in move.values.items()}
    words = [
        names.get(share.value, share.value or "''")
        + ("" if share.weight is None else f" (weight {share.weight})")
        for share in shares
        if not share.held
    ]
    return " and ".join(words) or ("nothing that gets calls" if shares else "nothing")


def planned(move: Move, leg: LegStatus | None, siblings: tuple[LegStatus, ...], means: Means) -> Plan | Safe:
    """Return the plan, or why it does not fit into a command.

    Without a leg that gets the calls (an undo) it is named by the group's first leg there.
    """
    if not all(map(_fits, (means.gate, *means.steps))):
        words = f"{move.route.words} has too many entries, or too long ones, for one command"
        return clean(f"{words}: set it by hand", TEXT)
    first = leg or siblings[0]
    split = move.route.mechanism is Mechanism.DISTRIBUTOR
    calm = (
        ""
        if split
        else f", and none new began on {named(move, sources(move)) or 'another trunk of the group'}"
    )
    proof = (
        f"{move.route.words} reads back as set, and 3 new calls are answered there{calm}, within "
        f"{WINDOW_S:.0f} s (asked every {means.every_s:.0f} s)"
    )
    return Plan(
        verb=Verb.SWITCH,
        leg=first.id,
        sbc=move.sbc,
        target=", ".join(share.value for share in move.goal if not share.held) or move.route.place,
        disruptive=True,
        readback=means.gate,
        steps=means.steps,
        proof=SshAsk((means.reads, *means.look)),
        consequence=clean(_consequence(move, siblings), TEXT),
        proof_words=clean(proof, TEXT),
        undo=clean(f"{means.back}, on the SBC", 4 * TEXT) if means.back else clean("none: see the warning"),
        needs=means.needs,
        window_s=WINDOW_S,
        every_s=means.every_s,
        first_s=FIRST_S,
        lock_on=means.lock_on,
        lock_hold_s=HOLD_S,
        move=structs.replace(move, shared=_shared(move, siblings)),
        warning=_warning(move, means.warning),
    )


def changed(move: Move, now: RouteReading) -> Safe | None:
    """Say what became of the route between what the operator saw and `now`; None where it says the same."""
    if not now.read:
        return clean(f"{move.route.words} cannot be read: {now.why}", TEXT)
    if same(now.shares, move.stands.shares):
        return None
    words = f"{move.route.words} says {said(move, now.shares)} now"
    if same(now.shares, wanted(move)):
        return clean(f"{words}: somebody switched it meanwhile, and there is nothing left to do", TEXT)
    before = said(move, move.stands.shares)
    return clean(f"{words}, and said {before} when you looked: somebody else changed it", TEXT)


def standing(plan: Plan, move: Move, now: RouteReading) -> Proof:
    """Judge one look at a route after a command of which nobody knows how it went."""
    if not now.read:
        return Proof(Sign.UNREADABLE, clean(f"{move.route.words} cannot be read: {now.why}", TEXT))
    words, evidence = f"{move.route.words} says {said(move, now.shares)}", evidence_of(plan, now)
    if same(now.shares, wanted(move)):
        return Proof(Sign.PROVED, clean(f"{words}: that is what was to be set", TEXT), evidence)
    if same(now.shares, move.stands.shares):
        return Proof(Sign.FAILED, clean(f"{words}, as before: it was not set", TEXT), evidence)
    return Proof(
        Sign.UNREADABLE, clean(f"{words}: neither what was to be set nor what stood before", TEXT), evidence
    )


def opened(answer: Answer, key: str) -> Answer:
    """Return an answer with the reply to a gate as it would be without: what a closed one printed can be read, too."""
    replies = tuple(
        structs.replace(reply, status=0) if reply.key == key and reply.status == GATE_CLOSED else reply
        for reply in answer.replies
    )
    return structs.replace(answer, replies=replies)


def targets(move: Move) -> frozenset[str]:
    """Return where new calls must show: where nothing shall be set, on any trunk of the group but the source."""
    goal = frozenset[str](share.value for share in move.goal if not share.held)
    stood = {share.value for share in move.stands.shares if not share.held}
    return goal or frozenset(move.values.values()) - stood


def sources(move: Move) -> frozenset[str]:
    """Return where no new call may show; nowhere where calls are shared by weight."""
    if move.route.mechanism is Mechanism.DISTRIBUTOR:
        return frozenset()
    stood = frozenset[str](share.value for share in move.stands.shares if not share.held)
    return (stood or frozenset(move.values.values())) - targets(move)


def named(move: Move, values: frozenset[str]) -> str:
    """Return values in the group's names."""
    names = {value: trunk for trunk, value in move.values.items()}
    return " or ".join(sorted(names.get(value, value) for value in values))


def _fits(command: Command) -> bool:
    """Whether a command is short enough to be sent, with all that its gate expects."""
    texts = [text for each in command.expect for text in alternatives(each)]
    compared = sum(len(text) + len('"" "') for text in texts) + len("c ; ") * len(command.expect)
    argv = sum(len(argument) + 1 for argument in command.argv)
    return argv < ARGV_LIMIT and compared < GATE_LIMIT - TEXT


def _consequence(move: Move, siblings: tuple[LegStatus, ...]) -> str:
    goal = wanted(move)
    where = said(move, move.goal) if move.goal else "where the SBC sends them by itself"
    moved = f"New calls of {move.group} on {move.sbc} go to {where} at once."
    if (
        move.route.mechanism is Mechanism.DISTRIBUTOR
        and len(move.goal) == 1
        and move.kind is not SwitchKind.UNDO
    ):
        total = sum(share.weight or 0 for share in goal)
        stay = 100 * (total - HEAVY) / total
        moved = (
            f"New calls of {move.group} on {move.sbc} go to {where} from now on, but for about {stay:.0f} %: weights are no "
            "hard switch, a weight of 0 is refused."
        )
    stays = f"Calls in progress stay where they are{_in_progress(move, siblings)}."
    return (
        f"{moved} {stays} It is set only if {move.route.words} still says {said(move, move.stands.shares)}."
    )


def _warning(move: Move, ours: Safe) -> Safe:
    """Return what the operator must know besides: also that nobody checks the name of what is no trunk of the group."""
    known = frozenset(move.values.values())
    strange = [share.value for share in move.goal if not share.held and share.value not in known]
    if not strange:
        return ours
    words = f"{' and '.join(strange)} is no trunk of the group: nobody checks that it is there"
    return clean(f"{words}; {ours}" if ours else words, TEXT)


def _in_progress(move: Move, siblings: tuple[LegStatus, ...]) -> str:
    counts = [
        f"{'how many is not known' if leg.channels.active is None else leg.channels.active} on {leg.trunk}"
        for leg in siblings
        if move.values.get(leg.trunk) in sources(move) or leg.trunk == move.source
    ]
    return f": {', '.join(counts)}" if counts else ""


def _shared(move: Move, siblings: tuple[LegStatus, ...]) -> bool:
    stood = sources(move)
    return any(len(leg.groups) > 1 and move.values.get(leg.trunk) in stood for leg in siblings)


def evidence_of(plan: Plan, now: RouteReading) -> tuple[Evidence, ...]:
    """Return what was printed of the route, where something was."""
    return (Evidence(plan.readback.words, now.line),) if now.line else ()


def _set(shares: Sequence[Share]) -> list[tuple[str, int, bool]]:
    return sorted((share.value, -1 if share.weight is None else share.weight, share.held) for share in shares)
