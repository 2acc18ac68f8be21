"""The simulated fleet: what each SBC's Asterisk knows, and how things really are, at any second. No clock, no IO.

Everything follows from the plan, the script, the seed, the tempo, and what operators told the SBCs until then
(`World.deeds`); how often it is looked at changes nothing. Look at one SBC in the order of time only.
"""

from __future__ import annotations

import math
from collections.abc import Callable, Iterator
from functools import partial

from msgspec import structs

from trunktui.demo.call_file import CallFile, FileSeen, tried_call
from trunktui.demo.calls import CallLoad, Route, Tally, Try, daily
from trunktui.demo.deeds import Deed, Deeds
from trunktui.demo.leg import Leg, Truth
from trunktui.demo.logbook import PATH as LOG_PATH
from trunktui.demo.logbook import Logbook, Logged
from trunktui.demo.machine import MachineModel
from trunktui.demo.plan import FleetPlan, GroupPlan, SbcPlan, TrunkPlan
from trunktui.demo.probes import TIMEOUT_LEAST_S, TIMEOUT_S, Probe
from trunktui.demo.registration import (
    MAX_RETRIES,
    Kick,
    Registrar,
    Registration,
    Reply,
    initial_delay_s,
    retry_s,
)
from trunktui.demo.routing import Router, Settings, dispatcher_sets
from trunktui.demo.rows import Call, Daemon, Look, Machine, RegistrationRow, TrunkObjects
from trunktui.demo.story import Kind, Script, Timeline
from trunktui.demo.tempo import Tempo, chance
from trunktui.model.route import Mechanism

BOOT_DEAF_S = 0.5
"""Real seconds after its start in which Asterisk does not listen on its console yet."""

BOOT_LOADING_S = 1.5
"""Real seconds after its start in which its SIP modules are not there yet."""

_SURGE_LINES = 5.0
"""A surge wants so many times the calls that the account's cap allows."""

_SURGE_LONGEST_S = 300.0
"""A campaign's calls are short, so its end is soon seen."""

_MOVED_TO = "198.51.100.77"
"""What the NAT of an SBC that moves is given."""

_DAY_OFFSETS = {"nyc": -0.12, "sgp": 0.2}
_ZONES_S = {"nyc": -5 * 3600, "sgp": 8 * 3600}

EPOCH = 1_795_600_000.0
"""Seconds since 1970 at second 0, where nobody says when that was."""

_LOG_INODE = 4711
_CALLS_PER_S = 0.37
"""What an SBC had had by then, over the time since its Asterisk started."""


