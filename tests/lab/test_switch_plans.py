"""Groups moved on real SBCs by the runner: compared before, set, proved by calls, taken back; and what stays."""

from __future__ import annotations

import asyncio
import itertools
import re
import threading
import time
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager
from typing import Any

import pytest
from msgspec.structs import replace

from tests.fleets import leg
from trunktui.actions.runner import End, Runner, Tools
from trunktui.model.action import Ending, Plan, Sign
from trunktui.model.inventory import ControlTarget, NativeNames, SshTarget
from trunktui.model.observation import Contact, ContactState
from trunktui.model.route import Route, RouteReading, Share
from trunktui.model.secret import Secret
from trunktui.model.snapshot import LegStatus
from trunktui.model.switch import Move, SwitchKind
from trunktui.model.text import Safe
from trunktui.platforms.registry import PLATFORMS
from trunktui.transport.asker import SshAsker
from trunktui.transport.port import Asker
from trunktui.transport.ssh import SshShared
from trunktui.transport.tunnel import TunnelAsker

from .lab import ADDRESS, Lab, eventually
from .test_kamailio import calls, destination
from .test_kamailio import unlocked as unlocked
from .test_reregister import _unlocked as _unlocked
from .test_routes import KEY, SET, VARIABLE, A, B
from .test_routes import as_the_files_say as as_the_files_say

pytestmark = pytest.mark.lab

NUMBERS = itertools.count(1)
"""Of actions: each has a label of its own."""

JSON_RPC = ControlTarget("json-rpc", 8090, path="/RPC")
PING_S = 2.0
"""How often the lab's Kamailio probes its destinations."""

OWNER: dict[str, tuple[str, dict[str, str]]] = {
    "sbc1": ("asterisk", {"alpha": "acme-primary", "beta": "ipauth-beta"}),
    "sbc3": ("kamailio", {"alpha": A, "beta": B}),
}


class Desk:
    """One SBC and a group on it: what the desk does, without its guards."""

    def __init__(self, node: str, asker: Asker) -> None:
        name, self._values = OWNER[node]
        self._node, self._platform, self._asker = node, PLATFORMS[name], asker
        self._legs = {trunk: self._leg(trunk) for trunk in self._values}
        self.told: list[str] = []
        """What the runner told meanwhile."""
        self.over = threading.Event()
        """Set once a run has ended."""

    def _leg(self, trunk: str) -> LegStatus:
        value = self._values[trunk]
        found = leg(f"{trunk}@{self._node}", native=NativeNames(endpoint=value, aor=value))
        row = Contact(Safe(value), ContactState.REACHABLE, 1.0, Safe(f"set 1 {value} FLAGS: AP"), probed=True)
        return replace(found, probe=replace(found.probe, contacts=(row,)))

    async def read(self, route: Route) -> RouteReading:
        ask = self._platform.route_ask((route,))
        assert ask is not None
        return self._platform.parse_routes(await self._asker.ask(ask, 20.0), (route,))[0]

    async def plan(self, route: Route, to: str | tuple[Share, ...], window_s: float) -> Plan:
        """Return the plan that moves the group from where it stands to a trunk, or (an undo) to shares."""
        goal = (Share(Safe(self._values[to])),) if isinstance(to, str) else to
        kind = SwitchKind.SWITCH if isinstance(to, str) else SwitchKind.UNDO
        stands = await self.read(route)
        move = Move(kind, "g", self._node, route, stands, goal, values=self._values)
        target = next((self._legs[t] for t, value in self._values.items() if (Safe(value)) in {s.value for s in goal if not s.held}), None)  # fmt: skip
        plan = self._platform.plan_switch(move, target, tuple(self._legs.values()))
        assert isinstance(plan, Plan), plan
        return replace(plan, window_s=window_s)

    async def run(self, plan: Plan, between: Callable[[], Any] = lambda: None) -> End:
        """Carry a plan out; `between` happens after the look and before the sending."""
        tools = Tools(
            self._platform, self._asker, time.monotonic, asyncio.sleep, f"trunktui-by-lab@lab:{next(NUMBERS)}"
        )
        runner, said = Runner(plan, tools, self.told.append), next(iter(self._legs.values()))

        async def again() -> None:
            return None

        try:
            look = await runner.read(said)
            between()
            return await runner.prove(await runner.send(look, said, again))
        except End as end:
            return end
        finally:
            self.over.set()

    async def run_while(self, plan: Plan, happens: Callable[[], Any]) -> End:
        """Carry a plan out; `happens` once the calls that were up before are known."""

        async def in_time() -> None:
            await eventually(
                lambda: any("no calls yet" in words for words in self.told), 20, "the first look"
            )
            await asyncio.to_thread(happens)

        async with asyncio.TaskGroup() as group:
            group.create_task(in_time())
            return await self.run(plan)

    async def last_sign(self, plan: Plan) -> Sign:
        """Return what one look says of a plan that was carried out."""
        return self._platform.standing(plan, await self._asker.ask(plan.proof, 20.0), 0.0).sign


