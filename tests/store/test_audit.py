"""The audit log's chain, its fences, and what may stand in it."""

from __future__ import annotations

import json
import tempfile
import threading
import unicodedata
from pathlib import Path
from typing import cast

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from tests.store.logs import ALICE, Clock, HeardSyslog, filled, intent, lines_of, log_in, outcome
from trunktui.model.audit import AuditRecord, RecordKind
from trunktui.model.route import Mechanism, Route, RouteReading, Share
from trunktui.model.secret import Secret
from trunktui.model.switch import Move, SwitchKind
from trunktui.model.text import Safe
from trunktui.store.audit import OLD_IN_A_ROW, AuditError
from trunktui.store.chain import GENESIS, MAX_LINE
from trunktui.store.verify import Flaw, verify

BEFORE_SWITCHES = (
    b'{"seq":1,"at":"2026-11-25T12:00:00.000Z","who":{"user":"alice","uid":1000,"login_uid":null,"login_user":null,'
    b'"sudo_user":null,"ssh_from":null,"tty":null,"host":"jump1","pid":0},"record":{"kind":"intent","action":"a1",'
    b'"verb":"reregister","leg":"acme@nyc-1","sbc":"nyc-1","carrier":"Acme","over":"noc@10.0.0.1"},"prev":"'
    + b"0" * 64
    + b'","hash":"6821db1698fee7c52afa02c360d6542441bb8bbf71d8af0fa5edaa8d905dabd9"}'
)
"""A line as it was written when no record had a move."""

CANARY = "c4n4ry-0f-a-s3cret"
any_text = st.text(alphabet=st.characters(exclude_categories=()), max_size=60)
hostile = st.one_of(
    any_text,
    st.sampled_from(
        ["\n", "\r\n{}", "\x1b]52;c;AAAA\x07", "\udcff", "\u202e", '"}\n{"seq":1', "\x00", "[@click=x]"]
    ),
    any_text.map(lambda text: text * 400),
)
shares = st.lists(st.builds(Share, hostile.map(Safe), st.sampled_from([None, 3]), st.booleans()), max_size=3)
moves = st.builds(
    Move,
    st.sampled_from(SwitchKind),
    hostile,
    hostile,
    st.builds(Route, st.sampled_from(Mechanism), hostile),
    st.builds(
        RouteReading, st.builds(Route, st.sampled_from(Mechanism), hostile), st.just(1.5), shares.map(tuple)
    ),
    shares.map(tuple),
    values=st.dictionaries(hostile, hostile, max_size=2),
)
records = st.builds(
    AuditRecord,
    kind=st.sampled_from(RecordKind),
    action=hostile,
    verb=hostile,
    leg=hostile,
    commands=st.lists(hostile, max_size=40).map(tuple),
    reason=hostile,
    sentence=hostile,
    guards=st.lists(hostile, max_size=3).map(tuple),
    sent=st.sampled_from([None, True, False]),
    move=st.none() | moves,
)


def test_each_entry_names_the_hash_of_the_one_before(tmp_path: Path) -> None:
    entries = filled(tmp_path, 5)
    assert [entry.seq for entry in entries] == [1, 2, 3, 4, 5]
    assert [entry.prev for entry in entries] == [GENESIS, *(entry.hash for entry in entries[:-1])]
    assert [json.loads(line)["hash"] for line in lines_of(tmp_path)] == [entry.hash for entry in entries]
    assert verify(tmp_path / "audit.jsonl").whole


def test_an_entry_says_who_and_when_in_utc(tmp_path: Path) -> None:
    entry = log_in(tmp_path).append(intent(reason="ticket 4711"))
    assert (entry.at, entry.who, entry.record.reason) == ("2021-11-25T12:00:00.000Z", ALICE, "ticket 4711")
    assert entry.notice is None


