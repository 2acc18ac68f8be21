"""Carries one action out: reads, sends once under the SBC's lock, then only reads until there is proof.

What makes one sending of it safe among several hosts: the state read first (`look`) is judged by the guards;
the sending must reach the SBC before `look` is as old as anybody's lock lasts. Had somebody acted after `look`,
their lock would still be held then, and the sending finds it taken.
"""

from __future__ import annotations

from collections.abc import Awaitable, Callable
from typing import NoReturn

from msgspec import Struct

from trunktui.actions.ports import Tell
from trunktui.model.action import Ending, Plan, Proof, Sign
from trunktui.model.ask import GATE_CLOSED, LOCK, LOCK_BUSY, LOCK_FREE, LOCK_UNREADABLE, Answer, Reply
from trunktui.model.link import LinkError, SshState
from trunktui.model.observation import Evidence
from trunktui.model.snapshot import LegStatus
from trunktui.model.text import Safe, clean
from trunktui.platforms.contract import Platform
from trunktui.transport.port import Asker

READ_S = 12.0
SEND_S = 8.0
_LEAST_SEND_S = 3.0
_MARGIN_S = 2.0
_LOOK_S = 8.0
_LOST_PAUSE_S = 3.0
_TEXT = 600
_HUNG = (124, 137)
_NO_USE = frozenset({SshState.AUTH, SshState.HOST_KEY, SshState.CONFIG})
"""States of a link that no further try mends, and that more tries may make worse."""

_BUSY_S = 2.0
_LABEL = "trunktui-by-"


class End(Exception):  # noqa: N818 - it is no error: every action has one
    """The action ended here: how, in what words, and whether the command may have had an effect."""

    def __init__(
        self, ending: Ending, sentence: str, *, sent: bool, evidence: tuple[Evidence, ...] = ()
    ) -> None:
        super().__init__(sentence)
        self.ending = ending
        self.sentence = clean(sentence, _TEXT)
        self.sent = sent
        self.evidence = evidence


class Tools(Struct, frozen=True):
    """What a run works with. `clock` is monotonic; `label` says who acts to others who want the lock.

    `culprit` says who may have changed meanwhile what the operator saw, None where nobody is asked.
    """

    platform: Platform
    asker: Asker
    clock: Callable[[], float]
    sleep: Callable[[float], Awaitable[None]]
    label: str
    culprit: Callable[[], Awaitable[str]] | None = None


