"""The judge of the race of two operators, without a lab: what he must find, and that two logs have one order."""

from __future__ import annotations

import pytest
from msgspec.structs import replace

from .switch_race import TRUNKS, Done, Raced, Try, faults, merged

X, Y, Z = TRUNKS
WON = Try("alice", X, Y, "routed", True, "switched")
LOST = Try("bob", X, Z, "refused", False, f"alice@jump1 acts on this SBC right now (it says {Y} now)")
GOOD = Raced(((WON, LOST),), (X, Y), 9, (("alice", X, Y),), 1.0)


def test_a_race_that_one_won_and_the_other_was_told_of_is_fine() -> None:
    assert faults(GOOD) == []


@pytest.mark.parametrize(
    ("bad", "found"),
    [
        (replace(GOOD, said=(X, None, Y)), "the group stood at None"),
        (replace(GOOD, said=(X, Z, Y)), "the SBC said something else"),
        (replace(GOOD, rounds=((WON, replace(LOST, sent=True)),)), "not one of two won"),
        (replace(GOOD, rounds=((replace(WON, sent=False), LOST),)), "not one of two won"),
        (replace(GOOD, rounds=((WON, replace(LOST, sentence="refused")),)), "was not told"),
        (replace(GOOD, rounds=((WON, replace(LOST, sentence="alice@jump1 acts")),)), "was not told"),
        (replace(GOOD, order=(("bob", X, Y),)), "another order than the rounds"),
    ],
)
def test_what_does_not_hold_of_a_race_is_found(bad: Raced, found: str) -> None:
    assert any(found in sentence for sentence in faults(bad))


def test_two_logs_are_merged_by_what_each_switch_found_before_any_clock() -> None:
    logs = {"alice": [Done(X, Y, "3"), Done(Z, X, "9")], "bob": [Done(Y, Z, "1")]}
    assert merged(logs, X) == (("alice", X, Y), ("bob", Y, Z), ("alice", Z, X)), "bob's clock is behind"
    # Both could go first; only one of them leaves an order for the rest.
    logs = {"alice": [Done(X, Y, "0")], "bob": [Done(X, Z, "1"), Done(Z, X, "2")]}
    assert [who for who, _, _ in merged(logs, X)] == ["bob", "bob", "alice"]
    with pytest.raises(ValueError, match="no order"):
        merged({"alice": [Done(X, Y, "1")], "bob": [Done(X, Z, "2")]}, X)
