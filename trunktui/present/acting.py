"""Actions that happen, in words: the write banner, progress, how each ended, and what is still unfinished."""

from __future__ import annotations

from collections.abc import Iterable

from msgspec.structs import replace

from trunktui.model.acting import Doings, Ended, Running, Step, Unfinished
from trunktui.model.action import Ending, Outcome, Verb
from trunktui.model.snapshot import LegStatus
from trunktui.model.switch import Undoable
from trunktui.present.cells import Cell, Line, Role
from trunktui.present.freshness import in_words
from trunktui.present.words import wrap

WORDS = {Verb.REREGISTER: "re-register", Verb.PROBE: "OPTIONS to", Verb.SWITCH: "switch of"}
ENDING_ROLES = {
    Ending.VERIFIED: Role.GOOD,
    Ending.ROUTED: Role.GOOD,
    Ending.FAILED: Role.BAD,
    Ending.UNVERIFIED: Role.WARN,
    Ending.REFUSED: Role.BAD,
}
_TIME = 9


def write_left(doings: Doings, now: float) -> float | None:
    """Return for how many seconds write mode lasts; None: read-only."""
    until = doings.unlocked_until
    return None if until is None or until <= now else until - now


def write_mark(left_s: float) -> Cell:
    """Return the mark that stands in every head while SBCs can be written to: ` WRITE 14:12 `."""
    return Cell(f" WRITE {int(left_s) // 60}:{int(left_s) % 60:02d} ", Role.WRITE)


def what(verb: str, leg: str) -> str:
    """Return an action in a few words, of a verb that another version may have written."""
    return f"{WORDS[Verb(verb)] if verb in set(Verb) else verb} {leg}"


def news(doings: Doings, ended: Iterable[Ended], now: float) -> tuple[Cell, ...]:
    """Return what the fleet's news line says of actions, the newest end first; () where there is nothing."""
    return (
        *(_ended_news(one) for one in reversed(tuple(ended))),
        *(_running_news(one, now) for one in doings.running if one.verb is not Verb.PROBE),
        *_unfinished_news(doings.unfinished, now),
        *(_glass_news(one) for one in doings.undoable if one.glass and one.until > now),
    )


def registering_for(doings: Doings, leg_id: str, now: float) -> float | None:
    """Return for how long a leg is being registered again by us, in seconds; None where it is not."""
    began = [one.began_at for one in doings.running if one.leg == leg_id and one.verb is Verb.REREGISTER]
    return max(now - began[0], 0.0) if began else None


def marked(leg: LegStatus, doings: Doings, now: float) -> LegStatus:
    """Return a leg with the badge that it is being registered again: its trouble is then ours, and meant."""
    since = registering_for(doings, leg.id, now)
    return leg if since is None else replace(leg, badge=f"re-registering since {since:.0f} s")


def progress_lines(one: Running | None, now: float, width: int) -> tuple[Line, ...]:
    """Return an action under way: since when, and what was done and seen, the latest first.

    None: its engine has not begun.
    """
    if one is None:
        return ((Cell(" handing it to the engine ...", Role.DIM),),)
    return (
        (
            Cell(f" Under way since {now - one.began_at:.0f} s", Role.TITLE),
            Cell("  esc leaves; it goes on", Role.DIM),
        ),
        (),
        *step_lines(one.steps[::-1], one.began_at, width),
    )


def ended_lines(one: Ended, width: int) -> tuple[Line, ...]:
    """Return how an action ended: the word, the sentence, the lines of the SBC it rests on, and what was told."""
    outcome = one.outcome
    lines: list[Line] = [(Cell(f" {what(one.verb, one.leg)}", Role.TITLE),), verdict_line(outcome)]
    lines += [(Cell(f" {piece}"),) for piece in wrap(outcome.sentence, width - 2)]
    if outcome.ending is Ending.UNVERIFIED:
        lines.append((Cell(" :verify", Role.KEY), Cell(" looks again; it only reads")))
    for evidence in outcome.evidence:
        lines += [
            (Cell(f" {piece}", Role.DIM),) for piece in wrap(f"{evidence.source}: {evidence.line}", width - 2)
        ]
    if one.steps:
        lines += [(), *step_lines(one.steps, outcome.began_at, width)]
    return tuple(lines)


def verdict_line(outcome: Outcome) -> Line:
    """Return the word of an ending, how long it took, and whether anything was sent."""
    sent = "" if outcome.sent else "   nothing was sent"
    took = outcome.ended_at - outcome.began_at
    return (
        Cell(f" {outcome.ending.value.upper()} ", ENDING_ROLES[outcome.ending], Role.CHANGED),
        Cell(f" after {took:.1f} s{sent}"),
    )


def step_lines(steps: tuple[Step, ...], began_at: float, width: int) -> list[Line]:
    """Return what was told of an action on its way, each with the seconds since it began."""
    lines: list[Line] = []
    for step in steps:
        first, *more = wrap(step.said, width - _TIME - 3)
        at = f"{max(step.at - began_at, 0.0):+.1f} s"
        lines.append((Cell(f" {at:>{_TIME}}  ", Role.DIM), Cell(first)))
        lines += [(Cell(" " * (_TIME + 3)), Cell(piece)) for piece in more]
    return lines


def _glass_news(one: Undoable) -> Cell:
    """Return that a guard was overridden for a switch that stands: whoever watches sees it until it is old, or undone."""
    sbcs = ", ".join(sbc for sbc, _ in one.actions)
    text = f"GLASS broken by {one.who or 'somebody'}: {one.group} to {one.went or 'another trunk'} on {sbcs}"
    return Cell(text, Role.BAD)


def _ended_news(one: Ended) -> Cell:
    outcome = one.outcome
    return Cell(
        f"{what(one.verb, one.leg)} {outcome.ending.value.upper()}: {outcome.sentence} (esc)",
        ENDING_ROLES[outcome.ending],
    )


def _running_news(one: Running, now: float) -> Cell:
    said = f": {one.steps[-1].said}" if one.steps else ""
    return Cell(f"{what(one.verb, one.leg)} since {now - one.began_at:.0f} s{said}", Role.TITLE)


def _unfinished_news(unfinished: tuple[Unfinished, ...], now: float) -> tuple[Cell, ...]:
    if not unfinished:
        return ()
    last = max(unfinished, key=lambda one: one.began_at)
    more = f" and {len(unfinished) - 1} more" if len(unfinished) > 1 else ""
    ago = in_words(max(now - last.began_at, 0.0))
    return (
        Cell(
            f"unfinished: {what(last.verb, last.leg)} by {last.who}, {ago} ago{more}: :verify looks",
            Role.WARN,
        ),
    )
