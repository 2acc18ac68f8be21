"""Asterisk with chan_pjsip, read through `asterisk -rx` (Asterisk 16 to 22; measured on 22.10).

What `pjsip show registrations` prints (columns are minimum widths; a long row overflows, it is never cut):

     <Registration/ServerURI..............................>  <Auth....................>  <Status.......>
    ==========================================================================================

     acme-primary/sip:10.77.0.21:5060                        acme-primary                Registered        (exp. 74s)
     badpass-permanent/sip:10.77.0.21:5060                   badpass-delta               Rejected          (exp. 584s ago)

    Objects found: 2

What `pjsip show contacts` prints (`aor/uri` is cut at 46 characters without a mark):

      Contact:  hybrid-gamma/sip:10.77.0.22:5060               4fe3405f71 Avail         2.035
      Contact:  blackhole-eps/sip:10.77.0.23:5060              e78d37fd23 Unavail        -nan
      Contact:  us.east-1.sip.carrier-example.net/sip:10.77.0. c1f6290189 Avail         0.657

`asterisk -rx` exits with 0 for everything the daemon answered, refusals and unknown commands included: the
words decide. `Rejected` means refused *or* unanswered; its number is the wait for the next attempt, or, with
`ago`, an attempt in flight or one that was given up (res_pjsip_outbound_registration.c).
"""

from __future__ import annotations

import re

from msgspec import Struct, structs

from trunktui.model.ask import Answer, Command, SshAsk
from trunktui.model.inventory import Binding, NativeNames
from trunktui.model.observation import (
    AppState,
    Box,
    Channels,
    Contact,
    Destination,
    Evidence,
    NativeLeg,
    Observation,
    ProbeSettings,
    Registration,
    Unread,
)
from trunktui.model.tail import TailFacts, TailFile, TailKind
from trunktui.model.text import Safe, clean
from trunktui.platforms import asterisk_auth as auth
from trunktui.platforms import asterisk_channels as channels_of
from trunktui.platforms import asterisk_tables as tables
from trunktui.platforms import boxshell, boxsoftware
from trunktui.platforms.asterisk_actions import plan as plan
from trunktui.platforms.asterisk_audio import audio_ask as audio_ask
from trunktui.platforms.asterisk_audio import parse_audio as parse_audio
from trunktui.platforms.asterisk_calls import CALLS, parse_calls
from trunktui.platforms.asterisk_console import PROGRAM, rx
from trunktui.platforms.asterisk_console import askable as askable
from trunktui.platforms.asterisk_deeds import changed as changed
from trunktui.platforms.asterisk_deeds import proof as proof
from trunktui.platforms.asterisk_deeds import standing as standing
from trunktui.platforms.asterisk_deeds import taken as taken
from trunktui.platforms.asterisk_logs import parse_log
from trunktui.platforms.asterisk_routes import parse_routes as parse_routes
from trunktui.platforms.asterisk_routes import route_ask as route_ask
from trunktui.platforms.asterisk_routes import route_value as route_value
from trunktui.platforms.asterisk_settings import parse_settings as parse_settings
from trunktui.platforms.asterisk_settings import settings_asks as settings_asks
from trunktui.platforms.asterisk_snmp import parse_snmp as parse_snmp
from trunktui.platforms.asterisk_snmp import snmp_ask as snmp_ask
from trunktui.platforms.asterisk_state import SOCKET_TESTS, app_state, unread_poll
from trunktui.platforms.asterisk_surroundings import parse_surroundings as parse_surroundings
from trunktui.platforms.asterisk_surroundings import surroundings_asks as surroundings_asks
from trunktui.platforms.asterisk_switch import plan_switch as plan_switch
from trunktui.platforms.contract import UNREAD, LegSettings, Presence
from trunktui.platforms.sipuri import destination
from trunktui.platforms.without import follow_up as follow_up
from trunktui.platforms.without import parse_follow_up as parse_follow_up

name = "asterisk"
software = "Asterisk"

_WIZARD = re.compile(r"(.+)-reg-\d+")
"""res_pjsip_config_wizard names the registrations of `x` `x-reg-0`, `x-reg-1` ..."""


def presence_ask() -> tuple[Command, ...]:
    """Return how any login asks whether an Asterisk is there; its console's socket is always there while it runs."""
    return boxsoftware.program(PROGRAM), boxsoftware.process(name), boxsoftware.socket("/asterisk.ctl")


def recognises(answer: Answer) -> Presence:
    """Read the answer to `presence_ask`."""
    return boxsoftware.presence(answer)


def poll_ask(settings: LegSettings = UNREAD) -> SshAsk:  # noqa: ARG001 - the same whatever is known
    """Return the poll: uptime first, because a frozen daemon hangs on it and ends the ask cheaply.

    The clock stands in the middle: it is compared with ours at the middle of the whole ask. Channels come last:
    theirs is the only answer that can outgrow what we take.
    """
    return SshAsk(
        (
            rx("uptime", "core show uptime seconds"),
            rx("version", "core show version"),
            rx("registrations", "pjsip show registrations"),
            rx("contacts", "pjsip show contacts"),
            boxshell.CLOCK,
            *SOCKET_TESTS,
            boxshell.ADDRESSES,
            rx("count", "core show channels count"),
            rx("channels", "core show channels concise"),
        )
    )


