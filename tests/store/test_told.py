"""What metadata commands told is kept for hours: days only, private, and worth nothing when it is damaged."""

from __future__ import annotations

from datetime import UTC, date, datetime, timedelta
from pathlib import Path

from trunktui.store.told import KEPT_S, ToldDays

VAULT = ("vault", "x")
DAY = date(2026, 9, 1)


class Wall:
    """A time of day that a test moves."""

    def __init__(self) -> None:
        self.now = datetime(2026, 11, 26, tzinfo=UTC)

    def __call__(self) -> datetime:
        return self.now


def test_a_day_is_kept_for_hours_and_for_its_command_alone(tmp_path: Path) -> None:
    wall = Wall()
    days = ToldDays(tmp_path, wall)
    days.note({VAULT: DAY})
    days.note({("vault", "y"): date(2026, 9, 2)})
    assert days.read() == {VAULT: DAY, ("vault", "y"): date(2026, 9, 2)}
    wall.now += timedelta(seconds=KEPT_S)
    assert days.read() == {}
    wall.now -= timedelta(days=2)
    assert days.read() == {}, "a clock that was set back"


def test_the_file_is_private_and_a_damaged_one_counts_as_empty(tmp_path: Path) -> None:
    days = ToldDays(tmp_path, Wall())
    days.note({VAULT: DAY})
    (path,) = tmp_path.iterdir()
    assert path.stat().st_mode & 0o777 == 0o600
    path.write_bytes(b"{")
    assert days.read() == {}
    days.note({VAULT: DAY})
    assert days.read() == {VAULT: DAY}


def test_a_folder_that_takes_nothing_is_no_error(tmp_path: Path) -> None:
    days = ToldDays(tmp_path / "missing", Wall())
    days.note({VAULT: DAY})
    assert days.read() == {}
