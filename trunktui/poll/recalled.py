"""The legs that an earlier run knew: each keeps its past until its SBC has told what it lists now."""

from __future__ import annotations

from collections.abc import Mapping

from trunktui.model.inventory import NativeNames
from trunktui.model.observation import Observation
from trunktui.poll.listing import MOST_DISCOVERED, ignored
from trunktui.poll.past import Past
from trunktui.poll.record import SbcRecord


def recall(records: Mapping[str, SbcRecord], memory: Mapping[str, Past]) -> None:
    """Give each leg its past, by id, and each SBC those that an earlier run found on it and this config does not name."""
    for record in records.values():
        for leg in record.legs.values():
            leg.past = memory.get(leg.id)
    for leg_id, past in memory.items():
        found = records.get(leg_id.rpartition("@")[2])
        # As many as would be taken from the SBC itself.
        if found is not None and leg_id not in found.legs and len(found.unlisted) < MOST_DISCOVERED:
            found.unlisted[leg_id] = past


def recognise(record: SbcRecord, observation: Observation) -> None:
    """Give the legs that an SBC lists their past; what it did not list, once all of it was read, is gone."""
    for leg in record.legs.values() if record.unlisted else ():
        leg.past = record.unlisted.pop(leg.id, leg.past)
    if observation.reg_read and observation.contacts_read and record.settings_done:
        record.unlisted.clear()


def expected(record: SbcRecord) -> dict[str, Past]:
    """Return the legs that an earlier run found there and that this config would take, until the SBC has told."""
    if not record.sbc.discover:
        return {}
    return {
        leg_id: past
        for leg_id, past in record.unlisted.items()
        if not ignored(record.sbc, NativeNames(endpoint=leg_id.rpartition("@")[0]))
    }
