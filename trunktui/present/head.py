"""The two lines above the table: counts and ages of the fleet, and the worst news in one sentence."""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Iterable
from typing import NamedTuple

from trunktui.model.correlation import Correlated, VerdictKind
from trunktui.model.health import SEVERITY_RANK, WORST_FIRST, LegState, SbcState, Severity
from trunktui.model.link import SshState
from trunktui.model.snapshot import LegStatus, SbcStatus, Snapshot
from trunktui.present.acting import write_mark
from trunktui.present.cells import STATE_ROLES, Cell, Line, Role
from trunktui.present.findings import head_word
from trunktui.present.freshness import in_words, shown, shown_sbc
from trunktui.present.groups import group_news, group_remarks
from trunktui.present.marks import MarkWord, brief_mark, covered, covered_news, is_hushed
from trunktui.present.parents import alarming, in_force, parents, verdict_news
from trunktui.present.words import LONG_WORDS, STATE_GLYPHS, STATE_WORDS, brief, cell_width, plural


class EngineNews(NamedTuple):
    """What the head needs to know of the polling process; texts are cleaned, and empty where all is well.

    `config` says why the config file was not taken, `history` why no history is kept.
    """

    alive: bool = True
    restarts: int = 0
    notice: str = ""
    config: str = ""
    history: str = ""


class HeadFacts(NamedTuple):
    """What the head shows beside the fleet. `frozen_for` in seconds, None while the display is live.

    `write_left`: seconds of write mode, None: read-only. `clock` is the wall clock as text; `hidden` counts legs
    that the filter hides, None without a filter.
    """

    title: str
    read_only: bool
    clock: str
    frozen_for: float | None = None
    changed_since: int = 0
    filter_text: str = ""
    hidden: int | None = None
    write_left: float | None = None


_SBC_WORST_FIRST = (SbcState.DOWN, SbcState.UNKNOWN, SbcState.DEGRADED, SbcState.UP)
_SBC_GONE = frozenset({SbcState.DOWN, SbcState.UNKNOWN})
_BAD = frozenset({LegState.DOWN, LegState.UNKNOWN, LegState.DEGRADED})
_LINK_FINE = frozenset({SshState.OK, SshState.PENDING})
_LEGS_TOLD = re.compile(r"\b\d+ legs? unknown\b")
_SEPARATOR = "  "
_LONG_FROM = 120
_COUNTS_SHARE = 0.55
_QUIET = frozenset({LegState.STANDBY, LegState.ADMIN_OFF})
_TINY_BELOW = 60


def count_states(snapshot: Snapshot, now: float) -> dict[LegState, int]:
    """Return how many legs are shown in each state, worst first; states without legs are left out.

    Legs in trouble that raise no alarm (`marks.is_hushed`) are not among them.
    """
    legs = (shown(leg, now) for leg in snapshot.legs)
    counted = Counter(leg.state for leg in legs if not is_hushed(leg))
    return {state: counted[state] for state in WORST_FIRST if counted[state]}


def oldest_poll(snapshot: Snapshot, now: float) -> float | None:
    """Return the age in seconds of the SBC answer that is oldest; None while any SBC has never answered."""
    ages = [None if sbc.polled_at is None else max(now - sbc.polled_at, 0.0) for sbc in snapshot.sbcs]
    known = [age for age in ages if age is not None]
    return max(known) if known and len(known) == len(ages) else None


def head_line(snapshot: Snapshot, now: float, facts: HeadFacts, width: int) -> Line:
    """Return the first line in `width` cells; where it is too long the least needed parts are left out."""
    parts = _head_parts(snapshot, now, facts, width)
    clock = cell_width(facts.clock)
    left = _fitting(parts, width - clock - 3)
    gap = width - _width(left) - clock - 1
    # the clock gives way to the marks that must be seen
    without = _fitting(parts, width - 1)
    needed = [part for part in without if part.role in {Role.READ_ONLY, Role.WRITE, Role.FROZEN}]
    if gap < 1 or width < _TINY_BELOW or any(part not in left for part in needed):
        return without
    return (*left, Cell(" " * gap), Cell(facts.clock, Role.DIM), Cell(" "))


