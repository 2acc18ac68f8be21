"""Findings as a table: a fleet with one thing to find, and what is said of it; TODAY is a Thursday in November."""

from __future__ import annotations

import datetime as dt
from collections.abc import Callable
from ipaddress import ip_network
from typing import Any

from msgspec import Struct, structs

from tests.fleets import NOW, fleet, leg, sbc
from trunktui.model.finding import AuthBurst, Certificate, FileTime, FindingKind, Record, RecordKind, Told
from trunktui.model.health import ProbeSignal, Severity
from trunktui.model.inventory import (
    Account,
    Allowlist,
    AuthMode,
    Binding,
    Cap,
    Carrier,
    Credential,
    Group,
    Ha,
    Inventory,
    Restriction,
    Sbc,
    SshTarget,
    Trunk,
)
from trunktui.model.snapshot import Egress, LegStatus, ProbeView, RegView, SbcStatus
from trunktui.model.text import Safe

TODAY = dt.date(2026, 11, 26)
DAY = dt.timedelta(days=1)
FILE = "/etc/asterisk/pjsip_acme.conf"


def ago(days: int) -> dt.date:
    """Return the day so many days before TODAY; less than nothing is a day to come."""
    return TODAY - days * DAY


class Scene(Struct, frozen=True):
    """A fleet and all that is known of it. As it stands there is nothing to find."""

    trunks: tuple[Trunk, ...]
    legs: tuple[LegStatus, ...]
    sbcs: tuple[SbcStatus, ...]
    accounts: tuple[Account, ...] = ()
    groups: tuple[Group, ...] = ()
    boxes: tuple[Sbc, ...] = (Sbc("nyc-1", "asterisk", SshTarget("192.0.2.1"), egress_ip="198.51.100.10"),)
    records: tuple[Record, ...] = ()
    told: tuple[Told, ...] = ()

    @property
    def inventory(self) -> Inventory:
        """The config of it."""
        return Inventory((Carrier("alpha"),), self.accounts, self.boxes, self.trunks, self.groups)

    @property
    def arguments(self) -> tuple[Any, ...]:
        """What `find` is given."""
        snapshot = fleet(*self.legs, sbcs=self.sbcs)
        return snapshot, self.inventory, self.records, TODAY, self.told


def trunk(name: str = "acme", *on: str, **changes: Any) -> Trunk:
    """Return a trunk with a young credential and a cap."""
    plain = Trunk(
        name,
        carrier="alpha",
        bindings=tuple(Binding(name, one, name=name) for one in on or ("nyc-1",)),
        cap=Cap(channels=100),
        credential=Credential("acme", ago(10)),
    )
    return structs.replace(plain, **changes)


def scene(**changes: Any) -> Scene:
    """Return a fleet of one trunk on one SBC, with `changes`."""
    plain = Scene((trunk(),), (leg("acme@nyc-1", username=Safe("acme")),), (sbc("nyc-1"),))
    return structs.replace(plain, **changes)


def credential(rotated: dt.date | None = None, **changes: Any) -> Scene:
    """Return the fleet with a credential that was changed on that day."""
    held = structs.replace(Credential("acme", rotated), **changes.pop("held", {}))
    return scene(trunks=(trunk(credential=held),), **changes)


def listed(held: Allowlist, *, egress: Egress | None = None, **changes: Any) -> Scene:
    """Return the fleet with a trunk by address, on an account with that allowlist."""
    return scene(
        trunks=(trunk(auth=AuthMode.IP, account="acme-us", credential=None),),
        legs=(leg("acme@nyc-1", auth=AuthMode.IP, registration=RegView(leg("x@y").registration.state)),),
        accounts=(Account("acme-us", "alpha", allowlist=held),),
        sbcs=(sbc("nyc-1", egress=egress),),
        **changes,
    )


def probed(interval_s: int | None, **changes: Any) -> Scene:
    """Return the fleet with OPTIONS so often."""
    view = ProbeView(ProbeSignal.OK, interval_s=interval_s, **changes)
    return scene(legs=(leg("acme@nyc-1", username=Safe("acme"), probe=view),))


def expiring(expires_s: int | None) -> Scene:
    """Return the fleet with a registration that asks for so long."""
    view = structs.replace(leg("acme@nyc-1").registration, expires_s=expires_s)
    return scene(legs=(leg("acme@nyc-1", username=Safe("acme"), registration=view),))