def test_what_is_read_is_what_was_written(tmp_path: Path) -> None:
    written = filled(tmp_path, 3)
    assert [(e.seq, e.at, e.who, e.record, e.prev, e.hash) for e in log_in(tmp_path).read()] == [
        (e.seq, e.at, e.who, e.record, e.prev, e.hash) for e in written
    ]


@settings(max_examples=120, deadline=None)
@given(st.lists(records, min_size=1, max_size=3))
def test_every_record_is_one_clean_line_and_comes_back_as_it_was_written(made: list[AuditRecord]) -> None:
    with tempfile.TemporaryDirectory() as folder:
        log = log_in(Path(folder))
        written = [log.append(record).record for record in made]
        lines = lines_of(Path(folder))
        assert len(lines) == len(made)
        for line in lines:
            assert len(line) < MAX_LINE
            assert not {unicodedata.category(char) for char in line.decode()} & {
                "Cc",
                "Cf",
                "Cs",
                "Co",
                "Zl",
                "Zp",
            }
        assert [entry.record for entry in log.read()] == written
        assert [entry.record for entry in log.recent(60)] == written
        assert verify(log.path).whole


def test_commands_that_are_left_out_are_counted(tmp_path: Path) -> None:
    record = AuditRecord(RecordKind.INTENT, commands=tuple(f"c{number}" for number in range(100)))
    commands = log_in(tmp_path).append(record).record.commands
    assert (len(commands), commands[0], commands[-1]) == (32, "c0", "… and 69 more")


@pytest.mark.parametrize("field", ["reason", "action", "commands", "kind", "sent"])
def test_a_secret_is_never_written(tmp_path: Path, field: str) -> None:
    syslog = HeardSyslog()
    value = (Secret(CANARY),) if field == "commands" else Secret(CANARY)
    fields = {"kind": RecordKind.INTENT, field: value}
    with pytest.raises(AuditError) as caught:
        log_in(tmp_path, syslog=syslog).append(AuditRecord(**cast("dict[str, str]", fields)))  # type: ignore[arg-type]
    assert field in str(caught.value)
    assert CANARY not in repr(caught.value) + repr(caught.value.__cause__) + "".join(syslog.heard)
    assert not (tmp_path / "audit.jsonl").exists()


@pytest.mark.parametrize(("field", "value"), [("reason", 7), ("commands", "ls"), ("guards", 1), ("sent", 2)])
def test_what_could_not_be_read_is_not_written(tmp_path: Path, field: str, value: object) -> None:
    fields = {"kind": RecordKind.INTENT, field: value}
    with pytest.raises(AuditError, match=field):
        log_in(tmp_path).append(AuditRecord(**cast("dict[str, str]", fields)))  # type: ignore[arg-type]
    assert not (tmp_path / "audit.jsonl").exists()


def test_what_looks_like_a_secret_is_masked(tmp_path: Path) -> None:
    syslog = HeardSyslog()
    record = AuditRecord(
        RecordKind.OUTCOME, sentence=f"password: {CANARY}", reason=f"sip:me:{CANARY}@192.0.2.1"
    )
    log_in(tmp_path, syslog=syslog).append(record)
    told = (tmp_path / "audit.jsonl").read_text() + "".join(syslog.heard)
    assert CANARY not in told
    assert "***" in told


def a_move(value: str = "acme", shares: int = 1) -> Move:
    """Return a move away from `shares` entries, the first of them `value`."""
    stood = tuple(Share(Safe(value if number == 0 else f"t{number}")) for number in range(shares))
    route = Route(Mechanism.ASTDB, "trunk/out")
    stands = RouteReading(route, 100.5, stood, line=Safe(f"Value: {value}"))
    goal = (Share(Safe("beta"), weight=2),)
    return Move(SwitchKind.SWITCH, "out", "nyc-1", route, stands, goal, "acme", "beta", {"acme": value})


