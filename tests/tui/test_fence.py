"""The second fence, and what it uses of Textual's inside."""

from __future__ import annotations

import unicodedata

from hypothesis import given
from hypothesis import strategies as st
from rich.segment import Segment
from rich.style import Style
from textual.app import App
from textual.color import Color

from tests.tui.fleet_samples import PAYLOADS
from tests.tui.running import showing
from trunktui.tui.fence import CleaningFilter

BLACK = Color(0, 0, 0)
UNSAFE = {"Cc", "Cf", "Cs", "Zl", "Zp"}


def filtered(text: str, style: Style | None = None) -> Segment:
    return CleaningFilter().apply([Segment(text, style)], BLACK)[0]


@given(st.text())
def test_no_control_or_format_character_passes(text: str) -> None:
    safe = filtered(text).text
    assert len(safe) == len(text)
    left = {char for char in safe if unicodedata.category(char) in UNSAFE}
    assert not {char for char in left if ord(char) < 0xA0 or char in "\u202e\u2066\u200b\u200d\ufeff\xad"}


def test_every_payload_is_made_harmless() -> None:
    for payload in PAYLOADS:
        assert not {char for char in filtered(payload).text if unicodedata.category(char) in {"Cc", "Cs"}}


def test_harmless_segments_are_kept_as_they_are() -> None:
    segment = Segment("● UP 日本", Style(bold=True))
    assert CleaningFilter().apply([segment], BLACK)[0] is segment


def test_links_and_actions_are_dropped_and_the_look_is_kept() -> None:
    style = Style(bold=True, link="http://x", meta={"@click": "app.quit"})
    safe = filtered("x", style).style
    assert safe is not None
    assert safe.bold
    assert safe.link is None
    assert not safe.meta


async def test_the_app_filters_every_widget_through_the_fence_last() -> None:
    async with showing() as show:
        assert isinstance(show.app.get_line_filters()[-1], CleaningFilter)
        assert isinstance(show.grid.get_line_filters()[-1], CleaningFilter)
    assert "get_line_filters" in vars(App)
