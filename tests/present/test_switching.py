"""A switch as it is shown and as programs are told of it: what is the same of all SBCs once, what is not by name."""

from __future__ import annotations

import json
from pathlib import Path

import pytest
from msgspec.structs import replace

from tests.tui.fleet_samples import NOW
from tests.tui.switch_samples import (
    DOWN,
    GLASS,
    GROUP,
    LEG,
    SBCS,
    active,
    outcome,
    routed,
    sweep_of,
    undoable,
)
from trunktui.model.acting import Doings
from trunktui.model.action import Ending, Ruling, Statement, Swept
from trunktui.model.health import LegState
from trunktui.model.room import Room
from trunktui.model.route import RouteState, Share
from trunktui.model.snapshot import CleanRun, Snapshot
from trunktui.model.switch import SwitchKind, Waits, Wish
from trunktui.model.text import Safe
from trunktui.present.action import to_json
from trunktui.present.alike import alike
from trunktui.present.cells import plain
from trunktui.present.choosing import first_choice, is_outage, not_switchable, switchable, why_not
from trunktui.present.sweeping import (
    confirm_sweep_lines,
    failback_of,
    offer_lines,
    refused_on,
    sweep_seen,
    undo_of,
    undo_wish,
)
from trunktui.present.switching import (
    breaks_glass,
    figure_words,
    room_words,
    state_after,
    sweep_lines,
    switch_document,
    title,
)

GOLDEN = Path(__file__).parents[1] / "fixtures" / "documents" / "switch.json"
WISH = Wish(SwitchKind.SWITCH, GROUP, to="beta-us", sbcs=SBCS)


def halfway() -> Swept:
    """Return a switch of which the second SBC told nothing."""
    done = (
        ("nyc-1", outcome(Ending.VERIFIED, "3 new calls go to beta-us")),
        ("fra-1", outcome(Ending.UNVERIFIED, "the link was lost")),
    )
    said = Safe("switched to beta-us: nyc-1; fra-1 unverified: the link was lost; not touched: lon-2")
    return Swept("s1", WISH, Ending.UNVERIFIED, said, done, ("lon-2",))


def test_the_document_is_the_golden_one() -> None:
    """Update it with: python -m tests.present.test_switching."""
    document = switch_document(sweep_of(WISH), routed(out=True), halfway(), 3)
    assert to_json(document) == GOLDEN.read_text(encoding="utf-8")


def test_before_it_ran_every_key_is_there_all_the_same() -> None:
    golden = json.loads(GOLDEN.read_text(encoding="utf-8"))
    document = switch_document(sweep_of(WISH), routed(out=True), None, 0)
    assert document.keys() == golden.keys()
    assert document["ending"] is None
    assert [part["outcome"] for part in document["parts"]] == [None, None, None]


def test_what_all_sbcs_have_in_common_is_said_once_and_refusals_come_before_warnings_before_the_rest() -> (
    None
):
    sweep = sweep_of(WISH, refused=DOWN)
    rows = sweep_lines(sweep, routed(out=True))
    headings = [heading for heading, _ in rows]
    assert headings[0] == "Plan"
    assert headings.count("Will run") == 1
    assert headings.count("Consequence") == headings.count("Undo") == 1
    guards = headings[headings.index("Needs") + 1 :]
    assert guards == ["REFUSED", "To state", "Warning", "Guard", "Guard"]
    said = dict(rows)
    assert said["REFUSED"].startswith("target: nyc-1: gamma-us is down")
    assert said["To state"].endswith("[wants a yes, the group's name]")
    logins = [part.over.place for part in sweep.parts if part.over is not None]
    assert said["Will run"].endswith(
        ", ".join(f"{login} ({name})" for login, name in zip(logins, SBCS, strict=True))
    )


