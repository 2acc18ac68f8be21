"""The dashboard: runs the screens over a feed of snapshots until the operator leaves, and gives the exit code."""

from __future__ import annotations

import asyncio
import contextlib
import os
import sys
import time
from collections.abc import Callable, Coroutine, Sequence
from datetime import datetime
from pathlib import Path

from rich.console import RenderableType
from textual import events
from textual.app import App
from textual.filter import LineFilter
from textual.screen import Screen
from textual.worker import Worker

from trunktui.model.text import Safe
from trunktui.present.themes import ThemeError, choose_theme, load_theme
from trunktui.tui import commands, crash, driver, terminal
from trunktui.tui.acting_screen import ActingScreen
from trunktui.tui.clocks import local_time, utc_clock, utc_seconds
from trunktui.tui.collector import spare_collector
from trunktui.tui.credentials_screen import CredentialsScreen
from trunktui.tui.doer import Doer
from trunktui.tui.events_screen import EventsScreen
from trunktui.tui.fence import CleaningFilter
from trunktui.tui.findings_screen import FindingsScreen
from trunktui.tui.fleet_screen import FleetScreen
from trunktui.tui.foot import Foot
from trunktui.tui.help_screen import HelpScreen
from trunktui.tui.options import DashboardOptions as DashboardOptions
from trunktui.tui.paint import Palette, cropped
from trunktui.tui.past import Past, Stoppable
from trunktui.tui.ports import (
    EngineStatus,
    Feed,
    FeedUpdate,
    History,
    Lock,
    Reload,
    Request,
    Requests,
    Unlock,
    Verify,
)
from trunktui.tui.progress_screen import EndedScreen, ProgressScreen
from trunktui.tui.stage import Stage, StageScreen
from trunktui.tui.typed import NothingAskedError, request_of
from trunktui.tui.watch import FleetWatch

USAGE_EXIT = 64
CRASH_EXIT = 1

_TICK_S = 1.0
_COALESCE_S = 0.1
_ASKED_S = 10.0
_GOES_ON = "the engine finishes it, and the audit log tells how it ended (trunktui audit)"
_IS_CUT = "its end is then not seen"
_FEED_ENDED = Safe("the engine's feed ended: what is shown grows old; quit and start again")


