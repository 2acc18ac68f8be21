"""Makes a config of an SSH address, for `connect`: one SBC, no file. Pure but for the environment it is given."""

from __future__ import annotations

import ipaddress
import json
import re
from collections.abc import Collection, Mapping
from pathlib import Path

from msgspec import Struct, structs

from trunktui.config.errors import ConfigError, Problem
from trunktui.config.files import expand
from trunktui.config.load import Config, parse
from trunktui.config.words import RESERVED, RULES

FORM = "ssh://user@host[:port]"

_PLACE = Path("/connect")
"""Where the file would stand if there were one: it names the folder for the log, nothing is ever there."""

_URL = re.compile(
    r"(?:(?P<user>[^@/]*)@)? (?: \[(?P<six>[^\]/]*)\] | (?P<host>[^@:\[\]/?\#]*) )"
    r"(?: :(?P<port>[^@:/?\#]*) )? /? (?P<rest>.*)",
    re.VERBOSE | re.DOTALL,
)
_HOST = re.compile(r"[A-Za-z0-9_][A-Za-z0-9_.-]*", re.ASCII)
_ZONE = re.compile(r"[A-Za-z0-9_.-]+", re.ASCII)
_SECRET = re.compile(r":[^/@]*@")
_SIX_BARE = re.compile(r"(?:[^@/]*@)?(?P<six>[0-9A-Fa-f]*:[0-9A-Fa-f]*:[0-9A-Fa-f:.]*)/?", re.ASCII)
_OPTIONS = {
    "poll.interval": "--interval",
    "ssh.identity": "--identity",
    "ssh.known_hosts": "--known-hosts",
    "ssh.run_as": "--run-as",
    "platform": "--platform",
}


class Address(Struct, frozen=True):
    """An SSH login: a host, IP address or alias of `~/.ssh/config`; None is what that file, or ssh, says."""

    host: str
    user: str | None = None
    port: int | None = None

    def __str__(self) -> str:
        """Return it as it is written: `noc@10.0.0.1`, `noc@[::1]:2222`."""
        host = f"[{self.host}]" if ":" in self.host else self.host
        user = "" if self.user is None else f"{self.user}@"
        return f"{user}{host}" if self.port is None else f"{user}{host}:{self.port}"


class Wishes(Struct, frozen=True):
    """What `connect` was told besides the address; the same meaning as the keys of `[sbc.ssh]` and `[poll]`."""

    identity: tuple[str, ...] = ()
    known_hosts: str | None = None
    run_as: str | None = None
    interval: str = "30s"
    platform: str | None = None


def parse_address(text: str) -> Address:
    """Return the login that `ssh://[user@]host[:port]` means; an IPv6 address stands in brackets.

    Raises ConfigError with one line that names the fault and the way out, never repeating a password.
    """
    scheme, separator, rest = text.partition("://")
    bare = rest if separator else text
    if _SECRET.search(bare):
        raise _fault(
            "", f"no password belongs into the address: {FORM}; log in by key, or an agent that has it"
        )
    if scheme.lower() != "ssh" or not separator:
        hint = f"; write ssh://{text}" if not separator and _reads(text) else f"; write {FORM}"
        raise _fault(text, f"is no SSH address{hint}")
    if six := _SIX_BARE.fullmatch(rest):
        raise _fault(text, f"an IPv6 address stands in brackets: ssh://user@[{six['six']}]")
    found = _URL.fullmatch(rest)
    if found is None or found["rest"]:
        raise _fault(text, f"holds more than user, host and port; write {FORM}")
    return Address(_host(text, found["host"], found["six"]), _user(text, found["user"]), _port(text, found))


def config_text(address: Address, wishes: Wishes, env: Mapping[str, str], folder: Path) -> str:
    """Return the TOML that polls `address` as `connect` does; paths are made absolute, from `folder`."""

    def path(text: str) -> str:
        return str(expand(text, env, folder))

    ssh = {
        "user": address.user,
        "port": address.port,
        "identity": [path(key) for key in wishes.identity] or None,
        "known_hosts": None if wishes.known_hosts is None else path(wishes.known_hosts),
        "run_as": wishes.run_as,
    }
    lines = [
        f"# What `trunktui connect ssh://{address}` polls. Every key: config.example.toml.",
        "[poll]",
        f"interval = {_toml(wishes.interval)}",
        "",
        "[[sbc]]",
        f"name = {_toml(sbc_name(address.host))}",
        f"host = {_toml(address.host)}",
        *((f"platform = {_toml(wishes.platform)}",) if wishes.platform is not None else ()),
        "[sbc.ssh]",
        *(f"{key} = {_toml(value)}" for key, value in ssh.items() if value is not None),
    ]
    return "\n".join(lines) + "\n"


def config_of(
    text: str, address: Address, env: Mapping[str, str], known_platforms: Collection[str]
) -> Config:
    """Return the config that `text` (of `config_text`) holds.

    Raises ConfigError that names the option to mend, since there is no file with lines.
    """
    try:
        config = parse(_encoded(text), _PLACE / f"{address}.toml", env, known_platforms)
    except ConfigError as error:
        raise ConfigError(tuple(_as_option(problem) for problem in error.problems)) from None
    return structs.replace(config, name=str(address), text=text)


def sbc_name(host: str) -> str:
    """Return a name for the SBC at `host` that a config takes: letters, digits, dot, underscore, minus."""
    plain = re.sub(r"[^A-Za-z0-9._-]+", "-", host).strip("-") or "0"
    if ":" in host:
        return f"ip6-{plain}"
    return f"sbc-{plain}" if plain.lower() in RESERVED else plain


def _host(text: str, host: str | None, six: str | None) -> str:
    if six is None:
        if not host or not _HOST.fullmatch(host):
            raise _fault(text, f"names no host; write {FORM}")
        return host
    number, percent, zone = six.replace("%25", "%").partition("%")
    try:
        ipaddress.IPv6Address(number)
    except ValueError:
        raise _fault(text, f'"{six}" in brackets is no IPv6 address') from None
    if percent and not _ZONE.fullmatch(zone):
        raise _fault(text, f'"{six}" has no plain interface name after the %')
    return f"{number}%{zone}" if percent else number


def _user(text: str, user: str | None) -> str | None:
    if user is None:
        return None
    if complaint := RULES["login"](user):
        raise _fault(text, f"{complaint}; write {FORM}")
    return user


def _port(text: str, found: re.Match[str]) -> int | None:
    port: str | None = found["port"]
    if port is None:
        return None
    if not re.fullmatch(r"[0-9]{1,5}", port, re.ASCII) or not 0 < int(port) < 65536:
        raise _fault(text, f'"{port}" is no port; 1 to 65535 are')
    return int(port)


def _reads(text: str) -> bool:
    try:
        parse_address(f"ssh://{text}")
    except ConfigError:
        return False
    return True


def _fault(text: str, words: str) -> ConfigError:
    return ConfigError((Problem(path="", line=None, key=text, text=words),))


def _as_option(problem: Problem) -> Problem:
    key = problem.key.rpartition(": ")[2]
    return structs.replace(problem, path="", line=None, key=_OPTIONS.get(key, key))


def _encoded(text: str) -> bytes:
    return text.encode("utf-8", "surrogateescape")  # a file name that is no UTF-8 is then refused as such


def _toml(value: object) -> str:
    return json.dumps(value, ensure_ascii=False)
