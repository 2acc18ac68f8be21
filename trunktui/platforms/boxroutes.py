"""What the platforms share in reading routes: an answer becomes a reading, and why a place is not asked for."""

from __future__ import annotations

from msgspec import Struct

from trunktui.model.ask import Answer
from trunktui.model.route import Mechanism, Route, RouteReading, Share
from trunktui.model.text import LINE_LIMIT, clean


class Told(Struct, frozen=True):
    """What stands at one place. No `shares` and no `why`: nothing is set there; `line` is what was printed."""

    shares: tuple[Share, ...] = ()
    why: str = ""
    line: str = ""


def reading(route: Route, answer: Answer, told: Told) -> RouteReading:
    """Return what was told as the reading of `route`, as old as the question."""
    return RouteReading(
        route, answer.asked_at, told.shares, why=clean(told.why), line=clean(told.line, LINE_LIMIT)
    )


def unfit(route: Route, software: str, *known: Mechanism) -> str | None:
    """Say why a place is not asked for, None where it is: the software has no such place, or it is unfit for a command."""
    if route.mechanism not in known:
        return f"{software} has no {route.mechanism.value}"
    return None if route.askable else f"the place {clean(route.place, 40)!r} must not stand in a command"
