"""What Asterisk's own SNMP sub-agent (res_snmp over AgentX) tells: totals, never the state of a trunk.

What it answers (numeric, 22.10; Asterisk's MIB is in no Debian package):

    .1.3.6.1.4.1.22736.1.1.1.0 = STRING: "22.10.1+dfsg+~cs6.17.60671434-1"
    .1.3.6.1.4.1.22736.1.2.1.0 = Timeticks: (122653) 0:20:26.53
    .1.3.6.1.4.1.22736.1.2.5.0 = Gauge32: 6
    .1.3.6.1.4.1.22736.1.2.6.0 = Counter32: 12
    .1.3.6.1.4.1.22736.1.5.1.0 = Gauge32: 22

With Asterisk stopped (or res_snmp not loaded) each is `No Such Object`; with Asterisk frozen nothing comes back
at all, also for the system's objects if they were in the same request.
"""

from __future__ import annotations

from trunktui.model.box import BoxFacts
from trunktui.model.snmp import Kind, SnmpAnswer, SnmpAsk, SnmpGet, Variable, oid
from trunktui.platforms.boxmib import read_totals, totals_ask

_ASTERISK = "1.3.6.1.4.1.22736.1"
_TOTALS = SnmpGet(
    "asterisk",
    (
        Variable("version", oid(f"{_ASTERISK}.1.1.0"), Kind.TEXT),
        Variable("uptime", oid(f"{_ASTERISK}.2.1.0"), Kind.TICKS),
        Variable("calls", oid(f"{_ASTERISK}.2.5.0"), Kind.GAUGE),
        Variable("processed", oid(f"{_ASTERISK}.2.6.0"), Kind.COUNTER),
        Variable("channels", oid(f"{_ASTERISK}.5.1.0"), Kind.GAUGE),
    ),
    patient=True,
)


def snmp_ask(extend: tuple[str, ...]) -> SnmpAsk:
    """Return what to ask at every SNMP poll."""
    return totals_ask(_TOTALS, extend)


def parse_snmp(answer: SnmpAnswer, extend: tuple[str, ...]) -> BoxFacts:
    """Read one SNMP poll. Never raises."""
    return read_totals(answer, _TOTALS, extend)
