"""Puts what a simulated SBC knows into the words of FreeSWITCH: byte for byte what `fs_cli -x` prints. Pure.

The world behind it is the one that also speaks Asterisk's words, so a few things are told as FreeSWITCH would live them: a
gateway has one address (the first), a registered one whose OPTIONS stay unanswered drops, and nothing is given up.
"""

from __future__ import annotations

import json
from collections.abc import Callable, Sequence

from trunktui.demo import freeswitch_settings
from trunktui.demo.asterisk_words import Printed
from trunktui.demo.deeds import Deed
from trunktui.demo.routing import Written
from trunktui.demo.rows import Call, ContactRow, Daemon, Look, RegistrationRow, TrunkObjects
from trunktui.demo.tempo import token

NOT_CONNECTED = "[ERROR] fs_cli.c:1699 main() Error Connecting []\n"
_NOT_ASKED = 255
_PROFILE, _INSIDE = "external", "internal"
_RULE = "=" * 97
_HEAD = '<?xml version="1.0" encoding="ISO-8859-1"?>\n'
_SPANS = (
    ("years", 31536000),
    ("days", 86400),
    ("hours", 3600),
    ("minutes", 60),
    ("seconds", 1),
)
_ROW = (
    "uuid", "direction", "created", "created_epoch", "name", "state", "cid_name", "cid_num", "ip_addr", "dest",
    "application", "application_data", "dialplan", "context", "read_codec", "read_rate", "read_bit_rate",
    "write_codec", "write_rate", "write_bit_rate", "secure", "hostname", "presence_id", "presence_data",
    "accountcode", "callstate", "callee_name", "callee_num", "callee_direction", "call_uuid", "sent_callee_name",
    "sent_callee_num", "initial_cid_name", "initial_cid_num", "initial_ip_addr", "initial_dest",
    "initial_dialplan", "initial_context",
)  # fmt: skip


def answer(command: str, look: Look) -> Printed:
    """Return what `fs_cli -x COMMAND` prints; a frozen FreeSWITCH lets nobody in, as one that is down."""
    if look.daemon in {Daemon.STOPPED, Daemon.FROZEN}:
        return Printed(err=NOT_CONNECTED, status=_NOT_ASKED)
    words = command.split()
    if say := _PLAIN.get(command):
        if words[0] == "sofia" and look.daemon is Daemon.LOADING:
            return Printed(_unknown(command))
        return Printed(f"{say(look)}\n")
    if words[:3] == ["sofia", "xmlstatus", "gateway"] and len(words) == 4:
        trunk = next((trunk for trunk in look.trunks if trunk.name == words[3]), None)
        return Printed("Invalid Gateway!\n\n" if trunk is None else f"{_HEAD}{gateway(look, trunk)}\n")
    if words[:2] == ["sofia", "profile"] and words[3:4] == ["register"] and len(words) == 5:
        return Printed(_registered(look, words[2], words[4]))
    if (told := freeswitch_settings.answer(command, look.settings)) is not None:
        return Printed(f"{told}\n")
    if words[:1] == ["uuid_getvar"] and len(words) == 3:
        return Printed("-ERR No such channel!\n\n")
    return Printed(_unknown(command))


def taken(command: str, look: Look) -> tuple[Deed, str] | Written | None:
    """Return what FreeSWITCH will do after such a command and to which gateway; None where it changes nothing."""
    words = command.split()
    if look.daemon is not Daemon.RUNNING:
        return None
    if (written := freeswitch_settings.written(command, look.settings)) is not None:
        return written
    if words[:2] != ["sofia", "profile"] or words[3:4] != ["register"]:
        return None
    name = words[4] if len(words) == 5 else ""
    return (Deed.REGISTER, name) if any(row.name == name for row in look.registrations) else None


def gateways(look: Look) -> str:
    """Return `sofia xmlstatus gateway`: the newest first."""
    blocks = "".join(gateway(look, trunk) for trunk in reversed(look.trunks))
    return f"{_HEAD}<gateways>\n{blocks}</gateways>\n"


def gateway(look: Look, trunk: TrunkObjects) -> str:
    """Return one gateway's element."""
    row = next((row for row in look.registrations if row.name == trunk.name), None)
    contact = next((row for row in look.contacts if row.aor == trunk.name), None)
    state, status, retry = _state(trunk, row, contact)
    host = trunk.server.removeprefix("sip:")
    user = trunk.client.partition(":")[2].partition("@")[0] if row is not None else "FreeSWITCH"
    every = trunk.qualify_s
    answered = contact is not None and contact.word == "Avail"
    up = status == "UP"
    calls = [call for call in look.calls if call.trunk == trunk.name]
    values = [
        ("name", trunk.name),
        ("profile", _PROFILE),
        ("scheme", "Digest"),
        ("realm", host),
        ("username", user),
        ("password", "yes" if row is not None else "no"),
        ("from", f"&lt;sip:{user}@{host}&gt;"),
        ("contact", f"&lt;sip:gw+{trunk.name}@{look.address}:5080;transport=udp;gw={trunk.name}&gt;"),
        ("exten", user),
        ("to", f"sip:{user}@{host}"),
        ("proxy", trunk.server),
        ("context", "from-carrier"),
        ("expires", str(trunk.expires_s or 3600)),
        ("freq", str(trunk.expires_s or 3600)),
        ("ping", str(int(look.clock_s) + every if every else 0)),
        ("pingfreq", str(every)),
        ("pingmin", "1" if every else "0"),
        ("pingcount", str(int(answered))),
        ("pingmax", "1" if every else "0"),
        ("pingtime", f"{(contact.rtt_ms or 0.0) if contact is not None else 0.0:.2f}"),
        ("pinging", "0"),
        ("state", state),
        ("status", status),
        ("uptime-usec", str(look.uptime_s * 1_000_000 if up else 0)),
        ("calls-in", str(sum(call.inbound for call in calls))),
        ("calls-out", str(look.dialled.get(trunk.name, 0))),
        ("failed-calls-in", "0"),
        ("failed-calls-out", "0"),
    ]
    if retry is not None:
        values.append(("retry", f"{retry}s"))
    return "  <gateway>\n" + "".join(f"    <{k}>{v}</{k}>\n" for k, v in values) + "  </gateway>\n"


