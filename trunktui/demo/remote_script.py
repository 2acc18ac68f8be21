"""Reads the one shell script that trunktui sends to an SBC, so that it can be played without a shell. Pure.

It understands exactly that form (transport/script.py builds it) and nothing else: whatever a stranger sends on
the demo's port, no program runs.
"""

from __future__ import annotations

import re
import shlex

from msgspec import Struct

_WHOLE = re.compile(r"/bin/sh -c '([^']*)'")
_NONCE = re.compile(r'echo "\$n@([0-9a-f]{16,64}) \$\*"')
_RUN = re.compile(r'(?:; )([rg]) ([0-9]{1,4}) ((?:"[^"]*"|[^";])*)(?=;)')
_TIMEOUT = ["/usr/bin/timeout", "-k"]


class Run(Struct, frozen=True):
    """One command of a script: its number, its argument vector, and how long `timeout` gives it (seconds).

    `kill_s` is how long after that it is killed, if it does not go by itself. A `gate` that fails is the last to run.
    """

    number: int
    argv: tuple[str, ...]
    limit_s: float
    kill_s: float
    gate: bool = False


class RemoteScript(Struct, frozen=True):
    """What to run, in order, and the nonce that the markers carry."""

    nonce: str
    runs: tuple[Run, ...]

    def begin(self, run: Run) -> bytes:
        """Return the marker ahead of a command, as printed on both streams."""
        return self._marker(f"b {run.number}")

    def end(self, run: Run, status: int) -> bytes:
        """Return the marker behind a command."""
        return self._marker(f"e {run.number} {status}")

    def last(self) -> bytes:
        """Return the marker behind everything."""
        return self._marker("z")

    def _marker(self, words: str) -> bytes:
        return f"\n@{self.nonce} {words}\n".encode()


def read_script(line: str) -> RemoteScript | None:
    """Return what a command line asks for, None where it is not of trunktui's form."""
    whole = _WHOLE.fullmatch(line)
    nonce = _NONCE.search(line)
    if whole is None or nonce is None or not whole[1].endswith("m z"):
        return None
    runs = tuple(_run(int(number), words, call == "g") for call, number, words in _RUN.findall(whole[1]))
    return RemoteScript(nonce[1], runs) if runs else None


def _run(number: int, words: str, gate: bool) -> Run:
    argv = shlex.split(words)
    if argv[:3] == ["sudo", "-n", "-u"]:
        argv = argv[4:]
    if argv[:2] != _TIMEOUT or len(argv) < 5:
        return Run(number, tuple(argv), 0.0, 0.0, gate)
    return Run(number, tuple(argv[4:]), float(argv[3]), float(argv[2]), gate)
