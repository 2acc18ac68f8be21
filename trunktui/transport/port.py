"""What polling needs of a transport: ask, and close."""

from __future__ import annotations

from typing import Protocol

from trunktui.model.ask import Answer, SshAsk
from trunktui.model.snmp import SnmpAnswer, SnmpAsk


class Asker(Protocol):
    """A kept connection to one SBC."""

    async def ask(self, ask: SshAsk, budget_s: float) -> Answer:
        """Connect if need be, run every command of `ask`, return what came back, all within `budget_s`.

        A command that hung, failed or was cut is a Reply with its status (or None), not an error; an answer
        that was cut off has `complete` False. Raises LinkError, and nothing else, when nothing could be asked.
        """

    async def close(self) -> None:
        """End the connection; never raises, never takes longer than a second."""


class SnmpPort(Protocol):
    """One SBC's SNMP agent."""

    async def ask(self, ask: SnmpAsk, budget_s: float) -> SnmpAnswer:
        """Ask all of `ask`, within `budget_s` seconds once it is our turn.

        Raises SnmpError, and nothing else, when the agent's first group of objects is not answered.
        """

    async def close(self) -> None:
        """End it; never raises."""
