"""The numbered cases of correlation: stories of a fleet, and the verdicts that are told at their end."""

from __future__ import annotations

from collections.abc import Callable, Mapping

from msgspec import Struct, structs

from tests.health.natives import Told, plain
from tests.health.scenes import START
from trunktui.health.correlate import correlate
from trunktui.model.correlation import Correlated
from trunktui.model.health import Thresholds
from trunktui.model.inventory import (
    Account,
    AuthMode,
    Binding,
    Cap,
    Carrier,
    DialMode,
    Group,
    Inventory,
    Sbc,
    SshTarget,
    Trunk,
)
from trunktui.model.link import LinkError, SshState
from trunktui.model.observation import NativeLeg, Registration, RegPhase
from trunktui.model.route import Mechanism, Route
from trunktui.model.snapshot import Egress, LegStatus, SbcStatus, Snapshot
from trunktui.model.text import Safe
from trunktui.poll.fleet import Fleet

THREE = ("sbc-1", "sbc-2", "sbc-3")
REGISTRAR = Safe("sip:198.51.100.21:5060")
Answers = Mapping[str, tuple[NativeLeg, ...]]


class VerdictCase(Struct, frozen=True):
    """A story, and every verdict at its end: kind, subject, severity, legs, sentence."""

    number: str
    story: Callable[[], tuple[Correlated, ...]]
    wanted: tuple[tuple[str, str, str, tuple[str, ...], str], ...] = ()


def inventory(
    sbcs: tuple[str, ...],
    trunks: dict[str, tuple[str, str | None]],
    *,
    caps: dict[str, int] | None = None,
    account_caps: dict[str, int] | None = None,
    auth: AuthMode = AuthMode.IP,
    group: tuple[str, ...] = (),
    jump: str | None = None,
) -> Inventory:
    """Return trunks (their carrier and account) on every SBC; `group` in its order."""
    carriers = dict.fromkeys(carrier for carrier, _ in trunks.values())
    accounts = {account: carrier for carrier, account in trunks.values() if account is not None}
    return Inventory(
        carriers=tuple(map(Carrier, carriers)),
        accounts=tuple(
            Account(name, carrier, Cap(channels=(account_caps or {}).get(name)))
            for name, carrier in accounts.items()
        ),
        sbcs=tuple(Sbc(name, "asterisk", SshTarget("10.0.0.1", proxy_jump=jump)) for name in sbcs),
        trunks=tuple(
            Trunk(
                name,
                carrier=carrier,
                account=account,
                auth=auth,
                dial=DialMode.AOR,
                cap=Cap(channels=(caps or {}).get(name)),
                bindings=tuple(Binding(name, sbc, name=name) for sbc in sbcs),
            )
            for name, (carrier, account) in trunks.items()
        ),
        groups=(Group("us", group),) if group else (),
    )


def fleet_of(whole: Inventory) -> Fleet:
    return Fleet(whole, Thresholds(), 30.0)


def say(to: Fleet, second: float, answers: Answers) -> Snapshot:
    """Let SBCs answer at a second after START, and judge."""
    for sbc, legs in answers.items():
        to.answered(sbc, Told(legs).observation(START + second))
        to.record(sbc).settings_done = True
    return to.snapshot(START + second)


def registering(name: str, code: int | None, failed: bool = True) -> NativeLeg:
    """Return a trunk that answers OPTIONS and gave up to register after `code`, or is registered."""
    phase = RegPhase.DISABLED if failed else RegPhase.REGISTERED
    registration = Registration(phase, Safe("x"), None if failed else 60, REGISTRAR, Safe("row"), code=code)
    return structs.replace(plain(name), registration=registration)


def playing(
    whole: Inventory,
    silent: dict[str, dict[str, float]],
    until: float,
    *,
    calls: dict[str, int] | None = None,
    sbcs: tuple[str, ...] = THREE,
) -> tuple[Correlated, ...]:
    """Return the verdicts after polls every 30 s in which trunks fall silent: by SBC, the second from which each is."""
    fleet = fleet_of(whole)
    told: tuple[Correlated, ...] = ()
    for second in range(0, int(until) + 1, 30):
        told = say(
            fleet,
            second,
            {
                sbc: tuple(
                    plain(
                        trunk.name,
                        alive=second < silent.get(sbc, {}).get(trunk.name, 1e9),
                        calls=(calls or {}).get(trunk.name, 0),
                    )
                    for trunk in whole.trunks
                )
                for sbc in sbcs
            },
        ).verdicts
    return told


