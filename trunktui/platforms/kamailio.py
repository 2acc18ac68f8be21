"""Kamailio with the modules uac, dispatcher and dialog, read through `kamcmd` (measured on 5.6.3).

What `kamcmd core.uptime`, `core.version` and `stats.fetch uac.regtotal dialog.processed_dialogs` print:

    {
        now: Mon Nov 23 01:20:34 2026
        up_since: Mon Nov 23 01:19:23 2026
        uptime: 71
    }
    kamailio 5.6.3 (x86_64/linux)
    {
        uac.regtotal: 6
        dialog.processed_dialogs: 6
    }

A leg is a registration (its `l_uuid`) with the destinations of the dispatcher that have its name as their duid, else those
that lead to the same address as its REGISTER; destinations that no registration leads to are legs of their own, those with one duid together. So in
native names `registration` is the l_uuid, `endpoint` the duid and `aor` the URI of the first destination. Where an
address is not enough (a registrar of another name, several accounts at one carrier) the config spells it out:
`native = { registration = "acme", endpoint = "carrierA" }`.
"""

from __future__ import annotations

import itertools
import re

from msgspec import structs

from trunktui.model.ask import Answer, Command, Reply, SshAsk
from trunktui.model.audio import AudioLook
from trunktui.model.inventory import Binding
from trunktui.model.observation import AppState, Box, Observation, ProbeSettings, Unread
from trunktui.model.tail import TailFacts, TailFile, TailKind
from trunktui.model.text import Safe, clean
from trunktui.platforms import (
    boxshell,
    boxsoftware,
    kamailio_dialogs,
    kamailio_dispatcher,
    kamailio_state,
    kamailio_uac,
)
from trunktui.platforms.boxaround import parse_surroundings as parse_surroundings
from trunktui.platforms.boxaround import surroundings_asks as surroundings_asks
from trunktui.platforms.contract import UNREAD, LegSettings, Presence
from trunktui.platforms.kamailio_actions import changed as changed
from trunktui.platforms.kamailio_actions import plan as plan
from trunktui.platforms.kamailio_actions import proof as proof
from trunktui.platforms.kamailio_actions import standing as standing
from trunktui.platforms.kamailio_actions import taken as taken
from trunktui.platforms.kamailio_legs import Fleet
from trunktui.platforms.kamailio_logs import LOG, parse_log
from trunktui.platforms.kamailio_routes import parse_routes as parse_routes
from trunktui.platforms.kamailio_routes import route_ask as route_ask
from trunktui.platforms.kamailio_routes import route_value as route_value
from trunktui.platforms.kamailio_rpc import PROGRAM, call, read, refusal, whole
from trunktui.platforms.kamailio_snmp import parse_snmp as parse_snmp
from trunktui.platforms.kamailio_snmp import snmp_ask as snmp_ask
from trunktui.platforms.kamailio_switch import plan_switch as plan_switch
from trunktui.platforms.without import audio_ask as audio_ask

name = "kamailio"
software = "Kamailio"

ALL = ""
"""Under this name `LegSettings.probe` holds what is set for every destination alike."""

_VERSION = re.compile(r"kamailio (\S+)(?: .*)?")
_TOTAL, _PROCESSED = "uac.regtotal", "dialog.processed_dialogs"
_FILE = "/etc/kamailio/kamailio.cfg"

_METHODS = call("methods", "system.listMethods")
_SETTINGS: tuple[Command, ...] = (
    _METHODS,
    call("threshold", "cfg.get", "dispatcher", "probing_threshold"),
    Command(
        "params", ("grep", "-h", "-e", "ds_ping_interval", "-e", "ds_probing_mode", _FILE), privileged=False
    ),
    Command("timer", ("grep", "-h", "fr_timer", _FILE), privileged=False),
    Command("written", ("date", "-Ins", "-r", _FILE), privileged=False),
    call("arguments", "core.arg"),
    boxshell.CLOCK,
    kamailio_state.UPTIME,
)
"""Kamailio tells the threshold that is loaded. Its ping interval and timeout it does not: they are read from the file
it is started with, and believed only where that has not been written since."""

_PARAMETER = re.compile(
    r'\s*modparam\(\s*"([a-z_|]+)"\s*,\s*"(ds_ping_interval|ds_probing_mode|fr_timer)"\s*,\s*"?(\d{1,7})"?\s*\)\s*;?\s*(?:#.*)?'
)
_DEFAULT_TIMER_MS = 30000
_ROUNDING_S = 1

_VERSION_ASK = call("version", "core.version")
_REGISTRATIONS = call("registrations", kamailio_uac.METHOD)
_DESTINATIONS = call("destinations", kamailio_dispatcher.METHOD)
_TOTALS = call("totals", "stats.fetch", _TOTAL, _PROCESSED)
_POLL: tuple[Command, ...] = (
    kamailio_state.UPTIME,
    _VERSION_ASK,
    _REGISTRATIONS,
    _DESTINATIONS,
    boxshell.CLOCK,
    kamailio_state.PROCESS,
    boxshell.ADDRESSES,
    _TOTALS,
    kamailio_dialogs.COUNT,
    kamailio_dialogs.LIST,
)
_ALWAYS = kamailio_state.UPTIME.argv[1]


