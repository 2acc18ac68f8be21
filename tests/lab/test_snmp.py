"""SNMP against a real snmpd with Asterisk attached: what each fault is called, and what two witnesses tell together."""

from __future__ import annotations

import asyncio
import time
from pathlib import Path

import pytest

from tests.lab.lab import ADDRESS, Lab, wait_for
from tests.lab.product import snmp_table, status, watched, write_config
from trunktui.model.box import BoxFacts, SubAgent
from trunktui.model.health import LegState, SbcState, Severity
from trunktui.model.link import SnmpError, SnmpState, SshState
from trunktui.model.secret import Secret
from trunktui.model.snmp import SnmpKey, SnmpTarget
from trunktui.platforms.registry import platform_for
from trunktui.transport.snmp_asker import SnmpAsker, SnmpShared

pytestmark = pytest.mark.lab

ASTERISK = platform_for("asterisk")
ATTACHED_S = 30.0
"""Asterisk attaches again within 15 s of a new snmpd."""

SETTLED_S = 60.0
GOOD: dict[str, tuple[str, str, str | None, str | None]] = {
    "noc": ("SHA-256", "lab-auth-noc", "AES-128", "lab-priv-noc"),
    "nocsha": ("SHA-1", "lab-auth-sha", "AES-128", "lab-priv-sha"),
    "nocstrong": ("SHA-512", "lab-auth-strong", "AES-256", "lab-priv-strong"),
    "nocauth": ("SHA-256", "lab-auth-only", None, None),
}
"""Users of the lab's snmpd: auth protocol and secret, privacy protocol and secret."""


def v3(user: str = "noc", sbc: str = "sbc1", **changes: str | None) -> SnmpTarget:
    """Return the target of a user; changes: `auth`, `auth_secret`, `privacy`, `privacy_secret`, `name`."""
    auth, auth_secret, privacy, privacy_secret = GOOD[user]
    auth = changes.get("auth", auth) or ""
    privacy = changes.get("privacy", privacy)
    return SnmpTarget(
        ADDRESS[sbc],
        user=changes.get("name", user),
        auth=SnmpKey(auth, changes.get("auth_secret", auth_secret) or "") if auth else None,
        privacy=SnmpKey(privacy, changes.get("privacy_secret", privacy_secret) or "") if privacy else None,
    )


def v2c(community: str = "lab-community", sbc: str = "sbc1") -> SnmpTarget:
    return SnmpTarget(ADDRESS[sbc], version="2c", community=community)


def asker(target: SnmpTarget) -> SnmpAsker:
    """Return an asker whose references are the secrets themselves."""
    return SnmpAsker(target, Secret, SnmpShared())


async def facts(one: SnmpAsker, extend: tuple[str, ...] = ()) -> BoxFacts:
    return ASTERISK.parse_snmp(await one.ask(ASTERISK.snmp_ask(extend), 12.0), extend)


def told(target: SnmpTarget, extend: tuple[str, ...] = ()) -> BoxFacts:
    return asyncio.run(facts(asker(target), extend))


def refusal(target: SnmpTarget) -> SnmpError:
    """Return why the agent could not be asked."""
    with pytest.raises(SnmpError) as failed:
        told(target)
    return failed.value


def attached(sbc: str = "sbc1") -> None:
    """Wait until Asterisk's objects are there."""
    wait_for(
        lambda: told(v2c(sbc=sbc)).sub_agent is SubAgent.ANSWERS, ATTACHED_S, "Asterisk attached to snmpd"
    )


@pytest.mark.parametrize("sbc", ["sbc1", "sbc2"])
@pytest.mark.parametrize("user", [*GOOD, "2c"])
def test_every_good_login_reads_the_box_and_asterisk(lab: Lab, user: str, sbc: str) -> None:
    attached(sbc)
    seen = told(v2c(sbc=sbc) if user == "2c" else v3(user, sbc))
    assert seen.name == sbc
    assert seen.uptime_s == pytest.approx(float(Path("/proc/uptime").read_text().split()[0]), abs=10)
    assert seen.load is not None
    assert seen.disk is not None
    assert seen.disk.path == "/"
    assert seen.sub_agent is SubAgent.ANSWERS
    assert (seen.app_version or "").startswith("22.")
    assert seen.channels == lab.channels(sbc)
    assert seen.unread == ()