@asynccontextmanager
async def desk(lab: Lab, node: str, user: str = "noc", control: ControlTarget | None = None) -> AsyncIterator[Desk]:  # fmt: skip
    run_as = OWNER[node][0] if user == "noc" else None
    target = SshTarget(
        host=ADDRESS[node], port=lab.port, user=user, identity=(str(lab.key),), known_hosts=str(lab.known_hosts),
        run_as=run_as, control=control,
    )  # fmt: skip
    ssh = SshAsker(target, SshShared())
    asker: Asker = ssh if control is None else TunnelAsker(ssh, control, Secret, clock=time.monotonic)
    try:
        yield Desk(node, asker)
    finally:
        await asker.close()


async def test_a_key_is_set_proved_by_new_calls_and_taken_back_to_not_set(lab: Lab) -> None:
    def dial() -> None:
        for _ in range(4):
            lab.asterisk_cli("channel originate Local/15551230001@us-domestic application Wait 6")

    async with desk(lab, "sbc1") as one:
        plan = await one.plan(KEY, "beta", 30.0)
        end = await one.run_while(plan, dial)
        assert end.ending is Ending.VERIFIED, end.sentence
        assert re.search(r"reads beta; [34] new calls answered on beta", end.sentence), end.sentence
        assert await one.last_sign(plan) is Sign.PROVED
        undo = await one.plan(KEY, (), 2.0)
        assert undo.steps[0].words == "database del trunk us-domestic/carrier"
        end = await one.run(undo)
        assert end.sent
        assert "reads nothing; route verified" in end.sentence
        assert (await one.read(KEY)).shares == ()


async def test_what_somebody_changed_between_the_look_and_the_sending_stays_as_they_set_it(lab: Lab) -> None:
    async with desk(lab, "sbc1") as one:
        for route, by_hand in (
            (KEY, "database put trunk us-domestic/carrier hybrid-gamma"),
            (VARIABLE, "dialplan set global TRUNK_US_TOLLFREE hybrid-gamma"),
        ):
            plan = await one.plan(route, "beta", 2.0)
            end = await one.run(plan, between=lambda words=by_hand: lab.asterisk_cli(words))  # type: ignore[misc]
            assert (end.ending, end.sent) == (Ending.REFUSED, False), end.sentence
            assert [share.value for share in (await one.read(route)).shares] == ["hybrid-gamma"]


async def test_a_global_that_a_reload_puts_back_is_told_as_failed(lab: Lab) -> None:
    async with desk(lab, "sbc1", "nocgrp") as one:
        plan = await one.plan(VARIABLE, "beta", 30.0)
        end = await one.run_while(plan, lambda: lab.asterisk_cli("dialplan reload"))
        assert end.ending is Ending.FAILED, end.sentence
        assert "says alpha, not beta" in end.sentence


@pytest.mark.parametrize(("user", "control"), [("noc", None), ("nocnone", JSON_RPC)], ids=["kamcmd", "JSON-RPC"])  # fmt: skip
async def test_a_destination_that_is_held_out_stays_so_over_its_probes_until_it_is_taken_back(
    lab: Lab, user: str, control: ControlTarget | None
) -> None:
    async with desk(lab, "sbc3", user, control) as one:
        plan = await one.plan(SET, "beta", 2 * PING_S)
        end = await one.run(plan)
        assert end.sent
        assert "reads beta; route verified, no calls yet" in end.sentence
        assert (destination(lab, A), destination(lab, B)) == ("DX", "AP"), "probes came and went"
        # By hand between the look and the sending: opened again.
        goal = plan.move.stands.shares if plan.move else ()
        undo = await one.plan(SET, tuple(Share(share.value) for share in goal), 1.0)
        end = await one.run(undo, between=lambda: lab.kamcmd("dispatcher.set_state", "ap", "1", A))
        assert (end.ending, end.sent) == (Ending.REFUSED, False), end.sentence
        lab.kamcmd("dispatcher.set_state", "dx", "1", A)
        end = await one.run(undo)
        assert end.sent
        assert re.search(r"reads alpha and beta; route verified", end.sentence), end.sentence
        assert (destination(lab, A), destination(lab, B)) == ("AP", "AP")


async def test_calls_through_kamailio_prove_where_its_set_sends_them(lab: Lab) -> None:
    async with desk(lab, "sbc3") as one:

        def dial() -> None:
            with calls(lab, 3):
                assert one.over.wait(40)

        plan = await one.plan(SET, "beta", 30.0)
        end = await one.run_while(plan, dial)
    assert end.ending is Ending.VERIFIED, end.sentence
    assert "3 new calls answered on beta, none new began on alpha" in end.sentence
