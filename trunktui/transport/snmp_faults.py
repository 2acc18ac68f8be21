"""The words for what went wrong between us and an SNMP agent: one SnmpError per meaning, with its way out.

`where` is what an operator would call the agent, e.g. `10.0.0.1:161`. Silence has many fathers, and SNMP tells
them apart badly, so the sentences name every one that fits.
"""

from __future__ import annotations

import errno

from trunktui.model.link import SnmpError, SnmpState
from trunktui.model.text import clean

REASON_LIMIT = 300
_OURS = frozenset({errno.EMFILE, errno.ENFILE, errno.ENOBUFS, errno.ENOMEM, errno.EADDRNOTAVAIL})


def fault(state: SnmpState, sentence: str) -> SnmpError:
    """Return the SnmpError for `state` with `sentence` cleaned and cut."""
    return SnmpError(state, clean(sentence, REASON_LIMIT))


def config(sentence: str) -> SnmpError:
    """Something on our side must be edited first."""
    return fault(SnmpState.CONFIG, sentence)


def not_resolved(host: str, exc: OSError | ValueError) -> SnmpError:
    """The resolver said no; an SSH alias is no name for SNMP."""
    said = clean((isinstance(exc, OSError) and exc.strerror) or str(exc), 80)
    return config(f"cannot resolve {host} for SNMP: {said}; set `host` in [sbc.snmp] to its address")


def silent(where: str, seconds: float, version: str) -> SnmpError:
    """Nothing came back; `seconds` were waited."""
    also = "the community is wrong" if version == "2c" else "the privacy key is wrong"
    return fault(
        SnmpState.TIMEOUT,
        f"no SNMP answer from {where} within {seconds:.3g} s: the host is down, a firewall drops UDP, "
        f"snmpd is not running, or {also}",
    )


def unproven_key(where: str) -> SnmpError:
    """Discovery is answered in clear, encrypted requests are not: agents drop what they cannot decrypt."""
    return fault(
        SnmpState.AUTH,
        f"{where} answers SNMP discovery but no encrypted request: the privacy key or protocol is wrong "
        "(or the agent hangs)",
    )


def refused(where: str) -> SnmpError:
    """The host sent back "port unreachable"."""
    return fault(
        SnmpState.TIMEOUT,
        f"no SNMP agent on {where}: the port is refused; start snmpd or see its agentaddress",
    )


def no_way(where: str, exc: OSError) -> SnmpError:
    """Our own kernel could not send."""
    said = clean(exc.strerror or type(exc).__name__, 80)
    at = " on this machine" if exc.errno in _OURS else "; check the route to it"
    return fault(SnmpState.TIMEOUT, f"cannot send SNMP to {where}: {said}{at}")


def unreadable(where: str, why: str) -> SnmpError:
    """Something came back that must not be believed."""
    return fault(SnmpState.UNREADABLE, f"cannot read the SNMP answer of {where}: {why}")


def wrong_auth(where: str) -> SnmpError:
    """The agent says that our digest is wrong."""
    return fault(SnmpState.AUTH, f"{where} refuses our SNMP login: wrong auth key or protocol (wrong digest)")


def unknown_user(where: str, user: str) -> SnmpError:
    """The agent has no such user."""
    return fault(
        SnmpState.AUTH, f"{where} has no SNMPv3 user '{clean(user, 40)}'; see createUser in its config"
    )


def wrong_privacy(where: str) -> SnmpError:
    """The agent says that it could not decrypt."""
    return fault(SnmpState.AUTH, f"{where} cannot decrypt our SNMP request: wrong privacy key or protocol")


def wrong_level(where: str) -> SnmpError:
    """The agent does not offer the security level to this user."""
    return fault(
        SnmpState.AUTH,
        f"{where} does not offer this user the security level asked for; give it the auth and privacy of [sbc.snmp]",
    )


def not_allowed(where: str) -> SnmpError:
    """The view or the level forbids to read."""
    return fault(
        SnmpState.AUTH,
        f"{where} forbids this SNMP user to read: its view or its least security level (rouser ... priv)",
    )
