"""Turns the bytes of an SBC's answer into lines that hold neither a control character nor a secret.

A password must not slip past the redactor behind an escape sequence, an overstrike or an invisible character
(`pass<ESC>[0mword: x` reads as a password on a terminal). So a line with such characters is read as it is,
without what cannot be seen, without escape sequences, and without what was struck over; where one of these
readings holds a secret, that reading is what is shown, the secret masked.
"""

from __future__ import annotations

import re
import unicodedata
from collections.abc import Iterator

from trunktui.model.redact import redact
from trunktui.model.text import INVISIBLE, LINE_LIMIT, Safe, clean

_OVERLAP = 512
"""Characters beyond the limit that the redactor still sees: a secret cut by the limit is known as one."""

_PIECE_LIMIT = 4 * LINE_LIMIT
"""Characters kept of one object of a JSON answer: a channel's row is about 1,000."""

_ESCAPES = re.compile(
    r"(?: \x1b\[ | \x9b ) [0-?]* [ -/]* [@-~]"  # CSI: colours, cursor
    r"| (?: \x1b[\]PX^_] | [\x9d\x90\x98\x9e\x9f] ) [^\x1b\x07\x9c]{0,512} (?: \x07 | \x1b\\ | \x9c )"  # OSC
    r"| \x1b [ -/]* [0-Z\\^-~]",  # two-character sequences
    re.VERBOSE,
)
_OVERSTRUCK = re.compile(r"[^\x08]\x08")
_HIDDEN = frozenset({"Cc", "Cf", "Cs", "Co", "Cn", "Zl", "Zp", "Mn", "Me"})


def safe_lines(raw: bytes) -> tuple[Safe, ...]:
    """Split `raw` at its line ends (LF or CRLF) into cleaned, redacted lines; a final line end adds none."""
    if not raw:
        return ()
    lines = raw.split(b"\n")
    if lines[-1] == b"":
        lines.pop()
    return tuple(safe_line(line.removesuffix(b"\r")) for line in lines)


def safe_json(raw: bytes) -> tuple[Safe, ...]:
    """Cut JSON in one line into pieces between its objects, each cleaned and redacted; joined they are the whole.

    A secret is masked within its own value, so that what stands behind it can still be read.
    """
    pieces = raw.replace(b"},{", b"},\n{").split(b"\n")
    return tuple(_safe_piece(piece.removesuffix(b"\r")) for piece in pieces if piece)


def _safe_piece(raw: bytes) -> Safe:
    text = raw[: _PIECE_LIMIT + 1].decode("utf-8", "replace")
    if text.isascii() and text.isprintable() and redact(text) == text:
        return clean(text, _PIECE_LIMIT)
    return clean('","'.join(safe_line(value.encode()) for value in text.split('","')), _PIECE_LIMIT)


def safe_line(raw: bytes) -> Safe:
    """Return one line cleaned, redacted and cut at `LINE_LIMIT` characters."""
    text = raw[: 4 * (LINE_LIMIT + _OVERLAP)].decode("utf-8", "replace")[: LINE_LIMIT + _OVERLAP]
    if text.isascii() and text.isprintable():
        return clean(redact(text), LINE_LIMIT)
    shown = text
    for reading in _readings(text):
        redacted = redact(reading)
        if redacted != reading:
            shown = redacted
    return clean(shown, LINE_LIMIT)


def _readings(text: str) -> Iterator[str]:
    """Yield what an eye may make of `text`, the best reading last."""
    yield text
    yield _without_hidden(text)
    plain = _ESCAPES.sub("", text)
    yield _without_hidden(plain)
    yield _without_hidden(_OVERSTRUCK.sub("", plain))


def _without_hidden(text: str) -> str:
    return "".join(char for char in text if char == "\t" or not _hidden(char))


def _hidden(char: str) -> bool:
    return unicodedata.category(char) in _HIDDEN or char in INVISIBLE
