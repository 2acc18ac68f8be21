"""Two operators and a command line, three programs on one state folder: each sees what the others marked."""

from __future__ import annotations

import re
import subprocess
import sys
from contextlib import ExitStack
from pathlib import Path

from tests.lifecycle.dashboard import ALL_UP, Dashboard
from tests.tui.terminal_session import ROOT


def run(config: Path, *argv: str) -> subprocess.CompletedProcess[str]:
    """Run a command of its own process."""
    return subprocess.run(
        [sys.executable, "-m", "trunktui", "--config", str(config), *argv],
        capture_output=True,
        text=True,
        check=False,
        timeout=60,
        cwd=ROOT,
    )


def test_what_one_marks_the_others_see_also_one_who_never_started_a_dashboard(config: Path) -> None:
    with ExitStack() as stack:
        alice, bob = (stack.enter_context(Dashboard(config)) for _ in range(2))
        for session in (alice, bob):
            session.until_shown(ALL_UP)
        alice.press("m2h CHG-12 firmware\r")
        alice.until_shown("maintenance of ")
        bob.until(
            lambda: re.search(r"trunk-00@sbc-000 +M ", bob.display()) is not None, "the mark of the other"
        )
        listed = run(config, "maintenance", "list")
        assert "CHG-12 firmware" in listed.stdout
        name = listed.stdout.splitlines()[1].split()[0]
        assert run(config, "maintenance", "end", name).returncode == 0
        for session in (alice, bob):
            session.press("q")
            assert session.wait() == 0
