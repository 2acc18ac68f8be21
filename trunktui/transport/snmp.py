"""Puts SNMP requests into datagrams and reads the replies; the only file that knows pysnmp.

Of that library it takes the message formats and the ciphers, not the engine: an engine accepts replies from
anybody, throws decoding faults into the event loop, takes an agent that was rebuilt for dead, and keeps 0.4 to
1 MB for each. A session here is a few hundred bytes, does no IO and reads no clock: `now` is an argument.
Decision: docs/decisions/005-snmp-sessions.md.
"""

from __future__ import annotations

import secrets
from typing import Any, NamedTuple

from pyasn1.codec.ber import decoder, encoder
from pyasn1.error import PyAsn1Error
from pyasn1.type import univ
from pysnmp.entity import config
from pysnmp.error import PySnmpError
from pysnmp.proto.api import v2c
from pysnmp.proto.mpmod.rfc3412 import HeaderData, ScopedPDU, SNMPv3Message
from pysnmp.proto.secmod.rfc3414.service import UsmSecurityParameters

from trunktui.model.link import SnmpError
from trunktui.model.secret import Secret
from trunktui.model.snmp import Kind, Oid
from trunktui.transport import snmp_faults as faults
from trunktui.transport.snmp_ber import well_formed
from trunktui.transport.snmp_check import BadReplyError, Bound, Reply
from trunktui.transport.snmp_keys import LEAST_SECRET, Key, digest, digest_size, localized, master, same

_UNREADABLE = (
    PyAsn1Error,
    PySnmpError,
    TypeError,
    ValueError,
    AttributeError,
    LookupError,
    ArithmeticError,
    RecursionError,
)
"""What the library was seen to throw at mutated datagrams; each means: this is no SNMP message."""

_TYPES: dict[Any, str] = {
    cls.tagSet: name
    for cls, name in (
        (v2c.Integer32, Kind.INTEGER.value),
        (v2c.Counter32, Kind.COUNTER.value),
        (v2c.Gauge32, Kind.GAUGE.value),
        (v2c.TimeTicks, Kind.TICKS.value),
        (v2c.OctetString, Kind.TEXT.value),
        (v2c.ObjectIdentifier, Kind.OID.value),
        (v2c.IpAddress, "IpAddress"),
        (v2c.Opaque, "Opaque"),
        (v2c.Counter64, "Counter64"),
        (v2c.Null, "unSpecified"),
        (v2c.NoSuchObject, "noSuchObject"),
        (v2c.NoSuchInstance, "noSuchInstance"),
        (v2c.EndOfMibView, "endOfMibView"),
    )
}
_NUMBERS = frozenset({"Integer32", "Counter32", "Gauge32", "TimeTicks", "Counter64"})
_AUTH_NAMES = {
    "MD5": config.USM_AUTH_HMAC96_MD5,
    "SHA-1": config.USM_AUTH_HMAC96_SHA,
    "SHA-224": config.USM_AUTH_HMAC128_SHA224,
    "SHA-256": config.USM_AUTH_HMAC192_SHA256,
    "SHA-384": config.USM_AUTH_HMAC256_SHA384,
    "SHA-512": config.USM_AUTH_HMAC384_SHA512,
}
_CIPHERS: dict[str, Any] = {
    word: config.PRIV_SERVICES[name]
    for word, name in (
        ("DES", config.USM_PRIV_CBC56_DES),
        ("AES-128", config.USM_PRIV_CFB128_AES),
        ("AES-192", config.USM_PRIV_CFB192_AES_BLUMENTHAL),
        ("AES-256", config.USM_PRIV_CFB256_AES_BLUMENTHAL),
        ("AES-192-C", config.USM_PRIV_CFB192_AES),
        ("AES-256-C", config.USM_PRIV_CFB256_AES),
    )
}
_AUTH, _PRIV, _REPORTABLE = 1, 2, 4
_MAX_MESSAGE = 65507
_USM = (1, 3, 6, 1, 6, 3, 15, 1, 1)
_REPORT_LEVEL, _REPORT_TIME, _REPORT_USER, _REPORT_ENGINE, _REPORT_DIGEST, _REPORT_DECRYPT = range(1, 7)


