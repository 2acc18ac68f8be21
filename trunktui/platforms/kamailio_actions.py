"""What may be done to a Kamailio's registration, and what proves that it worked (measured on 5.6.3).

`uac.reg_refresh s:UUID` (one argument; without `s:` a name of digits is taken for a number and refused) reads the
record anew from the database and prints nothing; `uac.reg_enable l_uuid UUID` likewise. A name that is not there:

    error: 404 - Record not found

Nothing is un-registered at the carrier, but Kamailio itself forgets that it is registered, until the REGISTER that
goes out at its timer's next tick (`reg_timer_interval`) is answered. What `uac.reg_info l_uuid acme-primary` says
before, just after, and when it worked (flags, diff_expires, timer_expires, reg_init):

    20   44            1795396878   1795396763
    0    -1795396835   0            1795396834
    20   57            1795396898   1795396834

A disabled record that is enabled shows its old flag 4 at once, with one second left: that proves nothing.

    21   -5            1795396842
    20   1             1795396848
    20   55            1795396908
"""

from __future__ import annotations

from trunktui.model.action import Plan, Proof, Sign, Verb
from trunktui.model.ask import Answer, SshAsk
from trunktui.model.health import RegSignal
from trunktui.model.observation import Evidence, Registration, RegPhase
from trunktui.model.snapshot import LegStatus
from trunktui.model.text import Safe, clean
from trunktui.platforms import kamailio_switch as switch
from trunktui.platforms.kamailio_legs import askable
from trunktui.platforms.kamailio_rpc import PROGRAM, call, read, refusal
from trunktui.platforms.kamailio_uac import TICK_S, Record, record

_WINDOW_S = 100.0
"""One tick of the timer at its default, and the answer."""

_EVERY_S = 2.0
_HOLD_S = 12
_SLACK_S = 20.0
"""How long after its intent was written a command can have been carried out."""

_ENABLED_FOR_S = 7
"""Enabling sets the next attempt 1 s ahead, and the command runs within 5 s of the look before it: a time later than
this is of an answered REGISTER, or of a refused one."""

_REGISTERED = frozenset(
    {RegSignal.REGISTERED, RegSignal.REFRESHING, RegSignal.LATE_REFRESH, RegSignal.OVERDUE}
)
_OFF = frozenset({RegSignal.GAVE_UP, RegSignal.ADMIN_OFF})
_STATE = "state"
_STEP = "step"
_ENABLE = "uac.reg_enable"


def plan(verb: Verb, leg: LegStatus) -> Plan | Safe:
    """Return how to do `verb` to `leg`, or why that cannot be done."""
    if verb is Verb.SWITCH:
        return clean("a switch moves a trunk group, not a leg")
    if verb is Verb.PROBE:
        return clean(
            "Kamailio cannot be told to send OPTIONS now: its dispatcher asks each destination by itself"
        )
    name = leg.native.registration
    if name is None:
        return clean("this leg does not register")
    if not askable(name):
        return clean(f"the name {clean(name, 40)!r} must not stand in a command")
    off = leg.registration.state in _OFF
    word = f"s:{name}"
    step = call(_STEP, _ENABLE, "l_uuid", word) if off else call(_STEP, "uac.reg_refresh", word)
    readback = call(_STATE, "uac.reg_info", "l_uuid", word)
    consequence, undo = _enabling(name) if off else _refreshing(leg)
    return Plan(
        verb=verb,
        leg=leg.id,
        sbc=leg.sbc,
        target=name,
        disruptive=True,
        readback=readback,
        steps=(step,),
        proof=SshAsk((readback,)),
        consequence=clean(consequence),
        proof_words=clean(
            f"online by a REGISTER answered after the command, within {_WINDOW_S:.0f} s (asked every {_EVERY_S:.0f} s)"
        ),
        undo=clean(undo),
        needs=clean(f"'{step.words}' allowed on the SBC (docs/grants.md, \"Kamailio\")"),
        window_s=_WINDOW_S,
        every_s=_EVERY_S,
        lock_on=PROGRAM,
        lock_hold_s=_HOLD_S,
    )


def changed(plan: Plan, leg: LegStatus, look: Answer) -> Safe | None:
    """Say what became of a leg between what the operator saw and `look`; None where it does not matter."""
    if plan.move is not None:
        return switch.changed(plan, plan.move, look)
    found = _record(plan, look)
    if found is None:
        return _missing(plan, look)
    row, seen = found.registration, leg.registration.state
    off = row.phase is RegPhase.DISABLED
    if off is not _enables(plan):
        now = "disabled now, and was not" if off else "not disabled any more, as it was"
        return clean(f"it is {now} when you looked: look again")
    if row.phase is RegPhase.TRYING:
        return clean("a REGISTER is on its way right now: wait for what becomes of it")
    if row.phase is RegPhase.REGISTERED and seen not in _REGISTERED:
        return clean("it registered by itself meanwhile: there is nothing left to do")
    if row.phase is RegPhase.UNREGISTERED and seen not in {RegSignal.UNREGISTERED, RegSignal.STARTING}:
        return clean("it was loaded anew since you looked: somebody re-registered it; look again")
    if row.phase is RegPhase.WAITING and seen in _REGISTERED:
        return clean("it lost its registration since you looked: look again")
    return None


def taken(plan: Plan, sent: Answer) -> Safe | None:
    """Say why Kamailio did not take the command; None where it did: it prints nothing then."""
    if plan.move is not None:
        return switch.taken(plan, plan.move, sent)
    reply = sent.reply(_STEP)
    if denied := refusal(reply):
        return clean(f"{denied}; it must allow '{plan.steps[0].words}' (see \"Kamailio\" there)")
    told = read(reply)
    if told.why is not None:
        return clean(told.why)
    said = (*told.words, *(line for line in reply.errors if line.strip()))
    return clean(f"Kamailio says: {said[0]}") if said else None


