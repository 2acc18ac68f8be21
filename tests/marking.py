"""Marks for tests: maintenance and acknowledgements of the made-up fleet, at a fixed time of day."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from typing import Any

from msgspec.structs import replace

from trunktui.model.audit import Who
from trunktui.model.health import Severity
from trunktui.model.marks import Ack, Maintenance, Scope, Target
from trunktui.model.text import Safe

WALL = datetime(2026, 11, 25, 22, 15, tzinfo=UTC)
ALICE = Who("alice", 1000, login_uid=1000, login_user="alice", tty="/dev/pts/3", host="jump1", pid=7)
BOB = Who("bob", 1001, host="jump2", pid=8)
LEG = Target(Scope.LEG, "alpha@nyc-1")


def ago(**spans: float) -> datetime:
    """Return the time so long before WALL."""
    return WALL - timedelta(**spans)


def ahead(**spans: float) -> datetime:
    """Return the time so long after WALL."""
    return WALL + timedelta(**spans)


def maintenance(target: Target = LEG, **changes: Any) -> Maintenance:
    """Return a maintenance from an hour ago until in an hour."""
    made = Maintenance(
        "m1", target, ago(hours=1), ahead(hours=1), Safe("CHG-12 new firmware"), ALICE, ago(hours=2)
    )
    return replace(made, **changes)


def ack(target: Target = LEG, **changes: Any) -> Ack:
    """Return an acknowledgement, a minute old, of an alarm that was major."""
    made = Ack("a1", target, Severity.MAJOR, "down", Safe("carrier knows, TT-4711"), ALICE, ago(minutes=1))
    return replace(made, **changes)