def sharing(*, first: str | None = "acme", second: str | None = "acme", config: str | None = None) -> Scene:
    """Return two trunks of two groups with the usernames that the SBC told."""
    names = (("acme-us", "us", first), ("acme-eu", "eu", second))
    asks = structs.replace(leg("x@y").registration, expires_s=300)
    return scene(
        trunks=tuple(trunk(name, credential=Credential(config, ago(10))) for name, _, _ in names),
        legs=tuple(
            leg(f"{name}@nyc-1", groups=(group,), registration=asks, username=user and Safe(user))
            for name, group, user in names
        ),
        groups=(Group("us", ("acme-us",)), Group("eu", ("acme-eu",))),
        sbcs=(sbc("nyc-1", settled=True),),
    )


def bursting(*bursts: AuthBurst) -> Scene:
    """Return the fleet with failed logins at its SBC."""
    return scene(sbcs=(sbc("nyc-1", auth_bursts=bursts),))


def ending(*days: int) -> Scene:
    """Return the fleet with certificates that end in so many days."""
    held = (
        Certificate(Safe(f"sip{number}.pem"), ago(-left), Safe("read by TLS"))
        for number, left in enumerate(days)
    )
    return scene(sbcs=(sbc("nyc-1", certificates=tuple(held)),))


def recorded(kind: RecordKind, subject: str, days: int) -> tuple[Record, ...]:
    """Return what alice recorded so many days ago."""
    return (Record(kind, subject, ago(days), Safe("alice"), 0.0),)


GOOD = Allowlist((ip_network("198.51.100.10"),), audited=ago(10))
OTHER = ip_network("203.0.113.7")


def but(**changes: Any) -> Allowlist:
    """Return the good allowlist with changes."""
    return structs.replace(GOOD, **changes)


SEEN = Egress("203.0.113.9", Safe("STUN"), since=NOW - 2 * 86400, before="198.51.100.10")
PAIR = (
    Sbc(
        "nyc-1", "asterisk", SshTarget("192.0.2.1"), egress_ip="198.51.100.10", ha=Ha("nyc-2", "203.0.113.7")
    ),
    Sbc(
        "nyc-2", "asterisk", SshTarget("192.0.2.2"), egress_ip="198.51.100.10", ha=Ha("nyc-1", "203.0.113.7")
    ),
)
EIGHT = tuple(ip_network(f"198.51.100.10/{bits}", strict=False) for bits in range(22, 30))
K, S = FindingKind, Severity

