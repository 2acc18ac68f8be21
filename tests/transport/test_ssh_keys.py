"""Which keys a login uses, which it refuses, and what it makes of agents and of `~/.ssh/config`."""

from __future__ import annotations

import asyncio
import os
import shutil
import signal
import socket
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from pathlib import Path

import pytest

from tests.transport.conftest import QUICK
from tests.transport.expect import expect_fault
from tests.transport.servers import serving
from tests.transport.sshd import TRUE, Site, Sshd, make_key, public
from trunktui.model.inventory import SshTarget
from trunktui.model.link import LinkError, SshState
from trunktui.transport.ssh import SshAsker, SshShared


async def works(asker: SshAsker) -> bool:
    """Whether an ask comes back whole."""
    answer = await asker.ask(TRUE, 10)
    await asker.close()
    return answer.complete


def put(key: Path, place: Path, mode: int = 0o600) -> Path:
    """Copy a private key to `place`."""
    shutil.copy(key, place)
    place.chmod(mode)
    return place


@asynccontextmanager
async def agent(folder: Path, *keys: Path) -> AsyncIterator[str]:
    """Run an ssh-agent that holds `keys`; yields its socket."""
    path = str(folder / "agent")
    process = await asyncio.create_subprocess_exec(
        "ssh-agent", "-D", "-a", path, stdout=asyncio.subprocess.DEVNULL, stderr=asyncio.subprocess.DEVNULL
    )
    try:
        async with asyncio.timeout(20):
            while not Path(path).exists():
                await asyncio.sleep(0.02)
        for key in keys:
            add = await asyncio.create_subprocess_exec(
                "ssh-add", "-q", str(key), env=os.environ | {"SSH_AUTH_SOCK": path}
            )
            assert await add.wait() == 0
        yield path
    finally:
        process.send_signal(signal.SIGCONT)
        process.terminate()
        await process.wait()


async def test_a_key_that_the_server_does_not_know_is_denied(
    site: Site, sshd: Sshd, shared: SshShared, keyring: Path
) -> None:
    sshd.start()
    key = keyring / "other_user"
    reason = await expect_fault(
        SshAsker(site.target(identity=(str(key),)), shared),
        SshState.AUTH,
        "login as .* denied by .*authorized_keys",
    )
    assert str(key) in reason


async def test_without_any_key_the_login_is_denied_and_nobody_is_asked_for_a_password(
    site: Site, sshd: Sshd, shared: SshShared
) -> None:
    sshd.start("PasswordAuthentication yes", "KbdInteractiveAuthentication yes")
    await expect_fault(SshAsker(site.target(identity=()), shared), SshState.AUTH, "there is no key to offer")


async def test_the_default_keys_are_tried(site: Site, sshd: Sshd, shared: SshShared) -> None:
    sshd.start()
    put(sshd.user_key, site.ssh / "id_ed25519")
    assert await works(SshAsker(site.target(identity=()), shared))


async def test_a_named_key_shuts_out_the_default_ones(
    site: Site, sshd: Sshd, shared: SshShared, keyring: Path
) -> None:
    sshd.start()
    put(sshd.user_key, site.ssh / "id_ed25519")
    asker = SshAsker(site.target(identity=(str(keyring / "other_user"),)), shared)
    await expect_fault(asker, SshState.AUTH, "denied")


async def test_a_named_key_that_is_missing_is_a_config_fault(site: Site, shared: SshShared) -> None:
    asker = SshAsker(site.target(identity=("~/.ssh/nowhere",)), shared)
    await expect_fault(asker, SshState.CONFIG, r"private key .*\.ssh/nowhere: No such file")


@pytest.mark.parametrize("mode", [0o644, 0o640, 0o660, 0o602])
async def test_a_named_key_that_others_can_touch_is_refused(
    site: Site, sshd: Sshd, shared: SshShared, mode: int
) -> None:
    key = put(sshd.user_key, site.ssh / "loose", mode)
    await expect_fault(
        SshAsker(site.target(identity=("~/.ssh/loose",)), shared),
        SshState.CONFIG,
        rf"open to others \(mode {mode:04o}\): `chmod 600 {key}`",
    )


