"""Findings in words: kinds, severities, days to go, rows of a list, one in full, and what an empty list says."""

from __future__ import annotations

import datetime as dt
from collections.abc import Sequence
from typing import NamedTuple

from msgspec import structs

from trunktui.model.finding import Confidence, Finding, FindingKind, RecordKind
from trunktui.model.health import Severity
from trunktui.model.recording import VERBS
from trunktui.model.snapshot import LegStatus
from trunktui.model.text import Safe, clean
from trunktui.present.cells import Cell, Line, Role, plain
from trunktui.present.charts import LABEL_CELLS
from trunktui.present.layout import cut_line
from trunktui.present.words import NOT_KNOWN, fit, fit_leg, plural, wrap

KIND_WORDS: dict[FindingKind, str] = {
    FindingKind.CRED_OVERDUE: "credential overdue",
    FindingKind.CRED_DUE: "credential due",
    FindingKind.CRED_UNKNOWN: "credential age",
    FindingKind.SHARED_CRED: "shared credential",
    FindingKind.ALLOWLIST_DUE: "allowlist audit due",
    FindingKind.ALLOWLIST_UNKNOWN: "allowlist not known",
    FindingKind.STALE_IP: "stale address listed",
    FindingKind.EGRESS_NOT_LISTED: "address not listed",
    FindingKind.EGRESS_CHANGED: "address changed",
    FindingKind.ALLOWLIST_FULL: "allowlist full",
    FindingKind.KEEPALIVE_OFF: "keepalive off",
    FindingKind.KEEPALIVE_INTERVAL: "keepalive interval",
    FindingKind.KEEPALIVE_MISPLACED: "keepalive misplaced",
    FindingKind.EXPIRY: "REGISTER expiry",
    FindingKind.NO_CAP: "no cap told",
    FindingKind.CERT_DUE: "certificate due",
    FindingKind.AUTH_FAIL_BURST: "failed logins",
    FindingKind.RESTRICTION_DUE: "restriction due",
}
"""What each kind is called, in 20 cells at most."""

CONFIDENCE_WORDS: dict[Confidence, str] = {
    Confidence.RECORDED: "an operator recorded it",
    Confidence.CONFIGURED: "as the config says",
    Confidence.METADATA: "as its metadata command says",
    Confidence.LATEST: "no later than this day; it may be much older",
    Confidence.READ: "observed",
    Confidence.UNKNOWN: "not known",
}
"""How sure a date or a value is."""

_RECORDED: dict[FindingKind, RecordKind] = {
    FindingKind.CRED_OVERDUE: RecordKind.ROTATED,
    FindingKind.CRED_DUE: RecordKind.ROTATED,
    FindingKind.CRED_UNKNOWN: RecordKind.ROTATED,
    FindingKind.ALLOWLIST_DUE: RecordKind.AUDITED,
    FindingKind.ALLOWLIST_UNKNOWN: RecordKind.AUDITED,
    FindingKind.RESTRICTION_DUE: RecordKind.RESTRICTED,
}
"""What is recorded once a finding of that kind has been seen to."""

_COMMANDS = {
    RecordKind.ROTATED: "credentials rotated",
    RecordKind.AUDITED: "allowlist audited",
    RecordKind.RESTRICTED: "restriction attested",
}
_SEVERITIES: dict[Severity, tuple[str, str, Role]] = {
    Severity.CRITICAL: ("✖", "CRIT", Role.BAD),
    Severity.MAJOR: ("✖", "MAJOR", Role.BAD),
    Severity.MINOR: ("▲", "MINOR", Role.WARN),
    Severity.WARNING: ("◐", "WARN", Role.WARN),
    Severity.INDETERMINATE: ("?", "UNKN", Role.UNKNOWN),
    Severity.NONE: ("·", "NOTE", Role.DIM),
}
_LEGS = "legs"
_ALIKE_FROM = 4
_SEVERITY_CELLS = 7
_KIND_CELLS = 20
_SUBJECT_CELLS = 26
_DUE_CELLS = 9
_BROAD = 120
_NARROW = 72
_MARGIN = 2
_LABEL_CELLS = 12
_GOOD = "every credential, allowlist and keepalive that is known is within its limits"
_HOW = (
    "`credential` of a trunk, `allowlist` and `restriction` of an account say in the config what is watched."
)


