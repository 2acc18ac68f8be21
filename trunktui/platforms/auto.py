"""What an SBC is polled as while it is not known what runs there: one look asks for every platform at once.

It has the functions of a platform, so that whoever polls, asks by SNMP or acts needs no case for it; but it finds no
leg, follows no file and does nothing. What it finds is a `Sighting`. See docs/decisions/053-auto.md.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping

from msgspec import structs

from trunktui.model.ask import Answer, Command, SshAsk
from trunktui.model.box import BoxFacts, SubAgent
from trunktui.model.inventory import Binding
from trunktui.model.observation import AppState, Observation, Sighting
from trunktui.model.snmp import SnmpAnswer, SnmpAsk
from trunktui.model.text import clean
from trunktui.platforms import boxmib, names
from trunktui.platforms.contract import UNREAD, LegSettings, Platform, Presence
from trunktui.platforms.registry import platform_for
from trunktui.platforms.without import audio_ask as audio_ask
from trunktui.platforms.without import changed as changed
from trunktui.platforms.without import follow_up as follow_up
from trunktui.platforms.without import parse_audio as parse_audio
from trunktui.platforms.without import parse_follow_up as parse_follow_up
from trunktui.platforms.without import parse_routes as parse_routes
from trunktui.platforms.without import parse_settings as parse_settings
from trunktui.platforms.without import parse_surroundings as parse_surroundings
from trunktui.platforms.without import parse_tail as parse_tail
from trunktui.platforms.without import plan as plan
from trunktui.platforms.without import plan_switch as plan_switch
from trunktui.platforms.without import proof as proof
from trunktui.platforms.without import route_ask as route_ask
from trunktui.platforms.without import route_value as route_value
from trunktui.platforms.without import settings_asks as settings_asks
from trunktui.platforms.without import standing as standing
from trunktui.platforms.without import surroundings_asks as surroundings_asks
from trunktui.platforms.without import tails as tails
from trunktui.platforms.without import taken as taken

name = "auto"
software = "SIP software"

_BLANK = " "
_LIMIT = 400


def presence_ask() -> tuple[Command, ...]:
    """Return what every platform asks to be recognised by, under keys of its own."""
    return tuple(
        structs.replace(command, key=f"{platform.name}{_BLANK}{command.key}")
        for platform in _all()
        for command in platform.presence_ask()
    )


def recognises(answer: Answer) -> Presence:
    """Return whether any of the platforms is there."""
    found = seen(answer).values()
    ranked = (Presence.RUNNING, Presence.INSTALLED, Presence.UNTOLD)
    return next((presence for presence in ranked if presence in found), Presence.ABSENT)


def seen(answer: Answer) -> dict[str, Presence]:
    """Read the answer to `presence_ask` for each platform, by name. Never raises."""
    return {platform.name: platform.recognises(_share(answer, platform.name)) for platform in _all()}


def another(answer: Answer, now: str) -> str:
    """Return the platform that an SBC polled as `now`, which does not answer, must be polled as instead; "" for none.

    What was found stays as long as it is installed and no other runs: it is stopped, that is all.
    """
    there = seen(answer)
    if there.get(now) is Presence.RUNNING:
        return ""
    running = _those(there, Presence.RUNNING)
    if len(running) == 1:
        return running[0]
    installed = _those(there, Presence.INSTALLED)
    gone = there.get(now) is Presence.ABSENT
    return installed[0] if gone and not running and len(installed) == 1 else ""


def poll_ask(settings: LegSettings = UNREAD) -> SshAsk:  # noqa: ARG001 - the same whatever is known
    """Return the look: some ten small commands in one exec, none of them privileged."""
    return SshAsk(presence_ask())


def parse_poll(answer: Answer, settings: LegSettings, bindings: tuple[Binding, ...]) -> Observation:
    """Say which software is there: the one that runs; where none does, the one that is installed."""
    del settings, bindings
    found, app, why = _choice(seen(answer))
    return Sighting(
        at=answer.answered_at,
        took_s=answer.answered_at - answer.asked_at,
        app=app,
        app_reason=clean(why, _LIMIT),
        found=found,
    )


def snmp_ask(extend: tuple[str, ...]) -> SnmpAsk:
    """Return what every platform asks by SNMP: who looks once has no second chance when it is known which it is."""
    asks = [platform.snmp_ask(extend) for platform in _all()]
    gets = {get.key: get for ask in asks for get in ask.gets}
    walks = {walk.key: walk for ask in asks for walk in ask.walks}
    return SnmpAsk(tuple(gets.values()), tuple(walks.values()))


def parse_snmp(answer: SnmpAnswer, extend: tuple[str, ...]) -> BoxFacts:
    """Read one SNMP poll as the platform whose own part of the agent answers, else the machine's part alone."""
    facts = (platform.parse_snmp(answer, extend) for platform in _all())
    told = next((one for one in facts if one.sub_agent is SubAgent.ANSWERS), None)
    return boxmib.read_box(answer, extend) if told is None else told


def _choice(there: Mapping[str, Presence]) -> tuple[str, AppState, str]:
    """Return the platform to poll an SBC as; where it is not one, what that means, and the sentence that says so."""
    running, installed = _those(there, Presence.RUNNING), _those(there, Presence.INSTALLED)
    if len(running) == 1 or (not running and len(installed) == 1):
        return (running or installed)[0], AppState.ANSWERING, ""
    if running:
        why = f"{_listed(running, 'and')} run there: say which to watch, {_named(running)}"
        return "", AppState.UNREADABLE, why
    if installed:
        why = f"{_listed(installed, 'and')} are installed there and none of them runs: say which to watch, {_named(installed)}"
        return "", AppState.NOT_RUNNING, why
    everything = tuple(there)
    if Presence.UNTOLD in there.values():
        why = f"what runs there cannot be told (test, pgrep or grep do not answer): name it, {_named(everything)}"
        return "", AppState.UNREADABLE, why
    why = f"no {_listed(everything, 'or')} is seen there: if there is one, name it, {_named(everything)}"
    return "", AppState.UNREADABLE, why


def _those(there: Mapping[str, Presence], presence: Presence) -> tuple[str, ...]:
    return tuple(name for name, found in there.items() if found is presence)


def _listed(platforms: Iterable[str], last: str) -> str:
    """Return `Asterisk, FreeSWITCH and Kamailio`."""
    *words, end = (platform_for(name).software for name in platforms)
    return f"{', '.join(words)} {last} {end}" if words else end


def _named(platforms: Iterable[str]) -> str:
    """Return how one of them is named."""
    *words, end = (f'"{name}"' for name in platforms)
    choice = f"{', '.join(words)} or {end}" if words else end
    return f"platform = {choice} (connect: --platform)"


def _share(answer: Answer, platform: str) -> Answer:
    """Return what one platform asked, under its own keys."""
    start = f"{platform}{_BLANK}"
    own = (reply for reply in answer.replies if reply.key.startswith(start))
    return structs.replace(
        answer, replies=tuple(structs.replace(reply, key=reply.key.removeprefix(start)) for reply in own)
    )


def _all() -> tuple[Platform, ...]:
    return tuple(platform_for(name) for name in names())
