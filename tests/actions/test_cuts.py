"""The link is cut at every step of an action, with every fate of the command: no false proof, no second sending."""

from __future__ import annotations

import pytest

from tests.actions.far_side import Carrier, Cut, Far
from tests.actions.scene import Stage, silent
from tests.actions.switch_scene import PLACE, SwitchStage
from trunktui.model.action import Consent, Ending, Outcome, Swept, Verb
from trunktui.model.switch import SwitchKind, Wish

YES = Consent(yes=True, fixed=True, typed="out", reason="test")

ASKS = range(6)
"""The read, the sending, and the first looks for proof."""

PLACES = (None, 0, 1, 2, 3)
"""Before the ask is made, and after so many of its replies (lock, state, step)."""


def act(stage: Stage) -> Outcome:
    """Prepare and perform one re-register of red@one."""
    desk = stage.desk()
    prepared = stage.run(desk.prepare(Verb.REREGISTER, "red@one"))
    outcome: Outcome = stage.run(desk.perform(prepared, YES, silent))
    return outcome


def hold_against_truth(stage: Stage, outcome: Outcome) -> None:
    """Assert that an outcome claims no more than what the SBC did."""
    sbc = stage.sbcs["one"]
    assert len(sbc.commanded) <= 1, "sent twice"
    if not outcome.sent:
        assert not sbc.commanded
        assert not sbc.late, "and never will"
    if outcome.ending is Ending.VERIFIED:
        assert len(sbc.commanded) == 1
        row = sbc.rows["red"]
        assert row.word == "Registered"
        assert row.answered > sbc.commanded[0].at


@pytest.mark.parametrize("carrier", Carrier, ids=lambda c: c.value)
@pytest.mark.parametrize("far", Far, ids=lambda f: f.value)
@pytest.mark.parametrize("place", PLACES)
@pytest.mark.parametrize("number", ASKS)
def test_a_cut_link_never_makes_a_false_proof_or_a_second_sending(
    number: int, place: int | None, far: Far, carrier: Carrier
) -> None:
    stage = Stage()
    sbc = stage.sbcs["one"]
    sbc.carrier["red"] = carrier
    sbc.cuts = [None] * number + [Cut(place, far)]
    try:
        outcome = act(stage)
        hold_against_truth(stage, outcome)
        sending_cut = number == 1 and place is not None and place < 3
        if sending_cut:
            assert outcome.ending is Ending.UNVERIFIED, "nobody can know"
            assert "not sent again" in outcome.sentence
        elif carrier is Carrier.OK and number > 1:
            assert outcome.ending is Ending.VERIFIED, "a lost look is made up for by the next"
        kinds = [entry.record.kind.value for entry in stage.books["jump1"]]
        assert kinds in (["intent", "outcome"], ["refused"])
        stage.run(_later(stage, 120))
        hold_against_truth(stage, outcome)
    finally:
        stage.close()


async def _later(stage: Stage, seconds: float) -> None:
    import asyncio

    await asyncio.sleep(seconds)
    for sbc in stage.sbcs.values():
        sbc.settle()


@pytest.mark.parametrize("far", Far, ids=lambda f: f.value)
def test_with_the_link_gone_for_good_it_ends_unverified_and_is_shown_as_unfinished(far: Far) -> None:
    stage = Stage()
    try:
        stage.sbcs["one"].cuts = [None, Cut(1, far)] + [Cut(None)] * 100
        outcome = act(stage)
        assert outcome.ending is Ending.UNVERIFIED
        desk = stage.desk("bob")
        left = stage.run(desk.open())
        assert [(act.leg, act.who) for act in left] == [("red@one", "alice")]
        stage.sbcs["one"].cuts = []
        stage.run(_later(stage, 130))
        closed = stage.run(desk.verify(left[0]))
        assert closed.ending is Ending.VERIFIED, closed.sentence
        assert stage.run(desk.open()) == ()
        assert len(stage.sbcs["one"].commanded) == (0 if far is Far.NOT_DONE else 1)
    finally:
        stage.close()


def move_group(stage: SwitchStage) -> Outcome:
    """Prepare and perform one switch of the group on SBC one, from red to blue."""
    desk = stage.desk()
    sweep = stage.run(desk.prepare_switch(Wish(SwitchKind.SWITCH, "out", "blue", ("one",)), YES))
    swept: Swept = stage.run(desk.perform_switch(sweep, YES, silent))
    return swept.outcomes[0][1]


def hold_switch_against_truth(stage: SwitchStage, outcome: Outcome) -> None:
    """Assert that the end of a switch claims no more than what the SBC did."""
    sbc = stage.sbcs["one"]
    assert len(sbc.puts) <= 1, "sent twice"
    if not outcome.sent:
        assert not sbc.puts
        assert not sbc.late, "and never will"
    if outcome.ending in {Ending.VERIFIED, Ending.ROUTED}:
        assert [(put.value, put.before) for put in sbc.puts] == [("blue", "red")]
        assert sbc.db[PLACE] == "blue"


@pytest.mark.parametrize("calls", [True, False], ids=["calls", "silence"])
@pytest.mark.parametrize("far", Far, ids=lambda f: f.value)
@pytest.mark.parametrize("place", PLACES)
@pytest.mark.parametrize("number", ASKS)
def test_a_cut_link_never_makes_a_switch_done_that_was_not_or_sends_it_twice(
    number: int, place: int | None, far: Far, *, calls: bool
) -> None:
    stage = SwitchStage()
    sbc = stage.sbcs["one"]
    sbc.call_every_s = 1.5 if calls else 0.0
    sbc.cuts = [None] * number + [Cut(place, far)]
    try:
        outcome = move_group(stage)
        hold_switch_against_truth(stage, outcome)
        if number == 1 and place is not None and place < 3:
            assert outcome.ending is Ending.UNVERIFIED, "nobody can know"
            assert "not sent again" in outcome.sentence
        elif number > 1:
            assert outcome.ending is (Ending.VERIFIED if calls else Ending.ROUTED), (
                "a lost look is made up for"
            )
        kinds = [entry.record.kind.value for entry in stage.books["jump1"]]
        assert kinds in (["intent", "outcome"], ["refused"])
        stage.run(_later(stage, 120))
        hold_switch_against_truth(stage, outcome)
        if outcome.ending is Ending.UNVERIFIED:
            (act,) = stage.run(stage.desk("bob").open())
            closed = stage.run(stage.desk("bob").verify(act))
            assert closed.ending is (Ending.ROUTED if sbc.puts else Ending.FAILED), "what stands there tells"
            assert len(sbc.puts) <= 1
    finally:
        stage.close()
