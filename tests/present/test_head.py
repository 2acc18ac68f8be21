"""The head: counts, news, and what is left out when it is narrow."""

from __future__ import annotations

import pytest
from msgspec.structs import replace

from tests.tui.fleet_samples import NOW, broken_sbc, fleet, leg, never_polled, sbc
from trunktui.health.box import BoxLook, BoxMemory, judge_box
from trunktui.model.health import LegState, SbcState, Severity, Thresholds
from trunktui.model.link import LinkStatus, SshState
from trunktui.model.observation import AppState, Observation
from trunktui.model.snapshot import SbcStatus, Snapshot
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
from trunktui.present.table import status_table
from trunktui.present.verdict import check

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
    assert news(fleet()).startswith(" lab-1: Asterisk does not answer: 1 leg unknown  ·  alpha-us@nyc-1: reg")


def test_the_engine_comes_first() -> None:
    assert news(fleet(), engine=EngineNews(alive=False)).startswith(" the polling engine stopped")
    after = news(fleet(), engine=EngineNews(restarts=2, notice="crashed"))
    assert after.index("engine restarted (2×)") < after.index("alpha-us@nyc-1: reg") < after.index("crashed")


def test_silence_of_every_sbc_is_one_sentence() -> None:
    quiet = Snapshot(1, NOW, (sbc("a-1"), sbc("b-1")), (leg(sbc="a-1"),))
    assert news(quiet, NOW + 200) == (
        " no news from any SBC for 3 m 23 s: nothing shown below is known to be so now"
    )


def test_without_sbc_trouble_the_worst_leg_is_the_news() -> None:
    snapshot = replace(fleet(), sbcs=tuple(box for box in fleet().sbcs if box.state is SbcState.UP))
    assert news(snapshot).startswith(" alpha-us@nyc-1: registration gave up")
    assert news(snapshot).endswith("(+2 more)")


def test_what_can_wait_does_not_hide_a_trunk_that_is_down() -> None:
    slight = replace(
        sbc("nyc-1"), state=SbcState.DEGRADED, severity=Severity.WARNING, reason=Safe("cannot read 'x'")
    )
    down = leg("a", state=LegState.DOWN, reason="registration gave up")
    dark = leg("b", state=LegState.UNKNOWN, reason="cannot read 'x'")
    text = news(Snapshot(1, NOW, (slight,), (down, dark)))
    assert text.startswith(" a@nyc-1: registration gave up  ·  nyc-1: cannot read 'x'")
    after = news(Snapshot(1, NOW, (sbc("nyc-1"),), (down,)), engine=EngineNews(restarts=1, notice="crashed"))
    assert after == " engine restarted (1×)  ·  a@nyc-1: registration gave up  ·  crashed"
    waiting = never_polled(Snapshot(0, NOW, (sbc("lon-2"),), (leg("c", "lon-2"),)))
    early = replace(waiting, sbcs=(*waiting.sbcs, sbc("nyc-1")), legs=(*waiting.legs, down))
    assert news(early).startswith(" a@nyc-1: registration gave up  ·  asking lon-2 ...")


def test_a_healthy_fleet_says_so() -> None:
    assert news(Snapshot(1, NOW, (sbc(),), (leg(), leg("beta")))) == (
        " 2 of 2 legs up, nothing down, degraded or unknown"
    )


def test_before_the_first_answer_the_sbcs_asked_are_named() -> None:
    asked = never_polled(Snapshot(0, NOW, (sbc("nyc-1"), sbc("lon-2"))))
    assert news(asked) == " asking nyc-1, lon-2 ..."


def test_a_sentence_is_never_without_a_reason() -> None:
    text = plain(sentence(replace(leg(), reason=Safe("")), NOW))
    assert text == "alpha-us@nyc-1  UP 1 h 0 m: nothing to remark"


def test_a_broken_sbc_stays_broken_when_its_news_is_old() -> None:
    assert "Asterisk does not answer" in news(Snapshot(1, NOW, (broken_sbc(),)), NOW + 9999)


LIMITS = Thresholds()


def judged(look: BoxLook) -> SbcStatus:
    """Return lab-1 as it is judged for real."""
    verdict = judge_box(look, BoxMemory(), LIMITS)
    return replace(
        sbc("lab-1"), state=verdict.state, severity=verdict.severity, reason=verdict.reason, link=look.link
    )


REFUSED = LinkStatus(SshState.REFUSED, Safe("connection refused by 10.0.0.1:22: sshd is not listening there"))
OK = LinkStatus(SshState.OK)
STOPPED = Observation(NOW, 0.1, AppState.NOT_RUNNING, Safe("Asterisk is not running (no console socket)"))
STARTING = Observation(NOW, 0.1, AppState.STARTING, Safe("Asterisk started 3 s ago, its modules are loading"))
LOOKS = (
    BoxLook(REFUSED, None, 3, None, 90),
    BoxLook(REFUSED, STOPPED, 3, 200, 90),
    BoxLook(REFUSED, STARTING, 3, 5, 90),
    BoxLook(OK, STOPPED, 3, 5, 90),
    BoxLook(OK, STARTING, 3, 5, 90),
    BoxLook(OK, replace(STOPPED, app=AppState.ANSWERING), 3, 5, 90, nothing_listed=True),
)