CASES: tuple[tuple[str, Callable[[], Scene], tuple[tuple[FindingKind, str, Severity], ...]], ...] = (
    ("47 credential of 91 days", lambda: credential(ago(91)), ((K.CRED_OVERDUE, "acme", S.MINOR),)),
    ("credential of 90 days", lambda: credential(ago(90)), ((K.CRED_OVERDUE, "acme", S.MINOR),)),
    ("credential of 89 days", lambda: credential(ago(89)), ((K.CRED_DUE, "acme", S.WARNING),)),
    ("credential of 76 days", lambda: credential(ago(76)), ((K.CRED_DUE, "acme", S.WARNING),)),
    ("credential of 75 days", lambda: credential(ago(75)), ()),
    ("credential changed today", lambda: credential(TODAY), ()),
    (
        "credential with a limit of its own",
        lambda: credential(ago(25), held={"max_age_days": 30}),
        ((K.CRED_DUE, "acme", S.WARNING),),
    ),
    (
        "credential of a day to come",
        lambda: credential(ago(-3)),
        ((K.CRED_UNKNOWN, "acme", S.INDETERMINATE),),
    ),
    ("credential nobody dates", credential, ((K.CRED_UNKNOWN, "acme", S.INDETERMINATE),)),
    (
        "trunk that registers without a word about its credential",
        lambda: scene(trunks=(trunk(credential=None),)),
        ((K.CRED_UNKNOWN, "acme", S.INDETERMINATE),),
    ),
    (
        "trunk by address without a credential",
        lambda: listed(GOOD),
        (),
    ),
    (
        "old credential of a trunk that is off",
        lambda: scene(trunks=(trunk(credential=Credential("acme", ago(200)), enabled=False),)),
        (),
    ),
    (
        "old by the config, changed since as recorded",
        lambda: credential(ago(120), records=recorded(RecordKind.ROTATED, "acme", 5)),
        (),
    ),
    (
        "recorded change that is old by now",
        lambda: credential(ago(200), records=recorded(RecordKind.ROTATED, "acme", 100)),
        ((K.CRED_OVERDUE, "acme", S.MINOR),),
    ),
    (
        "recorded change of a day to come",
        lambda: credential(records=recorded(RecordKind.ROTATED, "acme", -1)),
        ((K.CRED_UNKNOWN, "acme", S.INDETERMINATE),),
    ),
    (
        "metadata command tells an old day",
        lambda: credential(
            held={"metadata": ("vault", "x")}, told=(Told("acme", ago(95), Safe("command vault")),)
        ),
        ((K.CRED_OVERDUE, "acme", S.MINOR),),
    ),
    (
        "metadata command tells a day to come",
        lambda: credential(
            held={"metadata": ("vault", "x")}, told=(Told("acme", ago(-1), Safe("command vault")),)
        ),
        ((K.CRED_UNKNOWN, "acme", S.INDETERMINATE),),
    ),
    (
        "metadata command fails",
        lambda: credential(
            held={"metadata": ("vault", "x")},
            told=(Told("acme", None, Safe("command vault"), Safe("command vault ended with status 2")),),
        ),
        ((K.CRED_UNKNOWN, "acme", S.INDETERMINATE),),
    ),
    ("metadata command not run yet", lambda: credential(held={"metadata": ("vault", "x")}), ()),
    (
        "file unchanged for 200 days",
        lambda: credential(
            held={"file": FILE}, sbcs=(sbc("nyc-1", files=(FileTime(Safe(FILE), ago(200)),)),)
        ),
        ((K.CRED_OVERDUE, "acme", S.MINOR),),
    ),
    (
        "file changed yesterday proves nothing",
        lambda: credential(held={"file": FILE}, sbcs=(sbc("nyc-1", files=(FileTime(Safe(FILE), ago(1)),)),)),
        ((K.CRED_UNKNOWN, "acme", S.INDETERMINATE),),
    ),
    (
        "file that stat may not see",
        lambda: credential(
            held={"file": FILE},
            sbcs=(sbc("nyc-1", files=(FileTime(Safe(FILE), None, Safe("Permission denied")),)),),
        ),
        ((K.CRED_UNKNOWN, "acme", S.INDETERMINATE),),
    ),
    (
        "rotated in the config, but the file is older",
        lambda: credential(
            ago(80), held={"file": FILE}, sbcs=(sbc("nyc-1", files=(FileTime(Safe(FILE), ago(300)),)),)
        ),
        ((K.CRED_DUE, "acme", S.WARNING),),
    ),
    ("one username in two groups, read from the SBC", sharing, ((K.SHARED_CRED, "acme", S.WARNING),)),
    ("two usernames in two groups", lambda: sharing(second="acme-eu"), ()),
    (
        "one username in two groups, by the config",
        lambda: sharing(first=None, second=None, config="acme"),
        ((K.SHARED_CRED, "acme", S.WARNING),),
    ),
    (
        "usernames that the SBC did not tell",
        lambda: sharing(first=None, second=None),
        ((K.SHARED_CRED, "nyc-1", S.INDETERMINATE),),
    ),
    (
        "allowlist compared 92 days ago",
        lambda: listed(but(audited=ago(92))),
        ((K.ALLOWLIST_DUE, "acme-us", S.WARNING),),
    ),
    ("allowlist compared 91 days ago", lambda: listed(but(audited=ago(91))), ()),
    (
        "old audit, recorded since",
        lambda: listed(but(audited=ago(300)), records=recorded(RecordKind.AUDITED, "acme-us", 3)),
        (),
    ),
    (
        "allowlist never compared",
        lambda: listed(but(audited=None)),
        ((K.ALLOWLIST_UNKNOWN, "acme-us", S.INDETERMINATE),),
    ),
    (
        "allowlist compared on a day to come",
        lambda: listed(but(audited=ago(-40))),
        ((K.ALLOWLIST_UNKNOWN, "acme-us", S.INDETERMINATE),),
    ),
    (
        "trunk by address and no allowlist told",
        lambda: structs.replace(listed(GOOD), accounts=(Account("acme-us", "alpha"),)),
        ((K.ALLOWLIST_UNKNOWN, "acme-us", S.INDETERMINATE),),
    ),
    (
        "entry that no SBC uses",
        lambda: listed(but(networks=(*GOOD.networks, OTHER))),
        ((K.STALE_IP, "acme-us", S.WARNING),),
    ),
    (
        "entry that a pair hands over",
        lambda: listed(but(networks=(*GOOD.networks, OTHER)), boxes=PAIR),
        (),
    ),
    (
        "unused entry while an address is not known",
        lambda: listed(but(networks=(OTHER,)), boxes=(Sbc("nyc-1", "asterisk", SshTarget("192.0.2.1")),)),
        (),
    ),
    (
        "seen by an address that is not listed, just changed",
        lambda: listed(but(lead_time_s=4 * 3600.0), egress=SEEN),
        (
            (K.EGRESS_NOT_LISTED, "acme-us", S.MAJOR),
            (K.EGRESS_CHANGED, "nyc-1", S.MINOR),
            (K.STALE_IP, "acme-us", S.WARNING),
        ),
    ),
    (
        "changed address, listed and compared since",
        lambda: listed(
            Allowlist((ip_network("203.0.113.0/28"),), audited=ago(1)),
            egress=SEEN,
        ),
        (),
    ),
    (
        "address changed three weeks ago",
        lambda: listed(
            Allowlist((ip_network("203.0.113.0/28"),), audited=ago(40)),
            egress=structs.replace(SEEN, since=NOW - 21 * 86400),
        ),
        (),
    ),
    (
        "address of the config not listed",
        lambda: listed(but(networks=(ip_network("203.0.113.0/28"),))),
        ((K.EGRESS_NOT_LISTED, "acme-us", S.MINOR), (K.STALE_IP, "acme-us", S.WARNING)),
    ),
    (
        "list nearly full",
        lambda: listed(Allowlist(EIGHT, ago(1), limit=10, lead_time_s=3 * 86400.0)),
        ((K.ALLOWLIST_FULL, "acme-us", S.WARNING),),
    ),
    (
        "list full",
        lambda: listed(but(limit=1)),
        ((K.ALLOWLIST_FULL, "acme-us", S.MINOR),),
    ),
    ("list with room", lambda: listed(but(limit=2)), ()),
    ("no OPTIONS", lambda: probed(0), ((K.KEEPALIVE_OFF, "acme@nyc-1", S.MINOR),)),
    ("OPTIONS not read", lambda: probed(None), ()),
    ("OPTIONS every 20 s", lambda: probed(20), ((K.KEEPALIVE_INTERVAL, "acme@nyc-1", S.WARNING),)),
    ("OPTIONS every 30 s", lambda: probed(30), ()),
    ("OPTIONS every 60 s", lambda: probed(60), ()),
    (
        "OPTIONS every 300 s",
        lambda: probed(300, detect_s=332.0),
        ((K.KEEPALIVE_INTERVAL, "acme@nyc-1", S.WARNING),),
    ),
    (
        "OPTIONS set where they do nothing",
        lambda: probed(0, misplaced=Safe("qualify_frequency 30 on AOR acme-in, which has no contact")),
        ((K.KEEPALIVE_MISPLACED, "acme@nyc-1", S.MINOR),),
    ),
    ("registers for 30 s", lambda: expiring(30), ((K.EXPIRY, "acme@nyc-1", S.WARNING),)),
    ("registers for 60 s", lambda: expiring(60), ()),
    ("registers for an hour", lambda: expiring(3600), ()),
    ("registers for a day", lambda: expiring(86400), ((K.EXPIRY, "acme@nyc-1", S.WARNING),)),
    ("no cap", lambda: scene(trunks=(trunk(cap=Cap()),)), ((K.NO_CAP, "acme", S.WARNING),)),
    (
        "cap of the account",
        lambda: scene(
            trunks=(trunk(cap=Cap(), account="a"),), accounts=(Account("a", "alpha", Cap(cps=5.0)),)
        ),
        (),
    ),
    ("certificate for 31 days", lambda: ending(31), ()),
    ("certificate for 30 days", lambda: ending(30, 365), ((K.CERT_DUE, "nyc-1", S.WARNING),)),
    ("certificates for a week", lambda: ending(20, 7), ((K.CERT_DUE, "nyc-1", S.MAJOR),)),
    ("certificate that ended", lambda: ending(-2), ((K.CERT_DUE, "nyc-1", S.CRITICAL),)),
    (
        "failures to authenticate",
        lambda: bursting(
            AuthBurst(Safe("203.0.113.66"), 40, NOW - 290, NOW - 10, (Safe("100"), Safe("101"))),
            AuthBurst(Safe("203.0.113.67"), 12, NOW - 60, NOW - 10),
        ),
        ((K.AUTH_FAIL_BURST, "nyc-1", S.MAJOR),),
    ),
    ("nine failures", lambda: bursting(AuthBurst(Safe("203.0.113.66"), 9, NOW - 290, NOW - 10)), ()),
    ("failures of two days ago", lambda: bursting(AuthBurst(Safe("x"), 99, NOW - 2e5, NOW - 172800)), ()),
    (
        "restriction attested a year ago",
        lambda: scene(accounts=(Account("a", "alpha", restriction=Restriction(ago(365))),)),
        ((K.RESTRICTION_DUE, "a", S.WARNING),),
    ),
    (
        "restriction attested 364 days ago",
        lambda: scene(accounts=(Account("a", "alpha", restriction=Restriction(ago(364))),)),
        (),
    ),
    (
        "restriction never attested",
        lambda: scene(accounts=(Account("a", "alpha", restriction=Restriction()),)),
        ((K.RESTRICTION_DUE, "a", S.WARNING),),
    ),
    (
        "restriction recorded",
        lambda: scene(
            accounts=(Account("a", "alpha", restriction=Restriction()),),
            records=recorded(RecordKind.RESTRICTED, "a", 1),
        ),
        (),
    ),
)
