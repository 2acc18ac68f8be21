"""What FreeSWITCH writes to its log of REGISTERs that failed: by gateway, with the code and the wait. Pure.

Each line begins with local time by FreeSWITCH's zone, from 1.10.10 on with the share of the CPU that is idle; where a call
or a uuid is logged too, that stands before it:

    2026-11-23 01:22:52.419886 98.03% [WARNING] sofia_reg.c:2661 forbid-f Failed Registration with status Forbidden [403]. failure #3
    2026-11-23 01:22:53.419901 98.03% [WARNING] sofia_reg.c:525 forbid-f Failed Registration [403], setting retry to 30 seconds.
    2026-11-23 01:23:10.001122 97.40% [WARNING] sofia_reg.c:501 Timeout Registering dead-e
    2026-11-23 01:23:10.001122 97.40% [WARNING] sofia_reg.c:499 Ping failed ipdead-h with code 408 - count 1/0/1, state DOWN

The line with the wait tells the code too. The one before it has the number of the failure: where the wait grows, it is
the gateway's retry-seconds as many times, which FreeSWITCH tells nowhere else.
Unlike Asterisk's, these lines name the registration itself: `Refusal.client` is the gateway, `server` is empty.
"""

from __future__ import annotations

import re
from datetime import UTC, datetime

from msgspec import structs

from trunktui.model.observation import Box
from trunktui.model.tail import Refusal, RefusalKind, TailFacts, TailFile, TailKind
from trunktui.model.text import Safe
from trunktui.platforms.freeswitch_legs import grows, sip_code

LOG = TailFile(
    TailKind.LOG,
    "/var/log/freeswitch/freeswitch.log",
    others=("/usr/local/freeswitch/log/freeswitch.log",),
)
"""Where mod_logfile writes to: of the packages, and of one built from source."""

_HEAD = re.compile(
    r"(?:[0-9a-f-]{36} )?(\d{4}-\d\d-\d\d) (\d\d:\d\d:\d\d)(\.\d{1,9})? (?:[0-9.]{1,6}% )?"
    r"\[[A-Z]{3,7}\] sofia_reg\.c:\d{1,6} (.*)",
    re.ASCII,
)
_RETRY = re.compile(
    r"(\S{1,128}) Failed Registration \[(\d{3})\], setting retry to (\d{1,9}) seconds\.?", re.ASCII
)
_TIMEOUT = re.compile(r"Timeout Registering (\S{1,128})")
_COUNTED = re.compile(
    r"(\S{1,128}) Failed Registration with status .* \[\d{3}\]\. failure #(\d{1,9})", re.ASCII
)
_NO_ANSWER = 408
_MOST_UNREAD = 5


def parse_log(lines: tuple[Safe, ...], box: Box) -> TailFacts:
    """Read lines of the log, oldest first; most are nobody's business. `box` has the SBC's zone. Never raises."""
    refusals: list[Refusal] = []
    unread: list[Safe] = []
    failures: dict[str, int] = {}
    for line in lines:
        # Substrings first: of a million lines few are taken apart.
        if "sofia_reg.c" not in line or not ("Failed Registration" in line or "Timeout Registering" in line):
            continue
        found = _HEAD.fullmatch(line)
        at = None if found is None else _at(found[1], found[2], found[3], box)
        refusal = None if found is None or at is None else _refusal(found[4], at, line)
        counted = None if found is None else _COUNTED.fullmatch(found[4])
        if refusal is not None:
            step = _wait_step(refusal, failures.pop(refusal.client, 0))
            refusals.append(structs.replace(refusal, wait_step_s=step))
        elif counted is not None:
            failures[counted[1]] = int(counted[2])
        elif len(unread) < _MOST_UNREAD:
            unread.append(line)
    return TailFacts(refusals=tuple(refusals), unread=tuple(unread))


def _refusal(said: str, at: float, line: Safe) -> Refusal | None:
    if (found := _RETRY.fullmatch(said)) is not None:
        code = sip_code(int(found[2]))
        answered = None if code == _NO_ANSWER else code
        return Refusal(at, RefusalKind.RETRYING, Safe(""), Safe(found[1]), answered, int(found[3]), line)
    if (found := _TIMEOUT.fullmatch(said)) is not None:
        return Refusal(at, RefusalKind.RETRYING, Safe(""), Safe(found[1]), None, None, line)
    return None


def _wait_step(refusal: Refusal, failures: int) -> int | None:
    """Return what each failure adds to the wait; 0 where the number of this one (0: not told) does not tell that."""
    if refusal.retry_s is None or not grows(refusal.code):
        return None
    return refusal.retry_s // failures if failures and refusal.retry_s % failures == 0 else 0


def _at(day: str, time: str, fraction: str | None, box: Box) -> float | None:
    """Return seconds since 1970 by the SBC's clock, None for a time that is none."""
    try:
        local = datetime.fromisoformat(f"{day}T{time}").replace(tzinfo=UTC)
    except ValueError:
        return None
    return local.timestamp() - (box.zone_s or 0) + float(fraction or 0.0)
