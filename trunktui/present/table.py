"""The fleet as plain text, for `status` without a screen: the dashboard's cells, one line per leg, nothing cut."""

from __future__ import annotations

from collections.abc import Iterator

from trunktui.model.health import LegState, SbcState, spoken
from trunktui.model.link import SshState
from trunktui.model.snapshot import Snapshot
from trunktui.present.columns import ColumnKey
from trunktui.present.fleet import Sort, fleet_order, row_of
from trunktui.present.freshness import shown_sbc
from trunktui.present.query import Query
from trunktui.present.words import NOT_KNOWN, cell_width, fit, plural, to_ascii

_COLUMNS = (
    (ColumnKey.STATE, "STATE"),
    (ColumnKey.LEG, "LEG"),
    (ColumnKey.CARRIER, "CARRIER"),
    (ColumnKey.REGISTRATION, "REGISTRATION"),
    (ColumnKey.OPTIONS, "OPTIONS"),
    (ColumnKey.CHANNELS, "CHANNELS"),
    (ColumnKey.OF_CAP, "OF CAP"),
    (ColumnKey.CPS, "CPS"),
    (ColumnKey.DETECT, "DETECT"),
    (ColumnKey.DIALS, "DIALS"),
    (ColumnKey.AGE, "AGE"),
)
_RIGHT = frozenset(
    {
        ColumnKey.CHANNELS,
        ColumnKey.OF_CAP,
        ColumnKey.CPS,
        ColumnKey.DETECT,
        ColumnKey.DIALS,
        ColumnKey.AGE,
    }
)
_BETWEEN = "  "


def status_table(snapshot: Snapshot, now: float, *, ascii_only: bool = False) -> str:
    """Return the fleet at monotonic second `now`, worst first, with the reason at the end of each line.

    SBCs that are not up come first, each with its reason; the last line counts. `ascii_only` for an output
    that cannot take UTF-8.
    """
    text = "\n".join((*_sbc_lines(snapshot, now), *_leg_lines(snapshot, now), _count(snapshot, now))) + "\n"
    return "\n".join(to_ascii(line) for line in text.split("\n")) if ascii_only else text


def _sbc_lines(snapshot: Snapshot, now: float) -> Iterator[str]:
    for sbc in snapshot.sbcs:
        box = shown_sbc(sbc, now)
        if box.state is SbcState.UP:
            continue
        yield f"{box.name}: {box.state.value}: {box.reason or NOT_KNOWN}"
        if box.link.state is not SshState.OK and box.link.reason not in box.reason:
            yield f"  ssh {box.link.state.value}: {box.link.reason}"  # its end names the way out


def _leg_lines(snapshot: Snapshot, now: float) -> Iterator[str]:
    legs = fleet_order(snapshot, now, query=Query(), sort=Sort.TROUBLE)
    if not legs:
        return
    table = [[title for _, title in _COLUMNS]]
    for leg in legs:
        row = row_of(leg, now)
        table.append([row.cell(key).text for key, _ in _COLUMNS])
    widths = [max(cell_width(line[index]) for line in table) for index in range(len(_COLUMNS))]
    reasons = ["REASON", *(leg.reason for leg in legs)]
    for line, reason in zip(table, reasons, strict=True):
        cells = [
            fit(text, width, right=key in _RIGHT)
            for text, width, (key, _) in zip(line, widths, _COLUMNS, strict=True)
        ]
        yield _BETWEEN.join((*cells, reason)).rstrip()


def _count(snapshot: Snapshot, now: float) -> str:
    legs = fleet_order(snapshot, now, query=Query(), sort=Sort.TROUBLE)
    states = [leg.state for leg in legs]
    counts = [f"{states.count(state)} {spoken(state)}" for state in LegState if state in states]
    return ", ".join((plural(len(snapshot.sbcs), "SBC"), plural(len(legs), "leg"), *counts))
