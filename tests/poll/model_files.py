"""A model of a file system with an asker before it: answers what a follower asks as the real programs would.

Writers hold files open by inode, as real ones do: what is renamed is written on until they open the name again.
"""

from __future__ import annotations

import re
from collections.abc import Callable

from trunktui.model.ask import Answer, Command, SshAsk
from trunktui.model.link import LinkError, SshState
from trunktui.model.text import Safe
from trunktui.transport.script import Stream, split_answer

FOLDER = "/var/log/asterisk"
LOG = f"{FOLDER}/messages.log"
_NONCE = "0123456789abcdef"


class Files:
    """Files by inode, names for them, and the inode that the writer has open."""

    def __init__(self) -> None:
        self.data: dict[int, bytearray] = {}
        self.names: dict[str, int] = {}
        self.written: dict[int, int] = {}
        self._next, self._now = 100, 0
        self.open = self.create(LOG)
        self.denied: set[str] = set()

    def create(self, name: str) -> int:
        """Make an empty file of a new inode under `name`."""
        self._next += 1
        self.data[self._next] = bytearray()
        self._touch(self._next)
        self.names[name] = self._next
        return self._next

    def write(self, data: bytes) -> None:
        """Let the writer append to the file that it has open."""
        self.data[self.open] += data
        self._touch(self.open)

    def _touch(self, inode: int) -> None:
        self._now += 1
        self.written[inode] = self._now

    def rename(self, name: str) -> None:
        """Move the log away within its folder; the writer goes on with it."""
        self.names[name] = self.names.pop(LOG)

    def reopen(self) -> None:
        """Let the writer open the log by name, made anew where it is not there."""
        self.open = self.names[LOG] if LOG in self.names else self.create(LOG)

    def run(self, command: Command) -> tuple[bytes, bytes, int]:
        """Return what a command leaves on stdout and stderr, and its exit status."""
        match command.argv:
            case ("stat", "-L", "-t", name):
                return self._stat(name)
            case ("dd", source, _, "iflag=skip_bytes,count_bytes", skip, count, "status=none"):
                return self._dd(source.removeprefix("if="), int(skip[5:]), int(count[6:]))
            case ("ls", "-1", folder):
                assert folder == FOLDER
                return "".join(f"{name.rpartition('/')[2]}\n" for name in self.names).encode(), b"", 0
        raise AssertionError(command.argv)

    def _stat(self, name: str) -> tuple[bytes, bytes, int]:
        if name not in self.names:
            return b"", f"stat: cannot statx '{name}': No such file or directory\n".encode(), 1
        inode = self.names[name]
        size = len(self.data[inode])
        return (
            f"{name} {size} 8 81a0 105 4 fe00 {inode} 1 0 0 1 {self.written[inode]} 3 0 4096\n".encode(),
            b"",
            0,
        )

    def _dd(self, name: str, skip: int, count: int) -> tuple[bytes, bytes, int]:
        if name in self.denied:
            return b"", f"dd: failed to open '{name}': Permission denied\n".encode(), 1
        if name not in self.names:
            return b"", f"dd: failed to open '{name}': No such file or directory\n".encode(), 1
        data = self.data[self.names[name]]
        if skip > len(data):
            return b"", f"dd: '{name}': cannot skip to specified offset\n".encode(), 1
        return bytes(data[skip : skip + count]), b"", 0


class FilesAsker:
    """An Asker of a model's files: each command prints what it would, between the markers of a real script.

    `cut`: after so many bytes of the next answer the link is lost. `between`: called after each command, for what
    happens meanwhile. `most`: the largest answer so far.
    """

    def __init__(self, files: Files) -> None:
        self._files = files
        self.cut: int | None = None
        self.between: Callable[[Command], None] = lambda _: None
        self.asked: list[SshAsk] = []
        self.most = 0

    async def ask(self, ask: SshAsk, budget_s: float) -> Answer:
        """Run every command and split what came as the transport does."""
        assert budget_s > 0
        self.asked.append(ask)
        out, err = bytearray(), bytearray()
        for number, command in enumerate(ask.commands):
            begin = b"\n@%s b %d\n" % (_NONCE.encode(), number)
            printed, said, status = self._files.run(command)
            end = b"\n@%s e %d %d\n" % (_NONCE.encode(), number, status)
            out += begin + printed + end
            err += begin + said + end
            self.between(command)
        last = b"\n@%s z\n" % _NONCE.encode()
        out += last
        err += last
        self.most = max(self.most, len(out))
        if self.cut is not None:
            out, self.cut = out[: self.cut], None
        split = split_answer(ask, _NONCE, Stream(bytes(out)), Stream(bytes(err)))
        if not split.finished:
            raise LinkError(SshState.UNREACHABLE, Safe("the link was lost"))
        return Answer(0.0, 0.0, split.replies, split.complete)

    async def close(self) -> None:
        """Nothing to close."""


LINE = re.compile(r"line (\d+) x*")