@pytest.mark.parametrize("look", LOOKS)
def test_a_line_on_an_sbc_in_trouble_names_it_once_and_counts_its_legs_once(look: BoxLook) -> None:
    dark = [leg(name, "lab-1", LegState.UNKNOWN) for name in ("a", "b", "c")]
    snapshot = Snapshot(1, NOW, (judged(look),), tuple(dark))
    line, verdict = news(snapshot), check(snapshot, NOW).line
    table = status_table(snapshot, NOW).splitlines()[0]
    about = verdict.partition("; ")[2].partition("; ")[0]
    for text in (line, table, about):
        assert text.count("lab-1") == 1, text
        assert text.count("legs unknown") <= 1, text
    assert "3 legs unknown" in line


def test_legs_are_counted_though_the_reason_has_the_word_unknown() -> None:
    box = replace(
        broken_sbc("lab-1"), reason=Safe("host key of 10.0.0.1:22 is unknown; type: ssh noc@10.0.0.1")
    )
    assert news(Snapshot(1, NOW, (box,), (leg("a", "lab-1", LegState.UNKNOWN),))).endswith(": 1 leg unknown")


def test_where_links_failed_their_reasons_are_told_and_not_only_silence() -> None:
    lost = tuple(
        replace(
            sbc(name, age=300),
            state=SbcState.UNKNOWN,
            reason=Safe("not polled, 3 legs unknown: connection refused"),
            link=REFUSED,
        )
        for name in ("a-1", "b-1")
    )
    line = news(Snapshot(1, NOW, lost))
    assert line.startswith(" a-1: not polled, 3 legs unknown: connection refused  ·  b-1: not polled")
    mixed = news(Snapshot(1, NOW, (lost[0], sbc("b-1", age=300))))
    assert "a-1: not polled, 3 legs unknown: connection refused" in mixed
    assert "b-1: no news for 5 m; was up" in mixed


def test_silence_does_not_hide_an_sbc_that_was_in_trouble_of_its_own() -> None:
    barred = replace(
        sbc("c-1", age=300), state=SbcState.UNKNOWN, reason=Safe("its socket is not for this login")
    )
    never = replace(
        sbc("d-1", age=None), state=SbcState.UNKNOWN, reason=Safe("not polled: refused"), link=REFUSED
    )
    line = news(Snapshot(1, NOW, (sbc("a-1", age=300), barred, never)))
    assert line.startswith(" no news from any SBC for 5 m:")
    assert "c-1: its socket" in line
    assert "d-1: not polled: refused" in line
    assert "a-1" not in line


def test_an_sbc_whose_witnesses_disagree_is_named_and_hides_no_leg() -> None:
    odd = replace(
        sbc("nyc-1"),
        severity=Severity.WARNING,
        reason=Safe("answering, up 3 h; SSH works, SNMP not: no answer"),
    )
    down = leg("a", state=LegState.DOWN, reason="registration gave up")
    text = news(Snapshot(1, NOW, (odd,), (down,)))
    assert text.index("registration gave up") < text.index("SSH works, SNMP not")
    good = news(Snapshot(1, NOW, (odd,), (leg("a"),)))
    assert "nyc-1: answering, up 3 h; SSH works, SNMP not: no answer" in good


def test_a_broken_config_is_told_whole_when_alone_and_by_its_place_beside_an_sbc_in_trouble() -> None:
    engine = EngineNews(config="config not reloaded: prod.toml:12 (+2 more): sbc nyc-1: host: is missing")
    calm = replace(fleet(), legs=(leg(),), sbcs=(sbc("nyc-1"),))
    assert news(calm, engine=engine).startswith(f" {engine.config}  ·  ")
    trouble = news(replace(calm, sbcs=(broken_sbc("nyc-1"),)), engine=engine)
    assert trouble.startswith(" config not reloaded: prod.toml:12 (+2 more)  ·  nyc-1: ")
    dead = news(calm, engine=engine._replace(alive=False, notice="the engine died"))
    assert dead.startswith(" the engine died  ·  config not reloaded: prod.toml:12 (+2 more)")


def test_that_no_history_is_kept_is_said_after_the_worse_news() -> None:
    engine = EngineNews(notice="nothing is logged: no space", history="no history: no space")
    calm = replace(fleet(), legs=(leg(),), sbcs=(sbc("nyc-1"),))
    assert news(calm, engine=engine) == " nothing is logged: no space  ·  no history: no space"
    assert "no history" not in news(calm, engine=engine._replace(alive=False))
