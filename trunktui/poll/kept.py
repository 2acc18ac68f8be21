"""One leg as the poller keeps it between polls."""

from __future__ import annotations

from msgspec import Struct

from trunktui.health.clean import Run
from trunktui.health.memory import LegMemory
from trunktui.model.inventory import AuthMode, Binding, NativeNames, Trunk
from trunktui.model.observation import NativeLeg
from trunktui.poll.past import Past


class LegRecord(Struct):
    """One leg between polls. `trunk` None: discovered, the config does not name it. `seen` None: never listed.

    `registers`: it was seen to register, so a registration that is missing is a loss, and `registered_at` when it was
    seen registered last. `before` is the memory
    as it was before the last look, for reading that look again with more settings. `past` is what an earlier run knew.
    `clean`: its run of answered OPTIONS, as of the last judgement.
    """

    id: str
    trunk_name: str
    sbc: str
    trunk: Trunk | None = None
    binding: Binding | None = None
    groups: tuple[str, ...] = ()
    seen: NativeLeg | None = None
    listed: bool = False
    registers: bool = False
    registered_at: float | None = None
    memory: LegMemory = LegMemory()
    before: LegMemory = LegMemory()
    past: Past | None = None
    clean: Run | None = None

    @property
    def native(self) -> NativeNames:
        """What its SBC calls it, as far as known."""
        if self.seen is not None:
            return self.seen.native
        return (self.binding.native if self.binding else None) or NativeNames()

    @property
    def auth(self) -> AuthMode:
        """Its auth mode: the config's, else guessed: it registers, or it does not."""
        if self.trunk is not None:
            return self.trunk.auth
        return AuthMode.REGISTRATION if self.registers else AuthMode.IP
