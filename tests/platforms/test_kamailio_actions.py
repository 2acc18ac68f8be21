"""What is done to a Kamailio's registration: the exact commands, what counts as taken, what is proof and what is not."""

from __future__ import annotations

from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st
from msgspec.structs import replace

from tests.fleets import leg
from trunktui.model.action import Plan, Sign, Verb
from trunktui.model.ask import Answer, Reply
from trunktui.model.health import RegSignal
from trunktui.model.inventory import NativeNames
from trunktui.model.snapshot import LegStatus, RegView
from trunktui.model.text import Safe
from trunktui.platforms import kamailio
from trunktui.transport.lines import safe_lines
from trunktui.transport.script import build_script

FOLDER = Path(__file__).parent.parent / "fixtures" / "actions" / "kamailio"
ACME = leg("acme-primary@edge-1")
OFF = replace(ACME, registration=RegView(RegSignal.GAVE_UP, by_hand=True))
FAILING = replace(ACME, registration=RegView(RegSignal.RETRYING, failures=3))


def plan(of: LegStatus = ACME) -> Plan:
    found = kamailio.plan(Verb.REREGISTER, of)
    assert isinstance(found, Plan), found
    return found


def recorded(name: str) -> tuple[Safe, ...]:
    return safe_lines((FOLDER / f"{name}.txt").read_bytes())


def record(flags: int, ahead: int, timer: int, loaded: int, *, expires: int = 60, uuid: str = "acme-primary") -> tuple[Safe, ...]:  # fmt: skip
    text = (
        f"{{\n\tl_uuid: {uuid}\n\tr_domain: 10.77.0.21\n\tauth_proxy: sip:10.77.0.21:5060\n\texpires: {expires}\n"
        f"\tflags: {flags}\n\tdiff_expires: {ahead}\n\ttimer_expires: {timer}\n\treg_init: {loaded}\n\treg_delay: 0\n}}\n"
    )
    return safe_lines(text.encode())


def look(at: float, state: tuple[Safe, ...], step: Reply | None = None) -> Answer:
    replies = (Reply("state", 0, state),)
    return Answer(at, at + 0.05, replies + ((step,) if step else ()))


TAKEN = Reply("step", 0)
REFRESH = look(100.0, recorded("reg_info"), TAKEN)
"""Online for 44 s more, loaded at 1795396763; the SBC's clock shows 1795396834."""

ENABLE = look(100.0, recorded("reg_info.5"), TAKEN)
"""Disabled, its time 5 s past; the SBC's clock shows 1795396847."""


def judge(sent: Answer, *states: tuple[Safe, ...], of: LegStatus = ACME) -> tuple[Sign, str]:
    looks = tuple(look(102.0 + 2 * n, state) for n, state in enumerate(states))
    found = kamailio.proof(plan(of), sent, looks)
    return found.sign, found.sentence


def test_the_plan_is_the_commands_word_for_word_by_either_way() -> None:
    found = plan()
    assert found.steps[0].argv == ("/usr/sbin/kamcmd", "uac.reg_refresh", "s:acme-primary")
    assert found.steps[0].words == found.steps[0].request == "uac.reg_refresh acme-primary"
    assert found.readback.argv == ("/usr/sbin/kamcmd", "uac.reg_info", "l_uuid", "s:acme-primary")
    assert found.readback.request == "uac.reg_info l_uuid acme-primary"
    assert (found.window_s, found.lock_on) == (100.0, "/usr/sbin/kamcmd")
    assert "holds it for not registered until its next tick (up to 90 s by default)" in found.consequence
    assert "Calls in progress stay" in found.consequence
    script = build_script(found.sending("trunktui-by-a@b:c"), "0" * 32, "kamailio")
    assert '"/usr/sbin/kamcmd" "uac.reg_refresh" "s:acme-primary"; ' in script
    off = plan(OFF)
    assert off.steps[0].argv == ("/usr/sbin/kamcmd", "uac.reg_enable", "l_uuid", "s:acme-primary")
    assert "enables the registration" in off.consequence
    assert "reg_disable" in off.undo
    assert "nothing is lost" in plan(FAILING).consequence


@pytest.mark.parametrize("name", ["Acme EU", "acme/eu", 'a"b', "-x", "s:x", "é", "", None])
def test_a_name_that_must_not_stand_in_a_command_gets_no_plan(name: str | None) -> None:
    found = kamailio.plan(Verb.REREGISTER, replace(ACME, native=NativeNames(registration=name)))
    assert isinstance(found, str)


def test_there_is_no_probe_on_demand() -> None:
    assert "cannot be told to send OPTIONS" in kamailio.plan(Verb.PROBE, ACME)  # type: ignore[operator]


@pytest.mark.parametrize(
    ("reply", "words"),
    [
        (Reply("step", 0, recorded("reg_refresh_acme-primary")), None),
        (Reply("step", 0, safe_lines(b'{\n"jsonrpc": "2.0",\n"result": {},\n"id": 1\n}')), None),
        (Reply("step", 0, recorded("reg_refresh_nosuch")), "error 404, Record not found"),
        (Reply("step", 0, recorded("reg_enable_l_uuid_nosuch")), "error 404, Record not found"),
        (Reply("step", 0, (Safe("error: 500 - command uac.reg_refresh not found"),)), "no such command"),
        (Reply("step", 0, (Safe("error: 500 - Failed to refresh record - check log messages"),)), "check log"),
        (Reply("step", 0, (Safe("something"),)), "Kamailio says: something"),
        (Reply("step", 1, (), (Safe("sudo: a password is required"),)), "it must allow 'uac.reg_refresh acme-primary'"),
        (Reply("step", 255, (), (Safe("ERROR: connect_unix_sock: ..."),)), "exit status 255"),
        (Reply("step", None), "broke off"),
        (Reply("step", 124), "in time"),
    ],
)  # fmt: skip
def test_silence_is_taken_and_refusals_are_not(reply: Reply, words: str | None) -> None:
    said = kamailio.taken(plan(), look(100.0, recorded("reg_info"), reply))
    assert (said is None) if words is None else (said is not None and words in said)


