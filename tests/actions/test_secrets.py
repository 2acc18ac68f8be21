"""Twelve canaries that an SBC, a config or an operator's environment may hold, and every outlet of an action."""

from __future__ import annotations

import json
import logging
import traceback

import msgspec
import pytest

from tests.actions.scene import Stage
from trunktui.model.action import Consent, Verb
from trunktui.model.ask import Answer, Reply, SshAsk
from trunktui.model.text import Safe
from trunktui.present.action import Shown, action_document, action_lines
from trunktui.transport.lines import safe_lines
from trunktui.transport.script import build_script

CANARIES = (
    "password : hunter2-one",
    "Password: hunter2-two",
    "secret=hunter2-three",
    "auth_password => hunter2-four",
    "md5_cred : hunter2-five",
    "sip:acme:hunter2-six@10.0.0.1",
    'Digest response="hunter2-seven", nonce="hunter2-eight"',
    "token: hunter2-nine",
    "passphrase = hunter2-ten",
    "community: hunter2-eleven",
    "api_key=hunter2-twelve",
    "ha1: hunter2-thirteen",
)


@pytest.mark.parametrize("canary", CANARIES, ids=range(1, 13))
@pytest.mark.parametrize("where", ["readback", "step", "looks"])
def test_no_secret_of_an_sbc_comes_out_of_an_action(
    canary: str, where: str, caplog: pytest.LogCaptureFixture, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("TRUNK_SECRET", "hunter2-env")
    caplog.set_level(logging.DEBUG)
    stage = Stage()
    told: list[Safe] = []
    sent: list[SshAsk] = []
    sbc = stage.sbcs["one"]
    plain = sbc.ask
    # As a transport hands lines over: cleaned and redacted at the door.
    leak = safe_lines(canary.encode())

    async def leaking(ask: SshAsk, budget_s: float) -> Answer:
        sent.append(ask)
        answer = await plain(ask, budget_s)
        number = {"readback": 0, "step": 1}.get(where, 2)
        if len(sent) - 1 < number:
            return answer
        replies = tuple(Reply(r.key, r.status, (*r.lines, *leak), leak) for r in answer.replies)
        return Answer(answer.asked_at, answer.answered_at, replies)

    monkeypatch.setattr(sbc, "ask", leaking)
    try:
        desk = stage.desk()
        prepared = stage.run(desk.prepare(Verb.REREGISTER, "red@one"))
        consent = Consent(yes=True, reason="ticket")
        outcome = stage.run(desk.perform(prepared, consent, told.append))
    finally:
        stage.close()
    shown = Shown(prepared.action, prepared.verb, prepared.leg_id, prepared.plan, prepared.commands, prepared.rulings, outcome=outcome)  # fmt: skip
    outlets = [
        *told,
        *(text for _, text in action_lines(shown)),
        json.dumps(action_document([shown], 0)),
        *(msgspec.json.encode(entry).decode() for entry in stage.books["jump1"]),
        *(build_script(ask, "0" * 32, "asterisk") for ask in sent),  # argv here and on the SBC
        *prepared.commands,
        repr(outcome),
        repr(prepared),
        caplog.text,
        "".join(traceback.format_exception(ValueError(outcome.sentence))),
    ]
    assert outcome.sentence
    for outlet in outlets:
        assert "hunter2" not in outlet
