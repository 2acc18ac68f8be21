"""The file of calls on a simulated SBC: its lines are what the product reads of a real one, and it only grows."""

from __future__ import annotations

from trunktui.demo.call_file import (
    CLEARED,
    CONGESTED,
    MOST_BYTES,
    PATH,
    REFUSED,
    RUNG_OUT,
    CallFile,
    FileSeen,
    TriedCall,
)
from trunktui.demo.file_words import answer, concerned
from trunktui.demo.plan import newcomers_fleet
from trunktui.demo.story import NEWCOMERS_STORY, UNPAID_LEG, Kind
from trunktui.demo.tempo import Tempo
from trunktui.demo.world import World
from trunktui.model.observation import Box
from trunktui.model.tail import CallOutcome, CallRecord
from trunktui.model.text import clean_lines
from trunktui.platforms.asterisk_calls import CALLS, parse_calls

AT = 1_795_650_000.0
CALLED = (
    TriedCall("1", "alpha-us", AT, AT + 5, AT + 65, CLEARED),
    TriedCall("2", "alpha-us", AT + 1, None, AT + 1, REFUSED),
    TriedCall("3", "delta-retail", AT + 2, None, AT + 2, CONGESTED),
    TriedCall("4", "bravo-us", AT + 3, None, AT + 33, RUNG_OUT),
)


def read(data: bytes) -> tuple[CallRecord, ...]:
    facts = parse_calls(tuple(clean_lines(data)), Box(zone_s=0))
    assert not facts.unread
    return facts.calls


def filled() -> CallFile:
    file = CallFile("nyc-1")
    for call in CALLED:
        file.add(call)
    return file


def test_each_call_is_read_as_what_became_of_it() -> None:
    (seen,) = filled().seen(AT + 100)
    told = sorted(
        (one.began or 0, one.endpoint, one.outcome, one.talk_s, one.cause) for one in read(seen.data)
    )
    assert [one[1:] for one in told] == [
        ("alpha-us", CallOutcome.ANSWERED, 60, 16),
        ("alpha-us", CallOutcome.REFUSED, None, 21),
        ("delta-retail", CallOutcome.REFUSED, None, 34),
        ("bravo-us", CallOutcome.NO_ANSWER, None, None),
    ]


def test_it_only_grows_and_how_often_it_is_looked_at_changes_nothing() -> None:
    often, last = filled(), b""
    for second in range(0, 100, 3):
        data = b"".join(seen.data for seen in often.seen(AT + second))
        assert data.startswith(last)
        last = data
    assert filled().seen(AT + 99)[0].data == last
    assert CallFile("nyc-1").seen(AT) == ()


def test_a_large_one_is_moved_away_and_another_begun() -> None:
    file = CallFile("nyc-1")
    for n in range(3000):
        file.add(TriedCall(f"{n}", "alpha-us", AT + n, None, AT + n, REFUSED))
    now, old = file.seen(AT + 4000)
    assert (now.path, old.path) == (PATH, f"{PATH}.1")
    assert now.inode != old.inode
    assert len(old.data) <= MOST_BYTES
    assert len(read(old.data)) + len(read(now.data)) in {2999, 3000, 3001}


def test_it_is_looked_at_as_a_file_of_a_machine() -> None:
    files = (FileSeen(PATH, 4712, b"0123456789", AT), FileSeen(f"{PATH}.1", 4711, b"old", AT - 9))
    folder = PATH.rpartition("/")[0]
    assert answer(("stat", "-L", "-t", PATH), files) == (
        f"{PATH} 10 1 81a0 105 4 fe01 4712 1 0 0 {AT:.0f} {AT:.0f} {AT:.0f} {AT:.0f} 4096\n".encode(),
        b"",
        0,
    )
    missing = answer(("stat", "-L", "-t", f"{PATH}.9"), files)
    assert missing is not None
    assert (missing[0], missing[2]) == (b"", 1)
    read_on = (
        "dd",
        f"if={PATH}",
        "bs=65536",
        "iflag=skip_bytes,count_bytes",
        "skip=3",
        "count=4",
        "status=none",
    )
    assert answer(read_on, files) == (b"3456", b"", 0)
    listed = "".join(f"{PATH.rpartition('/')[2]}{end}\n" for end in ("", ".1"))
    assert answer(("ls", "-1", folder), files) == (listed.encode(), b"", 0)
    assert concerned(read_on)
    assert concerned(("stat", "-L", "-t", "/var/log/asterisk/messages.log"))
    assert not concerned(("stat", "-t", "/etc/asterisk/pjsip.conf"))
    assert CALLS.path == PATH


def test_the_story_refuses_every_call_of_a_leg_that_stands() -> None:
    world = World(newcomers_fleet(), NEWCOMERS_STORY, 5, Tempo(1.0))
    trouble = next(one for one in NEWCOMERS_STORY.troubles if one.kind is Kind.CALLS_REFUSED)
    trunk, _, sbc = UNPAID_LEG.partition("@")
    end = trouble.end - 1.0
    look = world.look(sbc, end)
    assert next(row.word for row in look.registrations if row.name == trunk) == "Registered"
    assert all(row.word == "Avail" for row in look.contacts if row.aor == trunk)
    assert not world.truth(UNPAID_LEG, end).works
    began = look.clock_s - (end - trouble.start)
    data = b"".join(seen.data for seen in reversed(world.files(sbc, end)))
    own = [one for one in read(data) if one.endpoint == trunk and (one.began or 0.0) > began + 1]
    assert len(own) >= 20
    assert {(one.outcome, one.cause) for one in own} == {(CallOutcome.REFUSED, 21)}
