"""SNMPv3 as the simulated agents speak it: one user, signed and encrypted (RFC 3414, 3826, 7860). Pure.

The ciphers are pysnmp's; the product's sessions use the same, but read and write messages in their own way.
Decision: docs/decisions/013-agents-of-the-demo.md.
"""

from __future__ import annotations

import hashlib
import hmac
from collections import Counter
from typing import Any, NamedTuple

from pyasn1.type import univ
from pysnmp.proto.secmod.rfc3414.service import SnmpUSMSecurityModel

from trunktui.demo import ber
from trunktui.demo.ber import Oid, Tag, Typed
from trunktui.demo.snmp_agent import Pdu, Source, pdu, read_request, refusal, response

_AUTH_PROTOCOLS = {"SHA-256": ("sha256", 24), "SHA-512": ("sha512", 48)}
"""By the config's word: the hash, and the bytes of its digest on the wire."""

_CIPHERS: dict[str, Any] = {
    "AES-128": SnmpUSMSecurityModel.PRIV_SERVICES[1, 3, 6, 1, 6, 3, 10, 1, 2, 4],
    "AES-256": SnmpUSMSecurityModel.PRIV_SERVICES[1, 3, 6, 1, 4, 1, 9, 12, 6, 1, 2],
}
"""By the config's word; the hashes above are as long as the longest key, so none has to be stretched."""

_V3, _USM = 3, 3
_AUTH, _PRIV, _REPORTABLE = 1, 2, 4
_MAX_MESSAGE = 65507
_WINDOW_S = 150
_STATISTICS: Oid = (1, 3, 6, 1, 6, 3, 15, 1, 1)
_NOT_IN_TIME, _NO_USER, _NO_ENGINE, _WRONG_DIGEST = 2, 3, 4, 5
_SALT_BYTES = 8
_ENTERPRISE = bytes.fromhex("80001f8804")
"""An engine ID of net-snmp's own, made of a text (RFC 3411)."""


class User(NamedTuple):
    """Who may ask: a name, protocols by the config's words, and their secrets."""

    name: str
    auth: str
    privacy: str
    auth_secret: str
    privacy_secret: str


class Clock(NamedTuple):
    """The agent's clock: how often it was started, and for how many seconds it has been up."""

    boots: int
    up_s: int


class _Envelope(NamedTuple):
    """A request's envelope; elements are places in the datagram."""

    number: int
    level: int
    engine: bytes
    boots: int
    up_s: int
    user: bytes
    digest: ber.Element
    salt: bytes
    data: ber.Element


