"""The guards of a switch, one table: what is changed in a sound request, which guard then refuses, with what words."""

from __future__ import annotations

import datetime as dt
from typing import Any

import pytest
from msgspec.structs import replace

from tests.actions.switch_scene import ROUTE, switch_inventory
from tests.actions.switched import Switched
from tests.fleets import NOW, leg
from trunktui.actions.moves import Spot, leads, move_back, move_to, says
from trunktui.actions.past import Act, Past, part_of
from trunktui.actions.ruling import allowed
from trunktui.actions.switch_facts import SwitchFacts
from trunktui.actions.switch_guards import GUARDS, SHARES_LIMIT, rule
from trunktui.model.action import Consent, Plan, Statement, wanted
from trunktui.model.audit import Who
from trunktui.model.finding import Confidence, CredentialAge
from trunktui.model.health import LegState, ProbeSignal, RegSignal, Usage
from trunktui.model.inventory import AuthMode, Carrier, Failover, Group
from trunktui.model.marks import Maintenance, Scope, Target
from trunktui.model.observation import Contact, ContactState
from trunktui.model.route import ActiveRoute, RouteReading, Share
from trunktui.model.snapshot import ChannelsView, CleanRun, GroupStatus, LegStatus, ProbeView, RegView
from trunktui.model.switch import Move, SwitchKind, Waits, Wish
from trunktui.model.text import Safe, clean

ALICE, BOB = Who("alice", 1, host="jump1"), Who("bob", 2, host="jump1")
VALUES = {"red": "red", "blue": "blue", "green": "green"}
TODAY = dt.date(2026, 11, 26)
S, K = Statement, SwitchKind


def reading(*values: str, **changes: Any) -> RouteReading:
    """Return what a route says, read 4 s ago."""
    return replace(RouteReading(ROUTE, NOW - 4, tuple(Share(clean(value)) for value in values)), **changes)


def weighed(red: int, green: int) -> RouteReading:
    """Return a route that shares the calls by these weights."""
    return reading(shares=(Share(clean("red"), red), Share(clean("green"), green)))


def a_leg(name: str, **changes: Any) -> LegStatus:
    """Return a healthy leg on SBC one with a long clean run, little load and much room."""
    sound = replace(
        leg(f"{name}@one", carrier={"blue": "beta", "green": "gamma"}.get(name, "alpha")),
        clean=CleanRun(100, NOW - 3600),
        load=40,
        channels=ChannelsView(Usage.NORMAL, active=40, cap=200, used=80),
        groups=("out",),
    )
    return replace(sound, **changes)


def move(**changes: Any) -> Move:
    """Return the move of group `out` on SBC one from red to blue."""
    sound = Move(
        K.SWITCH, "out", "one", ROUTE, reading("red"), (Share(clean("blue")),), "red", "blue", VALUES
    )
    return replace(sound, **changes)


def facts(**changes: Any) -> SwitchFacts:
    """Return a sound request to switch `out` on `one` from red to blue; `legs` changes single legs by name."""
    moved: Move = changes.pop("move", move())
    fleet = {name: a_leg(name) for name in VALUES} | changes.pop("legs", {})
    sound = SwitchFacts(
        wish=Wish(moved.kind, "out", moved.target, ("one",), (moved.undoes,) if moved.undoes else ()),
        sbc="one",
        action="w.1",
        move=moved,
        plan=Switched().plan_switch(moved, fleet.get(moved.target), tuple(fleet.values())),
        reading=moved.stands,
        now=NOW,
        interval_s=30.0,
        today=TODAY,
        sbc_write=True,
        unlocked_until=NOW + 60,
        inventory=switch_inventory(),
        legs=tuple(fleet.values()),
        moving=(moved,),
        me="alice",
        consent=Consent(yes=True, typed="out"),
    )
    return replace(sound, **changes)


def back(**changes: Any) -> dict[str, Any]:
    """Return a failback from blue to red."""
    sound = move(
        kind=K.FAILBACK, stands=reading("blue"), goal=(Share(clean("red")),), source="blue", target="red"
    )
    return {"move": replace(sound, **changes)}


