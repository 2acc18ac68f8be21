"""An incident from the first alarm to the failback, played in key presses on a terminal over the simulated fleet.

The fleet is the demo's; its carrier dies once, and returns when whoever plays it says so. What is pressed, what must then
be seen, and what that means is one list: the test checks it, the walkthrough prints it.
"""

from __future__ import annotations

import asyncio
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import NamedTuple

from tests.demo.serving import served
from tests.tui.terminal_session import TerminalSession
from trunktui.demo.plan import newcomers_fleet
from trunktui.demo.story import TROUBLED_CARRIER, Kind, Script
from trunktui.demo.tempo import Tempo
from trunktui.demo.world import World
from trunktui.model.route import Mechanism

SPEED = 30.0
NEVER = 1e7
SIZE = (120, 34)
GROUP, FIRST, OTHER = "us-outbound", "bravo-us", "alpha-us"
SEEN_S = 60.0
PAUSE_S = 0.8
"""A page that asks takes no key at once, so that none is answered unread."""


class Scene(NamedTuple):
    """`keys` are pressed, and then `seen` must become true of the screen. `title` and `words` are for the reader.

    `name` is its picture's. `dies` and `returns`: what the carrier does just before.
    """

    name: str
    title: str
    keys: str
    words: str
    seen: Callable[[str], bool]
    dies: bool = False
    returns: bool = False


class Incident:
    """The fleet of an incident; `kill` its carrier and `revive` it from any thread: nobody has looked any further."""

    def __init__(self) -> None:
        self.world = World(newcomers_fleet(), Script(NEVER), 1, Tempo(SPEED), time.time())
        self._clock: Callable[[], float] = lambda: 0.0
        self._outage: list[tuple[float, float]] = []
        self.config = Path()

    def kill(self) -> None:
        """Let the carrier answer nothing from now on."""
        self._outage = [(self._clock(), NEVER)]
        self.world.timeline._troubles[Kind.CARRIER_DEAD, TROUBLED_CARRIER] = self._outage

    def revive(self) -> None:
        """Let the carrier answer again from now on."""
        self._outage[0] = (self._outage[0][0], self._clock())

    def stands(self, sbc: str, mechanism: Mechanism, place: str) -> str | None:
        """Return what stands at a place on an SBC now."""
        return self.world.settings.at(sbc, mechanism, place, self._clock())

    async def run(self, folder: Path, play: Callable[[], None]) -> None:
        """Serve the fleet while `play` runs in a thread of its own."""
        async with served(self.world, folder) as site:
            self._clock, self.config = site.clock, folder / "demo.toml"
            self.config.write_text(calmer(self.config.read_text(encoding="utf-8")), encoding="utf-8")
            await asyncio.to_thread(play)


def calmer(config: str) -> str:
    """Return a config that polls every other second: a guard takes nothing that is two intervals old."""
    found = [line for line in config.splitlines() if line.startswith(("interval = ", "stale_min_s = "))]
    assert len(found) == 2
    for line, other in zip(found, ('interval = "2s"', "stale_min_s = 6.0"), strict=True):
        config = config.replace(line, other)
    return config


@contextmanager
def terminal(incident: Incident, size: tuple[int, int] = SIZE) -> Iterator[TerminalSession]:
    """Run the dashboard on a terminal, in write mode."""
    program = ["-m", "trunktui", "--config", str(incident.config), "--write"]
    with TerminalSession(program, size=size, environ={"COLORTERM": "truecolor"}) as session:
        yield session


def play(
    incident: Incident, session: TerminalSession, scenes: tuple[Scene, ...]
) -> Iterator[tuple[Scene, str]]:
    """Go through the scenes; yield each when it is seen, with what stands on the screen."""
    for scene in scenes:
        if scene.dies:
            incident.kill()
        if scene.returns:
            incident.revive()
        if scene.keys:
            session.read_for(PAUSE_S)
        session.press(scene.keys)
        end = time.monotonic() + SEEN_S
        while not scene.seen(shown := session.display()):
            assert time.monotonic() < end, f"never seen: {scene.title}\n{shown}"
            session.read_for(0.1)
        yield scene, shown


def has(*texts: str) -> Callable[[str], bool]:
    """Return whether all of these stand on a screen, whatever the line breaks."""
    return lambda screen: all(text in " ".join(screen.split()) for text in texts)