TWO_CARRIERS: dict[str, tuple[str, str | None]] = {"a": ("alpha", None), "b": ("beta", None)}
THREE_CARRIERS: dict[str, tuple[str, str | None]] = {**TWO_CARRIERS, "c": ("gamma", None)}


def carrier_dies(
    until: float = 150, *, caps: dict[str, int] | None = None, switch: bool = False
) -> tuple[Correlated, ...]:
    """Carrier alpha dies from three SBCs within 70 s; beta, its secondary, has 88 of 300 channels in use."""
    whole = inventory(THREE, TWO_CARRIERS, caps=caps, group=("a", "b"))
    if switch:
        route = {"asterisk": Route(Mechanism.ASTDB, "trunk/a")}
        whole = structs.replace(whole, groups=(structs.replace(whole.groups[0], switch=route),))
    silent = {"sbc-1": {"a": 60.0}, "sbc-2": {"a": 90.0}, "sbc-3": {"a": 120.0}}
    return playing(whole, silent, until, calls={"a": 10, "b": 30})


def one_leg_dies(until: float) -> tuple[Correlated, ...]:
    return playing(inventory(THREE, TWO_CARRIERS), {"sbc-2": {"a": 60.0}}, until)


def one_box_fails() -> tuple[Correlated, ...]:
    whole = inventory(THREE, THREE_CARRIERS)
    return playing(whole, {"sbc-2": {"a": 60.0, "b": 60.0, "c": 90.0}}, 240)


def site_fails() -> tuple[Correlated, ...]:
    """Both SBCs of one site lose both carriers; those of the other site are fine."""
    boxes = ("lon-1", "lon-2", "nyc-1", "nyc-2")
    whole = inventory(boxes, TWO_CARRIERS)
    whole = structs.replace(
        whole, sbcs=tuple(structs.replace(sbc, site=sbc.name.partition("-")[0]) for sbc in whole.sbcs)
    )
    lost = {"a": 60.0, "b": 60.0}
    return playing(whole, {"lon-1": lost, "lon-2": lost}, 240, sbcs=boxes)


def everything_dies() -> tuple[Correlated, ...]:
    lost = {"a": 60.0, "b": 60.0}
    return playing(inventory(THREE, TWO_CARRIERS), dict.fromkeys(THREE, lost), 150)


def one_vantage_point() -> tuple[Correlated, ...]:
    whole = inventory(("sbc-1",), TWO_CARRIERS)
    return playing(whole, {"sbc-1": {"a": 60.0}}, 240, sbcs=("sbc-1",))


def judged_with(
    snapshot: Snapshot, whole: Inventory, legs: list[LegStatus], sbcs: list[SbcStatus]
) -> tuple[Correlated, ...]:
    """Return the verdicts on a snapshot whose legs and SBCs know more than this platform tells."""
    found = correlate(legs, sbcs, whole, Thresholds(), 30.0, snapshot.at)
    return found.verdicts


def name_is_refused() -> tuple[Correlated, ...]:
    """Two trunks of two SBCs share a username that is refused; another trunk of the carrier is fine."""
    trunks: dict[str, tuple[str, str | None]] = {
        "tg1": ("acme", None), "tg2": ("acme", None), "own": ("acme", None), "b": ("beta", None),
    }  # fmt: skip
    boxes = ("sbc-1", "sbc-2")
    whole = inventory(boxes, trunks, auth=AuthMode.REGISTRATION)
    fleet = fleet_of(whole)
    snapshot = fleet.snapshot(START)
    for second in (0, 30, 60):
        said = tuple(registering(name, 403, failed=second > 0 and name.startswith("tg")) for name in trunks)
        snapshot = say(fleet, second, dict.fromkeys(boxes, said))
    legs = [
        structs.replace(leg, username=Safe("acme-tg1" if leg.trunk.startswith("tg") else leg.id))
        for leg in snapshot.legs
    ]
    return judged_with(snapshot, whole, legs, list(snapshot.sbcs))


