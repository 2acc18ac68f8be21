"""Forty-odd ways in which an SBC cannot be asked over SSH: a real sshd, or a server that misbehaves.

Every test names the state and the words an operator gets. What happens while commands run is in
test_ssh_commands.py; keys and agents are in test_ssh_keys.py, jump hosts in test_ssh_jump.py.
"""

from __future__ import annotations

import asyncio
import os
import signal
import socket
from contextlib import suppress
from pathlib import Path

import pytest

from tests.transport.conftest import QUICK
from tests.transport.expect import expect_fault
from tests.transport.servers import (
    HOSTILE,
    Behaviour,
    answers_and_closes,
    blackhole,
    disconnect,
    repeats,
    says,
    says_and_closes,
    serving,
)
from tests.transport.sshd import TRUE, Site, Sshd, free_port, make_key, public
from trunktui.model.link import SshState
from trunktui.transport.dial import Info, Resolver
from trunktui.transport.ssh import SshAsker, SshShared


async def test_a_port_where_nobody_listens_is_refused(site: Site, shared: SshShared) -> None:
    asker = SshAsker(site.target(port=free_port()), shared)
    await expect_fault(
        asker, SshState.REFUSED, r"connection refused by 127\.0\.0\.1:\d+: sshd is not listening"
    )


async def test_a_name_that_does_not_exist_is_a_dns_fault(site: Site, shared: SshShared) -> None:
    asker = SshAsker(site.target(host="sbc.trunktui.invalid"), shared)
    await expect_fault(asker, SshState.DNS, r"cannot resolve sbc\.trunktui\.invalid: .*DNS")


async def test_a_resolver_that_hangs_is_a_dns_fault_within_the_budget(site: Site) -> None:
    stuck = asyncio.Event()
    loop = asyncio.get_running_loop()

    def ask(host: str, port: int, family: int) -> list[Info]:
        asyncio.run_coroutine_threadsafe(stuck.wait(), loop).result(10)
        raise socket.gaierror(socket.EAI_AGAIN, "Temporary failure")

    asker = SshAsker(
        site.target(host="slow.invalid"), SshShared(QUICK, home=site.home, environ={}, resolver=Resolver(ask))
    )
    await expect_fault(asker, SshState.DNS, "no answer from DNS in time", budget_s=1.5)
    stuck.set()


async def test_a_host_name_that_is_no_name_is_a_dns_fault(site: Site, shared: SshShared) -> None:
    asker = SshAsker(site.target(host="a" * 70 + ".example"), shared)
    await expect_fault(asker, SshState.DNS, "cannot resolve")


async def test_a_host_that_drops_syn_packets_is_unreachable(site: Site, shared: SshShared) -> None:
    async with blackhole() as port:
        asker = SshAsker(site.target(port=port), shared)
        await expect_fault(asker, SshState.UNREACHABLE, "no answer within 1 s")


async def test_a_budget_shorter_than_the_connect_timeout_ends_the_connect(
    site: Site, shared: SshShared
) -> None:
    async with blackhole() as port:
        asker = SshAsker(site.target(port=port), shared)
        await expect_fault(asker, SshState.UNREACHABLE, r"no answer within 0\.8 s", budget_s=0.8)


async def test_silent_sbcs_do_not_hold_up_one_that_answers(site: Site, sshd: Sshd, shared: SshShared) -> None:
    sshd.start()
    async with blackhole() as port, asyncio.TaskGroup() as group:
        dead = [SshAsker(site.target(host=f"127.0.0.{i}", port=port), shared) for i in range(1, 9)]
        for asker in dead:
            group.create_task(_ignore_fault(asker))
        await asyncio.sleep(0)
        alive = SshAsker(site.target(), shared)
        answer = await alive.ask(TRUE, 15.0)
        await alive.close()
    assert answer.complete