class Runner:
    """One run of one plan. Each step raises End where the action ends; `sent` tells how far it came."""

    def __init__(self, plan: Plan, tools: Tools, tell: Tell) -> None:
        self._plan = plan
        self._tools = tools
        self._tell = tell
        self.sent = False
        """Whether the command may have reached the SBC: set before it goes out, taken back only on proof."""

    async def read(self, seen: LegStatus) -> Answer:
        """Read the state and compare it with what the operator saw."""
        self._tell(clean(f"reading {self._plan.leg} once more ..."))
        try:
            look = await self._tools.asker.ask(self._plan.reading(), READ_S)
        except LinkError as error:
            raise End(Ending.FAILED, f"nothing was sent: {error.reason}", sent=False) from None
        if (why := self._tools.platform.changed(self._plan, seen, look)) is not None:
            await self._changed(why)
        return look

    async def send(self, look: Answer, seen: LegStatus, again: Callable[[], Awaitable[None]]) -> Answer:
        """Send the command, once; return the SBC's answer where it took it.

        A lock that an earlier action of the same operator left behind is waited for: nothing was sent then, and
        the state is read anew and the guards asked `again` (raises End). Anybody else's is a refusal.
        """
        until = self._tools.clock() + self._plan.lock_hold_s + _BUSY_S
        answer = await self._exchange(look)
        while holders := self._holders(answer):
            self.sent = False
            if set(holders) != {_name(self._tools.label)} or self._tools.clock() + _BUSY_S > until:
                who, stands = " or ".join(holders), await self._stands(seen)
                self._not_sent(Ending.REFUSED, f"{who} acts on this SBC right now{stands}; wait a moment")
            self._tell(clean(f"waiting for the lock that {holders[0]} left there ..."))
            await self._tools.sleep(_BUSY_S)
            look = await self.read(seen)
            await again()
            answer = await self._exchange(look)
        await self._judge(answer, seen)
        return answer

    async def _exchange(self, look: Answer) -> Answer:
        """Let the one command go out that sends; it does nothing where the lock is not free."""
        budget = self._budget(look)
        self._tell(clean(f"sending {self._plan.steps[0].words!r} ..."))
        self.sent = True
        try:
            answer = await self._tools.asker.ask(self._plan.sending(self._tools.label), budget)
        except LinkError as error:
            if not error.sent:
                self._not_sent(Ending.FAILED, error.reason)
            await self._unknown(f"the link failed while it was sent ({error.reason})")
        return answer

    async def _judge(self, answer: Answer, seen: LegStatus) -> None:
        """End the action here unless the SBC took the command."""
        self._check_lock(answer)
        step = _told(self._plan, answer)
        if step.status is None:
            if not answer.complete:
                await self._unknown("the link was lost while it was sent")
            gate = answer.reply(self._plan.readback.key)
            if gate.status == GATE_CLOSED and self._plan.move is not None:
                why = self._tools.platform.changed(self._plan, seen, answer)
                await self._changed(why or "what it says under the lock is not what it said when you looked")
            if gate.status == GATE_CLOSED:
                self._not_sent(Ending.REFUSED, f"it said {self._plan.readback.unless!r} under the lock")
            said = (gate.errors + gate.lines)[:1]
            told = f": {said[0]}" if said else ""
            self._not_sent(
                Ending.FAILED, f"its state could not be read under the lock (status {gate.status}){told}"
            )
        if step.status in _HUNG:
            await self._unknown("its software did not answer in time, and may still do it when it wakes up")
        if (why := self._tools.platform.taken(self._plan, answer)) is not None:
            self._not_sent(Ending.FAILED, why, "the SBC did not do it")

    async def prove(self, sent: Answer) -> End:
        """Look until there is proof, or failure, or the window is over."""
        plan, clock = self._plan, self._tools.clock
        until = sent.answered_at + plan.window_s
        looks: list[Answer] = []
        last, pause = clean("not looked yet"), plan.every_s if plan.first_s is None else plan.first_s
        evidence: tuple[Evidence, ...] = ()
        routed: Proof | None = None
        while clock() + pause <= until:
            await self._tools.sleep(pause)
            try:
                ask = plan.later if looks and plan.later is not None else plan.proof
                looks.append(await self._tools.asker.ask(ask, _LOOK_S))
            except LinkError as error:
                last, pause = error.reason, _LOST_PAUSE_S
                self._tell(clean(f"cannot look: {error.reason}"))
                if error.state in _NO_USE:
                    return _over(f"it cannot be looked at any more: {last}", routed, evidence)
                continue
            pause = plan.every_s
            proof = self._tools.platform.proof(plan, sent, tuple(looks))
            last, evidence = proof.sentence, proof.evidence
            if proof.sign is Sign.PROVED:
                return End(Ending.VERIFIED, proof.sentence, sent=True, evidence=evidence)
            if proof.sign is Sign.FAILED:
                return End(Ending.FAILED, proof.sentence, sent=True, evidence=evidence)
            routed = proof if proof.sign is Sign.ROUTED else None
            self._tell(clean(f"{proof.sentence} ({max(until - clock(), 0):.0f} s left)"))
        words = f"no proof within {plan.window_s:.0f} s; the last look: {last}"
        return _over(words, routed, evidence)

    def _budget(self, look: Answer) -> float:
        if self._plan.lock_on is None or self._plan.move is not None:
            return SEND_S  # a switch's own gate compares under the lock, however old the look is
        left = look.asked_at + self._plan.lock_hold_s - _MARGIN_S - self._tools.clock()
        if left < _LEAST_SEND_S:
            raise End(
                Ending.FAILED,
                "nothing was sent: reading it took too long to act on it; try again",
                sent=False,
            )
        return min(SEND_S, left)

    def _check_lock(self, answer: Answer) -> None:
        lock = answer.reply(LOCK)
        if self._plan.lock_on is None or lock.status is None or lock.status == LOCK_FREE:
            return
        if lock.status == LOCK_UNREADABLE:
            why = f"this login may not read {self._plan.lock_on}, on which the lock is"
        else:
            said = f": {lock.errors[0]}" if lock.errors else ""
            why = f"the SBC cannot lock (flock, status {lock.status}){said}"
        self._not_sent(Ending.FAILED, why)

    def _holders(self, answer: Answer) -> tuple[str, ...]:
        """Return who holds the lock, as far as the SBC lets us see; () where it was not taken."""
        lock = answer.reply(LOCK)
        if lock.status != LOCK_BUSY:
            return ()
        names = (_name(line) for line in lock.lines if line.startswith(_LABEL))
        return tuple(dict.fromkeys(name for name in names if name)) or ("somebody",)

    async def _stands(self, seen: LegStatus) -> str:
        """Return what stands at a route that somebody else may have moved just now; "" where there is none, or no answer."""
        if self._plan.move is None:
            return ""
        try:
            look = await self._tools.asker.ask(self._plan.reading(), _LOOK_S)
        except LinkError:
            return ""
        why = self._tools.platform.changed(self._plan, seen, look)
        return f" ({why or f'{self._plan.move.route.words} still says what you saw'})"

    async def _changed(self, why: str) -> NoReturn:
        """End as refused: it is not what the operator saw any more; tell who may have done that."""
        by = "" if self._tools.culprit is None else await self._tools.culprit()
        self._not_sent(Ending.REFUSED, f"{why}{f' ({by})' if by else ''}")

    def _not_sent(self, ending: Ending, why: str, what: str = "nothing was sent") -> NoReturn:
        self.sent = False
        raise End(ending, f"{what}: {why}", sent=False)

    async def _unknown(self, why: str) -> NoReturn:
        """End as unverified, whatever one more look says: it cannot tell our command from another's."""
        self._tell(clean(f"{why}; looking what became of it ..."))
        await self._tools.sleep(_LOST_PAUSE_S)
        try:
            look = await self._tools.asker.ask(self._plan.proof, _LOOK_S)
        except LinkError as error:
            now = Safe(f"it cannot be read now: {error.reason}")
        else:
            now = self._tools.platform.standing(self._plan, look, 0.0).sentence
        raise End(
            Ending.UNVERIFIED, f"{why}: it may have been done. Now: {now}. It is not sent again", sent=True
        )