def parse_poll(answer: Answer, settings: LegSettings, bindings: tuple[Binding, ...]) -> Observation:
    """Read one poll into an Observation; tables that cannot be read whole are named in `unread`."""
    took = answer.answered_at - answer.asked_at
    app, why = app_state(answer)
    version = tables.version(answer.reply("version"))
    if app is not AppState.ANSWERING:
        return Observation(
            at=answer.answered_at,
            took_s=took,
            app=app,
            app_reason=clean(why),
            box=_machine(answer, Box(version=version)),
            unread=unread_poll(answer) if app is AppState.UNREADABLE else (),
        )
    registrations = tables.registrations(answer.reply("registrations"))
    contacts = tables.contacts(answer.reply("contacts"), settings.contacts_of)
    channels = channels_of.channels(answer.reply("channels"), answer.reply("count"))
    fleet = _Fleet(registrations.rows, contacts.rows, channels.by_endpoint, channels.whole, settings)
    return Observation(
        at=answer.answered_at,
        took_s=took,
        app=app,
        box=_box(answer, version),
        legs=tuple(fleet.legs(bindings)),
        reg_read=registrations.whole,
        contacts_read=contacts.whole,
        channels_read=channels.whole,
        channel_rows=channels.rows,
        candidates=fleet.candidates(),
        unread=registrations.unread
        + contacts.unread
        + channels.unread
        + _refused(answer, settings, channels.whole),
    )


def tails(observation: Observation, settings: LegSettings) -> tuple[TailFile, ...]:
    """Return the files to follow, once the settings were asked which: the log, and the calls."""
    if settings.log is None or observation.app is not AppState.ANSWERING:
        return ()
    return settings.log, CALLS


def parse_tail(file: TailFile, lines: tuple[Safe, ...], box: Box) -> TailFacts:
    """Read new lines of a file that `tails` named."""
    return parse_log(lines, box) if file.kind is TailKind.LOG else parse_calls(lines, box)


def _box(answer: Answer, version: Safe | None) -> Box:
    uptime, reload_age = tables.uptime(answer.reply("uptime"))
    counted = channels_of.count(answer.reply("count"))
    box = Box(
        version=version,
        uptime_s=uptime,
        reload_age_s=reload_age,
        channels=counted.channels,
        calls=counted.calls,
        calls_processed=counted.processed,
    )
    return _machine(answer, box)


def _machine(answer: Answer, box: Box) -> Box:
    """Return `box` with what its machine says, whatever Asterisk does."""
    box = structs.replace(box, addresses=boxshell.addresses(answer.reply("addresses")))
    clock = boxshell.clock(answer.reply("clock"))
    if clock is None:
        return box
    return structs.replace(box, clock_s=clock.second, clock_unsure_s=clock.unsure_s, zone_s=clock.zone_s)


def _refused(answer: Answer, settings: LegSettings, channels_whole: bool) -> tuple[Unread, ...]:
    """Return what the SBC would not run and only figures rest on: version, count of all channels, settings."""
    asked = {"version": "core show version"}
    if channels_whole:  # else the table itself says it
        asked["count"] = "core show channels count"
    denied = {command: tables.refusal(answer.reply(key)) for key, command in asked.items()}
    figures = tuple(Unread(command, why) for command, why in denied.items() if why is not None)
    return figures + tuple(settings.refused.values())


