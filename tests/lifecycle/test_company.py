"""Two dashboards at once, a wall clock that jumps, an error of our own."""

from __future__ import annotations

import os
import re
import signal
from contextlib import ExitStack
from pathlib import Path

from tests.lifecycle.dashboard import ALL_UP, Dashboard, await_gone

LOG_LINE = re.compile(r"\d{4}-\d\d-\d\d\S* ?\S* (engine|screen)\[(\d+)\] \S.*")
WALL_CLOCK = """
import datetime, random, time
import trunktui.model.snapshot  # its types name the true class, the only one that frames can hold
true_time, chance = time.time, random.Random()
def stepping(): return true_time() + chance.choice((-3600.0, 0.0, 3600.0, 86400.0))
time.time = stepping
time.time_ns = lambda: int(stepping() * 1e9)
class Stepping(datetime.datetime):
    @classmethod
    def now(cls, tz=None): return cls.fromtimestamp(stepping(), tz)
datetime.datetime = Stepping
"""
BROKEN = """
import trunktui.tui.fleet_screen as screen
def broken(self):
    secret = "hunter2-in-a-local"
    raise LookupError(f"freezing failed {len(secret)}")
screen.FleetScreen.action_freeze = broken
"""


def patched(folder: Path, code: str) -> dict[str, str]:
    """Return an environment in which every Python runs `code` first."""
    (folder / "sitecustomize.py").write_text(code)
    return {"PYTHONPATH": str(folder)}


def test_two_at_once_on_one_config_do_each_other_no_harm(config: Path) -> None:
    with Dashboard(config) as first, Dashboard(config) as second:
        for session in (first, second):
            session.until_shown(ALL_UP)
        engines = [first.engine(), second.engine()]
        first.signal(signal.SIGTERM)
        assert first.wait() == 143
        os.kill(engines[1], signal.SIGKILL)
        second.until_shown("engine restarted")
        second.until_shown(ALL_UP)
        engines.append(second.engine())
        second.signal(signal.SIGTERM)
        assert second.wait() == 143
        for engine in engines:
            await_gone(engine)
        lines = first.log.read_text().splitlines()
    found = [LOG_LINE.fullmatch(line) for line in lines]
    assert all(found), lines
    told = {(match[1], int(match[2])) for match in found if match}
    assert {("screen", first.process.pid), ("screen", second.process.pid)} <= told
    assert {("engine", engines[0]), ("engine", engines[2])} <= told


def test_a_wall_clock_that_jumps_by_hours_changes_no_age_and_no_state(config: Path) -> None:
    with Dashboard(config, environ=patched(config.parent, WALL_CLOCK)) as session:
        session.until_shown(ALL_UP)
        clocks: set[str] = set()

        def jumped() -> bool:
            clocks.update(re.findall(r"(\d\d):\d\d:\d\d UTC", session.display()))
            return len(clocks) > 1

        for _ in range(30):
            session.read_for(0.1)
            shown = session.display()
            jumped()
            assert (session.oldest_poll() or 0) < 60
            assert not re.search(r"\d+h\d\dm|\d+d\b", shown)
        session.until_shown(ALL_UP)
        session.until(jumped, "another hour: four ticks in a row may be of one")
        session.press("q")
        assert session.wait() == 0


def test_an_error_of_our_own_is_one_line_and_exit_code_1(config: Path) -> None:
    with ExitStack() as stack:
        session = stack.enter_context(Dashboard(config, environ=patched(config.parent, BROKEN)))
        session.until_shown(ALL_UP)
        engine = session.engine()
        session.press(" ")
        assert session.wait() == 1
        session.read_rest()
        assert session.is_whole()
        await_gone(engine)
        output = bytes(session.output).decode()
        log = session.log.read_text()
    after = re.sub(
        r"\x1b\[[<?]?[0-9;]*[a-z]", "", output[output.rindex("\x1b[?1049l") :], flags=re.IGNORECASE
    )
    (line,) = after.split("\r\n")[:-1]
    assert line.startswith("trunktui: the screen failed (LookupError at sitecustomize.py:")
    assert line.endswith(f"see {session.log}")
    assert "LookupError: freezing failed" in log
    assert "hunter2" not in output + log
