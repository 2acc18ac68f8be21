"""The surroundings are looked at seldom, beside the polls, sooner when a leg turns bad, and cost no poll anything."""

from __future__ import annotations

import asyncio

import pytest
from msgspec import structs

from tests.health.scenes import START, Says, Trunks, answer, fleet_of, leg
from tests.poll.fakes import Clock
from trunktui.model.ask import Answer, Command, Reply, SshAsk
from trunktui.model.health import LegState, Severity
from trunktui.model.link import LinkError, SshState
from trunktui.model.snapshot import SbcStatus
from trunktui.model.text import Safe, clean_lines
from trunktui.platforms import asterisk
from trunktui.platforms.registry import platform_for
from trunktui.poll.carry import carried
from trunktui.poll.fleet import Fleet
from trunktui.poll.poller import SbcPoller
from trunktui.poll.schedule import Pace
from trunktui.poll.surveyor import SurveyedPoller, Surveyor

TRANSPORTS = "Transport:  udp    udp      0      0  0.0.0.0:5060\n\nObjects found: 1\n"
STUN = "Hostname  Port  Period  Retries  Status  ExternAddr  ExternPort\nstun  3478  30  3  OK  {}  41872\n"
REFUSED = "sudo: a password is required"


class Around:
    """An SBC that answers any ask: by STUN it is seen as `address`; `fault` ends asks, `refuses` grants."""

    def __init__(self) -> None:
        self.address = "198.51.100.4"
        self.fault: SshState | None = None
        self.refuses = False
        self.hangs = False
        self.asked: list[SshAsk] = []
        self.budgets: list[float] = []

    async def ask(self, ask: SshAsk, budget_s: float) -> Answer:
        self.asked.append(ask)
        self.budgets.append(budget_s)
        if self.hangs:
            await asyncio.Event().wait()
        if self.fault is not None:
            raise LinkError(self.fault, Safe(f"ssh says {self.fault.value}"))
        return Answer(START, START, tuple(self._reply(command) for command in ask.commands))

    async def close(self) -> None:
        pass

    def _reply(self, command: Command) -> Reply:
        if self.refuses and command.privileged:
            return Reply(command.key, 1, errors=clean_lines(REFUSED.encode()))
        if command.key == "transports":
            return Reply(command.key, 0, clean_lines(TRANSPORTS.encode()))
        if command.key == "stun":
            return Reply(command.key, 0, clean_lines(STUN.format(self.address).encode()))
        return Reply(command.key, 1)


class Scene:
    """One SBC with the trunk carrier-a, polled as a test says, with a surveyor at its side."""

    def __init__(self, egress: str | None = None) -> None:
        self.clock, self.sbc = Clock(START), Around()
        self.fleet = fleet_of(Trunks(egress=egress))
        self.told = 0
        self.surveyor = Surveyor(
            "sbc-1", platform_for("asterisk"), self.sbc, self.fleet, clock=self.clock, changed=self._changed
        )

    def _changed(self) -> None:
        self.told += 1

    async def poll(self, says: Says = Says(), after_s: float = 30.0) -> bool:  # noqa: B008 - frozen
        """Fold a poll `after_s` later; return whether the surveyor looked after it."""
        self.clock.at += after_s
        record = self.fleet.record("sbc-1")
        seen = asterisk.parse_poll(
            answer(says, self.clock.at), record.settings, self.fleet.inventory.bindings_on("sbc-1")
        )
        self.fleet.answered("sbc-1", seen)
        record.settings_done = True
        self.fleet.snapshot(self.clock.at)
        before = len(self.sbc.asked)
        await self.surveyor.once()
        return len(self.sbc.asked) > before

    @property
    def status(self) -> SbcStatus:
        return self.fleet.snapshot(self.clock.at).sbcs[0]


async def test_it_looks_after_the_first_poll_and_then_every_five_minutes() -> None:
    scene = Scene()
    assert [await scene.poll() for _ in range(21)] == ([True] + 9 * [False]) * 2 + [True]
    egress = scene.status.egress
    assert egress is not None
    assert (egress.address, egress.source, egress.since) == ("198.51.100.4", "STUN server stun", None)
    assert scene.told == 3


async def test_nothing_is_asked_before_the_settings_are_read_or_while_the_sbc_does_not_answer() -> None:
    scene = Scene()
    assert not scene.surveyor.due()
    await scene.poll(Says(frozen=True))
    assert not scene.sbc.asked
    scene.fleet.record("sbc-1").settings_done = False
    assert not scene.surveyor.due()
    assert (scene.status.egress, scene.status.egress_why) == (None, "not asked yet")


async def test_it_looks_at_once_when_a_leg_turns_bad_and_once_a_minute_while_that_is_young() -> None:
    scene, bad = Scene(), Says(contacts=("Unavail",))
    assert [await scene.poll(), await scene.poll()] == [True, False]
    scene.sbc.address = "198.51.100.9"
    assert await scene.poll(bad)
    egress = scene.status.egress
    assert egress is not None
    assert (egress.address, egress.before, egress.since) == ("198.51.100.9", "198.51.100.4", scene.clock.at)
    assert [await scene.poll(bad) for _ in range(6)] == [False, True] * 3


async def test_trouble_right_after_a_look_is_looked_into_as_soon_as_may_be() -> None:
    scene, bad = Scene(), Says(contacts=("Unavail",))
    assert [await scene.poll(), await scene.poll(bad, 5.0), await scene.poll(bad, 5.0)] == [
        True,
        False,
        False,
    ]
    assert await scene.poll(bad, 5.0)


