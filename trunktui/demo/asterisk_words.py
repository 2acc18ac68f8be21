"""Puts what an Asterisk knows into the words of its console: byte for byte what `asterisk -rx` prints. Pure.

Columns are minimum widths; a long row overflows, but `aor/uri` is cut without a mark where the AOR alone fits:

     acme-primary/sip:10.77.0.21:5060                        acme-primary                Registered        (exp. 74s)
      Contact:  us.east-1.sip.carrier-example.net/sip:10.77.0. c1f6290189 Avail         0.657
"""

from __future__ import annotations

import hashlib
from collections.abc import Callable, Iterable, Mapping, Sequence

from msgspec import Struct

from trunktui.demo import asterisk_settings
from trunktui.demo.asterisk_endpoint import PARAMETERS, TRANSPORT
from trunktui.demo.deeds import Deed
from trunktui.demo.logbook import CHANNELS
from trunktui.demo.routing import Written
from trunktui.demo.rows import Call, ContactRow, Daemon, Look, RegistrationRow, TrunkObjects
from trunktui.demo.tempo import token

NOT_CONNECTED = "Unable to connect to remote asterisk (does /var/run/asterisk/asterisk.ctl exist?)\n"

_RULE = "=" * 90
_NOTHING = "No objects found.\n\n"
_REGISTRATION_HEAD = (
    "\n <Registration/ServerURI..............................>  <Auth....................>  <Status.......>\n"
    f"{_RULE}\n\n"
)
_CONTACT_HEAD = f"\n  Contact:  <Aor/ContactUri..............................> <Hash....> <Status> <RTT(ms)..>\n{_RULE}\n\n"
_AOR_HEAD = (
    "\n      Aor:  <Aor..............................................>  <MaxContact>\n"
    f"    Contact:  <Aor/ContactUri............................> <Hash....> <Status> <RTT(ms)..>\n{_RULE}\n\n"
)
_ENDPOINT_HEAD = (
    "\n Endpoint:  <Endpoint/CID.....................................>  <State.....>  <Channels.>\n"
    "    I/OAuth:  <AuthId/UserName...........................................................>\n"
    "        Aor:  <Aor............................................>  <MaxContact>\n"
    "      Contact:  <Aor/ContactUri..........................> <Hash....> <Status> <RTT(ms)..>\n"
    "  Transport:  <TransportId........>  <Type>  <cos>  <tos>  <BindAddress..................>\n"
    "   Identify:  <Identify/Endpoint.........................................................>\n"
    "        Match:  <criteria.........................>\n"
    "    Channel:  <ChannelId......................................>  <State.....>  <Time.....>\n"
    f"        Exten: <DialedExten...........>  CLCID: <ConnectedLineCID.......>\n{_RULE}\n\n"
)
_TRANSPORT_HEAD = (
    "\nTransport:  <TransportId........>  <Type>  <cos>  <tos>  <BindAddress....................>\n"
    f"{_RULE}\n\nTransport:  transport-udp             udp      0      0  0.0.0.0:5060\n\n"
)
_STUN_HEAD = "Hostname                  Port  Period  Retries  Status  ExternAddr       ExternPort\n"
_STUN_SERVER = "stun.example.net"
_CUSTOMER = "dialer"
"""The endpoint that calls come from (and inbound ones go to); it is no trunk and has no contact."""


class Printed(Struct, frozen=True):
    """What `asterisk -rx` leaves behind: both streams and the exit status, 0 for all that the daemon answered."""

    out: str = ""
    err: str = ""
    status: int = 0


_TAKEN = ""
_NOT_TAKEN = "Unable to retrieve registration {0}\nCommand 'pjsip send register {0}' failed.\n"
_QUALIFIED = "Qualifying AOR '{0}' on endpoint '{0}'\n"
_NOT_QUALIFIED = "Unable to retrieve endpoint {0}\nCommand 'pjsip qualify {0}' failed.\n"


_ACTED = {Deed.REGISTER: (_TAKEN, _NOT_TAKEN), Deed.QUALIFY: (_QUALIFIED, _NOT_QUALIFIED)}
"""What is printed where the object is there, and where it is not; nothing more is ever said of either."""

_USAGE_REGISTER = (
    "Usage: pjsip send register <registration> | *all \n       Unregisters the specified (or all) outbound "
    "registration(s) then starts registration(s) and schedules re-registrations.\n"
)
_USAGE_QUALIFY = (
    "Usage: pjsip qualify <endpoint>\n       Send a SIP OPTIONS request to all contacts on the endpoint.\n"
)


