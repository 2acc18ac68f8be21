"""One mistake per file in tests/fixtures/config-bad, and the line that must be said about it beside it."""

from __future__ import annotations

from pathlib import Path

import pytest

from trunktui.config.errors import ConfigError
from trunktui.config.load import parse

FOLDER = Path(__file__).parents[1] / "fixtures" / "config-bad"
CASES = sorted(path.stem for path in FOLDER.glob("*.toml"))


@pytest.mark.parametrize("case", CASES)
def test_a_config_with_one_mistake_is_refused_with_one_line_that_names_the_place(case: str) -> None:
    path = FOLDER / f"{case}.toml"
    expected = path.with_suffix(".txt").read_text(encoding="utf-8").splitlines()
    with pytest.raises(ConfigError) as caught:
        parse(
            path.read_bytes(), Path(path.name), {"HOME": "/home/noc"}, ("asterisk", "freeswitch", "kamailio")
        )
    assert str(caught.value).splitlines() == expected
    assert len(expected) == 1


def test_no_message_repeats_a_literal_secret() -> None:
    said = [path.read_text(encoding="utf-8") for path in FOLDER.glob("secret-*.txt")]
    assert len(said) >= 4
    assert not any("hunter2" in text or "4711" in text for text in said)


def test_every_mistake_has_its_expected_line() -> None:
    assert len(CASES) > 80
    assert {path.stem for path in FOLDER.glob("*.txt")} == set(CASES)


def test_all_mistakes_of_a_file_are_told_at_once_in_the_order_of_the_file() -> None:
    text = """\
[poll]
intervall = "30s"
[[sbc]]
name = "nyc-1"
[sbc.ssh]
port = 0
[[trunk]]
name = "a@b"
carrier = "alpha"
sbcs = ["nyc-1", "lon-1", 3]
cap = { channels = 0 }
"""
    with pytest.raises(ConfigError) as caught:
        parse(text.encode(), Path("c.toml"), {}, ("asterisk", "freeswitch", "kamailio"))
    assert [(problem.line, problem.key) for problem in caught.value.problems] == [
        (2, "poll.intervall"),
        (3, "sbc nyc-1: host"),
        (6, "sbc nyc-1: ssh.port"),
        (8, "trunk a@b: name"),
        (9, "trunk a@b: carrier"),
        (10, "trunk a@b: sbcs"),
        (10, "trunk a@b: sbcs"),
        (11, "trunk a@b: cap.channels"),
    ]
