"""A fleet for the tests of the screen: every state, real sentences, hostile names, and feeds that play it."""

from __future__ import annotations

import asyncio
import math
from collections.abc import AsyncIterator, Iterable

from msgspec.structs import replace

from trunktui.model.acting import Doings
from trunktui.model.feed import EngineStatus, FeedUpdate
from trunktui.model.health import Effective, LegState, ProbeSignal, RegSignal, SbcState, Severity, Usage
from trunktui.model.inventory import AuthMode, NativeNames
from trunktui.model.link import LinkStatus, SshState
from trunktui.model.observation import Contact, ContactState, Unread
from trunktui.model.snapshot import (
    ChannelsView,
    CpsView,
    Evidence,
    LegStatus,
    ProbeView,
    RegView,
    SbcStatus,
    Snapshot,
)
from trunktui.model.text import Safe, clean

NOW = 10_000.0
"""The monotonic second of the samples."""

INTERVAL = 30.0

HOSTILE = (
    "[/]",
    "[@click=app.quit]x",
    "[bold red]y[/]",
    "\x1b]52;c;ZXZpbA==\x07",
    "\x1b[2J\x1b[1;1Hgone",
    "\u202eevil",
    "日本語トランク",
    "e" + "\u0301" * 40,
    ":smile:",
    "a" * 300,
)
"""Names as an attacker would choose them; `clean` has them before they reach a snapshot."""

_SEQUENCES = (
    "\x1b[31m", "\x1b[2J", "\x1b[6n", "\x1b[?1049l", "\x1b]0;title\x07", "\x1b]52;c;ZXZpbA==\x1b\\",
    "\x1b]8;;http://x\x07", "\x1bP$q\x1b\\", "\x1bc", "\x9b31m", "\x9d0;x\x9c", "\x90q\x9c", "\x07\x08\x0b\x0c\r\n",
    "\x00\x0e\x0f\x7f", "\u202e\u2066", "\u200b\u200d\ufeff\xad", "\U000e0041\u2028", "e" + "\u0301" * 60,
    "\ud800", "[@click=app.quit]",
)  # fmt: skip
PAYLOADS = tuple(
    wrapped for text in _SEQUENCES for wrapped in (text, f"a{text}b", f'"Bob {text}" <sip:x@[/]>')
)
"""Sixty texts that attack a terminal or a markup reader, raw."""


def leg(
    name: str = "alpha-us",
    sbc: str = "nyc-1",
    state: LegState = LegState.UP,
    severity: Severity = Severity.NONE,
    reason: str = "registered, next REGISTER in 74 s; OPTIONS 21 ms; 12/90 channels",
    *,
    now: float = NOW,
    age: float | None = 3.0,
    since: float | None = 3600.0,
    carrier: str | None = "alpha",
    reg: RegView | None = None,
    probe: ProbeView | None = None,
    channels: ChannelsView | None = None,
    was: LegState | None = None,
    auth: AuthMode = AuthMode.HYBRID,
    evidence: tuple[Evidence, ...] = (),
    groups: tuple[str, ...] = (),
) -> LegStatus:
    """Return a leg, up and fresh unless told otherwise; `age` and `since` are seconds before `now`."""
    observed = None if age is None else now - age
    trunk = clean(name)
    return LegStatus(
        id=f"{trunk}@{sbc}",
        trunk=trunk,
        sbc=sbc,
        native=NativeNames(registration=f"{trunk}-reg", endpoint=trunk, aor=trunk),
        carrier=carrier,
        account=None,
        groups=groups,
        auth=auth,
        auth_guessed=False,
        discovered=carrier is None,
        why_not_actionable=None,
        state=state,
        severity=severity,
        reason=clean(reason),
        since_at=None if since is None else now - since,
        was=was,
        effective=Effective.ROUTABLE,
        registration=reg or RegView(RegSignal.REGISTERED, next_at=now + 74),
        probe=probe or ok_probe(21.4),
        channels=channels or ChannelsView(Usage.NORMAL, active=12, cap=90, used=12),
        cps=CpsView(Usage.NO_CAP, now=2.1, peak=5, window_s=30.0, used=2.1),
        at_risk=math.inf if probe is not None and probe.state is ProbeSignal.UNMONITORED else 73.5,
        observed_at=observed,
        late_at=None if observed is None else observed + 2 * INTERVAL,
        stale_at=None if observed is None else observed + 3 * INTERVAL,
        evidence=evidence,
    )


