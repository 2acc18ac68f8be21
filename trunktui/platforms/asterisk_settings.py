"""The settings loaded on an Asterisk: what to ask for them, and how they are read.

What `pjsip show aor NAME` prints below the object itself (`registration` and `endpoint` alike):

     ParameterName        : ParameterValue
     ====================================
     contact              : sip:10.77.0.21:5060
     max_contacts         : 0
     qualify_frequency    : 10
     qualify_timeout      : 3.000000
"""

from __future__ import annotations

from trunktui.model.ask import Answer, Command, Reply, SshAsk
from trunktui.model.observation import Observation, ProbeSettings, RegSettings, Unread
from trunktui.platforms import asterisk_auth as auth
from trunktui.platforms import asterisk_tables as tables
from trunktui.platforms.asterisk_console import askable, rx
from trunktui.platforms.asterisk_logs import log_file
from trunktui.platforms.contract import LegSettings

_BATCH = 25
_FEW_PHONES = 100
_LOGGER = rx("logger", "logger show channels")


def settings_asks(observation: Observation, settings: LegSettings) -> tuple[SshAsk, ...]:
    """Return the asks for settings not read yet: first the list of AORs, then each trunk's own objects.

    An AOR that phones may use (max_contacts above 0) is asked too, in case it holds a static contact, but
    only while there are few of them: on a box with hundreds of phones the config has to name such a trunk.
    """
    if "aors" not in settings.asked:
        wanted = [rx("aors", "pjsip show aors")]
    else:
        registrations, aors, endpoints = set[str](), set[str](), set[str]()
        for leg in observation.legs:
            native = leg.native
            if leg.registration is not None and native.registration is not None:
                registrations.add(native.registration)
            aors.update(n for n in (native.aor,) if n is not None)
            endpoints.update(n for n in (native.endpoint or native.aor,) if n is not None)
            aors.update(settings.aors_of.get(native.endpoint or "", ()))
        phones = [n for n in observation.candidates if n not in settings.static]
        aors.update(phones if len(phones) <= _FEW_PHONES else ())
        wanted = [_show("registration", n) for n in sorted(registrations) if askable(n)]
        wanted += [_show("aor", n) for n in sorted(aors) if askable(n)]
        wanted += [_show("endpoint", n) for n in sorted(endpoints) if askable(n)]
        if auth.missing(settings) and all(command.key in settings.asked for command in wanted):
            wanted.append(rx("auths", "pjsip show auths"))
        wanted.append(_LOGGER)
    missing = [command for command in wanted if command.key not in settings.asked]
    return tuple(SshAsk(tuple(missing[i : i + _BATCH])) for i in range(0, len(missing), _BATCH))


def parse_settings(answers: tuple[Answer, ...], before: LegSettings) -> LegSettings:
    """Read `pjsip show aor|registration|endpoint NAME` replies into `before`."""
    reader = _Reader(before)
    for reply in (reply for answer in answers for reply in answer.replies):
        if reply.truncated or reply.status not in {None, 124, 137}:  # else a busy moment: asked again
            reader.take(reply)
    return reader.settings()


