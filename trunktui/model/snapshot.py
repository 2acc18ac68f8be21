"""What the engine tells the screen: the judged fleet at one instant, complete, frozen, without any promise.

All times ending in `_at` are seconds of the machine's monotonic clock, which the engine's and the screen's
process share; ages and countdowns are computed by whoever shows them, so that a dead engine cannot leave
a young age on the screen.
"""

from __future__ import annotations

from enum import StrEnum

from msgspec import Struct

from trunktui.model.box import BoxFacts
from trunktui.model.correlation import Correlated
from trunktui.model.finding import AuthBurst, CredentialAge, FileTime, Finding
from trunktui.model.health import (
    Effective,
    FaultKind,
    LegState,
    ProbeSignal,
    RegSignal,
    SbcState,
    Severity,
    TrafficSignal,
    Usage,
)
from trunktui.model.inventory import AuthMode, NativeNames
from trunktui.model.link import LinkStatus, SnmpStatus
from trunktui.model.marks import Ack, Maintenance, MarksNote
from trunktui.model.observation import Contact, Unread
from trunktui.model.observation import Evidence as Evidence
from trunktui.model.recording import RecordsNote
from trunktui.model.route import ActiveRoute
from trunktui.model.surroundings import Certificate
from trunktui.model.tail import TailStatus
from trunktui.model.text import Safe


class RegView(Struct, frozen=True, gc=False):
    """A leg's registration. `next_at`: when the SBC means to REGISTER next (past = in flight or overdue).

    `failures` counts attempts seen to fail since the last success, None when not known.
    `code` is the last refusal's SIP code, None when it could not be seen. `delay_s`: the longest time that the
    SBC waits before a REGISTER that it was told to send, `expires_s` what it asks the registrar for; None when that
    setting was not read. `by_hand`: it is given up because somebody disabled it, not for a refusal.
    """

    state: RegSignal
    next_at: float | None = None
    failures: int | None = None
    gave_up: bool | None = None
    code: int | None = None
    delay_s: int | None = None
    expires_s: int | None = None
    by_hand: bool = False


class CleanRun(Struct, frozen=True, gc=False):
    """OPTIONS that were answered without a miss: at least `probes` of them, since monotonic second `since`."""

    probes: int
    since: float


class ProbeView(Struct, frozen=True, gc=False):
    """A leg's OPTIONS probe; `detect_s` is the worst case from far end dead to SBC noticing, None unknown.

    `misplaced`: where OPTIONS are set without any effect, in the platform's words; empty: nowhere that was seen.
    """

    state: ProbeSignal
    rtt_ms: float | None = None
    misses: int | None = None
    code: int | None = None
    interval_s: int | None = None
    detect_s: float | None = None
    contacts: tuple[Contact, ...] = ()
    misplaced: Safe = Safe("")


class ChannelsView(Struct, frozen=True, gc=False):
    """A leg's channels; `used` counts against `cap` over every leg that shares it, None when not known.

    `whole` False: some of those legs' channels are not known, so `used` is a lower bound.
    """

    state: Usage
    active: int | None = None
    cap: int | None = None
    used: int | None = None
    whole: bool = True


class CpsView(Struct, frozen=True):
    """A leg's dials per second: `now` is the mean over the last `window_s`, None where it is not known.

    `whole` False: at least so many, for short ones were missed. `peak`: the most that began within one second of
    the last minute. `used` counts against `cap` over every leg that shares it, and `used_whole` is its `whole`.
    """

    state: Usage
    now: float | None = None
    peak: int | None = None
    window_s: float | None = None
    cap: float | None = None
    whole: bool = True
    used: float | None = None
    used_whole: bool = True


class TrafficView(Struct, frozen=True, gc=False):
    """A leg's calls that ended in the last `window_s`: how many, how many were answered, what the failures say.

    `code` is the commonest failure's SIP code and `cause` its Q.850 cause, `failed` how many calls got it; None:
    not told, or none. `usual_asr` is the share answered at this hour of other days. `prefix`: the destination that
    carries the failures, None where they are not one's; `tried`: how many calls went there. `source`: where the calls
    are read from. `prefixes`: to how many destinations calls went; `refused` with all hard failures; `reached`:
    answered, busy, rung or given up. `silent` of `talked` answered calls had no audio, since `silent_at` (monotonic; None: they were hung up at once). `held_s`: no call has told
    anything for so long, and this is what it was. `hour`: the last one that is over with calls in it, as hours since 1970,
    attempts, answers.
    """

    state: TrafficSignal
    window_s: float | None = None
    attempts: int | None = None
    answered: int | None = None
    failed: int | None = None
    code: int | None = None
    cause: int | None = None
    usual_asr: float | None = None
    prefix: Safe | None = None
    source: Safe = Safe("")
    tried: int | None = None
    prefixes: int = 0
    refused: int = 0
    reached: int = 0
    silent: int | None = None
    talked: int | None = None
    held_s: float | None = None
    silent_at: float | None = None
    hour: tuple[int, int, int] | None = None


