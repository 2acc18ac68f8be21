"""Groups that are moved over several SBCs: in turn, stopped by the first that fails, told clearly, taken back exactly."""

from __future__ import annotations

import asyncio
from collections.abc import Iterator
from typing import Any

import pytest
from msgspec.structs import replace

from tests.actions.far_side import Cut, Far
from tests.actions.scene import silent
from tests.actions.switch_scene import PLACE, ROUTE, TRUNKS, SwitchStage
from trunktui.actions.desk import Desk
from trunktui.model.action import DONE, Consent, Ending, Statement, Sweep, Swept
from trunktui.model.audit import RecordKind
from trunktui.model.inventory import Group
from trunktui.model.route import ActiveRoute, Mechanism, Route, Share
from trunktui.model.switch import SwitchKind, Wish
from trunktui.model.text import Safe, clean
from trunktui.store.errors import AuditError

YES = Consent(yes=True, typed="out")
TAKES_ON = replace(YES, reason="ticket 7", glass=True)
TO_BLUE = Wish(SwitchKind.SWITCH, "out", "blue")
BACK = Wish(SwitchKind.FAILBACK, "out")
UNDO = Wish(SwitchKind.UNDO, "out")


@pytest.fixture
def stage() -> Iterator[SwitchStage]:
    """The stage, ended after the test."""
    made = SwitchStage()
    yield made
    made.close()


def prepare(stage: SwitchStage, desk: Desk, wish: Wish, consent: Consent | None = None) -> Sweep:
    found: Sweep = stage.run(desk.prepare_switch(wish, consent))
    return found


def switch(
    stage: SwitchStage, wish: Wish, consent: Consent = YES, desk: Desk | None = None, tell: Any = silent
) -> Swept:
    desk = desk or stage.desk()
    found: Swept = stage.run(desk.perform_switch(prepare(stage, desk, wish), consent, tell))
    return found


def passes(stage: SwitchStage, seconds: float) -> None:
    stage.run(asyncio.sleep(seconds))


def routes(stage: SwitchStage) -> list[str | None]:
    return [sbc.db.get(PLACE) for sbc in stage.sbcs.values()]


def test_a_wish_comes_back_whole_and_says_what_runs_on_each_sbc(stage: SwitchStage) -> None:
    sweep = prepare(stage, stage.desk(), TO_BLUE)
    assert sweep.wish.sbcs == ("one", "two")
    assert [part.leg_id for part in sweep.parts] == ["blue@one", "blue@two"]
    assert [part.action for part in sweep.parts] == [f"{sweep.action}.1", f"{sweep.action}.2"]
    assert sweep.parts[0].commands[0].endswith('"database put trunk out blue"')
    assert sweep.wants == (Statement.GROUP_NAME, Statement.YES)
    assert prepare(stage, stage.desk(), TO_BLUE, YES).wants == ()
    assert stage.records() == [], "preparing writes nothing"


def test_a_switch_moves_one_sbc_after_the_other_and_calls_prove_it(stage: SwitchStage) -> None:
    for sbc in stage.sbcs.values():
        sbc.call_every_s = 2.0
    told: list[Safe] = []
    swept = switch(stage, TO_BLUE, tell=told.append)
    assert swept.ending is Ending.VERIFIED
    assert swept.sentence == "switched to blue: one, two; undo takes back one and two"
    assert routes(stage) == ["blue", "blue"]
    one, two = (sbc.puts[0] for sbc in stage.sbcs.values())
    first = next(outcome for sbc, outcome in swept.outcomes if sbc == "one")
    assert one.at < first.ended_at < two.at, "proved before the next begins"
    assert {line.partition(":")[0] for line in told} == {"one", "two"}


def test_the_audit_log_says_what_was_moved_and_what_stood_there(stage: SwitchStage) -> None:
    switch(stage, replace(TO_BLUE, sbcs=("one",)), TAKES_ON)
    intent, end = stage.records()
    assert (intent.kind, end.kind) == (RecordKind.INTENT, RecordKind.OUTCOME)
    assert intent.sentence == "out on one: red -> blue"
    assert (intent.leg, intent.sbc, intent.carrier, intent.reason) == ("blue@one", "one", "beta", "ticket 7")
    for record in (intent, end):
        assert record.move is not None
        assert (record.move.group, record.move.stands.shares[0].value) == ("out", "red")
    assert any(line.startswith("target: blue@one is up") for line in intent.guards)


