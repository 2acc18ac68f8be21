"""`reregister`, `probe` and `verify` on a made-up fleet: what is asked, printed, and exited with."""

from __future__ import annotations

import io
import json
import os
import subprocess
import sys
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest

from tests.actions.far_side import Carrier, Cut, Far
from tests.actions.scene import Stage
from tests.cli.conftest import Outcome
from tests.transport.sshd import free_port
from trunktui.cli import acting, action_run
from trunktui.present.action import Shown

Cli = Callable[..., Outcome]
WHY = ("--yes", "--reason", "ticket 7", "--name", "out")


@pytest.fixture
def stage(monkeypatch: pytest.MonkeyPatch) -> Iterator[Stage]:
    """The stage of the action tests in place of polling and SSH."""
    made = Stage()
    seen = {"desk": made.desk("alice")}

    def prepare(config: Any, verb: Any, leg: str, batch: Any, consent: Any) -> Any:
        prepared = made.run(seen["desk"].prepare(verb, leg, batch, consent))
        p = prepared
        return p, Shown(
            p.action, verb, leg, p.plan, p.commands, p.rulings, legs=made.look(), over="noc@192.0.2.1"
        )

    monkeypatch.setattr(action_run, "prepare", prepare)
    monkeypatch.setattr(
        action_run, "perform", lambda _, p, c, tell: made.run(seen["desk"].perform(p, c, tell))
    )
    monkeypatch.setattr(action_run, "refuse", lambda _, p, c: made.run(seen["desk"].refuse(p, c)))
    monkeypatch.setattr(action_run, "open_actions", lambda _: made.run(seen["desk"].open()))
    monkeypatch.setattr(action_run, "verify", lambda _, act: made.run(seen["desk"].verify(act)))
    yield made
    made.close()


@pytest.fixture
def act(cli: Cli, config_path: Path, stage: Stage) -> Cli:
    """Run one command on the stage."""
    return lambda *argv: cli("--config", config_path, *argv)


def typed(monkeypatch: pytest.MonkeyPatch, *lines: str) -> None:
    """Have an operator at the terminal, who types these lines."""
    monkeypatch.setattr(acting, "interactive", lambda: True)
    monkeypatch.setattr(sys, "stdin", io.StringIO("".join(f"{line}\n" for line in lines)))


def test_a_proved_action_exits_with_0_and_says_so_on_stdout(act: Cli, stage: Stage) -> None:
    done = act("reregister", "red@one", *WHY)
    assert done.code == 0, done.err
    assert done.out.startswith("red@one: verified after ")
    assert "Will run          sudo -n -u asterisk /usr/bin/timeout -k 1 5" in done.err
    assert "Unregistered, next attempt in" in done.err
    assert len(stage.sbcs["one"].commanded) == 1


def test_the_json_document_has_everything_and_nothing_else_is_on_stdout(act: Cli) -> None:
    done = act("reregister", "red@one", *WHY, "--format", "json")
    document = json.loads(done.out)
    assert document["schema"] == "trunktui.action/1"
    assert document["exit_code"] == done.code == 0
    (action,) = document["actions"]
    assert set(action) == {"action", "verb", "leg", "sbc", "plan", "guards", "outcome"}
    assert action["outcome"]["ending"] == "verified"
    assert action["outcome"]["evidence"][0]["source"] == "pjsip show registration red"
    assert action["plan"]["commands"][0].endswith('"/usr/sbin/asterisk" "-rx" "pjsip send register red"')
    assert {guard["guard"] for guard in action["guards"]} >= {"known", "write", "fresh", "last_path"}


def test_a_dry_run_prints_the_plan_and_the_guards_and_sends_nothing(act: Cli, stage: Stage) -> None:
    done = act("reregister", "red@one", "--dry-run")
    assert done.code == 0, "only the operator's word is missing"
    for heading in ("Force re-register", "Will run", "Consequence", "Proof", "Undo", "Needs", "Stays up", "Guard", "To state"):  # fmt: skip
        assert heading in done.out
    assert "confirmed: say yes to reregister red@one [wants a yes]" in done.out
    assert stage.sbcs["one"].asks == 0
    assert stage.books["jump1"] == []
    assert act("reregister", "nosuch@one", "--dry-run").code == 2


def test_the_first_failure_ends_the_command(act: Cli, stage: Stage) -> None:
    stage.sbcs["one"].carrier["red"] = Carrier.SILENT
    done = act("reregister", "red@one", "blue@two", *WHY, "--format", "json")
    document = json.loads(done.out)
    assert (done.code, len(document["actions"])) == (1, 1)
    assert stage.sbcs["two"].commanded == []


def test_several_legs_go_one_after_the_other(act: Cli, stage: Stage) -> None:
    done = act("reregister", "red@one", "blue@two", *WHY)
    assert done.code == 0, done.err
    assert [line.split(":")[0] for line in done.out.splitlines()] == ["red@one", "blue@two"]


def test_a_refusal_exits_with_2_and_names_the_guard(act: Cli, stage: Stage) -> None:
    assert act("reregister", "red@one", *WHY).code == 0
    done = act("reregister", "red@one", *WHY)
    assert done.code == 2
    assert "refused after" in done.out
    assert "pause: red@one was done" in done.out
    assert len(stage.sbcs["one"].commanded) == 1