def undo(**changes: Any) -> dict[str, Any]:
    """Return the undo of a switch from red to blue that alice did 100 s ago."""
    act = changes.pop("act", did(100, action="u.1"))
    sound = replace(back()["move"], kind=K.UNDO, undoes=act.action)
    return {"move": replace(sound, **changes), "undone": act, "past": Past((act,))}


def did(ago_s: float, *, kind: SwitchKind = K.SWITCH, **changes: Any) -> Act:
    """Return an earlier switch of `out` on `one` from red to blue, proved at once."""
    act = Act(
        "a.1", 1, "switch", "blue@one", "one", "beta", ALICE, ago_s, ago_s, "verified", move=move(kind=kind)
    )
    return replace(act, **changes)


def past(*acts: Act) -> dict[str, Any]:
    return {"past": Past(acts)}


def legs(**changed: dict[str, Any]) -> dict[str, Any]:
    """Return the fleet with changes to legs by trunk."""
    found = {name: a_leg(name, **changes) for name, changes in changed.items()}
    if (there := found.get("there")) is not None:  # of red, on the other SBC
        found["there"] = replace(there, id="red@two", trunk="red", sbc="two")
    return {"legs": found}


def config(**changes: Any) -> dict[str, Any]:
    return {"inventory": replace(switch_inventory(), **changes)}


def trunk(name: str, **changes: Any) -> dict[str, Any]:
    """Return the config with changes to one trunk."""
    return config(
        trunks=tuple(replace(t, **changes) if t.name == name else t for t in switch_inventory().trunks)
    )


def stranger() -> dict[str, Any]:
    """Return a protected trunk of no group that stands at the route beside red."""
    known = switch_inventory()
    trunks = (*known.trunks, replace(known.trunks[0], name="rescue", protect=True))
    shared = reading("red", "rescue")
    return config(trunks=trunks) | {"move": move(stands=shared)} | legs(rescue={"carrier": "alpha"})


def destinations(*uris: str) -> ProbeView:
    """Return a far end of several destinations that all answer."""
    answers = (Contact(Safe(uri), ContactState.REACHABLE, 20.0, Safe("row")) for uri in uris)
    return ProbeView(ProbeSignal.OK, contacts=tuple(answers))


def held(kind: SwitchKind = K.SWITCH) -> dict[str, Any]:
    """Return the way back to red, which the route holds out on one."""
    stands = reading(shares=(Share(clean("red"), held=True), Share(clean("blue"))))
    changes: dict[str, Any] = undo() if kind is K.UNDO else {}
    return changes | back(kind=kind, stands=stands, undoes="u.1" if kind is K.UNDO else "")


def waits(**changes: Any) -> dict[str, Any]:
    """Return the config with other waits."""
    return config(waits=Waits(**changes))


def three(who: Who = ALICE, kind: SwitchKind = K.SWITCH) -> dict[str, Any]:
    """Return three wishes of another group by `who`, the first of them two parts."""
    other = replace(move(kind=kind), group="in")
    names = (part_of("x", 1), part_of("x", 2), part_of("y", 1), part_of("z", 1))
    acts = zip(names, (500, 480, 400, 300), strict=True)
    return past(*(did(ago, action=name, by=who, move=other) for name, ago in acts))


DOWN = {"state": LegState.DOWN, "reason": Safe("3 OPTIONS unanswered"), "clean": None}
OFF = {"state": LegState.ADMIN_OFF, "reason": Safe("disabled"), "clean": None, "since_at": NOW - 5}
LAPSED = {"registration": RegView(RegSignal.RETRYING)}
FULL = {"channels": ChannelsView(Usage.HIGH, active=180, cap=200, used=176)}
TYPED = Consent(yes=True, typed="out", reason="ticket 7")
TAKES_ON = replace(TYPED, glass=True)
DAY = dt.datetime(2026, 11, 26, tzinfo=dt.UTC)
MAINTENANCE = Maintenance(
    "m", Target(Scope.LEG, "blue@one"), DAY, DAY + dt.timedelta(1), Safe("works"), ALICE, DAY
)
GLASS = (S.GROUP_NAME, S.REASON, S.GLASS)
OVERDUE = CredentialAge(
    "blue", None, 100, TODAY, Safe("config"), Confidence.CONFIGURED, TODAY - dt.timedelta(10)
)

