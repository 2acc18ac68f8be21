"""What `audit verify` says of a log that somebody has been at."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import pytest

from tests.store.logs import filled, intent, lines_of, log_in
from trunktui.store.chain import MAX_LINE, seal
from trunktui.store.verify import FINDINGS_LIMIT, Flaw, verify

Lines = list[bytes]


def rewritten(folder: Path, change: Callable[[Lines], Lines], count: int = 6) -> list[tuple[int, Flaw]]:
    """Fill a log, let `change` have its lines, and return the findings."""
    filled(folder, count)
    path = folder / "audit.jsonl"
    path.write_bytes(b"".join(line + b"\n" for line in change(lines_of(folder))))
    report = verify(path)
    assert report.whole is all(finding.flaw is Flaw.TORN for finding in report.findings)
    return [(finding.line, finding.flaw) for finding in report.findings]


def test_any_edited_byte_of_any_line_is_found(tmp_path: Path) -> None:
    filled(tmp_path, 3)
    path = tmp_path / "audit.jsonl"
    data = path.read_bytes()
    starts = [0, *(at + 1 for at, byte in enumerate(data[:-1]) if byte == 10)]
    for at in range(len(data)):
        path.write_bytes(data[:at] + bytes([data[at] ^ 1]) + data[at + 1 :])
        report = verify(path)
        line = sum(start <= at for start in starts)
        assert report.findings, at
        assert report.findings[0].line in {line, line + 1}, at
        # a byte of the last line's end may leave what a killed writer leaves; nothing after it tells more
        assert not report.whole or line == 3, at


def test_an_edited_line_is_called_edited_and_nothing_else_is_said(tmp_path: Path) -> None:
    def edit(lines: Lines) -> Lines:
        lines[2] = lines[2].replace(b"acme@nyc-1", b"acme@nyc-2")
        return lines

    assert rewritten(tmp_path, edit) == [(3, Flaw.EDITED)]


def test_an_entry_written_after_an_edited_last_line_is_not_blamed(tmp_path: Path) -> None:
    def edit(lines: Lines) -> Lines:
        lines[-1] = lines[-1].replace(b"acme@nyc-1", b"acme@nyc-2")
        return lines

    assert rewritten(tmp_path, edit) == [(6, Flaw.EDITED)]
    assert log_in(tmp_path).append(intent()).seq == 6
    report = verify(tmp_path / "audit.jsonl")
    assert [(finding.line, finding.flaw) for finding in report.findings] == [(6, Flaw.EDITED)]


@pytest.mark.parametrize(("index", "line"), [(0, 1), (2, 3), (4, 5)])
def test_a_removed_line_is_missed(tmp_path: Path, index: int, line: int) -> None:
    assert rewritten(tmp_path, lambda lines: lines[:index] + lines[index + 1 :]) == [(line, Flaw.MISSING)]


def test_several_removed_lines_are_missed_by_their_numbers(tmp_path: Path) -> None:
    assert rewritten(tmp_path, lambda lines: lines[:1] + lines[4:]) == [(2, Flaw.MISSING)]
    assert "entries 2 to 4 are not before entry 5" in str(verify(tmp_path / "audit.jsonl").findings[0])


def test_a_cut_off_tail_is_not_seen(tmp_path: Path) -> None:
    assert rewritten(tmp_path, lambda lines: lines[:-2]) == []


def test_lines_in_another_order_are_found(tmp_path: Path) -> None:
    def swap(lines: Lines) -> Lines:
        lines[2], lines[3] = lines[3], lines[2]
        return lines

    assert rewritten(tmp_path, swap) == [(3, Flaw.MISSING), (4, Flaw.MOVED)]


def test_a_line_that_stands_twice_is_found(tmp_path: Path) -> None:
    assert rewritten(tmp_path, lambda lines: [*lines, lines[1]]) == [(7, Flaw.MOVED)]


def test_an_entry_made_anew_with_a_hash_that_fits_it_is_found_by_the_next(tmp_path: Path) -> None:
    def forge(lines: Lines) -> Lines:
        entries = list(log_in(tmp_path).read())
        lines[2] = seal(3, entries[2].at, entries[2].who, intent("forged"), entries[2].prev)[0]
        return lines

    assert rewritten(tmp_path, forge) == [(4, Flaw.REPLACED)]


@pytest.mark.parametrize(
    "foreign", [b"", b"{}", b"hello \x1b[2J", b"\xff\xfe", b'{"seq":9,"at":"', b"x" * 3 * MAX_LINE]
)
def test_a_foreign_line_is_told_once_and_cleanly(tmp_path: Path, foreign: bytes) -> None:
    assert rewritten(tmp_path, lambda lines: [*lines[:2], foreign, *lines[2:]]) == [(3, Flaw.FOREIGN)]
    assert "\x1b" not in str(verify(tmp_path / "audit.jsonl").findings[0])


def test_an_entry_cut_in_the_middle_of_the_log_is_no_torn_line(tmp_path: Path) -> None:
    def cut(lines: Lines) -> Lines:
        lines[2] = lines[2][:200]
        return lines

    assert (4, Flaw.MISSING) in rewritten(tmp_path, cut)


def test_a_torn_end_is_told_as_one_that_the_next_entry_will_fence(tmp_path: Path) -> None:
    filled(tmp_path, 2)
    path = tmp_path / "audit.jsonl"
    path.write_bytes(path.read_bytes()[:-30])
    report = verify(path)
    assert report.whole
    assert str(report.findings[0]).endswith("the next entry will fence it")


def test_findings_without_end_are_counted(tmp_path: Path) -> None:
    path = tmp_path / "audit.jsonl"
    path.write_bytes(b"no\n" * (FINDINGS_LIMIT + 5))
    report = verify(path)
    assert (len(report.findings), report.not_told, report.whole) == (FINDINGS_LIMIT, 5, False)
