"""A control port behind a real sshd: asked through the connection, and by commands for every way it can fail."""

from __future__ import annotations

import time
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager
from pathlib import Path

import pytest

from tests.transport.esl_server import PASSWORD, EslServer, Fault, event_frames, said_to
from tests.transport.sshd import Site, Sshd, free_port, script
from trunktui.model.ask import EVENTS, GATE_CLOSED, LOCK, Answer, Command, Lock, SshAsk
from trunktui.model.inventory import ControlTarget
from trunktui.model.link import ControlFault, LinkError, SshState
from trunktui.model.secret import Secret
from trunktui.transport import faults, tunnel
from trunktui.transport.ssh import SshAsker, SshShared
from trunktui.transport.tunnel import TunnelAsker

GATEWAYS = said_to("raw_xmlstatus_gateway_all", "api sofia xmlstatus gateway").partition(b"\n\n")[2]
ANSWERS = {
    "uptime": b"322\n",
    "sofia xmlstatus gateway": GATEWAYS,
    "sofia xmlstatus gateway a": b"<gateway>\n<state>REGED</state>\n</gateway>\n",
    "sofia xmlstatus gateway n": b"<gateway>\n<state>NOREG</state>\n</gateway>\n",
    "sofia profile external register a": b"+OK\n",
}
SUBSCRIBED = "CUSTOM sofia::gateway_state"


def saying(text: str, key: str, request: str, **changes: object) -> Command:
    """Return a command that prints `text`, where it is not a request."""
    return Command(key, ("/bin/echo", text), False, request=request, **changes)  # type: ignore[arg-type]


ASK = SshAsk(
    (
        saying("by fs_cli", "uptime", "uptime"),
        Command("clock", ("/bin/echo", "noon"), False),
        saying("gateways", "gateways", "sofia xmlstatus gateway"),
    ),
    events=SUBSCRIBED,
)


@asynccontextmanager
async def asking(
    site: Site,
    shared: SshShared,
    server: EslServer,
    *,
    password: str = PASSWORD,
    user: str | None = None,
    port: int | None = None,
    clock: Callable[[], float] = time.monotonic,
) -> AsyncIterator[TunnelAsker]:
    """An asker with a control port."""
    target = ControlTarget("esl", port or server.port, user, "env:ESL")
    asker = TunnelAsker(SshAsker(site.target(), shared), target, lambda _: Secret(password), clock=clock)
    try:
        yield asker
    finally:
        await asker.close()


def by_command(answer: Answer) -> bool:
    """Whether the commands ran instead of the requests."""
    return answer.reply("uptime").lines == ("by fs_cli",) and answer.reply("gateways").lines == ("gateways",)


async def test_requests_go_through_the_connection_and_the_rest_runs_as_commands(
    site: Site, sshd: Sshd, shared: SshShared
) -> None:
    sshd.start()
    async with EslServer(ANSWERS).running() as server, asking(site, shared, server) as asker:
        server.events = event_frames()
        for _ in range(3):
            answer = await asker.ask(ASK, 15)
            assert answer.complete
            assert answer.control is None
            assert any("Status=" in line for line in answer.reply(EVENTS).lines)
            assert answer.reply("uptime").lines == ("322",)
            assert answer.reply("clock").lines == ("noon",)
            assert answer.reply("gateways").lines[-1] == "</gateways>"
        assert server.logins == 1, "the connection is kept"
    assert shared.counters.logins == 1


@pytest.mark.parametrize(
    ("fault", "meaning"),
    [
        (Fault.RUDE, ControlFault.KEPT_OUT),
        (Fault.STRANGE, ControlFault.STRANGE),
        (Fault.CUT_AT_LOGIN, ControlFault.CUT),
        (Fault.CUT_IN_REPLY, ControlFault.CUT),
        (Fault.HANG_AT_ONCE, ControlFault.HUNG),
    ],
)
async def test_where_the_port_fails_the_commands_run_and_the_answer_says_why(
    site: Site,
    sshd: Sshd,
    shared: SshShared,
    monkeypatch: pytest.MonkeyPatch,
    fault: Fault,
    meaning: ControlFault,
) -> None:
    sshd.start()
    if fault is Fault.HANG_AT_ONCE:
        monkeypatch.setattr(tunnel, "LOGIN_S", 0.3)
    async with EslServer(ANSWERS).running() as server, asking(site, shared, server) as asker:
        server.fault = fault
        answer = await asker.ask(ASK, 15)
        assert by_command(answer)
        assert answer.complete
        assert answer.control is not None
        assert answer.control.fault is meaning
        assert "ESL at 127.0.0.1" in answer.control.reason


