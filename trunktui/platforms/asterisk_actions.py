"""What may be done to an Asterisk, and what proves that it worked (measured on 22.10).

`pjsip send register NAME` prints nothing when it is taken, and nothing more is ever said about it; a name that
is not there:

    Unable to retrieve registration nosuch
    Command 'pjsip send register nosuch' failed.

It un-registers, then registers after a random 0 to max_random_initial_delay seconds. What
`pjsip show registration acme-primary` says before, just after, and when it worked:

     acme-primary/sip:10.77.0.21:5060                        acme-primary                Registered        (exp. 40s)
     acme-primary/sip:10.77.0.21:5060                        acme-primary                Unregistered      (exp. 3s)
     acme-primary/sip:10.77.0.21:5060                        acme-primary                Registered        (exp. 107s)

With a dead carrier the un-REGISTER stays unanswered, so that the word stays too: this proves nothing.

     acme-primary/sip:10.77.0.21:5060                        acme-primary                Registered        (exp. 5s)
     acme-primary/sip:10.77.0.21:5060                        acme-primary                Rejected          (exp. 2s)

`pjsip qualify NAME` prints `Qualifying AOR 'acme-primary' on endpoint 'acme-primary'`; the answer shows as a new
round trip in `pjsip show contacts`. Seconds are cut off to whole ones, so every time here is a span.
"""

from __future__ import annotations

import re

from msgspec import Struct

from trunktui.model.action import Plan, Proof, Sign, Verb
from trunktui.model.ask import Answer, Reply, SshAsk
from trunktui.model.health import RegSignal
from trunktui.model.observation import Contact, ContactState, Evidence, Registration, RegPhase
from trunktui.model.snapshot import LegStatus
from trunktui.model.text import Safe, clean
from trunktui.platforms import asterisk_tables as tables
from trunktui.platforms.asterisk_console import PROGRAM, askable, rx

_DELAY_S = 10
"""Asterisk's default max_random_initial_delay."""

_ATTEMPT_S = 32
"""How long a REGISTER waits for an answer from one address (RFC 3261, timer F)."""

_LEAD_S = 10
"""Asterisk registers again so long before the binding ends."""

_HOLD_S = 12
_WINDOW_S = 45
_PROBE_WINDOW_S = 6.0
_PROBE_TIMEOUT_S = 5.0
_EVERY_S = 1.0
_SETTLED_S = 1.0
"""The console takes the command and leaves: a look sooner after it may still see the state before."""

_MOVED_S = 3.0
"""Two looks at one schedule differ by rounding and by how long each took, not by more."""

_SLACK_S = 20.0
"""How long after its intent was written a command can have been carried out."""

_REGISTERED = frozenset(
    {RegSignal.REGISTERED, RegSignal.REFRESHING, RegSignal.LATE_REFRESH, RegSignal.OVERDUE}
)
_FAILING = frozenset({RegSignal.RETRYING, RegSignal.GAVE_UP})
_QUALIFYING = re.compile(r"Qualifying AOR '(.+)' on endpoint '.+'")
_FAILURE = re.compile(r"Unable to retrieve|Command '.*' failed\.|Usage: |No such command '|Unable to connect")
_STATE, _STEP = "state", "step"


def plan(verb: Verb, leg: LegStatus) -> Plan | Safe:
    """Return how to do `verb` to `leg`, or why that cannot be done."""
    plans = {Verb.REREGISTER: _plan_reregister, Verb.PROBE: _plan_probe}
    return plans[verb](leg) if verb in plans else clean("it moves a group, not a leg")


