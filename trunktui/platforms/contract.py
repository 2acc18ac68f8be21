"""What a platform file must offer. Everything in it is a pure function of its arguments."""

from __future__ import annotations

from enum import StrEnum
from typing import Protocol

from msgspec import Struct

from trunktui.model.action import Plan, Proof, Verb
from trunktui.model.ask import Answer, Command, SshAsk
from trunktui.model.audio import AudioLook
from trunktui.model.box import BoxFacts
from trunktui.model.inventory import Binding
from trunktui.model.observation import Box, NativeLeg, Observation, ProbeSettings, RegSettings, Unread
from trunktui.model.route import Route, RouteReading
from trunktui.model.snapshot import LegStatus
from trunktui.model.snmp import SnmpAnswer, SnmpAsk
from trunktui.model.surroundings import Surroundings
from trunktui.model.switch import Move
from trunktui.model.tail import TailFacts, TailFile
from trunktui.model.text import Safe


class LegSettings(Struct, frozen=True):
    """Settings loaded on the SBC, by native name, and how its parts are tied together.

    `endpoint_of` maps a registration to its endpoint, `aors_of` an endpoint to its AORs; `contacts_of` an
    AOR to its static contact URIs (whole, where the poll's table cuts them); `client_of` a registration to the
    URI that it registers; `static` says of an AOR whether it has such contacts, which makes it a trunk and not a
    phone, and `barren` are those that can have none at all. `auths_of` maps `registration NAME` or `endpoint NAME` to
    the objects that hold its credentials, `usernames` these to the username, never to a password. `transport_of` and `proxy_of` tell, by `registration NAME` and `endpoint NAME`, which way out it is to use
    and where its requests go instead of to the host that they name. A name that is missing was not read: that
    changes no state. `log` is the log file to follow, None: not asked yet. `asked` holds the commands that were
    answered since connecting or since the last reload, understood or not, so that none is asked twice; `refused`
    those among them that the SBC would not run, with who refused. `owners` holds what follow-up asks told of things
    that come and go: whose a channel is, by its id, "" where it is of no trunk. `methods`: what this version of the software can be asked, None not read.
    """

    probe: dict[str, ProbeSettings] = {}
    registration: dict[str, RegSettings] = {}
    endpoint_of: dict[str, str] = {}
    aors_of: dict[str, tuple[str, ...]] = {}
    contacts_of: dict[str, tuple[str, ...]] = {}
    client_of: dict[str, str] = {}
    log: TailFile | None = None
    transport_of: dict[str, str] = {}
    proxy_of: dict[str, str] = {}
    auths_of: dict[str, tuple[str, ...]] = {}
    usernames: dict[str, Safe] = {}
    static: dict[str, bool] = {}
    barren: frozenset[str] = frozenset()
    asked: frozenset[str] = frozenset()
    refused: dict[str, Unread] = {}
    owners: dict[str, str] = {}
    methods: frozenset[str] | None = None


UNREAD = LegSettings()
"""Nothing is known yet."""


class Presence(StrEnum):
    """Whether a platform's software is on a box. UNTOLD: the box does not say."""

    UNTOLD = "untold"
    ABSENT = "absent"
    INSTALLED = "installed"
    RUNNING = "running"