def test_what_differs_in_the_sbcs_name_and_in_figures_is_said_once_of_each_and_commands_stay_to_the_letter() -> (
    None
):
    sweep = sweep_of(WISH)
    parts = []
    for number, part in enumerate(sweep.parts):
        assert part.plan is not None
        told = f"New calls on {part.sbc} go to beta-us at once. Calls in progress stay: {number} on alpha-us."
        flaps = f"break glass: beta-us@{part.sbc} flaps, {3 + number} times; type us-outbound and a reason"
        parts.append(
            replace(
                part,
                plan=replace(part.plan, consequence=Safe(told), undo=Safe(f"set 1{number} alpha-us")),
                rulings=(Ruling("target", False, Safe(flaps), (Statement.GROUP_NAME, Statement.REASON)),),
            )
        )
    rows = sweep_lines(replace(sweep, parts=tuple(parts)), routed(out=True))
    said = [text for heading, text in rows if heading == "Consequence"]
    assert said == ["New calls on each SBC go to beta-us at once. Calls in progress stay: 0-2 on alpha-us."]
    flaps = "target: break glass: beta-us flaps, 3-5 times; type us-outbound and a reason"
    assert next(text for heading, text in rows if heading == "To state").startswith(flaps)
    assert [text for heading, text in rows if heading == "Undo"] == [
        f"{name}: set 1{number} alpha-us" for number, name in enumerate(SBCS)
    ]
    two = (parts[0], replace(parts[1], rulings=()), parts[2])
    rows = sweep_lines(replace(sweep, parts=two), routed(out=True))
    only, _ = [text for heading, text in rows if heading == "To state"]
    assert only.startswith("target: nyc-1, lon-2: break glass: beta-us flaps, 3-5 times")


@pytest.mark.parametrize(
    "text",
    [
        "sip:203.0.113.20:5060 answers",
        "alpha-911 is up",
        "weight=9",
        "1.10.12 runs",
        "noc@10.0.0.1 is refused",
    ],
)
def test_a_number_that_is_part_of_a_name_or_an_address_is_no_figure(text: str) -> None:
    assert alike(text, "sbc1", figures=True) == (text, ())


def test_what_was_read_is_another_switch_only_when_what_runs_or_stood_there_changed() -> None:
    sweep = sweep_of(WISH)
    later = sweep_of(WISH, number=2)
    assert sweep_seen(sweep) == sweep_seen(later)
    part = later.parts[0]
    for other in (
        replace(part, commands=(Safe("database put trunk us-outbound gamma-us"),)),
        replace(part, over=None),
        replace(part, plan=None),
    ):
        assert sweep_seen(replace(later, parts=(other, *later.parts[1:]))) != sweep_seen(sweep)
    assert sweep_seen(replace(later, parts=later.parts[1:])) != sweep_seen(sweep)
    doubt = Ruling("target", True, Safe("break glass: beta-us@nyc-1 flaps; alice takes it on"))
    doubted = replace(later.parts[0], rulings=(doubt,))
    assert sweep_seen(replace(later, parts=(doubted, *later.parts[1:]))) != sweep_seen(sweep)


def test_a_guard_that_is_to_be_overridden_makes_it_another_switch_whether_it_was_overridden_or_not() -> None:
    sweep, doubted = sweep_of(WISH), sweep_of(WISH, refused=GLASS)
    taken_on = sweep_of(WISH, refused=Ruling("target", True, Safe("break glass: it flaps; noc takes it on")))
    assert sweep_seen(doubted) != sweep_seen(sweep)
    assert sweep_seen(doubted) == sweep_seen(taken_on)
    assert breaks_glass(doubted)
    assert not breaks_glass(taken_on)


def test_each_sbc_of_a_switch_that_stopped_has_its_word() -> None:
    assert [(sbc, word) for sbc, word, _ in state_after(sweep_of(WISH), halfway())] == [
        ("nyc-1", "verified"),
        ("fra-1", "unverified"),
        ("lon-2", "untouched"),
    ]


@pytest.mark.parametrize(
    ("wish", "said"),
    [
        (WISH, "Switch us-outbound to beta-us"),
        (Wish(SwitchKind.FAILBACK, GROUP, "alpha-us"), "Fail us-outbound back to alpha-us"),
        (Wish(SwitchKind.FAILBACK, GROUP), "Fail us-outbound back to its first trunk"),
        (Wish(SwitchKind.UNDO, GROUP), "Take back the switch of us-outbound"),
    ],
)
def test_a_wish_has_a_title(wish: Wish, said: str) -> None:
    assert title(wish) == said


