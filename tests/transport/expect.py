"""What every failed ask has to keep: its state, its words, its time, and nothing that acts on a terminal."""

from __future__ import annotations

import asyncio
import re

import pytest

from tests.transport.sshd import TRUE
from trunktui.model.ask import SshAsk
from trunktui.model.link import LinkError, SshState
from trunktui.transport.ssh import SshAsker

SLACK_S = 3.0
"""What a loaded machine may add to a budget; what hangs hangs for longer."""


async def expect_fault(
    asker: SshAsker, state: SshState, words: str, budget_s: float = 8.0, ask: SshAsk = TRUE
) -> str:
    """Ask; it must end in `state` within its budget, its reason matching `words`. Returns the reason."""
    loop = asyncio.get_running_loop()
    began = loop.time()
    with pytest.raises(LinkError) as caught:
        await asker.ask(ask, budget_s)
    took = loop.time() - began
    await asker.close()
    reason = str(caught.value.reason)
    assert (caught.value.state, reason) == (state, reason)
    assert re.search(words, reason), reason
    assert reason.isprintable()
    assert "\u202e" not in reason
    assert took < budget_s + SLACK_S
    return reason