def changed(plan: Plan, leg: LegStatus, look: Answer) -> Safe | None:
    """Say what became of a leg between what the operator saw and `look`; None where it does not matter."""
    if plan.verb is Verb.PROBE:
        return None
    row = _row(plan, look)
    if row is None:
        return _missing(plan, look)
    seen, now = leg.registration.state, _Span.of(row, look)
    delay = leg.registration.delay_s if leg.registration.delay_s is not None else _DELAY_S
    if row.phase is RegPhase.OTHER:
        return clean(f"its state reads '{row.word}', which this version does not know")
    if row.phase is RegPhase.UNREGISTERED and row.due_in_s is not None and 0 <= row.due_in_s <= delay:
        return clean(f"it is {row.word} right now and registers by itself in {row.due_in_s} s: wait for that")
    if row.phase is RegPhase.UNREGISTERED and seen not in {RegSignal.UNREGISTERED, RegSignal.STARTING}:
        return clean(f"it is {row.word} right now, and was not when you looked: see what happened first")
    if row.phase is RegPhase.REGISTERED and seen not in _REGISTERED:
        return clean("it registered by itself meanwhile: there is nothing left to do")
    if row.phase in {RegPhase.WAITING, RegPhase.ATTEMPTING} and seen not in _FAILING:
        return clean(f"it is {row.word} now, and was not when you looked: look again")
    if now is not None and _rescheduled(leg, now, look):
        return clean("its next attempt moved since you looked: somebody re-registered it; look again")
    return None


def taken(plan: Plan, sent: Answer) -> Safe | None:
    """Say why Asterisk did not take the command; None where it did (a re-register prints nothing then)."""
    reply = sent.reply(_STEP)
    if denied := tables.refusal(reply):
        return clean(f"{denied}; it must allow '{plan.steps[0].words}' (see \"Actions\" there)")
    said = [line for line in reply.lines + reply.errors if line.strip()]
    failure = next((line for line in said if _FAILURE.match(line)), None)
    if failure is not None:
        return clean(f"Asterisk says: {failure}")
    if reply.status != 0:
        return clean(f"exit status {reply.status}" + (f": {said[0]}" if said else ""))
    if plan.verb is Verb.PROBE:
        return None if _probed(reply) else clean("Asterisk did not say that it probes anything")
    strange = [line for line in reply.lines if line.strip()]
    return clean(f"Asterisk says: {strange[0]}") if strange else None


def proof(plan: Plan, sent: Answer, looks: tuple[Answer, ...]) -> Proof:
    """Judge the looks made since `sent`; each is judged with those before it."""
    if not looks:
        return Proof(Sign.WAITING, clean("sent; not looked yet"))
    if plan.verb is Verb.PROBE:
        return _proof_of_probe(plan, sent, looks)
    return _Registering(plan, sent).judge(looks)


def standing(plan: Plan, look: Answer, since_s: float) -> Proof:
    """Judge one look at a registration, `since_s` seconds after a command whose fate is not known.

    PROVED only where the last REGISTER must have been answered since: its binding is too young otherwise.
    """
    if plan.verb is Verb.PROBE:
        return Proof(Sign.UNREADABLE, clean("whether that probe was answered cannot be told afterwards"))
    row = _row(plan, look)
    if row is None:
        return Proof(Sign.UNREADABLE, _missing(plan, look))
    evidence = _evidence(plan, row)
    if row.phase is not RegPhase.REGISTERED:
        early = since_s < plan.window_s + _SLACK_S
        sign, more = (Sign.UNREADABLE, "; it may still come back: look again") if early else (Sign.FAILED, "")
        return Proof(sign, clean(f"not registered now: {_words(row)}{more}"), evidence)
    expires = tables.whole(tables.parameters(look.reply(_STATE)), "expiration")
    if expires is not None and row.due_in_s is not None:
        # A registrar may shorten what was asked for, never lengthen it (RFC 3261, 10.3): so this is the oldest.
        oldest = max(0, expires - _LEAD_S - row.due_in_s) + 1 + (look.answered_at - look.asked_at)
        if oldest < since_s - _SLACK_S:
            words = f"{_words(row)}: a REGISTER was answered in the last {oldest:.0f} s, after the command"
            return Proof(Sign.PROVED, clean(words), evidence)
    words = f"{_words(row)}; whether it registered again since the command cannot be told yet"
    return Proof(Sign.UNREADABLE, clean(words), evidence)


