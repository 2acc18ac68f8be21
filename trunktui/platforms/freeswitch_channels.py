"""Reads what FreeSWITCH says of itself and of its channels, and finds out whose gateway each channel is.

What `status` prints (1.10.12; sessions are channels, of a bridged call there are two):

    UP 0 years, 0 days, 0 hours, 0 minutes, 45 seconds, 180 milliseconds, 790 microseconds
    FreeSWITCH (Version 1.10.12-release git a88d069 2024-08-02 21:02:27Z 64bit) is ready
    29 session(s) since startup
    20 session(s) - peak 20, last 5min 20
    0 session(s) per Sec out of max 30, peak 16, last 5min 16
    1000 session(s) max

`show calls count` prints `15 total.`; `show channels as json` one line (no `rows` at all where there is none):

    {"row_count":20,"rows":[{"uuid":"4e4a78fa-...","direction":"outbound","created_epoch":"1795396644",
    "name":"sofia/external/15551001","ip_addr":"","presence_data":"gw:carrier-b","callstate":"ACTIVE", ...}]}
    {"row_count": 0}

No column names the gateway. A gateway with the variable `presence_data` set to `gw:NAME` writes it into every channel of
it, both ways. Where it has none, `uuid_getvar UUID sip_gateway_name` (outbound) or `sip_gateway` (inbound) tells, and is
asked once in a channel's life; `_undef_` means none. A carrier that is known by its address says no gateway when it
calls in: then `ip_addr` tells, where one gateway of that profile alone has that address.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Iterable, Mapping

import msgspec
from msgspec import Struct

from trunktui.model.ask import Answer, Command, Reply
from trunktui.model.observation import ChannelRow, Channels, Unread
from trunktui.model.text import Safe, clean
from trunktui.platforms.freeswitch_console import fault, fs, refusal, said, unread_of
from trunktui.platforms.freeswitch_gateways import Gateway
from trunktui.platforms.freeswitch_legs import host_of

COMMAND = "show channels as json"
OWNER = "owner "
"""A command whose key begins so asks whose a channel is."""

NOBODY = ""
"""Owner of a channel that is of no gateway."""

_ASKED_AT_ONCE = 60
_UNITS = {"year": 31536000, "day": 86400, "hour": 3600, "minute": 60, "second": 1}
_SPAN = re.compile(r"(\d{1,9}) (year|day|hour|minute|second)s?,?(?= |$)", re.ASCII)
_VERSION = re.compile(r"FreeSWITCH \(Version (\S+)[^)]*\) is (ready|not ready)")
_SINCE = re.compile(r"(\d{1,18}) session\(s\) since startup\s*", re.ASCII)
_NOW = re.compile(r"(\d{1,9}) session\(s\) - .*", re.ASCII)
_TOTAL = re.compile(r"(\d{1,9}) total\.\s*", re.ASCII)
_UUID = re.compile(r"[0-9a-f]{8}(?:-[0-9a-f]{4}){3}-[0-9a-f]{12}", re.ASCII)
_NAME = re.compile(r"sofia/([^/]+)/(.*)")
_PRESENCE = "gw:"
_ANSWERED = frozenset({"ACTIVE", "HELD", "UNHELD"})


class Status(Struct, frozen=True):
    """What `status` says; None for what is not there."""

    uptime_s: int | None = None
    version: Safe | None = None
    ready: bool | None = None
    since_start: int | None = None
    sessions: int | None = None


class _Row(Struct, frozen=True, gc=False):
    """One channel as FreeSWITCH lists it; all of it is text."""

    uuid: str
    direction: str = ""
    created_epoch: str = ""
    name: str = ""
    ip_addr: str = ""
    presence_data: str = ""
    callstate: str = ""


class _Listed(Struct, frozen=True):
    row_count: int
    rows: tuple[_Row, ...] = ()


class ChannelTable(Struct, frozen=True):
    """Channels by gateway and one by one. `by_gateway` None: of one channel at least it is not known whose it is."""

    by_gateway: dict[str, Channels] | None = None
    rows: tuple[ChannelRow, ...] = ()
    whole: bool = False
    unread: tuple[Unread, ...] = ()


def status(reply: Reply) -> Status:
    """Read `status`."""
    found: dict[str, str] = {}
    uptime: int | None = None
    for line in reply.lines if reply.status == 0 and not reply.truncated else ():
        if line.startswith("UP ") and uptime is None:
            spans = _SPAN.findall(line)
            uptime = sum(int(n) * _UNITS[unit] for n, unit in spans) if len(spans) == len(_UNITS) else None
        elif match := _VERSION.match(line):
            found["version"], found["ready"] = match[1], match[2]
        elif match := _SINCE.fullmatch(line):
            found["since"] = match[1]
        elif match := _NOW.fullmatch(line):
            found["now"] = match[1]
    numbers = {key: int(text) for key, text in found.items() if text.isdecimal()}
    return Status(
        uptime_s=uptime,
        version=Safe(found["version"]) if "version" in found else None,
        ready={"ready": True, "not ready": False}.get(found.get("ready", "")),
        since_start=numbers.get("since"),
        sessions=numbers.get("now"),
    )


def total(reply: Reply) -> int | None:
    """Read `show calls count` and its kin."""
    found = (_TOTAL.fullmatch(line) for line in reply.lines if reply.ok)
    return next((int(match[1]) for match in found if match), None)


class Book(Struct, frozen=True):
    """What tells whose a channel is: names of gateways, profiles that have any, and gateways by profile and address."""

    names: frozenset[str] = frozenset()
    profiles: frozenset[str] = frozenset()
    by_host: dict[tuple[str, str], tuple[str, ...]] = {}

    @classmethod
    def of(cls, gateways: Iterable[Gateway]) -> Book:
        """Return the book of these gateways."""
        names, profiles = set[str](), set[str]()
        by_host: dict[tuple[str, str], tuple[str, ...]] = {}
        for gateway in gateways:
            names.add(gateway.name)
            profiles.add(gateway.profile)
            place = gateway.profile, host_of(gateway.proxy)
            by_host[place] = (*by_host.get(place, ()), gateway.name)
        return cls(frozenset(names), frozenset(profiles), by_host)


def owner_commands(
    answer: Answer, book: Callable[[], Book], owners: Mapping[str, str]
) -> tuple[Command, ...]:
    """Return what to ask to learn whose the channels are of which nothing else tells; so many at once at most.

    `book` is made only where a channel is new and does not name its gateway: mostly there is none.
    """
    listed = _listed(answer.reply("channels"))
    new = [
        row
        for row in (listed.rows if listed is not None else ())
        if row.uuid not in owners and not row.presence_data.startswith(_PRESENCE)
    ]
    known = book() if new else Book()
    wanted = [row for row in new if known.names and _told(row, known) is None and _UUID.fullmatch(row.uuid)]
    return tuple(
        fs(f"{OWNER}{row.uuid}", f"uuid_getvar {row.uuid} {_variable(row)}")
        for row in wanted[:_ASKED_AT_ONCE]
    )


def owners_told(answer: Answer, more: Answer, before: Mapping[str, str]) -> dict[str, str]:
    """Return the owners of the channels that `answer` lists: those of `before`, and those that `more` tells."""
    listed = _listed(answer.reply("channels"))
    if listed is None:
        return dict(before)
    found: dict[str, str] = {}
    for reply in more.replies:
        if reply.key.startswith(OWNER) and reply.ok and (words := said(reply)) and not refusal(reply):
            gone = words[0].startswith("-ERR")
            found[reply.key.removeprefix(OWNER)] = NOBODY if gone or words[0] == "_undef_" else str(words[0])
    known = {**before, **found}
    return {row.uuid: known[row.uuid] for row in listed.rows if row.uuid in known}


def channels(answer: Answer, book: Book, owners: Mapping[str, str], now_s: float | None) -> ChannelTable:
    """Read `show channels as json`. `owners`: gateway by channel, as far as it was asked; `now_s`: the SBC's clock."""
    reply = answer.reply("channels")
    if why := fault(reply):
        return ChannelTable(unread=(unread_of(COMMAND, why, said(reply)),))
    listed = _listed(reply)
    if listed is None:
        return ChannelTable(unread=(unread_of(COMMAND, "no list of channels in it", said(reply)),))
    if listed.row_count != len(listed.rows):
        why = f"{len(listed.rows)} rows though {listed.row_count} are announced"
        return ChannelTable(unread=(unread_of(COMMAND, why, ()),))
    rows: list[ChannelRow] = []
    answered: dict[str, list[int | None]] = {}
    unowned = 0
    for row in listed.rows:
        owner = _owner(row, book, owners)
        began = int(row.created_epoch) if re.fullmatch(r"[1-9]\d{8,10}", row.created_epoch) else None
        age = max(int(now_s) - began, 0) if now_s is not None and began is not None else None
        dialled = row.direction == "outbound"
        rows.append(
            ChannelRow(
                id=clean(row.uuid),
                age_s=age or 0,
                dialled=dialled if row.direction in {"outbound", "inbound"} else None,
                endpoint=owner or None,
                began=began,
            )
        )
        unowned += owner is None
        if owner:
            up = row.callstate == "ACTIVE" and dialled and age is not None
            answered.setdefault(owner, []).append(age if up else None)
    by_gateway = {
        name: Channels(len(ages), min((age for age in ages if age is not None), default=None))
        for name, ages in answered.items()
    }
    faults = (_unowned(unowned),) if unowned else ()
    return ChannelTable(None if unowned else by_gateway, tuple(rows), True, faults)


