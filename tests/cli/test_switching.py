"""`switch`, `failback` and `undo` on a made-up fleet: what is asked, printed, sent, and exited with."""

from __future__ import annotations

import asyncio
import io
import json
import signal
import sys
from collections.abc import AsyncIterator, Callable, Iterator
from contextlib import asynccontextmanager
from pathlib import Path
from types import SimpleNamespace
from typing import Any, cast

import pytest
from click.testing import CliRunner
from msgspec.structs import replace

from tests.actions.switch_scene import PLACE, SBCS, TRUNKS, SwitchStage
from tests.cli.conftest import Outcome
from trunktui.cli import acting, action_run, polled, switch_run, switching
from trunktui.cli.main import trunktui
from trunktui.cli.switch_run import needed_for, waiting_for
from trunktui.config.load import Poll
from trunktui.model.action import Consent, Ending, Sweep, Swept
from trunktui.model.health import LegState
from trunktui.model.inventory import Account, Trunk
from trunktui.model.route import Share
from trunktui.model.snapshot import CleanRun, Snapshot
from trunktui.model.switch import SwitchKind, Undoable, Waits, Wish
from trunktui.model.text import Safe

Cli = Callable[..., Outcome]
SURE = ("--yes", "--reason", "ticket 7", "--name", "out")
GOLDEN = Path(__file__).parents[1] / "fixtures" / "documents" / "switch.json"
CONFIG = (
    "".join(f'[[sbc]]\nname = "{sbc}"\nhost = "192.0.2.1"\nwrite = true\n' for sbc in SBCS)
    + "".join(f'[[trunk]]\nname = "{trunk}"\nsbcs = ["one", "two"]\n' for trunk in TRUNKS)
    + '[[group]]\nname = "out"\ntrunks = ["red", "blue", "green"]\n'
)


class StagedRun:
    """Stands for `SwitchRun`: the stage of the switch tests in place of polling and SSH."""

    stage: SwitchStage
    ctrl_c_at: int | None = None

    def __init__(self, config: Any) -> None:
        self._desk = self.stage.desk()
        self.patient: list[bool] = []

    def prepare(
        self, wish: Wish, consent: Consent, tell: Any, *, patient: bool = True
    ) -> tuple[Sweep, Snapshot]:
        self.patient.append(patient)
        return self.stage.run(self._desk.prepare_switch(wish, consent)), self.stage.fleet("jump1")

    def perform(self, sweep: Sweep, consent: Consent, tell: Any) -> Swept:
        told: list[Safe] = []

        async def work() -> Swept:
            task = asyncio.ensure_future(self._desk.perform_switch(sweep, consent, telling))
            task_of.append(task)
            try:
                return await task
            except asyncio.CancelledError:
                assert self._desk.interrupted_switch is not None
                return self._desk.interrupted_switch

        def telling(words: Safe) -> None:
            tell(words)
            told.append(words)
            if self.ctrl_c_at == len(told):
                task_of[0].cancel()

        task_of: list[asyncio.Future[Swept]] = []
        found: Swept = self.stage.run(work())
        return found

    def refuse(self, sweep: Sweep, consent: Consent) -> Swept:
        found: Swept = self.stage.run(self._desk.refuse_switch(sweep, consent))
        return found

    def undoable(self) -> tuple[Undoable, ...]:
        found: tuple[Undoable, ...] = self.stage.run(self._desk.undoable())
        return found


@pytest.fixture
def stage(monkeypatch: pytest.MonkeyPatch) -> Iterator[SwitchStage]:
    """The stage, where calls follow what the database says at once."""
    made = SwitchStage()
    for sbc in made.sbcs.values():
        sbc.call_every_s = 2.0
    StagedRun.stage, StagedRun.ctrl_c_at = made, None
    monkeypatch.setattr(switch_run, "SwitchRun", StagedRun)
    monkeypatch.setattr(action_run, "open_actions", lambda _: made.run(made.desk().open()))
    yield made
    made.close()


@pytest.fixture
def act(cli: Cli, tmp_path: Path, stage: SwitchStage) -> Cli:
    """Run one command on the stage."""
    path = tmp_path / "prod.toml"
    path.write_text(CONFIG)
    path.chmod(0o600)
    return lambda *argv: cli("--config", path, *argv)


