"""What a leg's trouble shows in, and since when: what correlation compares legs by (health.md 5)."""

from __future__ import annotations

from msgspec import structs

from trunktui.health.memory import LegMemory
from trunktui.health.rules import BY_CALLS, Cause, Verdict
from trunktui.model.health import FaultKind, LegState

CARRIERS = frozenset({FaultKind.PROBE, FaultKind.REGISTRATION, FaultKind.TRAFFIC})
"""Faults that may be a carrier's."""

_BAD = frozenset({LegState.DOWN, LegState.SUSPECT})
_FAULTS: dict[Cause, FaultKind] = {
    **dict.fromkeys(
        (
            Cause.REFUSED_LOCALLY,
            Cause.PROBE_DEAD,
            Cause.RECOVERING,
            Cause.PROBE_MISSING,
            Cause.PROBE_IGNORED,
            Cause.AUTH_SUSPECT,
            Cause.PARTIAL,
            Cause.SLOW,
            Cause.LOSS,
        ),
        FaultKind.PROBE,
    ),
    **dict.fromkeys(
        (Cause.GAVE_UP, Cause.RETRYING, Cause.REFRESH_LATE, Cause.REG_FAILING), FaultKind.REGISTRATION
    ),
    **dict.fromkeys(BY_CALLS, FaultKind.TRAFFIC),
    **dict.fromkeys((Cause.NOT_LOADED, Cause.REG_NOT_LOADED), FaultKind.ABSENT),
    **dict.fromkeys((Cause.CAP, Cause.CPS_CAP, Cause.OVERLOADED, Cause.HIGH, Cause.CPS_HIGH), FaultKind.CAP),
    # Brought about on the SBC: nothing that a carrier did.
    **dict.fromkeys(
        (Cause.UNREGISTERED, Cause.REREGISTERING, Cause.STILL_SENDING, Cause.STUCK), FaultKind.OTHER
    ),
}
"""Every cause that is a trouble; one that is not here is none, or says that nothing is known."""


def fault_of(judged: Verdict, verdict: Verdict, before: FaultKind | None) -> FaultKind | None:
    """Return what a leg's trouble shows in, None without one.

    `judged` is what this look says, `verdict` what is told. A leg that is held while it flaps keeps the fault that it
    had (`before`), also at a look that finds it well.
    """
    fault = _FAULTS.get(judged.cause)
    if verdict.cause is Cause.FLAPPING and (fault is None or judged.state not in _BAD):
        return before if before is not None else fault or FaultKind.OTHER
    return fault


def keep_spell(memory: LegMemory, fault: FaultKind | None, told: LegState, now: float) -> LegMemory:
    """Return `memory` with when the present spell of outages began: at its first bad sign, and it stays over SUSPECT and DOWN.

    A leg without news neither ends nor begins one.
    """
    if told is LegState.UNKNOWN:
        return memory
    if fault not in CARRIERS or told not in _BAD:
        if memory.spell is None and memory.fault is None:
            return memory
        healed = memory.healed if memory.spell is None else (memory.spell, now)
        return structs.replace(memory, spell=None, fault=None, healed=healed)
    if memory.spell is not None and memory.fault is fault:
        return memory
    spell = memory.spell
    if spell is None:
        spell = memory.bad_since if memory.bad_since is not None else now
    return structs.replace(memory, spell=spell, fault=fault)


def bad_since(memory: LegMemory, fault: FaultKind | None, since_at: float | None) -> float | None:
    """Return when a trouble began (monotonic seconds), None without one or where nobody saw it begin."""
    if fault is None:
        return None
    if memory.spell is not None:
        return memory.spell
    if fault is FaultKind.ABSENT and memory.absent_since is not None:
        return memory.absent_since
    return since_at if memory.bad_since is None else memory.bad_since
