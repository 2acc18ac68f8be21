"""How old the demo's credentials and allowlists are, as its config tells them: most are well, a few are due. Pure."""

from __future__ import annotations

import json
from collections.abc import Iterator
from datetime import date, timedelta

from trunktui.demo.plan import AccountPlan, FleetPlan, TrunkPlan

_YOUNG_DAYS = 30
_CREDENTIAL_DAYS: dict[str, int | None] = {"alpha-us": 91, "bravo-eu": 80, "delta-retail": None}
"""Credentials that are overdue, due, and of an age that nobody knows."""

_AUDIT_DAYS = {"delta-wholesale": 100}
_STALE = {"charlie-overflow": "203.0.113.77"}
"""Allowlists that nobody compared for long, and that hold an address which no SBC has any more."""


def credential_lines(trunk: TrunkPlan, today: date) -> Iterator[str]:
    """Yield what the config says of a trunk's credential."""
    days = _CREDENTIAL_DAYS.get(trunk.name, _YOUNG_DAYS)
    if trunk.registers and days is not None:
        yield f"credential = {{ rotated = {today - timedelta(days=days)} }}"


def allowlist_lines(account: AccountPlan, plan: FleetPlan, today: date) -> Iterator[str]:
    """Yield what the config says of an account's allowlist: every address of its SBCs."""
    used = {sbc for trunk in plan.trunks if trunk.account == account.name for sbc in trunk.sbcs}
    ips = dict.fromkeys(sbc.egress_ip for sbc in plan.sbcs if sbc.name in used)
    listed = [*ips, *([_STALE[account.name]] if account.name in _STALE else [])]
    compared = today - timedelta(days=_AUDIT_DAYS.get(account.name, _YOUNG_DAYS))
    yield f'[account.allowlist]\nips = {json.dumps(listed)}\naudited = {compared}\nlead_time = "4h"'
