"""Carriers by SBCs: the worst leg of each pair, how many are so, and whose fault it is in words; what fits a width.

Pure: a matrix is made of a snapshot at one second, and lines of a matrix.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Sequence
from typing import NamedTuple

from trunktui.model.correlation import Correlated
from trunktui.model.health import SEVERITY_RANK, WORST_FIRST, LegState
from trunktui.model.snapshot import LegStatus, Snapshot
from trunktui.present.cells import FAULTS, STATE_ROLES, Cell, Line, Role
from trunktui.present.freshness import shown
from trunktui.present.layout import cut_line
from trunktui.present.parents import in_force, kind_words, parents, role_of
from trunktui.present.words import NOT_KNOWN, STATE_GLYPHS, STATE_WORDS, cell_width, fit, plural, wrap

NO_CARRIER = "no carrier"
_RANK = {state: rank for rank, state in enumerate(WORST_FIRST)}
_MARGIN = 2
_GAP = 1
_NARROW = 60
_VERDICT_FROM = 72
_NAME_MOST, _NAME_LEAST = 20, 10
_VERDICT_LEAST, _VERDICT_MOST = 20, 44


class Crossing(NamedTuple):
    """The legs of one carrier on one SBC: the worst state, how many are in it, how many there are."""

    state: LegState
    many: int
    legs: int

    @property
    def text(self) -> str:
        """Glyph, word and, of several legs, the share that is so."""
        word = f"{STATE_GLYPHS[self.state]} {STATE_WORDS[self.state]}"
        return word if self.legs == 1 else f"{word} {self.share}"

    @property
    def brief(self) -> str:
        """The same without the word."""
        return STATE_GLYPHS[self.state] if self.legs == 1 else f"{STATE_GLYPHS[self.state]} {self.share}"

    @property
    def share(self) -> str:
        """`2/3`: so many of all are in that state."""
        return f"{self.many}/{self.legs}"


class MatrixRow(NamedTuple):
    """One carrier, None for legs of which the config names none: a crossing by SBC, and what is told of it.

    `verdict` is the worst on it or on what it is part of; `sentence` is its reason, or what there is instead.
    """

    carrier: str | None
    cells: dict[str, Crossing]
    up: int
    legs: int
    verdict: Cell
    sentence: str

    @property
    def name(self) -> str:
        """The name in front of the row."""
        return NO_CARRIER if self.carrier is None else self.carrier


class Matrix(NamedTuple):
    """The fleet as carriers (rows, the worst first) by SBCs (columns, in the config's order) with totals by SBC.

    `blamed` are the SBCs that a verdict is about. In cells: the longest carrier's name, SBC's name, and the digits of
    the most legs that a pair has (0: none has more than one).
    """

    sbcs: tuple[str, ...]
    rows: tuple[MatrixRow, ...]
    totals: dict[str, Crossing]
    blamed: frozenset[str]
    carrier_cells: int = 0
    sbc_cells: int = 0
    digits: int = 0


class Window(NamedTuple):
    """Which part of a matrix is in view: the cursor's row and column, the first column in view."""

    row: int = 0
    column: int = 0
    left: int = 0


def matrix_of(snapshot: Snapshot, now: float) -> Matrix:
    """Return the fleet at monotonic second `now` as a matrix."""
    verdicts = in_force(snapshot, now)
    explained = parents(verdicts)
    told = {leg: one for one in verdicts for leg in one.legs}
    members: dict[str | None, list[LegStatus]] = {}
    by_sbc: dict[str, list[LegStatus]] = {}
    for one in snapshot.legs:
        leg = shown(one, now)
        members.setdefault(leg.carrier, []).append(leg)
        by_sbc.setdefault(leg.sbc, []).append(leg)
    rows = [_row(carrier, legs, verdicts, explained) for carrier, legs in members.items()]
    rows.sort(key=lambda row: _trouble(row, members[row.carrier], told))
    names = [sbc.name for sbc in snapshot.sbcs]
    columns = (*names, *sorted(by_sbc.keys() - set(names)))
    totals = {name: _crossing(legs) for name, legs in by_sbc.items()}
    most = max((cell.legs for row in rows for cell in row.cells.values()), default=0)
    return Matrix(
        sbcs=columns,
        rows=tuple(rows),
        totals=totals,
        blamed=frozenset(one.subject for one in verdicts if one.carrier is None and one.subject in by_sbc),
        carrier_cells=max((cell_width(row.name) for row in rows), default=0),
        sbc_cells=max(map(cell_width, columns), default=0),
        digits=len(str(most)) if most > 1 else 0,
    )


def columns_in_view(matrix: Matrix, width: int) -> int:
    """Return how many SBCs fit beside the rows' names in `width` cells; one at least."""
    room = width - _MARGIN - _name_cells(matrix, width) - _up_cells(matrix, width) - _least_verdict(width)
    return max((room + _GAP) // (_column_cells(matrix, width) + _GAP), 1)


def scrolled_to(matrix: Matrix, window: Window, width: int) -> Window:
    """Return `window` with the cursor within the matrix, and its column in view."""
    row = min(max(window.row, 0), max(len(matrix.rows) - 1, 0))
    column = min(max(window.column, 0), max(len(matrix.sbcs) - 1, 0))
    fitting = columns_in_view(matrix, width)
    left = min(max(window.left, column - fitting + 1), column)
    return Window(row, column, min(max(left, 0), max(len(matrix.sbcs) - fitting, 0)))


def title_lines(matrix: Matrix, window: Window, width: int) -> tuple[Line, ...]:
    """Return the line of SBC names over the rows; an SBC that is to blame stands out."""
    wide = _column_cells(matrix, width)
    cells = [Cell(" " * _MARGIN + fit("CARRIER", _name_cells(matrix, width)), Role.DIM)]
    cells += (
        [Cell(f" {fit('UP', _up_cells(matrix, width) - _GAP, right=True)}", Role.DIM)]
        if _up_cells(matrix, width)
        else []
    )
    for name in _shown_sbcs(matrix, window, width):
        cells.append(Cell(" " + fit(name, wide), Role.BAD if name in matrix.blamed else Role.DIM))
    verdict = _verdict_cells(matrix, window, width)
    cells += [Cell(f" {fit('WHOSE FAULT', verdict)}", Role.DIM)] if verdict else []
    return (cut_line(tuple(cells), width),)


def row_lines(matrix: Matrix, window: Window, width: int) -> tuple[Line, ...]:
    """Return every row, the cursor's cell marked."""
    return tuple(_row_line(matrix, row, index, window, width) for index, row in enumerate(matrix.rows))


def total_line(matrix: Matrix, window: Window, width: int) -> Line:
    """Return what all carriers of each SBC are together."""
    wide = _column_cells(matrix, width)
    up, legs = sum(row.up for row in matrix.rows), sum(row.legs for row in matrix.rows)
    cells = [Cell(" " * _MARGIN + fit("all", _name_cells(matrix, width)), Role.LABEL)]
    cells += _up(matrix, up, legs, width)
    for name in _shown_sbcs(matrix, window, width):
        cells += _crossing_cells(matrix.totals.get(name), wide, width)
    return cut_line(tuple(cells), width)


def cursor_lines(matrix: Matrix, window: Window, width: int, height: int) -> tuple[Line, ...]:
    """Return what the cursor is on: the pair with its legs, then the sentence of its row, in `height` lines."""
    if not matrix.rows or not matrix.sbcs:
        return (_line("No leg is known yet.", Role.DIM),)
    row, sbc = matrix.rows[window.row], matrix.sbcs[window.column]
    crossing = row.cells.get(sbc)
    here = "no leg" if crossing is None else _in_words(crossing)
    about = (Cell(f" {row.name} on {sbc}", Role.TITLE), Cell(f"  {here}"))
    pieces = wrap(f"{row.name}: {row.sentence}", max(width - 2, 8))
    lines = (cut_line(about, width), *(_line(piece, row.verdict.role) for piece in pieces))
    if len(lines) <= height:
        return lines
    cut = f"{lines[height - 1][0].text.rstrip()} …" if height > 1 else ""
    return (*lines[: height - 1], (Cell(fit(cut, width), row.verdict.role),)) if cut else lines[:1]


def where(matrix: Matrix, window: Window, width: int) -> str:
    """Return which SBCs are in view, such as `SBCs 1-8 of 200`; empty while all are."""
    fitting = columns_in_view(matrix, width)
    if fitting >= len(matrix.sbcs):
        return ""
    first, last, all_of_them = window.left + 1, min(window.left + fitting, len(matrix.sbcs)), len(matrix.sbcs)
    return f"SBCs {first}-{last} of {all_of_them}" if width >= _NARROW else f"{first}-{last}/{all_of_them}"


def _row(
    carrier: str | None,
    legs: Sequence[LegStatus],
    verdicts: Sequence[Correlated],
    explained: dict[str, Correlated],
) -> MatrixRow:
    by_sbc: dict[str, list[LegStatus]] = {}
    for leg in legs:
        by_sbc.setdefault(leg.sbc, []).append(leg)
    own = [one for one in verdicts if one.carrier == carrier and carrier is not None]
    over = [one for leg in legs if (one := explained.get(leg.id)) is not None and one.carrier is None]
    above = list(dict.fromkeys(one.reason for one in over))
    up = sum(leg.state is LegState.UP for leg in legs)
    if own:
        more = f" (+{len(own) - 1} more)" if len(own) > 1 else ""
        verdict, sentence = (
            Cell(kind_words(own[0]) + more, role_of(own[0])),
            "; ".join(one.reason for one in own),
        )
    elif over:
        verdict, sentence = Cell(f"part of {kind_words(over[0])}", role_of(over[0])), "; ".join(above)
    else:
        verdict, sentence = _without_verdict(legs)
    cells = {sbc: _crossing(members) for sbc, members in by_sbc.items()}
    return MatrixRow(carrier, cells, up, len(legs), verdict, sentence)


def _without_verdict(legs: Sequence[LegStatus]) -> tuple[Cell, str]:
    """Say what there is of a carrier on which there is no verdict."""
    bad = [leg for leg in legs if leg.state in FAULTS]
    if not bad:
        return Cell("fine", Role.GOOD), f"{plural(len(legs), 'leg')}, no trouble"
    worst = min(bad, key=lambda leg: (_RANK[leg.state], leg.id))
    more = f" (+{len(bad) - 1} more)" if len(bad) > 1 else ""
    return Cell(NOT_KNOWN, Role.DIM), f"{worst.id}: {worst.reason}{more}"


def _trouble(
    row: MatrixRow, legs: Iterable[LegStatus], told: dict[str, Correlated]
) -> tuple[bool, int, int, str]:
    """Order rows: verdicts, the loudest first, then the worst state; what has no carrier comes last."""
    loud = max((SEVERITY_RANK[one.severity] for leg in legs if (one := told.get(leg.id))), default=0)
    worst = min((_RANK[cell.state] for cell in row.cells.values()), default=len(_RANK))
    return row.carrier is None, -loud, worst, row.name


def _crossing(legs: Sequence[LegStatus]) -> Crossing:
    if len(legs) == 1:
        return Crossing(legs[0].state, 1, 1)
    states = Counter(leg.state for leg in legs)
    state = min(states, key=_RANK.__getitem__)
    return Crossing(state, states[state], len(legs))


def _row_line(matrix: Matrix, row: MatrixRow, index: int, window: Window, width: int) -> Line:
    wide, on_row = _column_cells(matrix, width), index == window.row
    cells = [
        Cell(fit("▸" if on_row else "", _MARGIN)),
        Cell(fit(row.name, _name_cells(matrix, width)), Role.TITLE if on_row else Role.TEXT),
    ]
    cells += _up(matrix, row.up, row.legs, width)
    for name in _shown_sbcs(matrix, window, width):
        on_cell = on_row and matrix.sbcs[window.column] == name
        cells += _crossing_cells(row.cells.get(name), wide, width, Role.CURSOR if on_cell else None)
    room = _verdict_cells(matrix, window, width)
    cells += [Cell(" "), row.verdict._replace(text=fit(row.verdict.text, room))] if room else []
    return cut_line(tuple(cells), width)


def _crossing_cells(crossing: Crossing | None, wide: int, width: int, over: Role | None = None) -> list[Cell]:
    """Return a blank and a crossing in `wide` cells; a pair without a leg is a dot. A style never reaches the blanks."""
    if crossing is None:
        text, role = "·", Role.DIM
    else:
        word = crossing.text
        text = word if width >= _NARROW and cell_width(word) <= wide else crossing.brief
        role = STATE_ROLES[crossing.state]
    return [Cell(" "), Cell(text, role, over), Cell(" " * (wide - cell_width(text)))]


def _up(matrix: Matrix, up: int, legs: int, width: int) -> list[Cell]:
    """Return how many legs of all are up, at the right edge of its column; nothing where there is none."""
    if not _up_cells(matrix, width):
        return []
    text = f"{up}/{legs}"
    pad = _up_cells(matrix, width) - cell_width(text)
    return [Cell(" " * pad), Cell(text, Role.TEXT if up == legs else Role.WARN)]


def _in_words(crossing: Crossing) -> str:
    if crossing.legs == 1:
        return f"its one leg is {STATE_WORDS[crossing.state]}: enter shows it"
    return f"{crossing.many} of {crossing.legs} legs {STATE_WORDS[crossing.state]}: enter shows them"


def _shown_sbcs(matrix: Matrix, window: Window, width: int) -> tuple[str, ...]:
    return matrix.sbcs[window.left : window.left + columns_in_view(matrix, width)]


def _name_cells(matrix: Matrix, width: int) -> int:
    most = _NAME_LEAST if width < _VERDICT_FROM else _NAME_MOST
    return min(max(matrix.carrier_cells, len("CARRIER")), most)


def _column_cells(matrix: Matrix, width: int) -> int:
    """Return the cells of one SBC: its name and what stands under it, within reason."""
    roomy = width >= _NARROW
    share = 2 * matrix.digits + 2 if matrix.digits else 0
    return max((7 if roomy else 1) + share, min(matrix.sbc_cells, 12 if roomy else 8))


def _up_cells(matrix: Matrix, width: int) -> int:
    digits = len(str(sum(row.legs for row in matrix.rows)))
    return 2 * digits + 1 + 2 * _GAP if width >= _NARROW else 0


def _least_verdict(width: int) -> int:
    return _VERDICT_LEAST + _GAP if width >= _VERDICT_FROM else 0


def _verdict_cells(matrix: Matrix, window: Window, width: int) -> int:
    """Return what is left to the words of a row's verdict, 0 where they stand below the matrix alone."""
    if width < _VERDICT_FROM:
        return 0
    shown_sbcs = len(_shown_sbcs(matrix, window, width))
    taken = _MARGIN + _name_cells(matrix, width) + _up_cells(matrix, width)
    taken += shown_sbcs * (_column_cells(matrix, width) + _GAP) + _GAP
    return max(min(width - taken, _VERDICT_MOST), 0)


def _line(text: str, role: Role) -> Line:
    return (Cell(f" {text}", role),)