def answer(command: str, look: Look) -> Printed:
    """Return what `asterisk -rx COMMAND` prints on an SBC; a frozen Asterisk prints nothing, ever."""
    if look.daemon is Daemon.STOPPED:
        return Printed(err=NOT_CONNECTED, status=1)
    if look.daemon is Daemon.FROZEN:
        raise ValueError("a frozen Asterisk does not answer")
    words = command.split()
    if words[:1] == ["pjsip"] and look.daemon is Daemon.LOADING:
        return Printed(_unknown(command, "pjsip"))
    if words == ["stun", "show", "status"] and look.outside is None:
        return Printed(_unknown(command, "stun show"))
    if say := _PLAIN.get(" ".join(words)):
        return Printed(say(look))
    if len(words) == 4 and (show := _OBJECTS.get(" ".join(words[:3]))):
        trunk = next((trunk for trunk in look.trunks if trunk.name == words[3]), None)
        found = None if trunk is None else show(look, trunk)
        return Printed(found or f"Unable to find object {words[3]}.\n\n")
    if (told := asterisk_settings.answer(words, look.settings)) is not None:
        return Printed(told)
    if (acting := _acting(words)) is not None:
        deed, name = acting
        done, not_done = _ACTED[deed]
        return Printed((done if _has(look, deed, name) else not_done).format(name))
    return Printed(_unknown(command, words[0] if words else ""))


def taken(command: str, look: Look) -> tuple[Deed, str] | Written | None:
    """Return what Asterisk will do after such a command and to which object; None where it changes nothing."""
    if look.daemon is not Daemon.RUNNING:
        return None
    if (written := asterisk_settings.written(command.split())) is not None:
        return written
    acting = _acting(command.split())
    return acting if acting is not None and _has(look, *acting) else None


def _acting(words: Sequence[str]) -> tuple[Deed, str] | None:
    if len(words) == 4 and words[:3] == ["pjsip", "send", "register"]:
        return Deed.REGISTER, words[3]
    return (Deed.QUALIFY, words[2]) if len(words) == 3 and words[:2] == ["pjsip", "qualify"] else None


def _has(look: Look, deed: Deed, name: str) -> bool:
    trunk = next((trunk for trunk in look.trunks if trunk.name == name), None)
    return trunk is not None and (deed is Deed.QUALIFY or trunk.expires_s is not None)


def registrations(rows: Iterable[RegistrationRow]) -> str:
    """Return `pjsip show registrations`."""
    lines = [_registration(row) for row in sorted(rows, key=lambda row: row.name)]
    return f"{_REGISTRATION_HEAD}{''.join(lines)}\nObjects found: {len(lines)}\n\n" if lines else _NOTHING


def contacts(rows: Iterable[ContactRow]) -> str:
    """Return `pjsip show contacts`."""
    lines = [f"  Contact:  {_contact(row, 46)}\n" for row in sorted(rows, key=lambda row: (row.aor, row.uri))]
    return f"{_CONTACT_HEAD}{''.join(lines)}\nObjects found: {len(lines)}\n\n" if lines else _NOTHING


def aors(rows: Mapping[str, Sequence[ContactRow]]) -> str:
    """Return `pjsip show aors` for AORs with their contacts."""
    if not rows:
        return _NOTHING
    blocks = (f"{_aor(name, rows[name])}\n" for name in sorted(rows))
    return f"{_AOR_HEAD}{''.join(blocks)}\nObjects found: {len(rows)}\n\n"


def concise(calls: Iterable[Call], at: float, sbc: str) -> str:
    """Return `core show channels concise`: two channels a call; no call prints nothing at all."""
    return "".join(_channels(call, at, sbc) for call in calls)


def _registration(row: RegistrationRow) -> str:
    due = ""
    if row.due_s is not None:
        due = f"  (exp. {abs(row.due_s)}s{' ago' if row.due_s < 0 else ''})"
    return f" {row.name + '/' + row.server:<54}  {row.auth:<26}  {row.word:<16}{due}\n"


def _contact(row: ContactRow, width: int) -> str:
    room = width - len(row.aor) - 1
    pair = f"{row.aor}/{row.uri[:room] if room >= 0 else row.uri}"
    uri_hash = hashlib.md5(row.uri.encode(), usedforsecurity=False).hexdigest()[:10]
    rtt = "-nan" if row.rtt_ms is None else f"{row.rtt_ms:.3f}"
    return f"{pair:<{width}} {uri_hash} {row.word:<7} {rtt:>11}"


def _aor(name: str, rows: Sequence[ContactRow]) -> str:
    return f"      Aor:  {name[:41]:<53}0\n" + "".join(f"    Contact:  {_contact(row, 44)}\n" for row in rows)


