"""What a leg's OPTIONS mean: over all of its destinations, and from what each kind of SBC tells of them."""

from __future__ import annotations

from trunktui.health.codes import OVERLOAD, refused_now, usual
from trunktui.health.context import NEAR_CAP, LegContext
from trunktui.health.memory import LegMemory, answers
from trunktui.model.health import ProbeSignal, Thresholds, Usage
from trunktui.model.inventory import DialMode
from trunktui.model.observation import Contact, ContactState, NativeLeg


def read_probe(
    leg: NativeLeg, memory: LegMemory, context: LegContext, full: tuple[Usage, Usage], t: Thresholds
) -> ProbeSignal:
    """Return the one word for a leg's OPTIONS. `full`: channels and attempts a second against their caps."""
    contacts = leg.contacts
    if not contacts:
        if not context.contacts_read:
            return ProbeSignal.UNKNOWN
        return ProbeSignal.PENDING if context.settings_pending else ProbeSignal.UNMONITORED
    said = [answers(contact) for contact in contacts]
    if said == [True] and contacts[0].overdue_s is None and not memory.missing:
        return _answered(memory, context, t)  # nearly always
    states = {contact.state for contact in contacts}
    if ContactState.OTHER in states or states == {ContactState.DISABLED}:
        return ProbeSignal.UNKNOWN
    if False in said:
        if True in said or ContactState.UNPROBED in states:
            return ProbeSignal.PARTIAL
        return _silent(leg, memory, context, full, t)
    late = max((contact.overdue_s for contact in contacts if contact.overdue_s is not None), default=0.0)
    if late > t.probe_stuck_s:
        return ProbeSignal.STUCK
    if None in said and states != {ContactState.DISABLED, ContactState.REACHABLE}:
        return _unprobed(leg, context)
    if memory.missing or late > t.probe_pending_s:
        return ProbeSignal.MISSING
    return _answered(memory, context, t)


def unwatched(contact: Contact) -> bool:
    """Whether nobody asks a contact: whatever state it is said to be in, a change would not be noticed."""
    return contact.state is ContactState.UNPROBED or contact.probed is False


def _answered(memory: LegMemory, context: LegContext, t: Thresholds) -> ProbeSignal:
    """Every contact answers: with another code than usual, late, or well."""
    changed = memory.code is not None and memory.code_results >= t.probe_code_results
    if changed and refused_now(memory.code, usual(memory.codes), context.auth):
        return ProbeSignal.AUTH_SUSPECT
    # Loss before slowness: each answer that a retransmission saved is slow as well.
    if memory.lossy:
        return ProbeSignal.LOSS
    return ProbeSignal.SLOW if memory.slow_results >= t.probe_slow_results else ProbeSignal.OK


def _silent(
    leg: NativeLeg, memory: LegMemory, context: LegContext, full: tuple[Usage, Usage], t: Thresholds
) -> ProbeSignal:
    """Every contact that is asked fails: at its cap, missing, or dead."""
    if any(c.code == OVERLOAD for c in leg.contacts) and not NEAR_CAP.isdisjoint(full):
        return ProbeSignal.OVERLOADED
    given_up = all(c.state is not ContactState.REACHABLE for c in leg.contacts)
    if given_up and leg.effective is not None:
        return ProbeSignal.DEAD  # it has counted for itself, and tells what it makes of it
    # Without a word on how calls are dialled, an SBC that gave it up at the first miss is believed after one more.
    patience = 2 if given_up and context.dial is not DialMode.URI else t.probe_down_after
    if memory.probe_old or memory.probe_results >= patience:
        return ProbeSignal.DEAD
    # Where packets are known to be lost, one more of them is no new doubt.
    return ProbeSignal.LOSS if memory.lossy else ProbeSignal.MISSING


def _unprobed(leg: NativeLeg, context: LegContext) -> ProbeSignal:
    """Tell "not yet" from "never": right after a start or reload Asterisk waits up to one interval."""
    if any(contact.probed is False for contact in leg.contacts):
        return ProbeSignal.UNMONITORED
    interval = leg.probe_settings.interval_s if leg.probe_settings else None
    if interval is None:
        return ProbeSignal.PENDING if context.settings_pending or context.grace else ProbeSignal.UNMONITORED
    if interval == 0:
        return ProbeSignal.UNMONITORED
    young = context.settled_s is not None and context.settled_s <= interval + 5
    return ProbeSignal.PENDING if young or context.grace else ProbeSignal.UNMONITORED