REFUSED: list[tuple[str, dict[str, Any], str, tuple[Statement, ...]]] = [
    # guard, what is changed, words of the refusal, what would satisfy it
    ("known", {"plan": clean("astdb trunk/out cannot be written yet")}, "cannot be written yet", ()),
    ("known", legs(blue={"why_not_actionable": clean("not in the fresh list")}), "blue@one is not actionable: not in the fresh list", ()),
    ("known", {"move": move(stands=reading("red", *("x" * n for n in range(1, SHARES_LIMIT + 1))))}, "entries (limit 256)", ()),
    ("known", {"move": move(stands=reading("sip:me:hunter2@192.0.2.1"))}, "looks like a secret", ()),
    ("write", {"sbc_write": False}, "`write = true` is not set", ()),
    ("write", {"unlocked_until": None}, "unlock write mode first", ()),
    ("fresh", legs(blue={"observed_at": NOW - 61}), "blue@one is 61 s old (limit 60 s, two intervals)", ()),
    ("fresh", legs(red={"observed_at": NOW - 61}), "red@one is 61 s old", ()),
    ("fresh", legs(red={"observed_at": None}), "red@one was not read yet", ()),
    ("fresh", {"reading": reading("red", at=NOW - 61)}, "what astdb trunk/out says is 61 s old", ()),
    ("fresh", {"reading": reading("red", at=NOW - 61), "link_words": "connection refused"}, "connection refused", ()),
    ("fresh", legs(red={"state": LegState.UNKNOWN}), "the state of red@one is unknown", ()),
    ("route", {"reading": reading(why=clean("it may not be read"))}, "cannot be read: it may not be read", ()),
    ("route", {"reading": reading("green")}, "it says green now, was red when you looked (by somebody on another host", ()),
    ("route", {"move": move(stands=reading(why=clean("refused"))), "reading": reading("red")}, "was not read when you looked: look again", ()),
    ("route", {"move": move(stands=weighed(1, 9)), "reading": weighed(5, 5)}, "its weights changed (by somebody", ()),
    ("protected", trunk("red", protect=True), "red is protected (`protect = true`): nothing is switched away from it", ()),
    ("protected", trunk("blue", protect=True), "nothing is switched to it", ()),
    ("protected", trunk("green", protect=True) | {"move": move(stands=reading(shares=(Share(clean("red")), Share(clean("green"), alive=False))))}, "nothing is switched away from it", ()),
    ("protected", stranger(), "rescue is protected (`protect = true`): nothing is switched away from it", ()),
    ("protected", trunk("green", protect=True) | {"move": move(stands=reading("sip:b"), source="", values={"red": "red", "blue": "blue"})}
     | legs(green={"probe": destinations("sip:a", "sip:b")}), "green is protected (`protect = true`): nothing is switched away", ()),
    ("upstream", config(carriers=(Carrier("alpha", "transit"), Carrier("beta", "transit"))), "blue leaves on the same network as red (transit)", ()),
    ("target", legs(blue=DOWN), "blue@one is down (3 OPTIONS unanswered), and red@one carries the calls (up): nothing is moved", ()),
    ("target", {**legs(blue=DOWN), "consent": TAKES_ON}, "nothing is moved", ()),
    ("target", legs(blue={"state": LegState.DEGRADED}), "break glass: blue@one is degraded", GLASS),
    ("target", legs(blue={"state": LegState.DEGRADED}), "red@one is better: up. Type out, give a reason and say break glass", GLASS),
    ("target", legs(blue={"flapping": True}), "blue@one flaps", GLASS),
    ("target", {**legs(blue={"flapping": True}), "consent": TYPED}, "blue@one flaps", GLASS),
    ("target", held() | legs(red=OFF), "red@one is held out by astdb trunk/out, so nobody probes it here; no other SBC has a leg of red", GLASS),
    ("target", held() | legs(red=OFF, there={"clean": CleanRun(1, NOW - 30)}), "red@two answered 1 OPTIONS in a row (2 are needed)", GLASS),
    ("target", held() | legs(red=OFF, there={"observed_at": NOW - 61}), "red@two was not seen just now", GLASS),
    ("target", held() | legs(red=OFF, there={"flapping": True}), "red@two flaps", GLASS),
    ("target", held() | legs(red=OFF, there=DOWN), "red@two is down (3 OPTIONS unanswered), and blue@one carries the calls (up): nothing is moved", ()),
    ("target", held() | legs(red=OFF | LAPSED, there={}), "red@one is not registered (retrying), and blue@one carries the calls", ()),
    ("target", held() | trunk("red", enabled=False) | legs(red=OFF, there={}), "red@one is off", ()),
    ("target", {"move": move(stands=reading("blue"), source="blue", target="red", goal=(Share(clean("red")),))} | legs(red=OFF, there={}), "red@one is off", ()),
    ("hold", held(K.FAILBACK) | legs(red=OFF, there={"since_at": NOW - 599}), "red@two is up since 599 s only", ()),
    ("clean", held(K.FAILBACK) | legs(red=OFF, there={"clean": CleanRun(9, NOW - 400)}), "red@two answered 9 OPTIONS in a row over 400 s (needed: 10 over 300 s): wait", ()),
    ("clean", held(K.FAILBACK) | waits(clean_probes=40) | legs(red=OFF, there={"clean": CleanRun(24, NOW - 720)}), "(needed: 40 over 300 s)", ()),
    ("pause", waits(pause_s=90.0) | past(did(89)), "89 s ago (limit 90 s)", ()),
    ("hold", back() | waits(hold_s=20.0, pause_s=10.0) | past(did(19)), "19 s ago (limit 20 s)", ()),
    ("fresh", {"interval_s": 1.0} | legs(blue={"observed_at": NOW - 6}), "blue@one is 6 s old (limit 5 s)", ()),
    ("target", legs(blue={"maintenance": MAINTENANCE}), "blue@one is in maintenance", GLASS),
    ("target", legs(blue={"clean": CleanRun(1, NOW - 30)}), "answered 1 OPTIONS in a row (2 are needed)", GLASS),
    ("target", legs(blue={"clean": None}), "answered 0 OPTIONS in a row", GLASS),
    ("target", legs(red=DOWN, blue=DOWN), "green@one is better: up", GLASS),
    ("target", legs(red=DOWN, blue=DOWN, green=DOWN), "no trunk of the group is better there, so it may be the lesser evil", GLASS),
    ("target", past(did(5, verb="reregister", ending=None, move=None)), "blue@one: a reregister by alice is under way", GLASS),
    ("target", past(did(5, verb="reregister", ending="unverified", move=None)), "blue@one: a reregister by alice proved nothing just now", GLASS),
    ("target", undo() | legs(red=DOWN), "it would send calls back to red, which is down", GLASS),
    ("target", undo(goal=(), target=""), "where the SBC sends calls while nothing is set is not known", GLASS),
    ("target", undo(goal=(Share(clean("pink")),), target=""), "pink is no trunk of out", GLASS),
    ("room", legs(blue=FULL), "40 to move, 24 free of 200 on blue: 60 % of it fits, and red@one carries it now", ()),
    ("room", {"move": move(stands=reading("red", "blue"))} | legs(blue=FULL), "40 to move, 24 free of 200 on blue: 60 % of it fits, and red@one carries it now", ()),
    ("room", {"move": move(stands=reading(shares=(Share(clean("red"), 9), Share(clean("blue"), 1))))} | legs(blue=FULL), "and red@one carries it now", ()),
    ("pause", past(did(59)), "out was moved on one 59 s ago (limit 60 s): wait 1 s more", ()),
    ("pause", past(did(10, ending="unverified", by=BOB)), "out was moved on one 10 s ago", ()),
    ("rate", three(), "alice switched 3 times in the last 10 minutes (limit 3): wait 100 s", ()),
    ("busy", past(did(70, sbc="two", ending=None, ended_ago_s=None, by=BOB)), "bob switches out on two since 70 s: wait for its end", ()),
    ("hold", back() | past(did(300)), "out was switched 300 s ago (limit 600 s): wait, or switch to red by its name", ()),
    ("hold", back() | legs(red={"since_at": NOW - 599}), "red@one is up since 599 s only (limit 600 s)", ()),
    ("clean", back() | legs(red={"clean": CleanRun(9, NOW - 400)}), "answered 9 OPTIONS in a row over 400 s (needed: 10 over 300 s)", ()),
    ("clean", back() | legs(red={"clean": CleanRun(20, NOW - 299)}), "over 299 s", ()),
    ("clean", back() | legs(red={"registration": RegView(RegSignal.RETRYING)}), "red@one is not registered (retrying)", ()),
    ("undo", undo() | {"undone": None}, "no switch of out on one is known", ()),
    ("undo", undo(act=did(901, action="u.1")), "15 minutes ago (limit 15): switch it by name", ()),
    ("undo", undo(act=did(200, action="u.1", ending=None, ended_ago_s=None)), "nobody knows yet whether the switch by alice was done", ()),
    ("undo", undo(act=did(100, action="u.1", ending="failed")), "failed after it was sent: see what stands there", ()),
    ("undo", undo(act=did(100, action="u.1", ending="refused", sent=False)), "was not done (refused)", ()),
    ("undo", undo(act=did(100, action="u.1", ending="unverified", sent=False)), "was not done", ()),
    ("undo", undo() | past(did(100, action="u.1"), did(90, action="v.1", by=BOB)), "it was switched again 90 s ago by bob", ()),
    ("undo", undo() | past(did(100, action="u.1"), did(90, action="v.1", by=BOB, move=move(kind=K.UNDO, undoes="u.1"))), "it was taken back 90 s ago by bob", ()),
    ("undo", undo(stands=reading("green"), source="green"), "it says green now, and that switch had set blue", ()),
    ("undo", undo(act=did(100, action="u.1", over="noc@192.0.2.77")), "noc@192.0.2.77 was switched, and one is noc@192.0.2.1 now", ()),
    ("confirmed", {"consent": Consent(typed="out")}, "type out and say yes", (S.YES,)),
    ("confirmed", {"consent": Consent(yes=True, typed="ou")}, "type out and say yes", (S.GROUP_NAME,)),
    ("confirmed", {"consent": Consent()}, "type out and say yes", (S.GROUP_NAME, S.YES)),
]  # fmt: skip

