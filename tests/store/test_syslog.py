"""Syslog: one clean datagram for each entry, and failure is noticed."""

from __future__ import annotations

import re
import socket
import tempfile
from collections.abc import Iterator
from datetime import UTC, datetime
from pathlib import Path

import pytest

from tests.store.logs import filled, intent, log_in
from trunktui.store.syslog import MESSAGE_LIMIT, Syslog

WALL = datetime(2026, 11, 5, 12, 0, 0, tzinfo=UTC)


@pytest.fixture
def place() -> Iterator[Path]:
    """Where a log daemon would listen; short, as such paths must be."""
    with tempfile.TemporaryDirectory() as name:
        yield Path(name) / "log"


def daemon(place: Path, kind: socket.SocketKind = socket.SOCK_DGRAM) -> socket.socket:
    """Return the socket of a log daemon."""
    listener = socket.socket(socket.AF_UNIX, kind)
    listener.bind(str(place))
    listener.settimeout(30)
    return listener


def test_each_entry_sends_its_number_hash_and_deed(place: Path, tmp_path: Path) -> None:
    with daemon(place) as listener:
        entry = log_in(tmp_path, syslog=Syslog(place)).append(intent(reason="ticket 4711"))
        said = listener.recv(65536).decode()
    assert entry.in_syslog
    assert said.endswith(
        f"audit 1 {entry.hash} intent reregister acme@nyc-1 by alice from 192.0.2.7: ticket 4711"
    )


def test_a_message_has_the_form_that_daemons_read(place: Path) -> None:
    with daemon(place) as listener:
        Syslog(place).send("one\ntwo\x1b[2J", WALL)
        said = listener.recv(65536).decode()
    assert re.fullmatch(r"<85>Nov  [456] \d\d:\d\d:\d\d trunktui\[\d+\]: one␊two␛\[2J", said), said


def test_a_daemon_that_listens_for_a_stream_is_served_too(place: Path) -> None:
    with daemon(place, socket.SOCK_STREAM) as listener:
        listener.listen()
        Syslog(place).send("hello", WALL)
        taken, _ = listener.accept()
        with taken:
            assert taken.recv(65536).endswith(b"]: hello\0")


def test_no_daemon_is_noticed(place: Path, tmp_path: Path) -> None:
    with pytest.raises(FileNotFoundError):
        Syslog(place).send("hello", WALL)
    daemon(place).close()
    with pytest.raises(ConnectionRefusedError):
        Syslog(place).send("hello", WALL)
    entry = log_in(tmp_path, syslog=Syslog(place)).append(intent())
    assert (entry.seq, entry.in_syslog, entry.notice) == (1, False, None)


def test_a_daemon_that_takes_nothing_any_more_is_noticed(
    place: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("trunktui.store.syslog.TIMEOUT_S", 0.05)

    def flood() -> None:
        for _ in range(100_000):
            Syslog(place).send("x" * MESSAGE_LIMIT, WALL)

    with daemon(place), pytest.raises(TimeoutError):
        flood()


def test_the_last_hash_in_the_file_is_the_last_in_syslog(place: Path, tmp_path: Path) -> None:
    filled(tmp_path, 2)
    with daemon(place) as listener:
        entry = log_in(tmp_path, syslog=Syslog(place)).append(intent())
        assert f"audit 3 {entry.hash} " in listener.recv(65536).decode()
