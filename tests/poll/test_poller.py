"""A poller asks on time, never overlaps itself, and folds what came back or why nothing did."""

from __future__ import annotations

import asyncio
from types import SimpleNamespace
from typing import Any

import pytest

from tests.health.scenes import START, Says, Trunks, answer, fleet_of, leg
from tests.poll.fakes import Clock, EndOfPlayError, ScriptedAsker
from trunktui.model.ask import Answer, Reply, SshAsk
from trunktui.model.health import LegState
from trunktui.model.inventory import AuthMode
from trunktui.model.link import SshState
from trunktui.model.text import clean_lines
from trunktui.platforms.registry import platform_for
from trunktui.poll.fleet import Fleet
from trunktui.poll.poller import SbcPoller
from trunktui.poll.schedule import Pace

PACE = Pace(30.0, 10.0)

AORS = b"""
      Aor:  carrier-a                                            0

"""
AOR = b"""
 ParameterName        : ParameterValue
 ==========================================
 contact              : sip:10.77.0.21:5060
 qualify_frequency    : 30
 qualify_timeout      : 3.000000

"""
ENDPOINT = b"""
 ParameterName        : ParameterValue
 ==========================================
 aors                 : carrier-a

"""
NO_LOG_FILE = b"""
Channel                             Type     Formatter  Status    Configuration
-------                             ----     ---------  ------    -------------
"""


def settings_answers(at: float) -> list[Answer | SshState]:
    """Return what the SBC says to the settings asks: the list of AORs, then the objects of the one trunk."""
    first = Reply("aors", 0, clean_lines(AORS))
    rest = (
        Reply("aor carrier-a", 0, clean_lines(AOR)),
        Reply("endpoint carrier-a", 0, clean_lines(ENDPOINT)),
        Reply("logger", 0, clean_lines(NO_LOG_FILE)),
    )
    return [Answer(at, at, (first,)), Answer(at, at, rest)]


class TickingClock(Clock):
    """A clock that moves on whenever it is read, as a real one does."""

    def __call__(self) -> float:
        self.at += 0.001
        return self.at


class SlowAsker(ScriptedAsker):
    """A ScriptedAsker that takes so many seconds for each answer, at most its budget, and notes the budgets."""

    def __init__(self, script: list[Answer | SshState], clock: Clock, takes: list[float]) -> None:
        super().__init__(script, clock)
        self._takes = takes
        self.budgets: list[float] = []

    async def ask(self, ask: SshAsk, budget_s: float) -> Answer:
        self.budgets.append(budget_s)
        said = await super().ask(ask, budget_s)
        self._clock.at += min(self._takes.pop(0), budget_s)
        return said


class BrokenAsker(ScriptedAsker):
    """A ScriptedAsker that fails with these errors before it answers."""

    def __init__(self, script: list[Answer | SshState], clock: Clock, errors: list[BaseException]) -> None:
        super().__init__(script, clock)
        self._errors = errors

    async def ask(self, ask: SshAsk, budget_s: float) -> Answer:
        if self._errors:
            self.asked_at.append(self._clock())
            raise self._errors.pop()
        return await super().ask(ask, budget_s)


def without_calls() -> Any:
    """Return Asterisk as a platform whose calls nobody follows: each look at their file would be one ask more."""
    whole = platform_for("asterisk")
    log_only = {"tails": lambda seen, settings: whole.tails(seen, settings)[:1]}
    return SimpleNamespace(**{**vars(whole), **log_only})


def poller_of(asker: ScriptedAsker, fleet: Fleet, clock: Clock, pace: Pace = PACE) -> SbcPoller:
    return SbcPoller(
        "sbc-1",
        without_calls(),
        asker,
        fleet,
        pace=pace,
        clock=clock,
        wall=lambda: 0.0,
        chance=lambda: 0.5,
        changed=lambda: None,
    )


def play_slowly(
    script: list[Answer | SshState], takes: list[float], pace: Pace = PACE
) -> tuple[Fleet, SlowAsker]:
    """Let a poller run until the script ends, each answer taking its time; return the fleet and the asker."""
    clock = Clock(START)
    fleet = fleet_of(Trunks(auth=AuthMode.IP))
    asker = SlowAsker(script, clock, takes)
    with pytest.raises(EndOfPlayError):
        asyncio.run(poller_of(asker, fleet, clock, pace).run(1.0, clock.sleep))
    return fleet, asker


def play(script: list[Answer | SshState], trunks: Trunks | None = None) -> tuple[Fleet, ScriptedAsker, Clock]:
    """Let a poller run until the script ends; return the fleet, the asker and the clock."""
    clock = Clock(START)
    fleet = fleet_of(trunks or Trunks(auth=AuthMode.IP))
    asker = ScriptedAsker(script, clock)
    poller = poller_of(asker, fleet, clock)
    with pytest.raises(EndOfPlayError):
        asyncio.run(poller.run(1.0, clock.sleep))
    return fleet, asker, clock


