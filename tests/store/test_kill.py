"""kill -9 in the middle of writing: what was acknowledged is stored, and the chain has no gap."""

from __future__ import annotations

from pathlib import Path

from tests.store.killing import run
from tests.store.logs import intent, log_in
from trunktui.store.verify import Flaw, verify

KILLS = 120


def test_120_killed_writers_two_at_a_time_lose_nothing_that_was_acknowledged(tmp_path: Path) -> None:
    result = run("killing", tmp_path, KILLS)
    acknowledged = {(seq, text) for seq, text in result["acknowledged"]}
    log = log_in(tmp_path)
    after = log.append(intent("after all that"))
    stored = [(entry.seq, entry.hash) for entry in log.read()]
    assert acknowledged <= set(stored)
    assert [seq for seq, _ in stored] == list(range(1, after.seq + 1))
    report = verify(log.path)
    assert report.whole, report.findings
    torn = [finding for finding in report.findings if finding.flaw is Flaw.TORN]
    assert len(acknowledged) >= KILLS // 4  # some 8 per kill on an idle machine
    assert result["kills"] == KILLS
    # a killed writer leaves at most one torn line, or one entry that it was not told of
    assert 1 <= len(torn) <= KILLS + 2
    assert len(stored) - 1 - len(acknowledged) <= KILLS + 2 - len(torn)
