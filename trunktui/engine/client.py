"""The screen's side: starts the engine process, keeps the latest snapshot, replaces an engine that died or froze."""

from __future__ import annotations

import asyncio
import contextlib
import itertools
import os
import socket
import subprocess
from collections.abc import AsyncIterator, Mapping, Sequence
from pathlib import Path

from trunktui.engine.logfile import open_log
from trunktui.engine.patience import Patience, Silence, SilentError
from trunktui.engine.protocol import (
    Answered,
    Asked,
    Changes,
    ConfigFrame,
    DoingFrame,
    FleetFrame,
    Hello,
    HistoryFrame,
    ProtocolError,
    applied,
    encode,
    read_frame,
)
from trunktui.model.acting import Doings
from trunktui.model.audit import Who
from trunktui.model.feed import EngineStatus, FeedUpdate
from trunktui.model.request import Introduce, Perform, PerformSwitch, Reply, Request
from trunktui.model.snapshot import Snapshot
from trunktui.model.text import Safe, clean

_RESTART_WAITS_S = (0.0, 0.5, 2.0, 5.0, 15.0)
"""Waits before the first, second ... restart in a row; the last one repeats."""

_STEADY_S = 60.0
_END_S = 2.0
_INTRODUCTION = 0
"""The number of the request whose reply nobody waits for."""

_NOT_RUNNING = Reply(done=False, text=Safe("the polling engine is not running: try again once it is"))
_NOT_ANSWERED = Reply(
    done=False,
    text=Safe("the polling engine ended before it answered: whether it was done is not known"),
    lost=True,
)


