"""Measures the judging of 10,000 legs: CPU of the rules alone, of a whole snapshot, of one second's news, of no news.

The rules alone: signals, the precedence table, flap suppression, since when; every leg has news. A snapshot besides:
usage of every cap, the sentence, the status that views show, groups. Not counted: asking, parsing, and folding
answers into the past (told apart).
"""

from __future__ import annotations

import gc
import statistics
import time
from collections.abc import Callable
from functools import partial

from trunktui.model.health import Thresholds
from trunktui.model.inventory import (
    Account,
    AuthMode,
    Binding,
    Cap,
    DialMode,
    Group,
    Inventory,
    NativeNames,
    Sbc,
    SshTarget,
    Trunk,
)
from trunktui.model.observation import (
    AppState,
    Box,
    Channels,
    Contact,
    ContactState,
    NativeLeg,
    Observation,
    ProbeSettings,
    Registration,
    RegPhase,
    RegSettings,
)
from trunktui.model.text import Safe
from trunktui.poll.fleet import Fleet
from trunktui.poll.leg import frame_of, judge_leg

SBCS, LEGS = 200, 50
INTERVAL_S = 30.0
POLLS = 25
ROUNDS = 7
A_SECOND = round(SBCS / INTERVAL_S)
"""SBCs that answer within one second."""

_YARD = 1_000_000


def inventory() -> Inventory:
    """Return 200 SBCs with 50 trunks each, every ten trunks under one account's cap and in one group."""
    names = [f"sbc-{n:03}" for n in range(SBCS)]
    trunks = tuple(
        Trunk(
            f"trunk-{n:02}-{sbc}",
            carrier=f"carrier-{n % 5}",
            account=f"account-{n // 10}-{sbc}",
            auth=AuthMode.HYBRID,
            dial=DialMode.AOR,
            bindings=(Binding(f"trunk-{n:02}-{sbc}", sbc, name=f"trunk-{n:02}"),),
        )
        for sbc in names
        for n in range(LEGS)
    )
    return Inventory(
        accounts=tuple(
            Account(f"account-{n}-{sbc}", "carrier-0", Cap(channels=500))
            for sbc in names
            for n in range(LEGS // 10)
        ),
        sbcs=tuple(Sbc(name, "asterisk", SshTarget("192.0.2.1")) for name in names),
        trunks=trunks,
        groups=tuple(
            Group(f"group-{n}-{sbc}", tuple(f"trunk-{m:02}-{sbc}" for m in range(10 * n, 10 * n + 10)))
            for sbc in names
            for n in range(LEGS // 10)
        ),
    )


def answer(poll: int, at: float) -> Observation:
    """Return what an SBC says at its `poll`th poll: one trunk in 25 is silent, one in 25 is not registered."""
    return Observation(
        at=at,
        took_s=0.2,
        app=AppState.ANSWERING,
        box=Box(uptime_s=86400 + int(at), reload_age_s=86400 + int(at)),
        legs=tuple(_leg(n, poll) for n in range(LEGS)),
        reg_read=True,
        contacts_read=True,
        channels_read=True,
    )


def _leg(n: int, poll: int) -> NativeLeg:
    name, silent, refused = f"trunk-{n:02}", n % 25 == 7, n % 25 == 11
    uri = Safe(f"sip:192.0.2.{n}:5060")
    return NativeLeg(
        native=NativeNames(name, name, name),
        registration=Registration(
            RegPhase.WAITING if refused else RegPhase.REGISTERED,
            Safe("Rejected" if refused else "Registered"),
            (137 * n - 30 * poll) % 240 + 1,
            uri,
            Safe("row"),
        ),
        contacts=(
            Contact(
                uri,
                ContactState.UNREACHABLE if silent else ContactState.REACHABLE,
                None if silent else 20.0 + (7 * n + poll) % 10,
                Safe("row"),
            ),
        ),
        channels=Channels((n * 7 + poll) % 40, 20),
        probe_settings=ProbeSettings(30, 3.0, False),
        reg_settings=RegSettings(expires_s=300, retry_s=60, initial_delay_s=10),
    )


def fold_in(fleet: Fleet, sbcs: list[str], said: Observation) -> None:
    """Let each of these SBCs say the same."""
    for sbc in sbcs:
        fleet.answered(sbc, said)


def by_rules(fleet: Fleet, names: list[str], now: float) -> None:
    """Judge every leg by the rules; what is remembered stays as it was, so that the same can be done once more."""
    usage = fleet._usage(now)
    for name in names:
        record = fleet.record(name)
        frame = frame_of(fleet._scene(record, now))
        for leg in record.legs.values():
            memory, past = leg.memory, leg.past
            judge_leg(leg, frame, usage.channels.get(leg.trunk_name), usage.cps.get(leg.trunk_name))
            leg.memory, leg.past = memory, past
    fleet._used = None  # else the snapshot after it would not count what is used


def cpu_ms(work: Callable[[], object]) -> float:
    """Return the CPU that `work` takes, in ms."""
    began = time.process_time()
    work()
    return (time.process_time() - began) * 1000


def yardstick() -> None:
    """A million additions in Python: what this machine is worth."""
    total = 0
    for n in range(_YARD):
        total += n


def main() -> int:
    """Print the figures."""
    fleet = Fleet(inventory(), Thresholds(), INTERVAL_S)
    names = [sbc.name for sbc in fleet.inventory.sbcs]
    for name in names:
        fleet.record(name).settings_done = True
    found: dict[str, list[float]] = {key: [] for key in ("fold", "rules", "all", "second", "none", "yard")}
    for poll in range(POLLS + ROUNDS):
        at, said = 1000.0 + INTERVAL_S * poll, answer(poll, 1000.0 + INTERVAL_S * poll)
        fold = cpu_ms(partial(fold_in, fleet, names, said))
        gc.collect()
        gc.freeze()  # the past of 10,000 legs is not part of one judging
        rules = cpu_ms(partial(by_rules, fleet, names, at))
        whole = cpu_ms(partial(fleet.snapshot, at))
        if poll < POLLS:
            continue
        fold_in(fleet, names[:A_SECOND], answer(poll, at + 1))
        found["second"].append(cpu_ms(partial(fleet.snapshot, at + 1)))
        found["fold"].append(fold)
        found["rules"].append(rules)
        found["all"].append(whole)
        found["none"].append(cpu_ms(partial(fleet.snapshot, at + 1)))
        found["yard"].append(cpu_ms(yardstick))
    ms = {key: statistics.median(values) for key, values in found.items()}
    legs = SBCS * LEGS
    print(f"judging: {legs} legs on {SBCS} SBCs; a million additions take {ms['yard']:.0f} ms here")
    for key, what in (
        ("rules", "the rules alone, every SBC has news"),
        ("all", "every SBC has news"),
        ("second", f"{A_SECOND} SBCs have, as in one second of 30"),
        ("none", "none has"),
    ):
        print(f"judging: {ms[key]:6.1f} ms of CPU, {ms[key] / ms['yard']:.2f} of the yardstick: {what}")
    print(f"judging: {ms['fold']:6.1f} ms more to fold in the news of every SBC")
    print(f"judging: one second's news against everybody's: {ms['second'] / ms['all']:.3f}")
    return 0


if __name__ == "__main__":
    raise SystemExit(main())