async def test_nobody_listening_and_a_way_that_sshd_does_not_open_are_told_apart(
    site: Site, sshd: Sshd, shared: SshShared
) -> None:
    closed = free_port()
    sshd.start(f"PermitOpen 127.0.0.1:{closed}")
    async with EslServer(ANSWERS).running() as server:
        async with asking(site, shared, server, port=closed) as asker:
            answer = await asker.ask(ASK, 15)
            assert by_command(answer)
            assert answer.control is not None
            assert answer.control.fault is ControlFault.CLOSED
        async with asking(site, shared, server) as asker:
            answer = await asker.ask(ASK, 15)
            assert by_command(answer)
            assert answer.control is not None
            assert answer.control.fault is ControlFault.FORWARD
            assert f"PermitOpen 127.0.0.1:{server.port}" in answer.control.reason
        assert server.heard == []


async def test_the_sshd_settings_of_the_docs_are_enough(site: Site, sshd: Sshd, shared: SshShared) -> None:
    example = Path(__file__).parents[2] / "docs" / "examples" / "sshd-trunktui-esl.conf"
    lines = [line.strip() for line in example.read_text().splitlines() if line.startswith("    ")]
    async with EslServer(ANSWERS).running() as server:
        sshd.start(*(line.replace("8021", str(server.port)) for line in lines))
        async with asking(site, shared, server) as asker:
            answer = await asker.ask(ASK, 15)
    assert answer.control is None
    assert answer.reply("uptime").lines == ("322",)
    assert answer.reply("clock").lines == ("noon",)


async def test_a_lock_that_could_not_be_had_is_known_to_have_sent_nothing(
    site: Site, sshd: Sshd, shared: SshShared, lock_file: str
) -> None:
    sshd.start()
    async with EslServer(ANSWERS).running() as server, asking(site, shared, server) as asker:
        refused = await asker.ask(sending(lock_file + ".gone", "a"), 15)
        assert refused.complete
        assert refused.reply(LOCK).status == 66
        await asker.ask(ASK, 15)
        server.on_request = lambda _: sshd.stop()  # between the look and the lock
        with pytest.raises(LinkError) as caught:
            await asker.ask(sending(lock_file, "a"), 8)
        assert not caught.value.sent
    assert not any("register" in line for line in server.heard)


async def test_a_wrong_password_is_not_tried_again_for_a_quarter_of_an_hour(
    site: Site, sshd: Sshd, shared: SshShared
) -> None:
    sshd.start()
    now = 0.0
    async with (
        EslServer(ANSWERS).running() as server,
        asking(site, shared, server, password="wrong", clock=lambda: now) as asker,
    ):
        for _ in range(3):
            answer = await asker.ask(ASK, 15)
            assert by_command(answer)
            assert answer.control is not None
            assert answer.control.fault is ControlFault.DENIED
        assert server.logins == 1
        now = 901.0
        server.password = "wrong"
        assert (await asker.ask(ASK, 15)).control is None
        assert server.logins == 2


async def test_a_secret_that_cannot_be_had_is_a_trouble_not_a_crash(
    site: Site, sshd: Sshd, shared: SshShared
) -> None:
    sshd.start()

    def reveal(_: str) -> Secret:
        raise faults.config("the environment has no ESL")

    async with EslServer(ANSWERS).running() as server:
        target = ControlTarget("esl", server.port, None, "env:ESL")
        asker = TunnelAsker(SshAsker(site.target(), shared), target, reveal, clock=time.monotonic)
        answer = await asker.ask(ASK, 15)
        await asker.close()
    assert by_command(answer)
    assert answer.control is not None
    assert answer.control.fault is ControlFault.CONFIG