class Platform(Protocol):
    """One kind of SBC."""

    name: str
    """As written in the config (`platform = "asterisk"`), and what its file is called."""

    software: str
    """What its people call it (`Asterisk`)."""

    def presence_ask(self) -> tuple[Command, ...]:
        """Return how any login asks whether the software is there: nothing privileged, nothing that it could hang on."""

    def recognises(self, answer: Answer) -> Presence:
        """Read the answer to `presence_ask`. Never raises."""

    def poll_ask(self, settings: LegSettings = UNREAD) -> SshAsk:
        """Return what to ask at every poll, by what is known of the SBC already."""

    def parse_poll(self, answer: Answer, settings: LegSettings, bindings: tuple[Binding, ...]) -> Observation:
        """Read one poll. `bindings` are the legs that the config names on this SBC. Never raises."""

    def follow_up(self, answer: Answer, settings: LegSettings) -> SshAsk | None:
        """Return what to ask besides in the same poll, for what `answer` alone does not tell; None for nothing."""

    def parse_follow_up(self, answer: Answer, more: Answer, before: LegSettings) -> LegSettings:
        """Read `more`, the answer to `follow_up` after `answer`, into `before`. Never raises."""

    def settings_asks(self, observation: Observation, settings: LegSettings) -> tuple[SshAsk, ...]:
        """Return the asks for settings not in `settings` yet, in batches, for the names just seen."""

    def parse_settings(self, answers: tuple[Answer, ...], before: LegSettings) -> LegSettings:
        """Read the answers to `settings_asks` into `before`. What is unreadable stays missing. Never raises."""

    def tails(self, observation: Observation, settings: LegSettings) -> tuple[TailFile, ...]:
        """Return the files to follow; none as long as the settings that tell which were not asked for."""

    def parse_tail(self, file: TailFile, lines: tuple[Safe, ...], box: Box) -> TailFacts:
        """Read new lines of a file, oldest first. `box` has the SBC's clock and zone, both known. Never raises.

        Lines of a kind that nobody wants are passed over.
        """

    def surroundings_asks(self, legs: tuple[NativeLeg, ...], before: Surroundings) -> tuple[SshAsk, ...]:
        """Return the asks for surroundings of `legs` that are not in `before.asked` yet; none once all is asked.

        Never again what stands in `before.refused`.
        """

    def parse_surroundings(self, answers: tuple[Answer, ...], before: Surroundings) -> Surroundings:
        """Read the answers to `surroundings_asks` into `before`. What is unreadable stays as it was. Never raises."""

    def audio_ask(self, observation: Observation) -> SshAsk | None:
        """Return how to ask for what is heard of the calls that are up; None: there are none, or no such counters."""

    def parse_audio(self, answer: Answer) -> AudioLook:
        """Read the answer to `audio_ask`. Never raises."""

    def route_ask(self, routes: tuple[Route, ...]) -> SshAsk | None:
        """Return how to ask what stands at `routes`; None where none is one that this platform knows.

        Nor is one asked for whose place must not stand in a command.
        """

    def parse_routes(self, answer: Answer, routes: tuple[Route, ...]) -> tuple[RouteReading, ...]:
        """Read the answer to `route_ask`: one reading for each of `routes`, in their order. Never raises."""

    def route_value(self, route: Route, leg: LegStatus) -> Safe | None:
        """Return what a leg is called at `route` (an endpoint, a gateway, a destination's URI); None: it has no such name."""

    def plan_switch(self, move: Move, leg: LegStatus | None, siblings: tuple[LegStatus, ...]) -> Plan | Safe:
        """Return how to make a route say `move.goal`; or why that cannot be done.

        `leg` is the one that shall get the calls, None for an undo whose goal is no trunk of the group; `siblings` are the group's legs on that SBC:
        without `leg` the first of them names the plan. `changed`, `taken`, `proof` and `standing` take this plan too.
        """

    def plan(self, verb: Verb, leg: LegStatus) -> Plan | Safe:
        """Return how to do `verb` to a leg; or why it has no such thing, or no name that may stand in a command."""

    def changed(self, plan: Plan, leg: LegStatus, look: Answer) -> Safe | None:
        """Say why what `plan.readback` just read is not what the operator saw; None where it is, in what matters."""

    def taken(self, plan: Plan, sent: Answer) -> Safe | None:
        """Say why the SBC did not take the command, from what it printed; None where it took it."""

    def proof(self, plan: Plan, sent: Answer, looks: tuple[Answer, ...]) -> Proof:
        """Judge the looks made after the command was taken; `sent` holds the state read just before it."""

    def standing(self, plan: Plan, look: Answer, since_s: float) -> Proof:
        """Judge one look, `since_s` seconds after a command of which nobody knows how it went."""

    def snmp_ask(self, extend: tuple[str, ...]) -> SnmpAsk:
        """Return what to ask by SNMP; `extend` names what the site publishes. The first get is the system's."""

    def parse_snmp(self, answer: SnmpAnswer, extend: tuple[str, ...]) -> BoxFacts:
        """Read one SNMP poll; `answer` may hold walks of an earlier one. Never raises."""