def test_without_a_call_it_is_routed_and_the_next_sbc_goes_on(stage: SwitchStage) -> None:
    swept = switch(stage, TO_BLUE)
    assert swept.ending is Ending.ROUTED
    assert [outcome.ending for _, outcome in swept.outcomes] == [Ending.ROUTED, Ending.ROUTED]
    assert "no call has shown it yet on one, two" in swept.sentence
    assert stage.run(stage.desk().open()) == (), "a route that reads back is done"


def test_the_first_sbc_that_fails_ends_it_and_the_rest_is_not_touched(stage: SwitchStage) -> None:
    stage.sbcs["one"].refuses = "Failed to update database"
    swept = switch(stage, TO_BLUE)
    assert swept.ending is Ending.FAILED
    assert swept.untouched == ("two",)
    assert swept.sentence.startswith("one failed: the SBC did not do it: Asterisk says: Failed to update")
    assert swept.sentence.endswith("; not touched: two")
    assert routes(stage) == ["red", "red"]


def test_what_was_done_before_the_failure_is_told_and_can_be_taken_back(stage: SwitchStage) -> None:
    stage.sbcs["two"].cuts = [None, Cut(1, Far.NOT_DONE)] + [Cut(None)] * 40
    swept = switch(stage, TO_BLUE)
    assert swept.ending is Ending.UNVERIFIED
    assert swept.sentence.startswith(
        "switched to blue: one; no call has shown it yet on one; two unverified: "
    )
    assert swept.sentence.endswith("; undo takes back one and two"), "nobody knows of two, so it is offered"


def test_an_sbc_that_is_already_there_is_skipped_and_said(stage: SwitchStage) -> None:
    stage.sbcs["one"].db[PLACE] = "blue"
    sweep = prepare(stage, stage.desk(), TO_BLUE)
    assert [part.sbc for part in sweep.parts] == ["two"]
    assert "one says what is wanted: it is skipped" in [str(ruling.sentence) for ruling in sweep.rulings]
    swept = switch(stage, TO_BLUE)
    assert swept.sentence.startswith("switched to blue: two")
    assert "already there: one" in swept.sentence
    again = switch(stage, TO_BLUE)
    assert (again.ending, again.outcomes) == (Ending.REFUSED, ())
    assert again.sentence.startswith("nothing was sent: already there: one and two: there is nothing to do")


def test_an_sbc_that_was_there_when_it_was_last_seen_is_not_passed_over(stage: SwitchStage) -> None:
    stage.sbcs["one"].db[PLACE] = "blue"
    plain, long_ago = stage._active, stage.loop.time()
    passes(stage, 61)

    def unheard(name: str) -> ActiveRoute:
        found = plain(name)
        assert found.reading is not None
        return replace(found, reading=replace(found.reading, at=long_ago)) if name == "one" else found

    stage._active = unheard  # type: ignore[method-assign]
    sweep = prepare(stage, stage.desk(), TO_BLUE, YES)
    assert [part.sbc for part in sweep.parts] == ["one", "two"]
    assert sweep.wants is None
    said = [ruling.sentence for ruling in sweep.parts[0].rulings if not ruling.allowed]
    assert any("what astdb trunk/out says is 61 s old" in words for words in said)


def test_where_one_sbc_is_refused_nothing_is_sent_to_any(stage: SwitchStage) -> None:
    stage.die("blue@two")
    swept = switch(stage, TO_BLUE, TAKES_ON)
    assert swept.ending is Ending.REFUSED
    assert "nothing was sent: two: target: blue@two is down" in swept.sentence
    assert routes(stage) == ["red", "red"]
    assert [(r.kind, r.leg) for r in stage.records()] == [(RecordKind.REFUSED, "blue@two")]
    assert switch(stage, replace(TO_BLUE, sbcs=("one",))).ending is Ending.ROUTED