def test_calls_are_counted_as_asterisk_counts_them(lab: Lab) -> None:
    lab.settle()
    attached()
    attached("sbc2")
    before = told(v3())
    with lab.sipp_calls("acme-primary", 5):
        during = told(v3())
        assert during.channels == lab.channels() == 10
        assert during.calls == 5
        assert told(v3(sbc="sbc2")).channels == lab.channels("sbc2") == 0
    after = told(v3())
    assert before.calls_processed is not None
    assert after.calls_processed == before.calls_processed + 5


@pytest.mark.parametrize("sbc", ["sbc1", "sbc2"])
def test_what_the_site_publishes_is_what_its_script_prints(lab: Lab, sbc: str) -> None:
    there, missing = told(v3(sbc=sbc), ("ast-regs", "nothing")).published
    assert there.lines is not None
    assert {line.split("|")[0] for line in there.lines} == set(lab.registrations(sbc))
    assert there.status == 0
    assert missing.lines is None


@pytest.mark.parametrize(
    ("target", "state", "words", "most_s"),
    [
        (
            v3(auth_secret="not-the-secret"),
            SnmpState.AUTH,
            "wrong auth key or protocol",
            1.0,
        ),
        (v3(auth="SHA-1"), SnmpState.AUTH, "wrong auth key or protocol", 1.0),
        (v3(name="nobody"), SnmpState.AUTH, "has no SNMPv3 user 'nobody'", 1.0),
        (v3(privacy=None), SnmpState.AUTH, "least security level", 1.0),
        (
            v3(privacy_secret="not-the-secret"),
            SnmpState.AUTH,
            "the privacy key or protocol",
            5.0,
        ),
        (v3(privacy="AES-256"), SnmpState.AUTH, "the privacy key or protocol", 5.0),
        (v3(auth_secret="short"), SnmpState.CONFIG, "too short", 1.0),
        (v2c("wrong"), SnmpState.TIMEOUT, "or the community is wrong", 5.0),
    ],
    ids=["auth key", "auth protocol", "user", "level", "priv key", "priv protocol", "short", "community"],
)
def test_a_wrong_login_is_called_by_its_name(
    lab: Lab, target: SnmpTarget, state: SnmpState, words: str, most_s: float
) -> None:
    began = time.monotonic()
    error = refusal(target)
    assert error.state is state
    assert words in error.reason
    assert time.monotonic() - began < most_s


def test_a_stopped_asterisk_leaves_a_living_box_without_its_totals(lab: Lab) -> None:
    lab.stop_asterisk()
    try:
        wait_for(lambda: told(v3()).sub_agent is SubAgent.ABSENT, 15.0, "no Asterisk objects")
        seen = told(v3())
        assert seen.uptime_s is not None
        assert (seen.channels, seen.calls, seen.app_uptime_s) == (None, None, None)
    finally:
        lab.start_asterisk()
    attached()


def test_a_frozen_asterisk_does_not_make_the_box_look_dead(lab: Lab) -> None:
    attached()
    with lab.fault(lab.freeze_asterisk, lab.thaw_asterisk):
        seen = told(v3())
        assert seen.sub_agent in {SubAgent.SILENT, SubAgent.UNREADABLE}
        assert seen.uptime_s is not None
        assert seen.channels is None
    attached()


def test_a_stopped_snmpd_is_told_at_once_and_a_frozen_one_by_its_silence(lab: Lab) -> None:
    with lab.fault(lab.stop_snmpd, lab.start_snmpd):
        began = time.monotonic()
        error = refusal(v3())
        assert error.state is SnmpState.TIMEOUT
        assert "port is refused" in error.reason
        assert time.monotonic() - began < 1.0
    with lab.fault(lab.freeze_snmpd, lab.thaw_snmpd):
        assert "host is down" in refusal(v3()).reason
    assert told(v3()).name == "sbc1"


def test_an_snmpd_that_was_restarted_or_rebuilt_is_read_again_by_the_same_session(lab: Lab) -> None:
    async def go() -> None:
        same = asker(v3())
        await facts(same)
        before = vars(same._session)["_engine"]
        for change in (lab.stop_snmpd, lab.rebuild_snmpd):
            change()
            if change == lab.stop_snmpd:
                lab.start_snmpd()
            assert (await facts(same)).name == "sbc1"
        assert vars(same._session)["_engine"] != before

    asyncio.run(go())
    attached()


