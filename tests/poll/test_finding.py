"""An SBC of which the config leaves its platform open: found, named in words where it is not, found anew when replaced."""

from __future__ import annotations

import asyncio
from collections.abc import Callable
from contextlib import suppress

from msgspec.structs import replace

from tests.platforms import recordings
from tests.platforms.boxes import ALL, STOPPED, Parts, presence_answer
from trunktui.model.ask import Answer, SshAsk
from trunktui.model.health import LegState, SbcState, Thresholds
from trunktui.model.inventory import AUTO, Binding, Inventory, Sbc, SshTarget, Trunk
from trunktui.model.link import LinkError, SshState
from trunktui.model.snapshot import SbcStatus
from trunktui.model.text import Safe
from trunktui.platforms.registry import platform_for
from trunktui.poll.finding import FindingPoller
from trunktui.poll.fleet import Fleet
from trunktui.poll.past import Past
from trunktui.poll.poller import Poller, SbcPoller
from trunktui.poll.schedule import Pace

SBC = "sbc-1"
DEADLINE_S = 20.0
WHOLE = dict.fromkeys(("asterisk", "freeswitch", "kamailio"), "mixed-with-calls")
"""The recorded case that a platform says while it runs, and what it says while it is stopped."""

GONE = {"asterisk": "stopped", "freeswitch": "down", "kamailio": "stopped"}


class Box:
    """An SBC that has software, and answers as was recorded of it; what it has may change under the poller."""

    def __init__(self, box: Parts) -> None:
        self.box = box
        self.lost: SshState | None = None
        self.asked: list[str] = []

    async def ask(self, ask: SshAsk, budget_s: float) -> Answer:
        """Answer the look at what is there, or the poll of a platform."""
        del budget_s
        await asyncio.sleep(0)
        if self.lost is not None:
            raise LinkError(self.lost, Safe("no way there"))
        at = asyncio.get_running_loop().time()
        first = ask.commands[0].key
        if first.split()[0] in WHOLE and " " in first:
            self.asked.append("look")
            return presence_answer(ask, self.box, at)
        platform = next((name for name in WHOLE if ask == platform_for(name).poll_ask()), "")
        self.asked.append(platform or "more")
        if not platform:
            return Answer(at, at, (), complete=False)
        runs = "process" in self.box.get(platform, "")
        folder = recordings.FIXTURES / platform / (WHOLE if runs else GONE)[platform]
        return replace(recordings.recorded(folder), asked_at=at, answered_at=at)

    async def close(self) -> None:
        """Nothing is open."""


def inventory_of(platform: str = AUTO, *trunks: str) -> Inventory:
    bound = tuple(Trunk(name=name, bindings=(Binding(name, SBC, name),)) for name in trunks)
    return Inventory(sbcs=(Sbc(SBC, platform, SshTarget("192.0.2.1")),), trunks=bound)


def fleet_of(platform: str = AUTO, *trunks: str) -> Fleet:
    return Fleet(inventory_of(platform, *trunks), Thresholds(), 30.0)


def finder(box: Box, fleet: Fleet, pace: Pace) -> FindingPoller:
    def hire(platform: str, pace: Pace, folded: Callable[[], None], /) -> Poller:
        clock = asyncio.get_running_loop().time
        return SbcPoller(
            SBC,
            platform_for(platform),
            box,
            fleet,
            pace=pace,
            clock=clock,
            wall=lambda: 0.0,
            chance=lambda: 0.5,
            changed=folded,
        )

    return FindingPoller(SBC, fleet, box, hire, pace=pace)


def status(fleet: Fleet) -> SbcStatus:
    return fleet.snapshot(asyncio.get_running_loop().time()).sbcs[0]


async def until(so: Callable[[], bool]) -> None:
    """Wait until a condition holds."""
    async with asyncio.timeout(DEADLINE_S):
        while not so():
            await asyncio.sleep(0.005)


class Polling:
    """A finder that polls every few milliseconds while inside."""

    def __init__(self, box: Box, fleet: Fleet) -> None:
        self.poller = finder(box, fleet, Pace(0.02, 0.02))

    async def __aenter__(self) -> FindingPoller:
        self._job = asyncio.create_task(self.poller.run(0.0))
        return self.poller

    async def __aexit__(self, *_: object) -> None:
        self._job.cancel()
        with suppress(asyncio.CancelledError):
            await self._job


async def test_one_poll_finds_what_runs_there_and_polls_it_as_that() -> None:
    for name in WHOLE:
        box, fleet = Box({name: ALL}), fleet_of()
        assert status(fleet).platform == AUTO
        assert await finder(box, fleet, Pace()).poll() is SshState.OK
        assert box.asked[:2] == ["look", name]
        assert fleet.platform(SBC) == status(fleet).platform == name
        assert len(fleet.record(SBC).legs) > 3


