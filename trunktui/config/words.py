"""What each kind of text in a config must look like: names, durations, addresses, secret references.

A rule returns None, or the complaint that ends the sentence "KEY: ...". Rules never repeat what a secret holds.
"""

from __future__ import annotations

import ipaddress
import re
from collections.abc import Callable

from trunktui.model.text import LINE_LIMIT, clean

RESERVED = frozenset(
    {
        "all",
        "_all_",
        "none",
        "start",
        "stop",
        "restart",
        "reload",
        "rescan",
        "register",
        "unregister",
        "shutdown",
    }
)
"""Words that an SBC's own console takes for "every trunk" or for a verb; no trunk may be called so."""

_NAME = re.compile(r"[A-Za-z0-9._-]+", re.ASCII)
_DURATION = re.compile(r"([0-9]{1,9})([smhdw])", re.ASCII)
_SIZE = re.compile(r"([0-9]{1,6})(MB|GB)", re.ASCII)
_UNIT_BYTES = {"MB": 1_000_000, "GB": 1_000_000_000}
LEAST_SIZE = 5_000_000
"""Bytes below which a history would hold next to nothing."""

_UNIT_S = {"s": 1, "m": 60, "h": 3600, "d": 86400, "w": 604800}
_REMOTE_FILE = re.compile(r"/[A-Za-z0-9_./@+-]{1,200}", re.ASCII)
_SECRET = re.compile(r"env:[A-Za-z_][A-Za-z0-9_]*|file:~?/.+|cmd:\s*\S.*", re.ASCII)
_HOST = re.compile(r"[A-Za-z0-9_.:%\[\]@,-]+", re.ASCII)
_LOGIN = re.compile(r"[A-Za-z0-9_.@\\-]+\$?", re.ASCII)


def seconds(text: str) -> float | None:
    """Return a duration like `30s`, `5m`, `4h`, `92d` or `2w` in seconds, None when it is not one."""
    match = _DURATION.fullmatch(text)
    return float(int(match[1]) * _UNIT_S[match[2]]) if match else None


def size_bytes(text: str) -> int | None:
    """Return a size like `200MB` or `2GB` in bytes, None when it is not one."""
    match = _SIZE.fullmatch(text)
    return int(match[1]) * _UNIT_BYTES[match[2]] if match else None


def _name(text: str) -> str | None:
    if not _NAME.fullmatch(text):
        return f'"{text}" may hold only letters, digits, dot, underscore and minus'
    if text.lower() in RESERVED:
        return f'"{text}" is a reserved word of an SBC\'s console; choose another name'
    return None


def _words(text: str) -> str | None:
    if not text.strip():
        return "must not be empty; leave the key out instead"
    if clean(text, LINE_LIMIT) != text:
        return "holds a control character, an invisible character or an unusual blank; type it anew"
    return None


def _duration(text: str) -> str | None:
    value = seconds(text)
    if value is None:
        return f'"{text}" is no duration; write a number and a unit, like "30s", "4h" or "92d"'
    return None if value > 0 else "must be longer than nothing"


def _size(text: str) -> str | None:
    value = size_bytes(text)
    if value is None:
        return f'"{text}" is no size; write a number and MB or GB, like "200MB"'
    return None if value >= LEAST_SIZE else f"must be {LEAST_SIZE // 1_000_000}MB at least"


def _secret(text: str) -> str | None:
    if _SECRET.fullmatch(text):
        return None
    return (
        "holds a literal secret or an unfinished reference; secrets stand outside the config: "
        'write "env:NAME", "file:/path" or "cmd:program arguments"'
    )


def _address(text: str) -> str | None:
    try:
        ipaddress.ip_address(text)
    except ValueError:
        return f'"{text}" is no IP address'
    return None


def _network(text: str) -> str | None:
    try:
        ipaddress.ip_network(text)
    except ValueError:
        return f'"{text}" is no IP address or network'
    return None


def _host(text: str) -> str | None:
    if not _HOST.fullmatch(text) or text.startswith("-"):
        return f'"{text}" is no host name, address or alias of ~/.ssh/config'
    return None


def _remote_file(text: str) -> str | None:
    if not _REMOTE_FILE.fullmatch(text):
        return f'"{text}" is no path of an SBC: from "/" on, letters, digits and . _ - + @ only'
    return None


def _login(text: str) -> str | None:
    if not _LOGIN.fullmatch(text) or text.startswith("-"):
        return f'"{text}" is no login name'
    return None


RULES: dict[str, Callable[[str], str | None]] = {
    "name": _name,
    "words": _words,
    "duration": _duration,
    "size": _size,
    "secret": _secret,
    "address": _address,
    "network": _network,
    "host": _host,
    "login": _login,
    "remote_file": _remote_file,
}
"""Rules by the `kind` that `schema` gives a text."""
