"""Every key in one table: bindings, the footer and the help are made from it.

Only those of WRITE change anything on an SBC, and they are bound in write mode only. None is a key that tmux,
screen or flow control takes for itself.
"""

from __future__ import annotations

from typing import NamedTuple

from textual.binding import Binding

from trunktui.present.cells import Cell, Line, Role
from trunktui.present.words import cell_width
from trunktui.tui.commands import COMMANDS, Command


class Key(NamedTuple):
    """One thing a key does: Textual's names of the keys, what to print, the action, one line of help.

    `hint` is its short word in the footer, empty where it is not shown there. `beside`: in the help it stands
    beside the one before.
    """

    names: str
    printed: str
    action: str
    help: str
    hint: str = ""
    beside: bool = False


EVERYWHERE = (
    Key("question_mark", "?", "app.help", "all keys", "all keys"),
    Key("q", "q", "app.leave(0)", "quit", "quit", beside=True),
    Key("ctrl+c", "ctrl+c", "app.leave(130)", "quit with code 130", beside=True),
    Key("ctrl+z", "ctrl+z", "app.suspend", "stop; the shell's fg goes on"),
)
_BOTH_WAYS = frozenset({"move", "edge", "page"})
COMMAND = Key("colon", ":", "command", "type a command; tab completes it", beside=True)
ACK = Key("a", "a", "mark('ack ')", "acknowledge its alarm", "ack")
MAINT = Key("m", "m", "mark('maint ')", "put it into maintenance", "maint")
MARKS = {"a": "ack ", "m": "maint "}
"""Keys that begin a command; it asks for the rest, so a slip does nothing."""

PROBE = Key("O", "O", "probe", "send OPTIONS now; harmless", "OPTIONS", beside=True)
EVENTS = Key("e", "e", "events", "events, the newest first", "events")
FINDINGS = Key("C", "C", "findings", "findings: what is due", "findings", beside=True)
SPANS = (
    Key("left_square_bracket", "[ ]", "span(-1)", "a leg's charts: time span", "time span", beside=True),
    Key("right_square_bracket", "]", "span(1)", "a leg's charts: a longer time"),
)
FAILBACK = Key("F", "F", "failback", "fail the group back", beside=True)
UNDO = Key("u", "u", "undo", "undo a switch", beside=True)
WRITE = (
    Key("R", "R", "reregister", "re-register", "re-register"),
    Key("S", "S", "switch", "switch its group to another trunk", "switch", beside=True),
    FAILBACK,
    UNDO,
)
"""The keys that change an SBC: each shows first what it would do, and wants a yes."""

FLEET = (
    Key(
        "slash", "/", "filter", "filter: down, carrier:x, sbc:x, any text; !word hides; esc clears", "filter"
    ),
    Key("f", "f", "faults", "faults only: hides up, standby, off", "faults"),
    Key("c", "c", "carriers", "if a carrier died now", beside=True),
    Key("enter", "enter", "open", "open the leg: all of it", "open"),
    COMMAND,
    ACK,
    Key("space", "space", "freeze", "freeze the display", "freeze", beside=True),
    MAINT,
    Key("s", "s", "sort", "sort: trouble, leg, ...", "sort", beside=True),
    Key("y", "y", "copy", "copy the leg's sentence (OSC 52)", "copy"),
    PROBE,
    EVENTS,
    FINDINGS,
    Key("j,down", "j down", "move(1)", "next leg"),
    Key("k,up", "k up", "move(-1)", "previous leg"),
    Key("x", "x", "matrix", "carriers by SBCs", "matrix", beside=True),
    Key("g,home", "g home", "edge(-1)", "first leg"),
    Key("G,end", "G end", "edge(1)", "last leg"),
    Key("pagedown", "pgdn", "page(1)", "a page on"),
    Key("pageup", "pgup", "page(-1)", "a page back"),
    Key("escape", "esc", "back", "dismiss how an action ended; clear the filter; go back"),
)
_BESIDE = {EVENTS.names: (SPANS[0],), "G,end": (UNDO,), "pageup": (FAILBACK,)}
"""What stands in the help beside a key of the fleet: there is no line left for it."""