async def test_old_trouble_is_looked_into_at_the_normal_pace() -> None:
    scene, bad = Scene(), Says(contacts=("Unavail",))
    for _ in range(22):
        await scene.poll(bad)
    assert sum([await scene.poll(bad) for _ in range(20)]) == 2


async def test_a_reload_is_a_reason_to_look_and_to_ask_again_what_was_refused() -> None:
    scene = Scene()
    scene.sbc.refuses = True
    await scene.poll()
    status = scene.status
    assert status.egress is None
    assert "sudo refuses the command" in status.egress_why
    assert (status.state.value, status.severity) == ("up", Severity.NONE)
    asked = {command.key for ask in scene.sbc.asked for command in ask.commands}
    assert {"transports", "stun"} <= asked
    scene.sbc.asked.clear()
    for _ in range(10):
        await scene.poll()
    assert "transports" not in {command.key for ask in scene.sbc.asked for command in ask.commands}
    scene.sbc.refuses = False
    assert await scene.poll(Says(uptime=5))
    assert scene.status.egress is not None


async def test_another_config_is_a_reason_to_ask_again_what_was_refused() -> None:
    scene = Scene()
    scene.sbc.refuses = True
    await scene.poll()
    scene.sbc.refuses = False
    records = {"sbc-1": scene.fleet.record("sbc-1")}
    carried(records, scene.fleet.inventory, scene.fleet.inventory, scene.fleet._thresholds)
    assert await scene.poll()
    assert scene.status.egress is not None


async def test_a_look_that_fails_keeps_what_was_known_fails_no_poll_and_is_made_again() -> None:
    scene = Scene()
    await scene.poll()
    scene.sbc.fault = SshState.UNREACHABLE
    for _ in range(10):
        await scene.poll()
    status = scene.status
    assert status.egress is not None
    assert (status.link.state, status.state.value) == (SshState.OK, "up")
    scene.sbc.fault, scene.sbc.address = None, "198.51.100.9"
    assert [await scene.poll(), await scene.poll()] == [False, True]
    assert scene.status.egress is not None
    assert scene.status.egress.before == "198.51.100.4"


async def test_a_first_look_that_fails_says_why_nothing_is_known() -> None:
    scene = Scene()
    scene.sbc.fault = SshState.UNREACHABLE
    await scene.poll()
    assert (scene.status.egress, scene.status.egress_why) == (None, "ssh says unreachable")


async def test_an_address_that_the_config_does_not_expect_is_a_warning_of_the_sbc() -> None:
    scene = Scene(egress="198.51.100.9")
    await scene.poll()
    status = scene.status
    assert (status.state.value, status.severity) == ("up", Severity.WARNING)
    assert status.reason == (
        "answering; carriers see 198.51.100.4 (STUN server stun), the config says egress_ip 198.51.100.9"
    )
    assert status.egress_expected == "198.51.100.9"


async def test_a_leg_knows_where_it_leads_and_its_sentence_tells_a_registrar_that_does_not_resolve() -> None:
    scene = Scene()
    table = " carrier-a/sip:gone.example:5060   carrier-a   Rejected  (exp. 8s)"
    says = Says(reg_table=f"===\n=====\n\n{table}\n\nObjects found: 1")
    await scene.poll(says)
    assert leg(scene.fleet.snapshot(scene.clock.at)).targets is None
    record = scene.fleet.record("sbc-1")
    legs = tuple(one.seen for one in record.legs.values() if one.seen is not None)
    asked = frozenset({"name gone.example"})
    around = structs.replace(record.survey.around, names={"gone.example": ()}, asked=asked)
    scene.fleet.surveyed("sbc-1", around, legs, scene.clock.at)
    one = leg(scene.fleet.snapshot(scene.clock.at))
    assert one.targets == ("10.77.0.21",)
    assert [(each.host, each.addresses) for each in one.resolved] == [("gone.example", ())]
    assert one.state is LegState.DEGRADED
    assert one.reason.startswith("registrar gone.example does not resolve on sbc-1: REGISTER failed")


@pytest.mark.timeout(30)
async def test_a_look_that_hangs_holds_no_poll_up_and_ends_with_the_poller() -> None:
    sbc = Around()

    class Polls(Around):
        async def ask(self, ask: SshAsk, budget_s: float) -> Answer:
            self.asked.append(ask)
            return answer(Says(), asyncio.get_running_loop().time())

    polls, loop = Polls(), asyncio.get_running_loop()
    fleet: Fleet = fleet_of(Trunks())
    fleet.record("sbc-1").settings_done = True
    sbc.hangs = True
    platform = platform_for("asterisk")
    surveyor = Surveyor("sbc-1", platform, sbc, fleet, clock=loop.time, changed=lambda: None)
    poller = SbcPoller(
        "sbc-1", platform, polls, fleet, pace=Pace(0.01, 0.01), clock=loop.time, wall=loop.time,
        chance=lambda: 0.5, changed=surveyor.polled,
    )  # fmt: skip
    async with asyncio.TaskGroup() as group:
        running = group.create_task(SurveyedPoller(poller, surveyor).run(0.0))
        while len(polls.asked) < 20 or not sbc.asked:
            fleet.record("sbc-1").settings_done = True
            await asyncio.sleep(0.01)
        running.cancel()
    assert len(sbc.asked) == 1
