"""Everything known of one leg as lines of text, most needed first: a pane shows the top, a page all."""

from __future__ import annotations

import humanize

from trunktui.model.inventory import AuthMode
from trunktui.model.link import SnmpState, SshState
from trunktui.model.observation import Contact, ContactState
from trunktui.model.snapshot import LegStatus, SbcStatus
from trunktui.present.cells import SBC_ROLES, Cell, Line, Role, plain
from trunktui.present.columns import ColumnKey
from trunktui.present.fleet import row_of
from trunktui.present.freshness import duration
from trunktui.present.head import sbc_now, sentence
from trunktui.present.series import Samples, sparkline, spread
from trunktui.present.words import NOT_KNOWN, SBC_WORDS, cell_width, fit, plural, span, wrap

_LABEL_CELLS = 15
_SPARK_CELLS = 60
_AUTH_WORDS = {
    AuthMode.REGISTRATION: "registration",
    AuthMode.IP: "IP",
    AuthMode.HYBRID: "registration and IP",
}
_CONTACT_WORDS = {
    ContactState.REACHABLE: ("answers", Role.GOOD),
    ContactState.UNREACHABLE: ("no answer", Role.BAD),
    ContactState.UNPROBED: ("not asked", Role.WARN),
    ContactState.OTHER: ("?", Role.UNKNOWN),
}


def sentence_lines(leg: LegStatus, now: float, width: int, height: int) -> tuple[Line, ...]:
    """Return the leg's sentence without its id in `height` lines of `width` cells, cut with an ellipsis."""
    state, reason = sentence(leg, now)[2:]
    lines = _wrapped((state, reason), width)
    if len(lines) <= height:
        return lines
    last = plain(lines[height - 1]).rstrip() + " …"
    return (*lines[: height - 1], (Cell(last if cell_width(last) < width else fit(last, width - 1)),))


def detail_lines(leg: LegStatus, now: float, samples: Samples, width: int) -> tuple[Line, ...]:
    """Return what is known of a leg: sentence, charts, contacts, ages, names, evidence."""
    return (
        *_wrapped(sentence(leg, now), width),
        *_charts(leg, samples, width),
        *_contacts(leg, width),
        *_labelled("registration", row_of(leg, now).cell(ColumnKey.REGISTRATION), _attempts(leg), width),
        *_labelled("detect time", _detect(leg), "", width),
        *_labelled("age", Cell(_ages(leg, now)), "", width),
        *_labelled("carrier", Cell(_carrier(leg)), "", width),
        *_labelled("on the SBC", Cell(_names(leg)), "", width),
        *_evidence(leg, width),
    )


def page_lines(
    leg: LegStatus, sbc: SbcStatus | None, now: float, samples: Samples, width: int
) -> tuple[Line, ...]:
    """Return the full page of a leg: all of `detail_lines`, then its SBC and the lines that were not read."""
    lines = detail_lines(leg, now, samples, width)
    return lines if sbc is None else (*lines, (), *sbc_lines(sbc, now, width))


def sbc_lines(sbc: SbcStatus, now: float, width: int) -> tuple[Line, ...]:
    """Return the facts of an SBC: state, link, version, uptime, calls, polls, unread answers."""
    state, reason = sbc_now(sbc, now)
    where = f", {sbc.site}" if sbc.site else ""
    started = None if sbc.started_at is None else now - sbc.started_at
    link = "" if sbc.link.state is SshState.OK else f": {sbc.link.reason}"
    snmp = "" if sbc.snmp is SnmpState.OFF else f", SNMP {sbc.snmp.value}"
    took, following = _seconds(sbc.poll_took_s), _until(now, sbc.next_poll_at)
    polled = f"{_ago(now, sbc.polled_at)}, took {took}, next in {following}"
    platform = f"{sbc.platform} {sbc.version or NOT_KNOWN} at {sbc.host}{where}"
    head = (
        Cell(f"SBC {sbc.name}", Role.TITLE),
        Cell("  "),
        Cell(SBC_WORDS[state], SBC_ROLES[state]),
        Cell(f": {reason or 'nothing to remark'}"),
    )
    unread: list[Line] = []
    for answer in sbc.unread:
        unread += _labelled("not read", Cell(answer.command, Role.WARN), answer.why, width)
        unread += [line for raw in answer.lines for line in _indented(raw, width)]
    return (
        *_wrapped(head, width),
        *_labelled("platform", Cell(platform), "", width),
        *_labelled("ssh", Cell(f"{sbc.link.state.value}{link}{snmp}"), "", width),
        *_labelled("running for", Cell(span(started)), "", width),
        *_labelled("load", Cell(f"{_count(sbc.channels)} channels, {_count(sbc.calls)} calls"), "", width),
        *_labelled("last poll", Cell(polled), "", width),
        *unread,
    )


def _charts(leg: LegStatus, samples: Samples, width: int) -> tuple[Line, ...]:
    room = max(min(_SPARK_CELLS, width - _LABEL_CELLS - 24), 0)
    lines: list[Line] = []
    for label, values, now_is, unit in (
        ("RTT", samples.rtt_ms, leg.probe.rtt_ms, " ms"),
        ("channels", samples.channels, leg.channels.active, ""),
    ):
        bounds = spread(values)
        if bounds is None or len(values) < 2 or not room:
            continue
        last = NOT_KNOWN if now_is is None else f"{now_is:.0f}{unit}"
        text = f"  {last}, {bounds[0]:.0f} to {bounds[1]:.0f}{unit} in {plural(len(values), 'poll')}"
        chart = sparkline(values, room)
        lines.append((_label(label), Cell(chart, Role.LABEL), Cell(text, Role.DIM)))
    return tuple(lines)


