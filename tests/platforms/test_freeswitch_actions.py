"""What is done to a FreeSWITCH: never to a gateway that does not register, and no `+OK` is taken for proof."""

from __future__ import annotations

import re
from pathlib import Path

import pytest
from msgspec.structs import replace

from tests.fleets import leg
from tests.platforms.freeswitch_said import TIMELINES, block
from tests.platforms.recordings import lines
from trunktui.model.action import Plan, Sign, Verb
from trunktui.model.ask import Answer, Reply
from trunktui.model.health import RegSignal
from trunktui.model.inventory import ControlTarget, NativeNames, SshTarget
from trunktui.model.snapshot import LegStatus, RegView
from trunktui.model.text import Safe
from trunktui.platforms import freeswitch
from trunktui.transport.script import build_script

FOLDER = Path(__file__).parent.parent / "fixtures" / "actions" / "freeswitch"
NONCE = "0" * 32
A = replace(leg("carrier-a@chi-1"), part=Safe("profile external"))
FAILING = replace(A, registration=RegView(RegSignal.RETRYING))
NOREG = replace(
    A, native=NativeNames(None, "carrier-a", "carrier-a"), registration=RegView(RegSignal.NOT_USED)
)


def plan(of: LegStatus = A) -> Plan:
    found = freeswitch.plan(Verb.REREGISTER, of)
    assert isinstance(found, Plan), found
    return found


def said(name: str) -> tuple[Safe, ...]:
    return lines((FOLDER / f"{name}.out").read_bytes())


def state(word: str, status: str = "UP", retry: str = "", up: float = 500.0) -> tuple[Safe, ...]:
    """Return what `sofia xmlstatus gateway carrier-a` prints in a state."""
    body = block("startup-steady", "carrier-a")
    for tag, value in (("state", word), ("status", status), ("uptime-usec", str(int(up * 1e6)))):
        body = re.sub(rf"<{tag}>.*</{tag}>", f"<{tag}>{value}</{tag}>", body)
    if retry:
        body = body.replace("  </gateway>", f"    <retry>{retry}</retry>\n  </gateway>")
    return lines(b'<?xml version="1.0" encoding="ISO-8859-1"?>\n' + body.encode())


def looks(*states: tuple[str, str]) -> Answer:
    """Return the looks of one ask."""
    replies = [Reply(f"state{n}", 0, state(*each)) for n, each in enumerate(states)]
    return Answer(101.0, 103.0, tuple(replies))


def sent(word: str = "REGED", status: str = "UP") -> Answer:
    return Answer(
        100.0, 100.1, (Reply("state", 0, state(word, status)), Reply("step", 0, said("01_register_ok")))
    )


def judge(*states: tuple[str, str], before: Answer | None = None, of: LegStatus = A) -> tuple[Sign, str]:
    found = freeswitch.proof(plan(of), before or sent(), (looks(*states),))
    return found.sign, found.sentence


def test_a_gateway_that_does_not_register_gets_no_plan() -> None:
    for of in (NOREG, replace(A, native=NativeNames(None, "carrier-a", "carrier-a"))):
        refused = freeswitch.plan(Verb.REREGISTER, of)
        assert isinstance(refused, str)
        assert "NOREG" in refused
        assert "hang for ever" in refused


def test_one_that_turns_out_not_to_register_is_refused_before_anything_is_sent() -> None:
    """Its name may have been given to another kind of gateway since the last poll."""
    seen = Answer(1.0, 2.0, (Reply("state", 0, lines(_noping().encode())),))
    why = freeswitch.changed(plan(), A, seen)
    assert why is not None
    assert "NOREG" in why
    script = build_script(plan().sending("trunktui-by-a@b:c"), NONCE, None)
    assert "x 1 /usr/bin/timeout" in script
    assert 'v "<state>NOREG<"' in script, "and the gate on the SBC itself says it once more"
    assert script.index('v "<state>NOREG<"') < script.index("sofia profile external register carrier-a")


def _noping() -> str:
    return block("startup-steady", "noping-g").replace("noping-g", "carrier-a")


def test_the_plan_warns_of_a_credential_that_was_changed() -> None:
    found = plan()
    assert found.steps[0].words == "sofia profile external register carrier-a"
    assert found.readback.words == "sofia xmlstatus gateway carrier-a"
    assert "credential was changed" in found.consequence
    assert "calls stay" in found.consequence
    assert "credential" not in plan(FAILING).consequence
    assert found.disruptive


