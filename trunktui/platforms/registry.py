"""The platforms this version can poll, by the name the config uses: a file in this folder is one, nothing is entered."""

from __future__ import annotations

from importlib import import_module
from typing import cast

from trunktui.platforms import names
from trunktui.platforms.contract import Platform


def platform_for(name: str) -> Platform:
    """Return the platform called `name`; that called `auto` finds out which it is. Raises ImportError for no such one.

    A test holds every module against the contract, for mypy cannot see which they are.
    """
    return cast(Platform, import_module(f"trunktui.platforms.{name}"))


PLATFORMS: dict[str, Platform] = {name: platform_for(name) for name in names()}
