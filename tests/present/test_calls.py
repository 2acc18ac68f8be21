"""What calls say of a leg, on its page: the count, why they fail, what was lost, or why none of it is known."""

from __future__ import annotations

from tests.fleets import NOW, leg, sbc
from trunktui.model.health import LegState, TrafficSignal
from trunktui.model.snapshot import LegStatus, SbcStatus, TrafficView
from trunktui.model.tail import TailFile, TailKind, TailState, TailStatus
from trunktui.model.text import Safe
from trunktui.present.calls import call_facts, traffic_words
from trunktui.present.cells import Role, plain
from trunktui.present.detail import page_lines

CALLS = TailFile(TailKind.CALLS, "/var/log/asterisk/cel-custom/trunktui.csv")
REFUSED = TrafficView(TrafficSignal.FAILING, 300.0, 1500, 0, 1500, cause=21)


def facts(one: LegStatus, box: SbcStatus | None = None, *, old: bool = False) -> dict[str, str]:
    return {label: cell.text for label, cell in call_facts(one, box, old=old)}


def test_calls_that_fail_are_told_with_their_cause_and_what_was_lost() -> None:
    one = leg("a@nyc-1", LegState.DOWN, traffic=REFUSED, wasted=1240)
    assert facts(one) == {
        "calls": "calls fail; 1500 calls in 5m00s, 0 answered, 1500 failed with cause 21",
        "lost": "1,240 calls without an answer since the first bad sign",
    }
    page = "\n".join(plain(line) for line in page_lines(one, sbc("nyc-1"), NOW, (), 100))
    assert "1,240 calls without an answer" in page


def test_calls_that_pass_are_counted_and_compared_with_other_days() -> None:
    one = leg("a@nyc-1", traffic=TrafficView(TrafficSignal.NORMAL, 300.0, 630, 201, usual_asr=0.314))
    assert facts(one) == {"calls": "630 calls in 5m00s, 201 answered (usual at this hour 31 %)"}
    assert traffic_words(TrafficView(TrafficSignal.IDLE, 300.0, 0, 0)) == "none ended in the last 5m00s"
    assert "to +4470*" in traffic_words(
        TrafficView(TrafficSignal.DESTINATION, 300.0, 60, 40, 20, code=403, prefix=Safe("+4470"))
    )


def test_old_news_of_calls_is_not_shown_as_now() -> None:
    assert facts(leg("a@nyc-1", traffic=REFUSED), old=True) == {"calls": "–"}


def test_without_records_it_is_said_why_and_where_the_way_out_stands() -> None:
    one = leg("a@nyc-1", traffic=None)
    missing = sbc("nyc-1", tails=(TailStatus(CALLS, TailState.MISSING, Safe("there is no /x")),))
    assert facts(one, missing) == {
        "calls": "no call records: the SBC writes none that is read here: docs/calls.md says what to set up"
    }
    why = Safe("this login may not read /x: put it into its group, often adm (docs/grants.md)")
    refused = sbc("nyc-1", tails=(TailStatus(CALLS, TailState.NOT_PERMITTED, why),))
    assert facts(one, refused) == {"calls": f"no call records: {why}"}
    assert facts(one, sbc("nyc-1")) == {}
    assert facts(one) == {}
    assert next(call_facts(one, missing, old=False))[1].role is Role.DIM
