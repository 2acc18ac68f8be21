"""Reads what an operator typed to record that something was done: of what, on which day; or that it was a mistake."""

from __future__ import annotations

import datetime as dt

from trunktui.model.finding import RecordKind
from trunktui.model.recording import SUBJECT_WORDS, VERBS, why_no_day
from trunktui.model.request import Declare, Recording, Retract
from trunktui.model.snapshot import LegStatus
from trunktui.model.text import clean

KINDS: dict[str, RecordKind] = {verb: kind for kind, verb in VERBS.items()}
"""What each command records."""

UNDO = "undo"

_SHOWN = 60


class RecordingError(Exception):
    """What was typed records nothing; the text is one line that says what would."""


def recording_of(command: str, rest: str, leg: LegStatus | None, today: dt.date) -> Recording:
    """Return what `:command rest` asks for; `leg` is in hand, and only helps to say how. Raises RecordingError."""
    kind = KINDS[command]
    name, _, more = (word.strip() for word in rest.strip().partition(" "))
    if not name:
        in_hand = None if leg is None else leg.trunk if kind is RecordKind.ROTATED else leg.account
        example = in_hand or SUBJECT_WORDS[kind].upper()
        raise RecordingError(
            f"say which {SUBJECT_WORDS[kind]}: :{command} {example}, with a day ({today.isoformat()}) if it was not today"
        )
    if not more:
        return Declare(kind, name)
    if more == UNDO:
        return Retract(kind, name)
    return Declare(kind, name, day_of(more, today))


def day_of(text: str, today: dt.date) -> dt.date:
    """Return a day as it is typed. Raises RecordingError for what is none, or one that cannot be."""
    try:
        day = dt.datetime.strptime(text.strip(), "%Y-%m-%d").replace(tzinfo=dt.UTC).date()
    except ValueError:
        raise RecordingError(
            f'"{clean(text, _SHOWN)}" is no day like {today.isoformat()}, nor "{UNDO}"'
        ) from None
    if refused := why_no_day(day, today):
        raise RecordingError(refused)
    return day
