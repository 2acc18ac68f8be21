"""`events`: what the history holds, for people and programs; and what is said where there is none."""

from __future__ import annotations

import csv
import io
import json
import time
from collections.abc import Callable
from datetime import UTC, datetime
from pathlib import Path

import pytest
from msgspec.structs import replace

from tests.cli.conftest import CONFIG, Outcome
from tests.store.histories import event, write
from trunktui.cli.events import _Progress
from trunktui.model.history import EventKind
from trunktui.model.text import clean

Cli = Callable[..., Outcome]


@pytest.fixture
def state(config_path: Path) -> Path:
    """A state folder that the config names."""
    folder = config_path.parent / "state"
    folder.mkdir(0o700)
    config_path.write_text(f'state = "{folder}"\n{CONFIG}')
    return folder


@pytest.fixture
def day(state: Path) -> float:
    """A history with events of today and before; return the time of the newest."""
    now = float(int(time.time())) - 60
    write(
        state,
        event(1, now - 3 * 86400),
        event(2, now - 7200),
        replace(event(3, now - 60, "nyc-1", EventKind.SBC), before=clean(""), detail=clean("")),
        event(4, now, "beta@lon-1"),
    )
    return now


@pytest.mark.usefixtures("wiring")
def test_a_row_per_event_newest_last_with_utc_and_local_time(
    cli: Cli, config_path: Path, day: float, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("TZ", "Asia/Kolkata")
    time.tzset()
    try:
        code, out, err = cli("--config", config_path, "events")
    finally:
        monkeypatch.undo()
        time.tzset()
    lines = out.splitlines()
    assert (code, err) == (0, "")
    assert lines[0].split() == ["UTC", "LOCAL", "KIND", "SUBJECT", "CHANGE", "SEVERITY", "WHAT"]
    assert [line.rpartition(" ")[2] for line in lines[1:]] == ["2", "3", "4"]
    assert f"{datetime.fromtimestamp(day, UTC):%Y-%m-%d %H:%M:%S}" in lines[3]
    assert "+0530" in lines[3]
    assert "beta@lon-1  up > down  major" in lines[3]


def chosen(cli: Cli, config_path: Path, *words: str) -> list[str]:
    out = cli("--config", config_path, "events", "--format", "json", *words).out
    return [one["sentence"].split()[-1] for one in json.loads(out)["events"]]


def test_since_kind_and_selector_choose(cli: Cli, config_path: Path, day: float) -> None:
    assert day
    assert chosen(cli, config_path, "--since", "90m") == ["3", "4"]
    assert chosen(cli, config_path, "--since", "2w") == ["1", "2", "3", "4"]
    assert chosen(cli, config_path, "--kind", "sbc") == ["3"]
    assert chosen(cli, config_path, "acme@nyc-1") == ["2"]
    assert chosen(cli, config_path, "acme") == ["2"]
    assert chosen(cli, config_path, "nyc-1") == ["2", "3"]
    assert chosen(cli, config_path, "*@lon-*") == ["4"]
    assert chosen(cli, config_path, "--since", "999999999w") == ["1", "2", "3", "4"]


def test_the_json_has_every_key_and_null_for_what_was_not_said(
    cli: Cli, config_path: Path, day: float
) -> None:
    document = json.loads(cli("--config", config_path, "events", "--format", "json", "--kind", "sbc").out)
    assert document["schema"] == "trunktui.events/1"
    assert document["since"].endswith("Z")
    (one,) = document["events"]
    moment = datetime.fromtimestamp(day - 60, UTC)
    assert datetime.fromisoformat(one.pop("local")) == moment
    assert one == {
        "seq": 3,
        "at": f"{moment:%Y-%m-%dT%H:%M:%S}.000Z",
        "kind": "sbc",
        "subject": "nyc-1",
        "before": None,
        "after": "down",
        "severity": "major",
        "sentence": "sentence 3",
        "detail": None,
    }


def test_the_csv_has_the_same_columns_and_no_formula(cli: Cli, config_path: Path, state: Path) -> None:
    write(state, replace(event(1, time.time() - 5), sentence=clean("=1+1,\x1b[31m")))
    out = cli("--config", config_path, "events", "--format", "csv").out
    (row,) = csv.DictReader(io.StringIO(out))
    assert list(row) == [
        "seq", "at", "local", "kind", "subject", "before", "after", "severity", "sentence", "detail",
    ]  # fmt: skip
    assert row["sentence"] == "'=1+1,␛[31m"
    assert out.count("\n") == 2


def test_no_history_is_one_line_with_the_way_out(cli: Cli, config_path: Path, state: Path) -> None:
    code, out, err = cli("--config", config_path, "events")
    assert (code, out) == (1, "")
    assert err == f"trunktui: no history yet: {state}/history.db is not there; the dashboard writes it\n"


def test_a_history_that_is_switched_off_is_said(cli: Cli, config_path: Path) -> None:
    config_path.write_text(f"[history]\nenabled = false\n{CONFIG}")
    code, _, err = cli("--config", config_path, "events")
    assert code == 1
    assert err == "trunktui: no history: the config has `enabled = false` in [history]\n"


def test_a_carrier_is_its_legs(cli: Cli, config_path: Path, day: float) -> None:
    assert day
    config_path.write_text(
        config_path.read_text()
        + '[[carrier]]\nname = "bigco"\n[[trunk]]\nname = "acme"\ncarrier = "bigco"\nsbcs = ["nyc-1"]\n'
    )
    assert chosen(cli, config_path, "bigco") == ["2"]
    assert chosen(cli, config_path, "big*") == ["2"]


def test_a_damaged_history_is_one_line(cli: Cli, config_path: Path, state: Path) -> None:
    (state / "history.db").write_bytes(b"junk" * 5000)
    code, out, err = cli("--config", config_path, "events")
    assert (code, out) == (1, "")
    assert err == f"trunktui: no history: {state}/history.db: file is not a database\n"


def test_nothing_found_is_said_and_no_error(cli: Cli, config_path: Path, day: float) -> None:
    assert day
    code, out, err = cli("--config", config_path, "events", "nobody", "--kind", "leg")
    assert (code, out) == (0, "")
    assert err == 'nothing about "nobody" of kind leg in the last 24h: see --since\n'


def test_nothing_about_a_leg_leads_to_its_sbc(cli: Cli, config_path: Path, day: float) -> None:
    assert day
    _, _, err = cli("--config", config_path, "events", "quiet@nyc-1")
    assert (
        err == 'nothing about "quiet@nyc-1" in the last 24h: see --since; of its SBC: trunktui events nyc-1\n'
    )


@pytest.mark.parametrize("words", [("--since", "soon"), ("--kind", "party")])
def test_nonsense_is_a_usage_error(cli: Cli, config_path: Path, words: tuple[str, str]) -> None:
    code, _, err = cli("--config", config_path, "events", *words)
    assert code == 64
    assert words[1] in err


def test_long_reading_tells_how_far_it_is_and_wipes_it(
    capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    with _Progress(shown=True) as quick:
        quick.tell(2000)
    assert capsys.readouterr().err == ""
    monkeypatch.setattr("trunktui.cli.events._QUIET_S", -1.0)
    with _Progress(shown=True) as slow:
        slow.tell(2000)
    with _Progress(shown=False) as piped:
        piped.tell(2000)
    # click leaves the wiping out where stderr is no terminal
    assert capsys.readouterr().err == "\rreading the history ... 2000 events\r"


def test_a_time_that_no_calendar_has_is_shown_as_not_known(cli: Cli, config_path: Path, state: Path) -> None:
    write(state, event(1, 1e17), event(2, 4e11))
    code, out, _ = cli("--config", config_path, "events")
    assert code == 0
    assert out.count("sentence") == 2
    document = json.loads(cli("--config", config_path, "events", "--format", "json").out)
    assert [one["at"] for one in document["events"]] == [None, None]
