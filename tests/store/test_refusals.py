"""The memory of refused logins: how long it lasts, what ends it, and what a damaged one counts for."""

from __future__ import annotations

import stat
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest

from trunktui.model.inventory import SshTarget
from trunktui.store.refusals import REST_S, Refusals

NOON = datetime(2026, 3, 1, 12, 0, tzinfo=UTC)
NYC, LON = SshTarget("10.0.0.1", user="noc"), SshTarget("10.0.0.2", user="noc")


class Day:
    """A wall clock that is set by hand."""

    def __init__(self) -> None:
        self.now = NOON

    def __call__(self) -> datetime:
        return self.now

    def passes(self, seconds: float) -> None:
        self.now += timedelta(seconds=seconds)


def test_a_refused_login_rests_for_a_quarter_of_an_hour_and_others_do_not(tmp_path: Path) -> None:
    day = Day()
    Refusals(tmp_path, day).note({"nyc": (NYC, True), "lon": (LON, False)})
    later = Refusals(tmp_path, day)
    day.passes(60)
    assert later.resting_s("nyc", NYC) == REST_S - 60
    assert later.resting_s("lon", LON) is None
    day.passes(REST_S - 60)
    assert later.resting_s("nyc", NYC) is None


def test_other_settings_are_another_login(tmp_path: Path) -> None:
    refusals = Refusals(tmp_path, Day())
    refusals.note({"nyc": (NYC, True)})
    assert refusals.resting_s("nyc", SshTarget("10.0.0.1", user="ops")) is None


def test_a_login_that_went_through_ends_the_rest_and_one_not_tried_keeps_it(tmp_path: Path) -> None:
    refusals = Refusals(tmp_path, Day())
    refusals.note({"nyc": (NYC, True), "lon": (LON, True)})
    refusals.note({"lon": (LON, False)})
    assert refusals.resting_s("nyc", NYC) == REST_S
    assert refusals.resting_s("lon", LON) is None


def test_a_clock_that_was_set_back_keeps_nobody_out(tmp_path: Path) -> None:
    day = Day()
    refusals = Refusals(tmp_path, day)
    refusals.note({"nyc": (NYC, True)})
    day.passes(-3600)
    assert refusals.resting_s("nyc", NYC) is None


@pytest.mark.parametrize("damage", [b"", b"{", b"[]", b'{"nyc": {"at": "noon"}}', b"\xff\x00"])
def test_a_damaged_file_counts_as_none_and_is_written_anew(tmp_path: Path, damage: bytes) -> None:
    (tmp_path / "refused.json").write_bytes(damage)
    refusals = Refusals(tmp_path, Day())
    assert refusals.resting_s("nyc", NYC) is None
    refusals.note({"nyc": (NYC, True)})
    assert refusals.resting_s("nyc", NYC) == REST_S


def test_the_file_is_private_and_nothing_is_left_beside_it(tmp_path: Path) -> None:
    Refusals(tmp_path, Day()).note({"nyc": (NYC, True)})
    (file,) = tmp_path.iterdir()
    assert stat.S_IMODE(file.stat().st_mode) == 0o600


def test_a_folder_that_takes_nothing_is_no_error(tmp_path: Path) -> None:
    refusals = Refusals(tmp_path / "missing", Day())
    refusals.note({"nyc": (NYC, True)})
    assert refusals.resting_s("nyc", NYC) is None
