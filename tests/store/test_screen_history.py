"""The screen's way to the history on disk: one question at a time, and none that nobody waits for any more."""

from __future__ import annotations

import asyncio
import threading
from pathlib import Path
from typing import cast

import msgspec
import pytest

from tests.store.histories import LEG, event, write
from trunktui.config.load import Config
from trunktui.model.history import Series
from trunktui.store.history_read import HistoryReader
from trunktui.wiring_history import ScreenHistory


class Kept(msgspec.Struct):
    enabled: bool = True


class Place(msgspec.Struct):
    state_dir: Path
    history: Kept


def screen(folder: Path, *, enabled: bool = True) -> ScreenHistory:
    return ScreenHistory(cast("Config", Place(folder, Kept(enabled))))


async def test_a_question_that_was_given_up_is_never_put_to_the_disk(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    asked: list[str] = []
    may_answer, being_asked = threading.Event(), threading.Event()

    def slow(_: HistoryReader, leg: str, since: float, until: float) -> Series:
        asked.append(leg)
        being_asked.set()
        may_answer.wait(30)
        return Series(leg, since, until)

    monkeypatch.setattr(HistoryReader, "series", slow)
    history = screen(tmp_path)
    first = asyncio.create_task(history.series("first", 60))
    while not being_asked.is_set():
        await asyncio.sleep(0.01)
    passed_by = [asyncio.create_task(history.series(f"leg-{n}", 60)) for n in range(20)]
    await asyncio.sleep(0)
    for task in passed_by:
        task.cancel()
    await asyncio.gather(*passed_by, return_exceptions=True)
    last = asyncio.create_task(history.series("last", 60))
    may_answer.set()
    assert (await first).leg == "first"
    assert (await last).leg == "last"
    assert asked == ["first", "last"]


async def test_events_and_series_come_from_the_file_and_a_missing_one_is_said(tmp_path: Path) -> None:
    history = screen(tmp_path)
    assert (await history.series(LEG, 60)).why.startswith("no history yet: ")
    write(tmp_path, event(1), event(2))
    assert [str(one.sentence) for one in (await history.events(1e12)).events] == ["sentence 1", "sentence 2"]
    assert (await screen(tmp_path, enabled=False).events(60)).why.startswith("no history: the config")