def profiles(look: Look) -> str:
    """Return `sofia status`."""
    rows = [
        (_PROFILE, "profile", f"sip:mod_sofia@{look.address}:5080", "RUNNING (0)"),
        *(
            (
                f"{_PROFILE}::{trunk.name}",
                "gateway",
                trunk.server,
                "NOREG" if trunk.expires_s is None else "REGED",
            )
            for trunk in reversed(look.trunks)
        ),
        (_INSIDE, "profile", f"sip:mod_sofia@{look.address}:5060", "RUNNING (0)"),
    ]
    head = f"{'Name':>25}\t   Type\t{'Data':>42}\tState\n"
    body = "".join(f"{name:>25}\t{kind:>7}\t{data:>42}\t{state}\n" for name, kind, data, state in rows)
    return f"{head}{_RULE}\n{body}{_RULE}\n2 profiles 0 aliases\n"


def status(look: Look) -> str:
    """Return `status`."""
    left, spans = look.uptime_s, []
    for name, seconds in _SPANS:
        spans.append(f"{left // seconds} {name[:-1] if left // seconds == 1 else name}")
        left %= seconds
    now = 2 * len(look.calls)
    ready = "is ready" if look.daemon is Daemon.RUNNING else "is not ready"
    return (
        f"UP {', '.join(spans)}, 0 milliseconds, 0 microseconds\n"
        f"FreeSWITCH (Version {look.version} git a88d069 2024-08-02 21:02:27Z 64bit) {ready}\n"
        f"{2 * look.processed} session(s) since startup\n"
        f"{now} session(s) - peak {now}, last 5min {now} \n"
        f"0 session(s) per Sec out of max 30, peak 3, last 5min 3 \n"
        "1000 session(s) max\nmin idle cpu 0.00/97.53\nCurrent Stack Size/Max 240K/8192K\n"
    )


def channels(look: Look) -> str:
    """Return `show channels as json`: two rows a call, and no `rows` at all without one."""
    rows = [row for call in look.calls for row in _channels(call, look)]
    if not rows:
        return '{"row_count": 0}\n'
    return json.dumps({"row_count": len(rows), "rows": rows}, separators=(",", ":")) + "\n"


def _channels(call: Call, look: Look) -> Sequence[dict[str, str]]:
    up = look.at >= call.answered
    number = f"1{'800' if call.inbound else '212'}55501{int(token(4, call.key, 'number'), 16) % 100:02}"
    first, second = (_uuid(call.key, leg) for leg in ("a", "b"))
    trunk, inside = f"sofia/{_PROFILE}/{number}", f"sofia/{_INSIDE}/dialer@{look.address}"
    common = {
        "created_epoch": str(call.made),
        "dest": number,
        "hostname": look.sbc,
        "callstate": "ACTIVE" if up else "RINGING",
        "call_uuid": first,
        "dialplan": "XML",
    }
    presence = f"gw:{call.trunk}"
    a = {
        "uuid": first,
        "direction": "inbound",
        "name": f"{trunk}@carrier" if call.inbound else inside,
        "presence_data": presence if call.inbound else "",
        "application": "bridge",
        "state": "CS_EXECUTE",
    }
    b = {
        "uuid": second,
        "direction": "outbound",
        "name": inside if call.inbound else trunk,
        "presence_data": "" if call.inbound else presence,
        "state": "CS_EXCHANGE_MEDIA" if up else "CS_CONSUME_MEDIA",
    }
    return [dict.fromkeys(_ROW, "") | common | each for each in (a, b)]


def _uuid(*of: str) -> str:
    text = token(32, *of)
    return f"{text[:8]}-{text[8:12]}-{text[12:16]}-{text[16:20]}-{text[20:]}"


def _state(
    trunk: TrunkObjects, row: RegistrationRow | None, contact: ContactRow | None
) -> tuple[str, str, int | None]:
    """Return a gateway's state, status, and the wait that it shows."""
    silent = contact is not None and contact.word == "Unavail"
    if row is None:
        return "NOREG", "DOWN" if silent else "UP", None
    due = row.due_s or 0
    match row.word:
        case "Registered" if not silent:
            return ("REGED" if due >= 0 else "TRYING"), "UP", None
        case "Unregistered":
            return "UNREGED", "UP", None
        case _:
            return (
                ("FAIL_WAIT", "DOWN", max(due, 0) or trunk.retry_s)
                if due >= 0 or silent
                else ("TRYING", "DOWN", None)
            )


def _registered(look: Look, profile: str, name: str) -> str:
    if profile not in {_PROFILE, _INSIDE}:
        return f"Invalid Profile [{profile}]"
    if not any(trunk.name == name for trunk in look.trunks):
        return "Invalid gateway!\n\n"
    if not any(row.name == name for row in look.registrations):
        return f"-ERR NOREG gateway [{name}] can't be registered!\n\n"
    return "+OK\n\n"


def _unknown(command: str) -> str:
    return f"-ERR {command} Command not found!\n\n"


_PLAIN: dict[str, Callable[[Look], str]] = {
    "status": status,
    "sofia xmlstatus gateway": gateways,
    "sofia status": profiles,
    "show calls count": lambda look: f"\n{len(look.calls)} total.\n",
    "show channels as json": channels,
}