def test_the_recorded_refresh_is_proved_once_it_is_online_by_the_new_record() -> None:
    assert judge(REFRESH) == (Sign.WAITING, "sent; not looked yet")
    assert judge(REFRESH, recorded("reg_info"))[0] is Sign.WAITING, "the state before proves nothing"
    assert judge(REFRESH, recorded("reg_info.2"))[0] is Sign.WAITING, "loaded anew, not tried yet"
    sign, said = judge(REFRESH, recorded("reg_info.2"), recorded("reg_info.3"))
    assert (sign, said) == (Sign.PROVED, "online, tried, for 57 s more")


def test_the_recorded_enable_is_proved_by_a_new_time_and_not_by_the_old_flag() -> None:
    assert judge(ENABLE, recorded("reg_info.6"), of=OFF)[0] is Sign.WAITING, "flag 4 is from before"
    assert judge(ENABLE, recorded("reg_info.6"), recorded("reg_info.7"), of=OFF)[0] is Sign.PROVED


@pytest.mark.parametrize(
    ("state", "sign", "words"),
    [
        (record(16, 5, 1795396850, 1795396834), Sign.FAILED, "tries again in 5 s"),
        (record(17, 0, 1795396845, 1795396834), Sign.FAILED, "Kamailio disabled it"),
        (record(1, -1795396845, 0, 1795396834), Sign.FAILED, "database is disabled"),
        (record(18, -2, 1795396845, 1795396834), Sign.WAITING, "trying"),
        (record(20, 0, 1795396845, 1795396834), Sign.WAITING, "online"),
        (record(84, 50, 1795396895, 1795396834), Sign.WAITING, "?"),
        (recorded("reg_refresh_nosuch"), Sign.UNREADABLE, "has no registration acme-primary any more"),
        ((), Sign.UNREADABLE, "no such record"),
        (record(20, 50, 1795396895, 1795396834, uuid="other"), Sign.UNREADABLE, "no such record"),
        ((Safe("{"),), Sign.UNREADABLE, "cannot be read"),
    ],
)  # fmt: skip
def test_what_else_a_refresh_may_lead_to(state: tuple[Safe, ...], sign: Sign, words: str) -> None:
    found = judge(REFRESH, state)
    assert found[0] is sign
    assert words in found[1]


@given(
    flags=st.integers(0, 31), ahead=st.integers(-100, 100), clock=st.integers(-3, 100), loaded=st.integers(-200, 0)
)  # fmt: skip
def test_nothing_that_was_so_before_the_command_is_ever_proof(
    flags: int, ahead: int, clock: int, loaded: int
) -> None:
    """A record loaded no later than the one before it tells of no attempt since, whatever else it shows."""
    now = 1795396834 + clock
    state = record(flags, ahead, now + ahead, 1795396763 + loaded)
    assert judge(REFRESH, state)[0] is not Sign.PROVED


@pytest.mark.parametrize(
    ("of", "state", "words"),
    [
        (ACME, record(20, 30, 1795396878, 1795396763), None),
        (OFF, record(21, -5, 1795396842, 1795396834), None),
        (FAILING, record(16, 3, 1795396842, 1795396834), None),
        (ACME, record(21, -5, 1795396842, 1795396834), "disabled now, and was not"),
        (OFF, record(16, 3, 1795396842, 1795396834), "not disabled any more"),
        (ACME, record(18, -1, 1795396842, 1795396834), "on its way right now"),
        (FAILING, record(20, 30, 1795396878, 1795396763), "registered by itself meanwhile"),
        (ACME, record(0, -1795396835, 0, 1795396834), "loaded anew since you looked"),
        (ACME, record(16, 3, 1795396842, 1795396834), "lost its registration"),
        (ACME, recorded("reg_refresh_nosuch"), "has no registration"),
        (ACME, (), "no such record"),
    ],
)  # fmt: skip
def test_what_changed_since_the_operator_looked_stops_it(
    of: LegStatus, state: tuple[Safe, ...], words: str | None
) -> None:
    said = kamailio.changed(plan(of), of, look(100.0, state))
    assert (said is None) if words is None else (said is not None and words in said), said


def test_afterwards_only_a_binding_younger_than_the_command_is_proof() -> None:
    young, old = record(20, 58, 1795396900, 1795396834), record(20, 5, 1795396900, 1795396834)
    assert kamailio.standing(plan(), look(100.0, young), 60.0).sign is Sign.PROVED
    assert kamailio.standing(plan(), look(100.0, old), 60.0).sign is Sign.UNREADABLE
    failed = record(16, 5, 1795396850, 1795396834)
    assert kamailio.standing(plan(), look(100.0, failed), 60.0).sign is Sign.UNREADABLE
    assert kamailio.standing(plan(), look(100.0, failed), 200.0).sign is Sign.FAILED
    assert kamailio.standing(plan(), look(100.0, ()), 200.0).sign is Sign.UNREADABLE
