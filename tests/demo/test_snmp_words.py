"""The simulated agents' objects: those of the recordings, of their types, and in the order of a walk."""

from __future__ import annotations

import pytest

from tests.platforms.snmp_walks import recorded
from tests.transport import ber as other
from trunktui.demo import ber
from trunktui.demo.ber import Oid, Tag, Typed
from trunktui.demo.plan import newcomers_fleet
from trunktui.demo.rows import Call, Daemon, Disk, Look, Machine
from trunktui.demo.snmp_words import ASTERISK, Objects, objects
from trunktui.demo.story import FROZEN_SBC, NEWCOMERS_STORY, REBOOTING_SBC, Kind
from trunktui.demo.tempo import Tempo
from trunktui.demo.world import World
from trunktui.model.snmp import Kind as ObjectKind
from trunktui.model.snmp import oid

RECORDED_SCRIPT = oid("1.3.6.1.4.1.8072.1.3.2.3.1")
INDEX = oid("9.97.115.116.45.99.104.97.110.115")
"""As recorded: nsExtendOutput1Table with the entry `ast-chans`."""

TYPES = {
    Tag.INTEGER: ObjectKind.INTEGER.value,
    Tag.OCTETS: ObjectKind.TEXT.value,
    Tag.OID: ObjectKind.OID.value,
    Tag.COUNTER: ObjectKind.COUNTER.value,
    Tag.GAUGE: ObjectKind.GAUGE.value,
    Tag.TICKS: ObjectKind.TICKS.value,
}

MACHINE = Machine(
    name="sbc1",
    site="lab",
    uptime_s=6557.62,
    agent_uptime_s=4.41,
    agent_boots=1,
    load=(1.28, 1.17, 1.23),
    memory_kib=24684096,
    memory_used_kib=900000,
    disks=(Disk("/", 262144, 113),),
    certificate_days=9,
)
LOOK = Look(
    at=100.0,
    sbc="sbc1",
    daemon=Daemon.RUNNING,
    version="22.10.1+dfsg+~cs6.17.60671434-1",
    uptime_s=1226,
    calls=tuple(Call("acme", str(n), 1.0, 2.0) for n in range(6)),
    processed=12,
)


def walked(told: Objects) -> dict[Oid, Typed]:
    """Walk from the beginning to the end, as GETNEXT does."""
    found: dict[Oid, Typed] = {}
    at: Oid = (1, 3)
    while (step := told.after(at)) is not None and step[1].tag is not Tag.END_OF_VIEW:
        assert step[0] > at, "a walk must go on"
        at, typed = step
        found[at] = typed
    return found


def test_the_machines_objects_are_those_of_the_recording_and_of_its_types() -> None:
    ours, theirs = walked(objects(LOOK, MACHINE, ())), recorded("box.txt")
    assert theirs.keys() <= ours.keys()
    assert {name: TYPES[ours[name].tag] for name in theirs} == {name: b.type for name, b in theirs.items()}


@pytest.mark.parametrize(
    "name",
    [
        "1.3.6.1.2.1.1.3.0",
        "1.3.6.1.2.1.1.5.0",
        "1.3.6.1.2.1.1.6.0",
        "1.3.6.1.2.1.25.1.1.0",
        "1.3.6.1.2.1.25.2.3.1.2.31",
        "1.3.6.1.2.1.25.2.3.1.3.31",
        "1.3.6.1.2.1.25.2.3.1.5.31",
        "1.3.6.1.2.1.25.2.3.1.6.31",
        "1.3.6.1.2.1.25.2.3.1.5.1",
        "1.3.6.1.4.1.2021.10.1.5.1",
        "1.3.6.1.4.1.2021.10.1.5.3",
    ],
)
def test_what_that_machine_knew_is_told_in_its_words(name: str) -> None:
    assert objects(LOOK, MACHINE, ()).get(oid(name)) == Typed(
        objects(LOOK, MACHINE, ()).get(oid(name)).tag,  # type: ignore[union-attr]
        recorded("box.txt")[oid(name)].value,
    )


def test_asterisks_totals_are_those_of_the_recording() -> None:
    ours, theirs = walked(objects(LOOK, MACHINE, ())), recorded("asterisk-totals.txt")
    assert {name: TYPES[ours[name].tag] for name in theirs} == {name: b.type for name, b in theirs.items()}
    uptime, channels = oid("1.3.6.1.4.1.22736.1.2.1.0"), oid("1.3.6.1.4.1.22736.1.5.1.0")
    same = theirs.keys() - {uptime, channels}
    assert {name: ours[name].value for name in same} == {name: theirs[name].value for name in same}
    assert ours[uptime].value == 122_600
    assert ours[channels].value == 12, "two for each call"


def test_a_script_is_published_as_recorded() -> None:
    told = objects(LOOK, MACHINE, ("ast-chans",))
    values = [told.get((*RECORDED_SCRIPT, column, *INDEX)) for column in (1, 2, 3, 4)]
    assert values == [
        Typed(Tag.OCTETS, b"12 active channels"),
        Typed(Tag.OCTETS, b"12 active channels\n6 active calls\n12 calls processed"),
        Typed(Tag.INTEGER, 3),
        Typed(Tag.INTEGER, 0),
    ]


