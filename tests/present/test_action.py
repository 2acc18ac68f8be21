"""An action as it is shown before, and as programs are told of it: the same words in both."""

from __future__ import annotations

import json

from msgspec.structs import replace

from tests.fleets import NOW, leg, sbc
from trunktui.model.action import Ending, Outcome, Plan, Ruling, Statement, Verb
from trunktui.model.health import LegState
from trunktui.model.observation import Evidence
from trunktui.model.text import Safe
from trunktui.platforms import asterisk
from trunktui.present.action import Shown, action_document, action_lines, stays_up, to_json

RED = leg("red@nyc-1", groups=("out",))
BLUE = leg("blue@nyc-1", groups=("out",))


def shown() -> Shown:
    plan = asterisk.plan(Verb.REREGISTER, RED)
    assert isinstance(plan, Plan)
    return Shown(
        action="a1",
        verb=Verb.REREGISTER,
        leg_id="red@nyc-1",
        plan=plan,
        commands=(plan.steps[0].line("asterisk"),),
        rulings=(
            Ruling("fresh", True, Safe("the last answer is 3 s old (limit 60 s)")),
            Ruling("confirmed", False, Safe("say yes"), (Statement.YES, Statement.REASON)),
        ),
        legs=(RED, BLUE),
        sbc=replace(sbc("nyc-1"), version=Safe("22.10.1")),
        over="noc@192.0.2.1:2222",
    )


def test_what_is_shown_before_is_complete_and_in_order() -> None:
    rows = action_lines(shown())
    assert [heading for heading, _ in rows] == [
        "Force re-register", "Will run", "Consequence", "Proof", "Undo", "Needs", "Stays up", "Guard", "To state",
    ]  # fmt: skip
    said = dict(rows)
    assert said["Force re-register"] == "red@nyc-1 (asterisk 22.10.1 on 192.0.2.1)"
    assert said["Will run"] == (
        'sudo -n -u asterisk /usr/bin/timeout -k 1 5 "/usr/sbin/asterisk" "-rx" "pjsip send register red"'
        "   over ssh noc@192.0.2.1:2222"
    )
    assert said["Stays up"] == "blue@nyc-1 (41/200)"
    assert said["To state"] == "confirmed: say yes [wants a yes, a reason]"


def test_without_a_plan_the_guards_still_say_why() -> None:
    bare = replace(shown(), plan=None, commands=(), sbc=None)
    assert [heading for heading, _ in action_lines(bare)] == ["Force re-register", "Guard", "To state"]


def test_what_stays_up_counts_only_what_is_known_to_be_healthy() -> None:
    down = replace(BLUE, state=LegState.DOWN)
    assert stays_up("red@nyc-1", (RED, down)) == "nothing else of out is known to be healthy"
    alone = replace(RED, groups=())
    assert stays_up("red@nyc-1", (alone, BLUE)) == "blue@nyc-1 (41/200)", "of its carrier, then"
    assert stays_up("red@nyc-1", (replace(alone, carrier=None), BLUE)) == "it is in no group"
    many = tuple(replace(BLUE, id=f"b{n}@nyc-1") for n in range(7))
    assert stays_up("red@nyc-1", (RED, *many)).endswith("b3@nyc-1 (41/200), and 3 more")


def test_the_document_has_every_key_and_none_for_what_is_not() -> None:
    outcome = Outcome(Ending.VERIFIED, Safe("Registered, next attempt in 107 s"), True, NOW, NOW + 5.04, (Evidence("pjsip show registration red", Safe("row")),))  # fmt: skip
    ran = action_document([replace(shown(), outcome=outcome)], 0)
    assert json.loads(to_json(ran)) == ran
    assert ran["schema"] == "trunktui.action/1"
    assert ran["actions"][0]["outcome"] == {
        "ending": "verified",
        "sentence": "Registered, next attempt in 107 s",
        "sent": True,
        "took_s": 5.0,
        "evidence": [{"source": "pjsip show registration red", "line": "row"}],
    }
    assert ran["actions"][0]["guards"][1]["wants"] == ["yes", "reason"]
    bare = action_document([replace(shown(), plan=None, commands=())], 2)["actions"][0]
    assert bare.keys() == ran["actions"][0].keys()
    assert (bare["plan"], bare["outcome"], bare["sbc"]) == (None, None, None)
