"""The files on an SBC that are followed, as labelled cells: read to when, how far behind, or why not."""

from __future__ import annotations

from collections.abc import Iterator

from trunktui.model.snapshot import SbcStatus
from trunktui.model.tail import TailKind, TailState, TailStatus
from trunktui.present.cells import Cell, Role
from trunktui.present.freshness import duration
from trunktui.present.words import span

_LABELS = {TailKind.LOG: "log", TailKind.CALLS: "call records"}
_FINE = frozenset({TailState.OK, TailState.PENDING})
_SET_UP = " (docs/calls.md says what to set up)"
_UNKNOWN = {
    TailKind.LOG: "why a REGISTER fails is not known",
    TailKind.CALLS: "how calls end is not known",
}


def tail_facts(sbc: SbcStatus, now: float) -> Iterator[tuple[str, Cell]]:
    """Yield (label, cell) for each followed file, and who fails to authenticate."""
    for tail in sbc.tails:
        role = Role.TEXT if tail.state in _FINE and not tail.lost else Role.WARN
        yield _LABELS[tail.file.kind], Cell(_words(tail, now), role)
    for burst in sbc.auth_bursts:
        users = f" as {', '.join(burst.users)}" if burst.users else ""
        ago = duration(max(now - burst.last_at, 0.0))
        took = span(burst.last_at - burst.since_at)
        text = (
            f"{burst.count} failed {burst.method}s in {took} from {burst.source}{users}, the last {ago} ago"
        )
        yield "logins", Cell(text, Role.WARN)


def _words(tail: TailStatus, now: float) -> str:
    read = "" if tail.read_to is None else f"read to {duration(now - tail.read_to)} ago"
    path = tail.path or tail.file.path
    match tail.state:
        case TailState.OK:
            return f"{path}, {read}" + (f"; {tail.why}" if tail.why else "")
        case TailState.PENDING:
            return f"{path}, not read yet"
        case TailState.BEHIND:
            return f"{path}, {tail.behind // 1024} kB behind, {read or 'catching up'}" + (
                f"; {tail.why}" if tail.why else ""
            )
        case TailState.MISSING | TailState.NOT_PERMITTED | TailState.UNREADABLE | TailState.OFF:
            before = f"; {read}" if read else ""
            way = _SET_UP if tail.file.kind is TailKind.CALLS and tail.state is TailState.MISSING else ""
            return f"{_UNKNOWN[tail.file.kind]}: {tail.why}{way}{before}"
