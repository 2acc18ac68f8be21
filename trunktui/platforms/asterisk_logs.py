"""What Asterisk writes to its log of REGISTERs that failed, and of requests that did not authenticate. Pure.

The default `dateformat` and the one before it; local time by Asterisk's zone, the older without a year:

    [2026-11-23 01:29:38.736] WARNING[12520] res_pjsip_outbound_registration.c: Temporal response '503' received from 'sip:10.77.0.21:5071' on registration attempt to 'sip:trunk1008@10.77.0.21:5071', retrying in '10'
    [Nov 23 01:29:48] WARNING[12520] res_pjsip_outbound_registration.c: No response received from 'sip:10.77.0.23:5060' on registration attempt to 'sip:trunk1005@10.77.0.23:5060', retrying in '10'

Which files there are and what goes into each, `logger show channels` tells:

    Channel                             Type     Formatter  Status    Configuration
    -------                             ----     ---------  ------    -------------
    /var/log/asterisk/messages.log      File     default    Enabled    - NOTICE WARNING ERROR SECURITY
"""

from __future__ import annotations

import re
from datetime import UTC, datetime, timedelta

from msgspec import Struct, structs

from trunktui.model.ask import Reply
from trunktui.model.observation import Box
from trunktui.model.tail import (
    AuthFailure,
    AuthSuccess,
    InviteRefusal,
    Refusal,
    RefusalKind,
    TailFacts,
    TailFile,
    TailKind,
)
from trunktui.model.text import Safe, clean

LOG = TailFile(TailKind.LOG, "/var/log/asterisk/messages.log", None, ("/var/log/asterisk/messages",))
"""Where Asterisk logs to unless told otherwise: since 18 and before."""

_NO_LOG = (
    "'logger show channels' lists no file with WARNING: add messages.log => notice,warning,error,security "
    "to logger.conf"
)
_JSON_ONLY = (
    "its log is written as JSON, which is not read: add a file with the default formatter to logger.conf"
)
_ROW = re.compile(r"(/\S.*?)\s+File\s+(\S+)\s+Enabled\s+- (.*)", re.ASCII)
_READABLE = frozenset({"default", "plain"})
_MOST_UNREAD = 5

_HEAD = re.compile(
    r"\[(?:(?P<whole>\d{4}-\d\d-\d\d)[ T]|(?P<month>[A-Z][a-z]{2}) ++(?P<day>\d{1,2}) )(?P<time>\d\d:\d\d:\d\d)"
    r"(?P<fraction>\.\d{1,9})?(?P<zone>[+-]\d{4})?\] (?P<level>[A-Z]+)\[\d+\](?:\[C-[0-9a-f]+\])?:? (?P<source>[\w./-]+\.c)"
    r"(?::\d+)?(?: [\w() ]+)?: (?P<said>.*)",
    re.ASCII,
)
_MONTHS = ("Jan", "Feb", "Mar", "Apr", "May", "Jun", "Jul", "Aug", "Sep", "Oct", "Nov", "Dec")
_YEARS_BACK = 4
_AHEAD = timedelta(days=1)

_REGISTRATION = "res_pjsip_outbound_registration.c"
_ATTEMPT = re.compile(
    r"(?:(?P<word>Temporal response|Fatal response) '(?P<a>\d{3})' received|(?P<silence>No response) received"
    r"|'?(?P<b>\d{3})'?(?: Forbidden)? fatal response received) from '(?P<server>[^']*)' on registration attempt to "
    r"'(?P<client>[^']*)', (?:retrying in '(?P<retry>\d{1,9})'(?: seconds)?|(?P<stop>stopping) outbound registration)",
    re.ASCII,
)
_EXHAUSTED = re.compile(
    r"Maximum retries reached when attempting outbound registration to '(?P<server>[^']*)' with client "
    r"'(?P<client>[^']*)', stopping registration attempt"
)
_ABOUT_AN_ATTEMPT = ("received from", "registration attempt")

_REQUEST = re.compile(r"Request '([A-Za-z-]{1,32})' from '(.*)", re.ASCII)
_FAILED_FOR = "' failed for '"
_SOURCE = re.compile(r"([0-9a-fA-F:.\[\]]{2,64}):\d{1,5}' \(callid: ", re.ASCII)
_WHY = re.compile(
    r".*\) - (?:Failed to authenticate|No matching endpoint found|Not match Endpoint|Error to authenticate)[^()]*"
)
_USER = re.compile(r"sips?:([^@>;]{1,64})@")
_UNCERTAIN = Safe("an address that its line hides")
"""Who sends a request chooses its sender and call ID: one that imitates the words around the address hides it."""

_SUCCESS = re.compile(
    r'SecurityEvent="SuccessfulAuth".*Service="PJSIP".*RemoteAddress="IPV[46]/\w+/([^"/]+)/\d+"'
)
_CREDENTIALS = re.compile(r"(?P<name>.+?):[^:]+(?::\d+)?: Authentication credentials not accepted by server")


class _Line(Struct, frozen=True):
    """One line of the log taken apart: seconds since 1970 by the SBC's clock, who says it, what it says."""

    at: float
    source: str
    said: str
    whole: Safe