def test_what_a_switch_was_to_change_is_kept_whole(tmp_path: Path) -> None:
    syslog = HeardSyslog()
    moves = [a_move(), a_move(shares=256), a_move("sip:192.0.2.1:5060;transport=tls")]
    log = log_in(tmp_path, syslog=syslog)
    for move in moves:
        log.append(AuditRecord(RecordKind.INTENT, action="a1", verb="switch", leg="beta@nyc-1", move=move))
    assert [entry.record.move for entry in log.read()] == moves
    assert [entry.record.move for entry in log.recent(60)] == moves
    assert verify(log.path).whole
    assert "intent switch beta@nyc-1 (out on nyc-1: acme -> beta) by alice" in syslog.heard[0]


def test_the_texts_of_a_move_are_cleaned_and_hold_no_secret(tmp_path: Path) -> None:
    hostile = a_move(f"sip:me:{CANARY}@192.0.2.1\x1b]52;c;x\x07")
    kept = log_in(tmp_path).append(AuditRecord(RecordKind.REFUSED, move=hostile)).record.move
    assert kept is not None
    value = kept.stands.shares[0].value
    assert value.startswith("sip:me:***@192.0.2.1")
    assert "\x1b" not in value
    assert CANARY not in (tmp_path / "audit.jsonl").read_text()


def test_a_line_from_before_there_were_switches_is_as_good_as_ever(tmp_path: Path) -> None:
    path = tmp_path / "audit.jsonl"
    path.write_bytes(BEFORE_SWITCHES + b"\n")
    path.chmod(0o600)
    log = log_in(tmp_path)
    log.append(AuditRecord(RecordKind.INTENT, action="a2", verb="switch", move=a_move()))
    old, new = log.read()
    assert (old.record.leg, old.record.move) == ("acme@nyc-1", None)
    assert new.prev == old.hash
    assert verify(path).whole


@pytest.mark.parametrize("cut", [1, 5, 20, 300, -1, -2, -70])
def test_a_torn_last_line_is_fenced_and_the_chain_goes_on(tmp_path: Path, cut: int) -> None:
    entries = filled(tmp_path, 3)
    path = tmp_path / "audit.jsonl"
    last = lines_of(tmp_path)[-1]
    whole = path.read_bytes()[: -len(last) - 1]
    path.write_bytes(whole + last[:cut])
    after = log_in(tmp_path).append(intent("after"))
    assert (after.seq, after.prev) == (3, entries[1].hash)
    assert path.read_bytes().startswith(whole + last[:cut] + b"\n")
    report = verify(path)
    assert report.whole
    assert [(finding.line, finding.flaw) for finding in report.findings] == [(3, Flaw.TORN)]
    assert [entry.seq for entry in log_in(tmp_path).read()] == [1, 2, 3]


def test_an_entry_that_lacks_only_its_line_end_counts(tmp_path: Path) -> None:
    entries = filled(tmp_path, 2)
    path = tmp_path / "audit.jsonl"
    path.write_bytes(path.read_bytes()[:-1])
    after = log_in(tmp_path).append(intent())
    assert (after.seq, after.prev) == (3, entries[1].hash)
    assert verify(path).findings == ()


def test_a_log_that_is_torn_in_its_first_line_begins_anew_below_it(tmp_path: Path) -> None:
    filled(tmp_path, 1)
    path = tmp_path / "audit.jsonl"
    path.write_bytes(path.read_bytes()[:100])
    assert log_in(tmp_path).append(intent()).seq == 1
    assert verify(path).whole


