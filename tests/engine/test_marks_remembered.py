"""What ends a mark by itself goes into the history at once; what people do goes there by the audit log."""

from __future__ import annotations

from pathlib import Path

from msgspec import structs

from tests.config.test_load import loaded
from tests.engine.kept import Kept
from tests.marking import ALICE, WALL, ack
from trunktui.engine.historian import Historian
from trunktui.engine.recorder import Recorder
from trunktui.model.history import EventKind, Memory
from trunktui.model.marks import EndCause
from trunktui.wiring_marks import book_of


def test_an_acknowledgement_that_nobody_ended_is_an_event_with_what_was_seen(tmp_path: Path) -> None:
    config = structs.replace(loaded(""), state_dir=tmp_path)
    kept = Kept()
    historian = Historian(kept, Recorder(Memory(), 0.0), lambda: 0.0, WALL.timestamp)
    book = book_of(config, historian)
    for number, (cause, who, words) in enumerate(
        ((EndCause.ROSE, None, "critical now"), (EndCause.CLEARED, None, ""), (EndCause.ENDED, ALICE, ""))
    ):
        book.begin(ack(id=f"a{number}"), WALL)
        book.end([f"a{number}"], WALL, cause, who, words)
    assert [(one.kind, one.subject, one.after, one.sentence) for one in kept.events] == [
        (EventKind.MARK, "alpha@nyc-1", "rose", "alpha@nyc-1: ended by itself, critical now"),
        (EventKind.MARK, "alpha@nyc-1", "cleared", "alpha@nyc-1: ended by itself, cleared"),
    ]
