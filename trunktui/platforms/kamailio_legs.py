"""Makes legs of Kamailio's registrations and dispatcher destinations, and says whose a dialog is.

acme-primary   sip:10.77.0.21:5060   online            with carrierA of set 1, for both lead to 10.77.0.21:5060
carrierB       sip:10.77.0.22:5060   AP                alone, for nothing registers there
"""

from __future__ import annotations

import re
from collections.abc import Iterable

from msgspec import Struct, structs

from trunktui.model.health import Effective
from trunktui.model.inventory import Binding, NativeNames
from trunktui.model.observation import Channels, Contact, Evidence, NativeLeg, ProbeSettings
from trunktui.model.text import clean
from trunktui.platforms import kamailio_dispatcher, kamailio_uac
from trunktui.platforms.kamailio_address import Address, address_of
from trunktui.platforms.kamailio_dialogs import Dialogs
from trunktui.platforms.kamailio_dispatcher import Destination, effective
from trunktui.platforms.kamailio_uac import Record

_ASKABLE = re.compile(r"[A-Za-z0-9][A-Za-z0-9_.@+-]{0,62}", re.ASCII)


def askable(native: str) -> bool:
    """Whether an l_uuid may stand in a command: blanks, quotes and the like may not."""
    return _ASKABLE.fullmatch(native) is not None


class _Group(Struct, frozen=True):
    """Destinations that are one: those of one duid, or of one URI where there is no duid."""

    name: str
    rows: tuple[Destination, ...]

    @property
    def names(self) -> frozenset[str]:
        """What the config may call it."""
        return frozenset((self.name, *(row.uri for row in self.rows)))

    @property
    def duid(self) -> str | None:
        return self.rows[0].name

    def leads_to(self, address: Address | None) -> bool:
        """Whether one of its destinations has this address."""
        return address is not None and any(row.address == address for row in self.rows)


class _Leg(Struct, frozen=True):
    """One leg to be: what it is made of. `owned`: its names are its own, so that dialogs count for it."""

    record: Record | None
    groups: tuple[_Group, ...]
    owned: bool

    @property
    def native(self) -> NativeNames:
        uuid = None if self.record is None else self.record.uuid
        if not self.groups or not self.owned:
            return NativeNames(registration=uuid)
        first = self.groups[0]
        return NativeNames(uuid, first.duid or first.rows[0].uri, first.rows[0].uri)


