"""What a log says is joined to the registration that it is about, or to none; and what is kept stays bounded."""

from __future__ import annotations

from trunktui.health.bursts import BURST, WINDOW_S
from trunktui.health.refusal import RegWord
from trunktui.model.inventory import NativeNames
from trunktui.model.observation import (
    AppState,
    Box,
    NativeLeg,
    Observation,
    Registration,
    RegPhase,
    RegSettings,
)
from trunktui.model.tail import AuthFailure, AuthSuccess, InviteRefusal, Refusal, RefusalKind, TailFacts
from trunktui.model.text import Safe
from trunktui.poll.heard import MOST_PAIRS, HeardMemory, HeardView, remember_heard

NOW = 5000.0
CLOCK = 1_795_000_000.0
SERVER, CLIENT = Safe("sip:10.77.0.21:5060"), Safe("sip:acme@10.77.0.21")


def row(name: str, phase: RegPhase, due: int) -> NativeLeg:
    return NativeLeg(
        NativeNames(registration=name),
        Registration(phase, Safe("Rejected"), due, SERVER, Safe("row")),
        reg_settings=RegSettings(retry_s=10, max_retries=10),
    )


def look(*legs: NativeLeg, at: float = NOW, clock: float | None = CLOCK) -> Observation:
    box = Box(clock_s=clock, zone_s=0)
    return Observation(at, 0.0, AppState.ANSWERING, box=box, legs=legs, reg_read=True)


def refusal(ago: float, code: int | None, retry: int | None, kind: RefusalKind | None = None) -> Refusal:
    kind = kind or (RefusalKind.RETRYING if retry is not None else RefusalKind.STOPPED)
    return Refusal(CLOCK - ago, kind, SERVER, CLIENT, code, retry, Safe(f"line of {ago} s ago"))


def words(seen: Observation, *refusals: Refusal, registered_at: float | None = None) -> list[RegWord | None]:
    memory = HeardMemory()
    remember_heard(memory, TailFacts(refusals=refusals), seen)
    clients = {leg.native.registration or "": str(CLIENT) for leg in seen.legs}
    return [HeardView(memory, seen, clients).word(leg, registered_at) for leg in seen.legs]


def codes(found: list[RegWord | None]) -> list[int | None]:
    return [None if word is None else word.code for word in found]


def test_two_registrations_with_the_same_uris_are_told_apart_by_the_time_of_the_next_attempt() -> None:
    seen = look(row("retrying", RegPhase.WAITING, 6), row("stopped", RegPhase.ATTEMPTING, -300))
    found = words(seen, refusal(299.9, 403, None), refusal(4, 401, 10))
    assert codes(found) == [401, 403]
    assert [word is not None and word.final for word in found] == [False, True]


def test_what_fits_several_of_them_is_all_of_theirs_and_what_fits_none_is_nobodys() -> None:
    same = [row("one", RegPhase.WAITING, 6), row("two", RegPhase.WAITING, 5)]
    assert codes(words(look(*same), refusal(4, 401, 10))) == [401, 401]
    assert words(look(*same), refusal(40, 401, 10)) == [None, None]
    assert (
        words(look(row("one", RegPhase.WAITING, 300), row("two", RegPhase.WAITING, 6)), refusal(4, 503, 10))[
            0
        ]
        is None
    )


def test_a_line_from_before_it_was_registered_last_is_not_about_now() -> None:
    seen = look(row("one", RegPhase.WAITING, 6))
    assert codes(words(seen, refusal(60, 403, 10), registered_at=NOW - 30)) == [None]
    assert codes(words(seen, refusal(4, 403, 10), registered_at=NOW - 30)) == [403]
    assert codes(words(seen, refusal(90, 403, 10))) == [403]
    assert words(seen, refusal(4000, 403, 10)) == [None], "as old as that it is about another failing"


