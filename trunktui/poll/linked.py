"""How the ways to an SBC do: since when a link has its state, and when it worked last."""

from __future__ import annotations

from trunktui.model.link import LinkStatus, SnmpState, SnmpStatus, SshState
from trunktui.model.text import Safe


def linked(before: LinkStatus, state: SshState, reason: Safe, at: float, *, ok: bool) -> LinkStatus:
    """Return the SSH link after a poll that ended at monotonic second `at`."""
    same = before.state is state and before.since is not None
    return LinkStatus(
        state=state,
        reason=reason,
        since=before.since if same else at,
        last_ok=at if ok else before.last_ok,
    )


def witnessed(before: SnmpStatus, state: SnmpState, reason: Safe, at: float, *, ok: bool) -> SnmpStatus:
    """Return what is said of SNMP after a poll by it that ended at monotonic second `at`."""
    same = before.state is state and before.since is not None
    return SnmpStatus(state, reason, before.since if same else at, at if ok else before.last_ok)