ALLOWED: list[tuple[str, dict[str, Any]]] = [
    ("a sound switch", {}),
    ("a sound failback", back()),
    ("a sound undo", undo()),
    ("an undo of what another login did", undo(act=did(100, action="u.1", over="bob@192.0.2.1"))),
    ("an undo to a trunk that is held out and answers elsewhere", held(K.UNDO) | legs(red=OFF, there={"clean": CleanRun(2, NOW - 60)})),
    ("an undo after which another only stands by", undo(goal=(Share(clean("red")), Share(clean("blue"))))
     | legs(blue={"clean": CleanRun(1, NOW - 30)})),
    ("a failback to one that is held out and answers elsewhere", held(K.FAILBACK) | legs(red=OFF, there={})),
    ("the glass is broken for one that is held out and has no leg elsewhere", held(K.FAILBACK) | legs(red=OFF) | {"consent": TAKES_ON}),
    ("a failback as soon as the config lets it", back() | waits(hold_s=20.0, clean_s=10.0, clean_probes=2, pause_s=10.0)
     | past(did(20)) | legs(red={"since_at": NOW - 20, "clean": CleanRun(2, NOW - 10)})),
    ("facts of a poll that took its time", {"interval_s": 1.0, "reading": reading("red", at=NOW - 5)}),
    ("facts of exactly two intervals", legs(blue={"observed_at": NOW - 60})),
    ("one that only stands by leaves on the same network", {"move": move(stands=reading("red", "blue", "green"))}
     | config(carriers=(Carrier("alpha", "net"), Carrier("beta", "transit"), Carrier("gamma", "transit")))),
    ("the target has the calls already", {"move": move(stands=reading("blue", "red"))} | legs(blue=FULL)),
    ("away from a trunk that is down", legs(red=DOWN)),
    ("the glass is broken for a target in doubt", {**legs(blue={"state": LegState.DEGRADED}), "consent": TAKES_ON}),
    ("the glass is broken among trunks that are all down", {**legs(red=DOWN, blue=DOWN), "consent": TAKES_ON}),
    ("the glass is broken for an undo to what is down", undo() | legs(red=DOWN) | {"consent": TAKES_ON}),
    ("a target on which no OPTIONS are sent", legs(blue={"clean": None, "probe": ProbeView(ProbeSignal.UNMONITORED)})),
    ("a failback to one by IP address", back() | legs(red={"auth": AuthMode.IP, "registration": RegView(RegSignal.NOT_USED)})),
    ("a failback to one without OPTIONS", back() | legs(red={"clean": None, "probe": ProbeView(ProbeSignal.UNMONITORED)})),
    ("moved a minute ago", past(did(60))),
    ("tried just now, and provably not sent", past(did(1, ending="refused", sent=False))),
    ("a credential that is in date", {"credentials": (replace(OVERDUE, due=TODAY), replace(OVERDUE, trunk="red"))}),
    ("a probe of the target under way", past(did(5, verb="probe", ending=None, move=None))),
    ("another SBC moved just now", past(did(1, sbc="two"))),
    ("the same wish on another SBC just now", past(did(1, sbc="two", action="w.2"))),
    ("three wishes of another operator", three(BOB)),
    ("three that were taken back", three(kind=K.UNDO)),
    ("an undo right after the switch, the fourth in ten minutes", undo(act=did(2, action="u.1"))),
    ("a failback ten minutes after the last switch", back() | past(did(600))),
    ("a group that nobody moved, of two with one account", trunk("blue", account="acc") | trunk("red", account="acc")),
    ("a switch of an old intent whose process is gone", past(did(200, ending=None, ended_ago_s=None))),
    ("an undo of a switch of which nobody knows", undo(act=did(100, action="u.1", ending="unverified"))),
    ("an undo of a switch after one that was taken back", undo() | past(
        did(100, action="u.1"), did(90, action="v.1"), did(80, action="x.1", move=move(kind=K.UNDO, undoes="v.1")))),
    ("an undo where weights were changed and most go there", undo(
        stands=reading(shares=(Share(clean("red"), 1), Share(clean("blue"), 9))))),
]  # fmt: skip

