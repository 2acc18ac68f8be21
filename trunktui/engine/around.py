"""Says in words that our address changed, or that a name leads elsewhere, from what was told before. Pure."""

from __future__ import annotations

from collections.abc import Iterator, Mapping

from msgspec import Struct

from trunktui.model.snapshot import SbcStatus

_SHOWN = 3
"""Addresses that are spelled out."""


class News(Struct, frozen=True):
    """What is to be kept as known (`state`), since when (monotonic), and what is to be told: nothing, if no change."""

    state: str
    since: float | None = None
    sentence: str = ""
    before: str = ""
    after: str = ""


def egress_news(sbc: SbcStatus, known: str | None) -> News | None:
    """Return what is new of how carriers see an SBC; `known` is an earlier `state`, None before the first."""
    egress = sbc.egress
    if egress is None:
        return None
    state = f"{egress.kind.value} {egress.address}"
    if state == known:
        return None
    kind, _, before = (known or "").partition(" ")
    if kind != egress.kind.value or not before:
        return News(state, egress.since)  # another source says something else, which is no change
    sentence = f"our address changed {before} -> {egress.address} ({egress.source})"
    return News(state, egress.since, sentence, before, egress.address)


def names_news(sbc: SbcStatus, known: Mapping[str, tuple[str, ...]]) -> Iterator[tuple[str, News]]:
    """Yield (name, what is new of it); `known` has what each led to when it was last told."""
    for one in sbc.resolved:
        state, before = " ".join(one.settled), known.get(one.host)
        if before == one.settled:
            continue
        apart = before is not None and set(before).isdisjoint(one.settled)
        if before is None or not (apart or one.since is not None):
            yield one.host, News(state, one.since)
            continue
        if one.settled:
            sentence = f"{one.host} leads to {_listed(one.settled)}, was {_listed(before)}"
        else:
            sentence = f"{one.host} does not resolve any more, was {_listed(before)}"
        yield one.host, News(state, one.since, sentence, _listed(before), _listed(one.settled))


def names_gone(sbc: SbcStatus, known: Mapping[str, tuple[str, ...]]) -> list[str]:
    """Return the names of `known` that no leg of an SBC uses any more, once those that they use are known."""
    used = {one.host for one in sbc.resolved}
    return [name for name in known if name not in used] if used else []


def _listed(addresses: tuple[str, ...]) -> str:
    more = len(addresses) - _SHOWN
    return ", ".join(addresses[:_SHOWN]) + (f" and {more} more" if more > 0 else "") or "nothing"
