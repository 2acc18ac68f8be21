"""An SNMPv3 agent that shares no code with the product's sessions: pysnmp's own engine, fed by hand."""

from __future__ import annotations

from typing import Any

from pysnmp.carrier.base import AbstractTransportDispatcher
from pysnmp.entity import config
from pysnmp.entity.engine import SnmpEngine
from pysnmp.entity.rfc3413 import cmdrsp, context
from pysnmp.proto.rfc1902 import OctetString

ADDRESS = ("127.0.0.1", 50_000)
AUTH = {
    "MD5": config.USM_AUTH_HMAC96_MD5,
    "SHA-1": config.USM_AUTH_HMAC96_SHA,
    "SHA-224": config.USM_AUTH_HMAC128_SHA224,
    "SHA-256": config.USM_AUTH_HMAC192_SHA256,
    "SHA-384": config.USM_AUTH_HMAC256_SHA384,
    "SHA-512": config.USM_AUTH_HMAC384_SHA512,
}
PRIVACY = {
    "DES": config.USM_PRIV_CBC56_DES,
    "AES-128": config.USM_PRIV_CFB128_AES,
    "AES-192": config.USM_PRIV_CFB192_AES_BLUMENTHAL,
    "AES-256": config.USM_PRIV_CFB256_AES_BLUMENTHAL,
    "AES-192-C": config.USM_PRIV_CFB192_AES,
    "AES-256-C": config.USM_PRIV_CFB256_AES,
}
AUTH_SECRET, PRIVACY_SECRET = "auth-secret-1", "privacy-secret-1"


class _Wire(AbstractTransportDispatcher):  # type: ignore[misc]
    """Keeps what the engine sends."""

    def __init__(self) -> None:
        super().__init__()
        self.sent: list[bytes] = []

    def send_message(self, outgoing: Any, domain: Any, address: Any) -> None:
        self.sent.append(bytes(outgoing))


class EngineAgent:
    """An agent with the user `noc`; `auth` and `privacy` are the config's words, None: without."""

    def __init__(self, auth: str | None, privacy: str | None) -> None:
        self._engine = SnmpEngine()
        self._wire = _Wire()
        self._engine.register_transport_dispatcher(self._wire)
        config.add_v3_user(
            self._engine,
            "noc",
            AUTH[auth] if auth else config.USM_AUTH_NONE,
            AUTH_SECRET if auth else None,
            PRIVACY[privacy] if privacy else config.USM_PRIV_NONE,
            PRIVACY_SECRET if privacy else None,
        )
        level = "authPriv" if privacy else "authNoPriv" if auth else "noAuthNoPriv"
        config.add_vacm_user(self._engine, 3, "noc", level, (1, 3, 6, 1, 2, 1), (1, 3, 6, 1, 2, 1))
        (name,) = self._engine.get_mib_builder().import_symbols("__SNMPv2-MIB", "sysName")
        name.syntax = name.syntax.clone("sbc1")
        cmdrsp.GetCommandResponder(self._engine, context.SnmpContext(self._engine))

    def move_clock(self, boots: int) -> None:
        """Pretend to have started `boots` times: what managers know of the clock is wrong now."""
        (counter,) = self._engine.get_mib_builder().import_symbols("__SNMP-FRAMEWORK-MIB", "snmpEngineBoots")
        counter.syntax = counter.syntax.clone(boots)

    def answer(self, datagram: bytes) -> list[bytes]:
        """Return what the agent sends back for a datagram."""
        self._wire.sent.clear()
        self._engine.message_dispatcher.receive_message(
            self._engine, config.SNMP_UDP_DOMAIN, ADDRESS, OctetString(datagram).asOctets()
        )
        return list(self._wire.sent)
