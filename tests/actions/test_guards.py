"""The guards, one table: what is changed in a sound request, which guard then refuses, with what words, for what."""

from __future__ import annotations

from typing import Any

import pytest
from msgspec.structs import replace

from tests.fleets import NOW, leg
from trunktui.actions.guards import GUARDS, Facts, allowed, rule
from trunktui.actions.past import LONGEST_WAIT_S, Act, Past
from trunktui.model.action import Consent, Plan, Statement, Verb, wanted
from trunktui.model.audit import Who
from trunktui.model.health import LegState, ProbeSignal, RegSignal
from trunktui.model.inventory import Group
from trunktui.model.snapshot import ProbeView, RegView
from trunktui.model.text import Safe
from trunktui.platforms import asterisk

ALICE, BOB = Who("alice", 1, host="jump1"), Who("bob", 2, host="jump1")
RED, BLUE = leg("red@nyc", carrier="alpha"), leg("blue@nyc", carrier="beta")
OTHER = leg("red@lon", carrier="alpha")
YES = Consent(yes=True, reason="ticket 7")


def facts(**changes: Any) -> Facts:
    """Return a sound request to re-register red@nyc: every guard lets it through; with `changes`."""
    seen = changes.get("leg", RED)
    sound = Facts(
        verb=Verb.REREGISTER,
        leg_id="red@nyc",
        leg=seen,
        plan=asterisk.plan(changes.get("verb", Verb.REREGISTER), seen) if seen is not None else None,
        now=NOW,
        interval_s=30.0,
        sbc_write=True,
        unlocked_until=NOW + 60,
        legs=(seen, BLUE, OTHER) if seen is not None else (),
        groups=(Group("out", ("red", "blue")),),
        batch=("red@nyc",),
        me="alice",
        consent=YES,
    )
    return replace(sound, **changes)


def did(ago_s: float, what: str = "red@nyc", **changes: Any) -> Act:
    """Return an action of the past, ended and proved."""
    carrier = {"red": "alpha", "blue": "beta"}[what.partition("@")[0]]
    act = Act("a", 1, "reregister", what, "nyc", carrier, ALICE, ago_s, ago_s, ending="verified")
    return replace(act, **changes)


def past(*acts: Act) -> dict[str, Any]:
    return {"past": Past(acts)}


def red(**changes: Any) -> dict[str, Any]:
    return {"leg": replace(RED, **changes)}


def failing(signal: RegSignal, probe: ProbeSignal, code: int | None = None) -> dict[str, Any]:
    """Return red@nyc down: its registration fails, OPTIONS says `probe`."""
    view = RegView(signal, next_at=NOW - 500, gave_up=signal is RegSignal.GAVE_UP, code=code)
    return red(state=LegState.DOWN, registration=view, probe=ProbeView(probe))


def alone() -> dict[str, Any]:
    """Return red@nyc as the last healthy leg of its group."""
    down = [
        replace(other, state=state) for other, state in ((BLUE, LegState.DOWN), (OTHER, LegState.UNKNOWN))
    ]
    return {"legs": (RED, *down)}


def beside(act: Act) -> dict[str, Any]:
    """Return red@nyc with blue@nyc as the only other healthy leg of its group, and what was done to that."""
    return {"legs": (RED, BLUE, replace(OTHER, state=LegState.DOWN)), **past(act)}


