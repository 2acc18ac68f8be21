"""What is read of a group's route on real SBCs is what the next call does there, whoever set it, and however."""

from __future__ import annotations

import asyncio
import re
import time
from collections.abc import Iterator
from typing import ClassVar

import pytest

from trunktui.model.ask import Answer
from trunktui.model.inventory import ControlTarget, SshTarget
from trunktui.model.route import Mechanism, Route, RouteReading, Share
from trunktui.model.secret import Secret
from trunktui.model.text import Safe
from trunktui.platforms.registry import PLATFORMS
from trunktui.transport.asker import SshAsker
from trunktui.transport.port import Asker
from trunktui.transport.ssh import SshShared
from trunktui.transport.tunnel import TunnelAsker

from .lab import ADDRESS, Lab, wait_for
from .test_kamailio import calls, destination

pytestmark = pytest.mark.lab

KEY = Route(Mechanism.ASTDB, "trunk/us-domestic/carrier")
OTHER_FAMILY = Route(Mechanism.ASTDB, "SIP/x")
GRANT = "see docs/grants.md; it must allow 'database get SIP x'"
VARIABLE = Route(Mechanism.GLOBAL, "TRUNK_US_TOLLFREE")
SET = Route(Mechanism.DISPATCHER, "1")
A, B = "sip:10.77.0.21:5060", "sip:10.77.0.22:5060"
UP_A, UP_B = Share(Safe(A), alive=True), Share(Safe(B), alive=True)


class Sbc:
    """One SBC of the lab, asked as the product asks it."""

    PLATFORM: ClassVar = {"sbc1": "asterisk", "sbc2": "asterisk", "sbc3": "kamailio"}

    def __init__(self, lab: Lab, node: str, user: str = "noc", control: ControlTarget | None = None) -> None:
        name = self.PLATFORM[node]
        self._platform = PLATFORMS[name]
        run_as = None if user == "nocgrp" else name
        self._target = SshTarget(
            host=ADDRESS[node], port=lab.port, user=user, identity=(str(lab.key),), known_hosts=str(lab.known_hosts),
            run_as=run_as, control=control,
        )  # fmt: skip

    def read(self, *routes: Route) -> tuple[RouteReading, ...]:
        """Return what stands at `routes` now."""
        return asyncio.run(self._read(routes))

    async def _read(self, routes: tuple[Route, ...]) -> tuple[RouteReading, ...]:
        ssh, control = SshAsker(self._target, SshShared()), self._target.control
        asker: Asker = ssh if control is None else TunnelAsker(ssh, control, Secret, clock=time.monotonic)
        ask = self._platform.route_ask(routes)
        assert ask is not None
        try:
            answer: Answer = await asker.ask(ask, 20.0)
        finally:
            await asker.close()
        return self._platform.parse_routes(answer, routes)


def shown(reading: RouteReading) -> list[str]:
    assert reading.read, reading.why
    return [share.value for share in reading.shares]


@pytest.fixture(autouse=True)
def as_the_files_say(lab: Lab) -> Iterator[None]:
    """Begin and end with nothing set by hand."""

    def back() -> None:
        lab.asterisk_cli("database deltree trunk")
        lab.asterisk_cli("dialplan set global TRUNK_US_TOLLFREE acme-primary")
        lab.kamcmd("dispatcher.set_state", "ap", "1", A)

    back()
    wait_for(lambda: destination(lab, A) == destination(lab, B) == "AP", 20.0, "both carriers active")
    yield
    back()


def dialled(lab: Lab, context: str) -> str:
    """Make one call in `context` of sbc1's dial plan; return the endpoint that Asterisk then dials, by its own log."""
    pattern = re.compile(rf'Dial\("Local/1555@{context}-\S+", "PJSIP/1555@([^",]*),')
    before = len(pattern.findall(lab.asterisk_log()))
    lab.asterisk_cli(f"channel originate Local/1555@{context} application Hangup")
    wait_for(lambda: len(pattern.findall(lab.asterisk_log())) > before, 10.0, f"a call in {context}")
    return str(pattern.findall(lab.asterisk_log())[-1])


