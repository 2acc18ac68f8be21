"""The last line: hints, a message for a few seconds, or a filter, command or answer while it is typed."""

from __future__ import annotations

from enum import Enum

from textual import events
from textual.message import Message

from trunktui.model.text import clean
from trunktui.present.cells import Cell, Line, Role
from trunktui.present.layout import cut_line
from trunktui.present.words import cell_width, tail
from trunktui.tui.commands import completed
from trunktui.tui.keys import Key, hint_line
from trunktui.tui.lines import Lines
from trunktui.tui.paint import Palette

MESSAGE_S = 6.0
"""For how long a message stands in place of the hints, at least."""

_READ_PER_S = 8.0
"""Characters that are read in a second: a long message stands longer."""

_MOST_TYPED = 240


class _Typed(Enum):
    """What is being typed, by the hint that stands behind it."""

    FILTER = "enter keeps, esc clears"
    COMMAND = "enter runs, tab completes, esc cancels"
    ANSWER = "enter, esc is no"


class Foot(Lines):
    """Shows the hints of `keys`, a message, or what is being typed. Without `everywhere` only `keys` work here.

    It never has the focus: the screen hands keys over while `typing`. A focus would arrive too late for keys
    typed fast, and they would act as commands.
    """

    class Typed(Message):
        """The filter text changed: it applies at once."""

        def __init__(self, text: str) -> None:
            super().__init__()
            self.text = text

    class Command(Message):
        """A command was typed and ended by enter."""

        def __init__(self, text: str) -> None:
            super().__init__()
            self.text = text

    class Answer(Message):
        """A question was answered and ended by enter."""

        def __init__(self, text: str) -> None:
            super().__init__()
            self.text = text

    class Refused(Message):
        """A question was left by escape."""

    class Done(Message):
        """Typing a filter ended: by enter (`kept`) or by escape."""

        def __init__(self, *, kept: bool) -> None:
            super().__init__()
            self.kept = kept

    def __init__(
        self,
        palette: Palette,
        keys: tuple[Key, ...],
        *,
        id: str | None = None,  # noqa: A002
        everywhere: bool = True,
    ) -> None:
        super().__init__(palette, id=id)
        self._keys = keys
        self._everywhere = everywhere
        self._kind = _Typed.FILTER
        self._question = ""
        self._about = ""
        self._typing: str | None = None
        self._message = ""
        self._message_until = 0.0

    @property
    def typing(self) -> bool:
        """Whether anything is being typed."""
        return self._typing is not None

    def start_typing(self, text: str) -> None:
        """Begin to edit the filter `text`."""
        self._typing, self._kind = text, _Typed.FILTER
        self._draw()

    def start_command(self, text: str = "", about: str = "") -> None:
        """Begin to type a command, `text` being typed already; `about` names what it will be about."""
        self._typing, self._kind, self._message, self._about = text, _Typed.COMMAND, "", about
        self._draw()

    def start_answer(self, question: str) -> None:
        """Begin to type the answer to a question of a few words."""
        self._typing, self._kind, self._message, self._question = "", _Typed.ANSWER, "", question
        self._draw()

    def stop(self) -> None:
        """Drop what is being typed."""
        self._typing = None
        self._draw()

    def offer(self, keys: tuple[Key, ...]) -> None:
        """Show the hints of other keys from now on."""
        if keys != self._keys:
            self._keys = keys
            self._draw()

    def say(self, message: str, now: float) -> None:
        """Show one line of our own words for a few seconds."""
        self._message, self._message_until = message, now + max(MESSAGE_S, len(message) / _READ_PER_S)
        self._draw()

    def tick(self, now: float) -> None:
        """Let a message go when its time is over."""
        if self._message and now >= self._message_until:
            self._message = ""
        self._draw()

    def take_key(self, event: events.Key) -> None:
        """Edit what is typed by one key; only while `typing`."""
        typed = self._typing or ""
        event.stop()
        event.prevent_default()
        if event.key in {"enter", "escape"}:
            self._end(typed, kept=event.key == "enter")
        elif event.key == "backspace" and self._kind is _Typed.COMMAND and not typed:
            self._end(typed, kept=False)  # as in vi: deleting the colon leaves the line
        elif event.key == "backspace":
            self._edit(typed[:-1])
        elif event.key == "tab" and self._kind is _Typed.COMMAND:
            self._edit(completed(typed))
        elif event.key == "ctrl+u":
            self._edit("")
        elif event.key == "ctrl+w":
            self._edit(typed.rstrip().rpartition(" ")[0])
        elif event.character is not None and event.character.isprintable():
            self._edit(typed + event.character)

    def take_paste(self, text: str) -> None:
        """Add pasted text to what is typed, cleaned and as one line; only while `typing`."""
        self._edit((self._typing or "") + " ".join(text.split()))

    def on_resize(self) -> None:
        """Choose the hints that fit the new width."""
        self._draw()

    def _edit(self, text: str) -> None:
        self._typing = clean(text, _MOST_TYPED)
        self._draw()
        if self._kind is _Typed.FILTER:
            self.post_message(self.Typed(self._typing))

    def _end(self, typed: str, *, kept: bool) -> None:
        self._typing = None
        self._draw()
        match self._kind:
            case _Typed.FILTER:
                self.post_message(self.Done(kept=kept))
            case _Typed.COMMAND if kept:
                self.post_message(self.Command(typed))
            case _Typed.ANSWER:
                self.post_message(self.Answer(typed) if kept else self.Refused())
            case _:
                return

    def _draw(self) -> None:
        self.show((self._text(),))

    def _text(self) -> Line:
        if self._typing is not None:
            marks = {_Typed.FILTER: "/", _Typed.COMMAND: ":", _Typed.ANSWER: f"{self._question}:"}
            mark, hint = f" {marks[self._kind]} ", self._kind.value
            if self._kind is _Typed.COMMAND and self._about:
                hint = f"{self._about}: enter runs, esc cancels"
            room = max(self.size.width - cell_width(mark) - 1, 1)
            typed = Cell(tail(self._typing, room))
            return (Cell(mark, Role.KEY), typed, Cell("▏"), Cell(f"   {hint}", Role.DIM))
        if self._message:
            return cut_line((Cell(f" {self._message}", Role.TITLE),), self.size.width)
        return hint_line(self._keys, self.size.width, everywhere=self._everywhere)
