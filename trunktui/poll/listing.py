"""Finds the legs of one SBC in what it listed, the configured ones first, and remembers each look."""

from __future__ import annotations

from fnmatch import fnmatchcase

from msgspec import structs

from trunktui.health.memory import remember, remember_absent
from trunktui.model.health import Thresholds
from trunktui.model.inventory import AuthMode, NativeNames, Sbc
from trunktui.model.observation import NativeLeg, Observation, RegPhase, Unread
from trunktui.model.text import Safe, clean
from trunktui.poll.kept import LegRecord
from trunktui.poll.record import SbcRecord

_GONE_S = 600.0
"""A discovered leg that its SBC no longer lists is shown for so long, then forgotten."""

MOST_DISCOVERED = 2000
"""Legs of one SBC that the config need not name: one that invents names must not fill memory and screen."""

_CROWDED = Unread(
    "trunks", f"over {MOST_DISCOVERED} that the config does not name: the rest is left out, see `ignore`"
)


def fold_legs(record: SbcRecord, observation: Observation, thresholds: Thresholds) -> None:
    """Take one complete answer's list of legs in; the same answer again replaces the look it was before."""
    free = match_legs(record, observation, thresholds)
    if record.sbc.discover:
        new = [n for n in free if not ignored(record.sbc, n.native) and _certain(n, observation)]
        room = MOST_DISCOVERED - sum(leg.trunk is None for leg in record.legs.values())
        for native in new[: max(room, 0)]:
            leg = _discovered(record, native)
            record.legs[leg.id] = leg
            _look(leg, native, observation, thresholds)
        if len(new) > room:
            record.observation = structs.replace(observation, unread=(*observation.unread, _CROWDED))
    _miss(record, observation)


def match_legs(record: SbcRecord, observation: Observation, thresholds: Thresholds) -> list[NativeLeg]:
    """Look at each known leg that an answer lists; return what it lists besides."""
    free = list(observation.legs)
    listed = {name for native in free for name in native.native.all}
    for leg in record.legs.values():
        # An SBC may list thousands: none of them is searched for a leg whose names are not among them.
        known = leg.binding is not None or not listed.isdisjoint(leg.native.all)
        native = find(leg, free) if known else None
        leg.listed = native is not None
        if native is not None:
            free.remove(native)
            _look(leg, native, observation, thresholds)
    return free


def _look(leg: LegRecord, native: NativeLeg, observation: Observation, thresholds: Thresholds) -> None:
    leg.seen, leg.listed = native, True
    leg.registers = leg.registers or native.registration is not None
    if native.registration is not None and native.registration.phase is RegPhase.REGISTERED:
        leg.registered_at = observation.as_of
    if leg.memory.looked_at != observation.at:
        leg.before = leg.memory  # else: the same answer again, read with more settings, replaces that look
    missing = native.registration is None and leg.auth is not AuthMode.IP and observation.reg_read
    leg.memory = remember(
        leg.before,
        native,
        observation.at,
        observation.box.uptime_s,
        thresholds,
        auth=leg.auth,
        registration_missing=missing,
    )


def _miss(record: SbcRecord, observation: Observation) -> None:
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


def find(leg: LegRecord, natives: list[NativeLeg]) -> NativeLeg | None:
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


def ignored(sbc: Sbc, native: NativeNames) -> bool:
    """Whether the config says that what is called so is no trunk."""
    return any(fnmatchcase(name, pattern) for pattern in sbc.ignore for name in native.all)


def _discovered(record: SbcRecord, native: NativeLeg) -> LegRecord:
    """Return a new record for a leg the config does not name; names that clean to one id get `~2`, `~3`."""
    trunk = clean(native.native.registration or native.native.main)
    unique, count = trunk, 1
    while f"{unique}@{record.sbc.name}" in record.legs:
        count += 1
        unique = Safe(f"{trunk}~{count}")
    return LegRecord(id=f"{unique}@{record.sbc.name}", trunk_name=unique, sbc=record.sbc.name)


def lost_parts(record: SbcRecord) -> tuple[tuple[str, int], ...]:
    """Return the pieces of an SBC that do not run, with the legs that hung on them when they were last listed.

    An SBC that does not tell which run has lost one of whose legs none is listed any more, if there were several:
    a single one may have gone by itself.
    """
    seen = record.observation
    if seen is None or not (seen.reg_read and seen.contacts_read):
        return ()
    found: dict[str, list[LegRecord]] = {}
    for leg in record.legs.values():
        if leg.seen is not None and leg.seen.part is not None:
            found.setdefault(leg.seen.part, []).append(leg)
    return tuple(
        (part, len(legs))
        for part, legs in found.items()
        if (part not in seen.parts if seen.parts is not None else len(legs) > 1)
        and not any(leg.listed for leg in legs)
    )
