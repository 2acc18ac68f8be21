"""Groups moved on real SBCs that carry calls, by the commands and by the engine: where the calls went, and what was told."""

from __future__ import annotations

import asyncio
import re
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import pytest

from trunktui.model.action import Consent, Ending, Statement
from trunktui.model.health import LegState, Severity
from trunktui.model.request import Unlock
from trunktui.model.route import RouteState

from .cutting import Cut, Moment
from .lab import CARRIER_A, CARRIER_B, Lab, eventually
from .product import environment, one_shot
from .seated import Engine
from .switch_race import faults, race
from .switched import (
    DOMESTIC,
    FIT,
    POOL,
    TOLLFREE,
    Hand,
    agreed,
    audit,
    calls_up,
    events,
    fleet,
    guard,
    hand_on,
    invites_from,
    key,
    load_on,
    set_key,
    told,
    until,
)
from .test_acting import seat
from .test_kamailio import destination, dialogs
from .test_kamailio import unlocked as unlocked
from .test_reregister import _unlocked as _unlocked
from .test_routes import A, B
from .test_routes import as_the_files_say as as_the_files_say

pytestmark = [pytest.mark.lab, pytest.mark.timeout(300)]

SHORT_WAITS = "\n[switch]\npause_s = 1.0\nhold_s = 1.0\nclean_s = 1.0\nclean_probes = 2\n"
"""For a way back that does not take ten minutes."""

SWITCHES = 20
"""Of the race; `make soak-switches` has 200."""


def test_three_sbcs_at_once_move_calls_under_load_race_and_lose_their_link(lab: Lab, tmp_path: Path) -> None:
    """Three SBCs, three ways, each by itself: together, since what takes long is to wait for answered OPTIONS."""
    jobs = (under_load, a_set_of_kamailio, race_and_cuts)
    with ThreadPoolExecutor(len(jobs)) as pool:
        running = [pool.submit(job, lab, tmp_path / job.__name__) for job in jobs]
        for each in running:
            each.result()


def under_load(lab: Lab, folder: Path) -> None:
    """Calls move on sbc1; those in progress end by themselves; going back waits; an undo is proved, and so is the way back."""
    config = fleet(lab, folder, "sbc1")
    set_key(lab, "acme-primary")
    with (
        invites_from("sbc1") as invites,
        load_on("sbc1", DOMESTIC, rate=3, hold_s=5.0, most=40, port=5064) as load,
    ):
        until(lambda: len(calls_up(lab, "acme-primary")) >= 8, "calls over acme-primary")
        moment = Moment(lambda: key(lab) == "ipauth-beta", lambda: (calls_up(lab, "acme-primary"), invites()))
        code, document = told(config, "switch", DOMESTIC, "--to", "ipauth-beta", *agreed(DOMESTIC))
        assert (code, document["ending"]) == (0, "verified"), document["sentence"]
        words = document["parts"][0]["outcome"]["sentence"]
        assert "new calls answered on ipauth-beta, none new began on acme-primary" in words
        stayed, before = moment.found()
        assert len(stayed) >= 8, "calls were up when it was moved"
        until(lambda: not calls_up(lab, "acme-primary"), "the end of the calls on acme-primary")
        after = invites()
        assert after[1] - before[1] >= 3, "the target's carrier has them"
        assert after[0] - before[0] <= 4, (
            "but for one in the dial plan (asked for its password) none came to the source's"
        )

        code, document = told(config, "failback", DOMESTIC, *agreed(DOMESTIC))
        assert (code, document["ending"]) == (2, "refused"), document["sentence"]
        assert key(lab) == "ipauth-beta"
        (part,) = document["parts"]
        assert (
            "(limit 600 s): wait, or switch to acme-primary by its name"
            in guard(part["guards"], "hold")["sentence"]
        )
        assert "(needed: 10 over 300 s): wait" in guard(part["guards"], "clean")["sentence"]

        code, document = told(config, "undo", DOMESTIC, *agreed(DOMESTIC))
        assert (code, document["ending"]) == (0, "verified"), document["sentence"]
        assert "new calls answered on acme-primary" in document["parts"][0]["outcome"]["sentence"]
        assert key(lab) == "acme-primary"

        with config.open("a", encoding="utf-8") as text:
            text.write(SHORT_WAITS)
        for deed, trunk in (("switch", "ipauth-beta"), ("failback", "acme-primary")):
            to = ("--to", trunk) if deed == "switch" else ()
            code, document = told(config, deed, DOMESTIC, *to, *agreed(DOMESTIC))
            assert (code, document["ending"]) == (0, "verified"), document["sentence"]
            assert f"new calls answered on {trunk}" in document["parts"][0]["outcome"]["sentence"]
            assert key(lab) == trunk
        assert load.ended_well(), "every call was held as long as the customer wanted"
    kinds = [(one["kind"], one.get("ending", "")) for one in audit(folder)]
    proved = [("intent", ""), ("outcome", "verified")]
    assert kinds == [*proved, ("refused", "refused"), *proved, *proved, *proved]


