"""The status document: its shape is a promise, unknown is null, and nothing old is told as now."""

from __future__ import annotations

import csv
import io
import json
from datetime import UTC, date, datetime, timedelta, timezone
from pathlib import Path
from typing import Any

import pytest
from msgspec.structs import replace

from tests.fleets import NOW, fleet, leg, sample, sbc, unknown_leg
from trunktui.model.correlation import Correlated, VerdictKind
from trunktui.model.finding import Confidence, Finding, FindingKind
from trunktui.model.health import LegState, ProbeSignal, RegSignal, SbcState, Severity, TrafficSignal, Usage
from trunktui.model.link import SnmpState, SnmpStatus
from trunktui.model.marks import MarksNote
from trunktui.model.snapshot import ChannelsView, GroupStatus, ProbeView, RegView, TrafficView
from trunktui.model.text import Safe
from trunktui.present.document import status_document, to_json, worst
from trunktui.present.sheet import CSV_COLUMNS, to_csv

GOLDEN = Path(__file__).parents[1] / "fixtures" / "documents"
WALL = datetime(2026, 11, 23, 3, 14, 7, tzinfo=UTC)
KEYS = {
    "": "schema at worst sbcs legs groups carriers verdicts findings",
    "sbcs": "name site platform version uptime_s state severity reason ssh snmp channels calls cps clock_offset_s "
    "clock_unsure_s utc_offset_s egress box maintenance acknowledged",
    "sbcs.ssh": "state age_s error",
    "sbcs.snmp": "state age_s error",
    "sbcs.egress": "address source expected",
    "sbcs.box": "name uptime_s load disk sub_agent app_version app_uptime_s channels calls calls_processed published",
    "sbcs.box.disk": "path used_percent",
    "sbcs.box.published": "name lines status",
    "legs": "id trunk sbc carrier account groups auth auth_source discovered actionable state severity since reason "
    "registration probe channels cps at_risk at_risk_bound wasted traffic age_s flapping targets maintenance acknowledged",
    "legs.registration": "state next_in_s failures gave_up code",
    "legs.probe": "state rtt_ms misses code interval_s detect_s contacts",
    "legs.probe.contacts": "uri state rtt_ms",
    "legs.channels": "active cap used_of_cap used_at_least state",
    "legs.cps": "now at_least peak window_s cap state",
    "legs.traffic": "state attempts answered window_s code cause prefix",
    "groups": "name state severity reason active routes maintenance acknowledged",
    "groups.active": "nyc-1 lon-1",
    "groups.routes": "sbc mechanism place state trunk values since age_s sentence",
    "groups.routes.values": "value weight held alive",
    "carriers": "name verdict reason headroom",
    "carriers.headroom": "severity reason groups",
    "carriers.headroom.groups": "group from to sbcs load load_bound free free_bound fits severity reason",
    "verdicts": "kind subject carrier severity reason since legs",
}


def document(now: float = NOW, snapshot: Any = None) -> dict[str, Any]:
    """Return the document of the sample fleet, or of `snapshot`, as its readers get it."""
    loaded: dict[str, Any] = json.loads(to_json(status_document(snapshot or sample(), now, WALL)))
    return loaded


def objects(value: Any, path: str = "") -> Any:
    """Yield (path, object) for every object in a JSON value."""
    if isinstance(value, dict):
        yield path, value
        for key, item in value.items():
            yield from objects(item, f"{path}.{key}".lstrip("."))
    elif isinstance(value, list):
        for item in value:
            yield from objects(item, path)


def test_the_sample_fleet_gives_the_golden_json() -> None:
    assert to_json(status_document(sample(), NOW, WALL)) == (GOLDEN / "status.json").read_text(
        encoding="utf-8"
    )


def test_the_sample_fleet_gives_the_golden_csv() -> None:
    assert to_csv(status_document(sample(), NOW, WALL)) == (GOLDEN / "status.csv").read_text(encoding="utf-8")