WARNED: list[tuple[str, dict[str, Any], str]] = [
    ("room", legs(red=DOWN | {"load": 40}, blue=FULL), "warning: 40 to move, 24 free of 200 on blue: 60 % of it fits, which beats nothing"),
    ("room", legs(blue={"channels": ChannelsView(Usage.NORMAL)}), "warning: 40 to move; blue has no cap that is known"),
    ("room", legs(red={"load": None}), "warning: the load to move is not known; blue has 120 free of 200"),
    ("room", legs(blue={"channels": ChannelsView(Usage.NORMAL, cap=200)}), "how full it is is not known"),
    ("room", undo() | legs(red=FULL), "warning: 40 to move, 24 free of 200 on red: 60 % of it fits"),
    ("room", undo() | legs(red=DOWN) | {"consent": TAKES_ON}, "warning: 40 to move; red is down: what is free there is not counted (its cap is 200)"),
    ("room", held(K.UNDO) | legs(red=OFF) | {"consent": TAKES_ON}, "red is off: what is free there is not counted (its cap is 200)"),
    ("credential", {"credentials": (OVERDUE,)}, "warning: that of blue is 10 days overdue"),
    ("automatic", config(groups=(Group("out", tuple(VALUES), Failover.AUTO, {"asterisk": ROUTE}),)), "stays marked until it is removed"),
]  # fmt: skip