def routes(stage: SwitchStage) -> list[str | None]:
    return [sbc.db.get(PLACE) for sbc in stage.sbcs.values()]


def typed(monkeypatch: pytest.MonkeyPatch, *lines: str) -> None:
    """Have an operator at the terminal, who types these lines."""
    for module in (acting, switching):
        monkeypatch.setattr(module, "interactive", lambda: True)
    monkeypatch.setattr(sys, "stdin", io.StringIO("".join(f"{line}\n" for line in lines)))


def test_a_proved_switch_exits_with_0_and_says_each_sbc_on_stdout(act: Cli, stage: SwitchStage) -> None:
    done = act("switch", "out", "--to", "blue", *SURE)
    assert done.code == 0, done.err
    lines = done.out.splitlines()
    assert [line.partition(": ")[0] for line in lines] == ["out on one", "out on two", "out"]
    assert lines[-1] == "out: verified: switched to blue: one, two; undo takes back one and two"
    assert routes(stage) == ["blue", "blue"]
    assert "one: " in done.err, "progress is on stderr"
    assert stage.records()[0].reason == "ticket 7"


def test_a_route_that_reads_back_without_a_call_counts_as_done(act: Cli, stage: SwitchStage) -> None:
    for sbc in stage.sbcs.values():
        sbc.call_every_s = 0.0
    done = act("switch", "out", "--to", "blue", "--sbc", "two", *SURE)
    assert done.code == 0
    assert "out: routed: switched to blue: two; no call has shown it yet on two" in done.out
    assert routes(stage) == ["red", "blue"]


def test_a_dry_run_shows_each_sbc_word_for_word_and_sends_nothing(act: Cli, stage: SwitchStage) -> None:
    done = act("switch", "out", "--to", "blue", "--dry-run")
    assert done.code == 0, "only the operator's word is missing"
    assert done.out.startswith("Plan              Switch out to blue on one, two\n")
    assert "one               red -> blue   10 calls stay; 10 to move; room 180 of 200" in done.out
    assert '"database put trunk out blue"   over ssh noc@192.0.2.1' in done.out
    for heading in ("Will run", "Consequence", "Proof", "Undo", "Needs", "Guard", "To state"):
        assert f"\n{heading:<18}" in done.out, heading
    assert "[wants the group's name, a yes]" in done.out
    assert routes(stage) == ["red", "red"]
    assert stage.records() == []


def test_the_json_document_has_everything_and_nothing_else_is_on_stdout(act: Cli) -> None:
    done = act("switch", "out", "--to", "blue", *SURE, "--format", "json")
    document = json.loads(done.out)
    assert document["schema"] == "trunktui.switch/1"
    assert document["exit_code"] == done.code == 0
    golden = json.loads(GOLDEN.read_text(encoding="utf-8"))
    assert document.keys() == golden.keys()
    assert [part["sbc"] for part in document["parts"]] == ["one", "two"]
    for part in document["parts"]:
        assert part.keys() == golden["parts"][0].keys()
        assert (part["from"], part["to"], part["outcome"]["ending"]) == ("red", "blue", "verified")


def test_a_refusal_is_a_document_too_and_is_recorded(act: Cli, stage: SwitchStage) -> None:
    for name in SBCS:
        stage.die(f"blue@{name}")
    done = act("switch", "out", "--to", "blue", *SURE, "--format", "json")
    document = json.loads(done.out)
    assert (done.code, document["ending"]) == (2, "refused")
    assert "nothing was sent" in document["sentence"]
    assert routes(stage) == ["red", "red"]
    assert [record.kind.value for record in stage.records()] == ["refused", "refused"]


def test_the_first_sbc_without_proof_ends_it_and_the_rest_is_told_as_untouched(
    act: Cli, stage: SwitchStage
) -> None:
    StagedRun.ctrl_c_at = 2
    done = act("switch", "out", "--to", "blue", *SURE)
    assert done.code == 3
    assert "out on one: unverified: interrupted; it may have been done" in done.out
    assert "out on two: untouched: two was not touched" in done.out
    assert "to look again, without sending: trunktui verify" in done.err
    assert routes(stage)[1] == "red"