class Fleet:
    """The tables of one poll put together."""

    def __init__(
        self,
        records: tuple[Record, ...],
        rows: tuple[Destination, ...],
        probe: ProbeSettings | None,
        bindings: tuple[Binding, ...],
    ) -> None:
        self._probe = probe
        self._records = {record.uuid: record for record in records}
        self._groups = _grouped(rows)
        self._named = {binding.name for binding in bindings if binding.name is not None}
        self._legs = self._made([b.native for b in bindings if b.native is not None])
        self._by_name = {name: leg for leg in self._legs if leg.owned for name in _names_of(leg)}
        self._by_address = {
            row.address: leg
            for leg in self._legs
            if leg.owned
            for group in leg.groups
            for row in group.rows
            if row.address is not None
        }

    def owner(self, value: str) -> str | None:
        """Return the endpoint (as in native names) of the leg that a dialog profile's value stands for, or None."""
        leg, address = self._by_name.get(value), address_of(value)
        if leg is None and address is not None:
            leg = self._by_address.get(address)
        return None if leg is None else leg.native.endpoint

    def legs(self, dialogs: Dialogs) -> tuple[NativeLeg, ...]:
        """Return the legs: those that the config spells out, then registrations, then destinations left over."""
        return tuple(self._leg(leg, dialogs) for leg in self._legs)

    def _made(self, spelled: list[NativeNames]) -> list[_Leg]:
        legs = [leg for native in spelled if (leg := self._spelled(native)) is not None]
        records = {leg.record.uuid for leg in legs if leg.record is not None}
        owned = {group.name for leg in legs for group in leg.groups}
        free = [record for record in self._records.values() if record.uuid not in records]
        # What the config names, and is no registration's name, is a leg of its own, whatever registers there.
        named = self._named - self._records.keys()
        alone = [g for g in self._groups if g.name not in owned and not named.isdisjoint(g.names)]
        owned |= {group.name for group in alone}
        ties = {record.uuid: self._tied(record) for record in free}
        often = [group.name for groups in ties.values() for group in groups]
        for record in free:
            groups = ties[record.uuid]
            free_ones = bool(groups) and all(g.name not in owned for g in groups)
            sole = all(g.name == record.uuid or often.count(g.name) == 1 for g in groups)
            legs.append(_Leg(record, groups, owned=free_ones and sole))
        tied = owned | set(often)
        alone += [group for group in self._groups if group.name not in tied]
        return legs + [_Leg(None, (group,), owned=True) for group in alone]

    def _tied(self, record: Record) -> tuple[_Group, ...]:
        """Return a registration's destinations: those of its own name, else those at its registrar's address."""
        same = tuple(g for g in self._groups if g.name == record.uuid)
        return same or tuple(
            g for g in self._groups if g.leads_to(record.address) and g.name not in self._records
        )

    def _spelled(self, native: NativeNames) -> _Leg | None:
        """Return the leg that the config spells out; a part that it leaves out is found as for any other."""
        record = self._records.get(native.registration or "")
        wanted = {name for name in (native.endpoint, native.aor) if name is not None}
        groups = tuple(g for g in self._groups if wanted & g.names)
        if not wanted and record is not None:
            groups = self._tied(record)
        if (native.registration is not None and record is None) or (wanted and not groups):
            return None
        return _Leg(record, groups, owned=True)

    def _leg(self, leg: _Leg, dialogs: Dialogs) -> NativeLeg:
        rows = tuple(row for group in leg.groups for row in group.rows)
        record, native = leg.record, leg.native
        contacts: tuple[Contact, ...] = tuple(row.contact for row in rows)
        found = NativeLeg(
            native=native,
            contacts=contacts,
            channels=self._channels(native.endpoint, dialogs),
            probe_settings=self._probe if contacts else None,
            evidence=tuple(Evidence(kamailio_dispatcher.METHOD, c.line) for c in contacts),
            effective=effective(rows),
        )
        if record is None:
            return found
        blocked = not askable(record.uuid)
        return structs.replace(
            found,
            registration=record.registration,
            reg_settings=record.settings,
            why_not_actionable=_blocked(record.uuid) if blocked else None,
            evidence=(Evidence(kamailio_uac.METHOD, record.registration.line), *found.evidence),
            username=record.username,
            # Loaded as disabled: meant so, as a destination's D is; where it has one of its own, that decides.
            effective=Effective.ADMIN_OFF if record.off and native.endpoint is None else found.effective,
        )

    def _channels(self, endpoint: str | None, dialogs: Dialogs) -> Channels | None:
        """Return a leg's dialogs; none listed proves none only where the script gives dialogs to destinations."""
        if endpoint is None:
            return None
        counted = dialogs.by_owner.get(endpoint)
        proven = dialogs.whole and (dialogs.profiled or not dialogs.active)
        return counted or (Channels(0) if proven else None)


def _grouped(rows: Iterable[Destination]) -> tuple[_Group, ...]:
    found: dict[str, list[Destination]] = {}
    for row in rows:
        found.setdefault(row.name or row.uri, []).append(row)
    return tuple(_Group(name, tuple(each)) for name, each in found.items())


def _names_of(leg: _Leg) -> frozenset[str]:
    names = frozenset(name for group in leg.groups for name in group.names)
    return names if leg.record is None else names | {leg.record.uuid}


def _blocked(native: str) -> str:
    return f"the name {clean(native, 40)!r} has characters that must not stand in a command"
