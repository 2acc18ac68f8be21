"""From lines of cells to strips and spans."""

from __future__ import annotations

from hypothesis import given
from hypothesis import strategies as st
from rich.console import Console
from textual._compositor import ChopsUpdate
from textual.strip import Strip

from trunktui.present.cells import Cell, Role
from trunktui.present.themes import load_theme
from trunktui.tui.paint import Painted, Palette, SpanUpdate, cropped, dirty_spans

PALETTE = Palette(load_theme("dark"))
roles = st.sampled_from(list(Role))
lines = st.lists(st.builds(Cell, st.text(max_size=12), roles), max_size=6).map(tuple)


@given(lines, st.integers(0, 40))
def test_a_painted_line_is_exactly_as_wide_as_asked(line: tuple[Cell, ...], width: int) -> None:
    painted = PALETTE.paint(line, width)
    assert len(painted.cells) == width
    assert painted.strip.cell_length == width


@given(lines, lines, st.integers(0, 40))
def test_repainting_the_dirty_spans_gives_the_new_line(
    before: tuple[Cell, ...], after: tuple[Cell, ...], width: int
) -> None:
    old, new = PALETTE.paint(before, width), PALETTE.paint(after, width)
    result = list(old.cells)
    for start, end in dirty_spans(old, new):
        result[start:end] = new.cells[start:end]
    assert tuple(result) == new.cells


def painted(text: str) -> Painted:
    return PALETTE.paint((Cell(text),), 80)


def test_one_changed_digit_is_one_dirty_cell() -> None:
    assert dirty_spans(painted("ok 412ms"), painted("ok 413ms")) == [(5, 6)]


def test_changes_far_apart_are_two_spans_and_near_ones_one() -> None:
    assert dirty_spans(painted("1" + " " * 30 + "1"), painted("2" + " " * 30 + "2")) == [(0, 1), (31, 32)]
    assert dirty_spans(painted("1 1"), painted("2 2")) == [(0, 3)]


def test_blanks_take_the_style_to_their_left_so_that_segments_are_few() -> None:
    line = (Cell("● UP", Role.UP), Cell("   "), Cell("alpha"), Cell("  "), Cell("beta"))
    assert [segment.text.rstrip() for segment in PALETTE.paint(line, 30).strip] == ["● UP", "alpha  beta"]


def test_a_cursor_row_is_painted_to_its_last_cell() -> None:
    strip = PALETTE.paint((Cell("x"),), 10, (Role.CURSOR,)).strip
    assert all(segment.style is not None and segment.style.bgcolor is not None for segment in strip)


def test_a_bar_is_not_turned_into_its_opposite_by_a_reversed_cursor() -> None:
    palette = Palette(load_theme("ansi"))
    strip = palette.paint((Cell("ab"), Cell("███  ", chart=True)), 7, (Role.CURSOR,)).strip
    reversed_text = "".join(segment.text for segment in strip if segment.style and segment.style.reverse)
    assert reversed_text == "ab"


def test_ascii_only_paints_nothing_else() -> None:
    palette = Palette(load_theme("mono"), ascii_only=True)
    assert palette.paint((Cell("✖ DOWN 日本 é – ∞"),), 30).strip.text.isascii()


def test_a_partial_update_writes_the_dirty_span_alone() -> None:
    strip: dict[int, Strip | None] = {0: painted("abcdefgh").strip}
    update = cropped(ChopsUpdate([strip], [(0, 3, 5)], [[80]]))
    assert isinstance(update, SpanUpdate)
    assert update.render_segments(Console()) == "\x1b[1;4Hde"


def test_other_updates_pass_unchanged() -> None:
    assert cropped(None) is None
    update = SpanUpdate([], [], [])
    assert cropped(update) is update
