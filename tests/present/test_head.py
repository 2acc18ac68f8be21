"""The head: counts, news, and what is left out when it is narrow."""

from __future__ import annotations

import pytest
from msgspec.structs import replace

from tests.tui.fleet_samples import NOW, broken_sbc, fleet, leg, never_polled, sbc
from trunktui.model.health import LegState, SbcState
from trunktui.model.snapshot import Snapshot
from trunktui.model.text import Safe
from trunktui.present.cells import plain
from trunktui.present.head import (
    EngineNews,
    HeadFacts,
    count_states,
    head_line,
    news_line,
    oldest_poll,
    sentence,
)

FACTS = HeadFacts("prod-eu", read_only=True, clock="14:03:22 UTC")


def head(width: int, facts: HeadFacts = FACTS, now: float = NOW) -> str:
    return plain(head_line(fleet(), now, facts, width))


def news(snapshot: Snapshot, now: float = NOW, engine: EngineNews | None = None) -> str:
    return plain(news_line(snapshot, now, engine or EngineNews()))


@pytest.mark.parametrize("width", [40, 60, 80, 100, 120, 160, 200])
def test_counts_and_read_only_are_there_at_every_width(width: int) -> None:
    text = head(width)
    assert len(text) <= width
    assert "READ-ONLY" in text
    assert "1 down" in text or "✖1" in text
    assert "9 up" in text or "●9" in text


def test_a_wide_head_names_everything() -> None:
    text = head(200)
    for part in (
        "trunktui",
        "prod-eu",
        "4 SBCs",
        "16 legs",
        "1 unmonitored",
        "oldest poll 4m10s",
        "14:03:22 UTC",
    ):
        assert part in text


@pytest.mark.parametrize("width", [40, 80, 160])
def test_frozen_and_filter_are_told_before_names(width: int) -> None:
    facts = FACTS._replace(frozen_for=12.0, changed_since=2)
    assert "FROZEN 12s" in head(width, facts)
    if width > 40:
        crowded = head(width, facts._replace(filter_text="delta", hidden=58))
        assert "FROZEN 12s" in crowded
        assert "READ-ONLY" in crowded
        assert "delta (58 hidden)" in crowded
    if width > 40:
        filtered = FACTS._replace(filter_text="down", hidden=15)
        assert "down (15 hidden)" in head(width, filtered)


def test_a_dead_engine_lets_the_counts_become_unknown() -> None:
    assert count_states(fleet(), NOW + 200) == {LegState.UNKNOWN: 16}
    assert "16 unknown" in head(160, now=NOW + 200)


def test_the_oldest_poll_is_not_known_while_an_sbc_never_answered() -> None:
    assert oldest_poll(fleet(), NOW) == 250
    box = replace(sbc("new-1"), polled_at=None)
    assert oldest_poll(replace(fleet(), sbcs=(*fleet().sbcs, box)), NOW) is None


def test_an_sbc_in_trouble_is_named_with_what_it_means() -> None:
    assert news(fleet()) == " lab-1: Asterisk does not answer: 1 leg unknown"


def test_the_engine_comes_first() -> None:
    assert news(fleet(), engine=EngineNews(alive=False)).startswith(" the polling engine stopped")
    assert "engine restarted (2×): crashed" in news(fleet(), engine=EngineNews(restarts=2, notice="crashed"))


def test_silence_of_every_sbc_is_one_sentence() -> None:
    quiet = Snapshot(1, NOW, (sbc("a-1"), sbc("b-1")), (leg(sbc="a-1"),))
    assert news(quiet, NOW + 200) == (
        " no news from any SBC for 3m23s: nothing shown below is known to be so now"
    )


def test_without_sbc_trouble_the_worst_leg_is_the_news() -> None:
    snapshot = replace(fleet(), sbcs=tuple(box for box in fleet().sbcs if box.state is SbcState.UP))
    assert news(snapshot).startswith(" alpha-us@nyc-1: registration gave up")
    assert news(snapshot).endswith("(+2 more)")


def test_a_healthy_fleet_says_so() -> None:
    assert news(Snapshot(1, NOW, (sbc(),), (leg(), leg("beta")))) == (
        " 2 of 2 legs up, nothing down, degraded or unknown"
    )


def test_before_the_first_answer_the_sbcs_asked_are_named() -> None:
    asked = never_polled(Snapshot(0, NOW, (sbc("nyc-1"), sbc("lon-2"))))
    assert news(asked) == " asking nyc-1, lon-2 ..."


def test_a_sentence_is_never_without_a_reason() -> None:
    text = plain(sentence(replace(leg(), reason=Safe("")), NOW))
    assert text == "alpha-us@nyc-1  UP 1h00m: nothing to remark"


def test_a_broken_sbc_stays_broken_when_its_news_is_old() -> None:
    assert "Asterisk does not answer" in news(Snapshot(1, NOW, (broken_sbc(),)), NOW + 9999)
