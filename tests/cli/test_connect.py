"""`connect`: what it asks for, what it prints, and what it says where it cannot."""

from __future__ import annotations

import sys
from collections.abc import Callable
from pathlib import Path

import pytest
from msgspec.structs import replace

from tests.cli.conftest import FakeWiring, Outcome
from tests.fleets import NOW, fleet, leg, sbc
from trunktui.config.load import load
from trunktui.model.link import LinkStatus, SshState
from trunktui.model.observation import AppState, Observation
from trunktui.model.snapshot import Snapshot
from trunktui.model.text import Safe

Cli = Callable[..., Outcome]
URL = "ssh://noc@10.20.0.11"


def on_a_terminal(monkeypatch: pytest.MonkeyPatch) -> None:
    """Make all three standard streams terminals."""
    for stream in (sys.stdin, sys.stdout, sys.stderr):
        monkeypatch.setattr(stream, "isatty", lambda: True)
    monkeypatch.setenv("TERM", "xterm-256color")


def seen(app: AppState = AppState.ANSWERING, why: str = "") -> Observation:
    return Observation(at=NOW, took_s=0.4, app=app, app_reason=Safe(why))


def one_sbc(state: SshState = SshState.OK, reason: str = "") -> Snapshot:
    snapshot = fleet(leg("acme@10.20.0.11"))
    return replace(snapshot, sbcs=(sbc("10.20.0.11", link=LinkStatus(state=state, reason=Safe(reason))),))


def test_it_looks_once_and_then_opens_the_dashboard_on_the_same_config(
    cli: Cli, wiring: FakeWiring, monkeypatch: pytest.MonkeyPatch
) -> None:
    on_a_terminal(monkeypatch)
    wiring.look = (one_sbc(), seen())
    done = cli("--theme", "mono", "connect", URL, "--run-as", "asterisk", "--interval", "10s")
    assert done.code == 7
    assert wiring.dashboards == [("noc@10.20.0.11", "mono")]
    (config,) = wiring.looks
    (target,) = config.inventory.sbcs
    assert (target.ssh.host, target.ssh.user, target.ssh.run_as) == ("10.20.0.11", "noc", "asterisk")
    assert target.discover
    assert config.poll.interval_s == 10.0
    assert config.text is not None
    assert "connecting to noc@10.20.0.11 ..." in done.err
    assert "logged in, finding out what runs there ..." in done.err
    assert done.err.endswith("\r\x1b[K")


def test_once_prints_the_table_and_needs_no_terminal(cli: Cli, wiring: FakeWiring) -> None:
    wiring.look = (one_sbc(), seen())
    done = cli("connect", URL, "--once")
    assert done.code == 0
    assert "acme@10.20.0.11" in done.out
    assert done.err == "connecting to noc@10.20.0.11 ...\nlogged in, finding out what runs there ...\n"
    assert wiring.dashboards == []


def test_another_platform_is_asked_in_its_own_name(cli: Cli, wiring: FakeWiring) -> None:
    other = replace(one_sbc(), sbcs=(sbc("10.20.0.11", platform="freeswitch"),))
    wiring.look = (other, seen())
    done = cli("connect", URL, "--platform", "freeswitch", "--once")
    assert done.code == 0
    assert "logged in, asking FreeSWITCH ..." in done.err
    assert [config.inventory.sbcs[0].platform for config in wiring.looks] == ["freeswitch"]
    wiring.look = (other, seen(AppState.NOT_PERMITTED, "fs_cli cannot log in"))
    done = cli("connect", URL, "--platform", "freeswitch", "--once")
    assert done.code == 69
    assert "this login may not ask FreeSWITCH: fs_cli cannot log in" in done.err
    assert "run-as" not in done.err


def test_without_a_terminal_it_names_the_way_that_needs_none_and_connects_nowhere(
    cli: Cli, wiring: FakeWiring
) -> None:
    done = cli("connect", URL)
    assert (done.code, done.out) == (64, "")
    assert "needs a terminal; without one use: trunktui connect --once URL" in done.err
    assert wiring.looks == []


