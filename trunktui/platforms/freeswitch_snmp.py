"""What FreeSWITCH's own SNMP sub-agent (mod_snmp over AgentX) tells: totals, nothing of a gateway.

What it answers (numeric, 1.10.12):

    .1.3.6.1.4.1.27880.1.2.1.0 = Timeticks: (8213) 0:01:22.13
    .1.3.6.1.4.1.27880.1.2.2.0 = Counter32: 29
    .1.3.6.1.4.1.27880.1.2.3.0 = Gauge32: 20
    .1.3.6.1.4.1.27880.1.2.5.0 = Gauge32: 5

`versionString` (.1.1.1.0) is a piece of the process's own memory and is never asked for. `.2.5` counts bridged pairs alone, fewer
than `show calls count`: it is left out as well. With FreeSWITCH stopped each is `No Such Object`; with FreeSWITCH frozen
nothing comes back at all.
"""

from __future__ import annotations

from trunktui.model.box import BoxFacts
from trunktui.model.snmp import Kind, SnmpAnswer, SnmpAsk, SnmpGet, Variable, oid
from trunktui.platforms.boxmib import read_totals, totals_ask

_FREESWITCH = "1.3.6.1.4.1.27880.1"
_TOTALS = SnmpGet(
    "freeswitch",
    (
        Variable("uptime", oid(f"{_FREESWITCH}.2.1.0"), Kind.TICKS),
        Variable("processed", oid(f"{_FREESWITCH}.2.2.0"), Kind.COUNTER),
        Variable("channels", oid(f"{_FREESWITCH}.2.3.0"), Kind.GAUGE),
    ),
    patient=True,
)


def snmp_ask(extend: tuple[str, ...]) -> SnmpAsk:
    """Return what to ask at every SNMP poll."""
    return totals_ask(_TOTALS, extend)


def parse_snmp(answer: SnmpAnswer, extend: tuple[str, ...]) -> BoxFacts:
    """Read one SNMP poll. Never raises. `calls_processed` are sessions: of a bridged call there are two."""
    return read_totals(answer, _TOTALS, extend)
