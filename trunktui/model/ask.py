"""What a platform asks of an SBC and what comes back: data only, so that a test can stand in for a transport."""

from __future__ import annotations

from msgspec import Struct

from trunktui.model.gate import Expected
from trunktui.model.inventory import SshTarget
from trunktui.model.link import ControlTrouble
from trunktui.model.text import Safe

ARGV_LIMIT = 400
"""Bytes one command may take: `asterisk -rx` silently does nothing with more than about 490."""

GATE_LIMIT = 32_000
"""Bytes that the texts of one gate may have: the script is one argument of exec, and one message of SSH."""


class Command(Struct, frozen=True):
    """One command to run on an SBC: a fixed argument vector, never a shell string.

    `key` names it within its ask. `privileged` commands get the SBC's `run_as` in front of them, others run
    as the login user. `timeout_s` is enforced on the far side (`timeout -k`), because `asterisk -rx` against
    a frozen daemon hangs and ignores SIGTERM. Nothing behind a `gate` runs unless it exits with 0, and
    printed no line with `unless` in it.

    `request`: the same in the words of the software's own control protocol. Where the SBC has a control port
    (`SshTarget.control`) that takes us, it is asked there, and `argv` is only the way out. `json`: it answers
    in one line of JSON, however long; that comes in pieces, which joined without anything between are the
    whole. `after_s`: so long is waited before it, on the SBC where it runs there.

    `expect`: a gate also closes unless each of these stands in what it printed (of a tuple: one of them), all blanks
    and line ends there taken for one blank, between blanks: compare before set. `between`: only what stands after the
    first and before the second counts (an empty second, or one that does not come: to the end); where the first is
    missing the gate closes. JSON counts without its quotes and commas.

    `sets`: it changes something though it is a gate; nobody knows whether it did where it breaks off.
    """

    key: str
    argv: tuple[str, ...]
    privileged: bool = True
    timeout_s: int = 5
    gate: bool = False
    request: str | None = None
    json: bool = False
    after_s: float = 0.0
    unless: str = ""
    expect: Expected = ()
    between: tuple[str, str] = ("", "")
    sets: bool = False

    @property
    def words(self) -> str:
        """The command as an operator would say it: what the software is told, or the whole vector."""
        if self.request is not None:
            return self.request
        return self.argv[-1] if "-rx" in self.argv else " ".join(self.argv)

    def line(self, run_as: str | None) -> str:
        """Return the command line exactly as it runs on the SBC; `run_as` as in SshTarget."""
        words = ["/usr/bin/timeout", "-k", "1", str(self.timeout_s)]
        if self.privileged and run_as is not None:
            # timeout goes inside sudo: from outside it may not signal another user's process.
            words = ["sudo", "-n", "-u", run_as, *words]
        return " ".join([*words, *(f'"{argument}"' for argument in self.argv)])

    def shown(self, over: SshTarget) -> str:
        """Return what runs where it is asked over `over`: at the control port where there is one, else as a command."""
        line = self.line(over.run_as)
        if self.request is None or over.control is None:
            return line
        port = f"{over.control.protocol} 127.0.0.1:{over.control.port}"
        return f"{self.request} (at {port}; where that cannot be asked: {line})"


LOCK = "lock"
"""Key of the reply that says how the lock of an ask went: LOCK_FREE, LOCK_BUSY, or why it cannot be had."""

LOCK_FREE = 0
LOCK_BUSY = 75
"""Somebody else holds it; the lines of the reply are the labels of who may, none where they cannot be seen."""

LOCK_UNREADABLE = 66
"""This login may not read the file that the lock is on."""

GATE_CLOSED = 65
"""Status of a gate that printed its `unless`, or not what it was to `expect`: nothing behind it ran."""

EVENTS = "events"
"""Key of the reply with the latest event of each subject that the control port told of since we listen."""


class Lock(Struct, frozen=True):
    """A lock on the SBC itself, so that operators on several hosts do not act at the same time.

    It is flock(1) on `path`, a file that every login may read: nothing is written. `label` says who asks, to
    those who find it taken. It is held for `hold_s` seconds more from just before the first command that sets
    something (is no gate, or one that `sets`), by a process of its own; a script that gets no further gives it back at once.
    """

    path: str
    label: str
    hold_s: int


class SshAsk(Struct, frozen=True):
    """Commands that go out together in one SSH exec, in order; the first that hangs ends the ask.

    With a `lock`, nothing runs unless it was free; the reply with key LOCK tells. `events` is what to listen to
    on the control port, in its own words; the reply with key EVENTS tells what came, and is missing where
    nobody listens.
    """

    commands: tuple[Command, ...]
    lock: Lock | None = None
    events: str = ""


class Reply(Struct, frozen=True):
    """What one command printed: cleaned and redacted lines.

    `status` is the far exit status, None when the command never came back (lost link, our deadline).
    `truncated` says that more came than we take; such a reply proves nothing.
    `size` counts the bytes that it printed on stdout, `whole_size` those up to and including the last line end, and
    `last_size` those of the last whole line: who reads a file piece by piece knows by them where the next one begins.
    They are right where `status` is not None.
    """

    key: str
    status: int | None
    lines: tuple[Safe, ...] = ()
    errors: tuple[Safe, ...] = ()
    truncated: bool = False
    size: int = 0
    whole_size: int = 0
    last_size: int = 0

    @property
    def whole_lines(self) -> tuple[Safe, ...]:
        """The lines without an unfinished last one."""
        return self.lines if self.size == self.whole_size else self.lines[:-1]

    @property
    def ok(self) -> bool:
        """Whether the command ran to its end with status 0 and we hold all it printed."""
        return self.status == 0 and not self.truncated


class Answer(Struct, frozen=True, weakref=True):
    """All replies to one ask. Times are monotonic seconds; `complete` means that the end marker arrived.

    `late` says why it did not: our own budget ended while the link was up, so the SBC was slow, not lost.
    `control`: why the control port could not be asked, so that the commands ran instead; None where it could,
    or there is none.
    """

    asked_at: float
    answered_at: float
    replies: tuple[Reply, ...] = ()
    complete: bool = True
    late: bool = False
    control: ControlTrouble | None = None

    def reply(self, key: str) -> Reply:
        """Return the reply to command `key`; one that never ran has status None and no lines."""
        for reply in self.replies:
            if reply.key == key:
                return reply
        return Reply(key=key, status=None)