class _Reader:
    """Settings while answers are read into them."""

    def __init__(self, before: LegSettings) -> None:
        self._probe, self._registration = dict(before.probe), dict(before.registration)
        self._endpoint_of, self._aors_of = dict(before.endpoint_of), dict(before.aors_of)
        self._contacts_of, self._static = dict(before.contacts_of), dict(before.static)
        self._client_of, self._log = dict(before.client_of), before.log
        self._transport_of, self._proxy_of = dict(before.transport_of), dict(before.proxy_of)
        self._auths_of, self._usernames = dict(before.auths_of), dict(before.usernames)
        self._asked, self._refused = set(before.asked), dict(before.refused)
        self._barren = set(before.barren)
        self._owners = before.owners

    def take(self, reply: Reply) -> None:
        """Read one reply; what is unreadable stays as it was."""
        self._asked.add(reply.key)
        self._refused.pop(reply.key, None)
        if reply.key == _LOGGER.key:
            self._log = log_file(reply)  # refused or not: there is a usual place
            return
        if reply.key == "auths":
            # Without a grant for it the SBC is none the worse: a finding says what is not known.
            wanted = {name for names in self._auths_of.values() for name in names}
            self._usernames |= auth.of_all(reply, wanted)
            return
        # Not asked again until a reload: sudo reports each refusal to the SBC's administrator.
        if denied := tables.refusal(reply):
            self._refused[reply.key] = Unread(f"pjsip show {reply.key}", denied)
        kind, _, native = reply.key.partition(" ")
        if kind == "aors":
            self._static.update(dict.fromkeys(tables.aors_without_phones(reply), True))
            return
        values = tables.parameters(reply)
        if not values:
            return
        match kind:
            case "aor":
                self._take_aor(native, values)
            case "registration":
                self._take_registration(reply, native, values)
            case "endpoint":
                self._take_endpoint(reply, native, values)

    def _take_aor(self, native: str, values: dict[str, tuple[str, ...]]) -> None:
        self._probe[native] = _probe_settings(values)
        contacts = self._contacts_of[native] = tuple(c for c in values.get("contact", ()) if c)
        self._static[native] = bool(contacts)
        self._barren.discard(native)
        if not contacts and tables.whole(values, "max_contacts") == 0:
            self._barren.add(native)

    def _take_registration(self, reply: Reply, native: str, values: dict[str, tuple[str, ...]]) -> None:
        self._take_way(reply, values)
        self._registration[native] = _reg_settings(values)
        if endpoint := tables.text(values, "endpoint"):
            self._endpoint_of[native] = endpoint
        if client := tables.text(values, "client_uri"):
            self._client_of[native] = client

    def _take_endpoint(self, reply: Reply, native: str, values: dict[str, tuple[str, ...]]) -> None:
        self._take_way(reply, values)
        listed = tables.text(values, "aors") or ""
        self._aors_of[native] = tuple(a.strip() for a in listed.split(",") if a.strip())
        self._usernames |= auth.of_endpoint(reply, self._auths_of[reply.key])

    def _take_way(self, reply: Reply, values: dict[str, tuple[str, ...]]) -> None:
        """Read what registrations and endpoints have alike: the way out, and the credentials."""
        _note(self._transport_of, reply.key, tables.text(values, "transport"))
        _note(self._proxy_of, reply.key, tables.text(values, "outbound_proxy"))
        self._auths_of[reply.key] = auth.auths_of(values)

    def settings(self) -> LegSettings:
        """Return what is known now."""
        return LegSettings(
            probe=self._probe,
            registration=self._registration,
            endpoint_of=self._endpoint_of,
            aors_of=self._aors_of,
            contacts_of=self._contacts_of,
            client_of=self._client_of,
            log=self._log,
            transport_of=self._transport_of,
            proxy_of=self._proxy_of,
            auths_of=self._auths_of,
            usernames=self._usernames,
            static=self._static,
            barren=frozenset(self._barren),
            asked=frozenset(self._asked),
            refused=self._refused,
            owners=self._owners,
        )


def _note(values: dict[str, str], key: str, value: str | None) -> None:
    values.pop(key, None)
    if value is not None:
        values[key] = value


def _show(kind: str, native: str) -> Command:
    return rx(f"{kind} {native}", f"pjsip show {kind} {native}")


def _probe_settings(values: dict[str, tuple[str, ...]]) -> ProbeSettings:
    # The timeout is read from `show aor`: `pjsip show qualify` prints it as 0 ms whatever is set.
    return ProbeSettings(
        interval_s=tables.whole(values, "qualify_frequency"),
        timeout_s=tables.decimal(values, "qualify_timeout"),
        only_2xx=tables.truth(values, "qualify_2xx_only"),
    )


def _reg_settings(values: dict[str, tuple[str, ...]]) -> RegSettings:
    return RegSettings(
        expires_s=tables.whole(values, "expiration"),
        retry_s=tables.whole(values, "retry_interval"),
        forbidden_retry_s=tables.whole(values, "forbidden_retry_interval"),
        fatal_retry_s=tables.whole(values, "fatal_retry_interval"),
        max_retries=tables.whole(values, "max_retries"),
        auth_permanent=tables.truth(values, "auth_rejection_permanent"),
        initial_delay_s=tables.whole(values, "max_random_initial_delay"),
    )
