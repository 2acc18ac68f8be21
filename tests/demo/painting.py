"""Paints what a terminal shows as an SVG: text that can be read and searched, no font and nothing else from elsewhere. Pure."""

from __future__ import annotations

from collections.abc import Iterator
from itertools import groupby
from xml.sax.saxutils import escape

import pyte
from pyte.screens import Char

_WIDE, _HIGH, _EDGE = 8.4, 17.0, 10.0
_FRONT, _BACK = "#d4d4d4", "#121212"
_COLOURS = {
    "black": "#000000",
    "red": "#cd3131",
    "green": "#0dbc79",
    "brown": "#e5e510",
    "blue": "#2472c8",
    "magenta": "#bc3fbc",
    "cyan": "#11a8cd",
    "white": "#e5e5e5",
    "brightblack": "#666666",
    "brightred": "#f14c4c",
    "brightgreen": "#23d18b",
    "brightbrown": "#f5f543",
    "brightblue": "#3b8eea",
    "brightmagenta": "#d670d6",
    "brightcyan": "#29b8db",
    "brightwhite": "#ffffff",
}
_Look = tuple[str, str, bool, bool, bool]


def svg(screen: pyte.Screen, title: str) -> str:
    """Return the picture of a screen as it is now; `title` is what a reader hears who does not see it."""
    wide, high = screen.columns * _WIDE + 2 * _EDGE, screen.lines * _HIGH + 2 * _EDGE
    body = "\n".join(part for row in range(screen.lines) for part in _row(screen, row))
    return (
        f'<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 {wide:g} {high:g}" role="img">\n'
        f"<title>{escape(title)}</title>\n"
        f'<rect width="100%" height="100%" rx="6" fill="{_BACK}"/>\n'
        f'<g font-family="ui-monospace, Menlo, Consolas, monospace" font-size="14" fill="{_FRONT}">\n'
        f"{body}\n</g>\n</svg>\n"
    )


def _row(screen: pyte.Screen, row: int) -> Iterator[str]:
    """Yield one row: what is behind its text first."""
    texts, at = [], 0
    for look, run in groupby((screen.buffer[row][column] for column in range(screen.columns)), _look):
        cells = list(run)
        text = "".join(cell.data for cell in cells)
        x, wide = _EDGE + at * _WIDE, len(cells) * _WIDE
        if look[1] != _BACK:
            yield f'<rect x="{x:.1f}" y="{_EDGE + row * _HIGH:g}" width="{wide:.1f}" height="{_HIGH:g}" fill="{look[1]}"/>'
        if text.strip():
            texts.append(_text(text, look, x, row))
        at += len(cells)
    yield from texts


def _text(text: str, look: _Look, x: float, row: int) -> str:
    front, _, bold, italics, underscore = look
    lead = len(text) - len(text.lstrip(" "))
    shown = text.strip(" ")
    style = f' fill="{front}"' if front != _FRONT else ""
    style += ' font-weight="bold"' if bold else ""
    style += ' font-style="italic"' if italics else ""
    style += ' text-decoration="underline"' if underscore else ""
    return (
        f'<text x="{x + lead * _WIDE:.1f}" y="{_EDGE + row * _HIGH + 13:g}" textLength="{len(shown) * _WIDE:.1f}" '
        f'xml:space="preserve"{style}>{escape(shown)}</text>'
    )


def _look(cell: Char) -> _Look:
    front, back = _colour(cell.fg, _FRONT), _colour(cell.bg, _BACK)
    if cell.reverse:
        front, back = back, front
    return front, back, cell.bold, cell.italics, cell.underscore


def _colour(name: str, default: str) -> str:
    if name == "default":
        return default
    return _COLOURS.get(name, f"#{name}")
