"""Where a group's calls go is an event when it changes: once, over restarts, and never for what is not known."""

from __future__ import annotations

from msgspec.structs import replace

from tests.fleets import NOW
from trunktui.engine.recorder import Recorder
from trunktui.engine.route_news import RouteNews
from trunktui.model.health import LegState, Severity
from trunktui.model.history import EventKind, Known, Memory
from trunktui.model.route import ActiveRoute, Mechanism, Route, RouteReading, RouteState, Share
from trunktui.model.snapshot import GroupStatus, Snapshot
from trunktui.model.text import Safe

UTC = 1_764_072_000.0
KEY = Route(Mechanism.ASTDB, "trunk/us-outbound")
FIRST = ActiveRoute(
    "nyc-1", KEY, RouteState.FIRST, "alpha-us", Safe("us-outbound on nyc-1 goes to alpha-us (first)")
)
MOVED = ActiveRoute(
    "nyc-1",
    KEY,
    RouteState.MOVED,
    "beta-us",
    Safe("us-outbound on nyc-1 goes to beta-us, not to alpha-us (first)"),
)
FOREIGN = ActiveRoute(
    "nyc-1",
    KEY,
    RouteState.FOREIGN,
    sentence=Safe('us-outbound on nyc-1 is set to "acme"'),
    reading=RouteReading(KEY, NOW, (Share(Safe("acme")),)),
)
UNSET = ActiveRoute("nyc-1", KEY, RouteState.UNSET)
UNKNOWN = ActiveRoute("nyc-1", KEY)


def snapshot(at: float, *routes: ActiveRoute) -> Snapshot:
    group = GroupStatus("us-outbound", LegState.UP, Severity.NONE, Safe("all 4 legs up"), active=routes)
    return Snapshot(1, at, groups=(group,))


class Watched:
    """News that is shown one look after another, 30 s apart, and what it leaves for a next life."""

    def __init__(self, known: dict[str, Known] | None = None) -> None:
        self.kept = dict(known or {})
        self.news = RouteNews(self.kept.values())
        self.now = NOW
        self.told: list[tuple[str, str, str, str]] = []
        self.sentences: list[str] = []
        self.times: list[float] = []

    def look(self, *routes: ActiveRoute) -> None:
        self.now += 30.0
        events, kept, forgotten = self.news.look(snapshot(self.now, *routes), UTC)
        self.kept.update({one.subject: one for one in kept})
        for one in forgotten:
            del self.kept[one.subject]
        self.told += [(e.subject, e.before, e.after, e.severity.value) for e in events]
        self.sentences += [event.sentence for event in events]
        self.times += [event.at - UTC for event in events]


def test_leaving_the_first_preference_and_coming_back_are_an_event_each() -> None:
    watched = Watched()
    for route in (UNKNOWN, FIRST, FIRST, MOVED, MOVED, FIRST):
        watched.look(route)
    assert watched.told == [
        ("us-outbound@nyc-1", "alpha-us", "beta-us", "warning"),
        ("us-outbound@nyc-1", "beta-us", "alpha-us", "none"),
    ]
    assert watched.sentences[0] == (
        "us-outbound on nyc-1 goes to beta-us, not to alpha-us (first); was alpha-us"
    )


def test_a_foreign_value_is_named_and_loud_and_a_value_that_was_taken_away_is_told() -> None:
    watched = Watched()
    for route in (FIRST, FOREIGN, UNSET):
        watched.look(route)
    assert watched.told == [
        ("us-outbound@nyc-1", "alpha-us", "acme", "critical"),
        ("us-outbound@nyc-1", "acme", "unset", "none"),
    ]


def test_what_is_not_known_for_a_while_and_then_as_before_is_no_event() -> None:
    watched = Watched()
    for route in (MOVED, UNKNOWN, UNKNOWN, MOVED):
        watched.look(route)
    assert watched.told == []


def test_what_changed_while_it_was_not_known_is_told_once_it_is() -> None:
    watched = Watched()
    for route in (FIRST, UNKNOWN, MOVED):
        watched.look(route)
    assert watched.told == [("us-outbound@nyc-1", "alpha-us", "beta-us", "warning")]


def test_a_start_tells_nothing_of_what_was_so_before_and_all_that_is_new_since() -> None:
    first = Watched()
    first.look(MOVED)
    assert first.told == [], "a first life does not know since when"
    again = Watched(first.kept)
    again.look(UNKNOWN)
    again.look(MOVED)
    assert again.told == []
    later = Watched(again.kept)
    later.look(FIRST)
    assert later.told == [("us-outbound@nyc-1", "beta-us", "alpha-us", "none")]


def test_the_event_is_as_old_as_the_reading_that_showed_it() -> None:
    watched = Watched()
    watched.look(FIRST)
    watched.look(replace(MOVED, since=watched.now + 12))
    assert watched.times == [NOW + 42]
    watched.look(replace(FIRST, since=NOW - 500))
    assert watched.times[1] == watched.now


def test_a_route_that_the_config_no_longer_has_is_forgotten_and_no_other_configs() -> None:
    other = Known(EventKind.ROUTE, Safe("eu@fra-1"), Safe("gamma"))
    watched = Watched({other.subject: other})
    watched.look(FIRST)
    assert watched.kept.keys() == {"eu@fra-1", "us-outbound@nyc-1"}
    watched.look()
    assert watched.kept.keys() == {"eu@fra-1"}
    assert watched.told == []


def test_the_recorder_writes_it_down_with_all_else() -> None:
    recorder = Recorder(Memory(), UTC)
    recorder.look(snapshot(NOW, FIRST), UTC)
    found = recorder.look(snapshot(NOW + 30, MOVED), UTC)
    assert [(event.kind, event.subject) for event in found.events] == [(EventKind.ROUTE, "us-outbound@nyc-1")]
    assert [(one.kind, one.state) for one in found.known] == [(EventKind.ROUTE, "beta-us")]
