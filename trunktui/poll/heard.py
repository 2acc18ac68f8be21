"""What the followed files of one SBC said, as far as it is still wanted. Bounded, whatever they say."""

from __future__ import annotations

from typing import Any

from msgspec import Struct, field

from trunktui.model.tail import AuthFailure, AuthSuccess, InviteRefusal, Refusal, TailFacts

MOST_PAIRS = 4096
"""Registrations that failures are kept of: more than an SBC has, and a log that invents names fills no memory."""

MOST_ATTEMPTS = 32
MOST_AUTH = 4096
"""Failed requests from outside that are kept: enough for any burst to be told by its sources."""

Pair = tuple[str, str]
"""Whom a registration is at and for: server URI and client URI, as the log has them."""


class Refused(Struct, frozen=True):
    """The REGISTERs of one pair that failed: the newest, and when they all did (seconds of the SBC's clock)."""

    last: Refusal
    times: tuple[float, ...]


class HeardMemory(Struct):
    """What is kept of one SBC's files; times are of its own clock."""

    refused: dict[Pair, Refused] = field(default_factory=dict)
    invites: dict[str, InviteRefusal] = field(default_factory=dict)
    auth_failures: tuple[AuthFailure, ...] = ()
    auth_successes: tuple[AuthSuccess, ...] = ()


def remember_heard(memory: HeardMemory, facts: TailFacts) -> None:
    """Add what new lines said, oldest first; the oldest is forgotten where it grows too much."""
    for refusal in facts.refusals:
        pair = (refusal.server, refusal.client)
        before = memory.refused.pop(
            pair, None
        )  # put in anew: the first in the order is the longest unheard of
        times = before.times if before is not None else ()
        memory.refused[pair] = Refused(refusal, (*times, refusal.at)[-MOST_ATTEMPTS:])
    for invite in facts.invite_refusals:
        memory.invites.pop(invite.endpoint, None)
        memory.invites[invite.endpoint] = invite
    _bound(memory.refused)
    _bound(memory.invites)
    if facts.auth_failures:
        memory.auth_failures = (*memory.auth_failures, *facts.auth_failures)[-MOST_AUTH:]
    if facts.auth_successes:
        memory.auth_successes = (*memory.auth_successes, *facts.auth_successes)[-MOST_AUTH:]


def _bound(kept: dict[Any, Any]) -> None:
    while len(kept) > MOST_PAIRS:
        del kept[next(iter(kept))]
