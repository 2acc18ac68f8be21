"""Resolves secret references into secrets (see `model.secret` for how those are kept from being shown).

A reference is `env:NAME`, `file:/path` (0600) or `cmd:program arguments` (no shell).
"""

from __future__ import annotations

import shlex
from collections.abc import Mapping

from trunktui.config.commands import COMMAND_LIMIT_S, OUTPUT_LIMIT, CommandError, output_of
from trunktui.config.errors import SecretError
from trunktui.config.files import expand, read_private
from trunktui.model.secret import Secret as Secret


def resolve(reference: str, env: Mapping[str, str], command_limit_s: float = COMMAND_LIMIT_S) -> Secret:
    """Return what `reference` points to, without its final line end. Raises SecretError, never with the value."""
    kind, _, rest = reference.partition(":")
    match kind:
        case "env":
            value = _from_env(reference, rest, env)
        case "file":
            value = _from_file(reference, rest, env)
        case "cmd":
            value = _from_command(reference, rest, command_limit_s)
        case _:
            raise SecretError("secret", 'is no reference; write "env:NAME", "file:/path" or "cmd:program"')
    value = value.removesuffix("\n").removesuffix("\r")
    if not value:
        raise SecretError(reference, "yields nothing")
    return Secret(value)


def _from_env(reference: str, name: str, env: Mapping[str, str]) -> str:
    value = env.get(name)
    if value is None:
        raise SecretError(reference, f"the environment has no {name}")
    return value


def _from_file(reference: str, name: str, env: Mapping[str, str]) -> str:
    try:
        return _text(reference, read_private(expand(name, env), OUTPUT_LIMIT))
    except OSError as error:
        raise SecretError(reference, error.strerror or "cannot be read") from error
    except ValueError as error:
        raise SecretError(reference, str(error)) from None


def _from_command(reference: str, line: str, limit_s: float) -> str:
    try:
        argv = shlex.split(line)
    except ValueError as error:
        raise SecretError(reference, f"cannot be split into words: {error}") from error
    if not argv:
        raise SecretError(reference, "names no program")
    try:
        return _text(reference, output_of(argv, limit_s))
    except CommandError as error:
        raise SecretError(reference, str(error)) from error


def _text(reference: str, data: bytes) -> str:
    try:
        return data.decode()
    except UnicodeDecodeError:
        raise SecretError(reference, "is not UTF-8 text") from None