class Sent(NamedTuple):
    """A request on its way, and the two numbers by which its reply is known."""

    datagram: bytes
    message_id: int
    request_id: int


class Resync(NamedTuple):
    """The agent told what the session lacked (its engine, its clock): ask again."""

    why: str


class V2cSession:
    """Requests and replies of SNMPv2c. The community is no secret on the wire and proves nothing."""

    def __init__(self, community: Secret) -> None:
        self._community = community.reveal().encode()

    def hello(self, now: float) -> Sent | None:
        """Return what must be asked before all else: nothing."""
        del now
        return None

    def get(self, oids: tuple[Oid, ...], now: float) -> Sent:
        """Return a GET of `oids`."""
        del now
        return self._sent(_get_pdu(oids))

    def bulk(self, after: Oid, rows: int, now: float) -> Sent:
        """Return a GETBULK of at most `rows` that follow `after`."""
        del now
        return self._sent(_bulk_pdu(after, rows))

    def forget(self) -> None:
        """Begin anew: nothing is kept."""

    def read(self, datagram: bytes, sent: Sent, now: float) -> Reply | Resync | None:
        """Return the reply to `sent`, None for a datagram that is no reply to it. Raises BadReplyError."""
        del now
        try:
            message, _ = decoder.decode(well_formed(datagram), asn1Spec=v2c.Message())
            if int(message[0]) != 1 or bytes(message[1]) != self._community:
                raise BadReplyError("another version or community came back")
            pdu = message[2].getComponent()
            if int(pdu[0]) != sent.request_id:
                return None
            return _reply(pdu)
        except _UNREADABLE as error:
            raise BadReplyError(f"no SNMP message ({type(error).__name__})") from None

    def _sent(self, pdu: Any) -> Sent:
        message = v2c.Message()
        v2c.apiMessage.set_defaults(message)
        message[1] = self._community
        v2c.apiMessage.set_pdu(message, pdu)
        return Sent(encoder.encode(message), 0, int(pdu[0]))


