"""What is done to an Asterisk: the exact commands, what counts as taken, and what is proof and what is not."""

from __future__ import annotations

from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st
from msgspec.structs import replace

from tests.fleets import NOW, leg
from tests.platforms.recordings import lines
from trunktui.model.action import Plan, Sign, Verb
from trunktui.model.ask import Answer, Reply
from trunktui.model.health import ProbeSignal, RegSignal
from trunktui.model.inventory import NativeNames
from trunktui.model.snapshot import LegStatus, ProbeView, RegView
from trunktui.model.text import Safe
from trunktui.platforms import asterisk
from trunktui.transport.script import build_script

FOLDER = Path(__file__).parent.parent / "fixtures" / "actions" / "asterisk"
ACME = leg("acme-primary@nyc-1")


def plan(of: LegStatus = ACME, verb: Verb = Verb.REREGISTER) -> Plan:
    found = asterisk.plan(verb, of)
    assert isinstance(found, Plan), found
    return found


def recorded(name: str) -> tuple[Safe, ...]:
    return lines((FOLDER / f"{name}.txt").read_bytes())


def row(word: str, seconds: int, ago: bool = False, name: str = "acme-primary", server: str = "10.77.0.21") -> str:  # fmt: skip
    when = f"(exp. {seconds}s ago)" if ago else f"(exp. {seconds}s)"
    return f" {name}/sip:{server}:5060   {name}   {word:<17} {when}"


def look(at: float, *what: str, took: float = 0.05, status: int = 0, step: Reply | None = None) -> Answer:
    """Return an answer with `what` as its state, asked at second `at`; `step` as the reply to the command."""
    replies = (Reply("state", status, tuple(Safe(line) for line in what)),)
    return Answer(at, at + took, replies + ((step,) if step else ()))


SENT = look(100.0, row("Registered", 40), step=Reply("step", 0))


def judge(*looks: Answer, sent: Answer = SENT, of: LegStatus = ACME) -> tuple[Sign, str]:
    found = asterisk.proof(plan(of), sent, looks)
    return found.sign, found.sentence


def test_the_plan_is_the_commands_word_for_word() -> None:
    found = plan()
    assert [step.words for step in found.steps] == ["pjsip send register acme-primary"]
    assert found.steps[0].argv == ("/usr/sbin/asterisk", "-rx", "pjsip send register acme-primary")
    assert found.readback.words == found.proof.commands[0].words == "pjsip show registration acme-primary"
    assert (found.window_s, found.every_s, found.lock_hold_s) == (45.0, 1.0, 12)
    assert "within 10 s" in found.consequence
    assert "Calls in progress stay" in found.consequence
    assert "within 45 s" in found.proof_words
    ask = found.sending("trunktui-by-a@b:c")
    assert [command.gate for command in ask.commands] == [True, False]
    assert 'timeout -k 1 5 "/usr/sbin/asterisk" "-rx" "pjsip send register acme-primary"; ' in build_script(
        ask, "0" * 32, "asterisk"
    )


def test_what_an_operator_is_shown_is_what_runs() -> None:
    found = plan()
    script = build_script(found.sending("trunktui-by-a@b:c"), "0" * 32, "asterisk")
    assert f"r 2 {found.steps[0].line('asterisk')}; " in script


def test_a_longer_random_wait_on_the_sbc_makes_the_window_and_the_lock_longer() -> None:
    slow = replace(ACME, registration=replace(ACME.registration, delay_s=60))
    assert (plan(slow).window_s, plan(slow).lock_hold_s) == (95.0, 60)
    assert "within 60 s" in plan(slow).consequence
    assert "within 1 s" in plan(replace(ACME, registration=replace(ACME.registration, delay_s=0))).consequence


@pytest.mark.parametrize("name", ["Acme Telecom EU 1", "acme/eu", "*all", "all", 'a"b', "-x", "é", "", None])
@pytest.mark.parametrize("verb", Verb)
def test_a_name_that_the_console_would_read_otherwise_gets_no_plan(name: str | None, verb: Verb) -> None:
    found = asterisk.plan(verb, replace(ACME, native=NativeNames(name, name, name)))
    assert isinstance(found, str)


@pytest.mark.parametrize(
    ("file", "words"),
    [
        ("pjsip_send_register_acme-primary", None),
        ("pjsip_send_register_nosuch", "Unable to retrieve registration nosuch"),
        ("pjsip_send_register", "Usage: pjsip send register"),
    ],
)
def test_silence_is_taken_and_the_recorded_refusals_are_not(file: str, words: str | None) -> None:
    said = asterisk.taken(plan(), look(100.0, step=Reply("step", 0, recorded(file))))
    assert (said is None) if words is None else (said is not None and words in said)


