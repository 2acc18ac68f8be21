"""The audit log on a disk that is full, read-only, or not ours: nothing acknowledged is lost, nothing is followed."""

from __future__ import annotations

import contextlib
import errno
import os
import stat
import subprocess
import sys
import tempfile
from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.store.logs import NOBODY, HeardSyslog, acting_as, as_root, filled, intent, lines_of, log_in
from trunktui.store.audit import AuditError
from trunktui.store.verify import Flaw, verify

POINTS = 150


class SmallDisk:
    """Stands for `os.write` on a disk with `room` bytes left: the last write that fits is a partial one."""

    def __init__(self, monkeypatch: pytest.MonkeyPatch) -> None:
        self.room: int | None = None
        self._write = os.write
        monkeypatch.setattr("trunktui.store.ledger.os.write", self)

    def __call__(self, descriptor: int, data: bytes | memoryview) -> int:
        """Write what there is room for."""
        if self.room is None:
            return self._write(descriptor, data)
        if self.room == 0:
            raise OSError(errno.ENOSPC, os.strerror(errno.ENOSPC))
        done = self._write(descriptor, data[: self.room])
        self.room -= done
        return done


@pytest.fixture
def open_folder() -> Iterator[Path]:
    """A folder that other users can reach, which pytest's own are not."""
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        folder.chmod(0o755)
        yield folder