class V3Session:
    """Requests and replies of SNMPv3 with one agent: its engine, its clock, and our keys made for it.

    `where` and `user` are for the words of errors. Raises SnmpError (CONFIG) for a secret that is too short.
    """

    def __init__(self, where: str, user: str, auth: Key | None, privacy: Key | None) -> None:
        for word, key in (("auth", auth), ("privacy", privacy)):
            if key is not None and len(key.secret.reveal().encode()) < LEAST_SECRET:
                raise faults.config(f"the secret of snmp.{word} is too short; SNMPv3 wants 8 characters")
        self.where = where
        self._user = user
        self._auth, self._privacy = auth, privacy
        self._level = (_AUTH if auth else 0) | (_PRIV if privacy else 0)
        self._auth_key = self._priv_key = b""
        self._engine = b""
        self._boots = self._time = 0
        self._synced_at = 0.0

    @property
    def encrypts(self) -> bool:
        """Whether requests are encrypted, so that an agent without the key drops them unread."""
        return self._privacy is not None

    def forget(self) -> None:
        """Begin anew with the discovery of the agent's engine."""
        self._engine = b""

    def hello(self, now: float) -> Sent | None:
        """Return the request that discovers the agent's engine, None once it is known."""
        if self._engine:
            return None
        return self._sent(_get_pdu(()), level=0, now=now)

    def get(self, oids: tuple[Oid, ...], now: float) -> Sent:
        """Return a GET of `oids`."""
        return self._sent(_get_pdu(oids), self._level, now)

    def bulk(self, after: Oid, rows: int, now: float) -> Sent:
        """Return a GETBULK of at most `rows` that follow `after`."""
        return self._sent(_bulk_pdu(after, rows), self._level, now)

    def read(self, datagram: bytes, sent: Sent, now: float) -> Reply | Resync | None:
        """Return the reply to `sent`, None for a datagram that is no reply to it.

        Resync: the session learned the agent's engine or clock, ask again. Raises BadReplyError for what must
        not be believed, SnmpError where the agent says what is wrong with our login.
        """
        try:
            return self._read(datagram, sent, now)
        except _UNREADABLE as error:
            raise BadReplyError(f"no SNMPv3 message ({type(error).__name__})") from None

    def _read(self, datagram: bytes, sent: Sent, now: float) -> Reply | Resync | None:
        message, _ = decoder.decode(well_formed(datagram), asn1Spec=SNMPv3Message())
        header = message[1]
        if int(message[0]) != 3 or int(header[3]) != 3:
            raise BadReplyError("another version or security model came back")
        if int(header[0]) != sent.message_id:
            return None
        level = bytes(header[2])[0] & (_AUTH | _PRIV)
        raw = bytes(message[2])
        security, _ = decoder.decode(well_formed(raw), asn1Spec=UsmSecurityParameters())
        if level & _AUTH:
            self._authentic(datagram, raw, security)
        elif level & _PRIV:
            raise BadReplyError("it is encrypted but not signed")
        pdu = self._pdu(message[3], level, security)
        if pdu.tagSet == v2c.ReportPDU.tagSet:
            return self._report(pdu, security, level, now)
        if level != self._level or bytes(security[0]) != self._engine or bytes(security[3]) != self._user_raw:
            raise BadReplyError("it came with less security than asked for, or for another user")
        if int(pdu[0]) != sent.request_id:
            return None
        return _reply(pdu)

    def _authentic(self, datagram: bytes, raw: bytes, security: Any) -> None:
        """Raise BadReplyError unless the digest in the message was made with our key for this engine."""
        if self._auth is None or not self._engine or bytes(security[0]) != self._engine:
            raise BadReplyError("it is signed by another engine")
        shown, size = bytes(security[4]), digest_size(self._auth)
        # The last such bytes: behind them stand eight of salt at most, which cannot hold twelve or more.
        start = datagram.find(raw)
        at = start + raw.rfind(shown)
        if len(shown) != size or start < 0 or at < start:
            raise BadReplyError("its digest has the wrong length")
        plain = datagram[:at] + bytes(size) + datagram[at + size :]
        if not same(digest(self._auth, self._auth_key, plain), shown):
            raise BadReplyError("its digest is wrong: not sent by the agent, or altered on the way")

    def _pdu(self, data: Any, level: int, security: Any) -> Any:
        body = data.getComponent()
        if not level & _PRIV:
            if data.getName() != "plaintext":
                raise BadReplyError("it is encrypted and says it is not")
            return body[2].getComponent()
        if self._privacy is None or data.getName() != "encryptedPDU":
            raise BadReplyError("it says it is encrypted and is not")
        cipher = _CIPHERS[self._privacy.protocol]
        # The octet strings go in as they came: the library's ciphers want its own types.
        clear = cipher.decrypt_data(
            univ.OctetString(self._priv_key), (security[1], security[2], security[5]), body
        )
        whole = well_formed(bytes(clear), padded=self._privacy.protocol == "DES")
        scoped, _ = decoder.decode(whole, asn1Spec=ScopedPDU())
        return scoped[2].getComponent()

    def _report(self, pdu: Any, security: Any, level: int, now: float) -> Resync:
        """Take what the agent reports about our request; raises SnmpError where it refuses us."""
        names = [bound.oid for bound in _bindings(pdu)]
        number = names[0][len(_USM)] if names and names[0][: len(_USM)] == _USM else 0
        if number == _REPORT_ENGINE:
            return self._learn_engine(security, now)
        if number == _REPORT_TIME:
            if not level & _AUTH:
                raise BadReplyError("its clock is not signed")
            self._boots, self._time, self._synced_at = int(security[1]), int(security[2]), now
            return Resync("clock")
        raise self._refusal(number)

    def _learn_engine(self, security: Any, now: float) -> Resync:
        engine = bytes(security[0])
        if not 5 <= len(engine) <= 32 or engine == self._engine:
            raise BadReplyError("its engine ID is none")
        self._engine = engine
        self._boots, self._time, self._synced_at = int(security[1]), int(security[2]), now
        if self._auth is not None:
            self._auth_key = localized(self._auth, engine)
        if self._auth is not None and self._privacy is not None:
            key = univ.OctetString(master(self._auth, self._privacy.secret))
            cipher, auth = _CIPHERS[self._privacy.protocol], _AUTH_NAMES[self._auth.protocol]
            self._priv_key = bytes(cipher.localize_key(auth, key, univ.OctetString(engine)))
        return Resync("engine")

    def _refusal(self, number: int) -> SnmpError:
        if number == _REPORT_DIGEST:
            return faults.wrong_auth(self.where)
        if number == _REPORT_USER:
            return faults.unknown_user(self.where, self._user)
        if number == _REPORT_LEVEL:
            return faults.wrong_level(self.where)
        if number == _REPORT_DECRYPT:
            return faults.wrong_privacy(self.where)
        return faults.unreadable(self.where, "it reports a fault that we do not know")

    @property
    def _user_raw(self) -> bytes:
        return self._user.encode()

    def _sent(self, pdu: Any, level: int, now: float) -> Sent:
        """Return a message at security `level`; level 0 before the engine is known is the discovery."""
        boots = self._boots if level & _AUTH else 0
        time = self._time + int(now - self._synced_at) if level & _AUTH else 0
        scoped = ScopedPDU()
        scoped[0], scoped[1] = self._engine, b""
        scoped[2][_pdu_name(pdu)] = pdu
        message, salt = SNMPv3Message(), b""
        if level & _PRIV and self._privacy is not None:
            cipher = _CIPHERS[self._privacy.protocol]
            key = univ.OctetString(self._priv_key)
            secret, salted = cipher.encrypt_data(key, (boots, time, None), encoder.encode(scoped))
            message[3]["encryptedPDU"], salt = secret, bytes(salted)
        else:
            message[3]["plaintext"] = scoped
        header = HeaderData()
        header[0], header[1] = secrets.randbelow(2**31 - 1), _MAX_MESSAGE
        header[2], header[3] = bytes([level | _REPORTABLE]), 3
        size = digest_size(self._auth) if level & _AUTH and self._auth is not None else 0
        security = UsmSecurityParameters()
        user = self._user_raw if self._engine else b""
        for index, part in enumerate((self._engine, boots, time, user, bytes(size), salt)):
            security[index] = part
        parameters = encoder.encode(security)
        message[0], message[1], message[2] = 3, header, parameters
        datagram = encoder.encode(message)
        if size and self._auth is not None:
            # Behind the digest stand the salt with its two bytes of head, then the message's data.
            at = datagram.index(parameters) + len(parameters) - 2 - len(salt) - size
            signed = digest(self._auth, self._auth_key, datagram)
            datagram = datagram[:at] + signed + datagram[at + size :]
        return Sent(datagram, int(header[0]), int(pdu[0]))


