"""Whose fault it is: the numbered cases, ten thousand fleets against the slow and obvious way, and what never may be."""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable

import pytest
from msgspec import structs

from tests.health.cases_verdicts import (
    TWO_CARRIERS,
    VERDICTS,
    VerdictCase,
    account_is_refused,
    fleet_of,
    inventory,
    say,
)
from tests.health.fleets_at_random import NOW, RandomFleet
from tests.health.natives import plain
from tests.health.scenes import START
from tests.health.slow_verdicts import Said, slowly
from tests.marking import maintenance
from trunktui.health.correlate import Correlation, correlate
from trunktui.model.correlation import VerdictKind
from trunktui.model.health import FaultKind, LegState, Thresholds
from trunktui.model.inventory import Inventory
from trunktui.model.marks import Scope, Target
from trunktui.model.snapshot import Snapshot
from trunktui.poll import verdicts as poll_verdicts

FLEETS = 10_000


def judged(fleet: RandomFleet, now: float = NOW) -> Correlation:
    return correlate(fleet.legs.values(), fleet.sbcs.values(), Inventory(), Thresholds(), 30.0, now)


def told(found: Correlation) -> set[Said]:
    return {
        Said(one.kind.value, one.subject, one.carrier, frozenset(one.legs), one.severity.value)
        for one in found.verdicts
    }


@pytest.mark.parametrize("case", VERDICTS, ids=lambda case: case.number)
def test_a_case_gets_its_verdicts_and_sentences(case: VerdictCase) -> None:
    found = [(one.kind.value, one.subject, one.severity.value, one.legs, one.reason) for one in case.story()]
    assert found == list(case.wanted)


def test_ten_thousand_random_fleets_are_judged_as_the_slow_and_obvious_way_judges_them() -> None:
    kinds: Counter[str] = Counter()
    for seed in range(FLEETS):
        fleet = RandomFleet(seed)
        slow = slowly(fleet.legs.values(), fleet.sbcs, NOW)
        assert told(judged(fleet)) == slow, f"fleet {seed}"
        kinds.update(one.kind for one in slow)
    assert set(kinds) == {kind.value for kind in VerdictKind}
    assert min(kinds.values()) >= 50, f"not every verdict was put to the test: {kinds}"


def test_a_leg_is_explained_once_and_only_legs_in_trouble_are() -> None:
    for seed in range(1000):
        fleet = RandomFleet(seed)
        found = [leg for one in judged(fleet).verdicts for leg in one.legs]
        assert len(found) == len(set(found)), f"fleet {seed}"
        for leg in (fleet.legs[one] for one in found):
            assert leg.state not in {LegState.UP, LegState.STANDBY, LegState.ADMIN_OFF, LegState.UNMONITORED}
            assert leg.fault not in {FaultKind.ABSENT, FaultKind.OTHER}
            assert leg.maintenance is None


def test_nothing_that_is_unknown_makes_a_carrier_guilty() -> None:
    """Whatever is known of a leg, take it away: no carrier may be blamed for legs of which nothing is known."""
    for seed in range(1000):
        fleet = RandomFleet(seed)
        for leg in list(fleet.legs.values()):
            if (
                leg.state in {LegState.DOWN, LegState.SUSPECT, LegState.DEGRADED}
                and leg.fault is not FaultKind.CAP
            ):
                gone = {"state": LegState.UNKNOWN, "fault": None, "bad_since": None}
                fleet.put(leg, {**gone, "registration": structs.replace(leg.registration, code=None)})
        kinds = {one.kind for one in judged(fleet).verdicts}
        assert kinds <= {VerdictKind.COLLECTOR, VerdictKind.ACCOUNT}, f"fleet {seed}"


def test_until_tells_when_the_same_legs_mean_more() -> None:
    changed = 0
    for seed in range(1000):
        fleet = RandomFleet(seed)
        found = judged(fleet)
        before = NOW + 0.9 * min(found.until - NOW, 1000.0)
        assert found.until > NOW
        assert told(judged(fleet, before)) == told(found), f"fleet {seed}"
        changed += found.until < float("inf") and told(judged(fleet, found.until)) != told(found)
    assert changed > 30


def test_an_unpaid_account_is_never_called_an_outage() -> None:
    for code in (403, 401, None):
        kinds = {one.kind for one in account_is_refused(code)}
        assert kinds
        assert VerdictKind.CARRIER_OUTAGE not in kinds


