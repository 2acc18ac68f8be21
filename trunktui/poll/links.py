"""How the links to one SBC stand after each attempt: since when they are what they are, and when they worked last."""

from __future__ import annotations

from trunktui.model.link import LinkStatus, SnmpState, SnmpStatus, SshState
from trunktui.model.text import Safe


def linked(before: LinkStatus, state: SshState, reason: Safe, at: float, *, ok: bool) -> LinkStatus:
    """Return the SSH link after an attempt at monotonic second `at`; `ok`: it worked."""
    same = before.state is state and before.since is not None
    return LinkStatus(
        state=state,
        reason=reason,
        since=before.since if same else at,
        last_ok=at if ok else before.last_ok,
    )


def witnessed(before: SnmpStatus, state: SnmpState, reason: Safe, at: float, *, ok: bool) -> SnmpStatus:
    """Return SNMP after an attempt at monotonic second `at`; `ok`: it answered."""
    same = before.state is state and before.since is not None
    return SnmpStatus(state, reason, before.since if same else at, at if ok else before.last_ok)
