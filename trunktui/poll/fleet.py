"""The fleet between polls: folds what came back into legs, and judges them into a snapshot.

Owned by one task; holds no clock and does no IO. A poll that fails changes nothing but the link: what was
known then ages into unknown by itself.
"""

from __future__ import annotations

from fnmatch import fnmatchcase

from msgspec import Struct, field, structs

from trunktui.health.box import BoxLook, BoxMemory, judge_box, reloaded, remember_box, restarted
from trunktui.health.memory import forget_streaks, remember, remember_absent
from trunktui.health.rollup import Share, escalate, judge_groups, shares
from trunktui.health.witness import Witness
from trunktui.model.box import BoxFacts
from trunktui.model.health import Thresholds
from trunktui.model.inventory import AuthMode, Binding, Inventory, NativeNames, Sbc
from trunktui.model.link import LinkError, LinkStatus, SnmpError, SnmpState, SnmpStatus, SshState
from trunktui.model.observation import AppState, NativeLeg, Observation, Unread
from trunktui.model.snapshot import LegStatus, SbcStatus, Snapshot
from trunktui.model.text import Safe, clean
from trunktui.platforms.contract import LegSettings
from trunktui.poll.leg import LegRecord, Scene, judge_leg

_GONE_S = 600.0
"""A discovered leg that its SBC no longer lists is shown for so long, then forgotten."""


MOST_DISCOVERED = 2000
"""Legs of one SBC that the config need not name: one that invents names must not fill memory and screen."""

_CROWDED = Unread(
    "trunks", f"over {MOST_DISCOVERED} that the config does not name: the rest is left out, see `ignore`"
)


class Judged(Struct, frozen=True):
    """The verdicts on one SBC's legs: they hold until news comes, a shared cap moves, or the answer is stale."""

    legs: list[LegStatus]
    shares: tuple[Share | None, ...]
    until: float


class SbcRecord(Struct):
    """One SBC between polls."""

    sbc: Sbc
    link: LinkStatus = LinkStatus()
    observation: Observation | None = None
    settings: LegSettings = LegSettings()
    settings_done: bool = False
    snmp: SnmpStatus = SnmpStatus()
    facts: BoxFacts | None = None
    box: BoxMemory = BoxMemory()
    legs: dict[str, LegRecord] = field(default_factory=dict)
    next_poll_at: float | None = None
    judged: Judged | None = None


