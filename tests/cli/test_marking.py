"""`maintenance` and `ack` from the command line, with no dashboard running; `status` and `check` over what they mark."""

from __future__ import annotations

import csv
import io
import json
import re
import shlex
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from click.shell_completion import ShellComplete
from msgspec.structs import replace

from tests.cli.conftest import Outcome
from tests.fleets import fleet, leg, sample, unreachable_sbc
from trunktui import wiring_marks
from trunktui.cli.main import trunktui
from trunktui.config.load import load
from trunktui.model.health import LegState, Severity
from trunktui.model.marks import Kept
from trunktui.model.snapshot import GroupStatus, Snapshot
from trunktui.model.text import Safe
from trunktui.store.audit import AuditLog
from trunktui.store.marks import MarkBook

ROOT = Path(__file__).parents[2]
Cli = Callable[..., Outcome]
WHY = ("--reason", "CHG-12")


@pytest.fixture
def state(tmp_path: Path) -> Path:
    """The state folder."""
    folder = tmp_path / "state"
    folder.mkdir(mode=0o700)
    return folder


@pytest.fixture
def mark(cli: Cli, wiring: Any, config_path: Path, state: Path, monkeypatch: pytest.MonkeyPatch) -> Cli:
    """Run one command over the made-up fleet, with its marks laid over it as after a poll."""
    config_path.write_text(f'state = "{state}"\nsyslog = false\n{config_path.read_text()}')
    config = load(config_path, {}, ("asterisk",))
    wiring.snapshot = sample()

    def collect(*_: object, **__: object) -> Snapshot:
        return wiring_marks.marked(config, wiring.snapshot)

    monkeypatch.setattr(wiring, "collect", collect)
    return lambda *argv: cli("--config", config_path, *argv)


def kept(state: Path) -> tuple[Kept, ...]:
    return MarkBook(state).read().kept


def test_the_readmes_examples_run_as_they_stand_and_leave_nothing_open(
    mark: Cli, wiring: Any, state: Path
) -> None:
    readme = (ROOT / "README.md").read_text(encoding="utf-8")
    section = readme.partition("## Maintenance and acknowledgements")[2].partition("\n## ")[0]
    examples = [shlex.split(line) for line in re.findall(r"^trunktui .*$", section, flags=re.MULTILINE)]
    assert len(examples) == 7
    wiring.snapshot = fleet(*(one for one in sample().legs), sbcs=sample().sbcs)
    for _, *argv in examples:
        done = mark(*argv)
        assert done.code == 0, (argv, done.err)
    ends = {one.mark.target.words: one.end is not None for one in kept(state)}
    assert ends == {"SBC nyc-1": True, "carrier beta": False, "beta-us@nyc-1": True}


def test_maintenance_is_kept_listed_and_ended_early(mark: Cli, state: Path) -> None:
    done = mark("maintenance", "add", "nyc-1", "--for", "2h", *WHY)
    (one,) = kept(state)
    assert done.out.startswith("maintenance of SBC nyc-1 until ")
    assert f"to end it: trunktui maintenance end {one.mark.id}" in done.out
    listed = mark("maintenance", "list")
    assert "active" in listed.out
    assert "CHG-12" in listed.out
    assert mark("maintenance", "end", one.mark.id).code == 0
    assert mark("maintenance", "list").err == "no maintenance is on or planned\n"
    assert "[ended by" in mark("maintenance", "list", "--all").out
    entries = [entry.record for entry in AuditLog(state, one.mark.who, wiring_marks.utc_now).read()]
    assert [(entry.kind, entry.verb, entry.sbc) for entry in entries] == [
        ("mark", "maintenance", "nyc-1"),
        ("unmark", "maintenance", "nyc-1"),
    ]


def test_a_mark_is_made_though_the_audit_log_cannot_be_written(
    mark: Cli, state: Path, caplog: pytest.LogCaptureFixture
) -> None:
    (state / "audit.jsonl").mkdir()
    assert mark("maintenance", "add", "nyc-1", "--for", "2h", *WHY).code == 0
    assert len(kept(state)) == 1
    assert "a mark is not in the audit log" in caplog.text


def test_an_acknowledgement_takes_the_alarm_as_it_is_seen(mark: Cli, state: Path) -> None:
    done = mark("ack", "add", "beta-us@nyc-1", "--reason", "TT-4711", "--format", "json")
    (told,) = json.loads(done.out)["marks"]
    assert (told["acknowledged_state"], told["acknowledged_severity"]) == ("down", "major")
    assert (told["state"], told["until"], told["reason"]) == ("active", None, "TT-4711")
    assert [one.mark.id for one in kept(state)] == [told["id"]]
    more = mark("ack", "add", "beta-us@nyc-1", "--severity", "critical", "--for", "4h", "--reason", "x")
    assert "down, critical; until 2" in more.out


