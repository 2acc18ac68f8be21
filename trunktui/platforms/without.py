"""What a platform answers that has no such thing, or of which it is not known: a platform file takes from here what it lacks.

`from trunktui.platforms.without import audio_ask as audio_ask` makes it that file's own.
"""

from __future__ import annotations

from trunktui.model.action import Plan, Proof, Sign, Verb
from trunktui.model.ask import Answer, SshAsk
from trunktui.model.audio import AudioLook
from trunktui.model.box import BoxFacts
from trunktui.model.observation import Box, NativeLeg, Observation
from trunktui.model.route import Route, RouteReading
from trunktui.model.snapshot import LegStatus
from trunktui.model.snmp import SnmpAnswer, SnmpAsk
from trunktui.model.surroundings import Surroundings
from trunktui.model.switch import Move
from trunktui.model.tail import TailFacts, TailFile
from trunktui.model.text import Safe
from trunktui.platforms import boxmib
from trunktui.platforms.contract import LegSettings

_NONE = Safe("it is not known how to do that with the software of this SBC")


def follow_up(answer: Answer, settings: LegSettings) -> SshAsk | None:
    """Return None."""
    del answer, settings
    return None


def parse_follow_up(answer: Answer, more: Answer, before: LegSettings) -> LegSettings:
    """Return `before`."""
    del answer, more
    return before


def settings_asks(observation: Observation, settings: LegSettings) -> tuple[SshAsk, ...]:
    """Return none."""
    del observation, settings
    return ()


def parse_settings(answers: tuple[Answer, ...], before: LegSettings) -> LegSettings:
    """Return `before`."""
    del answers
    return before


def tails(observation: Observation, settings: LegSettings) -> tuple[TailFile, ...]:
    """Return none."""
    del observation, settings
    return ()


def parse_tail(file: TailFile, lines: tuple[Safe, ...], box: Box) -> TailFacts:
    """Return that nothing was said."""
    del file, lines, box
    return TailFacts()


def surroundings_asks(legs: tuple[NativeLeg, ...], before: Surroundings) -> tuple[SshAsk, ...]:
    """Return none."""
    del legs, before
    return ()


def parse_surroundings(answers: tuple[Answer, ...], before: Surroundings) -> Surroundings:
    """Return `before`."""
    del answers
    return before


def audio_ask(observation: Observation) -> SshAsk | None:
    """Return None."""
    del observation
    return None


def parse_audio(answer: Answer) -> AudioLook:
    """Return that nothing was heard."""
    del answer
    return AudioLook(why=_NONE)


def route_ask(routes: tuple[Route, ...]) -> SshAsk | None:
    """Return None."""
    del routes
    return None


def parse_routes(answer: Answer, routes: tuple[Route, ...]) -> tuple[RouteReading, ...]:
    """Return that nothing was read."""
    return tuple(RouteReading(route, answer.asked_at, why=_NONE) for route in routes)


def route_value(route: Route, leg: LegStatus) -> Safe | None:
    """Return None: nothing has a name yet."""
    del route, leg
    return None


def plan_switch(move: Move, leg: LegStatus | None, siblings: tuple[LegStatus, ...]) -> Plan | Safe:
    """Return why nothing can be done."""
    del move, leg, siblings
    return _NONE


def plan(verb: Verb, leg: LegStatus) -> Plan | Safe:
    """Return why nothing can be done."""
    del verb, leg
    return _NONE


def changed(plan: Plan, leg: LegStatus, look: Answer) -> Safe | None:
    """Return that it cannot be told."""
    del plan, leg, look
    return _NONE


def taken(plan: Plan, sent: Answer) -> Safe | None:
    """Return None: what was printed is not understood, and what was sent may have been taken."""
    del plan, sent
    return None


def proof(plan: Plan, sent: Answer, looks: tuple[Answer, ...]) -> Proof:
    """Return that it cannot be told."""
    del plan, sent, looks
    return Proof(Sign.UNREADABLE, _NONE)


def standing(plan: Plan, look: Answer, since_s: float) -> Proof:
    """Return that it cannot be told."""
    del plan, look, since_s
    return Proof(Sign.UNREADABLE, _NONE)


def snmp_ask(extend: tuple[str, ...]) -> SnmpAsk:
    """Return what to ask of any machine."""
    return SnmpAsk((boxmib.SYSTEM, boxmib.HOST, *boxmib.extend_gets(extend)), boxmib.DISKS)


def parse_snmp(answer: SnmpAnswer, extend: tuple[str, ...]) -> BoxFacts:
    """Read what any machine tells. Never raises."""
    return boxmib.read_box(answer, extend)
