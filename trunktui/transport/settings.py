"""Decides which keys and known_hosts files a login uses, and what no `~/.ssh/config` may change. Pure."""

from __future__ import annotations

from pathlib import Path
from typing import Any

from msgspec import Struct

from trunktui.model.inventory import SshTarget
from trunktui.transport.limits import Limits

FIXED: dict[str, Any] = {
    # Options of the SSH library. No prompt, no password, no forwarding, no terminal, no environment sent.
    "known_hosts": b"",
    "client_keys": None,
    "password_auth": False,
    "kbdint_auth": False,
    "host_based_auth": False,
    "gss_host": None,
    "gss_kex": False,
    "gss_auth": False,
    "preferred_auth": ("publickey",),
    "pkcs11_provider": None,
    "agent_path": None,
    "agent_identities": None,
    "agent_forwarding": False,
    "x11_forwarding": False,
    "compression_algs": ["none"],
    "x509_trusted_certs": None,
    "x509_trusted_cert_paths": [],
    "canonicalize_hostname": False,
    "request_pty": False,
    "env": {},
    "send_env": [],
    "encoding": None,
    "utf8_decode_errors": "replace",
}


def timing(limits: Limits) -> dict[str, Any]:
    """Return the SSH library's options for how long things may take."""
    return {
        "connect_timeout": limits.login_s + 1,
        "login_timeout": limits.login_s,
        "keepalive_interval": limits.keepalive_s,
        "keepalive_count_max": limits.keepalive_count,
    }


PREFERRED_CIPHERS = "^aes128-gcm@openssh.com,aes256-gcm@openssh.com"
"""Put ahead of the library's own: an exec costs 0.7 ms with them, 1.0 with chacha20."""

PREFERRED_HOST_KEYS = "+ssh-ed25519,ecdsa-sha2-nistp*,rsa-sha2-512,rsa-sha2-256"
"""Put after the types that known_hosts has, as `ssh` does: a server without those would just hang up."""

_KEYS = ("id_ed25519", "id_ecdsa", "id_rsa")
_USER_HOSTS = ("~/.ssh/known_hosts", "~/.ssh/known_hosts2")
_GLOBAL_HOSTS = ("/etc/ssh/ssh_known_hosts",)


class KeyChoice(Struct, frozen=True):
    """Private keys to try. `only`: none of the agent's others. `required`: each must be there and fit."""

    files: tuple[Path, ...]
    only: bool = False
    required: bool = False


class HostsChoice(Struct, frozen=True):
    """The known_hosts files, at least one; `required`: they must be there."""

    files: tuple[Path, ...]
    required: bool = False


def expand(path: str, home: Path) -> Path:
    """Return `path` with a leading `~/` as below `home`."""
    return home / path[2:] if path.startswith("~/") else Path(path)


def choose_keys(target: SshTarget, jump: bool, configured: list[str], only: bool, home: Path) -> KeyChoice:
    """Choose the keys for the SBC, or (`jump`) for a jump host on the way to it.

    `configured` and `only` are what `~/.ssh/config` says (IdentityFile, IdentitiesOnly). For the SBC its own
    `identity` beats them; for a jump host they beat it, because it is another machine.
    """
    own = tuple(expand(path, home) for path in target.identity)
    listed = tuple(expand(path, home) for path in configured)
    if own and not (jump and listed):
        return KeyChoice(own, only=True, required=True)
    if listed:
        return KeyChoice(listed, only=only)
    return KeyChoice(tuple(home / ".ssh" / name for name in _KEYS), only=only)


def choose_hosts(
    target: SshTarget, jump: bool, user: list[str] | None, system: list[str] | None, home: Path
) -> HostsChoice:
    """Choose the known_hosts files; `user` and `system` are what `~/.ssh/config` says, None for nothing."""
    if target.known_hosts is not None and not (jump and user is not None):
        return HostsChoice((expand(target.known_hosts, home),), required=True)
    names = (*(_USER_HOSTS if user is None else user), *(_GLOBAL_HOSTS if system is None else system))
    return HostsChoice(tuple(expand(name, home) for name in names) or (Path("/dev/null"),))
