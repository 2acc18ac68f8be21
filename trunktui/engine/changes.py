"""Says in words what another config changes: what is applied at once, and what only a restart can apply."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from typing import Protocol

from trunktui.config.load import Config


class _Named(Protocol):
    @property
    def name(self) -> str: ...


def words(before: Config, after: Config) -> str:
    """Return `1 SBC added, 2 trunks changed`, or `nothing changed`; then what needs a restart."""
    applied = [*_applied(before, after)]
    said = ", ".join(applied) or "nothing changed"
    later = [*_later(before, after)]
    if not later:
        return said
    needs = f"{', '.join(later)} {'needs' if len(later) == 1 else 'need'} a restart"
    return f"{said}; {needs}" if applied else needs


def _applied(before: Config, after: Config) -> Iterator[str]:
    old, new = before.inventory, after.inventory
    kinds = (
        *_kind("SBC", old.sbcs, new.sbcs),
        *_kind("trunk", old.trunks, new.trunks),
        *_kind("group", old.groups, new.groups),
        *_kind("carrier", old.carriers, new.carriers),
        *_kind("account", old.accounts, new.accounts),
    )
    yield from kinds
    if old.limits != new.limits:
        yield "limits of findings changed"
    if old.waits != new.waits:
        yield "waits of switches changed"
    if old != new and not kinds and old.limits == new.limits and old.waits == new.waits:
        yield "order changed"
    if before.poll.interval_s != after.poll.interval_s:
        yield f"interval {before.poll.interval_s:g} s -> {after.poll.interval_s:g} s"
    if before.thresholds != after.thresholds:
        yield "thresholds changed"


def _later(before: Config, after: Config) -> Iterator[str]:
    if before.state_dir != after.state_dir:
        yield "state"
    if before.poll.connections != after.poll.connections:
        yield "poll.connections"
    if before.history != after.history:
        yield "history"
    if before.ui.theme != after.ui.theme:
        yield "ui.theme"
    if before.ui.ascii != after.ui.ascii:
        yield "ui.ascii"


def _kind(noun: str, before: Iterable[_Named], after: Iterable[_Named]) -> Iterator[str]:
    old, new = {one.name: one for one in before}, {one.name: one for one in after}
    changed = sum(old[name] != new[name] for name in old.keys() & new.keys())
    for count, done in (
        (len(new.keys() - old.keys()), "added"),
        (len(old.keys() - new.keys()), "removed"),
        (changed, "changed"),
    ):
        if count:
            yield f"{count} {noun}{'' if count == 1 else 's'} {done}"
