"""From an answer to the figures of a leg and its SBC: dials, what is at risk, caps that are shared, the clock."""

from __future__ import annotations

import asyncio
import contextlib
import math
from typing import Any

import pytest
from msgspec import structs

from tests.health.scenes import START, Says, Trunks, answer, box, fleet_of, leg, settings_of
from tests.poll.fakes import Clock, EndOfPlayError, ScriptedAsker
from trunktui.health.rollup import Share, shares
from trunktui.model.ask import Answer, Reply
from trunktui.model.health import SbcState, Severity, Thresholds, Usage
from trunktui.model.inventory import Account, AuthMode, Binding, Cap, Inventory, Sbc, SshTarget, Trunk
from trunktui.model.snapshot import Snapshot
from trunktui.model.text import Safe
from trunktui.platforms import asterisk
from trunktui.platforms.registry import platform_for
from trunktui.poll.fleet import Fleet
from trunktui.poll.poller import SbcPoller
from trunktui.poll.schedule import Pace
from trunktui.present.columns import ColumnKey
from trunktui.present.fleet import row_of
from trunktui.present.words import NOT_KNOWN

EPOCH = 1_795_646_305.0
"""2026-11-25 22:38:25 UTC: what our wall clock shows at START."""


def dialled(count: int, at: float, *, processed: int | None = None, clock: str | None = None) -> Answer:
    """Return an answer at `at`: so many calls that came from a customer and go out over the trunk, all up."""
    rows = []
    for n in range(count):
        made = int(EPOCH) + n
        rows.append(f"PJSIP/customer-{2 * n:08x}!c!1!4!Up!Dial!x!cust!!!3!3!b!nyc-{made}.{2 * n}")
        rows.append(
            f"PJSIP/carrier-a-{2 * n + 1:08x}!c!!1!Up!AppDial!(Outgoing Line)!1!!!3!3!b!nyc-{made}.{2 * n + 1}"
        )
    whole = count if processed is None else processed
    counted = f"{2 * count} active channels\n{count} active calls\n{whole} calls processed"
    texts = {"channels": "\n".join(rows), "count": counted}
    if clock is not None:
        texts["clock"] = clock
    said = answer(Says(), at)
    replies = [reply for reply in said.replies if reply.key not in texts]
    replies += [Reply(key, 0, tuple(map(Safe, text.splitlines()))) for key, text in texts.items()]
    return structs.replace(said, replies=tuple(replies))


def told(fleet: Fleet, *answers: Answer, settings: Trunks | None = None, sbc: str = "sbc-1") -> Snapshot:
    """Fold answers in, one after another, and return the fleet as it is then."""
    for one in answers:
        bindings = fleet.inventory.bindings_on(sbc)
        fleet.answered(sbc, asterisk.parse_poll(one, settings_of(settings or Trunks()), bindings))
        fleet.record(sbc).settings_done = True
    return fleet.snapshot(answers[-1].answered_at)


def test_a_leg_shows_its_dials_and_what_a_silent_death_would_burn() -> None:
    snapshot = told(fleet_of(Trunks()), dialled(0, START), dialled(63, START + 30))
    one = leg(snapshot)
    assert (one.cps.now, one.cps.window_s, one.cps.whole, one.cps.peak) == (2.1, 30.0, True, 1)
    assert one.at_risk == 2.1 * 33.0
    assert box(snapshot).cps == 2.1


def test_dials_that_the_counter_knows_and_no_poll_saw_make_both_figures_lower_bounds() -> None:
    one = leg(told(fleet_of(Trunks()), dialled(0, START), dialled(30, START + 30, processed=90)))
    assert (one.cps.now, one.cps.whole, one.at_risk) == (1.0, False, 33.0)


def test_a_leg_that_nobody_probes_puts_dials_at_risk_for_ever_if_it_has_any() -> None:
    unprobed = Trunks(qualify=0)
    one = leg(told(fleet_of(unprobed), dialled(0, START), dialled(3, START + 30), settings=unprobed))
    assert one.at_risk == math.inf
    idle = leg(told(fleet_of(unprobed), dialled(0, START), dialled(0, START + 30), settings=unprobed))
    assert idle.at_risk == 0


