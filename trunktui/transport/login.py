"""Says what the failure of a login means, from what was seen of it. Pure; knows no SSH library."""

from __future__ import annotations

import shlex
from enum import StrEnum

from msgspec import Struct

from trunktui.model.link import LinkError
from trunktui.transport import faults

_TOO_MANY_CONNECTIONS = 12
_PROHIBITED = 1
_DEFAULT_HOSTS = "/.ssh/known_hosts"
_SCANNED = ("ed25519", "ecdsa", "rsa")
"""Types as `ssh-keyscan -t` knows them; each stands in the name of its algorithms."""


class Kind(StrEnum):
    """In what way a login failed, as the SSH library tells it."""

    HOST_KEY = "host_key"
    KEY_EXCHANGE = "key_exchange"
    DENIED = "denied"
    FORWARD = "forward"
    PROTOCOL = "protocol"
    LOST = "lost"
    TIMEOUT = "timeout"
    DISCONNECT = "disconnect"
    OTHER = "other"


class Failure(Struct, frozen=True):
    """One failed login: its kind, the far side's or the library's text (raw), the protocol's code if any."""

    kind: Kind
    said: str = ""
    code: int = 0


class Seen(Struct):
    """What is known of a login under way.

    `where` is the operator's name for the server; `tried` names the keys on offer, `note` says which are not.
    `hello` is what the server said first: b"" nothing, and it closed; None nothing, and it waited. `shown` is
    the host key that is in no list (type and fingerprint), `listed` whether the lists have other keys of it.
    """

    where: str
    user: str
    host: str
    port: int
    hosts_file: str
    tried: tuple[str, ...] = ()
    note: str = ""
    jump: str | None = None
    proxied: bool = False
    hello: bytes | None = b""
    connected: bool = False
    greeted: bool = False
    shown: str | None = None
    listed: bool = False


def explain(seen: Seen, failure: Failure, seconds: float, limit: float) -> LinkError:
    """Return what `failure` means, that came `seconds` after the login began (`limit` were allowed)."""
    said = failure.said
    match failure.kind:
        case Kind.HOST_KEY:
            return _host_key(seen, said)
        case Kind.KEY_EXCHANGE:
            return faults.config(
                f"{seen.where} and we share no algorithm: {faults.quoted(said)}; see ~/.ssh/config"
            )
        case Kind.DENIED:
            return faults.denied(seen.where, seen.user, seen.tried, seen.note)
        case Kind.FORWARD:
            forward = faults.forward_refused if failure.code == _PROHIBITED else faults.forward_failed
            return forward(seen.jump or "the jump host", seen.where, said)
        case Kind.LOST | Kind.TIMEOUT if failure.kind is Kind.TIMEOUT or seconds >= limit:
            late = faults.hung_login if seen.connected else faults.silent
            return late(seen.where, min(seconds, limit))
        case Kind.LOST if not seen.greeted and seen.proxied:
            return faults.proxy_ended(seen.where)
        case Kind.LOST if not seen.greeted:
            return faults.closed_before_greeting(seen.where, seen.hello)
    return _disconnected(seen, failure)


def _disconnected(seen: Seen, failure: Failure) -> LinkError:
    said = failure.said
    if "authentication failures" in said:
        return faults.too_many_keys(seen.where, seen.user)
    if failure.kind is Kind.DISCONNECT and failure.code == _TOO_MANY_CONNECTIONS:
        return faults.closed_before_greeting(seen.where, b"Too many connections")
    if failure.kind is Kind.PROTOCOL:
        return faults.not_ssh(seen.where, faults.quoted(said))
    if failure.kind is Kind.OTHER:
        return faults.not_ssh(seen.where, f"it broke the protocol ({faults.quoted(said)})")
    return faults.closed_at_login(seen.where, said if failure.kind is Kind.DISCONNECT else "")


def _host_key(seen: Seen, said: str) -> LinkError:
    file = seen.hosts_file
    if seen.shown is None:
        kind = f"is revoked in {file}" if "revoked" in said else f"cannot be trusted: {faults.quoted(said)}"
        return faults.host_key(seen.where, kind, "do not log in before its owner has cleared this up")
    if seen.listed:
        entry = shlex.quote(seen.host if seen.port == 22 else f"[{seen.host}]:{seen.port}")
        advice = (
            f"{file} has another than {seen.shown}: the server was set up anew, or somebody stands between; "
            f"ask its owner for the new fingerprint, and only if it is that one: `ssh-keygen -R {entry} -f {file}`"
            f" and then {_add(seen)}"
        )
        return faults.host_key(seen.where, "has CHANGED", advice)
    advice = (
        f"{file} has none; the server shows {seen.shown}; compare that with the fingerprint its owner tells you "
        f"(there: `ssh-keygen -lf` on its host key's .pub), and only if it is the same: {_add(seen)}"
    )
    return faults.host_key(seen.where, "is unknown", advice)


def _add(seen: Seen) -> str:
    """Say how the key that was shown gets into known_hosts: of its type alone, the others were not compared."""
    host = shlex.quote(seen.host)
    known = "" if seen.hosts_file.endswith(_DEFAULT_HOSTS) else f"-o UserKnownHostsFile={seen.hosts_file} "
    first = f"log in once by `ssh {known}-p {seen.port} {shlex.quote(f'{seen.user}@{seen.host}')}`"
    if seen.jump or seen.proxied:  # ssh-keyscan knows no way through another host
        return (
            f"{first}, {f'through {seen.jump}' if seen.jump else 'with the same ProxyCommand'}, and say yes"
        )
    shown = seen.shown or ""
    kind = next((f"-t {kind} " for kind in _SCANNED if kind in shown.partition(" ")[0]), "")
    return f"`ssh-keyscan {kind}-p {seen.port} {host} >> {seen.hosts_file}`, or {first} and say yes"
