"""`credentials`, `allowlist`, `restriction` and `findings`: what is listed, what is recorded, and never a secret."""

from __future__ import annotations

import csv
import io
import json
import re
import shlex
import sys
from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import pytest
from click.shell_completion import ShellComplete
from msgspec.structs import replace

from tests.cli.conftest import Outcome
from tests.fleets import sample
from tests.model.test_text import harmful
from tests.tui.fleet_samples import HOSTILE
from trunktui import wiring_marks
from trunktui.cli.main import trunktui
from trunktui.config.load import Config
from trunktui.health.findings import foreseen
from trunktui.model.snapshot import Snapshot
from trunktui.store.audit import AuditLog
from trunktui.store.records import RecordBook
from trunktui.store.verify import verify

Cli = Callable[..., Outcome]
ROOT = Path(__file__).parents[2]
TODAY = datetime.now(UTC).date()
SECRET = "s3cret-canary"


def ago(days: int) -> str:
    return (TODAY - timedelta(days=days)).isoformat()


CONFIG = f"""
[[carrier]]
name = "alpha"
[[account]]
name = "alpha-voice"
carrier = "alpha"
allowlist = {{ ips = ["198.51.100.7", "203.0.113.0/28"], audited = {ago(100)}, limit = 2, lead_time = "3d" }}
restriction = {{ attested = {ago(400)} }}
[[account]]
name = "beta-voice"
carrier = "alpha"
[[sbc]]
name = "nyc-1"
host = "192.0.2.1"
egress_ip = "198.51.100.7"
[[sbc]]
name = "lon-1"
host = "192.0.2.2"
[[trunk]]
name = "alpha-us"
account = "alpha-voice"
auth = "hybrid"
sbcs = ["nyc-1", "lon-1"]
credential = {{ username = "acme", rotated = {ago(212)} }}
[[trunk]]
name = "beta-us"
account = "beta-voice"
sbcs = ["nyc-1"]
credential = {{ username = "beta", rotated = {ago(80)} }}
"""


@pytest.fixture
def state(tmp_path: Path) -> Path:
    """The state folder."""
    folder = tmp_path / "state"
    folder.mkdir(mode=0o700)
    return folder


@pytest.fixture
def config(tmp_path: Path, state: Path) -> Path:
    """The config, as the commands read it."""
    path = tmp_path / "prod.toml"
    path.write_text(f'state = "{state}"\nsyslog = false\n{CONFIG}')
    path.chmod(0o600)
    return path


@pytest.fixture
def run(cli: Cli, wiring: Any, config: Path, monkeypatch: pytest.MonkeyPatch) -> Cli:
    """Run a command on that config; an SBC that is asked answers with the made-up fleet, findings and all."""

    def collect(config: Config, *_: object, **__: object) -> Snapshot:
        wiring.budgets.append(0.0)
        records = RecordBook(config.state_dir).read()
        found = foreseen(sample(), config.inventory, records.standing, TODAY)
        return replace(found, records=records.note)

    monkeypatch.setattr(wiring, "collect", collect)
    return lambda *argv: cli("--config", config, *argv)


def test_the_readmes_examples_run_as_they_stand(run: Cli, config: Path, state: Path) -> None:
    section = (
        (ROOT / "README.md").read_text(encoding="utf-8").partition("## Findings")[2].partition("\n## ")[0]
    )
    examples = [shlex.split(line) for line in re.findall(r"^trunktui .*$", section, flags=re.MULTILINE)]
    assert len(examples) == 5
    config.write_text(config.read_text().replace("alpha-us", "acme-us").replace("alpha-voice", "acme-voice"))
    for _, *argv in examples:
        done = run(*(ago(3) if re.fullmatch(r"\d{4}-\d\d-\d\d", word) else word for word in argv))
        assert done.code == 0, (argv, done.err)
    kept = [(one.kind.value, one.subject, one.day) for one in RecordBook(state).read().standing]
    assert kept == [
        ("rotated", "acme-us", TODAY),
        ("audited", "acme-voice", TODAY),
        ("restricted", "acme-voice", TODAY),
    ]


