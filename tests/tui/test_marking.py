"""Marking from the screen: typed with a reason about the leg at the key press, shown in words at every size."""

from __future__ import annotations

import pytest
from msgspec.structs import replace

from tests.marking import ALICE, ack, ahead, maintenance
from tests.tui.fleet_samples import HOSTILE, NOW, fleet, leg, sbc
from tests.tui.running import Show, showing
from trunktui.model.health import LegState, Severity
from trunktui.model.marks import Ack, Maintenance, MarksNote, Scope, Target
from trunktui.model.request import Acknowledge, Mark, Reply, Request, Unmark
from trunktui.model.snapshot import Snapshot
from trunktui.model.text import Safe, clean
from trunktui.model.window import Window

SIZES = [(160, 45), (80, 24), (40, 10)]
FIRST = "alpha-us@nyc-1"
TARGET = Target(Scope.LEG, FIRST)
DONE = Reply(done=True, text=Safe("acknowledged alpha-us@nyc-1: down, critical"))


class Engine:
    """Takes requests and agrees to all of them."""

    def __init__(self) -> None:
        self.asked: list[Request] = []

    async def ask(self, request: Request) -> Reply:
        self.asked.append(request)
        return DONE


def marked(leg_id: str, *marks: Maintenance | Ack, snapshot: Snapshot | None = None) -> Snapshot:
    """Return the fleet with marks on one leg."""
    whole = snapshot or fleet()
    one = next(leg for leg in whole.legs if leg.id == leg_id)
    for mark in marks:
        name = "maintenance" if isinstance(mark, Maintenance) else "acknowledged"
        one = replace(one, **{name: mark})
    legs = tuple(one if leg.id == leg_id else leg for leg in whole.legs)
    return replace(whole, generation=whole.generation + 1, legs=legs, marks=MarksNote(read=True))


def rows(show: Show) -> list[str]:
    return [line for line in show.text("grid").splitlines() if "@" in line]


@pytest.mark.parametrize("size", SIZES)
async def test_a_asks_for_a_reason_and_acknowledges_the_leg_under_the_cursor(size: tuple[int, int]) -> None:
    engine = Engine()
    async with showing(size=size, requests=engine) as show:
        await show.press("a")
        await show.until_shown(" : ack ▏")
        if size[0] >= 80:
            assert f"{FIRST}: enter runs, esc cancels" in show.text("foot")
        await show.press(*"TT-4711", "enter")
        await show.until(lambda: bool(engine.asked))
        assert engine.asked == [Acknowledge(TARGET, "TT-4711", seen=Severity.CRITICAL)]
        await show.until_shown("acknowledged alpha-us@nyc-1")


@pytest.mark.parametrize(("keys", "says"), [(("a", "enter"), "say why"), (("m", "enter"), "say for how long"),
                                            (("m", *"2h", "enter"), "say why")])  # fmt: skip
async def test_a_slip_marks_nothing(keys: tuple[str, ...], says: str) -> None:
    engine = Engine()
    async with showing(requests=engine) as show:
        await show.press(*keys)
        await show.until_shown(says)
        await show.press("a", "escape", "m", "escape")
        await show.until_shown("? all keys")
        assert not engine.asked


TYPED: list[tuple[str, Request]] = [
    ("maint 2h new firmware", Mark(TARGET, Window(7200), "new firmware")),
    ("maint here 90m x", Mark(TARGET, Window(5400), "x")),
    ("maint sbc 1h30m CHG-12", Mark(Target(Scope.SBC, "nyc-1"), Window(5400), "CHG-12")),
    ("maint carrier 22:00-23:30 x", Mark(Target(Scope.CARRIER, "alpha"), Window(None, 1320, 1410), "x")),
    ("maint trunk 3d x", Mark(Target(Scope.TRUNK, "alpha-us"), Window(259200), "x")),
    ("maint group 1w x", Mark(Target(Scope.GROUP, "us-outbound"), Window(604800), "x")),
    ("maint fra-1 2h x", Mark(Target(Scope.SBC, "fra-1"), Window(7200), "x")),
    ("maint sbc:fra-1 2h x", Mark(Target(Scope.SBC, "fra-1"), Window(7200), "x")),
    ("maint [/] odd name@fra-1 2h x", Mark(Target(Scope.LEG, "[/] odd name@fra-1"), Window(7200), "x")),
    ("unmaint", Unmark(TARGET)),
    ("unmaint sbc", Unmark(Target(Scope.SBC, "nyc-1"))),
    ("unack", Unmark(TARGET, ack=True)),
    ("ack sbc isp is down", Acknowledge(Target(Scope.SBC, "nyc-1"), "isp is down", seen=Severity.NONE)),
    ("ack 4h till noon", Acknowledge(TARGET, "till noon", Window(14400), Severity.CRITICAL)),
    (
        "ack beta-us@nyc-1 4h known",
        Acknowledge(Target(Scope.LEG, "beta-us@nyc-1"), "known", Window(14400), Severity.MAJOR),
    ),
    ("ack beta-us@nyc-10 known", Acknowledge(TARGET, "beta-us@nyc-10 known", seen=Severity.CRITICAL)),
    ("ack beta-us is slow too", Acknowledge(TARGET, "beta-us is slow too", seen=Severity.CRITICAL)),
]
REFUSED = [
    ("maint soon x", "say for how long: :maint [sbc|NAME] 2h|3d|22:00-23:30 (UTC) WHY"),
    ("maint 400d x", "say for how long"),
    ("maint nyc 2h x", 'no leg, trunk, SBC, carrier or group is called "nyc"; the nearest are nyc-1'),
    ("maint delta 2h x", '"delta" is more than one thing: write trunk:delta or carrier:delta'),
    ("ack group", "say why"),
    ("unack trunk", "a trunk raises no alarm of its own: acknowledge its legs, or :maint trunk"),
]


