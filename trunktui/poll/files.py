"""When the files that hold credentials changed on an SBC: asked after connecting, after a reload, and every few hours."""

from __future__ import annotations

from trunktui.model.ask import SshAsk
from trunktui.model.inventory import Inventory
from trunktui.model.link import LinkError
from trunktui.platforms import boxshell
from trunktui.poll.record import SbcRecord
from trunktui.transport.port import Asker

AGAIN_S = 6 * 3600.0
_BUDGET_S = 5.0
_MOST = 25
"""Files that are looked at on one SBC."""


def files_on(inventory: Inventory, sbc: str) -> tuple[str, ...]:
    """Return the files that the config names for trunks on an SBC, none twice."""
    named = (
        trunk.credential.file
        for trunk in inventory.trunks
        if trunk.credential is not None and any(binding.sbc == sbc for binding in trunk.bindings)
    )
    return tuple(dict.fromkeys(file for file in named if file is not None))[:_MOST]


async def look_at_files(asker: Asker, inventory: Inventory, record: SbcRecord, now: float) -> bool:
    """Ask for the times of files unless that was done lately; return whether they differ. Never raises.

    What cannot be asked now is asked with the next poll; the poll itself is none the worse.
    """
    paths = files_on(inventory, record.sbc.name)
    known = tuple(one.path for one in record.files)
    if paths == known and (not paths or (record.files_at is not None and now - record.files_at < AGAIN_S)):
        return False
    if not paths:
        record.files = ()
        return True
    try:
        answer = await asker.ask(SshAsk(tuple(boxshell.file_command(path) for path in paths)), _BUDGET_S)
    except LinkError:
        return False
    replies = [answer.reply(path) for path in paths]
    if any(reply.status is None for reply in replies):
        return False
    found = tuple(boxshell.file_time(reply) for reply in replies)
    before, record.files, record.files_at = record.files, found, now
    return before != record.files
