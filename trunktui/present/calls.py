"""What calls say of a leg, as lines of its page: how many, how many were answered, why they fail, how many were lost."""

from __future__ import annotations

from collections.abc import Iterator

from trunktui.model.health import TrafficSignal
from trunktui.model.snapshot import LegStatus, SbcStatus, TrafficView
from trunktui.model.tail import TailKind, TailState
from trunktui.present.cells import Cell, Role
from trunktui.present.rates import lost_words
from trunktui.present.words import NOT_KNOWN, plural, span

_WORDS = {
    TrafficSignal.LOW_ASR: ("fewer answers than usual", Role.WARN),
    TrafficSignal.DESTINATION: ("one destination fails", Role.WARN),
    TrafficSignal.FAILING: ("calls fail", Role.BAD),
    TrafficSignal.NO_AUDIO: ("no audio", Role.BAD),
    TrafficSignal.NO_DATA: ("too few to judge", Role.DIM),
}
_HOW = "the SBC writes none that is read here: docs/calls.md says what to set up"


def call_facts(leg: LegStatus, sbc: SbcStatus | None, *, old: bool) -> Iterator[tuple[str, Cell]]:
    """Yield the labelled facts about a leg's calls; where they are not known and `sbc` can tell why, that."""
    if leg.traffic is None:
        why = "" if sbc is None else no_records(sbc)
        if why:
            yield "calls", Cell(f"no call records: {why}", Role.DIM)
        return
    if old:
        yield "calls", Cell(NOT_KNOWN, Role.DIM)
        return
    word, role = _WORDS.get(leg.traffic.state, ("", Role.TEXT))
    yield "calls", Cell("; ".join(part for part in (word, traffic_words(leg.traffic)) if part), role)
    if lost := lost_words(leg):
        yield "lost", Cell(lost, Role.BAD if leg.wasted else Role.DIM)


def traffic_words(view: TrafficView) -> str:
    """Return the count of a leg's calls, how many were answered, and what the commonest failure was."""
    if not view.attempts:
        return f"none ended in the last {span(view.window_s)}"
    text = f"{plural(view.attempts, 'call')} in {span(view.window_s)}, {view.answered} answered"
    if view.usual_asr is not None:
        text += f" (usual at this hour {100 * view.usual_asr:.0f} %)"
    if view.failed:
        why = (
            f"{view.code}"
            if view.code is not None
            else "congestion"
            if view.cause is None
            else f"cause {view.cause}"
        )
        text += f", {view.failed} failed with {why}"
    return text + (f" to {view.prefix}*" if view.prefix else "")


def no_records(sbc: SbcStatus) -> str:
    """Return why the calls of an SBC are not known, and the way out; empty while that is not known either."""
    tails = [tail for tail in sbc.tails if tail.file.kind is TailKind.CALLS]
    if not tails:
        return ""
    (tail,) = tails[:1]
    if tail.state is TailState.MISSING:
        return _HOW
    return str(tail.why or tail.file.why)
