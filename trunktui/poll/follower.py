"""Follows files on one SBC over the connection of its polls: each new line once, so much a look and no more.

What a look costs is bounded in bytes and in time; what is left is read at the next. A fault here is the file's own
status and never a failed poll. The position moves in the same step in which lines are handed on, so that a
connection that breaks off loses none and brings none twice.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import NoReturn, Protocol

from msgspec import Struct

from trunktui.model.ask import Answer, SshAsk
from trunktui.model.link import LinkError
from trunktui.model.observation import Box
from trunktui.model.tail import TailFacts, TailFile, TailState, TailStatus
from trunktui.model.text import Safe, clean
from trunktui.platforms import boxtail
from trunktui.platforms.boxtail import Fault, Piece, Place
from trunktui.poll.guard import Guard
from trunktui.poll.trail import LARGEST, LOOK_BACK, SMALLEST, Position, Step, anew, begin, step, unread
from trunktui.transport.port import Asker

MOST = 8 * 1024 * 1024
"""Bytes read of one file at one look."""

_QUICK_S = 1.0
_LEAST_S = 0.5
"""Nothing more is asked with less time left than this."""

_LONGEST_S = 5
_SPARE_S = 2.5
"""What is granted to an ask beyond the limit of its commands: they end on the far side, and the connection is kept."""

_LINGER_S = 120.0
"""A file that was moved away may be written on for a while, until the software opens the new one."""

_MOST_MOVED = 8
_MOST_DONE = 32
_NO_ZONE = "its times cannot be placed: this SBC does not tell its zone (date -Ins)"
_NOT_PLAIN = "its path cannot be asked for: only letters, digits, blanks and _ . , : = @ + - may stand in it"
_BROKE_OFF = "the answer broke off; read on at the next look"


class Moved(Struct, frozen=True):
    """A file that was found moved away at monotonic second `at`, and how far it was read; `path`: where to, if known."""

    position: Position
    at: float
    path: str | None = None


class Trail(Struct):
    """One followed file between looks; kept as long as what was read of it counts.

    `begun`: it was there once, so that a new file of its name is news from its first byte. `done`: moved files that were
    read to their ends and let go of. `window`: bytes to ask for.
    """

    file: TailFile
    status: TailStatus
    path: str
    position: Position | None = None
    moved: tuple[Moved, ...] = ()
    begun: bool = False
    done: tuple[str, ...] = ()
    window: int = LOOK_BACK
    lost: int = 0


class Parser(Protocol):
    """What understands the lines (a `platforms.contract.Platform`)."""

    def parse_tail(self, file: TailFile, lines: tuple[Safe, ...], box: Box) -> TailFacts:
        """Read new lines of a file."""


class Heard(Protocol):
    """Takes what new lines of a file say (often nothing), and how its following goes."""

    def __call__(self, file: TailFile, facts: TailFacts, status: TailStatus) -> None:
        """Take it."""


class _Stop(Exception):  # noqa: N818 - no error: the way out of a look
    """This look at a file is over; the trail's status says why. `link`: nothing more can be asked at all."""

    def __init__(self, *, link: bool = False) -> None:
        super().__init__()
        self.link = link


class _Look(Struct):
    """One look at one file: until when, how many bytes may still be read, and with whose clock and zone."""

    trail: Trail
    until: float
    left: int
    box: Box
    asked: int = 0
    others: dict[str, Place] | None = None


