"""What is kept of a fleet when its config changes: everything known of what both configs have, nothing of the rest."""

from __future__ import annotations

from collections.abc import Mapping

from msgspec import structs

from trunktui.model.health import Thresholds
from trunktui.model.inventory import AUTO, Binding, Inventory, Sbc
from trunktui.model.link import SnmpState, SnmpStatus
from trunktui.model.observation import AppState
from trunktui.poll.kept import LegRecord
from trunktui.poll.listing import find, ignored, match_legs
from trunktui.poll.record import SbcRecord
from trunktui.poll.routes import first_routes, kept_routes, places_on
from trunktui.poll.surveyed import wanted_anew


def first_record(sbc: Sbc, inventory: Inventory, platform: str | None = None) -> SbcRecord:
    """Return the record of an SBC of which nothing is known yet, but `platform` where that was found."""
    as_what = platform or sbc.platform
    routes = first_routes(inventory, sbc.name, as_what)
    record = SbcRecord(sbc, as_what, snmp=_not_asked(sbc), routes=routes)
    for binding in inventory.bindings_on(sbc.name):
        leg = _configured(inventory, binding)
        record.legs[leg.id] = leg
    return record


def rebuilt(record: SbcRecord, platform: str, inventory: Inventory) -> SbcRecord:
    """Return the record of an SBC on which `platform` was found: nothing is known of it yet but how it is reached.

    What earlier runs knew of its legs stays, until it has listed its own.
    """
    fresh = first_record(record.sbc, inventory, platform)
    for leg in fresh.legs.values():
        leg.past = record.legs[leg.id].past if leg.id in record.legs else None
    fresh.link, fresh.snmp = record.link, record.snmp
    # What was told by SNMP before anything was found is of the same machine, and of what was found.
    fresh.facts = record.facts if record.platform == AUTO else None
    fresh.next_poll_at, fresh.unlisted, fresh.hours = record.next_poll_at, record.unlisted, record.hours
    return fresh


def carried(
    records: Mapping[str, SbcRecord], before: Inventory, after: Inventory, thresholds: Thresholds
) -> tuple[dict[str, SbcRecord], frozenset[str]]:
    """Return the records for the config `after`, and the SBCs to poll at once.

    These are the SBCs whose last answer was read for other trunks, and those that refused us settings.

    A record that stays is the same object, changed in place: whoever polls it may hold it.
    """
    found: dict[str, SbcRecord] = {}
    unread: set[str] = set()
    for sbc in after.sbcs:
        record = records.get(sbc.name)
        if record is None or _box(record.sbc) != _box(sbc) or sbc.platform not in {AUTO, record.platform}:
            found[sbc.name] = first_record(sbc, after)
            continue
        platform = record.platform
        if _wanted(record.sbc, before, platform) != _wanted(sbc, after, platform) or record.settings.refused:
            unread.add(sbc.name)
        found[sbc.name] = record
        record.routes = kept_routes(record, before, after)
        _change_sbc(record, sbc)
        _change_legs(record, after)
        _look_again(record, thresholds)
    return found, frozenset(unread)


def _box(sbc: Sbc) -> tuple[object, ...]:
    """Return what tells one box from another; the way to log in to it does not."""
    ssh = sbc.ssh
    return (ssh.host, ssh.port, ssh.proxy_jump, ssh.config)


def _wanted(sbc: Sbc, inventory: Inventory, platform: str) -> tuple[object, ...]:
    """Return what decides which rows of an SBC's tables become legs, and which groups are routed there."""
    places = places_on(inventory, sbc.name, platform)
    return (sbc.discover, sbc.ignore, inventory.bindings_on(sbc.name), places)


def _change_sbc(record: SbcRecord, sbc: Sbc) -> None:
    before, record.sbc, record.judged = record.sbc, sbc, None
    if sbc.ssh != before.ssh or record.settings.refused:
        # Another login, or this one after somebody has been at work, may read what was refused.
        record.settings = structs.replace(record.settings, asked=frozenset(), refused={})
        record.settings_done = False
    if sbc.ssh != before.ssh or record.survey.around.refused:
        record.survey = wanted_anew(record.survey)
    if sbc.snmp != before.snmp:
        record.snmp, record.facts = _not_asked(sbc), None


def _change_legs(record: SbcRecord, inventory: Inventory) -> None:
    old = dict(record.legs)
    legs = [_configured(inventory, binding) for binding in inventory.bindings_on(record.sbc.name)]
    kept = [leg for leg in legs if leg.id in old and old[leg.id].binding == leg.binding]
    sources = {leg.id: old.pop(leg.id) for leg in kept}
    for leg in legs:
        # A trunk that was discovered and is named now, or has another name now, is still that trunk.
        same = sources.get(leg.id) or next((o for o in old.values() if _means(leg, o)), None)
        if same is not None:
            old.pop(same.id, None)
            _inherit(leg, same)
        leg.past = record.unlisted.pop(leg.id, leg.past)
    record.legs = {leg.id: leg for leg in legs}
    for leg in old.values():
        if leg.trunk is None and leg.id not in record.legs and _discoverable(record.sbc, leg):
            record.legs[leg.id] = leg


def _means(leg: LegRecord, other: LegRecord) -> bool:
    return other.seen is not None and find(leg, [other.seen]) is not None


def _inherit(leg: LegRecord, source: LegRecord) -> None:
    leg.seen, leg.listed, leg.registers = source.seen, source.listed, source.registers
    leg.registered_at = source.registered_at
    leg.memory, leg.before, leg.past = source.memory, source.before, source.past
    leg.clean = source.clean


def _discoverable(sbc: Sbc, leg: LegRecord) -> bool:
    return sbc.discover and not ignored(sbc, leg.native)


def _look_again(record: SbcRecord, thresholds: Thresholds) -> None:
    """Look at the last answer with the new config's eyes; since when a state has lasted stays as it was."""
    seen = record.observation
    if seen is None or seen.app is not AppState.ANSWERING:
        return
    settled = {leg.id: leg.memory for leg in record.legs.values()}
    match_legs(record, seen, thresholds)
    for leg in record.legs.values():
        was = settled[leg.id]
        leg.memory = structs.replace(
            leg.memory,
            state=was.state,
            state_since=was.state_since,
            known=was.known,
            known_since=was.known_since,
            down_by_probe=was.down_by_probe,
            suspect=was.suspect,
            off_since=was.off_since,
            flap=was.flap,
        )


def _configured(inventory: Inventory, binding: Binding) -> LegRecord:
    return LegRecord(
        id=f"{binding.trunk}@{binding.sbc}",
        trunk_name=binding.trunk,
        sbc=binding.sbc,
        trunk=inventory.trunk(binding.trunk),
        binding=binding,
        groups=inventory.groups_of(binding.trunk),
    )


def _not_asked(sbc: Sbc) -> SnmpStatus:
    return SnmpStatus() if sbc.snmp is None else SnmpStatus(SnmpState.PENDING)
