"""The simulated FreeSWITCH's words: the form of the recordings, and what the platform reads is what the world knows."""

from __future__ import annotations

import json
import re
from pathlib import Path

import pytest
from msgspec import structs

from tests.demo.serving import served
from tests.demo.test_server import ask_once
from tests.fleets import leg
from tests.platforms.recordings import FIXTURES, lines
from trunktui.demo import box_words
from trunktui.demo import freeswitch_words as words
from trunktui.demo.deeds import Deed
from trunktui.demo.plan import newcomers_fleet
from trunktui.demo.remote_script import read_script
from trunktui.demo.rows import Daemon, Look, RegistrationRow
from trunktui.demo.story import NEWCOMERS_STORY, TROUBLED_CARRIER
from trunktui.demo.tempo import Tempo
from trunktui.demo.world import World
from trunktui.model.action import Plan, Sign, Verb
from trunktui.model.ask import Answer, Command, Reply, SshAsk
from trunktui.model.health import Effective
from trunktui.model.observation import AppState, ContactState, RegPhase
from trunktui.model.text import Safe
from trunktui.platforms import freeswitch
from trunktui.platforms.contract import LegSettings
from trunktui.transport.script import build_script

RECORDED = FIXTURES / "freeswitch" / "mixed-with-calls"
ACTIONS = FIXTURES / "actions" / "freeswitch"
SBC = "sgp-2"


def world(speed: float = 10.0) -> World:
    return World(newcomers_fleet(), NEWCOMERS_STORY, 1, Tempo(speed))


def look(t: float = 20.0) -> Look:
    return world().look(SBC, t)


def answered(seen: Look, ask: SshAsk) -> Answer:
    """Return what an SBC prints to an ask, read as the transport reads it."""

    def reply(command: Command) -> Reply:
        printed = box_words.answer(command.argv, seen)
        printed = printed or words.answer(command.argv[-1], seen)
        return Reply(command.key, printed.status, lines(printed.out.encode()), lines(printed.err.encode()))

    return Answer(0.0, 0.1, tuple(reply(command) for command in ask.commands))


def shape(text: str) -> str:
    """Return a text without its figures and names: what is the same on every FreeSWITCH."""
    return re.sub(r" +", " ", re.sub(r"\d+", "9", text))


def test_a_gateway_has_the_recorded_elements_in_their_order() -> None:
    recorded = (RECORDED / "gateways.out").read_text(encoding="utf-8")
    tags = [re.findall(r"^    <([a-z-]+)>", block, re.MULTILINE) for block in recorded.split("<gateway>")[1:]]
    printed = words.answer("sofia xmlstatus gateway", look()).out
    ours = [re.findall(r"^    <([a-z-]+)>", block, re.MULTILINE) for block in printed.split("<gateway>")[1:]]
    assert len(ours) == 7
    for each in ours:
        assert each in tags
    assert printed.splitlines()[:3] == recorded.splitlines()[:3]
    assert printed[-14:] == recorded[-14:]


def test_status_and_the_list_of_profiles_have_the_recorded_form() -> None:
    recorded = (RECORDED / "status.out").read_text(encoding="utf-8")
    printed = words.answer("status", look()).out
    assert [shape(line) for line in printed.splitlines()[1:]] == [
        shape(line) for line in recorded.splitlines()[1:]
    ]
    profile = next(
        line for line in (RECORDED / "profiles.out").read_text().splitlines() if "\tprofile\t" in line
    )
    ours = next(line for line in words.answer("sofia status", look()).out.splitlines() if "profile\t" in line)
    assert shape(ours).replace("9.9.9.9", "") == shape(profile).replace("9.9.9.9", "")


def test_channels_have_the_recorded_fields() -> None:
    recorded = json.loads((RECORDED / "channels.out").read_text(encoding="utf-8"))
    printed = json.loads(words.answer("show channels as json", look()).out)
    assert list(printed) == list(recorded)
    assert all(list(row) == list(recorded["rows"][0]) for row in printed["rows"])
    none = structs.replace(look(), calls=())
    idle = FIXTURES / "freeswitch" / "startup-steady" / "channels.out"
    assert words.answer("show channels as json", none).out == idle.read_text(encoding="utf-8")


@pytest.mark.parametrize(
    ("command", "file"),
    [
        ("sofia profile external register alpha-us", "01_register_ok"),
        ("sofia profile external register nosuch", "register_unknown"),
        ("sofia xmlstatus gateway nosuch", "xmlstatus_gateway_unknown"),
        ("sofia profile nosuch register alpha-us", "profile_unknown_gwlist"),
    ],
)
def test_a_command_is_answered_as_recorded(command: str, file: str) -> None:
    recorded = (ACTIONS / f"{file}.out").read_text(encoding="utf-8")
    assert words.answer(command, look()).out.rstrip() == recorded.rstrip()


def test_one_that_does_not_register_says_so_as_recorded_and_does_nothing() -> None:
    recorded = (ACTIONS / "03_register_noreg_gateway.out").read_text(encoding="utf-8")
    command = "sofia profile external register bravo-us"
    assert words.answer(command, look()).out == recorded.replace("noping-g", "bravo-us")
    assert words.taken(command, look()) is None
    assert words.taken("sofia profile external register alpha-us", look()) == (Deed.REGISTER, "alpha-us")


