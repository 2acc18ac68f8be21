"""Composition of actions: the desk that prepares and performs them, over the connections that polling keeps."""

from __future__ import annotations

import os
import secrets
import time
from datetime import UTC, datetime
from pathlib import Path
from typing import TYPE_CHECKING

from msgspec import structs

if TYPE_CHECKING:
    from collections.abc import Awaitable, Callable

    from trunktui.actions.desk import Desk
    from trunktui.config.load import Config
    from trunktui.model.audit import Who
    from trunktui.model.snapshot import Snapshot
    from trunktui.poll.fleet import Fleet
    from trunktui.transport.askers import Askers


def action_desk(
    config: Config,
    fleet: Fleet,
    askers: Askers,
    who: Who | None = None,
    *,
    always_unlocked: bool = False,
    look_again: Callable[[tuple[str, ...]], Awaitable[None]] | None = None,
    snapshot: Callable[[], Snapshot] | None = None,
) -> Desk:
    """Return the entry to actions over these connections, with the audit log of the state folder.

    `who` acts; None: whoever runs this process. `look_again` polls SBCs where nobody does by himself. `snapshot`
    is what guards go by: with marks and the ages of credentials, which the fleet alone does not know; None: by the
    fleet alone. Raises ConfigError where that folder cannot be had.
    """
    from trunktui.actions.desk import Desk, World
    from trunktui.config.files import make_state_dir
    from trunktui.platforms.registry import platform_for
    from trunktui.store.audit import AuditLog
    from trunktui.store.syslog import Syslog
    from trunktui.store.who import who_am_i

    make_state_dir(config.state_dir)
    me = who or who_am_i(os.environ)
    world = World(
        inventory=config.inventory,
        interval_s=config.poll.interval_s,
        snapshot=snapshot or (lambda: fleet.snapshot(time.monotonic())),
        platform=lambda sbc: platform_for(fleet.platform(sbc.name)),
        asker=askers.of,
        audit=AuditLog(config.state_dir, me, _utc_now, Syslog() if config.document.syslog else None),
        who=me,
        clock=time.monotonic,
        wall=_utc_now,
        new_id=lambda: secrets.token_hex(6),
        alive=lambda writer: writer.host != me.host or Path(f"/proc/{writer.pid}").exists(),
        always_unlocked=always_unlocked,
    )
    if look_again is not None:
        world = structs.replace(world, look_again=look_again)
    return Desk(world)


def _utc_now() -> datetime:
    return datetime.now(UTC)
