"""Every recorded answer is understood as its expected.json says, and no damage to it makes anything better."""

from __future__ import annotations

import json
import random

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from msgspec import structs

from tests.platforms import recordings
from trunktui.model.ask import Answer, Reply
from trunktui.model.observation import AppState, ContactState, Observation, RegPhase
from trunktui.platforms.contract import LegSettings
from trunktui.platforms.registry import PLATFORMS

CASES = recordings.all_cases()


def _shape(platform: str, case: str, reply: Reply) -> tuple[str, ...]:
    """What an answer is alike to: cases of one list of gateways in its states differ in single words alone."""
    family = case.partition("-")[0] if case.startswith("state-") else ""
    return (platform, reply.key, family) if family else (platform, reply.key, *reply.lines)


FIRST = {
    _shape(platform, case, reply): case
    for platform, case in reversed(CASES)
    for reply in recordings.recorded(recordings.FIXTURES / platform / case).replies
}
"""The first case that holds an answer of a shape."""


@pytest.mark.parametrize(("platform", "case"), CASES)
def test_a_recorded_answer_is_understood_as_expected(platform: str, case: str) -> None:
    expected = (recordings.FIXTURES / platform / case / "expected.json").read_text(encoding="utf-8")
    assert recordings.readable(recordings.observe(platform, case)) == expected


@pytest.mark.parametrize(("platform", "case"), CASES)
def test_an_answer_cut_at_any_byte_never_claims_more_than_the_whole_one(platform: str, case: str) -> None:
    whole = recordings.observe(platform, case)
    folder = recordings.FIXTURES / platform / case
    known = recordings.settings_of(PLATFORMS[platform], folder)
    answer = recordings.recorded(folder)
    for reply in answer.replies:
        if FIRST[_shape(platform, case, reply)] != case:
            continue  # the same answer was cut in another case
        raw = "\n".join(reply.lines).encode() + b"\n"
        for cut in _cuts(raw):
            short = structs.replace(reply, lines=recordings.lines(raw[:cut]))
            parsed = PLATFORMS[platform].parse_poll(_with(answer, short), known, ())
            _assert_no_better(parsed, whole)


def _cuts(raw: bytes) -> list[int]:
    """Every byte of a short answer; of a long one every byte of its last 300 and a sample of the rest."""
    if len(raw) <= 700:
        return list(range(len(raw)))
    rest = random.Random(len(raw)).sample(range(len(raw) - 300), 250)
    return sorted(rest) + list(range(len(raw) - 300, len(raw)))


def _with(answer: Answer, reply: Reply) -> Answer:
    others = (reply if other.key == reply.key else other for other in answer.replies)
    return structs.replace(answer, replies=tuple(others))


def _assert_no_better(parsed: Observation, whole: Observation) -> None:
    good = {
        leg.native.registration
        for leg in whole.legs
        if leg.registration is not None and leg.registration.phase is RegPhase.REGISTERED
    }
    alive = {
        contact.line.split("/")[0]
        for leg in whole.legs
        for contact in leg.contacts
        if contact.state is ContactState.REACHABLE
    }
    for leg in parsed.legs:
        if leg.registration is not None and leg.registration.phase is RegPhase.REGISTERED:
            assert leg.native.registration in good
        for contact in leg.contacts:
            if contact.state is ContactState.REACHABLE:
                assert contact.line.split("/")[0] in alive
    if whole.app is not AppState.ANSWERING:
        assert parsed.app is not AppState.ANSWERING or not parsed.legs


@given(data=st.data(), case=st.sampled_from(CASES))
@settings(max_examples=400, deadline=None)
def test_no_mutation_of_an_answer_makes_a_parser_raise(data: st.DataObject, case: tuple[str, str]) -> None:
    platform, name = case
    answer = recordings.recorded(recordings.FIXTURES / platform / name)
    replies = tuple(_mutated(data, reply) for reply in answer.replies)
    observation = PLATFORMS[platform].parse_poll(structs.replace(answer, replies=replies), LegSettings(), ())
    PLATFORMS[platform].settings_asks(observation, LegSettings())
    damaged = structs.replace(answer, replies=replies)
    PLATFORMS[platform].follow_up(damaged, LegSettings())
    PLATFORMS[platform].parse_follow_up(answer, damaged, LegSettings())
    PLATFORMS[platform].parse_follow_up(damaged, answer, LegSettings())
    PLATFORMS[platform].parse_settings((structs.replace(answer, replies=replies),), LegSettings())


def _mutated(data: st.DataObject, reply: Reply) -> Reply:
    raw = bytearray("\n".join(reply.lines).encode())
    for _ in range(data.draw(st.integers(0, 4))):
        where = data.draw(st.integers(0, len(raw)))
        what = data.draw(
            st.sampled_from(
                [b"", b"\n", b"!", b"/", b"sip:", b"99999999999999999999", b"\xff", b"<", b"&", b'"']
            )
        )
        raw[where : where + data.draw(st.integers(0, 30))] = what + data.draw(st.binary(max_size=8))
    status = data.draw(st.sampled_from([reply.status, reply.status, 0, None, 1, 124, 137, 255]))
    return Reply(reply.key, status, recordings.lines(bytes(raw)), reply.errors)


def _in_other_words(platform: str, reply: Reply) -> str:
    text = "\n".join(reply.lines)
    # The words of a platform for what is well, and others that it never says.
    good = json.loads((recordings.FIXTURES / platform / "good-words.json").read_text())
    for word, other in good.items():
        text = text.replace(word, other)
    return text


@pytest.mark.parametrize("platform", sorted(PLATFORMS))
def test_a_word_the_platform_does_not_know_is_other_and_never_good(platform: str) -> None:
    folder = recordings.FIXTURES / platform / "mixed-with-calls"
    answer = recordings.recorded(folder)
    changed = tuple(
        structs.replace(reply, lines=recordings.lines(_in_other_words(platform, reply).encode()))
        for reply in answer.replies
    )
    observation = PLATFORMS[platform].parse_poll(structs.replace(answer, replies=changed), LegSettings(), ())
    assert observation.legs
    for leg in observation.legs:
        assert leg.registration is None or leg.registration.phase is not RegPhase.REGISTERED
        assert all(contact.state is not ContactState.REACHABLE for contact in leg.contacts)


CANARIES = ("s3cret-2001", "WRONG")
"""Passwords of the lab that Kamailio printed into the recordings."""


@pytest.mark.parametrize(("platform", "case"), CASES)
def test_no_password_in_a_recording_reaches_what_is_made_of_it(platform: str, case: str) -> None:
    assert not any(canary in recordings.readable(recordings.observe(platform, case)) for canary in CANARIES)


def test_the_recordings_do_hold_passwords_and_none_passes_the_door() -> None:
    for case in ("mixed-with-calls", "by-json-rpc"):
        raw = (recordings.FIXTURES / "kamailio" / case / "registrations.out").read_bytes()
        assert all(canary.encode() in raw for canary in CANARIES)
        assert not any(canary in line for canary in CANARIES for line in recordings.lines(raw))
