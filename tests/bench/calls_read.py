"""Measures what call records cost: 1,500 calls (50 a second for 30 s) read, folded in, and 200 SBCs judged with them."""

from __future__ import annotations

import gc
import statistics
from functools import partial

from msgspec import structs

from tests.bench.judging import INTERVAL_S, LEGS, POLLS, SBCS, answer, by_rules, cpu_ms, fold_in, inventory
from trunktui.demo.call_file import CLEARED, REFUSED, CallFile, TriedCall
from trunktui.health.traffic import CallMemory, remember_calls
from trunktui.model.health import Thresholds
from trunktui.model.observation import Box
from trunktui.model.tail import TailFacts, TailState, TailStatus
from trunktui.model.text import Safe, clean_lines
from trunktui.platforms.asterisk_calls import CALLS, parse_calls
from trunktui.poll.fleet import Fleet

COUNT, PER_S = 1500, 50
ROUNDS = 7
EPOCH = 1_795_650_000.0


def records(trunks: list[str], *, refused: bool) -> tuple[Safe, ...]:
    """Return the lines that so many calls leave, over `trunks` in turn."""
    file = CallFile("sbc-1")
    for n in range(COUNT):
        at = EPOCH + n / PER_S
        answered = None if refused else at + 4.0
        cause = REFUSED if refused else CLEARED
        file.add(
            TriedCall(f"{n}", trunks[n % len(trunks)], at, answered, at + (0 if refused else 20.0), cause)
        )
    data = b"".join(part.data for part in reversed(file.seen(EPOCH + 3600)))
    return tuple(clean_lines(data))


def main() -> int:
    """Print the figures."""
    thresholds, names = Thresholds(), [f"trunk-{n:02}" for n in range(LEGS)]
    for refused in (True, False):
        lines = records(names, refused=refused)
        size = sum(len(line) + 1 for line in lines)
        reading = partial(parse_calls, lines, Box(zone_s=0))
        calls = reading().calls
        folding = partial(remember_calls, CallMemory(), calls, EPOCH + 60, Safe("x"), {}, thresholds)
        read, fold = (statistics.median(cpu_ms(work) for _ in range(ROUNDS)) for work in (reading, folding))
        kind = "refused" if refused else "answered"
        print(f"calls: {COUNT} {kind}, {size} bytes: {read:.1f} ms of CPU to read, {fold:.1f} ms to fold in")
    _rules(thresholds)
    return 0


def _rules(thresholds: Thresholds) -> None:
    """Judge 10,000 legs without call records, and with calls of each within the window."""
    fleet = Fleet(inventory(), thresholds, INTERVAL_S)
    sbcs = [sbc.name for sbc in fleet.inventory.sbcs]
    now = 1000.0
    for poll in range(POLLS):
        now = 1000.0 + poll * INTERVAL_S
        said = answer(poll, now)
        fold_in(fleet, sbcs, structs.replace(said, box=structs.replace(said.box, clock_s=EPOCH + 60)))
    gc.collect()
    gc.freeze()
    without = statistics.median(cpu_ms(lambda: by_rules(fleet, sbcs, now)) for _ in range(ROUNDS))
    endpoints = [leg.native.endpoint or "" for leg in fleet.record(sbcs[0]).legs.values()]
    told = TailFacts(calls=parse_calls(records(endpoints, refused=False), Box(zone_s=0)).calls)
    for name in sbcs:
        fleet.heard(name, CALLS, told, TailStatus(CALLS, TailState.OK, read_to=now))
    gc.collect()
    gc.freeze()
    assert all(leg.traffic is not None for leg in fleet.snapshot(now).legs)
    with_calls = statistics.median(cpu_ms(lambda: by_rules(fleet, sbcs, now)) for _ in range(ROUNDS))
    print(
        f"calls: {SBCS * LEGS} legs by the rules: {without:.0f} ms of CPU without records, {with_calls:.0f} with"
    )
