"""The one vocabulary of the cells: state words, glyphs, durations, and their ASCII stand-ins."""

from __future__ import annotations

import math
import unicodedata

from trunktui.model.health import LegState, ProbeSignal, RegSignal, SbcState
from trunktui.present.freshness import duration

NOT_KNOWN = "–"
"""Shown for every value that is not known; never 0, never blank."""

AT_LEAST = "≥"
"""Before a count that is a lower bound."""

ENDLESS = "∞"
"""Shown for a time that never ends: nothing would ever be noticed."""

STATE_WORDS: dict[LegState, str] = {
    LegState.UP: "UP",
    LegState.DEGRADED: "DEGR",
    LegState.SUSPECT: "SUSP",
    LegState.DOWN: "DOWN",
    LegState.UNMONITORED: "UNMON",
    LegState.UNKNOWN: "UNKN",
    LegState.ADMIN_OFF: "OFF",
    LegState.STANDBY: "STBY",
}
"""The word in the state cell, five letters at most."""

STATE_GLYPHS: dict[LegState, str] = {
    LegState.UP: "●",
    LegState.DEGRADED: "▲",
    LegState.SUSPECT: "◐",
    LegState.DOWN: "✖",
    LegState.UNMONITORED: "◌",
    LegState.UNKNOWN: "?",
    LegState.ADMIN_OFF: "○",
    LegState.STANDBY: "◇",
}
"""One glyph per state, each of another shape: nothing rests on colour."""

LONG_WORDS: dict[LegState, str] = {
    LegState.UP: "up",
    LegState.DEGRADED: "degraded",
    LegState.SUSPECT: "suspect",
    LegState.DOWN: "down",
    LegState.UNMONITORED: "unmonitored",
    LegState.UNKNOWN: "unknown",
    LegState.ADMIN_OFF: "off",
    LegState.STANDBY: "standby",
}
"""The words of counts and sentences."""

SBC_WORDS: dict[SbcState, str] = {
    SbcState.UP: "up",
    SbcState.DEGRADED: "degraded",
    SbcState.DOWN: "down",
    SbcState.UNKNOWN: "unknown",
}

REG_WORDS: dict[RegSignal, str] = {
    RegSignal.NOT_USED: "not used",
    RegSignal.REGISTERED: "ok",
    RegSignal.REFRESHING: "refreshing",
    RegSignal.LATE_REFRESH: "refresh late",
    RegSignal.OVERDUE: "overdue",
    RegSignal.RETRYING: "retry",
    RegSignal.GAVE_UP: "gave up",
    RegSignal.UNREGISTERED: "unregistered",
    RegSignal.ADMIN_OFF: "off",
    RegSignal.STARTING: "registering",
    RegSignal.ABSENT: "not loaded",
    RegSignal.UNKNOWN: NOT_KNOWN,
}

PROBE_WORDS: dict[ProbeSignal, str] = {
    ProbeSignal.OK: "ok",
    ProbeSignal.SLOW: "slow",
    ProbeSignal.LOSS: "loss",
    ProbeSignal.PARTIAL: "some dead",
    ProbeSignal.MISSING: "missed",
    ProbeSignal.DEAD: "no answer",
    ProbeSignal.AUTH_SUSPECT: "403 now",
    ProbeSignal.OVERLOADED: "503, full",
    ProbeSignal.STUCK: "stopped",
    ProbeSignal.PENDING: "first due",
    ProbeSignal.UNMONITORED: "never asked",
    ProbeSignal.UNKNOWN: NOT_KNOWN,
}

_ASCII = {
    "✖": "X", "▲": "!", "◌": "o", "●": "*", "◐": "~", "○": "-", "◇": "=",
    "–": "-", "∞": "~", "·": ".", "…": "~", "≥": ">", "×": "x", "─": "-", "│": "|", "▸": ">", "↑": "^", "↓": "v",
    "▁": "_", "▂": "_", "▃": ".", "▄": "-", "▅": "=", "▆": "+", "▇": "#", "█": "#",
    "▏": ".", "▎": ".", "▍": ":", "▌": ":", "▋": "+", "▊": "+", "▉": "#",
}  # fmt: skip

_MINUTE = 60
_HOUR = 3600
_TWO_DAYS = 2 * 86400
_BRIEF_FROM_S = 600