@pytest.mark.parametrize(("guard", "changes", "words", "wants"), REFUSED, ids=lambda v: str(v)[:40])
def test_a_guard_refuses_with_the_figures_and_the_way_out(
    guard: str, changes: dict[str, Any], words: str, wants: tuple[Statement, ...]
) -> None:
    rulings = rule(facts(**changes))
    refusals = {ruling.guard: ruling for ruling in rulings if not ruling.allowed}
    assert guard in refusals, [ruling.words for ruling in rulings]
    assert words in refusals[guard].sentence
    assert refusals[guard].wants == wants
    assert set(refusals) == {guard}, "one change, one guard"
    assert not allowed(rulings)
    assert wants or wanted(rulings) is None


@pytest.mark.parametrize(("what", "changes"), ALLOWED, ids=lambda v: v if isinstance(v, str) else "")
def test_what_is_sound_is_let_through_by_every_guard(what: str, changes: dict[str, Any]) -> None:
    rulings = rule(facts(**changes))
    assert [ruling.words for ruling in rulings if not ruling.allowed] == [], what
    assert allowed(rulings)
    assert all(ruling.sentence for ruling in rulings)


@pytest.mark.parametrize(("guard", "changes", "words"), WARNED, ids=lambda v: str(v)[:40])
def test_what_only_the_operator_can_weigh_is_said_and_let_through(
    guard: str, changes: dict[str, Any], words: str
) -> None:
    rulings = rule(facts(**changes))
    assert allowed(rulings), [ruling.words for ruling in rulings if not ruling.allowed]
    (said,) = [ruling.sentence for ruling in rulings if ruling.guard == guard]
    assert said.startswith("warning: ")
    assert words in said


