"""A real Kamailio as SBC: what is shown against its own words, a carrier that goes and comes back, what is done to it."""

from __future__ import annotations

import json
import os
import re
import shlex
import signal
import subprocess
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from pathlib import Path
from typing import Any

import pytest

from trunktui.model.health import LegState

from .lab import ADDRESS, CARRIER_A, HERE, RUN_DIR, Lab, wait_for
from .product import one_shot, status, watched

pytestmark = pytest.mark.lab

NODE = "sbc3"
CARRIER = "sip:10.77.0.21:5060"
SECRET = re.compile(r"s3cret-\w+")
WHY = ("--yes", "--reason", "lab")
JSON_RPC = "[sbc.jsonrpc]\nport = 8090\n"
SNMP = '[sbc.snmp]\nversion = "2c"\ncommunity = "file:{folder}/community"\n'
CONFIG = """
[poll]
interval = "{interval}"

[[sbc]]
name = "lab-3"
platform = "kamailio"
host = "{host}"
write = true
[sbc.ssh]
user = "{user}"
port = {lab.port}
identity = "{lab.key}"
known_hosts = "{lab.known_hosts}"
{run_as}
{more}

[[trunk]]
name = "acme"
auth = "registration"
sbcs = {{ "lab-3" = {{ registration = "acme-primary", endpoint = "carrierA" }} }}

[[trunk]]
name = "beta"
auth = "ip"
sbcs = {{ "lab-3" = "carrierB" }}
"""


def write(
    lab: Lab, folder: Path, *, user: str = "noc", run_as: bool = True, more: str = "", interval: str = "10s"
) -> Path:
    path = folder / "config.toml"
    login = 'run_as = "kamailio"' if run_as else ""
    path.write_text(
        CONFIG.format(lab=lab, host=ADDRESS[NODE], user=user, run_as=login, more=more, interval=interval)
    )
    path.chmod(0o600)
    return path


def legs(document: dict[str, Any]) -> dict[str, dict[str, Any]]:
    return {leg["id"].partition("@")[0]: leg for leg in document["legs"]}


def flags(lab: Lab) -> dict[str, int]:
    """Return every registration's flags, by Kamailio's own word."""
    told = lab.kamcmd("uac.reg_dump")
    return {m[1]: int(m[2]) for m in re.finditer(r"l_uuid: (\S+)\n(?:.*\n)*?\tflags: (\d+)\n", told)}


def loaded(lab: Lab, uuid: str) -> int:
    """Return when a record was read from the database, by Kamailio's own word and clock."""
    found = re.search(r"reg_init: (\d+)", lab.kamcmd("uac.reg_info", "l_uuid", f"s:{uuid}"))
    return int(found[1]) if found else 0


def destination(lab: Lab, uri: str) -> str:
    """Return a destination's flags, by Kamailio's own word."""
    found = re.search(rf"URI: {re.escape(uri)}\n\s+FLAGS: (\w+)", lab.kamcmd("dispatcher.list"))
    return found[1] if found else ""


@pytest.fixture(autouse=True)
def unlocked(lab: Lab) -> None:
    """End what earlier tests left holding the SBC's lock: each test is another day."""
    for pid, words in lab.processes(NODE).items():
        if "trunktui-by-" in words:
            with suppress(ProcessLookupError):
                os.kill(pid, signal.SIGKILL)


@pytest.fixture(autouse=True)
def settled(lab: Lab) -> None:
    """Begin with all that can be well being well."""
    if flags(lab).get("acme-primary", 0) & 1:
        lab.kamcmd("uac.reg_enable", "l_uuid", "acme-primary")
    wait_for(lambda: flags(lab).get("acme-primary") == 20, 20.0, "acme-primary online")
    uris = (CARRIER, "sip:10.77.0.22:5060", "sip:10.77.0.21:5070")
    wait_for(lambda: all(destination(lab, uri) == "AP" for uri in uris), 20.0, "carriers active")
    dead = ("sip:10.77.0.21:5071", "sip:10.77.0.23:5060")
    wait_for(lambda: all(destination(lab, uri) == "IP" for uri in dead), 20.0, "the rest inactive")