def ok_probe(rtt_ms: float) -> ProbeView:
    """Return a probe that is answered in `rtt_ms`."""
    contact = Contact(Safe("sip:198.51.100.7:5060"), ContactState.REACHABLE, rtt_ms, Safe("Avail"))
    return ProbeView(ProbeSignal.OK, rtt_ms=rtt_ms, misses=0, interval_s=30, detect_s=35, contacts=(contact,))


def dead_probe(misses: int) -> ProbeView:
    """Return a probe nobody answers."""
    contact = Contact(Safe("sip:203.0.113.9:5060"), ContactState.UNREACHABLE, None, Safe("Unavail"))
    return ProbeView(ProbeSignal.DEAD, misses=misses, interval_s=30, detect_s=35, contacts=(contact,))


def evidence_of(name: str) -> tuple[Evidence, ...]:
    """Return the raw lines a verdict on `name` would rest on."""
    return (
        Evidence(
            "pjsip show registrations",
            clean(f" {name}-reg/sip:198.51.100.7   auth-{name}   Rejected   (exp. 720s ago)"),
        ),
        Evidence(
            "pjsip show contacts",
            clean(f"  Contact:  {name}/sip:203.0.113.9:5060   1b0b8b6b5f Unavail         nan"),
        ),
    )


def sbc(name: str = "nyc-1", *, now: float = NOW, age: float | None = 3.0) -> SbcStatus:
    """Return an SBC that answers."""
    polled = None if age is None else now - age
    return SbcStatus(
        name=name,
        site=name.partition("-")[0],
        platform="asterisk",
        host="10.20.0.11",
        state=SbcState.UP,
        severity=Severity.NONE,
        reason=Safe("answers"),
        link=LinkStatus(SshState.OK, Safe(""), now - 7200, polled),
        version=Safe("22.10.0"),
        started_at=now - 86400 * 3,
        channels=1240,
        calls=620,
        polled_at=polled,
        stale_at=None if polled is None else polled + 3 * INTERVAL,
        poll_took_s=0.42,
        next_poll_at=None if polled is None else polled + INTERVAL,
    )


def broken_sbc(name: str = "lab-1", *, now: float = NOW) -> SbcStatus:
    """Return an SBC whose software does not answer, with a line that could not be read."""
    return replace(
        sbc(name, now=now, age=250),
        state=SbcState.DOWN,
        severity=Severity.CRITICAL,
        reason=Safe("Asterisk does not answer"),
        unread=(Unread("core show uptime", "no such column", (Safe("Verbosity was 3 and is now 4"),)),),
    )


def fleet(now: float = NOW) -> Snapshot:
    """Return sixteen legs on four SBCs in every state there is, and one SBC in trouble."""
    return Snapshot(
        generation=7,
        at=now,
        sbcs=(
            sbc("nyc-1", now=now),
            sbc("lon-2", now=now, age=5),
            sbc("fra-1", now=now),
            broken_sbc(now=now),
        ),
        legs=(*_bad_legs(now), *_good_legs(now)),
    )


