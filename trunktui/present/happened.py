"""Lays the history's events out as rows of a page, the newest first, and finds those that words ask for."""

from __future__ import annotations

from collections.abc import Sequence
from typing import NamedTuple

from trunktui.model.health import LegState, SbcState, Severity
from trunktui.model.history import Event
from trunktui.model.snapshot import LegStatus
from trunktui.present.cells import SBC_ROLES, STATE_ROLES, Cell, Line, Role
from trunktui.present.events import change
from trunktui.present.layout import cut_line
from trunktui.present.moments import Local, moment_of
from trunktui.present.words import NOT_KNOWN, STATE_GLYPHS, cell_width, fit, fit_leg, plural, wrap

_TIME_CELLS = 15
_HERE_CELLS = 11
_KIND_CELLS = 8
_CHANGE_CELLS = 18
_BROAD = 120
_NARROW = 72
_INDENT = 4
_ROLES = {
    Severity.CRITICAL: Role.BAD,
    Severity.MAJOR: Role.BAD,
    Severity.MINOR: Role.WARN,
    Severity.WARNING: Role.WARN,
}


class Loaded(NamedTuple):
    """What was read: `events`, oldest first; `whole` False: older ones are kept and were not read.

    `why` there are none, if so. `about` is the leg that was asked for, empty for all.
    """

    events: tuple[Event, ...] = ()
    whole: bool = True
    why: str = ""
    about: str = ""


def concerns(event: Event, leg: LegStatus) -> bool:
    """Tell whether an event belongs on the page of a leg: its own, those of its SBC, and where its groups go there."""
    return event.subject in {leg.id, leg.sbc, *(f"{group}@{leg.sbc}" for group in leg.groups)}


def merged(first: Sequence[Event], second: Sequence[Event]) -> tuple[Event, ...]:
    """Return the events of two answers, each once, oldest first."""
    return tuple(sorted({event.seq: event for event in (*first, *second)}.values(), key=lambda one: one.seq))


def found(events: Sequence[Event], words: str) -> tuple[Event, ...]:
    """Return the events that hold every word in what their row shows, and none of those behind a `!`."""
    terms = [
        (word.removeprefix("!"), word.startswith("!")) for word in words.casefold().split() if word != "!"
    ]
    return tuple(
        event for event in events if all((word in _searched(event)) is not hides for word, hides in terms)
    )


def titles(width: int, *, zoned: bool) -> Line:
    """Return the line of titles over the rows."""
    if width < _NARROW:
        return (Cell(" UTC, newest first", Role.DIM),)
    here = f"{'HERE':<{_HERE_CELLS}}  " if zoned else ""
    subject = f"{'SUBJECT':<{_subject_cells(width)}}"
    text = f" {'UTC':<{_TIME_CELLS}}  {here}{'KIND':<{_KIND_CELLS}}  {subject}    {'CHANGE':<{_CHANGE_CELLS}}"
    text = text + "WHAT" if width >= _BROAD else text.partition("CHANGE")[0].rstrip()
    return cut_line((Cell(text, Role.DIM),), width)


def is_zoned(events: Sequence[Event], local: Local) -> bool:
    """Tell whether the reader's zone is another than UTC at any of the events."""
    return any((moment := moment_of(event.at)) and local(moment).utcoffset() for event in events)


def rows(events: Sequence[Event], local: Local, width: int) -> tuple[Line, ...]:
    """Return the events, which are oldest first, as rows with the newest first."""
    zoned = is_zoned(events, local)
    return tuple(line for event in reversed(events) for line in _row(event, local, width, zoned=zoned))


