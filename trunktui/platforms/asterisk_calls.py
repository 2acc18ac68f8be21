'''What Asterisk writes of calls that it made: lines of its CEL or of its CDR, as CSV. Pure.

CEL through cel_custom, in the layout of docs/calls.md: event, time, channel, first channel of the call, name, what it
does, number, more. A 403, an answered call, and one that Asterisk itself refused:

    "APP_START","1795657932.476181","sbc1-1795657932.0","sbc1-1795657932.0","PJSIP/customer1-00000000","PJSIP/15551230001@acme-primary,30","15551230001",""
    "HANGUP","1795657932.710668","sbc1-1795657932.1","sbc1-1795657932.0","PJSIP/acme-primary-00000001","(Outgoing Line)","15551230001","{""hangupcause"":21,""hangupsource"":""PJSIP/acme-primary-00000001"",""dialstatus"":""""}"
    "ANSWER","1795657950.324541","sbc1-1795657950.77","sbc1-1795657950.76","PJSIP/acme-primary-00000049","(Outgoing Line)","15551230001",""
    "APP_START","1795657752.492202","sbc1-1795657752.47","sbc1-1795657752.47","PJSIP/customer1-0000002f","PJSIP/15551230007@blackhole-eps,30","15551230007",""
    "HANGUP","1795657752.492821","sbc1-1795657752.47","sbc1-1795657752.47","PJSIP/customer1-0000002f","","15551230007","{""hangupcause"":3,""hangupsource"":""dialplan/builtin"",""dialstatus"":""""}"

CDR through cdr_csv (Master.csv), local time by Asterisk's zone; it tells of no cause (the caller's name is left out here):

    "","customer","15551230001","from-customers","","PJSIP/customer1-00000000","PJSIP/acme-primary-00000001","Dial","PJSIP/15551230001@acme-primary,30","2026-11-26 01:45:49","2026-11-26 01:45:49","2026-11-26 01:45:50",1,1,"ANSWERED","DOCUMENTATION","sbc1-1795657549.0",""

What is dialled is cut to its first digits here; the whole number goes no further.
'''

from __future__ import annotations

import csv
import re
from datetime import UTC, datetime

import msgspec
from msgspec import Struct

from trunktui.model.observation import Box
from trunktui.model.tail import CallOutcome, CallRecord, TailFacts, TailFile, TailKind
from trunktui.model.text import Safe, clean

CALLS = TailFile(
    TailKind.CALLS,
    "/var/log/asterisk/cel-custom/trunktui.csv",
    None,
    ("/var/log/asterisk/cdr-csv/Master.csv",),
)
"""Where Asterisk writes calls: the CEL that tells causes, else the CDR that most have."""

_CEL_FIELDS = 8
_CDR_FIELDS = range(16, 22)
_EVENTS = frozenset({"APP_START", "ANSWER", "HANGUP"})
_OTHER_EVENT = re.compile(r"[A-Z_]{3,32}", re.ASCII)
_OUTGOING = "(Outgoing Line)"
_CHANNEL = re.compile(r"PJSIP/(.{1,256})-[0-9a-f]{8}(?:;\d)?", re.ASCII)
_EPOCH = re.compile(r"(?:.*-)?(\d{9,11})\.\d{1,12}", re.ASCII)
_SECONDS = re.compile(r"\d{9,11}(?:\.\d{1,9})?", re.ASCII)
_LOCAL = re.compile(r"\d{4}-\d\d-\d\d[ T]\d\d:\d\d:\d\d(?:\.\d{1,6})?", re.ASCII)
_NUMBER = re.compile(r"\+?(?:011|00)?\d{1,4}", re.ASCII)
_NAME_LIMIT = 128
_MOST_UNREAD = 5
_AT_ONCE_S = 1
"""A CDR without an answer that took no longer was refused, or given up at once: it does not tell which."""

NORMAL, BUSY, NOBODY, REFUSED_HERE = 16, 17, 19, 3


class _More(Struct):
    hangupcause: int = 0
    hangupsource: str = ""


class _Dial(Struct):
    """One trunk that a dial named: who dials (its channel), the trunk, the first digits, when.

    `over_at`: when that channel went on, or away (then with a cause), while no channel of the trunk had been seen.
    """

    channel: str
    endpoint: str
    prefix: Safe
    at: float
    over_at: float | None = None
    cause: int = 0


_more = msgspec.json.Decoder(_More)