class Listed(NamedTuple):
    """What a list of findings shows: `found` of `all_of` them; `whole` is how many there are about everything.

    None for `found`: they are not known. `about` is the leg that they concern, empty for all; `words` the filter.
    """

    found: tuple[Finding, ...] | None = None
    hidden: int = 0
    elsewhere: int = 0
    about: str = ""
    words: str = ""


def listed(findings: tuple[Finding, ...] | None, leg: LegStatus | None, words: str) -> Listed:
    """Return those about `leg` (None: all) that hold every one of `words`, and none of those behind a `!`."""
    about = "" if leg is None else leg.id
    if findings is None:
        return Listed(about=about, words=words)
    own = findings if leg is None else tuple(one for one in findings if concerns(one, leg))
    found = together(chosen(own, words))
    return Listed(found, len(together(own)) - len(found), len(findings) - len(own), about, words)


def together(findings: Sequence[Finding]) -> tuple[Finding, ...]:
    """Return findings with those that say the same of many legs as one, which has the legs as its evidence."""
    alike: dict[object, list[Finding]] = {}
    for one in findings:
        whole = (one.kind, one.severity, one.reason, one.remedy, one.due)
        alike.setdefault(whole if "@" in one.subject else (one.kind, one.subject), []).append(one)
    return tuple(found for group in alike.values() for found in _merged(group))


def key_of(finding: Finding) -> tuple[str, ...]:
    """Return what a finding is known by while others come and go; of many legs it is what is said of them."""
    count, _, noun = finding.subject.partition(" ")
    return (finding.kind.value, finding.reason if noun == _LEGS and count.isdigit() else finding.subject)


def _merged(group: list[Finding]) -> Sequence[Finding]:
    if len(group) < _ALIKE_FROM:
        return group
    sources = {one.source for one in group}
    source = group[0].source if len(sources) == 1 else clean(f"read from {len(sources)} SBCs")
    legs = tuple(one.subject for one in group)
    return (structs.replace(group[0], subject=Safe(f"{len(group)} {_LEGS}"), source=source, evidence=legs),)


def concerns(finding: Finding, leg: LegStatus) -> bool:
    """Tell whether a finding is about a leg, or about what the leg is part of."""
    names = {leg.id, leg.trunk, leg.sbc, leg.account, leg.carrier, leg.username}
    user = f"{leg.username} (" if leg.username else None
    return finding.subject in names or (user is not None and finding.subject.startswith(user))


def chosen(findings: Sequence[Finding], words: str) -> tuple[Finding, ...]:
    """Return the findings that hold every word, and none of those behind a `!`."""
    terms = [
        (word.removeprefix("!"), word.startswith("!")) for word in words.casefold().split() if word != "!"
    ]
    return tuple(
        one for one in findings if all((word in _searched(one)) is not hides for word, hides in terms)
    )


def due_words(due: dt.date | None, today: dt.date) -> str:
    """Return `in 3 d`, `today`, `4 d ago`; not known where there is no day."""
    if due is None:
        return NOT_KNOWN
    left = (due - today).days
    if left == 0:
        return "today"
    return f"in {left} d" if left > 0 else f"{-left} d ago"


def head_word(findings: tuple[Finding, ...] | None) -> str:
    """Return how many findings there are, as the end of the head says it; empty where there is none, or not known."""
    return f"{plural(len(together(findings)), 'finding')}: C" if findings else ""


