"""Makes text from outside harmless: what an SBC, a carrier, a file or an exception said is cleaned here, once.

`clean` turns `Raw` text into `Safe` text: no control character, no escape sequence, no bidi override, no
invisible or unassigned character survives, so printing it can neither move a cursor nor hide a word.
It does not make text safe as *markup*: the screen must still render it as plain text.
"""

from __future__ import annotations

import unicodedata
from typing import NewType

Raw = NewType("Raw", str)
"""Text as it came from outside; never shown, logged or written as it is."""

Safe = NewType("Safe", str)
"""Text that went through `clean`; one line, printable, bounded."""

SHOWN_LIMIT = 256
"""Characters kept of a name, a banner, an error text."""

LINE_LIMIT = 4096
"""Characters kept of one line of an SBC's answer: longer than any row ever recorded (about 300)."""

_REPLACEMENT = "�"
_CUT = "…"
_MAX_MARKS = 2
_UNSAFE = frozenset({"Cc", "Cf", "Cs", "Co", "Cn", "Zl", "Zp"})
_MARKS = frozenset({"Mn", "Me"})
INVISIBLE = frozenset(
    "\u034f\u115f\u1160\u17b4\u17b5\u180b\u180c\u180d\u180f\u2800\u3164\uffa0"
    + "".join(map(chr, range(0xFE00, 0xFE10)))
    + "".join(map(chr, range(0xE0100, 0xE01F0)))
)
"""Letters, marks and symbols by category that nobody sees: fillers, joiners, variation selectors, blank Braille."""


def clean(raw: str | bytes, limit: int = SHOWN_LIMIT) -> Safe:
    """Return `raw` as one printable line of at most `limit` characters.

    C0 controls become their visible pictures (BEL is shown as U+2407), DEL U+2421; C1 controls, format
    characters (bidi, zero width, tags, soft hyphen), `INVISIBLE` ones, surrogates, private, unassigned and line
    separators become U+FFFD; more than two combining marks in a row are dropped; every kind of space becomes a blank.
    Bytes are read as UTF-8, unreadable ones as U+FFFD. Never raises.
    """
    text = raw.decode("utf-8", "replace") if isinstance(raw, bytes) else raw
    cut = len(text) > limit
    if cut:
        text = text[: max(limit - 1, 0)]
    if text.isascii() and text.isprintable():
        return Safe(text + _CUT if cut else text)
    out: list[str] = []
    marks = 0
    for char in text:
        safe = _one(char)
        if unicodedata.category(safe) in _MARKS:
            marks += 1
            if marks > _MAX_MARKS or not out:
                continue
        else:
            marks = 0
        out.append(safe)
    if cut:
        out.append(_CUT)
    return Safe("".join(out))


def clean_lines(raw: bytes, limit: int = LINE_LIMIT) -> tuple[Safe, ...]:
    """Split an answer at its line ends (LF or CRLF) and clean each line; a final line end adds no empty line."""
    if not raw:
        return ()
    lines = raw.split(b"\n")
    if lines[-1] == b"":
        lines.pop()
    return tuple(clean(line.removesuffix(b"\r"), limit) for line in lines)


def _one(char: str) -> str:
    code = ord(char)
    if code < 0x20:
        return chr(0x2400 + code)
    if code == 0x7F:
        return "␡"
    if code < 0x7F:
        return char
    category = unicodedata.category(char)
    if category == "Zs":
        return " "
    return _REPLACEMENT if category in _UNSAFE or char in INVISIBLE else char