@pytest.mark.parametrize(
    ("wish", "words"),
    [
        (Wish(SwitchKind.SWITCH, "in", "blue"), "there is no trunk group in: known are out"),
        (Wish(SwitchKind.SWITCH, "out", "pink"), "pink is no trunk of out: red, blue, green are"),
        (Wish(SwitchKind.SWITCH, "out", "blue", ("three",)), "there is no SBC three in the config"),
        (UNDO, "no switch of out is known that could be taken back"),
    ],
)
def test_a_wish_that_cannot_be_says_why_and_has_nothing_to_state(
    stage: SwitchStage, wish: Wish, words: str
) -> None:
    sweep = prepare(stage, stage.desk(), wish)
    every = (*sweep.rulings, *(ruling for part in sweep.parts for ruling in part.rulings))
    assert words in " ".join(ruling.sentence for ruling in every)
    assert sweep.wants is None
    swept = switch(stage, wish)
    assert swept.ending is Ending.REFUSED
    assert words in swept.sentence
    assert stage.records()[-1].kind is RecordKind.REFUSED


def test_without_a_route_in_the_config_it_says_what_to_add(stage: SwitchStage) -> None:
    stage.inventory = replace(stage.inventory, groups=(Group("out", ("red", "blue")),))
    sweep = prepare(stage, stage.desk(), TO_BLUE)
    assert "[group.switch]" in sweep.rulings[0].sentence


def test_an_undo_gives_back_exactly_what_stood_there_newest_first(stage: SwitchStage) -> None:
    stage.sbcs["one"].db[PLACE] = "elsewhere"
    del stage.sbcs["two"].db[PLACE]
    assert switch(stage, TO_BLUE).ending is Ending.ROUTED
    bob = stage.desk("bob")
    (offer,) = stage.run(bob.undoable())
    assert (offer.group, offer.who, [sbc for sbc, _ in offer.actions]) == ("out", "alice", ["two", "one"])
    assert stage.loop.time() + 800 < offer.until <= stage.loop.time() + 900
    sweep = prepare(stage, bob, UNDO)
    assert sweep.wish.sbcs == ("two", "one")
    assert sweep.wants is not None
    assert Statement.REASON in sweep.wants, "neither is known to work"
    swept = switch(stage, UNDO, TAKES_ON, bob)
    assert swept.sentence.startswith("taken back to as the SBC chose: two, one")
    assert "undo" not in swept.sentence
    assert routes(stage) == ["elsewhere", None]
    assert stage.run(bob.undoable()) == ()


def test_an_undo_of_an_undo_is_a_switch_by_name(stage: SwitchStage) -> None:
    switch(stage, TO_BLUE)
    switch(stage, UNDO)
    assert routes(stage) == ["red", "red"]
    refused = switch(stage, UNDO)
    assert refused.ending is Ending.REFUSED
    assert "it was taken back" in refused.sentence


def test_one_switch_after_another_is_taken_back_one_by_one(stage: SwitchStage) -> None:
    switch(stage, TO_BLUE)
    passes(stage, 61)
    switch(stage, Wish(SwitchKind.SWITCH, "out", "green", ("one",)))
    offers = stage.run(stage.desk().undoable())
    assert [offer.actions[0][0] for offer in offers] == ["one", "two"]
    assert switch(stage, UNDO).ending is Ending.ROUTED
    assert routes(stage) == ["blue", "blue"]
    swept = switch(stage, UNDO)
    assert routes(stage) == ["red", "red"], swept.sentence


def test_an_undo_to_a_trunk_that_is_down_needs_the_glass_broken(stage: SwitchStage) -> None:
    switch(stage, TO_BLUE)
    stage.die("red@one")
    stage.die("red@two")
    refused = switch(stage, UNDO)
    assert "it would send calls back to red, which is down" in refused.sentence
    assert routes(stage) == ["blue", "blue"]
    assert switch(stage, UNDO, TAKES_ON).ending is Ending.ROUTED
    intents = [r for r in stage.records() if r.kind is RecordKind.INTENT]
    assert intents[-1].sentence.endswith("(break glass)")
    assert any(line.startswith("target: break glass: ") for line in intents[-1].guards)


