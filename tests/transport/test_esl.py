"""The event socket's state machine against every recorded byte of it, in pieces of any size, and against damage."""

from __future__ import annotations

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from tests.transport.esl_server import PASSWORD, event_frames, recorded, said_to
from trunktui.model.ask import Command, Reply
from trunktui.model.link import ControlFault
from trunktui.model.secret import Secret
from trunktui.transport import control
from trunktui.transport.esl import Esl

EVENTS = "CUSTOM sofia::gateway_state sofia::gateway_add sofia::gateway_delete"
HELLO = b"Content-Type: auth/request\n\nContent-Type: command/reply\nReply-Text: +OK accepted\n\n"


def machine(password: str = PASSWORD, user: str | None = None, events: str = "") -> Esl:
    """Return a machine that has said nothing yet."""
    return Esl("ESL at 127.0.0.1:8021", Secret(password), user, events)


def command(request: str, *, json: bool = False) -> Command:
    """Return a request whose key is what it asks."""
    return Command(request, ("fs_cli",), request=request, json=json)


def feed(esl: Esl, data: bytes, size: int) -> None:
    """Let bytes come in pieces of `size`."""
    for at in range(0, len(data), size):
        esl.receive(data[at : at + size])


def replayed(name: str, esl: Esl, size: int) -> list[Reply]:
    """Play a recorded conversation; what we say must be what was said then. Returns the replies."""
    replies: list[Reply] = []
    for turn in recorded(name):
        if not turn.ours:
            feed(esl, turn.data, size)
            if (reply := esl.reply()) is not None:
                replies.append(reply)
            continue
        words = turn.data.decode().removesuffix("\n\n")
        if words.startswith(("event", "bgapi", "json")) and words != f"event plain {EVENTS}":
            break
        if words.startswith("api "):
            esl.put(command(words.removeprefix("api ")))
        assert esl.outgoing() == turn.data
    return replies


@pytest.mark.parametrize("size", [1, 7, 100_000])
def test_a_recorded_session_is_spoken_word_for_word_however_it_is_cut(size: int) -> None:
    esl = machine()
    replies = replayed("raw_api_session", esl, size)
    assert esl.ready()
    assert [reply.key for reply in replies] == [
        "sofia xmlstatus gateway carrier-a",
        "sofia status gateway nosuch",
        "uptime",
        "nosuchcmd",
    ]
    assert replies[0].lines[0].startswith("<?xml")
    assert replies[0].lines[-1] == "  </gateway>"
    assert [reply.lines for reply in replies[1:]] == [
        ("Invalid Gateway!",),
        ("322",),
        ("-ERR nosuchcmd Command not found!",),
    ]
    assert all(reply.ok for reply in replies)


def test_a_list_of_gateways_comes_whole_with_its_umlauts() -> None:
    (reply,) = replayed("raw_xmlstatus_gateway_all", machine(), 1000)
    assert reply.lines[-1] == "</gateways>"
    assert any("trünk-zürich" in line for line in reply.lines)


@pytest.mark.parametrize("size", [1, 33, 100_000])
def test_events_between_answers_are_kept_and_confuse_nothing(size: int) -> None:
    esl = machine(events=EVENTS)
    replies = replayed("raw_events_reregister", esl, size)
    assert [reply.lines for reply in replies] == [("+OK",), ("+OK",)]
    happened = esl.happened("events")
    assert happened is not None
    told = {line.partition(";")[0]: line for line in happened.lines}
    assert "State=FAILED;Status=403;Phrase=Forbidden" in told["Gateway=forbid-f"]
    assert "State=FAILED;Status=503;Phrase=Service Unavailable" in told["Gateway=refused-k"]
    assert "State=REGISTER;Status=200;Phrase=OK" in told["Gateway=carrier-a"]


def test_a_user_logs_in_by_name_and_what_he_may_not_do_is_a_reply() -> None:
    esl = machine("noc-ro-pw", "noc-ro@sbc1.example.net")
    uptime, denied = replayed("raw_userauth_ro", esl, 5)[:2]
    assert uptime.lines == ("329",)
    assert denied.lines == ("-ERR permission denied",)
    assert esl.trouble is None


def test_without_leave_to_listen_there_are_no_events() -> None:
    esl = machine(events="CUSTOM sofia::gateway_state")
    esl.receive(HELLO + b"Content-Type: command/reply\nReply-Text: -ERR permission denied\n\n")
    assert esl.ready()
    assert esl.happened("events") is None


