"""What crafted and mutated replies may do: cost a poll; never put a wrong value in, never throw, never grow."""

from __future__ import annotations

import asyncio
import random
import resource
import time
from collections.abc import Callable

import pytest

from tests.transport import ber
from tests.transport.snmp_agents import (
    ASK,
    COMMUNITY,
    GET,
    NAME,
    QUICK,
    TICKS,
    TRUTH,
    UPTIME,
    WORD,
    agent,
    asker,
    bindings,
    truth,
)
from trunktui.model.link import SnmpError, SnmpState
from trunktui.model.secret import Secret
from trunktui.model.snmp import Got, Kind, SnmpAsk, SnmpWalk, oid
from trunktui.transport.snmp import V2cSession
from trunktui.transport.snmp_asker import SnmpLimits, SnmpShared
from trunktui.transport.snmp_check import BadReplyError, RefusedError, Reply, read_get

Craft = Callable[[int], bytes | list[bytes]]
"""Makes the reply, or replies, to the request of this id."""

COLUMN = oid("1.3.6.1.2.1.25.2.3.1.3")


def reply(bound: list[bytes], rid: int, status: int = 0, tag: int = ber.RESPONSE, **how: int) -> bytes:
    return ber.message(COMMUNITY.encode(), ber.pdu(tag, rid, bound, status), **how)


def uptime(value: bytes) -> Craft:
    """Return the reply whose first variable has this value and whose second is true."""
    return lambda rid: reply([ber.binding(UPTIME, value), bindings()[1]], rid)


def name(value: bytes) -> Craft:
    return lambda rid: reply([bindings()[0], ber.binding(NAME, value)], rid)


def whole(rid: int) -> bytes:
    return reply(bindings(), rid)


def nested(depth: int) -> bytes:
    data = b""
    for _ in range(depth):
        data = ber.tlv(ber.SEQUENCE, data)
    return data