def test_ctrl_c_in_the_middle_says_what_is_switched_and_what_is_not(act: Cli, stage: SwitchStage) -> None:
    StagedRun.ctrl_c_at = 4
    done = act("switch", "out", "--to", "blue", *SURE)
    assert done.code == 1, "something was sent, so it is no refusal"
    assert "out on one: verified" in done.out
    assert "out on two: refused: interrupted before sending" in done.out
    assert "switched to blue: one" in done.out
    assert routes(stage) == ["blue", "red"]


def test_a_script_breaks_no_glass_by_the_reason_that_it_gives_anyway(act: Cli, stage: SwitchStage) -> None:
    for name in SBCS:
        stage.die(f"red@{name}")
        stage.die(f"blue@{name}")
    refused = act("switch", "out", "--to", "blue", *SURE)
    assert refused.code == 2
    assert "break glass" in refused.out
    assert "add --break-glass" in refused.err
    assert routes(stage) == ["red", "red"]
    act("switch", "out", "--to", "blue", "--break-glass", *SURE)
    assert routes(stage)[0] == "blue"
    assert any(record.sentence.endswith("(break glass)") for record in stage.records())


def test_undo_takes_back_the_only_switch_and_then_there_is_nothing(act: Cli, stage: SwitchStage) -> None:
    assert act("undo", *SURE).code == 2
    assert act("switch", "out", "--to", "blue", *SURE).code == 0
    done = act("undo", *SURE)
    assert done.code == 0, done.err
    assert routes(stage) == ["red", "red"]
    again = act("undo", *SURE)
    assert (again.code, again.out) == (2, "")
    assert "nothing can be taken back" in again.err


def test_failback_waits_for_a_clean_first_trunk(act: Cli, stage: SwitchStage) -> None:
    for name in SBCS:
        stage.die(f"red@{name}")
    assert act("switch", "out", "--to", "blue", *SURE).code == 0
    for name in SBCS:
        stage.come_back(f"red@{name}")
    refused = act("failback", "out", *SURE)
    assert refused.code == 2
    assert "wait" in refused.out
    stage.run(asyncio.sleep(700))
    done = act("failback", "out", *SURE)
    assert done.code == 0, done.out + done.err
    assert routes(stage) == ["red", "red"]


@pytest.mark.parametrize(("argv", "said"), [
    (("switch", "out"), "--to"),
    (("switch", "nosuch", "--to", "blue", *SURE), "there is no trunk group 'nosuch': the config has out"),
    (("switch", "out", "--to", "pink", *SURE), "'pink' is no trunk of out: it has red, blue, green"),
    (("switch", "out", "--to", "blue", "--sbc", "three", *SURE), "there is no SBC 'three'"),
    (("switch", "out", "--to", "blue", "--sbc", "one", "--sbc", "one", *SURE), "named twice"),
    (("switch", "out", "--to", "blue", "--yes", "--reason", "x"), "--yes needs --reason TEXT and --name GROUP"),
    (("switch", "out", "--to", "blue"), "nobody can be asked here"),
    (("undo", "nosuch", *SURE), "there is no trunk group"),
])  # fmt: skip
def test_what_is_not_one_exact_wish_is_a_usage_error(
    act: Cli, stage: SwitchStage, argv: tuple[str, ...], said: str
) -> None:
    done = act(*argv)
    assert (done.code, done.out) == (64, "")
    assert said in done.err
    assert stage.records() == []


def test_the_wrong_name_is_refused_by_the_guards(act: Cli, stage: SwitchStage) -> None:
    done = act("switch", "out", "--to", "blue", "--yes", "--reason", "x", "--name", "in")
    assert done.code == 2
    assert "type out" in done.out
    assert routes(stage) == ["red", "red"]


def test_at_a_terminal_the_name_the_reason_and_a_yes_are_asked(
    act: Cli, stage: SwitchStage, monkeypatch: pytest.MonkeyPatch
) -> None:
    typed(monkeypatch, "out", "ticket 8", "y")
    assert act("switch", "out", "--to", "blue").code == 0
    assert stage.records()[0].reason == "ticket 8"
    assert routes(stage) == ["blue", "blue"]


def test_at_a_terminal_the_glass_is_broken_by_those_very_words(
    act: Cli, stage: SwitchStage, monkeypatch: pytest.MonkeyPatch
) -> None:
    for name in SBCS:
        stage.die(f"red@{name}")
        stage.die(f"blue@{name}")
    typed(monkeypatch, "out", "yes", "why", "y")
    done = act("switch", "out", "--to", "blue")
    assert done.code == 2
    assert "'yes' is not break glass" in done.err
    assert routes(stage) == ["red", "red"]
    typed(monkeypatch, "out", "break glass", "why", "y")
    act("switch", "out", "--to", "blue")
    assert routes(stage)[0] == "blue"