def test_looks_come_at_most_200_ms_apart_and_then_every_second() -> None:
    found = plan()
    assert len(found.proof.commands) >= 12
    assert all(0 < command.after_s <= 0.2 for command in found.proof.commands)
    assert sum(command.after_s for command in found.proof.commands) > 2.0, "it takes 1.4 s to come back"
    assert found.later is not None
    assert len(found.later.commands) == 1
    assert found.first_s is not None
    assert found.first_s < 0.1
    assert build_script(found.proof, NONCE, None).count("sleep 0.15; r ") == len(found.proof.commands)


def test_what_an_operator_is_shown_is_what_runs() -> None:
    step = plan().steps[0]
    assert step.shown(SshTarget("x")) == step.line(None)
    over = SshTarget("x", control=ControlTarget("esl", 8021, None, "env:X"))
    shown = step.shown(over)
    assert shown.startswith("sofia profile external register carrier-a (at esl 127.0.0.1:8021; ")
    assert step.line(None) in shown
    assert "env:X" not in shown


@pytest.mark.parametrize("name", ["all", "_all_", "ALL", "a b", 'a"b', "a;b", "-x", "é", "", "a\nb"])
def test_a_name_that_means_something_else_gets_no_plan(name: str) -> None:
    assert isinstance(freeswitch.plan(Verb.REREGISTER, replace(A, native=NativeNames(name, name, name))), str)
    assert isinstance(freeswitch.plan(Verb.REREGISTER, replace(A, part=Safe(f"profile {name}"))), str)


def test_a_leg_of_which_the_profile_is_not_known_gets_no_plan() -> None:
    assert isinstance(freeswitch.plan(Verb.REREGISTER, replace(A, part=None)), str)


def test_options_cannot_be_sent_now_and_the_screen_says_so() -> None:
    refused = freeswitch.plan(Verb.PROBE, A)
    assert isinstance(refused, str)
    assert "every 30 s" in refused


@pytest.mark.parametrize(
    ("file", "words"),
    [
        ("01_register_ok", None),
        ("05_register_after_unregister", None),
        ("03_register_noreg_gateway", "NOREG gateway"),
        ("register_unknown", "Invalid gateway!"),
        ("profile_unknown_gwlist", "Invalid Profile"),
        ("fscli_user_ro_denied", "esl-allowed-api"),
    ],
)
def test_only_ok_is_taken(file: str, words: str | None) -> None:
    why = freeswitch.taken(plan(), Answer(0, 1, (Reply("step", 0, said(file)),)))
    assert (why is None) if words is None else (why is not None and words in why)


@pytest.mark.parametrize("status", [124, 137, 254, 255, None])
def test_what_never_came_back_is_not_taken(status: int | None) -> None:
    assert freeswitch.taken(plan(), Answer(0, 1, (Reply("step", status),))) is not None


@pytest.mark.parametrize(
    ("states", "sign"),
    [
        ([("REGED", "UP")] * 15, Sign.WAITING),
        ([("UNREGED", "UP"), ("REGISTER", "UP"), ("REGED", "UP")], Sign.PROVED),
        ([("UNREGED", "UP"), ("TRYING", "UP")], Sign.WAITING),
        ([("UNREGED", "UP"), ("FAILED", "UP")], Sign.FAILED),
        ([("UNREGED", "UP"), ("FAILED", "DOWN"), ("REGED", "UP")], Sign.FAILED),
        ([("UNREGED", "UP"), ("TRYING", "DOWN"), ("TIMEOUT", "DOWN")], Sign.FAILED),
        ([("FAIL_WAIT", "DOWN")], Sign.FAILED),
        ([("UNREGED", "UP"), ("DOWN", "DOWN")], Sign.FAILED),
        ([("UNREGED", "UP"), ("REGED", "DOWN")], Sign.WAITING),
    ],
)
def test_proof_is_a_state_that_left_reged_and_came_back(states: list[tuple[str, str]], sign: Sign) -> None:
    assert judge(*states)[0] is sign


def test_ok_alone_proves_nothing_and_is_said_to() -> None:
    sign, words = judge(("REGED", "UP"))
    assert sign is Sign.WAITING
    assert "not proof" in words