def test_what_is_not_there_is_told_apart_as_the_agent_does() -> None:
    told = objects(LOOK, MACHINE, ())
    assert told.get(oid("1.3.6.1.4.1.99999.1.0")) == Typed(Tag.NO_OBJECT)
    assert told.get(oid("1.3.6.1.4.1.22736.1.2.5.1.0")) == Typed(Tag.NO_INSTANCE)
    assert told.after(oid("1.3.6.1.4.1.22736.1.5.1.0")) == (
        oid("1.3.6.1.4.1.22736.1.5.1.0"),
        Typed(Tag.END_OF_VIEW),
    )


@pytest.mark.parametrize("daemon", [Daemon.STOPPED, Daemon.LOADING])
def test_without_asterisk_there_are_no_objects_of_its(daemon: Daemon) -> None:
    told = objects(Look(1.0, "sbc1", daemon, "22.10.1", 0), MACHINE, ())
    assert told.get((*ASTERISK, 1, 5, 1, 0)) == Typed(Tag.NO_OBJECT)
    assert not [name for name in walked(told) if name[: len(ASTERISK)] == ASTERISK]


def test_a_frozen_asterisk_keeps_who_asks_for_it_waiting_and_nobody_else() -> None:
    told = objects(Look(1.0, "sbc1", Daemon.FROZEN, "22.10.1", 0), MACHINE, ("ast-chans",))
    assert told.get((*ASTERISK, 1, 5, 1, 0)) is None
    assert told.get(oid("1.3.6.1.2.1.1.5.0")) == Typed(Tag.OCTETS, b"sbc1")
    assert told.get((*RECORDED_SCRIPT, 4, *INDEX)) == Typed(Tag.INTEGER, 124)
    assert len(walked(told)) > 50, "a walk goes on up to the sub-agent"
    assert told.after((*RECORDED_SCRIPT, 4, *INDEX)) is None
    assert told.after((*ASTERISK, 1, 9)) is None
    assert told.after((1, 3, 6, 1, 4, 1, 22737)) is not None


def test_a_certificate_that_ends_soon_is_an_exit_status() -> None:
    name = (8, *b"tls-cert")
    told = objects(LOOK, MACHINE, ("tls-cert",))
    assert told.get((*RECORDED_SCRIPT, 4, *name)) == Typed(Tag.INTEGER, 1)


@pytest.mark.parametrize("value", [0, 1, 127, 128, 255, 256, 65535, 2**31 - 1, -1, -128, -129, -(2**31)])
def test_numbers_are_written_as_another_encoder_writes_them_and_read_back(value: int) -> None:
    raw = ber.integer(value)
    assert int.from_bytes(raw[2:], "big", signed=True) == value
    assert ber.number(raw, ber.element(raw, 0, len(raw))) == value
    if value >= 0:
        assert raw == other.number(value)
        assert ber.encoded(Typed(Tag.COUNTER, value)) == other.number(value, other.COUNTER)


def test_identifiers_and_long_texts_are_written_as_another_encoder_writes_them() -> None:
    for name in (
        oid("1.3.6.1.4.1.22736.1.5.1.0"),
        oid("1.3.6.1.4.1.2021.10.1.5.3"),
        oid("2.39.1.4294967295"),
    ):
        raw = ber.encoded(Typed(Tag.OID, name))
        assert raw == other.oid(name)
        assert ber.identifier(raw, ber.element(raw, 0, len(raw))) == name
    assert ber.octets(b"x" * 300) == other.tlv(other.OCTETS, b"x" * 300)


SPEED = 10.0


def world() -> World:
    return World(newcomers_fleet(), NEWCOMERS_STORY, 1, Tempo(SPEED))


def times(kind: Kind) -> tuple[float, float]:
    found = next(one for one in NEWCOMERS_STORY.troubles if one.kind is kind)
    return found.start / SPEED, found.end / SPEED


def test_a_machine_is_the_same_however_often_and_in_what_order_it_is_looked_at() -> None:
    one, two = world(), world()
    seconds = [n * 3.7 for n in range(80)]
    forth = {t: one.machine("lon-1", t) for t in seconds}
    back = {t: two.machine("lon-1", t) for t in reversed(seconds)}
    assert forth == back


def test_load_and_memory_follow_the_calls() -> None:
    fleet = world()
    seen = [fleet.machine("lon-1", n * 20.0) for n in range(30)]
    calls = [len(fleet.look("lon-1", n * 20.0).calls) for n in range(30)]
    quiet, busy = calls.index(min(calls)), calls.index(max(calls))
    assert seen[busy].load[1] > 2 * seen[quiet].load[1]
    assert seen[busy].memory_used_kib > seen[quiet].memory_used_kib


def test_a_reboot_starts_the_machine_and_its_agent_anew_and_is_counted() -> None:
    fleet, (begins, ends) = world(), times(Kind.REBOOT)
    before, after = fleet.machine(REBOOTING_SBC, begins - 1), fleet.machine(REBOOTING_SBC, ends + 3)
    assert before.uptime_s > 86400 * 200
    assert after.uptime_s == pytest.approx(3)
    assert after.agent_uptime_s == pytest.approx(2)
    assert (before.agent_boots, after.agent_boots) == (1, 2)
    assert after.load[2] < before.load[2] / 3
    loop = NEWCOMERS_STORY.period / SPEED
    assert fleet.machine(REBOOTING_SBC, 5 * loop + ends + 3).agent_boots == 7


def test_a_frozen_asterisk_leaves_its_machine_idle() -> None:
    fleet, (begins, ends) = world(), times(Kind.FROZEN)
    assert fleet.machine(FROZEN_SBC, ends - 0.5).load[0] < 0.5 * fleet.machine(FROZEN_SBC, begins - 1).load[0]
