"""A syslog sender that notices when nobody takes a message: the C library's own hides that."""

from __future__ import annotations

import errno
import os
import socket
from datetime import datetime
from pathlib import Path

from trunktui.model.text import clean

DEV_LOG = Path("/dev/log")
TIMEOUT_S = 1.0
"""Seconds for a log daemon that is there but does not take anything."""

MESSAGE_LIMIT = 8000
"""Characters of a message: rsyslog and journald take this many, unasked."""

_AUTHPRIV_NOTICE = 10 << 3 | 5
_MONTHS = ("Jan", "Feb", "Mar", "Apr", "May", "Jun", "Jul", "Aug", "Sep", "Oct", "Nov", "Dec")


class Syslog:
    """Sends single lines to the log daemon of this machine (facility authpriv, severity notice)."""

    def __init__(self, path: Path = DEV_LOG, ident: str = "trunktui") -> None:
        self._path = path
        self._ident = ident

    def send(self, text: str, wall: datetime) -> None:
        """Hand one line to the daemon. Raises OSError where there is none, or it does not take it.

        Taken is not yet written: the daemon may still lose it.
        """
        said = clean(text, MESSAGE_LIMIT)
        stamp = wall.astimezone()
        when = f"{_MONTHS[stamp.month - 1]} {stamp.day:2d} {stamp:%H:%M:%S}"
        line = f"<{_AUTHPRIV_NOTICE}>{when} {self._ident}[{os.getpid()}]: {said}".encode("utf-8", "replace")
        try:
            self._send(line, socket.SOCK_DGRAM)
        except OSError as error:
            if error.errno != errno.EPROTOTYPE:
                raise
            self._send(line + b"\0", socket.SOCK_STREAM)  # some daemons listen for a stream, ended by NUL

    def _send(self, line: bytes, kind: socket.SocketKind) -> None:
        with socket.socket(socket.AF_UNIX, kind) as sender:
            sender.settimeout(TIMEOUT_S)
            sender.connect(str(self._path))
            sender.sendall(line)