def test_room_that_is_not_known_is_never_nought() -> None:
    assert room_words(Room()) == "without a known cap"
    assert room_words(Room(60, state=LegState.DOWN)) == "not counted, of 60: it is down"
    assert room_words(Room(state=LegState.DOWN)) == "not counted: it is down"
    assert room_words(Room(60)) == "not known, of 60"
    assert room_words(Room(60, 0)) == "0 of 60"
    assert room_words(Room(60, 12, most=True)) == "at most 12 of 60"


def test_a_target_that_its_route_holds_out_is_told_as_that_and_its_room_by_its_other_legs() -> None:
    snapshot = routed()
    (part, *_) = sweep_of(WISH).parts
    assert part.plan is not None
    assert part.plan.move is not None
    move = part.plan.move
    held = replace(move.stands, shares=(Share(Safe("beta-us"), held=True), Share(Safe("alpha-us"))))
    part = replace(
        part, plan=replace(part.plan, move=replace(move, stands=held, values={"beta-us": "beta-us"}))
    )
    off = tuple(
        replace(leg, state=LegState.ADMIN_OFF) if leg.id == "beta-us@nyc-1" else leg for leg in snapshot.legs
    )
    assert "beta-us is held out there until then; room 24 of 60" in figure_words(part, off)
    assert "beta-us is off" in figure_words(sweep_of(WISH).parts[0], off)


def test_groups_are_chosen_by_the_leg_in_hand_and_the_next_trunk_comes_first() -> None:
    snapshot = routed()
    groups = switchable(snapshot, LEG)
    assert [group.name for group in groups] == [GROUP]
    choice = first_choice(groups, LEG)
    assert choice is not None
    assert choice.trunk == "beta-us"
    last = first_choice(groups, "gamma-us@nyc-1")
    assert last is not None
    assert last.trunk == "beta-us", "alpha-us has the calls"
    assert not is_outage(snapshot, LEG)
    assert is_outage(routed(out=True), LEG)
    unrouted = replace(snapshot, groups=tuple(replace(group, active=()) for group in snapshot.groups))
    assert switchable(unrouted, LEG) == ()
    assert "set [group.switch]" in not_switchable(unrouted, LEG)


def test_why_a_trunk_cannot_be_chosen_is_the_guards_word_and_what_can_be_stated_is_no_reason() -> None:
    assert why_not(sweep_of(WISH)) == ""
    assert why_not(sweep_of(WISH, refused=DOWN)).startswith("target: gamma-us is down")
    whole = Ruling("known", False, Safe("no SBC has a leg of it"))
    assert why_not(replace(sweep_of(WISH), parts=(), rulings=(whole,))) == "known: no SBC has a leg of it"
    assert why_not(replace(sweep_of(WISH), parts=(), rulings=())) == "there is nothing to switch"


def test_the_newest_switch_of_the_group_in_hand_is_taken_back_while_its_time_lasts() -> None:
    old, new = undoable(left_s=100.0), undoable(left_s=800.0)
    other = replace(undoable(left_s=850.0), group="eu-outbound")
    doings = Doings(undoable=(old, new, other))
    assert undo_of(doings, NOW, (GROUP,)) is new
    assert undo_of(doings, NOW) is other
    assert undo_of(doings, NOW + 860) is None
    assert undo_wish(new) == Wish(SwitchKind.UNDO, GROUP, undoes=tuple(f"s1.{name}" for name in SBCS))


def test_only_where_others_are_left_it_can_go_on_without_the_refused() -> None:
    assert refused_on(sweep_of(WISH)) == ()
    assert refused_on(sweep_of(WISH, refused=DOWN)) == ("nyc-1",)
    assert refused_on(sweep_of(replace(WISH, sbcs=("nyc-1",)), refused=DOWN)) == ()
    assert refused_on(sweep_of(WISH, rulings=(DOWN,), refused=DOWN)) == ()


