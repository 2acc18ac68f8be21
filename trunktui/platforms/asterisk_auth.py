"""Usernames on Asterisk: whom a trunk authenticates as. No command that prints a password is ever run.

`pjsip show endpoint NAME`, which is asked anyway, names the username of what its `outbound_auth` says:

    OutAuth:  acme-primary/trunk1001

Only where a registration has an auth object that no endpoint has, `pjsip show auths` is asked: names and usernames of
all of them. (`pjsip show auth NAME`, without the s, prints the password in clear.)

     Auth:  acme-primary/trunk1001

Both names may hold slashes, so a row is cut by the names of auth objects that are known.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping

from trunktui.model.ask import Reply
from trunktui.model.inventory import NativeNames
from trunktui.model.text import Safe
from trunktui.platforms import asterisk_tables as tables
from trunktui.platforms.contract import LegSettings

_OUT = "    OutAuth:  "
_ROW = "     Auth:  "

Values = Mapping[str, tuple[str, ...]]


def auths_of(values: Values) -> tuple[str, ...]:
    """Return the auth objects that a registration or an endpoint answers a challenge with."""
    listed = tables.text(dict(values), "outbound_auth") or ""
    return tuple(dict.fromkeys(name.strip() for name in listed.split(",") if name.strip()))


def of_endpoint(reply: Reply, auths: tuple[str, ...]) -> dict[str, Safe]:
    """Read the usernames of an endpoint's `outbound_auth` out of `pjsip show endpoint NAME`."""
    return _cut(reply, _OUT, auths)


def of_all(reply: Reply, auths: Iterable[str]) -> dict[str, Safe]:
    """Read the usernames of these auth objects out of `pjsip show auths`; nothing of an answer that broke off."""
    ended = any(line.startswith("Objects found: ") for line in reply.lines)
    return _cut(reply, _ROW, tuple(auths)) if ended and not tables.fault(reply) else {}


def _cut(reply: Reply, head: str, auths: tuple[str, ...]) -> dict[str, Safe]:
    found: dict[str, Safe] = {}
    for line in reply.lines:
        if not line.startswith(head):
            continue
        row = line[len(head) :].rstrip()
        owners = [name for name in auths if row.startswith(f"{name}/")]
        if len(owners) == 1 and len(row) > len(owners[0]) + 1:
            found[owners[0]] = Safe(row[len(owners[0]) + 1 :])
    return found


def missing(settings: LegSettings) -> bool:
    """Whether there are auth objects whose username no endpoint tells."""
    told = {
        auth
        for key, auths in settings.auths_of.items()
        for auth in auths
        if key.startswith("endpoint ") and auth in settings.usernames
    }
    return any(auth not in told for auths in settings.auths_of.values() for auth in auths)


def username(settings: LegSettings, native: NativeNames) -> Safe | None:
    """Return whom a leg authenticates as: its registration, else its endpoint; None where that is not one name."""
    for key in (f"registration {native.registration}", f"endpoint {native.endpoint}"):
        auths = settings.auths_of.get(key, ())
        if auths:
            found = {settings.usernames.get(auth) for auth in auths}
            return found.pop() if len(found) == 1 else None
    return None
