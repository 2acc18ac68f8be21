"""The platforms this version can poll, by the name the config uses. A new platform adds one line here."""

from __future__ import annotations

from trunktui.platforms import asterisk, freeswitch, kamailio
from trunktui.platforms.contract import Platform

PLATFORMS: dict[str, Platform] = {
    asterisk.name: asterisk,
    freeswitch.name: freeswitch,
    kamailio.name: kamailio,
}


def platform_for(name: str) -> Platform:
    """Return the platform called `name`; `auto` means Asterisk: nothing is guessed."""
    return PLATFORMS[asterisk.name if name == "auto" else name]
