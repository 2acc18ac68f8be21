"""What a platform file must offer. Everything in it is a pure function of its arguments."""

from __future__ import annotations

from typing import Protocol

from msgspec import Struct

from trunktui.model.action import Plan, Proof, Verb
from trunktui.model.ask import Answer, SshAsk
from trunktui.model.box import BoxFacts
from trunktui.model.inventory import Binding
from trunktui.model.observation import Observation, ProbeSettings, RegSettings, Unread
from trunktui.model.snapshot import LegStatus
from trunktui.model.snmp import SnmpAnswer, SnmpAsk
from trunktui.model.text import Safe


class LegSettings(Struct, frozen=True):
    """Settings loaded on the SBC, by native name, and how its parts are tied together.

    `endpoint_of` maps a registration to its endpoint, `aors_of` an endpoint to its AORs; `contacts_of` an
    AOR to its static contact URIs (whole, where the poll's table cuts them); `static` says of an AOR whether
    it has such contacts, which makes it a trunk and not a phone. A name that is missing was not read: that
    changes no state. `asked` holds the commands that were answered since connecting or since the last
    reload, understood or not, so that none is asked twice; `refused` those among them that the SBC would not
    run, with who refused. `methods`: what this version of the software can be asked, None not read.

    `owners` holds what follow-up asks told of things that come and go: whose a channel is, by its id, "" where
    it is of no trunk.
    """

    probe: dict[str, ProbeSettings] = {}
    registration: dict[str, RegSettings] = {}
    endpoint_of: dict[str, str] = {}
    aors_of: dict[str, tuple[str, ...]] = {}
    contacts_of: dict[str, tuple[str, ...]] = {}
    static: dict[str, bool] = {}
    asked: frozenset[str] = frozenset()
    refused: dict[str, Unread] = {}
    owners: dict[str, str] = {}
    methods: frozenset[str] | None = None


UNREAD = LegSettings()
"""Nothing is known yet."""


class Platform(Protocol):
    """One kind of SBC."""

    name: str
    """As written in the config (`platform = "asterisk"`)."""

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
