"""Reads the one shell script that trunktui sends to an SBC, so that it can be played without a shell. Pure.

It understands exactly that form (transport/script.py builds it) and nothing else: whatever a stranger sends on
the demo's port, no program runs.
"""

from __future__ import annotations

import re
import shlex
from collections.abc import Iterator

from msgspec import Struct, structs

from trunktui.model.gate import Expected

_WHOLE = re.compile(r"/bin/sh -c '([^']*)'(?: (trunktui-by-[A-Za-z0-9_.@:-]+))?")
_NONCE = re.compile(r'echo "\$n@([0-9a-f]{16,64}) \$\*"')
_RUN = re.compile(
    r"(?:; )(?:sleep ([0-9.]{1,6}); )?"
    r'(?:([rgx]) ([0-9]{1,4}) ((?:"[^"]*"|[^";])*)((?:; (?:[vbc](?: "[^"]*")+|w))*)|h)(?=;)'
)
_CHECK = re.compile(r'; ([vbcw])((?: "[^"]*")*)')
_LOCK = re.compile(
    r' l\(\) \{ test -r "([^"]+)" .* h\(\) \{ /bin/sh -c "sleep ([0-9]{1,4}) 9<&-; exit" "\$0" '
)
_TIMEOUT = ["/usr/bin/timeout", "-k"]


class Run(Struct, frozen=True):
    """One command of a script: its number, its argument vector, and how long `timeout` gives it (seconds).

    `kill_s` is how long after that it is killed, if it does not go by itself. A `gate` that fails is the last to run.
    `locks`: it is no command, it takes the script's lock; `holds`: just before it begins what keeps the lock
    for a while. `after_s` is waited before it; nothing runs behind one that printed `unless`, or not what it must:
    `expect`, `between` (as in `Command`).
    """

    number: int
    argv: tuple[str, ...]
    limit_s: float
    kill_s: float
    gate: bool = False
    locks: bool = False
    holds: bool = False
    after_s: float = 0.0
    unless: str = ""
    expect: Expected = ()
    between: tuple[str, str] = ("", "")


class RemoteLock(Struct, frozen=True):
    """The lock of a script: the file it is on, who asks, and how long it is held from `Run.holds` on (seconds)."""

    path: str
    label: str
    hold_s: float


class RemoteScript(Struct, frozen=True):
    """What to run, in order, and the nonce that the markers carry; with a `lock`, the first run takes it."""

    nonce: str
    runs: tuple[Run, ...]
    lock: RemoteLock | None = None

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
    lock = _lock(whole[1], whole[2])
    runs = tuple(_runs(whole[1]))
    locking = [run.locks for run in runs]
    if not runs or locking != [lock is not None and n == 0 for n in range(len(runs))]:
        return None
    return RemoteScript(nonce[1], runs, lock)


def _lock(script: str, label: str | None) -> RemoteLock | None:
    found = _LOCK.search(script)
    return None if found is None or label is None else RemoteLock(found[1], label, float(found[2]))


def _runs(script: str) -> Iterator[Run]:
    holds = False
    for pause, call, number, words, checks in _RUN.findall(script):
        if not call:
            holds = True
            continue
        run = _checked(_run(int(number), words, call), checks)
        yield structs.replace(run, locks=run.argv == ("l",), holds=holds, after_s=float(pause or 0))
        holds = False


def _run(number: int, words: str, call: str) -> Run:
    argv, gate = shlex.split(words), call in {"g", "x"}
    if argv[:3] == ["sudo", "-n", "-u"]:
        argv = argv[4:]
    if argv[:2] != _TIMEOUT or len(argv) < 5:
        return Run(number, tuple(argv), 0.0, 0.0, gate)
    return Run(number, tuple(argv[4:]), float(argv[3]), float(argv[2]), gate)


def _checked(run: Run, checks: str) -> Run:
    """Return a run with what its gate looks for."""
    for call, texts in _CHECK.findall(checks):
        words = tuple(shlex.split(texts))
        if call == "v":
            run = structs.replace(run, unless=words[0])
        elif call == "b":
            run = structs.replace(run, between=(words[0], words[1]))
        elif call == "c":
            run = structs.replace(run, expect=(*run.expect, words))
    return run
