"""What an operator types to record something: a trunk or an account, a day or none, or that it was a mistake."""

from __future__ import annotations

from datetime import date

import pytest
from msgspec.structs import replace

from tests.model.test_text import harmful
from tests.tui.fleet_samples import HOSTILE, leg
from trunktui.model.finding import RecordKind
from trunktui.model.request import Declare, Recording, Retract
from trunktui.present.recording import RecordingError, recording_of

TODAY = date(2026, 11, 25)
ROTATED, AUDITED, RESTRICTED = RecordKind.ROTATED, RecordKind.AUDITED, RecordKind.RESTRICTED


@pytest.mark.parametrize(
    ("command", "rest", "asked"),
    [
        ("rotated", "alpha-us", Declare(ROTATED, "alpha-us")),
        ("rotated", " alpha-us  undo ", Retract(ROTATED, "alpha-us")),
        ("rotated", "alpha-us 2026-11-25", Declare(ROTATED, "alpha-us", TODAY)),
        ("rotated", "alpha-us 2000-01-01", Declare(ROTATED, "alpha-us", date(2000, 1, 1))),
        ("audited", "alpha-voice", Declare(AUDITED, "alpha-voice")),
        ("attested", "alpha-voice 2026-02-28", Declare(RESTRICTED, "alpha-voice", date(2026, 2, 28))),
    ],
)
def test_a_name_a_day_or_undo_is_taken(command: str, rest: str, asked: Recording) -> None:
    assert recording_of(command, rest, None, TODAY) == asked


@pytest.mark.parametrize(
    ("command", "rest", "says"),
    [
        ("rotated", "", "say which trunk: :rotated alpha-us, with a day (2026-11-25) if it was not today"),
        ("audited", " ", "say which account: :audited alpha-voice, with a day (2026-11-25)"),
        ("rotated", "alpha-us yesterday", '"yesterday" is no day like 2026-11-25, nor "undo"'),
        ("rotated", "alpha-us 2026-11-26", "2026-11-26 is still to come (today is 2026-11-25, UTC)"),
        ("rotated", "alpha-us 1999-12-31", "1999-12-31 is before 2000-01-01"),
        ("rotated", "alpha-us 2026-02-30", '"2026-02-30" is no day'),
        ("rotated", "alpha us", '"us" is no day'),
    ],
)
def test_anything_else_records_nothing_and_says_what_would(command: str, rest: str, says: str) -> None:
    own = replace(leg(), account="alpha-voice")
    with pytest.raises(RecordingError) as caught:
        recording_of(command, rest, own, TODAY)
    assert says in str(caught.value)


def test_with_no_leg_in_hand_the_example_is_a_word() -> None:
    with pytest.raises(RecordingError, match="say which trunk: :rotated TRUNK"):
        recording_of("rotated", "", None, TODAY)


@pytest.mark.parametrize("text", HOSTILE)
def test_no_text_is_said_as_it_came(text: str) -> None:
    with pytest.raises(RecordingError) as caught:
        recording_of("rotated", f"x {text}", None, TODAY)
    assert not harmful(str(caught.value))