GARBAGE = random.Random(4).randbytes(300)
CRAFTED: dict[str, Craft] = {
    "another request's id": lambda rid: whole(rid + 1),
    "another community": lambda rid: ber.message(b"public", ber.pdu(ber.RESPONSE, rid, bindings())),
    "version 1": lambda rid: reply(bindings(), rid, version=0),
    "version 3": lambda rid: reply(bindings(), rid, version=3),
    "version 257": lambda rid: reply(bindings(), rid, version=257),
    "a GET comes back": lambda rid: reply(bindings(), rid, tag=ber.GET),
    "a SET comes back": lambda rid: reply(bindings(), rid, tag=ber.SET),
    "a trap comes back": lambda rid: reply(bindings(), rid, tag=ber.TRAP),
    "a report comes back": lambda rid: reply(bindings(), rid, tag=ber.REPORT),
    "an unknown PDU": lambda rid: reply(bindings(), rid, tag=0xA9),
    "one byte": lambda _: b"0",
    "garbage": lambda _: GARBAGE,
    "text": lambda _: b"HTTP/1.1 400 Bad Request\r\n\r\n",
    "cut in the middle": lambda rid: whole(rid)[:40],
    "cut by one byte": lambda rid: whole(rid)[:-1],
    "one byte too many": lambda rid: whole(rid) + b"\0",
    "two messages in one datagram": lambda rid: whole(rid) * 2,
    "error genErr": lambda rid: reply(bindings(), rid, status=5),
    "error 200 with variables": lambda rid: reply(bindings(), rid, status=200),
    "error -1": lambda rid: reply(bindings(), rid, status=-1),
    "noSuchName with variables": lambda rid: reply(bindings(), rid, status=2),
    "authorizationError": lambda rid: reply(bindings(), rid, status=16),
    "no variable": lambda rid: reply([], rid),
    "one variable of two": lambda rid: reply(bindings()[:1], rid),
    "three variables of two": lambda rid: reply([*bindings(), bindings()[0]], rid),
    "in another order": lambda rid: reply(bindings()[::-1], rid),
    "the first one twice": lambda rid: reply([bindings()[0]] * 2, rid),
    "another object": lambda rid: reply(
        [ber.binding((*UPTIME[:-1], 1), ber.number(7, ber.TICKS)), bindings()[1]], rid
    ),
    "a longer object": lambda rid: reply(
        [ber.binding((*UPTIME, 0), ber.number(7, ber.TICKS)), bindings()[1]], rid
    ),
    "a gauge for ticks": uptime(ber.number(7, ber.GAUGE)),
    "a counter for ticks": uptime(ber.number(7, ber.COUNTER)),
    "an integer for ticks": uptime(ber.number(7)),
    "a 64-bit counter for ticks": uptime(ber.number(7, ber.COUNTER64)),
    "text for ticks": uptime(ber.tlv(ber.OCTETS, b"7")),
    "an address for ticks": uptime(ber.tlv(ber.IP, b"\1\2\3\4")),
    "an address of 3 bytes": uptime(ber.tlv(ber.IP, b"\1\2\3")),
    "opaque for ticks": uptime(ber.tlv(ber.OPAQUE, b"\x9f\x78\4\0\0\0\0")),
    "null for ticks": uptime(ber.tlv(ber.NULL, b"")),
    "noSuchObject": uptime(ber.tlv(ber.NO_OBJECT, b"")),
    "noSuchInstance": uptime(ber.tlv(ber.NO_INSTANCE, b"")),
    "noSuchObject with a value": uptime(ber.tlv(ber.NO_OBJECT, b"\1")),
    "endOfMibView to a GET": uptime(ber.tlv(ber.END, b"")),
    "negative ticks": uptime(ber.number(-1, ber.TICKS)),
    "ticks above 32 bits": uptime(ber.number(2**32, ber.TICKS)),
    "ticks without a byte": uptime(ber.tlv(ber.TICKS, b"")),
    "an integer of 60 kB": uptime(ber.tlv(ber.INTEGER, b"\x7f" * 60_000)),
    "ticks of 60 kB": uptime(ber.tlv(ber.TICKS, b"\x7f" * 60_000)),
    "an object id without a byte": lambda rid: reply(
        [ber.tlv(ber.SEQUENCE, ber.tlv(ber.OID, b"") + ber.number(7, ber.TICKS)), bindings()[1]], rid
    ),
    "an object id of 5,000 parts": lambda rid: reply(
        [ber.binding((1, 3) + (1,) * 5000, ber.number(7, ber.TICKS)), bindings()[1]], rid
    ),
    "an endless object id part": lambda rid: reply(
        [ber.tlv(ber.SEQUENCE, ber.tlv(ber.OID, b"\x2b" + b"\xff" * 300) + ber.number(7)), bindings()[1]], rid
    ),
    "nested 1,000 deep": lambda _: nested(1000),
    "a value nested in itself": uptime(nested(50)),
    "indefinite lengths": lambda rid: b"0\x80" + whole(rid)[2:] + b"\0\0",
    "a length past the end": lambda rid: b"0\x84\x7f\xff\xff\xff" + whole(rid)[2:],
    "a number for a name": name(ber.number(7)),
    "a thousand wrong ones at once": lambda _: [GARBAGE] * 1000,
}
READ_WELL: dict[str, tuple[Craft, str]] = {
    "the truth": (whole, "sbc1"),
    "the truth twice": (lambda rid: [whole(rid)] * 2, "sbc1"),
    "the truth behind junk": (lambda rid: [GARBAGE, whole(rid + 1), b"", whole(rid)], "sbc1"),
    "long lengths": (lambda rid: b"0\x82" + len(whole(rid)[2:]).to_bytes(2, "big") + whole(rid)[2:], "sbc1"),
    "escape sequences": (
        name(ber.tlv(ber.OCTETS, b"\x1b]52;c;x\x07sbc\xc2\x9b")),
        "\u241b]52;c;x\u2407sbc\ufffd",
    ),
    "no UTF-8": (name(ber.tlv(ber.OCTETS, b"sbc\xff")), "sbc\ufffd"),
    "a password": (name(ber.tlv(ber.OCTETS, b"password = hunter2")), "password = ***"),
    "a text of 30 kB": (name(ber.tlv(ber.OCTETS, b"a" * 30_000)), "a" * 4095 + "…"),
}


async def ask(craft: Craft, limits: SnmpLimits = QUICK) -> dict[str, object]:
    """Return the values believed of an agent that answers so; raises SnmpError."""

    def answer(request: bytes) -> list[bytes]:
        crafted = craft(ber.read_request(request).request_id)
        return crafted if isinstance(crafted, list) else [crafted]

    async with agent(answer) as there:
        answered = await asker(there.port, SnmpShared(limits)).ask(ASK, 5.0)
        return dict(answered.gets[0].values)


@pytest.mark.parametrize("fault", CRAFTED)
async def test_no_crafted_reply_is_believed_and_none_throws(fault: str) -> None:
    state, believed = SnmpState.OK, {}
    try:
        believed = await ask(CRAFTED[fault])
    except SnmpError as error:
        state = error.state
    # What is true beside a bad variable is believed; the bad one is missing, not 0.
    assert believed.items() < TRUTH.items()
    if not believed:
        special = {"authorizationError": SnmpState.AUTH, "another request's id": SnmpState.TIMEOUT}
        assert state is special.get(fault, SnmpState.UNREADABLE)


def test_there_are_forty_crafted_faults_and_more() -> None:
    assert len(CRAFTED) >= 40