class EngineFeed:
    """A Feed (see tui.ports) from an engine in a process of its own.

    `argv` starts the engine; `{fd}` in it becomes the number of the socket it inherits. Its stderr goes to
    `log_path`, because the screen draws on ours; without a writable log it is thrown away, and said
    (`notice` is what to say from the start). Each engine finds `stdin` on its standard input, None for nothing;
    after a reload that is the config then in force. `who` sits at the terminal; None: then it sends no actions.
    With `finishes`, an engine that is at an action when the screen goes is left alone: it ends by itself.
    """

    def __init__(
        self,
        argv: Sequence[str],
        initial: Snapshot,
        log_path: Path | None,
        environment: Mapping[str, str] | None = None,
        notice: Safe = Safe(""),  # noqa: B008 - a Safe is a str
        stdin: bytes | None = None,
        patience: Patience = Patience(),  # noqa: B008 - frozen
        who: Who | None = None,
        *,
        finishes: bool = True,
    ) -> None:
        self._argv = list(argv)
        self._environment = environment
        self._stdin = stdin
        self._patience = patience
        self._who = who
        self._finishes = finishes
        self._doings = Doings()
        self._performing: set[int] = set()
        self._latest = initial
        self._log_path = log_path
        self._changed: set[str] = set()
        self._news = asyncio.Event()
        self._status = EngineStatus(alive=False, notice=notice)
        self._standing = notice
        self._process: subprocess.Popen[bytes] | None = None
        self._writer: asyncio.StreamWriter | None = None
        self._asked: dict[int, asyncio.Future[Reply]] = {}
        self._numbers = itertools.count(1)
        self._task: asyncio.Task[None] | None = None
        self._closing = False

    def initial(self) -> Snapshot:
        """Return the fleet before any network."""
        return self._latest

    @property
    def pid(self) -> int | None:
        """The engine's process id, None while there is none."""
        return self._process.pid if self._process is not None else None

    @property
    def acting(self) -> bool:
        """Whether an action that was asked for has not ended, as far as is known here."""
        return bool(self._performing)

    async def updates(self) -> AsyncIterator[FeedUpdate]:
        """Yield the latest snapshot whenever there is news; what a slow reader missed is not repeated."""
        if self._task is None:
            self._task = asyncio.create_task(self._supervise())
        while not self._closing:
            await self._news.wait()
            self._news.clear()
            if self._task.done() and not self._closing:
                self._task.result()  # a defect here must be loud: raises what ended the supervision
                return
            changed, self._changed = frozenset(self._changed), set()
            yield FeedUpdate(self._latest, self._status, changed, doings=self._doings)

    async def ask(self, request: Request) -> Reply:
        """Have the engine carry a request out; one that ends before it answers is a reply, too."""
        if self._writer is None:
            return _NOT_RUNNING
        number = next(self._numbers)
        answer: asyncio.Future[Reply] = asyncio.get_running_loop().create_future()
        self._asked[number] = answer
        if isinstance(request, Perform | PerformSwitch):
            self._performing.add(number)
        self._writer.write(encode(Asked(number, request)))
        try:
            return await answer
        finally:
            self._asked.pop(number, None)

    async def close(self) -> None:
        """End the engine: by closing the socket, then by SIGTERM, then by SIGKILL.

        One that is at an action is only told that the screen is gone: it finishes, records, and ends.
        """
        busy = self._finishes and self.acting
        self._closing = True
        if self._task is not None:
            self._task.cancel()
            with contextlib.suppress(asyncio.CancelledError):
                await self._task
        if not busy:
            await self._end_process()

    async def _supervise(self) -> None:
        failures = 0
        loop = asyncio.get_running_loop()
        try:
            while True:
                began = loop.time()
                ended = await self._run_once()
                failures = 0 if loop.time() - began > _STEADY_S else failures + 1
                wait = _RESTART_WAITS_S[min(failures, len(_RESTART_WAITS_S) - 1)]
                self._standing = clean(f"the polling engine {ended}; see its log")
                self._tell(alive=False, restarts=self._status.restarts + 1, notice=_replaced(ended, wait))
                await asyncio.sleep(wait)
        finally:
            self._news.set()

    async def _run_once(self) -> str:
        """Run one engine until it is gone; return how that came about."""
        ours, theirs = socket.socketpair()
        with ours:
            with theirs:
                process = self._process = self._start(theirs)
            reader, writer = await asyncio.open_connection(sock=ours)
            wrong: str | None = None
            try:
                await self._listen(reader, writer)
            except ProtocolError as error:
                wrong = f"spoke nonsense ({error})"
                self._tell(alive=False, notice=clean(f"the polling engine {wrong}: ending it"))
            except SilentError as error:
                wrong = str(error)
                self._tell(alive=False, notice=clean(f"the polling engine {wrong}: ending it"))
                process.kill()  # one that is stopped, or stuck, would not heed anything gentler
            finally:
                left = self._closing and self._finishes and self.acting
                self._writer = None
                self._doings = Doings()  # another one is read-only, whatever this one was
                for answer in self._asked.values():
                    if not answer.done():
                        answer.set_result(_NOT_ANSWERED)
                writer.close()
                if not left:
                    self._performing.clear()
                    await self._end_process()
        return _ended(process.returncode) if wrong is None else wrong

    async def _listen(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        """Take frames until the engine is gone. Raises ProtocolError, or SilentError when none come any more."""
        silence = Silence(self._patience)
        watching = asyncio.create_task(silence.watch())
        receiving = asyncio.create_task(self._receive(reader, writer, silence))
        try:
            done, _ = await asyncio.wait({watching, receiving}, return_when=asyncio.FIRST_COMPLETED)
            for task in (receiving, watching):  # an engine that spoke, or went, was not silent
                if task in done:
                    task.result()
                    return
        finally:
            for task in (watching, receiving):
                task.cancel()
            await asyncio.gather(watching, receiving, return_exceptions=True)

    def _start(self, theirs: socket.socket) -> subprocess.Popen[bytes]:
        argv = [part.replace("{fd}", str(theirs.fileno())) for part in self._argv]
        with contextlib.ExitStack() as stack:
            log = self._open_log(stack)
            return subprocess.Popen(
                argv,
                pass_fds=[theirs.fileno()],
                start_new_session=True,
                stdin=self._open_stdin(stack),
                stdout=subprocess.DEVNULL,
                stderr=log,
                env=self._environment,
            )

    def _open_stdin(self, stack: contextlib.ExitStack) -> int:
        if self._stdin is None:
            return subprocess.DEVNULL
        # A file in memory without a name: nobody else can read it, and nothing is left of it, whoever is killed.
        descriptor = os.memfd_create("trunktui-config")
        stack.callback(os.close, descriptor)
        with open(descriptor, "wb", closefd=False) as file:
            file.write(self._stdin)
        os.lseek(descriptor, 0, os.SEEK_SET)
        return descriptor

    def _open_log(self, stack: contextlib.ExitStack) -> int:
        if self._log_path is None:
            return subprocess.DEVNULL
        try:
            descriptor = open_log(self._log_path)
        except OSError as error:
            self._standing = clean(f"no engine log: {self._log_path}: {error.strerror}")
            self._tell(notice=self._standing)
            return subprocess.DEVNULL
        stack.callback(os.close, descriptor)
        return descriptor

    async def _receive(
        self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter, silence: Silence
    ) -> None:
        while (frame := await read_frame(reader)) is not None:
            silence.broken()
            match frame:
                case Hello():
                    self._writer = writer
                    if self._who is not None:
                        writer.write(encode(Asked(_INTRODUCTION, Introduce(self._who))))
                    self._tell(alive=True, notice=self._standing, history=Safe(""))
                case FleetFrame(snapshot):
                    self._latest = snapshot
                    self._changed.update(leg.id for leg in snapshot.legs)
                    self._news.set()
                case Changes():
                    self._latest = applied(self._latest, frame)
                    self._changed.update(leg.id for leg in frame.legs)
                    self._news.set()
                case ConfigFrame(text, fault):
                    if text is not None:
                        self._stdin = text.encode()
                    self._tell(config=fault)
                case HistoryFrame(trouble):
                    self._tell(history=trouble)
                case DoingFrame(doings):
                    self._doings = doings
                    self._news.set()
                case Answered(number, reply):
                    self._performing.discard(number)
                    answer = self._asked.get(number)
                    if answer is not None and not answer.done():
                        answer.set_result(reply)

    def _tell(
        self,
        *,
        alive: bool | None = None,
        restarts: int | None = None,
        notice: Safe | None = None,
        config: Safe | None = None,
        history: Safe | None = None,
    ) -> None:
        before = self._status
        self._status = EngineStatus(
            alive=before.alive if alive is None else alive,
            restarts=before.restarts if restarts is None else restarts,
            notice=before.notice if notice is None else notice,
            config=before.config if config is None else config,
            history=before.history if history is None else history,
        )
        self._news.set()

    async def _end_process(self) -> None:
        process = self._process
        if process is None:
            return
        for end in (None, process.terminate, process.kill):
            if process.poll() is not None:
                return
            if end is not None:
                end()
            await _exited(process, _END_S / 2)


async def _exited(process: subprocess.Popen[bytes], within_s: float) -> None:
    """Wait until a process is gone, at most so long (it ends by itself once its socket is closed)."""
    with contextlib.suppress(subprocess.TimeoutExpired):
        await asyncio.to_thread(process.wait, within_s)


def _ended(status: int | None) -> str:
    how = f"by signal {-status}" if status is not None and status < 0 else f"with status {status}"
    return f"ended {how}"


def _replaced(ended: str, wait_s: float) -> Safe:
    when = "restarting it" if wait_s < 1 else f"starting it again in {wait_s:.0f} s"
    return clean(f"the polling engine {ended}: {when}; see its log")
