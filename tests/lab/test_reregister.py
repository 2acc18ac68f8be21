"""Force re-register and probe against the lab: what is proved, what is refused, and what is never sent twice."""

from __future__ import annotations

import json
import os
import signal
import subprocess
import sys
import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from pathlib import Path
from typing import Any

import pytest

from trunktui.model.ask import Command, Lock, SshAsk
from trunktui.transport.script import build_script

from .lab import CARRIER_A, RUN_DIR, Lab, wait_for
from .product import environment, one_shot, write_config

pytestmark = pytest.mark.lab

WHY = ("--yes", "--reason", "lab")


@pytest.fixture(autouse=True)
def _unlocked(lab: Lab) -> None:
    """End what earlier tests left holding the lock: each test is another day."""
    for pid, words in lab.processes().items():
        if "trunktui-by-" in words:
            with suppress(ProcessLookupError):
                os.kill(pid, signal.SIGKILL)


def _writable(config: Path) -> Path:
    """Let actions touch the SBC of a config."""
    text = config.read_text()
    assert text.count("[sbc.ssh]") == 1
    config.write_text(text.replace("[sbc.ssh]", "write = true\n[sbc.ssh]"))
    return config


def _act(config: Path, *args: str) -> tuple[int, dict[str, Any]]:
    """Run one action as JSON; return its exit code and the only action of the document."""
    done = one_shot(config, *args, "--format", "json")
    assert done.stdout, done.stderr
    document = json.loads(done.stdout)
    assert document["schema"] == "trunktui.action/1"
    assert document["exit_code"] == done.returncode, done.stderr
    return done.returncode, document["actions"][0]


def _said(action: dict[str, Any]) -> tuple[str, bool, str]:
    outcome = action["outcome"]
    return outcome["ending"], outcome["sent"], outcome["sentence"]


def _audit(config: Path) -> list[tuple[str, str]]:
    """Return (kind, ending) of each entry of the audit log."""
    found = sorted(config.parent.glob("state/**/audit.jsonl"))
    lines = [json.loads(line) for path in found for line in path.read_text().splitlines()]
    return [(line["record"]["kind"], line["record"].get("ending", "")) for line in lines]


class _Hole(threading.Thread):
    """Measures for how long a registration is not there, by Asterisk's own table, as root on the SBC."""

    def __init__(self, lab: Lab, name: str) -> None:
        super().__init__(daemon=True)
        self._lab, self._name = lab, name
        self.over = threading.Event()
        self.off: list[float] = []

    def run(self) -> None:
        while not self.over.is_set():
            row = self._lab.registrations().get(self._name)
            if row is not None and row.word != "Registered":
                self.off.append(time.monotonic())
            self.over.wait(0.1)


def test_a_healthy_leg_is_registered_again_and_proved_and_the_hole_is_as_announced(
    lab: Lab, tmp_path: Path
) -> None:
    lab.settle()
    config = _writable(write_config(lab, tmp_path))
    before = lab.sip_requests(CARRIER_A, "register")
    hole = _Hole(lab, "acme-primary")
    hole.start()
    try:
        code, action = _act(config, "reregister", "acme-primary@lab-1", *WHY)
    finally:
        hole.over.set()
        hole.join(10)
    ending, sent, sentence = _said(action)
    assert (code, ending, sent) == (0, "verified", True), sentence
    assert sentence.startswith("Registered, next attempt in ")
    assert lab.registrations()["acme-primary"].word == "Registered"
    # One that un-registers and one that registers, each challenged once at most; others refresh meanwhile.
    assert lab.sip_requests(CARRIER_A, "register") - before >= 2
    assert _audit(config) == [("intent", ""), ("outcome", "verified")]
    length = hole.off[-1] - hole.off[0] if hole.off else 0.0
    print(f"hole: {length:.1f} s, proved after {action['outcome']['took_s']} s")
    assert length <= 1 + 3, "max_random_initial_delay is 1 s here; rounding and one look on either side"
    assert "within 1 s" in action["plan"]["consequence"]


