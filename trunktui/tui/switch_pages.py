"""A switch before and while it runs: confirmed on all its SBCs by the group's name, and told of each until it was seen."""

from __future__ import annotations

from msgspec.structs import replace

from trunktui.model.action import Consent, Sweep
from trunktui.model.switch import Undoable, Wish
from trunktui.present.cells import Line
from trunktui.present.sweeping import (
    confirm_sweep_lines,
    refused_on,
    sweep_progress_lines,
    sweep_seen,
    swept_lines,
    undo_hint,
    undo_of,
    undo_wish,
)
from trunktui.tui.asking_screen import AskingScreen
from trunktui.tui.keys import EVERYWHERE, PAGE, REFUSED, UNDO, WITHOUT, Key, bindings
from trunktui.tui.ports import Reply
from trunktui.tui.progress_screen import ProgressScreen
from trunktui.tui.stage import Stage

NOTHING_TO_UNDO = "nothing to undo: no switch of the last 15 minutes stands as it was made"


class SwitchConfirmScreen(AskingScreen[Sweep], inherit_bindings=False):
    """The confirmation of one wish; it stays on the wish's group."""

    BINDINGS = [*AskingScreen.BINDINGS, *bindings((WITHOUT,))]  # noqa: RUF012 - Textual's way

    def __init__(self, stage: Stage, wish: Wish) -> None:
        super().__init__(stage, wish.group)
        self._wish = wish
        self.begun = False
        """Whether it was said yes to."""

    async def prepare(self, consent: Consent) -> Reply:
        """Ask the engine what the wish would run on each SBC now."""
        return await self._stage.doer.prepare_switch(self._wish, consent)

    def found_in(self, reply: Reply) -> Sweep | None:
        """Return the sweep that was prepared."""
        return reply.sweep

    def seen(self, prepared: Sweep) -> tuple[object, ...]:
        """Return what runs, where, and what stood there."""
        return sweep_seen(prepared)

    def plan_lines(self, prepared: Sweep, note: str, width: int) -> tuple[Line, ...]:
        """Return each SBC's part and the guards in lines."""
        return confirm_sweep_lines(prepared, self._stage.watch.snapshot, note, width)

    def refused_keys(self, prepared: Sweep) -> tuple[Key, ...]:
        """Offer to go on without the SBCs that are refused, where others are left."""
        return (REFUSED[0], WITHOUT, *REFUSED[1:]) if refused_on(prepared) else REFUSED

    def action_without(self) -> None:
        """Ask about the other SBCs alone."""
        refused = () if self._prepared is None or not self._readable else refused_on(self._prepared)
        if self._prepared is None or not refused or self._prepared.wants is not None:
            return
        left = tuple(part.sbc for part in self._prepared.parts if part.sbc not in refused)
        self._wish = replace(self._wish, sbcs=left)
        self._anew(f"without {', '.join(refused)}, where it is refused")

    def begin(self, prepared: Sweep, consent: Consent) -> None:
        """Have it carried out, and show how it goes."""
        self.begun = True
        self._stage.doer.perform(prepared, consent)
        self.app.switch_screen(SwitchProgressScreen(self._stage, self._wish.group))


class SwitchProgressScreen(ProgressScreen, inherit_bindings=False):
    """The switch of one group, on each of its SBCs; once it has ended, it can be taken back from here."""

    BINDINGS = [*bindings((*PAGE, UNDO)), *bindings(EVERYWHERE)]  # noqa: RUF012 - Textual's way

    def lines(self) -> tuple[Line, ...]:
        """Return how far it is on each SBC, or how it ended there and what takes it back."""
        doer, now, width = self._stage.doer, self._stage.clock(), self.size.width
        swept, ended = doer.swept(self._about), doer.end_of(self._about)
        if swept is not None and ended is not None:
            undo = self._undoable()
            left = None if undo is None else undo.until - now
            return swept_lines(*swept, ended, width, undo_left=left)
        sweep = doer.switching(self._about)
        if sweep is not None:
            return sweep_progress_lines(sweep, doer.running(self._about), now, width)
        return super().lines()

    def draw(self) -> None:
        """Bring the page up to date, and offer the undo first while there is one."""
        now, undo = self._stage.clock(), self._undoable()
        ready = undo is not None and self._stage.doer.swept(self._about) is not None
        self._foot.offer((UNDO._replace(hint=undo_hint(undo, now)), *PAGE) if undo and ready else PAGE)
        super().draw()

    def action_undo(self) -> None:
        """Show what would take it back."""
        undo = self._undoable()
        if self._stage.doer.acting_on(self._about):
            self.say("it is still under way: wait for its end")
        elif undo is None:
            self.say(NOTHING_TO_UNDO)
        elif self._stage.write_left() is None:
            self.say("read-only: esc, then :write unlocks write mode for 15 minutes")
        else:
            self._stage.doer.dismiss(self._about)
            self.app.switch_screen(SwitchConfirmScreen(self._stage, undo_wish(undo)))

    def _undoable(self) -> Undoable | None:
        """Return what takes the last switch of this group back."""
        undo = undo_of(self._stage.watch.doings, self._stage.clock(), (self._about,))
        return undo if undo is not None and undo.group == self._about else None