def outage(seconds: Callable[[int], bool], until: int) -> list[tuple[str, ...]]:
    """Return the kinds of verdicts told at each poll while carrier alpha is silent in some of its seconds."""
    fleet = fleet_of(inventory(("sbc-1", "sbc-2", "sbc-3"), TWO_CARRIERS))
    found: list[tuple[str, ...]] = []
    for second in range(0, until, 30):
        for n, sbc in enumerate(("sbc-1", "sbc-2", "sbc-3")):
            at = second + 10 * n
            legs = (plain("a", alive=not seconds(at)), plain("b"))
            snapshot = say(fleet, at, {sbc: legs})
            found.append(tuple(one.kind.value for one in snapshot.verdicts))
    return [one for n, one in enumerate(found) if n == 0 or one != found[n - 1]]


def test_an_outage_begins_and_ends_once_whatever_sbc_notices_first() -> None:
    assert outage(lambda at: 100 <= at < 400, 900) == [(), ("carrier_outage",), ()]


def test_a_fault_began_at_its_first_bad_sign_and_lasts_over_doubt() -> None:
    fleet = fleet_of(inventory(("sbc-1",), TWO_CARRIERS))

    def bad_since(second: float, *, alive: bool) -> tuple[FaultKind | None, float | None]:
        snapshot = say(fleet, second, {"sbc-1": (plain("a", alive=alive), plain("b"))})
        leg = next(leg for leg in snapshot.legs if leg.trunk == "a")
        return leg.fault, leg.bad_since

    assert bad_since(0, alive=True) == (None, None)
    assert bad_since(30, alive=False) == (FaultKind.PROBE, START + 30)
    assert bad_since(60, alive=False) == (FaultKind.PROBE, START + 30)
    # One good answer proves no recovery: it is still down, and since then.
    assert bad_since(90, alive=True) == (FaultKind.PROBE, START + 30)
    assert bad_since(120, alive=False) == (FaultKind.PROBE, START + 30)
    assert bad_since(150, alive=True) == (FaultKind.PROBE, START + 30)
    assert bad_since(180, alive=True) == (None, None)


def test_maintenance_takes_a_leg_out_of_the_comparison() -> None:
    fleet = fleet_of(inventory(("sbc-1", "sbc-2", "sbc-3"), TWO_CARRIERS))

    def marked(snapshot: Snapshot) -> Snapshot:
        window = maintenance(Target(Scope.SBC, "sbc-2"))
        return structs.replace(
            snapshot,
            legs=tuple(
                structs.replace(leg, maintenance=window) if leg.sbc == "sbc-2" else leg
                for leg in snapshot.legs
            ),
        )

    for second in range(0, 300, 30):
        bad = (plain("a", alive=second < 60), plain("b"))
        say(fleet, second, {"sbc-1": tuple(map(plain, "ab")), "sbc-2": bad, "sbc-3": tuple(map(plain, "ab"))})
    now = START + 280
    assert [one.kind for one in fleet.snapshot(now).verdicts] == [VerdictKind.LOCAL_LEG]
    assert fleet.snapshot(now, marked).verdicts == ()


def test_nothing_is_judged_again_while_nothing_changes(monkeypatch: pytest.MonkeyPatch) -> None:
    asked = Counter[float]()

    def counting(*args: object) -> Correlation:
        asked[float(args[-1])] += 1  # type: ignore[arg-type]
        return correlate(*args)  # type: ignore[arg-type]

    monkeypatch.setattr(poll_verdicts, "correlate", counting)
    fleet = fleet_of(inventory(("sbc-1", "sbc-2", "sbc-3"), TWO_CARRIERS))
    for second in (0, 30, 60):
        bad = (plain("a", alive=second < 30), plain("b"))
        say(fleet, second, {"sbc-1": tuple(map(plain, "ab")), "sbc-2": bad, "sbc-3": tuple(map(plain, "ab"))})
    before = asked.total()
    for tenth in range(300):
        assert not fleet.snapshot(START + 60 + tenth / 10).verdicts
    assert asked.total() == before
    # The others' time to notice is over by itself, without any news.
    assert fleet.snapshot(START + 60 + 45).verdicts
    assert asked.total() == before + 1