def test_where_one_sbc_is_refused_it_is_said_how_to_go_on_with_the_others(
    act: Cli, stage: SwitchStage
) -> None:
    stage.die("blue@one")
    done = act("switch", "out", "--to", "blue", *SURE)
    assert done.code == 2
    assert "to go on without one, where it is refused: --sbc two" in done.err
    assert act("switch", "out", "--to", "blue", *SURE, "--sbc", "two").code == 0
    assert routes(stage) == ["red", "blue"]


@pytest.mark.parametrize("lines", [("",), ("in", "why", "y"), ("out", "why", ""), ("out", "why", "n")])
def test_a_wrong_name_or_enter_alone_is_no(
    act: Cli, stage: SwitchStage, monkeypatch: pytest.MonkeyPatch, lines: tuple[str, ...]
) -> None:
    typed(monkeypatch, *lines, "", "")
    done = act("switch", "out", "--to", "blue")
    assert done.code == 2
    assert "nothing was sent" in done.err
    assert routes(stage) == ["red", "red"]


def test_waiting_is_for_a_target_that_is_up_and_has_not_answered_often_enough(stage: SwitchStage) -> None:
    sweep: Sweep = stage.run(stage.desk().prepare_switch(Wish(SwitchKind.SWITCH, "out", "blue")))
    back: Sweep = stage.run(stage.desk().prepare_switch(Wish(SwitchKind.FAILBACK, "out", sbcs=("one",))))
    snapshot = stage.fleet("jump1")

    def with_run(run: CleanRun | None) -> Snapshot:
        return replace(snapshot, legs=tuple(replace(leg, clean=run) for leg in snapshot.legs))

    now = snapshot.at
    assert waiting_for(sweep, with_run(CleanRun(2, now - 30)), now, Waits()) is None
    for few in (None, CleanRun(1, now)):
        assert "OPTIONS in a row answered" in (waiting_for(sweep, with_run(few), now, Waits()) or "")
    stage.die("blue@one")
    down = replace(snapshot, legs=stage.look())
    assert waiting_for(sweep, down, now, Waits()) is None, "waiting is no use"
    assert back.wish.to == "red"


def test_a_target_that_its_route_holds_out_is_watched_on_another_sbc(stage: SwitchStage) -> None:
    sweep: Sweep = stage.run(stage.desk().prepare_switch(Wish(SwitchKind.SWITCH, "out", "blue", ("one",))))
    (part,) = sweep.parts
    assert part.plan is not None
    assert part.plan.move is not None
    move = part.plan.move
    shares = (Share(Safe("blue"), held=True), *move.stands.shares)
    held = replace(part.plan, move=replace(move, stands=replace(move.stands, shares=shares)))
    sweep = replace(sweep, parts=(replace(part, plan=held),))
    now = stage.loop.time()

    def seen(there: LegState, answered: int) -> Snapshot:
        legs = {leg.id: leg for leg in stage.look()}
        legs["blue@one"] = replace(legs["blue@one"], state=LegState.ADMIN_OFF, clean=None)
        run = CleanRun(answered, now - 30)
        legs["blue@two"] = replace(legs["blue@two"], state=there, clean=run)
        return replace(stage.fleet("jump1"), legs=tuple(legs.values()))

    words = waiting_for(sweep, seen(LegState.UP, 1), now, Waits()) or ""
    assert words.startswith("watching blue@two: 1 of 2 OPTIONS in a row answered")
    assert waiting_for(sweep, seen(LegState.UP, 2), now, Waits()) is None
    assert waiting_for(sweep, seen(LegState.DOWN, 0), now, Waits()) is None, "waiting is no use"


