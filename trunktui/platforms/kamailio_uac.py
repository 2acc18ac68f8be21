"""Reads Kamailio's outbound registrations (`uac.reg_dump`), their flags as bits, the disabled one first.

One record, as kamcmd prints it; it prints the password in clear, which is masked before anything reads it, and no
line of this answer is ever kept but the harmless ones:

    {
        l_uuid: acme-primary
        l_username: trunk2001
        r_domain: 10.77.0.21
        auth_password: ***
        auth_proxy: sip:10.77.0.21:5060
        expires: 60
        flags: 20
        diff_expires: 45
        timer_expires: 1795396878
        reg_init: 1795396763
        reg_delay: 0

Bits of `flags` (uac_reg.c): 1 disabled, 2 a REGISTER is on its way, 4 online, 8 it was sent with credentials, 16
tried since it was loaded. A disabled record keeps bit 4, so 21 is not online. A refresh clears bit 4 when it sends,
so 18 may be a registration that stands. `timer_expires` is when the binding ends (online), when the REGISTER was
sent (on its way), or when the next attempt is due; `diff_expires` how far off that is, a huge negative number for
never. `reg_init` is when the record was loaded.
"""

from __future__ import annotations

from msgspec import Struct

from trunktui.model.ask import Reply
from trunktui.model.observation import Registration, RegPhase, RegSettings
from trunktui.model.text import Safe, clean
from trunktui.platforms.kamailio_address import Address, address_of
from trunktui.platforms.kamailio_rpc import Node, Table, read, unread_of

METHOD = "uac.reg_dump"

TICK_S = 90
"""`reg_timer_interval`'s default: how often Kamailio looks whether a REGISTER is due."""

ATTEMPT_S = 30
"""`fr_timer`'s default: how long an unanswered REGISTER waits; asked for, with credentials, twice at most."""

_DISABLED, _ONGOING, _ONLINE, _TRIED = 1, 2, 4, 16
_WORDS = {_DISABLED: "disabled", _ONGOING: "trying", _ONLINE: "online", 8: "auth sent", _TRIED: "tried"}
_KNOWN = sum(_WORDS)
_NONE = frozenset({"", "none"})


class Record(Struct, frozen=True):
    """One registration by its `l_uuid`; `address` None where its registrar cannot be told from its words.

    `off`: it was loaded disabled, and never tried: somebody meant it so. `timer`, `loaded` and `clock` are seconds of
    the SBC's clock: `timer_expires`, `reg_init`, and when this was printed.
    """

    uuid: str
    registration: Registration
    settings: RegSettings
    address: Address | None
    username: Safe | None
    off: bool
    timer: int | None
    loaded: int | None
    clock: int | None


def records(reply: Reply, total: int | None) -> Table[Record]:
    """Read `uac.reg_dump`; `total` is what Kamailio counts of them, None where it was not told.

    An answer without a record is proof of none only where the count says so too, or the RPC said an empty list.
    """
    told = read(reply)
    if told.absent:
        return Table(whole=True)  # without the module uac there is no registration
    if told.why is not None:
        return Table(unread=(unread_of(METHOD, told.why),))
    found: dict[str, Record] = {}
    strange = len(told.words)
    for node in told.nodes:
        record = _record(node)
        if record is None or record.uuid in found:
            strange += 1
        else:
            found[record.uuid] = record
    rows = tuple(found.values())
    if strange:
        return Table(rows, unread=(unread_of(METHOD, f"{strange} records unread"),))
    if total is not None and total != len(rows):
        return Table(rows, unread=(unread_of(METHOD, f"{len(rows)} records though {total} are counted"),))
    return Table(rows, whole=True)


def record(reply: Reply, uuid: str) -> Record | None:
    """Read `uac.reg_info l_uuid UUID`; None where it holds no such record."""
    told = read(reply)
    found = _record(told.node) if told.why is None else None
    return found if found is not None and found.uuid == uuid else None


def _record(node: Node) -> Record | None:
    uuid, flags, ahead = node.text("l_uuid"), node.number("flags"), node.number("diff_expires")
    if not uuid or flags is None or ahead is None or flags < 0:
        return None
    server, address = _server(node)
    timer = node.number("timer_expires")
    phase, due = _phase(flags, ahead, node)
    delay = node.number("reg_delay") or 0
    username = node.text("auth_username") or node.text("l_username")
    return Record(
        uuid=uuid,
        registration=Registration(
            phase=phase,
            word=clean(_words(flags)),
            due_in_s=due,
            server=clean(server),
            line=clean(f"l_uuid: {uuid} flags: {flags} ({_words(flags)}) diff_expires: {ahead}"),
            limit_s=ATTEMPT_S,
            by_hand=bool(flags & _DISABLED) and (bool(flags & _ONLINE) or not flags & _TRIED),
        ),
        settings=RegSettings(expires_s=node.number("expires"), initial_delay_s=delay + TICK_S),
        address=address,
        username=clean(username) if username else None,
        off=bool(flags & _DISABLED) and not flags & (_TRIED | _ONLINE),
        timer=timer,
        loaded=node.number("reg_init"),
        clock=None if timer is None else timer - ahead,
    )


def _phase(flags: int, ahead: int, node: Node) -> tuple[RegPhase, int | None]:
    """Return where a record stands, and the seconds that RegPhase tells of."""
    timer, loaded = node.number("timer_expires"), node.number("reg_init")
    if flags & ~_KNOWN:
        return RegPhase.OTHER, None
    if flags & _DISABLED:
        return RegPhase.DISABLED, None
    if flags & _ONGOING:
        return RegPhase.TRYING, min(ahead, 0) if timer else None
    if flags & _ONLINE:
        return RegPhase.REGISTERED, ahead
    if flags & _TRIED:
        # Past due it waits for the timer's next tick, and is not on its way: that is another flag.
        return RegPhase.WAITING, max(ahead, 0) if timer else None
    if timer is None or loaded is None:
        return RegPhase.UNREGISTERED, None
    age = timer - ahead - loaded  # `timer_expires` less `diff_expires` is the SBC's clock
    left = (node.number("reg_delay") or 0) + TICK_S - age
    return RegPhase.UNREGISTERED, left if left >= 0 else None


def _server(node: Node) -> tuple[str, Address | None]:
    """Return where REGISTER goes: to the proxy that is set, else to the registrar's domain."""
    proxy, domain = node.text("auth_proxy"), node.text("r_domain")
    if proxy is not None and proxy not in _NONE:
        return proxy, address_of(proxy)
    if domain is None or domain in _NONE:
        return "", None
    return f"sip:{domain}", address_of(f"sip:{domain}")


def _words(flags: int) -> str:
    known = [word for bit, word in _WORDS.items() if flags & bit]
    return ", ".join([*known, *(["?"] if flags & ~_KNOWN else [])]) or "not tried yet"
