"""What each command prints, where, and how it exits."""

from __future__ import annotations

import csv
import io
import json
import re
import sys
from collections.abc import Callable
from pathlib import Path

import pytest

from tests.cli.conftest import FakeWiring, Outcome
from tests.fleets import fleet, leg, unknown_leg
from trunktui import __version__
from trunktui.cli.main import run, trunktui
from trunktui.config.load import load, parse
from trunktui.model.health import LegState, Severity
from trunktui.model.text import clean

Cli = Callable[..., Outcome]


def test_status_prints_a_table_and_exits_with_0_whatever_the_states(cli: Cli, config_path: Path) -> None:
    done = cli("--config", config_path, "status")
    assert (done.code, done.err) == (0, "")
    assert "beta-us@nyc-1" in done.out
    assert done.out.endswith("2 SBCs, 4 legs, 1 up, 1 down, 1 unmonitored, 1 unknown\n")


def test_status_prints_the_json_document_and_nothing_else(cli: Cli, config_path: Path) -> None:
    done = cli("--config", config_path, "status", "--format", "json")
    assert json.loads(done.out)["schema"] == "trunktui.status/1"
    assert json.loads(done.out)["worst"] == "down"
    assert (done.code, done.err) == (0, "")


def test_status_prints_csv_with_plain_line_ends(cli: Cli, config_path: Path) -> None:
    done = cli("--config", config_path, "status", "--format", "csv")
    assert "\r" not in done.out
    assert len(list(csv.DictReader(io.StringIO(done.out)))) == 4


def test_carriers_prints_what_each_carrier_s_death_would_do(cli: Cli, config_path: Path) -> None:
    done = cli("--config", config_path, "carriers")
    assert (done.code, done.err) == (0, "")
    titles, alpha, *_ = done.out.splitlines()
    assert titles.split() == ["CARRIER", "NOW", "UP", "CHANNELS", "IF", "IT", "DIED", "NOW"]
    assert alpha.startswith("alpha")
    assert alpha.endswith("us-outbound 82 channels -> nowhere: beta-us is down (major)")


def test_the_polls_together_leave_time_within_30_seconds(
    cli: Cli, config_path: Path, wiring: FakeWiring
) -> None:
    cli("--config", config_path, "status")
    cli("--config", config_path, "check")
    assert len(wiring.budgets) == 2
    assert all(0 < budget <= 27 for budget in wiring.budgets)