def _plan_reregister(leg: LegStatus) -> Plan | Safe:
    name = leg.native.registration
    if name is None:
        return clean("this leg does not register")
    if not askable(name):
        return clean(f"the name {clean(name, 40)!r} must not stand in a command")
    delay = leg.registration.delay_s if leg.registration.delay_s is not None else _DELAY_S
    window = max(_WINDOW_S, delay + _ATTEMPT_S + 3)
    readback = rx(_STATE, f"pjsip show registration {name}")
    if leg.registration.state in _REGISTERED:
        consequence = (
            f"Asterisk un-registers first and registers again within {max(delay, 1)} s: inbound calls and the "
            "carrier's keepalive are out for that time. Calls in progress stay."
        )
        undo = "none: if the carrier does not take it back, the SBC goes on trying as it is set to"
    else:
        consequence = f"Asterisk tries to register within {max(delay, 1)} s. It is not registered now, so nothing is lost."
        undo = "none needed: a failed attempt leaves it as it is now"
    return Plan(
        verb=Verb.REREGISTER,
        leg=leg.id,
        sbc=leg.sbc,
        target=name,
        disruptive=True,
        readback=readback,
        steps=(rx(_STEP, f"pjsip send register {name}"),),
        proof=SshAsk((readback,)),
        consequence=clean(consequence),
        proof_words=clean(f"Registered, with a later next attempt, within {window} s (asked every second)"),
        undo=clean(undo),
        needs=clean(f"'pjsip send register {name}' allowed on the SBC (docs/grants.md, \"Actions\")"),
        window_s=float(window),
        every_s=_EVERY_S,
        lock_on=PROGRAM,
        lock_hold_s=min(max(delay + 2, _HOLD_S), 60),
    )


def _plan_probe(leg: LegStatus) -> Plan | Safe:
    name = leg.native.endpoint or leg.native.aor
    if name is None:
        return clean("this leg has no endpoint that could be probed")
    if not askable(name):
        return clean(f"the name {clean(name, 40)!r} must not stand in a command")
    interval, detect = leg.probe.interval_s, leg.probe.detect_s
    if interval == 0:
        return clean("OPTIONS are off for it (qualify_frequency 0): Asterisk would drop the answer to one")
    timeout = detect - interval if detect is not None and interval is not None else _PROBE_TIMEOUT_S
    window = max(_PROBE_WINDOW_S, timeout + 3)
    readback = rx(_STATE, "pjsip show contacts")
    return Plan(
        verb=Verb.PROBE,
        leg=leg.id,
        sbc=leg.sbc,
        target=name,
        disruptive=False,
        readback=readback,
        steps=(rx(_STEP, f"pjsip qualify {name}"),),
        proof=SshAsk((readback,)),
        consequence=clean("The SBC sends one OPTIONS to each contact of it now. Nothing else changes."),
        proof_words=clean(f"a new round trip from every contact, within {window:.0f} s (asked every second)"),
        undo=clean("none needed"),
        needs=clean(f"'pjsip qualify {name}' allowed on the SBC (docs/grants.md, \"Actions\")"),
        window_s=float(window),
        every_s=_EVERY_S,
        lock_on=None,
        lock_hold_s=0,
    )


class _Span(Struct, frozen=True):
    """When the next attempt of a row is (or was) due: not before `first`, not after `last`; monotonic seconds."""

    first: float
    last: float

    @classmethod
    def of(cls, row: Registration, look: Answer) -> _Span | None:
        """Return the span of a row that `look` brought, None where nothing was ever scheduled."""
        due = row.due_in_s
        if due is None:
            return None
        if _past(row):  # `5s ago` is 5 to 6 s ago
            return cls(look.asked_at + due - 1, look.answered_at + due)
        return cls(look.asked_at + due, look.answered_at + due + 1)

    def touches(self, other: _Span) -> bool:
        """Whether both may be the same instant."""
        return self.first <= other.last and other.first <= self.last


