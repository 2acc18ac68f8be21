"""`config check`, `config init` and `config show`."""

from __future__ import annotations

import os
from pathlib import Path

import click

from trunktui.cli.output import encodable, encodable_toml
from trunktui.cli.session import Session
from trunktui.config.files import user_config
from trunktui.config.render import render
from trunktui.config.starter import STARTER
from trunktui.model.inventory import Inventory


@click.group(name="config")
def config_group() -> None:
    """Check, begin or show the config."""


@config_group.command(name="check")
@click.pass_obj
def check_config(session: Session) -> int:
    """Say whether the config is sound: every problem with its line, and what is set and has no effect."""
    config = session.config()
    _check_theme(config.ui.theme)
    click.echo(encodable(f"ok: {_counts(config.inventory)} ({config.path})"))
    for note in config.notes:
        click.echo(encodable(f"note: {note}"))
    return 0


@config_group.command(name="init")
@click.pass_obj
def init_config(session: Session) -> int:
    """Write a commented config to begin with; never overwrites one."""
    path = user_config(session.config_path, session.env)
    try:
        path.parent.mkdir(mode=0o700, parents=True, exist_ok=True)
        _write_new(path, STARTER)
    except FileExistsError as error:
        raise click.ClickException(f"{path}: is there already; it was left as it is") from error
    except OSError as error:
        raise click.ClickException(f"{path}: {error.strerror or 'cannot be written'}") from error
    click.echo(encodable(f"wrote {path}"))
    return 0


@config_group.command(name="show")
@click.pass_obj
def show_config(session: Session) -> int:
    """Print the config in force, defaults filled in; secrets are shown as references, never resolved."""
    config = session.config()
    shown = f"# {config.path}\n# state: {config.state_dir}\n{render(config.document)}"
    click.echo(encodable_toml(shown), nl=False)
    return 0


def _check_theme(name: str | None) -> None:
    from trunktui.present.themes import ThemeError, load_theme

    try:
        if name is not None:
            load_theme(name)
    except ThemeError as error:
        raise click.ClickException(f"ui.theme: {error}") from error


def _write_new(path: Path, text: str) -> None:
    descriptor = os.open(path, os.O_WRONLY | os.O_CREAT | os.O_EXCL | os.O_NOFOLLOW | os.O_CLOEXEC, 0o600)
    with os.fdopen(descriptor, "w", encoding="utf-8") as file:
        file.write(text)


def _counts(fleet: Inventory) -> str:
    counted = (
        (len(fleet.carriers), "carrier"),
        (len(fleet.accounts), "account"),
        (len(fleet.sbcs), "SBC"),
        (len(fleet.trunks), "trunk"),
        (len(fleet.groups), "group"),
    )
    return ", ".join(f"{count} {noun}{'' if count == 1 else 's'}" for count, noun in counted)