@pytest.mark.parametrize("case", READ_WELL)
async def test_what_is_well_formed_is_read_and_made_harmless(case: str) -> None:
    craft, word = READ_WELL[case]
    assert await ask(craft) == {"uptime": TICKS, "name": word}


@pytest.mark.parametrize("stranger", ["127.0.0.1", "127.0.0.2"], ids=["another port", "another address"])
async def test_a_true_reply_from_anybody_else_is_never_seen(stranger: str) -> None:
    async with agent(lambda _: []) as there:
        loop = asyncio.get_running_loop()
        voice, _ = await loop.create_datagram_endpoint(asyncio.DatagramProtocol, local_addr=(stranger, 0))
        there.answer_by = lambda request, addr: voice.sendto(truth(request), addr)
        with pytest.raises(SnmpError) as failed:
            await asker(there.port).ask(ASK, 5.0)
        voice.close()
    assert there.asked == QUICK.tries
    assert failed.value.state is SnmpState.TIMEOUT


async def test_a_late_reply_to_an_earlier_ask_is_no_answer_to_the_next() -> None:
    kept: list[bytes] = []

    def one_behind(request: bytes) -> list[bytes]:
        kept.append(truth(request))
        return kept[:-1]

    async with agent(one_behind) as there:
        same = asker(there.port, SnmpShared(SnmpLimits(wait_s=0.06, tries=1)))
        for _ in range(4):
            with pytest.raises(SnmpError):
                await same.ask(ASK, 5.0)
        assert len(kept) == 4


async def test_a_lost_request_is_sent_again() -> None:
    lost = iter([True, False])
    async with agent(lambda request: [] if next(lost) else [truth(request)]) as there:
        answered = await asker(there.port).ask(ASK, 5.0)
    assert answered.gets[0].values == TRUTH


async def test_a_port_where_nothing_listens_is_told_at_once_and_apart_from_silence() -> None:
    async with agent(lambda _: []) as gone:
        port = gone.port
    began = time.monotonic()
    with pytest.raises(SnmpError, match="port is refused"):
        await asker(port, SnmpShared(SnmpLimits(wait_s=8.0, tries=3))).ask(ASK, 30.0)
    assert time.monotonic() - began < 8.0, "it waited for an answer first"


async def test_silence_names_every_cause_that_fits() -> None:
    async with agent(lambda _: []) as there:
        with pytest.raises(SnmpError, match=r"host is down.*firewall.*snmpd.*community is wrong") as failed:
            await asker(there.port).ask(ASK, 5.0)
        assert failed.value.state is SnmpState.TIMEOUT
        assert COMMUNITY not in failed.value.reason
        assert there.asked == QUICK.tries


# -- walks


def table(rows: list[tuple[int, bytes]], end: bool = True) -> Callable[[bytes], list[bytes]]:
    """Return an agent that walks a column of these rows; behind it stands another one, or the end."""

    def answer(request: bytes) -> list[bytes]:
        asked = ber.read_request(request)
        if asked.tag != ber.BULK:
            return [truth(request)]
        after = asked.oids[0]
        page = [ber.binding((*COLUMN, i), value) for i, value in rows if (*COLUMN, i) > after]
        tail = ber.tlv(ber.END, b"") if end else ber.number(1)
        page = [*page, ber.binding((*COLUMN[:-1], 4, 1), tail)][: asked.repetitions]
        return [ber.message(asked.community, ber.pdu(ber.RESPONSE, asked.request_id, page))]

    return answer


async def walk(answer: Callable[[bytes], list[bytes]], most: int = 50) -> tuple[Got, dict[int, object], str]:
    column = SnmpWalk("names", COLUMN, Kind.TEXT, most)
    async with agent(answer) as there:
        done = (await asker(there.port).ask(SnmpAsk(ASK.gets, (column,)), 5.0)).walk("names")
    assert done is not None
    return (done.got, {index[0]: value for index, value in done.rows.items()}, done.why)


NAMES = [(i, ber.tlv(ber.OCTETS, b"row %d" % i)) for i in range(1, 24)]


@pytest.mark.parametrize("end", [True, False], ids=["at the end of the view", "at the next column"])
async def test_a_column_is_read_page_by_page_to_its_end(*, end: bool) -> None:
    assert await walk(table(NAMES, end)) == (Got.ANSWERED, {i: f"row {i}" for i, _ in NAMES}, "")


async def test_a_column_longer_than_agreed_is_not_believed_at_all() -> None:
    got, rows, why = await walk(table(NAMES), 10)
    assert (got, rows) == (Got.UNREADABLE, {})
    assert "more than 10 rows" in why