def test_an_undo_is_refused_where_somebody_moved_it_since(stage: SwitchStage) -> None:
    switch(stage, TO_BLUE)
    stage.sbcs["one"].db[PLACE] = "green"
    refused = switch(stage, UNDO)
    assert "it says green now, and that switch had set blue: somebody moved it since" in refused.sentence
    assert routes(stage) == ["green", "blue"]


def test_an_undo_that_is_too_late_says_by_how_much(stage: SwitchStage) -> None:
    switch(stage, TO_BLUE)
    passes(stage, 901)
    assert stage.run(stage.desk().undoable()) == ()
    refused = switch(stage, UNDO)
    assert "minutes ago (limit 15): switch it by name" in refused.sentence


def test_a_failback_goes_to_the_first_preference_when_that_has_been_well_for_a_while(
    stage: SwitchStage,
) -> None:
    stage.die("red@one")
    stage.die("red@two")
    assert switch(stage, TO_BLUE).ending is Ending.ROUTED
    stage.come_back("red@one")
    stage.come_back("red@two")
    early = switch(stage, BACK)
    assert "hold: out was switched" in early.sentence
    passes(stage, 620)
    sweep = prepare(stage, stage.desk(), BACK)
    assert (sweep.wish.to, sweep.wish.sbcs) == ("red", ("one", "two"))
    swept = switch(stage, BACK)
    assert swept.sentence.startswith("back to red: one, two")
    assert routes(stage) == ["red", "red"]


def test_of_two_on_two_hosts_one_wins_and_the_other_is_told(stage: SwitchStage) -> None:
    stage.lag_s = 20.0
    alice, carol = stage.desk("alice", "jump1"), stage.desk("carol", "jump2")
    to_one = replace(TO_BLUE, sbcs=("one",))
    first = prepare(stage, alice, to_one)
    second = prepare(stage, carol, replace(to_one, to="green"))

    async def both() -> tuple[Swept, Swept]:
        return await asyncio.gather(
            alice.perform_switch(first, YES, silent), carol.perform_switch(second, YES, silent)
        )

    won, lost = stage.run(both())
    assert (won.ending, lost.ending) == (Ending.ROUTED, Ending.REFUSED)
    assert "alice@jump1 acts on this SBC right now" in lost.sentence
    assert len(stage.sbcs["one"].puts) == 1
    passes(stage, 60)
    third = prepare(stage, carol, replace(to_one, to="green"))
    stage.sbcs["one"].put(PLACE, "red", "by hand", stage.loop.time())
    late: Swept = stage.run(carol.perform_switch(third, YES, silent))
    assert late.ending is Ending.REFUSED
    assert "it says red now, was blue when you looked (by somebody on another host" in late.sentence


def test_a_change_between_the_look_and_the_sending_closes_the_gate(stage: SwitchStage) -> None:
    sbc = stage.sbcs["one"]
    inner = sbc.ask

    async def ask(ask: Any, budget_s: float) -> Any:
        if ask.lock is not None:
            sbc.put(PLACE, "green", "by hand", stage.loop.time())
        return await inner(ask, budget_s)

    sbc.ask = ask  # type: ignore[method-assign]
    swept = switch(stage, replace(TO_BLUE, sbcs=("one",)))
    assert swept.ending is Ending.REFUSED
    assert "nothing was sent: it says green now, was red when you looked (by somebody" in swept.sentence
    assert sbc.db[PLACE] == "green"
    assert stage.records()[-1].sent is False


def test_who_moved_it_is_told_where_our_own_log_knows(stage: SwitchStage) -> None:
    alice, bob = stage.desk("alice"), stage.desk("bob")
    sweep = prepare(stage, alice, replace(TO_BLUE, sbcs=("one",)))
    switch(stage, Wish(SwitchKind.SWITCH, "out", "green", ("one",)), desk=bob)
    passes(stage, 61)
    lost: Swept = stage.run(alice.perform_switch(sweep, YES, silent))
    assert lost.ending is Ending.REFUSED
    assert "it says green now, was red when you looked (by bob" in lost.sentence


