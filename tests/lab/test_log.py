"""Why a REGISTER fails, from a real Asterisk's log: codes, no answer, names; over rotation, and without permission."""

from __future__ import annotations

from collections.abc import Callable
from functools import partial
from pathlib import Path

import pytest

from trunktui.model.health import RegSignal
from trunktui.model.tail import TailKind, TailState

from .lab import RUN_DIR, Lab, wait_for
from .product import Watched, status, watched, write_config

pytestmark = [pytest.mark.lab, pytest.mark.timeout(300)]

TOLD_S = 40.0
"""Two polls, one attempt every 20 s, and the rest for the machine."""

LOGS = RUN_DIR / "nodes" / "sbc1" / "root/var/log/asterisk"
LOG = "/var/log/asterisk/messages.log"


def _code(product: Watched, trunk: str) -> int | None:
    return product.leg(f"{trunk}@lab-1").registration.code if product.state(f"{trunk}@lab-1") else None


def _has_code(product: Watched, trunk: str, code: int) -> bool:
    return _code(product, trunk) == code


def _differ(lines: Callable[[], list[str]], before: list[str]) -> bool:
    return lines() != before


def _reason(product: Watched, trunk: str) -> str:
    return product.leg(f"{trunk}@lab-1").reason if product.state(f"{trunk}@lab-1") else ""


def _log_line(product: Watched, trunk: str) -> str:
    lines = product.leg(f"{trunk}@lab-1").evidence if product.state(f"{trunk}@lab-1") else ()
    return next((one.line for one in lines if one.source == "log"), "")


def _gave_up(product: Watched, trunk: str) -> bool:
    return product.state(f"{trunk}@lab-1") is not None and (
        product.leg(f"{trunk}@lab-1").registration.state is RegSignal.GAVE_UP
    )


async def test_each_trunk_that_is_refused_says_by_what(lab: Lab, tmp_path: Path) -> None:
    lab.settle()
    lab.asterisk_cli("pjsip send register badpass-permanent")  # is refused anew, and gives up
    lab.asterisk_cli("pjsip send register giveup-mu")
    async with watched(write_config(lab, tmp_path)) as product:
        for trunk, code in (("forbid-zeta", 403), ("busy-theta", 503), ("badpass-delta", 401)):
            await product.wait(partial(_has_code, product, trunk, code), TOLD_S, f"{trunk}: {code}")
        await product.wait(lambda: _gave_up(product, "badpass-permanent"), TOLD_S, "401 is final")
        assert _code(product, "badpass-permanent") == 401
        await product.wait(lambda: _gave_up(product, "giveup-mu"), TOLD_S, "retries used up")
        assert "gave up after" in _reason(product, "giveup-mu")
        assert _code(product, "giveup-mu") == 503
        await product.wait(
            lambda: "does not resolve" in _reason(product, "nodns-eta"),
            TOLD_S,
            "no such name",
        )
        await product.wait(
            lambda: "No response received" in _log_line(product, "blackhole-eps"), 60.0, "nobody answers"
        )
        assert _code(product, "nodns-eta") is None
        assert _code(product, "blackhole-eps") is None
        assert _code(product, "acme-primary") is None
        assert any(line.source == "log" for line in product.leg("forbid-zeta@lab-1").evidence)
        tail = next(one for one in product.sbc.tails if one.file.kind is TailKind.LOG)
        assert (tail.state, tail.path, tail.lost) == (TailState.OK, LOG, 0)


async def test_a_rotation_by_asterisk_or_by_logrotate_loses_nothing(lab: Lab, tmp_path: Path) -> None:
    lab.settle()

    def lines() -> list[str]:
        return [one.line for one in product.leg("busy-theta@lab-1").evidence if one.source == "log"]

    async with watched(write_config(lab, tmp_path)) as product:
        await product.wait(lambda: _code(product, "busy-theta") == 503, TOLD_S, "the first line")
        lab.asterisk_cli("logger rotate")
        await product.wait(partial(_differ, lines, lines()), TOLD_S, "lines after Asterisk's own rotation")
        try:
            (LOGS / "messages.log").rename(LOGS / "messages.log.moved")
            await product.wait(
                partial(_differ, lines, lines()), TOLD_S, "lines in the file that was moved away"
            )
        finally:
            lab.asterisk_cli("logger reload")
        await product.wait(partial(_differ, lines, lines()), TOLD_S, "lines in the new file")
        await product.wait(lambda: product.sbc.tails[0].state is TailState.OK, TOLD_S, "read to its end")
        assert product.sbc.tails[0].lost == 0


def test_without_permission_everything_else_works_and_it_says_what_is_missing(
    lab: Lab, tmp_path: Path
) -> None:
    lab.settle()
    config = write_config(lab, tmp_path)
    mode = LOGS.stat().st_mode
    LOGS.chmod(0o750)
    try:
        found = {leg["id"]: leg for leg in status(config)["legs"]}
    finally:
        LOGS.chmod(mode & 0o7777)
    assert found["forbid-zeta@lab-1"]["registration"]["code"] is None
    assert found["forbid-zeta@lab-1"]["state"] in {"suspect", "down"}
    assert found["acme-primary@lab-1"]["state"] == "up"
    log = LOGS / "messages.log"
    wait_for(lambda: "403 Forbidden" in log.read_text(errors="replace"), TOLD_S, "a refusal in the log")
    with_it = {leg["id"]: leg for leg in status(config)["legs"]}
    assert with_it["forbid-zeta@lab-1"]["registration"]["code"] == 403, "one look is enough"
