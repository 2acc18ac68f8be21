"""SBCs that answer in observations at once, without a wire: cheap enough for weeks, and they remember nothing of the past.

What they would have printed is left to `tests.simulated.network`; pollers, fleet and rules are the product's.
"""

from __future__ import annotations

import asyncio
import math
import random
import time
from collections import Counter
from collections.abc import Iterable

from msgspec import structs

from tests.simulated.week_script import FLAP_S, LOSS, Fault, What
from trunktui.demo.plan import FleetPlan, TrunkPlan
from trunktui.model.ask import Answer, SshAsk
from trunktui.model.inventory import Binding, NativeNames
from trunktui.model.link import LinkError, SshState
from trunktui.model.observation import (
    AppState,
    Box,
    Channels,
    Contact,
    ContactState,
    Evidence,
    NativeLeg,
    Observation,
    ProbeSettings,
    Registration,
    RegPhase,
    RegSettings,
)
from trunktui.model.tail import TailFile
from trunktui.model.text import Safe, clean
from trunktui.platforms import asterisk
from trunktui.platforms.contract import UNREAD, LegSettings

_LEAD_S = 10.0
_RETRY_S = 60.0
_SPELL_S = 600.0
"""Channels change so often: whenever one does, every leg that shares its cap is judged again."""

_SENT_AGAIN_MS = (0.0, 500.0, 1500.0)
_LINKS = {
    What.RESTART: (SshState.REFUSED, "connection refused"),
    What.SILENT: (SshState.UNREACHABLE, "no answer for 10 s"),
    What.BLINK: (SshState.UNREACHABLE, "no answer for 10 s"),
    What.LOGIN: (SshState.AUTH, "login of noc refused"),
}


class _Leg:
    """One trunk on one SBC: the last result of its OPTIONS, and its registration's next attempt."""

    def __init__(self, trunk: TrunkPlan, sbc: str, dice: random.Random) -> None:
        self.trunk, self.id = trunk, f"{trunk.name}@{sbc}"
        self.every_s = 0.0 if sbc in trunk.unprobed else trunk.qualify_s
        self.base_ms = dice.uniform(12.0, 60.0)
        self.phase = dice.uniform(0.0, trunk.qualify_s)
        self.number: int | None = None
        self.rtts: tuple[float | None, ...] = ()
        self.spell, self.busy = -1.0, Channels(0)
        self.phase_now = RegPhase.REGISTERED
        self.next_at = dice.uniform(0.0, trunk.expires_s - _LEAD_S)
        name = clean(trunk.name)
        self.uris = tuple(clean(f"sip:{host}") for host in trunk.hosts)
        self.fixed = NativeLeg(
            native=NativeNames(name if trunk.registers else None, name, name),
            probe_settings=ProbeSettings(int(self.every_s), 3.0, False),
            reg_settings=RegSettings(int(trunk.expires_s), 60, 60, 60, 1000, False, 10)
            if trunk.registers
            else None,
        )


