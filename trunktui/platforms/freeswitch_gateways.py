"""Reads FreeSWITCH's gateways, the only complete source of which says that it is XML and is not always.

What `sofia xmlstatus gateway` prints (one of many, shortened; 1.10.12):

    <?xml version="1.0" encoding="ISO-8859-1"?>
    <gateways>
      <gateway>
        <name>carrier-b</name>
        <profile>external</profile>
        <username>acct-b&co</username>
        <proxy>sip:10.77.0.11</proxy>
        <expires>600</expires>
        <ping>1795396969</ping>
        <pingfreq>10</pingfreq>
        <pingmin>1</pingmin>
        <pingcount>1</pingcount>
        <pingmax>1</pingmax>
        <pingtime>0.92</pingtime>
        <pinging>0</pinging>
        <state>REGED</state>
        <status>UP</status>
        <uptime-usec>171000000</uptime-usec>
        <retry>9s</retry>
      </gateway>
    </gateways>

Repaired before it is read: names and addresses are not escaped (`acct-b&co` breaks the whole list for an XML
parser), and the bytes are UTF-8 whatever the first line says. So it is read line by line, as it is written, each
value between its own tags. One gateway that cannot be read costs that gateway, not the list.

`state` and `status` mean something together only: a refresh passes UNREGED, TRYING and REGISTER with status UP, and an
unregistered gateway without ping is DOWN with status UP, and takes calls. OPTIONS go out in NOREG and REGED alone, in
all other states every ping value is an old one. `ping` is the second at which the next is due.
"""

from __future__ import annotations

import re

from msgspec import Struct

from trunktui.model.ask import Reply
from trunktui.model.observation import Unread
from trunktui.model.text import Safe, clean
from trunktui.platforms.freeswitch_console import fault, said, unread_of

COMMAND = "sofia xmlstatus gateway"

_FIELD = re.compile(r"    <([a-z-]{2,20})>(.*)</([a-z-]{2,20})>")
_NOBODY = "FreeSWITCH"
_RETRY = re.compile(r"(\d{1,9})s", re.ASCII)
_NUMBER = re.compile(r"\d{1,18}", re.ASCII)
_DECIMAL = re.compile(r"\d{1,9}(?:\.\d{1,6})?", re.ASCII)
_ENTITIES = (("&lt;", "<"), ("&gt;", ">"), ("&quot;", '"'), ("&apos;", "'"), ("&amp;", "&"))
_LEAVING = frozenset({"UNREGISTER", "DOWN"})


class Gateway(Struct, frozen=True):
    """One gateway as printed. Seconds; None where a value is not there or is none.

    `ping_at`: the second of the SBC's clock at which the next OPTIONS is due, 0 where there are none.
    """

    name: str
    profile: Safe
    state: Safe
    status: Safe
    username: Safe | None = None
    proxy: Safe = Safe("")
    expires_s: int | None = None
    ping_at: int | None = None
    ping_every_s: int | None = None
    ping_least: int | None = None
    ping_count: int | None = None
    ping_most: int | None = None
    ping_ms: float | None = None
    pinging: bool | None = None
    up_s: float | None = None
    retry_s: int | None = None


class Gateways(Struct, frozen=True):
    """Gateways by name, whether the list was understood whole, and what was not understood."""

    rows: dict[str, Gateway]
    whole: bool
    unread: tuple[Unread, ...] = ()


def gateways(reply: Reply) -> Gateways:
    """Read `sofia xmlstatus gateway`: all gateways of all profiles."""
    if why := fault(reply):
        return Gateways({}, False, (unread_of(COMMAND, why, reply.lines),))
    lines = reply.lines
    if not any(line.strip() == "<gateways>" for line in lines[:3]):
        return Gateways({}, False, (unread_of(COMMAND, "no list in it", said(reply)),))
    rows: dict[str, Gateway] = {}
    strange: list[Safe] = []
    fields: dict[str, str] | None = None
    ended = False
    for line in lines:
        if fields is not None and (match := _FIELD.fullmatch(line)) and match[1] == match[3]:
            fields.setdefault(match[1], match[2])
        elif line == "  <gateway>":
            if fields is not None:
                strange.append(line)
            fields = {}
        elif line == "  </gateway>" and fields is not None:
            _add(rows, fields, strange)
            fields = None
        elif line == "</gateways>":
            ended = fields is None
        elif line.strip() and not line.startswith(("<?xml", "<gateways>")):
            strange.append(line)
    if not ended:
        return Gateways(rows, False, (unread_of(COMMAND, "the list broke off", lines[-1:]),))
    if strange:
        return Gateways(rows, False, (unread_of(COMMAND, f"{len(strange)} unread lines", strange),))
    return Gateways(rows, True)


def one(reply: Reply, name: str) -> Gateway | None:
    """Read gateway `name` out of `sofia xmlstatus gateway NAME`; None where it is not there, or cut."""
    if fault(reply) or not any(line == "  </gateway>" for line in reply.lines):
        return None
    fields: dict[str, str] = {}
    for line in reply.lines:
        if (match := _FIELD.fullmatch(line)) and match[1] == match[3]:
            fields.setdefault(match[1], match[2])
    found = _gateway(fields)
    return found if found is not None and found.name == name else None


def gone(reply: Reply) -> bool:
    """Whether FreeSWITCH says that there is no such gateway."""
    return any(line.startswith("Invalid Gateway") for line in reply.lines)


def _add(rows: dict[str, Gateway], fields: dict[str, str], strange: list[Safe]) -> None:
    found = _gateway(fields)
    if found is None:
        strange.append(clean(f"a gateway without name, state or status: {fields.get('name', '')}"))
        return
    before = rows.get(found.name)
    # For a second or two after killgw and rescan the name stands twice: newest first, the old one on its way out.
    if before is None or (before.state in _LEAVING and found.state not in _LEAVING):
        rows[found.name] = found


def _gateway(fields: dict[str, str]) -> Gateway | None:
    name, state, status = (fields.get(key, "") for key in ("name", "state", "status"))
    if not (name and state and status):
        return None
    every = _number(fields, "pingfreq")
    up = _number(fields, "uptime-usec")
    username = _text(fields, "username")
    retry = _RETRY.fullmatch(fields.get("retry", ""))
    millis = fields.get("pingtime", "")
    return Gateway(
        name=name,
        profile=Safe(fields.get("profile", "")),
        state=Safe(state),
        status=Safe(status),
        # sofia's own name stands where none is set
        username=clean(username) if username not in {"", _NOBODY} else None,
        proxy=clean(_text(fields, "proxy")),
        expires_s=_number(fields, "expires"),
        ping_at=_number(fields, "ping"),
        ping_every_s=every,
        ping_least=_number(fields, "pingmin") if every else None,
        ping_count=_number(fields, "pingcount") if every else None,
        ping_most=_number(fields, "pingmax") if every else None,
        ping_ms=float(millis) if _DECIMAL.fullmatch(millis) else None,
        pinging={"0": False, "1": True}.get(fields.get("pinging", "")),
        up_s=None if up is None else up / 1e6,
        retry_s=int(retry[1]) if retry else None,
    )


def _text(fields: dict[str, str], key: str) -> str:
    text = fields.get(key, "")
    if "&" in text:
        for entity, char in _ENTITIES:
            text = text.replace(entity, char)
    return text


def _number(fields: dict[str, str], key: str) -> int | None:
    text = fields.get(key, "")
    return int(text) if _NUMBER.fullmatch(text) else None