def test_guards_that_say_something_else_of_each_sbc_take_one_line_on_the_screen() -> None:
    sweep = sweep_of(WISH)
    own = tuple(
        replace(part, rulings=(Ruling("known", True, Safe(f"the route is {'abc'[number]}")),))
        for number, part in enumerate(sweep.parts)
    )
    text = "\n".join(map(plain, confirm_sweep_lines(replace(sweep, parts=own), routed(), "", 160)))
    assert "Guard        known: agree on each SBC" in text
    assert "the route is" not in text
    assert [
        said for heading, said in sweep_lines(replace(sweep, parts=own), routed()) if heading == "Guard"
    ] == [f"known: {name}: the route is {'abc'[n]}" for n, name in enumerate(SBCS)], (
        "the command line prints every word"
    )


def lines(snapshot: Snapshot, doings: Doings = Doings(), *, write: bool = True) -> list[str]:  # noqa: B008
    return [plain(line) for line in offer_lines(doings, snapshot, NOW, 160, write=write)]


def test_offers_say_the_key_first_and_what_it_needs() -> None:
    doings = Doings(undoable=(undoable(("nyc-1",)),))
    (line,) = lines(routed(), doings, write=False)
    assert line.startswith(
        " UNDO  u takes us-outbound back to alpha-us, for 14 m 32 s more (after :write); noc"
    )
    assert lines(routed()) == []


def test_the_way_back_is_offered_only_after_a_clean_run_and_a_quiet_time() -> None:
    good = routed(moved=True, clean_s=372.0)
    assert lines(good) == [" BACK  alpha-us is clean for 6 m 12 s: F fails us-outbound back"]
    assert failback_of(good, Waits(), NOW, ("other",)) is None
    assert lines(routed(moved=True, clean_s=250.0)) == []
    assert lines(routed(clean_s=372.0)) == [], "it was never moved"
    (group,) = good.groups
    fresh = tuple(replace(active(name, RouteState.MOVED, "beta-us"), since=NOW - 60) for name in SBCS)
    assert lines(replace(good, groups=(replace(group, active=fresh),))) == []
    for change in (
        {"flapping": True},
        {"since_at": NOW - 60},
        {"clean": CleanRun(5, NOW - 372)},
        {"stale_at": NOW - 1},
    ):
        legs = tuple(replace(leg, **change) if leg.id == LEG else leg for leg in good.legs)
        assert lines(replace(good, legs=legs)) == [], change


def test_the_way_back_is_offered_when_the_guards_of_the_config_in_force_agree() -> None:
    soon = routed(moved=True, clean_s=250.0)
    assert lines(soon, Doings(waits=Waits(clean_s=200.0))) != []
    assert lines(routed(moved=True, clean_s=372.0), Doings(waits=Waits(clean_s=400.0))) == []
    (group,) = soon.groups
    since = tuple(replace(one, since=NOW - 700) for one in group.active)
    later = replace(soon, groups=(replace(group, active=since),))
    assert lines(later, Doings(waits=Waits(clean_s=200.0, hold_s=700.0))) != []
    assert lines(later, Doings(waits=Waits(clean_s=200.0, hold_s=701.0))) == []


def test_a_first_trunk_that_is_held_out_is_offered_by_what_its_legs_elsewhere_answered() -> None:
    good = routed(moved=True, clean_s=372.0)
    (group,) = good.groups
    dark = {"state": LegState.ADMIN_OFF, "clean": None, "since_at": NOW - 60}

    def held(*sbcs: str, **elsewhere: object) -> Snapshot:
        active_ = tuple(replace(one, held=("alpha-us",) if one.sbc in sbcs else ()) for one in group.active)
        legs = tuple(
            replace(leg, **dark) if leg.trunk == "alpha-us" and leg.sbc == "nyc-1"
            else replace(leg, **elsewhere) if leg.trunk == "alpha-us" else leg
            for leg in good.legs
        )  # fmt: skip
        return replace(good, groups=(replace(group, active=active_),), legs=legs)

    assert lines(held("nyc-1")) == [" BACK  alpha-us is clean for 6 m 12 s: F fails us-outbound back"]
    assert lines(held()) == [], "off for another reason"
    assert lines(held("nyc-1", state=LegState.DOWN, clean=None)) == []
    assert lines(held("nyc-1", stale_at=NOW - 1)) == []


if __name__ == "__main__":
    GOLDEN.write_text(
        to_json(switch_document(sweep_of(WISH), routed(out=True), halfway(), 3)), encoding="utf-8"
    )
