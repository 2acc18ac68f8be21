"""A tiny language for health tests: what one Asterisk says of one trunk, poll after poll, and what we make of it."""

from __future__ import annotations

import contextlib
from collections.abc import Iterator, Mapping, Sequence
from datetime import UTC, datetime
from typing import Any
from unittest.mock import patch

from msgspec import Struct, structs

from tests.health.natives import Told
from trunktui.health.context import LegContext
from trunktui.model.ask import Answer, Reply
from trunktui.model.audio import AudioLook, CallAudio
from trunktui.model.health import Thresholds
from trunktui.model.inventory import (
    Account,
    AuthMode,
    Binding,
    Cap,
    DialMode,
    Direction,
    Group,
    Inventory,
    Sbc,
    SshTarget,
    Trunk,
)
from trunktui.model.link import LinkError, SshState
from trunktui.model.observation import ProbeSettings, RegSettings
from trunktui.model.snapshot import LegStatus, SbcStatus, Snapshot
from trunktui.model.snmp import SnmpTarget
from trunktui.model.tail import CallOutcome, CallRecord, TailFacts, TailState, TailStatus
from trunktui.model.text import Safe
from trunktui.platforms import asterisk
from trunktui.platforms.asterisk_calls import CALLS as CALLS_FILE
from trunktui.platforms.asterisk_logs import LOG
from trunktui.platforms.contract import LegSettings
from trunktui.poll import leg as poll_leg
from trunktui.poll.fleet import Fleet

START = 1000.0
DEFAULTS = Thresholds()
UNFROZEN = Thresholds(flap_changes=99, flap_start=1.0)
"""As if nothing ever flapped: what a leg is underneath."""

REGISTRAR = "10.77.0.21:5060"
CLIENT = "sip:acme@10.77.0.21"
EPOCH = 1_795_000_000.0
"""UTC of monotonic second 0, by the SBC's clock."""

_WARNING = "WARNING[12520] res_pjsip_outbound_registration.c: "
_PARTIES = f"received from 'sip:{REGISTRAR}' on registration attempt to '{CLIENT}'"


def refused(code: int | None, retry: int = 60) -> str:
    """Return the line for a REGISTER that failed and is tried again; None: nobody answered."""
    how = "No response" if code is None else f"Temporal response '{code}'"
    return f"{_WARNING}{how} {_PARTIES}, retrying in '{retry}'"


def stopped(code: int) -> str:
    """Return the line for a REGISTER that is not tried again."""
    return f"{_WARNING}Fatal response '{code}' {_PARTIES}, stopping outbound registration"


def exhausted() -> str:
    """Return the line for one that was tried as often as it may be."""
    return (
        f"{_WARNING}Maximum retries reached when attempting outbound registration to 'sip:{REGISTRAR}' with "
        f"client '{CLIENT}', stopping registration attempt"
    )


class Says(Struct, frozen=True):
    """One answer of the SBC: `reg` as in the table (`Registered 245`, `Rejected 700 ago`), contacts by word."""

    reg: str | None = "Registered 60"
    contacts: tuple[str, ...] = ("Avail 23.0",)
    channels: int = 0
    answered_ago: int | None = None
    uptime: int | None = None
    """None: it has been up for a day when the play starts."""

    reg_table: str | None = None
    silent: SshState | None = None
    """Set: the poll could not be made."""

    frozen: bool = False
    calls: tuple[CallRecord, ...] | None = None
    """Calls that its records told since the poll before, their times in seconds from this one; None: no records."""

    audio: AudioLook | None = None

    log: tuple[tuple[float, str], ...] = ()
    """What its log says by then: how many seconds ago, and the line without its head."""


Polls = Sequence[tuple[float, Says | Told]]
"""Polls in their order: seconds from START, and what the SBC said."""


class Trunks(Struct, frozen=True):
    """How the trunk is configured, and the settings loaded on the SBC (qualify None: not readable)."""

    auth: AuthMode = AuthMode.HYBRID
    dial: DialMode | None = DialMode.AOR
    cap: int | None = None
    qualify: int | None = 30
    interval: float = 30.0
    platform: str = "asterisk"
    direction: Direction = Direction.OUTBOUND
    enabled: bool = True
    egress: str | None = None
    retries: int | None = None
    """`max_retries` as loaded; `retry_interval` is 60 then."""


def play(
    trunks: Trunks,
    polls: Polls,
    judged_at: float | None = None,
    thresholds: Thresholds = DEFAULTS,
    known: Mapping[str, object] | None = None,
) -> Snapshot:
    """Return the fleet after `polls` (seconds from START, what the SBC said), judged at the last or `judged_at`.

    `known`: what other parts of the program put into the leg's context (attempts a second, our own record).
    """
    with _knowing(known or {}):
        return _played(trunks, polls, judged_at, thresholds)