def news_line(snapshot: Snapshot, now: float, engine: EngineNews, acts: tuple[Cell, ...] = ()) -> Line:
    """Return the worst news as one line.

    In this order: the engine is gone, `acts` (what is said of actions), what many bad legs have in common, SBCs that
    are gone, that the engine was restarted, groups without a path, the worst leg of the others (one that a verdict
    explains is no alarm of its own), then what can wait: SBCs in less trouble, first answers still to come,
    how the engine ended, that no history is kept. Without any of it: "all up". What is in maintenance or acknowledged
    is only counted.
    """
    parts: list[Cell] = []
    if not engine.alive:
        parts.append(Cell(engine.notice or "the polling engine stopped: what is shown grows old", Role.BAD))
    parts += acts
    told = list(snapshot.sbcs)
    silent = _all_silent(snapshot, now)
    if silent is not None:
        text = f"no news from any SBC for {in_words(silent)}: nothing shown below is known to be so now"
        parts.append(Cell(text, Role.BAD))
        told = [sbc for sbc in told if shown_sbc(sbc, now) is sbc]  # the others are what the sentence says
    troubled = [
        sbc
        for sbc in sorted((shown_sbc(sbc, now) for sbc in told), key=_sbc_trouble)
        if sbc.state is not SbcState.UP and sbc.link.state is not SshState.PENDING and not sbc.covered
    ]
    verdicts = in_force(snapshot, now) if silent is None else ()
    alarms = alarming(verdicts, snapshot.legs)
    parts += verdict_news(alarms)
    collector = any(one.kind is VerdictKind.COLLECTOR for one in alarms)
    parts += [_sbc_news(snapshot, now, sbc) for sbc in troubled if _is_gone(sbc, collector=collector)]
    if engine.alive and engine.restarts:
        parts.append(Cell(f"engine restarted ({engine.restarts}×)", Role.WARN))
    unread = snapshot.marks.notice and not snapshot.marks.read
    if unread:
        parts.append(Cell("marks are not known: see trunktui maintenance list", Role.WARN))
    if silent is None:
        parts += _single_news(snapshot, now, troubled, verdicts)
    parts += [_sbc_news(snapshot, now, sbc) for sbc in troubled if sbc.state not in _SBC_GONE]
    waiting = [sbc.name for sbc in snapshot.sbcs if not_asked_yet(sbc)]
    if waiting:
        parts.append(Cell(f"asking {_named(waiting)} ...", Role.DIM))
    if engine.alive and engine.notice:
        parts.append(Cell(engine.notice, Role.WARN))
    if engine.alive and engine.history:
        parts.append(Cell(engine.history, Role.WARN))
    if snapshot.marks.notice and not unread:
        parts.append(Cell(snapshot.marks.notice, Role.WARN))
    hushed = covered_news((shown(leg, now) for leg in snapshot.legs), (shown_sbc(sbc, now) for sbc in told))
    turned = [] if silent is not None else list(group_remarks(snapshot, now))
    if not parts:
        parts.append(_all_well(snapshot, now, besides=bool(hushed)))
    parts += hushed
    if engine.config:
        parts.insert(0 if engine.alive else 1, _config_news(engine.config, parts))
    return _in_one_line(parts + turned + _remarks(told, now))


def _remarks(sbcs: list[SbcStatus], now: float) -> list[Cell]:
    """Return what is told of SBCs that are up: their two witnesses disagree, say. It must not hide a leg's trouble."""
    return [
        Cell(f"{sbc.name}: {sbc.reason}", Role.WARN)
        for sbc in (shown_sbc(sbc, now) for sbc in sbcs)
        if sbc.state is SbcState.UP and sbc.severity is not Severity.NONE and not sbc.covered
    ]


def _is_gone(sbc: SbcStatus, *, collector: bool) -> bool:
    """Tell whether an SBC is news as one that is gone; not where the fault of our own `collector` says it of many."""
    return sbc.state in _SBC_GONE and not (collector and sbc.link.state not in _LINK_FINE)


def _single_news(
    snapshot: Snapshot, now: float, troubled: list[SbcStatus], verdicts: Iterable[Correlated]
) -> list[Cell]:
    """Return what is told of groups, and of the worst leg that no verdict explains.

    A group without a path is worse than the first of its legs; one with a path is told beside it.
    """
    groups, explained = group_news(snapshot, now), parents(verdicts)
    bad = [leg for leg in _bad_legs(snapshot, now, troubled) if leg.id not in explained]
    return [
        *([groups[Severity.CRITICAL]] if Severity.CRITICAL in groups else []),
        *([_leg_news(bad)] if bad else []),
        *([groups[Severity.MAJOR]] if Severity.MAJOR in groups else []),
    ]


