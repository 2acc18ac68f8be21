"""What Kamailio's own SNMP sub-agent (snmpstats over AgentX) tells: totals, never the state of a trunk.

What it answers (numeric, 5.6.3; nothing of uac or dispatcher is in it, and its uptime is always 0):

    .1.3.6.1.4.1.34352.3.1.3.1.1.2.3.0 = STRING: "5.6.3"
    .1.3.6.1.4.1.34352.3.1.3.1.3.2.1.0 = Gauge32: 3              dialogs now
    .1.3.6.1.4.1.34352.3.1.3.1.3.2.7.0 = Counter32: 6            dialogs since it started

With Kamailio stopped (or snmpstats not loaded) each is `No Such Object`.
"""

from __future__ import annotations

from trunktui.model.box import BoxFacts
from trunktui.model.snmp import Kind, SnmpAnswer, SnmpAsk, SnmpGet, Variable, oid
from trunktui.platforms.boxmib import read_totals, totals_ask

_SERVER = "1.3.6.1.4.1.34352.3.1.3.1"
_TOTALS = SnmpGet(
    "kamailio",
    (
        Variable("version", oid(f"{_SERVER}.1.2.3.0"), Kind.TEXT),
        Variable("calls", oid(f"{_SERVER}.3.2.1.0"), Kind.GAUGE),
        Variable("processed", oid(f"{_SERVER}.3.2.7.0"), Kind.COUNTER),
    ),
    patient=True,
)


def snmp_ask(extend: tuple[str, ...]) -> SnmpAsk:
    """Return what to ask at every SNMP poll."""
    return totals_ask(_TOTALS, extend)


def parse_snmp(answer: SnmpAnswer, extend: tuple[str, ...]) -> BoxFacts:
    """Read one SNMP poll. Never raises."""
    return read_totals(answer, _TOTALS, extend)
