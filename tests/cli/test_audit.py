"""What `audit` and `audit verify` print, where, and how they exit."""

from __future__ import annotations

import csv
import io
import json
import time
from collections.abc import Callable, Iterator
from datetime import UTC, datetime
from pathlib import Path

import pytest

from tests.cli.conftest import CONFIG, Outcome
from tests.store.logs import ALICE, Clock, intent, log_in, outcome
from trunktui.model.audit import AuditRecord, RecordKind
from trunktui.store.audit import AuditLog

Cli = Callable[..., Outcome]


@pytest.fixture
def in_utc(monkeypatch: pytest.MonkeyPatch) -> Iterator[None]:
    """Put this process into the zone UTC."""
    with monkeypatch.context() as patched:
        patched.setenv("TZ", "UTC")
        time.tzset()
        yield
    time.tzset()


@pytest.fixture
def state(tmp_path: Path) -> Path:
    """The state folder of the config."""
    folder = tmp_path / "state"
    folder.mkdir(mode=0o700)
    return folder


@pytest.fixture
def audited(state: Path, config_path: Path) -> Path:
    """A config whose audit log holds a verified action, a refused one and one that was never ended."""
    config_path.write_text(f'state = "{state}"\n{CONFIG}')
    clock = Clock()
    log = log_in(state, clock)
    log.append(intent("a1", reason="ticket 4711"))
    clock.go(2)
    log.append(outcome("a1"))
    clock.go(3600)
    log.append(
        AuditRecord(
            RecordKind.REFUSED,
            action="a2",
            verb="reregister",
            leg="beta@lon-1",
            sbc="lon-1",
            sentence="write is off",
        )
    )
    log.append(AuditRecord(RecordKind.UNLOCK, reason="carrier call"))
    clock.go(60)
    log.append(intent("a3"))
    return config_path


def test_audit_prints_a_row_per_action_newest_last(cli: Cli, audited: Path, in_utc: None) -> None:
    done = cli("--config", audited, "audit")
    assert (done.code, done.err) == (0, "")
    assert done.out.startswith("UTC                  WHO ")
    assert [" ".join(line.split()) for line in done.out.splitlines()[1:]] == [
        "2021-11-25 12:00:00 alice as root from 192.0.2.7 reregister acme@nyc-1 verified ticket 4711",
        "2021-11-25 13:00:02 alice as root from 192.0.2.7 reregister beta@lon-1 refused write is off",
        "2021-11-25 13:00:02 alice as root from 192.0.2.7 unlock – – carrier call",
        "2021-11-25 13:01:02 alice as root from 192.0.2.7 reregister acme@nyc-1 unfinished",
    ]


def test_audit_prints_every_entry_as_json(cli: Cli, audited: Path) -> None:
    done = cli("--config", audited, "audit", "--format", "json")
    document = json.loads(done.out)
    assert document["schema"] == "trunktui.audit/1"
    assert [entry["kind"] for entry in document["entries"]] == [
        "intent",
        "outcome",
        "refused",
        "unlock",
        "intent",
    ]
    first = document["entries"][0]
    assert (first["who"]["name"], first["who"]["login_uid"], first["who"]["sudo_user"]) == (
        "alice",
        1000,
        None,
    )
    assert (first["sent"], first["ending"], first["guards"]) == (None, None, [])
    assert all(entry.keys() == first.keys() for entry in document["entries"])


def test_audit_prints_every_entry_as_csv(cli: Cli, audited: Path) -> None:
    done = cli("--config", audited, "audit", "--format", "csv")
    rows = list(csv.DictReader(io.StringIO(done.out)))
    assert [row["seq"] for row in rows] == ["1", "2", "3", "4", "5"]
    assert rows[0]["commands"] == "asterisk -rx 'pjsip send register acme'"
    assert rows[1]["sent"] == "true"


