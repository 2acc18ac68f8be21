"""What to show where the table has no row: nothing configured, no answer yet, nothing found, all hidden."""

from __future__ import annotations

from trunktui.model.health import SbcState
from trunktui.model.snapshot import SbcStatus, Snapshot
from trunktui.present.cells import SBC_ROLES, Cell, Line, Role
from trunktui.present.head import not_asked_yet, sbc_now
from trunktui.present.query import Query
from trunktui.present.words import SBC_WORDS, plural

_CONFIG_SAMPLE = """\
[[sbc]]
name = "nyc-1"
platform = "asterisk"
host = "10.20.0.11"
[sbc.ssh]
user = "noc"\
"""


def empty_lines(snapshot: Snapshot, now: float, query: Query) -> tuple[Line, ...]:
    """Return the text for a table without rows: why there is none and what to do next."""
    if snapshot.legs:
        return _all_hidden(snapshot, query)
    if not snapshot.sbcs:
        return _nothing_configured()
    waiting = [sbc for sbc in snapshot.sbcs if not_asked_yet(sbc)]
    each = tuple(_sbc_line(sbc, now) for sbc in snapshot.sbcs)
    if waiting:
        title = f"asking {plural(len(waiting), 'SBC')} for their trunks ..."
        return (_title(title), (), *each, (), _hint("Trunks appear as each SBC answers."))
    if any(sbc.state is SbcState.UP for sbc in snapshot.sbcs):
        return (
            _title("No trunk found: no outbound registration, no AOR with a static contact."),
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


def _sbc_line(sbc: SbcStatus, now: float) -> Line:
    state, reason = sbc_now(sbc, now)
    if not_asked_yet(sbc):
        return (Cell(f"   {sbc.name}  ", Role.TITLE), Cell("not answered yet", Role.DIM))
    return (
        Cell(f"   {sbc.name}  ", Role.TITLE),
        Cell(SBC_WORDS[state], SBC_ROLES[state]),
        Cell(f"  {reason}"),
    )


def _title(text: str) -> Line:
    return (Cell(f"   {text}", Role.TITLE),)


def _hint(text: str) -> Line:
    return (Cell(f"   {text}", Role.DIM),)
