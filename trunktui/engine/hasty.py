"""Has the SBCs on which a group is switched polled often meanwhile, at once when it ended, and for a minute more.

The route that is shown must not be the one before the switch for longer than it takes to ask.
"""

from __future__ import annotations

from collections.abc import Callable

from trunktui.engine.crew import Crew
from trunktui.model.acting import Doings
from trunktui.model.action import Verb
from trunktui.poll.fleet import Fleet
from trunktui.poll.routes import sbcs_of

FOR_S = 60.0
"""For so long after a look at a switch that is under way its SBCs are polled often."""


class Hasty:
    """Looks at what is under way whenever that changes; `clock` gives monotonic seconds."""

    def __init__(self, fleet: Fleet, crew: Crew, clock: Callable[[], float]) -> None:
        self._fleet = fleet
        self._crew = crew
        self._clock = clock
        self._running: dict[str, str] = {}

    def look(self, doings: Doings) -> None:
        """Take what is under way now: hurry the SBCs of switches that have ended."""
        now, inventory = self._clock(), self._fleet.inventory
        # of a switch `leg` is the group's name
        running = {one.action: one.leg for one in doings.running if one.verb is Verb.SWITCH}
        ended = {group for action, group in self._running.items() if action not in running}
        self._running = running
        for group in ended | set(running.values()):
            for sbc in sbcs_of(inventory, group):
                self._fleet.hasten(sbc, now + FOR_S)
        if ended:
            self._crew.hurry(frozenset(sbc for group in ended for sbc in sbcs_of(inventory, group)))
