"""What lies between an SBC and its carriers, as the SBC itself tells: its ways out, its addresses, what names lead to."""

from __future__ import annotations

from msgspec import Struct

from trunktui.model.observation import Unread
from trunktui.model.text import Safe


class Interface(Struct, frozen=True):
    """One way out of the SBC's software (a transport, a profile), as configured.

    `bind`: the address it uses, None: any of the machine's. `external`: an address or a name that it gives the far
    end for its own. `certificate`: the file of the one that it presents. `whole` False: only its row was read.
    """

    name: Safe
    protocol: Safe = Safe("")
    bind: str | None = None
    external: str | None = None
    certificate: str | None = None
    whole: bool = False


class Outside(Struct, frozen=True):
    """What a STUN server saw of the SBC; `fails`: that was its last answer, now it gives none."""

    server: Safe
    address: str
    fails: bool = False


class Way(Struct, frozen=True):
    """How a packet leaves the machine: the address it gets for its source; `direct`: no router is between."""

    source: str
    direct: bool


class Certificate(Struct, frozen=True):
    """A certificate that the SBC presents to carriers: its file, and when it ends (UTC, seconds since 1970).

    `ends_at` None: it could not be read, and `why`.
    """

    interface: Safe
    file: Safe
    ends_at: float | None = None
    why: Safe = Safe("")


class Surroundings(Struct, frozen=True):
    """All that was read of an SBC's surroundings. What one look cannot read stays what the one before read.

    `interfaces` None: not read. `ways` by destination address, `names` the addresses that each leads to, sorted:
    none where the SBC finds none, and no entry where it could not be asked. `asked` holds what this look has
    answered, `hung` the names of which it did not end, `refused` by key what the SBC will not run.
    """

    interfaces: dict[str, Interface] | None = None
    outside: Outside | None = None
    ways: dict[str, Way] = {}
    names: dict[str, tuple[str, ...]] = {}
    certificates: dict[str, Certificate] = {}
    asked: frozenset[str] = frozenset()
    hung: frozenset[str] = frozenset()
    refused: dict[str, Unread] = {}

    @property
    def why_refused(self) -> Safe:
        """Who will not let us read its ways out, empty where nobody does."""
        return next((Safe(one.why) for one in self.refused.values()), Safe(""))
