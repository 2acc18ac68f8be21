"""The frames between the engine and a screen: 4 bytes of length, then msgspec MessagePack.

The engine says Hello, then one Fleet, then Changes (at least every HEARTBEAT_S, also when nothing changed);
another Fleet when the config changed; a Doing whenever write mode, an action's progress or the unfinished differ; a
History when it can no longer be kept, or can again.
The screen sends Asked, and gets an Answered with the same number. The end of the stream, or a reset, means that the
other side is gone.
"""

from __future__ import annotations

import asyncio
import struct
from typing import TypeVar

import msgspec
from msgspec import Struct

from trunktui.model.acting import Doings
from trunktui.model.correlation import Correlated
from trunktui.model.finding import CredentialAge, Finding
from trunktui.model.marks import MarksNote
from trunktui.model.recording import RecordsNote
from trunktui.model.request import Reply, Request
from trunktui.model.snapshot import GroupStatus, Headroom, LegStatus, SbcStatus, Snapshot
from trunktui.model.text import Safe

HEARTBEAT_S = 5.0
MAX_FRAME = 64 * 1024 * 1024
"""More than any fleet needs (a leg takes about 1 kB); a longer frame means that the stream is not ours."""

_LENGTH = struct.Struct(">I")


class Hello(Struct, frozen=True, tag="hello"):
    """The engine's first word: the version it runs, its process id."""

    version: str
    pid: int


class FleetFrame(Struct, frozen=True, tag="fleet"):
    """Everything: sent after Hello, and when the config changed."""

    snapshot: Snapshot


class Foreseen(Struct, frozen=True):
    """The findings and the ages of credentials, as in Snapshot."""

    findings: tuple[Finding, ...] | None
    credentials: tuple[CredentialAge, ...] | None


class Changes(Struct, frozen=True, tag="changes"):
    """What differs from the frame before: whole lists of SBCs, groups and verdicts, only the legs that changed.

    `foreseen`, `headroom` None: as before.
    """

    generation: int
    at: float
    sbcs: tuple[SbcStatus, ...]
    groups: tuple[GroupStatus, ...]
    legs: tuple[LegStatus, ...]
    gone: tuple[str, ...]
    marks: MarksNote = MarksNote()
    records: RecordsNote = RecordsNote()
    foreseen: Foreseen | None = None
    verdicts: tuple[Correlated, ...] = ()
    headroom: tuple[Headroom, ...] | None = None


class ConfigFrame(Struct, frozen=True, tag="config"):
    """What became of reading the config file again: the `text` now in force (None: as before).

    `fault` is what is wrong with the file as it stands, empty when nothing is.
    """

    text: str | None
    fault: Safe


class DoingFrame(Struct, frozen=True, tag="doing"):
    """What is to be known of actions now; an engine that never sent one is read-only and does nothing."""

    doings: Doings


class HistoryFrame(Struct, frozen=True, tag="history"):
    """Why no history is kept now, on one line; empty where it is, as it is until the first of these."""

    trouble: Safe


class Answered(Struct, frozen=True, tag="answered"):
    """What came of the request with this number."""

    number: int
    reply: Reply


class Asked(Struct, frozen=True, tag="asked"):
    """The screen's one frame: a request, numbered by the screen."""

    number: int
    request: Request


Frame = Hello | FleetFrame | Changes | ConfigFrame | DoingFrame | HistoryFrame | Answered


class ProtocolError(Exception):
    """The stream holds something that is no frame of ours."""


_frames: msgspec.msgpack.Decoder[Frame] = msgspec.msgpack.Decoder(Frame)
_requests: msgspec.msgpack.Decoder[Asked] = msgspec.msgpack.Decoder(Asked)
_T = TypeVar("_T")


def encode(frame: Frame | Asked) -> bytes:
    """Return a frame as it goes over the socket."""
    body = msgspec.msgpack.encode(frame)
    return _LENGTH.pack(len(body)) + body


async def read_frame(reader: asyncio.StreamReader) -> Frame | None:
    """Read one frame of an engine; None when it is gone. Raises ProtocolError on anything else."""
    return await _read(reader, _frames)


async def read_asked(reader: asyncio.StreamReader) -> Asked | None:
    """Read one request of a screen; None when it is gone. Raises ProtocolError on anything else."""
    return await _read(reader, _requests)


async def _read(reader: asyncio.StreamReader, decoder: msgspec.msgpack.Decoder[_T]) -> _T | None:
    try:
        (length,) = _LENGTH.unpack(await reader.readexactly(_LENGTH.size))
        if length > MAX_FRAME:
            raise ProtocolError(f"frame of {length} bytes")
        return decoder.decode(await reader.readexactly(length))
    except (asyncio.IncompleteReadError, ConnectionError):
        return None
    except msgspec.MsgspecError as error:
        raise ProtocolError(str(error)) from error


def difference(before: Snapshot, after: Snapshot) -> Changes:
    """Return what a receiver of `before` needs to hold `after`."""
    known = {leg.id: leg for leg in before.legs}
    ids = {leg.id for leg in after.legs}
    return Changes(
        generation=after.generation,
        at=after.at,
        sbcs=after.sbcs,
        groups=after.groups,
        legs=tuple(leg for leg in after.legs if known.get(leg.id) != leg),
        gone=tuple(leg_id for leg_id in known if leg_id not in ids),
        marks=after.marks,
        records=after.records,
        foreseen=None if _foreseen(before) == _foreseen(after) else _foreseen(after),
        verdicts=after.verdicts,
        headroom=None if before.headroom == after.headroom else after.headroom,
    )


def _foreseen(snapshot: Snapshot) -> Foreseen:
    return Foreseen(snapshot.findings, snapshot.credentials)


def applied(before: Snapshot, changes: Changes) -> Snapshot:
    """Return `before` with `changes` made to it."""
    legs = {leg.id: leg for leg in before.legs if leg.id not in set(changes.gone)}
    legs.update((leg.id, leg) for leg in changes.legs)
    foreseen = changes.foreseen or _foreseen(before)
    return Snapshot(
        generation=changes.generation,
        at=changes.at,
        sbcs=changes.sbcs,
        legs=tuple(legs.values()),
        groups=changes.groups,
        marks=changes.marks,
        records=changes.records,
        findings=foreseen.findings,
        credentials=foreseen.credentials,
        verdicts=changes.verdicts,
        headroom=before.headroom if changes.headroom is None else changes.headroom,
    )
