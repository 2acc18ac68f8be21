"""How an error of the screen itself ends it: through Textual's private hooks, which this pins."""

from __future__ import annotations

from pathlib import Path

import pytest
from rich.text import Text
from textual.app import App

from tests.tui.fleet_samples import NOW, ScriptedFeed, fleet
from trunktui.present.themes import load_theme
from trunktui.tui.app import DashboardOptions, FleetApp
from trunktui.tui.crash import crash_line, log_crash
from trunktui.tui.paint import Palette


class BrokenError(Exception):
    """An error that knows how to render itself with source, as Textual's own do."""

    def __rich__(self) -> Text:
        return Text("SOURCE AND LOCALS")


def app(log: Path | None = None) -> FleetApp:
    options = DashboardOptions(title="t", log_path=log)
    return FleetApp(ScriptedFeed(fleet()), options, Palette(load_theme("dark")), clock=lambda: NOW)


def test_the_hooks_that_are_overridden_still_exist() -> None:
    for name in ("_fatal_error", "_handle_exception", "panic", "_display"):
        assert callable(vars(App)[name])


@pytest.mark.parametrize("error", [ValueError("x"), BrokenError("y")])
async def test_an_error_in_a_screen_is_one_line_and_exit_code_1(
    error: Exception, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    running = app(tmp_path / "log")

    def broken() -> None:
        secret_local = "hunter2"
        if secret_local:
            raise error

    with pytest.raises(type(error)):  # noqa: PT012 - the app must run to fail
        async with running.run_test() as pilot:
            running.call_next(broken)
            await pilot.pause()
    assert running.return_code == 1
    assert running.crash_line is not None
    assert running.crash_line.startswith(
        f"trunktui: the screen failed ({type(error).__name__} at test_crash.py:"
    )
    told = "".join(capsys.readouterr()) + (tmp_path / "log").read_text() + running.crash_line
    assert "hunter2" not in told
    assert "SOURCE" not in told
    assert "broken" in (tmp_path / "log").read_text()


async def test_rendering_that_fails_ends_the_app_too() -> None:
    running = app()

    def broken_line(y: int) -> None:
        raise KeyError(y)

    with pytest.raises(KeyError):  # noqa: PT012 - the app must run to fail
        async with running.run_test() as pilot:
            running.screen.query_one("#grid").render_line = broken_line  # type: ignore[method-assign,assignment]
            running.screen.query_one("#grid").refresh()
            await pilot.pause(0.2)
    assert running.crash_line is not None


def test_hostile_error_texts_reach_neither_line_nor_log_raw(tmp_path: Path) -> None:
    error = RuntimeError("\x1b]52;c;ZXZpbA==\x07[@click=app.quit]")
    assert crash_line(error, None) == "trunktui: the screen failed (RuntimeError)"
    log_crash(error, tmp_path / "log")
    assert "\x1b" not in (tmp_path / "log").read_text()


def test_a_log_that_is_a_link_or_cannot_be_written_is_left_alone(tmp_path: Path) -> None:
    target = tmp_path / "target"
    (tmp_path / "log").symlink_to(target)
    log_crash(RuntimeError("x"), tmp_path / "log")
    log_crash(RuntimeError("x"), tmp_path / "no" / "such" / "folder")
    assert not target.exists()