@pytest.mark.parametrize(
    ("selector", "count"),
    [("acme@nyc-1", 2), ("acme", 2), ("nyc-1", 2), ("*@lon-*", 1), ("Acme", 2), ("lon-1", 1), ("nobody", 0)],
)
def test_audit_takes_a_selector(cli: Cli, audited: Path, selector: str, count: int) -> None:
    done = cli("--config", audited, "audit", selector)
    assert len(done.out.splitlines()) == (count + 1 if count else 0)
    assert done.code == 0
    assert done.err.startswith('nothing about "nobody" in ' if not count else "")


def test_audit_since_leaves_out_what_is_older(cli: Cli, audited: Path, state: Path) -> None:
    AuditLog(state, ALICE, lambda: datetime.now(UTC)).append(intent("new"))
    done = cli("--config", audited, "audit", "--format", "json", "--since", "30m")
    assert [entry["action"] for entry in json.loads(done.out)["entries"]] == ["new"]
    done = cli("--config", audited, "audit", "--format", "json", "--since", "9999w")
    assert len(json.loads(done.out)["entries"]) == 6


@pytest.mark.parametrize("argv", [("--since", "soon"), ("--format", "xml"), ("a", "b"), ("verify", "x")])
def test_a_wrong_use_of_audit_exits_with_64_and_one_line(
    cli: Cli, audited: Path, argv: tuple[str, ...]
) -> None:
    done = cli("--config", audited, "audit", *argv)
    assert (done.code, done.out, done.err.count("\n")) == (64, "", 1)


def test_audit_without_a_log_says_so(cli: Cli, audited: Path, state: Path) -> None:
    (state / "audit.jsonl").unlink()
    done = cli("--config", audited, "audit")
    assert (done.code, done.out, done.err) == (0, "", f"nothing in {state}/audit.jsonl\n")
    done = cli("--config", audited, "audit", "--format", "json")
    assert json.loads(done.out)["entries"] == []


def test_audit_verify_says_that_the_chain_is_whole_and_what_it_cannot_see(
    cli: Cli, audited: Path, state: Path
) -> None:
    last = list(log_in(state).read())[-1]
    done = cli("--config", audited, "audit", "verify")
    assert (done.code, done.err) == (0, "")
    assert done.out.splitlines() == [
        f"ok: 5 entries ({state}/audit.jsonl)",
        f"last: 5 {last.hash} of 2021-11-25T13:01:02.000Z",
        "note: a cut-off tail cannot be seen here: compare the last hash with syslog (journalctl -t trunktui -n 1)",
    ]


def test_audit_verify_exits_with_1_when_a_line_was_changed_and_audit_warns(
    cli: Cli, audited: Path, state: Path
) -> None:
    path = state / "audit.jsonl"
    path.write_bytes(path.read_bytes().replace(b"write is off", b"write was on"))
    done = cli("--config", audited, "audit", "verify")
    assert done.code == 1
    assert done.out.splitlines()[:2] == [
        "line 3: edited: entry 3 does not fit its hash",
        f"NOT WHOLE: 4 entries ({path})",
    ]
    assert cli("--config", audited, "audit").err == f"{path} was tampered with; see: trunktui audit verify\n"


def test_a_torn_line_is_told_and_is_no_tampering(cli: Cli, audited: Path, state: Path) -> None:
    path = state / "audit.jsonl"
    path.write_bytes(path.read_bytes()[:-50])
    done = cli("--config", audited, "audit", "verify")
    assert done.code == 0
    assert done.out.startswith("line 5: torn: an entry that was not written to its end; the next")
    assert cli("--config", audited, "audit").err == ""


@pytest.mark.parametrize("word", ["verify", "show"])
def test_a_log_that_cannot_be_read_is_one_line_and_exit_1(
    cli: Cli, audited: Path, state: Path, word: str
) -> None:
    path = state / "audit.jsonl"
    path.rename(state / "other")
    path.symlink_to(state / "other")
    done = cli("--config", audited, "audit", word)
    assert (done.code, done.err.count("\n")) == (1, 1)
    assert "is a symbolic link" in done.err
