"""What a screen is told of actions while they happen: write mode, what runs now, what nobody saw the end of."""

from __future__ import annotations

from msgspec import Struct

from trunktui.model.action import Outcome, Verb
from trunktui.model.switch import Switched, Undoable, Waits
from trunktui.model.text import Safe


class Step(Struct, frozen=True):
    """One line of progress and when (monotonic) it was said."""

    at: float
    said: Safe


class Running(Struct, frozen=True):
    """An action under way in this engine, begun at `began_at` (monotonic). Of a switch, `leg` is the group's name."""

    action: str
    verb: Verb
    leg: str
    began_at: float
    steps: tuple[Step, ...] = ()


class Unfinished(Struct, frozen=True):
    """An action of this or an earlier run of which nobody knows how it ended; `began_at` is monotonic."""

    action: str
    verb: str
    leg: str
    who: str
    began_at: float


class Ended(Struct, frozen=True):
    """An action and how it ended, with what was told on the way."""

    verb: Verb
    leg: str
    outcome: Outcome
    steps: tuple[Step, ...] = ()


class Doings(Struct, frozen=True):
    """All of it. `unlocked_until` is monotonic seconds, None: read-only. `undoable`: switches that one key takes back.

    `waits`: how long the guards of the config in force wait, so that nothing is offered before they would agree.
    `switched`: those that stand, however old; only what this host's audit log knows.
    """

    unlocked_until: float | None = None
    running: tuple[Running, ...] = ()
    unfinished: tuple[Unfinished, ...] = ()
    undoable: tuple[Undoable, ...] = ()
    waits: Waits = Waits()
    switched: tuple[Switched, ...] = ()
