"""A switch on the screen, in lines: what to confirm, how far it is on each SBC, how it ended, what can be taken back."""

from __future__ import annotations

from collections.abc import Iterable

from trunktui.model.acting import Doings, Ended, Running, Step
from trunktui.model.action import Ending, Prepared, Sweep, Swept
from trunktui.model.health import LegState
from trunktui.model.route import ActiveRoute, RouteState
from trunktui.model.snapshot import GroupStatus, LegStatus, Snapshot
from trunktui.model.switch import SwitchKind, Undoable, Waits, Wish
from trunktui.model.vouching import run_of, silenced, voucher
from trunktui.present.acting import ENDING_ROLES, step_lines, verdict_line
from trunktui.present.cells import Cell, Line, Role
from trunktui.present.confirm import ROOMY, row, stands_in_the_way
from trunktui.present.freshness import in_words, shown
from trunktui.present.layout import cut_line
from trunktui.present.switching import BREAK_GLASS, Row, state_after, sweep_rows, title, where
from trunktui.present.words import wrap

_WORD = 11
_NARROW = 60
_NOTHING_TO_DO = "there is nothing to do: no SBC is left on which it would change anything"


def confirm_sweep_lines(sweep: Sweep, snapshot: Snapshot, note: str, width: int) -> tuple[Line, ...]:
    """Return the lines that explain a switch to whoever decides; `note` says what changed meanwhile."""
    head = (Cell(f" {title(sweep.wish)}", Role.TITLE), Cell(f"   {where(sweep)}", Role.TITLE))
    lines: list[Line] = [cut_line(head, width)]
    if note:
        lines += row("Note", note, Role.WARN, width)
    rows = sweep_rows(sweep, snapshot)
    for one in rows:
        if one.ruling is not None and (stands_in_the_way(one.ruling) or one.loud):
            lines += row(one.heading, one.text, one.role, width)
    if not sweep.parts and all(ruling.allowed for ruling in sweep.rulings):
        lines += row("REFUSED", _NOTHING_TO_DO, Role.BAD, width)
    for one in rows:
        if one.ruling is None:
            lines += row(one.heading, one.text, one.role, width)
    return (*lines, *_agreed(rows, width))


def sweep_progress_lines(sweep: Sweep, one: Running | None, now: float, width: int) -> tuple[Line, ...]:
    """Return a switch under way: each SBC done, at work or waiting, and what was told, the latest first.

    None: its engine has not begun.
    """
    if one is None:
        return ((Cell(" handing it to the engine ...", Role.DIM),),)
    lines: list[Line] = [
        (
            Cell(f" {title(sweep.wish)}: under way since {now - one.began_at:.0f} s", Role.TITLE),
            Cell("  esc leaves; it goes on", Role.DIM),
        ),
        (),
    ]
    names = [part.sbc for part in sweep.parts]
    last = _last_said(names, one.steps)
    at = max((index for index, name in enumerate(names) if name in last), default=0)
    for index, name in enumerate(names):
        if index < at:
            lines += _sbc_lines(name, "done", "", Role.GOOD, width)
        elif index == at:
            lines += _sbc_lines(name, "NOW", last.get(name, ""), Role.WARN, width)
        else:
            lines += _sbc_lines(name, "waiting", "", Role.DIM, width)
    return tuple(
        cut_line(line, width) for line in (*lines, (), *step_lines(one.steps[::-1], one.began_at, width))
    )


