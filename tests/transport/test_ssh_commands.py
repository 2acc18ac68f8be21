"""What commands may do to an ask over a real sshd: fail, hang, flood, read stdin, and lose the connection."""

from __future__ import annotations

import asyncio
import signal
from collections.abc import Callable
from pathlib import Path

import pytest

from tests.transport.conftest import QUICK
from tests.transport.expect import SLACK_S, expect_fault
from tests.transport.servers import HOSTILE, Relay
from tests.transport.sshd import TRUE, Site, Sshd, ask_of, script
from trunktui.model.ask import Answer, Command, SshAsk
from trunktui.model.link import LinkError, SshState
from trunktui.transport.limits import Limits
from trunktui.transport.ssh import SshAsker, SshShared

SLEEP = ("/bin/sleep", "30")


async def ask_once(site: Site, shared: SshShared, ask: SshAsk, budget_s: float = 8.0) -> Answer:
    """Ask by an asker of its own."""
    asker = SshAsker(site.target(), shared)
    try:
        return await asker.ask(ask, budget_s)
    finally:
        await asker.close()


async def until(true: Callable[[], object], seconds: float = 15.0) -> None:
    """Wait until `true()` is."""
    async with asyncio.timeout(seconds):
        while not true():
            await asyncio.sleep(0.02)


async def test_three_asks_use_one_connection(site: Site, sshd: Sshd, shared: SshShared) -> None:
    sshd.start()
    asker = SshAsker(site.target(), shared)
    for _ in range(3):
        answer = await asker.ask(ask_of(("/bin/echo", "hello"), "/bin/true"), 5)
        assert [reply.lines for reply in answer.replies] == [("hello",), ()]
        assert answer.complete
        assert answer.asked_at < answer.answered_at
    await asker.close()
    assert sshd.accepted() == 1
    assert shared.counters.logins == 1


async def test_an_ask_after_close_opens_a_new_connection(site: Site, sshd: Sshd, shared: SshShared) -> None:
    sshd.start()
    asker = SshAsker(site.target(), shared)
    await asker.ask(TRUE, 10)
    await asker.close()
    assert (await asker.ask(TRUE, 10)).complete
    await asker.close()
    assert sshd.accepted() == 2


async def test_commands_run_with_a_plain_environment_and_no_terminal(
    site: Site, sshd: Sshd, shared: SshShared, tmp_path: Path
) -> None:
    sshd.start("PermitUserEnvironment yes", "AcceptEnv *")
    look = script(
        tmp_path / "look", 'pwd; echo "$LC_ALL $PATH"; test -t 0 || echo "no tty"; readlink /proc/self/fd/0'
    )
    (site.ssh / "config").write_text(
        "RemoteCommand /bin/false\nRequestTTY force\nSetEnv LC_ALL=de_DE\nForwardAgent yes\nCompression yes\n"
    )
    answer = await ask_once(site, shared, ask_of(look))
    assert answer.replies[0].lines == ("/", "C /usr/sbin:/usr/bin:/sbin:/bin", "no tty", "/dev/null")


async def test_a_command_that_reads_stdin_ends_at_once(site: Site, sshd: Sshd, shared: SshShared) -> None:
    sshd.start()
    answer = await ask_once(site, shared, ask_of("/bin/cat"))
    assert answer.replies[0].ok


async def test_exit_status_and_stderr_are_told(
    site: Site, sshd: Sshd, shared: SshShared, tmp_path: Path
) -> None:
    sshd.start()
    fails = script(tmp_path / "fails", "echo said; echo why >&2; exit 3")
    answer = await ask_once(site, shared, ask_of(fails, "/bin/true", "/no/such/program"))
    first, second, third = answer.replies
    assert (first.status, first.lines, first.errors, first.ok) == (3, ("said",), ("why",), False)
    assert second.ok
    assert third.status == 127
    assert answer.complete


async def test_a_command_killed_by_a_signal_has_its_status(
    site: Site, sshd: Sshd, shared: SshShared, tmp_path: Path
) -> None:
    sshd.start()
    answer = await ask_once(site, shared, ask_of(script(tmp_path / "dies", "kill -TERM $$"), "/bin/true"))
    assert [reply.status for reply in answer.replies] == [128 + signal.SIGTERM, 0]