class Fleet:
    """Everything known of every SBC and leg."""

    def __init__(self, inventory: Inventory, thresholds: Thresholds, interval_s: float) -> None:
        self.inventory = inventory
        self._thresholds = thresholds
        self._interval_s = interval_s
        self._generation = 0
        self._records = {sbc.name: SbcRecord(sbc) for sbc in inventory.sbcs}
        for record in self._records.values():
            if record.sbc.snmp is not None:
                record.snmp = SnmpStatus(SnmpState.PENDING)
            for binding in inventory.bindings_on(record.sbc.name):
                leg = self._configured(binding)
                record.legs[leg.id] = leg

    def record(self, sbc: str) -> SbcRecord:
        """Return what is kept of one SBC."""
        return self._records[sbc]

    def answered(self, sbc: str, observation: Observation) -> None:
        """Fold one complete answer in."""
        record = self._records[sbc]
        record.link = _linked(record.link, SshState.OK, Safe(""), observation.at, ok=True)
        record.observation, record.judged = observation, None
        if observation.app is not AppState.ANSWERING:
            return
        before, record.box = record.box, remember_box(record.box, observation, self._thresholds)
        if restarted(before, record.box):
            for leg in record.legs.values():
                leg.memory = forget_streaks(leg.memory)
        if reloaded(before, record.box):
            # The values stay until the new ones are read; only the memory of having asked goes.
            record.settings = structs.replace(record.settings, asked=frozenset(), refused={})
            record.settings_done = False
        self._fold_legs(record, observation)

    def failed(self, sbc: str, error: LinkError, at: float) -> None:
        """Note that a poll could not be made, and why."""
        record = self._records[sbc]
        record.judged = None
        record.link = _linked(record.link, error.state, error.reason, at, ok=False)

    def snmp_answered(self, sbc: str, facts: BoxFacts) -> None:
        """Keep what SNMP told; it is shown beside what SSH told, and proves that the box lives."""
        record = self._records[sbc]
        record.judged = None
        record.snmp = _witnessed(record.snmp, SnmpState.OK, Safe(""), facts.at, ok=True)
        record.facts = facts

    def snmp_failed(self, sbc: str, error: SnmpError, at: float) -> None:
        """Note that SNMP gave no answer to believe, and why."""
        record = self._records[sbc]
        record.judged = None
        record.snmp = _witnessed(record.snmp, error.state, error.reason, at, ok=False)

    def soft(self, sbc: str, now: float) -> bool:
        """Whether this SBC should be polled more often: a leg is in doubt, or recovering, or it is starting."""
        record = self._records[sbc]
        if record.observation is not None and record.observation.app is not AppState.ANSWERING:
            return True
        self._judge(record, now, shares(self.inventory, self._active(now)))
        return any(leg.memory.doubtful for leg in record.legs.values())

    def snapshot(self, now: float) -> Snapshot:
        """Judge every leg, SBC and group as of monotonic second `now`."""
        self._generation += 1
        found: list[LegStatus] = []
        usage = shares(self.inventory, self._active(now))
        for record in self._records.values():
            found += self._judge(record, now, usage)
        legs = escalate(found, self.inventory)
        return Snapshot(
            generation=self._generation,
            at=now,
            sbcs=tuple(self._sbc_status(record, now) for record in self._records.values()),
            legs=tuple(legs),
            groups=judge_groups(legs, self.inventory),
        )

    def _judge(self, record: SbcRecord, now: float, usage: dict[str, Share]) -> list[LegStatus]:
        held = tuple(usage.get(_trunk_of(leg)) for leg in record.legs.values())
        before = record.judged
        if before is not None and before.shares == held and now <= before.until:
            return before.legs
        scene = self._scene(record, now)
        pairs = zip(record.legs.values(), held, strict=True)
        legs = [judge_leg(leg, scene, share) for leg, share in pairs]
        seen = record.observation
        record.judged = Judged(legs, held, now if seen is None else seen.at + scene.stale_s)
        return legs

    def _configured(self, binding: Binding) -> LegRecord:
        return LegRecord(
            id=f"{binding.trunk}@{binding.sbc}",
            trunk_name=binding.trunk,
            sbc=binding.sbc,
            trunk=self.inventory.trunk(binding.trunk),
            binding=binding,
            groups=self.inventory.groups_of(binding.trunk),
        )

    def _fold_legs(self, record: SbcRecord, observation: Observation) -> None:
        free = list(observation.legs)
        listed = {name for native in free for name in native.native.all}
        for leg in record.legs.values():
            known = leg.binding is not None or not listed.isdisjoint(leg.native.all)
            native = _find(leg, free) if known else None
            leg.listed = native is not None
            if native is not None:
                free.remove(native)
                self._look(leg, native, observation)
        if record.sbc.discover:
            new = [n for n in free if not _ignored(record.sbc, n) and _certain(n, observation)]
            room = MOST_DISCOVERED - sum(leg.trunk is None for leg in record.legs.values())
            for native in new[: max(room, 0)]:
                leg = _discovered(record, native)
                record.legs[leg.id] = leg
                self._look(leg, native, observation)
            if len(new) > room:
                record.observation = structs.replace(observation, unread=(*observation.unread, _CROWDED))
        self._miss(record, observation)

    def _look(self, leg: LegRecord, native: NativeLeg, observation: Observation) -> None:
        leg.seen, leg.listed = native, True
        leg.registers = leg.registers or native.registration is not None
        if leg.memory.looked_at != observation.at:
            leg.before = (
                leg.memory
            )  # else: the same answer again, read with more settings, replaces that look
        missing = native.registration is None and leg.auth is not AuthMode.IP and observation.reg_read
        leg.memory = remember(
            leg.before,
            native,
            observation.at,
            observation.box.uptime_s,
            self._thresholds,
            registration_missing=missing,
        )

    def _miss(self, record: SbcRecord, observation: Observation) -> None:
        """Note which legs are in no table, and forget discovered ones that went, or turned out a part."""
        whole = observation.reg_read and observation.contacts_read
        parts = {name for leg in record.legs.values() if leg.listed for name in leg.native.all}
        for leg in list(record.legs.values()):
            if not whole:
                continue
            if not leg.listed:
                leg.memory = remember_absent(leg.memory, observation.at)
            gone_s = observation.at - (leg.memory.absent_since or observation.at)
            part = not leg.listed and not leg.registers and parts.issuperset(leg.native.all)
            if leg.trunk is None and (gone_s > _GONE_S or part):
                del record.legs[leg.id]  # one that lost its registration comes back as what it is now

    def _active(self, now: float) -> dict[tuple[str, str], int | None]:
        """Return channels by (trunk, sbc), None where the last look is stale or did not tell."""
        found: dict[tuple[str, str], int | None] = {}
        for record in self._records.values():
            seen = record.observation
            fresh = seen is not None and now - seen.at <= self._scene(record, now).stale_s
            for leg in record.legs.values():
                if leg.trunk is None:
                    continue
                known = fresh and leg.listed and leg.seen is not None and leg.seen.channels is not None
                active = leg.seen.channels.active if known and leg.seen and leg.seen.channels else None
                found[(leg.trunk_name, leg.sbc)] = active
        return found

    def _scene(self, record: SbcRecord, now: float) -> Scene:
        seen = record.observation
        empty = (
            seen is not None and seen.reg_read and seen.contacts_read and not (seen.legs or seen.candidates)
        )
        return Scene(
            now=now,
            platform="asterisk" if record.sbc.platform == "auto" else record.sbc.platform,
            interval_s=self._interval_s,
            thresholds=self._thresholds,
            link=record.link,
            witness=Witness(record.snmp, 2 * self._interval_s, now),
            box=record.box,
            observation=seen,
            settings_pending=not record.settings_done,
            nothing_listed=empty and any(leg.trunk is not None for leg in record.legs.values()),
        )

    def _sbc_status(self, record: SbcRecord, now: float) -> SbcStatus:
        scene, seen = self._scene(record, now), record.observation
        age = now - seen.at if seen is not None else None
        look = BoxLook(
            record.link, seen, len(record.legs), age, scene.stale_s, scene.nothing_listed, scene.witness
        )
        verdict = judge_box(look, record.box, self._thresholds)
        fresh = age is not None and age <= scene.stale_s
        answering = seen is not None and fresh and seen.app is AppState.ANSWERING
        box = seen.box if seen is not None and answering else None
        return SbcStatus(
            name=record.sbc.name,
            site=record.sbc.site,
            platform=scene.platform,
            host=record.sbc.ssh.host,
            state=verdict.state,
            severity=verdict.severity,
            reason=verdict.reason,
            link=record.link,
            snmp=record.snmp,
            box=record.facts,
            box_stale_at=record.facts.at + scene.stale_s if record.facts is not None else None,
            version=seen.box.version if seen is not None else None,
            started_at=record.box.started_at if answering else None,
            channels=box.channels if box else None,
            calls=box.calls if box else None,
            polled_at=seen.at if seen is not None else None,
            stale_at=seen.at + scene.stale_s if seen is not None else None,
            poll_took_s=seen.took_s if seen is not None else None,
            next_poll_at=record.next_poll_at,
            unread=seen.unread if seen is not None else (),
        )


