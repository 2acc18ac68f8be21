"""Builds the one shell script that an ask becomes on an SBC, and splits what it printed into replies. Pure.

The script travels as `/bin/sh -c '<script>'`, because sshd hands it to the user's login shell first. Between
single quotes bash, dash, ksh and zsh take everything as it is, but tcsh acts on `!` and newline and fish on a
backslash; so the script holds none of these and no single quote. Arguments stand in double quotes and must
pass a strict allowlist, which leaves no character that a shell could act on but the semicolon of a SIP URI's
`;transport=tls`, and behind that nothing that a shell could do harm with.

An ask with a lock begins with flock(1) on file descriptor 9, open for reading: no file is made, none is left. The
descriptor is handed on to a process that does nothing but hold it for a while, so that the lock outlives the
script; both carry the asker's label as `$0`, where whoever finds the lock taken can read it.

Around each command the script prints a begin and an end marker, on stdout and on stderr. A marker holds a
nonce made for this ask alone, so neither a banner nor a device's own text can be taken for one.
"""

from __future__ import annotations

import re

from msgspec import Struct

from trunktui.model.ask import ARGV_LIMIT, LOCK, LOCK_BUSY, LOCK_UNREADABLE, Command, Lock, Reply, SshAsk
from trunktui.transport.gate import FUNCTIONS, TRANSPORT, checks, compares
from trunktui.transport.lines import safe_json, safe_lines

_ARGUMENT = re.compile(rf"(?:[A-Za-z0-9 _.,:=@/+-]|{TRANSPORT})+", re.ASCII)
_PROGRAM = re.compile(r"[A-Za-z0-9/][A-Za-z0-9_./+-]*", re.ASCII)
_USER = re.compile(r"[A-Za-z0-9_][A-Za-z0-9_.-]{0,31}", re.ASCII)
_NONCE = re.compile(r"[0-9a-f]{16,64}", re.ASCII)
_MARKER = re.compile(rb"(?m)^@([0-9a-f]{16,64}) (?:b ([0-9]{1,4})|e ([0-9]{1,4}) ([0-9]{1,3})|z)\r?\n")
_LABEL = re.compile(r"trunktui-by-[A-Za-z0-9_.@:-]{1,150}", re.ASCII)
_LOCKABLE = re.compile(r"(?:/[A-Za-z0-9_.+-]+)+", re.ASCII)
_MAX_TIMEOUT_S = 60
_MAX_HOLD_S = 60
_MAX_PAUSE_S = 5.0

_PRELUDE = (
    "cd /; LC_ALL=C; PATH=/usr/sbin:/usr/bin:/sbin:/bin; export LC_ALL PATH; "
    "n=$(echo; echo .); n=${{n%.}}; "  # a line end without a backslash, so that a marker is one write
    'm() {{ echo "$n@{nonce} $*"; echo "$n@{nonce} $*" >&2; }}; '
    'r() {{ i=$1; shift; m b $i; "$@" </dev/null; s=$?; m e $i $s; '
    "case $s in 124|137) m z; exit 0;; esac; }}; "  # `timeout` ended it (TERM, then KILL): that ends the script
)
_GATE = 'g() { r "$@"; case $s in 0) ;; *) m z; exit 0;; esac; }; '
_LOCK = (
    'l() {{ test -r "{path}" || return {unreadable}; exec 9<"{path}"; flock -n 9 9<&9; c=$?; '
    "case $c in 1) o; return {busy};; *) return $c;; esac; }}; "
    # Every process with a label as its last word, but ours: our shells have it too.
    "o() {{ pgrep -af trunktui-by- | while read -r p w; do "
    'case "$w" in *" $0") ;; *" trunktui-by-"*) echo "${{w##* }}";; esac; done; }}; '
    # `exit` keeps the shell, and with it the label, from being replaced by sleep, which holds nothing itself.
    'h() {{ /bin/sh -c "sleep {hold_s} 9<&-; exit" "$0" 9<&9 </dev/null >/dev/null 2>&1 & }}; '
)
_HOLD = "h; "
_FINALE = "m z"