def log_file(reply: Reply) -> TailFile:
    """Choose the file to follow from `logger show channels`: one with WARNING and NOTICE, without the chatter.

    Where the list was refused or is not understood, it is the usual one.
    """
    rows = [found for line in reply.lines if (found := _ROW.fullmatch(line.rstrip())) is not None]
    if not rows:
        understood = reply.ok and any(line.startswith("Channel ") for line in reply.lines)
        return structs.replace(LOG, path="", others=(), why=Safe(_NO_LOG)) if understood else LOG
    best: tuple[tuple[bool, ...], TailFile] | None = None
    json = False
    for path, formatter, levels in (row.groups() for row in rows):
        words = levels.split()
        if "WARNING" not in words:
            continue
        if formatter not in _READABLE:
            json = True
            continue
        quiet = not {"VERBOSE", "DEBUG"} & {word.partition("(")[0] for word in words}
        rank = ("NOTICE" in words, quiet, "SECURITY" in words)
        if best is None or rank > best[0]:
            best = rank, TailFile(TailKind.LOG, path)
    if best is not None:
        return best[1]
    return structs.replace(LOG, path="", others=(), why=Safe(_JSON_ONLY if json else _NO_LOG))


def parse_log(lines: tuple[Safe, ...], box: Box) -> TailFacts:
    """Read lines of the log; most are nobody's business. Never raises."""
    refusals: list[Refusal] = []
    failures: list[AuthFailure] = []
    successes: list[AuthSuccess] = []
    invites: list[InviteRefusal] = []
    unread: list[Safe] = []
    when = _Times(box)
    for text in lines:
        # Substrings first: of a million lines few are taken apart.
        if _REGISTRATION in text:
            line = when.line(text)
            if line is not None and (refusal := _refusal(line)) is not None:
                refusals.append(refusal)
            elif all(words in text for words in _ABOUT_AN_ATTEMPT) and len(unread) < _MOST_UNREAD:
                unread.append(text)
        elif "failed for '" in text:
            if (line := when.line(text)) is not None and (failure := _failure(line)) is not None:
                failures.append(failure)
        elif "SuccessfulAuth" in text:
            found = _SUCCESS.search(text)
            if found is not None and (line := when.line(text)) is not None:
                successes.append(AuthSuccess(line.at, Safe(found[1])))
        elif "credentials not accepted" in text:
            line = when.line(text)
            if line is not None and (named := _CREDENTIALS.match(line.said)) is not None:
                invites.append(InviteRefusal(line.at, named["name"], text))
    return TailFacts(
        refusals=tuple(refusals),
        auth_failures=tuple(failures),
        auth_successes=tuple(successes),
        invite_refusals=tuple(invites),
        unread=tuple(unread),
    )


def _refusal(line: _Line) -> Refusal | None:
    if line.source != _REGISTRATION:
        return None
    if (found := _EXHAUSTED.match(line.said)) is not None:
        parties = Safe(found["server"]), Safe(found["client"])
        return Refusal(line.at, RefusalKind.EXHAUSTED, *parties, None, None, line.whole)
    if (found := _ATTEMPT.match(line.said)) is None:
        return None
    code = found["a"] or found["b"]
    return Refusal(
        at=line.at,
        kind=RefusalKind.STOPPED if found["stop"] else RefusalKind.RETRYING,
        server=Safe(found["server"]),
        client=Safe(found["client"]),
        code=int(code) if code else None,
        retry_s=int(found["retry"]) if found["retry"] else None,
        line=line.whole,
    )


def _failure(line: _Line) -> AuthFailure | None:
    request, *rest = line.said.split(_FAILED_FOR)
    found = _REQUEST.fullmatch(request)
    if found is None or not rest or line.source != "pjsip_distributor.c" or _WHY.fullmatch(rest[-1]) is None:
        return None
    source = _SOURCE.match(rest[0])
    where = Safe(source[1].strip("[]")) if source is not None and len(rest) == 1 else _UNCERTAIN
    user = _USER.search(found[2])
    return AuthFailure(line.at, Safe(found[1]), where, clean(user[1] if user else "", 64), line.whole)


class _Times:
    """Takes lines apart; places their local times by an SBC's zone, and those without a year by its clock."""

    def __init__(self, box: Box) -> None:
        self._zone = timedelta(seconds=box.zone_s or 0)
        now = timedelta(seconds=box.clock_s or 0.0)
        self._now = datetime(1970, 1, 1, tzinfo=UTC) + now + self._zone

    def line(self, text: Safe) -> _Line | None:
        """Return a line with its time; None where it is no line of Asterisk's, or its time is none."""
        found = _HEAD.fullmatch(text)
        if found is None:
            return None
        local = self._local(found)
        if local is None:
            return None
        ahead = self._zone
        if zone := found["zone"]:
            ahead = timedelta(minutes=int(zone[1:3]) * 60 + int(zone[3:5])) * (1 if zone[0] == "+" else -1)
        at = (local - ahead).timestamp() + float(found["fraction"] or 0.0)
        return _Line(at, found["source"].rpartition("/")[2], found["said"], text)

    def _local(self, found: re.Match[str]) -> datetime | None:
        if found["whole"]:
            return _moment(found["whole"], found["time"])
        if found["month"] not in _MONTHS:
            return None
        month = _MONTHS.index(found["month"]) + 1
        for year in range(self._now.year + 1, self._now.year - _YEARS_BACK - 1, -1):
            moment = _moment(f"{year:04}-{month:02}-{int(found['day']):02}", found["time"])
            if moment is not None and moment <= self._now + _AHEAD:
                return moment
        return None


def _moment(day: str, time: str) -> datetime | None:
    try:
        return datetime.fromisoformat(f"{day}T{time}").replace(tzinfo=UTC)
    except ValueError:
        return None