S = Statement
REFUSED: list[tuple[str, dict[str, Any], str, tuple[Statement, ...]]] = [
    # guard, what is changed, words of the refusal, what would satisfy it
    ("known", {"leg": None}, "there is no leg red@nyc", ()),
    ("known", red(why_not_actionable="not in its SBC's fresh list"), "not in its SBC's fresh list", ()),
    ("known", {"plan": Safe("this leg does not register")}, "does not register", ()),
    ("write", {"sbc_write": False}, "`write = true` is not set", ()),
    ("write", {"unlocked_until": None}, "read-only: unlock write mode first, it lasts 15 minutes", ()),
    ("write", {"unlocked_until": NOW}, "read-only", ()),
    ("fresh", red(observed_at=NOW - 61), "61 s old (limit 60 s, two intervals)", ()),
    ("fresh", red(observed_at=None), "has not answered yet", ()),
    ("fresh", red(observed_at=None) | {"link_words": "connection refused"}, "connection refused", ()),
    ("fresh", red(state=LegState.UNKNOWN), "its state is unknown", ()),
    ("not_all", {"batch": ("red@nyc", "blue@nyc")}, "every leg of SBC nyc (2) in one go", ()),
    ("not_all", {"batch": ("red@nyc", "red@lon")}, "every leg of carrier alpha (2) in one go", ()),
    ("pause", past(did(59)), "done 59 s ago (limit 60 s): wait 1 s more", ()),
    ("pause", past(did(5, ending="unverified")), "done 5 s ago", ()),
    ("pause", past(did(5, by=BOB)), "done 5 s ago", ()),
    ("rate", past(*(did(n, "blue@nyc") for n in (100, 200, 599))), "alice did 3 in the last 10 minutes (limit 3): wait 1 s", ()),
    ("carrier", past(did(30, verb="switch", carrier="", ending=None, by=BOB)), "to red@nyc since 30 s: wait for its end", ()),
    ("carrier", past(did(30, "red@lon", ending=None, by=BOB)), "red@lon of carrier alpha is under way since 30 s by bob", ()),
    ("cause", failing(RegSignal.RETRYING, ProbeSignal.DEAD, 403), "the last result was 403", (S.FIXED,)),
    ("cause", failing(RegSignal.GAVE_UP, ProbeSignal.DEAD, 401), "the last result was 401", (S.FIXED,)),
    ("cause", failing(RegSignal.RETRYING, ProbeSignal.OK), "likely refuses (401 or 403)", (S.FIXED,)),
    ("cause", failing(RegSignal.GAVE_UP, ProbeSignal.UNMONITORED), "gave up, as after 401 or 403", (S.FIXED,)),
    ("last_path", alone(), "last healthy leg of group out: type out and give a reason", (S.GROUP_NAME, S.REASON)),
    ("last_path", alone() | {"consent": Consent(yes=True, typed="out")}, "give a reason", (S.GROUP_NAME, S.REASON)),
    ("last_path", alone() | {"consent": Consent(yes=True, typed="red", reason="x")}, "type out", (S.GROUP_NAME, S.REASON)),
    ("last_path", beside(did(3, "blue@nyc", ending=None)), "(blue@nyc was acted on and is not proved): type out", (S.GROUP_NAME, S.REASON)),
    ("last_path", beside(did(50, "blue@nyc", ending="failed")), "(blue@nyc was acted on", (S.GROUP_NAME, S.REASON)),
    ("last_path", beside(did(50, "blue@nyc", ending="unverified")), "(blue@nyc was acted on", (S.GROUP_NAME, S.REASON)),
    ("confirmed", {"consent": Consent(reason="x")}, "say yes to reregister red@nyc", (S.YES,)),
]  # fmt: skip

ALLOWED: list[tuple[str, dict[str, Any]]] = [
    ("a sound request", {}),
    ("facts of exactly two intervals", red(observed_at=NOW - 60)),
    ("one leg of each SBC", {"batch": ("red@nyc", "blue@lon")}),
    ("done a minute ago", past(did(60))),
    ("tried just now, but provably not sent", past(did(1, ending="refused", sent=False))),
    ("two in ten minutes", past(did(100, "blue@nyc"), did(200, "blue@nyc"))),
    ("three, the first longer ago", past(*(did(n, "blue@nyc") for n in (100, 200, 601)))),
    ("three by another operator", past(*(did(n, "blue@nyc", by=BOB) for n in (100, 200, 300)))),
    ("another carrier under way", past(did(30, "blue@nyc", ending=None))),
    ("an old intent whose process is gone", past(did(200, "red@lon", ending=None))),
    ("the carrier was silent", failing(RegSignal.RETRYING, ProbeSignal.DEAD)),
    ("it gave up on a silent carrier", failing(RegSignal.GAVE_UP, ProbeSignal.DEAD)),
    ("refused, and the cause was fixed", failing(RegSignal.GAVE_UP, ProbeSignal.OK, 403) | {"consent": replace(YES, fixed=True)}),
    ("beside a leg that was proved to be back", beside(did(20, "blue@nyc"))),
    ("beside a leg that nothing reached", beside(did(20, "blue@nyc", ending="failed", sent=False))),
    ("beside a leg that failed and was polled since", beside(did(61, "blue@nyc", ending="failed"))),
    ("the last path by its name", alone() | {"consent": Consent(yes=True, typed="out", reason="ticket 7")}),
    ("a leg that is down anyway", failing(RegSignal.RETRYING, ProbeSignal.DEAD) | {"groups": (Group("out", ("red",)),)}),
]  # fmt: skip


