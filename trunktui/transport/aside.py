"""Runs blocking work in a thread of its own that may be left behind.

Not in the event loop's pool: a dead DNS server, a hung home directory or a hanging `Match exec` would fill
that up, and would hold the process up when it ends.
"""

from __future__ import annotations

import asyncio
import threading
from collections.abc import Callable
from contextlib import suppress
from typing import TypeVar

from trunktui.model.link import LinkError, SnmpError

T = TypeVar("T")


async def aside(work: Callable[[], T]) -> T:
    """Return what `work` returns; cancelling leaves its thread to end by itself, its outcome dropped.

    Raises what `work` raises, which must be a LinkError, SnmpError, OSError or ValueError.
    """
    loop = asyncio.get_running_loop()
    future: asyncio.Future[T] = loop.create_future()

    def succeed(result: T) -> None:
        if not future.done():
            future.set_result(result)

    def fail(error: Exception) -> None:
        if not future.done():
            future.set_exception(error)

    def body() -> None:
        try:
            result = work()
        except (LinkError, SnmpError, OSError, ValueError) as error:
            with suppress(RuntimeError):  # the loop is gone: nobody waits any more
                loop.call_soon_threadsafe(fail, error)
        else:
            with suppress(RuntimeError):
                loop.call_soon_threadsafe(succeed, result)

    threading.Thread(target=body, name="trunktui-aside", daemon=True).start()
    return await future