@pytest.mark.parametrize("later", [0, 100, 100_000])
def test_every_object_has_exactly_its_keys_however_old_the_news(later: float) -> None:
    seen = set()
    lost = Correlated(
        VerdictKind.COLLECTOR, Safe("collector"), Severity.CRITICAL, Safe("no news"), (), None, NOW
    )
    for path, value in objects(document(NOW + later, replace(sample(), verdicts=(lost,)))):
        assert list(value) == KEYS[path].split(), path
        seen.add(path)
    # What calls say of a leg, what stands at a route and what a carrier's death would do: null where nobody tells, or not any more.
    fleeting = {"legs.traffic", "groups.routes.values", "carriers.headroom", "carriers.headroom.groups"}
    assert seen | fleeting == set(KEYS)
    assert later or fleeting <= seen


def test_nothing_known_is_null_and_never_nought() -> None:
    (told,) = document(snapshot=fleet(unknown_leg("alpha@nyc-1")))["legs"]
    assert told["registration"] == {
        "state": "unknown",
        "next_in_s": None,
        "failures": None,
        "gave_up": None,
        "code": None,
    }
    assert told["channels"] == {
        "active": None,
        "cap": None,
        "used_of_cap": None,
        "used_at_least": None,
        "state": "unknown",
    }
    assert told["probe"]["rtt_ms"] is None
    assert (told["since"], told["age_s"], told["at_risk"], told["wasted"]) == (None, None, None, None)
    assert (told["cps"]["now"], told["cps"]["window_s"], told["at_risk_bound"]) == (None, None, None)


def test_a_leg_past_its_time_is_unknown_whatever_the_snapshot_says() -> None:
    told = document(NOW + 87)["legs"][0]
    assert (told["state"], told["severity"]) == ("unknown", "indeterminate")
    assert told["reason"] == "no news for 1 m 31 s; was up"
    assert told["age_s"] == 91
    assert told["registration"] == {
        "state": "unknown",
        "next_in_s": None,
        "failures": None,
        "gave_up": None,
        "code": None,
    }
    assert (told["probe"]["state"], told["probe"]["rtt_ms"], told["probe"]["interval_s"]) == (
        "unknown",
        None,
        30,
    )
    assert told["probe"]["contacts"] == [{"uri": "sip:192.0.2.21", "state": None, "rtt_ms": None}]
    assert told["channels"] == {
        "active": None,
        "cap": 200,
        "used_of_cap": None,
        "used_at_least": None,
        "state": "unknown",
    }


def test_an_sbc_past_its_time_is_unknown_and_its_figures_are_null() -> None:
    told = document(NOW + 87)["sbcs"][0]
    assert (told["state"], told["severity"], told["reason"]) == (
        "unknown",
        "indeterminate",
        "no news for 1 m 31 s; was up",
    )
    assert (told["uptime_s"], told["channels"], told["calls"]) == (None, None, None)


def test_an_sbc_that_is_down_stays_down_however_old() -> None:
    gone = sbc("nyc-1", SbcState.DOWN, Severity.CRITICAL, reason=Safe("refused"))
    told = document(NOW + 10_000, fleet(sbcs=(gone,)))["sbcs"][0]
    assert (told["state"], told["severity"], told["reason"]) == ("down", "critical", "refused")


def test_a_group_is_unknown_once_all_its_legs_are_past_their_time() -> None:
    group = GroupStatus("us", LegState.UP, Severity.NONE, Safe(""))
    snapshot = fleet(leg("a@nyc-1", groups=("us",)), leg("b@nyc-1", groups=("us",)), groups=(group,))
    assert document(NOW, snapshot)["groups"][0]["state"] == "up"
    assert document(NOW + 87, snapshot)["groups"][0]["state"] == "unknown"


def test_what_snmp_told_is_null_once_it_is_old_and_its_age_goes_on() -> None:
    one = document(NOW + 86)["sbcs"][0]
    assert one["snmp"] == {"state": "ok", "age_s": 91, "error": None}
    assert one["box"].pop("published") == [{"name": "ast-regs", "lines": None, "status": None}]
    assert set(one["box"].pop("disk").values()) == {None}
    assert set(one["box"].values()) == {None}


def test_an_uptime_by_snmp_counts_on_from_when_it_was_read() -> None:
    assert document()["sbcs"][0]["box"]["uptime_s"] == 864_005