_IN_HELP = tuple(one for key in FLEET if key is not FINDINGS for one in (key, *_BESIDE.get(key.names, ())))
PAGE = (
    Key("escape", "esc", "back", "go back", "back"),
    Key("j,down", "j down", "scroll(1)", "a line on"),
    Key("k,up", "k up", "scroll(-1)", "a line back"),
    Key("pagedown", "pgdn", "page(1)", "a page on", "page"),
    Key("pageup", "pgup", "page(-1)", "a page back"),
    Key("g,home", "g home", "edge(-1)", "to the top"),
    Key("G,end", "G end", "edge(1)", "to the end"),
    COMMAND,
)
DETAIL = (
    *PAGE,
    Key("y", "y", "copy", "copy the leg's sentence (OSC 52)", "copy"),
    ACK,
    MAINT,
    PROBE,
    EVENTS,
    FINDINGS,
    *SPANS,
)
FINDINGS_KEYS = (
    Key("escape", "esc", "back", "clear the filter; show those of all legs; go back", "back"),
    Key("enter", "enter", "open", "open the finding: evidence, remedy, source", "open"),
    Key("slash", "/", "filter", "filter: any text; !word hides; esc clears", "filter"),
    Key("j,down", "j down", "move(1)", "next finding"),
    Key("k,up", "k up", "move(-1)", "previous finding"),
    Key("pagedown", "pgdn", "page(1)", "a page on", "page"),
    Key("pageup", "pgup", "page(-1)", "a page back"),
    Key("g,home", "g home", "edge(-1)", "first finding"),
    Key("G,end", "G end", "edge(1)", "last finding"),
    COMMAND,
)
HAPPENED = (
    *PAGE,
    Key("slash", "/", "filter", "filter: any text; !word hides; esc clears", "filter"),
    Key("plus", "+", "more", "load older events", "older ones"),
)
_NEXT_CARRIERS = (
    Key("j,down", "j k", "move(1)", "next carrier", "carrier"),
    Key("k,up", "k up", "move(-1)", "previous carrier"),
)
_FAR_CARRIERS = (
    Key("pagedown", "pgdn", "page(1)", "a page on"),
    Key("pageup", "pgup", "page(-1)", "a page back"),
    Key("g,home", "g home", "edge(-1)", "first carrier"),
    Key("G,end", "G end", "edge(1)", "last carrier"),
    Key("space", "space", "freeze", "freeze the display", "freeze"),
    COMMAND,
)
MATRIX = (
    Key("escape", "esc", "back", "go back", "back"),
    Key("enter", "enter", "open", "show the legs of this carrier on this SBC", "show its legs"),
    Key("h,left", "h l", "across(-1)", "previous SBC", "SBC"),
    Key("l,right", "l right", "across(1)", "next SBC"),
    *_NEXT_CARRIERS,
    Key("left_square_bracket", "[ ]", "screenful(-1)", "the SBCs before", "more SBCs"),
    Key("right_square_bracket", "]", "screenful(1)", "the SBCs after"),
    *_FAR_CARRIERS,
)
CHOOSE = (
    Key("escape", "esc", "back", "go back: nothing is sent", "back"),
    Key("enter", "enter", "choose", "see what switching to this trunk would do", "see what it would do"),
    Key("a", "a", "sbcs", "on this SBC alone, or on all", "SBCs"),
    Key("j,down", "j k", "move(1)", "next trunk", "trunk"),
    Key("k,up", "k up", "move(-1)", "previous trunk"),
    Key("pagedown", "pgdn", "page(1)", "a page on"),
    Key("pageup", "pgup", "page(-1)", "a page back"),
)
CARRIERS = (
    Key("escape", "esc", "back", "go back", "back"),
    Key("enter", "enter", "open", "show the legs of this carrier", "show its legs"),
    *_NEXT_CARRIERS,
    *_FAR_CARRIERS,
)
NO = Key("escape,n,q", "esc", "back", "no: nothing is sent", "no (default)")
_SCROLL = (
    Key("j,down", "j k", "scroll(1)", "a line on", "scroll"),
    Key("k,up", "k up", "scroll(-1)", "a line back"),
    Key("pagedown", "pgdn", "page(1)", "a page on"),
    Key("pageup", "pgup", "page(-1)", "a page back"),
)
CONFIRM = (
    NO,
    Key("y", "y", "yes", "yes: send it, once", "yes, send it"),
    Key("r", "r", "reason", "give a reason, for the audit log", "reason"),
    Key("enter", "enter", "enter", "nothing: enter alone is no yes"),
    *_SCROLL,
)
WITHOUT = Key("a", "a", "without", "go on without the SBCs on which it is refused", "all but those")
REFUSED = (NO, *_SCROLL)
"""What the confirm screen offers while no yes would count."""

