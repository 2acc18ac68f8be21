"""A made-up fleet whose carriers carry groups: one that fits, one that does not, one with nowhere to go."""

from __future__ import annotations

from msgspec.structs import replace

from trunktui.model.health import LegState, Severity, Usage
from trunktui.model.inventory import Account, Cap, Carrier, Failover, Group, Inventory, Trunk
from trunktui.model.route import ActiveRoute, Mechanism, Route, RouteState
from trunktui.model.snapshot import ChannelsView, GroupStatus, LegStatus, SbcStatus, Snapshot
from trunktui.model.text import Safe
from trunktui.poll.headroom import Forecast

INVENTORY = Inventory(
    carriers=(
        Carrier("alpha", "net-1"),
        Carrier("bravo", "net-2"),
        Carrier("delta", "net-4"),
        Carrier("echo"),
    ),
    accounts=(Account("bravo-voice", "bravo", Cap(channels=300)),),
    trunks=(
        Trunk("alpha-us", "alpha"),
        Trunk("alpha-eu", "alpha"),
        Trunk("bravo-us", "bravo", "bravo-voice"),
        Trunk("bravo-eu", "bravo", "bravo-voice"),
        Trunk("delta-retail", "delta"),
        Trunk("echo-spare", "echo"),
    ),
    groups=(
        Group("us-outbound", ("alpha-us", "bravo-us")),
        Group("eu-outbound", ("alpha-eu", "bravo-eu"), Failover.AUTO),
        Group("apac-outbound", ("bravo-us", "delta-retail")),
        Group("retail", ("delta-retail",)),
    ),
)
_LOADS = {
    "alpha-us": 106,
    "alpha-eu": 30,
    "bravo-us": 20,
    "bravo-eu": 10,
    "delta-retail": 4,
    "echo-spare": 0,
}


def planned(model: LegStatus, box: SbcStatus, at: float) -> Snapshot:
    """Return the fleet as of `at`, with its headroom; legs are made after `model`, their SBCs after `box`."""
    sbcs = tuple(replace(box, name=name) for name in ("nyc-1", "lon-1"))
    carriers = {trunk.name: trunk.carrier for trunk in INVENTORY.trunks}
    caps = {"bravo-us": (300, 112), "bravo-eu": (300, 112), "delta-retail": (60, 8)}
    legs = tuple(
        replace(
            model,
            id=f"{name}@{sbc.name}",
            trunk=name,
            sbc=sbc.name,
            carrier=carriers[name],
            state=LegState.DOWN if name == "echo-spare" else LegState.UP,
            load=load,
            channels=ChannelsView(Usage.NORMAL, load, *caps.get(name, (None, None))),
        )
        for name, load in _LOADS.items()
        for sbc in sbcs
    )
    route = Route(Mechanism.ASTDB, "trunk/us-outbound")
    read = tuple(ActiveRoute(sbc.name, route, RouteState.FIRST, "alpha-us") for sbc in sbcs)
    groups = tuple(
        GroupStatus(
            group.name,
            LegState.UP,
            Severity.NONE,
            Safe("all legs up"),
            active=read if group.name == "us-outbound" else (),
        )
        for group in INVENTORY.groups
    )
    return Forecast().told(Snapshot(1, at, sbcs, legs, groups), INVENTORY)