@pytest.mark.parametrize(
    ("name", "fault", "words"),
    [
        ("raw_acl_denied", ControlFault.KEPT_OUT, "apply-inbound-acl"),
        ("raw_wrong_password", ControlFault.DENIED, "-ERR invalid"),
    ],
)
def test_a_refusal_has_its_meaning(name: str, fault: ControlFault, words: str) -> None:
    esl = machine("wrong")
    replayed(name, esl, 3)
    assert esl.trouble is not None
    assert esl.trouble.fault is fault
    assert words in esl.trouble.reason
    assert not esl.ready()


@pytest.mark.parametrize(
    "said",
    [b"SSH-2.0-OpenSSH_9.2\r\n", b"HTTP/1.1 400 Bad Request\r\n\r\n", b"Content-Nonsense\n\n", b"\x00" * 40],
)
def test_what_is_no_event_socket_is_called_so(said: bytes) -> None:
    esl = machine()
    esl.receive(said)
    assert esl.trouble is not None
    assert esl.trouble.fault is ControlFault.STRANGE
    assert esl.outgoing() == b"", "no password for strangers"


def test_the_end_of_a_connection_is_told_and_half_an_answer_is_none() -> None:
    esl = machine()
    esl.receive(HELLO)
    esl.put(command("uptime"))
    esl.receive(b"Content-Type: api/response\nContent-Length: 4\n\n32")
    esl.receive(b"")
    assert esl.reply() is None
    assert esl.trouble is not None
    assert esl.trouble.fault is ControlFault.CUT


@pytest.mark.parametrize(
    "request_words", ["uptime\n\napi system id", "uptime\r", "", 'json {"a":1}', "a|b", "a;b"]
)
def test_a_request_that_could_be_two_is_never_put(request_words: str) -> None:
    esl = machine()
    esl.receive(HELLO)
    esl.outgoing()
    with pytest.raises(ValueError, match="no plain request"):
        esl.put(command(request_words))
    assert esl.outgoing() == b""


@pytest.mark.parametrize(
    ("password", "user"), [("one\ntwo", None), ("pw", "noc\n\napi system id"), ("pw", "a:b")]
)
def test_a_password_or_user_that_could_be_a_request_is_a_fault_of_the_config(
    password: str, user: str | None
) -> None:
    esl = machine(password, user)
    assert esl.trouble is not None
    assert esl.trouble.fault is ControlFault.CONFIG
    assert esl.outgoing() == b""


def test_more_than_is_taken_is_said_to_be_cut(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("trunktui.transport.esl.OUTPUT_BYTES", 100)
    esl = machine()
    esl.receive(HELLO)
    esl.put(command("show channels"))
    esl.receive(b"Content-Type: api/response\nContent-Length: 5000\n\n" + b"0123456789\n" * 20)
    reply = esl.reply()
    assert reply is not None
    assert reply.truncated
    assert not reply.ok
    assert len(reply.lines) < 10
    assert esl.trouble is not None


def test_channels_in_one_line_of_json_come_as_one_piece_each() -> None:
    long = "x" * 900
    rows = ",".join(f'{{"uuid":"{n}","cid_name":"{long}"}}' for n in range(50))
    body = ('{"row_count":50,"rows":[' + rows + "]}\n").encode()
    esl = machine()
    esl.receive(HELLO)
    esl.put(command("show channels as json", json=True))
    esl.receive(b"Content-Type: api/response\nContent-Length: %d\n\n" % len(body) + body)
    reply = esl.reply()
    assert reply is not None
    assert len(reply.lines) == 50
    assert "".join(reply.lines) == body.decode().strip()


@given(
    st.lists(
        st.one_of(
            st.binary(max_size=60),
            st.sampled_from([HELLO, *event_frames(), said_to("raw_api_session", "api uptime")]),
            st.sampled_from([b"Content-Length: -1\n\n", b"Content-Length: 9999999999\n\n", b"\n\n", b""]),
        ),
        max_size=12,
    )
)
@settings(max_examples=300, deadline=None)
def test_no_bytes_make_it_raise_or_answer_what_was_not_asked(pieces: list[bytes]) -> None:
    esl = machine(events=EVENTS)
    for piece in pieces:
        esl.receive(piece)
        assert esl.reply() is None
    assert PASSWORD.encode() not in esl.outgoing().replace(f"auth {PASSWORD}\n\n".encode(), b"", 1)
    assert control.OUTPUT_BYTES
