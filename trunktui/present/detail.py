"""Everything known of one leg as lines of text, most needed first: a pane shows the top, a page all."""

from __future__ import annotations

from datetime import datetime, timedelta

import humanize

from trunktui.model.inventory import AuthMode
from trunktui.model.link import SshState
from trunktui.model.observation import Contact, ContactState
from trunktui.model.snapshot import ChannelsView, LegStatus, SbcStatus
from trunktui.present.box import box_facts
from trunktui.present.calls import call_facts
from trunktui.present.cells import SBC_ROLES, Cell, Line, Role, plain
from trunktui.present.charts import LABEL_CELLS
from trunktui.present.clock import clock_cell, moment_words
from trunktui.present.columns import ColumnKey
from trunktui.present.fleet import channel_cells, row_of
from trunktui.present.freshness import duration, sbc_stale, shown, shown_sbc, stale
from trunktui.present.head import sentence
from trunktui.present.marks import mark_facts
from trunktui.present.rates import cps_words, per_second, risk_words
from trunktui.present.tails import tail_facts
from trunktui.present.words import NOT_KNOWN, SBC_WORDS, cell_width, fit, plural, span, wrap

_AUTH_WORDS = {
    AuthMode.REGISTRATION: "registration",
    AuthMode.IP: "IP",
    AuthMode.HYBRID: "registration and IP",
}
_CONTACT_WORDS = {
    ContactState.REACHABLE: ("answers", Role.GOOD),
    ContactState.UNREACHABLE: ("no answer", Role.BAD),
    ContactState.UNPROBED: ("not asked", Role.WARN),
    ContactState.DISABLED: ("off", Role.DIM),
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


def detail_lines(
    leg: LegStatus,
    now: float,
    charts: tuple[Line, ...],
    width: int,
    wall: datetime | None = None,
    groups: tuple[Cell, ...] = (),
    sbc: SbcStatus | None = None,
) -> tuple[Line, ...]:
    """Return what is known of a leg: sentence, its `groups` in trouble, its `charts`, contacts, ages, names, evidence.

    `wall` is the time of day at `now`, in this host's zone; without it only ages are told.
    """
    old = stale(leg, now)
    registration = row_of(leg, now).cell(ColumnKey.REGISTRATION)
    return (
        *_wrapped(sentence(leg, now), width),
        *_marks(leg, width),
        *(line for group in groups for line in _labelled("group", group, "", width)),
        *charts,
        *_contacts(leg, width, old=old),
        *_labelled("registration", registration, "" if old else _attempts(leg), width),
        *_in_use(leg.channels, width, old=old),
        *_labelled("detect time", _detect(leg), "", width),
        *_dials(leg, width, old=old),
        *(
            line
            for label, cell in call_facts(leg, sbc, old=old)
            for line in _labelled(label, cell, "", width)
        ),
        *_labelled("age", Cell(_ages(leg, now)), "", width),
        *_since(leg, now, width, wall),
        *_labelled("carrier", Cell(_carrier(leg)), "", width),
        *_labelled("on the SBC", Cell(_names(leg)), "", width),
        *_evidence(leg, width, Role.DIM if old else Role.TEXT),
    )


def spell_lines(text: str, width: int) -> tuple[Line, ...]:
    """Return how often a leg was down, as `spells.how_often` words it."""
    return _labelled("outages", Cell(text), "", width) if text else ()


def page_lines(
    leg: LegStatus,
    sbc: SbcStatus | None,
    now: float,
    charts: tuple[Line, ...],
    width: int,
    wall: datetime | None = None,
    groups: tuple[Cell, ...] = (),
) -> tuple[Line, ...]:
    """Return the full page of a leg: all of `detail_lines`, then its SBC and the lines that were not read."""
    lines = detail_lines(leg, now, charts, width, wall, groups, sbc)
    return lines if sbc is None else (*lines, (), *sbc_lines(sbc, now, width))


def sbc_lines(sbc: SbcStatus, now: float, width: int) -> tuple[Line, ...]:
    """Return the facts of an SBC: state, link, version, uptime, calls, polls, SNMP's facts, unread answers."""
    old = sbc_stale(sbc, now)
    sbc = shown_sbc(sbc, now)
    where = f", {sbc.site}" if sbc.site else ""
    took, following = _seconds(sbc.poll_took_s), _until(now, sbc.next_poll_at)
    polled = f"{_ago(now, sbc.polled_at)}, took {took}, next {following}"
    platform = f"{sbc.platform} {sbc.version or NOT_KNOWN} at {sbc.host}{where}"
    head = (
        Cell(f"SBC {sbc.name}", Role.TITLE),
        Cell("  "),
        Cell(SBC_WORDS[sbc.state], SBC_ROLES[sbc.state]),
        Cell(f": {sbc.reason or 'nothing to remark'}"),
    )
    unread: list[Line] = []
    for answer in sbc.unread:
        unread += _labelled("not read", Cell(answer.command, Role.WARN), answer.why, width)
        unread += [line for raw in answer.lines for line in _indented(raw, width)]
    return (
        *_wrapped(head, width),
        *_marks(sbc, width),
        *_labelled("platform", Cell(platform), "", width),
        *_labelled("ssh", _ssh(sbc, old=old), "", width),
        *_figures(sbc, now, width, old=old),
        *_labelled("last poll", Cell(polled), "", width),
        *(line for label, cell in box_facts(sbc, now) for line in _labelled(label, cell, "", width)),
        *(line for label, cell in tail_facts(sbc, now) for line in _labelled(label, cell, "", width)),
        *unread,
    )


def _marks(one: LegStatus | SbcStatus, width: int) -> tuple[Line, ...]:
    """Return who keeps it from raising an alarm, until when and why."""
    return tuple(line for label, text in mark_facts(one) for line in _labelled(label, Cell(text), "", width))


def _ssh(sbc: SbcStatus, *, old: bool) -> Cell:
    """Return the SSH link; one that worked is told as what it was once nothing came over it for too long."""
    worked = sbc.link.state is SshState.OK
    ssh = f"was {sbc.link.state.value}" if old and worked else sbc.link.state.value
    reason = "" if worked else f": {sbc.link.reason}"
    return Cell(f"{ssh}{reason}", Role.DIM if old and worked else Role.TEXT)


def _figures(sbc: SbcStatus, now: float, width: int, *, old: bool) -> tuple[Line, ...]:
    started = None if old or sbc.started_at is None else now - sbc.started_at
    channels, calls = (None, None) if old else (sbc.channels, sbc.calls)
    role = Role.DIM if old else Role.TEXT
    rate = "" if old or sbc.cps is None else f", {per_second(sbc.cps)} new calls/s"
    return (
        *_labelled("running for", Cell(span(started), role), "", width),
        *_labelled(
            "load", Cell(f"{_count(channels)} channels, {_count(calls)} calls{rate}", role), "", width
        ),
        *_labelled("its clock", clock_cell(sbc, old=old), "", width),
    )


def _contacts(leg: LegStatus, width: int, *, old: bool) -> tuple[Line, ...]:
    lines: list[Line] = []
    for index, contact in enumerate(leg.probe.contacts):
        word, role = _CONTACT_WORDS[contact.state]
        state = Cell(f"{'was ' + word:<14}", Role.DIM) if old else Cell(f"{word:<10}", role)
        rest = Role.DIM if old else Role.TEXT
        cells = (state, Cell(f"{_rtt(contact):>7}  ", rest), Cell(_uri(contact), rest))
        lines += _hung("contact" if index == 0 else "", cells, width)
    return tuple(lines)


def _in_use(channels: ChannelsView, width: int, *, old: bool) -> tuple[Line, ...]:
    """Return the leg's channels and how full its cap is; nothing where neither can be told."""
    if channels.active is None and channels.cap is None:
        return ()
    cells = channel_cells(channels, old=old)
    active = cells[ColumnKey.CHANNELS]
    line = [active._replace(text=f"{active.text} on this leg")]
    if channels.cap is not None:
        full = cells[ColumnKey.OF_CAP]
        part = channels.used is not None and not channels.whole and not old
        more = ": not every leg that shares it is known" if part else ""
        line.append(full._replace(text=f"  {full.text} of the cap{more}"))
    return _hung("in use", tuple(line), width)


def _dials(leg: LegStatus, width: int, *, old: bool) -> tuple[Line, ...]:
    """Return the leg's dials per second and what they put at risk; nothing where there is no figure to tell."""
    if leg.cps.now is None and leg.cps.cap is None:
        return ()
    risk = NOT_KNOWN if old else risk_words(leg)
    return (
        *_labelled("dials", Cell(NOT_KNOWN if old else cps_words(leg.cps)), "", width),
        *_labelled("at risk", Cell(risk, Role.DIM if risk == NOT_KNOWN else Role.TEXT), "", width),
    )


def _evidence(leg: LegStatus, width: int, role: Role) -> tuple[Line, ...]:
    lines: list[Line] = []
    for index, piece in enumerate(leg.evidence):
        lines += _labelled("evidence" if index == 0 else "", Cell(piece.source, Role.DIM), "", width)
        lines += _indented(piece.line, width, role)
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


def _since(leg: LegStatus, now: float, width: int, wall: datetime | None) -> tuple[Line, ...]:
    """Return since when the leg has its state, as a time of day."""
    since = shown(leg, now).since_at
    if wall is None or since is None:
        return ()
    return _labelled("since", Cell(moment_words(wall - timedelta(seconds=now - since))), "", width)


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
    return NOT_KNOWN if at is None else f"in {duration(at - now)}" if at >= now else "due"


def _label(text: str) -> Cell:
    return Cell(f" {text:<{LABEL_CELLS - 1}}", Role.LABEL)


def _labelled(label: str, cell: Cell, more: str, width: int) -> tuple[Line, ...]:
    cells = (cell, Cell(f"  {more}", Role.DIM)) if more else (cell,)
    return _hung(label, cells, width)


def _hung(label: str, cells: tuple[Cell, ...], width: int) -> tuple[Line, ...]:
    lines = _wrapped(cells, width - LABEL_CELLS, margin="")
    return tuple((_label(label if index == 0 else ""), *line) for index, line in enumerate(lines))


def _indented(raw: str, width: int, role: Role = Role.TEXT) -> tuple[Line, ...]:
    return _hung("", (Cell(raw, role),), width)


def _wrapped(cells: tuple[Cell, ...], width: int, margin: str = " ") -> tuple[Line, ...]:
    """Wrap a line whose cells have different roles: only the last, longest cell is broken."""
    *fixed, last = cells
    used = sum(cell_width(cell.text) for cell in fixed)
    room = width - cell_width(margin) * 2
    least = 12
    if used + least > room:
        text = "".join(cell.text for cell in cells)
        return tuple((Cell(f"{margin}{piece}", last.role),) for piece in wrap(text, room))
    body = last.text.lstrip(" ")
    blanks = last.text[: len(last.text) - len(body)]
    first, *rest = wrap(body, room - used - len(blanks))
    if not rest:
        return ((Cell(margin), *fixed, last),) if margin else ((*fixed, last),)
    head: Line = (Cell(margin), *fixed, Cell(blanks + first, last.role))
    tail = wrap(body[len(first) :].strip(), room)
    return (head, *((Cell(f"{margin}{piece}", last.role),) for piece in tail))