@pytest.mark.parametrize(
    ("reply", "words"),
    [
        (Reply("step", 0, (Safe("You don't have permissions to run 'pjsip send register acme-primary' command"),)), "cli_permissions.conf"),
        (Reply("step", 1, (), (Safe("sudo: a password is required"),)), "sudo refuses"),
        (Reply("step", 0, (Safe("No such command 'pjsip send register acme-primary'"),)), "No such command"),
        (Reply("step", 1, (), (Safe("Unable to connect to remote asterisk (does /var/run/asterisk/asterisk.ctl exist?)"),)), "Unable to connect"),
        (Reply("step", 127), "exit status 127"),
        (Reply("step", 0, (Safe("No more connections allowed"),)), "No more connections"),
        (Reply("step", 0, (Safe("Re-register all queued"),)), "Re-register all"),
    ],
)  # fmt: skip
def test_anything_but_silence_is_told_as_not_taken(reply: Reply, words: str) -> None:
    said = asterisk.taken(plan(), look(100.0, step=reply))
    assert said is not None
    assert words in said
    if "sudo" in words or "permissions" in words:
        assert "'pjsip send register acme-primary'" in said, "the missing grant"


@pytest.mark.parametrize(
    ("file", "taken"),
    [("pjsip_qualify_acme-primary", True), ("pjsip_qualify_nosuch", False), ("pjsip_qualify", False)],
)
def test_a_probe_is_taken_where_asterisk_says_so(file: str, taken: bool) -> None:
    said = asterisk.taken(plan(verb=Verb.PROBE), look(100.0, step=Reply("step", 0, recorded(file))))
    assert (said is None) is taken


def test_the_recorded_re_register_of_a_healthy_trunk_is_proved_at_its_last_look_and_not_before() -> None:
    files = ["", ".2", ".7", ".8"]
    states = [recorded(f"pjsip_show_registration_acme-primary{number}") for number in files]
    sent = look(0.0, *states[0], step=Reply("step", 0))
    looks = [look(0.1 + i * 0.6, *state) for i, state in enumerate(states[1:])]
    looks[-1] = look(5.2, *states[-1])
    signs = [judge(*looks[: n + 1], sent=sent)[0] for n in range(3)]
    assert signs == [Sign.WAITING, Sign.WAITING, Sign.PROVED]


def test_the_recorded_dead_carrier_is_no_proof_and_fails_in_the_end() -> None:
    sent = look(0.0, *recorded("pjsip_show_registration_acme-primary"), step=Reply("step", 0))
    after = look(1.2, *recorded("dead_carrier_pjsip_show_registration_acme-primary"))
    assert judge(after, sent=sent)[0] is Sign.WAITING
    assert "not proof" in judge(after, sent=sent)[1]
    rejected = look(41.0, row("Rejected", 2))
    sign, words = judge(after, look(6.5, row("Registered", 1, ago=True)), rejected, sent=sent)
    assert sign is Sign.FAILED
    assert "tries again in 2 s" in words
    assert "inbound stays out" in words


NOT_PROOF = [
    ("the timer of the command itself", look(101.5, row("Registered", 9))),
    ("the very same attempt as before", look(101.5, row("Registered", 38))),
    ("one second more is rounding", look(101.5, row("Registered", 39))),
    ("a look so soon that it may be from before", look(100.5, row("Registered", 200))),
    ("a refresh in flight", look(105.0, row("Registered", 2, ago=True))),
    ("another trunk's row", look(105.0, row("Registered", 300, name="acme-primary2"))),
    ("a cut row", look(105.0, row("Registered", 300)[:-1])),
    ("a refused command", look(105.0, row("Registered", 300), status=1)),
    ("nothing", look(105.0)),
]


@pytest.mark.parametrize(("what", "seen"), NOT_PROOF, ids=[what for what, _ in NOT_PROOF])
def test_what_is_not_proof(what: str, seen: Answer) -> None:
    assert judge(seen)[0] in {Sign.WAITING, Sign.UNREADABLE}, what


def test_a_refresh_due_soon_cannot_pass_the_commands_own_timer_for_proof() -> None:
    sent = look(100.0, row("Registered", 2), step=Reply("step", 0))
    assert judge(look(101.5, row("Registered", 8)), sent=sent)[0] is Sign.WAITING
    assert judge(look(104.0, row("Registered", 109)), sent=sent)[0] is Sign.PROVED