def sent_out(reply: Reply) -> tuple[tuple[str, str | None, bool], ...] | str:
    """Return the channels that FreeSWITCH made to call a gateway: id, gateway (None: not told), whether it answered.

    By `show channels as json` alone; or why that cannot be read.
    """
    listed = _listed(reply)
    if listed is None:
        return fault(reply) or "no list of channels in it"
    if listed.row_count != len(listed.rows):
        return f"{len(listed.rows)} channels though {listed.row_count} are announced"
    found: list[tuple[str, str | None, bool]] = []
    for row in listed.rows:
        name = _NAME.fullmatch(row.name)
        if row.direction != "outbound" or name is None:
            continue
        named = row.presence_data.startswith(_PRESENCE)
        if named or "@" not in name[2]:
            gateway = row.presence_data.removeprefix(_PRESENCE) if named else None
            found.append((row.uuid, gateway, row.callstate in _ANSWERED))
    return tuple(found)


def _listed(reply: Reply) -> _Listed | None:
    if fault(reply):
        return None
    try:
        return msgspec.json.decode("".join(reply.lines), type=_Listed)
    except (msgspec.DecodeError, UnicodeError):
        return None


def _told(row: _Row, book: Book) -> str | None:
    """Return whose a channel is as its row alone tells, None where that has to be asked."""
    if row.presence_data.startswith(_PRESENCE):
        named = row.presence_data.removeprefix(_PRESENCE)
        if named in book.names:
            return named
    found = _NAME.fullmatch(row.name)
    if found is None or found[1] not in book.profiles:
        return NOBODY  # no SIP at all, or a profile without gateways
    if row.direction == "outbound" and "@" in found[2]:
        return NOBODY  # dialled by its address: a gateway's is the number alone
    return None


def _owner(row: _Row, book: Book, owners: Mapping[str, str]) -> str | None:
    told = _told(row, book)
    owner = owners.get(row.uuid) if told is None else told
    if owner or owner is None or row.direction != "inbound" or not row.ip_addr:
        return owner
    found = _NAME.fullmatch(row.name)
    same = book.by_host.get((found[1], row.ip_addr), ()) if found else ()
    return same[0] if len(same) == 1 else NOBODY


def _variable(row: _Row) -> str:
    return "sip_gateway_name" if row.direction == "outbound" else "sip_gateway"


def _unowned(count: int) -> Unread:
    channels = "1 channel" if count == 1 else f"{count} channels"
    why = (
        f"of {channels} it is not known yet which gateway they use: they are asked for a few at a time, if "
        "uuid_getvar is allowed; set presence_data on each gateway (docs/grants.md)"
    )
    return Unread(COMMAND, why)
