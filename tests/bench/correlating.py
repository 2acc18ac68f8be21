"""Measures what verdicts over 10,000 legs of 200 SBCs and 50 carriers cost, and the matrix of them on the screen."""

from __future__ import annotations

import gc
import statistics
from collections.abc import Callable
from functools import partial

from msgspec.structs import replace

from tests.bench.judging import cpu_ms, yardstick
from tests.fleets import NOW, leg, sbc
from tests.outages import silent
from trunktui.health.correlate import correlate
from trunktui.model.health import Thresholds
from trunktui.model.inventory import Inventory
from trunktui.model.snapshot import Snapshot
from trunktui.poll.verdicts import Verdicts
from trunktui.present.matrix import matrix_of

SBCS, CARRIERS, ROUNDS = 200, 50, 7
TROUBLES: dict[str, Callable[[int, int], bool]] = {
    "all is well": lambda _s, _c: False,
    "one carrier is out": lambda _s, c: c == 7,
    "one leg in ten, anywhere": lambda s, c: (s * 7919 + c * 104729) % 97 < 10,
    "everything is down": lambda _s, _c: True,
}


def fleet(is_out: Callable[[int, int], bool]) -> Snapshot:
    """Return one leg of every carrier on every SBC."""
    model, boxes = leg("model@model"), tuple(sbc(f"sbc-{n:03}") for n in range(SBCS))
    legs = []
    for s, box in enumerate(boxes):
        for c in range(CARRIERS):
            one = replace(model, id=f"t{c}@{box.name}", trunk=f"t{c}", sbc=box.name, carrier=f"c{c:02}")
            legs.append(silent(one, NOW - 500) if is_out(s, c) else one)
    return Snapshot(1, NOW, boxes, tuple(legs))


def main() -> int:
    """Print the figures."""
    yard = statistics.median(cpu_ms(yardstick) for _ in range(ROUNDS))
    print(f"verdicts: {SBCS * CARRIERS} legs; a million additions take {yard:.0f} ms here")
    for name, is_out in TROUBLES.items():
        snapshot = fleet(is_out)
        gc.collect()
        gc.freeze()
        judged = partial(correlate, snapshot.legs, snapshot.sbcs, Inventory(), Thresholds(), 30.0, NOW)
        took = statistics.median(cpu_ms(judged) for _ in range(ROUNDS))
        told = Verdicts()
        told.told(snapshot, Inventory(), Thresholds(), 30.0)
        again = partial(told.told, replace(snapshot, generation=2), Inventory(), Thresholds(), 30.0)
        none = statistics.median(cpu_ms(again) for _ in range(ROUNDS))
        print(f"verdicts: {took:5.1f} ms of CPU, {none:.2f} ms where nothing changed: {name}")
    drawn = statistics.median(
        cpu_ms(partial(matrix_of, fleet(TROUBLES["one carrier is out"]), NOW)) for _ in range(3)
    )
    print(f"verdicts: {drawn:5.1f} ms of CPU for the matrix")
    return 0


if __name__ == "__main__":
    raise SystemExit(main())
