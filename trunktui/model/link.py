"""How we reach an SBC: the states of its SSH and SNMP links, and the errors that say why one failed."""

from __future__ import annotations

from enum import StrEnum

from msgspec import Struct

from trunktui.model.text import Safe


class SshState(StrEnum):
    """What the last attempt to reach an SBC over SSH means (design.md 6, security.md 2)."""

    OK = "ok"
    REFUSED = "refused"
    UNREACHABLE = "unreachable"
    HUNG = "hung"
    AUTH = "auth"
    HOST_KEY = "host_key"
    DNS = "dns"
    NOT_SSH = "not_ssh"
    LOCAL_LOAD = "local_load"
    CONFIG = "config"
    PENDING = "pending"


class SnmpState(StrEnum):
    """What the last SNMP attempt means; OFF where the SBC has no SNMP configured."""

    OK = "ok"
    OFF = "off"
    TIMEOUT = "timeout"
    AUTH = "auth"
    CONFIG = "config"
    UNREADABLE = "unreadable"
    PENDING = "pending"


class ControlFault(StrEnum):
    """Why the control port of an SBC's software cannot be asked through its SSH connection.

    FORWARD: sshd does not open the way to it. CLOSED: nobody listens there. KEPT_OUT: its access list turned us
    away. DENIED: it takes neither password nor user. STRANGE: what answers is something else. HUNG: it does not
    answer. CUT: it ended in the middle. CONFIG: our own side must be mended first.
    """

    FORWARD = "forward"
    CLOSED = "closed"
    KEPT_OUT = "kept_out"
    DENIED = "denied"
    STRANGE = "strange"
    HUNG = "hung"
    CUT = "cut"
    CONFIG = "config"


class ControlTrouble(Struct, frozen=True):
    """What is wrong with a control port, and one cleaned sentence for the operator with the way out."""

    fault: ControlFault
    reason: Safe


class LinkStatus(Struct, frozen=True):
    """The SSH link to one SBC: its state, the words for it, since when, and when it last worked (monotonic)."""

    state: SshState = SshState.PENDING
    reason: Safe = Safe("")
    since: float | None = None
    last_ok: float | None = None


class SnmpStatus(Struct, frozen=True):
    """SNMP to one SBC: its state, the words for it, since when, and when it last answered (monotonic)."""

    state: SnmpState = SnmpState.OFF
    reason: Safe = Safe("")
    since: float | None = None
    last_ok: float | None = None


class LinkError(Exception):
    """SSH could not ask: says what it means and the way out. The only error the SSH transport raises.

    `state` is never OK or PENDING. `reason` is one cleaned sentence for the operator. `sent`: the commands may
    have reached the SBC, and may run there still; False only where they provably did not.
    """

    def __init__(self, state: SshState, reason: Safe, sent: bool = False) -> None:
        super().__init__(reason)
        self.state = state
        self.reason = reason
        self.sent = sent


class SnmpError(Exception):
    """SNMP could not ask, or got nothing to believe. The only error the SNMP transport raises.

    `state` is TIMEOUT, AUTH, CONFIG or UNREADABLE. `reason` is one cleaned sentence with the way out.
    """

    def __init__(self, state: SnmpState, reason: Safe) -> None:
        super().__init__(reason)
        self.state = state
        self.reason = reason


class ControlError(Exception):
    """The control port could not be asked while SSH itself is well; `trouble` says why."""

    def __init__(self, trouble: ControlTrouble) -> None:
        super().__init__(trouble.reason)
        self.trouble = trouble
