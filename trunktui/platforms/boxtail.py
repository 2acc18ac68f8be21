"""Asks for following a file on any SBC on Linux as the login itself, and reads what came back. Pure.

`stat -L -t FILE` prints the name and numbers: size, blocks, mode (hexadecimal), uid, gid, device, inode, links:

    /var/log/asterisk/messages.log 31225 64 81a0 105 4 fe00 1196057 1 0 0 1795656209 1795656207 1795656207 0 4096

It is asked before and after each piece: what lies between two looks at the same file came from that file.
`ls -1 DIR` prints what else is in its folder, where it may have been moved to. All three are coreutils' (and
busybox's): `find` need not be there.
"""

from __future__ import annotations

import re

from msgspec import Struct

from trunktui.model.ask import Answer, Command, Reply, SshAsk
from trunktui.model.tail import TailState
from trunktui.model.text import Safe, clean

_PATH = re.compile(r"(?:/[A-Za-z0-9_.,:=@+ -]+)+", re.ASCII)
_PATH_LIMIT = 200
_NUMBERS = re.compile(
    r"(\d{1,20}) \d+ ([0-9a-f]{1,8}) \d+ (\d{1,10}) ([0-9a-f]{1,16}) (\d{1,20}) \d+ \S+ \S+ \d+ (\d{1,12})\b.*",
    re.ASCII,
)
_KIND, _REGULAR = 0o170000, 0o100000
_PACKED = (".gz", ".xz", ".bz2", ".zst", ".Z", ".lz4", ".zip")
_MOST_OTHERS = 48
_TIMEOUT_S = 5
_BLOCK = 65536


class Place(Struct, frozen=True):
    """What a name led to at one look: which file (`key`: device and inode), its size in bytes, its group's number.

    `written`: the second of the SBC's clock at which it was written to last.
    """

    key: str
    size: int
    gid: int
    inode: str
    written: int


class Fault(Struct, frozen=True):
    """Why a file could not be looked at or read, and the way out."""

    state: TailState
    why: Safe


class Piece(Struct, frozen=True):
    """What one `read_ask` brought: what the name led to before and after, and what was read in between."""

    before: Place | Fault
    after: Place | Fault
    reply: Reply

    @property
    def place(self) -> Place | None:
        """The file that was read; None where the name led to none, or to another one before than after."""
        before, after = self.before, self.after
        if isinstance(before, Place) and isinstance(after, Place) and before.key == after.key:
            return after
        return None


def followable(path: str) -> bool:
    """Whether a path may stand in a command: absolute, plain characters, no way up."""
    return len(path) <= _PATH_LIMIT and _PATH.fullmatch(path) is not None and ".." not in path.split("/")


def look_ask(path: str) -> SshAsk:
    """Ask what a name leads to."""
    return SshAsk((_stat("before", path),))


def read_ask(path: str, start: int, most: int, timeout_s: int = _TIMEOUT_S) -> SshAsk:
    """Ask for at most `most` bytes of a file from byte `start` on, and what the name leads to before and after."""
    argv = (
        "dd",
        f"if={path}",
        f"bs={_BLOCK}",
        "iflag=skip_bytes,count_bytes",
        f"skip={start}",
        f"count={most}",
        "status=none",
    )
    piece = Command("piece", argv, privileged=False, timeout_s=timeout_s)
    return SshAsk((_stat("before", path), piece, _stat("after", path)))


def others_ask(path: str) -> SshAsk:
    """Ask what is in the folder of `path`."""
    argv = ("ls", "-1", _folder(path) or "/")
    return SshAsk((Command("others", argv, privileged=False, timeout_s=_TIMEOUT_S),))


def looks_ask(names: tuple[str, ...]) -> SshAsk:
    """Ask what several names lead to."""
    return SshAsk(tuple(_stat(str(number), name) for number, name in enumerate(names)))


def looked(answer: Answer, path: str) -> Place | Fault:
    """Read the answer to `look_ask`."""
    return _place(answer.reply("before"), path)


def piece(answer: Answer, path: str) -> Piece:
    """Read the answer to `read_ask`."""
    return Piece(
        _place(answer.reply("before"), path), _place(answer.reply("after"), path), answer.reply("piece")
    )


def others(answer: Answer, path: str) -> tuple[str, ...]:
    """Read the answer to `others_ask`: names that can be asked for and are not packed, the likeliest first."""
    stem = path.rpartition(".")[0] or path
    folder = _folder(path)
    found = {
        name
        for name in (f"{folder}/{line}" for line in answer.reply("others").lines)
        if followable(name) and name != path and not name.endswith(_PACKED)
    }
    return tuple(sorted(found, key=lambda name: (not name.startswith(stem), name))[:_MOST_OTHERS])


def looks(answer: Answer, names: tuple[str, ...]) -> dict[str, Place]:
    """Read the answer to `looks_ask`: those that are there."""
    found = ((name, _place(answer.reply(str(number)), name)) for number, name in enumerate(names))
    return {name: place for name, place in found if isinstance(place, Place)}


def unanswered(answer: Answer) -> bool:
    """Whether a command of an ask did not come to its end."""
    return not answer.complete or any(reply.status in {None, 124, 137} for reply in answer.replies)


def fault(reply: Reply, path: str, gid: int | None = None) -> Fault:
    """Say why a program could not read `path`, from what it printed."""
    said = next(iter(reply.errors or reply.lines), Safe(f"nothing, exit status {reply.status}"))
    if "Permission denied" in said:
        group = "its group" if gid is None else f"its group (number {gid})"
        why = f"this login may not read {path}: put it into {group}, often adm (docs/grants.md)"
        return Fault(TailState.NOT_PERMITTED, clean(why))
    if "No such file" in said:
        return Fault(TailState.MISSING, clean(f"there is no {path}"))
    return Fault(TailState.UNREADABLE, clean(f"cannot read {path}: {said}"))


def _folder(path: str) -> str:
    return path.rpartition("/")[0]


def _stat(key: str, path: str) -> Command:
    return Command(key, ("stat", "-L", "-t", path), privileged=False, timeout_s=_TIMEOUT_S)


def _place(reply: Reply, path: str) -> Place | Fault:
    if reply.status != 0:
        return fault(reply, path)
    line = reply.lines[0] if reply.lines else ""
    found = _NUMBERS.fullmatch(line.removeprefix(f"{path} "))
    if found is None:
        return Fault(TailState.UNREADABLE, clean(f"cannot read what 'stat -L -t {path}' printed: {line}"))
    size, mode, gid, device, inode, written = found.groups()
    if int(mode, 16) & _KIND != _REGULAR:
        return Fault(TailState.UNREADABLE, clean(f"{path} is no plain file"))
    return Place(f"{device}:{inode}", int(size), int(gid), inode, int(written))
