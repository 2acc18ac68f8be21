"""The list of carriers: what each is, what its death would do, as rows of any width, as text and as data."""

from __future__ import annotations

import json
from datetime import UTC, datetime

import pytest
from msgspec.structs import replace

from tests.fleets import NOW, fleet, leg, sbc
from tests.headrooms import planned
from trunktui.model.correlation import Correlated, VerdictKind
from trunktui.model.health import Severity
from trunktui.model.snapshot import Headroom, Snapshot
from trunktui.model.text import Safe
from trunktui.present.carriers import (
    brief,
    carrier_list,
    carriers_table,
    plan_height,
    plan_lines,
    row_line,
    titles,
)
from trunktui.present.cells import plain
from trunktui.present.document import status_document, to_json
from trunktui.present.words import cell_width

FLEET = planned(leg("model@nyc-1"), sbc("nyc-1"), NOW)


def names(snapshot: Snapshot, now: float = NOW) -> list[str]:
    return [row.name for row in carrier_list(snapshot, now)]


def test_each_carrier_is_told_with_what_goes_over_it_and_what_its_death_would_do() -> None:
    told = {row.name: row for row in carrier_list(FLEET, NOW)}
    alpha = told["alpha"]
    assert (alpha.now, alpha.up, alpha.legs, alpha.used) == ("UP", 4, 4, "272")
    assert alpha.groups == ("us-outbound", "eu-outbound")
    assert alpha.assumed == ("eu-outbound",)
    assert {name: brief(row).text for name, row in told.items()} == {
        "delta": "retail: nowhere to go",
        "alpha": "eu-outbound: 0 % fits on bravo-eu (+1 more)",
        "bravo": "all of it fits elsewhere",
        "echo": "no group goes over it",
    }
    assert brief(alpha, whole=True).text == (
        "eu-outbound moves by itself, 60 channels -> bravo-eu: 0 left of 300 after us-outbound, 0 % fits (major) (+1 more)"
    )


def test_trouble_comes_first_then_what_would_be() -> None:
    assert names(FLEET) == ["alpha", "delta", "echo", "bravo"]
    outage = Correlated(
        VerdictKind.CARRIER_OUTAGE,
        Safe("bravo"),
        Severity.CRITICAL,
        Safe("bravo fails"),
        ("bravo-us@nyc-1",),
        "bravo",
        NOW,
    )
    assert names(replace(FLEET, verdicts=(outage,)))[0] == "bravo"
    (bravo, *_) = carrier_list(replace(FLEET, verdicts=(outage,)), NOW)
    assert bravo.now == "carrier outage"


def test_a_carrier_of_which_there_is_no_news_promises_nothing() -> None:
    for row in carrier_list(FLEET, NOW + 1000):
        assert (row.headroom, row.used, row.old) == (None, "–", True)
        assert brief(row).text == "no news of it"


def test_legs_that_tell_no_channels_make_a_lower_bound() -> None:
    blind = replace(FLEET.legs[0], channels=replace(FLEET.legs[0].channels, active=None))
    (alpha, *_) = carrier_list(replace(FLEET, legs=(blind, *FLEET.legs[1:])), NOW)
    assert alpha.used == "≥ 166"


@pytest.mark.parametrize("width", [30, 40, 60, 80, 110, 160, 200])
def test_rows_and_sentences_keep_within_any_width(width: int) -> None:
    rows = carrier_list(FLEET, NOW)
    lines = [titles(rows, width), *(row_line(rows, row, width) for row in rows)]
    for row in rows:
        assert len(plan_lines(row, width, plan_height(row, width))) == plan_height(row, width)
        for height in range(6):
            assert len(plan_lines(row, width, height)) <= height
            lines += plan_lines(row, width, height)
        lines += plan_lines(row, width, 50)
    for line in lines:
        assert cell_width(plain(line)) <= width


def test_the_plan_has_a_sentence_for_each_group_and_says_what_is_assumed() -> None:
    alpha = carrier_list(FLEET, NOW)[0]
    assert [plain(line) for line in plan_lines(alpha, 160, 9)] == [
        " alpha  4 legs, 4 up, 0 down, 272 channels in use, 2 groups over it",
        " If alpha died now:",
        "  us-outbound 212 channels -> bravo-us: 188 free of 300, 88 % fits (warning)",
        "  eu-outbound moves by itself, 60 channels -> bravo-eu: 0 left of 300 after us-outbound, 0 % fits (major)",
        " No SBC tells where these go, so the order of the config is taken: eu-outbound",
    ]


def test_the_table_is_plain_text_and_ascii_where_it_must_be() -> None:
    text = carriers_table(FLEET, NOW, ascii_only=True)
    assert text.isascii()
    assert text.splitlines()[0].split() == ["CARRIER", "NOW", "UP", "CHANNELS", "IF", "IT", "DIED", "NOW"]
    assert "us-outbound 212 channels -> bravo-us: 188 free of 300, 88 % fits (warning)" in text
    assert text.splitlines()[-1].endswith("order of the config is taken: apac-outbound, eu-outbound, retail")


def test_the_document_has_the_same_as_data() -> None:
    wall = datetime(2026, 11, 23, 3, 14, 7, tzinfo=UTC)
    told = json.loads(to_json(status_document(FLEET, NOW, wall)))["carriers"]
    assert [one["name"] for one in told] == ["alpha", "bravo", "delta", "echo"]
    alpha, bravo, _, echo = told
    assert alpha["headroom"]["severity"] == "major"
    assert alpha["headroom"]["groups"][0] == {
        "group": "us-outbound",
        "from": "alpha-us",
        "to": "bravo-us",
        "sbcs": ["nyc-1", "lon-1"],
        "load": 212,
        "load_bound": "exact",
        "free": 188,
        "free_bound": "exact",
        "fits": 0.887,
        "severity": "warning",
        "reason": "us-outbound 212 channels -> bravo-us: 188 free of 300, 88 % fits",
    }
    assert (bravo["headroom"]["severity"], bravo["verdict"]) == ("none", None)
    assert echo["headroom"] is None
    old = json.loads(to_json(status_document(FLEET, NOW + 1000, wall)))["carriers"]
    assert {one["headroom"] for one in old} == {None}


def test_a_fleet_without_carriers_is_an_empty_list() -> None:
    stray = replace(
        fleet(leg("x@nyc-1", carrier=None)), headroom=(Headroom("ghost", Severity.NONE, Safe("")),)
    )
    assert carrier_list(stray, NOW) == ()
    assert carriers_table(stray, NOW).splitlines()[1:] == []