class V3Agent:
    """An agent's engine with its one user; `name` makes its engine ID, the same after every restart."""

    def __init__(self, name: str, user: User) -> None:
        self.engine = _ENTERPRISE + name.encode()[:27]
        self._user = user
        self._hash, self._size = _AUTH_PROTOCOLS[user.auth]
        self._cipher = _CIPHERS[user.privacy]
        self._auth_key = self._localized(user.auth_secret)
        self._privacy_key = univ.OctetString(self._localized(user.privacy_secret)[: self._cipher.KEY_SIZE])
        self._told: Counter[int] = Counter()

    def reply(self, datagram: bytes, clock: Clock, source: Source) -> bytes | None:
        """Return the reply or the report to a v3 datagram; None where there is none."""
        try:
            envelope = _envelope(datagram)
            if (fault := self._fault(datagram, envelope, clock)) is not None:
                return self._report(envelope, clock, fault)
            data, scoped = self._opened(datagram, envelope)
            _, _, body = ber.inside(data, scoped)
            request = read_request(data, body)
        except ValueError:
            return None  # no message, or one that was encrypted with another key: agents drop both
        allowed = envelope.level & _PRIV
        said = response(request, source) if allowed else refusal(request)
        return None if said is None else self._message(envelope, envelope.level, clock, said)

    def _fault(self, datagram: bytes, envelope: _Envelope, clock: Clock) -> int | None:
        """Return the number of the statistic that a request's envelope adds to, None where all is well."""
        if envelope.engine != self.engine:
            return _NO_ENGINE
        if envelope.user != self._user.name.encode():
            return _NO_USER
        if envelope.level & _AUTH:
            shown = envelope.digest
            plain = datagram[: shown.start] + bytes(shown.end - shown.start) + datagram[shown.end :]
            if not hmac.compare_digest(self._digest(plain), datagram[shown.start : shown.end]):
                return _WRONG_DIGEST
            if envelope.boots != clock.boots or abs(envelope.up_s - clock.up_s) > _WINDOW_S:
                return _NOT_IN_TIME
        return None

    def _opened(self, datagram: bytes, envelope: _Envelope) -> tuple[bytes, ber.Element]:
        """Return the bytes that hold the scoped PDU, in clear, and its place in them. Raises ValueError."""
        if not envelope.level & _PRIV:
            return datagram, envelope.data
        if len(envelope.salt) != _SALT_BYTES:
            raise ValueError("no salt")
        parameters = (envelope.boots, envelope.up_s, univ.OctetString(envelope.salt))
        secret = univ.OctetString(ber.text(datagram, envelope.data))
        clear = bytes(self._cipher.decrypt_data(self._privacy_key, parameters, secret))
        return clear, ber.element(clear, 0, len(clear))

    def _report(self, envelope: _Envelope, clock: Clock, fault: int) -> bytes | None:
        """Return the report of a fault; signed where it tells the time, as that is believed."""
        if not envelope.level & _REPORTABLE:
            return None
        self._told[fault] += 1
        level = _AUTH if fault == _NOT_IN_TIME else 0
        told = [((*_STATISTICS, fault, 0), Typed(Tag.COUNTER, self._told[fault]))]
        return self._message(envelope, level, clock, pdu(Pdu.REPORT, 0, told))

    def _message(self, to: _Envelope, level: int, clock: Clock, body: bytes) -> bytes:
        """Return a message with a PDU, for whoever sent the request in envelope `to`."""
        level &= _AUTH | _PRIV
        data, salt = ber.sequence(ber.octets(self.engine), ber.octets(b""), body), b""
        if level & _PRIV:
            secret, salted = self._cipher.encrypt_data(self._privacy_key, (*clock, None), data)
            data, salt = ber.octets(bytes(secret)), bytes(salted)
        unsigned = self._whole(to, level, clock, bytes(self._size if level & _AUTH else 0), salt, data)
        if not level & _AUTH:
            return unsigned
        return self._whole(to, level, clock, self._digest(unsigned), salt, data)

    def _whole(
        self, to: _Envelope, level: int, clock: Clock, digest: bytes, salt: bytes, data: bytes
    ) -> bytes:
        header = ber.sequence(
            ber.integer(to.number), ber.integer(_MAX_MESSAGE), ber.octets(bytes([level])), ber.integer(_USM)
        )
        security = ber.sequence(
            ber.octets(self.engine),
            ber.integer(clock.boots),
            ber.integer(clock.up_s),
            ber.octets(to.user),
            ber.octets(digest),
            ber.octets(salt),
        )
        return ber.sequence(ber.integer(_V3), header, ber.octets(security), data)

    def _digest(self, message: bytes) -> bytes:
        return hmac.new(self._auth_key, message, self._hash).digest()[: self._size]

    def _localized(self, secret: str) -> bytes:
        """Return the key that a secret means at this engine (about 1 ms)."""
        word = secret.encode()
        key = hashlib.new(self._hash, (word * (2**20 // len(word) + 1))[: 2**20]).digest()
        return hashlib.new(self._hash, key + self.engine + key).digest()


def _envelope(datagram: bytes) -> _Envelope:
    """Return a v3 message's envelope. Raises ValueError for what is none."""
    version, header, security, data = ber.inside(datagram, ber.element(datagram, 0, len(datagram)))
    number, _, flags, model = ber.inside(datagram, header)
    level = ber.text(datagram, flags)
    if ber.number(datagram, version) != _V3 or ber.number(datagram, model) != _USM or len(level) != 1:
        raise ValueError("another version or security model")
    if level[0] & (_AUTH | _PRIV) == _PRIV:
        raise ValueError("encrypted and not signed")
    ber.text(datagram, security)
    parts = ber.inside(datagram, ber.element(datagram, security.start, security.end))
    engine, boots, up_s, user, digest, salt = parts
    ber.text(datagram, digest)
    return _Envelope(
        ber.number(datagram, number),
        level[0],
        ber.text(datagram, engine),
        ber.number(datagram, boots),
        ber.number(datagram, up_s),
        ber.text(datagram, user),
        digest,
        ber.text(datagram, salt),
        data,
    )