class World:
    """The fleet of `plan` under `script`; second 0 is when the simulation began, `epoch` seconds after 1970."""

    def __init__(
        self, plan: FleetPlan, script: Script, seed: int, tempo: Tempo, epoch: float = EPOCH
    ) -> None:
        self.plan = plan
        self.tempo = tempo
        self.timeline = Timeline(script, tempo)
        self.deeds = Deeds()
        self.settings = Settings(plan, self._booted)
        self._seed = seed
        self._epoch = epoch
        self._logs = {sbc.name: Logbook(_ZONES_S.get(sbc.site, 0)) for sbc in plan.sbcs}
        self._tallies: dict[str, Tally] = {}
        self._files: dict[str, CallFile] = {}
        self._sbcs = {sbc.name: sbc for sbc in plan.sbcs}
        self._sets = {sbc.name: dispatcher_sets(plan, sbc.name) for sbc in plan.sbcs}
        self._legs = {sbc.name: [self._leg(sbc, trunk) for trunk in plan.on(sbc.name)] for sbc in plan.sbcs}
        self._loads = {sbc.name: self._loads_on(sbc) for sbc in plan.sbcs}
        self._machines = {sbc.name: self._machine_of(sbc) for sbc in plan.sbcs if sbc.snmp is not None}

    def host_up(self, sbc: str, t: float) -> bool:
        """Whether the SBC's machine is up."""
        return self.timeline.since(Kind.REBOOT, sbc, t) is None

    def ssh_up(self, sbc: str, t: float) -> bool:
        """Whether the SBC's SSH server listens."""
        return self.host_up(sbc, t) and self.timeline.since(Kind.NO_SSH, sbc, t) is None

    def machine(self, sbc: str, t: float) -> Machine:
        """Return what the machine of an SBC with an SNMP agent knows of itself at second `t`; raises KeyError."""
        return self._machines[sbc].at(t, 1 + self.timeline.ended(Kind.REBOOT, sbc, t))

    def frozen_until(self, sbc: str, t: float) -> float:
        """Return when a frozen Asterisk goes on; `t` where it is not frozen."""
        return self.timeline.until(Kind.FROZEN, sbc, t)

    def look(self, sbc: str, t: float) -> Look:
        """Return what Asterisk on `sbc` would tell at second `t`."""
        plan, booted = self._sbcs[sbc], self._booted(sbc, t)
        daemon = self._daemon(sbc, t)
        blank = Look(
            t,
            sbc,
            daemon,
            plan.version,
            max(int(t - booted), 0),
            clock_s=self._clock_s(sbc, t),
            zone_s=_ZONES_S.get(plan.site, 0),
            address=plan.inside or plan.egress_ip,
            outside=self._outside(plan, t),
            platform=plan.platform,
        )
        if daemon is not Daemon.RUNNING:
            return blank
        legs = self._legs[sbc]
        tally = self._tally(sbc, t)
        registrations = [row for leg in legs if (row := self._registration(leg, t)) is not None]
        return structs.replace(
            blank,
            trunks=tuple(leg.objects for leg in legs),
            registrations=tuple(registrations),
            contacts=tuple(row for leg in legs for row in leg.contacts(t)),
            calls=tuple(self._counted_calls(sbc, t, booted)),
            processed=tally.count,
            dialled=dict(tally.dialled),
            loaded=self._loaded(sbc, t, booted),
            settings={kind: told for kind in Mechanism if (told := self.settings.all(sbc, kind, t))},
            sets=tuple(self.settings.told(one, sbc, t) for one in self._sets[sbc]),
        )

    def _failed(self, sbc: str) -> Iterator[Logged]:
        """Yield the REGISTERs that failed since they were last asked for, and forget them."""
        for leg in self._legs[sbc]:
            if leg.registration is not None and leg.registration.failures:
                for failure in leg.registration.failures:
                    yield Logged(leg.objects, failure, self._clock_s(sbc, failure.at))
                leg.registration.failures.clear()

    def truth(self, leg_id: str, t: float) -> Truth:
        """Return how a leg really is at second `t`."""
        trunk, _, sbc = leg_id.rpartition("@")
        leg = next(leg for leg in self._legs[sbc] if leg.trunk.name == trunk)
        serving = self.host_up(sbc, t) and self._daemon(sbc, t) is Daemon.RUNNING
        believes: bool | None = None
        if serving:
            registered = leg.registration is None or leg.registration.accepted(t)
            believes = registered and all(row.word == "Avail" for row in leg.contacts(t))
        return Truth(
            carrier=self._reached(leg.trunk, sbc, t),
            accepted=self._accepted(leg, leg_id, t),
            sbc=serving,
            sbc_believes=believes,
        )

    def _loaded(self, sbc: str, t: float, booted: float) -> dict[str, int]:
        """Return when each registration was last told to start anew, by the SBC's clock."""
        told = {
            leg.trunk.name: self.deeds.until(sbc, Deed.REGISTER, leg.trunk.name, t) for leg in self._legs[sbc]
        }
        return {
            name: int(self._clock_s(sbc, times[-1]))
            for name, times in told.items()
            if times and times[-1] > booted
        }

    def _daemon(self, sbc: str, t: float) -> Daemon:
        up_s = t - self._booted(sbc, t)
        if not self.host_up(sbc, t) or up_s < BOOT_DEAF_S:
            return Daemon.STOPPED
        if self.timeline.since(Kind.FROZEN, sbc, t) is not None:
            return Daemon.FROZEN
        return Daemon.LOADING if up_s < BOOT_LOADING_S else Daemon.RUNNING

    def _booted(self, sbc: str, t: float) -> float:
        last = self.timeline.last_end(Kind.REBOOT, sbc, t)
        return -86400.0 * self._sbcs[sbc].up_days if last is None else last

    def _calls(self, sbc: str, t: float) -> list[Call]:
        booted = self._booted(sbc, t)
        return [call for load in self._loads[sbc] for call in load.at(t, booted)]

    def _counted_calls(self, sbc: str, t: float, booted: float) -> Iterator[Call]:
        tally = self._tally(sbc, t)
        for load in self._loads[sbc]:
            for call in load.up(t, booted):
                number = tally.number(call.key)
                if number is not None:
                    made = int(self._clock_s(sbc, call.started))
                    yield structs.replace(call, number=number, made=made)

    def _tally(self, sbc: str, t: float) -> Tally:
        if sbc not in self._tallies:
            before = int(86400.0 * self._sbcs[sbc].up_days * _CALLS_PER_S)
            file = self._files[sbc] = CallFile(sbc)

            def told(one: Try, admitted: bool) -> None:
                if not one.inbound:
                    file.add(tried_call(one, lambda at: self._clock_s(sbc, at), admitted=admitted))

            self._tallies[sbc] = Tally(
                self._loads[sbc], self.tempo, lambda at: self._booted(sbc, at), before, told
            )
        self._tallies[sbc].advance(t)
        return self._tallies[sbc]

    def files(self, sbc: str, t: float) -> tuple[FileSeen, ...]:
        """Return the files of calls on an SBC at second `t`, and its log."""
        self._tally(sbc, t)
        clock_s = self._clock_s(sbc, t)
        if self._daemon(sbc, t) is Daemon.RUNNING:
            for leg in self._legs[sbc]:
                self._registration(leg, t)
            self._logs[sbc].write(self._failed(sbc))
        return (
            *self._files[sbc].seen(clock_s),
            FileSeen(LOG_PATH, _LOG_INODE, self._logs[sbc].data, clock_s),
        )

    def _clock_s(self, sbc: str, t: float) -> float:  # noqa: ARG002 - a harsher world sets its clocks
        """Return what an SBC's clock shows at second `t`."""
        return self._epoch + t

    def _machine_of(self, sbc: SbcPlan) -> MachineModel:
        earlier = 86400.0 * (sbc.up_days + 30.0 * chance(self._seed, sbc.name, "machine"))

        def calls(t: float) -> int:
            return len(self._calls(sbc.name, t)) if self._daemon(sbc.name, t) is Daemon.RUNNING else 0

        def booted(t: float) -> float:
            last = self.timeline.last_end(Kind.REBOOT, sbc.name, t)
            return -earlier if last is None else last

        return MachineModel(self._seed, self.tempo, (sbc.name, sbc.site), calls, booted)

    def _answers(self, carrier: str, t: float) -> bool:
        return self.timeline.since(Kind.CARRIER_DEAD, carrier, t) is None

    def _reached(self, trunk: TrunkPlan, sbc: str, t: float) -> bool:
        """Tell whether a trunk's carrier answers this SBC: one that knows trunks by their address only if it lists that."""
        listed = trunk.auth != "ip" or self.timeline.since(Kind.MOVED, sbc, t) is None
        return listed and self._answers(trunk.carrier, t)

    def _outside(self, plan: SbcPlan, t: float) -> str | None:
        """Return by which address an SBC behind a NAT is seen."""
        moved = self.timeline.since(Kind.MOVED, plan.name, t) is not None
        return None if plan.inside is None else _MOVED_TO if moved else plan.egress_ip

    def _accepted(self, leg: Leg, leg_id: str, t: float) -> bool:
        refusals = (Kind.REFUSED, Kind.CALLS_REFUSED)
        return leg.reached(t) and all(self.timeline.since(kind, leg_id, t) is None for kind in refusals)

    def _registration(self, leg: Leg, t: float) -> RegistrationRow | None:
        if leg.registration is None:
            return None
        return leg.registration.row(leg.trunk.name, leg.objects.server, t)

    def _leg(self, sbc: SbcPlan, trunk: TrunkPlan) -> Leg:
        tempo, carrier = self.tempo, self.plan.carrier(trunk.carrier)
        far_ms = carrier.rtt_ms * (0.6 + 0.9 * chance(self._seed, sbc.site, carrier.name))
        every = 0 if sbc.name in trunk.unprobed else tempo.whole(trunk.qualify_s)
        uris = tuple(f"sip:{host}" for host in trunk.hosts)
        objects = TrunkObjects(
            name=trunk.name,
            contacts=uris,
            client=f"sip:{trunk.account}-{sbc.site}@{trunk.hosts[0]}",
            server=uris[0],
            qualify_s=every,
            timeout_s=max(tempo.span(TIMEOUT_S), TIMEOUT_LEAST_S),
            expires_s=tempo.whole(trunk.expires_s, 3) if trunk.registers else None,
            retry_s=retry_s(tempo),
            max_retries=MAX_RETRIES,
            initial_delay_s=initial_delay_s(tempo),
        )
        probes = tuple(
            Probe(
                seed=(self._seed, sbc.name, trunk.name, uri),
                every_s=every,
                timeout_s=objects.timeout_s,
                rtt_ms=far_ms,
                alive=lambda t: self._reached(trunk, sbc.name, t),
                booted=lambda t: self._booted(sbc.name, t),
                told=lambda t: self.deeds.until(sbc.name, Deed.QUALIFY, trunk.name, t),
            )
            for uri in uris
        )
        leg = Leg(trunk, objects, probes)
        if trunk.registers:
            registrar = self._registrar(sbc.name, trunk, far_ms)
            lives = [
                Registration((self._seed, sbc.name, trunk.name), tempo, trunk.expires_s, registrar)
                for _ in range(2 if trunk.inbound else 1)
            ]
            leg.registration, leg.binding = lives[0], lives[1] if trunk.inbound else None
        return leg

    def _registrar(self, sbc: str, trunk: TrunkPlan, rtt_ms: float) -> Registrar:
        leg_id, line = f"{trunk.name}@{sbc}", self.timeline

        def ask(t: float) -> tuple[Reply, float]:
            if not self._answers(trunk.carrier, t):
                return Reply.SILENCE, line.until(Kind.CARRIER_DEAD, trunk.carrier, t)
            refused = line.since(Kind.REFUSED, leg_id, t) is not None
            return (Reply.FORBIDDEN if refused else Reply.OK), t

        def kicked(t: float) -> tuple[float, Kick]:
            return min(
                (line.next_end(Kind.REBOOT, sbc, t), Kick.RESTARTED),
                (self._cared(leg_id, t), Kick.CARED),
                key=lambda each: each[0],
            )

        def told(t: float) -> float:
            return self.deeds.next(sbc, Deed.REGISTER, trunk.name, t)

        return Registrar(ask, kicked, told, rtt_ms / 1000.0)

    def _cared(self, leg_id: str, t: float) -> float:
        """Return when an operator of the story next makes a leg register that was refused, after `t`."""
        line = self.timeline
        cured, late = (line.next_end(kind, leg_id, t) for kind in (Kind.REFUSED, Kind.GIVEN_UP))
        if cured < late and line.since(Kind.GIVEN_UP, leg_id, cured) is not None:
            return late
        return min(cured, late)

    def _loads_on(self, sbc: SbcPlan) -> list[CallLoad]:
        legs = {leg.trunk.name: leg for leg in self._legs[sbc.name]}
        loads = []
        for group in self.plan.groups:
            if group.trunks[0] not in legs:
                continue
            ways = {name: self._route(sbc.name, leg) for name, leg in legs.items()}
            loads.append(self._load(sbc, group, ways))
        return loads

    def _load(self, sbc: SbcPlan, group: GroupPlan, ways: dict[str, Route]) -> CallLoad:
        """Return a group's calls on an SBC; a trunk with a surge in the script gets the lines for it, up to its cap."""
        routes = tuple(ways[name] for name in group.trunks if name in ways)
        first, lines = routes[0].trunk, group.lines
        offset = _DAY_OFFSETS.get(sbc.site, 0.0)
        seed = (self._seed, sbc.name, group.name)
        told = group.switch.get(sbc.platform)
        router = None if told is None else Router(self.settings, sbc.name, told, ways, self._sets[sbc.name])
        if self.timeline.next_start(Kind.SURGE, first, -1.0) == math.inf:
            wanted = partial(daily, tempo=self.tempo, utc_offset=offset)
            return CallLoad(seed, self.tempo, lines, routes, wanted, router=router, caps=self._caps(group))
        share = self._share_of_cap(first)
        many = int(share * _SURGE_LINES)
        surging = self._surging(first, sbc.name, lines / many, offset)
        return CallLoad(seed, self.tempo, many, routes[:1], surging, share, _SURGE_LONGEST_S, router)

    def _surging(self, trunk: str, sbc: str, normally: float, offset: float) -> Callable[[float], float]:
        # A dialler whose calls are all refused goes on at once: that is a surge too.
        surges = ((Kind.SURGE, trunk), (Kind.CALLS_REFUSED, f"{trunk}@{sbc}"))

        def wanted(t: float) -> float:
            if any(self.timeline.since(kind, subject, t) is not None for kind, subject in surges):
                return 1.0
            return normally * daily(t, self.tempo, offset)

        return wanted

    def _caps(self, group: GroupPlan) -> dict[str, int]:
        """Return what an SBC may have of the accounts that one trunk of a group has alone: as much as every other."""
        trunks, used = [self.plan.trunk(name) for name in group.trunks], [t.account for t in self.plan.trunks]
        caps = {account.name: account.channels for account in self.plan.accounts}
        shares = {one: set(trunks[0].sbcs).intersection(one.sbcs) for one in trunks}
        return {
            one.name: math.ceil(caps[one.account] / len(sbcs))
            for one, sbcs in shares.items()
            if sbcs and used.count(one.account) == 1
        }

    def _share_of_cap(self, name: str) -> int:
        trunk = self.plan.trunk(name)
        cap = next(account.channels for account in self.plan.accounts if account.name == trunk.account)
        return cap // len(trunk.sbcs)

    def _route(self, sbc: str, leg: Leg) -> Route:
        leg_id, line = f"{leg.trunk.name}@{sbc}", self.timeline

        def works(t: float) -> bool:
            return self._reached(leg.trunk, sbc, t) and self._accepted(leg, leg_id, t)

        def dies(t: float) -> float:
            moves = line.next_start(Kind.MOVED, sbc, t) if leg.trunk.auth == "ip" else math.inf
            return min(line.next_start(Kind.CARRIER_DEAD, leg.trunk.carrier, t), moves)

        def silent(t: float) -> bool:
            return not self._reached(leg.trunk, sbc, t)

        return Route(leg.trunk.name, leg.trunk.inbound, leg.believed, works, silent, dies)