@pytest.mark.parametrize(
    ("user", "run_as", "more"),
    [("noc", True, ""), ("nocgrp", False, ""), ("nocnone", False, JSON_RPC)],
    ids=["kamcmd by sudo", "kamcmd by group", "JSON-RPC, without a way to kamcmd"],
)
def test_each_leg_is_shown_as_kamailio_has_it_whichever_way_it_is_asked(
    lab: Lab, tmp_path: Path, user: str, run_as: bool, more: str
) -> None:
    config = write(lab, tmp_path, user=user, run_as=run_as, more=more)
    document = status(config)
    seen, (sbc,) = legs(document), document["sbcs"]
    assert sbc["state"] == "up" or sbc["reason"].startswith("restarted "), sbc["reason"]
    assert sbc["version"] == "5.6.3"
    said = {name: (leg["state"], leg["reason"]) for name, leg in seen.items()}
    assert set(said) == {"acme", "beta", "badpass-delta", "forbid-zeta", "blackhole-eps", "disabled-iota", "theta503"}  # fmt: skip
    assert said["acme"][0] == said["beta"][0] == "up", said
    assert "registered, next REGISTER in " in said["acme"][1]
    for name in (
        "badpass-delta",
        "forbid-zeta",
    ):  # a doubt only, while the SBC is too young to have failed often
        assert said[name][0] in {"down", "suspect"}, said[name]
        assert said[name][1].startswith(("REGISTER refused or unanswered", "registering, ")), said[name]
    assert said["blackhole-eps"][0] == "down"
    assert said["disabled-iota"] == ("admin_off", "switched off on lab-3 itself; enable it there to use it")
    assert said["theta503"][0] == "down"
    # Once a probe ran out of time there, in a fault of a test before, it is not told any more that it answers.
    answers = "answers OPTIONS, but with a code that Kamailio does not accept"
    assert any(words in said["theta503"][1] for words in (answers, "unreachable: 10.77.0.21:5071"))
    assert "10.77.0.23:5060" in said["blackhole-eps"][1]
    # One ping every 2 s, three lost, and 2 s for the last: from what is loaded and what it was started with.
    assert seen["acme"]["probe"]["detect_s"] == 8.0
    # What Kamailio prints in clear reaches nothing that we print or keep.
    assert SECRET.search(lab.kamcmd("uac.reg_dump"))
    kept = "".join(p.read_text(errors="replace") for p in tmp_path.glob("state/**/*") if p.is_file())
    assert not SECRET.search(json.dumps(document) + kept)


def test_a_login_that_may_not_is_told_so_and_nothing_is_green(lab: Lab, tmp_path: Path) -> None:
    for user, run_as, words in (
        ("nocnone", False, "this login may not use Kamailio's control socket"),
        ("nocnone", True, "sudo refuses the command"),
    ):
        document = status(write(lab, tmp_path, user=user, run_as=run_as))
        (sbc,) = document["sbcs"]
        assert words in sbc["reason"]
        assert {leg["state"] for leg in document["legs"]} == {"unknown"}


