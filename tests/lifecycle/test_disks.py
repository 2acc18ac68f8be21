"""A disk that is full or cannot be written: the dashboard goes on and says so."""

from __future__ import annotations

import os
import shlex
import subprocess
import sys
from pathlib import Path

import pytest

from tests.lifecycle.dashboard import ALL_UP, Dashboard

UNSHARE = ["unshare", "--mount", "--propagation", "private"]

needs_mounts = pytest.mark.skipif(
    os.geteuid() != 0
    or subprocess.run(
        [*UNSHARE, "mount", "-t", "tmpfs", "none", "/mnt"], check=False, capture_output=True
    ).returncode
    != 0,
    reason="needs root and a mount namespace of its own",
)


def mounted(config: Path, *steps: str) -> Dashboard:
    """Run the program after `steps` of shell, in a mount namespace that goes away with it."""
    program = shlex.join([sys.executable, "-m", "trunktui", "--config", str(config)])
    return Dashboard(
        config, size=(200, 30), instead=[*UNSHARE, "sh", "-ec", "; ".join([*steps, f"exec {program}"])]
    )


@needs_mounts
def test_a_full_disk_is_said_and_so_is_nothing_more_once_it_has_room(config: Path) -> None:
    state = config.parent / "state"
    state.mkdir(0o700)
    with mounted(
        config,
        f"mount -t tmpfs -o size=16k,mode=700 none {state}",
        f"dd if=/dev/zero of={state}/filling bs=1k count=64 2>/dev/null || :",
    ) as session:
        session.until_shown(ALL_UP)
        session.until_shown("nothing is logged")
        assert "No space left on device" in session.display()
        (Path("/proc") / str(session.process.pid) / "root" / str(state)[1:] / "filling").unlink()
        session.until(lambda: "nothing is logged" not in session.display(), "no complaint any more")
        assert ALL_UP in session.display()
        session.press("q")
        assert session.wait() == 0
        assert session.is_whole()


@needs_mounts
@pytest.mark.parametrize("there_before", [True, False])
def test_a_home_that_cannot_be_written_is_said(config: Path, there_before: bool) -> None:
    home = config.parent
    if there_before:
        (home / "state").mkdir(0o700)
        (home / "state" / "engine.log").touch(0o600)
    with mounted(config, f"mount --bind {home} {home}", f"mount -o remount,bind,ro {home}") as session:
        session.until_shown(ALL_UP)
        session.until_shown("no engine log")
        assert "Read-only file system" in session.display()
        session.until_shown("no history")
        session.press("q")
        assert session.wait() == 0
        assert session.is_whole()
    assert not session.log.exists() or session.log.read_bytes() == b""
