"""SNMPv3 against an independent agent: every protocol, every refusal by its name, and nothing believed unsigned."""

from __future__ import annotations

import random
import resource

import pytest

from tests.transport import ber
from tests.transport.snmp_agents import ASK, GET, NAME, QUICK, UPTIME, agent
from tests.transport.snmp_engine import AUTH, AUTH_SECRET, PRIVACY, PRIVACY_SECRET, EngineAgent
from tests.transport.test_snmp_hostile import mutated
from trunktui.model.link import SnmpError, SnmpState
from trunktui.model.secret import Secret
from trunktui.model.snmp import SnmpKey, SnmpTarget, Value
from trunktui.transport.snmp import Resync, Sent, V3Session
from trunktui.transport.snmp_asker import SnmpAsker, SnmpShared
from trunktui.transport.snmp_check import BadReplyError, Reply, read_get
from trunktui.transport.snmp_keys import Key

SECRETS = {"env:A": AUTH_SECRET, "env:P": PRIVACY_SECRET, "env:WRONG": "some-other-word", "env:SHORT": "tiny"}


def asker(
    port: int,
    auth: str | None = "SHA-256",
    privacy: str | None = "AES-128",
    user: str = "noc",
    keys: tuple[str, str] = ("env:A", "env:P"),
) -> SnmpAsker:
    """Return an asker for the agent at `port`."""
    target = SnmpTarget(
        "127.0.0.1",
        port,
        user=user,
        auth=SnmpKey(auth, keys[0]) if auth else None,
        privacy=SnmpKey(privacy, keys[1]) if privacy else None,
    )
    return SnmpAsker(target, lambda reference: Secret(SECRETS[reference]), SnmpShared(QUICK))


def session() -> V3Session:
    return V3Session(
        "there", "noc", Key("SHA-256", Secret(AUTH_SECRET)), Key("AES-128", Secret(PRIVACY_SECRET))
    )


def met(there: EngineAgent) -> V3Session:
    """Return a session that knows the agent's engine and clock."""
    ours = session()
    hello = ours.hello(0.0)
    assert hello is not None
    assert ours.read(there.answer(hello.datagram)[0], hello, 0.0) == Resync("engine")
    return ours


@pytest.mark.parametrize(
    ("auth", "privacy"),
    [
        *((auth, None) for auth in AUTH),
        *((auth, "AES-128") for auth in AUTH),
        *(("SHA-1", privacy) for privacy in PRIVACY),  # too short for AES-192 and -256: keys are extended
        *(("SHA-512", privacy) for privacy in PRIVACY),
    ],
)
async def test_every_protocol_is_understood_by_an_independent_agent(auth: str, privacy: str | None) -> None:
    async with agent(EngineAgent(auth, privacy).answer) as there:
        answer = await asker(there.port, auth, privacy).ask(ASK, 5.0)
    assert answer.gets[0].values["name"] == "sbc1"
    assert not answer.gets[0].bad


async def test_a_user_without_any_key_can_be_asked_for() -> None:
    async with agent(EngineAgent(None, None).answer) as there:
        answer = await asker(there.port, None, None).ask(ASK, 5.0)
    assert answer.gets[0].values["name"] == "sbc1"


@pytest.mark.parametrize(
    ("how", "state", "words"),
    [
        ({"keys": ("env:WRONG", "env:P")}, SnmpState.AUTH, "wrong auth key or protocol"),
        ({"auth": "SHA-512"}, SnmpState.AUTH, "wrong auth key or protocol"),
        ({"user": "nobody"}, SnmpState.AUTH, "has no SNMPv3 user 'nobody'"),
        ({"keys": ("env:A", "env:SHORT")}, SnmpState.CONFIG, "snmp.privacy is too short"),
    ],
    ids=["auth key", "auth protocol", "user", "short secret"],
)
async def test_a_refused_login_is_told_by_its_cause(
    how: dict[str, object], state: SnmpState, words: str
) -> None:
    async with agent(EngineAgent("SHA-256", "AES-128").answer) as there:
        with pytest.raises(SnmpError) as failed:
            await asker(there.port, **how).ask(ASK, 5.0)  # type: ignore[arg-type]
    assert failed.value.state is state
    assert words in failed.value.reason
    assert not [secret for secret in SECRETS.values() if secret in failed.value.reason]


async def test_an_agent_that_drops_what_it_cannot_decrypt_is_told_from_a_dead_host() -> None:
    """As net-snmp does; pysnmp's engine would report it."""
    real = EngineAgent("SHA-256", "AES-128")

    def drops_encrypted(datagram: bytes) -> list[bytes]:
        return [] if ber.split(ber.split(datagram)[0][1])[-1][0] == ber.OCTETS else real.answer(datagram)

    async with agent(drops_encrypted) as there:
        with pytest.raises(SnmpError, match="answers SNMP discovery but no encrypted request") as failed:
            await asker(there.port).ask(ASK, 5.0)
    assert failed.value.state is SnmpState.AUTH


async def test_a_silent_agent_may_be_dead_or_have_another_privacy_key_and_both_are_said() -> None:
    async with agent(lambda _: []) as there:
        with pytest.raises(SnmpError, match=r"host is down.*privacy key is wrong") as failed:
            await asker(there.port).ask(ASK, 5.0)
    assert failed.value.state is SnmpState.TIMEOUT