class _Registering:
    """Follows one registration from just before the command to a verdict."""

    def __init__(self, plan: Plan, sent: Answer) -> None:
        self._plan = plan
        self._sent_by = sent.answered_at
        self._row = _row(plan, sent)
        self._due = None if self._row is None else _Span.of(self._row, sent)
        told = tables.whole(tables.parameters(sent.reply(_STATE)), "max_random_initial_delay")
        self._timer_by = sent.answered_at + (_DELAY_S if told is None else told) + 1
        """Until then the attempt may be due that the command itself has scheduled."""
        self._targets = 1 if self._row is None or _is_address(self._row.server) else 3
        self._seen_off = False
        self._scheduled: _Span | None = None

    def judge(self, looks: tuple[Answer, ...]) -> Proof:
        """Return the verdict of the first look that has one, else what the last says."""
        found = Proof(Sign.UNREADABLE, clean("nothing was read"))
        for look in looks:
            row = _row(self._plan, look)
            if row is None:
                found = Proof(Sign.UNREADABLE, _missing(self._plan, look))
                continue
            found = self._look(row, look)
            if found.sign in {Sign.PROVED, Sign.FAILED}:
                return found
        return found

    def _look(self, row: Registration, look: Answer) -> Proof:
        if row.phase is RegPhase.REGISTERED:
            return self._registered(row, look)
        if row.phase is RegPhase.UNREGISTERED:
            self._seen_off = True
            return self._said(Sign.WAITING, row)
        if row.phase in {RegPhase.WAITING, RegPhase.ATTEMPTING}:
            return self._refused(row, look)
        return self._said(Sign.UNREADABLE, row)

    def _registered(self, row: Registration, look: Answer) -> Proof:
        """Only an answered REGISTER makes it Registered again, or moves the next attempt past the command's own."""
        due = _Span.of(row, look)
        was_off = self._row is not None and self._row.phase is not RegPhase.REGISTERED
        if self._seen_off or was_off:
            return self._said(Sign.PROVED, row)
        settled = look.asked_at >= self._sent_by + _SETTLED_S
        if settled and due is not None and self._due is not None:
            later = due.first > self._due.last and due.first > self._timer_by
            if later:
                return self._said(Sign.PROVED, row)
        return self._said(Sign.WAITING, row, "; no later attempt yet, so this is not proof")

    def _refused(self, row: Registration, look: Answer) -> Proof:
        due = _Span.of(row, look)
        if due is None or look.asked_at < self._sent_by + _SETTLED_S:
            return self._said(Sign.WAITING, row)
        if self._due is not None and due.touches(self._due):
            return self._said(Sign.WAITING, row, "; as before the command")
        if self._scheduled is None and due.last <= self._timer_by + 1:
            self._scheduled = due
        tried = due.first > (self._scheduled.last if self._scheduled is not None else self._timer_by)
        hole = "; it had un-registered first, so inbound stays out until it registers" if self._held else ""
        if row.phase is RegPhase.WAITING and tried:
            words = f"the carrier refused it or did not answer: the SBC tries again in {row.due_in_s} s"
            return Proof(Sign.FAILED, clean(words + hole), _evidence(self._plan, row))
        over = row.due_in_s is not None and -row.due_in_s > _ATTEMPT_S * self._targets
        if row.phase is RegPhase.ATTEMPTING and over:
            words = "the carrier refused it or did not answer, and the SBC gave up: it does not try again by itself"
            return Proof(Sign.FAILED, clean(words + hole), _evidence(self._plan, row))
        return self._said(Sign.WAITING, row)

    @property
    def _held(self) -> bool:
        return self._row is not None and self._row.phase is RegPhase.REGISTERED

    def _said(self, sign: Sign, row: Registration, more: str = "") -> Proof:
        return Proof(sign, clean(_words(row) + more), _evidence(self._plan, row))


