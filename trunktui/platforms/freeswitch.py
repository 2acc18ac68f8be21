"""FreeSWITCH with mod_sofia, asked at its event socket or by `fs_cli` (1.10; measured on 1.10.12).

A trunk is a gateway of a Sofia profile. One list of all gateways a poll, 313 of them in 20 ms; what is in it stands in
freeswitch_gateways.py, what it means in freeswitch_legs.py. What `sofia status` prints of the profiles:

                         Name	   Type	                                      Data	State
    =================================================================================================
                       trunks	  alias	                                  external	ALIASED
                     external	profile	              sip:mod_sofia@10.77.0.1:5080	RUNNING (0)
          external::carrier-a	gateway	             sip:trunk4711@10.77.0.10:5060	REGED
    =================================================================================================
    1 profile 1 alias

While a profile restarts (some 27 s) it is not in there, and neither are its gateways.
"""

from __future__ import annotations

import re

from msgspec import structs

from trunktui.model.ask import EVENTS, Answer, Command, Reply, SshAsk
from trunktui.model.audio import AudioLook
from trunktui.model.inventory import Binding
from trunktui.model.observation import AppState, Box, Channels, Observation, Unread
from trunktui.model.tail import TailFacts, TailFile, TailKind
from trunktui.model.text import Safe, clean
from trunktui.platforms import (
    boxshell,
    boxsoftware,
    freeswitch_channels,
    freeswitch_gateways,
    freeswitch_legs,
)
from trunktui.platforms.boxaround import parse_surroundings as parse_surroundings
from trunktui.platforms.boxaround import surroundings_asks as surroundings_asks
from trunktui.platforms.contract import UNREAD, LegSettings, Presence
from trunktui.platforms.freeswitch_actions import changed as changed
from trunktui.platforms.freeswitch_actions import plan as plan
from trunktui.platforms.freeswitch_actions import proof as proof
from trunktui.platforms.freeswitch_actions import standing as standing
from trunktui.platforms.freeswitch_actions import taken as taken
from trunktui.platforms.freeswitch_console import PROGRAM, fault, fs, refusal
from trunktui.platforms.freeswitch_console import askable as askable
from trunktui.platforms.freeswitch_logs import LOG, parse_log
from trunktui.platforms.freeswitch_routes import parse_routes as parse_routes
from trunktui.platforms.freeswitch_routes import route_ask as route_ask
from trunktui.platforms.freeswitch_routes import route_value as route_value
from trunktui.platforms.freeswitch_snmp import parse_snmp as parse_snmp
from trunktui.platforms.freeswitch_snmp import snmp_ask as snmp_ask
from trunktui.platforms.freeswitch_state import PROCESS, app_state, unread_poll, unread_socket
from trunktui.platforms.freeswitch_switch import plan_switch as plan_switch
from trunktui.platforms.without import audio_ask as audio_ask
from trunktui.platforms.without import parse_settings as parse_settings
from trunktui.platforms.without import settings_asks as settings_asks

name = "freeswitch"
software = "FreeSWITCH"

EVENTS_WANTED = "CUSTOM sofia::gateway_state"

_ASK = SshAsk(
    (
        PROCESS,
        boxshell.ADDRESSES,
        boxshell.CLOCK,
        # A FreeSWITCH that is down or frozen ends the commands here: each of the others would wait as long.
        fs("status", "status", gate=True),
        fs("gateways", freeswitch_gateways.COMMAND),
        fs("profiles", "sofia status"),
        fs("calls", "show calls count"),
        fs("channels", freeswitch_channels.COMMAND, json=True),
    ),
    events=EVENTS_WANTED,
)
_PROFILE = re.compile(r" *([^\u2409]+)\u2409profile\u2409[^\u2409]*\u2409(\S+).*")
"""A tab comes as its visible picture: it is a control character."""

_PROFILES_END = re.compile(r"\d+ profiles? \d+ alias(?:es)?\s*")
_OWNERS = "uuid_getvar"


def presence_ask() -> tuple[Command, ...]:
    """Return how any login asks whether a FreeSWITCH is there; it has no socket with a path."""
    return boxsoftware.program(PROGRAM), boxsoftware.process(name)


def recognises(answer: Answer) -> Presence:
    """Read the answer to `presence_ask`."""
    return boxsoftware.presence(answer)


def poll_ask(settings: LegSettings = UNREAD) -> SshAsk:  # noqa: ARG001 - the same whatever is known
    """Return the poll. The clock comes before the gateways, so that no ping looks later than it is."""
    return _ASK