BAD_SERVERS: list[tuple[str, Behaviour, SshState, str]] = [
    ("accepts and says nothing", says(b""), SshState.HUNG, "hung at login: .* within 3 s"),
    ("drips its banner", repeats(b"x\r\n", 0.05), SshState.HUNG, "hung at login"),
    (
        "floods us with banner lines",
        repeats(b"hello\r\n" * 500, 0),
        SshState.NOT_SSH,
        "not speak SSH: 'Too many",
    ),
    ("sends a line of 9 kB", says(b"x" * 9000), SshState.NOT_SSH, "not speak SSH: 'Banner line too long"),
    ("is a web server", answers_and_closes(b"HTTP/1.1 400 Bad\r\n\r\n"), SshState.NOT_SSH, "not speak SSH"),
    (
        "greets as SMTP and closes",
        says_and_closes(b"220 mx ESMTP\r\n"),
        SshState.NOT_SSH,
        "said '220 mx ESMTP'",
    ),
    ("speaks SSH 1.5", says(b"SSH-1.5-OpenSSH_1.2.3\r\n"), SshState.NOT_SSH, "Unsupported SSH version"),
    ("sends garbage", says_and_closes(bytes(range(128, 256)) * 40), SshState.NOT_SSH, "does not speak SSH"),
    ("announces 2 GiB", says(b"SSH-2.0-x\r\n\x7f\xff\xff\xff" + b"\0" * 64), SshState.NOT_SSH, "packet size"),
    (
        "sends nonsense packets",
        says(b"SSH-2.0-x\r\n" + b"\0\0\0\x0c\x04\xff" + b"\xff" * 64),
        SshState.NOT_SSH,
        "SSH",
    ),
    ("closes at once", says_and_closes(b""), SshState.LOCAL_LOAD, "before its SSH greeting: .*MaxStartups"),
    ("greets and closes", says_and_closes(b"SSH-2.0-x\r\n"), SshState.UNREACHABLE, "lost during the login"),
    ("says it is full", says(disconnect(12, "full")), SshState.LOCAL_LOAD, "no more logins"),
    (
        "parts with a hostile text",
        says(disconnect(11, HOSTILE)),
        SshState.UNREACHABLE,
        "lost during the login: '␛",
    ),
    ("errs with a hostile text", says(disconnect(2, HOSTILE)), SshState.NOT_SSH, r"click=app\.quit"),
    ("has a hostile banner", says_and_closes(HOSTILE.encode() + b"\r\n"), SshState.NOT_SSH, "said '␛"),
]


@pytest.mark.parametrize(
    ("what", "behave", "state", "words"), BAD_SERVERS, ids=[bad[0] for bad in BAD_SERVERS]
)
async def test_a_server_that_misbehaves_has_its_own_meaning(
    site: Site, shared: SshShared, what: str, behave: Behaviour, state: SshState, words: str
) -> None:
    async with serving(behave) as port:
        await expect_fault(SshAsker(site.target(port=port), shared), state, words, budget_s=8.0)


async def test_an_sshd_with_too_many_logins_open_is_local_load(
    site: Site, sshd: Sshd, shared: SshShared
) -> None:
    sshd.start("MaxStartups 1:100:1", "LoginGraceTime 30")
    reader, writer = await asyncio.open_connection("127.0.0.1", sshd.port)
    await reader.readline()
    await expect_fault(SshAsker(site.target(), shared), SshState.LOCAL_LOAD, "MaxStartups")
    writer.close()
    await writer.wait_closed()


async def test_many_first_logins_at_once_do_not_run_into_max_startups(
    site: Site, sshd: Sshd, shared: SshShared
) -> None:
    # sshd's own default of 10, but strict. It counts a login for a moment after we are through with it, hence
    # the room above our five at a time.
    sshd.start("MaxStartups 10:100:10")
    askers = [SshAsker(site.target(), shared) for _ in range(40)]
    answers = await asyncio.gather(*(asker.ask(TRUE, 20) for asker in askers))
    assert all(answer.complete for answer in answers)
    await asyncio.gather(*(asker.close() for asker in askers))