@pytest.mark.parametrize(
    ("selector", "count"), [("lon-1", 1), ("us-outbound", 1), ("*@nyc-1", 2), ("beta", 1)]
)
def test_what_an_acknowledgement_may_be_about(mark: Cli, state: Path, selector: str, count: int) -> None:
    assert mark("ack", "add", selector, *WHY).code == 0
    assert len(kept(state)) == count


@pytest.mark.parametrize(
    ("argv", "says"),
    [
        (("maintenance", "add", "nyc-1", *WHY), "a maintenance needs an end: --for TIME or --until WHEN"),
        (("maintenance", "add", "nyc-1", "--for", "2h", "--until", "23:30", *WHY), "one of them"),
        (("maintenance", "add", "nyc-1", "--for", "31d", *WHY), "may last 30 days at most"),
        (("maintenance", "add", "nyc-1", "--for", "soon", *WHY), '"soon" is no time like 90m, 2h or 3d'),
        (("maintenance", "add", "nyc-1", "--until", "soon", *WHY), "is no time like 23:30"),
        (("maintenance", "add", "nyc-1", "--until", "2020-01-01", *WHY), "over before it begins"),
        (("maintenance", "add", "nyc-1", "--for", "2h"), "Missing option '--reason'"),
        (("maintenance", "add", "nyc-1", "--for", "2h", "--reason", " "), "say why"),
        (
            ("maintenance", "add", "nyc-1", "--for", "2h", "--reason", "x" * 201),
            "201 characters long; 200 are kept",
        ),
        (("maintenance", "add", "nyc", "--for", "2h", *WHY), 'is called "nyc"; the nearest are nyc-1'),
        (("ack", "add", "alpha-us@nyc-1", *WHY), 'nothing of "alpha-us@nyc-1" is in alarm; it is up'),
        (("ack", "add", "wat", *WHY), 'is called "wat"'),
    ],
)
def test_what_marks_nothing_is_one_line_on_stderr_and_exits_with_64(
    mark: Cli, state: Path, argv: tuple[str, ...], says: str
) -> None:
    done = mark(*argv)
    assert (done.code, done.out) == (64, "")
    assert says in done.err
    assert done.err.count("\n") == 1
    assert kept(state) == ()


def test_ending_what_is_not_there_says_where_to_look(mark: Cli) -> None:
    done = mark("ack", "end", "nyc-9")
    assert done.code == 1
    assert done.err == 'trunktui: no ack of "nyc-9" is open: see trunktui ack list\n'


def test_a_leg_that_only_its_sbc_knows_can_be_named(mark: Cli, state: Path) -> None:
    done = mark("maintenance", "add", "found@nyc-1", "--for", "2h", *WHY)
    assert done.code == 0
    assert "taken for a trunk found on nyc-1" in done.err
    assert kept(state)[0].mark.target.name == "found@nyc-1"


def test_check_counts_what_is_covered_as_ok_and_names_its_state(mark: Cli, wiring: Any) -> None:
    down = leg("beta@nyc-1", LegState.DOWN, Severity.MAJOR, reason=Safe("gave up"), carrier="beta")
    wiring.snapshot = fleet(leg("alpha@nyc-1"), down)
    assert mark("check").code == 2
    mark("maintenance", "add", "beta@nyc-1", "--for", "2h", *WHY)
    for argv in (("check",), ("check", "--per-leg"), ("check", "beta@nyc-1")):
        done = mark(*argv)
        assert done.code == 0, argv
        assert "no alarm: beta@nyc-1 down (gave up) (maintenance until 20" in done.out
        assert mark(*argv, "--all").code == 2
    assert "TRUNKTUI CRITICAL - 1 of 2 legs up; beta@nyc-1 down (gave up) |" in mark("check", "--all").out


def test_a_group_alarms_for_the_one_leg_that_nobody_covers(mark: Cli, wiring: Any) -> None:
    legs = [
        leg(f"{name}@nyc-1", LegState.DOWN, Severity.CRITICAL, groups=("us",), carrier=name)
        for name in ("alpha", "beta")
    ]
    group = GroupStatus("us", LegState.DOWN, Severity.CRITICAL, Safe("no path: all 2 legs are down"))
    wiring.snapshot = fleet(*legs, groups=(group,))
    mark("ack", "add", "alpha@nyc-1", *WHY)
    assert mark("check").code == 2
    mark("ack", "add", "beta@nyc-1", *WHY)
    done = mark("check")
    assert done.code == 0
    assert "no alarm: group us down" in done.out


def test_an_unreachable_sbc_in_maintenance_is_no_alarm_with_its_legs(mark: Cli, wiring: Any) -> None:
    wiring.snapshot = replace(fleet(sbcs=(unreachable_sbc("lon-1"),)), legs=sample().legs[3:])
    assert mark("check").code == 2
    mark("maintenance", "add", "lon-1", "--for", "2h", *WHY)
    for argv in (("check",), ("check", "lon-1"), ("check", "--per-leg")):
        assert mark(*argv).code == 0, argv