def test_a_rotation_is_recorded_with_who_and_when_audited_and_makes_the_age_young(
    run: Cli, state: Path
) -> None:
    before = json.loads(run("credentials", "alpha-us", "--format", "json").out)["credentials"]
    assert [(one["trunk"], one["age_days"], one["state"]) for one in before] == [("alpha-us", 212, "overdue")]
    assert before[0]["sbcs"] == ["nyc-1", "lon-1"]
    done = run("credentials", "rotated", "alpha-us", "--on", ago(3), "--note", f"password={SECRET}")
    assert done.code == 0
    assert done.out.startswith(f"recorded: credential of trunk alpha-us rotated on {ago(3)}, by ")
    assert "to take it back: trunktui credentials rotated --undo alpha-us" in done.out
    (after,) = json.loads(run("credentials", "alpha-us", "--format", "json").out)["credentials"]
    assert (after["age_days"], after["state"], after["confidence"]) == (3, "ok", "recorded")
    assert after["source"].startswith("recorded by ")
    (record,) = RecordBook(state).read().standing
    (entry,) = AuditLog(state, wiring_marks_who(), wiring_marks.utc_now).read()
    assert (entry.record.kind, entry.record.verb, entry.record.leg) == ("record", "rotated", "alpha-us")
    assert record.who == entry.who.name
    assert verify(state / "audit.jsonl").whole
    for path in state.iterdir():
        assert SECRET.encode() not in path.read_bytes()


def wiring_marks_who() -> Any:
    from trunktui.store.who import who_am_i

    return who_am_i({})


def test_a_mistake_is_taken_back_and_what_was_before_counts(run: Cli) -> None:
    run("credentials", "rotated", "alpha-us", "--on", ago(50))
    run("credentials", "rotated", "alpha-us")
    done = run("credentials", "rotated", "alpha-us", "--undo")
    assert done.code == 0
    assert f"taken back: credential of trunk alpha-us rotated on {TODAY}, as " in done.out
    assert f"what counts now is {ago(50)}" in done.out
    assert "no other record" in run("credentials", "rotated", "--undo", "alpha-us").out
    done = run("credentials", "rotated", "--undo", "alpha-us")
    assert done.code == 1
    assert "no record says that the credential of trunk alpha-us was rotated" in done.err
    assert "alpha-us" in run("audit").out


def test_an_earlier_day_than_one_that_stands_is_told_not_to_count(run: Cli) -> None:
    run("credentials", "rotated", "alpha-us", "--on", ago(2))
    done = run("credentials", "rotated", "alpha-us", "--on", ago(9))
    assert f"but {ago(2)} is recorded, too, and counts" in done.out


def test_an_allowlist_is_listed_and_its_audit_recorded(run: Cli) -> None:
    row = json.loads(run("allowlist", "--format", "json").out)["allowlists"][0]
    assert (row["account"], row["limit"], row["lead_time_s"], row["state"]) == (
        *("alpha-voice", 2, 259200.0),
        "overdue",
    )
    assert row["entries"] == ["198.51.100.7", "203.0.113.0/28"]
    assert row["seen"] == ["198.51.100.9@nyc-1", "@lon-1"]
    text = run("allowlist").out
    assert "2/2" in text
    assert f"{ago(100)}" in text
    assert "198.51.100.9 (nyc-1), – (lon-1)" in text
    assert run("allowlist", "audited", "alpha-voice").code == 0
    row = json.loads(run("allowlist", "alpha*", "--format", "json").out)["allowlists"][0]
    assert (row["state"], row["day"]) == ("ok", TODAY.isoformat())


def test_a_restriction_is_listed_and_its_attestation_recorded(run: Cli, wiring: Any) -> None:
    assert "overdue" in run("restriction").out
    assert not wiring.budgets
    assert run("restriction", "attested", "alpha-voice", "beta-voice").code == 0
    rows = json.loads(run("restriction", "--format", "json").out)["restrictions"]
    assert [(one["account"], one["state"]) for one in rows] == [("alpha-voice", "ok"), ("beta-voice", "ok")]


