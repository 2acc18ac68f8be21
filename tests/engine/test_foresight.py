"""Findings in the engine: worked out when what they rest on changes, metadata asked beside it, news told once."""

from __future__ import annotations

import asyncio
import datetime as dt
from unittest.mock import patch

from msgspec import structs

from tests.fleets import NOW, fleet, leg, sbc
from tests.health.finding_cases import TODAY, ago, credential, recorded, trunk
from trunktui.engine.finding_news import MOST, SETTLE_S
from trunktui.engine.foresight import AFTER_FAILURE_S, AGAIN_S, Argv, Foresight
from trunktui.engine.protocol import applied, difference
from trunktui.engine.recorder import Recorder
from trunktui.health.findings import foreseen
from trunktui.model.finding import Finding, FindingKind, RecordKind, Told
from trunktui.model.health import Severity
from trunktui.model.history import Event, EventKind, Known, Memory
from trunktui.model.inventory import Credential, Inventory
from trunktui.model.snapshot import SbcStatus, Snapshot
from trunktui.model.text import Safe

VAULT = ("vault", "kv", "metadata", "get", "acme")
DEADLINE_S = 20.0


class Watch:
    """A Foresight whose clock, day, config and metadata command a test moves."""

    def __init__(self, inventory: Inventory) -> None:
        self.inventory = inventory
        self.now = 0.0
        self.today = TODAY
        self.ran: list[Argv] = []
        self.day: dt.date | None = ago(95)
        self.changes = 0
        self.records = recorded(RecordKind.AUDITED, "nobody", 1)
        self.foresight = Foresight(
            lambda: self.inventory,
            lambda: self.now,
            lambda: self.today,
            self._run,
            self._changed,
            lambda: self.records,
        )

    def _run(self, argv: Argv) -> Told:
        self.ran.append(argv)
        return Told("", self.day, Safe("command vault"), Safe("" if self.day else "command vault failed"))

    def _changed(self) -> None:
        self.changes += 1

    def kinds(self, snapshot: Snapshot) -> list[FindingKind]:
        """Return what is found ten seconds later."""
        self.now += 10
        return [one.kind for one in self.foresight.laid_over(snapshot).findings or ()]

    async def asked(self, times: int) -> None:
        """Watch until metadata commands ran so many times."""
        watching = asyncio.ensure_future(self.foresight.watch())
        try:
            async with asyncio.timeout(DEADLINE_S):
                while len(self.ran) < times or self.foresight._due():
                    await asyncio.sleep(0.01)
        finally:
            watching.cancel()
            await asyncio.gather(watching, return_exceptions=True)


def test_findings_are_worked_out_again_only_when_something_they_rest_on_changed() -> None:
    made = credential(ago(75))
    watch, snapshot = Watch(made.inventory), made.arguments[0]
    with patch("trunktui.engine.foresight.foreseen", wraps=foreseen) as worked:
        assert watch.kinds(snapshot) == []
        older = structs.replace(snapshot, at=NOW + 30, legs=(structs.replace(snapshot.legs[0], load=3),))
        assert watch.kinds(older) == []
        assert worked.call_count == 1
        watch.today += dt.timedelta(days=1)
        assert watch.kinds(older) == [FindingKind.CRED_DUE]
        watch.records = recorded(RecordKind.ROTATED, "acme", 0)
        assert watch.kinds(older) == []
        watch.inventory = credential(None).inventory
        watch.records = ()
        assert watch.kinds(older) == [FindingKind.CRED_UNKNOWN]
        assert worked.call_count == 4


def test_live_state_is_shown_at_once_while_findings_wait_their_turn() -> None:
    made = credential(ago(95))
    watch, snapshot = Watch(made.inventory), made.arguments[0]
    first = watch.foresight.laid_over(snapshot)
    down = structs.replace(snapshot, legs=(structs.replace(snapshot.legs[0], username=Safe("other")),))
    second = watch.foresight.laid_over(down)
    assert second.legs is down.legs
    assert second.findings is first.findings
    watch.now += 5
    assert (
        "username other (the config says acme)"
        in (watch.foresight.laid_over(down).findings or ())[0].evidence
    )


def test_a_metadata_command_is_run_once_for_all_its_trunks_and_again_after_hours() -> None:
    held = Credential(metadata=VAULT)
    inventory = Inventory(trunks=(trunk("a", credential=held), trunk("b", credential=held)))
    watch = Watch(inventory)
    snapshot = fleet(leg("a@nyc-1"), leg("b@nyc-1"))
    assert watch.kinds(snapshot) == [], "not asked yet is no finding"

    async def go() -> None:
        await watch.asked(1)
        assert (watch.ran, watch.changes) == ([VAULT], 1)
        assert watch.kinds(snapshot) == [FindingKind.CRED_OVERDUE] * 2
        watch.now += AGAIN_S - 100
        assert watch.foresight._due() == []
        watch.now += 200
        watch.day = None
        await watch.asked(2)
        assert watch.kinds(snapshot) == [FindingKind.CRED_UNKNOWN] * 2
        watch.now += AFTER_FAILURE_S
        assert watch.foresight._due() == [VAULT]

    asyncio.run(go())


