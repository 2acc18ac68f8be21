"""Reads where a SIP URI leads: what ties a registration of Kamailio's to a destination of its dispatcher.

sip:10.77.0.21:5060                 10.77.0.21, 5060
sip:trunk@carrier.example;transport=tls     carrier.example, 5061
sip:[2001:db8::1]:5070              2001:db8::1, 5070
"""

from __future__ import annotations

import re
from ipaddress import ip_address

from msgspec import Struct

_URI = re.compile(
    r"(?P<scheme>sips?):(?:[^@\s]{0,256}@)?(?P<host>\[[0-9a-fA-F:.]{2,45}\]|[A-Za-z0-9_.-]{1,253})"
    r"(?::(?P<port>\d{1,5}))?(?P<rest>[;?].*)?",
    re.IGNORECASE | re.ASCII,
)
_TLS = re.compile(r";transport=tls\b", re.IGNORECASE)
_PLAIN_PORT, _TLS_PORT = 5060, 5061


class Address(Struct, frozen=True):
    """A host as it is compared (lower case, IPv6 in its shortest form) and a port."""

    host: str
    port: int


def address_of(uri: str) -> Address | None:
    """Return where a SIP URI leads by its own words, None where it is none. A port left out is SIP's own."""
    found = _URI.fullmatch(uri.strip())
    if found is None:
        return None
    tls = found["scheme"].lower() == "sips" or _TLS.search(found["rest"] or "") is not None
    port = int(found["port"]) if found["port"] else _TLS_PORT if tls else _PLAIN_PORT
    return Address(_host(found["host"]), port) if 0 < port < 1 << 16 else None


def _host(word: str) -> str:
    bare = word.strip("[]").lower().rstrip(".")
    try:
        return str(ip_address(bare))
    except ValueError:
        return bare