async def test_a_command_that_hangs_ends_the_ask_but_not_the_link(
    site: Site, sshd: Sshd, shared: SshShared
) -> None:
    sshd.start()
    asker = SshAsker(site.target(), shared)
    answer = await asker.ask(ask_of("/bin/true", SLEEP, "/bin/true", timeout_s=1), 10)
    assert [reply.status for reply in answer.replies] == [0, 124, None]
    assert answer.complete
    assert (await asker.ask(TRUE, 10)).complete
    await asker.close()
    assert sshd.accepted() == 1


async def test_a_command_that_ignores_sigterm_is_killed_over_there(
    site: Site, sshd: Sshd, shared: SshShared, tmp_path: Path
) -> None:
    sshd.start()
    stubborn = script(tmp_path / "stubborn", "trap '' TERM; while :; do sleep 1; done")
    answer = await ask_once(site, shared, ask_of(stubborn, "/bin/true", timeout_s=1))
    assert [reply.status for reply in answer.replies] == [137, None]


async def test_a_budget_that_ends_before_any_command_is_a_hung_sbc(
    site: Site, sshd: Sshd, shared: SshShared
) -> None:
    sshd.start()
    asker = SshAsker(site.target(), shared)
    await asker.ask(TRUE, 8)  # logged in: the budget is the command's alone
    await expect_fault(asker, SshState.HUNG, "no command came back within 2 s", 2.0, ask_of(SLEEP))


async def test_a_budget_that_ends_after_a_command_gives_an_incomplete_answer(
    site: Site, sshd: Sshd, shared: SshShared
) -> None:
    sshd.start()
    asker = SshAsker(site.target(), shared)
    await asker.ask(TRUE, 8)  # logged in: the budget is the commands' alone
    answer = await asker.ask(ask_of(("/bin/echo", "one"), SLEEP), 2.0)
    assert [reply.status for reply in answer.replies] == [0, None]
    assert (answer.complete, answer.late) == (False, True)
    assert (await asker.ask(TRUE, 10)).complete
    await asker.close()
    assert sshd.accepted() == 2


async def test_a_shell_that_hangs_before_the_script_is_told_from_a_hung_command(
    site: Site, sshd: Sshd, shared: SshShared
) -> None:
    sshd.start("ForceCommand sleep 30")
    await expect_fault(SshAsker(site.target(), shared), SshState.HUNG, "shell started no command", 3.0)


@pytest.mark.parametrize("stream", ["", ">&2"])
async def test_a_flood_on_one_line_is_cut_and_proves_nothing(
    site: Site, sshd: Sshd, shared: SshShared, tmp_path: Path, stream: str
) -> None:
    sshd.start()
    flood = script(tmp_path / "flood", f"head -c 100000000 /dev/zero | tr '\\0' x {stream}")
    asker = SshAsker(site.target(), shared)
    answer = await asker.ask(ask_of(("/bin/echo", "one"), flood, "/bin/true"), 8)
    assert [reply.status for reply in answer.replies] == [0, None, None]
    assert answer.replies[1].truncated
    assert sum(len(line) for reply in answer.replies for line in (*reply.lines, *reply.errors)) < 300_000
    assert not answer.complete
    assert (await asker.ask(TRUE, 10)).complete
    await asker.close()
    assert sshd.accepted() == 1


async def test_many_lines_over_the_limit_keep_what_came_first(site: Site, sshd: Sshd, tmp_path: Path) -> None:
    sshd.start()
    shared = SshShared(Limits(output_bytes=5000), home=site.home, environ={})
    answer = await ask_once(site, shared, ask_of(("/usr/bin/seq", "-w", "9999")))
    reply = answer.replies[0]
    assert reply.truncated
    assert not reply.ok
    assert reply.lines[:2] == ("0001", "0002")
    assert 900 < len(reply.lines) < 1000


