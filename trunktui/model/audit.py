"""What the audit log holds: who wanted what, what was sent, how it ended. Data only; `store` writes it."""

from __future__ import annotations

from enum import StrEnum

from msgspec import Struct

from trunktui.model.switch import Move


class RecordKind(StrEnum):
    """INTENT stands on disk before anything is sent, OUTCOME after; one without the other is unfinished."""

    INTENT = "intent"
    OUTCOME = "outcome"
    REFUSED = "refused"
    UNLOCK = "unlock"
    LOCK = "lock"
    MARK = "mark"
    UNMARK = "unmark"
    RECORD = "record"
    UNRECORD = "unrecord"


class Who(Struct, frozen=True):
    """Who acts. `login_uid` is the kernel's (survives sudo; None where it was never set): evidence.

    The rest is what the process says of itself: claims. `ssh_from` is the client's address of SSH_CONNECTION.
    """

    user: str
    uid: int
    login_uid: int | None = None
    login_user: str | None = None
    sudo_user: str | None = None
    ssh_from: str | None = None
    tty: str | None = None
    host: str = ""
    pid: int = 0

    @property
    def name(self) -> str:
        """The person, as far as known: the login user, else sudo's, else the process's."""
        return self.login_user or self.sudo_user or self.user


class AuditRecord(Struct, frozen=True, omit_defaults=True):
    """One line of the log, as its writer makes it; number, time, chain hash and `who` are added by the store.

    `action` joins the records of one action; `over` is the login it goes to (`SshTarget.place`). Texts are cleaned and hold no secret.
    `move`: what a switch was to change, with what stood there before: the undo is made of it.
    """

    kind: RecordKind
    action: str = ""
    verb: str = ""
    leg: str = ""
    sbc: str = ""
    carrier: str = ""
    commands: tuple[str, ...] = ()
    consequence: str = ""
    proof: str = ""
    undo: str = ""
    guards: tuple[str, ...] = ()
    reason: str = ""
    ending: str = ""
    sentence: str = ""
    sent: bool | None = None
    over: str = ""
    account: str = ""
    move: Move | None = None


class Entry(Struct, frozen=True):
    """One line of the log as it stands on disk: `at` is UTC, ISO 8601 with milliseconds; hashes are hex SHA-256."""

    seq: int
    at: str
    who: Who
    record: AuditRecord
    prev: str
    hash: str
