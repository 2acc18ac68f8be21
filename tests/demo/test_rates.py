"""The simulated SBCs' counters, ids and clocks: what is read of them is what the world did, in its newcomers' story too."""

from __future__ import annotations

import pytest

from tests.demo.test_words import settings
from trunktui.demo import asterisk_words, box_words
from trunktui.demo.plan import newcomers_fleet
from trunktui.demo.rows import Daemon, Look
from trunktui.demo.story import NEWCOMERS_STORY, SURGING_TRUNK
from trunktui.demo.tempo import Tempo
from trunktui.demo.world import EPOCH, World
from trunktui.health.rates import RateMemory, remember_rates
from trunktui.model.ask import Answer, Command, Reply
from trunktui.model.text import clean_lines
from trunktui.platforms import asterisk


def fleet() -> World:
    return World(newcomers_fleet(), NEWCOMERS_STORY, 3, Tempo(10.0))


def answered(look: Look) -> Answer:
    """Return what a transport would bring for a poll."""

    def reply(command: Command) -> Reply:
        printed = box_words.answer(command.argv, look) or asterisk_words.answer(command.argv[-1], look)
        return Reply(command.key, printed.status, clean_lines(printed.out.encode()))

    return Answer(look.at - 0.1, look.at, tuple(map(reply, asterisk.poll_ask().commands)))


@pytest.mark.parametrize("sbc", ["lon-1", "nyc-1", "sgp-2"])
def test_what_is_read_between_two_looks_is_what_was_dialled_or_called_a_lower_bound(sbc: str) -> None:
    world, memory = fleet(), RateMemory()
    known = settings(world.look(sbc, 0.0))
    looks: list[Look] = []
    whole = least = dials = 0
    for n in range(1, 90):
        look = world.look(sbc, 2.0 * n)
        if look.daemon is not Daemon.RUNNING:
            looks, memory = [], RateMemory()
            continue
        looks.append(look)
        memory = remember_rates(memory, asterisk.parse_poll(answered(look), known, ()), restarted=False)
        for trunk in (trunk.name for trunk in look.trunks):
            rate = memory.rate(trunk)
            since = look.at - rate.window_s if rate is not None else 0.0
            first = next((one for one in looks if abs(one.at - since) < 0.01), None)
            if rate is None or first is None or len(looks) < 2:
                continue
            truth = look.dialled.get(trunk, 0) - first.dialled.get(trunk, 0)
            seen = round(rate.per_s * rate.window_s)
            assert seen == truth if rate.whole else seen <= truth
            whole, least, dials = whole + rate.whole, least + (not rate.whole), dials + truth
    assert whole > 100
    assert dials > 100


def test_a_campaign_that_its_carrier_turns_away_is_a_lower_bound() -> None:
    world, memory = fleet(), RateMemory()
    known = settings(world.look("lon-1", 0.0))
    bounds = set()
    for n in range(1, 90):
        look = world.look("lon-1", 2.0 * n)
        memory = remember_rates(memory, asterisk.parse_poll(answered(look), known, ()), restarted=False)
        rate = memory.rate(SURGING_TRUNK)
        bounds.add(rate is not None and rate.whole)
    assert bounds == {True, False}


def test_a_simulated_clock_shows_the_worlds_time_in_its_own_zone() -> None:
    world = fleet()
    for sbc, zone_s in (("nyc-1", -18000), ("lon-2", 0), ("sgp-1", 28800)):
        look = world.look(sbc, 12.3456)
        box = asterisk.parse_poll(answered(look), settings(look), ()).box
        assert box.clock_s == pytest.approx(EPOCH + 12.3456, abs=1e-5)
        assert box.zone_s == zone_s
        assert box.addresses == (look.address,)


def test_channels_carry_the_second_in_which_they_were_made_and_numbers_in_that_order() -> None:
    look = fleet().look("lon-1", 30.0)
    rows = asterisk.parse_poll(answered(look), settings(look), ()).channel_rows
    assert len(rows) == 2 * len(look.calls) == len({row.id for row in rows})
    made = {call.number: int(EPOCH + call.started) for call in look.calls}
    assert {row.serial // 2: row.began for row in rows if row.serial is not None} == made
    assert sorted(made.values()) == [made[number] for number in sorted(made)]