def titles(width: int) -> Line:
    """Return the line of titles over the rows."""
    if width < _NARROW:
        return cut_line((Cell("  findings, worst first", Role.DIM),), width)
    subject = fit("SUBJECT", _subject_cells(width))
    head = f"  {fit('SEV', _SEVERITY_CELLS)} {fit('KIND', _KIND_CELLS)} {subject} {'DUE':>{_DUE_CELLS}}"
    return (Cell(f"{head}  WHAT" if width >= _BROAD else head, Role.DIM),)


def row(finding: Finding, today: dt.date, width: int, mark: str = "") -> Line:
    """Return one finding as one line of at most `width` cells; `mark` (one cell) goes into the margin."""
    glyph, word, role = _SEVERITIES[finding.severity]
    due = Cell(f" {due_words(finding.due, today):>{_DUE_CELLS}}", _due_role(finding, today))
    severity = Cell(fit(f"{glyph} {word}", _SEVERITY_CELLS), role)
    margin = Cell(fit(mark, _MARGIN))
    if width < _NARROW:
        room = max(width - _MARGIN - _SEVERITY_CELLS - _DUE_CELLS - 2, 4)
        return cut_line((margin, severity, Cell(f" {fit_leg(finding.subject, room)}"), due), width)
    line = (
        margin,
        severity,
        Cell(f" {fit(KIND_WORDS[finding.kind], _KIND_CELLS)}", Role.TEXT),
        Cell(f" {fit_leg(finding.subject, _subject_cells(width))}", Role.TITLE),
        due,
    )
    return cut_line((*line, Cell(f"  {finding.reason}")) if width >= _BROAD else line, width)


def brief_lines(finding: Finding, today: dt.date, width: int, height: int) -> tuple[Line, ...]:
    """Return what is most needed of a finding in `height` lines: the sentence, then the remedy, then where it is from.

    Narrow, it is the sentence alone: the row above names the subject.
    """
    if width < _NARROW:
        pieces = wrap(f"{KIND_WORDS[finding.kind]}: {finding.reason}", width - 2)
        lines: list[Line] = [(Cell(f" {piece}"),) for piece in pieces]
    else:
        lines = [*_sentence(finding, width), *_labelled("remedy", finding.remedy, width)]
        lines += _due(finding, today, width)
        lines += _labelled("source", finding.source or CONFIDENCE_WORDS[finding.confidence], width)
    if len(lines) <= height:
        return tuple(lines)
    kept, last = lines[: max(height - 1, 0)], plain(lines[height - 1]) if height else ""
    more = fit(last, width - 2).rstrip() + " …"
    return (*kept, (Cell(more),)) if height else ()


def finding_lines(finding: Finding, today: dt.date, width: int) -> tuple[Line, ...]:
    """Return one finding in full: the sentence, what to do, until when, who says so, what it rests on."""
    evidence: list[Line] = []
    for index, piece in enumerate(finding.evidence):
        evidence += _labelled("" if index else "evidence", piece, width)
    return (
        *_sentence(finding, width),
        (),
        *_labelled("remedy", finding.remedy, width),
        *_due(finding, today, width),
        *_labelled("source", finding.source or NOT_KNOWN, width),
        *_labelled("confidence", CONFIDENCE_WORDS[finding.confidence], width),
        *evidence,
        *_way_out(finding, width),
    )


def leg_lines(
    findings: tuple[Finding, ...] | None, leg: LegStatus, today: dt.date, width: int
) -> tuple[Line, ...]:
    """Return the worst finding about a leg for its page, and how many more there are; nothing where there is none."""
    own = [one for one in findings or () if concerns(one, leg)]
    lines: list[Line] = []
    for one in own[:1]:
        glyph, _, role = _SEVERITIES[one.severity]
        due = "" if one.due is None else f" ({due_words(one.due, today)})"
        subject = "" if one.subject in {leg.id, leg.trunk} else f"{one.subject}: "
        first, *more = wrap(
            f"{KIND_WORDS[one.kind]}{due}: {subject}{one.reason}", max(width - LABEL_CELLS - 3, 12)
        )
        label = Cell(f" {'finding':<{LABEL_CELLS - 1}}", Role.LABEL)
        lines.append((label, Cell(f"{glyph} ", role), Cell(first)))
        lines += [(Cell(" " * (LABEL_CELLS + 2) + piece),) for piece in more]
    if len(own) > 1:
        lines.append((Cell(f"{'':<{LABEL_CELLS}} and {len(own) - 1} more: C", Role.DIM),))
    return tuple(lines)