def good(at: float) -> Answer:
    return answer(Says(reg=None), at)


def test_the_first_poll_waits_its_turn_and_the_settings_follow_at_once() -> None:
    fleet, asker, _ = play([good(START + 1), *settings_answers(START + 1)])
    assert asker.asked_at[:3] == [START + 1] * 3
    verdict = leg(fleet.snapshot(START + 1))
    assert verdict.state is LegState.UP
    assert verdict.probe.interval_s == 30
    assert verdict.probe.detect_s == 33.0
    assert verdict.channels.active == 0


def test_polls_follow_each_other_at_the_interval_and_never_overlap() -> None:
    script = [good(START + 1), *settings_answers(START + 1), good(START + 31), good(START + 61)]
    _, asker, _ = play(script)
    assert [at - START for at in asker.asked_at] == [1, 1, 1, 31, 61, 91]
    assert asker.most_running == 1


def test_a_leg_in_doubt_is_polled_faster() -> None:
    doubt = answer(Says(reg=None, contacts=("Unavail",)), START + 31)
    script = [good(START + 1), *settings_answers(START + 1), doubt]
    _, asker, _ = play(script, Trunks(auth=AuthMode.IP, dial=None))
    assert [at - START for at in asker.asked_at][-2:] == [31, 41]


def test_a_failed_poll_keeps_the_last_state_until_it_is_stale() -> None:
    script = [good(START + 1), *settings_answers(START + 1), SshState.UNREACHABLE]
    fleet, _, _ = play(script)
    assert leg(fleet.snapshot(START + 32)).state is LegState.UP
    assert leg(fleet.snapshot(START + 92)).state is LegState.UNKNOWN


def test_an_answer_that_broke_off_is_a_failed_poll_and_not_half_a_truth() -> None:
    cut = Answer(START + 31, START + 31, good(START + 31).replies[:2], complete=False)
    fleet, asker, _ = play([good(START + 1), *settings_answers(START + 1), cut])
    assert fleet.record("sbc-1").link.state is SshState.UNREACHABLE
    assert leg(fleet.snapshot(START + 32)).state is LegState.UP
    assert asker.asked_at[-1] - asker.asked_at[-2] == 5.0


def test_a_slow_sbc_is_told_from_a_lost_one_and_named() -> None:
    said = good(START + 31).replies[:2]
    reasons = []
    for late in (True, False):
        cut = Answer(START + 31, START + 51, said, complete=False, late=late)
        fleet, _, _ = play([good(START + 1), *settings_answers(START + 1), cut])
        link = fleet.record("sbc-1").link
        reasons.append((link.state, link.reason))
    assert reasons[0] == (
        SshState.HUNG,
        "10.0.0.1 hung: it did not answer every command within 20 s",
    )
    assert reasons[1][0] is SshState.UNREACHABLE
    assert reasons[1][1].startswith("the answer of 10.0.0.1 broke off: not every command came back")


def test_settings_are_asked_within_what_is_left_of_the_poll_s_budget() -> None:
    _, asker = play_slowly([good(START + 1), *settings_answers(START + 1), good(START + 31)], [4, 3, 2, 1])
    assert asker.budgets[:3] == [20, 16, 13]
    assert [at - START for at in asker.asked_at] == [1, 5, 8, 31, 61]


def test_settings_that_came_before_the_budget_ended_are_kept_and_the_next_poll_goes_on() -> None:
    aors, objects = settings_answers(START + 1)
    assert isinstance(objects, Answer)
    cut = Answer(
        START, START, (objects.replies[0], Reply("endpoint carrier-a", None)), complete=False, late=True
    )
    rest = Answer(START, START, objects.replies[1:])
    fleet, asker = play_slowly(
        [good(START + 1), aors, cut, good(START + 31), rest, good(START + 61)], [4, 3, 99, 1, 1, 1]
    )
    assert [at - START for at in asker.asked_at] == [1, 5, 8, 31, 32, 61, 91]
    assert [command.key for command in asker.asked[4].commands] == ["endpoint carrier-a", "logger"]
    assert leg(fleet.snapshot(START + 61)).probe.interval_s == 30
    assert fleet.record("sbc-1").settings_done


def test_settings_of_an_sbc_whose_poll_takes_the_whole_budget_still_get_a_few_seconds() -> None:
    _, asker = play_slowly([good(START + 1), *settings_answers(START + 1)], [19, 2, 1])
    assert asker.budgets[:3] == [20, 5, 20]
    assert [at - START for at in asker.asked_at][:3] == [1, 20, 31]