def a_set_of_kamailio(lab: Lab, folder: Path) -> None:
    """Of a dispatcher's set all but the target are held out, and a restart forgets that, as the plan warned."""
    config = fleet(lab, folder, "sbc3")
    with invites_from("sbc3") as invites, load_on("sbc3", POOL, rate=3, hold_s=5.0, most=40, port=5066):
        until(lambda: dialogs(lab) >= 8, "calls over carrier A")
        assert on(lab, B) == 0
        moment = Moment(lambda: destination(lab, A) == "DX", lambda: (on(lab, A), invites()))
        code, document = told(config, "switch", POOL, "--to", "kam-beta", *agreed(POOL))
        assert (code, document["ending"]) == (0, "verified"), document["sentence"]
        words = document["parts"][0]["outcome"]["sentence"]
        assert "new calls answered on kam-beta, none new began on kam-alpha" in words
        assert (destination(lab, A), destination(lab, B)) == ("DX", "AP")
        stayed, before = moment.found()
        assert stayed >= 3, "calls were up when it was moved"
        until(lambda: on(lab, A) == 0, "the end of the calls on carrier A")
        after = invites()
        assert after[1] - before[1] >= 3
        assert after[0] - before[0] <= 4

        assert "a restart of Kamailio forgets" in document["parts"][0]["plan"]["warning"]
        lab.kill_kamailio()
        lab.start_kamailio()
        until(lambda: destination(lab, A) == "AP", "carrier A open again")
        code, document = told(config, "undo", POOL, *agreed(POOL))
        assert (code, document["ending"]) == (2, "refused"), document["sentence"]
        assert "there is nothing to do" in document["sentence"]


def on(lab: Lab, uri: str) -> int:
    """Return how many calls Kamailio has at a destination."""
    return int(lab.kamcmd("dlg.profile_get_size", "trunk", uri).strip())


def race_and_cuts(lab: Lab, folder: Path) -> None:
    """On sbc2: two jump hosts at once, of which one wins; and a link that is lost while the command runs."""
    raced = race(lab, folder / "race", SWITCHES, hold_s=1)
    assert not faults(raced), raced
    assert len(raced.tries) == SWITCHES
    assert raced.reads > SWITCHES, "the route was watched"
    asyncio.run(cuts(lab, folder / "cut"))


async def cuts(lab: Lab, folder: Path) -> None:
    """The link is lost while Asterisk is asked for the last time before it is set; then what stands is told."""
    config = fleet(lab, folder, "sbc2", keyed="sbc2")
    async with hand_on(config, DOMESTIC, "carol", "jump3") as hand:
        for cut, stands_then, words in (
            (Cut(lab, kill=True), lambda stood, _: stood, "as before: it was not set"),
            (Cut(lab, kill=False), lambda _, to: to, "that is what was to be set"),
        ):
            stood, to = key(lab, "sbc2"), ""
            to = "acme-primary" if stood == "ipauth-beta" else "ipauth-beta"
            sentence = await cut_off(hand, to, cut)
            assert words in sentence, sentence
            assert "It is not sent again" in sentence
            stands = stands_then(stood, to)
            assert key(lab, "sbc2") == stands
            done = one_shot(config, "verify")
            assert (done.returncode, words in done.stdout) == (0, True), done.stdout + done.stderr
            assert one_shot(config, "verify").stdout.strip() == "nothing is unfinished"
            assert key(lab, "sbc2") == stands, "nothing was sent by looking"
    intents = [one for one in audit(folder) if one["kind"] == "intent"]
    assert len(intents) == 2, "each was sent once"