def test_why_snmp_does_not_answer_is_told() -> None:
    refused = SnmpStatus(SnmpState.AUTH, Safe("wrong auth key"), since=NOW - 9, last_ok=None)
    told = document(snapshot=fleet(leg("a@nyc-1"), sbcs=(sbc("nyc-1", snmp=refused),)))["sbcs"][0]
    assert told["snmp"] == {"state": "auth", "age_s": None, "error": "wrong auth key"}
    assert told["box"]["uptime_s"] is None


def test_how_carriers_see_an_sbc_is_told_with_its_source_and_null_once_it_is_old() -> None:
    told = document()["sbcs"][0]["egress"]
    assert told == {"address": "198.51.100.9", "source": "STUN server 192.0.2.99", "expected": "198.51.100.4"}
    old = document(NOW + 87)["sbcs"][0]["egress"]
    assert old == {"address": None, "source": None, "expected": "198.51.100.4"}


def test_where_a_leg_leads_is_null_while_it_is_not_known_and_empty_where_it_leads_nowhere() -> None:
    legs = [leg("a@nyc-1"), leg("b@nyc-1", targets=()), leg("c@nyc-1", targets=None)]
    told = document(snapshot=fleet(*legs))["legs"]
    assert [one["targets"] for one in told] == [["192.0.2.21"], [], None]
    assert document(NOW + 87, fleet(legs[0]))["legs"][0]["targets"] is None


def test_times_of_day_are_computed_from_ages_and_told_in_utc() -> None:
    berlin = WALL.astimezone(timezone(timedelta(hours=1)))
    told = status_document(fleet(leg("a@nyc-1", since_at=NOW - 61)), NOW, berlin)
    assert told["at"] == "2026-11-23T03:14:07Z"
    legs = told["legs"]
    assert isinstance(legs, list)
    assert legs[0]["since"] == "2026-11-23T03:13:06Z"


def test_a_detect_time_without_end_is_null_because_json_has_no_infinity() -> None:
    endless = leg("a@nyc-1", probe=ProbeView(state=ProbeSignal.UNMONITORED, detect_s=float("inf")))
    assert document(snapshot=fleet(endless))["legs"][0]["probe"]["detect_s"] is None


@pytest.mark.parametrize(
    ("states", "expected"),
    [
        ((), "unknown"),
        (("up", "up"), "up"),
        (("up", "unmonitored"), "unmonitored"),
        (("unmonitored", "suspect"), "suspect"),
        (("suspect", "degraded"), "degraded"),
        (("degraded", "unknown"), "unknown"),
        (("unknown", "down"), "down"),
        (("up", "standby", "admin_off"), "up"),
        (("standby", "admin_off"), "up"),
        (("admin_off",), "up"),
    ],
)
def test_the_worst_state_of_a_fleet(states: tuple[str, ...], expected: str) -> None:
    legs = [leg(f"t{index}@nyc-1", LegState(state)) for index, state in enumerate(states)]
    assert worst(fleet(*legs)) is LegState(expected)


def test_the_worst_state_counts_what_is_past_its_time_as_unknown() -> None:
    assert worst(fleet(leg("a@nyc-1")), NOW + 87) is LegState.UNKNOWN


def test_no_text_in_the_csv_begins_like_a_formula() -> None:
    legs = [leg(f"{start}cmd@nyc-1", reason=Safe(f"{start}HYPERLINK()")) for start in "=+-@"]
    text = to_csv(status_document(fleet(*legs), NOW, WALL))
    rows = list(csv.DictReader(io.StringIO(text)))
    assert [row["id"] for row in rows] == [f"'{start}cmd@nyc-1" for start in "=+-@"]
    assert all(row["reason"].startswith("'") for row in rows)
    assert "\r" not in text


def test_the_csv_has_a_column_for_every_plain_value_of_a_leg() -> None:
    told = document(snapshot=replace(sample(), marks=MarksNote(read=True)))["legs"][0]
    plain = {key for key, value in told.items() if not isinstance(value, dict)}
    nested = {f"{key}.{inner}" for key, value in told.items() if isinstance(value, dict) for inner in value}
    not_told_yet = {"flapping"}
    assert set(CSV_COLUMNS) == (plain | nested) - not_told_yet - {"probe.contacts"}


