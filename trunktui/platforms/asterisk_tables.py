"""Reads the tables of Asterisk's console. Each reader says whether it understood the table whole.

A table is whole when every row was read and the count under it (`Objects found: N`) matches. Rows of a table
that is not whole are still good, one by one, except the last, which may be cut in the middle of a number.
"""

from __future__ import annotations

import re
from typing import Generic, TypeVar

from msgspec import Struct

from trunktui.model.ask import Reply
from trunktui.model.observation import (
    Contact,
    ContactState,
    Registration,
    RegPhase,
    Unread,
)
from trunktui.model.text import Safe, clean

Row = TypeVar("Row")

AOR_WIDTH = 41
"""`pjsip show aors` cuts the AOR here."""

_CONTACT_WIDTH = 46
"""`pjsip show contacts` cuts `aor/uri` here when the AOR alone is shorter."""

_KEPT_LINES = 5
_NEVER_S = 10**9
"""A registration that was never scheduled prints about 1.7e9 seconds `ago`: its time is zero."""

_REGISTRATION = re.compile(
    r" (?P<name>\S(?:(?!/sips?:).)*)/(?P<server>sips?:\S++)\s++(?P<auth>\S++(?: \S++)*?)\s++(?P<word>[A-Z][A-Za-z]+)"
    r"(?:\s++\(exp\. (?P<seconds>\d{1,10})s(?P<ago> ago)?\))?\s*"
)
_CONTACT = re.compile(
    r"  Contact:  (?P<pair>\S++(?: ++\S++)*?)\s++(?P<hash>[0-9a-f]{10})\s++(?P<word>[A-Z][A-Za-z]+)\s++"
    r"(?P<rtt>-?nan|\d{1,7}(?:\.\d{1,6})?)\s*"
)
_CUT_SCHEME = re.compile(r"/(?:s(?:ips?|i)?|t(?:el?)?)?$")
"""What the cut may leave of `/sips:`, `/sip:` or `/tel:` behind a long AOR."""

_URI_START = re.compile(r"/(?=sips?:|tel:)")
_UPTIME = re.compile(r"(System uptime|Last reload): (\d{1,10})\s*")
_PARAMETER = re.compile(r" ([a-z0-9_]+)\s+: ?(.*)")
_AOR_LINE = re.compile(r"      Aor:  (\S++(?: ++\S++)*?)\s++(\d{1,9})\s*")
_VERSION = re.compile(r"Asterisk (\S+) built by")

_PHASES = {
    ("Registered", False): RegPhase.REGISTERED,
    ("Registered", True): RegPhase.REGISTERED,
    ("Rejected", False): RegPhase.WAITING,
    ("Rejected", True): RegPhase.ATTEMPTING,
    ("Unregistered", False): RegPhase.UNREGISTERED,
    ("Unregistered", True): RegPhase.UNREGISTERED,
    ("Stopping", False): RegPhase.UNREGISTERED,
    ("Stopping", True): RegPhase.UNREGISTERED,
    ("Stopped", False): RegPhase.UNREGISTERED,
    ("Stopped", True): RegPhase.UNREGISTERED,
}
_CONTACT_STATES = {
    "Avail": ContactState.REACHABLE,
    "Reachable": ContactState.REACHABLE,
    "Unavail": ContactState.UNREACHABLE,
    "Unreachable": ContactState.UNREACHABLE,
    "NonQual": ContactState.UNPROBED,
    "Created": ContactState.UNPROBED,
}


class Table(Struct, Generic[Row], frozen=True):
    """Rows by name, whether the table was understood whole, and what was not understood."""

    rows: dict[str, Row]
    whole: bool
    unread: tuple[Unread, ...] = ()


def registrations(reply: Reply) -> Table[Registration]:
    """Read `pjsip show registrations` into registrations by native name."""
    body, faults = _body(reply, "pjsip show registrations")
    rows: dict[str, Registration] = {}
    unread: list[Safe] = []
    for line in body.lines:
        match = _REGISTRATION.fullmatch(line)
        if match is None or match["name"] in rows:
            unread.append(line)
            continue
        rows[match["name"]] = _registration(match, line)
    return _table(rows, len(rows), body, unread, faults, "pjsip show registrations")


def registration(reply: Reply, name: str) -> Registration | None:
    """Read the row of `name` out of `pjsip show registration NAME`; None where it is not there, or cut."""
    if fault(reply):
        return None
    for line in reply.lines:
        match = _REGISTRATION.fullmatch(line)
        if match is not None and match["name"] == name:
            return _registration(match, line)
    return None


