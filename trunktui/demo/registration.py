"""One outbound registration as Asterisk lives it: refresh, retry, up to 32 s in flight, giving up for good.

The rules are those of res_pjsip_outbound_registration.c: the table's number counts to the next REGISTER, stands
still at the one in flight, and after giving up at the last one that was made; only a restart of Asterisk or
`pjsip send register` gets it going again.
"""

from __future__ import annotations

import math
from bisect import bisect_right
from collections import deque
from collections.abc import Callable
from enum import Enum

from msgspec import Struct, structs

from trunktui.demo.rows import RegistrationRow
from trunktui.demo.tempo import Tempo, chance

LEAD_S = 10.0
"""Asterisk registers again so long before what was granted runs out."""

IN_FLIGHT_S = 32.0
"""How long a REGISTER waits for an answer (64 times SIP's T1)."""

RETRY_S = 60.0
INITIAL_DELAY_S = 10.0
_INITIAL_DELAY_LEAST_S = 4
_GAP_S = 1.2
"""However fast the tempo and good the luck: who looks every second must see that it was not registered."""

MAX_RETRIES = 10
_MOST_FAILURES = 1000


class Reply(Enum):
    """What the registrar says to a REGISTER; SILENCE: nothing at all."""

    OK = "ok"
    FORBIDDEN = "forbidden"
    SILENCE = "silence"


class Kick(Enum):
    """What makes a registration start over.

    TOLD: an operator said `send register`. CARED: so did one of the story's, but only where it is not registered.
    """

    RESTARTED = "restarted"
    TOLD = "told"
    CARED = "cared"


class Registrar(Struct, frozen=True):
    """What a registration meets: `ask(t)` gives the reply to a REGISTER sent at `t`, and when silence will end.

    `kicked(t)` is when it next starts over, after `t`, and why. `told(t)` is when an operator next says `send
    register`, after `t`, as far as is known: that may still come at any time.
    """

    ask: Callable[[float], tuple[Reply, float]]
    kicked: Callable[[float], tuple[float, Kick]]
    told: Callable[[float], float]
    rtt_s: float


class Failure(Struct, frozen=True):
    """A REGISTER that failed at second `at`: `code` None where nobody answered. `retry_s` None: it was the last.

    `exhausted`: for it was tried as often as it may be.
    """

    at: float
    code: int | None
    retry_s: int | None
    exhausted: bool = False


class _Span(Struct, frozen=True):
    """A stretch of time in which the row does not change, but for its countdown to `due`."""

    begin: float
    end: float
    word: str
    due: float
    sending: bool = False
    retries: int = 0


class Registration:
    """One registration's life; `seed` is whatever makes its chance its own.

    It was registered long before second 0. Ask in the order of time only: it does not look back.
    """

    def __init__(self, seed: object, tempo: Tempo, expires_s: float, registrar: Registrar) -> None:
        self._seed = seed
        self._registrar = registrar
        self._refresh_s = max(tempo.span(expires_s - LEAD_S), 2.0)
        self._in_flight_s = tempo.span(IN_FLIGHT_S)
        self._retry_s = retry_s(tempo)
        self._delay_s = initial_delay_s(tempo)
        self._off: list[tuple[float, float]] = []
        self.failures: deque[Failure] = deque(maxlen=_MOST_FAILURES)
        due = chance(seed, "first") * self._refresh_s
        self._begin(_Span(-math.inf, due, "Registered", due))

    def row(self, name: str, server: str, t: float) -> RegistrationRow:
        """Return the row of the table at second `t`."""
        span = self._at(t)
        return RegistrationRow(name, server, name, span.word, math.floor(span.due) - math.floor(t))

    def accepted(self, t: float) -> bool:
        """Whether Asterisk believes at `t` that it is registered."""
        return self._at(t).word == "Registered"

    def held(self, t: float) -> bool:
        """Whether the carrier had somewhere to send calls to at `t`; unlike the rest, of any second."""
        if t >= self._now.begin:
            return self.accepted(t)
        last = bisect_right(self._off, (t, math.inf)) - 1
        return last < 0 or t >= self._off[last][1]

    def _at(self, t: float) -> _Span:
        if t < self._now.begin:
            raise ValueError(f"asked for second {t}, after {self._now.begin}")
        while t >= (end := min(self._end, self._registrar.told(self._now.begin))):
            if self._now.word != "Registered":
                self._off.append((self._now.begin, end))
            self._begin(self._after(self._now, end))
        return self._now

    def _begin(self, span: _Span) -> None:
        self._now = span
        self._kicked, self._kick = self._registrar.kicked(max(span.begin, -1.0))
        self._end = min(span.end, self._kicked)

    def _after(self, span: _Span, t: float) -> _Span:
        """Return what follows a span at `t`: an attempt where one was due, its outcome where one was in flight."""
        if t == self._kicked and (self._kick is not Kick.CARED or span.word != "Registered"):
            return self._over(span, t, self._kick)
        if t == self._registrar.told(span.begin):
            return self._over(span, t, Kick.TOLD)
        if span.end > t:
            return structs.replace(span, begin=t)
        if not span.sending:
            reply, speaks = self._registrar.ask(t)
            answered = (t if reply is not Reply.SILENCE else speaks) + self._registrar.rtt_s
            end = min(answered, t + self._in_flight_s)
            return _Span(t, end, span.word, t, sending=True, retries=span.retries)
        return self._outcome(span, t)

    def _over(self, span: _Span, t: float, kick: Kick) -> _Span:
        """Return what a kick leads to. The un-REGISTER before it meets the same registrar, and may stay unanswered."""
        delay = _GAP_S + (self._delay_s - _GAP_S) * chance(self._seed, "delay", t)
        reply = Reply.OK if kick is Kick.RESTARTED else self._registrar.ask(t)[0]
        word = {Reply.OK: "Unregistered", Reply.FORBIDDEN: "Rejected", Reply.SILENCE: span.word}[reply]
        return _Span(t, t + delay, word, t + delay)

    def _outcome(self, sent: _Span, t: float) -> _Span:
        reply, _ = self._registrar.ask(math.nextafter(t, -math.inf))
        if reply is Reply.OK:
            return _Span(t, t + self._refresh_s, "Registered", t + self._refresh_s)
        gives_up = reply is Reply.FORBIDDEN or sent.retries >= MAX_RETRIES
        code = 403 if reply is Reply.FORBIDDEN else None
        self.failures.append(
            Failure(t, code, None if gives_up else round(self._retry_s), gives_up and code is None)
        )
        if gives_up:
            return _Span(t, math.inf, "Rejected", sent.due)
        return _Span(t, t + self._retry_s, "Rejected", t + self._retry_s, retries=sent.retries + 1)


def retry_s(tempo: Tempo) -> int:
    """Return `retry_interval` at a tempo; never so short that two tries look like one to who polls."""
    return tempo.whole(RETRY_S, 4)


def initial_delay_s(tempo: Tempo) -> int:
    """Return `max_random_initial_delay` at a tempo."""
    return tempo.whole(INITIAL_DELAY_S, _INITIAL_DELAY_LEAST_S)
