"""Finds out who acts: what the kernel says of this process, and what its environment claims."""

from __future__ import annotations

import ipaddress
import os
import pwd
import socket
from collections.abc import Mapping
from pathlib import Path

from trunktui.model.audit import Who
from trunktui.model.text import clean

LOGIN_UID = Path("/proc/self/loginuid")
NEVER_SET = 4294967295
"""What the kernel says of a process that no login began: a service, a container."""

_NAME_LIMIT = 64
_HOST_LIMIT = 255


def who_am_i(environ: Mapping[str, str], login_uid: Path = LOGIN_UID) -> Who:
    """Return who runs this process. `login_uid` is the kernel's file; what is not known is None. Never raises."""
    uid = os.getuid()
    login = _login_uid(login_uid)
    sudo_user = environ.get("SUDO_USER")
    return Who(
        user=_user(uid),
        uid=uid,
        login_uid=login,
        login_user=None if login is None else _user(login),
        sudo_user=clean(sudo_user, _NAME_LIMIT) if sudo_user else None,
        ssh_from=_ssh_from(environ.get("SSH_CONNECTION", "")),
        tty=_tty(environ),
        host=clean(socket.gethostname(), _HOST_LIMIT),
        pid=os.getpid(),
    )


def _login_uid(path: Path) -> int | None:
    try:
        text = path.read_bytes()[:16].decode("ascii").strip()
    except (OSError, UnicodeDecodeError):
        return None
    if not text.isdigit():
        return None
    return None if int(text) == NEVER_SET else int(text)


def _user(uid: int) -> str:
    """Return the name of `uid`, or its number where it has none: never an empty name."""
    try:
        name = pwd.getpwuid(uid).pw_name
    except (KeyError, OverflowError):
        return str(uid)
    return clean(name, _NAME_LIMIT) or str(uid)


def _ssh_from(connection: str) -> str | None:
    """Return the client's address of SSH_CONNECTION (`client port server port`), None where it is no address."""
    address = (connection.split() or [""])[0]
    try:
        return clean(str(ipaddress.ip_address(address)), _NAME_LIMIT)
    except ValueError:
        return None


def _tty(environ: Mapping[str, str]) -> str | None:
    """Return the terminal: that of stdin, stdout or stderr, else what SSH_TTY claims (an engine has none)."""
    for descriptor in (0, 1, 2):
        try:
            return clean(os.ttyname(descriptor), _NAME_LIMIT)
        except OSError:
            continue
    claimed = environ.get("SSH_TTY")
    return clean(claimed, _NAME_LIMIT) if claimed else None