@pytest.mark.parametrize(("guard", "changes", "words", "wants"), REFUSED, ids=lambda v: str(v)[:40])
def test_a_guard_refuses_with_the_figures_and_the_way_out(
    guard: str, changes: dict[str, Any], words: str, wants: tuple[Statement, ...]
) -> None:
    rulings = rule(facts(**changes))
    refusals = {ruling.guard: ruling for ruling in rulings if not ruling.allowed}
    assert set(refusals) == {guard}, "one change, one guard"
    assert words in refusals[guard].sentence
    assert refusals[guard].wants == wants
    assert not allowed(rulings)
    assert wanted(rulings) == (wants or None)


@pytest.mark.parametrize(("what", "changes"), ALLOWED, ids=lambda v: v if isinstance(v, str) else "")
def test_what_is_sound_is_let_through_by_every_guard(what: str, changes: dict[str, Any]) -> None:
    rulings = rule(facts(**changes))
    assert [ruling for ruling in rulings if not ruling.allowed] == [], what
    assert allowed(rulings)
    assert wanted(rulings) == ()
    assert all(ruling.sentence for ruling in rulings)


def test_every_guard_stands_in_the_table() -> None:
    assert {guard for guard, *_ in REFUSED} == {guard.name for guard in GUARDS}


def test_a_probe_needs_no_write_mode_and_no_yes_but_a_known_fresh_leg_and_a_pause() -> None:
    harmless = {"verb": Verb.PROBE, "sbc_write": False, "unlocked_until": None, "consent": Consent()}
    rulings = rule(facts(**harmless))
    assert allowed(rulings)
    assert {ruling.guard for ruling in rulings} == {"known", "fresh", "pause"}
    assert not allowed(rule(facts(**harmless, **past(did(4, verb="probe")))))
    assert allowed(rule(facts(**harmless, **past(did(4)))))
    assert not allowed(rule(facts(**harmless, **red(observed_at=NOW - 61))))


def test_all_statements_that_are_missing_are_wanted_at_once() -> None:
    rulings = rule(facts(**alone(), consent=Consent()))
    assert wanted(rulings) == (S.GROUP_NAME, S.REASON, S.YES)
    hopeless = rule(facts(**alone(), sbc_write=False))
    assert wanted(hopeless) is None, "saying something does not help there"


def test_a_leg_of_unknown_carrier_waits_for_others_of_unknown_carriers() -> None:
    lone = replace(RED, carrier=None)
    busy = past(did(10, "blue@nyc", carrier="", ending=None))
    assert {r.guard for r in rule(facts(leg=lone, **busy)) if not r.allowed} == {"carrier"}


def test_of_two_intents_at_once_the_earlier_goes_on() -> None:
    mine = did(0, action="mine", seq=8, ending=None)
    other = did(0, "red@lon", action="other", seq=7, ending=None)
    seen_by_mine = Past((other, mine)).before("mine", 8)
    seen_by_other = Past((other, mine)).before("other", 7)
    assert not allowed(rule(facts(past=seen_by_mine)))
    assert allowed(rule(facts(past=seen_by_other)))


def test_the_plan_is_there_for_a_sound_request() -> None:
    assert isinstance(facts().plan, Plan)


def test_a_command_that_waited_for_a_lock_is_as_young_as_it_may_be() -> None:
    waited = did(65.0, ended_ago_s=48.0)
    assert waited.done_ago_s == 48.0
    assert did(65.0, ended_ago_s=10.0).done_ago_s == 65.0 - LONGEST_WAIT_S, (
        "the proof took long, not the sending"
    )
    assert did(65.0, ended_ago_s=None, ending=None).done_ago_s == 65.0 - LONGEST_WAIT_S
