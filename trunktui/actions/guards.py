"""Who may act on what, and when: one table of guards, each a pure function of facts that were just collected.

A guard never asks anything. It says yes or no, with the figures, and what would satisfy it. All must say yes.
"""

from __future__ import annotations

from collections.abc import Callable

from msgspec import Struct

from trunktui.actions.past import Act, Past
from trunktui.actions.ruling import allowed as allowed
from trunktui.actions.ruling import no as _no
from trunktui.actions.ruling import yes as _yes
from trunktui.model.action import Consent, Ending, Plan, Ruling, Statement, Verb
from trunktui.model.health import LegState, ProbeSignal, RegSignal
from trunktui.model.inventory import Group
from trunktui.model.snapshot import LegStatus
from trunktui.model.text import Safe

UNLOCK_S = 15 * 60.0
"""How long write mode lasts."""

PAUSE_S = {Verb.REREGISTER: 60.0, Verb.PROBE: 5.0}
"""Least time between two actions of one kind on one leg."""

RATE = 3
RATE_S = 10 * 60.0
FRESH_INTERVALS = 2
FRESH_LEAST_S = 5.0
"""Facts may always be so old: a poll each second may itself take two on a loaded machine."""

_ALL = frozenset(Verb)
_DISRUPTIVE = frozenset({Verb.REREGISTER})
_CARRYING = frozenset({LegState.UP, LegState.DEGRADED, LegState.SUSPECT, LegState.UNMONITORED})
"""States in which a leg may be carrying calls, so that there is something to lose."""

_HEALTHY = frozenset({LegState.UP, LegState.DEGRADED})
"""States in which another leg can be relied on meanwhile."""

_FAILING = frozenset({RegSignal.RETRYING, RegSignal.GAVE_UP})
_ANSWERS = frozenset({ProbeSignal.OK, ProbeSignal.SLOW, ProbeSignal.LOSS, ProbeSignal.PARTIAL})
_SILENT = frozenset({ProbeSignal.DEAD, ProbeSignal.MISSING})
_REFUSED = (401, 403)


class Facts(Struct, frozen=True):
    """All that guards may know. `now` and `unlocked_until` are monotonic seconds; `unlocked_until` None: read-only.

    `leg` None: there is no such leg. `plan` is the plan, or why there is none. `batch`: the legs asked for in
    one go. `me` is the operator's name as the audit log has it; `link_words` why the SBC could not be asked.
    """

    verb: Verb
    leg_id: str
    leg: LegStatus | None
    plan: Plan | Safe | None
    now: float
    interval_s: float
    sbc_write: bool
    unlocked_until: float | None
    link_words: str = ""
    legs: tuple[LegStatus, ...] = ()
    groups: tuple[Group, ...] = ()
    batch: tuple[str, ...] = ()
    past: Past = Past()
    me: str = ""
    consent: Consent = Consent()


class Guard(Struct, frozen=True):
    """One guard: its name, the verbs it watches, and its rule."""

    name: str
    verbs: frozenset[Verb]
    rule: Callable[[Facts, LegStatus], Ruling]


def rule(facts: Facts) -> tuple[Ruling, ...]:
    """Return what every guard says. A leg that is not known is refused for that alone: nothing else can be told."""
    leg = facts.leg
    if leg is None:
        why = f" ({facts.link_words})" if facts.link_words else ""
        return (_no("known", f"there is no leg {facts.leg_id}{why}: see `trunktui status` for their names"),)
    return tuple(guard.rule(facts, leg) for guard in GUARDS if facts.verb in guard.verbs)


def _known(facts: Facts, leg: LegStatus) -> Ruling:
    if leg.why_not_actionable is not None:
        return _no("known", f"{leg.id} is not actionable: {leg.why_not_actionable}")
    if not isinstance(facts.plan, Plan):
        return _no("known", f"{leg.id} is not actionable: {facts.plan or 'its platform has no such action'}")
    return _yes("known", f"{facts.plan.target} is in the fresh list of {leg.sbc}, and its name is plain")