async def test_where_none_is_there_it_says_how_to_name_it_nothing_is_up_and_it_looks_at_each_poll() -> None:
    box, fleet = Box({}), fleet_of(AUTO, "acme")
    async with Polling(box, fleet):
        await until(lambda: box.asked.count("look") >= 3)
        seen = fleet.snapshot(asyncio.get_running_loop().time())
        assert (seen.sbcs[0].platform, seen.sbcs[0].state) == (AUTO, SbcState.UNKNOWN)
        assert 'name it, platform = "asterisk", "freeswitch" or "kamailio"' in seen.sbcs[0].reason
        assert [leg.state for leg in seen.legs] == [LegState.UNKNOWN]
        assert set(box.asked) == {"look"}
        box.box = {"kamailio": ALL}
        await until(lambda: "kamailio" in box.asked)
    assert fleet.platform(SBC) == "kamailio"


async def test_two_on_one_box_are_named_and_neither_is_polled() -> None:
    box, fleet = Box({"kamailio": ALL, "asterisk": ALL}), fleet_of()
    await finder(box, fleet, Pace()).poll()
    assert status(fleet).state is SbcState.UNKNOWN
    assert "Asterisk and Kamailio run there: say which to watch" in status(fleet).reason
    assert box.asked == ["look"]


async def test_one_that_is_installed_and_stopped_is_polled_and_said_to_be_down() -> None:
    box, fleet = Box({"freeswitch": STOPPED}), fleet_of()
    await finder(box, fleet, Pace()).poll()
    assert (status(fleet).platform, status(fleet).state) == ("freeswitch", SbcState.DOWN)


async def test_a_stop_changes_nothing_and_other_software_in_its_place_is_found_without_a_restart_of_ours() -> (
    None
):
    box, fleet = Box({"asterisk": ALL}), fleet_of()
    async with Polling(box, fleet):
        await until(lambda: len(fleet.record(SBC).legs) > 3)
        box.box = {"asterisk": STOPPED}
        await until(lambda: status(fleet).state is SbcState.DOWN)
        looks = box.asked.count("look")
        await until(lambda: box.asked.count("look") >= looks + 3)
        assert fleet.platform(SBC) == "asterisk"
        old = set(fleet.record(SBC).legs)
        box.box = {"asterisk": STOPPED, "kamailio": ALL}
        await until(lambda: fleet.platform(SBC) == "kamailio" and len(fleet.record(SBC).legs) > 3)
    assert status(fleet).platform == "kamailio"
    assert status(fleet).link.state is SshState.OK
    assert old - set(fleet.record(SBC).legs), "the trunks of the other software are gone"


async def test_a_link_that_fails_is_told_as_ever_and_the_look_is_made_once_it_works() -> None:
    box, fleet = Box({"asterisk": ALL}), fleet_of()
    box.lost = SshState.REFUSED
    async with Polling(box, fleet):
        await until(lambda: status(fleet).link.state is SshState.REFUSED)
        assert status(fleet).platform == AUTO
        box.lost = None
        await until(lambda: fleet.platform(SBC) == "asterisk")


async def test_a_host_key_ends_the_polls_until_somebody_runs_them_again() -> None:
    box, fleet = Box({"asterisk": ALL}), fleet_of()
    box.lost = SshState.HOST_KEY
    poller = finder(box, fleet, Pace(0.02, 0.02))
    async with asyncio.timeout(DEADLINE_S):
        await poller.run(0.0)
    assert "not tried again" in status(fleet).link.reason


async def test_what_an_earlier_run_knew_stays_until_the_software_that_was_found_has_told() -> None:
    box, fleet = Box({"asterisk": ALL}), fleet_of(AUTO, "acme")
    past = Past(LegState.DOWN, "was down")
    fleet.recall({f"acme@{SBC}": past, f"found@{SBC}": past})
    assert await finder(box, fleet, Pace()).poll() is SshState.OK
    fleet.found(SBC, "kamailio")
    assert fleet.record(SBC).legs[f"acme@{SBC}"].past == past
    assert f"found@{SBC}" in fleet.record(SBC).unlisted


async def test_a_config_that_names_what_was_found_keeps_all_and_another_name_begins_anew() -> None:
    box, fleet = Box({"asterisk": ALL}), fleet_of()
    await finder(box, fleet, Pace()).poll()
    record = fleet.record(SBC)
    for platform in (AUTO, "asterisk", AUTO):
        fleet.reconfigure(inventory_of(platform), Thresholds(), 30.0)
        assert fleet.record(SBC) is record
        assert fleet.platform(SBC) == "asterisk"
    fleet.reconfigure(inventory_of("freeswitch"), Thresholds(), 30.0)
    assert fleet.platform(SBC) == "freeswitch"
    assert fleet.record(SBC).observation is None