def test_a_cancelled_sweep_is_recorded_and_says_how_far_it_came(stage: SwitchStage) -> None:
    desk = stage.desk()
    sweep = prepare(stage, desk, TO_BLUE)

    async def work() -> None:
        task = asyncio.ensure_future(desk.perform_switch(sweep, YES, silent))
        while not stage.sbcs["two"].puts:
            await asyncio.sleep(0.01)
        task.cancel()
        with pytest.raises(asyncio.CancelledError):
            await task

    stage.run(work())
    swept = desk.interrupted_switch
    assert swept is not None
    assert swept.ending is Ending.UNVERIFIED
    assert swept.sentence.startswith(
        "switched to blue: one; no call has shown it yet on one; two unverified: interrupted"
    )
    assert [(r.kind.value, r.ending) for r in stage.records()][-1] == ("outcome", "unverified")
    (act,) = stage.run(desk.open())
    assert act.group == "out"
    closed = stage.run(desk.verify(act))
    assert closed.ending is Ending.ROUTED, closed.sentence
    assert stage.run(desk.open()) == ()


def test_an_open_switch_that_was_not_done_is_closed_as_such(stage: SwitchStage) -> None:
    stage.sbcs["one"].cuts = [None, Cut(1, Far.NOT_DONE)] + [Cut(None)] * 40
    assert switch(stage, replace(TO_BLUE, sbcs=("one",))).ending is Ending.UNVERIFIED
    stage.sbcs["one"].cuts = []
    desk = stage.desk("bob")
    (act,) = stage.run(desk.open())
    closed = stage.run(desk.verify(act))
    assert (closed.ending, str(closed.sentence)) == (Ending.FAILED, "it says red")


def test_an_open_switch_of_a_group_that_is_gone_stays_open_and_says_why(stage: SwitchStage) -> None:
    stage.sbcs["one"].cuts = [None, Cut(1, Far.NOT_DONE)] + [Cut(None)] * 40
    switch(stage, replace(TO_BLUE, sbcs=("one",)))
    stage.inventory = replace(stage.inventory, groups=())
    desk = stage.desk()
    (act,) = stage.run(desk.open())
    closed = stage.run(desk.verify(act))
    assert closed.ending is Ending.UNVERIFIED
    assert "there is no trunk group out in the config" in closed.sentence


def test_a_full_disk_sends_nothing(stage: SwitchStage) -> None:
    desk = stage.desk()
    sweep = prepare(stage, desk, TO_BLUE)
    desk._world.audit.fails = True  # type: ignore[attr-defined]
    swept: Swept = stage.run(desk.perform_switch(sweep, YES, silent))
    assert swept.ending is Ending.REFUSED
    assert "the audit log is not writable" in swept.sentence
    assert routes(stage) == ["red", "red"]


def test_between_two_sbcs_the_fleet_is_looked_at_again(stage: SwitchStage) -> None:
    asked: list[tuple[str, ...]] = []

    async def look_again(names: tuple[str, ...]) -> None:
        asked.append(names)

    switch(stage, TO_BLUE, desk=stage.desk(look_again=look_again))
    assert asked == [("one", "two")]


def test_a_target_that_dies_between_two_sbcs_stops_the_second(stage: SwitchStage) -> None:
    async def look_again(_: tuple[str, ...]) -> None:
        stage.die("blue@two")

    swept = switch(stage, TO_BLUE, desk=stage.desk(look_again=look_again))
    assert routes(stage) == ["blue", "red"]
    assert swept.ending is Ending.REFUSED
    assert "two refused: target: blue@two is down" in swept.sentence
    assert "undo takes back one" in swept.sentence


def test_a_reason_that_was_given_for_a_sound_switch_breaks_no_glass(stage: SwitchStage) -> None:
    async def look_again(_: tuple[str, ...]) -> None:
        stage.die("red@two")
        stage.die("blue@two")

    swept = switch(stage, TO_BLUE, TAKES_ON, desk=stage.desk(look_again=look_again))
    assert routes(stage) == ["blue", "red"]
    assert "target: blue@two is down" in swept.sentence
    assert "which it was not when you looked: look again" in swept.sentence
    assert not any("break glass" in record.sentence for record in stage.records())
    asked = switch(stage, Wish(SwitchKind.SWITCH, "out", "blue", ("two",)), TAKES_ON)
    assert asked.ending in {Ending.ROUTED, Ending.VERIFIED}, asked.sentence


