"""What Asterisk on one SBC knows at one instant, before it is put into words: frozen rows, no opinions."""

from __future__ import annotations

from collections.abc import Mapping
from enum import StrEnum

from msgspec import Struct

from trunktui.model.route import Mechanism


class Daemon(StrEnum):
    """What Asterisk's process is doing."""

    RUNNING = "running"
    LOADING = "loading"
    FROZEN = "frozen"
    STOPPED = "stopped"


class RegistrationRow(Struct, frozen=True):
    """One outbound registration. `word` as Asterisk says it; `due_s` seconds to the next try, negative: ago.

    `due_s` None: nothing was ever scheduled.
    """

    name: str
    server: str
    auth: str
    word: str
    due_s: int | None


class ContactRow(Struct, frozen=True):
    """One contact. `word` is Avail, Unavail or NonQual; `rtt_ms` None unless Avail."""

    aor: str
    uri: str
    word: str
    rtt_ms: float | None


class Call(Struct, frozen=True):
    """One call over a trunk: two channels. `started` and `answered` in seconds of the simulation.

    `number` counts the calls of the SBC since its Asterisk started, from 0; `made` is the second of the SBC's
    clock in which it began.
    """

    trunk: str
    key: str
    started: float
    answered: float
    inbound: bool = False
    number: int = 0
    made: int = 0


class TrunkObjects(Struct, frozen=True):
    """A trunk's objects and settings as loaded: one AOR, one endpoint; unless `expires_s` is None, a registration."""

    name: str
    contacts: tuple[str, ...]
    client: str
    server: str
    qualify_s: int
    timeout_s: float
    expires_s: int | None
    retry_s: int
    max_retries: int
    initial_delay_s: int


class Destination(Struct, frozen=True):
    """One entry of a dispatcher's set; the highest `priority` is used first. `flags`: as it was told, "" for never."""

    trunk: str
    uri: str
    priority: int
    flags: str = ""

    @property
    def held(self) -> bool:
        """Whether it was told to stay out; an inactive one is asked again, and so comes back by itself."""
        return self.flags[:1] == "D"


class DispatcherSet(Struct, frozen=True):
    """A set that a group's calls go by."""

    number: int
    destinations: tuple[Destination, ...]


class Look(Struct, frozen=True):
    """An SBC's Asterisk at second `at` of the simulation; the tables are empty unless it is RUNNING.

    `clock_s` is what the SBC's clock shows (seconds since 1970), `zone_s` how far its local time is ahead of UTC.
    `address` is its machine's own; `outside` what a STUN server sees, None where none is asked.
    `platform`: whose words it speaks. `loaded`: by trunk, the second of its clock at which its registration was last
    told to start anew. `dialled`: by trunk, how many calls the SBC has tried to make out over it since the simulation began.
    `settings`: what stands where the SBC is told things; `sets`: those that groups go by.
    """

    at: float
    sbc: str
    daemon: Daemon
    version: str
    uptime_s: int
    trunks: tuple[TrunkObjects, ...] = ()
    registrations: tuple[RegistrationRow, ...] = ()
    contacts: tuple[ContactRow, ...] = ()
    calls: tuple[Call, ...] = ()
    processed: int = 0
    clock_s: float = 0.0
    zone_s: int = 0
    address: str = "192.0.2.1"
    outside: str | None = None
    dialled: dict[str, int] = {}
    platform: str = "asterisk"
    loaded: dict[str, int] = {}
    settings: Mapping[Mechanism, Mapping[str, str]] = {}
    sets: tuple[DispatcherSet, ...] = ()


class Disk(Struct, frozen=True):
    """A local disk in blocks of 4 KiB."""

    path: str
    blocks: int
    used: int


class Machine(Struct, frozen=True):
    """What the machine under an SBC knows of itself. Uptimes in seconds; `load` over 1, 5 and 15 minutes.

    `agent_boots` counts the starts of its SNMP agent, `certificate_days` what is left of its certificate.
    """

    name: str
    site: str
    uptime_s: float
    agent_uptime_s: float
    agent_boots: int
    load: tuple[float, float, float]
    memory_kib: int
    memory_used_kib: int
    disks: tuple[Disk, ...]
    certificate_days: int