@pytest.mark.parametrize(
    "step", [lambda i: 1, lambda i: 24 - i, lambda i: 1 + i % 3], ids=["stands", "falls", "loops"]
)
async def test_a_table_that_goes_in_circles_ends(step: Callable[[int], int]) -> None:
    count = 0

    def answer(request: bytes) -> list[bytes]:
        nonlocal count
        asked = ber.read_request(request)
        if asked.tag != ber.BULK:
            return [truth(request)]
        page = []
        for _ in range(asked.repetitions):
            count += 1
            page.append(ber.binding((*COLUMN, step(count)), ber.tlv(ber.OCTETS, b"x")))
        return [ber.message(asked.community, ber.pdu(ber.RESPONSE, asked.request_id, page))]

    got, rows, why = await walk(answer)
    assert (got, rows) == (Got.UNREADABLE, {})
    assert "circles" in why
    assert count <= 30


async def test_an_endless_table_ends_at_its_limit() -> None:
    def answer(request: bytes) -> list[bytes]:
        asked = ber.read_request(request)
        if asked.tag != ber.BULK:
            return [truth(request)]
        first = asked.oids[0][len(COLUMN)] + 1 if len(asked.oids[0]) > len(COLUMN) else 1
        page = [
            ber.binding((*COLUMN, first + i), ber.tlv(ber.OCTETS, b"x")) for i in range(asked.repetitions)
        ]
        return [ber.message(asked.community, ber.pdu(ber.RESPONSE, asked.request_id, page))]

    got, _, why = await walk(answer)
    assert got is Got.UNREADABLE
    assert "more than 50 rows" in why


async def test_a_table_whose_type_changes_half_way_is_not_believed() -> None:
    rows = [*NAMES[:7], (8, ber.number(8)), *NAMES[8:]]
    got, read, _ = await walk(table(rows))
    assert (got, read) == (Got.UNREADABLE, {})


# -- many


def mutated(data: bytes, dice: random.Random, keep: tuple[int, int] = (0, 0)) -> bytes:
    """Return `data` with one to four bytes changed, cut, repeated or put in, none of them in `keep`."""
    out = bytearray(data)
    for _ in range(dice.randint(1, 4)):
        at = dice.randrange(len(out))
        if keep[0] <= at < keep[1]:
            continue
        kind = dice.random()
        if kind < 0.6:
            out[at] = dice.randrange(256)
        elif kind < 0.8:
            out[at] ^= 1 << dice.randrange(8)
        elif at >= keep[1]:
            if kind < 0.9:
                del out[at]
            else:
                out.insert(at, dice.randrange(256))
        if not out:
            return b""
    return bytes(out)


def test_twenty_five_thousand_mutated_v2c_replies_put_no_wrong_value_in() -> None:
    """A changed byte of a value itself cannot be told in v2c, which signs nothing; every other one must be."""
    session, dice = V2cSession(Secret(COMMUNITY)), random.Random(11)
    values = {TICKS, WORD.decode()}
    slowest, believed = 0.0, 0
    before = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss
    for _ in range(25_000):
        sent = session.get((UPTIME, NAME), 0.0)
        good = truth(sent.datagram)
        # The value's bytes: the four of the ticks; the name's stand at the very end, and are cut off the dice.
        at = good.index(TICKS.to_bytes(4, "big"))
        bad = mutated(good[: -len(WORD)], dice, (at, at + 4)) + WORD
        began = time.thread_time()
        try:
            said = session.read(bad, sent, 0.0)
            answer = read_get(GET, said) if isinstance(said, Reply) else None
        except (BadReplyError, RefusedError):
            answer = None
        slowest = max(slowest, time.thread_time() - began)
        if answer is not None:
            believed += 1
            assert set(answer.values.values()) <= values, bad
    grown = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss - before
    assert believed < 25_000 / 4
    assert grown < 10_000
    assert slowest < 0.25


async def test_five_hundred_dead_agents_delay_no_living_one_and_take_no_memory() -> None:
    shared = SnmpShared(SnmpLimits(wait_s=0.2, tries=2))
    async with agent(lambda _: []) as dead, agent(lambda request: [truth(request)]) as living:
        alive = asker(living.port, shared)
        await alive.ask(ASK, 5.0)
        others = [asker(dead.port, shared) for _ in range(500)]
        waits: list[float] = []
        before = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss
        crowded = time.monotonic()
        crowd = asyncio.gather(*(other.ask(ASK, 5.0) for other in others), return_exceptions=True)
        while not crowd.done():
            began = time.monotonic()
            await alive.ask(ASK, 5.0)
            waits.append(time.monotonic() - began)
            await asyncio.sleep(0.02)
        results = await crowd
        crowd_s = time.monotonic() - crowded
        grown = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss - before
    assert {type(result) for result in results} == {SnmpError}
    # In one queue with the dead it would wait for most of them; a busy machine stretches both times alike.
    assert len(waits) >= 8
    assert sorted(waits)[len(waits) * 9 // 10] < crowd_s / 8
    assert max(waits) < crowd_s / 2
    assert grown < 10_000