def test_the_route_that_is_asked_is_the_one_in_the_config(stage: SwitchStage) -> None:
    sweep = prepare(stage, stage.desk(), TO_BLUE)
    plans = [part.plan for part in sweep.parts]
    assert all(plan is not None and plan.move is not None and plan.move.route == ROUTE for plan in plans)


def test_an_undo_is_refused_where_the_group_is_routed_by_another_place_now(stage: SwitchStage) -> None:
    switch(stage, TO_BLUE)
    other = Route(Mechanism.ASTDB, "trunk/other")
    stage.inventory = replace(
        stage.inventory, groups=(Group("out", tuple(TRUNKS), switch={"asterisk": other}),)
    )
    refused = switch(stage, UNDO)
    assert "astdb trunk/out was switched, and out is routed by astdb trunk/other now" in refused.sentence
    assert routes(stage) == ["blue", "blue"]


def test_a_failback_goes_to_the_best_that_each_sbc_has(stage: SwitchStage) -> None:
    trunks = tuple(
        replace(each, bindings=tuple(b for b in each.bindings if (b.trunk, b.sbc) != ("red", "two")))
        for each in stage.inventory.trunks
    )
    stage.inventory = replace(stage.inventory, trunks=trunks)
    whole = stage.look
    stage.look = lambda: tuple(leg for leg in whole() if leg.id != "red@two")  # type: ignore[method-assign]
    for sbc in stage.sbcs.values():
        sbc.db[PLACE] = "green"
    swept = switch(stage, BACK)
    assert swept.sentence.startswith("back to red and blue: one, two")
    assert routes(stage) == ["red", "blue"]


def test_a_reload_that_moves_the_sbc_elsewhere_stops_it(stage: SwitchStage) -> None:
    desk = stage.desk()
    sweep = prepare(stage, desk, TO_BLUE)
    moved = tuple(replace(sbc, ssh=replace(sbc.ssh, host="192.0.2.9")) for sbc in stage.inventory.sbcs)
    desk.reconfigure(replace(stage.inventory, sbcs=moved), 30.0)
    refused: Swept = stage.run(desk.perform_switch(sweep, YES, silent))
    assert "the config now reaches one another way than was shown: look again" in refused.sentence
    assert routes(stage) == ["red", "red"]


def test_a_group_of_another_name_than_was_typed_is_not_moved(stage: SwitchStage) -> None:
    refused = switch(stage, TO_BLUE, Consent(yes=True, typed="blue"))
    assert refused.sentence == "nothing was sent: confirmed: type out and say yes"
    (record,) = stage.records()
    assert (record.kind, record.leg) == (RecordKind.REFUSED, "out"), "said once, of the whole"


def test_an_sbc_whose_weights_lead_there_already_is_skipped(stage: SwitchStage) -> None:
    plain, plan = stage._active, stage.platform.plan_switch

    def weighted(name: str) -> ActiveRoute:
        found = plain(name)
        shares = (Share(clean("red"), 1), Share(clean("blue"), 9))
        assert found.reading is not None
        return replace(found, reading=replace(found.reading, shares=shares)) if name == "one" else found

    def planned(move: Any, leg: Any, siblings: Any) -> Any:
        return clean("it says that already") if move.sbc == "one" else plan(move, leg, siblings)

    stage._active = weighted  # type: ignore[method-assign]
    stage.platform.plan_switch = planned  # type: ignore[method-assign]
    assert [part.sbc for part in prepare(stage, stage.desk(), TO_BLUE).parts] == ["two"]
    (part, _) = prepare(stage, stage.desk(), Wish(SwitchKind.SWITCH, "out", "green")).parts
    assert [str(ruling.sentence) for ruling in part.rulings if ruling.guard == "known"] == [
        "it says that already"
    ]


def unreadable(stage: SwitchStage, desk: Desk) -> None:
    """Have the audit log of a desk be unreadable from now on."""

    def recent(_: float) -> Any:
        raise AuditError("audit.jsonl: permission denied")

    book: Any = desk._world.audit
    book.recent = recent