def empty_lines(shown: Listed, width: int) -> tuple[Line, ...]:
    """Return what stands in place of rows: not known, none at all, none about this leg, or all hidden."""
    if shown.found is None:
        return (
            *_said(
                "Findings are not known yet: the engine looks for them as the SBCs answer.", width, Role.TITLE
            ),
            *_said("They say what will cause the next outage; none of them changes a state.", width),
        )
    if shown.hidden:
        text = f'No finding matches "{shown.words}": {shown.hidden} hidden; esc clears the filter.'
        return _said(text, width, Role.TITLE)
    if shown.about:
        others = f"; {shown.elsewhere} about others: esc shows all" if shown.elsewhere else ""
        return _said(f"No findings about {shown.about}{others}.", width, Role.TITLE)
    return (*_said(f"No findings: {_GOOD}.", width, Role.TITLE), *_said(_HOW, width))


def _sentence(finding: Finding, width: int) -> tuple[Line, ...]:
    glyph, word, role = _SEVERITIES[finding.severity]
    head = f"{glyph} {word}  "
    text = f"{finding.subject}  {KIND_WORDS[finding.kind]}: {finding.reason}"
    first, *more = wrap(text, max(width - len(head) - 2, 12))
    indent = " " * (len(head) + 1)
    return ((Cell(f" {head}", role), Cell(first)), *((Cell(f"{indent}{piece}"),) for piece in more))


def _due(finding: Finding, today: dt.date, width: int) -> tuple[Line, ...]:
    if finding.due is None:
        return ()
    return _labelled("due", f"{finding.due.isoformat()}, {due_words(finding.due, today)}", width)


def _way_out(finding: Finding, width: int) -> tuple[Line, ...]:
    kind = _RECORDED.get(finding.kind)
    if kind is None:
        return ()
    text = f"record it with :{VERBS[kind]} {finding.subject} [DAY], or trunktui {_COMMANDS[kind]} {finding.subject}"
    return _labelled("once done", text, width)


def _due_role(finding: Finding, today: dt.date) -> Role:
    if finding.due is None:
        return Role.DIM
    return _SEVERITIES[finding.severity][2] if finding.due <= today else Role.TEXT


def _subject_cells(width: int) -> int:
    if width >= _BROAD:
        return _SUBJECT_CELLS
    return width - _MARGIN - _SEVERITY_CELLS - _KIND_CELLS - _DUE_CELLS - 4


def _labelled(label: str, text: str, width: int) -> tuple[Line, ...]:
    pieces = wrap(text, max(width - _LABEL_CELLS - 2, 12))
    return tuple(
        (Cell(f" {label if index == 0 else '':<{_LABEL_CELLS}}", Role.LABEL), Cell(piece))
        for index, piece in enumerate(pieces)
    )


def _said(text: str, width: int, role: Role = Role.DIM) -> tuple[Line, ...]:
    return tuple((Cell(f"   {piece}", role),) for piece in wrap(text, width - 4))


def _searched(finding: Finding) -> str:
    _, word, _ = _SEVERITIES[finding.severity]
    parts = (
        finding.severity.value, word, finding.kind.value, KIND_WORDS[finding.kind], finding.subject,
        finding.reason, finding.remedy,
    )  # fmt: skip
    return "\n".join(parts).casefold()