class Split(Struct, frozen=True):
    """What one ask brought: whether any begin marker came (`started`), and the final ones (`complete`)."""

    replies: tuple[Reply, ...]
    started: bool
    complete: bool

    @property
    def finished(self) -> bool:
        """Whether at least one command ran to its end."""
        return any(reply.status is not None for reply in self.replies)


class Stream(Struct, frozen=True):
    """What came on stdout or stderr; `capped` says that more came than was taken."""

    data: bytes
    capped: bool = False


def is_user(name: str) -> bool:
    """Whether `name` can be a user that `sudo -u` is told."""
    return _USER.fullmatch(name) is not None


def build_script(ask: SshAsk, nonce: str, run_as: str | None) -> str:
    """Return the command line to hand to sshd for `ask`.

    `run_as` is the user that privileged commands run as through `sudo -n`; None runs them as the login user.
    Raises ValueError for an argument, program, user, nonce or timeout that is not plain: the caller's bug.
    """
    if _NONCE.fullmatch(nonce) is None:
        raise ValueError("nonce: 16 to 64 lower-case hex digits are needed")
    if run_as is not None and not is_user(run_as):
        raise ValueError(f"run_as: {run_as!r} is not a plain user name")
    if not ask.commands:
        raise ValueError("ask: it has no command")
    head, label = _PRELUDE.format(nonce=nonce), ""
    if ask.lock is not None or any(command.gate for command in ask.commands):
        head += _GATE
    if any(map(compares, ask.commands)):
        head += FUNCTIONS
    if ask.lock is not None:
        head += _locking(ask.lock) + "g 0 l; "
        label = f" {ask.lock.label}"
    return f"/bin/sh -c '{head}{_runs(ask, run_as)}{_FINALE}'{label}"


def _runs(ask: SshAsk, run_as: str | None) -> str:
    """Return the calls that run the commands; what holds the lock on begins before the first that sets something."""
    first = 0 if ask.lock is None else 1
    runs: list[str] = []
    held = ask.lock is None
    for number, command in enumerate(ask.commands, first):
        if not held and (command.sets or not command.gate):
            runs.append(_HOLD)
            held = True
        line = _checked(command, run_as)
        if compares(command):
            runs.append(f"{_pause(command)}x {number} {line}; {checks(command)}")
        else:
            runs.append(f"{_pause(command)}{'g' if command.gate else 'r'} {number} {line}; ")
    return "".join(runs)


def _pause(command: Command) -> str:
    if not 0 <= command.after_s <= _MAX_PAUSE_S:
        raise ValueError(
            f"command {command.key!r}: after_s must be 0 to {_MAX_PAUSE_S:g}, not {command.after_s}"
        )
    return f"sleep {command.after_s:g}; " if command.after_s else ""


def _locking(lock: Lock) -> str:
    if _LOCKABLE.fullmatch(lock.path) is None:
        raise ValueError(f"lock: {lock.path!r} is no plain path")
    if _LABEL.fullmatch(lock.label) is None:
        raise ValueError(f"lock: the label {lock.label!r} is not plain")
    if not 1 <= lock.hold_s <= _MAX_HOLD_S:
        raise ValueError(f"lock: hold_s must be 1 to {_MAX_HOLD_S}, not {lock.hold_s}")
    return _LOCK.format(path=lock.path, hold_s=lock.hold_s, unreadable=LOCK_UNREADABLE, busy=LOCK_BUSY)


def has_ended(data: bytes | bytearray, nonce: str) -> bool:
    """Whether the script's last line is in `data`: nothing that we want comes after it on this stream."""
    at = data.rfind(b"\n@%s z" % nonce.encode("ascii"))
    return at >= 0 and data.find(b"\n", at + 1) >= 0