@pytest.mark.parametrize(
    ("words", "allowed"),
    [
        (("core.uptime",), True),
        (("dlg.profile_get_size", "trunk", CARRIER), True),
        (("uac.reg_info", "l_uuid", "s:acme-primary"), True),
        (("core.kill",), False),
        (("cfg.set", "dispatcher", "probing_threshold", "9"), False),
        (("core.uptime", "x"), False),
        (("uac.reg_refresh", "s:acme-primary x"), False),
        (("uac.reg_refresh", "-s", "unixs:/tmp/x"), False),
        (("uac.reg_disable", "l_uuid", "s:acme-primary"), False),
        (("dispatcher.set_state", "ap", "1", CARRIER), True),
        (("dispatcher.set_state", "ap", "1", f"{CARRIER};transport=tls"), True),
        (("dispatcher.set_state", "ap", "1", f"{CARRIER};transport=tls;id"), False),
        (("dispatcher.set_state", "ip", "1", CARRIER), False),
        (("dispatcher.set_state", "dx", "1", f"{CARRIER} x"), False),
    ],
    ids=lambda value: " ".join(value) if isinstance(value, tuple) else "",
)
def test_the_shipped_sudoers_lets_through_what_is_asked_and_nothing_else(
    lab: Lab, words: tuple[str, ...], allowed: bool
) -> None:
    command = shlex.join(("/usr/bin/timeout", "-k", "1", "5", "/usr/sbin/kamcmd", *words))
    argv = [
        part.replace(lab.host, ADDRESS[NODE])
        for part in lab.ssh_argv(f"cd / && sudo -n -u kamailio {command}")
    ]
    done = subprocess.run(
        argv, capture_output=True, text=True, stdin=subprocess.DEVNULL, timeout=20, check=False
    )
    assert ("sudo: a password is required" not in done.stderr) is allowed, done.stderr
    assert (done.returncode == 0) is allowed


async def test_a_carrier_that_goes_and_comes_back_is_down_and_up_again(lab: Lab, tmp_path: Path) -> None:
    async with watched(write(lab, tmp_path, more=JSON_RPC, interval="5s")) as product:
        await product.wait(lambda: product.state("acme@lab-3") is LegState.UP, 30, "acme up")
        with lab.cable_out(CARRIER_A):
            took = await product.wait(lambda: product.state("acme@lab-3") is LegState.DOWN, 40, "acme down")
            print(f"down after {took:.1f} s")
            assert destination(lab, CARRIER) == "IP"
            assert product.state("beta@lab-3") is LegState.UP, "another carrier"
        took = await product.wait(lambda: product.state("acme@lab-3") is LegState.UP, 60, "acme up again")
        print(f"up after {took:.1f} s")
        assert LegState.SUSPECT in product.seen["acme@lab-3"], "a probe was lost before it was given up"


def test_a_frozen_and_a_killed_kamailio_are_told_apart(lab: Lab, tmp_path: Path) -> None:
    for break_, mend, words in (
        (lab.freeze_kamailio, lab.thaw_kamailio, "Kamailio does not answer its control socket"),
        (lab.kill_kamailio, lab.start_kamailio, "Kamailio is not running"),
    ):
        with lab.fault(break_, mend):
            document = status(write(lab, tmp_path))
        (sbc,) = document["sbcs"]
        assert words in sbc["reason"], sbc
        assert {leg["state"] for leg in document["legs"]} == {"unknown"}


def test_what_somebody_switches_in_the_dispatcher_is_shown_as_that(lab: Lab, tmp_path: Path) -> None:
    config = write(lab, tmp_path)
    try:
        lab.kamcmd("dispatcher.set_state", "dx", "1", CARRIER)
        acme = legs(status(config))["acme"]
        assert (acme["state"], acme["reason"]) == (
            "admin_off",
            "switched off on lab-3 itself; enable it there to use it",
        )
    finally:
        lab.kamcmd("dispatcher.set_state", "ap", "1", CARRIER)


def act(config: Path, leg: str, *more: str) -> tuple[int, dict[str, Any]]:
    done = one_shot(config, "reregister", leg, *WHY, *more, "--format", "json")
    assert done.stdout, done.stderr
    assert not SECRET.search(done.stdout + done.stderr)
    action: dict[str, Any] = json.loads(done.stdout)["actions"][0]
    return done.returncode, action