def address_changes() -> tuple[Correlated, ...]:
    """The address of sbc-1 changes, and the three carriers that know it by that stop; the others are fine."""
    whole = inventory(THREE, THREE_CARRIERS)
    fleet = fleet_of(whole)
    snapshot = fleet.snapshot(START)
    for second in range(0, 360, 30):
        well = tuple(map(plain, THREE_CARRIERS))
        gone = tuple(plain(name, alive=second < 90) for name in THREE_CARRIERS)
        snapshot = say(fleet, second, {"sbc-1": gone, "sbc-2": well, "sbc-3": well})
    moved = Egress("203.0.113.9", Safe("asked"), START + 70, "203.0.113.4")
    sbcs = [structs.replace(sbc, egress=moved if sbc.name == "sbc-1" else None) for sbc in snapshot.sbcs]
    return judged_with(snapshot, whole, list(snapshot.legs), sbcs)


def account_is_refused(code: int | None) -> tuple[Correlated, ...]:
    """The carrier refuses one account from everywhere; OPTIONS are answered, and its other account is fine."""
    trunks: dict[str, tuple[str, str | None]] = {
        "a": ("alpha", "acme-us"), "eu": ("alpha", "acme-eu"), "b": ("beta", None),
    }  # fmt: skip
    whole = inventory(THREE, trunks, auth=AuthMode.REGISTRATION)
    fleet = fleet_of(whole)
    told: tuple[Correlated, ...] = ()
    for second in range(0, 240, 30):
        said = tuple(registering(name, code, failed=name == "a" and second > 0) for name in trunks)
        told = say(fleet, second, dict.fromkeys(THREE, said)).verdicts
    return told


def account_is_full() -> tuple[Correlated, ...]:
    """One account's cap is reached by two SBCs together, and the carrier answers 503."""
    whole = inventory(("sbc-1", "sbc-2"), {"a": ("alpha", "acme-us")}, account_caps={"acme-us": 200})
    fleet = fleet_of(whole)
    busy = [structs.replace(c, code=503, probed=True) for c in plain("a").contacts]
    said = {
        box: (structs.replace(plain("a", calls=calls), contacts=tuple(busy)),)
        for box, calls in (("sbc-1", 110), ("sbc-2", 95))
    }
    say(fleet, 0, said)
    return say(fleet, 30, said).verdicts


def jump_host_dies() -> tuple[Correlated, ...]:
    """Nothing of three SBCs behind one jump host can be reached any more."""
    whole = inventory(THREE, TWO_CARRIERS, jump="jump.example.net")
    fleet = fleet_of(whole)
    say(fleet, 0, dict.fromkeys(THREE, tuple(map(plain, TWO_CARRIERS))))
    for sbc in THREE:
        fleet.failed(sbc, LinkError(SshState.UNREACHABLE, Safe("no way")), START + 100)
    return fleet.snapshot(START + 120).verdicts


