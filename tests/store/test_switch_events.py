"""Switches as events: whoever made them, in one sentence each; who breaks the glass is seen by everybody."""

from __future__ import annotations

from pathlib import Path

import pytest
from msgspec import structs

from tests.store.logs import log_in
from tests.tui.switch_samples import GROUP, plan_of
from trunktui.model.audit import AuditRecord, RecordKind
from trunktui.model.health import Severity
from trunktui.model.history import EventKind, about
from trunktui.model.switch import SwitchKind, Wish
from trunktui.store.history_actions import AuditedActions

WALL = 1_637_841_700.0
MOVE = plan_of("nyc-1", Wish(SwitchKind.SWITCH, GROUP, to="beta-us")).move
ASKED = AuditRecord(RecordKind.INTENT, action="s1.1", verb="switch", leg="beta-us@nyc-1", sbc="nyc-1", reason="ticket 7", move=MOVE)  # fmt: skip


def ended(ending: str, sentence: str = "it still says alpha-us") -> AuditRecord:
    return structs.replace(ASKED, kind=RecordKind.OUTCOME, ending=ending, sentence=sentence, reason="")


def test_a_switch_is_told_by_whom_of_what_from_where_to_where_and_how_it_ended(tmp_path: Path) -> None:
    log = log_in(tmp_path)
    log.append(ASKED)
    last = log.append(ended("verified"))
    (began, done), _ = AuditedActions(tmp_path, 30, lambda: WALL)("")
    assert began.kind is done.kind is EventKind.ACTION
    assert began.sentence == "alice switches us-outbound on nyc-1 from alpha-us to beta-us (ticket 7)"
    assert done.sentence == "alice switched us-outbound on nyc-1 from alpha-us to beta-us: verified"
    assert (began.severity, done.severity) == (Severity.NONE, Severity.NONE)
    assert (done.after, done.detail) == ("verified", f"audit {last.seq} {last.hash}")
    assert all(about(done, selector) for selector in ("us-outbound", "nyc-1", "us-outbound@nyc-1"))


@pytest.mark.parametrize(
    ("ending", "said", "severity"),
    [
        ("routed", "alice switched us-outbound on nyc-1 from alpha-us to beta-us: reads back, no call has shown it yet", Severity.NONE),
        ("failed", "the switch of us-outbound on nyc-1 from alpha-us to beta-us by alice failed: it still says alpha-us", Severity.MINOR),
        ("unverified", "the switch of us-outbound on nyc-1 from alpha-us to beta-us by alice unverified: it still says alpha-us", Severity.WARNING),
    ],
)  # fmt: skip
def test_each_ending_has_its_words(tmp_path: Path, ending: str, said: str, severity: Severity) -> None:
    log = log_in(tmp_path)
    log.append(ASKED)
    log.append(ended(ending))
    (_, done), _ = AuditedActions(tmp_path, 30, lambda: WALL)("")
    assert (done.sentence, done.severity) == (said, severity)


@pytest.mark.parametrize(
    ("kind", "said"),
    [
        (SwitchKind.FAILBACK, "alice failed back us-outbound on nyc-1 from alpha-us to beta-us: verified"),
        (SwitchKind.UNDO, "alice took back the switch of us-outbound on nyc-1 from alpha-us to beta-us: verified"),
    ],
)  # fmt: skip
def test_going_back_and_taking_back_are_told_as_such(tmp_path: Path, kind: SwitchKind, said: str) -> None:
    assert MOVE is not None
    log_in(tmp_path).append(structs.replace(ended("verified"), move=structs.replace(MOVE, kind=kind)))
    (done,), _ = AuditedActions(tmp_path, 30, lambda: WALL)("")
    assert done.sentence == said


def test_who_breaks_the_glass_raises_a_critical_event_and_its_end_is_one_too_even_later(
    tmp_path: Path,
) -> None:
    log = log_in(tmp_path)
    said = "target: break glass: beta-us@nyc-1 flaps; alice takes it on"
    log.append(structs.replace(ASKED, guards=("write: nyc-1 allows actions", said)))
    source = AuditedActions(tmp_path, 30, lambda: WALL)
    (began,), position = source("")
    assert began.severity is Severity.CRITICAL
    assert began.sentence == (
        f"break glass: alice switches us-outbound on nyc-1 from alpha-us to beta-us; {said} (ticket 7)"
    )
    log.append(ended("verified"))
    (done,), _ = source(position)
    assert done.severity is Severity.CRITICAL


def test_a_refusal_is_no_alarm(tmp_path: Path) -> None:
    refused = structs.replace(
        ASKED, kind=RecordKind.REFUSED, sentence="target: break glass: beta-us@nyc-1 flaps", reason=""
    )
    log_in(tmp_path).append(refused)
    (event,), _ = AuditedActions(tmp_path, 30, lambda: WALL)("")
    assert event.severity is Severity.WARNING
    assert event.sentence.startswith(
        "refused to alice: us-outbound on nyc-1 from alpha-us to beta-us: target"
    )
