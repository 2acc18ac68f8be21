"""What may be done to a FreeSWITCH, and what proves that it worked (measured on 1.10.12).

`sofia profile external register carrier-a` prints `+OK`, which means *queued* and proves nothing; what it prints otherwise:

    Invalid gateway!
    Invalid Profile [nosuch]
    -ERR NOREG gateway [noping-g] can't be registered!

The last one is too late: that command has leaked a lock by then, and the next restart of the profile hangs for ever. So the
state is read before, and again under the lock on the SBC, and nothing is sent where it is NOREG.

It registers without un-registering first; what `<state>` and `<status>` show after it (seconds since):

    0.0 UNREGED UP   0.4 REGISTER UP   1.4 REGED UP              the carrier took it
    0.0 UNREGED UP   0.4 FAILED UP     1.4 FAIL_WAIT DOWN        it refused
    0.0 UNREGED UP   1.0 TRYING DOWN   33 TIMEOUT DOWN           it was silent

REGED that was never seen to be anything else proves nothing: it may be the state before. So it is looked at every
0.15 s at first, by one ask that does so on the SBC, however long the way to it is.
"""

from __future__ import annotations

from msgspec import structs

from trunktui.model.action import Plan, Proof, Sign, Verb
from trunktui.model.ask import Answer, Reply, SshAsk
from trunktui.model.health import RegSignal
from trunktui.model.observation import Evidence, RegPhase
from trunktui.model.snapshot import LegStatus
from trunktui.model.text import Safe, clean
from trunktui.platforms import freeswitch_switch as switch
from trunktui.platforms.freeswitch_console import askable, fault, fs, refusal, said
from trunktui.platforms.freeswitch_gateways import Gateway, gone, one
from trunktui.platforms.freeswitch_legs import phase_of

_PART = "profile "
_WINDOW_S = 45.0
_LOOKS = 15
_APART_S = 0.15
_FIRST_S = 0.02
_EVERY_S = 1.0
_HOLD_S = 12
_SLACK_S = 20.0
"""How long after its intent was written a command can have been carried out."""

_LOCK_ON = "/usr/bin/flock"
"""A file that is there wherever a lock can be had, whichever way FreeSWITCH was installed."""

_NOREG = "NOREG"
_STATE = "state"
_STEP = "step"
_REGISTERED = frozenset(
    {RegSignal.REGISTERED, RegSignal.REFRESHING, RegSignal.LATE_REFRESH, RegSignal.OVERDUE}
)
_FAILED = frozenset({"FAILED", "FAIL_WAIT", "TIMEOUT"})
_ON_ITS_WAY = frozenset({"UNREGED", "TRYING", "REGISTER"})
_NEVER = (
    "it does not register (NOREG), and to tell FreeSWITCH that it should leaks a lock: the next restart of its "
    "profile would hang for ever"
)


def plan(verb: Verb, leg: LegStatus) -> Plan | Safe:
    """Return how to do `verb` to `leg`, or why that cannot be done."""
    if verb is Verb.SWITCH:
        return clean("a switch moves a trunk group, not a leg")
    if verb is Verb.PROBE:
        every = f"every {leg.probe.interval_s} s" if leg.probe.interval_s else "never, as it is set"
        return clean(
            f"FreeSWITCH has no command that sends OPTIONS to a gateway now; it does so by itself {every}"
        )
    name, part = leg.native.registration, leg.part or ""
    if name is None or leg.registration.state is RegSignal.NOT_USED:
        return clean(_NEVER)
    profile = part.removeprefix(_PART)
    if not askable(name):
        return clean(f"the name {clean(name, 40)!r} must not stand in a command")
    if not part.startswith(_PART) or not askable(profile):
        return clean(f"the profile {clean(profile, 40)!r} must not stand in a command")
    look = fs(_STATE, f"sofia xmlstatus gateway {name}")
    return Plan(
        verb=Verb.REREGISTER,
        leg=leg.id,
        sbc=leg.sbc,
        target=name,
        disruptive=True,
        readback=structs.replace(look, unless=f"<state>{_NOREG}<"),
        steps=(fs(_STEP, f"sofia profile {profile} register {name}"),),
        proof=SshAsk(
            tuple(structs.replace(look, key=f"{_STATE}{n}", after_s=_APART_S) for n in range(_LOOKS))
        ),
        later=SshAsk((look,)),
        consequence=clean(_consequence(leg), 400),
        proof_words=clean(
            f"seen to leave REGED and to come back, within {_WINDOW_S:.0f} s (asked every {_APART_S:g} s at first)"
        ),
        undo=clean(_undo(leg), 300),
        needs=clean("'sofia' allowed to the user of the event socket (docs/grants.md, \"Actions\")"),
        window_s=_WINDOW_S,
        every_s=_EVERY_S,
        first_s=_FIRST_S,
        lock_on=_LOCK_ON,
        lock_hold_s=_HOLD_S,
    )


def changed(plan: Plan, leg: LegStatus, look: Answer) -> Safe | None:
    """Say what became of a gateway between what the operator saw and `look`; None where it does not matter."""
    if plan.move is not None:
        return switch.changed(plan, plan.move, look)
    gateway = _read(plan, look.reply(_STATE))
    if gateway is None:
        return _missing(plan, look.reply(_STATE))
    if gateway.state == _NOREG:
        return clean(_NEVER)
    phase, seen = phase_of(gateway), leg.registration.state
    if phase is RegPhase.OTHER:
        return clean(f"its state reads '{gateway.state}', which this version does not know")
    if gateway.state in _ON_ITS_WAY or gateway.state == "UNREGISTER":
        return clean(f"it is {gateway.state} right now: wait for what comes of that")
    if phase is RegPhase.REGISTERED and seen not in _REGISTERED:
        return clean("it registered by itself meanwhile: there is nothing left to do")
    if phase is not RegPhase.REGISTERED and seen in _REGISTERED:
        return clean(
            f"it is {gateway.state} now, and was registered when you looked: see what happened first"
        )
    return None