def _trunk_of(leg: LegRecord) -> str:
    return leg.trunk_name if leg.trunk is not None else ""


def _linked(before: LinkStatus, state: SshState, reason: Safe, at: float, *, ok: bool) -> LinkStatus:
    same = before.state is state and before.since is not None
    return LinkStatus(
        state=state,
        reason=reason,
        since=before.since if same else at,
        last_ok=at if ok else before.last_ok,
    )


def _witnessed(before: SnmpStatus, state: SnmpState, reason: Safe, at: float, *, ok: bool) -> SnmpStatus:
    same = before.state is state and before.since is not None
    return SnmpStatus(state, reason, before.since if same else at, at if ok else before.last_ok)


def _find(leg: LegRecord, natives: list[NativeLeg]) -> NativeLeg | None:
    """Return the listed leg that a record means: by the config's words, else by what it was before."""
    if leg.binding is not None:
        wanted, name = leg.binding.native, leg.binding.name
        if wanted is not None:
            return next((n for n in natives if _names_fit(wanted, n.native)), None)
        return next((n for n in natives if name in n.native.all), None)
    before = leg.native
    if before.registration is not None:
        same = next((n for n in natives if n.native.registration == before.registration), None)
        if same is not None or before.aor is None:
            return same
    unregistered = (n for n in natives if n.native.registration is None)
    return next((n for n in unregistered if n.native.aor == before.aor), None)


def _names_fit(wanted: NativeNames, found: NativeNames) -> bool:
    """Whether a listed leg has every part that the config spells out; parts it leaves out may be anything."""
    pairs = zip(structs.astuple(wanted), structs.astuple(found), strict=True)
    return all(want is None or want == have for want, have in pairs)


def _certain(native: NativeLeg, observation: Observation) -> bool:
    """Whether a leg the config does not name is what it seems.

    Without a readable list of registrations, a contact may belong to a trunk that registers, and must not
    pass for one that need not.
    """
    return native.registration is not None or (observation.reg_read and observation.contacts_read)


def _ignored(sbc: Sbc, native: NativeLeg) -> bool:
    return any(fnmatchcase(name, pattern) for pattern in sbc.ignore for name in native.native.all)


def _discovered(record: SbcRecord, native: NativeLeg) -> LegRecord:
    """Return a new record for a leg the config does not name; names that clean to one id get `~2`, `~3`."""
    trunk = clean(native.native.registration or native.native.main)
    unique, count = trunk, 1
    while f"{unique}@{record.sbc.name}" in record.legs:
        count += 1
        unique = Safe(f"{trunk}~{count}")
    return LegRecord(id=f"{unique}@{record.sbc.name}", trunk_name=unique, sbc=record.sbc.name)