class WeekWorld:
    """The fleet of `plan` under `faults`; ask it in the order of time. `busy_s`: CPU that it took itself."""

    def __init__(self, plan: FleetPlan, faults: Iterable[Fault], seed: int) -> None:
        self.plan = plan
        self.polls = Counter[str]()
        self.busy_s = 0.0
        self._dice = random.Random(f"world {seed}")
        self._to_come = sorted(faults, key=lambda fault: -fault.start)
        self._active: list[Fault] = []
        self._sbcs = {sbc.name: sbc for sbc in plan.sbcs}
        self._legs = {
            sbc.name: {t.name: _Leg(t, sbc.name, self._dice) for t in plan.on(sbc.name)} for sbc in plan.sbcs
        }
        self._booted = {sbc.name: -86400.0 * sbc.up_days for sbc in plan.sbcs}
        self._reloaded = dict(self._booted)
        self._stepped = dict.fromkeys(self._sbcs, 0)  # since its start ...
        self._stepped_since = dict.fromkeys(self._sbcs, 0)  # ... and since its last reload

    def go_on(self, now: float) -> None:
        """Let everything begin and end that does until `now`."""
        for fault in [fault for fault in self._active if fault.end <= now]:
            self._active.remove(fault)
            self._end(fault)
        while self._to_come and self._to_come[-1].start <= now:
            fault = self._to_come.pop()
            self._begin(fault)
            if fault.end > now:
                self._active.append(fault)
            else:
                self._end(fault)

    def lossy(self) -> dict[str, What]:
        """Return the carriers that lose packets now."""
        return {fault.subject: fault.what for fault in self._active if fault.what in LOSS}

    def list_trunk(self, trunk: TrunkPlan) -> None:
        """Have SBCs list a trunk from now on."""
        for sbc in trunk.sbcs:
            self._legs[sbc][trunk.name] = _Leg(trunk, sbc, self._dice)

    def unlist_trunk(self, trunk: TrunkPlan) -> None:
        """Have SBCs list it no more."""
        for sbc in trunk.sbcs:
            del self._legs[sbc][trunk.name]

    def observe(self, sbc: str, asked_at: float, now: float) -> Observation:
        """Return what a poll finds. Raises LinkError."""
        began = time.thread_time()
        try:
            return self._observed(sbc, asked_at, now)
        finally:
            self.busy_s += time.thread_time() - began

    def _observed(self, sbc: str, asked_at: float, now: float) -> Observation:
        self.go_on(now)
        wrong = {fault.what for fault in self._active if fault.subject == sbc}
        for what in wrong & _LINKS.keys():
            state, words = _LINKS[what]
            raise LinkError(state, clean(f"{sbc}: {words}"))
        self.polls[sbc] += 1
        if What.FROZEN in wrong:
            words = Safe("Asterisk does not answer on its console")
            return Observation(now, now - asked_at, AppState.FROZEN, words)
        legs = tuple(self._native(leg, sbc, now) for leg in self._legs[sbc].values())
        return Observation(
            at=now,
            took_s=now - asked_at,
            app=AppState.ANSWERING,
            box=Box(
                version=Safe("22.10.1"),
                uptime_s=_age(now - self._booted[sbc], self._stepped[sbc]),
                reload_age_s=_age(now - self._reloaded[sbc], self._stepped_since[sbc]),
                channels=sum(leg.channels.active for leg in legs if leg.channels),
                calls=0,
            ),
            legs=legs,
            reg_read=True,
            contacts_read=True,
            channels_read=True,
        )

    def _begin(self, fault: Fault) -> None:
        if fault.what is What.RELOAD:
            self._reloaded[fault.subject] = fault.start
            self._stepped_since[fault.subject] = 0
        elif fault.what is What.SBC_CLOCK:
            self._stepped[fault.subject] += fault.by
            self._stepped_since[fault.subject] += fault.by
        elif fault.what is What.EXTRA:
            self.list_trunk(extra(self.plan, fault))

    def _end(self, fault: Fault) -> None:
        if fault.what is What.EXTRA:
            self.unlist_trunk(extra(self.plan, fault))
        elif fault.what is What.RESTART:
            sbc = fault.subject
            self._booted[sbc] = self._reloaded[sbc] = fault.end
            self._stepped[sbc] = self._stepped_since[sbc] = 0

    def _native(self, leg: _Leg, sbc: str, now: float) -> NativeLeg:
        self._probe(leg, now)
        contacts = tuple(self._contact(leg, uri, n) for n, uri in enumerate(leg.uris))
        registration = self._register(leg, now) if leg.trunk.registers else None
        if leg.spell != now // _SPELL_S:
            leg.spell, load = now // _SPELL_S, 0.45 + 0.4 * math.sin(now / 13750.0)
            leg.busy = Channels(int(self._dice.random() < load) + int(self._dice.random() < load / 8))
        return structs.replace(
            leg.fixed,
            registration=registration,
            contacts=contacts,
            channels=leg.busy,
            evidence=tuple(Evidence("pjsip show contacts", contact.line) for contact in contacts),
        )

    def _contact(self, leg: _Leg, uri: Safe, n: int) -> Contact:
        rtt = leg.rtts[n] if leg.rtts else None
        if not leg.rtts:
            state, word = ContactState.UNPROBED, "NonQual"
        elif rtt is None:
            state, word = ContactState.UNREACHABLE, "Unavail"
        else:
            state, word = ContactState.REACHABLE, "Avail"
        line = Safe(
            f"  Contact:  {leg.trunk.name}/{uri} 1f2e3d4c5b {word} {rtt if rtt is not None else 'nan'}"
        )
        return Contact(uri, state, rtt, line)

    def _probe(self, leg: _Leg, now: float) -> None:
        """Have the result of the last OPTIONS, and a new one where that was sent since."""
        if not leg.every_s:
            return
        number = math.floor((now - leg.phase) / leg.every_s)
        if number == leg.number:
            return
        leg.number = number
        lost = 0.0
        for fault in self._active:
            if fault.subject == leg.trunk.carrier and fault.what in LOSS:
                lost = LOSS[fault.what]
            off = fault.what is What.FLAPPING and int((now - fault.start) // FLAP_S) % 2 == 0
            if (off and fault.subject == leg.id) or (
                fault.what is What.OUTAGE and fault.subject == leg.trunk.carrier
            ):
                lost = 1.0
        leg.rtts = tuple(self._rtt(leg.base_ms, lost) for _ in leg.uris)

    def _rtt(self, base_ms: float, lost: float) -> float | None:
        through = (1.0 - lost) ** 2
        for late in _SENT_AGAIN_MS:
            if lost == 0.0 or self._dice.random() < through:
                return round(base_ms * self._dice.uniform(1.0, 1.12) + late, 3)
        return None

    def _register(self, leg: _Leg, now: float) -> Registration:
        while now >= leg.next_at:
            refused = any(f.what is What.REFUSED and f.subject == leg.id for f in self._active)
            leg.phase_now = RegPhase.WAITING if refused else RegPhase.REGISTERED
            leg.next_at += _RETRY_S if refused else leg.trunk.expires_s - _LEAD_S
        word = Safe("Rejected" if leg.phase_now is RegPhase.WAITING else "Registered")
        due = math.ceil(leg.next_at - now)
        line = Safe(f" {leg.trunk.name}/{leg.uris[0]}  {leg.trunk.name}-auth  {word} (exp. {due}s)")
        return Registration(leg.phase_now, word, due, leg.uris[0], line)


def _age(seconds: float, stepped: int) -> int | None:
    """Return an age by a clock that was stepped since; None where that makes it negative, which is not read."""
    found = int(seconds) + stepped
    return found if found >= 0 else None


def extra(plan: FleetPlan, fault: Fault) -> TrunkPlan:
    """Return the trunk of an EXTRA: one that no config names, with a name that there never was before."""
    return spare(plan, f"extra-{fault.number}", (fault.subject,))


def spare(plan: FleetPlan, name: str, sbcs: tuple[str, ...]) -> TrunkPlan:
    """Return a trunk of the first carrier on `sbcs` that neither registers nor belongs to a group."""
    like = next(trunk for trunk in plan.trunks if not trunk.registers)
    return structs.replace(like, name=name, sbcs=sbcs, unprobed=(), qualify_s=30.0)


class WeekPort:
    """One SBC as its poller meets it: an `Asker` and the `Platform` that reads what it brought, in one."""

    name = "asterisk"

    def __init__(self, world: WeekWorld, sbc: str) -> None:
        self._world = world
        self._sbc = sbc
        self._seen: Observation | None = None

    async def ask(self, ask: SshAsk, budget_s: float) -> Answer:
        """Observe. Raises LinkError."""
        clock = asyncio.get_running_loop().time
        asked_at = clock()
        await asyncio.sleep(0.12)
        self._seen = self._world.observe(self._sbc, asked_at, clock())
        return Answer(asked_at, clock())

    async def close(self) -> None:
        """Nothing is open."""

    def poll_ask(self, settings: LegSettings = UNREAD) -> SshAsk:
        """Return what a poll of Asterisk asks; nobody reads it here."""
        return asterisk.poll_ask(settings)

    def follow_up(self, answer: Answer, settings: LegSettings) -> SshAsk | None:
        """Nothing is left open by an observation."""
        return None

    def parse_follow_up(self, answer: Answer, more: Answer, before: LegSettings) -> LegSettings:
        """Never asked for."""
        return before

    def parse_poll(self, answer: Answer, settings: LegSettings, bindings: tuple[Binding, ...]) -> Observation:
        """Return what was just observed."""
        assert self._seen is not None
        return self._seen

    def settings_asks(self, observation: Observation, settings: LegSettings) -> tuple[SshAsk, ...]:
        """Nothing: an observation comes with its settings."""
        return ()

    def parse_settings(self, answers: tuple[Answer, ...], before: LegSettings) -> LegSettings:
        """Never asked for."""
        return before

    def tails(self, observation: Observation, settings: LegSettings) -> tuple[TailFile, ...]:
        """Nothing: no file is followed."""
        return ()

    def audio_ask(self, observation: Observation) -> SshAsk | None:
        """Nothing: nobody counts packets."""
        return None
