"""The lock of an ask: taken by one, told to the other, held after the script has ended, and nothing left behind."""

from __future__ import annotations

import asyncio
import os
import re
import signal
import subprocess
import time
from collections.abc import Callable, Iterator
from contextlib import suppress
from pathlib import Path

import pytest

from tests.transport.sshd import Site, Sshd
from tests.transport.test_script import NONCE, SHELLS, run
from trunktui.model.ask import LOCK, LOCK_BUSY, LOCK_FREE, LOCK_UNREADABLE, Command, Lock, SshAsk
from trunktui.model.link import LinkError
from trunktui.transport.asker import SshAsker
from trunktui.transport.script import Split, Stream, build_script, split_answer
from trunktui.transport.ssh import SshShared

DEADLINE_S = 30.0


def label(name: str = "alice") -> str:
    """Return a label that no other run of the tests has."""
    return f"trunktui-by-{name}@jump{os.getpid()}:1"


def locked(path: Path, *commands: Command, who: str = "alice", hold_s: int = 30) -> SshAsk:
    """Return an ask under the lock on `path`."""
    return SshAsk(commands or (Command("step", ("/bin/echo", "done")),), Lock(str(path), label(who), hold_s))


@pytest.fixture
def lock_file(tmp_path: Path) -> Iterator[Path]:
    """A file to lock, readable and not writable; whoever still holds it is ended."""
    path = tmp_path / "asterisk"
    path.write_text("a program")
    path.chmod(0o444)
    yield path
    for pid in holders():
        with suppress(ProcessLookupError):
            os.kill(pid, signal.SIGKILL)


def ours(lines: tuple[str, ...]) -> tuple[str, ...]:
    """Return the labels of this run of the tests: others may hold locks of theirs on this machine."""
    return tuple(line for line in lines if f"@jump{os.getpid()}:" in line)


def holders() -> list[int]:
    """Return the processes that hold a lock for this run of the tests."""
    found = []
    for folder in Path("/proc").iterdir():
        with suppress(OSError):
            if folder.name.isdigit() and b"@jump%d:1" % os.getpid() in (folder / "cmdline").read_bytes():
                found.append(int(folder.name))
    return found


def wait_until(what: Callable[[], bool]) -> None:
    """Wait for a condition."""
    deadline = time.monotonic() + DEADLINE_S
    while not what():
        assert time.monotonic() < deadline
        time.sleep(0.05)


def answer(shell: str, ask: SshAsk, home: Path) -> Split:
    """Run an ask by a login shell, and split its answer."""
    out, err = run(shell, build_script(ask, NONCE, None), home)
    return split_answer(ask, NONCE, Stream(out), Stream(err))


def statuses(got: Split) -> list[tuple[str, int | None]]:
    return [(reply.key, reply.status) for reply in got.replies]


@pytest.mark.parametrize("shell", SHELLS)
def test_by_every_login_shell_one_has_the_lock_and_the_other_is_told_who(
    shell: str, lock_file: Path, tmp_path: Path
) -> None:
    first = answer(shell, locked(lock_file), tmp_path)
    assert statuses(first) == [(LOCK, LOCK_FREE), ("step", 0)]
    assert first.complete, "and the script has ended, though the lock is held on"
    assert holders()
    second = answer(shell, locked(lock_file, who="bob"), tmp_path)
    assert statuses(second) == [(LOCK, LOCK_BUSY), ("step", None)]
    assert second.complete
    assert ours(second.replies[0].lines) == (label("alice"),)
    assert second.replies[1].lines == ()


def test_the_lock_is_given_back_when_its_time_is_over(lock_file: Path, tmp_path: Path) -> None:
    answer("sh", locked(lock_file, hold_s=1), tmp_path)
    wait_until(lambda: not holders())
    assert answer("sh", locked(lock_file, who="bob"), tmp_path).replies[0].status == LOCK_FREE


def test_a_failed_gate_ends_the_script_and_gives_the_lock_back_at_once(
    lock_file: Path, tmp_path: Path
) -> None:
    state = Command("state", ("/bin/false",), gate=True)
    got = answer("sh", locked(lock_file, state, Command("step", ("/bin/echo", "x"))), tmp_path)
    assert statuses(got) == [(LOCK, LOCK_FREE), ("state", 1), ("step", None)]
    assert got.complete
    assert not holders()
    assert answer("sh", locked(lock_file), tmp_path).replies[0].status == LOCK_FREE


def test_a_gate_that_hangs_ends_the_script(lock_file: Path, tmp_path: Path) -> None:
    state = Command("state", ("/bin/sleep", "9"), timeout_s=1, gate=True)
    got = answer("sh", locked(lock_file, state, Command("step", ("/bin/echo", "x"))), tmp_path)
    assert statuses(got) == [(LOCK, LOCK_FREE), ("state", 124), ("step", None)]
    assert got.complete