async def test_output_that_is_no_text_and_output_that_bites_come_out_harmless(
    site: Site, sshd: Sshd, shared: SshShared, tmp_path: Path
) -> None:
    sshd.start()
    (tmp_path / "bites").write_bytes(
        b"\xff\xfe \x80\n" + HOSTILE.encode() + b"\n\x00\x1b[31mpass\x1b[0mword: hunter2\n"
    )
    answer = await ask_once(site, shared, ask_of(("/bin/cat", str(tmp_path / "bites"))))
    lines = answer.replies[0].lines
    assert answer.replies[0].ok
    assert len(lines) == 3
    assert all(line.isprintable() for line in lines)
    assert lines[2] == "password: ***"


async def test_an_account_that_may_run_no_commands_is_a_config_fault(
    site: Site, sshd: Sshd, shared: SshShared
) -> None:
    sshd.start("ForceCommand echo this account is not available")
    await expect_fault(
        SshAsker(site.target(), shared),
        SshState.CONFIG,
        "cannot run commands: it said 'this account is not available'",
    )


async def test_noise_of_a_profile_and_a_banner_is_ignored(
    site: Site, sshd: Sshd, shared: SshShared, tmp_path: Path
) -> None:
    banner = tmp_path / "banner"
    banner.write_bytes(b"\xff\xfe" + HOSTILE.encode())
    noisy = script(
        tmp_path / "noisy",
        'printf "last login: never"; echo oops >&2; eval "$SSH_ORIGINAL_COMMAND"; echo bye',
    )
    sshd.start(f"Banner {banner}", f"ForceCommand {noisy}")
    answer = await ask_once(site, shared, ask_of(("/bin/echo", "hello")))
    assert (answer.replies[0].lines, answer.replies[0].errors, answer.complete) == (("hello",), (), True)


async def test_a_second_session_beyond_max_sessions_is_local_load_and_disturbs_nobody(
    site: Site, sshd: Sshd, shared: SshShared
) -> None:
    sshd.start("MaxSessions 1")
    asker = SshAsker(site.target(), shared)
    await asker.ask(TRUE, 10)
    first = asyncio.create_task(asker.ask(ask_of(("/bin/sleep", "3")), 10))
    await until(lambda: _runs(sshd, "sleep") or first.done())
    with pytest.raises(LinkError, match="MaxSessions") as caught:
        await asker.ask(TRUE, 8)
    assert caught.value.state is SshState.LOCAL_LOAD
    assert (await first).complete
    assert (await asker.ask(TRUE, 10)).complete
    await asker.close()
    assert sshd.accepted() == 1


async def test_a_session_killed_before_any_command_ended_is_unreachable(
    site: Site, sshd: Sshd, shared: SshShared
) -> None:
    sshd.start()
    asker = SshAsker(site.target(), shared)
    await asker.ask(TRUE, 10)
    fault = asyncio.create_task(
        expect_fault(asker, SshState.UNREACHABLE, "connection lost while the command ran", 10, ask_of(SLEEP))
    )
    await until(lambda: _runs(sshd, "sleep"))
    sshd.signal_sessions(signal.SIGKILL)
    await fault


async def test_a_session_killed_after_a_command_ended_gives_an_incomplete_answer(
    site: Site, sshd: Sshd, shared: SshShared
) -> None:
    sshd.start()
    asker = SshAsker(site.target(), shared)
    asking = asyncio.create_task(asker.ask(ask_of(("/bin/echo", "one"), SLEEP), 10))
    await until(lambda: _runs(sshd, "sleep"))
    sshd.signal_sessions(signal.SIGKILL)
    answer = await asking
    assert [(reply.status, reply.lines) for reply in answer.replies] == [(0, ("one",)), (None, ())]
    assert (answer.complete, answer.late) == (False, False)
    assert (await asker.ask(TRUE, 10)).complete
    await asker.close()


async def test_a_reset_connection_mid_command_is_unreachable(
    site: Site, sshd: Sshd, shared: SshShared
) -> None:
    sshd.start()
    async with Relay(sshd.port).running() as relay:
        site.trust(f"[127.0.0.1]:{relay.port} {_key(sshd)}")
        asker = SshAsker(site.target(port=relay.port), shared)
        await asker.ask(TRUE, 10)
        fault = asyncio.create_task(
            expect_fault(
                asker, SshState.UNREACHABLE, "connection lost while the command ran", 10, ask_of(SLEEP)
            )
        )
        await until(lambda: _runs(sshd, "sleep"))
        relay.reset()
        await fault


