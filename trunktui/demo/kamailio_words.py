"""Puts what a simulated SBC knows into the words of Kamailio: byte for byte what `kamcmd` prints. Pure.

The world behind it is the one that also speaks Asterisk's words, so a few things are told as Kamailio would live them: a
trunk is a registration and the destinations of one duid, a contact that is not answered is inactive at once, and an
attempt that was given up is disabled.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator, Sequence

from trunktui.demo.asterisk_words import Printed
from trunktui.demo.deeds import Deed
from trunktui.demo.routing import Written
from trunktui.demo.rows import (
    Call,
    ContactRow,
    Daemon,
    Destination,
    DispatcherSet,
    Look,
    RegistrationRow,
)
from trunktui.demo.tempo import token
from trunktui.model.route import Mechanism

_SOCKET = "/var/run/kamailio//kamailio_ctl"
NOT_CONNECTED = f"ERROR: connect_unix_sock: connect({_SOCKET}): No such file or directory [2]\n"
_NO_SOCKET = 255
_FILE = "/etc/kamailio/kamailio.cfg"
_CUSTOMER = "198.51.100.200"
_NOT_FOUND = "error: 404 - Record not found\n"
_TOO_FEW = "error: 400 - Not enough parameters\n"
_PRIORITY = 10
_FLAGS_TOLD = re.compile(r"([aitdAITD])([pxPX]?)")


def answer(argv: Sequence[str], look: Look) -> Printed:
    """Return what `kamcmd ARGV` prints; a frozen Kamailio says nothing, ever."""
    if look.daemon is Daemon.STOPPED:
        return Printed(err=NOT_CONNECTED, status=_NO_SOCKET)
    method, *rest = argv
    if look.daemon is Daemon.LOADING and method.startswith(("uac.", "dispatcher.", "dlg.")):
        return Printed(_unknown(method))
    if (say := _METHODS.get(method)) is None:
        return Printed(_unknown(method))
    return Printed(say(look, rest))


def taken(argv: Sequence[str], look: Look) -> tuple[Deed, str] | Written | None:
    """Return what Kamailio will do after such a command and to which registration; None where it changes nothing."""
    if look.daemon is not Daemon.RUNNING:
        return None
    if argv[0] == "dispatcher.set_state":
        return _held(look, argv[1:])[1]
    if argv[0] not in {"uac.reg_refresh", "uac.reg_enable"}:
        return None
    name = _name(argv[-1])
    return (Deed.REGISTER, name) if _row(look, name) is not None else None


def file_answer(argv: Sequence[str], look: Look) -> Printed | None:
    """Return what the SBC's own programs say of Kamailio's process and its file; None for any other program."""
    match tuple(argv):
        case ("pgrep", "-x", "-o", "kamailio"):
            stopped = look.daemon is Daemon.STOPPED
            return Printed("" if stopped else "811\n", status=int(stopped))
        case ("grep", "-h", *words) if words[-1] == _FILE:
            lines = [line for line in _file(look) if any(word in line for word in words[:-1])]
            return Printed("".join(f"{line}\n" for line in lines), status=int(not lines))
        case _:
            return None


def _file(look: Look) -> Iterator[str]:
    if not look.trunks:
        return
    yield f'modparam("dispatcher", "ds_ping_interval", {max(t.qualify_s for t in look.trunks)})'
    yield 'modparam("dispatcher", "ds_probing_mode", 1)'
    yield f'modparam("tm", "fr_timer", {int(1000 * look.trunks[0].timeout_s)})'


def registrations(look: Look) -> str:
    """Return `uac.reg_dump`: one struct after the other, the passwords in clear."""
    return "".join(_record(look, row) for row in look.registrations)


def destinations(look: Look) -> str:
    """Return `dispatcher.list`: the sets of groups, then one for each trunk that is in none of these, the newest first."""
    sets = sorted(_sets(look), key=lambda one: -one.number)
    body = "".join(_set(look, one) for one in sets)
    return f"{{\n\tNRSETS: {len(sets)}\n\tRECORDS: {{\n{body}\t}}\n}}\n"


def _sets(look: Look) -> Iterator[DispatcherSet]:
    yield from look.sets
    grouped = {each.trunk for one in look.sets for each in one.destinations}
    for number, trunk in enumerate(look.trunks, 1):
        if trunk.name not in grouped:
            alone = (Destination(trunk.name, uri, _PRIORITY) for uri in trunk.contacts)
            yield DispatcherSet(number, tuple(alone))


def dialogs(look: Look, most: int) -> str:
    """Return `dlg.list_match furi sw sip MOST`."""
    if not look.calls:
        return "error: 404 - Not found\n"
    return "".join(_dialog(look, call) for call in look.calls[:most])


def _record(look: Look, row: RegistrationRow) -> str:
    trunk = next(trunk for trunk in look.trunks if trunk.name == row.name)
    now = int(look.clock_s)
    flags, ahead = _flags(row)
    timer = 0 if ahead is None else now + ahead
    user = trunk.client.partition(":")[2].partition("@")[0]
    values = (
        ("l_uuid", row.name),
        ("l_username", user),
        ("l_domain", look.address),
        ("r_username", user),
        ("r_domain", trunk.server.removeprefix("sip:").partition(":")[0]),
        ("realm", "carrier.example"),
        ("auth_username", user),
        ("auth_password", f"demo-{token(12, row.name, 'password')}"),
        ("auth_ha1", "none"),
        ("auth_proxy", trunk.server),
        ("expires", trunk.expires_s),
        ("flags", flags),
        ("diff_expires", timer - now),
        ("timer_expires", timer),
        ("reg_init", look.loaded.get(row.name, now - look.uptime_s)),
        ("reg_delay", 0),
        ("contact_addr", f"{look.address}:5060"),
        ("socket", "<null string>"),
    )
    return "{\n" + "".join(f"\t{name}: {value}\n" for name, value in values) + "}\n"


def _flags(row: RegistrationRow) -> tuple[int, int | None]:
    """Return the bits of a record, and the seconds to its time; None: nothing was ever scheduled."""
    due = 0 if row.due_s is None else row.due_s
    match row.word:
        case "Registered":
            return (20, due) if due >= 0 else (18, due)
        case "Rejected":
            return (16, due) if due >= 0 else (18, due)
        case _:
            return 0, None


def _set(look: Look, one: DispatcherSet) -> str:
    rows = {(row.aor, row.uri): row for row in look.contacts}
    body = "".join(_destination(each, rows[each.trunk, each.uri]) for each in one.destinations)
    return f"\t\tSET: {{\n\t\t\tID: {one.number}\n\t\t\tTARGETS: {{\n{body}\t\t\t}}\n\t\t}}\n"


def _destination(told: Destination, row: ContactRow) -> str:
    flags = told.flags if told.held else {"Avail": "AP", "Unavail": "IP"}.get(row.word, "AX")
    rtt, lost = row.rtt_ms or 0.0, int(row.word == "Unavail")
    latency = (
        ("AVG", _decimal(rtt)),
        ("STD", "0"),
        ("EST", _decimal(rtt)),
        ("MAX", int(rtt) + 1 if rtt else 0),
        ("TIMEOUT", lost),
    )
    attributes = (
        ("BODY", f"duid={told.trunk};weight=50"),
        ("DUID", told.trunk),
        ("MAXLOAD", 0),
        ("WEIGHT", 50),
        ("RWEIGHT", 0),
        *((name, "<null string>") for name in ("SOCKET", "SOCKNAME", "OBPROXY")),
    )
    return (
        f"\t\t\t\tDEST: {{\n\t\t\t\t\tURI: {row.uri}\n\t\t\t\t\tFLAGS: {flags}\n\t\t\t\t\tPRIORITY: {told.priority}\n"
        f"\t\t\t\t\tATTRS: {{\n{_lines(attributes)}\t\t\t\t\t}}\n\t\t\t\t\tLATENCY: {{\n{_lines(latency)}\t\t\t\t\t}}\n"
        "\t\t\t\t}\n"
    )


def _lines(pairs: Sequence[tuple[str, object]]) -> str:
    return "".join(f"\t\t\t\t\t\t{name}: {value}\n" for name, value in pairs)


def _decimal(value: float) -> str:
    return f"{value:.6f}" if value else "0"


def _dialog(look: Look, call: Call) -> str:
    up, now = look.at >= call.answered, int(look.clock_s)
    started = call.made + int(call.answered - call.started) if up else 0
    carrier = next((row.uri for row in look.contacts if row.aor == call.trunk), "sip:192.0.2.1:5060")
    dialer = f"sip:dialer@{_CUSTOMER}:5060"
    caller, callee = (carrier, dialer) if call.inbound else (dialer, carrier)
    number = f"1{'800' if call.inbound else '212'}55501{int(token(4, call.key, 'number'), 16) % 100:02}"
    ids = int(token(8, call.key, "dialog"), 16)
    head = (
        ("h_entry", ids % 4096),
        ("h_id", ids // 4096 % 65536),
        ("ref", 2),
        ("call-id", f"{call.number}-{ids}@{_CUSTOMER}"),
        ("from_uri", f"sip:dialer@{_CUSTOMER}:5060"),
        ("to_uri", f"sip:{number}@{look.address}:5060"),
        ("state", 4 if up else 2),
        ("start_ts", started),
        ("init_ts", call.made),
        ("end_ts", 0),
        ("duration", now - started if up else 0),
        ("timeout", call.made + 43200),
        ("lifetime", 43200),
        ("dflags", 1667),
        ("sflags", 0),
        ("iflags", 16),
    )
    body = "".join(f"\t{name}: {value}\n" for name, value in head)
    sides = "".join(
        f"\t{side}: {{\n\t\ttag: {token(8, call.key, side)}\n\t\tcontact: {uri}\n\t\tcseq: {cseq}\n\t\troute_set: \n"
        f"\t\tsocket: udp:{look.address}:5060\n\t}}\n"
        for side, uri, cseq in (("caller", caller, 1), ("callee", callee, 0))
    )
    profile = f"\tprofiles: {{\n\t\t{{\n\t\t\ttrunk: {call.trunk}\n\t\t}}\n\t}}\n\tvariables: {{\n\t}}\n"
    return f"{{\n{body}{sides}{profile}}}\n"


def _row(look: Look, name: str) -> RegistrationRow | None:
    return next((row for row in look.registrations if row.name == name), None)


def _info(look: Look, rest: Sequence[str]) -> str:
    row = _row(look, _name(rest[-1])) if len(rest) == 2 and rest[0] == "l_uuid" else None
    return _NOT_FOUND if row is None else _record(look, row)


def _acted(look: Look, rest: Sequence[str]) -> str:
    return "" if rest and _row(look, _name(rest[-1])) is not None else _NOT_FOUND


def _state_set(look: Look, rest: Sequence[str]) -> str:
    return _held(look, rest)[0]


def _held(look: Look, rest: Sequence[str]) -> tuple[str, Written | None]:
    """Return what `dispatcher.set_state STATE SET URI` prints, and what it writes."""
    if len(rest) != 3:
        return _TOO_FEW, None
    state, number, uri = rest
    known = _FLAGS_TOLD.fullmatch(state)
    if known is None:
        return "error: 500 - Unknown State Value\n", None
    there = {(str(one.number), each.uri) for one in _sets(look) for each in one.destinations}
    if (number, _name(uri)) not in there:
        return "error: 500 - State Update Failed\n", None
    flags = f"{known[1].upper()}{'P' if known[2] in ('p', 'P') else 'X'}"
    written = Written(Mechanism.DISPATCHER, f"{number} {_name(uri)}", flags)
    return "Ok. Dispatcher state updated.\n", written


def _name(word: str) -> str:
    return word.removeprefix("s:")


def _unknown(method: str) -> str:
    return f"error: 500 - command {method} not found\n"


def _uptime(look: Look) -> str:
    return f"{{\n\tnow: Mon Nov 23 01:20:34 2026\n\tup_since: Mon Nov 23 01:19:23 2026\n\tuptime: {look.uptime_s}\n}}\n"


def _fetched(look: Look, rest: Sequence[str]) -> str:
    known = {"uac.regtotal": len(look.registrations), "dialog.processed_dialogs": look.processed}
    return "{\n" + "".join(f"\t{name}: {known[name]}\n" for name in rest if name in known) + "}\n"


def _active(look: Look) -> str:
    up = sum(look.at >= call.answered for call in look.calls)
    total = len(look.calls)
    return f"{{\n\tstarting: 0\n\tconnecting: {total - up}\n\tanswering: 0\n\tongoing: {up}\n\tall: {total}\n}}\n"


_METHODS: dict[str, Callable[[Look, Sequence[str]], str]] = {
    "core.uptime": lambda look, _: _uptime(look),
    "core.arg": lambda _, __: "/usr/sbin/kamailio\n-f\n/etc/kamailio/kamailio.cfg\n",
    "core.version": lambda look, _: f"kamailio {look.version} (x86_64/linux) \n",
    "system.listMethods": lambda _, __: "".join(f"{method}\n" for method in sorted(_METHODS)),
    "cfg.get": lambda _, rest: (
        "1\n"
        if list(rest) == ["dispatcher", "probing_threshold"]
        else "error: 400 - Failed to get the variable\n"
    ),
    "uac.reg_dump": lambda look, _: registrations(look),
    "uac.reg_info": _info,
    "uac.reg_refresh": _acted,
    "uac.reg_enable": _acted,
    "dispatcher.list": lambda look, _: destinations(look),
    "dispatcher.set_state": _state_set,
    "dlg.stats_active": lambda look, _: _active(look),
    "dlg.list_match": lambda look, rest: dialogs(look, int(rest[-1])),
    "stats.fetch": _fetched,
}
