"""The command line: typed after `:`, on every screen, with an answer whatever was typed."""

from __future__ import annotations

import asyncio

import pytest

from tests.tui.fleet_samples import HOSTILE, NOW, fleet
from tests.tui.running import Show, showing
from trunktui.model.feed import EngineStatus
from trunktui.model.request import Reload, Reply, Request
from trunktui.model.text import Safe
from trunktui.tui import commands
from trunktui.tui.detail_screen import DetailScreen
from trunktui.tui.help_screen import HelpScreen
from trunktui.tui.keys import help_lines

SIZES = [(80, 24), (160, 45)]
DONE = Reply(done=True, text=Safe("config reloaded: 1 SBC added, 2 trunks changed"))


class Clerk:
    """Takes requests; answers when told to."""

    def __init__(self) -> None:
        self.asked: list[Request] = []
        self.go = asyncio.Event()

    async def ask(self, request: Request) -> Reply:
        self.asked.append(request)
        await self.go.wait()
        return DONE


@pytest.mark.parametrize("size", SIZES)
async def test_reload_is_asked_for_and_its_outcome_is_said(size: tuple[int, int]) -> None:
    clerk = Clerk()
    async with showing(size=size, requests=clerk) as show:
        await show.press(*":reload")
        await show.until_shown(" : reload▏   enter runs, tab completes, esc cancels")
        assert not clerk.asked
        await show.press("enter")
        await show.until_shown("reading the config ...")
        assert clerk.asked == [Reload()]
        clerk.go.set()
        await show.until_shown(DONE.text)
        show.now = NOW + 30
        await show.until_shown("? all keys")


@pytest.mark.parametrize("size", SIZES)
async def test_an_unknown_command_is_answered_with_the_known_ones(size: tuple[int, int]) -> None:
    async with showing(size=size) as show:
        await show.press(*":wat now", "enter")
        await show.until_shown(
            'no command "wat": :reload :verify :write :readonly :maint :ack :unmaint :unack'
        )


async def test_escape_leaves_the_line_and_the_filter_as_it_was() -> None:
    async with showing() as show:
        await show.press(*"/alpha", "enter")
        await show.until_shown("filter: alpha")
        await show.press(*":rel", "escape")
        await show.until_shown("? all keys")
        assert "filter: alpha" in show.text("head")


async def test_deleting_the_colon_leaves_the_line() -> None:
    async with showing() as show:
        await show.press(*":x", "backspace")
        await show.until_shown("esc cancels")
        await show.press("backspace")
        await show.until_shown("? all keys")


async def test_letters_typed_right_after_the_colon_are_no_keys() -> None:
    async with showing() as show:
        await show.press(*":fsq")
        await show.until_shown(" : fsq▏")
        assert show.app.return_code is None
        assert "faults only" not in show.text("head")


async def test_tab_completes_and_an_empty_line_does_nothing() -> None:
    async with showing() as show:
        await show.press(*":rel", "tab")
        await show.until_shown(" : reload▏")
        await show.press("ctrl+u", "tab", "enter")
        await show.until_shown("? all keys")


async def test_quit_has_a_long_and_a_short_name() -> None:
    for typed in (":q", ":quit"):
        async with showing() as show:
            await show.press(*typed, "enter")
        assert show.app.return_code == 0


async def test_a_command_can_be_typed_on_every_screen() -> None:
    async with showing() as show:
        await show.press("enter")
        await show.until(lambda: isinstance(show.app.screen, DetailScreen))
        await show.press(*":nix", "enter")
        await show.until_shown('no command "nix"')
        await show.press(*":help", "enter")
        await show.until(lambda: isinstance(show.app.screen, HelpScreen))
        await show.press(*":nix", "enter")
        await show.until_shown('no command "nix"')
        show.now = NOW + 30
        await show.until_shown("esc back")


async def test_pasted_text_is_one_line_of_clean_text_and_runs_nothing() -> None:
    async with showing() as show:
        await show.press("colon")
        show.app.screen._foot.take_paste("quit\nq\x1b[2J")  # type: ignore[attr-defined]
        await show.until_shown(" : quit q␛[2J▏")
        assert show.app.return_code is None


async def test_a_reload_that_is_wished_for_before_the_screen_is_there_does_nothing() -> None:
    clerk = Clerk()
    Show(fleet(), requests=clerk).app.reload()
    assert not clerk.asked


async def test_without_an_engine_to_ask_that_is_said() -> None:
    async with showing() as show:
        await show.press(*":reload", "enter")
        await show.until_shown("there is no engine here to ask")


@pytest.mark.parametrize("size", SIZES)
async def test_a_broken_config_is_told_until_it_is_mended_and_hides_no_leg(size: tuple[int, int]) -> None:
    fault = Safe("config not reloaded: prod.toml:12 (+2 more): sbc nyc-1: host: is missing")
    async with showing(size=size) as show:
        show.feed.put(fleet(), EngineStatus(alive=True, config=fault))
        await show.until_shown("config not reloaded: prod.toml:12 (+2 more)")
        show.now = NOW + 60
        await show.until_shown("config not reloaded: prod.toml:12 (+2 more)")
        show.feed.put(fleet(), EngineStatus(alive=True))
        await show.until(lambda: "config not reloaded" not in show.text())


def test_every_command_is_in_the_help_and_names_are_used_once() -> None:
    said = "\n".join("".join(cell.text for cell in line) for line in help_lines())
    names = [name for command in commands.COMMANDS for name in command.names]
    assert len(names) == len(set(names))
    for command in commands.COMMANDS:
        assert " ".join(f":{name}" for name in command.names) in said
        assert command.help in said


@pytest.mark.parametrize(
    ("typed", "becomes"),
    [("rel", "reload"), ("r", "r"), ("re", "re"), ("q", "quit"), ("", ""), ("z", "z"), ("help", "help")],
)
def test_what_is_typed_is_completed_as_far_as_it_is_clear(typed: str, becomes: str) -> None:
    assert commands.completed(typed) == becomes


def test_a_command_stands_alone_and_hostile_words_are_shown_as_text() -> None:
    with pytest.raises(commands.UnknownCommandError, match=":reload stands alone"):
        commands.find("reload now")
    with pytest.raises(commands.UnknownCommandError) as caught:
        commands.find(HOSTILE[4])
    assert str(caught.value).isprintable()