async def run(show: Show, typed: str) -> None:
    await show.press("colon")
    show.app.screen._foot.take_paste(typed)  # type: ignore[attr-defined]
    await show.press("enter")


async def test_what_can_be_typed() -> None:
    engine = Engine()
    async with showing(requests=engine) as show:
        for number, (typed, request) in enumerate(TYPED, 1):
            await run(show, typed)
            await show.until(lambda wanted=number: len(engine.asked) == wanted)  # type: ignore[misc]
            assert engine.asked[-1] == request, typed


async def test_what_marks_nothing_is_said_in_one_line() -> None:
    engine = Engine()
    async with showing(requests=engine) as show:
        for typed, says in REFUSED:
            await run(show, typed)
            await show.until(lambda text=says: text in show.text("foot"))  # type: ignore[misc]
        assert not engine.asked


async def test_the_command_is_about_the_leg_at_the_key_press_wherever_rows_go() -> None:
    engine = Engine()
    many = tuple(leg(f"trunk-{n:02d}", "fra-1") for n in range(3))
    snapshot = Snapshot(1, NOW, sbcs=(sbc("fra-1"),), legs=many)
    async with showing(snapshot, (80, 6), requests=engine) as show:
        assert show.grid.cursor_leg == "trunk-00@fra-1"
        await show.press("m")
        worse = replace(many[2], state=LegState.DOWN, severity=Severity.MAJOR)
        await show.news(replace(snapshot, generation=2, legs=(*many[:2], worse)))
        await show.press(*"2h", "space", *"x", "enter")
        await show.until(lambda: bool(engine.asked))
        assert engine.asked == [Mark(Target(Scope.LEG, "trunk-00@fra-1"), Window(7200), "x")]


async def test_it_works_on_the_page_of_a_leg_and_read_only_is_no_hindrance() -> None:
    engine = Engine()
    async with showing(requests=engine) as show:
        await show.press("j", "enter")
        await show.until_shown("fleet > ")
        assert "READ-ONLY" not in show.text("foot")
        await show.press("m", *"2h", "space", "x", "enter")
        await show.until(lambda: bool(engine.asked))
        (asked,) = engine.asked
        assert isinstance(asked, Mark)
        assert asked.target.name == "alpha-eu@lab-1"


async def test_on_the_help_no_leg_is_in_hand() -> None:
    async with showing(requests=Engine()) as show:
        await show.press("question_mark", *":ack", "space", "x", "enter")
        await show.until_shown("no leg is in hand here")


@pytest.mark.parametrize("size", SIZES)
async def test_a_marked_leg_keeps_its_state_and_says_its_mark_without_colour(size: tuple[int, int]) -> None:
    async with showing(marked(FIRST, maintenance(TARGET)), size, theme="mono", ascii_only=True) as show:
        row = next(row for row in rows(show) if FIRST[:8] in row)
        assert "X DOWN" in row
        assert (" M " if size == (80, 24) else " MAINT ") in row


async def test_covered_trouble_comes_after_other_trouble_and_before_what_is_well() -> None:
    async with showing(marked(FIRST, ack(TARGET, severity=Severity.CRITICAL))) as show:
        states = [row[2:9].strip() for row in rows(show)]
        assert states[:6] == ["? UNKN", "▲ DEGR", "◐ SUSP", "◌ UNMON", "✖ DOWN", "● UP"]
        await show.press("f")
        await show.until_shown("faults only")
        assert [row[2:9].strip() for row in rows(show)][-1] == "✖ DOWN"


