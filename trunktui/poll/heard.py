"""What the followed files of one SBC said, as far as it is still wanted. Bounded, whatever they say."""

from __future__ import annotations

from collections import Counter
from collections.abc import Mapping
from typing import Any

from msgspec import Struct, field, structs

from trunktui.health import bursts, refusal
from trunktui.health.bursts import MOST_SOURCES, Tally
from trunktui.health.refusal import Look, Refused, RegWord, word_of
from trunktui.model.observation import NativeLeg, Observation
from trunktui.model.tail import AuthFailure, AuthSuccess, InviteRefusal, TailFacts

MOST_PAIRS = 4096
"""Registrations that failures are kept of: more than an SBC has, and a log that invents names fills no memory."""

Pair = tuple[str, str]
"""Whom a registration is at and for: server URI and client URI, as the log has them; or "" and its name."""


class HeardMemory(Struct):
    """What is kept of one SBC's files; times are monotonic. `tallies` by source: who failed to authenticate.

    `successes`: that somebody did authenticate was seen, so that the log tells it.
    """

    refused: dict[Pair, Refused] = field(default_factory=dict)
    invites: dict[str, InviteRefusal] = field(default_factory=dict)
    tallies: dict[str, Tally] = field(default_factory=dict)
    successes: bool = False


def remember_heard(memory: HeardMemory, facts: TailFacts, look: Observation) -> None:
    """Add what new lines said, oldest first; what was not heard of for longest is forgotten where it grows too much.

    Their times are made ours at once, by the clock of the `look` that they were read after: it may be set later.
    """
    if (shift := _shift(look)) is None:
        return
    for one in facts.refusals:
        pair = (one.server, one.client)
        ours = structs.replace(one, at=one.at - shift)
        memory.refused[pair] = refusal.add(memory.refused.pop(pair, None), ours)
    for invite in facts.invite_refusals:
        memory.invites.pop(invite.endpoint, None)
        memory.invites[invite.endpoint] = invite
    memory.successes = memory.successes or bool(facts.auth_successes)
    told: list[AuthFailure | AuthSuccess] = [*facts.auth_failures, *facts.auth_successes]
    for request in sorted(told, key=lambda one: one.at):
        before = memory.tallies.pop(request.source, None)
        if isinstance(request, AuthFailure):
            ours_too = structs.replace(request, at=request.at - shift)
            memory.tallies[request.source] = bursts.add(before, ours_too)
    _bound(memory.refused, MOST_PAIRS)
    _bound(memory.invites, MOST_PAIRS)
    _bound(memory.tallies, MOST_SOURCES)


class HeardView:
    """What was heard of an SBC, as of one look at it, for asking it about one registration after another."""

    def __init__(self, memory: HeardMemory, look: Observation, client_of: Mapping[str, str]) -> None:
        self._refused = memory.refused
        self._look = look
        self._client_of = client_of
        self._shared: Counter[Pair] | None = None

    def word(self, leg: NativeLeg, registered_at: float | None) -> RegWord | None:
        """Return what the log says of the registration of a leg that fails; see `health.refusal`."""
        pair = self._pair(leg)
        refused = None if pair is None else self._refused.get(pair)
        if pair is None or refused is None or leg.registration is None:
            return None
        if self._shared is None:
            pairs = {other.native.registration: self._pair(other) for other in self._look.legs}
            self._shared = Counter(other for other in pairs.values() if other is not None)
        loaded = leg.reg_settings
        return word_of(
            refused,
            Look(
                row=leg.registration,
                at=self._look.at,
                registered_at=registered_at,
                unsure_s=self._look.took_s,
                shared=self._shared[pair] > 1,
                waits=(loaded.retry_s, loaded.forbidden_retry_s, loaded.fatal_retry_s) if loaded else (),
                max_retries=loaded.max_retries if loaded is not None else None,
            ),
        )

    def _pair(self, leg: NativeLeg) -> Pair | None:
        """Return what the log calls a registration: by its URIs, or by its name where the log has names."""
        named = ("", leg.native.registration or "")
        if leg.registration is None or named in self._refused:
            return named if leg.registration is not None else None
        client = self._client_of.get(leg.native.registration or "")
        return None if client is None else (leg.registration.server, client)


def heard_view(
    memory: HeardMemory, look: Observation | None, client_of: Mapping[str, str]
) -> HeardView | None:
    """Return what was heard as of a look; None where nothing was."""
    return None if look is None or not memory.refused else HeardView(memory, look, client_of)


def _shift(look: Observation) -> float | None:
    """Return the SBC's clock less our monotonic one; it was read in the middle of the look."""
    return None if look.box.clock_s is None else look.box.clock_s - (look.at - look.took_s / 2.0)


def _bound(kept: dict[Any, Any], most: int) -> None:
    while len(kept) > most:
        del kept[next(iter(kept))]
