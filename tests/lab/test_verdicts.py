"""Whose fault it is, on two real SBCs: a carrier's, one leg's, an SBC's, an account's; told once, and over once."""

from __future__ import annotations

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from pathlib import Path

import pytest

from trunktui.model.correlation import Correlated, VerdictKind
from trunktui.model.health import LegState, Severity

from .lab import CARRIER_A, Lab
from .product import Watched, watched, write_fleet_config
from .test_egress import edited

pytestmark = [pytest.mark.lab, pytest.mark.timeout(300)]

SETTLED_S = 60.0
TOLD_S = 75.0
"""Detect time and poll interval are 18 s, and as long the others are waited for; the rest is for the machine."""

HEALTH = """
verdict_window_s = 15.0
reg_fail_after = 1
flap_changes = 99
flap_start = 1.0
"""
GROUP = """
[[group]]
name = "us-outbound"
trunks = ["acme-primary", "ipauth-beta"]
"""
AT_A = ("acme-primary@lab-1", "acme-primary@lab-2")
SHARED = "trunk1001"
AT_B = ("ipauth-beta@lab-1", "ipauth-beta@lab-2", "beta-overflow@lab-2")


class Judged:
    """A running engine, and every verdict that it told since the last `forget`."""

    def __init__(self, product: Watched) -> None:
        self.product = product
        self.seen: set[tuple[VerdictKind, str]] = set()

    def told(self) -> tuple[Correlated, ...]:
        """Return the verdicts of now that stand for alarms, and remember them."""
        found = tuple(one for one in self.product.snapshot.verdicts if one.absorbs)
        self.seen |= {(one.kind, one.subject) for one in found}
        return found

    async def wait(self, kind: VerdictKind, subject: str) -> Correlated:
        """Wait for a verdict; no other may be told until then."""
        found: list[Correlated] = []

        def there() -> bool:
            found[:] = [one for one in self.told() if (one.kind, one.subject) == (kind, subject)]
            return bool(found)

        await self.product.wait(there, TOLD_S, f"{kind} of {subject} (told: {self.seen})")
        assert self.seen == {(kind, subject)}
        return found[0]

    async def over(self) -> None:
        """Wait until every leg is up and nothing is told; then forget what was."""

        def well() -> bool:
            up = self.product.states((*AT_A, *AT_B)) == {LegState.UP}
            return not self.told() and up

        await self.product.wait(well, SETTLED_S, f"every leg up, no verdict (told: {self.seen})")
        self.seen.clear()


@asynccontextmanager
async def judged(lab: Lab, folder: Path, *, hybrid: bool = False) -> AsyncIterator[Judged]:
    """Run the engine on both SBCs, each with a leg at carrier A alone (or a `hybrid` one too), and wait until all is well."""
    lab.settle()
    path = write_fleet_config(lab, folder, interval="5s", more=HEALTH)
    text = path.read_text()
    trunks = text.split("[[trunk]]")
    # what follows a trunk's table, up to the next, goes with it: the group as well
    own = [part for part in trunks if hybrid or 'name = "hybrid-gamma"' not in part]
    text = "[[trunk]]".join(own)
    text = text if hybrid else text.replace('"phone*"', '"phone*", "hybrid*"')
    text = text.replace('auth = "registration"', 'auth = "registration"\naccount = "acme-us"')
    path.write_text(
        f'{text}\n[[account]]\nname = "acme-us"\ncarrier = "alpha"\n{"" if "[[group]]" in text else GROUP}'
    )
    async with watched(path) as product:
        found = Judged(product)
        await found.over()
        yield found


async def test_a_dead_carrier_is_an_outage_and_a_refused_account_is_none(lab: Lab, tmp_path: Path) -> None:
    async with judged(lab, tmp_path) as product:
        with lab.carrier_dead(CARRIER_A):
            found = await product.wait(VerdictKind.CARRIER_OUTAGE, "alpha")
            assert found.severity is Severity.CRITICAL
            assert found.legs == AT_A
            assert found.reason.startswith("Carrier alpha fails from 2 of 2 SBCs, beta fine: carrier outage")
            # Once no leg of the primary takes calls any more, where they can go.
            instead = ". Secondary ipauth-beta is up, its cap is not known: wait"
            await product.product.wait(
                lambda: any(one.reason.endswith(instead) for one in product.told()), TOLD_S, "the secondary"
            )
        await product.over()

        lab.refuse("register", 403)
        for sbc in ("sbc1", "sbc2"):
            lab.asterisk_cli("pjsip send register acme-primary", sbc)
        await product.product.wait(lambda: bool(product.told()), TOLD_S, "a verdict on the refused account")
        (refused,) = product.told()
        # Without the SBCs' logs no code is known: then it is said to be the registrar's or the account's, never an outage.
        assert refused.kind in {VerdictKind.ACCOUNT, VerdictKind.CARRIER_PARTIAL}
        assert refused.carrier == "alpha"
        assert refused.legs == AT_A
        assert VerdictKind.CARRIER_OUTAGE not in {kind for kind, _ in product.seen}


async def test_an_sbc_without_carriers_is_the_sbcs_fault_and_one_way_lost_is_local(
    lab: Lab, tmp_path: Path
) -> None:
    async with judged(lab, tmp_path) as product:
        with lab.cut_off("sbc2", "carriers"):
            found = await product.wait(VerdictKind.SBC, "lab-2")
            assert found.reason == "all carriers fail from lab-2 only"
            assert found.legs == ("acme-primary@lab-2", "beta-overflow@lab-2", "ipauth-beta@lab-2")
            product.seen.clear()
            lab.block("sbc2", "cara")
            await product.product.wait(
                lambda: product.product.states(AT_B) == {LegState.UP}, SETTLED_S, "carrier B's legs back"
            )
            product.seen.clear()
            local = await product.wait(VerdictKind.LOCAL_LEG, "acme-primary@lab-2")
            assert local.severity is Severity.MAJOR
            assert local.reason == (
                "Carrier alpha is fine from lab-1: local to lab-2 (its address, credential or route)"
            )
        assert product.product.state("acme-primary@lab-1") is LegState.UP


async def test_a_password_that_changed_at_the_carrier_is_the_fault_of_the_credential_that_two_legs_share(
    lab: Lab, tmp_path: Path
) -> None:
    def shared(text: str) -> str:
        return text.replace("trunk2001", SHARED).replace("s3cret-2001", "s3cret-1001")

    def again() -> None:
        for sbc in ("sbc1", "sbc2"):
            lab.asterisk_cli("pjsip send register acme-primary", sbc)

    with edited(lab, "etc/asterisk/pjsip_trunks.conf", shared, "core reload"):
        try:
            async with judged(lab, tmp_path, hybrid=True) as product:
                lab.password(SHARED, "another-one")
                again()
                found = await product.wait(VerdictKind.CREDENTIAL, SHARED)
                assert found.severity is Severity.CRITICAL
                assert found.legs == AT_A
                assert found.reason.startswith(
                    f"2 legs share {SHARED}, all rejected: password changed or revoked"
                )
        finally:
            lab.password(SHARED, "s3cret-1001")
            again()
