"""The simulated Kamailio's words: the form of the recordings, and what the platform reads is what the world knows."""

from __future__ import annotations

import re
from pathlib import Path

import pytest
from msgspec import structs

from tests.demo.serving import served
from tests.demo.test_server import ask_once
from tests.fleets import leg
from tests.platforms.recordings import FIXTURES, lines
from trunktui.demo import box_words
from trunktui.demo import kamailio_words as words
from trunktui.demo.deeds import Deed
from trunktui.demo.plan import newcomers_fleet
from trunktui.demo.rows import Daemon, Look, RegistrationRow
from trunktui.demo.story import NEWCOMERS_STORY, TROUBLED_CARRIER
from trunktui.demo.tempo import Tempo
from trunktui.demo.world import World
from trunktui.model.action import Plan, Sign, Verb
from trunktui.model.ask import Answer, Command, Reply, SshAsk
from trunktui.model.health import Effective
from trunktui.model.observation import AppState, ContactState, ProbeSettings, RegPhase
from trunktui.platforms import kamailio
from trunktui.platforms.contract import LegSettings

RECORDED = FIXTURES / "kamailio" / "mixed-with-calls"
SBC = "sgp-1"


def world(speed: float = 10.0) -> World:
    return World(newcomers_fleet(), NEWCOMERS_STORY, 1, Tempo(speed))


def look(t: float = 20.0) -> Look:
    return world().look(SBC, t)


def answered(seen: Look, ask: SshAsk) -> Answer:
    """Return what an SBC prints to an ask, read as the transport reads it."""

    def reply(command: Command) -> Reply:
        printed = words.file_answer(command.argv, seen) or box_words.answer(command.argv, seen)
        printed = printed or words.answer(command.argv[1:], seen)
        return Reply(command.key, printed.status, lines(printed.out.encode()), lines(printed.err.encode()))

    return Answer(0.0, 0.1, tuple(reply(command) for command in ask.commands))


def known(seen: Look) -> LegSettings:
    read = kamailio.parse_poll(answered(seen, kamailio.poll_ask()), LegSettings(), ())
    (ask,) = kamailio.settings_asks(read, LegSettings())
    return kamailio.parse_settings((answered(seen, ask),), LegSettings())


def names(text: str) -> list[str]:
    """Return the first struct's names and brackets, indented as printed: what is the same on every Kamailio."""
    first = text.split("\n}\n", maxsplit=1)[0].splitlines()
    return [re.sub(r": (?!\{).*", ":", line) for line in first]


@pytest.mark.parametrize(
    ("method", "file"),
    [
        (("uac.reg_dump",), "registrations"),
        (("dlg.stats_active",), "dialog_count"),
        (("core.uptime",), "uptime"),
        (("core.version",), "version"),
        (("stats.fetch", "uac.regtotal", "dialog.processed_dialogs"), "totals"),
    ],
)
def test_an_answer_has_the_recorded_form(method: tuple[str, ...], file: str) -> None:
    recorded = (RECORDED / f"{file}.out").read_text(encoding="utf-8")
    printed = words.answer(method, look()).out
    assert names(re.sub(r"kamailio [\d.]+", "", printed)) == names(re.sub(r"kamailio [\d.]+", "", recorded))


def test_a_destination_and_a_dialog_have_the_recorded_names_in_their_order() -> None:
    for method, file, least in (
        (("dispatcher.list",), "destinations", {"URI", "FLAGS", "DUID", "EST", "TIMEOUT"}),
        (("dlg.list_match", "furi", "sw", "sip", "500"), "dialogs", {"h_entry", "init_ts", "profiles"}),
    ):
        recorded = (RECORDED / f"{file}.out").read_text(encoding="utf-8")
        printed = words.answer(method, look()).out
        theirs, ours = (re.findall(r"^(\t*[\w-]+): ", text, re.MULTILINE) for text in (recorded, printed))
        assert {name.strip() for name in ours} >= least
        order = list(dict.fromkeys(theirs))
        known_ones = [name for name in dict.fromkeys(ours) if name in order]
        assert known_ones == sorted(known_ones, key=order.index)
        assert set(ours) <= set(theirs)


def test_unknown_names_and_methods_are_answered_as_recorded() -> None:
    seen = look()
    actions = FIXTURES / "actions" / "kamailio"
    for method, file in (
        (("uac.reg_refresh", "s:nosuch"), "reg_refresh_nosuch"),
        (("uac.reg_enable", "l_uuid", "s:nosuch"), "reg_enable_l_uuid_nosuch"),
        (("uac.reg_refresh", "s:alpha-us"), "reg_refresh_acme-primary"),
    ):
        assert words.answer(method, seen).out.rstrip() == (actions / f"{file}.txt").read_text().rstrip()
    assert words.answer(("no.such",), seen).out == "error: 500 - command no.such not found\n"
    assert words.taken(("uac.reg_refresh", "s:alpha-us"), seen) == (Deed.REGISTER, "alpha-us")
    assert words.taken(("uac.reg_refresh", "s:bravo-us"), seen) is None, "it does not register"
    assert words.taken(("uac.reg_info", "l_uuid", "s:alpha-us"), seen) is None


