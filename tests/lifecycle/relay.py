"""Stands between an engine and an SBC and counts how often the engine asks."""

from __future__ import annotations

import re
import socket
import threading
import time
from pathlib import Path
from types import TracebackType
from typing import Self

_QUIET_S = 0.5
_ASK_BYTES = 500


class Relay:
    """Passes connections on to the SBC of a config; `config` is rewritten to lead here."""

    def __init__(self, config: Path) -> None:
        text = config.read_text()
        (port,) = re.findall(r"^port = (\d+)$", text, re.MULTILINE)
        (known,) = re.findall(r'^known_hosts = "(.*)"$', text, re.MULTILINE)
        self._listener = socket.create_server(("127.0.0.1", 0))
        ours = str(self._listener.getsockname()[1])
        here = config.parent / "known_hosts"
        here.write_text(Path(known).read_text().replace(f"]:{port} ", f"]:{ours} "))
        config.write_text(text.replace(f"port = {port}", f"port = {ours}").replace(known, str(here)))
        self._target = ("127.0.0.1", int(port))
        self._open = [self._listener]
        self._threads: list[threading.Thread] = []
        self._sent: list[tuple[float, int]] = []

    def __enter__(self) -> Self:
        self._start(self._accept)
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        for end in self._open:
            _shut(end)
        for thread in self._threads:
            thread.join(10)
        for end in self._open:
            end.close()

    def asks_since(self, at: float) -> int:
        """Return how many times something went to the SBC after a silence, from monotonic second `at` on."""
        asks, last, size = 0, 0.0, 0
        for when, count in list(self._sent):
            if when < at:
                continue
            size = count if when - last > _QUIET_S else size + count
            if size >= _ASK_BYTES > size - count:
                asks += 1
            last = when
        return asks

    def _start(self, target: object, *args: object) -> None:
        thread = threading.Thread(target=target, args=args, daemon=True)  # type: ignore[arg-type]
        self._threads.append(thread)
        thread.start()

    def _accept(self) -> None:
        while True:
            try:
                near = self._listener.accept()[0]
            except OSError:
                return
            far = socket.create_connection(self._target)
            self._open += [near, far]
            self._start(self._pump, near, far, True)
            self._start(self._pump, far, near, False)

    def _pump(self, source: socket.socket, sink: socket.socket, upward: bool) -> None:
        try:
            while data := source.recv(65536):
                if upward:
                    self._sent.append((time.monotonic(), len(data)))
                sink.sendall(data)
        except OSError:
            pass
        _shut(sink)


def _shut(end: socket.socket) -> None:
    try:
        end.shutdown(socket.SHUT_RDWR)
    except OSError:
        return