def split_answer(ask: SshAsk, nonce: str, out: Stream, err: Stream) -> Split:
    """Split the bytes of both streams into one Reply per command of `ask`.

    A command whose end marker is missing on either stream has status None and keeps the whole lines that
    came; an unfinished last line is dropped, for a cut row may read as another truth and a cut secret is not
    recognised.
    What stands outside the markers (banners, profile noise) is ignored. Never raises.
    """
    keys = [(command.key, command.json) for command in ask.commands]
    keys = keys if ask.lock is None else [(LOCK, False), *keys]
    outs, errs = _Parts(out, nonce, len(keys)), _Parts(err, nonce, len(keys))
    replies = tuple(_reply(key, outs.part(i), errs.part(i), json=json) for i, (key, json) in enumerate(keys))
    return Split(replies, started=outs.started or errs.started, complete=outs.complete and errs.complete)


class _Part(Struct, frozen=True):
    """One command's share of one stream; `status` is None where its end marker is missing."""

    data: bytes = b""
    status: int | None = None
    capped: bool = False


class _Parts:
    """One stream cut at its markers: the share of each command that began, and whether the last came."""

    def __init__(self, stream: Stream, nonce: str, commands: int) -> None:
        self._parts: dict[int, _Part] = {}
        self.complete = False
        began: tuple[int, int] | None = None
        for found in _MARKER.finditer(stream.data):
            ours, begin, end, status = found.groups()
            if ours != nonce.encode("ascii"):
                continue
            if begin is not None and began is None and int(begin) == len(self._parts) < commands:
                began = int(begin), found.end()
            elif end is not None and began is not None and int(end) == began[0]:
                data = stream.data[began[1] : found.start()]
                self._parts[began[0]] = _Part(_without_line_end(data), int(status))
                began = None
            elif begin is None and end is None and began is None:
                self.complete = True
        if began is not None:
            whole_lines = stream.data[began[1] : stream.data.rfind(b"\n") + 1]
            self._parts[began[0]] = _Part(_without_empty_end(whole_lines), None, stream.capped)

    @property
    def started(self) -> bool:
        """Whether the first command began."""
        return bool(self._parts)

    def part(self, index: int) -> _Part:
        """Return the share of command `index`; an empty one where it never began."""
        return self._parts.get(index, _Part())


def is_plain(text: str) -> bool:
    """Whether text holds only what may stand in a command's argument, and nothing that ends a line."""
    return _ARGUMENT.fullmatch(text) is not None


def _checked(command: Command, run_as: str | None) -> str:
    where = f"command {command.key!r}"
    if not command.argv or _PROGRAM.fullmatch(command.argv[0]) is None:
        raise ValueError(f"{where}: the program must be a plain path, not {command.argv[:1]!r}")
    for argument in command.argv:
        if _ARGUMENT.fullmatch(argument) is None:
            raise ValueError(
                f"{where}: {argument!r} has a character outside A-Z a-z 0-9 blank _ . , : = @ / + - (or a SIP URI's "
                "`;transport=`)"
            )
    if sum(len(argument) + 1 for argument in command.argv) >= ARGV_LIMIT:
        raise ValueError(f"{where}: longer than {ARGV_LIMIT} bytes")
    if not 1 <= command.timeout_s <= _MAX_TIMEOUT_S:
        raise ValueError(f"{where}: timeout_s must be 1 to {_MAX_TIMEOUT_S}, not {command.timeout_s}")
    return command.line(run_as)


def _reply(key: str, out: _Part, err: _Part, *, json: bool) -> Reply:
    whole_size = out.data.rfind(b"\n") + 1
    return Reply(
        key=key,
        status=None if err.status is None else out.status,
        lines=safe_json(out.data) if json else safe_lines(out.data),
        errors=safe_lines(err.data),
        truncated=out.capped or err.capped,
        size=len(out.data),
        whole_size=whole_size,
        last_size=whole_size - (out.data.rfind(b"\n", 0, max(whole_size - 1, 0)) + 1) if whole_size else 0,
    )


def _without_line_end(data: bytes) -> bytes:
    """Take off the line end that the script prints ahead of every marker."""
    return data.removesuffix(b"\n").removesuffix(b"\r")


def _without_empty_end(data: bytes) -> bytes:
    """Take off a last empty line of a cut reply: it may be the line end ahead of a marker that never came."""
    return data[:-1] if data == b"\n" or data.endswith(b"\n\n") else data