@pytest.mark.parametrize(
    ("size", "counts"),
    [
        ((160, 45), "1 down  1 up  1 in maintenance"),
        ((80, 24), "1 down  1 up  1 in maintenance"),
        ((40, 10), "1 down 1 up 1 maint"),
    ],
)
async def test_the_head_counts_alarms_without_what_is_covered_and_that_apart(
    size: tuple[int, int], counts: str
) -> None:
    down = {"state": LegState.DOWN, "severity": Severity.MAJOR}
    legs = (
        leg("alpha", "fra-1"),
        replace(leg("beta", "fra-1"), **down, maintenance=maintenance(TARGET)),
        replace(leg("gamma", "fra-1", reason="gave up"), **down),
    )
    async with showing(Snapshot(1, NOW, sbcs=(sbc("fra-1"),), legs=legs), size) as show:
        head = show.text("head")
        assert counts in head
        if size[1] > 10:
            assert "gamma@fra-1: gave up  ·  1 leg in maintenance" in head


async def test_the_page_tells_who_until_when_and_why() -> None:
    both = marked(FIRST, maintenance(TARGET), ack(TARGET, severity=Severity.CRITICAL, until=ahead(hours=3)))
    planned = maintenance(Target(Scope.SBC, "nyc-1"), since=ahead(hours=5), until=ahead(hours=6))
    snapshot = replace(
        both, legs=tuple(replace(one, planned=planned if one.id == FIRST else None) for one in both.legs)
    )
    async with showing(snapshot, (160, 45)) as show:
        await show.press("slash", *"maint", "enter", "enter")
        await show.until_shown("fleet > ")
        page = show.text()
        assert "DOWN 6 m 12 s: registration gave up" in page
        assert "allowlist (maintenance until 2026-11-25 23:15 UTC)" in " ".join(page.split())
        assert "maintenance   until 2026-11-25 23:15 UTC" in page
        assert "by alice: CHG-12 new firmware" in page
        assert "planned from 2026-11-26 03:15 UTC" in page
        assert "for SBC nyc-1" in page
        assert "acknowledged  2026-11-25 22:14 UTC" in page
        assert "when it was down (critical): carrier knows, TT-4711" in page


@pytest.mark.parametrize(("typed", "left"), [("maint", 1), ("ack", 0), ("!maint", 15), ("maintenance", 1)])
async def test_marks_can_be_filtered_by(typed: str, left: int) -> None:
    async with showing(marked(FIRST, maintenance(TARGET))) as show:
        await show.press(
            "slash", *typed.replace("!", "\0"), "enter"
        ) if "!" not in typed else await show.press("slash", "exclamation_mark", *typed[1:], "enter")
        await show.until_shown(f"filter: {typed}")
        await show.until(lambda: len(rows(show)) == left)


async def test_hostile_reasons_and_names_reach_no_terminal() -> None:
    legs = tuple(
        replace(
            leg(f"trunk-{number:02d}", "fra-1"),
            maintenance=maintenance(
                TARGET, reason=clean(text, 200), who=replace(ALICE, login_user=clean(text))
            ),
        )
        for number, text in enumerate(HOSTILE)
    )
    async with showing(Snapshot(1, NOW, sbcs=(sbc("fra-1"),), legs=legs), (160, 45)) as show:
        for number in range(len(legs)):
            await show.until_shown(f"── trunk-{number:02d}@fra-1 ")
            assert "for alpha-us@nyc-1" in show.text("detail")
            assert all(char.isprintable() or char == "\n" for char in show.text())
            await show.press("j")


async def test_trouble_with_the_marks_is_told_in_the_news() -> None:
    snapshot = replace(fleet(), marks=MarksNote(read=False, notice=Safe("marks.jsonl: permission denied")))
    async with showing(snapshot, (160, 45)) as show:
        await show.until_shown("marks are not known: see trunktui maintenance list")
        some = replace(snapshot, generation=9, marks=MarksNote(True, Safe("line 2 counts for nothing")))
        await show.news(replace(some, legs=some.legs[-3:], sbcs=some.sbcs[:3]))
        await show.until_shown("line 2 counts for nothing")


async def test_a_long_reason_is_seen_at_its_end_while_it_is_typed() -> None:
    async with showing(size=(40, 10)) as show:
        await show.press("a")
        show.app.screen._foot.take_paste(f"{'long ' * 12}the end")  # type: ignore[attr-defined]
        await show.until_shown("the end▏")