def parse_calls(lines: tuple[Safe, ...], box: Box) -> TailFacts:
    """Read new lines of either file. What another layout of the CEL says is passed over, but told of."""
    reader = _Reader(box.zone_s or 0)
    for line in lines:
        reader.read(line)
    reader.refused_here()
    return TailFacts(calls=tuple(reader.calls), unread=tuple(reader.unread))


class _Reader:
    """Reads lines in their order; a dial and what came of it are brought together where both are among them."""

    def __init__(self, zone_s: int) -> None:
        self._zone_s = zone_s
        self._dials: dict[str, list[_Dial]] = {}
        self._answered: dict[str, int] = {}
        self._last = 0.0
        self.calls: list[CallRecord] = []
        self.unread: list[Safe] = []

    def read(self, line: str) -> None:
        try:
            fields = next(csv.reader((line,)), [])
        except csv.Error:
            fields = []
        if len(fields) == _CEL_FIELDS and fields[0] in _EVENTS:
            known = self._event(fields)
        elif len(fields) in _CDR_FIELDS:
            known = self._record(fields)
        else:
            known = not fields or (
                len(fields) == _CEL_FIELDS and _OTHER_EVENT.fullmatch(fields[0]) is not None
            )
        if not known and len(self.unread) < _MOST_UNREAD:
            self.unread.append(clean(f"a line of {len(fields)} fields in another layout (docs/calls.md)"))

    def _event(self, fields: list[str]) -> bool:
        event, when, channel, first, name, doing, number, more = fields
        at = self._moment(when)
        if at is None:
            return False
        self._last = max(self._last, at)
        if event == "APP_START":
            return self._dialled(channel, first, doing, at)
        if doing == _OUTGOING:
            endpoint = _endpoint(name)
            if endpoint is None:
                return True  # a phone of another kind, a Local channel
            dial = self._sent(first, endpoint)
            began = _epoch(channel) if dial is None else dial.at
            prefix = prefix_of(number) if dial is None else dial.prefix
            if event == "ANSWER":
                self._answered[channel] = len(self.calls)
                self.calls.append(
                    CallRecord(clean(channel), at, endpoint, CallOutcome.ANSWERED, prefix=prefix, began=began)
                )
                return True
            return self._ended(channel, name, at, endpoint, more, prefix, began)
        if event == "HANGUP":
            told = _told(more)
            self._over(channel, first, at, 0 if told is None else told.hangupcause)
        return True

    def _dialled(self, channel: str, first: str, doing: str, at: float) -> bool:
        self._over(channel, first, at, 0)
        found = [_Dial(channel, endpoint, prefix, at) for endpoint, prefix in _targets(doing)]
        if found:
            self._dials.setdefault(first, []).extend(found)
        return True

    def _sent(self, first: str, endpoint: str) -> _Dial | None:
        """Return the dial that a channel of a trunk comes from; that one left the SBC."""
        dials = self._dials.get(first, [])
        for index, dial in enumerate(dials):
            if dial.endpoint == endpoint:
                return dials.pop(index)
        return None

    def _over(self, channel: str, first: str, at: float, cause: int) -> None:
        for dial in self._dials.get(first, ()):
            if dial.channel == channel and dial.over_at is None:
                dial.over_at, dial.cause = at, cause

    def refused_here(self) -> None:
        """Add the dials that no channel of their trunk came of.

        Two threads write: the end of a trunk's channel may stand behind that of the caller. So only the cause, or
        some time in which it did not come, is proof.
        """
        for dials in self._dials.values():
            for dial in dials:
                if dial.over_at is None or not (
                    dial.cause == REFUSED_HERE or self._last - dial.over_at >= _AT_ONCE_S
                ):
                    continue
                one = clean(f"{dial.channel}/{dial.at}/{dial.endpoint}")
                self.calls.append(
                    CallRecord(
                        one,
                        dial.at,
                        dial.endpoint,
                        CallOutcome.LOCAL,
                        cause=REFUSED_HERE,
                        prefix=dial.prefix,
                        began=dial.at,
                    )
                )
        self.calls.sort(key=lambda call: call.at)

    def _ended(
        self, channel: str, name: str, at: float, endpoint: str, more: str, prefix: Safe, began: float | None
    ) -> bool:
        told = _told(more)
        if told is None:
            return False
        index = self._answered.pop(channel, None)
        if index is not None:
            answer = self.calls[index]
            self.calls[index] = msgspec.structs.replace(
                answer, at=at, talk_s=max(round(at - answer.at), 0), cause=told.hangupcause
            )
            return True
        outcome = _outcome(told.hangupcause, theirs=told.hangupsource == name)
        self.calls.append(
            CallRecord(
                clean(channel),
                at,
                endpoint,
                outcome,
                cause=told.hangupcause or None,
                prefix=prefix,
                began=began,
            )
        )
        return True

    def _record(self, fields: list[str]) -> bool:
        """Read a line of the CDR."""
        outcome = _DISPOSITIONS.get(fields[14])
        start, end = self._moment(fields[9]), self._moment(fields[11])
        if (
            outcome is None
            or start is None
            or end is None
            or not fields[13].isascii()
            or not fields[13].isdigit()
        ):
            return False
        one = fields[16] if len(fields) > 16 else ""
        shift = self._shift(start, _epoch(one))
        target = next(iter(_targets(fields[8])), None) if fields[7] == "Dial" else None
        endpoint = _endpoint(fields[6])
        if endpoint is None:
            if fields[6] or target is None or fields[14] != "FAILED":
                return True  # nothing of a trunk: what the dial plan did by itself, or a call that was let in
            endpoint, outcome = target[0], CallOutcome.LOCAL
        if outcome is CallOutcome.NO_ANSWER and end - start <= _AT_ONCE_S:
            outcome = CallOutcome.OTHER
        self.calls.append(
            CallRecord(
                clean(f"{one}/{fields[6]}"),
                end + shift,
                endpoint,
                outcome,
                talk_s=int(fields[13][:9]) if outcome is CallOutcome.ANSWERED else None,
                cause=REFUSED_HERE if outcome is CallOutcome.LOCAL else None,
                prefix=prefix_of(fields[2]) if target is None else target[1],
                began=start + shift,
            )
        )
        return True

    def _moment(self, text: str) -> float | None:
        """Return a time in seconds since 1970: written so, or as local time."""
        if _SECONDS.fullmatch(text):
            return float(text)
        if _LOCAL.fullmatch(text) is None:
            return None
        try:
            return datetime.fromisoformat(text).replace(tzinfo=UTC).timestamp() - self._zone_s
        except ValueError:
            return None

    def _shift(self, start: float, begun: float | None) -> float:
        """Return what to add to times of the CDR: with usegmtime they are UTC; the channel's name tells."""
        if begun is None or not self._zone_s:
            return 0.0
        as_utc = start + self._zone_s
        return float(self._zone_s) if abs(as_utc - begun) < abs(start - begun) else 0.0


