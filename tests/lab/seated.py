"""An engine over the lab as a screen has it, for tests of switches: what it tells, and what it is asked."""

from __future__ import annotations

import asyncio
from collections.abc import Callable

from msgspec.structs import replace

from trunktui.model.action import Consent, Sweep, Swept
from trunktui.model.request import PerformSwitch, PrepareSwitch
from trunktui.model.route import ActiveRoute, RouteState
from trunktui.model.snapshot import GroupStatus, LegStatus, Snapshot
from trunktui.model.switch import SwitchKind, Wish

from .lab import eventually
from .test_acting import Seat

AGREED = Consent(yes=True, reason="lab")
"""To all that can be agreed to, but for a group's name."""


class Engine:
    """An engine as a screen has it: what it tells, and what it is asked."""

    def __init__(self, sitting: Seat) -> None:
        self._sitting = sitting

    @property
    def snapshot(self) -> Snapshot:
        """The fleet as it was told last."""
        return self._sitting.update.snapshot

    def leg(self, leg_id: str) -> LegStatus:
        """Return one leg."""
        return next(leg for leg in self.snapshot.legs if leg.id == leg_id)

    def group(self, name: str) -> GroupStatus:
        """Return one group."""
        return next(group for group in self.snapshot.groups if group.name == name)

    def route(self, name: str) -> ActiveRoute:
        """Return where a group's calls go: `group@sbc`."""
        group, _, sbc = name.partition("@")
        return next(one for one in self.group(group).active if one.sbc == sbc)

    def state(self, name: str) -> RouteState:
        """Return what a route says of its group."""
        return self.route(name).state

    async def read_again(self, name: str) -> None:
        """Wait until a route was read anew: asked for after now, and answered."""
        since = asyncio.get_running_loop().time()

        def read() -> bool:
            route = self.route(name)
            return route.state is not RouteState.UNKNOWN and (route.read_at or 0.0) > since

        await self.until(read, "a look at the route")

    async def watched(self, *legs: str) -> None:
        """Wait until each leg has answered two OPTIONS in a row: no target has less."""
        await self.until(
            lambda: all((clean := self.leg(leg).clean) is not None and clean.probes >= 2 for leg in legs),
            "OPTIONS",
        )

    async def until(self, happens: Callable[[], bool], what: str) -> None:
        """Wait until the engine tells something."""
        await eventually(happens, 60, what)

    async def prepared(self, group: str, to: str, consent: Consent) -> Sweep:
        """Return a switch as it would run."""
        reply = await self._sitting.feed.ask(PrepareSwitch(Wish(SwitchKind.SWITCH, group, to), consent))
        assert reply.sweep is not None, reply.text
        return reply.sweep

    async def switch(self, group: str, to: str, *, glass: bool = False) -> tuple[Sweep, Swept]:
        """Prepare a switch and carry it out, by an operator who agrees to all that is asked, and with `glass` to any doubt."""
        consent = replace(AGREED, typed=group, glass=glass)
        sweep = await self.prepared(group, to, consent)
        swept = (await self._sitting.feed.ask(PerformSwitch(sweep.action, consent))).swept
        assert swept is not None
        return sweep, swept

    def ruling(self, sweep: Sweep, name: str) -> str:
        """Return what a guard says of the only part."""
        (part,) = sweep.parts
        told = {ruling.guard: str(ruling.sentence) for ruling in part.rulings}
        assert name in told, told
        return told[name]
