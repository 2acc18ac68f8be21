"""kill -9 and a full disk in the middle of writing: whatever was acknowledged is there, and the file is whole."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path

import pytest

from tests.store.histories import NOON, event, read
from tests.store.killing import run
from tests.store.logs import as_root
from trunktui.store.history_file import Batch, HistoryFile, Limits

KILLS = 100
POINTS = 150
ROOT = Path(__file__).parents[2]


def test_100_killed_writers_lose_nothing_that_was_acknowledged(tmp_path: Path) -> None:
    result = run("history_killing", tmp_path, KILLS)
    acknowledged = {(seq, text) for seq, text in result["acknowledged"]}
    with HistoryFile(tmp_path, Limits(), NOON, suspect=True) as file:  # looks through all of it
        assert not file.aside
        file.write(Batch(events=[event()]))
    stored = {(one.seq, one.sentence) for one in read(tmp_path).events}
    assert acknowledged <= stored
    assert result["kills"] == KILLS
    assert result["aside"] == []
    assert len(acknowledged) >= KILLS // 4  # some 10 per kill on an idle machine
    # a killed writer leaves at most one event that it had not been told of
    assert len(stored) - 1 - len(acknowledged) <= KILLS


def filled(folder: Path, kind: str, points: int, *before: str) -> tuple[int, int]:
    done = subprocess.run(
        [*before, sys.executable, "-m", "tests.store.history_filling", str(folder), kind, str(points)],
        capture_output=True,
        text=True,
        check=False,
        timeout=100,
        cwd=ROOT,
    )
    assert done.returncode == 0, done.stderr
    _, refused, _, acknowledged = done.stdout.split()
    return int(refused), int(acknowledged)


def test_writes_that_fail_at_150_points_lose_nothing_that_was_acknowledged(tmp_path: Path) -> None:
    refused, acknowledged = filled(tmp_path, "limit", POINTS)
    assert refused >= POINTS // 3
    assert acknowledged > 0


@as_root
def test_a_real_disk_that_is_full_at_150_points_loses_nothing_that_was_acknowledged(tmp_path: Path) -> None:
    if subprocess.run(["unshare", "-m", "true"], capture_output=True, check=False).returncode:
        pytest.skip("no mount namespace to be had")
    refused, acknowledged = filled(tmp_path, "tmpfs", POINTS, "unshare", "-m")
    assert refused >= POINTS // 3
    assert acknowledged > 0