def _parameters(values: Iterable[tuple[str, str]]) -> str:
    """Return the list of settings under an object; its rule is as long as the widest line."""
    pairs = list(values)
    width = max(20 if len(pairs) < 20 else 0, *(len(name) for name, _ in pairs))
    longest = max(len("ParameterValue"), *(len(value) for _, value in pairs))
    rows = "".join(f" {name:<{width}} : {value}\n" for name, value in pairs)
    return f" {'ParameterName':<{width}} : ParameterValue\n {'=' * (width + 3 + longest)}\n{rows}\n"


def _show_aor(look: Look, trunk: TrunkObjects) -> str:
    values = [
        ("authenticate_qualify", "false"),
        *(("contact", uri) for uri in trunk.contacts),
        ("default_expiration", "3600"),
        ("mailboxes", ""),
        ("max_contacts", "0"),
        ("maximum_expiration", "7200"),
        ("minimum_expiration", "60"),
        ("outbound_proxy", ""),
        ("qualify_2xx_only", "false"),
        ("qualify_frequency", str(trunk.qualify_s)),
        ("qualify_timeout", f"{trunk.timeout_s:.6f}"),
        ("remove_existing", "false"),
        ("remove_unavailable", "false"),
        ("support_path", "false"),
        ("voicemail_extension", ""),
    ]
    return f"{_AOR_HEAD}{_aor(trunk.name, _contacts_of(look, trunk.name))}\n\n{_parameters(values)}"


def _show_registration(look: Look, trunk: TrunkObjects) -> str | None:
    row = next((row for row in look.registrations if row.name == trunk.name), None)
    if row is None or trunk.expires_s is None:
        return None
    values = [
        ("auth_rejection_permanent", "true"),
        ("client_uri", trunk.client),
        ("contact_header_params", ""),
        ("contact_user", look.sbc),
        ("endpoint", trunk.name),
        ("expiration", str(trunk.expires_s)),
        ("fatal_retry_interval", "0"),
        ("forbidden_retry_interval", "0"),
        ("line", "true"),
        ("max_random_initial_delay", str(trunk.initial_delay_s)),
        ("max_retries", str(trunk.max_retries)),
        ("outbound_auth", trunk.name),
        ("outbound_proxy", ""),
        ("retry_interval", str(trunk.retry_s)),
        ("security_negotiation", "no"),
        ("server_uri", trunk.server),
        ("support_outbound", "no"),
        ("support_path", "false"),
        ("transport", "transport-udp"),
        ("user_agent", ""),
    ]
    return f"{_REGISTRATION_HEAD}{_registration(row)}\n{_parameters(values)}"


def _show_endpoint(look: Look, trunk: TrunkObjects) -> str:
    calls = [call for call in look.calls if call.trunk == trunk.name]
    state = "In use" if calls else "Not in use"
    auth = f"    OutAuth:  {trunk.name}/{_user(trunk.client)}\n" if trunk.expires_s is not None else ""
    rows = "".join(f"      Contact:  {_contact(row, 42)}\n" for row in _contacts_of(look, trunk.name))
    channels = "".join(_endpoint_channel(call, look.at) for call in calls)
    own = {"aors": trunk.name, "from_domain": "", "from_user": _user(trunk.client)}
    own["outbound_auth"] = trunk.name if trunk.expires_s is not None else ""
    return (
        f"{_ENDPOINT_HEAD} Endpoint:  {trunk.name:<52} {state:<13} {len(calls)} of inf\n{auth}"
        f"        Aor:  {trunk.name[:39]:<51}0\n{rows}"
        "  Transport:  transport-udp             udp      0      0  0.0.0.0:5060\n"
        f"{channels}\n\n{_parameters(sorted((PARAMETERS | own).items()))}"
    )


def _endpoint_channel(call: Call, at: float) -> str:
    seconds = int(at - call.started)
    clock = f"{seconds // 3600:02}:{seconds // 60 % 60:02}:{seconds % 60:02}"
    state = "Up" if at >= call.answered else "Ring" if call.inbound else "Ringing"
    application = "Dial" if call.inbound else "AppDial"
    channel = f"PJSIP/{call.trunk}-{_serial(call, trunk=True)}/{application}"
    extension = _number(call) if call.inbound else ""
    return (
        f'    Channel: {channel:<51.51} {state:<13} {clock}   \n        Exten: {extension:<25} CLCID: "" <>\n'
    )