def test_a_dead_carrier_is_told_as_failed_though_the_word_stays_registered_for_a_while(
    lab: Lab, tmp_path: Path
) -> None:
    lab.settle()
    config = _writable(write_config(lab, tmp_path))
    with lab.cable_out(CARRIER_A):
        code, action = _act(config, "reregister", "hybrid-gamma@lab-1", *WHY)
    ending, sent, sentence = _said(action)
    assert (code, ending, sent) == (1, "failed", True), sentence
    assert "did not answer" in sentence
    assert "inbound stays out" in sentence


def test_an_interrupted_wait_is_told_and_written_as_unverified(lab: Lab, tmp_path: Path) -> None:
    lab.settle()
    config = _writable(write_config(lab, tmp_path))
    argv = [sys.executable, "-m", "trunktui", "--config", str(config), "reregister", "wiz-lambda-reg-0@lab-1"]
    with (
        lab.cable_out(CARRIER_A),
        subprocess.Popen(
            [*argv, *WHY, "--format", "json"],
            stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True, env=environment(tmp_path),
        ) as running,
    ):  # fmt: skip
        assert running.stderr is not None
        assert any("s left)" in line for line in running.stderr), "it waits for the proof"
        running.send_signal(signal.SIGINT)
        out, err = running.communicate(timeout=30)
    assert running.returncode == 3, err
    assert _said(json.loads(out)["actions"][0])[:2] == ("unverified", True)
    assert "trunktui verify wiz-lambda-reg-0@lab-1" in err
    assert _audit(config) == [("intent", ""), ("outcome", "unverified")]


def test_a_wrong_password_wants_to_be_fixed_first_and_fails_when_it_was_not(lab: Lab, tmp_path: Path) -> None:
    config = _writable(write_config(lab, tmp_path))
    code, action = _act(config, "reregister", "badpass-delta@lab-1", *WHY)
    assert (code, _said(action)[:2]) == (2, ("refused", False))
    assert "the last result was 401" in _said(action)[2]
    code, action = _act(config, "reregister", "badpass-delta@lab-1", *WHY, "--fixed")
    assert (code, _said(action)[:2]) == (1, ("failed", True)), _said(action)
    assert "tries again in" in _said(action)[2]


@contextmanager
def _password_fixed() -> Iterator[None]:
    """Have the carrier take the password that the SBC has: nothing is reloaded there, so nothing retries by itself."""

    def carrier_takes(password: str) -> None:
        kamcmd = ["kamcmd", "-s", f"unix:{RUN_DIR}/nodes/{CARRIER_A}/ctl", "htable.sets", "pw", "trunk1004"]
        subprocess.run([*kamcmd, password], check=True, capture_output=True)

    carrier_takes("WRONG")
    try:
        yield
    finally:
        carrier_takes("the-right-one")


def test_a_trunk_that_gave_up_comes_back_once_its_password_is_fixed(lab: Lab, tmp_path: Path) -> None:
    config = _writable(write_config(lab, tmp_path))
    lab.restart_asterisk()
    wait_for(lambda: lab.registrations()["badpass-permanent"].word == "Rejected", 20, "the carrier's refusal")
    with _password_fixed():
        code, action = _act(config, "reregister", "badpass-permanent@lab-1", *WHY, "--fixed")
    assert (code, _said(action)[0]) == (0, "verified"), _said(action)


def test_a_name_that_is_not_there_is_refused_and_nothing_is_sent(lab: Lab, tmp_path: Path) -> None:
    config = _writable(write_config(lab, tmp_path))
    for leg, words in (
        ("nosuch@lab-1", "there is no leg"),
        ("Acme Telecom EU 1@lab-1", "characters that Asterisk's console would read as syntax"),
    ):
        code, action = _act(config, "reregister", leg, *WHY)
        assert (code, _said(action)[:2]) == (2, ("refused", False)), leg
        assert words in _said(action)[2]
    assert _audit(config) == [("refused", "refused")] * 2