LEAVING = EVERYWHERE[2:]
"""What works even where nothing else of EVERYWHERE does."""


def write_keys(undo: str = "", *, failback: bool = False) -> tuple[Key, ...]:
    """Return the keys of WRITE, those that have something to do now first in the footer: `undo` is the word for it."""
    first = (
        *((UNDO._replace(hint=undo),) if undo else ()),
        *((FAILBACK._replace(hint="fail back"),) if failback else ()),
    )
    return (*first, *(key for key in WRITE if key.names not in {one.names for one in first}))


def bindings(keys: tuple[Key, ...]) -> list[Binding]:
    """Return Textual's bindings for `keys`; ctrl+c and ctrl+z go before everything, typing included."""
    return [
        Binding(key.names, key.action, key.help, show=False, priority=key.names in {"ctrl+c", "ctrl+z"})
        for key in keys
    ]


def hint_line(keys: tuple[Key, ...], width: int, *, everywhere: bool = True) -> Line:
    """Return the footer: as many hints as fit, the most needed first; the way out and `?` stay longest.

    Without `everywhere` only `keys` work, so only they are told.
    """
    shown = [key for key in keys if key.hint]
    shown += [EVERYWHERE[1], EVERYWHERE[0]] if everywhere else []
    while len(shown) > 1 and sum(cell_width(f"{key.printed} {key.hint}  ") for key in shown) + 1 > width:
        del shown[-1 if not everywhere else -3 if len(shown) > 2 else -2]
    cells: list[Cell] = [Cell(" ")]
    for key in shown:
        cells += [Cell(key.printed, Role.KEY), Cell(f" {key.hint}  ")]
    return tuple(cells)


def help_lines() -> tuple[Line, ...]:
    """Return the help: every key of the fleet screen, those that work everywhere, and the commands."""
    return (
        (
            Cell(" Keys", Role.TITLE),
            Cell("   (only R, S, F and u change an SBC, and only after :write)", Role.DIM),
        ),
        *(_keys_line(keys) for keys in _paired((*_IN_HELP, *WRITE[:2], *EVERYWHERE, FINDINGS))),
        *(_keys_line(keys) for keys in _paired(tuple(_of_command(one) for one in COMMANDS if one.help))),
        (
            Cell(" Filter words: ", Role.LABEL),
            Cell("up degr susp down unmon unkn off stby maint ack, group:x, state:x"),
        ),
    )


def _paired(keys: tuple[Key, ...]) -> list[tuple[Key, ...]]:
    """Put two keys in a row together where one is `beside` the other, or the other way round: 24 lines are few."""
    lines: list[tuple[Key, ...]] = []
    for key in keys:
        verb = key.action.partition("(")[0]
        both = verb in _BOTH_WAYS and len(lines[-1]) == 1 and lines[-1][0].action.startswith(f"{verb}(")
        if both or key.beside:
            lines[-1] = (*lines[-1], key)
        else:
            lines.append((key,))
    return lines


def _of_command(one: Command) -> Key:
    return Key("", one.usage, "", one.help, beside=one.beside)


def _keys_line(keys: tuple[Key, ...]) -> Line:
    first, *others = keys
    line = _help_line(first.printed, first.help if not others else f"{first.help:<16}")
    return line + tuple(cell for key in others for cell in _help_line(key.printed, key.help))


def _help_line(printed: str, does: str) -> Line:
    return (Cell(f"  {printed:<9}{' ' if len(printed) > 8 else ''}", Role.KEY), Cell(does))
