"""What Kamailio writes to syslog of REGISTERs that failed: by l_uuid, with the code. Pure.

The words are Kamailio's (recorded from 5.6.3), the head is syslog's: in its old form without a year, or ISO:

    Nov 23 01:22:52 edge-1 /usr/sbin/kamailio[811]: ERROR: uac [uac_reg.c:1058]: uac_reg_tm_callback(): got sip response 403 while registering [forbid-zeta]
    2026-11-23T01:22:52.419886+01:00 edge-1 kamailio[811]: ERROR: uac [uac_reg.c:933]: uac_reg_tm_callback(): authentication failed for <badpass-delta>

408 is Kamailio's own word for silence. Unlike Asterisk's, these lines name the registration itself: `Refusal.client` is the
l_uuid, `server` is empty. Whether it is tried again is not in the line: the record's flags tell.
"""

from __future__ import annotations

import re
from datetime import UTC, datetime

from trunktui.model.observation import Box
from trunktui.model.tail import Refusal, RefusalKind, TailFacts, TailFile, TailKind
from trunktui.model.text import Safe, clean

LOG = TailFile(TailKind.LOG, "/var/log/kamailio.log", others=("/var/log/syslog", "/var/log/messages"))
"""A log of its own where somebody gave it one, else where rsyslog puts the facility daemon, Kamailio's default."""

_ISO = re.compile(r"(\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d)(\.\d{1,9})?(Z|[+-]\d\d:\d\d)? ", re.ASCII)
_OLD = re.compile(r"([A-Z][a-z]{2}) {1,2}(\d{1,2}) (\d\d:\d\d:\d\d) ", re.ASCII)
_REPLY = re.compile(r": got sip response (\d{3}) while registering \[(\S{1,128})\]\s*", re.ASCII)
_AUTH = re.compile(r": authentication failed for <(\S{1,128})>\s*", re.ASCII)
_MONTHS = ("Jan", "Feb", "Mar", "Apr", "May", "Jun", "Jul", "Aug", "Sep", "Oct", "Nov", "Dec")
_NO_ANSWER, _UNAUTHORIZED = 408, 401
_DAY_S = 86400
_MOST_UNREAD = 5


def parse_log(lines: tuple[Safe, ...], box: Box) -> TailFacts:
    """Read lines of the log, oldest first; most are nobody's business. `box` has the SBC's clock and zone. Never raises."""
    refusals: list[Refusal] = []
    unread: list[Safe] = []
    for line in lines:
        # A substring first: of a million lines few are taken apart.
        if "uac_reg_tm_callback():" not in line:
            continue
        at, said = _at(line, box), line.partition("uac_reg_tm_callback()")[2]
        if (reply := _REPLY.fullmatch(said)) is not None:
            code: int | None = int(reply[1])
            name = reply[2]
        elif (refused := _AUTH.fullmatch(said)) is not None:
            code, name = _UNAUTHORIZED, refused[1]
        else:
            continue
        if at is not None:
            answered = None if code == _NO_ANSWER else code
            refusals.append(Refusal(at, RefusalKind.RETRYING, Safe(""), clean(name), answered, None, line))
        elif len(unread) < _MOST_UNREAD:
            unread.append(line)
    return TailFacts(refusals=tuple(refusals), unread=tuple(unread))


def _at(line: Safe, box: Box) -> float | None:
    """Return seconds since 1970 by the SBC's clock, None where the head holds no time."""
    try:
        if (iso := _ISO.match(line)) is not None:
            fraction = float(iso[2] or 0.0)
            if iso[3]:
                return datetime.fromisoformat(iso[1] + iso[3].replace("Z", "+00:00")).timestamp() + fraction
            return _local(datetime.fromisoformat(iso[1]), box) + fraction
        if (old := _OLD.match(line)) is not None and old[1] in _MONTHS and box.clock_s is not None:
            return _of_the_last_year(old, box, box.clock_s)
    except (ValueError, OverflowError):
        return None
    return None


def _of_the_last_year(old: re.Match[str], box: Box, now: float) -> float:
    """Return when a line without a year was written: at the last such day, for it is not of the future."""
    year = datetime.fromtimestamp(now + (box.zone_s or 0), UTC).year
    month, day = _MONTHS.index(old[1]) + 1, int(old[2])
    # The 29 February of a year that has none is of an earlier one.
    for candidate in (year, year - 1, year - 2, year - 3):
        try:
            at = _local(datetime.fromisoformat(f"{candidate}-{month:02}-{day:02}T{old[3]}"), box)
        except ValueError:
            continue
        if at <= now + _DAY_S:
            return at
    raise ValueError(old[0])


def _local(moment: datetime, box: Box) -> float:
    return moment.replace(tzinfo=UTC).timestamp() - (box.zone_s or 0)
