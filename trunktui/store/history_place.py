"""Where a history may stand: on a disk of this machine, in a safe folder, with one process at a time that writes.

SQLite's write-ahead log is shared memory: over a network file system two machines would tear it.
"""

from __future__ import annotations

import contextlib
import errno
import fcntl
import os
import re
from collections.abc import Iterator
from pathlib import Path

from trunktui.store.safety import OWN_MODE, SHARED_MODE, UnsafeError, check_file, check_folder

FILE_NAME = "history.db"
LOCK_NAME = "history.lock"
MOUNTS = Path("/proc/self/mountinfo")

_NETWORK = frozenset(
    (
        "9p", "acfs", "afs", "beegfs", "ceph", "cifs", "coda", "davfs", "gfs", "gfs2", "glusterfs", "gpfs",
        "lustre", "ncpfs", "nfs", "nfs3", "nfs4", "ocfs2", "orangefs", "pvfs2", "smb2", "smb3", "smbfs", "vboxsf", "virtiofs", "vmhgfs"
    )
)  # fmt: skip
_ESCAPED = re.compile(r"\\([0-7]{3})")
# O_NONBLOCK: a pipe in its place must not hold us.
_FLAGS = os.O_RDWR | os.O_NOFOLLOW | os.O_CLOEXEC | os.O_NONBLOCK


class PlaceError(Exception):
    """No history can be written there (now); the text is why, without the path."""


class TakenError(PlaceError):
    """Another process writes this history."""


def network_type(folder: Path, mounts: str) -> str | None:
    """Return the type of the network file system (or FUSE) that `folder` is on, None where it is local or not known.

    `mounts` is Linux's /proc/self/mountinfo (proc(5)).
    """
    real = os.path.realpath(folder)
    longest, found = -1, None
    for line in mounts.splitlines():
        fields, _, tail = line.partition(" - ")
        words, kind = fields.split(" "), tail.partition(" ")[0]
        if len(words) < 5 or not kind:
            continue
        point = _ESCAPED.sub(lambda match: chr(int(match[1], 8)), words[4])
        inside = real == point or real.startswith(point.rstrip("/") + "/")
        if inside and len(point) >= longest:  # of two on one point the later one is on top
            longest, found = len(point), kind
    if found is None:
        return None
    # fuseblk is a disk of this machine
    return found if found in _NETWORK or found == "fuse" or found.startswith("fuse.") else None


def check_local(folder: Path, mounts: Path = MOUNTS) -> None:
    """Raise PlaceError where `folder` is on a network file system."""
    try:
        text = mounts.read_text(encoding="utf-8", errors="surrogateescape")
    except OSError:  # no Linux, or no /proc: nothing can be said
        return
    if (kind := network_type(folder, text)) is not None:
        raise PlaceError(f"is on a network file system ({kind}); name a folder on a local disk as `state`")


@contextlib.contextmanager
def held(folder: Path) -> Iterator[None]:
    """Hold the right to write the history in `folder`, for as long as the context lasts or this process lives.

    Raises TakenError where another process has it, PlaceError or OSError where it cannot be had.
    """
    descriptor = _opened(folder, LOCK_NAME)
    try:
        try:
            fcntl.flock(descriptor, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError:
            raise TakenError("another dashboard on this state folder writes it") from None
        yield
    finally:
        os.close(descriptor)


def make_file(folder: Path) -> None:
    """Make the history's file, empty, unless it is there; check that nobody else gets at it.

    To be called before SQLite opens it in this process: closing a descriptor drops the locks SQLite has on a file.
    Raises PlaceError, OSError.
    """
    os.close(_opened(folder, FILE_NAME))


def share(folder: Path) -> None:
    """Let the group of a shared folder at the files SQLite made; where that is not allowed nothing changes."""
    found = folder.stat()
    if not found.st_mode & 0o020:
        return
    for name in (FILE_NAME, f"{FILE_NAME}-wal", f"{FILE_NAME}-shm"):
        with contextlib.suppress(OSError):
            path = folder / name
            there = path.lstat()
            if there.st_gid != found.st_gid:
                os.chown(path, -1, found.st_gid, follow_symlinks=False)
            if there.st_mode & 0o777 != SHARED_MODE:
                path.chmod(SHARED_MODE)


def _opened(folder: Path, name: str) -> int:
    """Open a file of ours in `folder`, made if need be and checked."""
    path = folder / name
    found = folder.stat()
    try:
        shared = check_folder(folder, found)
        descriptor = _made(path, found, shared=shared)
        try:
            check_file(path, os.fstat(descriptor), found, shared=shared)
        except UnsafeError:
            os.close(descriptor)
            raise
    except UnsafeError as error:
        raise PlaceError(str(error)) from error
    except OSError as error:
        if error.errno == errno.ELOOP:
            raise PlaceError("is a symbolic link; put a plain file in its place") from error
        if error.errno in {errno.ENXIO, errno.EISDIR}:
            raise PlaceError("is no plain file") from error
        raise
    return descriptor


def _made(path: Path, folder: os.stat_result, *, shared: bool) -> int:
    try:
        descriptor = os.open(path, _FLAGS | os.O_CREAT | os.O_EXCL, OWN_MODE)
    except FileExistsError:
        return os.open(path, _FLAGS)
    if shared:
        with contextlib.suppress(OSError):  # then the others are told how to get in
            os.fchown(descriptor, -1, folder.st_gid)
            os.fchmod(descriptor, SHARED_MODE)
    return descriptor
