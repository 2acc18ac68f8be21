"""`connect` against the lab: from an address to the trunks, and what it says at each step that can fail."""

from __future__ import annotations

import os
import re
import subprocess
import sys
from pathlib import Path

import pytest

from tests.tui.terminal_session import TerminalSession

from .lab import ADDRESS, Lab

pytestmark = pytest.mark.lab


def _connect(lab: Lab, *options: str, user: str = "noc", url: str = "") -> list[str]:
    return [
        "-m", "trunktui", "connect", url or f"ssh://{user}@{lab.host}:{lab.port}", "--identity", str(lab.key),
        "--known-hosts", str(lab.known_hosts), *options,
    ]  # fmt: skip


def _run(argv: list[str], home: Path) -> subprocess.CompletedProcess[str]:
    environment = {**os.environ, "HOME": str(home), "XDG_STATE_HOME": str(home / "state")}
    return subprocess.run(
        [sys.executable, *argv], capture_output=True, text=True, timeout=60, check=False, env=environment,
        stdin=subprocess.DEVNULL,
    )  # fmt: skip


def test_once_finds_the_trunks_by_itself_and_prints_them(lab: Lab, tmp_path: Path) -> None:
    done = _run(_connect(lab, "--once", "--run-as", "asterisk"), tmp_path)
    assert done.returncode == 0, done.stderr
    assert "acme-primary@10.77.0.10" in done.stdout
    assert "ipauth-beta@10.77.0.10" in done.stdout
    assert "badpass-permanent@10.77.0.10" in done.stdout
    assert "phone1" not in done.stdout
    assert done.stderr.splitlines() == [
        "connecting to noc@10.77.0.10:22 ...",
        "logged in, finding out what runs there ...",
    ]
    assert not list(tmp_path.iterdir()), "one look leaves nothing behind"


def test_a_kamailio_is_found_by_itself_and_what_its_login_lacks_is_said(lab: Lab, tmp_path: Path) -> None:
    """There is an Asterisk installed beside it, and Asterisks of other namespaces are among the processes."""
    url = f"ssh://noc@{ADDRESS['sbc3']}:{lab.port}"
    done = _run(_connect(lab, "--once", "--run-as", "kamailio", url=url), tmp_path)
    assert done.returncode == 0, done.stderr
    assert "acme-primary@10.77.0.12" in done.stdout
    assert "blackhole-eps@10.77.0.12" in done.stdout
    done = _run(_connect(lab, "--once", url=url), tmp_path)
    assert done.returncode == 69
    assert re.search(
        r"may not use Kamailio's control socket: .* --run-as kamailio$", done.stderr.strip().splitlines()[-1]
    )


def test_the_dashboard_opens_on_the_trunks_and_leaves_no_config_behind(lab: Lab, tmp_path: Path) -> None:
    environment = {"HOME": str(tmp_path), "XDG_STATE_HOME": str(tmp_path / "state")}
    argv = _connect(lab, "--run-as", "asterisk", "--interval", "5s")
    with TerminalSession(argv, environ=environment) as terminal:
        terminal.read_until_shown("acme-primary@10.77.0.10", 30.0)
        terminal.read_until_shown("READ-ONLY")
        terminal.read_until_shown("noc@10.77.0.10:22")
        assert b"connecting to noc@10.77.0.10:22 ..." in terminal.output
        terminal.press("q")
        assert terminal.wait() == 0
    left = {path.name for path in tmp_path.rglob("*") if path.is_file()}
    assert left == {"engine.log", "history.db", "history.lock"}


def test_a_kept_config_does_the_same(lab: Lab, tmp_path: Path) -> None:
    printed = _run(_connect(lab, "--run-as", "asterisk", "--print-config"), tmp_path)
    kept = tmp_path / "kept.toml"
    kept.write_text(printed.stdout)
    kept.chmod(0o600)
    done = _run(["-m", "trunktui", "--config", str(kept), "status"], tmp_path)
    assert done.returncode == 0, done.stderr
    assert "acme-primary@10.77.0.10" in done.stdout


@pytest.mark.parametrize(
    ("user", "options", "words"),
    [
        ("noc", (), r"may not use Asterisk's console: .*; where sudo lets it: trunktui connect .* --once --run-as asterisk$"),
        ("nocnone", ("--run-as", "asterisk"), r"cannot be asked as asterisk: sudo refuses .* docs/grants\.md$"),
        ("nobody", (), r"login as nobody denied by 10\.77\.0\.10:22: .*add the public key to authorized_keys"),
    ],
)  # fmt: skip
def test_what_a_login_lacks_is_said_with_the_way_out(
    lab: Lab, tmp_path: Path, user: str, options: tuple[str, ...], words: str
) -> None:
    done = _run(_connect(lab, "--once", *options, user=user), tmp_path)
    assert (done.returncode, done.stdout) == (69, "")
    assert re.search(words, done.stderr.strip().splitlines()[-1]), done.stderr


