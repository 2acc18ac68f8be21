"""Asks whether an action on one leg shall run, and has it carried out after a yes."""

from __future__ import annotations

from trunktui.model.action import Consent, Prepared, Verb
from trunktui.present.cells import Line
from trunktui.present.confirm import confirm_lines
from trunktui.tui.asking_screen import GRACE_S as GRACE_S
from trunktui.tui.asking_screen import AskingScreen
from trunktui.tui.ports import Reply
from trunktui.tui.progress_screen import ProgressScreen
from trunktui.tui.stage import Stage


class ConfirmScreen(AskingScreen[Prepared], inherit_bindings=False):
    """The confirmation of `verb` on `leg_id`."""

    BINDINGS = AskingScreen.BINDINGS

    def __init__(self, stage: Stage, verb: Verb, leg_id: str) -> None:
        super().__init__(stage, leg_id, (leg_id.rpartition("@")[0], leg_id))
        self._verb = verb
        self._leg_id = leg_id

    async def prepare(self, consent: Consent) -> Reply:
        """Ask the engine what would run now."""
        return await self._stage.doer.prepare(self._verb, self._leg_id, consent)

    def found_in(self, reply: Reply) -> Prepared | None:
        """Return the action that was prepared."""
        return reply.prepared

    def seen(self, prepared: Prepared) -> tuple[object, ...]:
        """Return what runs, and where."""
        return prepared.plan, prepared.commands, prepared.over

    def plan_lines(self, prepared: Prepared, note: str, width: int) -> tuple[Line, ...]:
        """Return the plan and the guards in lines."""
        return confirm_lines(prepared, self._stage.watch.snapshot, note, width)

    def begin(self, prepared: Prepared, consent: Consent) -> None:
        """Have it carried out, and show how it goes."""
        self._stage.doer.perform(prepared, consent)
        self.app.switch_screen(ProgressScreen(self._stage, self._leg_id))
