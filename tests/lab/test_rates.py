"""Dials per second and the SBC's clock as the product shows them, against calls that were really made on an Asterisk."""

from __future__ import annotations

import subprocess
import time
from pathlib import Path

import pytest

from .lab import ADDRESS, HERE, Lab, wait_for
from .product import Watched, watched, write_config

pytestmark = [pytest.mark.lab, pytest.mark.timeout(180)]

LEG = "acme-primary@lab-1"
DETECT_S = 13.0
SETTLED_S = 60.0
CALLS = 6


def _dials(product: Watched) -> int | None:
    """Return how many dials the shown rate stands for; None while it is not known."""
    cps = product.leg(LEG).cps
    return None if cps.now is None or cps.window_s is None else round(cps.now * cps.window_s)


def _refused_call(lab: Lab) -> None:
    """Have a customer's call refused at once: it is gone before anybody looks, but Asterisk has counted it."""
    subprocess.run(
        [
            *(
                "ip",
                "netns",
                "exec",
                "ttl-cust",
                "sipp",
                f"{ADDRESS['sbc1']}:5060",
                "-sf",
                HERE / "sipp/call.xml",
            ),
            *(
                "-i",
                "10.77.0.31",
                "-mi",
                "10.77.0.31",
                "-p",
                "5062",
                "-s",
                "15551230001",
                "-nostdin",
                "-m",
                "1",
            ),
            *("-key", "trunk", "no-such-trunk", "-timeout", "5"),
        ],
        cwd="/tmp",
        capture_output=True,
        timeout=20,
        check=False,
    )


async def test_dials_are_counted_as_they_were_made_and_called_a_lower_bound_once_one_was_missed(
    lab: Lab, tmp_path: Path
) -> None:
    lab.settle()
    # What an earlier test dialled has left the window, and every number that it left a gap in.
    async with watched(write_config(lab, tmp_path)) as product:
        await product.wait(lambda: _dials(product) == 0 and product.leg(LEG).cps.whole, SETTLED_S, "no dials")
        assert product.leg(LEG).at_risk == 0
        with lab.sipp_calls("acme-primary", CALLS):
            await product.wait(lambda: _dials(product) == CALLS, SETTLED_S, f"{CALLS} dials")
            leg = product.leg(LEG)
            assert leg.cps.whole
            assert leg.cps.now is not None
            assert leg.cps.peak is not None
            assert 1 <= leg.cps.peak <= CALLS
            assert leg.at_risk == pytest.approx(leg.cps.now * DETECT_S)
            assert product.leg("ipauth-beta@lab-1").cps.now == 0
            assert product.sbc.cps is not None
            assert product.sbc.cps >= leg.cps.now - 0.001
            _refused_call(lab)
            await product.wait(lambda: not product.leg(LEG).cps.whole, SETTLED_S, "a lower bound")
            assert product.leg("ipauth-beta@lab-1").cps.now is None, "at least none says nothing"


async def test_the_clock_of_an_sbc_on_this_machine_is_in_step_and_its_zone_is_read(
    lab: Lab, tmp_path: Path
) -> None:
    async with watched(write_config(lab, tmp_path)) as product:
        await product.wait(lambda: product.sbc.clock_offset_s is not None, SETTLED_S, "its clock")
        sbc = product.sbc
        assert sbc.clock_offset_s is not None
        assert sbc.clock_unsure_s is not None
        assert abs(sbc.clock_offset_s) <= sbc.clock_unsure_s + 0.05
        assert sbc.zone_s is not None
        assert sbc.zone_s % 900 == 0
        assert "clock" not in sbc.reason


async def test_a_restart_of_asterisk_is_no_burst_of_dials(lab: Lab, tmp_path: Path) -> None:
    lab.settle()
    async with watched(write_config(lab, tmp_path)) as product:
        with lab.sipp_calls("acme-primary", CALLS):
            await product.wait(lambda: bool(_dials(product)), SETTLED_S, "dials")
            seen: list[float] = []
            lab.restart_asterisk()
            restarted = time.monotonic()
            await product.wait(
                lambda: _fresh(product, restarted), SETTLED_S, "the first look after the restart"
            )
            await product.wait(lambda: _note(product, seen), SETTLED_S, "a rate by the new life's counters")
        assert all(rate == 0 for rate in seen), seen
    wait_for(lambda: lab.uptime_s() > 0, 10.0, "Asterisk")


def _fresh(product: Watched, since: float) -> bool:
    polled = product.sbc.polled_at
    return polled is not None and polled > since and product.sbc.started_at is not None


def _note(product: Watched, seen: list[float]) -> bool:
    now = product.leg(LEG).cps.now
    if now is not None:
        seen.append(now)
    return now is not None
