"""The view C: findings worst first, one in full, filtered, of one leg or all; never an alarm, never without words."""

from __future__ import annotations

import asyncio

import pytest
from msgspec.structs import replace

from tests.tui.acting_samples import FakeEngine
from tests.tui.finding_samples import finding, findings, found
from tests.tui.fleet_samples import HOSTILE, NOW, fleet, leg, sbc
from tests.tui.running import Show, showing
from trunktui.model.finding import FindingKind, RecordKind
from trunktui.model.health import Severity
from trunktui.model.request import Declare, Reply, Request
from trunktui.model.snapshot import Snapshot
from trunktui.model.text import Safe
from trunktui.present.words import cell_width
from trunktui.tui.findings_screen import FindingScreen, FindingsScreen
from trunktui.tui.fleet_screen import FleetScreen

SIZES = ((40, 10), (80, 24), (160, 45))


def rows(show: Show) -> list[str]:
    return [line for line in show.text("page").splitlines() if line.strip()]


def cursor(show: Show) -> str:
    return next(line for line in rows(show) if line.startswith("▸"))


class Clerk:
    """Takes requests and says that they were carried out."""

    def __init__(self) -> None:
        self.asked: list[Request] = []

    async def ask(self, request: Request) -> Reply:
        self.asked.append(request)
        return Reply(done=True, text=Safe("recorded: credential of trunk alpha-us rotated on 2026-11-25"))


async def test_c_lists_them_worst_first_and_esc_goes_back() -> None:
    async with showing(found()) as show:
        await show.press("C")
        await show.until_shown("credential overdue")
        assert [line.split()[0 if line[0] != "▸" else 1] for line in rows(show)] == list("✖▲◐◐◐?")
        assert cursor(show).split()[2:6] == ["MAJOR", "address", "not", "listed"]
        assert " fleet > findings" in show.text("path")
        assert "1 of 6" in show.text("path")
        assert "122 d ago" in show.text("page")
        assert "in 9 d" in show.text("page")
        assert "today" in show.text("page")
        assert "ask alpha to add it" in show.text("detail")
        await show.press("escape")
        await show.until(lambda: isinstance(show.app.screen, FleetScreen))


async def test_the_head_counts_them_quietly_and_no_state_changes() -> None:
    async with showing(fleet()) as show:
        before = show.text("head").splitlines()
        await show.news(found())
        head, news = show.text("head").splitlines()
        assert "6 findings: C" in head
        assert (
            head.replace("  6 findings: C", "").split()[2:] == before[0].replace("4 SBCs  ", "").split()[2:]
        )
        assert news == before[1]
        await show.news(found([finding()]))
        assert "1 finding: C" in show.text("head")


async def test_enter_shows_one_in_full_with_the_way_to_record_it() -> None:
    async with showing(found()) as show:
        await show.press("C", "j", "enter")
        await show.until(lambda: isinstance(show.app.screen, FindingScreen))
        text = show.text("page")
        for word in (
            "▲ MINOR  alpha-us  credential overdue: credential 212 d old",
            "change it at alpha and on nyc-1, lon-2",
            "122 d ago",
            "as the config says",
            "username acme-us",
            ":rotated alpha-us [DAY], or trunktui credentials rotated alpha-us",
        ):
            assert word in text
        await show.news(found(findings()[:1]))
        await show.until_shown("This is not found any more; below is what it was.")
        assert "credential 212 d old" in show.text("page")
        await show.press("escape")
        await show.until(lambda: isinstance(show.app.screen, FindingsScreen))


async def test_a_filter_finds_words_hides_others_and_says_so() -> None:
    async with showing(found()) as show:
        await show.press("C", "slash", *"credential !unkn", "enter")
        await show.until(lambda: len(rows(show)) == 2)
        assert "findings /credential !unkn" in show.text("path")
        await show.press("slash", "space", *"zz", "enter")
        await show.until_shown('No finding matches "credential !unkn zz": 6 hidden; esc clears the filter.')
        await show.press("escape")
        await show.until(lambda: len(rows(show)) == 6)
        await show.press("escape")
        await show.until(lambda: isinstance(show.app.screen, FleetScreen))


async def test_from_the_page_of_a_leg_only_what_concerns_it_is_shown_until_esc() -> None:
    whole = Snapshot(
        1, NOW, (sbc("nyc-1"), sbc("lon-2")), (leg(), replace(leg("other", "lon-2"), account="alpha-voice"))
    )
    async with showing(found(whole=whole)) as show:
        await show.press("enter")
        await show.until_shown("credential overdue (122 d ago): credential 212 d old")
        await show.press("C")
        await show.until_shown("alpha-us@nyc-1 > findings")
        assert len(rows(show)) == 2  # of its trunk, and of its SBC
        await show.press("escape")
        await show.until(lambda: len(rows(show)) == 6)
        await show.press("escape", "escape", "j", "enter", "C")
        await show.until_shown("other@lon-2 > findings")
        assert len(rows(show)) == 2  # of its account


async def test_nothing_found_and_not_looked_for_have_their_own_words() -> None:
    async with showing(fleet()) as show:
        await show.press("C")
        await show.until_shown("Findings are not known yet")
        await show.news(replace(fleet(), findings=()))
        await show.until_shown(
            "No findings: every credential, allowlist and keepalive that is known is within"
        )
        await show.press("escape", "enter", "C")
        await show.until_shown("No findings about alpha-us@nyc-1.")
        await show.news(found([finding(subject="else")]))
        await show.until_shown("1 about others: esc shows all")


