"""What one poll of one SBC told us, in words that fit every platform. Unknown is a value: None, never 0."""

from __future__ import annotations

from enum import StrEnum

from msgspec import Struct, field

from trunktui.model.health import Effective
from trunktui.model.inventory import NativeNames
from trunktui.model.text import Safe


class AppState(StrEnum):
    """Whether the telephony software on the box answered us, whatever the trunks do."""

    ANSWERING = "answering"
    STARTING = "starting"
    NOT_RUNNING = "not_running"
    NOT_PERMITTED = "not_permitted"
    FROZEN = "frozen"
    UNREADABLE = "unreadable"


class RegPhase(StrEnum):
    """Where a registration stands, as the SBC's own table says at one instant.

    REGISTERED: `due_in_s` counts to the next REGISTER, negative when it is past due.
    WAITING: refused or unanswered; the next attempt comes in `due_in_s`.
    ATTEMPTING: refused or unanswered; an attempt began `-due_in_s` ago, or nothing is scheduled any more:
    one look cannot tell the two apart, two looks can (health does).
    TRYING: an attempt that the SBC itself calls one began `-due_in_s` ago; it ends after `limit_s`.
    DISABLED: the SBC itself says that it will not try again.
    UNREGISTERED: not registered and not refused: after start, after un-registering, before a re-register.
    OTHER: a word this platform file does not know.
    """

    REGISTERED = "registered"
    WAITING = "waiting"
    ATTEMPTING = "attempting"
    TRYING = "trying"
    DISABLED = "disabled"
    UNREGISTERED = "unregistered"
    OTHER = "other"


class Registration(Struct, frozen=True):
    """One outbound registration. `word` is the SBC's own; `line` the row it came from.

    `due_in_s` in whole seconds as RegPhase says, None when nothing was ever scheduled. `limit_s`: when the SBC
    ends an attempt. `code`: the last refusal's, where it is told. `wait_step_s`: what each failure adds to
    the wait for the next attempt, 0 where it adds something and nobody says how much. `by_hand`: a DISABLED one was
    switched off by somebody, not by a failure.
    """

    phase: RegPhase
    word: Safe
    due_in_s: int | None
    server: Safe
    line: Safe
    limit_s: int | None = None
    code: int | None = None
    wait_step_s: int | None = None
    by_hand: bool = False


class ContactState(StrEnum):
    """What the SBC's own OPTIONS probe says of one contact; UNPROBED: none was sent (yet, or ever).

    DISABLED: somebody switched it off on the SBC.
    """

    REACHABLE = "reachable"
    UNREACHABLE = "unreachable"
    UNPROBED = "unprobed"
    DISABLED = "disabled"
    OTHER = "other"


class ProbeCount(Struct, frozen=True):
    """The SBC's own counter: up by one with each answer to `most` at most, down with each miss; below `least` is down.

    Not `exact`: it tells only that there were misses, and there may have been more than `count` shows.
    """

    least: int
    count: int
    most: int
    exact: bool = True

    @property
    def misses(self) -> int:
        """How many are missing to the most."""
        return max(self.most - self.count, 0)

    @property
    def down_at(self) -> int:
        """At how many misses from the most the SBC gives the destination up."""
        return max(self.most - self.least + 1, 1)


class Contact(Struct, frozen=True):
    """One contact of a trunk. `rtt_ms` None without an answer; `cut` means the SBC printed the URI cut off.

    `code` is the SIP code of the last answer, None where the SBC does not tell it; `retry_after_s` came with it.
    `probed` False: the SBC does not ask it, so that its state proves nothing and its return would not be noticed.
    `overdue_s`: the OPTIONS that is due was due so long ago, and is unanswered as yet. `answered`: whether an
    UNREACHABLE one does answer, only not as the SBC wants it; None where it does not tell.
    """

    uri: Safe
    state: ContactState
    rtt_ms: float | None
    line: Safe
    cut: bool = False
    code: int | None = None
    retry_after_s: int | None = None
    probed: bool | None = None
    count: ProbeCount | None = None
    overdue_s: float | None = None
    answered: bool | None = None


class Channels(Struct, frozen=True):
    """Channels of one trunk now. `answered_age_s`: age of the youngest *answered outbound* one, None if none."""

    active: int
    answered_age_s: int | None = None


class ChannelRow(Struct, frozen=True, gc=False):
    """One channel of an SBC at one look, for telling which are new since the one before.

    `id` is the SBC's own, used once in a life of its software. `endpoint` None: no trunk can have it. `serial`
    numbers the channels of endpoints since that life began. `began`: the second of the SBC's clock at which it
    was made. Each None where the row does not tell. `dialled`: whether the SBC made it to call out; None: the
    row may say anything (it holds what the other side chose).
    """

    id: Safe
    age_s: int
    dialled: bool | None
    endpoint: str | None = None
    serial: int | None = None
    began: int | None = None