def presence_ask() -> tuple[Command, ...]:
    """Return how any login asks whether a Kamailio is there; where its sockets are is the site's choice."""
    return boxsoftware.program(PROGRAM), boxsoftware.process(name), boxsoftware.socket("/kamailio")


def recognises(answer: Answer) -> Presence:
    """Read the answer to `presence_ask`."""
    return boxsoftware.presence(answer, always_listens=False)


def poll_ask(settings: LegSettings = UNREAD) -> SshAsk:
    """Return the poll: uptime first, because a frozen Kamailio hangs on it and ends the ask cheaply.

    What this Kamailio has no method for is left out, once it has said which it has. The clock stands in the middle:
    it is compared with ours at the middle of the whole ask. Dialogs come last: theirs is the only answer that can
    outgrow what we take.
    """
    known = settings.methods
    return SshAsk(
        tuple(c for c in _POLL if known is None or c.argv[0] != PROGRAM or c.argv[1] in {*known, _ALWAYS})
    )


def _said(answer: Answer, command: Command, settings: LegSettings) -> Reply:
    """Return the reply to a command of the poll; to one that was left out, what Kamailio would have said."""
    method = command.argv[1]
    if settings.methods is None or method in {*settings.methods, _ALWAYS}:
        return answer.reply(command.key)
    return Reply(command.key, 0, (Safe(f"error: 500 - command {method} not found"),))


def parse_poll(answer: Answer, settings: LegSettings, bindings: tuple[Binding, ...]) -> Observation:
    """Read one poll into an Observation; tables that cannot be read whole are named in `unread`."""
    took = answer.answered_at - answer.asked_at
    app, why = kamailio_state.app_state(answer)
    if app is not AppState.ANSWERING:
        return Observation(
            at=answer.answered_at,
            took_s=took,
            app=app,
            app_reason=clean(why),
            box=_machine(answer, Box()),
            unread=kamailio_state.unread_poll(answer) if app is AppState.UNREADABLE else (),
        )
    totals = read(_said(answer, _TOTALS, settings)).node
    probe = settings.probe.get(ALL)
    registrations = kamailio_uac.records(_said(answer, _REGISTRATIONS, settings), totals.number(_TOTAL))
    destinations = kamailio_dispatcher.destinations(_said(answer, _DESTINATIONS, settings), probe)
    clock = boxshell.clock(answer.reply("clock"))
    fleet = Fleet(registrations.rows, destinations.rows, probe, bindings)
    dialogs = kamailio_dialogs.dialogs(
        _said(answer, kamailio_dialogs.LIST, settings),
        _said(answer, kamailio_dialogs.COUNT, settings),
        clock.second if clock else None,
        fleet.owner,
        settings.owners,
    )
    return Observation(
        at=answer.answered_at,
        took_s=took,
        app=app,
        box=_box(answer, totals.number(_PROCESSED), dialogs.active),
        legs=fleet.legs(dialogs),
        reg_read=registrations.whole,
        contacts_read=destinations.whole,
        channels_read=dialogs.whole,
        channel_rows=dialogs.rows,
        unread=registrations.unread
        + destinations.unread
        + dialogs.unread
        + _refused(answer)
        + kamailio_state.unread_port(answer)
        + tuple(settings.refused.values()),
    )


def follow_up(answer: Answer, settings: LegSettings) -> SshAsk | None:
    """Return what asks for each destination's dialogs, where there are more than are listed one by one."""
    listed, counted = (
        _said(answer, command, settings) for command in (kamailio_dialogs.LIST, kamailio_dialogs.COUNT)
    )
    known = kamailio_dispatcher.destinations(_said(answer, _DESTINATIONS, settings), None)
    return kamailio_dialogs.sizes_ask(listed, counted, (row.uri for row in known.rows))


def parse_follow_up(answer: Answer, more: Answer, before: LegSettings) -> LegSettings:
    """Read each destination's number of dialogs into `before`; those of an earlier poll go."""
    del answer
    return structs.replace(before, owners=kamailio_dialogs.sizes(more.replies))


def tails(observation: Observation, settings: LegSettings) -> tuple[TailFile, ...]:
    """Return the log, where Debian has it."""
    del settings
    return (LOG,) if observation.app is AppState.ANSWERING else ()


def parse_tail(file: TailFile, lines: tuple[Safe, ...], box: Box) -> TailFacts:
    """Read new lines of the log, oldest first: failed REGISTERs by their l_uuid. Never raises."""
    return parse_log(lines, box) if file.kind is TailKind.LOG else TailFacts()