def _in_one_line(parts: list[Cell]) -> Line:
    line: list[Cell] = [Cell(" ")]
    for index, part in enumerate(parts):
        line += [Cell("  ·  ", Role.DIM), part] if index else [part]
    return tuple(line)


def _config_news(fault: str, others: list[Cell]) -> Cell:
    """Return a config's fault; beside bad news only its place: it must not push an SBC in trouble off the line."""
    alone = all(part.role in {Role.GOOD, Role.DIM} for part in others)
    return Cell(fault if alone else ": ".join(fault.split(": ")[:2]), Role.WARN)


def sentence(leg: LegStatus, now: float) -> tuple[Cell, ...]:
    """Return a leg's one sentence: its id, its state and since when, and the reason."""
    leg = shown(leg, now)
    since = "" if leg.since_at is None else f" {in_words(now - leg.since_at)}"
    badge = f" ({leg.badge})" if leg.badge else ""
    mark = brief_mark(leg)
    return (
        Cell(leg.id, Role.TITLE),
        Cell("  "),
        Cell(f"{STATE_WORDS[leg.state]}{since}{badge}", STATE_ROLES[leg.state]),
        Cell(f": {leg.reason or 'nothing to remark'}{f' ({mark})' if mark else ''}"),
    )


def _head_parts(snapshot: Snapshot, now: float, facts: HeadFacts, width: int) -> list[tuple[int, Line]]:
    """Return the parts of the head with their rank: 0 is never left out, the highest rank goes first."""
    wide = width >= _LONG_FROM
    parts: list[tuple[int, Line]] = [
        (9, (Cell(" trunktui", Role.DIM),)),
        (5, (Cell(facts.title, Role.TITLE),)),
    ]
    if facts.frozen_for is not None:
        changed = ""
        if facts.changed_since and wide:
            changed = f", {plural(facts.changed_since, 'leg')} changed since"
        parts.append((0, (Cell(f" FROZEN {brief(facts.frozen_for)}{changed} ", Role.FROZEN),)))
    if facts.write_left is not None:
        parts.append((0, (write_mark(facts.write_left),)))
    elif facts.read_only:
        parts.append((2, (Cell("READ-ONLY", Role.READ_ONLY),)))
    parts += [
        (8, (Cell(plural(len(snapshot.sbcs), "SBC")),)),
        (6, (Cell(plural(len(snapshot.legs), "leg")),)),
        (0, _counts(snapshot, now, width)),
    ]
    if facts.hidden is not None:
        word = "filter: " if wide else "/ "
        text = f"{word}{facts.filter_text} ({facts.hidden} hidden)"
        parts.append((1, (Cell(text, Role.FROZEN),)))
    age = brief(oldest_poll(snapshot, now))
    parts.append((3, (Cell(f"oldest poll {age}" if wide else f"poll {age}", Role.DIM),)))
    if found := head_word(snapshot.findings):
        parts.append((7, (Cell(found, Role.DIM),)))
    return parts


def _counts(snapshot: Snapshot, now: float, width: int) -> Line:
    """Return the counts in the longest words that fit their part of the head, at last beside bare glyphs."""
    counted = count_states(snapshot, now)
    if width < _TINY_BELOW:
        counted = {state: count for state, count in counted.items() if state not in _QUIET}
    hushed = _hushed_counts(snapshot, now)
    long, short, glyphs = (
        [(f"{n} {LONG_WORDS[state]}", STATE_ROLES[state]) for state, n in counted.items()]
        + [(f"{n} {words}", Role.LABEL) for n, _, words in hushed],
        [(f"{n} {STATE_WORDS[state].lower()}", STATE_ROLES[state]) for state, n in counted.items()]
        + [(f"{n} {word.lower()}", Role.LABEL) for n, word, _ in hushed],
        [(f"{STATE_GLYPHS[state]}{n}", STATE_ROLES[state]) for state, n in counted.items()]
        + [(f"{word.letter}{n}", Role.LABEL) for n, word, _ in hushed],
    )
    for texts, separator in ((long, _SEPARATOR), (short, _SEPARATOR), (short, " "), (glyphs, " ")):
        needed = sum(cell_width(text) + len(separator) for text, _ in texts)
        if texts is glyphs or needed <= width * _COUNTS_SHARE:
            break
    cells: list[Cell] = []
    for text, role in texts:
        cells += [Cell(separator)] if cells else []
        cells.append(Cell(text, role))
    return tuple(cells)


