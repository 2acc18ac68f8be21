"""Checks an audit log line by line: what was altered, removed, moved or put in, and what a killed writer left.

What it cannot see: entries cut off at the end, and a file written anew as a whole by somebody who may write to
it. Both are told by the hashes that syslog has.
"""

from __future__ import annotations

from enum import StrEnum
from pathlib import Path

from msgspec import Struct

from trunktui.model.text import clean
from trunktui.store.chain import GENESIS, MAX_LINE, Link, claimed, is_cut_off, link_of
from trunktui.store.errors import unreadable
from trunktui.store.ledger import Ledger
from trunktui.store.reading import lines
from trunktui.store.safety import UnsafeError

FINDINGS_LIMIT = 1000
"""Findings that are told one by one; what is more is counted."""


class Flaw(StrEnum):
    """What is wrong with a line. TORN is no tampering: a writer was killed, or the disk was full."""

    EDITED = "edited"
    MISSING = "missing"
    REPLACED = "replaced"
    MOVED = "moved"
    FOREIGN = "foreign"
    TORN = "torn"


class Finding(Struct, frozen=True):
    """One flaw at line `line` (from 1); `text` ends the sentence."""

    line: int
    flaw: Flaw
    text: str

    def __str__(self) -> str:
        return f"line {self.line}: {self.flaw.value}: {self.text}"


class Report(Struct, frozen=True):
    """What a whole log looks like: its whole entries, the first and the last of them, and every flaw.

    `whole`: nothing was tampered with, as far as the file alone can tell; torn lines are allowed.
    """

    entries: int
    first: Link | None
    last: Link | None
    findings: tuple[Finding, ...]
    not_told: int

    @property
    def whole(self) -> bool:
        """Whether every entry follows the one before it, with nothing between them but torn lines."""
        return not self.not_told and all(finding.flaw is Flaw.TORN for finding in self.findings)


def verify(path: Path) -> Report:
    """Check the log at `path`; one that is not there has no entries and no findings.

    Raises AuditError when it cannot be read, or is no plain file.
    """
    walk = _Walk()
    overlong = False
    try:
        for raw in lines(Ledger(path)):
            ended = raw.endswith(b"\n")
            if not overlong:
                walk.line(raw.removesuffix(b"\n"), ended)
            overlong = not ended and len(raw) == MAX_LINE
    except (OSError, UnsafeError) as error:
        raise unreadable(path, error) from error
    return walk.report()


class _Walk:
    """Goes over the lines. `_ends`: the entries (number, hash) that the next one may follow.

    There are two after an edited line: that line as it claims to be, and, had it been the last one when the
    next was written, the one before it.
    """

    def __init__(self) -> None:
        self._ends = [(0, GENESIS)]
        self._number = 0
        self._entries = 0
        self._first: Link | None = None
        self._last: Link | None = None
        self._findings: list[Finding] = []
        self._not_told = 0

    def line(self, line: bytes, ended: bool) -> None:
        """Take the next line, without its line end, which it had if `ended`."""
        self._number += 1
        link = link_of(line)
        if link is not None:
            self._entry(link)
        elif any(is_cut_off(line, seq + 1) for seq, _ in self._ends):
            fence = (
                "the entry after it stands on a line of its own" if ended else "the next entry will fence it"
            )
            self._found(Flaw.TORN, f"an entry that was not written to its end; {fence}")
        elif (said := claimed(line)) is not None:
            self._found(Flaw.EDITED, f"entry {said.seq} does not fit its hash")
            self._ends = [self._ends[0], (said.seq, said.hash)]
        else:
            start = clean(line[:40], 24)
            self._found(Flaw.FOREIGN, f'is no entry of this log: "{start}"')

    def report(self) -> Report:
        """Return what was found."""
        return Report(self._entries, self._first, self._last, tuple(self._findings), self._not_told)

    def _entry(self, link: Link) -> None:
        self._entries += 1
        self._first = self._first or link
        if (link.seq - 1, link.prev) not in self._ends:
            seq = max(seq for seq, _ in self._ends)
            if link.seq <= seq:
                self._found(Flaw.MOVED, f"entry {link.seq} stands after entry {seq}")
                return
            if link.seq > seq + 1:
                gone = (
                    f"entries {seq + 1} to {link.seq - 1} are"
                    if link.seq > seq + 2
                    else f"entry {seq + 1} is"
                )
                self._found(Flaw.MISSING, f"{gone} not before entry {link.seq}")
            else:
                self._found(
                    Flaw.REPLACED, f"entry {link.seq} was written after another entry {seq} than this one"
                )
        self._ends = [(link.seq, link.hash)]
        self._last = link

    def _found(self, flaw: Flaw, text: str) -> None:
        if len(self._findings) < FINDINGS_LIMIT:
            self._findings.append(Finding(self._number, flaw, text))
        else:
            self._not_told += 1
