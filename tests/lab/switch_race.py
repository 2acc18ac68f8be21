"""Opposite switches of one group by two processes at once: python -m tests.lab.switch_race --switches 200, as root.

Each process is an operator on a jump host of his own: own folder of state, own polls, own desk. In each round both look,
and then both switch at the same moment, to two different trunks. Meanwhile the route is read on the SBC all the time.
"""

from __future__ import annotations

import argparse
import asyncio
import json
import subprocess
import sys
import tempfile
import threading
import time
from collections import Counter
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from itertools import takewhile
from pathlib import Path
from typing import Any, Self

from msgspec import Struct

from trunktui.model.action import Consent

from .lab import Lab
from .product import environment
from .switched import DOMESTIC, fleet, hand_on, key, set_key
from .turn import in_turn

NODE, SBC = "sbc2", "lab-2"
TRUNKS = ("acme-primary", "ipauth-beta", "hybrid-gamma")
OPERATORS = (("alice", "jump1"), ("bob", "jump2"))
WINDOW_S = 0.6
"""No call comes here, so for none is waited: a look at the route is all the proof there is."""

_READY_S = 60.0


class Try(Struct, frozen=True):
    """One operator's part of a round: where the route stood when he looked, where to, and what he was told."""

    who: str
    stood: str
    to: str
    ending: str
    sent: bool
    sentence: str


class Done(Struct, frozen=True):
    """A switch as a log has it: what stood before and after, and when, by the clock of its host."""

    before: str
    after: str
    at: str


class Raced(Struct, frozen=True):
    """What came of all rounds: the tries in pairs, what the SBC said meanwhile, how often it was read, and both logs.

    `said` is each value in turn, None: not set; `order` the switches as the logs, merged, have them: (who, before, after).
    """

    rounds: tuple[tuple[Try, Try], ...]
    said: tuple[str | None, ...]
    reads: int
    order: tuple[tuple[str, str, str], ...]
    took_s: float

    @property
    def tries(self) -> tuple[Try, ...]:
        """All tries."""
        return tuple(one for pair in self.rounds for one in pair)


