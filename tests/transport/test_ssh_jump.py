"""SBCs behind jump hosts: the way through works, and each failure says which of the two hosts failed."""

from __future__ import annotations

import asyncio
import signal
from pathlib import Path

import pytest

from tests.transport.expect import expect_fault
from tests.transport.servers import says, serving
from tests.transport.sshd import TRUE, Site, Sshd, ask_of, free_port, public
from tests.transport.test_ssh_commands import SLEEP, _runs, until
from trunktui.model.inventory import SshTarget
from trunktui.model.link import SshState
from trunktui.transport.ssh import SshAsker, SshShared


@pytest.fixture
def through(site: Site, sshd: Sshd, jump: Sshd) -> SshTarget:
    """The way to the SBC through the jump host, both known and up."""
    sshd.start()
    jump.start()
    site.trust(public(sshd.host_key), f"[127.0.0.1]:{jump.port} {public(jump.host_key)}")
    return site.target(proxy_jump=f"127.0.0.1:{jump.port}")


async def test_an_sbc_is_asked_through_its_jump_host(
    sshd: Sshd, jump: Sshd, shared: SshShared, through: SshTarget
) -> None:
    asker = SshAsker(through, shared)
    for _ in range(2):
        assert (await asker.ask(TRUE, 8)).complete
    await asker.close()
    assert (sshd.accepted(), jump.accepted()) == (1, 1)
    await until(lambda: not jump.sessions())


async def test_a_jump_host_of_ssh_config_is_gone_through(
    site: Site, sshd: Sshd, jump: Sshd, shared: SshShared, through: SshTarget
) -> None:
    (site.ssh / "config").write_text(
        f"Host 127.0.0.1\n  ProxyJump bastion\nHost bastion\n  HostName localhost\n  Port {jump.port}\n  HostKeyAlias b\n"
        f"  IdentityFile {jump.user_key}\n"
    )
    site.known_hosts.write_text(site.known_hosts.read_text() + f"b {public(jump.host_key)}\n")
    asker = SshAsker(site.target(), shared)
    assert (await asker.ask(TRUE, 8)).complete
    await asker.close()
    assert jump.accepted() == 1


async def test_a_proxy_jump_of_none_goes_straight(
    site: Site, sshd: Sshd, jump: Sshd, shared: SshShared, through: SshTarget
) -> None:
    (site.ssh / "config").write_text(f"ProxyJump 127.0.0.1:{jump.port}\n")
    asker = SshAsker(site.target(proxy_jump="none"), shared)
    assert (await asker.ask(TRUE, 8)).complete
    await asker.close()
    assert jump.accepted() == 0


async def test_a_jump_host_that_is_down_is_named(site: Site, sshd: Sshd, shared: SshShared) -> None:
    asker = SshAsker(site.target(proxy_jump=f"127.0.0.1:{free_port()}"), shared)
    await expect_fault(asker, SshState.REFUSED, "connection refused by jump host 127.0.0.1")


async def test_a_jump_host_with_an_unknown_key_is_named(
    site: Site, sshd: Sshd, jump: Sshd, shared: SshShared, through: SshTarget
) -> None:
    site.trust(public(sshd.host_key))
    await expect_fault(SshAsker(through, shared), SshState.HOST_KEY, "host key of jump host .* is unknown")


async def test_a_jump_host_that_denies_us_is_named(
    jump: Sshd, shared: SshShared, through: SshTarget, keyring: Path
) -> None:
    (jump.folder / "authorized_keys").write_text(public(keyring / "other_user") + "\n")
    await expect_fault(SshAsker(through, shared), SshState.AUTH, "denied by jump host")


async def test_an_sbc_that_denies_us_behind_the_jump_host_is_not_taken_for_it(
    sshd: Sshd, shared: SshShared, through: SshTarget, keyring: Path
) -> None:
    (sshd.folder / "authorized_keys").write_text(public(keyring / "other_user") + "\n")
    await expect_fault(SshAsker(through, shared), SshState.AUTH, rf"denied by {sshd.address}")


