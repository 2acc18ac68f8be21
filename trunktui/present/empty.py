"""What to show where the table has no row: nothing configured, no answer yet, nothing found, all hidden."""

from __future__ import annotations

from trunktui.model.health import SbcState
from trunktui.model.snapshot import SbcStatus, Snapshot
from trunktui.present.cells import SBC_ROLES, Cell, Line, Role
from trunktui.present.freshness import shown_sbc
from trunktui.present.head import not_asked_yet
from trunktui.present.query import Query
from trunktui.present.words import SBC_WORDS, cell_width, plural, wrap

_INDENT = 5
_CONFIG_SAMPLE = """\
[[sbc]]
name = "nyc-1"
platform = "asterisk"
host = "10.20.0.11"
[sbc.ssh]
user = "noc"\
"""


def empty_lines(snapshot: Snapshot, now: float, query: Query, width: int) -> tuple[Line, ...]:
    """Return the text for a table `width` cells wide without rows: why there is none and what to do next."""
    if snapshot.legs:
        return _all_hidden(snapshot, query)
    if not snapshot.sbcs:
        return _nothing_configured()
    waiting = [sbc for sbc in snapshot.sbcs if not_asked_yet(sbc)]
    each = tuple(line for sbc in snapshot.sbcs for line in _sbc_lines(sbc, now, width))
    if waiting:
        title = f"asking {plural(len(waiting), 'SBC')} for their trunks ..."
        return (_title(title), (), *each, (), _hint("Trunks appear as each SBC answers."))
    if any(sbc.state is SbcState.UP for sbc in snapshot.sbcs):
        return (
            _title("No trunk found: no outbound registration, no AOR with a static contact, no gateway."),
            (),
            *each,
            (),
            _hint("Name a trunk in the config ([[trunk]]), or see whether `ignore` leaves out too much."),
        )
    return (
        _title("No SBC answers, so no trunk is known."),
        (),
        *each,
        (),
        _hint("Trunks appear as soon as one answers; the reason beside each SBC says what to mend."),
    )


def _nothing_configured() -> tuple[Line, ...]:
    return (
        _title("No SBC and no trunk is configured: there is nothing to watch."),
        (),
        _hint("Write one SBC into the config file; its trunks are found by themselves:"),
        (),
        *((Cell(f"     {line}", Role.LABEL),) for line in _CONFIG_SAMPLE.splitlines()),
        (),
        _hint("Then start again. config.example.toml documents every key.  q quits."),
    )


def _all_hidden(snapshot: Snapshot, query: Query) -> tuple[Line, ...]:
    count = plural(len(snapshot.legs), "leg")
    if query.terms:
        return (
            _title(f"No leg matches the filter: {query.text}"),
            (),
            _hint(f"{count} hidden. esc clears the filter, / changes it."),
        )
    return (
        _title("No faults: every leg is up, standby or off."),
        (),
        _hint(f"{count} hidden. f shows them all."),
    )


def _sbc_lines(sbc: SbcStatus, now: float, width: int) -> tuple[Line, ...]:
    """Return an SBC with its whole reason: the way out stands at its end, and no other screen shows it yet."""
    name = Cell(f"   {sbc.name}  ", Role.TITLE)
    if not_asked_yet(sbc):
        return ((name, Cell("not answered yet", Role.DIM)),)
    sbc = shown_sbc(sbc, now)
    state = Cell(f"{SBC_WORDS[sbc.state]}  ", SBC_ROLES[sbc.state])
    used = cell_width(name.text) + cell_width(state.text)
    if used + cell_width(sbc.reason) < width:
        return ((name, state, Cell(sbc.reason)),)
    pieces = wrap(sbc.reason, width - _INDENT - 1)
    return ((name, state), *((Cell(f"{'':{_INDENT}}{piece}"),) for piece in pieces))


def _title(text: str) -> Line:
    return (Cell(f"   {text}", Role.TITLE),)


def _hint(text: str) -> Line:
    return (Cell(f"   {text}", Role.DIM),)
