"""Takes the host and the port out of a SIP URI, as it stands in a table of an SBC or in its settings."""

from __future__ import annotations

import re

from trunktui.model.observation import Destination
from trunktui.platforms.boxshell import is_host, literal

_URI = re.compile(
    r"<?sips?:(?:[^@<>\s]*@)?(\[[0-9a-fA-F:.]+\]|[^\[\]@:;,?<>\s\\]+)(?::(\d{1,5}))?(?:\\?[;?>].*)?", re.ASCII
)


def destination(uri: str) -> Destination | None:
    """Return where a request to a SIP URI goes; None where it is none, or its host is no plain name or address."""
    found = _URI.fullmatch(uri)
    if found is None:
        return None
    port = None if found[2] is None else int(found[2])
    address = literal(found[1])
    if address is not None:
        return Destination(address, port)
    return Destination(found[1].rstrip(".").lower(), port) if is_host(found[1]) else None