def test_every_guard_stands_in_a_table() -> None:
    tried = {guard for guard, *_ in (*REFUSED, *WARNED)}
    assert {guard.name for guard in GUARDS} == tried


def test_an_undo_is_never_held_up_by_a_pause_or_a_rate() -> None:
    names = {ruling.guard for ruling in rule(facts(**undo()))}
    assert {"pause", "rate", "hold", "clean"}.isdisjoint(names)
    assert {"target", "upstream", "protected", "room", "busy", "undo"} <= names


def test_an_undo_does_not_open_a_destination_of_a_protected_trunk_either() -> None:
    changes = undo(goal=(Share(clean("red")), Share(clean("sip:b")))) | trunk("green", protect=True)
    rulings = rule(facts(**changes, **legs(green={"probe": destinations("sip:a", "sip:b")})))
    (said,) = [ruling for ruling in rulings if ruling.guard == "protected"]
    assert not said.allowed
    assert "nothing is switched to it" in said.sentence
    assert not said.wants


@pytest.mark.parametrize(
    ("before", "words"),
    [
        (did(10), "wait 50 s more, or take that back"),
        (did(10, ending="failed"), "wait 50 s more"),
        (did(10, kind=K.UNDO), "wait 50 s more"),
    ],
)
def test_the_way_out_of_a_pause_is_one_that_there_is(before: Act, words: str) -> None:
    (said,) = [ruling for ruling in rule(facts(**past(before))) if ruling.guard == "pause"]
    assert said.sentence.endswith(words)


def test_without_a_plan_nothing_else_is_told() -> None:
    request = replace(facts(), move=None, plan=Safe("blue has no leg on one"))
    (ruling,) = rule(request)
    assert (ruling.guard, ruling.sentence, ruling.wants) == ("known", "blue has no leg on one", ())


def test_one_that_stands_by_is_not_where_the_calls_come_from() -> None:
    sbc = switch_inventory().sbcs[0]
    legs_ = tuple(a_leg(name) for name in VALUES)
    spot = Spot(sbc, Switched(), ROUTE, reading("red", "green"), legs_, VALUES)
    there = move_to(spot, K.SWITCH, "out", "green")
    assert isinstance(there, Move)
    assert (there.source, there.target) == ("red", "green")
    back_again = move_back(replace(spot, reading=reading("green")), there, "a.1")
    assert (back_again.source, back_again.target) == ("green", "red")
    assert [share.value for share in back_again.goal] == ["red", "green"]


def test_a_broken_glass_is_in_the_words_of_the_ruling() -> None:
    rulings = rule(facts(**legs(red=DOWN, blue=DOWN), consent=TAKES_ON))
    (target,) = [ruling for ruling in rulings if ruling.guard == "target"]
    assert target.words == "target: break glass: blue@one is down (3 OPTIONS unanswered); alice takes it on"