class ProbeSettings(Struct, frozen=True):
    """OPTIONS settings really loaded: interval 0 means never; seconds.

    `misses`: how many in a row make it dead, None on a platform where that is no setting. `misplaced`: where OPTIONS
    are set without any effect, in the platform's words. `every`: all destinations are asked, whatever stands with each;
    None where that is not read, or no setting.
    """

    interval_s: int | None = None
    timeout_s: float | None = None
    only_2xx: bool | None = None
    misses: int | None = None
    misplaced: Safe = Safe("")
    every: bool | None = None


class RegSettings(Struct, frozen=True):
    """Registration settings really loaded; seconds; an interval of 0 means: gives up at once."""

    expires_s: int | None = None
    retry_s: int | None = None
    forbidden_retry_s: int | None = None
    fatal_retry_s: int | None = None
    max_retries: int | None = None
    auth_permanent: bool | None = None
    initial_delay_s: int | None = None


class Evidence(Struct, frozen=True):
    """One raw line (cleaned, redacted) that a verdict rests on, and the command that printed it."""

    source: str
    line: Safe


class Destination(Struct, frozen=True):
    """Where a leg's requests go: a host's name, or an address. `port` None: not told, so that SRV records may decide."""

    host: str
    port: int | None = None


class NativeLeg(Struct, frozen=True):
    """One leg as its SBC knows it.

    `registration` None: it has none, or the table could not be read (`Observation.reg_read` tells which);
    likewise `contacts` and `contacts_read`. `channels` None: not known. `why_not_actionable` says why no
    action may touch it. `effective`: what the SBC itself says that it does with the next call, None where it does
    not tell. `reg_gates`: without its registration it takes no call. `part`: the piece of the SBC that it hangs on
    (`profile external`). `username`: whom it registers or authenticates as, None not read. `targets`: the addresses
    that its registrar's or contact's name leads to, as the SBC itself resolves it, None where that was not asked.
    `destinations`: its registrar and its contacts, each once, None where one of them cannot be read. `interfaces`:
    the ways out that it is told to use, none where the SBC chooses.
    """

    native: NativeNames
    registration: Registration | None = None
    contacts: tuple[Contact, ...] = ()
    channels: Channels | None = None
    probe_settings: ProbeSettings | None = None
    reg_settings: RegSettings | None = None
    why_not_actionable: str | None = None
    evidence: tuple[Evidence, ...] = ()
    effective: Effective | None = None
    reg_gates: bool = False
    part: Safe | None = None
    username: Safe | None = None
    targets: tuple[str, ...] | None = None
    destinations: tuple[Destination, ...] | None = None
    interfaces: tuple[str, ...] = ()


class Box(Struct, frozen=True):
    """Facts of the SBC as a whole. `version` as printed; times in seconds.

    `calls_processed` counts calls since its software started, `channels_processed` channels, dialled ones too;
    either is None where the SBC counts the other. `clock_s` is what its clock showed (seconds since
    1970), right to within `clock_unsure_s`; `zone_s` how far its local time is ahead of UTC. `clock_offset_s` is
    its clock minus ours, right to within `clock_unsure_s`, once whoever knows our clock has filled it in.
    `addresses`: those that others can reach, None where it could not be asked.
    """

    version: Safe | None = None
    uptime_s: int | None = None
    reload_age_s: int | None = None
    channels: int | None = None
    calls: int | None = None
    calls_processed: int | None = None
    channels_processed: int | None = None
    clock_s: float | None = None
    zone_s: int | None = None
    clock_offset_s: float | None = None
    clock_unsure_s: float | None = None
    addresses: tuple[str, ...] | None = None


class Unread(Struct, frozen=True):
    """An answer that could not be read: which command, why, and the lines kept as evidence (redacted)."""

    command: str
    why: str
    lines: tuple[Safe, ...] = ()


class Observation(Struct, frozen=True):
    """One poll of one SBC. `at` is the monotonic second at which the answer was complete.

    `app` other than ANSWERING means that `legs` is empty and says nothing. `reg_read`, `contacts_read`,
    `channels_read`: whether that table was understood whole; a leg's part from an unread table is unknown.
    `channel_rows` are its channels one by one, empty unless `channels_read`. `parts`: the pieces of the SBC that run
    now (see NativeLeg.part), None where it does not tell.
    `candidates`: native names that are trunks or phones, which only their settings can tell.
    """

    at: float
    took_s: float
    app: AppState
    app_reason: Safe = Safe("")
    box: Box = Box()
    legs: tuple[NativeLeg, ...] = ()
    reg_read: bool = False
    contacts_read: bool = False
    channels_read: bool = False
    channel_rows: tuple[ChannelRow, ...] = ()
    candidates: tuple[str, ...] = ()
    unread: tuple[Unread, ...] = field(default_factory=tuple)
    parts: tuple[Safe, ...] | None = None

    @property
    def as_of(self) -> float:
        """Second from which its age counts: when it was asked for, for an answer may be old when it arrives.

        A console that hangs says nothing that could be old: that it hung is true of the end of the wait.
        """
        return self.at if self.app is AppState.FROZEN else self.at - self.took_s


class Sighting(Observation, frozen=True):
    """A look at which software an SBC has. `found`: the platform to poll it as; empty: none, or more than one."""

    found: str = ""
