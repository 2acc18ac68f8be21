"""One SBC as the poller keeps it between polls."""

from __future__ import annotations

import math

from msgspec import Struct, field

from trunktui.health.audio import AudioMemory
from trunktui.health.box import BoxMemory
from trunktui.health.cps import CpsShare
from trunktui.health.rates import Rate, RateMemory
from trunktui.health.rollup import Share
from trunktui.health.routes import RouteMemory
from trunktui.health.standby import HaView
from trunktui.health.traffic import CallMemory
from trunktui.model.box import BoxFacts
from trunktui.model.finding import FileTime
from trunktui.model.history import Hours
from trunktui.model.inventory import Sbc
from trunktui.model.link import LinkStatus, SnmpStatus
from trunktui.model.observation import Observation
from trunktui.model.snapshot import LegStatus
from trunktui.model.tail import TailFile, TailStatus
from trunktui.platforms.contract import LegSettings
from trunktui.poll.follower import Trail
from trunktui.poll.heard import HeardMemory
from trunktui.poll.kept import LegRecord
from trunktui.poll.past import Past
from trunktui.poll.surveyed import Survey


class Judged(Struct, frozen=True):
    """The verdicts on one SBC's legs: they hold until news comes, a shared cap moves, or the answer is stale."""

    legs: list[LegStatus]
    shares: tuple[tuple[Share | None, CpsShare | None], ...]
    until: float
    ha: HaView = HaView()


class SbcRecord(Struct):
    """One SBC between polls. `unlisted`: legs that an earlier run found on it, by id, until it has listed its own.

    `platform`: what it is polled as: the config's, or what was found there, `auto` before that.
    `trails`: how far the files on it that are followed were read, by name; `tails` is what is shown of each,
    `heard` what they said. `hours`: what an earlier run knew of calls by the hour, by leg.
    `routes`: where the groups go there; `hasty_until`: it is polled often until then, something was done to it.
    `files`: those that hold credentials, as they were looked at at `files_at`; None: to be looked at anew.
    """

    sbc: Sbc
    platform: str
    link: LinkStatus = LinkStatus()
    observation: Observation | None = None
    settings: LegSettings = LegSettings()
    settings_done: bool = False
    snmp: SnmpStatus = SnmpStatus()
    facts: BoxFacts | None = None
    box: BoxMemory = BoxMemory()
    rates: RateMemory = RateMemory()
    calls: CallMemory = CallMemory()
    audio: AudioMemory = AudioMemory()
    hours: dict[str, Hours] = field(default_factory=dict)
    legs: dict[str, LegRecord] = field(default_factory=dict)
    unlisted: dict[str, Past] = field(default_factory=dict)
    trails: dict[str, Trail] = field(default_factory=dict)
    tails: dict[TailFile, TailStatus] = field(default_factory=dict)
    heard: HeardMemory = field(default_factory=HeardMemory)
    next_poll_at: float | None = None
    ha: HaView = HaView()
    judged: Judged | None = None
    survey: Survey = Survey()
    files: tuple[FileTime, ...] = ()
    files_at: float | None = None
    routes: RouteMemory = field(default_factory=RouteMemory)
    hasty_until: float = -math.inf


def rate_of(record: SbcRecord, leg: LegRecord) -> Rate | None:
    """Return a leg's dials; none are known of an endpoint whose channels are not."""
    seen = leg.seen if leg.listed else None
    if seen is None or seen.channels is None or seen.native.endpoint is None:
        return None
    return record.rates.rate(seen.native.endpoint)