class _Fleet(Struct, frozen=True):
    """The tables of one poll, ready to be put together into legs."""

    registrations: dict[str, Registration]
    contacts: dict[str, tuple[Contact, ...]]
    channels: dict[str, Channels]
    channels_whole: bool
    settings: LegSettings

    def legs(self, bindings: tuple[Binding, ...]) -> list[NativeLeg]:
        """Return the legs the config spells out, then every other registration, then static AORs left over."""
        spelled = [self._completed(b.native) for b in bindings if b.native is not None]
        named = {b.name for b in bindings if b.name is not None}
        found: list[NativeNames] = [native for native in spelled if self._exists(native)]
        taken = {name for native in spelled for name in native.all}
        free = [r for r in self.registrations if r not in {n.registration for n in spelled}]
        found += [self._tied(registration) for registration in free]
        taken |= {name for native in found for name in (native.aor, native.endpoint) if name is not None}
        taken |= {aor for e in taken for aor in self.settings.aors_of.get(e, ())}
        for aor in self.contacts:
            if aor not in taken and (aor in named or self._static(aor)):
                found.append(NativeNames(aor=aor, endpoint=self._endpoint_of_aor(aor)))
        return [self._leg(native) for native in found]

    def _completed(self, native: NativeNames) -> NativeNames:
        """Fill in the parts of a leg that the config leaves out and the SBC's own settings tell."""
        endpoint = native.endpoint
        if endpoint is None and native.aor is not None:
            endpoint = self._endpoint_of_aor(native.aor)
        if endpoint is None and native.registration is not None:
            endpoint = self._tied(native.registration).endpoint
        aor = native.aor
        if aor is None and endpoint is not None:
            listed = self.settings.aors_of.get(endpoint, (endpoint,))
            aor = next((name for name in listed if name in self.contacts), None)
        return NativeNames(native.registration, endpoint, aor)

    def candidates(self) -> tuple[str, ...]:
        """Return AORs with contacts of which it is not known whether they are trunks or phones."""
        return tuple(aor for aor in self.contacts if not self._static(aor))

    def _exists(self, native: NativeNames) -> bool:
        return native.registration in self.registrations or native.aor in self.contacts

    def _static(self, aor: str) -> bool:
        static = self.settings.static
        return static.get(aor, static.get(aor[: tables.AOR_WIDTH], False))

    def _tied(self, registration: str) -> NativeNames:
        """Tie a registration to its endpoint: as its `endpoint` says, else by name, else by the wizard's name."""
        wizard = _WIZARD.fullmatch(registration)
        guesses = [registration] + ([wizard.group(1)] if wizard else [])
        endpoint = self.settings.endpoint_of.get(registration)
        if endpoint is None:
            endpoint = next((g for g in guesses if g in self.contacts or g in self.settings.aors_of), None)
        if endpoint is None:
            return NativeNames(registration=registration)
        aors = self.settings.aors_of.get(endpoint, (endpoint,))
        return NativeNames(registration, endpoint, next((a for a in aors if a in self.contacts), None))

    def _endpoint_of_aor(self, aor: str) -> str | None:
        for endpoint, aors in self.settings.aors_of.items():
            if aor in aors:
                return endpoint
        return aor if aor in self.channels else None

    def _leg(self, native: NativeNames) -> NativeLeg:
        aors = self.settings.aors_of.get(native.endpoint or "", ())
        if native.aor is not None and native.aor not in aors:
            aors = (native.aor,)
        blocked = [n for n in native.all if not askable(n)]
        registration = self.registrations.get(native.registration or "")
        contacts = tuple(c for aor in aors for c in self.contacts.get(aor, ()))
        rows = [Evidence("pjsip show registrations", registration.line)] if registration else []
        rows += [Evidence("pjsip show contacts", contact.line) for contact in contacts]
        return NativeLeg(
            native=native,
            registration=registration,
            contacts=contacts,
            channels=self._channels(native.endpoint),
            probe_settings=self._probe(native, aors),
            reg_settings=self.settings.registration.get(native.registration or ""),
            why_not_actionable=_blocked(blocked[0]) if blocked else None,
            evidence=tuple(rows),
            destinations=self._destinations(native, registration, contacts),
            interfaces=tuple(dict.fromkeys(self._settings_of(native, self.settings.transport_of))),
            username=auth.username(self.settings, native),
        )

    def _settings_of(self, native: NativeNames, values: dict[str, str]) -> list[str]:
        keys = (f"registration {native.registration}", f"endpoint {native.endpoint}")
        return [values[key] for key in keys if key in values]

    def _destinations(
        self, native: NativeNames, registration: Registration | None, contacts: tuple[Contact, ...]
    ) -> tuple[Destination, ...] | None:
        """Return where a leg's requests go: to its proxies, else to its registrar and its contacts."""
        proxies = self.settings.proxy_of
        own = proxies.get(f"registration {native.registration}")
        uris = [own or registration.server] if registration is not None else []
        own = proxies.get(f"endpoint {native.endpoint}")
        uris += [own] if own is not None else [contact.uri for contact in contacts]
        found = [destination(uri) for uri in uris]
        cut = own is None and any(contact.cut for contact in contacts)
        whole = tuple(dict.fromkeys(one for one in found if one is not None))
        return None if cut or None in found else whole

    def _probe(self, native: NativeNames, aors: tuple[str, ...]) -> ProbeSettings | None:
        """Return the settings of a leg's AOR, and whether OPTIONS are set on another of its AORs that has no contact."""
        settings, probe = self.settings, self.settings.probe.get(native.aor or "")
        if probe is None or probe.interval_s != 0:
            return probe
        for aor in aors:
            other = settings.probe.get(aor)
            # with max_contacts 0 and none in its settings it never has one
            if aor in settings.barren and other is not None and other.interval_s:
                said = f"qualify_frequency {other.interval_s} on AOR {aor}, which has no contact"
                return structs.replace(probe, misplaced=clean(f"{said}; AOR {native.aor} has 0"))
        return probe

    def _channels(self, endpoint: str | None) -> Channels | None:
        if endpoint is None or not self.channels_whole:
            return None
        counted = self.channels.get(endpoint)
        # No row proves no channel only for an endpoint that is known to exist under this name.
        return counted or (Channels(0) if endpoint in self.settings.aors_of else None)


def _blocked(native: str) -> str:
    return f"the name {clean(native, 40)!r} has characters that Asterisk's console would read as syntax"