def _pdu_name(pdu: Any) -> str:
    return "get-bulk-request" if pdu.tagSet == v2c.GetBulkRequestPDU.tagSet else "get-request"


def _get_pdu(oids: tuple[Oid, ...]) -> Any:
    pdu = v2c.GetRequestPDU()
    v2c.apiPDU.set_defaults(pdu)
    pdu[0] = secrets.randbelow(2**31 - 1)
    v2c.apiPDU.set_varbinds(pdu, [(oid, v2c.null) for oid in oids])
    return pdu


def _bulk_pdu(after: Oid, rows: int) -> Any:
    pdu = v2c.GetBulkRequestPDU()
    v2c.apiBulkPDU.set_defaults(pdu)
    pdu[0], pdu[1], pdu[2] = secrets.randbelow(2**31 - 1), 0, rows
    v2c.apiBulkPDU.set_varbinds(pdu, [(after, v2c.null)])
    return pdu


def _reply(pdu: Any) -> Reply:
    if pdu.tagSet != v2c.ResponsePDU.tagSet:
        raise BadReplyError("something else than a response came back")
    return Reply(int(pdu[1]), tuple(_bindings(pdu)))


def _bindings(pdu: Any) -> list[Bound]:
    found: list[Bound] = []
    for name, value in v2c.apiPDU.get_varbinds(pdu):
        word = _TYPES.get(value.tagSet, "unknown")
        plain: int | bytes | Oid | None = None
        if word in _NUMBERS:
            plain = int(value)
        elif word == Kind.TEXT.value:
            plain = bytes(value)
        elif word == Kind.OID.value:
            plain = tuple(value)
        found.append(Bound(tuple(name), word, plain))
    return found