class EgressKind(StrEnum):
    """Who says how carriers see an SBC: STUN saw it from outside, TRANSPORT is a setting, OWN is its own address."""

    STUN = "stun"
    TRANSPORT = "transport"
    OWN = "own"


class Egress(Struct, frozen=True):
    """The address by which carriers see an SBC, since when, and who says so; `before` is what it was.

    Times are monotonic seconds; `since` None: it was so when first looked at. An address of another `kind` of source
    is no change of the address: only what is known of it.
    """

    address: str
    source: Safe
    since: float | None = None
    before: str | None = None
    kind: EgressKind = EgressKind.OWN


class Resolved(Struct, frozen=True):
    """What a name leads to as an SBC itself resolves it; no address: it finds none.

    `settled` is what it is known to lead to, apart from what comes and goes at each look; `since` and `before` are of
    that, as in Egress.
    """

    host: str
    addresses: tuple[str, ...]
    settled: tuple[str, ...] = ()
    since: float | None = None
    before: tuple[str, ...] | None = None


class LegStatus(Struct, frozen=True, gc=False):
    """One leg, judged. `was` is the last known state while the state is unknown for want of news.

    `at_risk`: dials that a silent death would burn before its SBC notices, infinite where it never would, None
    where not known; `cps.whole` False makes it a lower bound too.

    `observed_at`: when the last answer was asked for: what it says is no older. `late_at` and `stale_at`: when
    what is said here begins to dim, and when it stops being believed.
    `maintenance` and `acknowledged` are the marks in force, `planned` is the next maintenance to come.
    `flapping`: it changes so often that its state stands still at the worst of late. `load`: the most channels
    it had in the quarter of an hour before the first bad sign (or before now, while there is none); None not known.
    `clean`: its run of answered OPTIONS up to now; None: the last was not answered, or it has none.
    `traffic` None: nobody tells us of its calls. `wasted`: calls tried since the first bad sign that nobody answered.
    `fault`: what its trouble shows in, `bad_since` when that began, None without trouble; `healed`: from
    when to when it was out (SUSPECT or DOWN) last, None where nobody saw it. `username`, `targets` and
    `part` as in NativeLeg; `resolved` has the names among its destinations.
    """

    id: str
    trunk: str
    sbc: str
    native: NativeNames
    carrier: str | None
    account: str | None
    groups: tuple[str, ...]
    auth: AuthMode
    auth_guessed: bool
    discovered: bool
    why_not_actionable: str | None
    state: LegState
    severity: Severity
    reason: Safe
    since_at: float | None
    was: LegState | None
    effective: Effective
    registration: RegView
    probe: ProbeView
    channels: ChannelsView
    cps: CpsView
    observed_at: float | None
    late_at: float | None
    stale_at: float | None
    evidence: tuple[Evidence, ...] = ()
    badge: str | None = None
    maintenance: Maintenance | None = None
    acknowledged: Ack | None = None
    planned: Maintenance | None = None
    at_risk: float | None = None
    flapping: bool = False
    load: int | None = None
    traffic: TrafficView | None = None
    wasted: int | None = None
    fault: FaultKind | None = None
    bad_since: float | None = None
    healed: tuple[float, float] | None = None
    username: Safe | None = None
    targets: tuple[str, ...] | None = None
    resolved: tuple[Resolved, ...] = ()
    part: Safe | None = None
    clean: CleanRun | None = None

    @property
    def covered(self) -> bool:
        """Whether its trouble raises no alarm; its state is what it is."""
        return self.maintenance is not None or self.acknowledged is not None


