"""When to ask an SBC next: pure, so that every wait can be tested without waiting."""

from __future__ import annotations

from msgspec import Struct

from trunktui.model.link import SnmpState, SshState

AUTH_RETRY_S = 15 * 60.0
"""A refused login is tried again this late: more often locks accounts and fills the SBC's log."""

SNMP_AUTH_RETRY_S = 5 * 60.0
"""An agent locks nobody out, but each wrong digest is a line in its log and often a trap to the NOC."""

CONFIG_RETRY_S = 60.0
LOCAL_LOAD_RETRY_S = 3.0
FIRST_RETRY_S = 5.0
JITTER = 0.05


class Pace(Struct, frozen=True):
    """How often to poll, in seconds: normally, and while a leg is in doubt."""

    interval_s: float = 30.0
    fast_s: float = 10.0


def next_wait_s(state: SshState, failures: int, soft: bool, pace: Pace, chance: float) -> float | None:
    """Return the seconds from the start of one poll to the next, None to stop until a human acts.

    `failures` counts polls in a row that could not be made, `soft` says that a leg is in doubt, `chance` in
    [0, 1) spreads the SBCs of a fleet apart.
    """
    if state is SshState.HOST_KEY:
        return None
    if state is SshState.OK:
        wait = min(pace.fast_s, pace.interval_s) if soft else pace.interval_s
    elif state is SshState.AUTH:
        wait = AUTH_RETRY_S
    elif state is SshState.CONFIG:
        wait = CONFIG_RETRY_S
    elif state is SshState.LOCAL_LOAD:
        wait = LOCAL_LOAD_RETRY_S
    else:
        wait = _backed_off(failures, pace)
    return _spread(wait, chance)


def next_snmp_wait_s(state: SnmpState, failures: int, pace: Pace, chance: float) -> float:
    """Return the seconds from the start of one SNMP poll to the next; arguments as in `next_wait_s`."""
    if state is SnmpState.OK:
        wait = pace.interval_s
    elif state is SnmpState.AUTH:
        wait = SNMP_AUTH_RETRY_S
    elif state is SnmpState.CONFIG:
        wait = CONFIG_RETRY_S
    else:
        wait = _backed_off(failures, pace)
    return _spread(wait, chance)


def first_wait_s(index: int, count: int, pace: Pace) -> float:
    """Return when SBC number `index` of `count` is asked first: all within two seconds, one after another."""
    return min(2.0, 0.1 * count, pace.interval_s) * index / max(count, 1)


def _backed_off(failures: int, pace: Pace) -> float:
    return min(FIRST_RETRY_S * 2.0 ** min(max(failures - 1, 0), 8), 2 * pace.interval_s)


def _spread(wait: float, chance: float) -> float:
    return wait * (1.0 + JITTER * (2.0 * chance - 1.0))
