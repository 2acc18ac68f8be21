"""How loud an SBC is about what could not be read of it."""

from __future__ import annotations

import pytest

from trunktui.health.box import BoxLook, BoxMemory, judge_box
from trunktui.model.health import SbcState, Severity, Thresholds
from trunktui.model.link import LinkStatus, SshState
from trunktui.model.observation import AppState, Box, Observation, Unread


@pytest.mark.parametrize(
    ("contacts_read", "severity"),
    [(True, Severity.WARNING), (False, Severity.MAJOR)],
    ids=["figures", "table"],
)
def test_an_unread_table_is_louder_than_unread_settings_and_all_are_counted(
    contacts_read: bool, severity: Severity
) -> None:
    seen = Observation(
        at=100.0,
        took_s=0.2,
        app=AppState.ANSWERING,
        box=Box(uptime_s=9000),
        reg_read=True,
        contacts_read=contacts_read,
        channels_read=True,
        unread=(Unread("pjsip show x", "who refused"), Unread("pjsip show y", "who refused")),
    )
    verdict = judge_box(BoxLook(LinkStatus(state=SshState.OK), seen, 3, 1.0, 45.0), BoxMemory(), Thresholds())
    assert (verdict.state, verdict.severity) == (SbcState.DEGRADED, severity)
    assert verdict.reason == "cannot read 'pjsip show x' and 1 more: who refused"
