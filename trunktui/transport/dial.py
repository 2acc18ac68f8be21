"""Opens the TCP connection to an SSH server and listens to its first words; tells the failures apart."""

from __future__ import annotations

import asyncio
import ipaddress
import socket
from collections.abc import Callable

from trunktui.transport import faults
from trunktui.transport.aside import aside

Address = tuple[str, int] | tuple[str, int, int, int] | tuple[int, bytes]
Info = tuple[socket.AddressFamily, socket.SocketKind, int, str, Address]
Lookup = Callable[[str, int, int], list[Info]]

GREETING_LIMIT = 255
"""Bytes looked at of what a server says first; an SSH greeting is never longer."""


def lookup(host: str, port: int, family: int) -> list[Info]:
    """Ask the system's resolver, blocking; raises socket.gaierror."""
    return list(socket.getaddrinfo(host, port, family, socket.SOCK_STREAM))


class Resolver:
    """Looks names up, one lookup per name at a time: who asks again while one hangs joins it."""

    def __init__(self, ask: Lookup = lookup) -> None:
        self._ask = ask
        self._running: dict[tuple[str, int, int], asyncio.Task[list[Info] | OSError | ValueError]] = {}

    async def resolve(self, host: str, port: int, family: int = socket.AF_UNSPEC) -> list[Info]:
        """Return the addresses of `host`; raises socket.gaierror, or OSError or ValueError for a bad name."""
        try:
            ipaddress.ip_address(host)
        except ValueError:
            key = host, port, family
            task = self._running.get(key)
            if task is None:
                task = self._running[key] = asyncio.get_running_loop().create_task(self._look_up(key))
            found = await asyncio.shield(task)
            if isinstance(found, list):
                return found
            raise found from None
        return lookup(host, port, socket.AF_UNSPEC)

    async def _look_up(self, key: tuple[str, int, int]) -> list[Info] | OSError | ValueError:
        try:
            return await aside(lambda: self._ask(*key))
        except (OSError, ValueError) as exc:
            return exc  # a value, because all who asked may have given up by now
        finally:
            del self._running[key]


async def dial(infos: list[Info], where: str, seconds: float, local: str | None = None) -> socket.socket:
    """Connect to the first of `infos` that answers, all within `seconds`; returns a non-blocking socket.

    `local` is the address to come from, None for any. Raises LinkError.
    """
    loop = asyncio.get_running_loop()
    deadline = loop.time() + seconds
    last = faults.silent(where, seconds)
    for left, (family, kind, proto, _, address) in zip(range(len(infos), 0, -1), infos, strict=True):
        try:
            sock = socket.socket(family, kind, proto)
        except OSError as exc:
            last = faults.cannot_connect(where, exc)
            continue
        try:
            sock.setblocking(False)
            if local is not None:
                sock.bind((local, 0))
            async with asyncio.timeout((deadline - loop.time()) / left):
                await loop.sock_connect(sock, address)
        except TimeoutError:
            sock.close()
            last = faults.silent(where, seconds)
        except OSError as exc:
            sock.close()
            last = faults.cannot_connect(where, exc)
        except asyncio.CancelledError:
            sock.close()
            raise
        else:
            return sock
    raise last


async def greeting(sock: socket.socket, seconds: float) -> bytes | None:
    """Look at what the server says first, without taking it off the socket.

    Returns b"" when it closed the connection, None when it said nothing within `seconds`.
    """
    loop = asyncio.get_running_loop()
    readable = asyncio.Event()
    loop.add_reader(sock, readable.set)
    try:
        async with asyncio.timeout(seconds):
            await readable.wait()
        return sock.recv(GREETING_LIMIT, socket.MSG_PEEK)
    except (TimeoutError, BlockingIOError):
        return None
    except OSError:
        return b""
    finally:
        loop.remove_reader(sock)