def span(seconds: float | None) -> str:
    """Write a span of time as `duration` does; None and nonsense read as not known, infinity as endless."""
    if seconds is None or math.isnan(seconds):
        return NOT_KNOWN
    if math.isinf(seconds):
        return ENDLESS if seconds > 0 else duration(0)
    return duration(seconds)


def brief(seconds: float | None) -> str:
    """Write a span of time in one unit from ten minutes on (`12m`, `3h`): a cell that changes seldom."""
    if seconds is None or not _BRIEF_FROM_S <= seconds < math.inf:
        return span(seconds)
    if seconds < _HOUR:
        return f"{int(seconds) // _MINUTE}m"
    if seconds < _TWO_DAYS:
        return f"{int(seconds) // _HOUR}h"
    return duration(seconds)


def plural(count: int, noun: str) -> str:
    """Return `1 leg`, `2 legs`."""
    return f"{count} {noun}" if count == 1 else f"{count} {noun}s"


def to_ascii(text: str) -> str:
    """Return `text` in ASCII with the same width in cells, as far as a terminal without UTF-8 can show it."""
    if text.isascii():
        return text
    out = []
    # the one sign of two ASCII characters takes the place of the blank before it
    for char in text.replace(f" {AT_LEAST}", ">="):
        if char.isascii():
            out.append(char)
        else:
            out.append(_ASCII.get(char, "?" * cell_width(char)))
    return "".join(out)


def cell_width(text: str) -> int:
    """Return how many terminal cells `text` takes: wide characters two, combining marks none."""
    if text.isascii():
        return len(text)
    return sum(_char_width(char) for char in text)


def fit(text: str, width: int, *, right: bool = False) -> str:
    """Return `text` padded or cut (with an ellipsis) to exactly `width` cells."""
    have = cell_width(text)
    if have > width:
        text = _cut(text, width)
        have = cell_width(text)
    pad = " " * (width - have)
    return pad + text if right else text + pad


def fit_leg(leg_id: str, width: int) -> str:
    """Return a leg's id in exactly `width` cells; where it is too long the trunk is cut and the SBC kept."""
    trunk, at, sbc = leg_id.rpartition("@")
    tail = at + sbc
    room = width - cell_width(tail)
    least_trunk = 4
    if cell_width(leg_id) <= width or not at or room < least_trunk:
        return fit(leg_id, width)
    return fit(trunk, room) + tail


def tail(text: str, width: int) -> str:
    """Return the end of `text` in at most `width` cells, behind an ellipsis where something was cut off."""
    if cell_width(text) <= width:
        return text
    start = 1
    while cell_width(text[start:]) > width - 1:
        start += 1
    return "…" + text[start:]


def wrap(text: str, width: int) -> tuple[str, ...]:
    """Break `text` into lines of at most `width` cells, at blanks where there are any; at least one line."""
    width = max(width, 2)
    lines: list[str] = []
    line = ""
    for word in text.split(" "):
        joined = f"{line} {word}" if line else word
        if cell_width(joined) <= width:
            line = joined
            continue
        if line:
            lines.append(line)
        line = word
        while cell_width(line) > width:
            piece = _take(line, width)  # never empty: no character is wider than two cells
            lines.append(piece)
            line = line[len(piece) :]
    lines.append(line)
    return tuple(lines)


def _char_width(char: str) -> int:
    if unicodedata.category(char) in {"Mn", "Me", "Cf"}:
        return 0
    return 2 if unicodedata.east_asian_width(char) in {"W", "F"} else 1


def _take(text: str, width: int) -> str:
    used = 0
    for index, char in enumerate(text):
        used += _char_width(char)
        if used > width:
            return text[:index]
    return text


def _cut(text: str, width: int) -> str:
    if width <= 0:
        return ""
    kept = _take(text, width - 1)
    return kept + "…" if cell_width(kept) < width else "…"


_SOFTWARE = {
    "asterisk": "Asterisk",
    "freeswitch": "FreeSWITCH",
    "kamailio": "Kamailio",
    "auto": "its software",
}


def software(platform: str) -> str:
    """Return what a platform's people call its software."""
    return _SOFTWARE.get(platform, platform)
