"""`connect` to each simulated SBC without a word on its platform: over real SSH it finds out which one it is."""

from __future__ import annotations

import asyncio
from pathlib import Path

from tests.demo.serving import served
from trunktui import wiring
from trunktui.cli.action_run import prepare
from trunktui.config.address import Address, Wishes, config_of, config_text
from trunktui.config.load import Config
from trunktui.demo.plan import newcomers_fleet
from trunktui.demo.story import Script
from trunktui.demo.tempo import Tempo
from trunktui.demo.world import World
from trunktui.model.action import Consent, Verb
from trunktui.model.health import SbcState
from trunktui.model.inventory import SshTarget

BUDGET_S = 60.0


def connected(target: SshTarget, state: Path) -> Config:
    """Return the config that `connect` makes of an SBC's address."""
    address = Address(target.host, target.user, target.port)
    wishes = Wishes(identity=target.identity, known_hosts=target.known_hosts)
    text = config_text(address, wishes, {}, Path("/"))
    return config_of(text, address, {"XDG_STATE_HOME": str(state)}, wiring.KNOWN_PLATFORMS)


async def test_each_of_the_three_platforms_is_found_by_itself(tmp_path: Path) -> None:
    world = World(newcomers_fleet(), Script(1e6, ()), 1, Tempo(1.0))
    wanted = {"lon-1": "asterisk", "sgp-1": "kamailio", "sgp-2": "freeswitch"}
    async with served(world, tmp_path / "demo", starts_at=600.0) as fleet:
        targets = {sbc.name: sbc.ssh for sbc in fleet.config.inventory.sbcs}
        for name, platform in wanted.items():
            config = connected(targets[name], tmp_path / "state")
            snapshot, seen = await asyncio.to_thread(wiring.first_look, config, BUDGET_S, lambda: None)
            (sbc,) = snapshot.sbcs
            assert (sbc.platform, sbc.state) == (platform, SbcState.UP), sbc.reason
            assert seen is not None
            assert snapshot.legs, name
            if platform == "kamailio":
                leg = next(leg for leg in snapshot.legs if leg.native.registration)
                prepared, _ = await asyncio.to_thread(prepare, config, Verb.REREGISTER, leg.id, (), Consent())
                assert prepared.plan is not None, "actions know what was found too"
                assert "uac.reg_refresh" in prepared.plan.steps[0].words