@contextlib.contextmanager
def _knowing(known: Mapping[str, object]) -> Iterator[None]:
    def context(*args: Any) -> LegContext:
        return structs.replace(of_leg(*args), **known)

    of_leg = poll_leg._context
    with patch.object(poll_leg, "_context", context) if known else contextlib.nullcontext():
        yield


def _played(trunks: Trunks, polls: Polls, judged_at: float | None, thresholds: Thresholds) -> Snapshot:
    fleet = fleet_of(trunks, thresholds=thresholds)
    settings = settings_of(trunks)
    snapshot = fleet.snapshot(START)
    for second, says in polls:
        at = START + second
        if isinstance(says, Told):
            fleet.answered("sbc-1", says.observation(at))
            fleet.record("sbc-1").settings_done = True
        elif says.silent is not None:
            fleet.failed("sbc-1", LinkError(says.silent, Safe(f"ssh {says.silent.value}")), at)
        else:
            bindings = fleet.inventory.bindings_on("sbc-1")
            fleet.record("sbc-1").settings = settings
            look = asterisk.parse_poll(answer(says, at), settings, bindings)
            look = structs.replace(
                look, box=structs.replace(look.box, clock_s=look.box.clock_s or EPOCH + at)
            )
            fleet.answered("sbc-1", look)
            fleet.record("sbc-1").settings, fleet.record("sbc-1").settings_done = settings, True
            if says.log:
                facts = asterisk.parse_tail(LOG, log_lines(says.log, at), look.box)
                fleet.heard("sbc-1", LOG, facts, TailStatus(LOG, TailState.OK))
            if says.calls is not None:
                told = TailFacts(calls=dated(says.calls, look.box.clock_s or 0.0))
                fleet.heard("sbc-1", CALLS_FILE, told, TailStatus(CALLS_FILE, TailState.OK, read_to=at))
            if says.audio is not None:
                fleet.listened("sbc-1", says.audio, at)
        snapshot = fleet.snapshot(at)
    return snapshot if judged_at is None else fleet.snapshot(START + judged_at)


def calls(
    count: int,
    outcome: CallOutcome,
    cause: int | None = None,
    code: int | None = None,
    prefixes: tuple[str, ...] = ("1555",),
    *,
    since: float = -240.0,
    talk_s: int = 60,
) -> tuple[CallRecord, ...]:
    """Return calls over `carrier-a`, spread from `since` to now, over `prefixes` in turn."""
    answered = outcome is CallOutcome.ANSWERED
    return tuple(
        CallRecord(
            id=Safe(f"{outcome}-{cause}-{code}-{prefixes[0]}-{since}-{n}"),
            at=since * (1 - (n + 1) / count),
            endpoint="carrier-a",
            outcome=outcome,
            talk_s=talk_s if answered else None,
            cause=cause,
            code=code,
            prefix=Safe(prefixes[n % len(prefixes)]),
            began=since * (1 - (n + 1) / count) - (talk_s if answered else 0),
        )
        for n in range(count)
    )


def heard(count: int, received: int, sent: int = 0, *, first: int = 0) -> AudioLook:
    """Return what the counters say of so many calls over `carrier-a` that are up."""
    return AudioLook(
        tuple(CallAudio(Safe(f"u.{first + n}"), "carrier-a", received, sent) for n in range(count))
    )


def dated(records: tuple[CallRecord, ...], now: float) -> tuple[CallRecord, ...]:
    """Return calls whose times are seconds from `now` with real ones."""
    return tuple(
        structs.replace(one, at=now + one.at, began=None if one.began is None else now + one.began)
        for one in records
    )


def fleet_of(trunks: Trunks, *, snmp: bool = False, thresholds: Thresholds = DEFAULTS) -> Fleet:
    """Return a fleet of one SBC with the trunk `carrier-a`, alone in its group; `snmp`: asked by SNMP as well."""
    trunk = Trunk(
        "carrier-a",
        auth=trunks.auth,
        dial=trunks.dial,
        direction=trunks.direction,
        enabled=trunks.enabled,
        cap=Cap(channels=trunks.cap),
        bindings=(Binding("carrier-a", "sbc-1", name="carrier-a"),),
    )
    target = SnmpTarget("10.0.0.1", version="2c", community="env:C") if snmp else None
    sbc = Sbc("sbc-1", trunks.platform, SshTarget("10.0.0.1"), snmp=target, egress_ip=trunks.egress)
    return Fleet(Inventory(sbcs=(sbc,), trunks=(trunk,)), thresholds, trunks.interval)


