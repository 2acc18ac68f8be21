"""The demo as a newcomer sees it: on a terminal, from the first frame to the end of the story."""

from __future__ import annotations

import time
from collections.abc import Callable
from contextlib import ExitStack
from pathlib import Path

import pytest

from tests.tui.terminal_session import TerminalSession
from trunktui.demo.story import (
    FROZEN_SBC,
    MOVING_SBC,
    NEWCOMERS_STORY,
    REBOOTING_SBC,
    REFUSED_LEG,
    SSHLESS_SBC,
    SURGING_TRUNK,
    UNPAID_LEG,
    UNPROBED_LEG,
)

SPEED = 20
SIZES = [(160, 45), (80, 24)]
SEEN_S = NEWCOMERS_STORY.period / SPEED + 30.0


def row(screen: str, leg: str, state: str) -> bool:
    """Whether a leg stands on the screen in a state; a narrow table shortens its name."""
    trunk, _, sbc = leg.rpartition("@")
    return any(
        state in line and trunk[:8] in line and sbc in line for line in screen.splitlines() if "@" in line
    )


SCENES: list[tuple[str, Callable[[str], bool]]] = [
    ("all is well but one leg", lambda s: "41 up" in s and row(s, UNPROBED_LEG, "UNMON")),
    ("1/8 the carrier dies", lambda s: "1/8 Carrier bravo" in s and "11 down" in s),
    ("1/8 whose fault it is", lambda s: "1/8 " in s and "Carrier bravo fails from 6 of 6 SBCs" in s),
    ("1/8 and returns", lambda s: ("1/8 bravo answers" in s or "1/8 On a" in s) and "41 up" in s),
    ("2/8 at its cap", lambda s: "2/8 " in s and row(s, f"{SURGING_TRUNK}@lon-1", "DEGR") and "40/40" in s),
    (
        "3/8 frozen",  # until its console has hung for five seconds nobody can tell more than that it is silent
        lambda s: (
            "3/8 " in s
            and row(s, f"alpha-us@{FROZEN_SBC}", "UNKN")
            and ("frozen" in s or f"{FROZEN_SBC}: SSH lost" in s)
        ),
    ),
    (
        "4/8 rebooting",
        lambda s: (
            "4/8 " in s and row(s, f"bravo-us@{REBOOTING_SBC}", "UNKN") and f"{REBOOTING_SBC}: SSH lost" in s
        ),
    ),
    ("4/8 back", lambda s: ("4/8 sgp-1 is back" in s or "5/8" in s) and "41 up" in s),
    (
        "5/8 SSH lost, the box alive",
        lambda s: "5/8 " in s and row(s, f"alpha-us@{SSHLESS_SBC}", "UNKN") and "box answers SNMP" in s,
    ),
    ("5/8 back", lambda s: ("5/8 SSH on lon-2 is back" in s or "6/8" in s) and "41 up" in s),
    ("6/8 unprobed", lambda s: "6/8 " in s and row(s, UNPROBED_LEG, "UNMON")),
    (
        "7/8 every call refused",
        lambda s: (
            ("7/8 delta" in s and row(s, UNPAID_LEG, "DEGR") and "lost" in s) or row(s, UNPAID_LEG, "DOWN")
        ),
    ),
    ("8/8 given up", lambda s: "8/8 alpha now" in s and row(s, REFUSED_LEG, "DOWN") and "gave up" in s),
    ("8/8 fixed, and it does not try", lambda s: "8/8 alpha put" in s and row(s, REFUSED_LEG, "DOWN")),
    ("another address", lambda s: "NAT in front of nyc-2" in s and row(s, f"bravo-us@{MOVING_SBC}", "DOWN")),
    ("a colleague sees to it", lambda s: ("That was all" in s or "Six SBCs" in s) and "41 up" in s),
]


class Newcomer:
    """Watches one terminal and goes through the scenes as they are seen."""

    def __init__(self, session: TerminalSession) -> None:
        self.session = session
        self.left = list(SCENES)

    def watch(self) -> bool:
        """Read a moment; return whether scenes are left to be seen."""
        self.session.read_for(0.1)
        while self.left and self.left[0][1](self.session.display()):
            del self.left[0]
        return bool(self.left)


@pytest.mark.timeout(SEEN_S * 2)
def test_every_scene_of_the_story_is_seen_on_a_large_and_on_a_small_terminal(tmp_path: Path) -> None:
    arguments = ["-m", "trunktui", "demo", "--speed", str(SPEED)]
    with ExitStack() as stack:
        newcomers = [
            Newcomer(
                stack.enter_context(TerminalSession(arguments, size=size, environ={"TMPDIR": str(tmp_path)}))
            )
            for size in SIZES
        ]
        end = time.monotonic() + SEEN_S
        waiting = True
        while waiting:
            waiting = False
            for newcomer in newcomers:
                waiting |= newcomer.watch()
                late = time.monotonic() > end and newcomer.left
                assert not late, f"never seen: {newcomer.left[0][0]}\n{newcomer.session.display()}"
        for newcomer in newcomers:
            newcomer.session.press("q")
            assert newcomer.session.wait() == 0
    assert list(tmp_path.iterdir()) == []
