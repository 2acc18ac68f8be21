"""Whose fault it is: one verdict over many legs, and what it absorbs (health.md 5). The rules live in `health`."""

from __future__ import annotations

from enum import StrEnum

from msgspec import Struct

from trunktui.model.health import Severity
from trunktui.model.text import Safe


class VerdictKind(StrEnum):
    """What many bad legs have in common, in the order in which it is judged: the first that holds wins."""

    COLLECTOR = "collector"
    SITE = "site"
    SBC = "sbc"
    GLOBAL = "global"
    EGRESS = "egress"
    CREDENTIAL = "credential"
    ACCOUNT = "account"
    EDGE = "edge"
    CARRIER_OUTAGE = "carrier_outage"
    CARRIER_PARTIAL = "carrier_partial"
    LOCAL_LEG = "local_leg"
    INSUFFICIENT = "insufficient"


class Correlated(Struct, frozen=True):
    """One verdict. `subject` is what it is about: a carrier, an SBC, a site, an account, a username, an address.

    `legs` are the ids of the bad legs it explains: their alarms are absorbed by this one, and they stay visible.
    `carrier` is whose legs these are, None where they are several carriers'. `since`: the monotonic second of
    the first bad sign among them.
    """

    kind: VerdictKind
    subject: Safe
    severity: Severity
    reason: Safe
    legs: tuple[str, ...] = ()
    carrier: str | None = None
    since: float | None = None

    @property
    def absorbs(self) -> bool:
        """Whether it stands for its legs' alarms; that nothing can be told explains nothing."""
        return self.kind is not VerdictKind.INSUFFICIENT
