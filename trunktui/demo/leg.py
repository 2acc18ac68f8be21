"""One trunk on one simulated SBC, and how it really is. Pure."""

from __future__ import annotations

from msgspec import Struct

from trunktui.demo.plan import TrunkPlan
from trunktui.demo.probes import Probe
from trunktui.demo.registration import Registration
from trunktui.demo.rows import ContactRow, TrunkObjects


class Truth(Struct, frozen=True):
    """How a leg really is: `carrier` answers on every contact, `accepted` its account, `sbc` is in service.

    Where calls come in, it is accepted only while it is registered: else the carrier knows nowhere to send them.

    `sbc_believes`: what the SBC's own tables say, good or not; None while it cannot be asked.
    """

    carrier: bool
    accepted: bool
    sbc: bool
    sbc_believes: bool | None

    @property
    def works(self) -> bool:
        """Whether a call would get through."""
        return self.carrier and self.accepted and self.sbc


class Leg:
    """One trunk on one SBC, with its probes and its registration."""

    def __init__(self, trunk: TrunkPlan, objects: TrunkObjects, probes: tuple[Probe, ...]) -> None:
        self.trunk = trunk
        self.objects = objects
        self.probes = probes
        self.registration: Registration | None = None
        self.binding: Registration | None = None
        """Where calls come in: the same life once more, for calls are looked at out of the order of time."""

    def contacts(self, t: float) -> tuple[ContactRow, ...]:
        """Return what its SBC says of each contact."""
        seen = (probe.seen(t) for probe in self.probes)
        return tuple(
            ContactRow(self.trunk.name, uri, word, rtt)
            for uri, (word, rtt) in zip(self.objects.contacts, seen, strict=True)
        )

    def believed(self, t: float) -> bool:
        """Whether its SBC takes any contact for alive."""
        return any(probe.seen(t)[0] != "Unavail" for probe in self.probes)

    def reached(self, t: float) -> bool:
        """Whether the carrier knows where to send calls to, if any come in: only while it is registered."""
        return self.binding is None or self.binding.held(t)
