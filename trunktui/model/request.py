"""What a screen asks of the engine, and what came of it."""

from __future__ import annotations

from typing import Protocol

from msgspec import Struct

from trunktui.model.text import Safe


class Reload(Struct, frozen=True, tag="reload"):
    """Read the config file again and go by it, unless it is broken."""


Request = Reload
"""Everything that can be asked; a tagged union once there is a second thing."""


class Outcome(Struct, frozen=True):
    """What came of a request: whether it was done, and one sentence for the operator."""

    done: bool
    text: Safe


class Requests(Protocol):
    """Where a screen sends its requests."""

    async def ask(self, request: Request) -> Outcome:
        """Have a request carried out; returns when that is through, or will not happen."""
