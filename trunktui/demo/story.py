"""The scripted trouble, on a loop, and the line that announces each: what breaks when, as pure functions of time.

Times in the tables are seconds of speed 1; the loop begins anew when it is through.
"""

from __future__ import annotations

import math
from collections.abc import Iterator
from enum import StrEnum

from msgspec import Struct

from trunktui.demo.tempo import Tempo


class Kind(StrEnum):
    """What can happen. Subjects: a carrier, a leg (`trunk@sbc`), a trunk, an SBC.

    REFUSED: its REGISTERs; CALLS_REFUSED: its calls alone, while it registers and answers OPTIONS.
    """

    CARRIER_DEAD = "carrier_dead"
    REFUSED = "refused"
    CALLS_REFUSED = "calls_refused"
    GIVEN_UP = "given_up"
    SURGE = "surge"
    FROZEN = "frozen"
    REBOOT = "reboot"
    NO_SSH = "no_ssh"
    MOVED = "moved"


class Trouble(Struct, frozen=True):
    """Something that lasts from `start` to `end` within the loop.

    MOVED: carriers see an SBC by an address that they do not list, so that trunks by IP get no answer.

    A refusal ends with an operator's cure, unless GIVEN_UP follows it: then that comes with the end of the latter.
    """

    kind: Kind
    subject: str
    start: float
    end: float


class Tip(Struct, frozen=True):
    """A line for the newcomer, from second `at` of the loop until the next."""

    at: float
    text: str


class Script(Struct, frozen=True):
    """Troubles and tips of one loop of `period` seconds; without troubles the period does not matter."""

    period: float = 86400.0
    troubles: tuple[Trouble, ...] = ()
    tips: tuple[Tip, ...] = ()


TROUBLED_CARRIER = "bravo"
REFUSED_LEG = "alpha-us@lon-1"
SURGING_TRUNK = "delta-retail"
UNPAID_LEG = "delta-retail@lon-1"
FROZEN_SBC = "nyc-2"
REBOOTING_SBC = "sgp-1"
SSHLESS_SBC = "lon-2"
MOVING_SBC = "nyc-2"
UNPROBED_LEG = "alpha-911@nyc-2"

READ_ONLY_SBC = "sgp-2"

NEWCOMERS_STORY = Script(
    period=1910.0,
    troubles=(
        Trouble(Kind.CARRIER_DEAD, TROUBLED_CARRIER, 90.0, 290.0),
        Trouble(Kind.SURGE, SURGING_TRUNK, 400.0, 570.0),
        Trouble(Kind.FROZEN, FROZEN_SBC, 600.0, 780.0),
        Trouble(Kind.REBOOT, REBOOTING_SBC, 800.0, 940.0),
        Trouble(Kind.NO_SSH, SSHLESS_SBC, 990.0, 1130.0),
        Trouble(Kind.CALLS_REFUSED, UNPAID_LEG, 1230.0, 1390.0),
        Trouble(Kind.REFUSED, REFUSED_LEG, 1390.0, 1530.0),
        Trouble(Kind.GIVEN_UP, REFUSED_LEG, 1530.0, 1680.0),
        Trouble(Kind.MOVED, MOVING_SBC, 1680.0, 1830.0),
    ),
    tips=(
        Tip(
            0.0,
            "Six SBCs, 42 legs, all simulated but asked over real SSH and SNMP. All is well but one leg; trouble is near.",
        ),
        Tip(
            90.0,
            "1/8 Carrier bravo has just died. Each SBC notices within DETECT; then the top says whose fault it is. "
            "x shows carriers by SBCs.",
        ),
        Tip(
            200.0,
            "1/8 bravo is still dead, and us-outbound still goes there. Press : and type write, then S on bravo-us@nyc-1: "
            "shown, confirmed, proved by calls.",
        ),
        Tip(
            290.0,
            "1/8 bravo answers again. A leg leaves DOWN after two good OPTIONS; its registration comes with the next try.",
        ),
        Tip(
            345.0,
            "1/8 On a healthy leg, like alpha-eu@nyc-1, R is proved: gone for seconds, then Registered anew. sgp-2 "
            "is read-only: refused.",
        ),
        Tip(
            400.0,
            "2/8 A campaign starts: account delta-retail runs into its cap of 40 channels, summed over four SBCs. "
            "Watch OF CAP.",
        ),
        Tip(
            600.0,
            "3/8 Asterisk on nyc-2 froze; its SSH and SNMP still answer. What nobody can vouch for is not green: its "
            "legs are UNKNOWN.",
        ),
        Tip(
            800.0,
            "4/8 sgp-1 reboots: SSH refuses, SNMP is silent. Its values age, dim, and become UNKNOWN; the others are not held up.",
        ),
        Tip(
            940.0,
            "4/8 sgp-1 is back. It gets a short grace while its trunks register; then they must prove themselves.",
        ),
        Tip(
            990.0,
            "5/8 SSH on lon-2 died. SNMP is a second witness: the box is alive, so calls may well go on; what its "
            "trunks do, nobody knows.",
        ),
        Tip(
            1130.0,
            "5/8 SSH on lon-2 is back. enter on a leg shows its box: uptime, load, disk, Asterisk's totals by SNMP.",
        ),
        Tip(
            1170.0,
            "6/8 alpha-911@nyc-2 is UNMON, never UP: nobody sends it OPTIONS (DETECT ∞). An emergency trunk, perhaps "
            "dead for weeks.",
        ),
        Tip(
            1230.0,
            "7/8 delta answers 403 to every call of lon-1, which is registered and answers OPTIONS. Its call records "
            "tell; DIALS counts the lost.",
        ),
        Tip(
            1390.0,
            "8/8 alpha now refuses alpha-us on lon-1 alone, and Asterisk gives up for good; yet OPTIONS answer: a ping "
            "check stays green.",
        ),
        Tip(
            1530.0,
            "8/8 alpha put the password right, but lon-1 gave up for good. Only R on alpha-us@lon-1 brings it back "
            "(first : and write).",
        ),
        Tip(
            1680.0,
            "And: the NAT in front of nyc-2 has another address. Trunks by IP stop, for carriers list the old one; "
            "enter there tells both.",
        ),
        Tip(
            1830.0,
            "That was all; a colleague sees to lon-1 where you did not, and it begins again. enter opens a leg, ? "
            "all keys, q quits.",
        ),
    ),
)