def test_an_audit_log_that_cannot_be_read_allows_nothing(stage: SwitchStage) -> None:
    desk = stage.desk()
    sweep = prepare(stage, desk, TO_BLUE)
    unreadable(stage, desk)
    assert "nothing is done without an audit log" in prepare(stage, desk, TO_BLUE).rulings[0].sentence
    swept: Swept = stage.run(desk.perform_switch(sweep, YES, silent))
    assert "nothing is done without an audit log" in swept.sentence
    assert routes(stage) == ["red", "red"]
    with pytest.raises(AuditError):
        stage.run(desk.undoable())


def test_who_moved_it_is_left_out_where_the_log_cannot_be_read(stage: SwitchStage) -> None:
    desk, sbc = stage.desk(), stage.sbcs["one"]
    inner = sbc.ask

    async def ask(ask: Any, budget_s: float) -> Any:
        if ask.lock is not None:
            sbc.put(PLACE, "green", "by hand", stage.loop.time())
            unreadable(stage, desk)
        return await inner(ask, budget_s)

    sbc.ask = ask  # type: ignore[method-assign]
    swept = switch(stage, replace(TO_BLUE, sbcs=("one",)), desk=desk)
    assert swept.sentence.startswith(
        "one refused: nothing was sent: it says green now, was red when you looked"
    )
    assert "by somebody" not in swept.sentence


def test_an_undo_may_name_its_actions_or_some_of_its_sbcs(stage: SwitchStage) -> None:
    done = switch(stage, TO_BLUE)
    two = Wish(SwitchKind.UNDO, "out", undoes=(f"{done.action}.2",))
    assert prepare(stage, stage.desk(), two).wish.sbcs == ("two",)
    assert switch(stage, Wish(SwitchKind.UNDO, "out", sbcs=("one",))).sentence.startswith(
        "taken back to red: one"
    )
    assert routes(stage) == ["red", "blue"]
    assert switch(stage, two).sentence.startswith("taken back to red: two")
    nowhere = switch(stage, Wish(SwitchKind.UNDO, "out", sbcs=("three",), undoes=(f"{done.action}.2",)))
    assert "there is no SBC three in the config" in nowhere.sentence
    never = switch(stage, Wish(SwitchKind.UNDO, "out", undoes=("nosuch",)))
    assert "no switch of out is known that could be taken back" in never.sentence


def test_an_undo_of_one_sbc_does_not_reach_another(stage: SwitchStage) -> None:
    switch(stage, replace(TO_BLUE, sbcs=("one",)))
    refused = switch(stage, Wish(SwitchKind.UNDO, "out", sbcs=("two",)))
    assert "no switch of out on two is known that could be taken back" in refused.sentence


def test_an_undo_of_one_sbc_is_of_its_own_last_switch_whatever_was_switched_elsewhere_since(
    stage: SwitchStage,
) -> None:
    switch(stage, replace(TO_BLUE, sbcs=("one",)))
    switch(stage, replace(TO_BLUE, sbcs=("two",)))
    swept = switch(stage, Wish(SwitchKind.UNDO, "out", sbcs=("one",)))
    assert routes(stage) == ["red", "blue"], swept.sentence
    switch(stage, UNDO)
    assert routes(stage) == ["red", "red"]


def test_a_plan_that_a_reload_changed_is_not_what_was_shown(stage: SwitchStage) -> None:
    desk = stage.desk()
    sweep = prepare(stage, desk, TO_BLUE)
    whole = desk._world.inventory
    for groups, words in (
        ((), "there is no trunk group out in the config"),
        ((Group("out", tuple(TRUNKS)),), "the config does not say how one is told where out goes"),
        (
            (Group("out", tuple(TRUNKS), switch={"asterisk": Route(Mechanism.ASTDB, "trunk/new")}),),
            "out is routed by astdb trunk/new now, and was by astdb trunk/out: look again",
        ),
    ):
        desk.reconfigure(replace(whole, groups=groups), 30.0)
        refused: Swept = stage.run(desk.perform_switch(sweep, YES, silent))
        assert words in refused.sentence
    desk.reconfigure(whole, 30.0)
    plain = stage.look
    swapped = {"red": "green", "green": "red", "blue": "blue"}
    stage.look = lambda: tuple(  # type: ignore[method-assign]
        replace(leg, native=replace(leg.native, endpoint=swapped[leg.trunk])) for leg in plain()
    )
    passes(stage, 1)
    refused = stage.run(desk.perform_switch(sweep, YES, silent))
    assert "red is called green at astdb trunk/out now, and was red: look again" in refused.sentence
    stage.look = plain  # type: ignore[method-assign]
    passes(stage, 1)
    plan: Any = stage.platform.plan_switch

    def other(move: Any, leg: Any, siblings: Any) -> Any:
        made = plan(move, leg, siblings)
        return replace(made, steps=(replace(made.steps[0], argv=("true",)),))

    stage.platform.plan_switch = other  # type: ignore[method-assign]
    refused = stage.run(desk.perform_switch(sweep, YES, silent))
    assert "it would be 'true' now, and was 'database put trunk out blue': look again" in refused.sentence
    assert routes(stage) == ["red", "red"]