def settings_of(trunks: Trunks) -> LegSettings:
    """Return the loaded settings that go with `trunks`."""
    probe = {} if trunks.qualify is None else {"carrier-a": ProbeSettings(trunks.qualify, 3.0, False)}
    registration = {}
    if trunks.retries is not None:
        registration = {"carrier-a": RegSettings(retry_s=60, max_retries=trunks.retries)}
    return LegSettings(
        probe=probe,
        registration=registration,
        client_of={"carrier-a": CLIENT},
        aors_of={"carrier-a": ("carrier-a",)},
        static={"carrier-a": True},
    )


def log_lines(told: tuple[tuple[float, str], ...], at: float) -> tuple[Safe, ...]:
    """Return lines as they stand in Asterisk's log at monotonic second `at`."""
    moments = [(datetime.fromtimestamp(EPOCH + at - ago, UTC), said) for ago, said in told]
    return tuple(Safe(f"[{moment:%Y-%m-%d %H:%M:%S}.{moment:%f}] {said}") for moment, said in moments)


def answer(says: Says, at: float) -> Answer:
    """Return what the SBC prints for `says`."""
    if says.frozen:
        return Answer(at - 6, at, (Reply("uptime", 137),))
    uptime = 86400 + int(at - START) if says.uptime is None else says.uptime
    texts = {
        "uptime": f"System uptime: {uptime}\nLast reload: {uptime}",
        "version": "Asterisk 22.10.1 built by nobody",
        "registrations": says.reg_table if says.reg_table is not None else registrations(says.reg),
        "contacts": contacts(says.contacts),
        "channels": channels(says),
        "clock": f"{datetime.fromtimestamp(EPOCH + at - 0.1, UTC):%Y-%m-%dT%H:%M:%S,%f}001+00:00",
        "count": f"{says.channels} active channels\n0 active calls",
    }
    replies = [Reply(key, 0, tuple(Safe(line) for line in text.splitlines())) for key, text in texts.items()]
    return Answer(at - 0.2, at, tuple(replies))


def registrations(reg: str | None) -> str:
    """Return the table for `Registered 60` or `Rejected 700 ago`; None: no registration at all."""
    if reg is None:
        return "No objects found."
    word, _, number = reg.partition(" ")
    seconds, _, ago = number.partition(" ")
    row = f" carrier-a/sip:{REGISTRAR}          carrier-a           {word}       (exp. {seconds}s{' ago' if ago else ''})"
    return f"===\n=====\n\n{row}\n\nObjects found: 1"


def contacts(words: tuple[str, ...]) -> str:
    """Return the contacts table for words such as `Avail 23.0`, `Unavail`, `NonQual`."""
    rows = []
    for number, word in enumerate(words, start=21):
        state, _, rtt = word.partition(" ")
        rows.append(
            f"  Contact:  carrier-a/sip:10.77.0.{number}:5060          c1f6290189 {state}    {rtt or '-nan'}"
        )
    return "=====\n" + "\n".join(rows) + f"\n\nObjects found: {len(rows)}" if rows else "No objects found."


def channels(says: Says) -> str:
    """Return that many channels of the trunk, the first one answered so long ago."""
    rows = []
    for number in range(says.channels):
        answered = number == 0 and says.answered_ago is not None
        app, data = ("AppDial", "(Outgoing Line)") if answered else ("Wait", "")
        age = says.answered_ago if answered else 3000
        rows.append(
            f"PJSIP/carrier-a-{number:08x}!from-carrier!!1!Up!{app}!{data}!1555!!!3!{age}!b!u.{number}"
        )
    return "\n".join(rows)


def leg(snapshot: Snapshot, leg_id: str = "carrier-a@sbc-1") -> LegStatus:
    """Return one leg of a snapshot."""
    return next(leg for leg in snapshot.legs if leg.id == leg_id)


def box(snapshot: Snapshot) -> SbcStatus:
    """Return the one SBC of a snapshot."""
    return snapshot.sbcs[0]


def two_legs(cap: int, active: tuple[int, int]) -> Snapshot:
    """Return two SBCs that share one account's cap, with so many channels each."""
    names = ("sbc-1", "sbc-2")
    trunk = Trunk(
        "carrier-a",
        account="acme",
        auth=AuthMode.HYBRID,
        dial=DialMode.AOR,
        bindings=tuple(Binding("carrier-a", name, name="carrier-a") for name in names),
    )
    inventory = Inventory(
        accounts=(Account("acme", "a", Cap(channels=cap)),),
        sbcs=tuple(Sbc(name, "asterisk", SshTarget("10.0.0.1")) for name in names),
        trunks=(trunk,),
        groups=(Group("us", ("carrier-a",)),),
    )
    fleet = Fleet(inventory, Thresholds(), 30.0)
    for name, count in zip(names, active, strict=True):
        says = Says(channels=count)
        observation = asterisk.parse_poll(
            answer(says, START), settings_of(Trunks()), inventory.bindings_on(name)
        )
        fleet.answered(name, observation)
        fleet.record(name).settings_done = True
    return fleet.snapshot(START)
