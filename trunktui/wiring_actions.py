"""Puts actions together: connections, a fleet to poll into, and the desk over them with the audit log.

As in `wiring`, imports happen inside the functions: no command loads what it does not use.
"""

from __future__ import annotations

import os
import random
import secrets
import time
from collections.abc import Collection, Mapping
from datetime import UTC, datetime
from pathlib import Path
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from trunktui.actions.desk import Desk
    from trunktui.config.load import Config
    from trunktui.poll.fleet import Fleet
    from trunktui.poll.poller import SbcPoller
    from trunktui.transport.port import Asker

_NEVER_S = 3600.0
"""The interval of a single look: no next poll follows for which reading settings must end in time."""


def new_fleet(config: Config) -> Fleet:
    """Return the fleet as the config knows it, to be polled into."""
    from trunktui.poll.fleet import Fleet

    return Fleet(config.inventory, config.thresholds, config.poll.interval_s)


def ssh_askers(config: Config, names: Collection[str]) -> dict[str, Asker]:
    """Return the connection to each SBC that `names` has, by its name; none is open yet. Polls and actions share it."""
    from trunktui.transport.limits import Limits
    from trunktui.transport.ssh import SshAsker, SshShared

    shared = SshShared(Limits(connects=config.poll.connections))
    return {sbc.name: SshAsker(sbc.ssh, shared) for sbc in config.inventory.sbcs if sbc.name in names}


def single_look(config: Config, fleet: Fleet, askers: Mapping[str, Asker]) -> dict[str, SbcPoller]:
    """Return what polls each SBC of `askers` into `fleet` when it is told to, by the SBC's name."""
    from trunktui.platforms.registry import platform_for
    from trunktui.poll.poller import SbcPoller
    from trunktui.poll.schedule import Pace

    return {
        sbc.name: SbcPoller(
            sbc.name,
            platform_for(sbc.platform),
            askers[sbc.name],
            fleet,
            pace=Pace(_NEVER_S, _NEVER_S),
            clock=time.monotonic,
            chance=random.random,
            changed=_nothing,
        )
        for sbc in config.inventory.sbcs
        if sbc.name in askers
    }


def action_desk(
    config: Config, fleet: Fleet, askers: Mapping[str, Asker], *, always_unlocked: bool = False
) -> Desk:
    """Return the entry to actions over these connections, with the audit log of the state folder.

    Raises ConfigError where that folder cannot be had.
    """
    from trunktui.actions.desk import Desk, World
    from trunktui.config.files import make_state_dir
    from trunktui.platforms.registry import platform_for
    from trunktui.store.audit import AuditLog
    from trunktui.store.syslog import Syslog
    from trunktui.store.who import who_am_i

    make_state_dir(config.state_dir)
    who = who_am_i(os.environ)
    return Desk(
        World(
            inventory=config.inventory,
            interval_s=config.poll.interval_s,
            snapshot=lambda: fleet.snapshot(time.monotonic()),
            platform=lambda sbc: platform_for(sbc.platform),
            asker=lambda name: askers[name],
            audit=AuditLog(config.state_dir, who, _utc_now, Syslog() if config.document.syslog else None),
            who=who,
            clock=time.monotonic,
            wall=_utc_now,
            new_id=lambda: secrets.token_hex(6),
            alive=lambda writer: writer.host != who.host or Path(f"/proc/{writer.pid}").exists(),
            always_unlocked=always_unlocked,
        )
    )


def _utc_now() -> datetime:
    return datetime.now(UTC)


def _nothing() -> None:
    """Stand for a screen: nobody looks."""