class FleetApp(App[None], inherit_bindings=False):
    """The Textual app. `clock`, `wall`, `utc` and `local` are arguments so that a test can stop and set them.

    `requests` carries out what the operator asks for, `history` knows what was before; None: there is nobody to.
    `crash_line` is set when the app ended on an error of its own.
    """

    ENABLE_COMMAND_PALETTE = False
    ESCAPE_TO_MINIMIZE = False
    _following = False
    CSS = """
    Screen { layout: vertical; overflow: hidden; background: ansi_default; color: ansi_default; }
    Lines { height: 1; background: ansi_default; color: ansi_default; }
    #grid, #page { height: 1fr; }
    """

    def __init__(
        self,
        feed: Feed,
        options: DashboardOptions,
        palette: Palette,
        requests: Requests | None = None,
        history: History | None = None,
        *,
        clock: Callable[[], float] = time.monotonic,
        wall: Callable[[], str] = utc_clock,
        utc: Callable[[], float] = utc_seconds,
        local: Callable[[datetime], datetime] = local_time,
    ) -> None:
        super().__init__(ansi_color=True, driver_class=driver.JobDriver)
        self.animation_level = "none"
        self.title = "trunktui"
        self.crash_line: str | None = None
        self._feed = feed
        self._log_path = options.log_path
        self._clock = clock
        self._watch = FleetWatch(feed.initial(), lambda: utc() - clock())
        self._fence = CleaningFilter()
        self._draw_pending = False
        self._ticks = 0
        self._unlock = options.write
        self._finishes = options.finishes
        self._leave_asked_at: float | None = None
        self.farewell = ""
        self._doer = Doer(self._watch, requests, clock, self._begin, self._told)
        self._stage = Stage(
            watch=self._watch,
            palette=palette,
            clock=clock,
            wall=wall,
            copy=self._copy,
            command=self._command,
            title=options.title,
            doer=self._doer,
            past=Past(history, self._watch, clock, utc, local, self._read, self._draw_top),
            history=history,
        )

    def get_default_screen(self) -> Screen[None]:
        """Return the fleet: it is there from the first frame on."""
        return FleetScreen(self._stage)

    def on_mount(self) -> None:
        """Paint what is known first; only then listen to the engine."""
        self._watch.note_changes(self._clock())
        self.set_interval(_TICK_S, self._tick)
        self.call_after_refresh(self._after_first_frame)

    def action_leave(self, code: int) -> None:
        """Quit with exit code `code`; in the middle of an action `q` is asked for twice."""
        now = self._clock()
        asked = self._leave_asked_at is not None and now - self._leave_asked_at < _ASKED_S
        if code == 0 and self._doer.under_way and not asked:
            self._leave_asked_at = now
            then = _GOES_ON if self._finishes else _IS_CUT
            self._say(f"{self._doer.under_way} is under way: q again quits; {then}")
        else:
            self.leave(code)

    def leave(self, code: int) -> None:
        """End the app in order; the first code given stands."""
        if self.return_code is None:
            if self._doer.under_way and self._finishes:
                self.farewell = f"trunktui: {self._doer.under_way} is under way: {_GOES_ON}"
            self.exit(return_code=code)

    def action_suspend(self) -> None:
        """Stop, the terminal given back whole, until the shell continues us; without a shell say so."""
        if isinstance(self._driver, driver.JobDriver) and driver.may_suspend():
            self._driver.suspend()
            return
        for foot in self.screen.query(Foot):
            foot.say("not stopped: there is no shell here that could continue", self._clock())

    def action_help(self) -> None:
        """Show all keys; from the help itself, go back."""
        if isinstance(self.screen, HelpScreen):
            self.screen.dismiss()
        else:
            self.push_screen(HelpScreen(self._stage))

    def action_reload(self) -> None:
        """Have the config read again."""
        self.reload()

    def reload(self) -> None:
        """Have the config read again; what comes of it is said on the screen. Before there is one, it is new anyway."""
        if not self.is_running or not self.screen_stack:
            return
        self._say("reading the config ...")
        self._begin(self._ask(Reload()))

    def action_write(self) -> None:
        """Have write mode unlocked."""
        self._begin(self._ask(Unlock()))

    def action_readonly(self) -> None:
        """Have write mode ended."""
        self._begin(self._ask(Lock()))

    def action_events(self) -> None:
        """Show what happened: on a leg's page to that leg, elsewhere to all."""
        top = self._top
        if isinstance(top, ActingScreen):
            top.action_events()
        elif not isinstance(top, EventsScreen):
            self.push_screen(EventsScreen(self._stage))

    def action_findings(self) -> None:
        """Show findings: on a leg's page those about it, elsewhere all."""
        top = self._top
        if isinstance(top, ActingScreen):
            top.action_findings()
        elif not isinstance(top, FindingsScreen):
            self.push_screen(FindingsScreen(self._stage))

    def action_credentials(self) -> None:
        """Show how old the credentials are."""
        if not isinstance(self._top, CredentialsScreen):
            self.push_screen(CredentialsScreen(self._stage))

    def action_verify(self) -> None:
        """Have it looked what became of unfinished actions; it only reads."""
        self._say("looking what became of them ...")
        self._begin(self._verify())

    def _begin(self, work: Coroutine[None, None, None]) -> None:
        self.run_worker(work, name="request", exit_on_error=True)

    def _read(self, work: Callable[[], Coroutine[None, None, None]]) -> Stoppable:
        worker: Worker[None] = self.run_worker(work, name="history")
        return worker

    def _told(self, said: str) -> None:
        if not isinstance(self._top, ProgressScreen):  # it shows more than the sentence
            self._say(said)
        self._draw()

    async def _verify(self) -> None:
        reply = await self._doer.ask(Verify())
        if reply.ended:
            self.push_screen(EndedScreen(self._stage, reply.ended))
        else:
            self._say(reply.text)

    def _command(self, typed: str) -> None:
        """Run the command that was typed, or say which there are."""
        try:
            typed_one = commands.find(typed)
        except commands.UnknownCommandError as error:
            self._say(str(error))
            return
        if typed_one is None:
            return
        if typed_one.command.takes:
            self._asked(typed_one)
        else:
            self.call_later(self.run_action, typed_one.command.action)

    def _asked(self, typed: commands.Typed) -> None:
        """Have the engine do what was typed, about what stands on the screen."""
        top = self._top
        if top is None:
            return
        try:
            request = request_of(typed, self._stage, top.leg_meant())
        except NothingAskedError as error:
            self._say(str(error))
            return
        self._begin(self._ask(request))

    async def _ask(self, request: Request) -> None:
        self._say((await self._doer.ask(request)).text)

    @property
    def _top(self) -> StageScreen | None:
        """The screen on top; None while the app ends, when a timer may still strike."""
        stack = self.screen_stack
        return stack[-1] if stack and isinstance(stack[-1], StageScreen) else None

    def _say(self, message: str) -> None:
        if (top := self._top) is not None:
            top.say(message)

    def get_line_filters(self) -> Sequence[LineFilter]:
        """Return Textual's filters and, after them, the fence."""
        return [*super().get_line_filters(), self._fence]

    def _after_first_frame(self) -> None:
        if not self._following:
            self._following = True
            spare_collector()
            self.run_worker(self._follow(), name="feed", exit_on_error=True)

    async def _follow(self) -> None:
        async for update in self._feed.updates():
            self._accept(update)
        ended = EngineStatus(alive=False, restarts=self._watch.engine.restarts, notice=_FEED_ENDED)
        self._accept(FeedUpdate(snapshot=self._watch.snapshot, engine=ended))

    def _accept(self, update: FeedUpdate) -> None:
        self._watch.accept(update, self._clock())
        if self._unlock and update.engine.alive:
            self._unlock = False
            self.action_write()
        if not self._draw_pending:
            self._draw_pending = True
            self.set_timer(_COALESCE_S, self._draw)

    def _draw(self) -> None:
        self._draw_pending = False
        self._draw_top()

    def _draw_top(self) -> None:
        if (top := self._top) is not None:
            top.draw()

    def _tick(self) -> None:
        self._after_first_frame()  # a page that is opened before the first frame may keep Textual from calling it
        self._ticks += 1
        self._watch.note_changes(self._clock())
        if (top := self._top) is not None:
            top.tick(table=self._ticks % 2 == 0)

    def _copy(self, text: str) -> str:
        self.copy_to_clipboard(text)
        return terminal.clipboard_advice(os.environ)

    def _display(self, screen: Screen[object], renderable: RenderableType | None) -> None:
        super()._display(screen, cropped(renderable))  # type: ignore[arg-type]

    def on_app_focus(self, event: events.AppFocus) -> None:
        """Ignore it: nothing looks different without the focus, and Textual would repaint everything."""
        event.prevent_default()

    def on_app_blur(self, event: events.AppBlur) -> None:
        """Ignore it, likewise."""
        event.prevent_default()

    def _fatal_error(self) -> None:
        error = sys.exc_info()[1] or self._exception or RuntimeError("unknown")
        self._fail(error)

    def _handle_exception(self, error: Exception) -> None:
        self._fail(error)
        super()._handle_exception(error)

    def panic(self, *renderables: RenderableType) -> None:  # noqa: ARG002 - never shown: they may hold source
        """End with one line; what Textual would print here shows source and locals."""
        self._fail(sys.exc_info()[1] or RuntimeError("input or rendering failed"))

    def _fail(self, error: BaseException) -> None:
        self._return_code = CRASH_EXIT
        if self.crash_line is None:
            self.crash_line = crash.crash_line(error, self._log_path)
            crash.log_crash(error, self._log_path)
        self._close_messages_no_wait()