def parse_poll(answer: Answer, settings: LegSettings, bindings: tuple[Binding, ...]) -> Observation:
    """Read one poll into an Observation; lists that cannot be read whole are named in `unread`."""
    del bindings  # a gateway has one name for all of its parts, so there is nothing to be told by the config
    app, why = app_state(answer)
    status = freeswitch_channels.status(answer.reply("status"))
    clock = boxshell.clock(answer.reply("clock"))
    box = Box(version=status.version, addresses=boxshell.addresses(answer.reply("addresses")))
    now_s = None
    if clock is not None:
        box = structs.replace(box, clock_s=clock.second, clock_unsure_s=clock.unsure_s, zone_s=clock.zone_s)
        now_s = clock.second - clock.unsure_s
    look = Observation(
        at=answer.answered_at,
        took_s=answer.answered_at - answer.asked_at,
        app=app,
        app_reason=clean(why, 400),
        box=box,
        unread=unread_poll(answer) if app is AppState.UNREADABLE else (),
    )
    if app is not AppState.ANSWERING:
        return look
    gateways = freeswitch_gateways.gateways(answer.reply("gateways"))
    book = freeswitch_channels.Book.of(gateways.rows.values())
    channels = freeswitch_channels.channels(answer, book, settings.owners, now_s)
    told = freeswitch_legs.refusals(answer.reply(EVENTS).lines)
    # By the event socket the gateways are listed before the clock is read: then no ping looks earlier than it is.
    ping_now_s = None if now_s is None else now_s - look.took_s
    legs = tuple(
        freeswitch_legs.leg(row, told.get(row.name), _channels(channels, row.name), ping_now_s)
        for row in sorted(gateways.rows.values(), key=lambda row: row.name)
    )
    profiles, lost = _profiles(answer.reply("profiles"))
    return structs.replace(
        look,
        box=structs.replace(
            box,
            uptime_s=status.uptime_s,
            reload_age_s=status.uptime_s,
            channels=status.sessions,
            calls=freeswitch_channels.total(answer.reply("calls")),
            channels_processed=status.since_start,
        ),
        legs=legs,
        reg_read=gateways.whole,
        contacts_read=gateways.whole,
        channels_read=channels.whole,
        channel_rows=channels.rows,
        unread=gateways.unread
        + lost
        + _refused(answer, channels)
        + (channels.unread if _OWNERS not in settings.refused else ())
        + tuple(settings.refused.values())
        + unread_socket(answer, "event socket"),
        parts=profiles,
    )


def follow_up(answer: Answer, settings: LegSettings) -> SshAsk | None:
    """Return what to ask to learn whose the new channels are; None where every one is known, or we may not ask."""
    if _OWNERS in settings.refused:
        return None

    def book() -> freeswitch_channels.Book:
        rows = freeswitch_gateways.gateways(answer.reply("gateways")).rows
        return freeswitch_channels.Book.of(rows.values())

    commands = freeswitch_channels.owner_commands(answer, book, settings.owners)
    return SshAsk(commands) if commands else None


def parse_follow_up(answer: Answer, more: Answer, before: LegSettings) -> LegSettings:
    """Read whose the channels are; those that are gone are forgotten."""
    owners = freeswitch_channels.owners_told(answer, more, before.owners)
    denied = next((why for reply in more.replies if (why := refusal(reply)) is not None), None)
    refused = before.refused
    if denied is not None:
        hint = f"{denied}; or set presence_data on each gateway: until then their channels are not known"
        refused = {**refused, _OWNERS: Unread(_OWNERS, hint)}
    return structs.replace(before, owners=owners, refused=refused)


def tails(observation: Observation, settings: LegSettings) -> tuple[TailFile, ...]:
    """Return the files to follow: the log, while FreeSWITCH runs."""
    del settings
    return (LOG,) if observation.app is AppState.ANSWERING else ()


def parse_tail(file: TailFile, lines: tuple[Safe, ...], box: Box) -> TailFacts:
    """Read new lines of a file that `tails` named."""
    return parse_log(lines, box) if file.kind is TailKind.LOG else TailFacts()


def parse_audio(answer: Answer) -> AudioLook:
    """Return that nothing was heard: it is never asked."""
    del answer
    return AudioLook(why=clean("FreeSWITCH is not asked what is heard"))


def _channels(table: freeswitch_channels.ChannelTable, gateway: str) -> Channels | None:
    if not table.whole or table.by_gateway is None:
        return None
    return table.by_gateway.get(gateway, Channels(0))


def _profiles(reply: Reply) -> tuple[tuple[Safe, ...] | None, tuple[Unread, ...]]:
    """Read `sofia status`: the profiles that run; None where the list is not whole."""
    if why := fault(reply):
        return None, (Unread("sofia status", why),)
    rows = [match for line in reply.lines if (match := _PROFILE.fullmatch(line))]
    if not any(_PROFILES_END.fullmatch(line) for line in reply.lines):
        return None, (Unread("sofia status", "the list broke off", reply.lines[-1:]),)
    return tuple(freeswitch_legs.part(row[1]) for row in rows if row[2] == "RUNNING"), ()


def _refused(answer: Answer, channels: freeswitch_channels.ChannelTable) -> tuple[Unread, ...]:
    """Return what FreeSWITCH would not tell and only figures rest on: the count of calls."""
    why = refusal(answer.reply("calls")) if channels.whole else None  # else the list itself says it
    return () if why is None else (Unread("show calls count", why),)
