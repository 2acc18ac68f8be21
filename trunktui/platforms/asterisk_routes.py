"""Where a group's calls go: what to ask, and how to read it. (Being built: nothing is asked yet.)"""

from __future__ import annotations

from trunktui.model.ask import Answer, SshAsk
from trunktui.model.route import Route, RouteReading
from trunktui.model.snapshot import LegStatus
from trunktui.model.text import Safe


def route_ask(routes: tuple[Route, ...]) -> SshAsk | None:
    """Return None: nothing is asked yet."""
    del routes
    return None


def parse_routes(answer: Answer, routes: tuple[Route, ...]) -> tuple[RouteReading, ...]:
    """Return that nothing was read."""
    return tuple(RouteReading(route, answer.asked_at, why=Safe("not asked")) for route in routes)


def route_value(route: Route, leg: LegStatus) -> Safe | None:
    """Return None: not known yet."""
    del route, leg
    return None