def test_a_gate_needs_no_lock(tmp_path: Path) -> None:
    ask = SshAsk((Command("state", ("/bin/true",), gate=True), Command("step", ("/bin/echo", "x"))))
    assert statuses(answer("sh", ask, tmp_path)) == [("state", 0), ("step", 0)]


def test_a_file_that_is_not_there_is_told_and_nothing_runs(tmp_path: Path) -> None:
    got = answer("sh", locked(tmp_path / "none"), tmp_path)
    assert statuses(got) == [(LOCK, LOCK_UNREADABLE), ("step", None)]
    assert got.complete


def test_nothing_is_left_behind_in_the_folder_of_the_lock(lock_file: Path, tmp_path: Path) -> None:
    answer("sh", locked(lock_file), tmp_path)
    assert [path.name for path in tmp_path.iterdir()] == [lock_file.name]
    assert lock_file.read_text() == "a program"


@pytest.mark.parametrize("shell", ["dash", "bash"])
def test_an_unseen_holder_is_just_somebody(shell: str, lock_file: Path, tmp_path: Path) -> None:
    with subprocess.Popen(["flock", str(lock_file), "sleep", "60"]) as other:
        try:
            wait_until(
                lambda: answer(shell, locked(lock_file, hold_s=1), tmp_path).replies[0].status == LOCK_BUSY
            )
            got = answer(shell, locked(lock_file), tmp_path)
            assert got.replies[0].status == LOCK_BUSY
            assert not [line for line in ours(got.replies[0].lines) if label() not in line]
        finally:
            subprocess.run(["pkill", "-P", str(other.pid)], check=False)
            other.terminate()


@pytest.mark.parametrize(
    ("lock", "words"),
    [
        (Lock("relative", label(), 5), "no plain path"),
        (Lock("/a b", label(), 5), "no plain path"),
        (Lock("/x;id", label(), 5), "no plain path"),
        (Lock("/x\n", label(), 5), "no plain path"),
        (Lock("/x", "alice", 5), "label"),
        (Lock("/x", "trunktui-by-", 5), "label"),
        (Lock("/x", "trunktui-by-a b", 5), "label"),
        (Lock("/x", "trunktui-by-a;id", 5), "label"),
        (Lock("/x", "trunktui-by-a'b", 5), "label"),
        (Lock("/x", "trunktui-by-a\n", 5), "label"),
        (Lock("/x", label(), 0), "hold_s"),
        (Lock("/x", label(), 61), "hold_s"),
    ],
)
def test_a_lock_that_is_not_plain_is_the_callers_bug(lock: Lock, words: str) -> None:
    with pytest.raises(ValueError, match=words):
        build_script(SshAsk((Command("a", ("/bin/true",)),), lock), NONCE, None)


def test_the_script_with_a_lock_holds_no_character_that_a_login_shell_acts_on(lock_file: Path) -> None:
    line = build_script(locked(lock_file), NONCE, None)
    begin, script, end = line.split("'")
    assert (begin, end) == ("/bin/sh -c ", f" {label()}")
    assert not set(script) & set("!\\\n\r")
    assert re.fullmatch(r"[A-Za-z0-9 _.@:-]+", end)


async def test_over_ssh_of_two_at_once_one_acts_and_the_link_is_free_while_the_lock_is_held(
    lock_file: Path, sshd: Sshd, site: Site, shared: SshShared
) -> None:
    sshd.start()
    mark = lock_file.parent / "mark"
    step = Command("step", ("/usr/bin/touch", str(mark)))
    askers = [SshAsker(site.target(), shared) for _ in range(2)]
    try:
        answers = await asyncio.gather(
            *(
                asker.ask(locked(lock_file, step, who=who), 15.0)
                for asker, who in zip(askers, ("alice", "bob"), strict=True)
            )
        )
        by_status = {reply.reply(LOCK).status: reply for reply in answers}
        assert set(by_status) == {LOCK_FREE, LOCK_BUSY}
        assert by_status[LOCK_FREE].reply("step").ok
        busy = by_status[LOCK_BUSY]
        assert busy.reply("step").status is None
        assert busy.complete
        assert busy.reply(LOCK).lines, "told who"
        assert set(ours(busy.reply(LOCK).lines)) <= {label("alice"), label("bob")}
    finally:
        for asker in askers:
            await asker.close()


async def test_what_never_opened_was_provably_not_sent_and_what_hung_may_have_been(
    sshd: Sshd, site: Site, shared: SshShared
) -> None:
    asker = SshAsker(site.target(), shared)
    ask = SshAsk((Command("step", ("/bin/sleep", "20"), timeout_s=30),))
    with pytest.raises(LinkError) as refused:
        await asker.ask(ask, 5.0)
    assert refused.value.sent is False
    sshd.start("MaxSessions 0")
    with pytest.raises(LinkError) as no_session:
        await asker.ask(ask, 5.0)
    assert no_session.value.sent is False
    await asker.close()
    sshd.stop()
    sshd.start()
    with pytest.raises(LinkError) as late:
        await asker.ask(ask, 5.0)  # logging in may take a while on a busy machine
    assert late.value.sent is True
    await asker.close()