def test_a_later_attempt_is_proof_and_so_is_having_seen_it_gone() -> None:
    assert judge(look(104.0, row("Registered", 109)))[0] is Sign.PROVED
    gone = look(101.5, row("Unregistered", 3))
    assert judge(gone)[0] is Sign.WAITING
    assert judge(gone, look(105.0, row("Registered", 12)))[0] is Sign.PROVED


def test_lost_looks_between_change_nothing() -> None:
    lost = Answer(102.0, 103.0, (), complete=False)
    assert judge(lost)[0] is Sign.UNREADABLE
    assert judge(lost, look(104.0, row("Registered", 109)), lost)[0] is Sign.PROVED


def test_a_registration_that_was_off_is_proved_by_standing() -> None:
    for word in ("Rejected", "Unregistered"):
        sent = look(100.0, row(word, 500, ago=True), step=Reply("step", 0))
        assert judge(look(103.0, row("Registered", 109)), sent=sent)[0] is Sign.PROVED


def test_a_refused_attempt_fails_only_after_it_was_made() -> None:
    sent = look(100.0, row("Rejected", 584, ago=True), step=Reply("step", 0))
    queued = look(101.5, row("Rejected", 3))
    assert judge(queued, sent=sent)[0] is Sign.WAITING
    in_flight = look(106.0, row("Rejected", 1, ago=True))
    assert judge(queued, in_flight, sent=sent)[0] is Sign.WAITING
    again = look(107.0, row("Rejected", 59))
    sign, words = judge(queued, in_flight, again, sent=sent)
    assert sign is Sign.FAILED
    assert "tries again in 59 s" in words
    assert "inbound" not in words, "it was not registered before"
    unchanged = look(101.5, row("Rejected", 585, ago=True))
    assert judge(unchanged, sent=sent)[0] is Sign.WAITING, "the command has not been carried out yet"


def test_an_attempt_over_its_time_was_given_up() -> None:
    sent = look(100.0, row("Rejected", 584, ago=True), step=Reply("step", 0))
    assert judge(look(138.0, row("Rejected", 32, ago=True)), sent=sent)[0] is Sign.WAITING
    sign, words = judge(look(139.5, row("Rejected", 33, ago=True)), sent=sent)
    assert sign is Sign.FAILED
    assert "gave up" in words
    named = look(100.0, row("Rejected", 584, ago=True, server="sip.example"), step=Reply("step", 0))
    late = look(139.5, row("Rejected", 33, ago=True, server="sip.example"))
    assert judge(late, sent=named)[0] is Sign.WAITING, "a name may have more than one address to try"


@given(
    st.sampled_from(["Registered", "Unregistered", "Rejected", "Stopped", "Odd"]),
    st.integers(0, 4000),
    st.booleans(),
    st.floats(0, 60),
    st.floats(0.01, 5),
)
def test_one_look_at_a_registered_trunk_proves_nothing_within_the_commands_timer(
    word: str, seconds: int, ago: bool, after: float, took: float
) -> None:
    sign, _ = judge(look(100.05 + after, row(word, seconds, ago), took=took))
    if sign is Sign.PROVED:
        assert word == "Registered"
        assert not (ago and seconds), "a refresh in flight proves nothing"
        assert 100.05 + after + seconds > 111.05, "not the timer that the command set"
        assert 100.05 + after + seconds > 141.05, "not the attempt that was due before"


def seen(signal: RegSignal, due_in_s: float, observed_ago_s: float = 4.0) -> LegStatus:
    """Return what the operator saw: looked at `observed_ago_s` before NOW, with the attempt due from then."""
    at = NOW - observed_ago_s
    return replace(ACME, observed_at=at, registration=RegView(signal, next_at=at + due_in_s))


R, RET, GAVE, UN, START = (
    RegSignal.REGISTERED, RegSignal.RETRYING, RegSignal.GAVE_UP, RegSignal.UNREGISTERED, RegSignal.STARTING,
)  # fmt: skip
CHANGED = [
    (seen(R, 40), row("Registered", 36), None),
    (seen(R, 3), row("Registered", 109), None),  # its refresh came meanwhile
    (seen(R, 40), row("Registered", 106), "moved since you looked: somebody re-registered it"),
    (seen(R, 40), row("Registered", 5), "moved since you looked"),
    (seen(R, 40), row("Unregistered", 3), "Unregistered right now and registers by itself in 3 s"),
    (seen(R, 40), row("Unregistered", 63, ago=True), "was not when you looked"),
    (seen(R, 40), row("Rejected", 9), "was not when you looked"),
    (seen(RET, 40), row("Rejected", 36), None),
    (seen(RET, 2), row("Rejected", 2, ago=True), None),
    (seen(RET, 40), row("Registered", 109), "registered by itself"),
    (seen(RET, 40), row("Rejected", 8), "moved since you looked"),
    (seen(GAVE, -584), row("Rejected", 588, ago=True), None),
    (seen(GAVE, -584), row("Rejected", 6), "moved since you looked"),
    (seen(UN, -63), row("Unregistered", 67, ago=True), None),
    (seen(START, 3), row("Unregistered", 2), "registers by itself in 2 s"),
    (seen(R, 40), row("Odd", 36), "does not know"),
    (seen(R, 40), "Unable to find object acme-primary.", "has no registration acme-primary any more"),
    (seen(R, 40), "", "no such row"),
]