def swept_lines(
    sweep: Sweep, swept: Swept, one: Ended, width: int, *, undo_left: float | None
) -> tuple[Line, ...]:
    """Return how a switch ended: the word, the sentence, each SBC, the lines it rests on, and what takes it back."""
    lines: list[Line] = [
        cut_line((Cell(f" {title(sweep.wish)}", Role.TITLE),), width),
        verdict_line(one.outcome),
    ]
    lines += [(Cell(f" {piece}"),) for piece in wrap(swept.sentence, width - 2)]
    lines.append(())
    outcomes = dict(swept.outcomes)
    for name, word, sentence in state_after(sweep, swept):
        outcome = outcomes.get(name)
        role = Role.DIM if outcome is None else ENDING_ROLES[outcome.ending]
        lines += _sbc_lines(name, word, sentence, role, width)
    lines.append(())
    if any(outcome.ending is Ending.UNVERIFIED for outcome in outcomes.values()):
        lines.append((Cell(" :verify", Role.KEY), Cell(" looks again; it only reads")))
    if undo_left is not None:
        lines.append((Cell(" u", Role.KEY), Cell(f" takes it back, for {in_words(undo_left)} more")))
    for outcome in outcomes.values():
        for evidence in outcome.evidence:
            text = f"{evidence.source}: {evidence.line}"
            lines += [(Cell(f" {piece}", Role.DIM),) for piece in wrap(text, width - 2)]
    if one.steps:
        lines += [(), *step_lines(one.steps, one.outcome.began_at, width)]
    return tuple(lines)


def undo_of(doings: Doings, now: float, groups: Iterable[str] = ()) -> Undoable | None:
    """Return what `u` takes back now: of these groups, else what was done last; None: nothing."""
    left = [one for one in doings.undoable if one.until > now]
    own = [one for one in left if one.group in set(groups)]
    return max(own or left, key=lambda one: one.until, default=None)


def undo_wish(one: Undoable) -> Wish:
    """Return the wish to take back just this."""
    return Wish(SwitchKind.UNDO, one.group, undoes=tuple(action for _, action in one.actions))


def undo_hint(one: Undoable, now: float) -> str:
    """Return the footer's word for it, counting down: `undo 14:32`."""
    left = max(int(one.until - now), 0)
    return f"undo {left // 60}:{left % 60:02d}"


def offer_lines(
    doings: Doings, snapshot: Snapshot, now: float, width: int, *, write: bool
) -> tuple[Line, ...]:
    """Return what the fleet offers of switches: to take one back, and to go back to a first trunk that is clean again."""
    lines: list[Line] = []
    how = "" if write else " (after :write)"
    undo = undo_of(doings, now)
    if undo is not None:
        sbcs = ", ".join(sbc for sbc, _ in undo.actions)
        left = in_words(undo.until - now)
        who = f"{undo.who} switched it" if undo.who else "it was switched"
        text = f" u takes {undo.group} back to {undo.to}, for {left} more{how}; {who} on {sbcs}"
        lines.append(cut_line((Cell(" UNDO ", Role.FROZEN), Cell(text, Role.TITLE)), width))
    found = failback_of(snapshot, doings.waits, now)
    if found is not None:
        group, trunk, clean_s = found
        text = f" {trunk} is clean for {in_words(clean_s)}: F fails {group.name} back{how}"
        lines.append(cut_line((Cell(" BACK ", Role.FROZEN), Cell(text, Role.TITLE)), width))
    return tuple(lines)


def failback_of(
    snapshot: Snapshot, waits: Waits, now: float, groups: Iterable[str] | None = None
) -> tuple[GroupStatus, str, float] | None:
    """Return a group (of `groups`, None: all) that may go back to its first trunk, that trunk, and its clean seconds."""
    found = [group for group in snapshot.groups if groups is None or group.name in groups]
    if not any(route.state is RouteState.MOVED for group in found for route in group.active):
        return None
    legs = {(leg.trunk, leg.sbc): leg for leg in snapshot.legs}
    for group in found:
        moved = [route for route in group.active if route.state is RouteState.MOVED]
        held = any(route.since is not None and now - route.since < waits.hold_s for route in moved)
        for trunk in () if held else group.trunks[:1]:
            runs = [_clean_s(_witness(legs, trunk, route, waits, now), waits, now) for route in moved]
            if runs and min(runs) > 0:
                return group, trunk, min(runs)
    return None


