"""An action of several steps: which reply tells whether it was done, wherever it stopped."""

from __future__ import annotations

import time

import pytest

from tests.fleets import leg
from tests.platforms.test_switching import SET, dispatcher, plain
from trunktui.actions.runner import End, Runner, Tools
from trunktui.model.action import Ending, Plan
from trunktui.model.ask import GATE_CLOSED, LOCK, Answer, Reply, SshAsk
from trunktui.model.text import Safe
from trunktui.platforms import kamailio

OK, NO = (Safe("Ok. Dispatcher state updated."),), (Safe("error: 500 - State Update Failed"),)


class Far:
    """Answers the one sending with these replies, and every look with the set as it was."""

    def __init__(self, plan: Plan, *steps: Reply, complete: bool = True) -> None:
        state = Reply(plan.readback.key, 0, dispatcher("AP", "DX"))
        self._look, self._sent = (state,), (Reply(LOCK, 0), state, *steps)
        self._complete = complete

    async def ask(self, ask: SshAsk, budget_s: float) -> Answer:
        assert budget_s > 0
        replies, complete = (self._look, True) if ask.lock is None else (self._sent, self._complete)
        return Answer(1.0, 1.1, replies, complete)

    async def close(self) -> None:
        return None


@pytest.mark.parametrize(
    ("first", "last", "complete", "ending", "words"),
    [
        ((GATE_CLOSED, NO), None, True, Ending.FAILED, "did not do it: Kamailio says: error 500, State Update Failed"),
        ((124, ()), None, True, Ending.UNVERIFIED, "may still do it when it wakes up"),
        ((0, OK), None, False, Ending.UNVERIFIED, "the link was lost while it was sent"),
        ((0, OK), (124, ()), True, Ending.UNVERIFIED, "may still do it when it wakes up"),
        ((0, OK), (0, OK), True, None, ""),
        ((0, OK), (0, NO), True, None, ""),
    ],
)  # fmt: skip
async def test_the_last_step_that_ran_tells_what_became_of_it(
    first: tuple[int, tuple[Safe, ...]],
    last: tuple[int, tuple[Safe, ...]] | None,
    complete: bool,
    ending: Ending | None,
    words: str,
) -> None:
    plan = plain("kamailio", SET)
    steps = [Reply(step.key, *said) for step, said in zip(plan.steps, (first, last), strict=True) if said]
    far = Far(plan, *steps, complete=complete)

    async def no_wait(_: float) -> None:
        return None

    async def again() -> None:
        return None

    runner = Runner(plan, Tools(kamailio, far, time.monotonic, no_wait, "trunktui-by-a@b:1"), lambda _: None)
    look = await runner.read(leg("x@nyc-1"))
    if ending is None:
        await runner.send(look, leg("x@nyc-1"), again)
        assert runner.sent
        return
    with pytest.raises(End) as ended:
        await runner.send(look, leg("x@nyc-1"), again)
    assert ended.value.ending is ending
    assert words in str(ended.value.sentence)
    assert ended.value.sent is (ending is Ending.UNVERIFIED)
