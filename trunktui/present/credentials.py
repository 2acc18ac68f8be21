"""Ages of credentials, allowlists and source restrictions: as a page, as tables, as JSON and CSV documents."""

from __future__ import annotations

import datetime as dt
import json
from collections.abc import Iterable, Iterator, Mapping, Sequence
from enum import StrEnum
from typing import NamedTuple

from trunktui.model.finding import Confidence, CredentialAge, Finding, FindingKind
from trunktui.model.recording import AllowlistAge, RestrictionAge
from trunktui.model.snapshot import LegStatus, Snapshot
from trunktui.model.text import Safe
from trunktui.present.cells import Cell, Line, Role
from trunktui.present.findings import KIND_WORDS, due_words
from trunktui.present.printed import csv_line, table
from trunktui.present.sheet import csv_cell
from trunktui.present.words import AT_LEAST, NOT_KNOWN, cell_width, fit, span, wrap

CREDENTIALS_SCHEMA = "trunktui.credentials/1"
ALLOWLISTS_SCHEMA = "trunktui.allowlists/1"
RESTRICTIONS_SCHEMA = "trunktui.restrictions/1"
FINDINGS_SCHEMA = "trunktui.findings/1"
"""Each changes when the meaning of a field does; a field that is only added does not change it."""

CREDENTIALS_COLUMNS = (
    "trunk", "sbcs", "username", "age_days", "age_bound", "day", "due", "days_left", "state", "source", "confidence",
    "why",
)  # fmt: skip
_DATED = ("day", "due", "days_left", "state", "source", "confidence")
ALLOWLISTS_COLUMNS = ("account", "carrier", "entries", "limit", "lead_time_s", *_DATED, "seen")
RESTRICTIONS_COLUMNS = ("account", "carrier", *_DATED)
FINDINGS_COLUMNS = (
    "kind", "subject", "severity", "reason", "due", "days_left", "source", "confidence", "remedy", "evidence",
)  # fmt: skip
"""Columns of the CSV, and keys in the JSON."""

_INDENT = 4

Row = Mapping[str, object]


class AgeState(StrEnum):
    """What a day means today; OFF: of a trunk that is not in use."""

    OK = "ok"
    DUE = "due"
    OVERDUE = "overdue"
    UNKNOWN = "unknown"
    OFF = "off"


_ROLES = {
    AgeState.DUE: Role.WARN,
    AgeState.OVERDUE: Role.WARN,
    AgeState.UNKNOWN: Role.UNKNOWN,
    AgeState.OFF: Role.DIM,
}


class Held(NamedTuple):
    """A credential with where it is in use, and what its age means."""

    age: CredentialAge
    sbcs: tuple[str, ...]
    state: AgeState


def held(
    ages: Iterable[CredentialAge],
    sbcs: Mapping[str, Sequence[str]],
    findings: Iterable[Finding],
    today: dt.date,
    off: frozenset[str] = frozenset(),
) -> tuple[Held, ...]:
    """Return each credential with the SBCs of its trunk and its state; `off`: trunks that are not in use."""
    near = {one.subject for one in findings if one.kind is FindingKind.CRED_DUE}

    def state(age: CredentialAge) -> AgeState:
        if age.trunk in off:
            return AgeState.OFF
        if age.age_days is None:
            return AgeState.UNKNOWN
        if age.due is not None and age.due <= today:
            return AgeState.OVERDUE
        return AgeState.DUE if age.trunk in near else AgeState.OK

    return tuple(Held(age, tuple(sbcs.get(age.trunk, ())), state(age)) for age in ages)


def sbcs_by_trunk(legs: Iterable[LegStatus]) -> dict[str, list[str]]:
    """Return the SBCs on which each trunk is."""
    found: dict[str, list[str]] = {}
    for leg in legs:
        found.setdefault(leg.trunk, []).append(leg.sbc)
    return found


def age_words(age: CredentialAge | None) -> str:
    """Return an age as `212 d`, a lower bound as `≥212 d`; not known where it is not."""
    if age is None or age.age_days is None:
        return NOT_KNOWN
    return f"{AT_LEAST if age.confidence is Confidence.LATEST else ''}{age.age_days} d"


def cred_cells(snapshot: Snapshot, today: dt.date) -> dict[str, Cell]:
    """Return the CRED cell of each leg whose trunk is in the config, by the leg's id: the age in days, or `none`.

    Nothing for a leg that the config does not know: nobody keeps the age of its credential.
    """
    ages = {one.trunk: one for one in snapshot.credentials or ()}
    known = snapshot.credentials is not None
    return {
        leg.id: _cred_cell(ages.get(leg.trunk), today)
        for leg in snapshot.legs
        if known and not leg.discovered
    }