def test_a_disk_that_fills_up_at_any_byte_loses_nothing_that_was_acknowledged(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    disk = SmallDisk(monkeypatch)
    log = log_in(tmp_path)
    acknowledged = [log.append(intent("first")).hash]
    length = len(lines_of(tmp_path)[0]) + 2  # with a fence before it and a line end
    refused = 0
    for point in range(POINTS):
        disk.room = point * length // POINTS
        with pytest.raises(AuditError, match="no space left on device, and syslog does not take it"):
            log.append(intent(f"full{point}"))
        refused += 1
        disk.room = None
        acknowledged.append(log.append(intent(f"free{point}")).hash)
    assert refused == POINTS
    report = verify(log.path)
    assert report.whole
    assert sum(finding.flaw is Flaw.TORN for finding in report.findings) > POINTS // 2
    stored = [entry.hash for entry in log.read()]
    assert set(acknowledged) <= set(stored)
    assert [entry.seq for entry in log.read()] == list(range(1, len(stored) + 1))


@pytest.mark.parametrize("code", [errno.EIO, errno.ENOSPC, errno.EDQUOT])
def test_an_entry_that_may_not_have_reached_the_disk_is_not_acknowledged(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, code: int
) -> None:
    filled(tmp_path, 1)

    def failing(descriptor: int) -> None:
        raise OSError(code, os.strerror(code))

    with monkeypatch.context() as patched:
        patched.setattr("trunktui.store.ledger.os.fsync", failing)
        with pytest.raises(AuditError):
            log_in(tmp_path).append(intent())
    log_in(tmp_path).append(intent("after"))
    assert verify(tmp_path / "audit.jsonl").findings == ()


def test_the_folder_is_synced_with_the_first_entry(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    synced: list[bool] = []
    monkeypatch.setattr(
        "trunktui.store.ledger.os.fsync", lambda fd: synced.append(stat.S_ISDIR(os.fstat(fd).st_mode))
    )
    filled(tmp_path, 2)
    assert synced == [False, True, False]


TMPFS = """
import errno, subprocess, sys
from pathlib import Path
from tests.store.logs import intent, log_in
from trunktui.store.audit import AuditError
from trunktui.store.verify import verify

folder = Path(sys.argv[1])
subprocess.run(["mount", "-t", "tmpfs", "-o", "size=64k,mode=0700", "tmpfs", folder], check=True)
log, acknowledged, refused = log_in(folder), [], 0
for lap in range(12):
    ballast = folder / "ballast"
    if lap:
        ballast.unlink()
    acknowledged += [log.append(intent(f"free{lap}.{n}", "r" * 37 * lap)).hash for n in range(3)]
    try:
        with ballast.open("wb", buffering=0) as file:
            while True:
                file.write(b"x" * 1024)
    except OSError as error:
        assert error.errno == errno.ENOSPC, error
    for n in range(40):
        try:
            acknowledged.append(log.append(intent(f"full{lap}.{n}", "r" * 37 * lap)).hash)
        except AuditError as error:
            assert "no space left on device" in str(error), error
            refused += 1
            break
assert refused >= 6, refused
subprocess.run(["mount", "-o", "remount,ro", folder], check=True)
try:
    log.append(intent("read-only"))
except AuditError as error:
    assert "read-only file system" in str(error), error
else:
    raise AssertionError("written to a read-only disk")
stored = [entry.hash for entry in log.read()]
report = verify(log.path)
assert report.whole, report.findings
assert set(acknowledged) <= set(stored)
print("tried", refused, len(stored))
"""


@as_root
def test_a_small_real_disk_fills_up_is_freed_and_turns_read_only(tmp_path: Path) -> None:
    if subprocess.run(["unshare", "-m", "true"], capture_output=True, check=False).returncode:
        pytest.skip("no mount namespace to be had")
    done = subprocess.run(
        ["unshare", "-m", sys.executable, "-c", TMPFS, str(tmp_path)],
        capture_output=True,
        text=True,
        check=False,
        timeout=60,
        cwd=Path(__file__).parents[2],
    )
    assert done.returncode == 0, done.stderr
    assert done.stdout.startswith("tried")


def test_where_only_syslog_takes_a_record_it_gets_all_of_it_and_the_screen_a_notice(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    disk = SmallDisk(monkeypatch)
    syslog = HeardSyslog()
    log = log_in(tmp_path, syslog=syslog)
    log.append(intent("first"))
    disk.room = 0
    entry = log.append(intent("second", reason="ticket 4711"))
    assert (entry.seq, entry.in_syslog) == (0, True)
    assert entry.notice == f"{log.path}: no space left on device; the audit goes to syslog only"
    assert "ticket 4711" in syslog.heard[-1]
    assert "send register acme" in syslog.heard[-1]
    disk.room = None
    assert log.append(intent("third")).seq == 2
    assert verify(log.path).whole


def test_where_neither_takes_it_the_error_is_one_line_with_the_way_out(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    SmallDisk(monkeypatch).room = 0
    with pytest.raises(AuditError) as caught:
        log_in(tmp_path, syslog=HeardSyslog(deaf=True)).append(intent())
    assert str(caught.value) == (
        f"{tmp_path}/audit.jsonl: no space left on device, and syslog does not take it; nothing is sent until one does"
    )


def test_a_link_in_the_place_of_the_log_is_not_followed(tmp_path: Path) -> None:
    target = tmp_path / "target"
    target.write_text("precious")
    (tmp_path / "audit.jsonl").symlink_to(target)
    syslog = HeardSyslog()
    log = log_in(tmp_path, syslog=syslog)
    with pytest.raises(AuditError, match="symbolic link"):
        log.append(intent())
    with pytest.raises(AuditError, match="symbolic link"):
        log.recent(60)
    assert target.read_text() == "precious"


def test_a_second_name_of_another_file_is_refused(tmp_path: Path) -> None:
    target = tmp_path / "target"
    target.write_text("precious")
    target.chmod(0o600)
    (tmp_path / "audit.jsonl").hardlink_to(target)
    with pytest.raises(AuditError, match="another name"):
        log_in(tmp_path).append(intent())
    assert target.read_text() == "precious"


def test_a_pipe_or_a_folder_is_refused_at_once(tmp_path: Path) -> None:
    path = tmp_path / "audit.jsonl"
    os.mkfifo(path, 0o600)
    for act in (lambda: log_in(tmp_path).append(intent()), lambda: log_in(tmp_path).unfinished()):
        with pytest.raises(AuditError, match="no plain file"):
            act()
    path.unlink()
    path.mkdir()
    with pytest.raises(AuditError, match="no plain file"):
        log_in(tmp_path).append(intent())


@pytest.mark.parametrize("mode", [0o602, 0o604, 0o620, 0o660, 0o666])
def test_a_log_that_others_get_at_is_refused_with_the_cure(tmp_path: Path, mode: int) -> None:
    filled(tmp_path, 1)
    path = tmp_path / "audit.jsonl"
    path.chmod(mode)
    with pytest.raises(AuditError, match="chmod 600"):
        log_in(tmp_path, syslog=HeardSyslog()).append(intent())
    path.chmod(0o640)  # a group that may read it is a choice
    assert log_in(tmp_path).append(intent()).seq == 2


def test_a_folder_that_everybody_may_write_to_is_refused(tmp_path: Path) -> None:
    tmp_path.chmod(0o777)
    with pytest.raises(AuditError, match="chmod o-w"):
        log_in(tmp_path).append(intent())


def test_the_log_is_its_owners_alone_unless_the_folder_is_shared(tmp_path: Path) -> None:
    before = os.umask(0o077)
    try:
        for mode, expected in ((0o700, 0o600), (0o2770, 0o660)):
            folder = tmp_path / f"{mode:o}"
            folder.mkdir()
            folder.chmod(mode)
            filled(folder, 1)
            assert stat.S_IMODE((folder / "audit.jsonl").stat().st_mode) == expected
    finally:
        os.umask(before)


def test_a_missing_folder_is_told(tmp_path: Path) -> None:
    with pytest.raises(AuditError, match="no such file or directory"):
        log_in(tmp_path / "nowhere").append(intent())


def test_a_log_that_is_moved_away_is_begun_anew(tmp_path: Path) -> None:
    filled(tmp_path, 2)
    (tmp_path / "audit.jsonl").rename(tmp_path / "audit.jsonl.1")
    assert log_in(tmp_path).append(intent()).seq == 1


def test_a_writer_that_never_lets_go_is_told_after_a_while(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    import fcntl

    filled(tmp_path, 1)
    monkeypatch.setattr("trunktui.store.ledger.LOCK_WAIT_S", 0.05)
    with (tmp_path / "audit.jsonl").open("rb") as held:
        fcntl.flock(held, fcntl.LOCK_EX)
        with pytest.raises(AuditError, match="is locked by another process"):
            log_in(tmp_path).append(intent())
    assert log_in(tmp_path).append(intent()).seq == 2


def test_a_folder_that_may_not_be_written_to_is_told(open_folder: Path) -> None:
    open_folder.chmod(0o555)
    somebody = acting_as(NOBODY, NOBODY) if os.geteuid() == 0 else contextlib.nullcontext()
    with somebody, pytest.raises(AuditError, match="permission denied"):
        log_in(open_folder).append(intent())
    open_folder.chmod(0o755)


@as_root
def test_a_log_of_somebody_else_is_refused(open_folder: Path) -> None:
    filled(open_folder, 1)
    os.chown(open_folder / "audit.jsonl", NOBODY, NOBODY)
    with pytest.raises(AuditError, match=f"owned by user id {NOBODY}; cure: chown 0"):
        log_in(open_folder, syslog=HeardSyslog()).append(intent())
    os.chown(open_folder, NOBODY, NOBODY)
    with pytest.raises(AuditError, match=f"folder of user id {NOBODY}"):
        log_in(open_folder).append(intent())


@as_root
def test_operators_of_one_group_share_a_log(open_folder: Path) -> None:
    group, alice, bob = 60001, 60002, 60003
    os.chown(open_folder, 0, group)
    open_folder.chmod(0o770)  # without the set-group-id bit: the log must get the group all the same
    with acting_as(alice, group):
        assert log_in(open_folder).append(intent()).seq == 1
    with acting_as(bob, group):
        assert log_in(open_folder).append(intent()).seq == 2
    with acting_as(NOBODY, NOBODY), pytest.raises(AuditError, match="permission denied"):
        log_in(open_folder).append(intent())
    assert (open_folder / "audit.jsonl").stat().st_gid == group