def test_one_that_was_failing_is_proved_by_being_registered() -> None:
    before = sent("FAIL_WAIT", "DOWN")
    assert judge(("UNREGED", "DOWN"), ("REGED", "UP"), before=before, of=FAILING)[0] is Sign.PROVED
    assert judge(("FAIL_WAIT", "DOWN"), before=before, of=FAILING)[0] is Sign.WAITING, "as before the command"
    again = judge(("UNREGED", "DOWN"), ("FAIL_WAIT", "DOWN"), before=before, of=FAILING)
    assert again[0] is Sign.FAILED


def test_the_recorded_re_register_is_proved_by_the_looks_it_would_have_got() -> None:
    """timeline A: `+OK` at 3.01; every 0.15 s from then on there is a look."""
    text = (TIMELINES / "timeline-A-register.txt").read_text(encoding="utf-8")
    steps = re.findall(r" *(\d+\.\d\d) carrier-a +([A-Z_]+) +(UP|DOWN)", text)
    changes = [(float(at), word, status) for at, word, status in steps]

    def seen_at(second: float) -> tuple[str, str]:
        return next((word, status) for at, word, status in reversed(changes) if at <= second)

    every = [seen_at(3.05 + 0.15 * n) for n in range(15)]
    assert judge(*every)[0] is Sign.PROVED
    once_a_second = [seen_at(4.45 + n) for n in range(3)]
    assert judge(*once_a_second)[0] is Sign.WAITING, "too late a look cannot tell it from the state before"


@pytest.mark.parametrize(
    ("now", "seen", "words"),
    [
        (("REGED", "UP"), RegSignal.REGISTERED, None),
        (("REGED", "UP"), RegSignal.REFRESHING, None),
        (("REGED", "UP"), RegSignal.RETRYING, "registered by itself"),
        (("FAIL_WAIT", "DOWN"), RegSignal.RETRYING, None),
        (("DOWN", "DOWN"), RegSignal.UNREGISTERED, None),
        (("FAIL_WAIT", "DOWN"), RegSignal.REGISTERED, "was registered when you looked"),
        (("TRYING", "UP"), RegSignal.REGISTERED, "right now"),
        (("UNREGISTER", "UP"), RegSignal.REGISTERED, "right now"),
        (("LIMBO", "UP"), RegSignal.REGISTERED, "does not know"),
    ],
)
def test_what_changed_since_the_operator_looked_is_told(
    now: tuple[str, str], seen: RegSignal, words: str | None
) -> None:
    why = freeswitch.changed(
        plan(), replace(A, registration=RegView(seen)), Answer(1, 2, (Reply("state", 0, state(*now)),))
    )
    assert (why is None) if words is None else (why is not None and words in why)


@pytest.mark.parametrize(
    ("reply", "words"),
    [
        (Reply("state", 0, lines(b"Invalid Gateway!\n")), "no gateway carrier-a any more"),
        (Reply("state", 255), "exit status 255"),
        (Reply("state", 124), "did not answer in time"),
        (Reply("state", 0, state("REGED")[:-5]), "no such gateway in the answer"),
    ],
)
def test_a_state_that_cannot_be_read_stops_it(reply: Reply, words: str) -> None:
    why = freeswitch.changed(plan(), A, Answer(1, 2, (reply,)))
    assert why is not None
    assert words in why


@pytest.mark.parametrize(
    ("now", "up", "since", "sign"),
    [
        (("REGED", "UP"), 30.0, 100.0, Sign.PROVED),
        (("REGED", "UP"), 5000.0, 100.0, Sign.UNREADABLE),
        (("REGED", "UP"), 90.0, 100.0, Sign.UNREADABLE),
        (("FAIL_WAIT", "DOWN"), 0.0, 100.0, Sign.FAILED),
        (("TRYING", "DOWN"), 0.0, 10.0, Sign.UNREADABLE),
    ],
)
def test_a_command_of_unknown_fate_is_judged_by_how_long_it_is_up(
    now: tuple[str, str], up: float, since: float, sign: Sign
) -> None:
    look = Answer(1.0, 1.5, (Reply("state", 0, state(*now, up=up)),))
    assert freeswitch.standing(plan(), look, since).sign is sign
