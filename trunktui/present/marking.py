"""Reads what an operator typed to mark something: whom it is about, for how long, and why."""

from __future__ import annotations

import difflib
from collections.abc import Iterable

from trunktui.model.health import Severity
from trunktui.model.marks import ACKNOWLEDGED_SCOPES, REASON_LIMIT, Scope, Target
from trunktui.model.request import Acknowledge, Mark, Marking, Unmark
from trunktui.model.snapshot import LegStatus, Snapshot
from trunktui.model.text import clean
from trunktui.model.window import parse_window

_SHOWN = 60
_HERE = frozenset({"here", "leg"})


class MarkingError(Exception):
    """What was typed marks nothing; the text is one line that says what would."""


def marking_of(command: str, rest: str, leg: LegStatus | None, snapshot: Snapshot) -> Marking:
    """Return what `:command rest` asks for, `leg` being in hand. Raises MarkingError."""
    match command:
        case "maint":
            return _maintenance(rest, leg, snapshot)
        case "ack":
            return _acknowledgement(rest, leg, snapshot)
        case "unack":
            target = _whom(rest.strip(), leg, snapshot) if rest.strip() else _here(leg)
            return Unmark(_acknowledgeable(target), ack=True)
        case _:
            return Unmark(_whom(rest.strip(), leg, snapshot) if rest.strip() else _here(leg))


def targets(snapshot: Snapshot, name: str) -> tuple[Target, ...]:
    """Return everything called `name`, narrowest first; `sbc:NAME` and the like mean that kind alone."""
    kind, colon, plain = name.partition(":")
    if colon and kind in set(Scope):
        return tuple(one for one in targets(snapshot, plain) if one.scope is Scope(kind))
    legs = snapshot.legs
    known = (
        (Scope.LEG, {leg.id for leg in legs}),
        (Scope.TRUNK, {leg.trunk for leg in legs}),
        (Scope.SBC, {sbc.name for sbc in snapshot.sbcs}),
        (Scope.CARRIER, {leg.carrier for leg in legs}),
        (Scope.GROUP, {group.name for group in snapshot.groups}),
    )
    return tuple(Target(scope, name) for scope, names in known if name in names)


def target_of(snapshot: Snapshot, name: str) -> Target:
    """Return the one thing called `name`. Raises MarkingError where there is none, or more than one."""
    found = targets(snapshot, name)
    if len(found) == 1:
        return found[0]
    shown = clean(name, _SHOWN)
    if found:
        ways = " or ".join(f"{one.scope.value}:{shown}" for one in found)
        raise MarkingError(f'"{shown}" is more than one thing: write {ways}')
    near = difflib.get_close_matches(name, sorted(_names(snapshot)), 3, 0.5)
    tail = f"; the nearest are {', '.join(near)}" if near else ""
    raise MarkingError(f'no leg, trunk, SBC, carrier or group is called "{shown}"{tail}')


def checked_reason(text: str) -> str:
    """Return a reason. Raises MarkingError for one that is empty or too long to be kept whole."""
    reason = " ".join(text.split())
    if not reason:
        raise MarkingError("say why: others read it")
    if len(reason) > REASON_LIMIT:
        raise MarkingError(f"the reason is {len(reason)} characters long; {REASON_LIMIT} are kept")
    return reason


def _maintenance(rest: str, leg: LegStatus | None, snapshot: Snapshot) -> Mark:
    whom, when, why = _split(rest)
    window = parse_window(when)
    if window is None:
        raise MarkingError("say for how long: :maint [sbc|NAME] 2h|3d|22:00-23:30 (UTC) WHY")
    target = _whom(whom, leg, snapshot) if whom else _here(leg)
    return Mark(target, window, checked_reason(why))


def _split(rest: str) -> tuple[str, str, str]:
    """Split into whom, when and why: the first word that is a time parts them, as a name may hold blanks."""
    words = rest.split()
    for index, word in enumerate(words):
        if parse_window(word) is not None:
            return " ".join(words[:index]), word, " ".join(words[index + 1 :])
    return "", "", ""


def _acknowledgement(rest: str, leg: LegStatus | None, snapshot: Snapshot) -> Acknowledge:
    first, _, more = rest.strip().partition(" ")
    if first in {"sbc", "group", *_HERE} or (first.partition(":")[0] in {"sbc", "group"} and ":" in first):
        target, rest = _whom(first, leg, snapshot), more
    elif named := _named_leg(rest, snapshot):
        target, rest = Target(Scope.LEG, named), rest.strip()[len(named) :]
    else:
        target = _here(leg)
    first, _, more = rest.strip().partition(" ")
    window = parse_window(first)
    return Acknowledge(
        _acknowledgeable(target),
        checked_reason(more if window is not None else rest),
        window,
        seen_severity(snapshot, target),
    )


def _named_leg(rest: str, snapshot: Snapshot) -> str | None:
    """Return the leg whose id is typed first, as after :maint: else another one would be acknowledged, unasked.

    Only a whole id: the name of a carrier or an SBC may as well be the first word of the reason.
    """
    typed = f"{rest.strip()} "
    named = (leg.id for leg in snapshot.legs if typed.startswith(f"{leg.id} "))
    return max(named, key=len, default=None)


def seen_severity(snapshot: Snapshot, target: Target) -> Severity | None:
    """Return how loud something is in `snapshot`; None where it raises no alarm of its own."""
    named: Iterable[tuple[str, Severity]] = ()
    match target.scope:
        case Scope.LEG:
            named = ((one.id, one.severity) for one in snapshot.legs)
        case Scope.SBC:
            named = ((one.name, one.severity) for one in snapshot.sbcs)
        case Scope.GROUP:
            named = ((one.name, one.severity) for one in snapshot.groups)
        case _:
            return None
    return next((severity for name, severity in named if name == target.name), None)


def _acknowledgeable(target: Target) -> Target:
    if target.scope not in ACKNOWLEDGED_SCOPES:
        raise MarkingError(
            f"a {target.scope.value} raises no alarm of its own: acknowledge its legs, or :maint {target.scope.value}"
        )
    return target


def _whom(word: str, leg: LegStatus | None, snapshot: Snapshot) -> Target:
    """Return whom a word means: a kind of thing stands for the one that the leg in hand belongs to."""
    if word in _HERE:
        return _here(leg)
    if word not in set(Scope):
        return target_of(snapshot, word)
    scope = Scope(word)
    here = _here(leg)
    if leg is None:
        return here
    match scope:
        case Scope.TRUNK:
            return Target(scope, leg.trunk)
        case Scope.SBC:
            return Target(scope, leg.sbc)
        case Scope.CARRIER if leg.carrier is not None:
            return Target(scope, leg.carrier)
        case Scope.GROUP if len(leg.groups) == 1:
            return Target(scope, leg.groups[0])
        case Scope.GROUP if leg.groups:
            raise MarkingError(f"{leg.id} is in several groups: write group:NAME ({', '.join(leg.groups)})")
    raise MarkingError(f"{leg.id} has no {scope.value}")


def _here(leg: LegStatus | None) -> Target:
    if leg is None:
        raise MarkingError("no leg is in hand here: name one, or go back to the fleet")
    return Target(Scope.LEG, leg.id)


def _names(snapshot: Snapshot) -> set[str]:
    legs = snapshot.legs
    found = {name for leg in legs for name in (leg.id, leg.trunk, leg.sbc, leg.carrier) if name}
    return found | {sbc.name for sbc in snapshot.sbcs} | {group.name for group in snapshot.groups}
