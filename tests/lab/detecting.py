"""Measures how long a real Asterisk takes to notice that a carrier is gone, trunk by trunk, from its own log.

Trunks of their own are loaded for it, with short OPTIONS settings that are really in force, on both SBCs; each has
a phase of its own, for Asterisk sends the first OPTIONS to a contact at random. One cut cable is so many measures.
"""

from __future__ import annotations

import random
import re
import time
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path

from trunktui.health.detect import detect_s
from trunktui.model.ask import Answer, Reply
from trunktui.model.text import clean_lines
from trunktui.platforms import asterisk
from trunktui.platforms.contract import LegSettings

from .lab import ADDRESS, CARRIER_B, RUN_DIR, Lab, wait_for

SBCS = ("sbc1", "sbc2")
SETTINGS = ((1, 0.5), (2, 1.0), (2, 0.7), (3, 1.5))
"""(qualify_frequency, qualify_timeout) of the trunks, twice on each SBC."""

_COPIES = 2
_QUARTER_S = 900.0
_NEWS = re.compile(r"^\[(\S+ \S+)\] .* Contact (\S+)/sip:\S+ is now (Unreachable|Reachable)\b")


@dataclass(frozen=True)
class Cut:
    """One trunk at one cut: what its loaded settings promise at worst, and what it took. Seconds."""

    trunk: str
    promised_s: float
    took_s: float


def _names() -> list[tuple[str, int, float]]:
    return [(f"detect-{n}-{copy}", *s) for n, s in enumerate(SETTINGS) for copy in range(_COPIES)]


@contextmanager
def short_trunks(lab: Lab) -> Iterator[dict[str, float]]:
    """Have the trunks loaded on both SBCs inside the block; gives the detect time of each as the product computes it."""
    files = [RUN_DIR / "nodes" / sbc / "root/etc/asterisk/pjsip_trunks.conf" for sbc in SBCS]
    before = [file.read_text() for file in files]
    extra = "".join(
        f"\n[{name}]\ntype=aor\nqualify_frequency={every}\nqualify_timeout={timeout}\n"
        f"contact=sip:{ADDRESS[CARRIER_B]}:5060\n[{name}](ep-tpl)\naors={name}\n"
        for name, every, timeout in _names()
    )
    try:
        for sbc, file, text in zip(SBCS, files, before, strict=True):
            file.write_text(text + extra)
            lab.asterisk_cli("module reload res_pjsip.so", sbc)
        for sbc in SBCS:
            wait_for(lambda sbc=sbc: _answering(lab, sbc), 20.0, f"the short trunks of {sbc} to be answered")  # type: ignore[misc]
        yield {f"{name}@{sbc}": _promised(lab, name, sbc) for sbc in SBCS for name, _, _ in _names()}
    finally:
        for sbc, file, text in zip(SBCS, files, before, strict=True):
            file.write_text(text)
            lab.asterisk_cli("module reload res_pjsip.so", sbc)


def measure(lab: Lab, promised: dict[str, float], cuts: int, dice: random.Random) -> list[Cut]:
    """Cut the carrier's cable so many times, at random phases; return what each trunk took each time."""
    found: list[Cut] = []
    for _ in range(cuts):
        time.sleep(dice.uniform(0.0, max(every for every, _ in SETTINGS)))  # the phase, not a wait
        with lab.cable_out(CARRIER_B):
            cut_at = time.time()
            limit = max(promised.values()) + 10.0
            wait_for(lambda at=cut_at: _news(at, "Unreachable").keys() >= promised.keys(), limit, "verdicts")  # type: ignore[misc]
            verdicts = _news(cut_at, "Unreachable")
        found += [Cut(trunk, worst, verdicts[trunk] - cut_at) for trunk, worst in promised.items()]
        back_at = time.time()
        wait_for(lambda at=back_at: _news(at, "Reachable").keys() >= promised.keys(), 20.0, "all back")  # type: ignore[misc]
    return found


def report(cuts: list[Cut]) -> str:
    """Return the figures by settings as the table of docs/detect.md."""
    lines = [
        "| qualify_frequency + qualify_timeout | cuts | shortest | median | longest | of the worst case |"
    ]
    lines.append("|---|---|---|---|---|---|")
    for n, (every, timeout) in enumerate(SETTINGS):
        took = sorted(cut.took_s for cut in cuts if cut.trunk.startswith(f"detect-{n}-"))
        worst = every + timeout
        figures = " | ".join(f"{s:.2f} s" for s in (took[0], took[len(took) // 2], took[-1]))
        lines.append(
            f"| {every} + {timeout:g} = {worst:g} s | {len(took)} | {figures} | {took[-1] / worst:.0%} |"
        )
    return "\n".join(lines)


def _answering(lab: Lab, sbc: str) -> bool:
    words = {row.aor: row.word for row in lab.contacts(sbc)}
    return all(words.get(name) == "Avail" for name, _, _ in _names())


def _promised(lab: Lab, name: str, sbc: str) -> float:
    """Return the detect time of a trunk as the product computes it from what that SBC says that it has loaded."""
    said = lab.asterisk_cli(f"pjsip show aor {name}", sbc)
    answer = Answer(0.0, 0.0, (Reply(f"aor {name}", 0, clean_lines(said.encode())),))
    found = detect_s("asterisk", asterisk.parse_settings((answer,), LegSettings()).probe[name])
    assert found is not None, said
    return found


def _news(since: float, word: str) -> dict[str, float]:
    """Return by trunk when Asterisk first logged that word of it after `since` (wall clock, milliseconds)."""
    found: dict[str, float] = {}
    for sbc in SBCS:
        log: Path = RUN_DIR / "nodes" / sbc / "root/var/log/asterisk/full.log"
        news = [_NEWS.match(line) for line in log.read_text(errors="replace").splitlines()]
        told = [(match[2], match[3], _moment(match[1])) for match in news if match]
        # The log's zone is only known to the SBC; its youngest line is young.
        zone_s = round((told[-1][2] - time.time()) / _QUARTER_S) * _QUARTER_S if told else 0.0
        for trunk, said, at in told:
            if said == word and trunk.startswith("detect-") and at - zone_s >= since:
                found.setdefault(f"{trunk}@{sbc}", at - zone_s)
    return found


def _moment(stamp: str) -> float:
    """Return a stamp of the log as seconds since 1970, as if its zone were UTC."""
    return datetime.strptime(stamp, "%Y-%m-%d %H:%M:%S.%f").replace(tzinfo=UTC).timestamp()
