"""Chooses where a group shall go: its trunks, one a row, with what the guards would say to each; sends nothing.

The page stays on the leg it was opened for. What stands in the way of a row is the guards' own word: each trunk is
prepared as a switch, again and again, as the confirm screen does for the one that is chosen then.
"""

from __future__ import annotations

from trunktui.model.action import Consent, Sweep
from trunktui.model.snapshot import GroupStatus
from trunktui.model.switch import SwitchKind, Wish
from trunktui.present.cells import Cell, Line, Role
from trunktui.present.choosing import (
    Choice,
    Looked,
    choices,
    choosing_lines,
    cursor_line,
    first_choice,
    is_outage,
    not_switchable,
    routed_sbcs,
    switchable,
)
from trunktui.present.words import wrap
from trunktui.tui.keys import CHOOSE, EVERYWHERE, bindings
from trunktui.tui.stage import PathPage, Scrolls, Stage, StageScreen
from trunktui.tui.switch_pages import SwitchConfirmScreen


class SwitchScreen(PathPage, Scrolls, StageScreen, inherit_bindings=False):
    """The trunks of each group of the leg `leg_id` that can be switched."""

    BINDINGS = [*bindings(CHOOSE), *bindings(EVERYWHERE)]  # noqa: RUF012 - Textual's way

    def __init__(self, stage: Stage, leg_id: str) -> None:
        super().__init__(stage, CHOOSE)
        self.lay(stage, f"{leg_id} > switch")
        self._leg_id = leg_id
        self._sbc = leg_id.rpartition("@")[2]
        self._everywhere = is_outage(stage.watch.snapshot, leg_id)
        self._answers: dict[Choice, Sweep | str] = {}
        self._cursor: Choice | None = None
        self._asking = False
        self._confirm: SwitchConfirmScreen | None = None

    def on_mount(self) -> None:
        """Ask what each row would run."""
        self._ask()

    def on_screen_resume(self) -> None:
        """Go away once a switch was begun from here: that is what the page was there for (the base class draws)."""
        if self._confirm is not None and self._confirm.begun:
            self.dismiss()

    def tick(self, *, table: bool) -> None:
        """Let a second pass; with `table` the guards are asked again."""
        if table:
            self._ask()
        self._draw_head()
        self._foot.tick(self._stage.clock())

    def draw(self) -> None:
        """Bring the page up to date."""
        looked = self._looked()
        width = self.size.width
        if looked.groups:
            snapshot, now = self._stage.watch.snapshot, self._stage.clock()
            self._page.show(choosing_lines(looked, snapshot, now, width))
            self._page.keep_in_view(cursor_line(looked))
        else:
            self._page.show(_said(not_switchable(self._stage.watch.snapshot, self._leg_id), width))
        self._draw_head()

    def scrolled(self) -> None:
        """Tell the position."""
        self._draw_head()

    def action_back(self) -> None:
        """Go back; nothing is sent."""
        self.dismiss()

    def action_move(self, by: int) -> None:
        """Take the next row."""
        rows = choices(self._groups())
        if rows:
            at = rows.index(self._cursor) if self._cursor in rows else 0
            self._cursor = rows[min(max(at + by, 0), len(rows) - 1)]
            self.draw()

    def action_sbcs(self) -> None:
        """Switch on the leg's own SBC alone, or on all."""
        self._everywhere = not self._everywhere
        self._answers.clear()
        self._ask()
        self.draw()

    def action_choose(self) -> None:
        """Show what the switch to the trunk of this row would run."""
        cursor = self._looked().cursor
        if cursor is None:
            return
        if self._stage.write_left() is None:
            self.say("read-only: type :write on the fleet to unlock write mode for 15 minutes")
            return
        self._confirm = SwitchConfirmScreen(self._stage, self._wish(cursor))
        self.app.push_screen(self._confirm)

    def leg_meant(self) -> str | None:
        """Return the leg that the page was opened for."""
        return self._leg_id

    def _groups(self) -> tuple[GroupStatus, ...]:
        return switchable(self._stage.watch.snapshot, self._leg_id)

    def _looked(self) -> Looked:
        groups = self._groups()
        rows = choices(groups)
        if self._cursor not in rows:
            self._cursor = first_choice(groups, self._leg_id)
        sbcs = {group.name: self._sbcs(group) for group in groups}
        return Looked(groups, self._cursor, sbcs, self._answers)

    def _sbcs(self, group: GroupStatus) -> tuple[str, ...]:
        """Return on which SBCs a group would be switched."""
        every = routed_sbcs(group)
        return every if self._everywhere or self._sbc not in every else (self._sbc,)

    def _wish(self, choice: Choice) -> Wish:
        group = next(one for one in self._groups() if one.name == choice.group)
        return Wish(SwitchKind.SWITCH, choice.group, to=choice.trunk, sbcs=self._sbcs(group))

    def _ask(self) -> None:
        if not self._asking:
            self._asking = True
            self.run_worker(self._asked(), name="prepare", exit_on_error=True)

    async def _asked(self) -> None:
        """Have each row prepared, the cursor's first; what was asked of other SBCs meanwhile does not count."""
        everywhere = self._everywhere
        rows = sorted(choices(self._groups()), key=lambda row: row != self._looked().cursor)
        for row in rows:
            reply = await self._stage.doer.prepare_switch(self._wish(row), Consent())
            if everywhere is not self._everywhere:
                break
            self._answers[row] = reply.text if reply.sweep is None else reply.sweep
            self.draw()
        self._asking = False
        if everywhere is not self._everywhere:
            self._ask()

    def _draw_head(self) -> None:
        self.draw_head(self.size.width)


def _said(text: str, width: int) -> tuple[Line, ...]:
    return tuple((Cell(f" {piece}", Role.WARN),) for piece in wrap(text, width - 2))
