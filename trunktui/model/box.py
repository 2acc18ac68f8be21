"""What an SBC says of itself by SNMP, in words that fit every platform. Unknown is None, never 0."""

from __future__ import annotations

from enum import StrEnum

from msgspec import Struct

from trunktui.model.observation import Unread
from trunktui.model.text import Safe


class SubAgent(StrEnum):
    """What the SBC software's own part of the agent does; ABSENT: the agent knows no such objects."""

    ANSWERS = "answers"
    ABSENT = "absent"
    SILENT = "silent"
    UNREADABLE = "unreadable"


class DiskUse(Struct, frozen=True):
    """The fullest local disk: where it is mounted, percent used, and when it was read (monotonic)."""

    path: Safe
    used_percent: int
    at: float


class Published(Struct, frozen=True):
    """What a site publishes by NET-SNMP-EXTEND; `status` is its script's exit status, None not known."""

    name: str
    lines: tuple[Safe, ...] | None
    status: int | None = None
    why: Safe = Safe("")


class BoxFacts(Struct, frozen=True):
    """What an SBC says of itself by SNMP; shown beside what SSH says, never judged against it.

    `at` is when (monotonic), `uptime_s` the machine's, `agent_uptime_s` the SNMP agent's: both wrap after
    497 days. `load` is the mean over 1, 5 and 15 minutes. `channels`, `calls`, `calls_processed`,
    `app_uptime_s` and `app_version` are the SBC software's own totals, known while `sub_agent` ANSWERS.
    """

    at: float
    name: Safe | None = None
    uptime_s: int | None = None
    agent_uptime_s: int | None = None
    load: tuple[float, float, float] | None = None
    disk: DiskUse | None = None
    sub_agent: SubAgent | None = None
    app_version: Safe | None = None
    app_uptime_s: int | None = None
    channels: int | None = None
    calls: int | None = None
    calls_processed: int | None = None
    published: tuple[Published, ...] = ()
    unread: tuple[Unread, ...] = ()