def _registration(match: re.Match[str], line: Safe) -> Registration:
    seconds = None if match["seconds"] is None else int(match["seconds"])
    ago = match["ago"] is not None
    if seconds is not None and seconds >= _NEVER_S:
        seconds = None
    phase = _PHASES.get((match["word"], ago), RegPhase.OTHER)
    return Registration(
        phase=phase,
        word=Safe(match["word"]),
        due_in_s=None if seconds is None else (-seconds if ago else seconds),
        server=Safe(match["server"]),
        line=Safe(line.strip()),
    )


def contacts(reply: Reply, whole_uris: dict[str, tuple[str, ...]]) -> Table[tuple[Contact, ...]]:
    """Read `pjsip show contacts` into contacts by AOR; `whole_uris` mends URIs that the table cuts."""
    body, faults = _body(reply, "pjsip show contacts")
    rows: dict[str, tuple[Contact, ...]] = {}
    unread: list[Safe] = []
    for line in body.lines:
        match = _CONTACT.fullmatch(line)
        parts = None if match is None else _split_contact(match["pair"], whole_uris)
        if match is None or parts is None:
            unread.append(line)
            continue
        aor, uri, cut = parts
        rows[aor] = (*rows.get(aor, ()), _contact(match, uri, cut, line))
    seen = sum(len(found) for found in rows.values())
    return _table(rows, seen, body, unread, faults, "pjsip show contacts")


def _split_contact(pair: str, whole_uris: dict[str, tuple[str, ...]]) -> tuple[str, str, bool] | None:
    """Return (aor, uri, cut) of `aor/uri`, or None. AOR names may hold slashes, so look for the scheme."""
    found = _URI_START.search(pair)
    aor, uri = (pair[: found.start()], pair[found.end() :]) if found else (None, "")
    if aor is None:  # so long an AOR that even the scheme was cut
        aor = next((known for known in whole_uris if pair.startswith(known + "/")), None)
        if aor is None and len(pair) == _CONTACT_WIDTH:
            aor = _CUT_SCHEME.sub("", pair)
        if aor is None:
            return None
        uri = pair[len(aor) + 1 :]
    if len(pair) < _CONTACT_WIDTH or len(aor) > _CONTACT_WIDTH:
        return aor, uri, False
    candidates = [whole for whole in whole_uris.get(aor, ()) if whole.startswith(uri)]
    return (aor, candidates[0], False) if len(candidates) == 1 else (aor, uri, True)


def _contact(match: re.Match[str], uri: str, cut: bool, line: Safe) -> Contact:
    rtt = None if match["rtt"].endswith("nan") else float(match["rtt"])
    state = _CONTACT_STATES.get(match["word"], ContactState.OTHER)
    if state is ContactState.REACHABLE and rtt is None:
        state = ContactState.OTHER  # an answer without a time was never seen: not proof of life
    return Contact(
        uri=clean(uri),
        state=state,
        rtt_ms=rtt if state is ContactState.REACHABLE else None,
        line=Safe(line.strip()),
        cut=cut,
    )


def uptime(reply: Reply) -> tuple[int | None, int | None]:
    """Read `core show uptime seconds`: (seconds since start, seconds since the last reload)."""
    found: dict[str, int] = {}
    for line in reply.lines if reply.ok else ():
        if match := _UPTIME.fullmatch(line):
            found[match[1]] = int(match[2])
    return found.get("System uptime"), found.get("Last reload")


def version(reply: Reply) -> Safe | None:
    """Read `core show version`: `22.10.1+dfsg...`, or None."""
    match = _VERSION.match(reply.lines[0]) if reply.ok and reply.lines else None
    return Safe(match[1]) if match else None


def parameters(reply: Reply) -> dict[str, tuple[str, ...]]:
    """Read the ` name : value` list under `pjsip show aor X` and its kin; empty when there is none.

    A parameter may stand several times (`contact`); a list that was cut off is not used at all.
    """
    if fault(reply):
        return {}
    found: dict[str, tuple[str, ...]] = {}
    listing = False
    for line in reply.lines:
        if line.startswith(" ParameterName"):
            listing = True
        elif listing and (match := _PARAMETER.fullmatch(line)):
            found[match[1]] = (*found.get(match[1], ()), match[2].strip())
    ended = bool(reply.lines) and not reply.lines[-1].strip()
    return found if ended else {}