def _over(why: str, routed: Proof | None, evidence: tuple[Evidence, ...]) -> End:
    """Return the end of a window without proof: a route that read back as it was set is done, all else is not known."""
    if routed is not None:
        return End(Ending.ROUTED, routed.sentence, sent=True, evidence=routed.evidence)
    return End(Ending.UNVERIFIED, f"{why}. It is not sent again", sent=True, evidence=evidence)


def _told(plan: Plan, answer: Answer) -> Reply:
    """Return the reply to the last step that ran; to the last of all where the link was lost on the way."""
    replies = [answer.reply(step.key) for step in plan.steps]
    ran = (reply for reply in reversed(replies) if reply.status is not None)
    return next(ran, replies[-1]) if answer.complete else replies[-1]


def label_of(who: str, host: str, action: str) -> str:
    """Return what others read who find the lock taken; only plain characters are kept."""
    return f"{_LABEL}{_plain(who, 40)}@{_plain(host, 60)}:{_plain(action, 40)}"


def _plain(text: str, limit: int) -> str:
    return "".join(c if c.isascii() and (c.isalnum() or c in "_.-") else "_" for c in text[:limit]) or "_"


def _name(label: str) -> str:
    """Return who a label names."""
    return label.removeprefix(_LABEL).rpartition(":")[0]