_DISPOSITIONS = {
    "ANSWERED": CallOutcome.ANSWERED,
    "NO ANSWER": CallOutcome.NO_ANSWER,
    "BUSY": CallOutcome.BUSY,
    "FAILED": CallOutcome.REFUSED,
    "CONGESTION": CallOutcome.REFUSED,
}


def _told(more: str) -> _More | None:
    """Return what the end of a channel says of it, None where that is not understood."""
    try:
        return _more.decode(more) if more else _More()
    except msgspec.MsgspecError:
        return None


def _outcome(cause: int, *, theirs: bool) -> CallOutcome:
    """Return what a call came to that was not answered; `theirs`: the other side ended it."""
    if cause == BUSY:
        return CallOutcome.BUSY
    if cause == NOBODY or not cause:
        return CallOutcome.NO_ANSWER
    return CallOutcome.REFUSED if theirs and cause != NORMAL else CallOutcome.CANCELLED


def prefix_of(number: str) -> Safe:
    """Return the first digits of a number: four, after a + or the prefix of an international call; empty for no number."""
    found = _NUMBER.match(number)
    return clean(found[0]) if found is not None else Safe("")


def _endpoint(name: str) -> str | None:
    """Return the endpoint of a channel's name, None for one that is no PJSIP channel."""
    found = _CHANNEL.fullmatch(name)
    return None if found is None else clean(found[1], _NAME_LIMIT)


def _targets(doing: str) -> list[tuple[str, Safe]]:
    """Return the trunks, and the first digits, that the arguments of Dial name: `PJSIP/NUMBER@TRUNK`, `PJSIP/TRUNK/URI`."""
    found: list[tuple[str, Safe]] = []
    for target in doing.partition(",")[0].split("&"):
        if not target.startswith("PJSIP/"):
            continue
        head, slash, uri = target[len("PJSIP/") :].partition("/")
        if slash:
            endpoint, number = head.rpartition("@")[2], uri.partition(":")[2].partition("@")[0]
        else:
            number, at, endpoint = head.rpartition("@")
            if not at:
                number = ""
        if endpoint:
            found.append((clean(endpoint, _NAME_LIMIT), prefix_of(number)))
    return found


def _epoch(channel: str) -> float | None:
    """Return when a channel began, from its unique name."""
    found = _EPOCH.fullmatch(channel)
    return None if found is None else float(found[1])