def _cred_cell(age: CredentialAge | None, today: dt.date) -> Cell:
    if age is None:
        return Cell("none", Role.DIM)
    if age.age_days is None:
        return Cell(NOT_KNOWN, Role.DIM)
    past = age.due is not None and age.due <= today
    return Cell(age_words(age).replace(" ", ""), Role.WARN if past else Role.TEXT)


def credentials_table(rows: Iterable[Held], today: dt.date, *, ascii_only: bool = False) -> str:
    """Return credentials as a table, in the order given."""
    titles = ("TRUNK", "SBCS", "USERNAME", "AGE", "CHANGED", "DUE", "STATE", "CONFIDENCE", "SOURCE")
    return table([titles, *(_credential_texts(one, today) for one in rows)], ascii_only=ascii_only)


def allowlists_table(rows: Iterable[AllowlistAge], today: dt.date, *, ascii_only: bool = False) -> str:
    """Return allowlists as a table, in the order given."""
    titles = ("ACCOUNT", "CARRIER", "ENTRIES", "AUDITED", "DUE", "STATE", "LEAD TIME", "SEEN AS", "SOURCE")
    lines = [
        (
            one.account,
            one.carrier,
            _entries(one),
            _day(one.day),
            _due(one.due, today),
            _dated(one, today).value,
            span(one.lead_time_s),
            ", ".join(f"{address or NOT_KNOWN} ({sbc})" for sbc, address in one.seen) or NOT_KNOWN,
            one.source or NOT_KNOWN,
        )
        for one in rows
    ]
    return table([titles, *lines], ascii_only=ascii_only)


def restrictions_table(rows: Iterable[RestrictionAge], today: dt.date, *, ascii_only: bool = False) -> str:
    """Return source restrictions as a table, in the order given."""
    lines = [("ACCOUNT", "CARRIER", "ATTESTED", "DUE", "STATE", "SOURCE")]
    lines += [
        (one.account, one.carrier, _day(one.day), _due(one.due, today), _dated(one, today).value, one.source or NOT_KNOWN)
        for one in rows
    ]  # fmt: skip
    return table(lines, ascii_only=ascii_only)


def findings_table(rows: Iterable[Finding], today: dt.date, *, ascii_only: bool = False) -> str:
    """Return findings as a table, in the order given."""
    lines = [("SEVERITY", "KIND", "SUBJECT", "DUE", "WHAT", "REMEDY")]
    lines += [
        (one.severity.value, KIND_WORDS[one.kind], one.subject, due_words(one.due, today), one.reason, one.remedy)
        for one in rows
    ]  # fmt: skip
    return table(lines, ascii_only=ascii_only)


def credential_rows(rows: Iterable[Held], today: dt.date) -> list[Row]:
    """Build what JSON and CSV tell of each credential; what is not known is null."""
    return [
        {
            "trunk": one.age.trunk,
            "sbcs": list(one.sbcs),
            "username": one.age.username,
            "age_days": one.age.age_days,
            "age_bound": _bound(one.age),
            "day": _iso(one.age.day),
            "due": _iso(one.age.due),
            "days_left": _left(one.age.due, today),
            "state": one.state.value,
            "source": one.age.source or None,
            "confidence": one.age.confidence.value,
            "why": one.age.why or None,
        }
        for one in rows
    ]


def allowlist_rows(rows: Iterable[AllowlistAge], today: dt.date) -> list[Row]:
    """Build what JSON and CSV tell of each allowlist; what is not known is null."""
    return [
        {
            "account": one.account,
            "carrier": one.carrier,
            "entries": None if one.entries is None else list(one.entries),
            "limit": one.limit,
            "lead_time_s": one.lead_time_s,
            "day": _iso(one.day),
            "due": _iso(one.due),
            "days_left": _left(one.due, today),
            "state": _dated(one, today).value,
            "source": one.source or None,
            "confidence": one.confidence.value,
            "seen": [f"{address or ''}@{sbc}" for sbc, address in one.seen],
        }
        for one in rows
    ]


def restriction_rows(rows: Iterable[RestrictionAge], today: dt.date) -> list[Row]:
    """Build what JSON and CSV tell of each source restriction; what is not known is null."""
    return [
        {
            "account": one.account,
            "carrier": one.carrier,
            "day": _iso(one.day),
            "due": _iso(one.due),
            "days_left": _left(one.due, today),
            "state": _dated(one, today).value,
            "source": one.source or None,
            "confidence": one.confidence.value,
        }
        for one in rows
    ]