def race(lab: Lab, folder: Path, switches: int, hold_s: int) -> Raced:
    """Have that many switches tried, two at a time; the lock is held on for `hold_s` after each sending."""
    configs = {who: fleet(lab, folder / who, NODE, keyed=NODE) for who, _ in OPERATORS}
    set_key(lab, TRUNKS[0], NODE)
    began, rounds = time.monotonic(), list[tuple[Try, Try]]()
    with _operator(configs, 0, hold_s) as alice, _operator(configs, 1, hold_s) as bob, _Watch(lab) as watch:
        both = (alice, bob)
        for number in range(switches // 2):
            others = [trunk for trunk in TRUNKS if trunk != key(lab, NODE)]
            goals = others if number % 2 else others[::-1]
            for one, to in zip(both, goals, strict=True):
                _tell(one, to)
            looked = [_hear(one) for one in both]
            ends = _gone(both, first=number % 2, late=number % 3 == 2)
            pair = [
                Try(who=who, stood=look["stood"], to=to, **end)
                for (who, _), look, to, end in zip(OPERATORS, looked, goals, ends, strict=True)
            ]
            rounds.append((pair[0], pair[1]))
    try:
        order = merged({who: done(configs[who].parent) for who, _ in OPERATORS}, TRUNKS[0])
    except ValueError:  # `faults` finds that it is not what the SBC said
        order = ()
    return Raced(tuple(rounds), tuple(watch.said), watch.reads, order, time.monotonic() - began)


def _gone(
    both: tuple[subprocess.Popen[str], subprocess.Popen[str]], first: int, late: bool
) -> list[dict[str, Any]]:
    """Let both switch, one of them a little ahead; `late`: the other only when that has ended, by what he saw before."""
    one, other = both[first], both[1 - first]
    _tell(one, "go")
    ended = [_hear(one)] if late else []
    _tell(other, "go")
    ended = ended or [_hear(one)]
    ended.append(_hear(other))
    return ended if first == 0 else ended[::-1]


def done(folder: Path) -> list[Done]:
    """Return the switches that an operator's log says were done, in its order."""
    lines = [
        json.loads(line)
        for path in folder.glob("state/**/audit.jsonl")
        for line in path.read_text().splitlines()
    ]
    records = [(line["record"], line["at"]) for line in lines]
    ended = {one["action"] for one, _ in records if one["kind"] == "outcome" and one["sent"]}
    return [
        Done(one["move"]["stands"]["shares"][0]["value"], one["move"]["goal"][0]["value"], at)
        for one, at in records
        if one["kind"] == "intent" and one["action"] in ended
    ]


def merged(logs: dict[str, list[Done]], stands: str) -> tuple[tuple[str, str, str], ...]:
    """Return the one order of several logs in which each switch found what the one before had set.

    Where two would do, the earlier by its own clock goes first. Raises ValueError where there is no such order.
    """
    dead: set[tuple[tuple[int, ...], str]] = set()

    def rest(taken: dict[str, int], stands: str) -> tuple[tuple[str, str, str], ...] | None:
        heads = [(who, log[taken[who]]) for who, log in logs.items() if taken[who] < len(log)]
        state = tuple(taken.values()), stands
        if not heads or state in dead:
            return None if heads else ()
        for who, head in sorted(heads, key=lambda one: one[1].at):
            if head.before == stands:
                after = rest({**taken, who: taken[who] + 1}, head.after)
                if after is not None:
                    return ((who, head.before, head.after), *after)
        dead.add(state)
        return None

    order = rest(dict.fromkeys(logs, 0), stands)
    if order is None:
        raise ValueError(f"no order of {logs} begins with {stands}")
    return order


class _Watch(threading.Thread):
    """Reads the route on the SBC itself, as fast as it can; notes each value in turn."""

    def __init__(self, lab: Lab) -> None:
        super().__init__(daemon=True)
        self._lab, self._over = lab, threading.Event()
        self.said: list[str | None] = []
        self.reads = 0

    def run(self) -> None:
        while not self._over.is_set():
            value = key(self._lab, NODE)
            self.reads += 1
            if not self.said or self.said[-1] != value:
                self.said.append(value)

    def __enter__(self) -> Self:
        self.start()
        return self

    def __exit__(self, *_: object) -> None:
        self._over.set()
        self.join(20)


@contextmanager
def _operator(configs: dict[str, Path], number: int, hold_s: int) -> Iterator[subprocess.Popen[str]]:
    """Run one operator's process: it reads trunks and `go`, and prints what it saw and what came of it."""
    name, host = OPERATORS[number]
    argv = [
        sys.executable,
        "-m",
        "tests.lab.switch_race",
        "--operator",
        f"{name}@{host}",
        "--hold",
        str(hold_s),
    ]
    process = subprocess.Popen(
        [*argv, "--config", str(configs[name])],
        stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True, env=environment(configs[name].parent),
    )  # fmt: skip
    try:
        assert _hear(process) == {"ready": True}
        yield process
    finally:
        process.kill()
        process.wait(timeout=10)
        for stream in (process.stdin, process.stdout):
            if stream is not None:
                stream.close()


def _tell(process: subprocess.Popen[str], word: str) -> None:
    assert process.stdin is not None
    process.stdin.write(f"{word}\n")
    process.stdin.flush()


def _hear(process: subprocess.Popen[str]) -> dict[str, Any]:
    assert process.stdout is not None
    line = process.stdout.readline()
    assert line, f"an operator's process ended with {process.poll()}"
    return dict(json.loads(line))


async def _operate(config: Path, name: str, host: str, hold_s: int) -> None:
    """Be an operator: look when told a trunk, switch when told to go."""
    consent = Consent(yes=True, typed=DOMESTIC, reason="race", glass=True)
    async with hand_on(config, DOMESTIC, name, host) as hand:
        _print({"ready": True})
        while to := (await asyncio.to_thread(sys.stdin.readline)).strip():
            hand.later()
            await hand.look(SBC)
            sweep = await hand.prepared(DOMESTIC, to, consent, WINDOW_S, hold_s)
            (plan,) = (part.plan for part in sweep.parts)
            assert plan is not None, sweep.parts[0].rulings
            assert plan.move is not None
            _print({"stood": plan.move.stands.shares[0].value})
            await asyncio.to_thread(sys.stdin.readline)
            swept = await hand.desk.perform_switch(sweep, consent, lambda _: None)
            sent = any(outcome.sent for _, outcome in swept.outcomes)
            _print({"ending": swept.ending.value, "sent": sent, "sentence": swept.sentence})


def _print(said: dict[str, Any]) -> None:
    print(json.dumps(said), flush=True)


def faults(raced: Raced) -> list[str]:
    """Return what does not hold of a race, in sentences; none where all does."""
    found = [f"the group stood at {value!r}" for value in raced.said if value not in TRUNKS]
    for one, other in raced.rounds:
        winners = [each for each in (one, other) if each.sent]
        if len(winners) != 1 or winners[0].ending != "routed":
            found.append(f"not one of two won: {one}, {other}")
            continue
        (won,), lost = winners, other if one.sent else one
        if lost.ending != "refused" or not told_all(lost, won):
            found.append(f"the loser was not told who won and what stands: {lost}")
    values = (TRUNKS[0], *(after for _, _, after in raced.order))
    if values != raced.said:
        found.append(f"{_parting('the logs say', values, raced.said)}, and the SBC said something else")
    wins = [(each.who, each.to) for pair in raced.rounds for each in pair if each.sent]
    order = [(who, to) for who, _, to in raced.order]
    if wins != order:
        found.append(f"{_parting('the logs say', order, wins)}, which is another order than the rounds")
    return found


def _parting(words: str, one: Sequence[object], other: Sequence[object]) -> str:
    """Return where two stories part."""
    same = sum(1 for _ in takewhile(lambda pair: pair[0] == pair[1], zip(one, other, strict=False)))
    return f"after {same} {words} {list(one[same : same + 3])}"


def told_all(lost: Try, won: Try) -> bool:
    """Whether the loser was told who won, by name while his lock stood, and what stands: nothing new before it was set."""
    who = won.who in lost.sentence or "on another host" in lost.sentence
    return who and (won.to in lost.sentence or "still says what you saw" in lost.sentence)


def how_lost(one: Try) -> str:
    """Return what stood in the way of a switch that was refused."""
    if one.sent:
        return ""
    return ", the other held the lock" if "right now" in one.sentence else ", the route had changed"


def main() -> int:
    """Race, print what was seen, and return 1 where anything does not hold."""
    parser = argparse.ArgumentParser()
    parser.add_argument("--switches", type=int, default=200)
    parser.add_argument(
        "--hold", type=int, default=1, help="seconds for which the lock is held on (shipped: 9)"
    )
    parser.add_argument("--config", type=Path)
    parser.add_argument("--operator")
    args = parser.parse_args()
    if args.operator:
        name, _, host = args.operator.partition("@")
        asyncio.run(_operate(args.config, name, host, args.hold))
        return 0
    with in_turn() as lab, tempfile.TemporaryDirectory() as folder:
        raced = race(lab, Path(folder), args.switches, args.hold)
    found = faults(raced)
    ends = Counter((one.ending, how_lost(one)) for one in raced.tries)
    print(
        f"{len(raced.tries)} switches in {raced.took_s:.0f} s; the route was read {raced.reads} times on the SBC"
    )
    for (ending, how), count in sorted(ends.items()):
        print(f"  {count:4} {ending}{how}")
    wins = Counter(who for who, _, _ in raced.order)
    print(f"  won: {', '.join(f'{who} {count}' for who, count in sorted(wins.items()))}")
    print(
        "\n".join(found)
        or "  one of two won each time, the other was told; the logs, merged, are what the SBC said"
    )
    return 1 if found else 0


if __name__ == "__main__":
    sys.exit(main())