def page(loaded: Loaded | None, words: str, local: Local, width: int) -> tuple[Line, ...]:
    """Return the page: the rows that `words` ask for, and what it does not show; None: not read yet."""
    if loaded is None:
        return _said("reading the history ...", width)
    if loaded.why:
        remedy = "Events are written by the dashboard's engine while it runs; here is nothing to be read."
        return (*_said(loaded.why, width, Role.WARN), *_said(remedy, width))
    about = f" about {loaded.about} and its SBC" if loaded.about else ""
    shown = found(loaded.events, words)
    hidden = len(loaded.events) - len(shown)
    older = "" if loaded.whole else "; older ones are kept and not loaded: + loads more"
    if not loaded.events:
        told = f"No events{about} yet: changes of legs and SBCs, restarts, alarms and actions will stand here"
        return _said(f"{told}{older}.", width)
    if not shown:
        told = f'No event{about} matches "{words}": {hidden} hidden{older}; esc clears the filter.'
        return _said(told, width)
    told = f"{plural(len(shown), 'event')}{about}" + (
        f", {hidden} more hidden by the filter" if hidden else ""
    )
    end = f"{told}{older}." if older else f"{told}; that is all that is kept."
    return (*rows(shown, local, width), (), *_said(end, width))


def _row(event: Event, local: Local, width: int, *, zoned: bool) -> tuple[Line, ...]:
    moment = moment_of(event.at)
    clock = NOT_KNOWN if moment is None else f"{moment:%d %b %H:%M:%S}"
    head = [Cell(f" {fit(clock, _TIME_CELLS)}", Role.DIM)]
    if zoned and width >= _NARROW:
        there = NOT_KNOWN if moment is None else f"{local(moment):%d %H:%M:%S}"
        head.append(Cell(f"  {fit(there, _HERE_CELLS)}", Role.DIM))
    glyph, role = _mark(event)
    changed = Cell(f"  {glyph} {change(event) or NOT_KNOWN}", role)
    what = f"{glyph} {change(event)}: {event.sentence}" if change(event) else str(event.sentence)
    if width < _NARROW:
        subject = fit_leg(event.subject, max(width - _TIME_CELLS - 3, 8)).rstrip()
        first = (*head, Cell(f"  {subject}"))
        return (cut_line(first, width), *_hung(f"{event.kind.value} {what}", width, role))
    head += [
        Cell(f"  {event.kind.value:<{_KIND_CELLS}}"),
        Cell(f"  {fit_leg(event.subject, _subject_cells(width))}"),
    ]
    if width < _BROAD:
        return (cut_line(tuple(head), width), *_hung(what, width, role))
    before = (*head, changed._replace(text=fit(changed.text, _CHANGE_CELLS + 4)))
    used = sum(cell_width(cell.text) for cell in before)
    first_line, *more = wrap(event.sentence, width - used - 1)
    return ((*before, Cell(first_line)), *((Cell(" " * used + piece),) for piece in more))


def _subject_cells(width: int) -> int:
    return 28 if width >= _BROAD else 30


def _mark(event: Event) -> tuple[str, Role]:
    """Return the glyph and the role of what became of it: of a state its own, else by severity."""
    for state, role in STATE_ROLES.items():
        if event.after == state.value and "@" in event.subject:
            return STATE_GLYPHS[state], role
    for box, role in SBC_ROLES.items():
        if event.after == box.value:
            return STATE_GLYPHS[_AS_LEG[box]], role
    return " ", _ROLES.get(event.severity, Role.TEXT)


_AS_LEG = {
    SbcState.UP: LegState.UP,
    SbcState.DEGRADED: LegState.DEGRADED,
    SbcState.DOWN: LegState.DOWN,
    SbcState.UNKNOWN: LegState.UNKNOWN,
}


def _hung(text: str, width: int, role: Role = Role.TEXT) -> tuple[Line, ...]:
    indent = " " * _INDENT
    return (
        tuple((Cell(f"{indent}{piece}", role),) for piece in wrap(text, width - _INDENT - 1)) if text else ()
    )


def _said(text: str, width: int, role: Role = Role.DIM) -> tuple[Line, ...]:
    return tuple((Cell(f" {piece}", role),) for piece in wrap(text, width - 2))


def _searched(event: Event) -> str:
    parts = (event.kind.value, event.subject, change(event), event.severity.value, event.sentence)
    return "\n".join(parts).casefold()
