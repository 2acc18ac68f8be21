"""An engine process that a test scripts: `python fake_engine.py FD WORDS...`, one word a deed.

hello, fleet: send that frame; hold: wait until the screen is gone; die: exit 3; kill: SIGKILL itself;
junk: send what is no frame; want WORD: exit 4 unless WORD is all of standard input.
"""

from __future__ import annotations

import os
import signal
import socket
import struct
import sys

from tests.health.scenes import Says, Trunks, play
from trunktui.engine.protocol import FleetFrame, Hello, encode


def main(fd: int, deeds: list[str]) -> int:
    sock = socket.socket(fileno=fd)
    words = iter(deeds)
    for deed in words:
        match deed:
            case "want":
                if sys.stdin.read() != next(words):
                    return 4
            case "hello":
                sock.sendall(encode(Hello("0", os.getpid())))
            case "fleet":
                sock.sendall(encode(FleetFrame(play(Trunks(), [(0, Says())]))))
            case "junk":
                sock.sendall(struct.pack(">I", 5) + b"\xc1\xc1\xc1\xc1\xc1")
            case "hold":
                while sock.recv(100):
                    pass
            case "die":
                return 3
            case "kill":
                os.kill(os.getpid(), signal.SIGKILL)
    return 0


if __name__ == "__main__":
    sys.exit(main(int(sys.argv[1]), sys.argv[2:]))