OUTAGE = "Carrier alpha fails from 3 of 3 SBCs, beta fine: carrier outage"
FROM_ALL = ("a@sbc-1", "a@sbc-2", "a@sbc-3")
LOCAL = "Carrier alpha is fine from sbc-1 and sbc-3: local to sbc-2 (its address, credential or route)"
VERDICTS = [
    VerdictCase(
        "39 a carrier dies",
        lambda: carrier_dies(caps={"b": 300}),
        (
            (
                "carrier_outage",
                "alpha",
                "critical",
                FROM_ALL,
                f"{OUTAGE}. Secondary b has 210 free of 300: wait",
            ),
        ),
    ),
    VerdictCase(
        "39s ... and its group is switched by us: what to do is the group's sentence",
        lambda: carrier_dies(caps={"b": 300}, switch=True),
        (
            (
                "carrier_outage",
                "alpha",
                "critical",
                FROM_ALL,
                f"{OUTAGE}. Secondary b has 210 free of 300",
            ),
        ),
    ),
    VerdictCase(
        "39e ... and nobody knows how much room there is",
        carrier_dies,
        (
            (
                "carrier_outage",
                "alpha",
                "critical",
                FROM_ALL,
                f"{OUTAGE}. Secondary b is up, its cap is not known: wait",
            ),
        ),
    ),
    VerdictCase("39f ... while only one SBC has noticed, nothing is said", lambda: carrier_dies(60)),
    VerdictCase(
        "40 one leg dies",
        lambda: one_leg_dies(150),
        (("local_leg", "a@sbc-2", "major", ("a@sbc-2",), LOCAL),),
    ),
    VerdictCase("40b ... and the others had no time to notice yet", lambda: one_leg_dies(120)),
    VerdictCase(
        "41 an SBC fails to all",
        one_box_fails,
        (
            (
                "sbc",
                "sbc-2",
                "critical",
                ("a@sbc-2", "b@sbc-2", "c@sbc-2"),
                "all carriers fail from sbc-2 only",
            ),
        ),
    ),
    VerdictCase(
        "41b a site fails to all",
        site_fails,
        (
            (
                "site",
                "lon",
                "critical",
                ("a@lon-1", "a@lon-2", "b@lon-1", "b@lon-2"),
                "all carriers fail from site lon only (lon-1 and lon-2): its power, network or address",
            ),
        ),
    ),
    VerdictCase(
        "41c everything fails",
        everything_dies,
        (
            (
                "global",
                "fleet",
                "critical",
                ("a@sbc-1", "a@sbc-2", "a@sbc-3", "b@sbc-1", "b@sbc-2", "b@sbc-3"),
                "6 of 6 legs down, 2 carriers from 3 SBCs: look for what they share (our network, DNS, a certificate), not at one carrier",
            ),
        ),
    ),
    VerdictCase(
        "42 a shared username is refused",
        name_is_refused,
        (
            (
                "credential",
                "acme-tg1",
                "critical",
                ("tg1@sbc-1", "tg1@sbc-2", "tg2@sbc-1", "tg2@sbc-2"),
                "4 legs share acme-tg1, all rejected: password changed or revoked (and the shared name breaks the one-per-group rule)",
            ),
        ),
    ),
    VerdictCase(
        "43 one SBC only",
        one_vantage_point,
        (
            (
                "insufficient",
                "alpha",
                "indeterminate",
                ("a@sbc-1",),
                "one vantage point: cannot tell carrier from local",
            ),
        ),
    ),
    VerdictCase(
        "44 our address changes",
        address_changes,
        (
            (
                "egress",
                "203.0.113.9",
                "critical",
                ("a@sbc-1", "b@sbc-1", "c@sbc-1"),
                "our address changed 203.0.113.4 -> 203.0.113.9; 3 IP-auth legs stopped with it. Ask the carriers to add 203.0.113.9",
            ),
        ),
    ),
    VerdictCase(
        "53d an account at its cap",
        account_is_full,
        (
            (
                "account",
                "acme-us",
                "major",
                ("a@sbc-1", "a@sbc-2"),
                "account acme-us at its cap: 205 of 200 over 2 SBCs; 503",
            ),
        ),
    ),
    VerdictCase(
        "58 an account is refused",
        lambda: account_is_refused(403),
        (
            (
                "account",
                "acme-us",
                "critical",
                FROM_ALL,
                "Carrier alpha answers but refuses account acme-us from 3 of 3 SBCs (403): suspended or changed",
            ),
        ),
    ),
    VerdictCase(
        "58b ... and no log tells the code",
        lambda: account_is_refused(None),
        (
            (
                "carrier_partial",
                "alpha",
                "major",
                FROM_ALL,
                "Carrier alpha answers OPTIONS, yet registrations fail from 3 of 3 SBCs: its registrar, or it refuses us (no code of REGISTER was seen)",
            ),
        ),
    ),
    VerdictCase(
        "37c the jump host dies",
        jump_host_dies,
        (
            (
                "collector",
                "collector",
                "critical",
                ("a@sbc-1", "a@sbc-2", "a@sbc-3", "b@sbc-1", "b@sbc-2", "b@sbc-3"),
                "no news of 6 of 6 legs, 3 of 3 SBCs not reached: look at this host's own way to them (jump host jump.example.net, DNS, clock), not at a carrier",
            ),
        ),
    ),
]
