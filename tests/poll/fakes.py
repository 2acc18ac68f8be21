"""Stand-ins for what a poller needs: an SBC that answers from a script, and a clock that a test moves."""

from __future__ import annotations

from trunktui.model.ask import Answer, SshAsk
from trunktui.model.link import LinkError, SshState
from trunktui.model.text import Safe


class Clock:
    """Monotonic seconds that move when told; `sleep` moves them."""

    def __init__(self, at: float = 1000.0) -> None:
        self.at = at
        self.slept: list[float] = []

    def __call__(self) -> float:
        return self.at

    async def sleep(self, seconds: float) -> None:
        """Pass `seconds` at once; ends the test's poller after fifty of them."""
        if len(self.slept) >= 50:
            raise EndOfPlayError
        self.slept.append(seconds)
        self.at += seconds


class EndOfPlayError(BaseException):
    """The scripted SBC has nothing more to say; no Exception, for a poller survives those."""


class ScriptedAsker:
    """An Asker that gives one scripted answer (or fault) after another, then ends the play."""

    def __init__(self, script: list[Answer | SshState], clock: Clock) -> None:
        self._script = list(script)
        self._clock = clock
        self.asked: list[SshAsk] = []
        self.asked_at: list[float] = []
        self.closed = False
        self.running = 0
        self.most_running = 0

    async def ask(self, ask: SshAsk, budget_s: float) -> Answer:
        """Return the next scripted answer, or raise the next scripted fault."""
        self.running += 1
        self.most_running = max(self.most_running, self.running)
        try:
            self.asked.append(ask)
            self.asked_at.append(self._clock())
            if not self._script:
                raise EndOfPlayError
            said = self._script.pop(0)
            if isinstance(said, SshState):
                raise LinkError(said, Safe(f"ssh says {said.value}"))
            return said
        finally:
            self.running -= 1

    async def close(self) -> None:
        """Note the end."""
        self.closed = True
