"""What SNMP, the second witness, adds to SSH: that the box lives, never that a trunk works."""

from __future__ import annotations

from msgspec import Struct

from trunktui.health.reasons import span
from trunktui.model.link import SnmpState, SnmpStatus

_NO_WITNESS = frozenset({SnmpState.OFF, SnmpState.PENDING})
_MUTE = {
    SnmpState.AUTH: "SNMP refuses us",
    SnmpState.CONFIG: "SNMP not asked (config)",
    SnmpState.UNREADABLE: "SNMP answer unreadable",
}


class Witness(Struct, frozen=True):
    """SNMP's word on one box at monotonic second `now`; an answer counts for `believed_s` seconds."""

    status: SnmpStatus = SnmpStatus()
    believed_s: float = 60.0
    now: float = 0.0

    @property
    def alive(self) -> bool:
        """Whether the box answered SNMP lately: one lost datagram does not kill it."""
        last = self.status.last_ok
        return last is not None and self.now - last <= self.believed_s

    @property
    def words(self) -> str:
        """`box answers SNMP`, `no SNMP answer either`, or nothing where SNMP is not asked."""
        if self.alive:
            if self.status.state is SnmpState.OK:
                return "box answers SNMP"
            return f"box answered SNMP {span(self.now - (self.status.last_ok or self.now))} ago"
        if self.status.state in _NO_WITNESS:
            return ""
        return _MUTE.get(self.status.state, "no SNMP answer either")

    @property
    def fault(self) -> str:
        """Why SNMP says nothing though it is configured; empty while it answers, or answered lately."""
        if self.status.state in _NO_WITNESS or self.status.state is SnmpState.OK:
            return ""
        # Who was refused stays refused; silence may be one lost packet, so it is only told once it lasts.
        return "" if self.alive and self.status.state is SnmpState.TIMEOUT else str(self.status.reason)
