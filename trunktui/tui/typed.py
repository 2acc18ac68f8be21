"""What a typed command asks of the engine: a mark, or a record, about what stands on the screen."""

from __future__ import annotations

from datetime import UTC, datetime

from msgspec.structs import replace

from trunktui.present.freshness import shown
from trunktui.present.marking import MarkingError, marking_of
from trunktui.present.recording import KINDS, RecordingError, recording_of
from trunktui.tui.commands import Typed
from trunktui.tui.ports import Request
from trunktui.tui.stage import Stage


class NothingAskedError(Exception):
    """What was typed asks for nothing; the text is one line that says what would."""


def request_of(typed: Typed, stage: Stage, leg_meant: str | None) -> Request:
    """Return what to ask for. Raises NothingAskedError."""
    snapshot, at = stage.watch.in_view(stage.clock())
    seen = replace(snapshot, legs=tuple(shown(leg, at) for leg in snapshot.legs))
    leg = next((leg for leg in seen.legs if leg.id == leg_meant), None)
    name = typed.command.names[0]
    try:
        if name in KINDS:
            today = datetime.fromtimestamp(stage.past.utc_at(stage.clock()), UTC).date()
            return recording_of(name, typed.rest, leg, today)
        return marking_of(name, typed.rest, leg, seen)
    except (MarkingError, RecordingError) as error:
        raise NothingAskedError(str(error)) from error
