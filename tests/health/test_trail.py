"""Addresses that changed for good are told once; what DNS deals out of a pool, or drops for a look, is no news."""

from __future__ import annotations

import random

import pytest

from trunktui.health.trail import Trail, follow

LOOK_S = 300.0


def walk(*sets: str, trail: Trail = Trail(), at: float = 0.0) -> tuple[Trail, list[tuple[str, str]]]:  # noqa: B008
    """Return a trail after looks that saw these sets (one letter an address), and each change that it told."""
    told: list[tuple[str, str]] = []
    for one in sets:
        before, at = trail.settled, at + LOOK_S
        trail = follow(trail, one, at)
        if before is not None and trail.settled != before:
            told.append(("".join(sorted(before)), "".join(sorted(trail.settled or ()))))
    return trail, told


@pytest.mark.parametrize(
    ("sets", "told"),
    [
        (("a",), []),
        (("ab", "ba", "ab"), []),
        (("a", "b"), [("a", "b")]),
        (("ab", "cd"), [("ab", "cd")]),
        (("ab", "bc"), []),
        (("ab", "bc", "bc"), [("ab", "bc")]),
        (("ab", "a"), []),
        (("ab", "a", "a"), [("ab", "a")]),
        (("ab", "a", "ab"), []),
        (("a", ""), []),
        (("a", "", ""), [("a", "")]),
        (("a", "", "a"), []),
        (("a", "", "", "a", "a"), [("a", ""), ("", "a")]),
        (("a", "b", "a"), [("a", "b")]),
        (("a", "b", "a", "a"), [("a", "b"), ("b", "a")]),
        (("", "a"), [("", "a")]),
    ],
)
def test_what_is_news(sets: tuple[str, ...], told: list[tuple[str, str]]) -> None:
    assert walk(*sets)[1] == told


def test_a_change_tells_what_was_and_since_when() -> None:
    trail, _ = walk("ab", "bc", "bc")
    assert (trail.before, trail.since) == (frozenset("ab"), 2 * LOOK_S)
    assert walk("ab", "ab")[0].since is None


@pytest.mark.parametrize("seed", range(20))
@pytest.mark.parametrize("dealt", [1, 2, 3])
def test_a_pool_that_is_dealt_out_at_random_tells_a_few_changes_a_day_at_most(seed: int, dealt: int) -> None:
    chance = random.Random(seed)
    looks = ["".join(chance.sample("abcdefgh", dealt)) for _ in range(288)]
    trail, told = walk(*looks)
    assert len(told) <= 8
    assert trail.turns
    later = walk(*looks, trail=trail, at=288 * LOOK_S)[1]
    assert len(later) <= 1


def test_a_pool_whose_addresses_all_change_is_told_though_it_turns() -> None:
    trail, _ = walk(*("ab", "bc", "ca") * 8)
    assert walk("xy", "yz", "zx", trail=trail, at=24 * LOOK_S)[1] == []
    assert walk("xy", "xy", trail=trail, at=24 * LOOK_S)[1] == [("".join(sorted(trail.settled or ())), "xy")]


def test_what_is_remembered_is_bounded() -> None:
    trail = Trail()
    for number in range(2000):
        trail = follow(trail, (f"192.0.2.{number}",), number)
    assert len(trail.seen) <= 256
    assert len(trail.moves) == 3