def test_no_proof_exits_with_3_and_says_how_to_look_again(act: Cli, stage: Stage) -> None:
    stage.sbcs["one"].cuts = [None, Cut(1, Far.DONE)]
    done = act("reregister", "red@one", *WHY)
    assert done.code == 3
    assert "to look again, without sending: trunktui verify red@one" in done.err
    again = act("verify")
    assert again.code in {0, 3}
    assert again.out.startswith("reregister red@one by alice, 0 min ago: ")
    assert len(stage.sbcs["one"].commanded) == 1


def test_what_is_unfinished_is_mentioned_before_the_next_action(act: Cli, stage: Stage) -> None:
    stage.sbcs["one"].cuts = [None, Cut(1, Far.NOT_DONE)]
    act("reregister", "red@one", *WHY)
    done = act("reregister", "blue@two", *WHY)
    assert "unfinished: reregister red@one by alice" in done.err


def test_with_nothing_unfinished_verify_says_so(act: Cli) -> None:
    assert act("verify") == (0, "nothing is unfinished\n", "")


@pytest.mark.parametrize("argv", [("reregister",), ("reregister", "*@one"), ("reregister", "red"), ("reregister", "red@one", "red@one"),
                                  ("reregister", "red@one"), ("reregister", "red@one", "--yes"), ("probe", "r?d@one")])  # fmt: skip
def test_what_is_not_one_exact_wish_is_a_usage_error(act: Cli, stage: Stage, argv: tuple[str, ...]) -> None:
    extra = ("--dry-run",) if len(argv) == 2 and argv[1] != "red@one" and argv[0] != "probe" else ()
    done = act(*argv, *extra)
    assert done.code == 64
    assert done.out == ""
    assert stage.sbcs["one"].asks == 0


def test_without_a_terminal_nobody_is_asked(act: Cli) -> None:
    assert "use --yes --reason TEXT, or --dry-run" in act("reregister", "red@one").err


def test_at_a_terminal_the_reason_is_asked_and_a_yes(
    act: Cli, stage: Stage, monkeypatch: pytest.MonkeyPatch
) -> None:
    typed(monkeypatch, "ticket 8", "y")
    assert act("reregister", "red@one").code == 0
    assert stage.books["jump1"][0].record.reason == "ticket 8"


@pytest.mark.parametrize("answer", ["", "n", "yes please"])
def test_enter_alone_is_no(act: Cli, stage: Stage, monkeypatch: pytest.MonkeyPatch, answer: str) -> None:
    typed(monkeypatch, "", answer, "n")
    done = act("reregister", "red@one")
    assert done.code == 2
    assert "nothing was sent" in done.err
    assert stage.sbcs["one"].commanded == []


def test_the_last_healthy_leg_is_only_touched_by_the_groups_name(
    act: Cli, stage: Stage, monkeypatch: pytest.MonkeyPatch
) -> None:
    for name, sbc in stage.sbcs.items():
        for trunk, row in sbc.rows.items():
            if (trunk, name) != ("red", "one"):
                row.word, row.due = "Rejected", stage.loop.time() + 500
    typed(monkeypatch, "red", "why", "y")
    assert act("reregister", "red@one").code == 2
    assert stage.sbcs["one"].commanded == []
    typed(monkeypatch, "out", "why", "y")
    done = act("reregister", "red@one")
    assert "Type the group's name to go on" in done.err + done.out
    assert done.code == 0, done.err


def test_a_refused_leg_wants_to_know_whether_it_was_fixed(
    act: Cli, stage: Stage, monkeypatch: pytest.MonkeyPatch
) -> None:
    row = stage.sbcs["one"].rows["red"]
    row.word, row.due = "Rejected", stage.loop.time() + 500
    typed(monkeypatch, "n")
    assert act("reregister", "red@one").code == 2
    typed(monkeypatch, "y", "new password", "y")
    assert act("reregister", "red@one").code == 0


def test_an_sbc_that_cannot_be_asked_is_a_refusal_that_says_why_and_is_in_the_audit_log(
    tmp_path: Path,
) -> None:
    config = tmp_path / "prod.toml"
    config.write_text(
        f'[[sbc]]\nname = "one"\nhost = "127.0.0.1"\nwrite = true\n[sbc.ssh]\nport = {free_port()}\n'
        '[[trunk]]\nname = "red"\nsbcs = ["one"]\n'
    )
    config.chmod(0o600)
    done = subprocess.run(
        [sys.executable, "-m", "trunktui", "--config", str(config), "reregister", "red@one", *WHY, "--format", "json"],
        capture_output=True, text=True, timeout=60, check=False,
        env={**os.environ, "XDG_STATE_HOME": str(tmp_path / "state"), "HOME": str(tmp_path)},
    )  # fmt: skip
    assert done.returncode == 2, done.stderr
    (action,) = json.loads(done.stdout)["actions"]
    assert "connection refused by 127.0.0.1" in action["outcome"]["sentence"]
    assert "Traceback" not in done.stderr
    (log,) = (tmp_path / "state").rglob("audit.jsonl")
    assert json.loads(log.read_text())["record"]["kind"] == "refused"
