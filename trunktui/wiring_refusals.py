"""Composition of the memory of refused logins: read before a poll that nobody asked for, written after each."""

from __future__ import annotations

from datetime import UTC, datetime
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from trunktui.config.load import Config
    from trunktui.model.link import LinkError
    from trunktui.poll.fleet import Fleet
    from trunktui.store.refusals import Refusals


def resting(config: Config) -> dict[str, LinkError]:
    """Return, by SBC, why its login is not tried now: it was refused a short while ago."""
    from trunktui.model.link import LinkError, SshState
    from trunktui.model.text import clean

    refusals = _refusals(config)
    found: dict[str, LinkError] = {}
    for sbc in config.inventory.sbcs if refusals is not None else ():
        left = refusals.resting_s(sbc.name, sbc.ssh) if refusals is not None else None
        if left is not None:
            words = f"login refused lately, next try in {left / 60:.0f} m: `trunktui status` tries now"
            found[sbc.name] = LinkError(SshState.AUTH, clean(words))
    return found


def note_refusals(config: Config, fleet: Fleet, rested: frozenset[str]) -> None:
    """Remember whose login was refused, and forget those that went through; `rested` were not tried."""
    from trunktui.model.link import SshState

    refusals = _refusals(config)
    if refusals is None:
        return
    states = {
        sbc: fleet.record(sbc.name).link.state for sbc in config.inventory.sbcs if sbc.name not in rested
    }
    refusals.note(
        {
            sbc.name: (sbc.ssh, state is SshState.AUTH)
            for sbc, state in states.items()
            if state in {SshState.AUTH, SshState.OK}  # any other end says nothing of the login
        }
    )


def _refusals(config: Config) -> Refusals | None:
    """Return the memory of the state folder, None where that cannot be had."""
    from trunktui.config.errors import ConfigError
    from trunktui.config.files import make_state_dir
    from trunktui.store.refusals import Refusals

    try:
        make_state_dir(config.state_dir)
    except ConfigError:
        return None
    return Refusals(config.state_dir, lambda: datetime.now(UTC))
