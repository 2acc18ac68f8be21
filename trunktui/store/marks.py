"""Maintenance and acknowledgements in the state folder: what was acknowledged to an operator is on disk.

`marks.jsonl` is added to under a lock and synced, as the audit log is; ends are lines too. Marks that have been over
for long are left out when it is written anew, which puts a whole file in the place of the old one. Not async: an
event loop calls it in a thread.
"""

from __future__ import annotations

from collections.abc import Callable, Collection, Iterable, Iterator, Sequence
from contextlib import contextmanager, suppress
from datetime import datetime, timedelta
from itertools import count
from pathlib import Path

from msgspec import Struct, structs

from trunktui.model.audit import Who
from trunktui.model.marks import Ack, End, EndCause, Kept, Maintenance, Mark, MarksNote
from trunktui.model.text import clean
from trunktui.store.errors import place, why
from trunktui.store.ledger import Ledger, Tail
from trunktui.store.marklines import LaterVersion, Read, Unreadable, line_of, read_line, sound, tidy_mark
from trunktui.store.safety import UnsafeError
from trunktui.store.shared import Stamp, cure, later_line, read_whole, stamp_of, unreadable_lines

__all__ = ["FILE_NAME", "Change", "MarkBook", "Marks", "MarksError", "Stamp"]

FILE_NAME = "marks.jsonl"

KEEP = timedelta(days=30)
"""For how long a mark that is over can still be listed."""

MOST_OPEN = 1000
"""Marks that are not over; more are refused."""

MOST_OVER = 2000
"""Marks that are over and still listed, the newest."""

SIZE_LIMIT = 8 * 1024 * 1024
"""Bytes of a file that is read; what the limits above allow is about a half of that."""


class MarksError(Exception):
    """Nothing was marked. The text is one clean line with the place and the way out."""


class Marks(Struct, frozen=True):
    """All that the file holds, oldest first. `note` says what of it could not be read."""

    kept: tuple[Kept, ...] = ()
    note: MarksNote = MarksNote(read=True)

    def open(self, now: datetime) -> tuple[Mark, ...]:
        """Return the marks that nobody ended and whose time is not over."""
        return tuple(
            one.mark for one in self.kept if one.end is None and (one.over_at is None or now < one.over_at)
        )


class Change(Struct, frozen=True):
    """A mark began, or ended (`end`)."""

    mark: Mark
    end: End | None = None


class MarkBook:
    """The marks of the state folder. Several processes may use it at once.

    `noted` is told of each change that this process made, once it is on disk; nothing is undone where it fails.
    """

    def __init__(
        self, folder: Path, noted: Callable[[Change], None] = lambda _: None, keep: timedelta = KEEP
    ) -> None:
        self.path = folder / FILE_NAME
        self._place = place(self.path)
        self._ledger = Ledger(self.path)
        self._noted = noted
        self._keep = keep

    def stamp(self) -> Stamp | None:
        """Return what differs once anybody changed the file; None where there is none, or it cannot be seen."""
        return stamp_of(self.path)

    def read(self) -> Marks:
        """Return everything that can be read; what cannot is said in the note. Never raises OSError."""
        try:
            return self._parsed(read_whole(self.path, SIZE_LIMIT))
        except FileNotFoundError:
            return Marks()
        except (OSError, UnsafeError) as error:
            notice = clean(
                f"maintenance and acknowledgements are not known: {self._place}: {why(error)}", 300
            )
            return Marks(note=MarksNote(read=False, notice=notice))

    def begin(self, mark: Mark, now: datetime) -> Mark:
        """Write a mark to the disk and return it as it is kept. Raises MarksError, and then it counts for nothing."""
        mark = tidy_mark(mark)
        if not mark.reason.strip():
            raise MarksError("nothing was marked: say why")
        if not sound(mark):
            raise MarksError(
                "nothing was marked: a maintenance needs an end, within 30 days of its beginning"
            )
        with self._writing() as (tail, before):
            already = len(before.open(now))
            if already >= MOST_OPEN:
                raise MarksError(f"nothing was marked: {already} marks are open already; end some first")
            mark = structs.replace(mark, id=_unused(mark.id, {one.mark.id for one in before.kept}))
            self._add(tail, [mark], before, now)
        self._noted(Change(mark))
        return mark

    def end(
        self, ids: Iterable[str], now: datetime, cause: EndCause, who: Who | None = None, words: str = ""
    ) -> tuple[Mark, ...]:
        """End the marks of these ids that are open still, and return them. Raises MarksError."""
        wanted = set(ids)
        with self._writing() as (tail, before):
            going = [mark for mark in before.open(now) if mark.id in wanted]
            ends = [End(mark.id, now, cause, who, clean(words)) for mark in going]
            if ends:
                self._add(tail, ends, before, now)
        for mark, end in zip(going, ends, strict=True):
            self._noted(Change(mark, end))
        return tuple(going)

    @contextmanager
    def _writing(self) -> Iterator[tuple[Tail, _Content]]:
        """Hold the lock, with what stands in the file. Raises MarksError for whatever keeps it from being added to."""
        try:
            with self._ledger.locked() as tail:
                data = tail.read(SIZE_LIMIT + 1)
                if len(data) > SIZE_LIMIT:
                    raise MarksError(
                        f"nothing was marked: {self._place} is too large to be ours; move it away"
                    )
                content = _Content(data)
                if content.later:
                    raise MarksError(f"nothing was marked: {self._later(content)}")
                yield tail, content
        except FileNotFoundError as error:
            folder = place(self.path.parent)
            raise MarksError(
                f"nothing was marked: the state folder {folder} is not there; make it"
            ) from error
        except (OSError, UnsafeError) as error:
            raise MarksError(f"nothing was marked: {self._place}: {why(error)}{cure(error)}") from error

    def _add(self, tail: Tail, deeds: Sequence[Mark | End], before: _Content, now: datetime) -> None:
        """Write lines and see them to the disk, or none of them; then leave out what has been over for long."""
        lines = [line_of(deed) for deed in deeds]
        data = b"\n".join(lines)
        try:
            (tail.add if before.lines else tail.add_first)(data)
        except OSError:
            tail.take_back()
            raise
        after = _Content(b"\n".join((*before.lines, *lines)))
        if (shorter := after.shortened(now - self._keep, now)) is not None:
            with suppress(OSError):  # it is stored; a disk too full for a second file keeps the long one
                tail.replace(shorter)

    def _parsed(self, data: bytes) -> Marks:
        content = _Content(data)
        if content.later:
            notice = clean(f"maintenance and acknowledgements are not known: {self._later(content)}", 300)
            return Marks(note=MarksNote(read=False, notice=notice))
        notice = clean(unreadable_lines(self._place, content.unreadable), 300)
        return Marks(content.kept, MarksNote(read=True, notice=notice))

    def _later(self, content: _Content) -> str:
        return later_line(self._place, *content.later[0])


