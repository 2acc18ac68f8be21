"""How fast the simulated fleet lives, and its seeded chance; no clock and no state in here.

At speed 1 every timer is what Asterisk and SIP use in earnest; at speed 10 all of them, and the story, take a
tenth of it. The SBCs' settings say so too: an AOR that is qualified every 3 s prints `qualify_frequency : 3`.
"""

from __future__ import annotations

import hashlib

from msgspec import Struct

SLOWEST, FASTEST = 1.0, 60.0
DEFAULT_SPEED = 10.0

DAY_S = 6000.0
"""A day of the fleet's call load in seconds at speed 1: ten minutes at the default speed."""

_POLL_S = 20.0
_STALE_S = 45.0


class Tempo(Struct, frozen=True):
    """Times of the fleet in real seconds, as they are at `speed`."""

    speed: float = DEFAULT_SPEED

    def span(self, seconds: float) -> float:
        """Return how long `seconds` of speed 1 take."""
        return seconds / self.speed

    def whole(self, seconds: float, least: int = 1) -> int:
        """Return `seconds` of speed 1 as a whole number for a setting that knows no fractions."""
        return max(least, round(seconds / self.speed))

    @property
    def poll_s(self) -> int:
        """How often the dashboard asks each SBC: often enough that the story is seen, 1 to 5 s."""
        return min(5, self.whole(_POLL_S))

    @property
    def stale_s(self) -> float:
        """When an answer is no longer believed: as `Thresholds.stale_min_s`, never before the third missed poll."""
        return max(self.span(_STALE_S), 3.0 * self.poll_s)


def chance(*what: object) -> float:
    """Return a number in [0, 1) that `what` (the seed first) alone decides."""
    digest = hashlib.blake2b(repr(what).encode(), digest_size=8).digest()
    return int.from_bytes(digest, "big") / 2.0**64


def token(digits: int, *what: object) -> str:
    """Return so many hexadecimal digits that `what` alone decides."""
    return hashlib.blake2b(repr(what).encode(), digest_size=(digits + 1) // 2).hexdigest()[:digits]
