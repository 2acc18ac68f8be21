"""The fleet as plain text, for `status` without a screen: the dashboard's cells, one line per leg, nothing cut."""

from __future__ import annotations

from collections.abc import Iterator

from trunktui.model.health import LegState, SbcState, Severity, spoken
from trunktui.model.link import SshState
from trunktui.model.snapshot import LegStatus, Snapshot
from trunktui.model.switch import Switched
from trunktui.present.columns import ColumnKey
from trunktui.present.fleet import Row, Sort, fleet_order, row_of
from trunktui.present.freshness import shown_sbc
from trunktui.present.groups import shown_group
from trunktui.present.marks import brief_mark, covered
from trunktui.present.parents import in_force, parents
from trunktui.present.query import Query
from trunktui.present.routes import route_lines, told_reason
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


def status_table(
    snapshot: Snapshot, now: float, *, ascii_only: bool = False, switched: tuple[Switched, ...] = ()
) -> str:
    """Return the fleet at monotonic second `now`, worst first, with the reason at the end of each line.

    What many bad legs have in common comes first, then SBCs that are not up, each with its reason, then where the calls
    of groups go, and who switched them there (`switched`); the last line counts. `ascii_only` for an output that cannot take UTF-8.
    """
    verdicts = [one.reason for one in in_force(snapshot, now) if one.absorbs]
    above = (*verdicts, *_sbc_lines(snapshot, now), *_group_lines(snapshot, now, switched))
    lines = (*above, *_leg_lines(snapshot, now), _count(snapshot, now))
    text = "\n".join(lines) + "\n"
    return "\n".join(to_ascii(line) for line in text.split("\n")) if ascii_only else text


def _sbc_lines(snapshot: Snapshot, now: float) -> Iterator[str]:
    for sbc in snapshot.sbcs:
        box = shown_sbc(sbc, now)
        if box.state is SbcState.UP:
            continue
        mark = brief_mark(box)
        yield f"{box.name}: {box.state.value}{f' ({mark})' if mark else ''}: {box.reason or NOT_KNOWN}"
        if box.link.state is not SshState.OK and box.link.reason not in box.reason:
            yield f"  ssh {box.link.state.value}: {box.link.reason}"  # its end names the way out


def _group_lines(snapshot: Snapshot, now: float, switched: tuple[Switched, ...]) -> Iterator[str]:
    """Yield the groups of which it is told where their calls go: how such a group is, if not well, and each route."""
    for group in snapshot.groups:
        if group.active:
            one = shown_group(group, snapshot.legs, now)
            mark = f" ({words})" if (words := brief_mark(one)) else ""
            if one.severity is not Severity.NONE:
                yield f"group {one.name}: {one.state.value}{mark}: {told_reason(one)}"
            yield from (f"  {line}" for line in route_lines(group, now, switched))


def _leg_lines(snapshot: Snapshot, now: float) -> Iterator[str]:
    legs = fleet_order(snapshot, now, query=Query(), sort=Sort.TROUBLE)
    if not legs:
        return
    table = [[title for _, title in _COLUMNS]]
    parts = parents(in_force(snapshot, now))
    for leg in legs:
        row = row_of(leg, now, part=leg.id in parts)
        table.append([_text(row, key) for key, _ in _COLUMNS])
    widths = [max(cell_width(line[index]) for line in table) for index in range(len(_COLUMNS))]
    reasons = ["REASON", *(_reason(leg) for leg in legs)]
    for line, reason in zip(table, reasons, strict=True):
        cells = [
            fit(text, width, right=key in _RIGHT)
            for text, width, (key, _) in zip(line, widths, _COLUMNS, strict=True)
        ]
        yield _BETWEEN.join((*cells, reason)).rstrip()


def _text(row: Row, key: ColumnKey) -> str:
    """Return a cell's text; a mark stands beside the state, which stays what it is."""
    text = row.cell(key).text
    return f"{text} {row.mark}" if key is ColumnKey.STATE and row.mark is not None else text


def _reason(leg: LegStatus) -> str:
    mark = brief_mark(leg)
    return f"{leg.reason} ({mark})" if mark else leg.reason


def _count(snapshot: Snapshot, now: float) -> str:
    legs = fleet_order(snapshot, now, query=Query(), sort=Sort.TROUBLE)
    states = [leg.state for leg in legs]
    counts = [f"{states.count(state)} {spoken(state)}" for state in LegState if state in states]
    hushed = covered(legs)
    counts += [f"{hushed.maintenance} of them in maintenance"] if hushed.maintenance else []
    counts += [f"{hushed.acknowledged} of them acknowledged"] if hushed.acknowledged else []
    return ", ".join((plural(len(snapshot.sbcs), "SBC"), plural(len(legs), "leg"), *counts))