def test_nothing_is_said_of_dials_once_the_last_answer_is_stale() -> None:
    fleet = fleet_of(Trunks())
    told(fleet, dialled(0, START), dialled(63, START + 30))
    late = START + 30 + 200
    row = row_of(leg(fleet.snapshot(late)), late)
    assert (row.cell(ColumnKey.CPS).text, row.cell(ColumnKey.DIALS).text) == (NOT_KNOWN, NOT_KNOWN)
    assert box(fleet.snapshot(late)).cps is None


def test_a_cap_on_dials_is_shared_by_all_legs_of_the_account() -> None:
    names = ("sbc-1", "sbc-2")
    trunk = Trunk(
        "carrier-a",
        account="acme",
        auth=AuthMode.HYBRID,
        bindings=tuple(Binding("carrier-a", name, name="carrier-a") for name in names),
    )
    inventory = Inventory(
        accounts=(Account("acme", "a", Cap(cps=3.0)),),
        sbcs=tuple(Sbc(name, "asterisk", SshTarget("10.0.0.1")) for name in names),
        trunks=(trunk,),
    )
    fleet = Fleet(inventory, Thresholds(), 30.0)
    for sbc in names:
        told(fleet, dialled(0, START), dialled(30, START + 30), sbc=sbc)
    one = leg(fleet.snapshot(START + 30))
    assert (one.cps.now, one.cps.used, one.cps.cap) == (1.0, 2.0, 3.0)
    assert one.cps.state is Usage.HIGH, "two thirds of the cap as a mean over two SBCs"


def polled(clock_line: str) -> Snapshot:
    """Poll once; the SBC's clock said `clock_line` in the middle of a question that took 0.2 s."""
    clock = Clock(START)
    fleet = fleet_of(Trunks())
    asker = ScriptedAsker([dialled(0, START, clock=clock_line)], clock)
    poller = SbcPoller(
        "sbc-1",
        platform_for("asterisk"),
        asker,
        fleet,
        pace=Pace(),
        clock=clock,
        wall=lambda: EPOCH + clock() - START,
        chance=lambda: 0.5,
        changed=lambda: None,
    )
    with contextlib.suppress(EndOfPlayError):  # it asks for settings next, of which this play has none
        asyncio.run(poller.poll())
    return fleet.snapshot(START)


def test_the_sbcs_clock_is_compared_with_ours_at_the_middle_of_the_question() -> None:
    sbc = box(polled("2026-11-25T23:38:28,150000001+01:00"))
    assert sbc.clock_offset_s is not None
    assert sbc.clock_unsure_s is not None
    assert round(sbc.clock_offset_s, 3) == 3.25
    assert round(sbc.clock_unsure_s, 3) == 0.1
    assert sbc.zone_s == 3600
    assert (sbc.state, sbc.severity) == (SbcState.UP, Severity.WARNING)
    assert "its clock is 3 s ahead of ours" in sbc.reason


def test_a_clock_in_step_is_no_news_and_one_that_was_not_read_neither() -> None:
    for line in ("2026-11-25T22:38:24,950000001+00:00", "date: invalid option"):
        sbc = box(polled(line))
        assert (sbc.state, sbc.severity, sbc.reason) == (SbcState.UP, Severity.NONE, "answering")


def test_what_is_used_is_counted_anew_when_an_answer_comes_or_goes_stale_and_not_between(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    counted: list[int] = []

    def counting(*given: Any) -> dict[str, Share]:
        counted.append(len(counted))
        return shares(*given)

    monkeypatch.setattr("trunktui.poll.fleet.shares", counting)
    trunks = Trunks(cap=200)
    fleet = fleet_of(trunks)
    bindings = fleet.inventory.bindings_on("sbc-1")
    fleet.answered(
        "sbc-1", asterisk.parse_poll(answer(Says(channels=41), START), settings_of(trunks), bindings)
    )
    seen = [leg(fleet.snapshot(START + after)).channels.used for after in (0, 1, 2, 80, 200, 201)]
    assert seen == [41, 41, 41, 41, None, None]
    assert len(counted) == 2