def test_progress_is_told_on_a_terminal_and_wiped_in_the_end(
    cli: Cli, config_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(sys.stderr, "isatty", lambda: True)
    done = cli("--config", config_path, "status", "--format", "json")
    assert "asking 2 SBCs ... 0 answered" in done.err
    assert "asking 2 SBCs ... 2 answered" in done.err
    assert done.err.endswith("\r\x1b[K")
    json.loads(done.out)


@pytest.mark.parametrize(
    ("argv", "code", "word"),
    [
        ((), 2, "CRITICAL"),
        (("alpha-us@nyc-1",), 0, "OK"),
        (("=cmd@nyc-1",), 1, "WARNING"),
        (("lon-1",), 2, "CRITICAL"),
        (("beta-us@nyc-1",), 1, "WARNING"),
        (("--per-leg", "beta-us@nyc-1"), 2, "CRITICAL"),
        (("beta-us@nyc-1", "--per-leg"), 2, "CRITICAL"),
    ],
)
def test_check_prints_one_line_and_exits_with_its_code(
    cli: Cli, config_path: Path, argv: tuple[str, ...], code: int, word: str
) -> None:
    done = cli("--config", config_path, "check", *argv)
    assert (done.code, done.err) == (code, "")
    assert done.out.startswith(f"TRUNKTUI {word} - ")
    assert done.out.count("\n") == 1


def test_check_exits_with_3_when_nothing_could_be_judged(
    cli: Cli, config_path: Path, wiring: FakeWiring
) -> None:
    wiring.snapshot = fleet(unknown_leg("a@nyc-1"))
    assert cli("--config", config_path, "check").code == 3
    wiring.snapshot = fleet()
    assert cli("--config", config_path, "check").code == 3


def test_check_of_a_name_that_is_not_there_is_a_usage_error_with_the_nearest(
    cli: Cli, config_path: Path
) -> None:
    done = cli("--config", config_path, "check", "alfa-us@nyc-1")
    assert (done.code, done.out) == (64, "")
    assert 'matches "alfa-us@nyc-1"; the nearest are alpha-us@nyc-1' in done.err


@pytest.mark.parametrize(
    "argv",
    [
        ("nonsense",),
        ("status", "--format", "xml"),
        ("status", "--nonsense"),
        ("check", "a", "b"),
        ("config", "nonsense"),
        ("--config",),
        ("--write", "status"),
    ],
)
def test_usage_errors_exit_with_64_and_say_so_on_stderr(cli: Cli, argv: tuple[str, ...]) -> None:
    done = cli(*argv)
    assert (done.code, done.out) == (64, "")
    assert re.fullmatch(r"trunktui: .+( \(see: trunktui.* --help\)|argument\.)\n", done.err)


def test_a_group_of_commands_alone_shows_its_commands_as_a_usage_error(cli: Cli) -> None:
    done = cli("config")
    assert (done.code, done.out) == (64, "")
    assert done.err.startswith("Usage: trunktui config")


@pytest.mark.parametrize("argv", [("status",), ("check",), ("config", "check"), ("config", "show"), ()])
def test_every_problem_of_a_config_is_told_and_exits_with_64(
    cli: Cli, config_path: Path, argv: tuple[str, ...]
) -> None:
    config_path.write_text('[poll]\nintervall = "30s"\n[ui]\nascii = 1\n')
    done = cli("--config", config_path, *argv)
    assert (done.code, done.out) == (64, "")
    assert done.err.splitlines() == [
        f'trunktui: {config_path}:2: poll.intervall: unknown key; the nearest is "interval"',
        f"trunktui: {config_path}:4: ui.ascii: must be true or false, is the number 1",
    ]


@pytest.mark.parametrize("flag", ["-h", "--help"])
@pytest.mark.parametrize("command", [(), ("status",), ("check",), ("config",), ("config", "init")])
def test_help_is_data_and_needs_no_config(cli: Cli, command: tuple[str, ...], flag: str) -> None:
    done = cli(*command, flag)
    assert (done.code, done.err) == (0, "")
    assert done.out.startswith("Usage: trunktui")


def test_the_version_is_told_among_other_options_too(cli: Cli, config_path: Path) -> None:
    assert cli("--config", config_path, "--version").out == f"trunktui {__version__}\n"


def test_without_a_command_and_without_a_terminal_the_dashboard_is_refused(
    cli: Cli, config_path: Path, wiring: FakeWiring
) -> None:
    done = cli("--config", config_path)
    assert done.code == 64
    assert "needs a terminal" in done.err
    assert wiring.dashboards == []


@pytest.mark.parametrize(("term", "code"), [("xterm-256color", 7), ("dumb", 64), ("", 64)])
def test_without_a_command_the_dashboard_opens_on_a_terminal_that_can_show_it(
    cli: Cli, config_path: Path, wiring: FakeWiring, monkeypatch: pytest.MonkeyPatch, term: str, code: int
) -> None:
    for stream in (sys.stdin, sys.stdout, sys.stderr):
        monkeypatch.setattr(stream, "isatty", lambda: True)
    monkeypatch.setenv("TERM", term)
    assert cli("--config", config_path, "--theme", "mono").code == code
    assert wiring.dashboards == ([("prod", "mono")] if code == 7 else [])


def test_config_check_counts_what_it_found_and_notes_what_has_no_effect(cli: Cli, config_path: Path) -> None:
    config_path.write_text(
        '[[sbc]]\nname = "nyc-1"\nhost = "192.0.2.1"\nplatform = "asterisk"\nwrite = true\n'
        '[[trunk]]\nname = "a"\nsbcs = ["nyc-1"]\ncredential = { username = "u" }\n'
        '[[group]]\nname = "g"\ntrunks = ["a"]\nswitch = { kamailio = { dispatcher_set = 1 } }\n'
    )
    done = cli("--config", config_path, "config", "check")
    assert done.out.splitlines() == [
        f"ok: 0 carriers, 0 accounts, 1 SBC, 1 trunk, 1 group ({config_path})",
        "note: group g: switch.kamailio is for no SBC: none of its trunks is on a kamailio one",
    ]
    assert done.code == 0


def test_config_check_refuses_a_theme_that_the_dashboard_would_refuse(cli: Cli, config_path: Path) -> None:
    config_path.write_text('[ui]\ntheme = "drak"\n')
    done = cli("--config", config_path, "config", "check")
    assert (done.code, done.out) == (64, "")
    assert done.err.startswith("trunktui: ui.theme: theme drak: no such theme; use one of ansi, dark,")


def test_config_init_writes_a_private_config_that_is_sound(cli: Cli, tmp_path: Path) -> None:
    path = tmp_path / "new" / "config.toml"
    assert cli("--config", path, "config", "init") == Outcome(0, f"wrote {path}\n", "")
    assert path.stat().st_mode & 0o777 == 0o600
    assert path.parent.stat().st_mode & 0o777 == 0o700
    assert load(path, {}, ("asterisk",)).inventory.sbcs == ()


def test_config_init_never_overwrites(cli: Cli, config_path: Path, tmp_path: Path) -> None:
    before = config_path.read_bytes()
    done = cli("--config", config_path, "config", "init")
    assert (done.code, done.out) == (64, "")
    assert "is there already" in done.err
    assert config_path.read_bytes() == before
    link = tmp_path / "link.toml"
    link.symlink_to(tmp_path / "target.toml")
    assert cli("--config", link, "config", "init").code == 64
    assert not (tmp_path / "target.toml").exists()


def test_config_init_goes_to_the_operators_own_folder(
    cli: Cli, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.delenv("TRUNKTUI_CONFIG", raising=False)
    monkeypatch.setenv("XDG_CONFIG_HOME", str(tmp_path))
    assert cli("config", "init").out == f"wrote {tmp_path}/trunktui/config.toml\n"


def test_config_show_prints_defaults_and_secrets_as_references_only(
    cli: Cli, config_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("SNMP", "canary-7f2")
    config_path.write_text(
        '[[sbc]]\nname = "nyc-1"\nhost = "192.0.2.1"\n[sbc.snmp]\nversion = "2c"\ncommunity = "env:SNMP"\n'
    )
    done = cli("--config", config_path, "config", "show")
    assert done.code == 0
    assert 'community = "env:SNMP"' in done.out
    assert 'interval = "30s"' in done.out
    assert "probe_down_after = 3" in done.out
    assert "canary" not in done.out + done.err
    shown = config_path.with_name("shown.toml")
    shown.write_text(done.out)
    shown.chmod(0o600)
    assert load(shown, {}, ("asterisk",)).document == load(config_path, {}, ("asterisk",)).document


def test_the_table_is_ascii_where_the_output_cannot_take_more(
    config_path: Path, wiring: FakeWiring, monkeypatch: pytest.MonkeyPatch
) -> None:
    wiring.snapshot = fleet(leg("träger@nyc-1"))
    raw = io.BytesIO()
    monkeypatch.setattr(sys, "stdout", io.TextIOWrapper(raw, encoding="ascii", write_through=True))
    assert run(["--config", str(config_path), "status"]) == 0
    assert b"tr?ger@nyc-1" in raw.getvalue()


HOSTILE_TO_LATIN_1 = ("träger@nyc-1", "日本語@nyc-1")


@pytest.mark.parametrize("encoding", ["ascii", "latin-1", "cp1252", "koi8-r", "utf-8"])
@pytest.mark.parametrize(
    "argv", [("check",), ("status",), ("status", "--format", "csv"), ("status", "--format", "json")]
)
def test_every_output_survives_every_encoding(
    config_path: Path,
    wiring: FakeWiring,
    monkeypatch: pytest.MonkeyPatch,
    encoding: str,
    argv: tuple[str, ...],
) -> None:
    reason = clean("registration gave up – " + "x" * 400, 160)
    legs = [leg(name, LegState.DOWN, Severity.MAJOR, reason=reason) for name in HOSTILE_TO_LATIN_1]
    wiring.snapshot = fleet(*legs)
    raw = io.BytesIO()
    monkeypatch.setattr(sys, "stdout", io.TextIOWrapper(raw, encoding=encoding, write_through=True))
    assert run(["--config", str(config_path), *argv]) == (2 if argv == ("check",) else 0)
    out = raw.getvalue().decode(encoding)
    assert "registration gave up" in out
    if encoding == "latin-1" and argv[-1] in {"check", "csv"}:
        assert "träger@nyc-1" in out
        assert "??????@nyc-1" in out
        assert "xxx~" in out


NOT_ASCII = '[[carrier]]\nname = "alpha"\ncontact = { noc = "Träger – 😀" }\n[[sbc]]\nname = "a"\nhost = "192.0.2.1"\n'


@pytest.mark.parametrize("encoding", ["ascii", "latin-1", "cp1252", "koi8-r", "utf-8"])
def test_the_config_that_is_shown_loads_again_whatever_the_output_can_take(
    tmp_path: Path, wiring: FakeWiring, monkeypatch: pytest.MonkeyPatch, encoding: str
) -> None:
    path = tmp_path / "prodé–😀.toml"
    path.write_text(NOT_ASCII, encoding="utf-8")
    path.chmod(0o600)
    shown, checked = io.BytesIO(), io.BytesIO()
    monkeypatch.setattr(sys, "stdout", io.TextIOWrapper(shown, encoding=encoding, write_through=True))
    assert run(["--config", str(path), "config", "show"]) == 0
    again = parse(shown.getvalue().decode(encoding).encode(), path, {}, ("asterisk",))
    assert again.document == load(path, {}, ("asterisk",)).document
    monkeypatch.setattr(sys, "stdout", io.TextIOWrapper(checked, encoding=encoding, write_through=True))
    assert run(["--config", str(path), "config", "check"]) == 0
    assert checked.getvalue().decode(encoding).startswith("ok: 1 carrier")


def test_the_help_names_every_command_once_under_what_it_is_for(cli: Cli) -> None:
    told = re.findall(r"^  ([a-z]+)  +[A-Z]", cli("--help").out, re.MULTILINE)
    assert sorted(told) == sorted(trunktui.commands)