# -- the whole product


def config(lab: Lab, folder: Path, *, privacy: str = "lab-priv-noc", node: str = "sbc1") -> Path:
    """Write a config whose SBC has SNMP, its secrets in files beside it."""
    more = snmp_table(folder, privacy=privacy) + "[health]\nstale_min_s = 15.0\n"
    return write_config(lab, folder, more=more, node=node)


def test_one_shot_status_has_both_witnesses(lab: Lab, tmp_path: Path) -> None:
    attached()
    (sbc,) = status(config(lab, tmp_path))["sbcs"]
    assert sbc["snmp"]["state"] == "ok"
    assert sbc["box"]["name"] == "sbc1"
    assert sbc["box"]["sub_agent"] == "answers"
    assert sbc["box"]["published"][0]["name"] == "ast-regs"


async def test_ssh_is_lost_while_snmp_answers_then_both_and_each_is_said(lab: Lab, tmp_path: Path) -> None:
    async with watched(config(lab, tmp_path)) as product:
        await product.wait(lambda: product.state("acme-primary@lab-1") is LegState.UP, SETTLED_S, "up")
        await product.wait(lambda: product.sbc.snmp.state is SnmpState.OK, 10.0, "SNMP answers")
        with lab.fault(lab.stop_sshd, lab.start_sshd):
            await product.wait(
                lambda: "box answers SNMP" in product.leg("acme-primary@lab-1").reason, 40.0, "both said"
            )
            assert product.state("acme-primary@lab-1") is LegState.UNKNOWN
            await product.wait(lambda: "box alive" in product.sbc.reason, 10.0, "the SBC says it")
            assert product.sbc.link.state is SshState.REFUSED
            assert product.sbc.severity is Severity.MAJOR
            with lab.cable_out("sbc1"):
                await product.wait(
                    lambda: "no SNMP answer either" in product.leg("acme-primary@lab-1").reason,
                    60.0,
                    "both dead",
                )
                await product.wait(lambda: product.sbc.severity is Severity.CRITICAL, 10.0, "critical")
        await product.wait(lambda: product.state("acme-primary@lab-1") is LegState.UP, SETTLED_S, "up again")


async def test_snmp_is_lost_while_ssh_answers_and_no_leg_changes(lab: Lab, tmp_path: Path) -> None:
    async with watched(config(lab, tmp_path, node="sbc2")) as product:
        await product.wait(lambda: product.state("acme-primary@lab-2") is LegState.UP, SETTLED_S, "up")
        await product.wait(lambda: product.sbc.severity is Severity.NONE, 70.0, "the SBC out of its grace")
        product.forget()
        with lab.fault(lambda: lab.stop_snmpd("sbc2"), lambda: lab.start_snmpd("sbc2")):
            await product.wait(lambda: "SSH works, SNMP not" in product.sbc.reason, 30.0, "the warning")
            assert product.sbc.state is SbcState.UP
            assert product.state("acme-primary@lab-2") is LegState.UP
        await product.wait(lambda: product.sbc.snmp.state is SnmpState.OK, 30.0, "SNMP back")
        assert set(product.seen.get("acme-primary@lab-2", [LegState.UP])) == {LegState.UP}


async def test_no_secret_stands_in_the_engines_arguments_log_or_snapshot(lab: Lab, tmp_path: Path) -> None:
    async with watched(config(lab, tmp_path, privacy="lab-priv-wrong")) as product:
        await product.wait(lambda: product.sbc.snmp.state is SnmpState.AUTH, 30.0, "refused")
        assert "privacy key" in product.sbc.snmp.reason
        shown = repr(product.snapshot)
        pid = product.engine_pid
        assert pid is not None
        command = Path(f"/proc/{pid}/cmdline").read_bytes() + Path(f"/proc/{pid}/environ").read_bytes()
    log = (tmp_path / "engine.log").read_text()
    assert "SNMP failed" in log
    for secret in ("lab-auth-noc", "lab-priv-wrong"):
        assert secret not in shown + log
        assert secret.encode() not in command