def test_print_config_prints_a_config_that_does_the_same_and_connects_nowhere(
    cli: Cli, wiring: FakeWiring, tmp_path: Path
) -> None:
    done = cli("connect", "ssh://noc@[::1]:2222", "-i", "/keys/noc", "--run-as", "asterisk", "--print-config")
    assert (done.code, done.err, wiring.looks) == (0, "", [])
    path = tmp_path / "kept.toml"
    path.write_text(done.out)
    path.chmod(0o600)
    (target,) = load(path, {}, ("asterisk",)).inventory.sbcs
    assert (target.name, target.ssh.host, target.ssh.port) == ("ip6-1", "::1", 2222)
    assert (target.ssh.identity, target.ssh.run_as) == (("/keys/noc",), "asterisk")


@pytest.mark.parametrize("state", [SshState.HOST_KEY, SshState.AUTH, SshState.REFUSED, SshState.UNREACHABLE])
def test_a_link_that_fails_is_said_in_the_transports_words_and_no_screen_opens(
    cli: Cli, wiring: FakeWiring, monkeypatch: pytest.MonkeyPatch, state: SshState
) -> None:
    on_a_terminal(monkeypatch)
    wiring.look = (one_sbc(state, "the meaning; the way out"), None)
    done = cli("connect", URL)
    assert (done.code, done.out) == (69, "")
    assert done.err.endswith("\r\x1b[Ktrunktui: the meaning; the way out\n")
    assert "logged in" not in done.err
    assert wiring.dashboards == []


def test_a_login_that_may_not_use_the_console_is_told_the_command_that_may(
    cli: Cli, wiring: FakeWiring
) -> None:
    wiring.look = (one_sbc(), seen(AppState.NOT_PERMITTED, "its socket is there but closed to it"))
    done = cli("connect", "ssh://noc@[::1]:2222", "-i", "my key", "--once")
    assert (done.code, done.out) == (69, "")
    assert "its socket is there but closed to it" in done.err
    assert "trunktui connect 'ssh://noc@[::1]:2222' --identity 'my key' --once --run-as asterisk" in done.err


def test_a_refusal_of_sudo_is_said_and_the_option_not_advised_again(cli: Cli, wiring: FakeWiring) -> None:
    wiring.look = (one_sbc(), seen(AppState.NOT_PERMITTED, "sudo refuses the command"))
    done = cli("connect", URL, "--run-as", "asterisk", "--once")
    assert done.code == 69
    assert "sudo refuses the command" in done.err
    assert "--run-as" not in done.err


@pytest.mark.parametrize("app", [AppState.NOT_RUNNING, AppState.FROZEN, AppState.UNREADABLE])
def test_an_asterisk_that_does_not_answer_is_a_failure_with_its_reason(
    cli: Cli, wiring: FakeWiring, app: AppState
) -> None:
    wiring.look = (one_sbc(), seen(app, "why it does not"))
    done = cli("connect", URL, "--once")
    assert (done.code, done.out) == (69, "")
    assert "why it does not" in done.err


def test_an_sbc_that_did_not_answer_in_time_is_a_failure_too(cli: Cli, wiring: FakeWiring) -> None:
    wiring.look = (one_sbc(SshState.PENDING), None)
    assert cli("connect", URL, "--once").code == 69


def test_an_asterisk_that_is_starting_can_be_watched(
    cli: Cli, wiring: FakeWiring, monkeypatch: pytest.MonkeyPatch
) -> None:
    on_a_terminal(monkeypatch)
    wiring.look = (one_sbc(), seen(AppState.STARTING, "started 3 s ago"))
    assert cli("connect", URL).code == 7


@pytest.mark.parametrize(
    ("argv", "words"),
    [
        (("noc@10.20.0.11",), "write ssh://noc@10.20.0.11"),
        (("ssh://noc:hunter2@sbc",), "no password belongs into the address"),
        (("ssh://noc@sbc:99999",), "is no port"),
        ((URL, "--interval", "soon"), '--interval: "soon" is no duration'),
        ((URL, "--run-as", "a b"), "--run-as: "),
        ((), "Missing argument"),
        ((URL, URL), "unexpected extra argument"),
    ],
)
def test_usage_errors_are_one_line_and_exit_with_64(
    cli: Cli, wiring: FakeWiring, argv: tuple[str, ...], words: str
) -> None:
    done = cli("connect", *argv)
    assert (done.code, done.out, wiring.looks) == (64, "", [])
    assert words in done.err
    assert done.err.count("\n") == 1
    assert "hunter2" not in done.err


def test_a_config_and_an_address_together_are_a_usage_error(cli: Cli, config_path: Path) -> None:
    done = cli("--config", config_path, "connect", URL)
    assert done.code == 64
    assert "leave --config out" in done.err