async def test_a_default_key_that_others_can_touch_is_not_offered_and_the_denial_says_so(
    site: Site, sshd: Sshd, shared: SshShared
) -> None:
    sshd.start()
    put(sshd.user_key, site.ssh / "id_ed25519", 0o644)
    await expect_fault(
        SshAsker(site.target(identity=()), shared), SshState.AUTH, "no key to offer; .*chmod 600"
    )


@pytest.mark.skipif(os.geteuid() != 0, reason="only root can give a file away")
async def test_a_key_of_another_user_is_refused(site: Site, sshd: Sshd, shared: SshShared) -> None:
    os.chown(put(sshd.user_key, site.ssh / "foreign"), 12345, -1)
    asker = SshAsker(site.target(identity=("~/.ssh/foreign",)), shared)
    await expect_fault(asker, SshState.CONFIG, "belongs to user id 12345")


@pytest.mark.parametrize(
    "content", [b"", b"-----BEGIN OPENSSH PRIVATE KEY-----\nAAAA\n-----END OPENSSH PRIVATE KEY-----\n"]
)
async def test_a_key_file_that_is_no_key_is_a_config_fault(
    site: Site, shared: SshShared, content: bytes
) -> None:
    (site.ssh / "odd").write_bytes(content)
    (site.ssh / "odd").chmod(0o600)
    asker = SshAsker(site.target(identity=("~/.ssh/odd",)), shared)
    await expect_fault(asker, SshState.CONFIG, "private key .*odd cannot be read")


async def test_a_folder_or_a_pipe_as_key_does_not_block(site: Site, shared: SshShared) -> None:
    os.mkfifo(site.ssh / "pipe", 0o600)
    for name in ("pipe", "."):
        asker = SshAsker(site.target(identity=(f"~/.ssh/{name}",)), shared)
        await expect_fault(asker, SshState.CONFIG, "is no plain file", budget_s=3)


async def test_an_encrypted_key_without_an_agent_is_a_config_fault_and_nobody_is_asked(
    site: Site, sshd: Sshd, shared: SshShared, keyring: Path
) -> None:
    key = put(keyring / "sealed", site.ssh / "sealed")
    asker = SshAsker(site.target(identity=(str(key),)), shared)
    await expect_fault(
        asker, SshState.CONFIG, f"{key} is encrypted and no ssh-agent here holds it: `ssh-add {key}`"
    )


async def test_an_encrypted_key_is_used_through_the_agent_that_holds_it(
    site: Site, sshd: Sshd, keyring: Path, tmp_path: Path
) -> None:
    sshd.start()
    sealed = put(sshd.user_key, site.ssh / "sealed")
    seal = await asyncio.create_subprocess_exec(
        "ssh-keygen", "-q", "-p", "-N", "correct horse", "-f", str(sealed)
    )
    assert await seal.wait() == 0
    async with agent(tmp_path, keyring / "other_user", sshd.user_key) as path:
        shared = SshShared(QUICK, home=site.home, environ={"SSH_AUTH_SOCK": path})
        assert await works(SshAsker(site.target(identity=(str(sealed),)), shared))


async def test_the_agents_keys_are_tried_where_no_key_is_named(
    site: Site, sshd: Sshd, tmp_path: Path
) -> None:
    sshd.start()
    async with agent(tmp_path, sshd.user_key) as path:
        shared = SshShared(QUICK, home=site.home, environ={"SSH_AUTH_SOCK": path})
        assert await works(SshAsker(site.target(identity=()), shared))


