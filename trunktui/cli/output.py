"""Brings text down to what standard output can take: printing never fails, whatever its encoding."""

from __future__ import annotations

import sys


def encodable(text: str) -> str:
    """Return `text` with what the output's encoding does not have replaced by ASCII that looks like it."""
    from trunktui.present.words import to_ascii

    return text.translate({ord(char): to_ascii(char) for char in _missing(text)})


def encodable_toml(text: str) -> str:
    r"""Return TOML that reads the same, with what the output's encoding does not have as `\u` escapes.

    Such characters stand in quoted strings only, or in comments.
    """
    return text.translate({ord(char): _escape(char) for char in _missing(text)})


def _missing(text: str) -> set[str]:
    encoding = sys.stdout.encoding or "ascii"
    return {char for char in set(text) if not char.encode(encoding, "ignore")}


def _escape(char: str) -> str:
    code = ord(char)
    if 0xD800 <= code <= 0xDFFF:  # half of a character, from a path that is no text; TOML has no word for it
        return "?"
    return f"\\u{code:04X}" if code <= 0xFFFF else f"\\U{code:08X}"
