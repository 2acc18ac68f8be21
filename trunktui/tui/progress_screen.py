"""An action while it runs and how it ended: it stays until it is dismissed, and leaving it cancels nothing."""

from __future__ import annotations

from trunktui.model.acting import Ended
from trunktui.present.acting import ended_lines, progress_lines
from trunktui.present.cells import Line
from trunktui.tui.keys import EVERYWHERE, PAGE, bindings
from trunktui.tui.stage import PathPage, Scrolls, Stage, StageScreen


class _Telling(PathPage, Scrolls, StageScreen, inherit_bindings=False):
    """A page of lines under a path."""

    BINDINGS = [*bindings(PAGE), *bindings(EVERYWHERE)]  # noqa: RUF012 - Textual's way

    def __init__(self, stage: Stage, path: str) -> None:
        super().__init__(stage, PAGE)
        self.lay(stage, path)

    def lines(self) -> tuple[Line, ...]:
        """Return what the page shows now."""
        raise NotImplementedError

    def tick(self, *, table: bool) -> None:  # noqa: ARG002 - seconds count here
        """Let a second pass."""
        self.draw()
        self._foot.tick(self._stage.clock())

    def draw(self) -> None:
        """Bring the page up to date."""
        self._page.show(self.lines())
        self.draw_head(self.size.width)

    def action_back(self) -> None:
        """Go back."""
        self.dismiss()

    def scrolled(self) -> None:
        """Tell the position."""
        self.draw()


class ProgressScreen(_Telling):
    """The action on one leg (or group); once it has ended, going back dismisses how."""

    def __init__(self, stage: Stage, about: str) -> None:
        super().__init__(stage, about)
        self._about = about

    def lines(self) -> tuple[Line, ...]:
        """Return how far it is, or how it ended."""
        doer, width = self._stage.doer, self.size.width
        ended = doer.end_of(self._about)
        if ended is not None:
            return ended_lines(ended, width)
        return progress_lines(doer.running(self._about), self._stage.clock(), width)

    def action_back(self) -> None:
        """Go back; what has been seen to its end is dismissed."""
        self._stage.doer.dismiss(self._about)
        self.dismiss()


class EndedScreen(_Telling):
    """How several actions ended, as `:verify` found."""

    def __init__(self, stage: Stage, ended: tuple[Ended, ...]) -> None:
        super().__init__(stage, "unfinished actions")
        self._ended = ended

    def lines(self) -> tuple[Line, ...]:
        """Return each of them, a blank line apart."""
        lines: list[Line] = []
        for one in self._ended:
            lines += [*ended_lines(one, self.size.width), ()]
        return tuple(lines)