def scenes(alone: str = "") -> tuple[Scene, ...]:
    """Return the incident; `alone`: the one SBC on which the group is moved, "" for all that have it."""
    where = alone or "nyc-1, nyc-2, lon-1, lon-2"
    return (
        *_seen(f"{FIRST}@{alone}" if alone else FIRST),
        *_choice(),
        *(_alone(alone) if alone else ()),
        *_there(where),
        *_back(where),
    )


def _seen(rows: str) -> tuple[Scene, ...]:
    return (
        Scene(
            "quiet",
            "All is well",
            "",
            "Every leg is up but one, to which nobody sends OPTIONS. The calls of us-outbound go to bravo-us, its first trunk.",
            has("1 unmonitored 41 up"),
        ),
        Scene(
            "alarm",
            "The alarm",
            "",
            "Carrier bravo has died. Each SBC noticed by itself; the second line says whose fault it is, so nobody looks for it on "
            "six SBCs. Nothing is moved by itself: new calls of us-outbound still go to bravo, and fail.",
            has("11 down", "Carrier bravo fails from 6 of 6 SBCs"),
            dies=True,
        ),
        Scene(
            "legs",
            "The legs in question",
            f"/{rows}\r",
            "Only the legs of bravo-us. Under the table: what the leg is part of, what is wrong with its group, and what would help.",
            has(f"filter: {rows}", f"still goes to {FIRST}, which is down: S moves it"),
        ),
    )


def _choice() -> tuple[Scene, ...]:
    return (
        Scene(
            "choice",
            "Where to",
            "S",
            "Where the calls go now, read from each SBC, and each trunk of the group with its room, or why it cannot be chosen. The "
            "cursor is on the next in order.",
            has("enter chooses it", "delta-retail has no leg on nyc-1"),
        ),
    )


def _alone(sbc: str) -> tuple[Scene, ...]:
    words = "On this SBC alone, where all that are routed are the rule in an outage."
    return (Scene("alone", "On one SBC", "a", words, has(f" on {sbc} a all ")),)


def _there(where: str) -> tuple[Scene, ...]:
    return (
        Scene(
            "plan",
            "What it would do",
            "\r",
            "On each SBC: what stands there and what shall, what is run word for word, what counts as proof. Nothing was sent yet.",
            has(f"Switch {GROUP} to {OTHER}", "type the group's name", "days overdue"),
        ),
        Scene(
            "confirm",
            "Confirmed",
            f"{GROUP}\r",
            "The name of the group, typed: enter alone does nothing. One key is left, and no is the default.",
            has("y yes, send it"),
        ),
        Scene(
            "moving",
            "One SBC after the other",
            "y",
            "Each SBC is read again under a lock, set only if it still says what was shown, read back, and watched until new calls "
            "are answered over the new trunk. The next one waits for that.",
            has("under way"),
        ),
        Scene(
            "verified",
            "Verified by calls",
            "",
            "Three new calls were answered over alpha-us on each SBC, and none began on bravo-us. What the SBCs say stands below.",
            has("VERIFIED", f"switched to {OTHER}: {where}"),
        ),
        Scene(
            "after",
            "What can be taken back",
            "\x1b",
            "For a quarter of an hour u takes the switch back.",
            has("u undo", "u takes"),
        ),
        Scene(
            "undo",
            "Not now",
            "u",
            "Taking it back now would send the calls to a dead carrier: it says so, and wants a reason.",
            has("Take back the switch", f"it would send calls back to {FIRST}"),
        ),
    )


def _back(where: str) -> tuple[Scene, ...]:
    return (
        Scene(
            "returns",
            "The carrier returns",
            "\x1b",
            "bravo answers again. Calls stay where they are: a carrier that came back is watched first. Once it has answered every "
            "OPTIONS for long enough, F is offered.",
            has("41 up", "F fail back"),
            returns=True,
        ),
        Scene(
            "failback",
            "Back to the first trunk",
            "F",
            "The same page for the way back, with what is known of bravo-us since it returned.",
            has(f"Fail {GROUP} back to {FIRST}", "type the group's name"),
        ),
        Scene("confirm-back", "Confirmed", f"{GROUP}\r", "The name once more.", has("y yes, send it")),
        Scene(
            "back",
            "Verified again",
            "y",
            "New calls are answered over bravo-us on each SBC, and none began on alpha-us. Calls in progress stayed where they were.",
            has("VERIFIED", f"{FIRST}: {where}"),
        ),
        Scene(
            "end",
            "And back to the fleet",
            "\x1b",
            "The audit log has all of it: who, what, when, on which SBC, what stood there before, and how it was proved.",
            has("41 up", "u takes"),
        ),
    )
