"""Which software a box has: asked without a privilege, told in one sentence where it is not one."""

from __future__ import annotations

import inspect

import pytest

from tests import fleets
from tests.platforms.boxes import ALL, STOPPED, Parts, dumb_answer, presence_answer
from tests.platforms.snmp_walks import answered, recorded
from trunktui.model.action import Verb
from trunktui.model.box import SubAgent
from trunktui.model.observation import AppState, Sighting
from trunktui.platforms import asterisk, auto, boxmib, freeswitch, kamailio, names
from trunktui.platforms.contract import UNREAD, Platform, Presence
from trunktui.platforms.registry import PLATFORMS, platform_for
from trunktui.transport.script import build_script

HELD_BY_MYPY: tuple[Platform, ...] = (asterisk, auto, freeswitch, kamailio)
MEMBERS = [name for name, member in vars(Platform).items() if inspect.isfunction(member) and name[0] != "_"]


def sighting(box: Parts) -> Sighting:
    seen = auto.parse_poll(presence_answer(auto.poll_ask(), box), UNREAD, ())
    assert isinstance(seen, Sighting)
    return seen


@pytest.mark.parametrize("platform", [*PLATFORMS.values(), auto], ids=lambda platform: platform.name)
def test_every_platform_file_has_what_the_contract_says(platform: Platform) -> None:
    assert platform_for(platform.name) is platform
    assert platform.software
    for member in MEMBERS:
        theirs = list(inspect.signature(getattr(platform, member)).parameters)
        assert theirs == list(inspect.signature(getattr(Platform, member)).parameters)[1:], member


def test_the_registry_has_each_file_of_the_folder_that_is_no_part_of_another() -> None:
    assert names() == tuple(PLATFORMS) == ("asterisk", "freeswitch", "kamailio")


def test_the_look_is_one_small_ask_that_no_sudo_and_no_software_ever_hears_of() -> None:
    ask = auto.poll_ask()
    assert len({command.key for command in ask.commands}) == len(ask.commands)
    for command in ask.commands:
        assert not command.privileged
        assert command.request is None
        assert command.argv[0] in {"test", "pgrep", "grep"}
    assert "sudo" not in build_script(ask, "0" * 16, "asterisk")


@pytest.mark.parametrize(
    ("box", "found"),
    [
        ({"asterisk": ALL}, "asterisk"),
        ({"freeswitch": "program process"}, "freeswitch"),
        ({"freeswitch": "process"}, "freeswitch"),  # built into a folder of its own
        ({"kamailio": ALL}, "kamailio"),
        ({"kamailio": "program process"}, "kamailio"),  # its socket stands elsewhere
        ({"kamailio": "socket"}, "kamailio"),
        ({"asterisk": STOPPED}, "asterisk"),
        ({"freeswitch": STOPPED}, "freeswitch"),
        ({"kamailio": ALL, "asterisk": STOPPED}, "kamailio"),
        # processes of containers, whose sockets and programs are not here
        ({"kamailio": ALL, "asterisk": "program process"}, "kamailio"),
        ({"asterisk": ALL, "kamailio": "process"}, "asterisk"),
    ],
)
def test_the_one_that_runs_is_found_else_the_one_that_is_installed(box: Parts, found: str) -> None:
    assert sighting(box).found == found


@pytest.mark.parametrize(
    ("box", "app", "why"),
    [
        (
            {},
            AppState.UNREADABLE,
            (
                "no Asterisk, FreeSWITCH or Kamailio is seen there: if there is one, name it, "
                'platform = "asterisk", "freeswitch" or "kamailio" (connect: --platform)'
            ),
        ),
        (
            {"asterisk": ALL, "kamailio": ALL},
            AppState.UNREADABLE,
            (
                'Asterisk and Kamailio run there: say which to watch, platform = "asterisk" or "kamailio" '
                "(connect: --platform)"
            ),
        ),
        (
            {"asterisk": ALL, "kamailio": "program process", "freeswitch": STOPPED},
            AppState.UNREADABLE,
            (
                'Asterisk and Kamailio run there: say which to watch, platform = "asterisk" or "kamailio" '
                "(connect: --platform)"
            ),
        ),
        (
            {"asterisk": STOPPED, "freeswitch": STOPPED},
            AppState.NOT_RUNNING,
            (
                "Asterisk and FreeSWITCH are installed there and none of them runs: say which to watch, "
                'platform = "asterisk" or "freeswitch" (connect: --platform)'
            ),
        ),
    ],
)
def test_what_is_not_one_is_said_in_one_sentence_and_never_guessed(
    box: Parts, app: AppState, why: str
) -> None:
    seen = sighting(box)
    assert (seen.found, seen.app, seen.app_reason, seen.legs) == ("", app, why, ())


def test_nothing_is_done_to_an_sbc_before_it_is_known_what_runs_there() -> None:
    leg = fleets.leg("acme@nyc-1")
    for verb in Verb:
        assert auto.plan(verb, leg) == "it is not known how to do that with the software of this SBC"


def test_by_snmp_every_platform_is_asked_and_the_one_whose_part_of_the_agent_answers_is_read() -> None:
    box, totals = recorded("box.txt"), recorded("asterisk-totals.txt")
    ask = auto.snmp_ask(("ast-regs",))
    assert ask.gets[0] == boxmib.SYSTEM
    assert {"host", *PLATFORMS, "extend ast-regs"} <= {get.key for get in ask.gets}
    facts = auto.parse_snmp(answered(ask, box | totals), ())
    assert facts == asterisk.parse_snmp(answered(asterisk.snmp_ask(()), box | totals), ())
    assert (facts.channels, facts.sub_agent) == (22, SubAgent.ANSWERS)
    alone = auto.parse_snmp(answered(ask, box), ())
    assert (alone.name, alone.channels, alone.sub_agent) == ("sbc1", None, None)


@pytest.mark.parametrize("status", [126, 127, 2, None])
def test_a_box_that_does_not_answer_the_look_is_said_to_be_such(status: int | None) -> None:
    answer = dumb_answer(auto.poll_ask(), status)
    seen = auto.parse_poll(answer, UNREAD, ())
    assert isinstance(seen, Sighting)
    assert (seen.found, seen.app) == ("", AppState.UNREADABLE)
    assert "cannot be told" in seen.app_reason
    assert set(auto.seen(answer).values()) == {Presence.UNTOLD}
    assert auto.another(answer, "asterisk") == ""


@pytest.mark.parametrize(
    ("box", "other"),
    [
        ({"asterisk": STOPPED}, ""),  # stopped, that is all
        ({"asterisk": ALL, "kamailio": ALL}, ""),
        ({"asterisk": STOPPED, "kamailio": STOPPED}, ""),
        ({}, ""),
        ({"asterisk": STOPPED, "kamailio": ALL}, "kamailio"),
        ({"kamailio": ALL}, "kamailio"),
        ({"kamailio": STOPPED}, "kamailio"),
        ({"kamailio": ALL, "freeswitch": ALL}, ""),
    ],
)
def test_what_was_found_stays_until_one_other_is_seen_in_its_place(box: Parts, other: str) -> None:
    assert auto.another(presence_answer(auto.poll_ask(), box), "asterisk") == other