def test_a_final_word_is_only_taken_for_the_attempt_that_the_table_shows() -> None:
    assert words(look(row("one", RegPhase.ATTEMPTING, -5)), refusal(400, 403, None)) == [None]
    (word,) = words(look(row("one", RegPhase.ATTEMPTING, -5)), refusal(4.9, 403, None))
    assert word is not None
    assert (word.final, word.code) == (True, 403)
    assert words(look(row("one", RegPhase.REGISTERED, 50)), refusal(4, 403, None)) == [None]
    assert words(look(row("one", RegPhase.UNREGISTERED, -5)), refusal(4, 403, None)) == [None]


def test_attempts_are_counted_since_it_was_registered_and_only_where_that_was_seen() -> None:
    lines = [refusal(84 - 10 * n, 503, 10) for n in range(9)]
    seen = look(row("one", RegPhase.WAITING, 6))
    (word,) = words(seen, *lines, registered_at=NOW - 40)
    assert word is not None
    assert (word.attempts, word.max_retries) == (4, 10)
    (word,) = words(seen, *lines)
    assert word is not None
    assert word.attempts is None
    later = [*lines[:-1], refusal(4, 503, 120)]
    (word,) = words(seen, *later, registered_at=NOW - 40)
    assert word is not None
    assert word.attempts is None, "told to come back later: that is no retry"


def test_times_are_made_ours_when_they_are_heard_whatever_the_clock_is_set_to_later() -> None:
    memory, seen = HeardMemory(), look(row("one", RegPhase.WAITING, 6))
    remember_heard(memory, TailFacts(refusals=(refusal(4, 403, 10),)), seen)
    set_back = look(row("one", RegPhase.WAITING, 6), clock=CLOCK - 86400)
    word = HeardView(memory, set_back, {"one": str(CLIENT)}).word(set_back.legs[0], NOW - 30)
    assert word is not None
    assert word.code == 403
    unknown = HeardMemory()
    remember_heard(unknown, TailFacts(refusals=(refusal(4, 403, 10),)), look(clock=None))
    assert not unknown.refused


def failure(source: str, ago: float) -> AuthFailure:
    return AuthFailure(CLOCK - ago, Safe("REGISTER"), Safe(source), Safe("100"), Safe("line"))


def test_a_success_ends_a_burst_and_a_pause_begins_another() -> None:
    memory = HeardMemory()
    many = tuple(failure("a", 100 - n) for n in range(BURST))
    remember_heard(memory, TailFacts(auth_failures=many), look())
    assert memory.tallies["a"].burst
    through = AuthSuccess(CLOCK - 1, Safe("a"))
    remember_heard(memory, TailFacts(auth_successes=(through,)), look())
    assert "a" not in memory.tallies
    slow = tuple(failure("b", 4000 - n * (WINDOW_S / BURST + 5)) for n in range(3 * BURST))
    remember_heard(memory, TailFacts(auth_failures=slow), look())
    assert not memory.tallies["b"].burst
    remember_heard(memory, TailFacts(auth_failures=(failure("b", 0),)), look())
    assert memory.tallies["b"].count == 1


def test_a_log_that_invents_names_does_not_fill_memory() -> None:
    memory, seen = HeardMemory(), look()
    for start in range(0, 3 * MOST_PAIRS, 500):
        refusals = tuple(
            Refusal(CLOCK, RefusalKind.STOPPED, SERVER, Safe(f"sip:{n}"), 403, None, Safe("x"))
            for n in range(start, start + 500)
        )
        failures = tuple(failure(f"10.{n}", 1) for n in range(start, start + 500))
        invites = tuple(InviteRefusal(CLOCK, f"e{n}", Safe("x")) for n in range(start, start + 500))
        remember_heard(memory, TailFacts(refusals, failures, (), invites), seen)
    assert len(memory.refused) == len(memory.invites) == MOST_PAIRS
    assert len(memory.tallies) <= MOST_PAIRS