def _rescheduled(leg: LegStatus, now: _Span, look: Answer) -> bool:
    """Whether the next attempt moved although the one that the operator saw has not come yet, or never would."""
    seen = leg.registration.next_at
    if seen is None or now.first - _MOVED_S <= seen <= now.last + _MOVED_S:
        return False
    return leg.registration.state is RegSignal.GAVE_UP or seen > look.answered_at


def _past(row: Registration) -> bool:
    """Whether the attempt of a row is due already; `0s ago` is no less so than `1s ago`."""
    return row.line.endswith(" ago)")


def _row(plan: Plan, answer: Answer) -> Registration | None:
    return tables.registration(answer.reply(_STATE), plan.target)


def _missing(plan: Plan, answer: Answer) -> Safe:
    reply = answer.reply(_STATE)
    if why := tables.fault(reply):
        return clean(f"its state cannot be read: {why}")
    if any(line.startswith("Unable to find object") for line in reply.lines):
        return clean(f"Asterisk has no registration {plan.target} any more")
    return clean("its state cannot be read: there is no such row in the answer")


def _words(row: Registration) -> str:
    due = row.due_in_s
    if due is None:
        return f"{row.word}, no attempt scheduled"
    if _past(row):
        what = "refresh" if row.phase is RegPhase.REGISTERED else "attempt"
        return f"{row.word}, {what} in flight for {-due} s"
    return f"{row.word}, next attempt in {due} s"


def _evidence(plan: Plan, row: Registration) -> tuple[Evidence, ...]:
    return (Evidence(plan.readback.words, row.line),)


def _is_address(server: str) -> bool:
    return (
        re.fullmatch(r"sips?:(?:[^@]*@)?(?:\d{1,3}(?:\.\d{1,3}){3}|\[[0-9a-fA-F:.]+\])(?:[:;].*)?", server)
        is not None
    )


def _probed(reply: Reply) -> frozenset[str]:
    """Return the AORs that `pjsip qualify` says it probes."""
    found = (_QUALIFYING.fullmatch(line) for line in reply.lines)
    return frozenset(match[1] for match in found if match)


def _contacts(answer: Answer, aors: frozenset[str]) -> dict[str, Contact] | None:
    """Return the contacts of `aors` by their URI, None where the table cannot be read whole."""
    table = tables.contacts(answer.reply(_STATE), {})
    if not table.whole:
        return None
    return {f"{aor}/{contact.uri}": contact for aor in aors for contact in table.rows.get(aor, ())}


def _proof_of_probe(plan: Plan, sent: Answer, looks: tuple[Answer, ...]) -> Proof:
    aors = _probed(sent.reply(_STEP))
    before, now = _contacts(sent, aors), _contacts(looks[-1], aors)
    if before is None or now is None or not now or before.keys() != now.keys():
        return Proof(Sign.UNREADABLE, clean("the contacts of this trunk cannot be read"))
    evidence = tuple(Evidence(plan.readback.words, contact.line) for contact in now.values())
    silent = [c for c in now.values() if c.state is ContactState.UNREACHABLE]
    there = all(c.state is ContactState.REACHABLE for c in now.values())
    if there and all((c.state, c.rtt_ms) != (before[f].state, before[f].rtt_ms) for f, c in now.items()):
        worst = max(c.rtt_ms or 0.0 for c in now.values())
        return Proof(Sign.PROVED, clean(f"answered in {worst:.0f} ms"), evidence)
    # A contact that stays unreachable looks the same before and after: only the time-out tells.
    waited = looks[-1].asked_at - sent.answered_at
    fell = any(before[f].state is ContactState.REACHABLE for f in now if now[f] in silent)
    if silent and (fell or waited >= plan.window_s - 2 * plan.every_s):
        return Proof(Sign.FAILED, clean(f"no answer from {len(silent)} of {len(now)} contacts"), evidence)
    return Proof(Sign.WAITING, clean("no new answer yet"), evidence)