def aors_without_phones(reply: Reply) -> tuple[str, ...]:
    """Read `pjsip show aors`: AORs (cut at AOR_WIDTH) with max_contacts 0, whose contacts must be static."""
    matches = (_AOR_LINE.fullmatch(line) for line in reply.lines if reply.ok)
    return tuple(match[1] for match in matches if match and match[2] == "0")


def text(values: dict[str, tuple[str, ...]], key: str) -> str | None:
    """Return the one value of `key`, None when it is missing or empty."""
    found = values.get(key, ())
    return found[0] or None if len(found) == 1 else None


def whole(values: dict[str, tuple[str, ...]], key: str) -> int | None:
    """Return the value of `key` as a whole number, None when it is none."""
    found = text(values, key)
    return int(found) if found is not None and found.isdecimal() and len(found) < 10 else None


def decimal(values: dict[str, tuple[str, ...]], key: str) -> float | None:
    """Return the value of `key` as seconds, None when it is no plain decimal."""
    found = text(values, key)
    return float(found) if found is not None and re.fullmatch(r"\d{1,9}(\.\d+)?", found) else None


def truth(values: dict[str, tuple[str, ...]], key: str) -> bool | None:
    """Return the value of `key` as a truth value, None for any other word."""
    return {"true": True, "yes": True, "false": False, "no": False}.get(text(values, key) or "")


def refusal(reply: Reply) -> str | None:
    """Say who refused a command (sudo, or Asterisk's cli_permissions), None when nobody did."""
    for line in reply.errors:
        if line.startswith("sudo:"):
            return f"sudo refuses the command ({line}): see docs/grants.md"
    for line in reply.lines:
        if line.startswith("You don't have permissions to run"):
            return "cli_permissions.conf of Asterisk refuses it: see docs/grants.md"
    return None


def no_such_command(reply: Reply) -> bool:
    """Whether Asterisk does not know the command: its module is not loaded (yet)."""
    return any(line.startswith("No such command '") for line in reply.lines)


class _Body(Struct, frozen=True):
    lines: tuple[Safe, ...]
    announced: int | None
    """What `Objects found: N` says; None when the table broke off before it."""


def fault(reply: Reply) -> str | None:
    """Say why a reply cannot be read at all, None when it looks like an answer."""
    if reply.status in (124, 137):
        return "Asterisk did not answer in time"
    if reply.truncated:
        return "more than we take"
    if reply.status is None:
        return "the answer broke off"
    if denied := refusal(reply):
        return denied
    if no_such_command(reply):
        return "Asterisk does not know this command: is the module loaded?"
    if reply.status != 0:
        said = (reply.errors + reply.lines)[:1]
        return f"exit status {reply.status}" + (f": {said[0]}" if said else "")
    return None


def _body(reply: Reply, command: str) -> tuple[_Body, tuple[Unread, ...]]:
    """Cut a table's rows out of a reply: between the rule under the heading and `Objects found: N`."""
    if why := fault(reply):
        return _Body((), None), (unread_of(command, why, reply.lines),)
    if any(line.startswith("No objects found.") for line in reply.lines):
        return _Body((), 0), ()
    rule = next((i for i, line in enumerate(reply.lines) if line.startswith("=====")), None)
    if rule is None:
        return _Body((), None), (unread_of(command, "no table in it", reply.lines),)
    rows: list[Safe] = []
    for line in reply.lines[rule + 1 :]:
        if match := re.fullmatch(r"Objects found: (\d{1,9})\s*", line):
            return _Body(tuple(rows), int(match[1])), ()
        if line.strip():
            rows.append(line)
    return _Body(tuple(rows[:-1]), None), (unread_of(command, "the table broke off", rows[-1:]),)


def _table(
    rows: dict[str, Row],
    seen: int,
    body: _Body,
    unread: list[Safe],
    faults: tuple[Unread, ...],
    command: str,
) -> Table[Row]:
    if unread:
        faults += (unread_of(command, f"{len(unread)} unread lines", unread),)
    elif body.announced is not None and body.announced != seen:
        faults += (unread_of(command, f"{seen} rows though {body.announced} are announced", ()),)
    return Table(rows, not faults, faults)


def unread_of(command: str, why: str, lines: tuple[Safe, ...] | list[Safe]) -> Unread:
    """Return an answer that could not be read, with the first of its lines."""
    return Unread(command, why, tuple(lines)[:_KEPT_LINES])