async def test_a_stopped_session_mid_command_is_found_by_keepalives(
    site: Site, sshd: Sshd, shared: SshShared
) -> None:
    sshd.start()
    asker = SshAsker(site.target(), shared)
    await asker.ask(TRUE, 10)
    fault = asyncio.create_task(
        expect_fault(asker, SshState.HUNG, "no longer answers keepalives", 10, ask_of(SLEEP))
    )
    await until(lambda: _runs(sshd, "sleep"))
    sshd.signal_sessions(signal.SIGSTOP)
    await fault


async def test_a_network_that_goes_silent_between_asks_is_hung_and_then_recovers(
    site: Site, sshd: Sshd
) -> None:
    sshd.start()
    shared = SshShared(Limits(keepalive_s=60, login_s=2), home=site.home, environ={})
    async with Relay(sshd.port).running() as relay:
        site.trust(f"[127.0.0.1]:{relay.port} {_key(sshd)}")
        asker = SshAsker(site.target(port=relay.port), shared)
        await asker.ask(TRUE, 10)
        relay.freeze()
        with pytest.raises(LinkError, match="hung after the login") as caught:
            await asker.ask(TRUE, 0.5)
        assert caught.value.state is SshState.HUNG
        relay.thaw()
        assert (await asker.ask(TRUE, 10)).complete
        await asker.close()
        assert relay.accepted == 2


async def test_a_connection_lost_between_asks_is_opened_again(
    site: Site, sshd: Sshd, shared: SshShared
) -> None:
    sshd.start()
    asker = SshAsker(site.target(), shared)
    await asker.ask(TRUE, 10)
    sshd.signal_sessions(signal.SIGKILL)
    await until(lambda: asker._kept is not None and not asker._kept.usable)
    assert (await asker.ask(TRUE, 10)).complete
    await asker.close()
    assert sshd.accepted() == 2


async def test_closing_a_link_to_a_stopped_sshd_takes_less_than_a_second(site: Site, sshd: Sshd) -> None:
    sshd.start()
    asker = SshAsker(site.target(), SshShared(home=site.home, environ={}))
    await asker.ask(TRUE, 10)
    sshd.signal_sessions(signal.SIGSTOP)
    loop = asyncio.get_running_loop()
    began = loop.time()
    await asker.close()
    await asker.close()
    assert loop.time() - began < 1 + SLACK_S


async def test_an_ask_that_is_cancelled_leaves_nothing_behind(
    site: Site, sshd: Sshd, shared: SshShared
) -> None:
    sshd.start()
    asker = SshAsker(site.target(), shared)
    asking = asyncio.create_task(asker.ask(ask_of(SLEEP), 20))
    await until(lambda: _runs(sshd, "sleep"))
    asking.cancel()
    with pytest.raises(asyncio.CancelledError):
        await asking
    await until(lambda: not sshd.sessions())
    assert (await asker.ask(TRUE, 10)).complete
    await asker.close()


async def test_a_run_as_that_is_no_user_name_is_a_config_fault(site: Site, shared: SshShared) -> None:
    asker = SshAsker(site.target(run_as="root; reboot"), shared)
    await expect_fault(asker, SshState.CONFIG, "run_as 'root; reboot' is no user name")


async def test_commands_that_need_no_rights_run_as_the_login_user(site: Site, sshd: Sshd) -> None:
    sshd.start()
    shared = SshShared(QUICK, home=site.home, environ={})
    asker = SshAsker(site.target(run_as="nobody-we-know"), shared)
    ask = SshAsk(
        (Command("plain", ("/bin/echo", "hi"), privileged=False), Command("privileged", ("/bin/echo", "hi")))
    )
    answer = await asker.ask(ask, 8)
    await asker.close()
    assert answer.reply("plain").lines == ("hi",)
    assert answer.reply("privileged").status not in (0, None)


def _runs(sshd: Sshd, program: str) -> bool:
    names = []
    for pid in sshd.processes():
        try:
            names.append(Path(f"/proc/{pid}/comm").read_text().strip())
        except OSError:
            continue
    return program in names


def _key(sshd: Sshd) -> str:
    return " ".join(Path(f"{sshd.host_key}.pub").read_text().split()[:2])
