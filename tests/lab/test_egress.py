"""The address that carriers see changes under an SBC: told with its source while the trunks that knew the old one stop.

sbc2 stands behind a NAT here, and asks a STUN server at carrier A by which address it is seen. Carrier B takes SIP from
listed addresses alone, as for IP authentication, and answers nobody else.
"""

from __future__ import annotations

import json
import re
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest

from trunktui import wiring
from trunktui.config.load import load
from trunktui.model.correlation import Correlated, VerdictKind
from trunktui.model.health import LegState
from trunktui.model.snapshot import EgressKind, SbcStatus

from .lab import ADDRESS, CARRIER_A, CARRIER_B, HERE, RUN_DIR, Lab, wait_for
from .product import Watched, environment, one_shot, watched, write_config, write_fleet_config

pytestmark = pytest.mark.lab

OLD, NEW = "10.77.0.14", "10.77.0.15"
BY_IP = ("ipauth-beta@lab-2", "beta-overflow@lab-2")
BAD = {LegState.SUSPECT, LegState.DOWN}


@contextmanager
def stun_server(lab: Lab) -> Iterator[None]:
    """Have a STUN server at carrier A inside the block, and sbc2 ask it; it has an answer when the block begins."""
    monitor = RUN_DIR / "nodes" / "sbc2" / "root" / "etc/asterisk/res_stun_monitor.conf"
    monitor.write_text(f"[general]\nstunaddr={ADDRESS[CARRIER_A]}:3478\nstunrefresh=2\n")
    argv = (
        "ip",
        "netns",
        "exec",
        f"ttl-{CARRIER_A}",
        sys.executable,
        str(HERE / "stun.py"),
        ADDRESS[CARRIER_A],
    )
    server = subprocess.Popen(argv, stdin=subprocess.DEVNULL)
    try:
        lab.asterisk_cli("module load res_stun_monitor.so", "sbc2")
        wait_for(lambda: OLD in lab.asterisk_cli("stun show status", "sbc2"), 15.0, f"STUN tells sbc2 {OLD}")
        yield
    finally:
        lab.asterisk_cli("module unload res_stun_monitor.so", "sbc2")
        monitor.unlink()
        server.terminate()
        server.wait(timeout=5)


@contextmanager
def edited(lab: Lab, file: str, change: Callable[[str], str], reload: str = "") -> Iterator[None]:
    """Have a file of sbc2 changed inside the block; `reload` is what makes its Asterisk read it."""
    path = RUN_DIR / "nodes" / "sbc2" / "root" / file
    before = path.read_text()

    def put(text: str) -> None:
        path.write_text(text)
        if reload:
            lab.asterisk_cli(reload, "sbc2")

    with lab.fault(lambda: put(change(before)), lambda: put(before)):
        yield


def seen(sbc: SbcStatus) -> tuple[str, str | None] | None:
    """Return the address by which carriers see an SBC, and what it was."""
    return None if sbc.egress is None else (sbc.egress.address, sbc.egress.before)


def look(config: Path) -> SbcStatus:
    """Return what one look says of sbc2, which must be as ever."""
    loaded = load(config, environment(config.parent), wiring.KNOWN_PLATFORMS)
    (found,) = wiring.collect(loaded, 20.0, lambda answered, asked: None).sbcs
    assert re.fullmatch("answering|restarted .* ago", found.reason), found
    return found


def by_address(watch: Watched) -> list[Correlated]:
    """Return the verdicts that blame an address of ours."""
    return [one for one in watch.snapshot.verdicts if one.kind is VerdictKind.EGRESS]


