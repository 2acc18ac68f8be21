"""A poller asks on time, never overlaps itself, and folds what came back or why nothing did."""

from __future__ import annotations

import asyncio

import pytest

from tests.health.scenes import START, Says, Trunks, answer, fleet_of, leg
from tests.poll.fakes import Clock, EndOfPlayError, ScriptedAsker
from trunktui.model.ask import Answer, Reply
from trunktui.model.health import LegState
from trunktui.model.inventory import AuthMode
from trunktui.model.link import SshState
from trunktui.model.text import clean_lines
from trunktui.platforms.registry import platform_for
from trunktui.poll.fleet import Fleet
from trunktui.poll.poller import SbcPoller
from trunktui.poll.schedule import Pace

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


def settings_answers(at: float) -> list[Answer | SshState]:
    """Return what the SBC says to the settings asks: the list of AORs, then the objects of the one trunk."""
    first = Reply("aors", 0, clean_lines(AORS))
    rest = (
        Reply("aor carrier-a", 0, clean_lines(AOR)),
        Reply("endpoint carrier-a", 0, clean_lines(ENDPOINT)),
    )
    return [Answer(at, at, (first,)), Answer(at, at, rest)]


def play(script: list[Answer | SshState], trunks: Trunks | None = None) -> tuple[Fleet, ScriptedAsker, Clock]:
    """Let a poller run until the script ends; return the fleet, the asker and the clock."""
    clock = Clock(START)
    fleet = fleet_of(trunks or Trunks(auth=AuthMode.IP))
    asker = ScriptedAsker(script, clock)
    poller = SbcPoller(
        "sbc-1",
        platform_for("asterisk"),
        asker,
        fleet,
        pace=Pace(30.0, 10.0),
        clock=clock,
        chance=lambda: 0.5,
        changed=lambda: None,
    )
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
        chance=lambda: 0.5,
        changed=lambda: None,
    )
    asyncio.run(poller.run(0.0, clock.sleep))
    assert len(asker.asked) == 1
    record = fleet.record("sbc-1")
    assert record.next_poll_at is None
    assert "not tried again until trunktui is restarted" in record.link.reason


def test_a_reload_makes_the_settings_be_asked_again() -> None:
    reloaded = Says(reg=None)
    fresh = answer(reloaded, START + 31)
    uptime = Reply("uptime", 0, clean_lines(b"System uptime: 86431\nLast reload: 2"))
    fresh = Answer(fresh.asked_at, fresh.answered_at, (uptime, *fresh.replies[1:]))
    script = [good(START + 1), *settings_answers(START + 1), fresh, *settings_answers(START + 31)]
    _, asker, _ = play(script)
    words = [[command.words for command in ask.commands] for ask in asker.asked]
    assert words.count(["pjsip show aors"]) == 2