def test_the_room_is_for_all_that_moves_there_from_here_on() -> None:
    other = replace(move(), sbc="two", stands=reading("red"))
    two = {name: replace(a_leg(name), id=f"{name}@two", sbc="two") for name in VALUES}
    request = facts(
        moving=(move(), other),
        legs={"blue": a_leg("blue", channels=ChannelsView(Usage.HIGH, cap=200, used=150))},
    )
    request = replace(request, legs=(*request.legs, two["red"], two["green"]))
    (room,) = [ruling for ruling in rule(request) if ruling.guard == "room"]
    assert "80 to move, 50 free of 200 on blue: 62 % of it fits" in room.sentence
    last = replace(request, moving=(move(),))
    assert allowed(rule(last)), "the other SBC is done, and counted already"


def test_load_that_another_group_shares_is_no_reason_to_refuse() -> None:
    both = (*switch_inventory().groups, Group("in", ("red", "green")))
    request = facts(**config(groups=both), **legs(blue=FULL))
    (room,) = [ruling for ruling in rule(request) if ruling.guard == "room"]
    assert room.allowed
    assert "at most 40 to move (in goes there too)" in room.sentence
    elsewhere = GroupStatus(
        "in", LegState.UP, a_leg("red").severity, Safe(""), active=(ActiveRoute("one", ROUTE, trunk="green"),)
    )
    assert not allowed(rule(replace(request, groups=(elsewhere,))))


def test_one_account_has_no_room_to_need() -> None:
    trunks = tuple(replace(each, account="acc") for each in switch_inventory().trunks)
    rulings = rule(facts(**config(trunks=trunks), **legs(blue=FULL)))
    (room,) = [ruling for ruling in rulings if ruling.guard == "room"]
    assert room.allowed
    assert "one account" in room.sentence


def test_a_primary_that_flaps_is_neither_held_to_be_well_nor_gone_back_to() -> None:
    refusals = {
        ruling.guard for ruling in rule(facts(**back(), **legs(red={"flapping": True}))) if not ruling.allowed
    }
    assert refusals == {"hold", "target"}


def test_a_leg_that_vanished_is_no_target() -> None:
    request = facts(**back())
    gone = replace(request, legs=tuple(each for each in request.legs if each.trunk != "red"))
    refusals = {ruling.guard: ruling for ruling in rule(gone) if not ruling.allowed}
    assert set(refusals) == {"target", "clean"}
    assert "red has no leg on one" in refusals["target"].sentence


def test_a_split_is_judged_by_all_that_share_the_calls() -> None:
    split = move(stands=reading("red", "green"), source="")
    config_ = trunk("green", protect=True)
    refusals = [ruling.words for ruling in rule(facts(move=split, **config_)) if not ruling.allowed]
    assert refusals == ["protected: green is protected (`protect = true`): nothing is switched away from it"]


@pytest.mark.parametrize(
    ("shares", "goal", "so"),
    [
        ((), (), True),
        (("blue",), ("blue",), True),
        (("red",), ("blue",), False),
        (("blue",), (), False),
        ((), ("blue",), False),
        (("blue", "red"), ("blue",), False),
    ],
)
def test_a_route_says_what_is_wanted_or_not(
    shares: tuple[str, ...], goal: tuple[str, ...], *, so: bool
) -> None:
    assert says(reading(*shares), tuple(Share(clean(value)) for value in goal)) is so


def test_a_route_whose_others_are_held_out_says_the_one_that_is_left() -> None:
    held = reading(shares=(Share(clean("red"), held=True), Share(clean("blue"), alive=False)))
    assert says(held, (Share(clean("blue")),)), "found dead by the SBC, and the only one it may use again"
    assert not says(replace(held, why=clean("refused")), (Share(clean("blue")),))


@pytest.mark.parametrize(
    ("weights", "so"),
    [((9, 1), True), ((1, 9), False), ((5, 5), False), ((9, None), False), ((None, None), False)],
)
def test_a_route_by_weight_leads_to_the_heaviest(weights: tuple[int | None, int | None], *, so: bool) -> None:
    shares = (Share(clean("blue"), weights[0]), Share(clean("red"), weights[1]))
    assert leads(reading(shares=shares), (Share(clean("blue")),)) is so


def test_the_plan_is_there_for_a_sound_request() -> None:
    assert isinstance(facts().plan, Plan)