async def test_an_address_that_changes_under_an_sbc_is_told_while_the_trunks_by_ip_stop(
    lab: Lab, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("XDG_STATE_HOME", environment(tmp_path)["XDG_STATE_HOME"])
    lab.nat("sbc2", OLD)
    lab.admit(CARRIER_B, ADDRESS["sbc1"], OLD)
    config = write_fleet_config(lab, tmp_path)
    expected = f'name = "lab-2"\negress_ip = "{OLD}"'
    # A trunk that registers too goes on by its other way: it is no leg that the address explains.
    text = (
        config.read_text()
        .replace('name = "lab-2"', expected, 1)
        .replace('auth = "hybrid"', 'auth = "registration"')
    )
    config.write_text(text)
    with stun_server(lab):
        async with watched(config) as watch:
            await watch.wait(lambda: seen(watch.sbc_named("lab-2")) is not None, 30.0, "an egress of lab-2")
            first = watch.sbc_named("lab-2").egress
            assert first is not None
            assert (first.address, first.kind, first.since) == (OLD, EgressKind.STUN, None)
            await watch.wait(lambda: watch.states(BY_IP) == {LegState.UP}, 30.0, "the trunks by IP up")

            lab.nat("sbc2", NEW)
            took = await watch.wait(
                lambda: seen(watch.sbc_named("lab-2")) == (NEW, OLD), 60.0, f"{OLD} -> {NEW}"
            )
            print(f"told {took:.1f} s after the change")
            await watch.wait(lambda: watch.states(BY_IP) <= BAD, 30.0, "the trunks by IP bad")
            await watch.wait(lambda: bool(by_address(watch)), 60.0, "whose fault it is")
            (verdict,) = by_address(watch)
            assert verdict.reason.startswith(
                f"our address changed {OLD} -> {NEW}; 2 IP-auth legs stopped with it"
            )
            assert set(verdict.legs) == set(BY_IP)
            assert watch.state("ipauth-beta@lab-2") is LegState.DOWN
            assert watch.sbc_named("lab-2").egress_expected == OLD
            assert watch.leg("ipauth-beta@lab-2").targets == (ADDRESS[CARRIER_B],)
            assert watch.states(("ipauth-beta@lab-1", "acme-primary@lab-2")) == {LegState.UP}
    done = one_shot(config, "events", "--kind", "egress", "--format", "json")
    told = json.loads(done.stdout)["events"]
    assert [(one["subject"], one["before"], one["after"]) for one in told] == [("lab-2", OLD, NEW)]
    assert told[0]["sentence"] == f"our address changed {OLD} -> {NEW} (STUN server 10.77.0.21)"


def test_an_external_address_and_a_certificate_that_are_set_are_told_to_a_login_that_may_read_them(
    lab: Lab, tmp_path: Path
) -> None:
    lab.settle()
    config = write_config(lab, tmp_path, node="sbc2")
    egress = look(config).egress
    assert egress is not None
    assert (egress.address, egress.source) == (ADDRESS["sbc2"], "its own address, no router between")
    began = time.time()
    make_certificate("etc/sbc2.pem", days=30)
    added = "[transport-udp]\nexternal_signaling_address=198.51.100.4\ncert_file=/etc/sbc2.pem\n"
    with edited(
        lab,
        "etc/asterisk/pjsip.conf",
        lambda text: text.replace("[transport-udp]\n", added, 1),
        "module reload res_pjsip.so",
    ):
        now = look(config)
        assert now.egress is not None
        assert (now.egress.address, now.egress.source) == (
            "198.51.100.4",
            "external address of transport-udp",
        )
        (certificate,) = now.certificates
        assert (certificate.interface, certificate.file) == ("transport-udp", "/etc/sbc2.pem")
        assert certificate.ends_at is not None
        assert abs(certificate.ends_at - began - 30 * 86400) < 60
        with edited(lab, "etc/sudoers.d/trunktui", _without_new_grants):
            old = look(config)
    assert old.egress is not None
    assert old.egress.address == ADDRESS["sbc2"]
    assert old.egress.source.startswith(
        "its own address, no router between; transports not readable: sudo refuses"
    )


def make_certificate(file: str, days: int) -> None:
    """Lay a certificate on sbc2 that everybody may read, as a certificate may be."""
    path = RUN_DIR / "nodes" / "sbc2" / "root" / file
    subprocess.run(
        ["openssl", "req", "-x509", "-newkey", "rsa:2048", "-nodes", "-days", str(days), "-subj", "/CN=sbc2",
         "-keyout", "/dev/null", "-out", str(path)],
        check=True, capture_output=True, timeout=30,
    )  # fmt: skip
    path.chmod(0o644)


def _without_new_grants(sudoers: str) -> str:
    """Return the sudoers example as it was before transports and STUN were read."""
    lines = [
        line for line in sudoers.splitlines() if "show transport" not in line and "stun show" not in line
    ]
    text = "\n".join(lines) + "\n"
    # The line before an end that is gone must not go on.
    return re.sub(r", \\\n(?=\n|noc )", "\n", text)