def _witness(
    legs: dict[tuple[str, str], LegStatus], trunk: str, route: ActiveRoute, waits: Waits, now: float
) -> LegStatus | None:
    """Return the leg whose run counts: the trunk's own there, or where the route holds that out, one elsewhere."""
    leg = legs.get((trunk, route.sbc))
    if leg is None or trunk not in route.held or not silenced(leg):
        return leg
    others = (shown(other, now) for other in legs.values() if other.trunk == trunk and other is not leg)
    return voucher(leg, others, now, waits.clean_probes, waits.clean_s).leg


def _clean_s(leg: LegStatus | None, waits: Waits, now: float) -> float:
    """Return for how long a leg is up and answers every OPTIONS, 0 where that is not long enough to go back to it."""
    if leg is None or leg.clean is None or leg.flapping or shown(leg, now).state is not LegState.UP:
        return 0.0
    if leg.since_at is not None and now - leg.since_at < waits.hold_s:
        return 0.0
    probes, run = run_of(leg, now)
    return run if run >= waits.clean_s and probes >= waits.clean_probes else 0.0


def _agreed(rows: tuple[Row, ...], width: int) -> list[Line]:
    """Return what the guards say that agree; one that says something else of each SBC is named alone, for room's sake."""
    said: dict[str, list[str]] = {}
    for one in rows:
        if one.ruling is not None and one.ruling.allowed and not one.loud:
            said.setdefault(one.ruling.guard, []).append(str(one.text))
    texts = [found[0] for found in said.values() if len(found) == 1]
    several = [guard.replace("_", " ") for guard, found in said.items() if len(found) > 1]
    if several:
        texts.append(f"{', '.join(several)}: agree on each SBC")
    if not texts:
        return []
    if width < ROOMY:
        return row("Guards", "; ".join(texts), Role.DIM, width)
    return [line for text in texts for line in row("Guard", text, Role.DIM, width)]


def refused_on(sweep: Sweep) -> tuple[str, ...]:
    """Return the SBCs on which a guard refuses whatever is said, where others are left on which none does."""
    refused = tuple(
        part.sbc for part in sweep.parts if any(not one.allowed and not one.wants for one in part.rulings)
    )
    whole = any(not one.allowed and not one.wants for one in sweep.rulings)
    return () if whole or len(refused) == len(sweep.parts) else refused


def _last_said(names: list[str], steps: tuple[Step, ...]) -> dict[str, str]:
    """Return what was told last of each SBC: a step of one begins with its name."""
    found: dict[str, str] = {}
    for step in steps:
        name, colon, said = step.said.partition(": ")
        if colon and name in names:
            found[name] = said
    return found


def _sbc_lines(name: str, word: str, said: str, role: Role, width: int) -> list[Line]:
    """Return one SBC: its name, the word for it, and what was said of it, below that where there is no room beside."""
    head = (Cell(f" {name:<13} ", Role.TITLE), Cell(f"{word:<{_WORD}}", role))
    if width < _NARROW:
        below = wrap(said, width - 4) if said else ()
        return [head, *((Cell("   "), Cell(piece)) for piece in below)]
    first, *more = wrap(said, width - _WORD - 16)
    indent = Cell(" " * (_WORD + 15))
    return [(*head, Cell(first)), *((indent, Cell(piece)) for piece in more)]


def sweep_seen(sweep: Sweep) -> tuple[object, ...]:
    """Return what makes it the switch that was read: what runs, where, what stood there; not when that was read.

    Also which guards must be overridden for it: whoever agreed before one of them spoke up did not agree to that.
    """
    return (sweep.wish.group, sweep.wish.kind, *(_part_seen(part) for part in sweep.parts))


def _part_seen(part: Prepared) -> tuple[object, ...]:
    glass = tuple(ruling.guard for ruling in part.rulings if ruling.sentence.startswith(BREAK_GLASS))
    plan = part.plan
    if plan is None:
        return part.sbc, part.commands, part.over, glass
    move = plan.move
    stood = () if move is None else (move.route, move.stands.shares, move.goal)
    return part.sbc, part.commands, part.over, plan.steps, plan.warning, stood, glass
