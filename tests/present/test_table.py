"""The plain table of `status`."""

from __future__ import annotations

from tests.fleets import NOW, fleet, leg, sample
from trunktui.present.table import status_table


def test_the_worst_leg_comes_first_and_every_line_ends_with_its_reason() -> None:
    lines = status_table(sample(), NOW).splitlines()
    assert lines[0] == "lon-1: down: no route to 192.0.2.1 within 3 s"
    assert lines[1].split()[:3] == ["STATE", "LEG", "CARRIER"]
    assert [line.split()[2] for line in lines[2:6]] == [
        "beta-us@nyc-1",
        "alpha-us@lon-1",
        "=cmd@nyc-1",
        "alpha-us@nyc-1",
    ]
    assert lines[2].endswith("registration gave up 12m ago after 403; will not retry")
    assert lines[-1] == "2 SBCs, 4 legs, 1 up, 1 down, 1 unmonitored, 1 unknown"


def test_no_cell_is_cut_however_long_a_name_is() -> None:
    name = "a-trunk-with-a-very-long-name-indeed-" + "x" * 40 + "@nyc-1"
    assert name in status_table(fleet(leg(name)), NOW)


def test_nothing_known_is_said_in_one_line() -> None:
    assert status_table(fleet(), NOW) == "0 SBCs, 0 legs\n"


def test_an_old_leg_is_told_as_unknown() -> None:
    assert "no news for 1m31s; was up" in status_table(fleet(leg("a@nyc-1")), NOW + 87)


def test_the_ascii_form_has_no_other_characters_and_the_same_lines() -> None:
    plain, full = status_table(sample(), NOW, ascii_only=True), status_table(sample(), NOW)
    assert plain.isascii()
    assert not full.isascii()
    assert len(plain.splitlines()) == len(full.splitlines())