def _fresh(facts: Facts, leg: LegStatus) -> Ruling:
    limit = fresh_limit_s(facts.interval_s)
    if leg.observed_at is None:
        why = facts.link_words or "wait for its first poll"
        return _no("fresh", f"{leg.sbc} has not answered yet: {why}")
    age = facts.now - leg.observed_at
    if age > limit or leg.state is LegState.UNKNOWN:
        old = f"the last answer is {age:.0f} s old (limit {limit:.0f} s{of_intervals(limit)})"
        what = old if age > limit else f"its state is unknown ({leg.reason})"
        why = f": {facts.link_words}" if facts.link_words else f": wait until {leg.sbc} tells it again"
        return _no("fresh", what + why)
    return _yes("fresh", f"the last answer is {max(age, 0.0):.0f} s old (limit {limit:.0f} s)")


def _write(facts: Facts, leg: LegStatus) -> Ruling:
    if not facts.sbc_write:
        return _no("write", f"{leg.sbc} is read-only: `write = true` is not set for it in the config")
    until = facts.unlocked_until
    if until is None or until <= facts.now:
        return _no("write", f"read-only: unlock write mode first, it lasts {UNLOCK_S / 60:.0f} minutes")
    return _yes("write", f"{leg.sbc} allows actions, and write mode is unlocked")


def _not_all(facts: Facts, leg: LegStatus) -> Ruling:
    """Refuse what names everything: each leg is a decision of its own."""
    asked = set(facts.batch) | {leg.id}
    sets = {f"SBC {leg.sbc}": {other.id for other in facts.legs if other.sbc == leg.sbc}}
    if leg.carrier is not None:
        sets[f"carrier {leg.carrier}"] = {o.id for o in facts.legs if o.carrier == leg.carrier}
    for group in facts.groups:
        if leg.trunk in group.trunks:
            sets[f"group {group.name}"] = {o.id for o in facts.legs if o.trunk in group.trunks}
    for what, members in sets.items():
        if len(members) > 1 and members <= asked:
            words = f"that is every leg of {what} ({len(members)}) in one go: name fewer, see them come back first"
            return _no("not_all", words)
    return _yes("not_all", f"{len(asked)} named, not all of an SBC, a carrier or a group")


def _pause(facts: Facts, leg: LegStatus) -> Ruling:
    limit = PAUSE_S[facts.verb]
    same = [act for act in _counted(facts) if act.leg == leg.id and act.verb == facts.verb]
    last = min((act.done_ago_s for act in same), default=None)
    if last is not None and last < limit:
        words = f"{leg.id} was done {last:.0f} s ago (limit {limit:.0f} s): wait {limit - last:.0f} s more"
        return _no("pause", words)
    return _yes("pause", f"not done in the last {limit:.0f} s")


def _rate(facts: Facts, _: LegStatus) -> Ruling:
    mine = sorted(
        act.ago_s
        for act in _counted(facts)
        if act.who == facts.me and act.verb == facts.verb and act.ago_s < RATE_S
    )
    if len(mine) >= RATE:
        wait = RATE_S - mine[RATE - 1]
        words = f"{facts.me} did {len(mine)} in the last {RATE_S / 60:.0f} minutes (limit {RATE}): wait {wait:.0f} s"
        return _no("rate", words)
    return _yes("rate", f"{len(mine)} of {RATE} by {facts.me} in {RATE_S / 60:.0f} minutes")


def _carrier(facts: Facts, leg: LegStatus) -> Ruling:
    """Let one leg per carrier be acted on at a time; legs of which the carrier is not known count as one carrier."""
    coming = [
        act for act in facts.past.acts if act.verb == Verb.SWITCH and act.leg == leg.id and act.under_way
    ]
    if coming:
        act = coming[-1]
        return _no(
            "carrier", f"{act.who} switches {act.group} to {leg.id} since {act.ago_s:.0f} s: wait for its end"
        )
    name = leg.carrier or ""
    words = f"carrier {name}" if name else "a carrier that is not known"
    busy = [a for a in facts.past.acts if a.under_way and a.carrier == name and a.verb == facts.verb]
    if busy:
        act = busy[-1]
        return _no(
            "carrier",
            f"{act.leg} of {words} is under way since {act.ago_s:.0f} s by {act.who}: wait for its end",
        )
    return _yes("carrier", f"no other leg of {words} is under way")