def _channels(call: Call, at: float, sbc: str) -> str:
    """Return the two channels of a call: who called, and who is (or is being) called."""
    seconds, up = int(at - call.started), at >= call.answered
    bridge = token(32, call.key, "bridge")
    bridge = f"{bridge[:8]}-{bridge[8:12]}-{bridge[12:16]}-{bridge[16:20]}-{bridge[20:]}" if up else ""
    number = _number(call)
    caller, called = (call.trunk, _CUSTOMER) if call.inbound else (_CUSTOMER, call.trunk)
    target = f"PJSIP/{_CUSTOMER}" if call.inbound else f"PJSIP/{number}@{call.trunk}"
    context = "from-carrier" if call.inbound else "from-dialers"
    answering = "from-dialers" if call.inbound else "from-carrier"
    unique = f"{sbc}-{call.made}"
    first = f"PJSIP/{caller}-{_serial(call, trunk=call.inbound)}"
    second = f"PJSIP/{called}-{_serial(call, trunk=not call.inbound)}"
    return (
        f"{first}!{context}!{number}!4!{'Up' if up else 'Ring'}!Dial!{target},60!{_CUSTOMER}!!!3!{seconds}!{bridge}!"
        f"{unique}.{2 * call.number}\n"
        f"{second}!{answering}!!1!{'Up' if up else 'Ringing'}!AppDial!(Outgoing Line)!{number}!!!3!{seconds}!{bridge}!"
        f"{unique}.{2 * call.number + 1}\n"
    )


def _serial(call: Call, *, trunk: bool) -> str:
    """Return the number of one of a call's two channels: who called has the first."""
    return f"{2 * call.number + int(trunk is not call.inbound):08x}"


def _number(call: Call) -> str:
    """Return a telephone number out of those kept for fiction."""
    return f"1{'800' if call.inbound else '212'}55501{int(token(4, call.key, 'number'), 16) % 100:02}"


def _user(uri: str) -> str:
    return uri.partition(":")[2].partition("@")[0]


def _contacts_of(look: Look, aor: str) -> list[ContactRow]:
    return [row for row in look.contacts if row.aor == aor]


def _unknown(command: str, first: str) -> str:
    return f"No such command '{command}' (type 'core show help {first}' for other possible commands)\n"


def _version(look: Look) -> str:
    built = "built by nobody @ buildd.example.org on a x86_64 running Linux on 2026-07-20 21:35:32 UTC"
    return f"Asterisk {look.version} {built}\n"


def _count(look: Look) -> str:
    calls = len(look.calls)
    channels = 2 * calls
    return (
        f"{channels} active channel{'' if channels == 1 else 's'}\n{calls} active call{'' if calls == 1 else 's'}\n"
        f"{look.processed} call{'' if look.processed == 1 else 's'} processed\n"
    )


def transport_settings(bind: str = "0.0.0.0:5060") -> str:
    """Return the settings under `pjsip show transport transport-udp`."""
    own = {"bind": bind, "protocol": "udp"}
    return _parameters(sorted((TRANSPORT | own).items()))


def stun_row(server: str, period_s: int, status: str, address: str, port: int) -> str:
    """Return `stun show status`."""
    return f"{_STUN_HEAD}{server:<25} {3478:<5} {period_s:<7} {3:<8} {status:<7} {address:<16} {port}\n"


_PLAIN: dict[str, Callable[[Look], str]] = {
    "core show uptime seconds": lambda look: (
        f"System uptime: {look.uptime_s}\nLast reload: {look.uptime_s}\n"
    ),
    "core show version": _version,
    "core show channels count": _count,
    "core show channels concise": lambda look: concise(look.calls, look.at, look.sbc),
    "logger show channels": lambda _: CHANNELS,
    "pjsip send register": lambda _: _USAGE_REGISTER,
    "pjsip qualify": lambda _: _USAGE_QUALIFY,
    "pjsip show registrations": lambda look: registrations(look.registrations),
    "pjsip list registrations": lambda look: registrations(look.registrations),
    "pjsip show contacts": lambda look: contacts(look.contacts),
    "pjsip show transports": lambda _: f"{_TRANSPORT_HEAD}Objects found: 1\n\n",
    "pjsip show transport transport-udp": lambda _: _TRANSPORT_HEAD + transport_settings(),
    "stun show status": lambda look: stun_row(_STUN_SERVER, 30, "OK", look.outside or "-", 41872),
    "pjsip show aors": lambda look: aors({t.name: _contacts_of(look, t.name) for t in look.trunks}),
}
_OBJECTS: dict[str, Callable[[Look, TrunkObjects], str | None]] = {
    "pjsip show aor": _show_aor,
    "pjsip show registration": _show_registration,
    "pjsip show endpoint": _show_endpoint,
}