def proof(plan: Plan, sent: Answer, looks: tuple[Answer, ...]) -> Proof:
    """Judge the looks made since `sent`; the first that has a verdict decides."""
    if plan.move is not None:
        return switch.proof(plan, plan.move, sent, looks)
    before = _record(plan, sent)
    found = Proof(Sign.WAITING, clean("sent; not looked yet"))
    for look in looks:
        found = _judged(plan, before, look)
        if found.sign in {Sign.PROVED, Sign.FAILED}:
            return found
    return found


def standing(plan: Plan, look: Answer, since_s: float) -> Proof:
    """Judge one look at a registration, `since_s` seconds after a command whose fate is not known.

    PROVED only where the last REGISTER must have been answered since: its binding is too young otherwise.
    """
    if plan.move is not None:
        return switch.standing(plan, plan.move, look)
    found = _record(plan, look)
    if found is None:
        return Proof(Sign.UNREADABLE, _missing(plan, look))
    row, evidence = found.registration, _evidence(plan, found)
    if row.phase is not RegPhase.REGISTERED:
        early = since_s < plan.window_s + _SLACK_S
        sign, more = (Sign.UNREADABLE, "; it may still come back: look again") if early else (Sign.FAILED, "")
        return Proof(sign, clean(f"not registered now: {_words(row)}{more}"), evidence)
    expires = found.settings.expires_s
    if expires is not None and row.due_in_s is not None:
        # A registrar may shorten what was asked for, never lengthen it (RFC 3261, 10.3): so this is the oldest.
        oldest = max(0, expires - row.due_in_s) + 1 + (look.answered_at - look.asked_at)
        if oldest < since_s - _SLACK_S:
            words = f"{_words(row)}: a REGISTER was answered in the last {oldest:.0f} s, after the command"
            return Proof(Sign.PROVED, clean(words), evidence)
    words = f"{_words(row)}; whether it registered again since the command cannot be told yet"
    return Proof(Sign.UNREADABLE, clean(words), evidence)


def _judged(plan: Plan, before: Record | None, look: Answer) -> Proof:
    found = _record(plan, look)
    if found is None:
        return Proof(Sign.UNREADABLE, _missing(plan, look))
    row, evidence = found.registration, _evidence(plan, found)
    if row.phase is RegPhase.DISABLED:
        words = (
            "the record in Kamailio's database is disabled: mend it there"
            if found.off
            else "the carrier refused it or did not answer, and Kamailio disabled it: it does not try again by itself"
        )
        return Proof(Sign.FAILED, clean(words), evidence)
    if not _since(plan, before, found):
        return Proof(Sign.WAITING, clean(f"{_words(row)}; not tried again yet"), evidence)
    if row.phase is RegPhase.REGISTERED and row.due_in_s is not None and row.due_in_s > 0:
        return Proof(Sign.PROVED, clean(_words(row)), evidence)
    if row.phase is RegPhase.WAITING:
        words = f"the carrier refused it or did not answer: the SBC tries again in {row.due_in_s} s"
        return Proof(Sign.FAILED, clean(words), evidence)
    return Proof(Sign.WAITING, clean(_words(row)), evidence)


def _since(plan: Plan, before: Record | None, now: Record) -> bool:
    """Whether what a record shows is of an attempt after the command: it was loaded since, or its time moved on."""
    if before is None or before.clock is None:
        return False
    if not _enables(plan):
        return now.loaded is not None and before.loaded is not None and now.loaded > before.loaded
    return now.timer is not None and now.timer > before.clock + _ENABLED_FOR_S


def _enables(plan: Plan) -> bool:
    return _ENABLE in plan.steps[0].argv


def _refreshing(leg: LegStatus) -> tuple[str, str]:
    undo = "none: if the carrier does not take it back, the SBC goes on trying as it is set to"
    if leg.registration.state in _REGISTERED:
        return (
            f"Kamailio reloads the record from its database and holds it for not registered until its next tick (up to "
            f"{TICK_S} s by default), when it sends REGISTER. The carrier keeps the old binding. A script may refuse "
            "calls until then. Calls in progress stay."
        ), undo
    return (
        f"Kamailio reloads the record from its database and sends REGISTER at its timer's next tick (up to {TICK_S} "
        "s by default). It is not registered now, so nothing is lost."
    ), "none needed: a failed attempt leaves it as it is now"


def _enabling(name: str) -> tuple[str, str]:
    return (
        f"Kamailio enables the registration and sends REGISTER at its timer's next tick (up to {TICK_S} s by default). "
        "It is disabled now, so nothing is lost; if somebody disabled it on purpose, that is undone."
    ), f"kamcmd uac.reg_disable l_uuid {name}, on the SBC"


def _record(plan: Plan, answer: Answer) -> Record | None:
    return record(answer.reply(_STATE), plan.target)


def _missing(plan: Plan, answer: Answer) -> Safe:
    told = read(answer.reply(_STATE))
    if told.why is None:
        return clean("its state cannot be read: there is no such record in the answer")
    if "error 404" in told.why:
        return clean(f"Kamailio has no registration {plan.target} any more")
    return clean(f"its state cannot be read: {told.why}")


def _words(row: Registration) -> str:
    if row.due_in_s is None:
        return row.word
    if row.phase is RegPhase.REGISTERED:
        return f"{row.word}, for {row.due_in_s} s more"
    if row.phase is RegPhase.TRYING:
        return f"{row.word}, for {-row.due_in_s} s"
    return f"{row.word}, next attempt in {row.due_in_s} s"


def _evidence(plan: Plan, found: Record) -> tuple[Evidence, ...]:
    return (Evidence(plan.readback.words, found.registration.line),)
