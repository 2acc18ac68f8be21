"""The newcomer's line: on one line where it fits, on two where it does not, never more."""

from __future__ import annotations

import pytest

from trunktui.demo.story import NEWCOMERS_STORY
from trunktui.present.cells import plain
from trunktui.present.tip import tip_lines
from trunktui.present.words import cell_width


def test_no_tip_takes_no_line() -> None:
    assert tip_lines("", 80) == ()


def test_a_tip_that_fits_stands_on_one_line_behind_its_mark() -> None:
    assert [plain(line) for line in tip_lines("Look at this.", 80)] == [" DEMO  Look at this."]


@pytest.mark.parametrize("width", [20, 40, 80, 100, 160])
def test_no_line_is_wider_than_the_terminal(width: int) -> None:
    for tip in NEWCOMERS_STORY.tips:
        lines = tip_lines(tip.text, width)
        assert 1 <= len(lines) <= 2
        assert all(cell_width(plain(line)) <= width for line in lines)


@pytest.mark.parametrize(("width", "most"), [(80, 2), (160, 1)])
def test_every_tip_of_the_story_fits_whole(width: int, most: int) -> None:
    for tip in NEWCOMERS_STORY.tips:
        lines = tip_lines(tip.text, width)
        assert len(lines) <= most
        assert not plain(lines[-1]).endswith("…"), tip.text