@pytest.mark.parametrize("daemon", [Daemon.STOPPED, Daemon.FROZEN])
def test_one_that_is_down_or_frozen_lets_nobody_in(daemon: Daemon) -> None:
    seen = structs.replace(look(), daemon=daemon)
    recorded = FIXTURES / "freeswitch" / "wrong-password" / "status.err"
    assert words.answer("status", seen).err == recorded.read_text(encoding="utf-8")
    assert words.answer("status", seen).status == 255
    app = freeswitch.parse_poll(answered(seen, freeswitch.poll_ask()), LegSettings(), ()).app
    assert app is (AppState.NOT_RUNNING if daemon is Daemon.STOPPED else AppState.NOT_PERMITTED)


def test_what_the_platform_reads_is_what_the_world_knows() -> None:
    fleet = world()
    silent = 0
    for t in range(1, 140, 2):
        seen = fleet.look(SBC, float(t))
        read = freeswitch.parse_poll(answered(seen, freeswitch.poll_ask()), LegSettings(), ())
        assert read.app is AppState.ANSWERING
        assert (read.reg_read, read.contacts_read, read.channels_read) == (True, True, True)
        assert read.unread == ()
        assert (read.box.uptime_s, read.box.calls) == (seen.uptime_s, len(seen.calls))
        assert read.parts == ("profile external", "profile internal")
        assert len(read.legs) == len(seen.trunks) == 7
        for each in read.legs:
            name = each.native.main
            contact = next(row for row in seen.contacts if row.aor == name)
            down = contact.word == "Unavail"
            silent += down
            assert each.effective is (Effective.REFUSED_LOCALLY if down else Effective.ROUTABLE)
            if each.registration is None and contact.word != "NonQual":
                wanted = ContactState.UNREACHABLE if down else ContactState.REACHABLE
                assert each.contacts[0].state is wanted
            assert each.channels is not None
            assert each.channels.active == sum(call.trunk == name for call in seen.calls)
    assert silent > 3, f"{TROUBLED_CARRIER} dies in this story"


@pytest.mark.parametrize(
    ("word", "due", "state", "phase"),
    [
        ("Registered", 30, "REGED", RegPhase.REGISTERED),
        ("Registered", -1, "TRYING", RegPhase.REGISTERED),
        ("Rejected", 12, "FAIL_WAIT", RegPhase.WAITING),
        ("Rejected", -2, "TRYING", RegPhase.TRYING),
        ("Unregistered", 3, "UNREGED", RegPhase.REGISTERED),
    ],
)
def test_a_registration_is_told_in_freeswitchs_states(
    word: str, due: int, state: str, phase: RegPhase
) -> None:
    seen = look()
    row = RegistrationRow("alpha-us", "sip:x", "alpha-us", word, due)
    others = tuple(each for each in seen.registrations if each.name != "alpha-us")
    seen = structs.replace(seen, registrations=(*others, row))
    read = freeswitch.parse_poll(answered(seen, freeswitch.poll_ask()), LegSettings(), ())
    found = next(each for each in read.legs if each.native.main == "alpha-us")
    assert found.registration is not None
    assert (found.registration.word, found.registration.phase) == (state, phase)


async def test_a_poll_and_a_re_register_over_ssh_are_answered_as_by_freeswitch(tmp_path: Path) -> None:
    alpha = structs.replace(leg(f"alpha-us@{SBC}"), part=Safe("profile external"))
    plan = freeswitch.plan(Verb.REREGISTER, alpha)
    assert isinstance(plan, Plan)
    plan = structs.replace(plan, lock_on=None)
    async with served(world(speed=60.0), tmp_path / "demo") as fleet:
        seen = freeswitch.parse_poll(
            await ask_once(fleet.config, SBC, freeswitch.poll_ask()), LegSettings(), ()
        )
        assert seen.app is AppState.ANSWERING
        assert len(seen.legs) == 7
        sent = await ask_once(fleet.config, SBC, plan.sending("trunktui-by-a@b:1"))
        assert freeswitch.taken(plan, sent) is None
        looks = [await ask_once(fleet.config, SBC, plan.proof)]
        while (proved := freeswitch.proof(plan, sent, tuple(looks))).sign is Sign.WAITING and len(looks) < 9:
            looks.append(await ask_once(fleet.config, SBC, plan.proof))
        assert proved.sign is Sign.PROVED, proved.sentence
        noreg = plan.sending("trunktui-by-a@b:1")
        gate = structs.replace(
            noreg.commands[0], argv=(*noreg.commands[0].argv[:-1], "sofia xmlstatus gateway bravo-us")
        )
        closed = await ask_once(fleet.config, SBC, SshAsk((gate, noreg.commands[1])))
        assert [reply.status for reply in closed.replies] == [65, None]


def test_the_form_of_a_gate_and_of_pauses_is_understood() -> None:
    plan = freeswitch.plan(Verb.REREGISTER, structs.replace(leg("a@b"), part=Safe("profile external")))
    assert isinstance(plan, Plan)
    sending = read_script(build_script(plan.sending("trunktui-by-a@b:1"), "0" * 32, "noc"))
    assert sending is not None
    assert [run.unless for run in sending.runs] == ["", "<state>NOREG<", ""]
    assert [run.gate for run in sending.runs] == [True, True, False]
    looking = read_script(build_script(plan.proof, "0" * 32, None))
    assert looking is not None
    assert {run.after_s for run in looking.runs} == {0.15}