def test_an_astdb_key_is_read_as_the_next_call_takes_it_and_not_set_is_the_dial_plans_own(lab: Lab) -> None:
    sbc = Sbc(lab, "sbc1")
    (unset,) = sbc.read(KEY)
    assert (shown(unset), unset.line) == ([], "Database entry not found.")
    assert dialled(lab, "us-domestic") == "acme-primary"
    # By hand, and with a name that no endpoint has: Asterisk takes it, and every call then fails.
    for value in ("ipauth-beta", "carrier-nonsense"):
        lab.asterisk_cli(f"database put trunk us-domestic/carrier {value}")
        assert shown(sbc.read(KEY)[0]) == [value] == [dialled(lab, "us-domestic")]
    lab.asterisk_cli('database put trunk us-domestic/carrier ""')
    assert shown(sbc.read(KEY)[0]) == [""] == [dialled(lab, "us-domestic")]


def test_a_global_is_lost_at_a_reload_of_the_dial_plan_and_a_key_is_not(lab: Lab) -> None:
    sbc = Sbc(lab, "sbc1", "nocgrp")
    lab.asterisk_cli("database put trunk us-domestic/carrier hybrid-gamma")
    lab.asterisk_cli("dialplan set global TRUNK_US_TOLLFREE ipauth-beta")
    assert [shown(one) for one in sbc.read(VARIABLE, KEY)] == [["ipauth-beta"], ["hybrid-gamma"]]
    assert dialled(lab, "us-tollfree") == "ipauth-beta"
    lab.asterisk_cli("dialplan reload")
    nothing = Route(Mechanism.GLOBAL, "TRUNK_NOWHERE")
    found = sbc.read(VARIABLE, KEY, nothing)
    assert [shown(one) for one in found] == [["acme-primary"], ["hybrid-gamma"], []]
    assert dialled(lab, "us-tollfree") == "acme-primary"


@pytest.mark.parametrize(
    ("user", "route", "words"),
    [
        ("noc", OTHER_FAMILY, "sudo refuses the command (sudo: a password is required): " + GRANT),
        ("nocgrp", OTHER_FAMILY, "cli_permissions.conf of Asterisk refuses it: " + GRANT),
        ("nocnone", VARIABLE, "sudo refuses the command"),
    ],
)
def test_a_login_that_may_not_look_is_told_so_and_not_that_nothing_is_set(
    lab: Lab, user: str, route: Route, words: str
) -> None:
    (reading,) = Sbc(lab, "sbc2", user).read(route)
    assert reading.why.startswith(words)
    assert reading.shares == ()


@pytest.mark.parametrize(
    "sbc",
    [("noc", None), ("nocgrp", None), ("nocnone", ControlTarget("json-rpc", 8090, path="/RPC"))],
    ids=["kamcmd by sudo", "kamcmd by group", "JSON-RPC"],
)
def test_a_dispatcher_set_is_read_with_what_was_disabled_by_hand(
    lab: Lab, sbc: tuple[str, ControlTarget | None]
) -> None:
    user, control = sbc
    one = Sbc(lab, "sbc3", user, control)
    absent = Route(Mechanism.DISPATCHER, "77")
    first, none = one.read(SET, absent)
    assert (first.shares, first.why) == ((UP_A, UP_B), "")
    assert (none.shares, none.why) == ((), "Kamailio has no set 77")
    lab.kamcmd("dispatcher.set_state", "dx", "1", A)
    (moved,) = one.read(SET)
    assert moved.shares == (Share(Safe(A), held=True), UP_B)
    assert [share.value for share in moved.open] == [B]


def test_a_reload_of_the_dispatcher_takes_back_what_was_disabled_by_hand(lab: Lab) -> None:
    sbc = Sbc(lab, "sbc3")
    lab.kamcmd("dispatcher.set_state", "dx", "1", A)
    assert [share.held for share in sbc.read(SET)[0].shares] == [True, False]
    lab.kamcmd("dispatcher.reload")
    assert [share.held for share in sbc.read(SET)[0].shares] == [False, False]


def test_calls_through_kamailio_go_to_the_first_that_is_open_in_its_set(lab: Lab) -> None:
    lab.kamcmd("dispatcher.set_state", "dx", "1", A)
    with calls(lab, 1):
        assert lab.kamcmd("dlg.profile_get_size", "trunk", B).strip() == "1"