async def test_a_stopped_sshd_hangs_at_login(site: Site, sshd: Sshd, shared: SshShared) -> None:
    sshd.start()
    os.kill(sshd.pid, signal.SIGSTOP)
    await expect_fault(SshAsker(site.target(), shared), SshState.HUNG, "hung at login")


async def test_a_login_longer_than_the_budget_hangs(site: Site, sshd: Sshd, shared: SshShared) -> None:
    sshd.start()
    os.kill(sshd.pid, signal.SIGSTOP)
    await expect_fault(SshAsker(site.target(), shared), SshState.HUNG, "hung at login", budget_s=1.5)


async def test_a_server_that_is_not_in_known_hosts_is_not_trusted_on_first_use(
    site: Site, sshd: Sshd, shared: SshShared
) -> None:
    sshd.start()
    site.trust("[other.example]:22 " + public(sshd.host_key))
    before = site.known_hosts.read_text()
    reason = await expect_fault(
        SshAsker(site.target(), shared),
        SshState.HOST_KEY,
        r"is unknown; .*SHA256:.*`ssh-keyscan -t ed25519 -p \d+ 127\.0\.0\.1 >> ",
    )
    assert f">> {site.known_hosts}`" in reason
    assert f"`ssh -p {sshd.port} {site.target().user}@127.0.0.1` and say yes" in reason
    assert site.known_hosts.read_text() == before


async def test_an_empty_known_hosts_trusts_nobody(site: Site, sshd: Sshd, shared: SshShared) -> None:
    sshd.start()
    site.known_hosts.write_text("")
    await expect_fault(SshAsker(site.target(), shared), SshState.HOST_KEY, "is unknown")


async def test_without_the_default_known_hosts_nobody_is_trusted(
    site: Site, sshd: Sshd, shared: SshShared
) -> None:
    sshd.start()
    site.known_hosts.unlink()
    await expect_fault(SshAsker(site.target(), shared), SshState.HOST_KEY, "is unknown")


async def test_a_known_hosts_file_that_was_named_and_is_missing_is_a_config_fault(
    site: Site, sshd: Sshd, shared: SshShared
) -> None:
    sshd.start()
    asker = SshAsker(site.target(known_hosts="~/.ssh/nowhere"), shared)
    await expect_fault(asker, SshState.CONFIG, r"known_hosts file .*\.ssh/nowhere: No such file")


@pytest.mark.parametrize(
    "junk", [b"\x00\xff\xfe junk\n" * 20, b"one\ntwo words\n|1|bad|hash ssh-ed25519 AAAA\n"]
)
async def test_a_corrupt_known_hosts_trusts_nobody(
    site: Site, sshd: Sshd, shared: SshShared, junk: bytes
) -> None:
    sshd.start()
    site.known_hosts.write_bytes(junk)
    await expect_fault(SshAsker(site.target(), shared), SshState.HOST_KEY, "is unknown")


async def test_a_corrupt_line_does_not_take_the_good_ones_away(
    site: Site, sshd: Sshd, shared: SshShared
) -> None:
    sshd.start()
    site.known_hosts.write_text("junk\n" + site.known_hosts.read_text() + "|1|more junk\n")
    asker = SshAsker(site.target(), shared)
    assert (await asker.ask(TRUE, 5)).complete
    await asker.close()


async def test_a_broken_line_that_may_revoke_a_key_stops_the_login(
    site: Site, sshd: Sshd, shared: SshShared
) -> None:
    sshd.start()
    site.trust(public(sshd.host_key), "@revoke " + "* " + public(sshd.host_key))
    await expect_fault(SshAsker(site.target(), shared), SshState.HOST_KEY, "line 2 starts with @")


async def test_a_changed_host_key_is_told_from_an_unknown_one(
    site: Site, sshd: Sshd, shared: SshShared, keyring: Path
) -> None:
    sshd.start()
    site.trust(public(keyring / "other_host"))
    await expect_fault(
        SshAsker(site.target(), shared),
        SshState.HOST_KEY,
        r"has CHANGED; .*SHA256:.*ssh-keygen -R '\[127\.0\.0\.1\]",
    )