def test_one_that_is_down_has_no_socket_as_recorded() -> None:
    seen = structs.replace(look(), daemon=Daemon.STOPPED)
    recorded = (FIXTURES / "kamailio" / "stopped" / "uptime.err").read_text(encoding="utf-8")
    printed = words.answer(("core.uptime",), seen)
    assert (printed.err, printed.status) == (recorded, 255)
    read = kamailio.parse_poll(answered(seen, kamailio.poll_ask()), LegSettings(), ())
    assert read.app is AppState.NOT_RUNNING


def test_what_the_platform_reads_is_what_the_world_knows() -> None:
    fleet = world()
    silent = 0
    settings = known(fleet.look(SBC, 0.5))
    assert settings.probe[kamailio.ALL] == ProbeSettings(3, 0.4, misses=1, every=True)
    for t in range(1, 140, 2):
        seen = fleet.look(SBC, float(t))
        if seen.daemon is not Daemon.RUNNING:
            continue
        read = kamailio.parse_poll(answered(seen, kamailio.poll_ask(settings)), settings, ())
        assert read.app is AppState.ANSWERING
        assert (read.reg_read, read.contacts_read, read.channels_read, read.unread) == (True, True, True, ())
        assert (read.box.uptime_s, read.box.calls, read.box.calls_processed) == (
            seen.uptime_s,
            len(seen.calls),
            seen.processed,
        )
        assert len(read.legs) == len(seen.trunks) == 6
        for each in read.legs:
            name = each.native.main
            rows = [row for row in seen.contacts if row.aor == name]
            states = {"Avail": ContactState.REACHABLE, "Unavail": ContactState.UNREACHABLE}
            wanted = [states.get(row.word, ContactState.UNPROBED) for row in rows]
            assert [contact.state for contact in each.contacts] == wanted
            down = {row.word for row in rows} == {"Unavail"}
            silent += down
            assert each.effective is (Effective.REFUSED_LOCALLY if down else Effective.ROUTABLE)
            assert each.channels is not None
            assert each.channels.active == sum(call.trunk == name for call in seen.calls)
        dialled = [row for row in read.channel_rows if row.dialled]
        assert len(dialled) == sum(not call.inbound for call in seen.calls)
    assert silent > 3, f"{TROUBLED_CARRIER} dies in this story"


@pytest.mark.parametrize(
    ("word", "due", "phase"),
    [
        ("Registered", 30, RegPhase.REGISTERED),
        ("Registered", -1, RegPhase.TRYING),
        ("Rejected", 12, RegPhase.WAITING),
        ("Rejected", -2, RegPhase.TRYING),
    ],
)
def test_a_registration_is_told_in_kamailios_flags(word: str, due: int, phase: RegPhase) -> None:
    seen = look()
    row = RegistrationRow("alpha-us", "sip:x", "alpha-us", word, due)
    others = tuple(each for each in seen.registrations if each.name != "alpha-us")
    seen = structs.replace(seen, registrations=(*others, row))
    read = kamailio.parse_poll(answered(seen, kamailio.poll_ask()), LegSettings(), ())
    found = next(each for each in read.legs if each.native.main == "alpha-us")
    assert found.registration is not None
    assert (found.registration.phase, found.registration.due_in_s) == (phase, due)


async def test_a_poll_and_a_re_register_over_ssh_are_answered_as_by_kamailio(tmp_path: Path) -> None:
    plan = kamailio.plan(Verb.REREGISTER, leg(f"alpha-us@{SBC}"))
    assert isinstance(plan, Plan)
    async with served(world(speed=60.0), tmp_path / "demo") as fleet:
        poll = await ask_once(fleet.config, SBC, kamailio.poll_ask())
        seen = kamailio.parse_poll(poll, LegSettings(), ())
        assert seen.app is AppState.ANSWERING
        assert len(seen.legs) == 6
        sent = await ask_once(fleet.config, SBC, plan.sending("trunktui-by-a@b:1"))
        assert kamailio.taken(plan, sent) is None
        looks = [await ask_once(fleet.config, SBC, plan.proof)]
        while (proved := kamailio.proof(plan, sent, tuple(looks))).sign is not Sign.PROVED and len(looks) < 2000:  # fmt: skip
            looks.append(await ask_once(fleet.config, SBC, plan.proof))
        assert proved.sign is Sign.PROVED, proved.sentence
