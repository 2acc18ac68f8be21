"""What is asked of an SBC by SNMP and what comes back: data only. Unknown is None, never 0.

Objects of the system's own agent and of a sub-agent (Asterisk over AgentX) never share a request: while a
sub-agent hangs, the whole request goes unanswered, and a living box would look dead.
"""

from __future__ import annotations

from enum import StrEnum

from msgspec import Struct

from trunktui.model.text import Safe

Oid = tuple[int, ...]
"""A numeric object identifier; no MIB is ever loaded."""


def oid(dotted: str) -> Oid:
    """Return `1.3.6.1` as numbers; raises ValueError for anything else."""
    return tuple(int(part) for part in dotted.split("."))


class SnmpKey(Struct, frozen=True):
    """A protocol and the reference to its secret (`env:NAME` ...); never the secret."""

    protocol: str
    secret: str


class SnmpTarget(Struct, frozen=True):
    """How to ask an SBC's agent. `community` (2c) is a reference; version 3 has `user`, `auth`, `privacy`.

    `extend` names NET-SNMP-EXTEND entries of the site whose output is shown.
    """

    host: str
    port: int = 161
    version: str = "3"
    community: str | None = None
    user: str | None = None
    auth: SnmpKey | None = None
    privacy: SnmpKey | None = None
    extend: tuple[str, ...] = ()


class Kind(StrEnum):
    """The type that an object must have to be believed; TEXT and LINES are octet strings."""

    INTEGER = "Integer32"
    COUNTER = "Counter32"
    GAUGE = "Gauge32"
    TICKS = "TimeTicks"
    OID = "OBJECT IDENTIFIER"
    TEXT = "OCTET STRING"
    LINES = "OCTET STRING of lines"


Value = int | Safe | Oid | tuple[Safe, ...]
"""A number; cleaned, redacted text; an identifier; or (LINES) such texts line by line."""


class Variable(Struct, frozen=True):
    """One object to read: our name for it, its OID with instance, its type."""

    key: str
    oid: Oid
    kind: Kind


class SnmpGet(Struct, frozen=True):
    """Objects of one agent, asked in one request. `patient`: a sub-agent or a script may take its time."""

    key: str
    variables: tuple[Variable, ...]
    patient: bool = False


class SnmpWalk(Struct, frozen=True):
    """One column of a table. More than `max_rows` rows are not taken; asked every `every_s` seconds at most."""

    key: str
    root: Oid
    kind: Kind
    max_rows: int = 200
    every_s: float = 0.0


class SnmpAsk(Struct, frozen=True):
    """All there is to ask. The first get is of the system's own agent: unanswered, the agent is silent."""

    gets: tuple[SnmpGet, ...]
    walks: tuple[SnmpWalk, ...] = ()


class Got(StrEnum):
    """What became of one get or walk."""

    ANSWERED = "answered"
    SILENT = "silent"
    UNREADABLE = "unreadable"


class GetAnswer(Struct, frozen=True):
    """The reply to one get. `values` holds what may be believed, `absent` what the agent says it has not.

    `bad` says of a value why it is not believed; `why` the same of the whole reply.
    """

    key: str
    got: Got
    values: dict[str, Value] = {}
    absent: frozenset[str] = frozenset()
    bad: dict[str, Safe] = {}
    why: Safe = Safe("")


class WalkAnswer(Struct, frozen=True):
    """The rows of one walk by index, complete or (not ANSWERED) none; `at` is when (monotonic)."""

    key: str
    got: Got
    at: float
    rows: dict[Oid, Value] = {}
    why: Safe = Safe("")


class SnmpAnswer(Struct, frozen=True):
    """All that came back. Times are monotonic seconds."""

    asked_at: float
    answered_at: float
    gets: tuple[GetAnswer, ...] = ()
    walks: tuple[WalkAnswer, ...] = ()

    def get(self, key: str) -> GetAnswer:
        """Return the answer to get `key`; one that was not asked is SILENT."""
        return next((got for got in self.gets if got.key == key), GetAnswer(key, Got.SILENT))

    def walk(self, key: str) -> WalkAnswer | None:
        """Return the answer to walk `key`, None when it was never asked."""
        return next((walk for walk in self.walks if walk.key == key), None)
