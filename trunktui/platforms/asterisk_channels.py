"""Reads what Asterisk says of its channels: how many, whose, which of them it dialled, and when each was made.

A row of `core show channels concise` (14 fields; no channel at all prints nothing, like a lost pipe), and the
count beside it:

    PJSIP/acme-primary-0000001e!from-carrier!!1!Up!AppDial!(Outgoing Line)!1555!!!3!38!c04960db!lab-1-1795395784.34

    22 active channels
    6 active calls
    12 calls processed

The last field is the unique id: `[SYSTEMNAME-]EPOCH.N`, so the second in which the channel was made, unless
whoever originated the call chose an id of his own. The 8 hex digits of the name number all channels of
chan_pjsip since Asterisk started. `(Outgoing Line)` stands for a channel that Asterisk made to call out, as long
as it runs nothing itself; the application beside it says who made it: `AppDial` (Dial), `AppDial2` (originate,
page), `AppQueue`. "Calls processed" counts each channel that began to run a dial plan, so not the dialled ones.
"""

from __future__ import annotations

import re

from msgspec import Struct

from trunktui.model.ask import Reply
from trunktui.model.observation import ChannelRow, Channels, Unread
from trunktui.model.text import Safe
from trunktui.platforms.asterisk_tables import fault, unread_of

_COUNT_LINE = re.compile(r"(\d{1,10}) (active channel|active call|call)s?( processed)?")
_CHANNEL = re.compile(r"PJSIP/(.+)-([0-9a-f]{8})")
_UNIQUE = re.compile(r"(?:.*-)?([1-9]\d{8,10})\.\d+")
_FIELDS = 14
_DIALLERS = frozenset({"AppDial", "AppDial2", "AppQueue"})
_OUTGOING = "(Outgoing Line)"


class Counted(Struct, frozen=True):
    """What `core show channels count` says; None for what is not there."""

    channels: int | None = None
    calls: int | None = None
    processed: int | None = None


class ChannelTable(Struct, frozen=True):
    """Channels by endpoint and one by one; both empty unless the list was understood `whole`."""

    by_endpoint: dict[str, Channels] = {}
    rows: tuple[ChannelRow, ...] = ()
    whole: bool = False
    unread: tuple[Unread, ...] = ()


def count(reply: Reply) -> Counted:
    """Read `core show channels count`."""
    found: dict[str, int] = {}
    for line in reply.lines if reply.ok else ():
        if match := _COUNT_LINE.fullmatch(line.strip()):
            found[match[2] + (match[3] or "")] = int(match[1])
    return Counted(found.get("active channel"), found.get("active call"), found.get("call processed"))


def channels(concise: Reply, counted: Reply) -> ChannelTable:
    """Read `core show channels concise`, checked against the count beside it."""
    command = "core show channels concise"
    if why := fault(concise):
        return ChannelTable(unread=(unread_of(command, why, concise.lines),))
    total = count(counted).channels
    if not concise.lines and total is None:
        why = fault(counted) or "no count in it, and no channel is listed"
        return ChannelTable(unread=(unread_of("core show channels count", why, counted.lines),))
    if not concise.lines and total:
        return ChannelTable(unread=(unread_of(command, f"no channel listed though {total} are counted", ()),))
    rows: list[ChannelRow] = []
    answered: dict[str, list[int | None]] = {}
    unread: list[Safe] = []
    for line in concise.lines:
        fields = line.split("!")
        row = _row(fields)
        if row is None:
            unread.append(line)
            continue
        rows.append(row)
        if row.endpoint is not None:
            up = fields[4] == "Up" and fields[5] == "AppDial" and row.dialled is True
            answered.setdefault(row.endpoint, []).append(row.age_s if up else None)
    by_endpoint = {
        endpoint: Channels(len(ages), min((age for age in ages if age is not None), default=None))
        for endpoint, ages in answered.items()
    }
    if unread:
        faults = (unread_of(command, f"{len(unread)} lines unread", unread),)
        return ChannelTable(by_endpoint, (), whole=False, unread=faults)
    return ChannelTable(by_endpoint, tuple(rows), whole=True)


def _row(fields: list[str]) -> ChannelRow | None:
    """Read one row; None where it is none. Its first fields and its last three stand, whatever is between."""
    if len(fields) < _FIELDS or not re.fullmatch(r"[0-9]{1,10}", fields[-3]):
        return None
    name, made = _CHANNEL.fullmatch(fields[0]), _UNIQUE.fullmatch(fields[-1])
    # Only a row of exactly 14 fields is sure: a caller ID may hold a `!` and anything after it.
    dialled = fields[5] in _DIALLERS and fields[6] == _OUTGOING if len(fields) == _FIELDS else None
    return ChannelRow(
        id=Safe(fields[-1]),
        age_s=int(fields[-3]),
        dialled=dialled,
        endpoint=name[1] if name else None,
        serial=int(name[2], 16) if name else None,
        began=int(made[1]) if made else None,
    )
