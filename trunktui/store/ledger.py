"""The file under the audit log: opened only if it is safe, added to under a lock, read from its end.

What a killed writer left of a line is fenced by a line end. Nothing in an audit log is ever changed or cut;
`Tail.take_back` and `Tail.replace` are for lines that are no evidence.
"""

from __future__ import annotations

import contextlib
import errno
import fcntl
import os
import stat
import time
from collections.abc import Iterator
from pathlib import Path

from trunktui.store.chain import MAX_LINE, Link, link_of
from trunktui.store.safety import OWN_MODE, SHARED_MODE, UnsafeError, check_file, check_folder

LOCK_WAIT_S = 5.0
"""Seconds to wait for another writer; one holds the lock for a few milliseconds."""

LOOK_BACK = 4 * MAX_LINE
"""Bytes from the end in which a writer looks for the last whole entry."""

_LOCK_RETRY_S = 0.002
_CHUNK = 64 * 1024
_FIRST_CHUNK = 4096
# O_NONBLOCK: a pipe in its place must not hold us.
_READ = os.O_RDONLY | os.O_NOFOLLOW | os.O_CLOEXEC | os.O_NONBLOCK
_APPEND = os.O_RDWR | os.O_APPEND | os.O_NOFOLLOW | os.O_CLOEXEC | os.O_NONBLOCK


class Ledger:
    """An append-only file of lines in a folder; several processes may use it at once."""

    def __init__(self, path: Path) -> None:
        self.path = path

    @contextlib.contextmanager
    def locked(self) -> Iterator[Tail]:
        """Open the file to append to, made if need be, and hold its lock.

        Raises OSError where that cannot be done, UnsafeError where it must not be.
        """
        folder = os.open(self.path.parent, os.O_RDONLY | os.O_DIRECTORY | os.O_CLOEXEC)
        try:
            shared = check_folder(self.path.parent, os.fstat(folder))
            descriptor = self._open_locked(folder, shared)
            try:
                yield Tail(descriptor, folder, self.path.name)
            finally:
                os.close(descriptor)  # frees the lock
        finally:
            os.close(folder)

    @contextlib.contextmanager
    def reading(self) -> Iterator[tuple[int, int]]:
        """Open the file to read; yields (descriptor, bytes that no writer is in the middle of).

        Raises OSError (FileNotFoundError before the first entry), UnsafeError for what is no plain file.
        """
        try:
            descriptor = os.open(self.path, _READ)
        except OSError as error:
            raise self._meaning(error) from error
        try:
            if not stat.S_ISREG(os.fstat(descriptor).st_mode):
                raise UnsafeError("is no plain file")
            _lock(descriptor, fcntl.LOCK_SH)
            size = os.fstat(descriptor).st_size
            fcntl.flock(descriptor, fcntl.LOCK_UN)
            yield descriptor, size
        finally:
            os.close(descriptor)

    def _open_locked(self, folder: int, shared: bool) -> int:
        """Open, check and lock the file that stands in the folder once the lock is held: it may be moved away."""
        while True:
            with contextlib.ExitStack() as unless_kept:
                descriptor = self._open(folder, shared)
                unless_kept.callback(os.close, descriptor)
                found = os.fstat(descriptor)
                check_file(self.path, found, os.fstat(folder), shared=shared)
                _lock(descriptor, fcntl.LOCK_EX)
                if _same(found, self.path.name, folder):
                    unless_kept.pop_all()
                    return descriptor

    def _open(self, folder: int, shared: bool) -> int:
        name = self.path.name
        try:
            try:
                return os.open(name, _APPEND, dir_fd=folder)
            except FileNotFoundError:
                return _create(name, folder, shared)
        except OSError as error:
            raise self._meaning(error) from error

    def _meaning(self, error: OSError) -> Exception:
        if error.errno == errno.ELOOP:
            return UnsafeError("is a symbolic link; put a plain file in its place")
        if error.errno in {errno.ENXIO, errno.EISDIR}:
            return UnsafeError("is no plain file")
        return error


