"""Puts a simulated SBC's files into the words of the programs that look at them: stat, ls, dd. Pure."""

from __future__ import annotations

from collections.abc import Sequence

from trunktui.demo.call_file import PATH, FileSeen
from trunktui.demo.logbook import PATH as LOG

Printed = tuple[bytes, bytes, int]
"""What a program leaves on stdout and stderr, and its exit status."""

_FOLDERS = tuple(path.rpartition("/")[0] for path in (PATH, LOG))
_DEVICE, _OWNER, _GROUP = "fe01", 105, 4
_BLOCK = 512


def concerned(argv: Sequence[str]) -> bool:
    """Whether a command is about the files of calls, or the log."""
    return any(part.removeprefix("if=").startswith(_FOLDERS) for part in argv)


def answer(argv: Sequence[str], files: Sequence[FileSeen]) -> Printed | None:
    """Return what a program prints of `files`; None where it is none of these."""
    match tuple(argv):
        case ("stat", "-L", "-t", path):
            found = _named(path, files)
            return _missing(f"stat: cannot statx '{path}'") if found is None else (_stat(found), b"", 0)
        case ("dd", *options):
            return _dd(dict(option.partition("=")[::2] for option in options), files)
        case ("ls", "-1", folder):
            there = (file.path.rpartition("/") for file in files)
            return "".join(f"{name}\n" for at, _, name in there if at == folder.rstrip("/")).encode(), b"", 0
        case _:
            return None


def _dd(options: dict[str, str], files: Sequence[FileSeen]) -> Printed:
    path = options.get("if", "")
    found = _named(path, files)
    if found is None:
        return _missing(f"dd: failed to open '{path}'")
    skip, count = (int(options.get(key, "0")) for key in ("skip", "count"))
    return found.data[skip : skip + count], b"", 0


def _named(path: str, files: Sequence[FileSeen]) -> FileSeen | None:
    return next((file for file in files if file.path == path), None)


def _missing(said: str) -> Printed:
    return b"", f"{said}: No such file or directory\n".encode(), 1


def _stat(file: FileSeen) -> bytes:
    size, at = len(file.data), int(file.written_s)
    blocks = -(-size // _BLOCK)
    return f"{file.path} {size} {blocks} 81a0 {_OWNER} {_GROUP} {_DEVICE} {file.inode} 1 0 0 {at} {at} {at} {at} 4096\n".encode()