def hostile_fleet(now: float = NOW, payloads: Iterable[str] = HOSTILE) -> Snapshot:
    """Return a fleet whose every text from outside was chosen by an attacker."""
    legs = tuple(
        replace(
            leg(text, "nyc-1", LegState.DEGRADED, Severity.MINOR, f"{index} {text}", now=now),
            id=f"{clean(text, 40)}~{index}@nyc-1",
            carrier=clean(text),
            probe=ProbeView(
                ProbeSignal.PARTIAL, contacts=(Contact(clean(text), ContactState.OTHER, 1.0, clean(text)),)
            ),
            evidence=(Evidence(clean(text), clean(text)),),
        )
        for index, text in enumerate(payloads)
    )
    box = replace(
        sbc(now=now), state=SbcState.DEGRADED, reason=clean("".join(payloads)), version=clean(HOSTILE[4])
    )
    return Snapshot(generation=1, at=now, sbcs=(box,), legs=legs)


def all_text(snapshot: Snapshot, payloads: Iterable[str]) -> Snapshot:
    """Return `snapshot` with raw payloads where clean text should be: as if something had forgotten to clean."""
    raw = [Safe(text) for text in payloads]
    legs = tuple(
        replace(
            one,
            carrier=raw[n % len(raw)],
            account=raw[n % len(raw)],
            groups=(raw[n % len(raw)],),
            reason=raw[n % len(raw)],
            badge=raw[n % len(raw)],
            evidence=(Evidence(raw[n % len(raw)], raw[n % len(raw)]),),
        )
        for n, one in enumerate(snapshot.legs)
    )
    unread = tuple(Unread(text, text, (text,)) for text in raw)
    boxes = tuple(
        replace(box, reason=Safe("".join(raw)), version=raw[0], unread=unread) for box in snapshot.sbcs
    )
    return replace(snapshot, legs=legs, sbcs=boxes)


def never_polled(snapshot: Snapshot) -> Snapshot:
    """Return `snapshot` as it is before the first answer: all unknown, nothing observed."""
    legs = tuple(
        replace(
            one,
            state=LegState.UNKNOWN,
            severity=Severity.INDETERMINATE,
            reason=Safe("not polled yet"),
            since_at=None,
            was=None,
            registration=RegView(RegSignal.UNKNOWN),
            probe=ProbeView(ProbeSignal.UNKNOWN),
            channels=ChannelsView(Usage.UNKNOWN, cap=one.channels.cap),
            cps=CpsView(Usage.NO_CAP),
            at_risk=None,
            observed_at=None,
            late_at=None,
            stale_at=None,
            evidence=(),
        )
        for one in snapshot.legs
    )
    sbcs = tuple(
        replace(
            box,
            state=SbcState.UNKNOWN,
            reason=Safe("not polled yet"),
            link=LinkStatus(),
            version=None,
            started_at=None,
            channels=None,
            calls=None,
            polled_at=None,
            stale_at=None,
            poll_took_s=None,
            next_poll_at=None,
            unread=(),
        )
        for box in snapshot.sbcs
    )
    return Snapshot(generation=0, at=snapshot.at, sbcs=sbcs, legs=legs)


class ScriptedFeed:
    """A feed that yields what a test puts in; `end()` closes it as a dead engine would."""

    def __init__(self, initial: Snapshot) -> None:
        self._initial = initial
        self._queue: asyncio.Queue[FeedUpdate | None] = asyncio.Queue()
        self.closed = False

    def initial(self) -> Snapshot:
        return self._initial

    async def updates(self) -> AsyncIterator[FeedUpdate]:
        while (update := await self._queue.get()) is not None:
            yield update

    async def close(self) -> None:
        self.closed = True

    def put(self, snapshot: Snapshot, engine: EngineStatus | None = None, doings: Doings = Doings()) -> None:  # noqa: B008
        """Hand an update to the screen."""
        self._queue.put_nowait(FeedUpdate(snapshot, engine or EngineStatus(alive=True), doings=doings))

    def end(self) -> None:
        """End the stream."""
        self._queue.put_nowait(None)