class Follower:
    """Follows the files of one SBC; `clock` is monotonic."""

    def __init__(
        self, sbc: str, parser: Parser, asker: Asker, heard: Heard, *, clock: Callable[[], float]
    ) -> None:
        self._parser = parser
        self._asker = asker
        self._heard = heard
        self._clock = clock
        self._guard = Guard(sbc)

    async def follow(
        self, files: tuple[TailFile, ...], trails: dict[str, Trail], box: Box, until: float, most: int = MOST
    ) -> None:
        """Read what is new in `files`, up to monotonic second `until`; raises nothing unless cancelled.

        `trails` are the files as they were left, by `name_of`; others than `files` are taken out. `box` has the
        SBC's clock and zone. An ask that is out at `until` may take some seconds more.
        """
        names = [name_of(file) for file in files]
        for name in set(trails) - set(names):
            del trails[name]
        for name, file in zip(names, files, strict=True):
            trail = trails.setdefault(name, Trail(file, TailStatus(file), file.path))
            try:
                if not await self._guard.run(self._one(_Look(trail, until, most, box))):
                    return
            except LinkError as error:  # a defect, as the guard words it
                self._say(trail, TailState.UNREADABLE, error.reason)

    async def _one(self, look: _Look) -> bool:
        """Look at one file; return whether another may be asked for after it."""
        try:
            await self._follow(look)
        except _Stop as stop:
            return not stop.link
        return True

    async def _follow(self, look: _Look) -> None:
        trail = look.trail
        if trail.file.why:
            return self._say(trail, TailState.OFF, trail.file.why)
        if not boxtail.followable(trail.path):
            return self._say(trail, TailState.UNREADABLE, Safe(_NOT_PLAIN))
        if look.box.zone_s is None or look.box.clock_s is None:
            return self._say(trail, TailState.UNREADABLE, Safe(_NO_ZONE))
        if trail.position is not None and not trail.moved and await self._read(look):
            return None  # nearly always: it is where it was
        place = await self._place(look)
        await self._turn(look, place)
        await self._read_moved(look)
        if isinstance(place, Fault):
            self._stop(trail, place)
        await self._read(look)
        return None

    async def _place(self, look: _Look) -> Place | Fault:
        """Ask what the file's name leads to; while it was never there, also what its other names do."""
        trail = look.trail
        names = (trail.path,) if trail.begun else (trail.file.path, *trail.file.others)
        found: list[Fault] = []
        for name in names:
            place = boxtail.looked(await self._ask(look, boxtail.look_ask(name)), name)
            if isinstance(place, Place):
                trail.path = name
                return place
            found.append(place)
        # That it is somewhere and may not be read says more than that it is not elsewhere.
        return next((fault for fault in found if fault.state is not TailState.MISSING), found[0])

    async def _turn(self, look: _Look, place: Place | Fault) -> None:
        """Note what the name leads to now: the file that is followed, another one, or none."""
        trail = look.trail
        if isinstance(place, Fault) and place.state is not TailState.MISSING:
            self._stop(trail, place)
        key = place.key if isinstance(place, Place) else None
        if trail.position is None or trail.position.key != key:
            gone = trail.moved
            if trail.position is not None:
                gone = (*gone, Moved(trail.position, self._clock()))
            if gone:
                gone = (*gone, *await self._between(look, gone, key))
            trail.lost += sum(unread(moved.position) for moved in gone[:-_MOST_MOVED])
            trail.moved, trail.position = gone[-_MOST_MOVED:], None
        if isinstance(place, Place) and trail.position is None:
            trail.position = anew(place) if trail.begun else begin(place)
            trail.begun = True

    async def _between(self, look: _Look, gone: tuple[Moved, ...], key: str | None) -> list[Moved]:
        """Return the files that came and were moved away since the last look, `gone` and the present one aside."""
        trail, others = look.trail, await self._others(look)
        last = next((place for place in others.values() if place.key == gone[-1].position.key), None)
        if last is None:
            return []
        known = {key, *trail.done, *(moved.position.key for moved in gone)}
        found = [
            (place.written, name, place)
            for name, place in others.items()
            if name.startswith(trail.path) and place.key not in known and place.written >= last.written
        ]
        return [
            Moved(anew(place), self._clock(), name) for _, name, place in sorted(found, key=lambda f: f[:2])
        ]

    async def _others(self, look: _Look) -> dict[str, Place]:
        """Return what else is in the file's folder, by name; asked once a look."""
        if look.others is None:
            path = look.trail.path
            names = boxtail.others(await self._ask(look, boxtail.others_ask(path)), path)
            look.others = (
                boxtail.looks(await self._ask(look, boxtail.looks_ask(names)), names) if names else {}
            )
        return look.others

    async def _read(self, look: _Look) -> bool:
        """Read the file to its end; False where its name leads to another one by now."""
        trail = look.trail
        while (position := trail.position) is not None:
            began = self._clock()
            read = await self._piece(look, trail.path, position)
            if isinstance(read.before, Fault) and read.before.state is not TailState.MISSING:
                self._stop(trail, read.before)
            if read.place is None or read.place.key != position.key:
                return False
            took = step(position, read.reply, read.place, look.asked)
            if took is None:  # emptied, and perhaps written anew
                trail.lost += unread(position)
                trail.position = anew(read.place)
                continue
            trail.position = took.position
            self._take(look, took)
            if not took.more:
                self._say(trail, TailState.OK, _lost(trail), read_to=began)
                return True
        return False

    async def _read_moved(self, look: _Look) -> None:
        """Read what is left in files that were moved away, for as long as somebody may still write to them."""
        trail = look.trail
        for moved in trail.moved:
            whole = moved.path is not None and await self._read_one_moved(look, moved.path, moved)
            if not whole:  # not there any more: moved once more, or packed, or it was not known where to
                key = moved.position.key
                others = await self._others(look)
                path = next((name for name, place in others.items() if place.key == key), None)
                whole = path is not None and await self._read_one_moved(look, path, moved)
            if not whole or (trail.position is not None and self._clock() - moved.at > _LINGER_S):
                left = [m for m in trail.moved if m.position.key == moved.position.key]
                trail.lost += sum(unread(m.position) for m in left)
                trail.moved = tuple(m for m in trail.moved if m not in left)
                trail.done = (*trail.done, moved.position.key)[-_MOST_DONE:]

    async def _read_one_moved(self, look: _Look, path: str, moved: Moved) -> bool:
        """Read one of them to its end; False where it is not at `path`."""
        trail, position = look.trail, moved.position
        while True:
            read = await self._piece(look, path, position)
            place = read.place
            if place is None or place.key != moved.position.key:
                return False
            took = step(position, read.reply, place, look.asked)
            if took is None:  # emptied before it was moved, if it is not another file on its inode
                if not path.startswith(trail.path):
                    return False
                trail.lost += unread(position)
                took = Step(anew(place), (), more=True)
            position = took.position
            now = Moved(position, moved.at, path)
            trail.moved = tuple(now if m.position.key == position.key else m for m in trail.moved)
            self._take(look, took)
            if not took.more:
                return True

    async def _piece(self, look: _Look, path: str, position: Position) -> Piece:
        """Ask for the next piece of a file; what it took tells how much to ask for the next time."""
        trail = look.trail
        if look.left < SMALLEST or look.until - self._clock() < _LEAST_S:
            positions = [moved.position for moved in trail.moved]
            positions += [] if trail.position is None else [trail.position]
            self._say(trail, TailState.BEHIND, _lost(trail), behind=sum(map(unread, positions)))
            raise _Stop
        look.asked, began = min(trail.window, look.left), self._clock()
        answer = await self._ask(
            look, boxtail.read_ask(path, position.start, look.asked, self._limit_s(look))
        )
        read = boxtail.piece(answer, path)
        if boxtail.unanswered(answer):
            trail.window = max(trail.window // 2, SMALLEST)
            if read.reply.status is None or isinstance(read.after, Fault):
                self._say(trail, TailState.UNREADABLE, Safe(_BROKE_OFF))
                raise _Stop
        elif read.reply.size >= look.asked and self._clock() - began < _QUICK_S:
            trail.window = min(2 * trail.window, LARGEST)
        place = read.place
        if read.reply.status and not read.reply.size and place is not None and place.size >= position.offset:
            self._stop(trail, boxtail.fault(read.reply, path, place.gid))
        look.left -= max(read.reply.size, 1)
        return read

    def _take(self, look: _Look, took: Step) -> None:
        """Hand on what a piece brought. The position has moved already: it is never handed on again."""
        trail = look.trail
        trail.lost += took.lost
        if took.lines:
            facts = self._parser.parse_tail(trail.file, took.lines, look.box)
            if facts != TailFacts():
                self._heard(trail.file, facts, trail.status)

    async def _ask(self, look: _Look, ask: SshAsk) -> Answer:
        try:
            return await self._asker.ask(ask, self._limit_s(look) + _SPARE_S)
        except LinkError as error:
            look.trail.window = max(look.trail.window // 2, SMALLEST)
            self._say(look.trail, TailState.UNREADABLE, error.reason)
            raise _Stop(link=True) from None

    def _limit_s(self, look: _Look) -> int:
        return max(1, min(_LONGEST_S, int(look.until - self._clock())))

    def _stop(self, trail: Trail, fault: Fault) -> NoReturn:
        self._say(trail, fault.state, fault.why)
        raise _Stop

    def _say(
        self, trail: Trail, state: TailState, why: Safe, *, read_to: float | None = None, behind: int = 0
    ) -> None:
        trail.status = TailStatus(
            file=trail.file,
            state=state,
            why=why,
            read_to=trail.status.read_to if read_to is None else read_to,
            behind=behind,
            lost=trail.lost,
            path=trail.path,
        )
        self._heard(trail.file, TailFacts(), trail.status)


def name_of(file: TailFile) -> str:
    """Return what tells one followed file of an SBC from another."""
    return f"{file.kind}:{file.format or ''}:{file.path}"


def _lost(trail: Trail) -> Safe:
    if not trail.lost:
        return Safe("")
    return clean(f"{trail.lost} bytes were gone before they were read: rotate less often, pack later")