def _hushed_counts(snapshot: Snapshot, now: float) -> list[tuple[int, MarkWord, str]]:
    """Return (how many, mark, what the mark means) of legs in trouble that raise no alarm."""
    found = covered(shown(leg, now) for leg in snapshot.legs)
    counts = (
        (found.maintenance, MarkWord.MAINT, "in maintenance"),
        (found.acknowledged, MarkWord.ACK, "acknowledged"),
    )
    return [count for count in counts if count[0]]


def _fitting(parts: list[tuple[int, Line]], width: int) -> Line:
    kept = [part for part in parts if part[1]]
    while kept:
        line = _joined([line for _, line in kept])
        if _width(line) <= width or all(rank == 0 for rank, _ in kept):
            return line
        kept.remove(max(kept, key=lambda part: part[0]))
    return ()


def _width(line: Line) -> int:
    return sum(cell_width(cell.text) for cell in line)


def _joined(lines: list[Line]) -> Line:
    cells: list[Cell] = []
    for line in lines:
        if cells:
            cells.append(Cell(_SEPARATOR))
        elif not line[0].text.startswith(" "):
            cells.append(Cell(" "))
        cells += line
    return tuple(cells)


def _sbc_trouble(sbc: SbcStatus) -> tuple[int, str]:
    return (_SBC_WORST_FIRST.index(sbc.state), sbc.name)


def _sbc_news(snapshot: Snapshot, now: float, sbc: SbcStatus) -> Cell:
    unknown = sum(leg.sbc == sbc.name and shown(leg, now).state is LegState.UNKNOWN for leg in snapshot.legs)
    tail = f": {plural(unknown, 'leg')} unknown" if unknown and not _LEGS_TOLD.search(sbc.reason) else ""
    text = f"{sbc.name}: {sbc.reason or sbc.state.value}{tail}"
    return Cell(text, Role.WARN if sbc.state is SbcState.DEGRADED else Role.BAD)


def _all_silent(snapshot: Snapshot, now: float) -> float | None:
    """Return for how long nothing came from any SBC, where each is past its time though its link was fine.

    That is a fault on our side: the engine, or this machine. Where a link failed, its reason says more.
    """
    polled = [sbc for sbc in snapshot.sbcs if sbc.polled_at is not None and sbc.state is not SbcState.DOWN]
    if any(sbc.link.state not in _LINK_FINE for sbc in polled):
        return None
    if len(polled) < 2 or any(sbc.stale_at is None or now <= sbc.stale_at for sbc in polled):
        return None
    return now - max(sbc.polled_at for sbc in polled if sbc.polled_at is not None)


def not_asked_yet(sbc: SbcStatus) -> bool:
    """Tell whether the first answer of an SBC is still to come."""
    return sbc.polled_at is None and sbc.link.state is SshState.PENDING


def _named(names: list[str]) -> str:
    few = 3
    return ", ".join(names) if len(names) <= few else plural(len(names), "SBC")


def _bad_legs(snapshot: Snapshot, now: float, troubled: list[SbcStatus]) -> list[LegStatus]:
    """Return the legs in trouble that raise an alarm, without those unknown because of what is told of their SBC."""
    told = {sbc.name for sbc in troubled} | {sbc.name for sbc in snapshot.sbcs if not_asked_yet(sbc)}
    legs = (shown(leg, now) for leg in snapshot.legs)
    return [
        leg
        for leg in legs
        if leg.state in _BAD and not leg.covered and not (leg.state is LegState.UNKNOWN and leg.sbc in told)
    ]


def _leg_news(bad: list[LegStatus]) -> Cell:
    worst = min(bad, key=lambda leg: (WORST_FIRST.index(leg.state), -SEVERITY_RANK[leg.severity], leg.id))
    more = f"  (+{len(bad) - 1} more)" if len(bad) > 1 else ""
    return Cell(f"{worst.id}: {worst.reason}{more}", STATE_ROLES[worst.state])


def _all_well(snapshot: Snapshot, now: float, *, besides: bool) -> Cell:
    legs = [shown(leg, now) for leg in snapshot.legs]
    if not legs:
        return Cell("no trunks known", Role.DIM)
    up = sum(leg.state is LegState.UP for leg in legs)
    nothing = "nothing else" if besides else "nothing"
    return Cell(f"{up} of {plural(len(legs), 'leg')} up, {nothing} down, degraded or unknown", Role.GOOD)