def test_findings_are_printed_worst_first_in_every_form_and_exit_with_0(run: Cli) -> None:
    done = run("findings")
    assert done.code == 0
    lines = done.out.splitlines()
    assert lines[0].split() == ["SEVERITY", "KIND", "SUBJECT", "DUE", "WHAT", "REMEDY"]
    assert any("credential overdue" in line and "122 d ago" in line for line in lines)
    document = json.loads(run("findings", "--format", "json").out)
    assert document["schema"] == "trunktui.findings/1"
    loud = [one["severity"] for one in document["findings"]]
    order = ["critical", "major", "minor", "warning", "none", "indeterminate"]
    assert loud == sorted(loud, key=order.index)
    overdue = json.loads(run("findings", "alpha-us", "--kind", "cred_overdue", "--format", "json").out)
    (one,) = overdue["findings"]
    assert (one["days_left"], one["due"], one["confidence"]) == (-122, ago(122), "configured")
    assert one["evidence"]
    assert one["remedy"]
    rows = list(csv.DictReader(io.StringIO(run("findings", "--format", "csv").out)))
    assert len(rows) == len(document["findings"])
    legs = json.loads(run("findings", "alpha-us@nyc-1", "--format", "json").out)["findings"]
    assert {one["subject"] for one in legs} <= {"alpha-us", "alpha-us@nyc-1", "nyc-1", "alpha-voice", "alpha"}
    assert legs
    none = run("findings", "alpha-su")
    assert (none.code, none.out) == (0, "")
    assert none.err == 'no findings about "alpha-su"; the nearest is "alpha-us"\n'
    assert run("findings", "zz*").err == 'no findings about "zz*"\n'


def test_offline_asks_nobody_and_still_knows_what_the_config_and_the_records_say(
    run: Cli, wiring: Any
) -> None:
    run("credentials", "rotated", "beta-us")
    found = json.loads(run("findings", "--offline", "--format", "json").out)["findings"]
    assert ("cred_overdue", "alpha-us") in {(one["kind"], one["subject"]) for one in found}
    assert ("cred_due", "beta-us") not in {(one["kind"], one["subject"]) for one in found}
    text = run("credentials", "--offline").out
    assert "212 d" in text
    assert "recorded by" in text
    assert run("allowlist", "--offline").code == 0
    assert not wiring.budgets


@pytest.mark.parametrize(
    ("argv", "says"),
    [
        (
            ("credentials", "rotated", "alpha-su"),
            'no trunk in the config is called "alpha-su"; the nearest is',
        ),
        (("allowlist", "audited", "alpha-us"), 'no account in the config is called "alpha-us"'),
        (("restriction", "attested", "x"), 'no account in the config is called "x"'),
        (("credentials", "rotated", "alpha-us", "--on", "2999-01-01"), "--on: 2999-01-01 is still to come"),
        (("credentials", "rotated", "alpha-us", "--on", "1999-12-31"), "is before 2000-01-01"),
        (("credentials", "rotated", "alpha-us", "--on", "soon"), '"soon" is no day like 2026-11-25'),
        (("credentials", "rotated", "alpha-us", "--undo", "--on", ago(1)), "it takes no --on"),
        (("credentials", "rotated"), "Missing argument 'TRUNK...'"),
        (("findings", "--kind", "wat"), "'wat' is not one of"),
    ],
)
def test_what_records_nothing_is_one_line_and_exits_with_64(
    run: Cli, state: Path, argv: tuple[str, ...], says: str
) -> None:
    done = run(*argv)
    assert (done.code, done.out) == (64, "")
    assert says in done.err
    assert done.err.count("\n") == 1
    assert not list(state.iterdir())


def test_records_that_cannot_be_read_are_told_and_nothing_is_recorded(run: Cli, state: Path) -> None:
    (state / "records.jsonl").write_text('{"v":7}\n')
    (state / "records.jsonl").chmod(0o600)
    for argv in (("credentials",), ("findings",), ("allowlist", "--offline"), ("status",)):
        done = run(*argv)
        assert done.code == 0
        assert "what was recorded is not known" in done.err
        assert "later trunktui" in done.err
    done = run("credentials", "rotated", "alpha-us")
    assert (done.code, done.out) == (1, "")
    assert done.err.startswith("trunktui: nothing was recorded: ")


