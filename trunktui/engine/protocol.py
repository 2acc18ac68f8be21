"""The frames between the engine and a screen: 4 bytes of length, then msgspec MessagePack.

The engine says Hello, then one Fleet, then Changes (at least every HEARTBEAT_S, also when nothing changed).
The end of the stream, or a reset, means that the other side is gone.
"""

from __future__ import annotations

import asyncio
import struct

import msgspec
from msgspec import Struct

from trunktui.model.snapshot import GroupStatus, LegStatus, SbcStatus, Snapshot

HEARTBEAT_S = 5.0
MAX_FRAME = 64 * 1024 * 1024
"""More than any fleet needs (a leg takes about 1 kB); a longer frame means that the stream is not ours."""

_LENGTH = struct.Struct(">I")


class Hello(Struct, frozen=True, tag="hello"):
    """The engine's first word: the version it runs, its process id."""

    version: str
    pid: int


class FleetFrame(Struct, frozen=True, tag="fleet"):
    """Everything, sent once after Hello."""

    snapshot: Snapshot


class Changes(Struct, frozen=True, tag="changes"):
    """What differs from the frame before: whole SBC and group lists, only the legs that changed."""

    generation: int
    at: float
    sbcs: tuple[SbcStatus, ...]
    groups: tuple[GroupStatus, ...]
    legs: tuple[LegStatus, ...]
    gone: tuple[str, ...]


Frame = Hello | FleetFrame | Changes


class ProtocolError(Exception):
    """The stream holds something that is no frame of ours."""


_decoder: msgspec.msgpack.Decoder[Frame] = msgspec.msgpack.Decoder(Frame)


def encode(frame: Frame) -> bytes:
    """Return a frame as it goes over the socket."""
    body = msgspec.msgpack.encode(frame)
    return _LENGTH.pack(len(body)) + body


async def read_frame(reader: asyncio.StreamReader) -> Frame | None:
    """Read one frame; None when the other side is gone. Raises ProtocolError on anything else."""
    try:
        (length,) = _LENGTH.unpack(await reader.readexactly(_LENGTH.size))
        if length > MAX_FRAME:
            raise ProtocolError(f"frame of {length} bytes")
        return _decoder.decode(await reader.readexactly(length))
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
    )


def applied(before: Snapshot, changes: Changes) -> Snapshot:
    """Return `before` with `changes` made to it."""
    legs = {leg.id: leg for leg in before.legs if leg.id not in set(changes.gone)}
    legs.update((leg.id, leg) for leg in changes.legs)
    return Snapshot(
        generation=changes.generation,
        at=changes.at,
        sbcs=changes.sbcs,
        legs=tuple(legs.values()),
        groups=changes.groups,
    )
