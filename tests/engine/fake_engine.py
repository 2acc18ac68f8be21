"""An engine process that a test scripts: `python fake_engine.py FD WORDS...`, one word a deed.

hello, fleet: send that frame; hold: wait until the screen is gone; die: exit 3; kill: SIGKILL itself;
junk: send what is no frame; want WORD: exit 4 unless WORD is all of standard input; beat: send changes ten times
a second (a socket holds only some 60 unread) until the screen is gone; config TEXT: say that TEXT is in force;
answer: answer one request; write: say that write mode is unlocked; finish FILE: once the screen is gone work on
past every patience but that for an action, then write FILE.
"""

from __future__ import annotations

import contextlib
import os
import signal
import socket
import struct
import sys
import time
from collections.abc import Iterator
from pathlib import Path

import msgspec

from tests.health.scenes import Says, Trunks, play
from trunktui.engine.protocol import (
    Answered,
    Asked,
    Changes,
    ConfigFrame,
    DoingFrame,
    FleetFrame,
    Frame,
    Hello,
    encode,
)
from trunktui.model.acting import Doings
from trunktui.model.request import Reply
from trunktui.model.text import clean


def main(fd: int, deeds: list[str]) -> int:
    sock = socket.socket(fileno=fd)
    words = iter(deeds)
    for deed in words:
        match deed:
            case "want":
                if sys.stdin.read() != next(words):
                    return 4
            case "junk":
                sock.sendall(struct.pack(">I", 5) + b"\xc1\xc1\xc1\xc1\xc1")
            case "beat":
                beat(sock)
            case "hold":
                while sock.recv(100):
                    pass
            case "finish":
                with contextlib.suppress(ConnectionError):
                    while sock.recv(100):
                        pass
                time.sleep(2.5)
                Path(next(words)).write_text("finished")
            case "die":
                return 3
            case "kill":
                os.kill(os.getpid(), signal.SIGKILL)
            case _:
                sock.sendall(encode(frame(deed, words, sock)))
    return 0


def frame(deed: str, words: Iterator[str], sock: socket.socket) -> Frame:
    match deed:
        case "hello":
            return Hello("0", os.getpid())
        case "fleet":
            return FleetFrame(play(Trunks(), [(0, Says())]))
        case "config":
            return ConfigFrame(next(words), clean("one fault"))
        case "write":
            return DoingFrame(Doings(unlocked_until=1e9))
        case "answer":
            (length,) = struct.unpack(">I", sock.recv(4, socket.MSG_WAITALL))
            asked = msgspec.msgpack.decode(sock.recv(length, socket.MSG_WAITALL), type=Asked)
            return Answered(asked.number, Reply(done=True, text=clean("done")))
    raise ValueError(deed)


def beat(sock: socket.socket) -> None:
    quiet = Changes(generation=1, at=0.0, sbcs=(), groups=(), legs=(), gone=())
    while True:
        sock.settimeout(None)  # a screen that is away may take long to take it
        sock.sendall(encode(quiet))
        sock.settimeout(0.1)
        try:
            if not sock.recv(100):
                return
        except TimeoutError:
            continue


if __name__ == "__main__":
    sys.exit(main(int(sys.argv[1]), sys.argv[2:]))
