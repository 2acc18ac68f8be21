"""Options that several commands share, and what their values mean."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any, TypeVar

import click

from trunktui.config.words import seconds
from trunktui.model.text import clean

_F = TypeVar("_F", bound=Callable[..., Any])


def printed_as(*forms: str, what: str) -> Callable[[_F], _F]:
    """Return the option `--format` (parameter `form`); the first of `forms` is the default, `what` its help."""
    return click.option(
        "--format", "form", type=click.Choice(forms), default=forms[0], show_default=True, help=what
    )


def since_s(text: str) -> float:
    """Return the seconds that `--since` means. Raises BadParameter."""
    found = seconds(text)
    if found is None:
        raise click.BadParameter(f'"{clean(text)}" is no time like 30m, 8h or 7d', param_hint="--since")
    return found