async def test_a_server_with_another_type_of_key_than_the_known_one_has_changed(
    site: Site, sshd: Sshd, shared: SshShared, keyring: Path
) -> None:
    sshd.start()
    site.trust(public(keyring / "host_ecdsa"))
    await expect_fault(SshAsker(site.target(), shared), SshState.HOST_KEY, "has CHANGED; .* than ssh-ed25519")


async def test_the_known_type_of_host_key_is_asked_for_first(
    site: Site, sshd: Sshd, shared: SshShared, keyring: Path
) -> None:
    sshd.start(f"HostKey {keyring / 'host_ecdsa'}")
    site.trust(public(keyring / "host_ecdsa"))
    asker = SshAsker(site.target(), shared)
    assert (await asker.ask(TRUE, 5)).complete
    await asker.close()


@pytest.mark.parametrize("scope", ["*", "[127.0.0.1]:{port}"])
async def test_a_revoked_host_key_is_refused_even_where_another_line_trusts_it(
    site: Site, sshd: Sshd, shared: SshShared, scope: str
) -> None:
    sshd.start()
    key = public(sshd.host_key)
    site.trust(key, f"[127.0.0.1]:22 {key}", f"@revoked {scope.format(port=sshd.port)} {key}")
    site.known_hosts.write_text(site.known_hosts.read_text() + f"127.0.0.1 {key}\n")
    await expect_fault(SshAsker(site.target(), shared), SshState.HOST_KEY, "is revoked in")


async def test_a_revoked_key_on_this_port_is_refused_though_the_host_without_port_trusts_it(
    site: Site, sshd: Sshd, shared: SshShared
) -> None:
    sshd.start()
    key = public(sshd.host_key)
    site.known_hosts.write_text(f"127.0.0.1 {key}\n@revoked [127.0.0.1]:{sshd.port} {key}\n")
    await expect_fault(SshAsker(site.target(), shared), SshState.HOST_KEY, "is revoked in")


async def test_a_known_hosts_that_was_corrected_counts_at_the_next_ask(
    site: Site, sshd: Sshd, shared: SshShared, keyring: Path
) -> None:
    sshd.start()
    asker = SshAsker(site.target(), shared)
    site.trust(public(keyring / "other_host"))
    await expect_fault(asker, SshState.HOST_KEY, "has CHANGED")
    site.trust(public(sshd.host_key), "# corrected")
    assert (await asker.ask(TRUE, 5)).complete
    await asker.close()


async def test_a_certified_host_key_is_trusted_by_its_authority(
    site: Site, sshd: Sshd, shared: SshShared, keyring: Path, tmp_path: Path
) -> None:
    host = make_key(tmp_path / "certified" / "host")
    sign = [
        "ssh-keygen",
        "-q",
        "-s",
        str(keyring / "other_user"),
        "-I",
        "x",
        "-h",
        "-n",
        "127.0.0.1",
        f"{host}.pub",
    ]
    process = await asyncio.create_subprocess_exec(*sign)
    assert await process.wait() == 0
    sshd.host_key = host
    sshd.start(f"HostCertificate {host}-cert.pub")
    site.trust(f"@cert-authority * {public(keyring / 'other_user')}")
    asker = SshAsker(site.target(), shared)
    assert (await asker.ask(TRUE, 5)).complete
    await asker.close()


async def test_a_server_that_shares_no_cipher_with_us_is_a_config_fault(
    site: Site, sshd: Sshd, shared: SshShared
) -> None:
    sshd.start("KexAlgorithms ecdh-sha2-nistp521")
    (site.ssh / "config").write_text("KexAlgorithms curve25519-sha256\n")
    await expect_fault(SshAsker(site.target(), shared), SshState.CONFIG, "share no algorithm")


async def _ignore_fault(asker: SshAsker) -> None:
    from trunktui.model.link import LinkError

    with suppress(LinkError):
        await asker.ask(TRUE, 3.0)
