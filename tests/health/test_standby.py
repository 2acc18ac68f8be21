"""Pairs: whoever holds the address is active, and only what both halves keep saying is a fault of the pair."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st
from msgspec import structs

from tests.health.cases_fleet import VIP, fleet, pair, said, say
from tests.health.natives import Told, plain
from trunktui.health.standby import HalfLook, HaRole, HaView, judge_half
from trunktui.model.health import Thresholds
from trunktui.model.inventory import Ha
from trunktui.model.link import LinkError, SshState
from trunktui.model.text import Safe

HA = Ha("sbc-2", VIP)
FRESH = HaView()


def half(holds: bool | None, as_of: float = 10.0) -> HalfLook:
    return HalfLook(None if holds is None else (VIP,) if holds else ("10.20.0.99",), as_of)


@pytest.mark.parametrize(
    ("own", "peer", "role"),
    [
        (half(True), half(False), HaRole.ACTIVE),
        (half(False), half(True), HaRole.STANDBY),
        (half(True), HalfLook(), HaRole.ACTIVE),
        (half(False), HalfLook(), HaRole.UNTOLD),
        (half(None), half(True), HaRole.UNTOLD),
        (half(False), half(None), HaRole.UNTOLD),
        (HalfLook(), half(True), HaRole.UNTOLD),
    ],
)
def test_the_half_that_holds_the_address_is_active(own: HalfLook, peer: HalfLook, role: HaRole) -> None:
    assert judge_half(HA, own, peer, FRESH, 20.0).role is role


def test_an_sbc_alone_and_a_pair_without_an_address_are_judged_as_any_other() -> None:
    assert judge_half(None, half(True), half(True), FRESH, 20.0).role is HaRole.ALONE
    assert judge_half(Ha("sbc-2"), half(True), half(False), FRESH, 20.0).role is HaRole.UNTOLD


@pytest.mark.parametrize(("holds", "role"), [(True, HaRole.BOTH), (False, HaRole.NOBODY)])
def test_two_that_say_the_same_are_a_fault_only_once_both_were_asked_again(holds: bool, role: HaRole) -> None:
    seen = judge_half(HA, half(holds, 10.0), half(holds, 20.0), FRESH, 21.0)
    assert seen.role not in {HaRole.BOTH, HaRole.NOBODY}
    seen = judge_half(HA, half(holds, 40.0), half(holds, 20.0), seen, 41.0)
    assert seen.role not in {HaRole.BOTH, HaRole.NOBODY}
    assert judge_half(HA, half(holds, 40.0), half(holds, 50.0), seen, 51.0).role is role


@pytest.mark.parametrize("text", ["10.20.0.10/24", "10.20.0.10"])
def test_an_address_may_be_told_with_its_prefix(text: str) -> None:
    assert judge_half(HA, HalfLook((text,), 1.0), half(False), FRESH, 2.0).role is HaRole.ACTIVE
    other = HalfLook(("not an address", "10.20.0.100"), 1.0)
    assert judge_half(HA, other, half(True), FRESH, 2.0).role is HaRole.STANDBY
    six = Ha("sbc-2", "2001:db8::10")
    assert (
        judge_half(six, HalfLook(("2001:DB8:0::10/64",), 1.0), half(False), FRESH, 2.0).role is HaRole.ACTIVE
    )


HOLDS = st.sampled_from([True, False, None])


@given(st.lists(st.tuples(st.booleans(), HOLDS), min_size=1, max_size=30))
def test_a_pair_is_never_both_standby_and_never_at_fault_by_one_answer(
    steps: list[tuple[bool, bool | None]],
) -> None:
    looks, views = [HalfLook(), HalfLook()], [FRESH, FRESH]
    for second, (which, holds) in enumerate(steps):
        looks[which] = half(holds, float(second))
        for n, name in ((0, "sbc-2"), (1, "sbc-1")):
            views[n] = judge_half(Ha(name, VIP), looks[n], looks[1 - n], views[n], second + 0.5)
        roles = {view.role for view in views}
        if all(look.addresses is not None and VIP in look.addresses for look in looks):
            assert roles != {HaRole.STANDBY}
        if HaRole.BOTH in roles or HaRole.NOBODY in roles:
            assert len(roles) == 1
            assert len({holds is True for look in looks for holds in [VIP in (look.addresses or ())]}) == 1


def test_both_halves_know_of_a_pair_that_one_of_them_tells() -> None:
    snapshot = pair((0, True, False))
    assert said(snapshot, "sbc sbc-2")[2] == "standby, sbc-1 holds 10.20.0.10"


def test_a_standby_that_could_not_take_over_is_a_warning_and_its_legs_alarm_nobody() -> None:
    found = fleet("sbc-1", "sbc-2", trunks={"alpha": None}, ha=Ha("sbc-2", VIP))
    held = Told((plain("alpha"),), addresses=(VIP,))
    say(found, 0, sbc_1=held, sbc_2=Told((), addresses=()))
    state, severity, reason = said(found.snapshot(1000.0), "sbc sbc-2")
    assert (state, severity) == ("degraded", "warning")
    assert reason.startswith(
        "standby, sbc-1 holds 10.20.0.10; as it is it could not take over: lists no registration"
    )
    assert said(found.snapshot(1000.0), "alpha@sbc-2")[:2] == ("standby", "none")


def test_a_standby_that_is_out_of_reach_is_no_standby() -> None:
    found = fleet("sbc-1", "sbc-2", trunks={"alpha": None}, ha=Ha("sbc-2", VIP))
    held, free = Told((plain("alpha"),), addresses=(VIP,)), Told((plain("alpha", alive=False),), addresses=())
    say(found, 0, sbc_1=held, sbc_2=free)
    found.failed("sbc-2", LinkError(SshState.UNREACHABLE, Safe("no route")), 1120.0)
    assert said(found.snapshot(1120.0), "alpha@sbc-2")[:2] == ("unknown", "indeterminate")
    assert said(found.snapshot(1120.0), "sbc sbc-2")[:2] == ("unknown", "critical")


def test_a_pair_that_the_config_no_longer_names_is_two_sbcs_like_any_other() -> None:
    found = fleet("sbc-1", "sbc-2", trunks={"alpha": None}, ha=Ha("sbc-2", VIP))
    held, free = Told((plain("alpha"),), addresses=(VIP,)), Told((plain("alpha", alive=False),), addresses=())
    say(found, 0, sbc_1=held, sbc_2=free)
    assert said(found.snapshot(1000.0), "alpha@sbc-2")[0] == "standby"
    alone = structs.replace(
        found.inventory, sbcs=tuple(structs.replace(sbc, ha=None) for sbc in found.inventory.sbcs)
    )
    found.reconfigure(alone, Thresholds(), 30.0)
    assert said(found.snapshot(1000.0), "alpha@sbc-2")[0] == "down"
