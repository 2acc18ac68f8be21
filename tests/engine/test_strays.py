"""What nobody caught is counted and logged harmlessly, never printed."""

from __future__ import annotations

import asyncio
import logging

import pytest

from trunktui.engine.strays import catch_strays


def test_an_exception_in_a_callback_is_counted_and_its_text_stays_out(
    caplog: pytest.LogCaptureFixture, capfd: pytest.CaptureFixture[str]
) -> None:
    def throw() -> None:
        raise TypeError("\x1b]52;c;secret")

    async def go() -> int:
        loop = asyncio.get_running_loop()
        strays = catch_strays(loop)
        loop.call_soon(throw)
        await asyncio.sleep(0)
        await asyncio.sleep(0)
        return strays.count

    with caplog.at_level(logging.ERROR):
        assert asyncio.run(go()) == 1
    assert "stray TypeError" in caplog.text
    assert "secret" not in caplog.text
    assert "\x1b" not in caplog.text
    assert capfd.readouterr().err == ""