def test_a_login_of_group_asterisk_needs_no_option(lab: Lab, tmp_path: Path) -> None:
    done = _run(_connect(lab, "--once", user="nocgrp"), tmp_path)
    assert done.returncode == 0, done.stderr
    assert "acme-primary@10.77.0.10" in done.stdout


def test_an_unknown_host_key_is_never_taken_and_the_advice_word_for_word_adds_the_right_one(
    lab: Lab, tmp_path: Path
) -> None:
    """The operator's way: compare the fingerprint, run the command that was printed, connect again."""
    hosts = tmp_path / "known_hosts"
    hosts.touch()
    argv = [
        "-m", "trunktui", "connect", f"ssh://noc@{lab.host}", "--identity", str(lab.key), "--run-as", "asterisk",
        "--known-hosts", str(hosts), "--once",
    ]  # fmt: skip
    assert _run(argv, tmp_path).returncode == 69
    done = _run(argv, tmp_path)
    assert (done.returncode, done.stdout, hosts.read_text()) == (69, "", "")
    pinned = subprocess.run(
        ["ssh-keygen", "-lf", str(lab.known_hosts)], capture_output=True, text=True, check=True
    ).stdout
    shown = re.search(r"the server shows ssh-ed25519 (SHA256:\S+);", done.stderr)
    assert shown is not None, done.stderr
    assert shown[1] in pinned
    assert f"`ssh -o UserKnownHostsFile={hosts} -p 22 noc@{lab.host}` and say yes" in done.stderr
    advice = re.search(r"`(ssh-keyscan [^`]+)`", done.stderr)
    assert advice is not None
    assert advice[1] == f"ssh-keyscan -t ed25519 -p 22 {lab.host} >> {hosts}"
    subprocess.run(["sh", "-c", advice[1]], capture_output=True, timeout=20, check=True)
    assert _run(argv, tmp_path).returncode == 0


def test_a_changed_host_key_is_refused_with_the_way_to_replace_it(lab: Lab, tmp_path: Path) -> None:
    other = tmp_path / "other"
    subprocess.run(["ssh-keygen", "-q", "-t", "ed25519", "-N", "", "-f", str(other)], check=True)
    hosts = tmp_path / "known_hosts"
    hosts.write_text(f"{lab.host} {other.with_suffix('.pub').read_text()}")
    argv = [
        "-m", "trunktui", "connect", f"ssh://noc@{lab.host}", "--identity", str(lab.key), "--run-as", "asterisk",
        "--known-hosts", str(hosts), "--once",
    ]  # fmt: skip
    done = _run(argv, tmp_path)
    assert done.returncode == 69
    assert "has CHANGED" in done.stderr
    commands = re.findall(r"`(ssh-key(?:gen -R|scan) [^`]+)`", done.stderr)
    assert len(commands) == 2
    for command in commands:
        subprocess.run(["sh", "-c", command], capture_output=True, timeout=20, check=True)
    assert _run(argv, tmp_path).returncode == 0


def test_an_sbc_that_cannot_be_reached_is_said_for_what_it_is(lab: Lab, tmp_path: Path) -> None:
    for url, words in (
        (
            f"ssh://noc@{lab.host}:2222",
            "connection refused by 10.77.0.10:2222: sshd is not listening there; check",
        ),
        ("ssh://noc@10.77.0.99", "10.77.0.99:22 is unreachable"),
        ("ssh://noc@sbc.invalid", "cannot resolve sbc.invalid"),
    ):
        done = _run(_connect(lab, "--once", url=url), tmp_path)
        assert (done.returncode, done.stdout) == (69, ""), url
        assert words in done.stderr


def test_a_stopped_asterisk_is_said_to_be_stopped(lab: Lab, tmp_path: Path) -> None:
    argv = _connect(lab, "--once", "--run-as", "asterisk")
    with lab.fault(lab.stop_asterisk, lab.start_asterisk):
        done = _run(argv, tmp_path)
    assert done.returncode == 69
    assert "there is nothing to watch: Asterisk is not running (no console socket)" in done.stderr