class Timeline:
    """A script at a tempo: says what is broken at a second of the simulation, which began at 0."""

    def __init__(self, script: Script, tempo: Tempo) -> None:
        self._period = tempo.span(script.period)
        self._troubles: dict[tuple[Kind, str], list[tuple[float, float]]] = {}
        for trouble in script.troubles:
            times = tempo.span(trouble.start), tempo.span(trouble.end)
            self._troubles.setdefault((trouble.kind, trouble.subject), []).append(times)
        self._tips = tuple((tempo.span(tip.at), tip.text) for tip in script.tips)

    def since(self, kind: Kind, subject: str, t: float) -> float | None:
        """Return when the trouble that there is at `t` began, None where all is well."""
        return next((start for start, end in self._near(kind, subject, t) if start <= t < end), None)

    def until(self, kind: Kind, subject: str, t: float) -> float:
        """Return when the trouble that there is at `t` ends; `t` itself where all is well."""
        return next((end for start, end in self._near(kind, subject, t) if start <= t < end), t)

    def last_end(self, kind: Kind, subject: str, t: float) -> float | None:
        """Return when the last such trouble ended, at `t` or before; None for never."""
        return max((end for _, end in self._near(kind, subject, t) if end <= t), default=None)

    def ended(self, kind: Kind, subject: str, t: float) -> int:
        """Return how often such trouble has ended, at `t` or before."""
        times = self._troubles.get((kind, subject), ())
        return sum(math.floor((t - end) / self._period) + 1 for _, end in times if end <= t)

    def next_start(self, kind: Kind, subject: str, t: float) -> float:
        """Return when such trouble begins next, after `t`; infinity for never."""
        return min((start for start, _ in self._near(kind, subject, t) if start > t), default=math.inf)

    def next_end(self, kind: Kind, subject: str, t: float) -> float:
        """Return when such trouble ends next, after `t`; infinity for never."""
        return min((end for _, end in self._near(kind, subject, t) if end > t), default=math.inf)

    def tip(self, t: float) -> str:
        """Return the line to show at `t`, empty where there is none."""
        place = t % self._period
        return next((text for at, text in reversed(self._tips) if at <= place), "")

    def _near(self, kind: Kind, subject: str, t: float) -> Iterator[tuple[float, float]]:
        """Yield this trouble's times in the loops before, around and after `t`; there were none before 0."""
        times = self._troubles.get((kind, subject), ())
        loop = math.floor(t / self._period)
        for n in range(max(loop - 1, 0), loop + 2):
            for start, end in times:
                yield start + n * self._period, end + n * self._period
