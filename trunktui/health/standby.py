"""Which half of an active/standby pair an SBC is, from the addresses that both halves hold.

The halves are asked at different times, so that right after a switch both answers may show the address, or
neither. Only what both halves still say after it was first noticed is believed to be a fault.
"""

from __future__ import annotations

import ipaddress
from enum import StrEnum

from msgspec import Struct

from trunktui.model.inventory import Ha


class HaRole(StrEnum):
    """ALONE: no pair. UNTOLD: it is not known who is active, so it is judged like any other SBC."""

    ALONE = "alone"
    ACTIVE = "active"
    STANDBY = "standby"
    NOBODY = "nobody"
    BOTH = "both"
    UNTOLD = "untold"


class HalfLook(Struct, frozen=True):
    """What one half said last: its addresses (None: not readable), and when it was asked; None: stale, or never."""

    addresses: tuple[str, ...] | None = None
    as_of: float | None = None


class HaView(Struct, frozen=True):
    """The role of one half and the words' material. `odd_since`: both or neither held the address since then."""

    role: HaRole = HaRole.ALONE
    peer: str = ""
    vip: str = ""
    odd_since: float | None = None


def judge_half(ha: Ha | None, own: HalfLook, peer: HalfLook, before: HaView, now: float) -> HaView:
    """Return the role of the half that said `own`; `before` is what was judged the last time."""
    if ha is None:
        return HaView()
    if ha.vip is None or own.addresses is None or own.as_of is None:
        return HaView(HaRole.UNTOLD, ha.peer, ha.vip or "")
    holds = _holds(own, ha.vip)
    peer_holds = None if peer.addresses is None or peer.as_of is None else _holds(peer, ha.vip)
    if peer_holds is None:
        return HaView(HaRole.ACTIVE if holds else HaRole.UNTOLD, ha.peer, ha.vip)
    if holds is not peer_holds:
        return HaView(HaRole.ACTIVE if holds else HaRole.STANDBY, ha.peer, ha.vip)
    odd_since = now if before.odd_since is None else before.odd_since
    proven = own.as_of > odd_since and (peer.as_of or 0.0) > odd_since
    if proven:
        return HaView(HaRole.BOTH if holds else HaRole.NOBODY, ha.peer, ha.vip, odd_since)
    newer = own.as_of >= (peer.as_of or 0.0)
    if holds:
        return HaView(HaRole.ACTIVE if newer else HaRole.STANDBY, ha.peer, ha.vip, odd_since)
    # The address is on its way: until both were asked again, each half is what it was.
    stays = before.role if before.role in {HaRole.ACTIVE, HaRole.STANDBY} else HaRole.UNTOLD
    return HaView(stays, ha.peer, ha.vip, odd_since)


def _holds(half: HalfLook, vip: str) -> bool:
    """Whether the address is among those of a half; each may carry its prefix length (`10.0.0.1/24`)."""
    wanted = ipaddress.ip_address(vip)
    return any(_address(text) == wanted for text in half.addresses or ())


def _address(text: str) -> ipaddress.IPv4Address | ipaddress.IPv6Address | None:
    try:
        return ipaddress.ip_address(text.partition("/")[0])
    except ValueError:
        return None
