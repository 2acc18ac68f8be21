"""Lays rows and titles out as lines of cells of exact width, for the screen and for plain text alike."""

from __future__ import annotations

from collections.abc import Sequence

from trunktui.present.cells import Cell, Line, Role
from trunktui.present.columns import GAP, MARGIN, Column, ColumnKey
from trunktui.present.fleet import Row
from trunktui.present.marks import MarkWord
from trunktui.present.words import cell_width, fit, fit_leg


def title_line(columns: Sequence[Column]) -> Line:
    """Return the line of column titles."""
    text = " " * MARGIN + (" " * GAP).join(
        fit(column.title, column.width, right=column.right) for column in columns
    )
    return (Cell(text, Role.DIM),)


def row_line(row: Row, columns: Sequence[Column], mark: str = "") -> Line:
    """Return a row as one line; `mark` (one cell) goes into the margin.

    Blanks are given to the cell on their left, so that neighbours of one role can be painted as one piece.
    """
    cells = [Cell(fit(mark, MARGIN))]
    last = len(columns) - 1
    for index, column in enumerate(columns):
        cell = row.cell(column.key)
        if column.key is ColumnKey.LEG:
            cells += _leg_cells(cell, row.mark, column.width)
        else:
            cells.append(cell._replace(text=fit(cell.text, column.width, right=column.right)))
        if index != last:
            cells.append(Cell(" " * GAP))
    return tuple(cells)


def _leg_cells(cell: Cell, mark: MarkWord | None, width: int) -> list[Cell]:
    """Return a leg's name and, at the right edge of its column, its mark: the word, or its letter beside a long name."""
    if mark is None:
        return [cell._replace(text=fit_leg(cell.text, width))]
    roomy = cell_width(cell.text) + 1 + cell_width(mark) <= width
    told = f" {mark.value if roomy else mark.letter}"
    return [cell._replace(text=fit_leg(cell.text, width - cell_width(told))), Cell(told, Role.LABEL)]


def cut_line(line: Line, width: int) -> Line:
    """Return `line` cut to at most `width` cells, with an ellipsis where something was cut off."""
    if sum(cell_width(cell.text) for cell in line) <= width:
        return line
    out: list[Cell] = []
    room = width
    for cell in line:
        wide = cell_width(cell.text)
        if wide > room or (wide == room and cell is not line[-1]):
            out.append(cell._replace(text=fit(cell.text + " " * (wide == room), room)))
            break
        out.append(cell)
        room -= wide
    return tuple(out)