def taken(plan: Plan, sent: Answer) -> Safe | None:
    """Say why FreeSWITCH did not take the command; None where it did."""
    if plan.move is not None:
        return switch.taken(plan, plan.move, sent)
    reply = sent.reply(_STEP)
    words = said(reply)
    if denied := refusal(reply):
        return clean(f"{denied}; it must allow '{plan.steps[0].words}' (see \"Actions\" there)")
    if why := fault(reply):
        return clean(why)
    if not words or not words[0].startswith("+OK"):
        return clean(f"FreeSWITCH says: {words[0]}" if words else "FreeSWITCH said nothing to it")
    return None


def proof(plan: Plan, sent: Answer, looks: tuple[Answer, ...]) -> Proof:
    """Judge the looks made since `sent`, in their order."""
    if plan.move is not None:
        return switch.proof(plan, plan.move, sent, looks)
    if not looks:
        return Proof(Sign.WAITING, clean("sent; not looked yet"))
    before = _read(plan, sent.reply(_STATE))
    off = before is not None and phase_of(before) is not RegPhase.REGISTERED
    moved = False
    found = Proof(Sign.UNREADABLE, clean("nothing was read"))
    for reply in (reply for look in looks for reply in look.replies if reply.key.startswith(_STATE)):
        now = _read(plan, reply)
        if now is None:
            found = Proof(Sign.UNREADABLE, _missing(plan, reply))
            continue
        moved = moved or now.state in _ON_ITS_WAY or now.state == "FAILED"
        found = _judged(plan, now, moved=moved, off=off)
        if found.sign in {Sign.PROVED, Sign.FAILED}:
            return found
    return found


def standing(plan: Plan, look: Answer, since_s: float) -> Proof:
    """Judge one look at a gateway, `since_s` seconds after a command whose fate is not known.

    PROVED only where its status came UP after that: a REGISTER must have been answered since.
    """
    if plan.move is not None:
        return switch.standing(plan, plan.move, look)
    reply = look.reply(_STATE)
    now = _read(plan, reply)
    if now is None:
        return Proof(Sign.UNREADABLE, _missing(plan, reply))
    evidence = _evidence(plan, now)
    if now.state != "REGED":
        early = since_s < plan.window_s + _SLACK_S
        sign, more = (Sign.UNREADABLE, "; it may still come back: look again") if early else (Sign.FAILED, "")
        return Proof(sign, clean(f"not registered now: {_words(now)}{more}"), evidence)
    age = None if now.up_s is None else now.up_s + (look.answered_at - look.asked_at)
    if age is not None and 0 < age < since_s - _SLACK_S:
        words = f"{_words(now)}: UP for {age:.0f} s, so a REGISTER was answered after the command"
        return Proof(Sign.PROVED, clean(words), evidence)
    words = f"{_words(now)}; FreeSWITCH does not tell when it registered last, so whether it did since is not known"
    return Proof(Sign.UNREADABLE, clean(words), evidence)


def _judged(plan: Plan, now: Gateway, *, moved: bool, off: bool) -> Proof:
    evidence = _evidence(plan, now)
    if now.state == "REGED" and now.status == "UP":
        if moved or off:
            return Proof(Sign.PROVED, clean(_words(now)), evidence)
        return Proof(
            Sign.WAITING, clean(f"{_words(now)}; not seen to leave that, so this is not proof"), evidence
        )
    if now.state in _FAILED and (moved or not off):
        wait = "" if now.retry_s is None else f": it tries again in {now.retry_s} s"
        return Proof(
            Sign.FAILED, clean(f"the carrier refused it or did not answer ({now.state}){wait}"), evidence
        )
    if now.state == "DOWN" and moved:
        return Proof(Sign.FAILED, clean(f"{_words(now)}: somebody unregistered it meanwhile"), evidence)
    return Proof(Sign.WAITING, clean(_words(now)), evidence)


def _read(plan: Plan, reply: Reply) -> Gateway | None:
    return one(reply, plan.target)


def _missing(plan: Plan, reply: Reply) -> Safe:
    if why := fault(reply):
        return clean(f"its state cannot be read: {why}")
    if gone(reply):
        return clean(f"FreeSWITCH has no gateway {plan.target} any more")
    return clean("its state cannot be read: there is no such gateway in the answer")


def _consequence(leg: LegStatus) -> str:
    if leg.registration.state in _REGISTERED:
        return (
            "FreeSWITCH registers again at once, without un-registering: calls stay, and new ones go out meanwhile. "
            "But if its credential was changed at the carrier since it last registered, the carrier refuses it, and "
            "the trunk is down from then on"
        )
    return (
        "FreeSWITCH tries to register now instead of later. It is not registered now, so nothing is lost; a failure "
        "makes its next wait longer"
    )


def _undo(leg: LegStatus) -> str:
    if leg.registration.state in _REGISTERED:
        return (
            "none: if the carrier does not take it, calls are refused until it does; the SBC goes on trying"
        )
    return "none needed: a failed attempt leaves it as it is now"


def _words(gateway: Gateway) -> str:
    retry = "" if gateway.retry_s is None else f", next attempt in {gateway.retry_s} s"
    return f"{gateway.state}, status {gateway.status}{retry}"


def _evidence(plan: Plan, gateway: Gateway) -> tuple[Evidence, ...]:
    line = f"<state>{gateway.state}</state> <status>{gateway.status}</status>"
    return (Evidence(plan.readback.words, clean(line)),)