async def test_the_agents_other_keys_are_not_tried_where_one_is_named(
    site: Site, sshd: Sshd, keyring: Path, tmp_path: Path
) -> None:
    sshd.start()
    async with agent(tmp_path, sshd.user_key) as path:
        shared = SshShared(QUICK, home=site.home, environ={"SSH_AUTH_SOCK": path})
        asker = SshAsker(site.target(identity=(str(keyring / "other_user"),)), shared)
        await expect_fault(asker, SshState.AUTH, "denied")


async def test_an_agent_with_too_many_keys_is_an_auth_fault_with_the_way_out(
    site: Site, sshd: Sshd, keyring: Path, tmp_path: Path
) -> None:
    sshd.start("MaxAuthTries 2")
    keys = [make_key(tmp_path / "many" / str(i)) for i in range(4)]
    async with agent(tmp_path, *keys) as path:
        shared = SshShared(QUICK, home=site.home, environ={"SSH_AUTH_SOCK": path})
        asker = SshAsker(site.target(identity=()), shared)
        await expect_fault(asker, SshState.AUTH, "too many authentication failures; set `identity`")


async def test_a_stale_agent_socket_falls_through_to_the_key_files(
    site: Site, sshd: Sshd, tmp_path: Path
) -> None:
    sshd.start()
    with socket.socket(socket.AF_UNIX) as listener:
        listener.bind(str(tmp_path / "stale"))
    put(sshd.user_key, site.ssh / "id_ed25519")
    for path in (tmp_path / "stale", tmp_path / "missing"):
        shared = SshShared(QUICK, home=site.home, environ={"SSH_AUTH_SOCK": str(path)})
        assert await works(SshAsker(site.target(identity=()), shared))


async def test_an_agent_that_does_not_answer_hangs_and_is_named(
    site: Site, sshd: Sshd, tmp_path: Path
) -> None:
    sshd.start()
    async with agent(tmp_path, sshd.user_key) as path:
        process = next(pid for pid in Path("/proc").glob("[0-9]*") if _is_agent(pid, path))
        os.kill(int(process.name), signal.SIGSTOP)
        shared = SshShared(QUICK, home=site.home, environ={"SSH_AUTH_SOCK": path})
        asker = SshAsker(site.target(identity=()), shared)
        await expect_fault(asker, SshState.HUNG, f"ssh-agent at {path} hung")


async def test_ssh_config_gives_host_port_user_and_key(site: Site, sshd: Sshd, shared: SshShared) -> None:
    sshd.start()
    target = site.target()
    (site.ssh / "config").write_text(
        'Match originalhost nyc exec "true"\n  NoSuchDirective yes\n'
        f"Host nyc\n  HostName 127.0.0.1\n  Port {sshd.port}\n  User {target.user}\n  IdentityFile {sshd.user_key}\n"
        "  StrictHostKeyChecking no\n  GSSAPIAuthentication yes\n"
    )
    assert await works(SshAsker(SshTarget("nyc"), shared))


async def test_what_the_target_says_beats_ssh_config(site: Site, sshd: Sshd, shared: SshShared) -> None:
    sshd.start()
    (site.ssh / "config").write_text(
        "Host *\n  Port 9\n  User nobody\n  IdentityFile /nowhere\n  UserKnownHostsFile /nowhere\n"
    )
    target = site.target(known_hosts=str(site.known_hosts))
    assert await works(SshAsker(target, shared))


async def test_another_ssh_config_can_be_named(site: Site, sshd: Sshd, shared: SshShared) -> None:
    sshd.start()
    (site.ssh / "config").write_text("this is = 'broken\n")
    (site.home / "mine").write_text(f"Host nyc\n  HostName 127.0.0.1\n  Port {sshd.port}\n")
    assert await works(SshAsker(site.target(host="nyc", port=None, config="~/mine"), shared))


async def test_a_broken_ssh_config_is_a_config_fault_with_its_line(site: Site, shared: SshShared) -> None:
    (site.ssh / "config").write_text("Host *\n  Port twenty\n")
    asker = SshAsker(site.target(port=None), shared)
    await expect_fault(asker, SshState.CONFIG, r"\.ssh/config cannot be used: .*config line 2: .*integer")