class _Content:
    """The lines of the file and what each says. `unreadable` and `later` name lines from 1; torn ones are not told."""

    def __init__(self, data: bytes) -> None:
        numbered = [(number, line) for number, line in enumerate(data.split(b"\n"), 1) if line]
        self.lines = [line for _, line in numbered]
        self.said = [read_line(line) for line in self.lines]
        pairs = [(number, said) for (number, _), said in zip(numbered, self.said, strict=True)]
        self.later = [(number, said.version) for number, said in pairs if isinstance(said, LaterVersion)]
        self.unreadable = [number for number, said in pairs if isinstance(said, Unreadable) and not said.torn]

    @property
    def kept(self) -> tuple[Kept, ...]:
        """Every mark with its end, in the order in which they were made."""
        ends: dict[str, End] = {}
        for said in self.said:
            if isinstance(said, End):
                ends.setdefault(said.id, said)
        return tuple(
            Kept(said, ends.get(said.id)) for said in self.said if isinstance(said, Maintenance | Ack)
        )

    def open(self, now: datetime) -> tuple[Mark, ...]:
        """Return the marks that are not over."""
        return Marks(self.kept).open(now)

    def shortened(self, before: datetime, now: datetime) -> bytes | None:
        """Return the file without marks that were over `before` that time, and without torn lines.

        None where there is nothing to leave out. What cannot be read stays as it is.
        """
        kept = self.kept
        over = sorted(
            (one for one in kept if one.over_at is not None and one.over_at <= now),
            key=lambda one: one.over_at or now,
        )
        gone = {one.mark.id for one in over if (one.over_at or now) < before}
        gone |= {one.mark.id for one in over[:-MOST_OVER]}
        known = {one.mark.id for one in kept} - gone
        stay = [line for line, said in zip(self.lines, self.said, strict=True) if _stays(said, known)]
        return None if len(stay) == len(self.lines) else b"".join(line + b"\n" for line in stay)


def _unused(name: str, used: Collection[str]) -> str:
    """Return `name`, with a number where it is taken: ids are short, and one that ended must not end another."""
    names = (name if number == 1 else f"{name}-{number}" for number in count(1))
    return next(one for one in names if one not in used)


def _stays(said: Read, known: Collection[str]) -> bool:
    match said:
        case Maintenance(id=name) | Ack(id=name) | End(id=name):
            return name in known
        case Unreadable(torn=torn):
            return not torn
    return True