def settings_asks(observation: Observation, settings: LegSettings) -> tuple[SshAsk, ...]:
    """Return the asks for what is set for all destinations, once since connecting."""
    wanted = _SETTINGS if any(leg.contacts for leg in observation.legs) else (_METHODS,)
    # All of them again where one was not answered: what the file says counts only beside when it was written.
    return () if settings.asked.issuperset(command.key for command in wanted) else (SshAsk(wanted),)


def parse_settings(answers: tuple[Answer, ...], before: LegSettings) -> LegSettings:
    """Read the threshold that is loaded, and interval and timeout as the file says that Kamailio was started with."""
    asked, refused, probe = set(before.asked), dict(before.refused), before.probe.get(ALL, ProbeSettings())
    methods = before.methods
    for answer in answers:
        for reply in answer.replies:
            if reply.truncated or reply.status not in {None, 124, 137}:
                asked.add(reply.key)  # else a busy moment: asked again at the next poll
        listed = read(answer.reply(_METHODS.key))
        methods = frozenset(listed.words) if _ALWAYS in listed.words else methods
        threshold = answer.reply("threshold")
        refused.pop("threshold", None)
        if denied := refusal(threshold):
            refused["threshold"] = Unread("cfg.get dispatcher probing_threshold", denied)
        told = read(threshold)
        misses = whole(told.words[0]) if told.why is None and len(told.words) == 1 else None
        params, timers = answer.reply("params"), answer.reply("timer")
        interval, timer = _parameter(params, "ds_ping_interval"), _parameter(timers, "fr_timer")
        mode = _parameter(params, "ds_probing_mode")
        if timer is None and interval is not None and not timers.lines:
            timer = _DEFAULT_TIMER_MS  # the file says nothing of it
        loaded = _is_loaded(answer)
        probe = ProbeSettings(
            interval_s=interval if loaded else None,
            timeout_s=timer / 1000 if loaded and timer is not None else None,
            misses=misses if misses is not None else probe.misses,
            every=mode == 1 if loaded and mode is not None else None,
        )
    return structs.replace(
        before,
        probe={**before.probe, ALL: probe},
        asked=frozenset(asked),
        refused=refused,
        methods=methods,
    )


def parse_audio(answer: Answer) -> AudioLook:
    """Return that nothing was heard: it is never asked."""
    del answer
    return AudioLook(why=clean("no media passes through Kamailio"))


def _is_loaded(answer: Answer) -> bool:
    """Whether the file is what Kamailio was started with: by its arguments, and not written since by the SBC's clock."""
    words = read(answer.reply("arguments")).words
    named = [path for flag, path in itertools.pairwise(words) if flag == "-f"]
    named += [word[2:] for word in words if word.startswith("-f") and word != "-f"]
    if not words or not all(
        path.endswith(_FILE) for path in named
    ):  # in a container it may have a root before it
        return False
    written, now = boxshell.clock(answer.reply("written")), boxshell.clock(answer.reply(boxshell.CLOCK.key))
    uptime = read(answer.reply(kamailio_state.UPTIME.key)).node.number("uptime")
    if written is None or now is None or uptime is None:
        return False
    return written.second <= now.second - uptime + _ROUNDING_S


def _parameter(reply: Reply, parameter: str) -> int | None:
    """Return the number that a line of the file sets, None where none or several do, or a name stands for it."""
    lines = [line for line in reply.lines if parameter in line and not line.lstrip().startswith("#")]
    found = [match for line in lines if reply.ok and (match := _PARAMETER.fullmatch(line))]
    return int(found[0][3]) if len(found) == 1 == len(lines) and found[0][2] == parameter else None


def _box(answer: Answer, processed: int | None, calls: int | None) -> Box:
    version = read(answer.reply("version"))
    match = _VERSION.fullmatch(version.words[0]) if version.why is None and version.words else None
    box = Box(
        version=Safe(match[1]) if match else None,
        uptime_s=read(answer.reply(kamailio_state.UPTIME.key)).node.number("uptime"),
        calls=calls,
        calls_processed=processed,
    )
    return _machine(answer, box)


def _machine(answer: Answer, box: Box) -> Box:
    """Return `box` with what its machine says, whatever Kamailio does."""
    box = structs.replace(box, addresses=boxshell.addresses(answer.reply("addresses")))
    clock = boxshell.clock(answer.reply("clock"))
    if clock is None:
        return box
    return structs.replace(box, clock_s=clock.second, clock_unsure_s=clock.unsure_s, zone_s=clock.zone_s)


def _refused(answer: Answer) -> tuple[Unread, ...]:
    """Return what the SBC would not run and only figures rest on."""
    asked = {"version": "core.version", "totals": f"stats.fetch {_TOTAL} {_PROCESSED}"}
    denied = {command: refusal(answer.reply(key)) for key, command in asked.items()}
    return tuple(Unread(command, why) for command, why in denied.items() if why is not None)