def test_a_few_seconds_are_given_by_a_clock_that_goes_on_meanwhile() -> None:
    clock, fleet = TickingClock(START), fleet_of(Trunks(auth=AuthMode.IP))
    asker = SlowAsker([good(START), *settings_answers(START)], clock, [19, 1])
    assert asyncio.run(poller_of(asker, fleet, clock).poll()) is SshState.OK
    assert asker.budgets == [20, pytest.approx(5, abs=0.1)]


def test_settings_do_not_make_the_next_poll_late() -> None:
    cut = Answer(START, START, (Reply("aors", None),), complete=False, late=True)
    _, asker = play_slowly([good(START + 1), cut], [1, 99], Pace(10.0, 10.0))
    assert asker.budgets[1] == pytest.approx(8.5)
    assert [at - START for at in asker.asked_at] == [1, 2, 11]


def test_why_settings_cannot_be_read_is_logged_once(caplog: pytest.LogCaptureFixture) -> None:
    play([good(START + 1), SshState.HUNG, good(START + 31), SshState.HUNG])
    assert [r.getMessage() for r in caplog.records] == ["sbc-1: settings not read: ssh says hung"]


def test_a_defect_is_a_fault_of_that_sbc_logged_without_its_words_and_polling_goes_on(
    caplog: pytest.LogCaptureFixture,
) -> None:
    clock, fleet = Clock(START), fleet_of(Trunks(auth=AuthMode.IP))
    error = ExceptionGroup("canary-1", [RuntimeError("canary-2")])
    asker = BrokenAsker([good(START + 61), *settings_answers(START + 61)], clock, [error, error])
    poller = poller_of(asker, fleet, clock)
    state = asyncio.run(poller.poll())
    assert state is SshState.CONFIG
    assert fleet.record("sbc-1").link.reason == "internal error (RuntimeError): see engine.log"
    told = [record.getMessage() for record in caplog.records]
    assert told[0] == "sbc-1: internal error: RuntimeError"
    with pytest.raises(EndOfPlayError):
        asyncio.run(poller.run(1.0, clock.sleep))
    assert [at - START for at in asker.asked_at][:3] == [0, 1, 61]
    assert leg(fleet.snapshot(START + 61)).state is LegState.UP
    told = [record.getMessage() for record in caplog.records]
    assert told.count("sbc-1: internal error: RuntimeError") == 1
    assert "canary" not in caplog.text
    assert told[-1] == "sbc-1: answers again after 2 failed polls"


def test_a_cancelled_poll_is_no_defect() -> None:
    clock, fleet = Clock(START), fleet_of(Trunks(auth=AuthMode.IP))
    poller = poller_of(BrokenAsker([], clock, [asyncio.CancelledError()]), fleet, clock)
    with pytest.raises(asyncio.CancelledError):
        asyncio.run(poller.poll())
    assert fleet.record("sbc-1").link.state is SshState.PENDING


def test_more_channels_than_we_take_leave_the_trunks_judged_and_the_channels_unknown() -> None:
    whole = good(START + 31)
    cut = tuple(Reply("channels", None, truncated=True) if r.key == "channels" else r for r in whole.replies)
    answers = [
        good(START + 1),
        *settings_answers(START + 1),
        Answer(START + 31, START + 31, cut, complete=False),
    ]
    fleet, _, _ = play(answers)
    assert fleet.record("sbc-1").link.state is SshState.OK
    verdict = leg(fleet.snapshot(START + 32))
    assert verdict.state is LegState.UP
    assert verdict.channels.active is None
    assert [unread.why for unread in fleet.snapshot(START + 32).sbcs[0].unread] == ["more than we take"]


def test_a_host_key_failure_ends_the_polling_and_says_so() -> None:
    clock = Clock(START)
    fleet = fleet_of(Trunks(auth=AuthMode.IP))
    asker = ScriptedAsker([SshState.HOST_KEY], clock)
    poller = SbcPoller(
        "sbc-1",
        platform_for("asterisk"),
        asker,
        fleet,
        pace=Pace(),
        clock=clock,
        wall=lambda: 0.0,
        chance=lambda: 0.5,
        changed=lambda: None,
    )
    asyncio.run(poller.run(0.0, clock.sleep))
    assert len(asker.asked) == 1
    record = fleet.record("sbc-1")
    assert record.next_poll_at is None
    assert "not tried again until :reload or a restart" in record.link.reason


def test_a_reload_makes_the_settings_be_asked_again() -> None:
    reloaded = Says(reg=None)
    fresh = answer(reloaded, START + 31)
    uptime = Reply("uptime", 0, clean_lines(b"System uptime: 86431\nLast reload: 2"))
    fresh = Answer(fresh.asked_at, fresh.answered_at, (uptime, *fresh.replies[1:]))
    script = [good(START + 1), *settings_answers(START + 1), fresh, *settings_answers(START + 31)]
    _, asker, _ = play(script)
    words = [[command.words for command in ask.commands] for ask in asker.asked]
    assert words.count(["pjsip show aors"]) == 2