def test_a_file_of_other_things_is_not_written_to(tmp_path: Path) -> None:
    path = tmp_path / "audit.jsonl"
    path.write_bytes(b"x" * 79 + b"\n")
    path.chmod(0o600)
    with path.open("ab") as file:
        file.write(b"no entry\n" * (5 * MAX_LINE // 9))
    size = path.stat().st_size
    with pytest.raises(AuditError, match="does not end like an audit log"):
        log_in(tmp_path).append(intent())
    assert path.stat().st_size == size


def test_threads_of_one_process_do_not_disturb_each_other(tmp_path: Path) -> None:
    log = log_in(tmp_path)

    def write(name: str) -> None:
        for number in range(20):
            log.append(intent(f"{name}{number}"))

    threads = [threading.Thread(target=write, args=(name,)) for name in "abcd"]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    report = verify(log.path)
    assert (report.entries, report.findings) == (80, ())


def test_recent_entries_come_oldest_first_and_no_older_ones(tmp_path: Path) -> None:
    clock = Clock()
    log = log_in(tmp_path, clock)
    for number in range(6):
        log.append(intent(f"a{number}"))
        clock.go(100)
    assert [entry.record.action for entry in log.recent(301)] == ["a3", "a4", "a5"]
    assert log.recent(0) == ()


def test_recent_entries_are_found_past_those_of_a_clock_that_was_set_back(tmp_path: Path) -> None:
    clock = Clock()
    log = log_in(tmp_path, clock)
    log.append(intent("before"))
    clock.go(-7200)
    log.append(intent("set back"))
    clock.go(7260)
    log.append(intent("after"))
    assert [entry.record.action for entry in log.recent(600)] == ["before", "after"]
    clock.go(-3600)
    assert [entry.record.action for entry in log.recent(600)] == ["before", "after"]  # of the future: recent
    assert verify(log.path).whole


def test_recent_reads_from_the_end_only(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    clock = Clock()
    log = log_in(tmp_path, clock)
    monkeypatch.setattr("trunktui.store.ledger.os.fsync", lambda _: None)
    for number in range(3 * OLD_IN_A_ROW):
        log.append(intent(f"a{number}"))
    clock.go(3600)
    log.append(intent("now"))
    looked = 0

    def counting(line: bytes) -> object:
        nonlocal looked
        looked += 1
        return entry_of(line)

    from trunktui.store.chain import entry_of

    monkeypatch.setattr("trunktui.store.audit.entry_of", counting)
    assert [entry.record.action for entry in log.recent(60)] == ["now"]
    assert looked <= OLD_IN_A_ROW + 2


def test_an_intent_without_an_end_is_unfinished_and_has_an_age(tmp_path: Path) -> None:
    clock = Clock()
    log = log_in(tmp_path, clock)
    log.append(intent("done"))
    log.append(intent("lost"))
    log.append(outcome("done"))
    log.append(intent("refused"))
    log.append(AuditRecord(RecordKind.REFUSED, action="refused", sentence="the lock is held"))
    log.append(AuditRecord(RecordKind.UNLOCK))
    clock.go(90)
    assert [(each.entry.record.action, each.age_s) for each in log.unfinished()] == [("lost", 90.0)]
    clock.go(-1000)
    assert [each.age_s for each in log.unfinished()] == [0.0]


def test_a_log_that_is_not_there_is_empty(tmp_path: Path) -> None:
    log = log_in(tmp_path / "nowhere")
    assert (log.recent(3600), log.unfinished(), list(log.read())) == ((), (), [])
    assert (verify(log.path).entries, verify(log.path).whole) == (0, True)


def test_an_entry_of_a_later_version_keeps_its_place_in_the_chain(tmp_path: Path) -> None:
    import hashlib

    first = filled(tmp_path, 1)[0]
    content = b'{"seq":2,"at":"2027-01-01T00:00:00.000Z","new":1,"record":{"kind":"teleport"},"prev":"%s"}'
    content %= first.hash.encode()
    digest = hashlib.sha256(content).hexdigest().encode()
    path = tmp_path / "audit.jsonl"
    with path.open("ab") as file:
        file.write(content[:-1] + b',"hash":"' + digest + b'"}\n')
    assert log_in(tmp_path).append(intent("a9")).seq == 3
    assert verify(path).findings == ()
    assert [entry.seq for entry in log_in(tmp_path).read()] == [1, 3]
    assert [each.entry.record.action for each in log_in(tmp_path).unfinished()] == ["a0", "a9"]