async def test_the_cursor_stays_on_its_finding_when_rows_come_and_go() -> None:
    async with showing(found()) as show:
        await show.press("C", "j", "j")
        assert "beta-eu" in cursor(show)
        await show.news(found(findings()[1:]))
        assert "beta-eu" in cursor(show)
        await show.news(found((finding(subject="new", severity=Severity.CRITICAL), *findings())))
        assert "beta-eu" in cursor(show)
        assert "4 of 7" in show.text("path")
        await show.press("g")
        assert "new" in cursor(show)
        await show.press("G", "k")
        assert "6 of 7" in show.text("path")


async def test_a_list_that_is_longer_than_the_screen_scrolls_with_its_cursor() -> None:
    many = [finding(subject=f"trunk-{n:03d}") for n in range(100)]
    async with showing(found(many), (80, 24)) as show:
        await show.press("C", "pagedown")
        assert cursor(show).split()[4] != "trunk-000"
        await show.press("G")
        assert "trunk-099" in cursor(show)
        await show.press("pageup", "g")
        assert "trunk-000" in cursor(show)
        assert rows(show)[0].startswith("▸")


async def test_records_that_are_not_known_are_told_above_the_list() -> None:
    notice = "what was recorded is not known: /x/records.jsonl: permission denied"
    async with showing(found(notice=notice), (80, 24)) as show:
        await show.press("C")
        await show.until_shown(notice)


async def test_what_was_done_is_recorded_by_a_command_and_what_records_nothing_says_what_would() -> None:
    clerk = Clerk()
    async with showing(found(), (80, 24), requests=clerk) as show:
        await show.press(*":rotated", "enter")
        await show.until_shown("say which trunk: :rotated alpha-us, with a day")
        assert not clerk.asked
        await show.press("C", *":rotated a", "enter")
        await show.until_shown("recorded: credential of trunk alpha-us rotated on 2026-11-25")
        assert clerk.asked == [Declare(RecordKind.ROTATED, "a")]


async def test_the_commands_open_the_same_page_and_that_of_credentials() -> None:
    async with showing(found(), requests=FakeEngine(fleet().legs)) as show:
        await show.press(*":findings", "enter")
        await show.until_shown("credential overdue")
        await show.press(*":credentials", "enter")
        await show.until_shown(" fleet > credentials")
        text = show.text("page")
        assert "overdue" in text
        assert "≥400 d" in text
        assert "nothing tells when it was changed" in text
        await show.press("escape", "escape")
        await show.until(lambda: isinstance(show.app.screen, FleetScreen))


@pytest.mark.parametrize("size", SIZES)
async def test_hostile_texts_and_any_size_are_shown_as_plain_text_within_the_screen(
    size: tuple[int, int],
) -> None:
    bad = [
        finding(subject=f"{n} {text}", reason=text * 3, evidence=(Safe("x"),))
        for n, text in enumerate(HOSTILE)
    ]
    async with showing(found(bad), size) as show:
        await show.press("C")
        await show.until(lambda: bool(rows(show)))
        for keys in ((), ("enter",), ("escape",), ("colon", *"credentials", "enter")):
            await show.press(*keys)
            await asyncio.sleep(0)
            assert all(cell_width(line) <= size[0] for line in show.text().splitlines())
        for small in ((1, 1), (5, 2), (20, 3), (300, 80)):
            await show._pilot.resize_terminal(*small)
        assert show.app.return_code is None


async def test_a_kind_for_each_and_every_sentence_of_them_fits_its_column() -> None:
    every = [finding(kind, f"s{n}") for n, kind in enumerate(FindingKind)]
    async with showing(found(every)) as show:
        await show.press("C")
        await show.until(lambda: len(rows(show)) == len(every))
        assert "…" not in "".join(line[:36] for line in rows(show))


async def test_the_fleet_shows_the_age_of_each_credential_where_there_is_room() -> None:
    known = [leg(name, groups=()) for name in ("alpha-us", "delta-it", "gamma-de", "by-address")]
    legs = (*known, leg("stranger", carrier=None))
    async with showing(found(whole=Snapshot(1, NOW, (sbc(),), legs))) as show:
        await show.until_shown("212d")
        cells = {
            line.split()[2 if "▸" not in line else 3].partition("@")[0]: line.split()[-2]
            for line in grid(show)
        }
        assert cells == {
            "alpha-us": "212d",
            "delta-it": "≥400d",
            "gamma-de": "–",
            "by-address": "none",
            "stranger": "–",
        }


def grid(show: Show) -> list[str]:
    return [line for line in show.text("grid").splitlines() if "@" in line]


async def test_what_is_said_alike_of_many_legs_is_one_row_that_names_them_inside() -> None:
    many = [
        finding(FindingKind.KEEPALIVE_INTERVAL, f"t{n}@nyc-{n % 2}", Severity.WARNING, "OPTIONS every 300 s", None,
                source=Safe(f"read from nyc-{n % 2}"))
        for n in range(40)
    ]  # fmt: skip
    async with showing(found((*findings()[:2], *many, *findings()[2:]))) as show:
        assert "7 findings: C" in show.text("head")
        await show.press("C", "j", "j")
        assert "40 legs" in cursor(show)
        await show.news(found((*findings()[:2], *many[1:], *findings()[2:])))
        assert "39 legs" in cursor(show)
        await show.press("enter")
        await show.until_shown("read from 2 SBCs")
        assert "t7@nyc-1" in show.text("page")
        await show.press("escape", "slash", *"t7@nyc", "enter")
        await show.until(lambda: len(rows(show)) == 1)
        assert "t7@nyc-1" in cursor(show)