def _cause(facts: Facts, leg: LegStatus) -> Ruling:
    """Ask what was mended before a carrier that refuses is asked again: carriers ban loops."""
    reg, probe = leg.registration, leg.probe.state
    if reg.state not in _FAILING or reg.by_hand or facts.consent.fixed:
        said = (
            "the operator says that the cause was fixed"
            if facts.consent.fixed
            else "no refusal to mend first"
        )
        return _yes("cause", said)
    advice = "only if the credential or the allowlist was fixed meanwhile"
    if reg.code in _REFUSED:
        return _no("cause", f"the last result was {reg.code}: {advice}", Statement.FIXED)
    if reg.code is None and probe in _ANSWERS:
        words = f"the carrier answers OPTIONS but REGISTER fails, so it likely refuses (401 or 403): {advice}"
        return _no("cause", words, Statement.FIXED)
    if reg.code is None and leg.part is not None and probe not in _SILENT:
        # FreeSWITCH tries again whatever the answer was, and tells it in events alone.
        return _no(
            "cause", f"whether the carrier refused or was silent is not told: {advice}", Statement.FIXED
        )
    if reg.code is None and reg.gave_up and probe not in _SILENT:
        words = f"the registration gave up, as after 401 or 403, and OPTIONS does not tell more: {advice}"
        return _no("cause", words, Statement.FIXED)
    return _yes("cause", "the carrier was silent, it did not refuse")


def _last_path(facts: Facts, leg: LegStatus) -> Ruling:
    if leg.discovered or leg.state not in _CARRYING:
        return _yes("last_path", "it carries no group now")
    alone: list[str] = []
    doubted: list[str] = []
    shaken = {act.leg for act in facts.past.acts if shakes(act)}
    for group in facts.groups:
        if leg.trunk not in group.trunks:
            continue
        others = (o for o in facts.legs if o.trunk in group.trunks and not o.discovered and o.id != leg.id)
        healthy = [other.id for other in others if other.state in _HEALTHY]
        if all(other in shaken for other in healthy):
            alone.append(group.name)
            doubted += healthy
    if not alone:
        return _yes("last_path", "every group of it has another healthy leg")
    reason = facts.consent.reason.strip()
    if facts.consent.typed in alone and reason:
        return _yes("last_path", f"last healthy leg of {', '.join(alone)}: the operator typed it, and why")
    but = f" ({', '.join(dict.fromkeys(doubted))} was acted on and is not proved)" if doubted else ""
    words = f"{leg.id} is the last healthy leg of group {', '.join(alone)}{but}: type {alone[0]} and give a reason"
    return _no("last_path", words, Statement.GROUP_NAME, Statement.REASON)


def _confirmed(facts: Facts, leg: LegStatus) -> Ruling:
    if facts.consent.yes:
        return _yes("confirmed", "the operator said yes")
    return _no("confirmed", f"say yes to {facts.verb.value} {leg.id}", Statement.YES)


def fresh_limit_s(interval_s: float) -> float:
    """Return how old a fact may be that an action rests on, where SBCs are polled every `interval_s`."""
    return max(FRESH_INTERVALS * interval_s, FRESH_LEAST_S)


def of_intervals(limit_s: float) -> str:
    """Return the words that say where a limit comes from."""
    return ", two intervals" if limit_s > FRESH_LEAST_S else ""


def shakes(act: Act) -> bool:
    """Whether a leg may be out by an action, whatever its last poll said: it is under way, or just proved nothing."""
    lately = act.sent and act.ending != Ending.VERIFIED and act.ago_s <= PAUSE_S[Verb.REREGISTER]
    return act.verb in _DISRUPTIVE and (act.under_way or lately)


def _counted(facts: Facts) -> tuple[Act, ...]:
    return tuple(act for act in facts.past.acts if act.sent)


GUARDS: tuple[Guard, ...] = (
    Guard("known", _ALL, _known),
    Guard("write", _DISRUPTIVE, _write),
    Guard("fresh", _ALL, _fresh),
    Guard("not_all", _DISRUPTIVE, _not_all),
    Guard("pause", _ALL, _pause),
    Guard("rate", _DISRUPTIVE, _rate),
    Guard("carrier", _DISRUPTIVE, _carrier),
    Guard("cause", _DISRUPTIVE, _cause),
    Guard("last_path", _DISRUPTIVE, _last_path),
    Guard("confirmed", _DISRUPTIVE, _confirmed),
)
"""Every guard, in the order in which they are shown."""