def test_check_ends_an_acknowledgement_whose_alarm_is_over_so_that_the_next_alarms(
    mark: Cli, wiring: Any, state: Path
) -> None:
    down = leg("beta@nyc-1", LegState.DOWN, Severity.MAJOR)
    wiring.snapshot = fleet(down)
    mark("ack", "add", "beta@nyc-1", *WHY)
    assert mark("check").code == 0
    wiring.snapshot = replace(fleet(leg("beta@nyc-1", observed_at=1000.0)), at=1000.0)
    assert mark("check").code == 0
    (one,) = kept(state)
    assert one.end is not None
    assert one.end.cause == "cleared"
    wiring.snapshot = fleet(down)
    assert mark("check").code == 2


def test_status_shows_marks_beside_the_state_in_every_form(mark: Cli) -> None:
    mark("maintenance", "add", "nyc-1", "--for", "2h", *WHY)
    mark("ack", "add", "lon-1", "--reason", "TT-4711")
    text = mark("status").out
    assert re.search(r"✖ DOWN MAINT +beta-us@nyc-1 .*\(maintenance until 20", text)
    assert re.search(r"\? UNKN ACK +alpha-us@lon-1 ", text)
    assert "lon-1: down (acknowledged by " in text
    assert "2 of them in maintenance, 1 of them acknowledged" in text
    document = json.loads(mark("status", "--format", "json").out)
    by_id = {one["id"]: one for one in document["legs"]}
    told = by_id["beta-us@nyc-1"]["maintenance"]
    assert (told["active"], told["scope"], told["name"], told["reason"]) == (True, "sbc", "nyc-1", "CHG-12")
    assert by_id["beta-us@nyc-1"]["acknowledged"]["active"] is False
    assert by_id["alpha-us@lon-1"]["acknowledged"]["reason"] == "TT-4711"
    assert [one["maintenance"]["active"] for one in document["sbcs"]] == [True, False]
    assert [one["acknowledged"]["active"] for one in document["groups"]] == [False]
    table = {row["id"]: row for row in csv.DictReader(io.StringIO(mark("status", "--format", "csv").out))}
    assert table["beta-us@nyc-1"]["maintenance.active"] == "true"
    assert table["beta-us@nyc-1"]["acknowledged.reason"] == ""
    assert table["alpha-us@lon-1"]["acknowledged.reason"] == "TT-4711"


def test_marks_that_cannot_be_read_are_null_told_and_hide_nothing(
    mark: Cli, wiring: Any, state: Path
) -> None:
    mark("maintenance", "add", "nyc-1", "--for", "2h", *WHY)
    with (state / "marks.jsonl").open("a") as file:
        file.write('{"v":7}\n')
    done = mark("status", "--format", "json")
    assert done.code == 0
    assert "later trunktui" in done.err
    assert {str(one["maintenance"]) for one in json.loads(done.out)["legs"]} == {"None"}
    wiring.snapshot = fleet(leg("beta@nyc-1", LegState.DOWN, Severity.MAJOR))
    assert mark("check").code == 2
    assert mark("maintenance", "list").code == 1
    done = mark("maintenance", "add", "nyc-1", "--for", "2h", *WHY)
    assert (done.code, done.out) == (1, "")
    assert done.err.startswith("trunktui: nothing was marked: ")


def test_a_state_folder_that_cannot_be_made_is_one_line(mark: Cli, state: Path) -> None:
    state.rmdir()
    state.write_text("in the way")
    done = mark("maintenance", "add", "nyc-1", "--for", "2h", *WHY)
    assert done.code == 64
    assert done.err.count("\n") == 1
    assert "state folder" in done.err


@pytest.mark.parametrize("argv", [("maintenance",), ("maintenance", "add"), ("ack", "add"), ("ack", "list")])
def test_every_command_has_help(mark: Cli, argv: tuple[str, ...]) -> None:
    done = mark(*argv, "--help")
    assert done.code == 0
    assert "Usage: trunktui" in done.out
    assert max(map(len, done.out.splitlines())) <= 100


@pytest.mark.parametrize(
    ("words", "completes"),
    [
        (("maintenance", "add", "n"), ["nyc-1"]),
        (("maintenance", "end", "l"), []),
        (("maintenance", "end", "n"), ["nyc-1"]),
        (("ack", "end", "n"), []),
        (("ack", "add", "lo"), ["lon-1"]),
    ],
)
def test_a_shell_completes_names_of_the_config_and_what_is_open(
    mark: Cli, config_path: Path, words: tuple[str, ...], completes: list[str]
) -> None:
    mark("maintenance", "add", "nyc-1", "--for", "2h", *WHY)
    shell = ShellComplete(trunktui, {}, "trunktui", "_TRUNKTUI_COMPLETE")
    found = shell.get_completions(["--config", str(config_path), *words[:-1]], words[-1])
    assert [one.value for one in found] == completes


def test_the_help_of_check_says_how_marks_count(mark: Cli) -> None:
    assert "counts as 0 unless --all" in " ".join(mark("check", "--help").out.split())