async def cut_off(hand: Hand, to: str, cut: Cut) -> str:
    """Switch while the link is cut; return what the operator is told."""
    consent = Consent(yes=True, typed=DOMESTIC, reason="lab", glass=True)
    hand.later()
    await hand.look("lab-2")
    await eventually(lambda: not cut.locked(), 20, "a free lock")
    sweep = await hand.prepared(DOMESTIC, to, consent, window_s=2.0)
    try:
        swept = await hand.desk.perform_switch(sweep, consent, cut.tell)
    finally:
        cut.mended()
    assert swept.ending is Ending.UNVERIFIED, swept.sentence
    ((_, outcome),) = swept.outcomes
    assert outcome.sent
    return str(outcome.sentence)


async def test_what_is_refused_taken_on_lost_and_kept_is_told_by_the_engine(
    lab: Lab, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Room, protection, dead carriers, a wrong value, a reload, a restart: one engine over three SBCs with calls."""
    monkeypatch.setenv("XDG_STATE_HOME", environment(tmp_path)["XDG_STATE_HOME"])
    config = fleet(lab, tmp_path, "sbc1", "sbc2", "sbc3", more=True)
    set_key(lab, "acme-primary")
    with (
        load_on("sbc1", DOMESTIC, rate=3, hold_s=4.0, most=200, port=5064),
        load_on("sbc2", TOLLFREE, rate=2, hold_s=3.0, most=100, port=5065),
        load_on("sbc3", POOL, rate=2, hold_s=3.0, most=100, port=5066),
    ):
        async with seat(config) as sitting:
            assert (await sitting.feed.ask(Unlock())).done
            engine = Engine(sitting)
            await nothing_is_moved_that_does_not_fit_or_is_protected(lab, engine)
            async with asyncio.TaskGroup() as group:
                group.create_task(a_wrong_value_is_mended_and_a_reload_undoes_it(lab, engine))
                group.create_task(a_part_beats_nothing_once_the_source_is_dead(lab, engine))
            await a_dead_target_is_refused_while_the_source_is_up(engine)
            lab.cut(CARRIER_B)
            async with asyncio.TaskGroup() as group:
                group.create_task(a_dead_target_is_taken_on_by_name_and_reason(lab, engine))
                group.create_task(a_key_outlives_asterisk(lab, engine))
            await asyncio.to_thread(until, lambda: taken_on(config), "what was taken on, as an event")
    broken = [
        one for one in audit(tmp_path) if one["kind"] == "intent" and "(break glass)" in one["sentence"]
    ]
    assert [(one["sbc"], one["reason"]) for one in broken] == [("lab-3", "lab")]
    routes = [(one["subject"], one["before"], one["after"]) for one in events(config, "route")]
    tollfree = [(before, after) for subject, before, after in routes if subject == "us-tollfree@lab-2"]
    assert tollfree == [
        ("toll-alpha", "carrier-nonsense"), ("carrier-nonsense", "toll-beta"), ("toll-beta", "toll-alpha")
    ]  # fmt: skip
    domestic = [(before, after) for subject, before, after in routes if subject == "us-domestic@lab-1"]
    assert domestic == [("acme-primary", "ipauth-beta")], "neither end of Asterisk changed it"


def taken_on(config: Path) -> bool:
    """Whether the history tells, loud, that somebody overrode a guard."""
    return any(
        (one["subject"], one["severity"]) == ("pool@lab-3", "critical")
        and "break glass: root" in one["sentence"]
        for one in events(config, "action")
    )


async def nothing_is_moved_that_does_not_fit_or_is_protected(lab: Lab, engine: Engine) -> None:
    await engine.until(
        lambda: (engine.leg("acme-primary@lab-1").channels.active or 0) > FIT, "more than fits"
    )
    await engine.until(lambda: engine.leg("ipauth-beta@lab-1").native.endpoint is not None, "settings")
    await engine.until(lambda: engine.state("us-domestic@lab-1") is RouteState.FIRST, "the route")
    sweep, swept = await engine.switch(DOMESTIC, "ipauth-beta")
    room = engine.ruling(sweep, "room")
    assert (sweep.wants, swept.ending) == (None, Ending.REFUSED)
    assert re.search(
        rf"free of {FIT} on ipauth-beta: .* of it fits, and acme-primary@lab-1 carries it now", room
    ), room
    sweep, swept = await engine.switch(DOMESTIC, "hybrid-gamma")
    assert (sweep.wants, swept.ending) == (None, Ending.REFUSED)
    assert "hybrid-gamma is protected" in engine.ruling(sweep, "protected")
    assert key(lab) == "acme-primary"


async def a_part_beats_nothing_once_the_source_is_dead(lab: Lab, engine: Engine) -> None:
    await engine.until(lambda: engine.state("us-tollfree@lab-2") is RouteState.FOREIGN, "the wrong value")
    lab.cut(CARRIER_A)
    await engine.until(lambda: engine.leg("acme-primary@lab-1").state is LegState.DOWN, "acme-primary down")
    await engine.watched("ipauth-beta@lab-1")
    sweep, swept = await engine.switch(DOMESTIC, "ipauth-beta")
    assert re.search(r"% of it fits, which beats nothing", engine.ruling(sweep, "room"))
    assert swept.ending is Ending.VERIFIED, swept.sentence
    await engine.until(lambda: engine.state("us-domestic@lab-1") is RouteState.MOVED, "moved")


async def a_wrong_value_is_mended_and_a_reload_undoes_it(lab: Lab, engine: Engine) -> None:
    lab.asterisk_cli("dialplan set global TRUNK_US_TOLLFREE carrier-nonsense", "sbc2")
    await engine.until(lambda: engine.state("us-tollfree@lab-2") is RouteState.FOREIGN, "the wrong value")
    group = engine.group(TOLLFREE)
    assert group.severity is Severity.CRITICAL
    assert "carrier-nonsense" in group.reason
    await engine.watched("toll-beta@lab-2")
    _, swept = await engine.switch(TOLLFREE, "toll-beta")
    assert swept.ending is Ending.VERIFIED, swept.sentence
    await engine.until(lambda: engine.state("us-tollfree@lab-2") is RouteState.MOVED, "mended")
    lab.asterisk_cli("dialplan reload", "sbc2")
    await engine.until(lambda: engine.state("us-tollfree@lab-2") is RouteState.FIRST, "the file's own value")


async def a_dead_target_is_refused_while_the_source_is_up(engine: Engine) -> None:
    await engine.until(lambda: engine.leg("kam-alpha@lab-3").state is LegState.DOWN, "carrier A down on sbc3")
    sweep, swept = await engine.switch(POOL, "kam-alpha")
    assert (sweep.wants, swept.ending) == (None, Ending.REFUSED)
    assert "kam-beta@lab-3 carries the calls (up): nothing is moved" in engine.ruling(sweep, "target")


async def a_dead_target_is_taken_on_by_name_and_reason(lab: Lab, engine: Engine) -> None:
    await engine.until(lambda: engine.leg("kam-beta@lab-3").state is LegState.DOWN, "carrier B down on sbc3")
    sweep = await engine.prepared(POOL, "kam-alpha", Consent())
    assert sweep.wants is not None
    assert {Statement.GROUP_NAME, Statement.REASON, Statement.GLASS} <= set(sweep.wants)
    assert "it may be the lesser evil" in engine.ruling(sweep, "target")
    doing = asyncio.ensure_future(engine.switch(POOL, "kam-alpha", glass=True))
    await eventually(lambda: destination(lab, B) == "DX", 20, "carrier B held out")
    lab.restore(CARRIER_A)
    lab.restore(CARRIER_B)
    _, swept = await doing
    assert swept.ending is Ending.VERIFIED, swept.sentence


async def a_key_outlives_asterisk(lab: Lab, engine: Engine) -> None:
    def ended_and_begun(end: Callable[[], None]) -> None:
        with lab.fault(end, lab.start_asterisk):
            pass

    for end in (lab.stop_asterisk, lab.kill_asterisk):
        await asyncio.to_thread(ended_and_begun, end)
        assert key(lab) == "ipauth-beta"
        await engine.read_again("us-domestic@lab-1")
        assert engine.state("us-domestic@lab-1") is RouteState.MOVED