class SbcStatus(Struct, frozen=True):
    """One SBC, judged. `polled_at`: when the last complete answer was asked for; `started_at`: its software's start.

    `reloaded_at`: when that read its configuration last.

    All but `snmp` and `box` is what SSH told; `box` is the last that SNMP told, until `box_stale_at`.
    `tails`: the files on it that are followed. `egress` None: nobody can tell how carriers see it, and
    `egress_why`; `egress_expected` is the config's. `resolved`: the names of its legs' destinations. `certificates`: those that it presents to carriers over SIP-TLS; `auth_bursts`: who fails to authenticate at it; `files`: when those that
    hold credentials changed. Empty: none known. `settled`: its trunks' settings are read, as far as it lets us.
    `cps`: calls begun per second, by its own count. `clock_offset_s`, its clock minus ours, is right to within
    `clock_unsure_s`; `zone_s` is how far its local time is ahead of UTC.
    """

    name: str
    site: str | None
    platform: str
    host: str
    state: SbcState
    severity: Severity
    reason: Safe
    link: LinkStatus
    snmp: SnmpStatus = SnmpStatus()
    version: Safe | None = None
    started_at: float | None = None
    channels: int | None = None
    calls: int | None = None
    cps: float | None = None
    clock_offset_s: float | None = None
    clock_unsure_s: float | None = None
    zone_s: int | None = None
    polled_at: float | None = None
    stale_at: float | None = None
    poll_took_s: float | None = None
    next_poll_at: float | None = None
    unread: tuple[Unread, ...] = ()
    box: BoxFacts | None = None
    box_stale_at: float | None = None
    reloaded_at: float | None = None
    maintenance: Maintenance | None = None
    acknowledged: Ack | None = None
    egress: Egress | None = None
    tails: tuple[TailStatus, ...] = ()
    egress_why: Safe = Safe("")
    egress_expected: str | None = None
    resolved: tuple[Resolved, ...] = ()
    certificates: tuple[Certificate, ...] = ()
    auth_bursts: tuple[AuthBurst, ...] = ()
    files: tuple[FileTime, ...] = ()
    settled: bool = False

    @property
    def covered(self) -> bool:
        """Whether its trouble raises no alarm."""
        return self.maintenance is not None or self.acknowledged is not None


class GroupStatus(Struct, frozen=True):
    """One trunk group, rolled up from the legs it can route over.

    `active`: where its new calls go, one for each SBC on which the config says how to tell; empty: nowhere told.
    `trunks`: those of the config, in order of preference.
    """

    name: str
    state: LegState
    severity: Severity
    reason: Safe
    maintenance: Maintenance | None = None
    acknowledged: Ack | None = None
    active: tuple[ActiveRoute, ...] = ()
    trunks: tuple[str, ...] = ()


class Landing(Struct, frozen=True):
    """Where one group's calls would go if the carrier of its active trunk died: `to` None: nowhere, and `sentence` says why.

    `load`: channels to move (`load_whole` False: at least so many), `free`: channels free at `to`, None not known (`free_most`: at most so
    many); `fits` the share of the load that fits, 1.0 all of it, None not known. `sbcs`: on which SBCs.
    """

    group: str
    source: str
    to: str | None
    sbcs: tuple[str, ...]
    load: int | None
    load_whole: bool
    free: int | None
    free_most: bool
    fits: float | None
    severity: Severity
    sentence: Safe


class Headroom(Struct, frozen=True):
    """What a carrier's death would do now: one landing for each group that goes over it; `sentence` sums them up."""

    carrier: str
    severity: Severity
    sentence: Safe
    landings: tuple[Landing, ...] = ()


class Snapshot(Struct, frozen=True):
    """The whole fleet at monotonic second `at`. `generation` grows with every judged change.

    `marks` says whether maintenance and acknowledgements are known, so that none means none. `verdicts` are what bad
    legs have in common, worst first. `findings` (worst first) and `credentials` None: not looked for.
    `records` says whether what operators recorded is known, on which the dates of both rest.
    `headroom`: for each carrier that carries a group, what would move where if it died now.
    """

    generation: int
    at: float
    sbcs: tuple[SbcStatus, ...] = ()
    legs: tuple[LegStatus, ...] = ()
    groups: tuple[GroupStatus, ...] = ()
    marks: MarksNote = MarksNote()
    verdicts: tuple[Correlated, ...] = ()
    findings: tuple[Finding, ...] | None = None
    credentials: tuple[CredentialAge, ...] | None = None
    records: RecordsNote = RecordsNote()
    headroom: tuple[Headroom, ...] = ()