def _contacts(leg: LegStatus, width: int) -> tuple[Line, ...]:
    lines: list[Line] = []
    for index, contact in enumerate(leg.probe.contacts):
        word, role = _CONTACT_WORDS[contact.state]
        cells = (Cell(f"{word:<10}", role), Cell(f"{_rtt(contact):>7}  "), Cell(_uri(contact)))
        lines += _hung("contact" if index == 0 else "", cells, width)
    return tuple(lines)


def _evidence(leg: LegStatus, width: int) -> tuple[Line, ...]:
    lines: list[Line] = []
    for index, piece in enumerate(leg.evidence):
        lines += _labelled("evidence" if index == 0 else "", Cell(piece.source, Role.DIM), "", width)
        lines += _indented(piece.line, width)
    return tuple(lines)


def _attempts(leg: LegStatus) -> str:
    reg = leg.registration
    parts = []
    if reg.failures:
        parts.append(plural(reg.failures, "failed attempt"))
    if reg.gave_up:
        parts.append("the SBC will not try again by itself")
    return ", ".join(parts)


def _detect(leg: LegStatus) -> Cell:
    probe = leg.probe
    if probe.interval_s == 0:
        return Cell("never: OPTIONS is not set, a dead far end would look idle", Role.WARN)
    every = "" if probe.interval_s is None else f", OPTIONS every {probe.interval_s}s"
    if probe.detect_s is None:
        return Cell(f"{NOT_KNOWN}{every}", Role.DIM)
    return Cell(f"{span(probe.detect_s)} at worst until the SBC notices{every}")


def _ages(leg: LegStatus, now: float) -> str:
    if leg.observed_at is None:
        return "not polled yet"
    parts = [f"seen {duration(now - leg.observed_at)} ago"]
    if leg.late_at is not None:
        parts.append(f"late in {duration(leg.late_at - now)}" if now <= leg.late_at else "late")
    if leg.stale_at is not None:
        left = leg.stale_at - now
        parts.append(f"unknown in {duration(left)}" if left >= 0 else "not believed any more")
    return ", ".join(parts)


def _carrier(leg: LegStatus) -> str:
    auth = _AUTH_WORDS[leg.auth] + (" (guessed)" if leg.auth_guessed else "")
    account = f", account {leg.account}" if leg.account else ""
    groups = f", groups {' '.join(leg.groups)}" if leg.groups else ""
    found = ", found on the SBC, not in the config" if leg.discovered else ""
    return f"{leg.carrier or NOT_KNOWN}{account}{groups}, auth by {auth}{found}"


def _names(leg: LegStatus) -> str:
    native = leg.native
    named = (("registration", native.registration), ("endpoint", native.endpoint), ("AOR", native.aor))
    text = ", ".join(f"{kind} {name}" for kind, name in named if name is not None) or NOT_KNOWN
    return f"{text}; not actionable: {leg.why_not_actionable}" if leg.why_not_actionable else text


def _rtt(contact: Contact) -> str:
    return NOT_KNOWN if contact.rtt_ms is None else f"{contact.rtt_ms:.0f} ms"


def _uri(contact: Contact) -> str:
    return f"{contact.uri}… (cut off by the SBC)" if contact.cut else contact.uri


def _count(number: int | None) -> str:
    return NOT_KNOWN if number is None else humanize.intcomma(number)


def _seconds(took: float | None) -> str:
    return NOT_KNOWN if took is None else f"{took:.1f}s"


def _ago(now: float, at: float | None) -> str:
    return "never" if at is None else f"{duration(now - at)} ago"


def _until(now: float, at: float | None) -> str:
    return NOT_KNOWN if at is None else duration(at - now)


def _label(text: str) -> Cell:
    return Cell(f" {text:<{_LABEL_CELLS - 1}}", Role.LABEL)


def _labelled(label: str, cell: Cell, more: str, width: int) -> tuple[Line, ...]:
    cells = (cell, Cell(f"  {more}", Role.DIM)) if more else (cell,)
    return _hung(label, cells, width)


def _hung(label: str, cells: tuple[Cell, ...], width: int) -> tuple[Line, ...]:
    lines = _wrapped(cells, width - _LABEL_CELLS + 1, margin="")
    return tuple((_label(label if index == 0 else ""), *line) for index, line in enumerate(lines))


def _indented(raw: str, width: int) -> tuple[Line, ...]:
    return _hung("", (Cell(raw),), width)


def _wrapped(cells: tuple[Cell, ...], width: int, margin: str = " ") -> tuple[Line, ...]:
    """Wrap a line whose cells have different roles: only the last, longest cell is broken."""
    *fixed, last = cells
    used = sum(cell_width(cell.text) for cell in fixed)
    room = width - cell_width(margin) * 2
    least = 12
    if used + least > room:
        text = "".join(cell.text for cell in cells)
        return tuple((Cell(f"{margin}{piece}", last.role),) for piece in wrap(text, room))
    first, *rest = wrap(last.text, room - used)
    if not rest:
        return ((Cell(margin), *fixed, last),) if margin else ((*fixed, last),)
    head: Line = (Cell(margin), *fixed, Cell(first, last.role))
    tail = wrap(last.text[len(first) :].strip(), room)
    return (head, *((Cell(f"{margin}{piece}", last.role),) for piece in tail))