async def test_an_sbc_that_is_down_behind_the_jump_host_is_refused(
    sshd: Sshd, shared: SshShared, through: SshTarget
) -> None:
    sshd.stop()
    words = rf"connection refused by {sshd.address}, asked by jump host"
    await expect_fault(SshAsker(through, shared), SshState.REFUSED, words)


async def test_a_jump_host_that_may_not_forward_is_a_config_fault(
    site: Site, sshd: Sshd, jump: Sshd, shared: SshShared
) -> None:
    jump.start("AllowTcpForwarding no")
    site.trust(public(sshd.host_key), f"[127.0.0.1]:{jump.port} {public(jump.host_key)}")
    asker = SshAsker(site.target(proxy_jump=f"127.0.0.1:{jump.port}"), shared)
    await expect_fault(asker, SshState.CONFIG, "refuses to forward to .*AllowTcpForwarding")


async def test_a_silent_server_behind_the_jump_host_hangs_at_login(
    site: Site, shared: SshShared, through: SshTarget
) -> None:
    async with serving(says(b"")) as port:
        asker = SshAsker(site.target(port=port, proxy_jump=through.proxy_jump), shared)
        await expect_fault(asker, SshState.HUNG, rf"127\.0\.0\.1:{port} hung at login")


async def test_a_jump_host_killed_mid_command_is_named(
    jump: Sshd, sshd: Sshd, shared: SshShared, through: SshTarget
) -> None:
    asker = SshAsker(through, shared)
    await asker.ask(TRUE, 8)
    fault = asyncio.create_task(
        expect_fault(
            asker, SshState.UNREACHABLE, "jump host .* is unreachable: connection lost", 5, ask_of(SLEEP)
        )
    )
    await until(lambda: _runs(sshd, "sleep"))
    jump.signal_sessions(signal.SIGKILL)
    await fault


async def test_a_jump_host_stopped_mid_command_is_named(
    jump: Sshd, sshd: Sshd, shared: SshShared, through: SshTarget
) -> None:
    asker = SshAsker(through, shared)
    await asker.ask(TRUE, 8)
    fault = asyncio.create_task(
        expect_fault(asker, SshState.HUNG, "hung: it no longer answers", 5, ask_of(SLEEP))
    )
    await until(lambda: _runs(sshd, "sleep"))
    jump.signal_sessions(signal.SIGSTOP)
    await fault


async def test_a_proxy_jump_that_leads_in_a_circle_is_a_config_fault(site: Site, shared: SshShared) -> None:
    (site.ssh / "config").write_text("Host a\n  ProxyJump b\nHost b\n  ProxyJump a\n")
    await expect_fault(SshAsker(site.target(proxy_jump="a"), shared), SshState.CONFIG, "circle")


async def test_a_proxy_jump_that_is_no_host_is_a_config_fault(site: Site, shared: SshShared) -> None:
    asker = SshAsker(site.target(proxy_jump="two words"), shared)
    await expect_fault(asker, SshState.CONFIG, r"proxy_jump 'two words': write it as \[user@\]host\[:port\]")


async def test_a_proxy_command_that_fails_is_a_config_fault(site: Site, shared: SshShared) -> None:
    (site.ssh / "config").write_text("ProxyCommand /bin/false\n")
    await expect_fault(SshAsker(site.target(), shared), SshState.CONFIG, "ProxyCommand for")


async def test_a_proxy_command_that_works_is_gone_through(site: Site, sshd: Sshd, shared: SshShared) -> None:
    sshd.start()
    (site.ssh / "config").write_text(
        f"ProxyCommand /bin/bash -c 'exec 3<>/dev/tcp/127.0.0.1/{sshd.port}; cat <&3 & cat >&3'\n"
    )
    asker = SshAsker(site.target(), shared)
    assert (await asker.ask(TRUE, 8)).complete
    await asker.close()