@pytest.mark.parametrize(("of", "now", "words"), CHANGED, ids=[str(n) for n in range(len(CHANGED))])
def test_what_changed_since_the_operator_looked_is_said(of: LegStatus, now: str, words: str | None) -> None:
    said = asterisk.changed(plan(of), of, look(NOW, now))
    assert (said is None) if words is None else (said is not None and words in said), said


def test_a_late_look_tells_what_can_be_told() -> None:
    def at(line: str, since_s: float, expires: str = " expiration               : 120") -> tuple[Sign, str]:
        listing = ("", "=====", line, " ParameterName            : ParameterValue", " ====", expires, "")
        found = asterisk.standing(plan(), look(100.0, *listing), since_s)
        return found.sign, found.sentence

    assert at(row("Registered", 80), 300.0)[0] is Sign.PROVED
    assert "in the last 31 s, after the command" in at(row("Registered", 80), 300.0)[1]
    assert at(row("Registered", 80), 40.0)[0] is Sign.UNREADABLE, "that REGISTER may be from before"
    assert at(row("Registered", 80), 300.0, expires=" retry_interval : 3")[0] is Sign.UNREADABLE
    assert at(row("Rejected", 80), 300.0)[0] is Sign.FAILED
    assert at(row("Unregistered", 3), 8.0) == (
        Sign.UNREADABLE,
        "not registered now: Unregistered, next attempt in 3 s; it may still come back: look again",
    ), "it is in the very hole that the command made"
    assert at("Unable to find object acme-primary.", 300.0)[0] is Sign.UNREADABLE


def contacts(*rows: str) -> tuple[str, ...]:
    table = [f"  Contact:  {line}" for line in rows]
    return ("  Contact:  <Aor/ContactUri....> <Hash....> <Status> <RTT(ms)..>", "=====", "", *table, "", f"Objects found: {len(rows)}")  # fmt: skip


UP, UP2 = ("acme-primary/sip:10.77.0.21:5060   4fe3405f71 Avail         " + rtt for rtt in ("2.035", "2.110"))
OUT = "acme-primary/sip:10.77.0.21:5060   4fe3405f71 Unavail         -nan"
UNPROBED = "acme-primary/sip:10.77.0.21:5060   4fe3405f71 NonQual         -nan"
OTHER = "beta/sip:10.77.0.22:5060   4fe3405f72 Avail         9.000"


@pytest.mark.parametrize(
    ("before", "after", "at", "sign"),
    [
        ((UP, OTHER), (UP2, OTHER), 101.0, Sign.PROVED),
        ((OUT,), (UP,), 101.0, Sign.PROVED),
        ((UP,), (UP,), 101.0, Sign.WAITING),
        ((UP,), (OUT,), 103.5, Sign.FAILED),
        ((OUT,), (OUT,), 101.0, Sign.WAITING),
        ((OUT,), (OUT,), 107.0, Sign.FAILED),
        ((UP,), (), 101.0, Sign.UNREADABLE),
        ((UNPROBED,), (UNPROBED,), 107.0, Sign.WAITING),
        ((UP,), (UNPROBED,), 101.0, Sign.WAITING),
    ],
)
def test_a_probe_is_proved_by_a_new_round_trip(
    before: tuple[str, ...], after: tuple[str, ...], at: float, sign: Sign
) -> None:
    probing = plan(replace(ACME, probe=ProbeView(ProbeSignal.OK, interval_s=10, detect_s=13.0)), Verb.PROBE)
    step = Reply("step", 0, recorded("pjsip_qualify_acme-primary"))
    sent = look(100.0, *contacts(*before), step=step)
    assert asterisk.proof(probing, sent, (look(at, *contacts(*after)),)).sign is sign


def test_a_trunk_without_options_is_not_probed_as_asterisk_drops_the_answer() -> None:
    unprobed = replace(ACME, probe=ProbeView(ProbeSignal.UNMONITORED, interval_s=0))
    assert "qualify_frequency 0" in str(asterisk.plan(Verb.PROBE, unprobed))