def test_an_sbc_without_write_is_read_only(lab: Lab, tmp_path: Path) -> None:
    code, action = _act(write_config(lab, tmp_path), "reregister", "acme-primary@lab-1", *WHY)
    assert (code, _said(action)[0]) == (2, "refused")
    assert "`write = true` is not set" in _said(action)[2]


def test_nothing_is_sent_to_a_frozen_asterisk(lab: Lab, tmp_path: Path) -> None:
    config = _writable(write_config(lab, tmp_path))
    with lab.fault(lab.freeze_asterisk, lab.thaw_asterisk):
        code, action = _act(config, "reregister", "acme-primary@lab-1", *WHY)
    assert (code, _said(action)[:2]) == (2, ("refused", False))
    assert "not answer" in _said(action)[2]


def test_a_login_without_the_grant_is_told_which_one_is_missing(lab: Lab, tmp_path: Path) -> None:
    lab.settle()
    config = _writable(write_config(lab, tmp_path, user="nocgrp", run_as=False))
    code, action = _act(config, "reregister", "acme-primary@lab-1", *WHY)
    assert (code, _said(action)[:2]) == (1, ("failed", False)), _said(action)
    assert "'pjsip send register acme-primary'" in _said(action)[2]
    assert "docs/grants.md" in _said(action)[2]
    assert lab.registrations()["acme-primary"].word == "Registered"


def test_who_holds_the_lock_is_told_to_the_other_who_sends_nothing(lab: Lab, tmp_path: Path) -> None:
    lab.settle()
    config = _writable(write_config(lab, tmp_path))
    lock = Lock("/usr/sbin/asterisk", "trunktui-by-alice@jump9:0", 30)
    holding = build_script(SshAsk((Command("x", ("/bin/true",), False),), lock), "0" * 32, None)
    assert " e 1 0" in lab.ssh(holding).stdout
    code, action = _act(config, "reregister", "acme-primary@lab-1", *WHY)
    assert (code, _said(action)[:2]) == (2, ("refused", False))
    assert "alice@jump9 acts on this SBC right now" in _said(action)[2]
    assert lab.registrations()["acme-primary"].word == "Registered"


def test_of_two_operators_at_once_one_acts_and_the_other_is_refused(lab: Lab, tmp_path: Path) -> None:
    lab.settle()
    configs = []
    for name in ("one", "two"):
        folder = tmp_path / name
        folder.mkdir()
        configs.append(_writable(write_config(lab, folder)))
    argv = [sys.executable, "-m", "trunktui", "--config"]
    args = ["reregister", "us.east-1.sip.carrier-example.net@lab-1", *WHY, "--format", "json"]
    running = [
        subprocess.Popen(
            [*argv, str(config), *args],
            stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True,
            env=environment(config.parent) | {"SUDO_USER": who},
        )
        for config, who in zip(configs, ("alice", "bob"), strict=True)
    ]  # fmt: skip
    outs = [process.communicate(timeout=90)[0] for process in running]
    endings = sorted(_said(json.loads(out)["actions"][0]) for out in outs)
    assert [(ending, sent) for ending, sent, _ in endings] == [("refused", False), ("verified", True)], (
        endings
    )


def test_a_probe_tells_the_answer_and_needs_no_write_mode(lab: Lab, tmp_path: Path) -> None:
    lab.settle()
    config = write_config(lab, tmp_path)
    code, action = _act(config, "probe", "acme-primary@lab-1")
    if (
        "no new answer" in _said(action)[2]
    ):  # to the microsecond as long as the one before: that tells nothing
        code, action = _act(config, "probe", "acme-primary@lab-1")
    assert (code, _said(action)[0]) == (0, "verified"), _said(action)
    assert "answered in" in _said(action)[2]
    code, action = _act(config, "probe", "blackhole-eps@lab-1")
    assert (code, _said(action)[0]) == (1, "failed"), _said(action)
    assert "no answer" in _said(action)[2]
