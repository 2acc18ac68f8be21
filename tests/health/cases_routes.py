"""What a group's state is once it is known where its calls really go (decision 054): the table of the rules."""

from __future__ import annotations

from collections.abc import Iterable

from tests.fleets import leg
from trunktui.health.groups import judge_groups
from trunktui.health.routes import Place, remember_route, unasked
from trunktui.model.health import LegState, Severity
from trunktui.model.inventory import Failover, Group, Inventory
from trunktui.model.route import ActiveRoute, Mechanism, Route, RouteReading, Share
from trunktui.model.snapshot import GroupStatus, LegStatus
from trunktui.model.text import Safe

L, S = LegState, Severity
ALPHA, BETA = "alpha-us", "beta-us"
KEY = Route(Mechanism.ASTDB, "trunk/us-outbound")
MODEL = {"nyc-1": "up up", "lon-1": "up up"}
"""States of alpha-us and beta-us on each SBC, `-` where there is no such leg."""

STATES = {"up": L.UP, "down": L.DOWN, "soft": L.DEGRADED, "off": L.ADMIN_OFF, "by": L.STANDBY, "?": L.UNKNOWN}


def legs(states: dict[str, str]) -> list[LegStatus]:
    return [
        leg(f"{trunk}@{sbc}", STATES[word], groups=("us-outbound",), load=90)
        for sbc, words in states.items()
        for trunk, word in zip((ALPHA, BETA), words.split(), strict=True)
        if word != "-"
    ]


def route(sbc: str, said: str, among: Iterable[str]) -> ActiveRoute:
    """Return a route: `first`, `beta`, `foreign`, `unset`, `?`, `none`, a split `50/50`, a held `alpha held`."""
    there = Place("us-outbound", sbc, KEY, tuple(among), {"alpha": ALPHA, "beta": BETA})
    if said == "?":
        return unasked(there).active
    shares = {
        "first": (Share(Safe("alpha")),),
        "beta": (Share(Safe("beta")),),
        "foreign": (Share(Safe("acme")),),
        "unset": (),
        "none": (Share(Safe("alpha"), alive=False), Share(Safe("beta"), held=True)),
        "alpha held": (Share(Safe("alpha"), held=True), Share(Safe("beta"))),
        "beta held": (Share(Safe("alpha")), Share(Safe("beta"), held=True)),
    }
    if "/" in said:
        one, two = map(int, said.split("/"))
        shares[said] = (Share(Safe("alpha"), one), Share(Safe("beta"), two))
    return remember_route(None, there, RouteReading(KEY, 995.0, shares[said]), 90.0).active


def judged(states: dict[str, str], routes: dict[str, str], failover: Failover) -> GroupStatus:
    group = Group("us-outbound", (ALPHA, BETA), failover, {"asterisk": KEY})
    all_legs = legs(states)
    active = tuple(
        route(sbc, said, [one.trunk for one in all_legs if one.sbc == sbc]) for sbc, said in routes.items()
    )
    (found,) = judge_groups(all_legs, Inventory(groups=(group,)), {"us-outbound": active})
    assert found.active == active, "whatever is made of it, it is told"
    return found


Rule = tuple[str, dict[str, str], dict[str, str], LegState, Severity, str]
"""Its name, states of legs, routes by SBC, and what is said of the group."""