@pytest.mark.parametrize(
    "text",
    [
        "Host 'x\n",
        "Ciphers no-such-cipher,\n",
        "Match\n",
        "Port\n",
        "IdentityFile ${NO_SUCH}\n",
        'Match ""\n',
    ],
)
async def test_nonsense_in_ssh_config_raises_nothing_but_a_link_error(
    site: Site, sshd: Sshd, shared: SshShared, text: str
) -> None:
    (site.ssh / "config").write_text(text)
    with pytest.raises(LinkError):
        await SshAsker(site.target(port=1), shared).ask(TRUE, 2)


async def test_a_named_ssh_config_that_is_missing_is_a_config_fault(site: Site, shared: SshShared) -> None:
    asker = SshAsker(site.target(config="~/nowhere"), shared)
    await expect_fault(asker, SshState.CONFIG, "nowhere cannot be used: No such file")


async def test_a_match_exec_that_hangs_ends_with_the_budget(site: Site, shared: SshShared) -> None:
    (site.ssh / "config").write_text('Match exec "sleep 2"\n')
    await expect_fault(SshAsker(site.target(), shared), SshState.CONFIG, "Match exec", budget_s=0.3)


async def test_ssh_config_cannot_switch_the_check_of_host_keys_off(
    site: Site, sshd: Sshd, shared: SshShared
) -> None:
    sshd.start()
    (site.ssh / "config").write_text(
        "UserKnownHostsFile none\nGlobalKnownHostsFile none\nStrictHostKeyChecking no\n"
    )
    await expect_fault(SshAsker(site.target(), shared), SshState.HOST_KEY, "is unknown")


async def test_a_key_is_offered_with_its_certificate_as_soon_as_there_is_one(
    site: Site, sshd: Sshd, shared: SshShared, keyring: Path
) -> None:
    key = put(keyring / "other_user", site.ssh / "certified")
    (site.ssh / "certified.pub").write_text(public(keyring / "other_user"))
    principal = str(site.target().user)
    command = [
        "ssh-keygen",
        "-q",
        "-s",
        str(keyring / "other_host"),
        "-I",
        "x",
        "-n",
        principal,
        f"{key}.pub",
    ]
    assert await (await asyncio.create_subprocess_exec(*command)).wait() == 0
    sshd.start(f"TrustedUserCAKeys {keyring / 'other_host'}.pub")
    certificate = site.ssh / "certified-cert.pub"
    issued = certificate.read_bytes()
    certificate.unlink()
    asker = SshAsker(site.target(identity=(str(key),)), shared)
    await expect_fault(asker, SshState.AUTH, "denied")
    certificate.write_bytes(issued)
    assert await works(asker)


async def test_no_text_of_a_key_reaches_a_reason(site: Site, sshd: Sshd, shared: SshShared) -> None:
    secret = sshd.user_key.read_text().splitlines()[1]
    (site.ssh / "odd").write_text("-----BEGIN OPENSSH PRIVATE KEY-----\n" + secret + "\n")
    (site.ssh / "odd").chmod(0o600)
    asker = SshAsker(site.target(identity=("~/.ssh/odd",)), shared)
    reason = await expect_fault(asker, SshState.CONFIG, "cannot be read")
    assert secret[:20] not in reason


async def test_a_server_that_greets_and_waits_is_never_told_a_password(site: Site, shared: SshShared) -> None:
    heard = bytearray()

    async def listen(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        writer.write(b"login: ")
        heard.extend(await reader.read(100))

    async with serving(listen) as port:
        await expect_fault(SshAsker(site.target(port=port), shared), SshState.NOT_SSH, "said 'login:'")
    assert bytes(heard).startswith(b"SSH-2.0-")


def _is_agent(proc: Path, path: str) -> bool:
    try:
        return (
            path.encode() in (proc / "cmdline").read_bytes()
            and (proc / "comm").read_text().strip() == "ssh-agent"
        )
    except OSError:
        return False
