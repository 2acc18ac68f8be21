"""What the screens that ask for a yes have in common: it is all shown first, no is the default, Enter alone is not yes.

Such a screen stays on what it was opened for. It asks the engine again every other second, so that the guards
rule on what is so now; a plan that differs from the one that was read drops whatever was typed to it.
"""

from __future__ import annotations

from typing import Generic, TypeVar

from msgspec.structs import replace
from textual import events

from trunktui.model.action import GLASS_WORDS, Consent, Prepared, Statement, Sweep
from trunktui.model.text import clean
from trunktui.present.cells import Cell, Line, Role
from trunktui.present.confirm import missing
from trunktui.present.words import wrap
from trunktui.tui.foot import Foot
from trunktui.tui.keys import CONFIRM, LEAVING, NO, REFUSED, Key, bindings
from trunktui.tui.ports import Reply
from trunktui.tui.stage import PathPage, Scrolls, Stage, StageScreen

GRACE_S = 0.5
"""Keys that come sooner after the plan was drawn were pressed before it could be read."""

_CHANGED = "the plan is another one than you were reading: what was typed is dropped, read it again"
_ENTER = "enter alone is no yes: y sends it, esc does not"

P = TypeVar("P", Prepared, Sweep)


class AskingScreen(PathPage, Scrolls, StageScreen, Generic[P], inherit_bindings=False):
    """Asks whether what is about `subject` shall run. `names`: what may be typed to say that the cause was mended."""

    BINDINGS = [*bindings((*CONFIRM, *LEAVING))]  # noqa: RUF012 - Textual's way

    def __init__(self, stage: Stage, subject: str, names: tuple[str, ...] = ()) -> None:
        super().__init__(stage, (NO,), everywhere=False)
        self._names = names
        self.lay(stage, subject)
        self._prepared: P | None = None
        self._consent = Consent()
        self._trouble = ""
        self._note = ""
        self._asking = False
        self._again = False
        self._declined = False
        self._drawn_at: float | None = None
        self._question: Statement | None = None

    async def prepare(self, consent: Consent) -> Reply:
        """Ask the engine what would run now, and what the guards say to `consent`."""
        raise NotImplementedError

    def found_in(self, reply: Reply) -> P | None:
        """Return what a reply holds of this kind."""
        raise NotImplementedError

    def seen(self, prepared: P) -> tuple[object, ...]:
        """Return what makes it the action that was read: what runs, and where."""
        raise NotImplementedError

    def plan_lines(self, prepared: P, note: str, width: int) -> tuple[Line, ...]:
        """Return the lines that explain it; `note` says what changed meanwhile."""
        raise NotImplementedError

    def begin(self, prepared: P, consent: Consent) -> None:
        """Have it carried out, and show how it goes."""
        raise NotImplementedError

    def refused_keys(self, prepared: P) -> tuple[Key, ...]:  # noqa: ARG002 - for those that have more to offer
        """Return the keys that are offered while no yes would count."""
        return REFUSED

    def on_mount(self) -> None:
        """Ask what would run."""
        self._prepare()

    def tick(self, *, table: bool) -> None:
        """Let a second pass: the countdown goes on, and with `table` the engine is asked again."""
        if table:
            self._prepare()
        self._draw_head()
        self._foot.tick(self._stage.clock())

    def draw(self) -> None:
        """Show the plan as it stands."""
        self._page.show(self._lines())
        self._draw_head()

    def on_key(self, event: events.Key) -> None:
        """Drop keys that were pressed before the plan could be read; else give them to what is being typed."""
        if not self._readable and event.key != "escape":
            event.stop()
            event.prevent_default()
        elif self._foot.typing:
            self._foot.take_key(event)
        elif event.key == "colon":  # no command from here: the base class would begin one
            event.stop()
            event.prevent_default()

    def on_paste(self, event: events.Paste) -> None:
        """Take a pasted reason (the base class does); a name that is asked for is typed."""
        if self._question is not Statement.REASON:
            event.stop()
            event.prevent_default()

    def action_back(self) -> None:
        """Say no."""
        self.dismiss()

    def action_enter(self) -> None:
        """Say that this is no yes."""
        if self._ready:
            self.say(_ENTER)

    def action_yes(self) -> None:
        """Have it carried out, once nothing but this yes is missing."""
        if self._prepared is None or not self._ready or not self._readable:
            return
        self.begin(self._prepared, replace(self._consent, yes=True))

    def action_reason(self) -> None:
        """Begin to type a reason."""
        if self._ready:
            self._ask(Statement.REASON)

    def scrolled(self) -> None:
        """Tell the position."""
        self._draw_head()

    def on_foot_refused(self) -> None:
        """Take escape while typing for a no."""
        self.dismiss()

    def on_foot_answer(self, event: Foot.Answer) -> None:
        """Take a statement, and have the guards rule on it."""
        question, self._question = self._question, None
        self._consent = self._stated(question, event.text.strip())
        self._prepare()

    @property
    def _readable(self) -> bool:
        """Whether the plan has stood there long enough to be read."""
        return self._drawn_at is not None and self._stage.clock() - self._drawn_at >= GRACE_S

    @property
    def _ready(self) -> bool:
        """Whether nothing but the yes is missing."""
        return self._prepared is not None and self._prepared.wants == (Statement.YES,)

    def _anew(self, note: str) -> None:
        """Ask about something else from now on; what was said until now does not count."""
        self._prepared, self._consent, self._question = None, Consent(), None
        self._note, self._drawn_at, self._declined = note, None, False
        self._prepare()

    def _stated(self, question: Statement | None, text: str) -> Consent:
        match question:
            case Statement.FIXED:
                said = text in self._names
                self._note = (
                    "" if said else f"{clean(text, 40)!r} is not {self._names[0]}: it does not count as said"
                )
                return replace(self._consent, fixed=said)
            case Statement.GLASS:
                said = text.casefold() == GLASS_WORDS
                self._note = (
                    "" if said else f"{clean(text, 40)!r} is not {GLASS_WORDS}: it does not count as said"
                )
                return replace(self._consent, glass=said)
            case Statement.REASON:
                return replace(self._consent, reason=text)
            case Statement.LEG_NAME | Statement.GROUP_NAME:
                return replace(self._consent, typed=text)
            case _:
                return self._consent

    def _prepare(self) -> None:
        """Have the engine say what would run now; one question at a time."""
        if self._asking:
            self._again = True
            return
        self._asking = True
        self.run_worker(self._prepared_anew(), name="prepare", exit_on_error=True)

    async def _prepared_anew(self) -> None:
        consent = self._consent
        reply = await self.prepare(consent)
        self._asking = False
        if self._again or consent != self._consent:  # something was stated meanwhile
            self._again = False
            self._prepare()
            return
        prepared = self.found_in(reply)
        if prepared is None:
            self._prepared, self._trouble, self._question = None, reply.text, None
            self._foot.stop()
            self._foot.offer((NO,))
        else:
            self._take(prepared)
        self.draw()
        self.call_after_refresh(self._note_drawn)
        if self._prepared is not None and self._prepared.wants is None and not self._declined:
            self._declined = True
            await self._stage.doer.decline(self._prepared, consent)

    def _take(self, prepared: P) -> None:
        before, self._prepared, self._trouble = self._prepared, prepared, ""
        if before is not None and self.seen(before) != self.seen(prepared):
            self._note, self._drawn_at, self._consent = _CHANGED, None, Consent()
            self._question = None
            self._foot.stop()
        wants = missing(prepared)
        if wants:
            self._foot.offer((NO,))
            if self._question not in wants:
                self._ask(self._next(wants))
            return
        if self._question is not Statement.REASON or wants is None:
            self._question = None
            self._foot.stop()
        self._foot.offer(CONFIRM if self._ready else self.refused_keys(prepared))

    def _next(self, wants: tuple[Statement, ...]) -> Statement:
        """Return what to ask for now; where all was stated and did not satisfy the guard, the name is wrong."""
        stated = {
            Statement.FIXED: self._consent.fixed,
            Statement.LEG_NAME: bool(self._consent.typed),
            Statement.GROUP_NAME: bool(self._consent.typed),
            Statement.REASON: bool(self._consent.reason),
            Statement.GLASS: self._consent.glass,
        }
        unstated = [want for want in wants if not stated.get(want, False)]
        if unstated:
            return unstated[0]
        self._note = f"{clean(self._consent.typed, 40)!r} is not the name that is asked for"
        self._consent = replace(self._consent, typed="")
        return wants[0]

    def _ask(self, question: Statement) -> None:
        self._question = question
        self._foot.start_answer(
            {
                Statement.FIXED: f"fixed meanwhile? type {self._names[0] if self._names else 'yes'}",
                Statement.LEG_NAME: "type the leg's name",
                Statement.GROUP_NAME: "type the group's name",
                Statement.REASON: "reason",
                Statement.GLASS: f"type {GLASS_WORDS} to take it on",
                Statement.YES: "yes",
            }[question]
        )

    def _note_drawn(self) -> None:
        if self._drawn_at is None:
            self._drawn_at = self._stage.clock()

    def _lines(self) -> tuple[Line, ...]:
        width = self.size.width
        if self._trouble:
            return tuple((Cell(f" {piece}", Role.BAD),) for piece in wrap(self._trouble, width - 2))
        if self._prepared is None:
            return ((Cell(f" asking what would run on {self._subject} ...", Role.DIM),),)
        return self.plan_lines(self._prepared, self._note, width)

    def _draw_head(self) -> None:
        self.draw_head(self.size.width)