def test_a_registration_is_refreshed_by_kamcmd_and_proved(lab: Lab, tmp_path: Path) -> None:
    before = loaded(lab, "acme-primary")
    code, action = act(write(lab, tmp_path), "acme@lab-3")
    assert (code, action["outcome"]["ending"]) == (0, "verified"), action["outcome"]
    assert "holds it for not registered" in action["plan"]["consequence"]
    assert action["outcome"]["sentence"].startswith("online, tried, for ")
    assert loaded(lab, "acme-primary") > before
    assert flags(lab)["acme-primary"] == 20


def test_a_disabled_registration_is_told_as_that_and_enabled_by_json_rpc(lab: Lab, tmp_path: Path) -> None:
    config = write(lab, tmp_path, more=JSON_RPC)
    lab.kamcmd("uac.reg_disable", "l_uuid", "acme-primary")
    acme = legs(status(config))["acme"]
    assert acme["state"] == "down"
    assert acme["reason"].startswith("registration disabled by hand; will not return by itself")
    code, action = act(config, "acme@lab-3")
    assert (code, action["outcome"]["ending"]) == (0, "verified"), action["outcome"]
    assert "enables the registration" in action["plan"]["consequence"]
    assert flags(lab)["acme-primary"] == 20


def test_a_refusing_carrier_is_told_as_failed(lab: Lab, tmp_path: Path) -> None:
    code, action = act(write(lab, tmp_path), "forbid-zeta@lab-3", "--fixed")
    assert (code, action["outcome"]["ending"]) == (1, "failed"), action["outcome"]
    assert "refused it or did not answer: the SBC tries again in" in action["outcome"]["sentence"]


@contextmanager
def calls(lab: Lab, count: int) -> Iterator[None]:
    """Have answered calls from the customer through the SBC inside the block."""
    with tempfile.TemporaryDirectory(dir=RUN_DIR) as folder:
        sipp = subprocess.Popen(
            [
                "ip", "netns", "exec", "ttl-cust", "sipp", f"{ADDRESS[NODE]}:5060", "-sf", str(HERE / "sipp/call.xml"),
                "-i", "10.77.0.31", "-mi", "10.77.0.31", "-p", "5062", "-s", "15551230001", "-key", "trunk", "x",
                "-m", str(count), "-l", str(count), "-r", "10", "-d", "60000", "-nostdin",
            ],
            cwd=folder, stdin=subprocess.DEVNULL, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL,
        )  # fmt: skip
        try:
            wait_for(lambda: dialogs(lab) == count, 20.0, f"{count} calls")
            yield
        finally:
            sipp.terminate()
            sipp.wait(timeout=5)
            for entry, number in re.findall(r"h_entry: (\d+)\n\th_id: (\d+)", lab.kamcmd("dlg.briefing")):
                lab.kamcmd("dlg.end_dlg", entry, number)
            wait_for(lambda: dialogs(lab) == 0, 20.0, "no call left")


def dialogs(lab: Lab) -> int:
    found = re.search(r"all: (\d+)", lab.kamcmd("dlg.stats_active"))
    return int(found[1]) if found else -1


def test_calls_count_for_the_destination_that_the_script_says_and_snmp_has_the_total(
    lab: Lab, tmp_path: Path
) -> None:
    (tmp_path / "community").write_text("lab-community\n")
    (tmp_path / "community").chmod(0o600)
    config = write(lab, tmp_path, more=JSON_RPC + SNMP.format(folder=tmp_path))
    with calls(lab, 3):
        document = status(config)
    seen, (sbc,) = legs(document), document["sbcs"]
    assert seen["acme"]["channels"]["active"] == 3
    assert seen["beta"]["channels"]["active"] == 0
    assert sbc["calls"] == 3
    if sbc["box"]["sub_agent"] != "absent":  # built without snmpstats
        assert (sbc["box"]["sub_agent"], sbc["box"]["calls"]) == ("answers", 3), sbc["box"]
        assert sbc["box"]["app_version"] == "5.6.3"
