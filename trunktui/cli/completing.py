"""What a shell completes of names: those of the config, and of marks that are open."""

from __future__ import annotations

import os
from collections.abc import Callable
from typing import TYPE_CHECKING

import click

from trunktui.cli.session import Session
from trunktui.model.finding import RecordKind
from trunktui.model.marks import Ack, Maintenance

if TYPE_CHECKING:
    from trunktui.config.load import Config


def _completing(context: click.Context) -> Config | None:
    """Return the config of a command line that is still being typed, None where it cannot be read."""
    from trunktui.config.errors import ConfigError

    try:
        return Session(context.find_root().params.get("config_path"), os.environ).config()
    except ConfigError:
        return None


def names_of_config(context: click.Context, _: click.Parameter, begun: str) -> list[str]:
    """Return the names of the config that begin so."""
    config = _completing(context)
    if config is None:
        return []
    names = [*_legs(config)]
    for kind in (config.inventory.sbcs, config.inventory.trunks, config.inventory.carriers):
        names += [one.name for one in kind]
    names += [group.name for group in config.inventory.groups]
    return sorted({name for name in names if name.startswith(begun)})


def groups_of_config(context: click.Context, _: click.Parameter, begun: str) -> list[str]:
    """Return the groups of the config that begin so."""
    config = _completing(context)
    names = () if config is None else [group.name for group in config.inventory.groups]
    return sorted(name for name in names if name.startswith(begun))


def trunks_of_config(context: click.Context, _: click.Parameter, begun: str) -> list[str]:
    """Return the trunks of the group that was typed, else of every group, that begin so."""
    config = _completing(context)
    groups = () if config is None else config.inventory.groups
    typed = context.params.get("group")
    meant = [group for group in groups if group.name == typed] or groups
    return sorted({trunk for group in meant for trunk in group.trunks if trunk.startswith(begun)})


def sbcs_of_config(context: click.Context, _: click.Parameter, begun: str) -> list[str]:
    """Return the SBCs of the config that begin so."""
    config = _completing(context)
    names = () if config is None else [sbc.name for sbc in config.inventory.sbcs]
    return sorted(name for name in names if name.startswith(begun))


def subjects_of_config(context: click.Context, _: click.Parameter, begun: str) -> list[str]:
    """Return what a finding can be about, of the config, that begins so."""
    config = _completing(context)
    return [] if config is None else [name for name in subjects(config) if name.startswith(begun)]


def subjects(config: Config) -> list[str]:
    """Return what a finding can be about, of the config."""
    fleet = config.inventory
    names = {*_legs(config)}
    for kind in (fleet.sbcs, fleet.trunks, fleet.carriers, fleet.accounts):
        names |= {one.name for one in kind}
    return sorted(names)


def _legs(config: Config) -> list[str]:
    return [f"{one.trunk}@{one.sbc}" for trunk in config.inventory.trunks for one in trunk.bindings]


def open_marks(
    kind: type[Maintenance | Ack],
) -> Callable[[click.Context, click.Parameter, str], list[str]]:
    """Return what names the open marks of a kind that begin so."""

    def complete(context: click.Context, _: click.Parameter, begun: str) -> list[str]:
        from trunktui import wiring_marks

        config = _completing(context)
        if config is None:
            return []
        marks = wiring_marks.book_of(config).read().open(wiring_marks.utc_now())
        names = {name for mark in marks if isinstance(mark, kind) for name in (mark.id, mark.target.name)}
        return sorted(name for name in names if name.startswith(begun))

    return complete


def recordable(kind: RecordKind) -> Callable[[click.Context, click.Parameter, str], list[str]]:
    """Return what names the trunks or accounts that begin so, of which a record of a kind can be made."""

    def complete(context: click.Context, _: click.Parameter, begun: str) -> list[str]:
        from trunktui import wiring_records

        config = _completing(context)
        names = () if config is None else wiring_records.subjects(config, kind)
        return sorted(name for name in names if name.startswith(begun))

    return complete