async def test_a_request_that_hangs_is_one_that_timed_out_and_ends_the_ask(
    site: Site, sshd: Sshd, shared: SshShared
) -> None:
    sshd.start()
    ask = SshAsk(
        (saying("x", "uptime", "uptime", timeout_s=1), saying("x", "gateways", "sofia xmlstatus gateway"))
    )
    async with EslServer(ANSWERS).running() as server, asking(site, shared, server) as asker:
        server.fault = Fault.HANG_AT_REQUEST
        answer = await asker.ask(ask, 15)
        assert answer.reply("uptime").status == 124
        assert answer.reply("gateways").status is None
        assert answer.complete
        server.fault = Fault.NONE
        assert (await asker.ask(ask, 15)).reply("uptime").lines == ("322",)
        assert server.logins == 2, "a late answer must not be taken for that to the next request"


async def test_a_kept_connection_that_died_is_opened_once_more(
    site: Site, sshd: Sshd, shared: SshShared
) -> None:
    sshd.start()
    async with EslServer(ANSWERS).running() as server, asking(site, shared, server) as asker:
        await asker.ask(ASK, 15)
        server.drop()
        answer = await asker.ask(ASK, 15)
        assert answer.control is None
        assert answer.reply("uptime").lines == ("322",)
        assert server.logins == 2


async def test_events_may_come_between_a_request_and_its_answer(
    site: Site, sshd: Sshd, shared: SshShared
) -> None:
    sshd.start()
    async with EslServer(ANSWERS).running() as server, asking(site, shared, server) as asker:
        server.fault = Fault.EVENTS_BETWEEN
        answer = await asker.ask(ASK, 15)
        assert answer.reply("uptime").lines == ("322",)
        assert answer.reply("gateways").lines[-1] == "</gateways>"
        assert "Gateway=carrier-a;State=REGISTER;Status=200" in "\n".join(answer.reply(EVENTS).lines)


async def test_a_lost_ssh_connection_is_a_fault_of_the_link(
    site: Site, sshd: Sshd, shared: SshShared
) -> None:
    sshd.start()
    async with EslServer(ANSWERS).running() as server, asking(site, shared, server) as asker:
        await asker.ask(ASK, 15)
        sshd.stop()
        with pytest.raises(LinkError) as caught:
            await asker.ask(ASK, 8)
        assert caught.value.state in {SshState.REFUSED, SshState.UNREACHABLE}


def sending(path: str, name: str) -> SshAsk:
    """Return the ask that re-registers gateway `name` under a lock on `path`."""
    gate = saying("x", "state", f"sofia xmlstatus gateway {name}", gate=True, unless="<state>NOREG<")
    step = saying("x", "step", f"sofia profile external register {name}")
    return SshAsk((gate, step), Lock(path, "trunktui-by-a@b:1", 2))


@pytest.fixture
def lock_file(tmp_path: Path) -> str:
    """A file to lock."""
    return script(tmp_path / "lockable", "true")


async def test_an_action_takes_the_lock_then_asks_the_gate_then_sends_once(
    site: Site, sshd: Sshd, shared: SshShared, lock_file: str
) -> None:
    sshd.start()
    async with EslServer(ANSWERS).running() as server, asking(site, shared, server) as asker:
        answer = await asker.ask(sending(lock_file, "a"), 15)
        assert answer.complete
        assert [(r.key, r.status) for r in answer.replies] == [(LOCK, 0), ("state", 0), ("step", 0)]
        assert answer.reply("step").lines == ("+OK",)
        busy = await asker.ask(sending(lock_file, "a"), 15)
        assert busy.reply(LOCK).status == 75
        assert busy.reply("step").status is None
    assert server.heard.count("api sofia profile external register a") == 1


async def test_a_gate_that_prints_what_it_must_not_lets_nothing_through(
    site: Site, sshd: Sshd, shared: SshShared, lock_file: str
) -> None:
    sshd.start()
    async with EslServer(ANSWERS).running() as server, asking(site, shared, server) as asker:
        answer = await asker.ask(sending(lock_file, "n"), 15)
    assert answer.reply("state").status == GATE_CLOSED
    assert answer.reply("step").status is None
    assert not any("register" in line for line in server.heard)