def finding_rows(rows: Iterable[Finding], today: dt.date) -> list[Row]:
    """Build what JSON and CSV tell of each finding; what is not known is null."""
    return [
        {
            "kind": one.kind.value,
            "subject": one.subject,
            "severity": one.severity.value,
            "reason": one.reason,
            "due": _iso(one.due),
            "days_left": _left(one.due, today),
            "source": one.source or None,
            "confidence": one.confidence.value,
            "remedy": one.remedy,
            "evidence": list(one.evidence),
        }
        for one in rows
    ]


def json_of(schema: str, name: str, rows: Sequence[Row], today: dt.date) -> str:
    """Return rows as a document: every key is always there, ASCII only."""
    document = {"schema": schema, "day": today.isoformat(), name: rows}
    return json.dumps(document, indent=2, allow_nan=False) + "\n"


def csv_of(rows: Sequence[Row], columns: Sequence[str]) -> Iterator[str]:
    """Yield rows as CSV, line by line; cells as `document.to_csv` writes them, lists joined by `; `."""
    yield csv_line(columns)
    for row in rows:
        cells = (row[column] for column in columns)
        yield csv_line(csv_cell("; ".join(one) if isinstance(one, list) else one) for one in cells)


def page_lines(rows: Sequence[Held] | None, today: dt.date, width: int) -> tuple[Line, ...]:
    """Return the page of credentials: a line each where there is room, two where there is not; None: not known yet."""
    if rows is None:
        return _said("The ages of credentials are not known yet.", width)
    if not rows:
        return _said(
            "No trunk has a credential: none registers, and none has `credential` in the config.", width
        )
    lines: list[Line] = []
    broad = width >= 120
    for one in rows:
        age = one.age
        sbcs = ", ".join(one.sbcs) or NOT_KNOWN
        head = (
            Cell(f" {fit(one.state.value, 8)}", _ROLES.get(one.state, Role.TEXT)),
            Cell(f" {fit(age.trunk, 26 if broad else max(width - 40, 10))}", Role.TITLE),
            Cell(f" {age_words(age):>7}  {due_words(age.due, today):>9}"),
        )
        more = f"{age.username or NOT_KNOWN} on {sbcs}; {_source(age)}"
        used = sum(cell_width(cell.text) for cell in head)
        if broad:
            first, *others = wrap(more, width - used - 3)
            lines += [(*head, Cell(f"  {first}")), *((Cell(" " * (used + 2) + piece),) for piece in others)]
        else:
            lines += [
                head,
                *((Cell(" " * _INDENT + piece, Role.DIM),) for piece in wrap(more, width - _INDENT - 1)),
            ]
    return tuple(lines)


def page_titles(width: int) -> Line:
    """Return the line of titles over the page of credentials."""
    trunk = fit("TRUNK", 26 if width >= 120 else max(width - 40, 10))
    head = f" {fit('STATE', 8)} {trunk} {'AGE':>7}  {'DUE':>9}"
    return (Cell(f"{head}  USERNAME, SBCS, SOURCE" if width >= 120 else fit(head, width).rstrip(), Role.DIM),)


def _credential_texts(one: Held, today: dt.date) -> tuple[str, ...]:
    age = one.age
    return (
        age.trunk,
        " ".join(one.sbcs) or NOT_KNOWN,
        age.username or NOT_KNOWN,
        age_words(age),
        _day(age.day),
        _due(age.due, today),
        one.state.value,
        age.confidence.value,
        _source(age),
    )


def _source(age: CredentialAge) -> str:
    return (age.source if age.day is not None else age.why) or NOT_KNOWN


def _bound(age: CredentialAge) -> str | None:
    if age.age_days is None:
        return None
    return "at_least" if age.confidence is Confidence.LATEST else "exact"


def _dated(one: AllowlistAge | RestrictionAge, today: dt.date) -> AgeState:
    if one.day is None:
        return AgeState.UNKNOWN
    return AgeState.OVERDUE if one.due is not None and one.due <= today else AgeState.OK


def _entries(one: AllowlistAge) -> str:
    count = NOT_KNOWN if one.entries is None else str(len(one.entries))
    return count if one.limit is None else f"{count}/{one.limit}"


def _day(day: dt.date | None) -> str:
    return NOT_KNOWN if day is None else day.isoformat()


def _due(due: dt.date | None, today: dt.date) -> str:
    return NOT_KNOWN if due is None else f"{due.isoformat()} ({due_words(due, today)})"


def _iso(day: dt.date | None) -> str | None:
    return None if day is None else day.isoformat()


def _left(due: dt.date | None, today: dt.date) -> int | None:
    return None if due is None else (due - today).days


def _said(text: str, width: int) -> tuple[Line, ...]:
    return tuple((Cell(f" {piece}", Role.DIM),) for piece in wrap(Safe(text), width - 2))