RULES: list[Rule] = [
    (
        "all goes to the first preference",
        MODEL,
        {"nyc-1": "first", "lon-1": "first"},
        L.UP,
        S.NONE,
        "all 4 legs up",
    ),
    (
        "calls still go to a dead trunk",
        {"nyc-1": "down up", "lon-1": "down up"},
        {"nyc-1": "first", "lon-1": "first"},
        L.DEGRADED,
        S.CRITICAL,
        (
            "us-outbound on nyc-1, lon-1 still goes to alpha-us, which is down: S moves it; "
            "beta-us takes 65 % of its load: 118 free of 200, load was 180"
        ),
    ),
    (
        "on one SBC they do, on the other they were moved",
        {"nyc-1": "down up", "lon-1": "down up"},
        {"nyc-1": "beta", "lon-1": "first"},
        L.DEGRADED,
        S.CRITICAL,
        (
            "us-outbound on lon-1 still goes to alpha-us, which is down: S moves it; "
            "beta-us takes 65 % of its load: 118 free of 200, load was 180"
        ),
    ),
    (
        "dead on one SBC only",
        {"nyc-1": "down up", "lon-1": "up up"},
        {"nyc-1": "first", "lon-1": "first"},
        L.DEGRADED,
        S.CRITICAL,
        "us-outbound on nyc-1 still goes to alpha-us, which is down: S moves it",
    ),
    (
        "dead where nothing else can be used",
        {"nyc-1": "down down", "lon-1": "up up"},
        {"nyc-1": "first", "lon-1": "first"},
        L.DEGRADED,
        S.MAJOR,
        "us-outbound on nyc-1 still goes to alpha-us, which is down, and no other trunk there can be used",
    ),
    (
        "the primary is out, and calls go elsewhere everywhere",
        {"nyc-1": "down up", "lon-1": "down up"},
        {"nyc-1": "beta", "lon-1": "beta"},
        L.DEGRADED,
        S.MINOR,
        "primary alpha-us is out; calls go to beta-us already",
    ),
    (
        "the primary is out, and of one SBC it is not known",
        {"nyc-1": "down up", "lon-1": "down up"},
        {"nyc-1": "beta", "lon-1": "?"},
        L.DEGRADED,
        S.CRITICAL,
        (
            "primary alpha-us is out; beta-us takes 65 % of its load: 118 free of 200, load was 180; "
            "calls go to beta-us on nyc-1; where they go on lon-1 is not known"
        ),
    ),
    (
        "moved where it died, and it lives on the other",
        {"nyc-1": "down up", "lon-1": "up up"},
        {"nyc-1": "beta", "lon-1": "first"},
        L.DEGRADED,
        S.MINOR,
        "1 of 4 legs down (alpha-us@nyc-1); alpha-us still has a path; calls go to beta-us on nyc-1",
    ),
    (
        "moved to a trunk that died",
        {"nyc-1": "up down", "lon-1": "up up"},
        {"nyc-1": "beta", "lon-1": "first"},
        L.DEGRADED,
        S.CRITICAL,
        "us-outbound on nyc-1 still goes to beta-us, which is down: S moves it",
    ),
    (
        "moved, and the first is fine again",
        MODEL,
        {"nyc-1": "beta", "lon-1": "first"},
        L.UP,
        S.WARNING,
        "goes to beta-us on nyc-1; alpha-us is fine again",
    ),
    (
        "moved, and the first is not quite fine",
        {"nyc-1": "soft up", "lon-1": "up up"},
        {"nyc-1": "beta", "lon-1": "first"},
        L.DEGRADED,
        S.WARNING,
        "1 of 4 legs not up (alpha-us@nyc-1); calls go to beta-us on nyc-1",
    ),
    (
        "moved, and the first is off: as it is meant",
        {"nyc-1": "off up"},
        {"nyc-1": "beta"},
        L.UP,
        S.NONE,
        "its one leg is up; others stand by or are off; calls go to beta-us on nyc-1",
    ),
    (
        "a value that no trunk has",
        MODEL,
        {"nyc-1": "first", "lon-1": "foreign"},
        L.DEGRADED,
        S.CRITICAL,
        (
            'us-outbound on lon-1 is set to "acme", which is no trunk of the group there: new calls would go to '
            "nothing that is known"
        ),
    ),
    (
        "such a value on a pair's half that stands by",
        {"nyc-1": "up up", "lon-1": "by by"},
        {"nyc-1": "first", "lon-1": "foreign"},
        L.UP,
        S.WARNING,
        (
            'us-outbound on lon-1 is set to "acme", which is no trunk of the group there: new calls would go to '
            "nothing that is known"
        ),
    ),
    (
        "no entry is open",
        MODEL,
        {"nyc-1": "none", "lon-1": "first"},
        L.DEGRADED,
        S.CRITICAL,
        "us-outbound on nyc-1: every entry of astdb trunk/us-outbound is held out or dead, no new call gets a way out",
    ),
    ("nothing is set", MODEL, {"nyc-1": "unset", "lon-1": "first"}, L.UP, S.NONE, "all 4 legs up"),
    ("nothing is known", MODEL, {"nyc-1": "?", "lon-1": "?"}, L.UP, S.NONE, "all 4 legs up"),
    ("no route there", MODEL, {}, L.UP, S.NONE, "all 4 legs up"),
    (
        "a part goes to a dead trunk",
        {"nyc-1": "down up", "lon-1": "up up"},
        {"nyc-1": "25/75"},
        L.DEGRADED,
        S.CRITICAL,
        "us-outbound on nyc-1 still goes 25 % to alpha-us, which is down: S moves it",
    ),
    ("most goes to the first", MODEL, {"nyc-1": "75/25"}, L.UP, S.NONE, "all 4 legs up"),
    (
        "most goes past the first",
        MODEL,
        {"nyc-1": "10/90", "lon-1": "10/90"},
        L.UP,
        S.WARNING,
        "goes to alpha-us 10 %, beta-us 90 % on nyc-1, lon-1; alpha-us is fine again",
    ),
    (
        "no path at all",
        {"nyc-1": "down down"},
        {"nyc-1": "first"},
        L.DOWN,
        S.CRITICAL,
        "no path: all 2 legs are down",
    ),
    (
        "moved where the first is held out, and that is fine elsewhere",
        {"nyc-1": "off up", "lon-1": "up up"},
        {"nyc-1": "alpha held", "lon-1": "first"},
        L.UP,
        S.WARNING,
        "goes to beta-us on nyc-1; alpha-us is fine again",
    ),
    (
        "moved where the first is held out, and nobody else knows of it",
        {"nyc-1": "off up"},
        {"nyc-1": "alpha held"},
        L.UP,
        S.NONE,
        "its one leg is up; others stand by or are off; calls go to beta-us on nyc-1",
    ),
    (
        "held, and by hand anyway",
        MODEL,
        {"nyc-1": "beta held", "lon-1": "first"},
        L.UP,
        S.NONE,
        "all 4 legs up",
    ),
    (
        "moved by hand, two kinds of trouble at once",
        {"nyc-1": "down up", "lon-1": "up up"},
        {"nyc-1": "first", "lon-1": "foreign"},
        L.DEGRADED,
        S.CRITICAL,
        "us-outbound on nyc-1 still goes to alpha-us, which is down: S moves it (+1 more)",
    ),
]


BY_ITSELF: list[Rule] = [
    (
        "it did not move",
        {"nyc-1": "down up", "lon-1": "up up"},
        {"nyc-1": "first"},
        L.DEGRADED,
        S.MAJOR,
        "us-outbound on nyc-1 still goes to alpha-us, which is down: the SBC did not move it by itself",
    ),
    (
        "it moved, and has not come back yet",
        MODEL,
        {"nyc-1": "beta"},
        L.UP,
        S.NONE,
        "all 4 legs up; calls go to beta-us on nyc-1",
    ),
    (
        "an entry is pinned",
        MODEL,
        {"nyc-1": "alpha held"},
        L.UP,
        S.WARNING,
        "us-outbound on nyc-1: alpha-us is held out by hand until let in again",
    ),
    (
        "the spare is pinned: nothing to move to",
        MODEL,
        {"nyc-1": "beta held"},
        L.UP,
        S.WARNING,
        "us-outbound on nyc-1: beta-us is held out by hand until let in again",
    ),
]