def test_calls_that_fail_are_told_with_their_reason_and_what_was_lost_since() -> None:
    view = TrafficView(TrafficSignal.FAILING, 300.0, 1500, 0, 1500, cause=21)
    bad = leg("a@nyc-1", LegState.DOWN, Severity.CRITICAL, traffic=view, wasted=1240)
    told = document(snapshot=fleet(bad))["legs"][0]
    assert told["traffic"] == {
        "state": "failing",
        "attempts": 1500,
        "answered": 0,
        "window_s": 300.0,
        "code": None,
        "cause": 21,
        "prefix": None,
    }
    assert (told["wasted"], told["at_risk"]) == (1240, 69.3), "counted and foreseen, never one number"
    late = document(NOW + 1000, fleet(bad))["legs"][0]
    assert (late["traffic"], late["wasted"]) == (None, None)
    unread = document(snapshot=fleet(leg("a@nyc-1", traffic=None)))["legs"][0]
    assert (unread["traffic"], unread["wasted"]) == (None, None)


def test_the_document_is_ascii_so_that_no_encoding_spoils_it() -> None:
    assert to_json(status_document(fleet(leg("träger@nyc-1")), NOW, WALL)).isascii()


def test_a_count_that_misses_legs_is_told_as_a_lower_bound_only() -> None:
    part = leg("a@nyc-1", channels=ChannelsView(Usage.NORMAL, active=12, cap=200, used=41, whole=False))
    told = document(snapshot=fleet(part))["legs"][0]["channels"]
    assert (told["used_of_cap"], told["used_at_least"]) == (None, 41)
    whole = document(snapshot=fleet(leg("a@nyc-1")))["legs"][0]["channels"]
    assert (whole["used_of_cap"], whole["used_at_least"]) == (82, 82)


@pytest.mark.parametrize(
    ("state", "next_at", "told"),
    [
        (RegSignal.REGISTERED, NOW + 246, 246),
        (RegSignal.REGISTERED, NOW - 2, None),
        (RegSignal.REFRESHING, NOW - 3, None),
        (RegSignal.RETRYING, NOW + 41, 41),
        (RegSignal.RETRYING, NOW - 4, None),
        (RegSignal.STARTING, NOW + 3, 3),
        (RegSignal.STARTING, None, None),
        (RegSignal.GAVE_UP, NOW - 720, None),
        (RegSignal.UNREGISTERED, NOW + 50, None),
        (RegSignal.ADMIN_OFF, NOW + 50, None),
        (RegSignal.ABSENT, NOW + 50, None),
    ],
)
def test_the_next_attempt_is_null_where_none_is_due_and_never_negative(
    state: RegSignal, next_at: float | None, told: int | None
) -> None:
    one = leg("a@nyc-1", registration=RegView(state, next_at=next_at))
    assert document(snapshot=fleet(one))["legs"][0]["registration"]["next_in_s"] == told


def test_findings_are_told_with_days_as_text_and_are_null_where_nobody_looked() -> None:
    assert document(snapshot=fleet(unknown_leg("alpha@nyc-1")))["findings"] is None
    due = Finding(
        FindingKind.CRED_OVERDUE,
        Safe("alpha"),
        Severity.MINOR,
        Safe("credential 91 d old (limit 90)"),
        Safe("change it"),
        date(2026, 11, 25),
        Safe("config"),
        Confidence.CONFIGURED,
        (Safe("2026-08-27: config"),),
    )
    dateless = replace(due, due=None, source=Safe(""), confidence=Confidence.UNKNOWN, evidence=())
    first, second = document(snapshot=replace(sample(), findings=(due, dateless)))["findings"]
    assert first == {
        "kind": "cred_overdue",
        "subject": "alpha",
        "severity": "minor",
        "reason": "credential 91 d old (limit 90)",
        "due": "2026-11-25",
        "remedy": "change it",
        "source": "config",
        "confidence": "configured",
        "evidence": ["2026-08-27: config"],
    }
    assert (second["due"], second["source"], second["confidence"]) == (None, None, "unknown")
    assert list(first) == list(second)
