"""What the tests of the audit log share: a log with a clock and a syslog of its own."""

from __future__ import annotations

import contextlib
import os
from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest

from trunktui.model.audit import AuditRecord, Entry, RecordKind, Who
from trunktui.store.audit import AuditLog, Sink

ALICE = Who(
    user="root", uid=0, login_uid=1000, login_user="alice", ssh_from="192.0.2.7", host="jump1", pid=42
)
NOBODY = 65534


class Clock:
    """A wall clock that a test sets."""

    def __init__(self) -> None:
        self.now = datetime(2021, 11, 25, 12, 0, 0, tzinfo=UTC)

    def __call__(self) -> datetime:
        """Return the time."""
        return self.now

    def go(self, seconds: float) -> None:
        """Let time pass, or step back."""
        self.now += timedelta(seconds=seconds)


class HeardSyslog:
    """A syslog that remembers, or refuses everything."""

    def __init__(self, *, deaf: bool = False) -> None:
        self.deaf = deaf
        self.heard: list[str] = []

    def send(self, text: str, wall: datetime) -> None:
        """Take a line."""
        if self.deaf:
            raise ConnectionRefusedError(111, "Connection refused")
        self.heard.append(text)


def log_in(folder: Path, clock: Clock | None = None, syslog: Sink | None = None) -> AuditLog:
    """Return a log of alice's in `folder`."""
    return AuditLog(folder, ALICE, clock or Clock(), syslog)


def intent(action: str = "a1", reason: str = "") -> AuditRecord:
    """Return an intent as a runner makes it."""
    return AuditRecord(
        RecordKind.INTENT,
        action=action,
        verb="reregister",
        leg="acme@nyc-1",
        sbc="nyc-1",
        carrier="Acme",
        commands=("asterisk -rx 'pjsip send register acme'",),
        consequence="no calls for about 2 s",
        reason=reason,
    )


def outcome(action: str = "a1", ending: str = "verified") -> AuditRecord:
    """Return the end of an action."""
    return AuditRecord(
        RecordKind.OUTCOME,
        action=action,
        verb="reregister",
        leg="acme@nyc-1",
        sbc="nyc-1",
        ending=ending,
        sent=True,
    )


def filled(folder: Path, count: int) -> list[Entry]:
    """Write `count` entries; return them."""
    log = log_in(folder)
    return [log.append(intent(f"a{number}")) for number in range(count)]


def lines_of(folder: Path) -> list[bytes]:
    """Return the lines of the log in `folder`, without their ends."""
    return (folder / "audit.jsonl").read_bytes().split(b"\n")[:-1]


@contextlib.contextmanager
def acting_as(uid: int, gid: int) -> Iterator[None]:
    """Let this process, which must be root's, be somebody else for a while."""
    groups = os.getgroups()
    os.setgroups([gid])
    os.setegid(gid)
    os.seteuid(uid)
    try:
        yield
    finally:
        os.seteuid(0)
        os.setegid(0)
        os.setgroups(groups)


as_root = pytest.mark.skipif(os.geteuid() != 0, reason="only root can be several users, or mount")