def test_what_cannot_be_audited_is_not_recorded(run: Cli, state: Path) -> None:
    (state / "audit.jsonl").mkdir()
    done = run("credentials", "rotated", "alpha-us")
    assert done.code == 1
    assert done.err.startswith("trunktui: nothing was recorded, for it cannot be audited: ")
    assert RecordBook(state).read().standing == ()


@pytest.mark.parametrize("text", HOSTILE)
def test_a_hostile_note_name_or_reader_reaches_no_output_as_anything_but_text(
    run: Cli, state: Path, text: str
) -> None:
    run("credentials", "rotated", "alpha-us", "--note", text)
    line = json.loads((state / "records.jsonl").read_text())
    line["record"]["who"] = line["record"]["note"] = text.encode("utf-8", "replace").decode()
    (state / "records.jsonl").write_text(json.dumps(line) + "\n")
    for argv in (("credentials",), ("findings",), ("audit",)):
        for form in ("table", "json", "csv"):
            done = run(*argv, "--format", form)
            assert not [char for char in harmful(done.out + done.err) if char != "\n"]
    done = run("credentials", "rotated", text)
    assert not [char for char in harmful(done.out + done.err) if char != "\n"]


@pytest.mark.parametrize("encoding", ["utf-8", "ascii"])
def test_tables_fit_the_outputs_encoding(run: Cli, monkeypatch: pytest.MonkeyPatch, encoding: str) -> None:
    with monkeypatch.context() as patched:
        patched.setattr(type(sys.stdout), "encoding", encoding, raising=False)
        texts = [run(name).out for name in ("credentials", "allowlist", "restriction", "findings")]
    assert all(texts)
    assert encoding == "utf-8" or all(text.isascii() for text in texts)


@pytest.mark.parametrize(
    "argv",
    [
        *(("credentials",), ("credentials", "show"), ("credentials", "rotated"), ("allowlist",)),
        *(("allowlist", "show"), ("allowlist", "audited"), ("restriction",), ("restriction", "attested")),
        *(("restriction", "show"), ("findings",)),
    ],
)
def test_every_command_has_help(run: Cli, argv: tuple[str, ...]) -> None:
    done = run(*argv, "--help")
    assert done.code == 0
    assert "Usage: trunktui" in done.out
    assert max(map(len, done.out.splitlines())) <= 100


@pytest.mark.parametrize(
    ("words", "completes"),
    [
        (("credentials", "rotated", "a"), ["alpha-us"]),
        (("allowlist", "audited", ""), ["alpha-voice", "beta-voice"]),
        (("restriction", "attested", "b"), ["beta-voice"]),
        (("findings", "alpha"), ["alpha", "alpha-us", "alpha-us@lon-1", "alpha-us@nyc-1", "alpha-voice"]),
    ],
)
def test_a_shell_completes_what_can_be_recorded(
    run: Cli, config: Path, words: tuple[str, ...], completes: list[str]
) -> None:
    shell = ShellComplete(trunktui, {}, "trunktui", "_TRUNKTUI_COMPLETE")
    found = shell.get_completions(["--config", str(config), *words[:-1]], words[-1])
    assert [one.value for one in found] == completes


def test_what_was_recorded_is_an_event_of_the_history(run: Cli, state: Path) -> None:
    from trunktui.store.history_actions import AuditedActions

    run("allowlist", "audited", "alpha-voice", "--note", "TT-4711")
    run("allowlist", "audited", "--undo", "alpha-voice")
    events, _ = AuditedActions(state, 30, lambda: datetime.now(UTC).timestamp())("")
    assert [(one.kind, one.subject, one.after) for one in events] == [
        ("action", "alpha-voice", "audited")
    ] * 2
    assert f"allowlist of account alpha-voice compared on {TODAY}, by " in events[0].sentence
    assert events[0].sentence.endswith("(TT-4711)")
    assert events[1].sentence.startswith("taken back: ")