SELECT, INSERT, MORE = "db select/trunk/active", "db insert/trunk/active/b", "db insert/trunk/other/b"


def comparing(path: str) -> SshAsk:
    """Return the ask that sets two keys, the first only if one still says `a`, the second only if that was taken."""
    gate = saying("a", "state", SELECT, gate=True, expect=("a",))
    first = saying("x", "first", INSERT, gate=True, sets=True, expect=("+OK",), timeout_s=1)
    return SshAsk((gate, first, saying("x", "last", MORE)), Lock(path, "trunktui-by-a@b:1", 2))


@pytest.mark.parametrize(
    ("stands", "said", "statuses"),
    [(b"a", b"+OK", [0, 0, 0]), (b"b", b"+OK", [GATE_CLOSED]), (b"ab", b"+OK", [GATE_CLOSED]), (b"a", b"-ERR", [0, GATE_CLOSED])],
)  # fmt: skip
async def test_what_stands_is_compared_before_it_is_set_and_a_step_that_failed_is_the_last(
    site: Site, sshd: Sshd, shared: SshShared, lock_file: str, stands: bytes, said: bytes, statuses: list[int]
) -> None:
    sshd.start()
    answers = {SELECT: stands + b"\n", INSERT: said + b"\n", MORE: b"+OK\n"}
    async with EslServer(answers).running() as server, asking(site, shared, server) as asker:
        answer = await asker.ask(comparing(lock_file), 15)
    assert answer.complete
    assert [reply.status for reply in answer.replies[1:]] == statuses
    assert answer.reply("state").lines == (stands.decode(),), "what a closed gate printed is told"
    assert [line for line in server.heard if "insert" in line] == [f"api {INSERT}", f"api {MORE}"][: len(statuses) - 1]  # fmt: skip


@pytest.mark.parametrize("fault", [Fault.HANG_AT_REQUEST, Fault.CUT_IN_REPLY])
async def test_a_step_that_breaks_off_is_never_taken_for_a_gate_that_was_closed(
    site: Site, sshd: Sshd, shared: SshShared, lock_file: str, fault: Fault
) -> None:
    sshd.start()
    async with EslServer({SELECT: b"a\n"}).running() as server, asking(site, shared, server) as asker:

        def spoil(words: str) -> None:
            server.fault = fault if "insert" in words else Fault.NONE

        server.on_request = spoil
        answer = await asker.ask(comparing(lock_file), 15)
    assert answer.reply("first").status == 124 if fault is Fault.HANG_AT_REQUEST else not answer.complete
    assert answer.reply("last").status is None
    assert server.heard.count(f"api {INSERT}") == 1


@pytest.mark.parametrize("fault", [Fault.HANG_AT_REQUEST, Fault.CUT_IN_REPLY])
async def test_what_breaks_after_sending_leaves_it_open_and_is_not_sent_again(
    site: Site, sshd: Sshd, shared: SshShared, lock_file: str, fault: Fault
) -> None:
    sshd.start()
    async with EslServer(ANSWERS).running() as server, asking(site, shared, server) as asker:

        def spoil(words: str) -> None:
            server.fault = fault if "register" in words else Fault.NONE

        server.on_request = spoil
        ask = sending(lock_file, "a")
        answer = await asker.ask(
            SshAsk(
                (ask.commands[0], saying("x", "step", "sofia profile external register a", timeout_s=1)),
                ask.lock,
            ),
            15,
        )
    step = answer.reply("step")
    assert step.status == 124 if fault is Fault.HANG_AT_REQUEST else not answer.complete
    assert server.heard.count("api sofia profile external register a") == 1


@pytest.mark.parametrize("secret", ["canary-5d2c"])
async def test_the_password_is_in_no_answer_and_no_command_line(
    site: Site, sshd: Sshd, shared: SshShared, secret: str
) -> None:
    sshd.start()
    async with (
        EslServer(ANSWERS, password="other").running() as server,
        asking(site, shared, server, password=secret) as asker,
    ):
        answer = await asker.ask(ASK, 15)
    assert secret in "".join(server.heard)
    assert secret not in repr(answer)
    assert secret not in sshd.log.read_text()