def run_dashboard(
    feed: Feed, options: DashboardOptions, requests: Requests | None = None, history: History | None = None
) -> int:
    """Run the dashboard over `feed` until it is left, and return the exit code; the feed is closed in any case.

    `requests` carries out what the operator asks for, `history` knows what was before.

    0 after `q`, 130 after ctrl+c, 128 + n after signal n, 1 after an error of our own, 64 where no screen can
    be drawn or the theme is wrong; each but 0 and the signals with one line on stderr.
    """
    problem = terminal.refusal(os.environ, ttys=terminal.standard_ttys())
    palette: Palette | None = None
    if problem is None:
        try:
            palette = _palette(options)
        except ThemeError as error:
            problem = f"trunktui: {error}"
    if palette is None:
        sys.stderr.write(f"{problem}\n")
        asyncio.run(feed.close())
        return USAGE_EXIT
    terminal.wait_for_foreground()
    sys.excepthook = crash.except_hook(options.log_path)
    app = FleetApp(feed, options, palette, requests, history)
    asyncio.run(_run(app, feed, options.log_path))
    if app.crash_line is not None:
        sys.stderr.write(f"{app.crash_line}\n")
        return CRASH_EXIT
    if app.farewell:
        with contextlib.suppress(OSError):  # the terminal may be what ended us
            sys.stderr.write(f"{app.farewell}\n")
    return app.return_code or 0


def _palette(options: DashboardOptions) -> Palette:
    theme = load_theme(choose_theme(options.theme, os.environ))
    encoding = None if sys.__stderr__ is None else sys.__stderr__.encoding
    ascii_only = terminal.needs_ascii(encoding, os.environ) if options.ascii is None else options.ascii
    return Palette(theme, ascii_only=ascii_only)


async def _run(app: FleetApp, feed: Feed, log_path: Path | None) -> None:
    asyncio.get_running_loop().set_exception_handler(crash.loop_handler(log_path))
    guard = terminal.TerminalGuard(app.leave, app.reload, lambda said: crash.note([said], log_path))
    guard.open()
    try:
        await app.run_async(mouse=False)
    finally:
        guard.close()
        await feed.close()