class StubLooks:
    """Stands for the polled SBCs: each look is one OPTIONS more that blue has answered."""

    def __init__(self, stage: SwitchStage) -> None:
        self.stage = stage
        self.looked = 0
        self.sent = False
        self.interrupted_switch: Swept | None = None

    def snapshot(self, at: float) -> Snapshot:
        legs = (replace(leg, clean=CleanRun(1 + self.looked, at - 5)) for leg in self.stage.look())
        return replace(self.stage.fleet("jump1"), legs=tuple(legs))

    def desk(self) -> Any:
        return self

    async def again(self, names: Any) -> None:
        assert set(names) == {"one", "two"}
        self.looked += 1

    async def prepare_switch(self, wish: Wish, consent: Consent) -> Sweep:
        return await self.stage.desk().prepare_switch(wish, consent)

    async def perform_switch(self, sweep: Sweep, consent: Consent, tell: Any) -> Swept:
        self.sent = True
        signal.raise_signal(signal.SIGINT)
        try:
            await asyncio.sleep(60)
        except asyncio.CancelledError:
            said = Safe("switched to blue: one; two refused: interrupted before sending")
            self.interrupted_switch = Swept(sweep.action, sweep.wish, Ending.REFUSED, said)
            raise
        raise AssertionError("it was not interrupted")


@pytest.fixture
def looks(monkeypatch: pytest.MonkeyPatch) -> Iterator[StubLooks]:
    """What the real run of a command works on, without polling."""
    made = SwitchStage()
    found = StubLooks(made)

    @asynccontextmanager
    async def looking(*_: Any) -> AsyncIterator[StubLooks]:
        yield found

    monkeypatch.setattr(polled, "looking", looking)
    monkeypatch.setattr(switch_run, "_LOOK_EVERY_S", 0.0)
    monkeypatch.setattr(switch_run.SwitchRun, "_fleet", found)
    yield found
    made.close()


def test_it_looks_until_the_target_has_answered_often_enough_and_says_so(looks: StubLooks) -> None:
    told: list[Safe] = []
    run = switch_run.SwitchRun(cast("Any", SimpleNamespace(inventory=looks.stage.inventory, poll=Poll(30.0))))
    run.prepare(Wish(SwitchKind.SWITCH, "out", "blue"), Consent(), told.append)
    assert looks.looked == 1
    assert told == ["watching blue@one: 1 of 2 OPTIONS in a row answered; nothing is sent yet"]
    looks.looked = 0
    run.prepare(Wish(SwitchKind.FAILBACK, "out"), Consent(), told.append, patient=False)
    assert looks.looked == 0, "a dry run of a failback does not wait"


def test_a_signal_in_the_middle_gives_the_whole_picture(looks: StubLooks) -> None:
    run = switch_run.SwitchRun(cast("Any", SimpleNamespace(inventory=looks.stage.inventory, poll=Poll(30.0))))
    sweep, _ = run.prepare(Wish(SwitchKind.SWITCH, "out", "blue"), Consent(), lambda _: None)
    swept = run.perform(sweep, Consent(yes=True, typed="out"), lambda _: None)
    assert looks.sent
    assert "two refused: interrupted before sending" in swept.sentence


def test_the_sbcs_that_are_polled_are_those_of_the_group_and_of_whoever_shares_its_caps(
    stage: SwitchStage,
) -> None:
    fleet = stage.inventory
    binding = fleet.trunks[0].bindings[0]
    others = (
        Trunk("shared", account="a", bindings=(replace(binding, trunk="shared", sbc="three"),)),
        Trunk("apart", bindings=(replace(binding, trunk="apart", sbc="four"),)),
    )
    trunks = (replace(fleet.trunks[0], account="a"), *fleet.trunks[1:], *others)
    wide = replace(fleet, trunks=trunks, accounts=(Account("a", "alpha"),))
    assert needed_for(wide, "out") == {"one", "two", "three"}


def test_group_trunk_and_sbc_names_are_completed(tmp_path: Path) -> None:
    path = tmp_path / "prod.toml"
    path.write_text(CONFIG)
    path.chmod(0o600)
    for words, begun, found in (
        ("switch", "", "out"),
        ("switch out --to", "b", "blue"),
        ("switch out --sbc", "t", "two"),
        ("undo", "o", "out"),
    ):
        env = {
            "_TRUNKTUI_COMPLETE": "bash_complete",
            "COMP_WORDS": f"trunktui --config {path} {words} {begun}",
            "COMP_CWORD": str(len(words.split()) + 3),
        }
        done = CliRunner().invoke(trunktui, prog_name="trunktui", env=env)
        assert found in {line.partition(",")[2] for line in done.output.splitlines()}, done.output
