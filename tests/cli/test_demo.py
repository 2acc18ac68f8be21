"""`trunktui demo` as a command line; the demo itself is tested in tests/demo."""

from __future__ import annotations

from collections.abc import Callable

import pytest

from tests.cli.conftest import FakeWiring, Outcome
from trunktui.demo.launch import SimulatorError


@pytest.fixture
def asked(wiring: FakeWiring, monkeypatch: pytest.MonkeyPatch) -> list[tuple[int, float, str | None, bool]]:
    """What the demo was asked for; there seems to be a terminal."""
    found: list[tuple[int, float, str | None, bool]] = []

    def demo(seed: int, speed: float, theme: str | None, *, write: bool) -> int:
        found.append((seed, speed, theme, write))
        return 0

    monkeypatch.setattr(wiring, "demo", demo, raising=False)
    monkeypatch.setattr("trunktui.cli.demo.need_terminal", lambda _: None)
    return found


def test_it_says_at_its_end_how_to_see_ones_own_sbc(
    cli: Callable[..., Outcome], asked: list[tuple[int, float, str | None, bool]]
) -> None:
    done = cli("--theme", "mono", "demo", "--seed", "7", "--speed", "20")
    assert asked == [(7, 20.0, "mono", False)]
    assert done.code == 0
    assert done.out.splitlines()[-1] == "  trunktui config check && trunktui"
    assert "trunktui config init" in done.out
    assert max(len(line) for line in done.out.splitlines()) <= 80


def test_where_the_command_is_not_installed_it_says_how(
    cli: Callable[..., Outcome],
    asked: list[tuple[int, float, str | None, bool]],
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    for where, told in ((None, True), ("/usr/local/bin/trunktui", False)):
        monkeypatch.setattr("shutil.which", lambda _, where=where: where)
        lines = cli("demo").out.splitlines()
        assert any("pipx install ." in line for line in lines) is told
        assert max(len(line) for line in lines) <= 80


def test_it_needs_no_config(
    cli: Callable[..., Outcome], asked: list[tuple[int, float, str | None, bool]]
) -> None:
    assert cli("--config", "/nonexistent", "demo").code == 0
    assert asked == [(1, 10.0, None, False)]


@pytest.mark.parametrize("argv", [("--write", "demo"), ("demo", "--write")])
def test_it_can_start_in_write_mode(
    cli: Callable[..., Outcome], asked: list[tuple[int, float, str | None, bool]], argv: tuple[str, ...]
) -> None:
    assert cli(*argv).code == 0
    assert asked == [(1, 10.0, None, True)]


@pytest.mark.parametrize("speed", ["0.5", "61", "fast"])
def test_a_speed_out_of_range_is_refused(cli: Callable[..., Outcome], speed: str) -> None:
    done = cli("demo", "--speed", speed)
    assert done.code == 64
    assert "--speed" in done.err


def test_without_a_terminal_it_starts_nothing(cli: Callable[..., Outcome]) -> None:
    done = cli("demo")
    assert (done.code, done.out) == (64, "")
    assert done.err.startswith("trunktui: the dashboard needs a terminal")


def test_a_fleet_that_does_not_start_is_told_on_one_line(
    cli: Callable[..., Outcome],
    wiring: FakeWiring,
    asked: list[tuple[int, float, str | None, bool]],
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    def broken(seed: int, speed: float, theme: str | None, *, write: bool) -> int:
        raise SimulatorError("the simulated fleet did not start; to see why: python -m trunktui.demo")

    monkeypatch.setattr(wiring, "demo", broken)
    done = cli("demo")
    assert done.err.splitlines()[-1] == (
        "trunktui: the simulated fleet did not start; to see why: python -m trunktui.demo"
    )
    assert done.code == 64