def found(*subjects: str, kind: FindingKind = FindingKind.NO_CAP) -> tuple[Finding, ...]:
    """Return a finding about each subject."""
    return tuple(
        Finding(kind, Safe(one), Severity.WARNING, Safe(f"about {one}"), Safe("mend it")) for one in subjects
    )


class News:
    """A recorder that is shown findings, a minute from one look to the next."""

    def __init__(self, memory: Memory = Memory()) -> None:  # noqa: B008 - frozen
        self.recorder = Recorder(memory, 0.0)
        self.now = NOW
        self.known: dict[str, str] = {}

    def look(self, *findings: Finding, after_s: float = 60.0, box: SbcStatus | None = None) -> list[Event]:
        """Show a look, and return the news of findings."""
        self.now += after_s
        boxes = (box or sbc("nyc-1", polled_at=self.now - 1),)
        got = self.recorder.look(Snapshot(1, self.now, boxes, findings=findings), 0.0)
        self.known |= {one.subject: one.state for one in got.known if one.kind is EventKind.FINDING}
        for one in got.forgotten:
            self.known.pop(one.subject, None)
        return [one for one in got.events if one.kind is EventKind.FINDING]

    def again(self) -> News:
        """Return a recorder that goes on after a restart with what was kept."""
        memory = tuple(Known(EventKind.FINDING, Safe(key), Safe(state)) for key, state in self.known.items())
        after = News(Memory(known=memory, seen=self.now))
        after.known = dict(self.known)
        return after


def test_what_a_first_life_meets_is_no_news_and_what_comes_later_is() -> None:
    news = News()
    assert news.look(*found("a", "b")) == []
    assert news.look(*found("a", "b", "c")) == [], "settings are read over many polls"
    (event,) = news.look(*found("a", "b", "c", "d"), after_s=SETTLE_S + 1)
    assert (event.subject, event.sentence, event.after, event.severity) == (
        "d",
        "about d",
        "no_cap",
        Severity.WARNING,
    )
    assert news.look(*found("a", "b", "c", "d")) == []


def test_a_finding_is_gone_once_it_is_missing_for_a_while() -> None:
    news = News()
    news.look(*found("a"))
    assert news.look(after_s=SETTLE_S) == []
    assert news.look(*found("a")) == [], "it was only missing"
    assert news.look() == []
    (event,) = news.look(after_s=SETTLE_S)
    assert (event.subject, event.sentence, event.after) == ("a", "no longer found: no cap", "gone")


def test_after_a_restart_the_same_findings_are_no_news_and_a_new_one_is() -> None:
    first = News()
    first.look(*found("a", "b"))
    second = first.again()
    assert [one.subject for one in second.look(*found("a", "b", "c"))] == ["c"]
    assert second.again().look(*found("a", "b", "c")) == []


def test_what_is_read_from_an_sbc_is_not_gone_before_that_answered() -> None:
    kept = found("acme@nyc-1", kind=FindingKind.KEEPALIVE_OFF)
    first = News()
    first.look(*kept)
    second = first.again()
    silent = sbc("nyc-1", polled_at=None)
    for _ in range(20):
        assert second.look(box=silent) == []
    assert second.look() != []


def test_many_at_once_are_one_event_that_counts_them() -> None:
    news = News()
    news.look()
    many = found(*(f"t{number}" for number in range(MOST + 1)))
    (came,) = news.look(*many, after_s=SETTLE_S + 1)
    assert came.sentence == f"{MOST + 1} findings came: {MOST + 1} no cap"
    news.look()
    (gone,) = news.look(after_s=SETTLE_S)
    assert gone.sentence == f"{MOST + 1} findings gone: {MOST + 1} no cap"


def test_findings_travel_to_the_screen_only_when_they_differ() -> None:
    plain = fleet(leg("acme@nyc-1"))
    first = structs.replace(plain, findings=found("a"), credentials=())
    same = structs.replace(first, generation=2, at=NOW + 5)
    assert difference(first, same).foreseen is None
    assert applied(first, difference(first, same)) == same
    none = structs.replace(same, findings=())
    assert applied(same, difference(same, none)) == none
    assert applied(plain, difference(plain, first)) == first