def test_what_has_no_leg_or_no_name_there_says_so(stage: SwitchStage) -> None:
    whole = stage.look
    stage.look = lambda: tuple(leg for leg in whole() if leg.id != "blue@one")  # type: ignore[method-assign]
    assert "blue has no leg on one" in switch(stage, TO_BLUE).sentence
    stage.look = whole  # type: ignore[method-assign]
    passes(stage, 1)
    stage.platform.route_value = lambda route, leg: None  # type: ignore[method-assign]
    assert "astdb trunk/out has no name for blue on one" in switch(stage, TO_BLUE).sentence
    stage.inventory = replace(
        stage.inventory, trunks=tuple(t for t in stage.inventory.trunks if t.name == "red")
    )
    assert "no SBC has a route of out and a leg of blue" in switch(stage, TO_BLUE).sentence


def test_an_open_switch_whose_record_or_route_changed_stays_open(stage: SwitchStage) -> None:
    stage.sbcs["one"].cuts = [None, Cut(1, Far.NOT_DONE)] + [Cut(None)] * 40
    switch(stage, replace(TO_BLUE, sbcs=("one",)))
    desk = stage.desk()
    new = Group("out", tuple(TRUNKS), switch={"asterisk": Route(Mechanism.ASTDB, "trunk/new")})
    (act,) = stage.run(desk.open())
    desk.reconfigure(replace(stage.inventory, groups=(new,)), 30.0)
    closed = stage.run(desk.verify(act))
    assert closed.ending is Ending.UNVERIFIED
    assert "out is routed by astdb trunk/new now, and it changed astdb trunk/out" in closed.sentence
    book = stage.books["jump1"]
    book[:] = [replace(e, record=replace(e.record, move=None)) for e in book]
    assert "does not say what it was to move" in stage.run(desk.verify(act)).sentence


def test_a_switch_that_broke_the_glass_says_so_until_it_is_taken_back(stage: SwitchStage) -> None:
    stage.die("red@one")
    stage.die("blue@one")
    wish = Wish(SwitchKind.SWITCH, "out", "blue", ("one",))
    assert switch(stage, wish, TAKES_ON).ending in DONE
    (offer,) = stage.run(stage.desk("bob").undoable())
    assert (offer.glass, offer.went, offer.who) == (True, "blue", "alice")
    switch(stage, UNDO, TAKES_ON)
    assert stage.run(stage.desk("bob").undoable()) == ()
    stage.come_back("blue@one")
    passes(stage, 1000)
    switch(stage, TO_BLUE)
    assert [offer.glass for offer in stage.run(stage.desk("bob").undoable())] == [False]


def test_who_switched_a_group_is_known_long_after_it_could_be_taken_back(stage: SwitchStage) -> None:
    switch(stage, TO_BLUE)
    passes(stage, 7200)
    desk = stage.desk("bob")
    assert stage.run(desk.undoable()) == ()
    stand = stage.run(desk.switched())
    assert {(one.group, one.sbc, one.to, one.who) for one in stand} == {
        ("out", "one", "blue", "alice"),
        ("out", "two", "blue", "alice"),
    }
    assert all(7200 <= stage.loop.time() - one.at <= 7400 for one in stand)
    switch(stage, Wish(SwitchKind.SWITCH, "out", "green", ("one",)))
    assert {one.sbc: one.to for one in stage.run(desk.switched())} == {"one": "green", "two": "blue"}
