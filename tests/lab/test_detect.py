"""Whether the detect time that is shown is true: cuts of a carrier's cable, against Asterisk's own verdicts."""

from __future__ import annotations

import random
from collections import defaultdict

import pytest

from .detecting import measure, report, short_trunks
from .lab import Lab

pytestmark = [pytest.mark.lab, pytest.mark.timeout(180)]

CUTS = 4
"""Of the cable; each is one for 16 trunks with phases of their own."""

BUSY_S = 0.25
"""For the machine: Asterisk's timers are late by so much at most where two cores run everything."""


def test_asterisk_notices_every_cut_within_the_computed_time_and_that_is_not_twice_too_long(lab: Lab) -> None:
    lab.settle()
    with short_trunks(lab) as promised:
        cuts = measure(lab, promised, CUTS, random.Random())
    print(report(cuts))
    assert len(cuts) == CUTS * len(promised) >= 20
    assert [cut for cut in cuts if cut.took_s > cut.promised_s + BUSY_S] == []
    longest: dict[float, float] = defaultdict(float)
    for cut in cuts:
        longest[cut.promised_s] = max(longest[cut.promised_s], cut.took_s)
    assert all(took >= promised_s / 2 for promised_s, took in longest.items()), longest
