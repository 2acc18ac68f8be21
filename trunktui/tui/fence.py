"""The second fence: whatever text reaches a strip, no control character leaves it for the terminal.

The first is `clean()` where text enters; this one holds even if something forgot it. It rests on Textual's
line filters, which are internal: a test pins what is used of them.
"""

from __future__ import annotations

import re

from rich.segment import Segment
from rich.style import Style
from textual.color import Color
from textual.filter import LineFilter

_UNSAFE = re.compile(
    "[\x00-\x1f\x7f-\x9f\xad\u061c\u180e\u200b-\u200f\u2028-\u202e\u2060-\u206f\ud800-\udfff"
    "\ufe00-\ufe0f\ufeff\ufff9-\ufffb\U000e0000-\U000e0fff]"
)
_REPLACEMENT = "\ufffd"


class CleaningFilter(LineFilter):
    """Replaces control, format and surrogate characters in every segment, and drops links and actions."""

    def apply(self, segments: list[Segment], background: Color) -> list[Segment]:  # noqa: ARG002 - Textual's
        """Return `segments` made harmless; a segment that is harmless already is kept as it is."""
        return [self._safe(segment) for segment in segments]

    def _safe(self, segment: Segment) -> Segment:
        text, style, control = segment
        unsafe = not text.isascii() or not text.isprintable()
        if unsafe and _UNSAFE.search(text):
            text = _UNSAFE.sub(_REPLACEMENT, text)
        elif not control and (style is None or not _acts(style)):
            return segment
        return Segment(text, _inert(style), None)


def _acts(style: Style) -> bool:
    return style.link is not None or bool(style.meta)


def _inert(style: Style | None) -> Style | None:
    """Return the look of `style` without its link and its actions."""
    if style is None or not _acts(style):
        return style
    return style.clear_meta_and_links()
