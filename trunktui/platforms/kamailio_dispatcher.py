"""Reads the destinations of Kamailio's dispatcher (`dispatcher.list`): state, probing, latency, and why one is down.

One destination of a set, as kamcmd prints it:

    DEST: {
        URI: sip:10.77.0.21:5071
        FLAGS: IP
        PRIORITY: 5
        ATTRS: {
                BODY: duid=theta503
                DUID: theta503
        }
        LATENCY: {
                AVG: 0.333333
                STD: 0.516398
                EST: 0.333333
                MAX: 1
                TIMEOUT: 0
        }
    }

FLAGS: A active, T trying (a probe was lost, still used), I inactive, D disabled by hand; then P probed, X not: with
ds_probing_mode 1 an X means "not yet", for every one but a disabled one is asked. The code
of the last answer is not told, but LATENCY tells a destination that answers (a time was measured, no probe ever ran
out) from one that is silent (TIMEOUT grows): theta503 above answers, with a code that is no good. Milliseconds, cut to
whole ones, so that a carrier in the same rack shows 0, as one does that was never measured. How many probes were lost
is not told either, only the threshold is (`cfg.get dispatcher probing_threshold`).
"""

from __future__ import annotations

import re

from msgspec import Struct

from trunktui.model.ask import Reply
from trunktui.model.health import Effective
from trunktui.model.observation import Contact, ContactState, ProbeCount, ProbeSettings, Unread
from trunktui.model.text import Safe, clean
from trunktui.platforms.kamailio_address import Address, address_of
from trunktui.platforms.kamailio_rpc import Node, Table, Told, read, unread_of

METHOD = "dispatcher.list"

_FLAGS = re.compile(r"([AIDT])([PX]?)")
_IN_SET = re.compile(r"set (\d{1,9}) \S+ FLAGS: ")
_EMPTY = re.compile(r"no destination sets?", re.IGNORECASE)
_STATES = {
    "A": ContactState.REACHABLE,
    "T": ContactState.REACHABLE,
    "I": ContactState.UNREACHABLE,
    "D": ContactState.DISABLED,
}


class Destination(Struct, frozen=True):
    """One destination of one set. `name` is its duid, None where it has none; `state` its first flag."""

    set_id: int
    uri: str
    name: str | None
    state: str
    address: Address | None
    contact: Contact


def destinations(reply: Reply, probe: ProbeSettings | None) -> Table[Destination]:
    """Read `dispatcher.list`; `probe` is what is set for all destinations: the threshold, whether each is asked."""
    probe = probe or ProbeSettings()
    told = read(reply)
    if told.absent or no_sets(told):
        return Table(whole=True)  # without the module, or without a set, there is no destination
    if told.why is not None:
        return Table(unread=(unread_of(METHOD, told.why),))
    root, sets = told.node, 0
    rows: list[Destination] = []
    strange: list[Safe] = []
    records = root.child("RECORDS")
    for one in records.each("SET") if records is not None else ():
        sets += 1
        number, targets = one.number("ID"), one.child("TARGETS")
        for dest in targets.each("DEST") if targets is not None else ():
            row = _destination(number, dest, probe)
            if row is None:
                strange.append(clean(f"URI: {dest.text('URI')} FLAGS: {dest.text('FLAGS')}"))
            else:
                rows.append(row)
    return _table(rows, strange, sets, root.number("NRSETS"), reply)


def no_sets(told: Told) -> bool:
    """Whether Kamailio says that its dispatcher has no set at all."""
    return told.why is not None and _EMPTY.search(told.why) is not None


def set_of(contact: Contact) -> str | None:
    """Return the number of the set that a destination stands in, from its line; None where that is no destination's."""
    found = _IN_SET.match(contact.line)
    return found[1] if found else None


def _table(
    rows: list[Destination], strange: list[Safe], sets: int, announced: int | None, reply: Reply
) -> Table[Destination]:
    faults: tuple[Unread, ...] = ()
    if announced is None:
        faults = (unread_of(METHOD, "no number of sets in it", reply.lines),)
    elif announced != sets:
        faults = (unread_of(METHOD, f"{sets} sets though {announced} are announced"),)
    elif strange:
        faults = (unread_of(METHOD, f"{len(strange)} destinations unread", tuple(strange)),)
    return Table(tuple(rows), not faults, faults)


def effective(rows: tuple[Destination, ...]) -> Effective | None:
    """Return what Kamailio does with the next call to these destinations, None where there is none or a strange one.

    Inactive and disabled ones are skipped by every way of choosing.
    """
    states = {row.state for row in rows}
    if states & {"A", "T"}:
        return Effective.ROUTABLE
    if not states or "" in states:
        return None
    return Effective.REFUSED_LOCALLY if "I" in states else Effective.ADMIN_OFF


def _destination(set_id: int | None, node: Node, probe: ProbeSettings) -> Destination | None:
    uri, flags = node.text("URI"), node.text("FLAGS")
    if set_id is None or not uri or not flags:
        return None
    known = _FLAGS.fullmatch(flags)
    attributes = node.child("ATTRS") or Node()
    return Destination(
        set_id=set_id,
        uri=uri,
        name=attributes.text("DUID") or None,
        state=known[1] if known else "",
        address=address_of(uri),
        contact=_contact(set_id, uri, flags, known, node.child("LATENCY") or Node(), probe),
    )


def _contact(
    set_id: int, uri: str, flags: str, known: re.Match[str] | None, latency: Node, probe: ProbeSettings
) -> Contact:
    longest, lost = latency.number("MAX"), latency.number("TIMEOUT")
    measured = bool(longest) or bool(latency.decimal("EST"))
    state = _STATES[known[1]] if known else ContactState.OTHER
    probed = known[2] == "P" if known else None
    if probed is False and probe.every and state is not ContactState.DISABLED:
        probed = True
        state = ContactState.UNPROBED if state is ContactState.REACHABLE else state
    asked = state in {ContactState.REACHABLE, ContactState.UNREACHABLE} and probed
    answered = None if not asked or lost is None or bool(lost) == measured else measured
    seen = f"set {set_id} {uri} FLAGS: {flags}"
    if longest is not None and lost is not None:
        seen += f" EST: {latency.text('EST')} MAX: {longest} TIMEOUT: {lost}"
    return Contact(
        uri=clean(uri),
        state=state,
        rtt_ms=latency.decimal("EST") if state is ContactState.REACHABLE and measured and probed else None,
        line=clean(seen),
        probed=probed,
        count=_count(known, probe.misses) if asked else None,
        answered=answered,
    )


def _count(known: re.Match[str] | None, threshold: int | None) -> ProbeCount | None:
    """Return what the flags tell of lost probes: of a trying one, at least one, and not yet as many as it takes."""
    if known is None or threshold is None or threshold < 1 or known[1] not in "AT":
        return None
    return ProbeCount(1, threshold - 1 if known[1] == "T" else threshold, threshold, exact=known[1] == "A")