async def test_an_agent_that_was_rebuilt_is_met_anew_within_the_same_ask() -> None:
    now = [EngineAgent("SHA-256", "AES-128")]

    def current(datagram: bytes) -> list[bytes]:
        return now[0].answer(datagram)

    async with agent(current) as there:
        same = asker(there.port)
        await same.ask(ASK, 5.0)
        now[0] = EngineAgent("SHA-256", "AES-128")
        asked = there.asked
        answer = await same.ask(ASK, 5.0)
        assert answer.gets[0].values["name"] == "sbc1"
        assert there.asked - asked <= 4


def test_an_unknown_engine_is_learned_from_the_report_itself() -> None:
    """As net-snmp reports it; what stands in the report is all that is needed."""
    ours = met(EngineAgent("SHA-256", "AES-128"))
    other = EngineAgent("SHA-256", "AES-128")
    fresh = session()
    hello = fresh.hello(0.0)
    assert hello is not None
    report = other.answer(hello.datagram)[0]
    assert ours.read(report, hello, 0.0) == Resync("engine")
    sent = ours.get((UPTIME, NAME), 0.0)
    assert isinstance(ours.read(other.answer(sent.datagram)[0], sent, 0.0), Reply)


@pytest.mark.parametrize("boots", [1, 7, 2_000_000])
async def test_an_agent_whose_clock_jumped_is_followed_within_the_same_ask(boots: int) -> None:
    real = EngineAgent("SHA-256", "AES-128")
    async with agent(real.answer) as there:
        same = asker(there.port)
        await same.ask(ASK, 5.0)
        real.move_clock(boots)
        assert (await same.ask(ASK, 5.0)).gets[0].values["name"] == "sbc1"


def replies(count: int) -> list[tuple[V3Session, Sent, bytes, dict[str, Value]]]:
    """Return real replies with the session and request that they answer, and what they truly say."""
    there = EngineAgent("SHA-256", "AES-128")
    ours = met(there)
    found = []
    for _ in range(count):
        sent = ours.get((UPTIME, NAME), 0.0)
        reply = there.answer(sent.datagram)[0]
        said = ours.read(reply, sent, 0.0)
        assert isinstance(said, Reply)
        found.append((ours, sent, reply, dict(read_get(GET, said).values)))
    return found


def test_twenty_five_thousand_mutated_v3_replies_put_nothing_in_at_all() -> None:
    dice, real = random.Random(7), replies(50)
    before = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss
    believed = 0
    for turn in range(25_000):
        ours, sent, reply, values = real[turn % len(real)]
        bad = mutated(reply, dice)
        if bad == reply:
            continue
        try:
            said = ours.read(bad, sent, 0.0)
        except (BadReplyError, SnmpError):
            continue
        if isinstance(said, Reply):
            believed += 1
            assert read_get(GET, said).values == values
    # A length written in more bytes than it needs is the one change that alters no signed content.
    assert believed == 0
    assert resource.getrusage(resource.RUSAGE_SELF).ru_maxrss - before < 10_000


def test_an_unsigned_reply_to_a_signed_request_is_not_believed() -> None:
    ours, sent, _, _ = replies(1)[0]
    header = ber.number(sent.message_id) + ber.number(65507) + ber.tlv(ber.OCTETS, b"\0") + ber.number(3)
    engine = ours._engine
    security = (
        b"".join((ber.tlv(ber.OCTETS, engine), ber.number(1), ber.number(1), ber.tlv(ber.OCTETS, b"noc")))
        + ber.tlv(ber.OCTETS, b"") * 2
    )
    bound = [ber.binding(UPTIME, ber.number(7, ber.TICKS)), ber.binding(NAME, ber.tlv(ber.OCTETS, b"forged"))]
    scoped = (
        ber.tlv(ber.OCTETS, engine) + ber.tlv(ber.OCTETS, b"") + ber.pdu(ber.RESPONSE, sent.request_id, bound)
    )
    forged = ber.tlv(
        ber.SEQUENCE,
        ber.number(3)
        + ber.tlv(ber.SEQUENCE, header)
        + ber.tlv(ber.OCTETS, ber.tlv(ber.SEQUENCE, security))
        + ber.tlv(ber.SEQUENCE, scoped),
    )
    with pytest.raises(BadReplyError, match="less security than asked for"):
        ours.read(forged, sent, 0.0)


def test_a_true_reply_to_another_request_is_no_reply_to_this_one() -> None:
    (ours, _, old, _), (_, sent, _, _) = replies(2)
    assert ours.read(old, sent, 0.0) is None


def test_no_request_holds_a_secret_in_clear_and_no_two_are_alike() -> None:
    there = EngineAgent("SHA-256", "AES-128")
    ours = met(there)
    requests = {ours.get((UPTIME,), 0.0).datagram for _ in range(50)}
    assert len(requests) == 50
    assert not [r for r in requests if AUTH_SECRET.encode() in r or PRIVACY_SECRET.encode() in r]
    assert not [r for r in requests if bytes([0x2B, 6, 1, 2, 1, 1, 3]) in r]
    assert AUTH_SECRET not in repr(vars(ours))