def _bad_legs(now: float) -> tuple[LegStatus, ...]:
    return (
        leg(
            "alpha-us",
            "nyc-1",
            LegState.DOWN,
            Severity.CRITICAL,
            "registration gave up 12 min ago after 403 and OPTIONS gets no answer; Asterisk will not try again "
            "by itself. Check password and allowlist",
            now=now,
            since=372,
            reg=RegView(RegSignal.GAVE_UP, next_at=now - 720, failures=3, gave_up=True, code=403),
            probe=dead_probe(6),
            channels=ChannelsView(Usage.NORMAL, active=0, cap=300, used=41),
            evidence=evidence_of("alpha-us"),
            groups=("us-outbound",),
        ),
        leg(
            "beta-us",
            "nyc-1",
            LegState.DEGRADED,
            Severity.MAJOR,
            "188 of 200 channels in use: at the cap in minutes",
            now=now,
            carrier="beta",
            since=95,
            probe=ok_probe(412.0),
            channels=ChannelsView(Usage.FULL, active=108, cap=200, used=188),
            groups=("us-outbound",),
        ),
        leg(
            "gamma",
            "lon-2",
            LegState.UNMONITORED,
            Severity.WARNING,
            "no OPTIONS configured on AOR gamma: a dead trunk would look idle",
            now=now,
            carrier="gamma",
            age=5,
            auth=AuthMode.IP,
            reg=RegView(RegSignal.NOT_USED),
            probe=ProbeView(ProbeSignal.UNMONITORED, interval_s=0),
            channels=ChannelsView(Usage.NORMAL, active=4, cap=60, used=4),
        ),
        leg(
            "alpha-eu",
            "lab-1",
            LegState.UNKNOWN,
            Severity.INDETERMINATE,
            "Asterisk on lab-1 does not answer; was up",
            now=now,
            age=250,
            since=160,
            was=LegState.UP,
        ),
        leg(
            "delta-intl-premium-termination",
            "lon-2",
            LegState.SUSPECT,
            Severity.WARNING,
            "REGISTER 503, retry 2 in 41 s; calls still pass",
            now=now,
            carrier="delta",
            age=5,
            since=21,
            reg=RegView(RegSignal.RETRYING, next_at=now + 41, failures=2, code=503),
            probe=ProbeView(ProbeSignal.MISSING, misses=1, interval_s=30, detect_s=35),
            channels=ChannelsView(Usage.NO_CAP, active=7),
        ),
        leg(
            "epsilon",
            "nyc-1",
            LegState.ADMIN_OFF,
            reason="disabled in the config",
            now=now,
            carrier="epsilon",
            reg=RegView(RegSignal.ADMIN_OFF),
            probe=ProbeView(ProbeSignal.UNKNOWN),
            channels=ChannelsView(Usage.UNKNOWN, cap=30),
        ),
        leg("zeta", "lon-2", LegState.STANDBY, reason="standby of nyc-1", now=now, carrier="zeta", age=5),
    )


def _good_legs(now: float) -> tuple[LegStatus, ...]:
    places = [("delta", "fra-1"), ("eta", "fra-1"), ("theta", "fra-1"), ("iota", "nyc-1"), ("kappa", "lon-2")]
    good = [
        leg(
            name,
            box,
            now=now,
            carrier=name,
            age=2 + index,
            since=86400.0 * (index + 1),
            probe=ok_probe(18 + 7.3 * index),
            reg=RegView(RegSignal.REGISTERED, next_at=now + 60 * (index * 9 + 1)),
            channels=ChannelsView(Usage.NORMAL, active=12 + index, cap=90, used=12 + 3 * index),
        )
        for index, (name, box) in enumerate(places)
    ]
    good.append(leg("[/] odd name", "fra-1", carrier=None, now=now, probe=ok_probe(33)))
    good.append(leg("[@click=app.quit]x", "fra-1", carrier=None, now=now, probe=ok_probe(35)))
    good.append(leg("esc\x1b[31mred", "fra-1", carrier=None, now=now, probe=ok_probe(36)))
    good.append(leg("日本語", "fra-1", carrier=None, now=now, age=70, probe=ok_probe(90)))
    return tuple(good)