class Tail:
    """The end of a locked file."""

    def __init__(self, descriptor: int, folder: int, name: str) -> None:
        self._descriptor = descriptor
        self._folder = folder
        self._name = name
        self._size = os.fstat(descriptor).st_size

    def last(self) -> Link | None:
        """Return the last whole entry, None in a file that has none. Raises UnsafeError where it holds other things."""
        least = max(self._size - LOOK_BACK, 0)
        for start, line in lines_from_end(self._descriptor, self._size):
            if (link := link_of(line)) is not None:
                return link
            if start < least:
                raise UnsafeError("does not end like an audit log; move it away")
        return None

    def add(self, line: bytes) -> None:
        """Write one line and see it to the disk. Raises OSError; a part of the line may then stand in the file."""
        fence = b"" if self._size == 0 or os.pread(self._descriptor, 1, self._size - 1) == b"\n" else b"\n"
        rest = memoryview(fence + line + b"\n")
        while rest:
            rest = rest[os.write(self._descriptor, rest) :]
        os.fsync(self._descriptor)

    def add_first(self, line: bytes) -> None:
        """Write the first entry: the file's name must reach the disk, too. Raises OSError."""
        self.add(line)
        os.fsync(self._folder)

    def read(self, limit: int) -> bytes:
        """Return the first `limit` bytes of what stood there when it was locked. Raises OSError."""
        pieces: list[bytes] = []
        at = 0
        while at < min(self._size, limit):
            piece = os.pread(self._descriptor, min(self._size, limit) - at, at)
            if not piece:
                break
            pieces.append(piece)
            at += len(piece)
        return b"".join(pieces)

    def take_back(self) -> None:
        """Cut off what was added under this lock: its writer is told that it failed, so it must not count."""
        with contextlib.suppress(OSError):
            os.ftruncate(self._descriptor, self._size)
            os.fsync(self._descriptor)

    def replace(self, data: bytes) -> None:
        """Put another file with the same owners and rights in the place of this one, whole or not at all.

        Nothing may be added under this lock afterwards. Raises OSError.
        """
        spare = f".{self._name}.new"
        with contextlib.suppress(FileNotFoundError):  # of one that was killed here
            os.unlink(spare, dir_fd=self._folder)
        flags = os.O_WRONLY | os.O_CREAT | os.O_EXCL | os.O_NOFOLLOW | os.O_CLOEXEC
        descriptor = os.open(spare, flags, OWN_MODE, dir_fd=self._folder)
        try:
            found = os.fstat(self._descriptor)
            os.fchown(descriptor, -1, found.st_gid)  # first: its rights are meant for that group
            os.fchmod(descriptor, stat.S_IMODE(found.st_mode))
            rest = memoryview(data)
            while rest:
                rest = rest[os.write(descriptor, rest) :]
            os.fsync(descriptor)
            os.rename(spare, self._name, src_dir_fd=self._folder, dst_dir_fd=self._folder)
        except OSError:
            with contextlib.suppress(OSError):
                os.unlink(spare, dir_fd=self._folder)
            raise
        finally:
            os.close(descriptor)
        os.fsync(self._folder)


def lines_from_end(descriptor: int, size: int) -> Iterator[tuple[int, bytes]]:
    """Yield (where it starts, line without its end) from the last line to the first.

    Lines longer than MAX_LINE come as empty ones. Raises OSError.
    """
    at, chunk = size, _FIRST_CHUNK
    rest = b""
    overlong = False
    first = True
    while at > 0:
        length = min(chunk, at)
        at -= length
        chunk = _CHUNK
        pieces = (os.pread(descriptor, length, at) + rest).split(b"\n")
        rest = pieces[0]
        place = at + len(rest) + 1 + sum(len(piece) + 1 for piece in pieces[1:])
        for piece in reversed(pieces[1:]):
            place -= len(piece) + 1
            if not (first and not piece):  # the line end of the last line
                yield place, b"" if overlong else piece
            first = overlong = False
        if len(rest) > MAX_LINE:
            rest, overlong = b"", True
    if rest or overlong:
        yield 0, b"" if overlong else rest


def _create(name: str, folder: int, shared: bool) -> int:
    try:
        descriptor = os.open(name, _APPEND | os.O_CREAT | os.O_EXCL, OWN_MODE, dir_fd=folder)
    except FileExistsError:  # another process was quicker
        return os.open(name, _APPEND, dir_fd=folder)
    if shared:
        # where the folder's group is not ours the others are told how to get in
        with contextlib.suppress(OSError):
            os.fchown(descriptor, -1, os.fstat(folder).st_gid)
            os.fchmod(descriptor, SHARED_MODE)
    return descriptor


def _lock(descriptor: int, how: int) -> None:
    deadline = time.monotonic() + LOCK_WAIT_S
    while True:
        try:
            fcntl.flock(descriptor, how | fcntl.LOCK_NB)
        except BlockingIOError:
            if time.monotonic() > deadline:
                raise TimeoutError(errno.ETIMEDOUT, "is locked by another process") from None
            time.sleep(_LOCK_RETRY_S)
        else:
            return


def _same(found: os.stat_result, name: str, folder: int) -> bool:
    try:
        there = os.stat(name, dir_fd=folder, follow_symlinks=False)
    except FileNotFoundError:
        return False
    return (there.st_dev, there.st_ino) == (found.st_dev, found.st_ino)
