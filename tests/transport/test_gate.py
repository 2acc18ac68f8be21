"""Compare before set: the shell's verdict on what a gate printed, held against a plain one in slow Python."""

from __future__ import annotations

import json
import shutil
import subprocess
from pathlib import Path

import pytest
from hypothesis import example, given, settings
from hypothesis import strategies as st

from tests.transport.test_script import NONCE, SHELLS, run
from trunktui.model.ask import GATE_CLOSED, Command, Lock, SshAsk
from trunktui.model.gate import Expected, closes
from trunktui.transport.jsonrpc import plain, unfolded
from trunktui.transport.lines import safe_lines
from trunktui.transport.script import Stream, build_script, split_answer

FIXTURES = Path(__file__).parent.parent / "fixtures"
LISTED = (FIXTURES / "kamailio" / "mixed-with-calls" / "destinations.out").read_bytes()
WORDS = ["URI:", "sip:a", "sip:ab", "FLAGS:", "AP", "DX", "ID:", "1", "2", "SET:", "TARGETS:", "{", "*", "a[b]", "x\\y", "-n", "$x", "~"]  # fmt: skip
BLANKS = [" ", "  ", "\n", "\t", "\n\n", " \n "]


def gate(program: str, expect: Expected, between: tuple[str, str] = ("", ""), unless: str = "") -> Command:
    """Return a gate that prints what `program` prints."""
    return Command("state", (program,), False, gate=True, unless=unless, expect=expect, between=between)


def asked(command: Command) -> SshAsk:
    """Return an ask with a step behind that gate."""
    return SshAsk((command, Command("step", ("/bin/echo", "done"), False)))


def told(shell: str, folder: Path, said: bytes, expect: Expected, between: tuple[str, str] = ("", "")) -> tuple[int | None, int | None, tuple[str, ...]]:  # fmt: skip
    """Return the status of the gate, that of the step, and what was printed, by a real shell."""
    (folder / "said").write_bytes(said)
    program = folder / "say"
    if not program.exists():
        program.write_text(f"#!/bin/sh\nexec cat {folder}/said\n")
        program.chmod(0o755)
    ask = asked(gate(str(program), expect, between))
    out, err = run(shell, build_script(ask, NONCE, None), folder)
    split = split_answer(ask, NONCE, Stream(out), Stream(err))
    assert split.complete
    first, step = split.replies
    return first.status, step.status, first.lines


def slow(said: str, expect: Expected, between: tuple[str, str]) -> bool:
    """Whether the gate is open, said as plainly as can be."""
    text = " " + " ".join(said.replace("\t", " ").replace("\n", " ").split(" ")) + " "
    while "  " in text:
        text = text.replace("  ", " ")
    if between[0]:
        _, found, text = text.partition(f" {between[0]} ")
        if not found:
            return False
        text = f" {text}"
        if between[1]:
            text = text.partition(f" {between[1]} ")[0] + " "
    return all(
        any(f" {one} " in text for one in ((each,) if isinstance(each, str) else each)) for each in expect
    )


texts = st.lists(st.tuples(st.sampled_from(WORDS), st.sampled_from(BLANKS)), max_size=14).map(
    lambda pairs: "".join(word + blank for word, blank in pairs)
)
plain_words = st.lists(st.sampled_from([word for word in WORDS if set(word).isdisjoint("{*[]\\$~")]), min_size=1, max_size=3).map(" ".join)  # fmt: skip
wanted = st.lists(plain_words | st.lists(plain_words, min_size=1, max_size=3).map(tuple), max_size=3).map(tuple)  # fmt: skip
parts = st.tuples(plain_words, plain_words | st.just("")) | st.just(("", ""))


@settings(max_examples=40, deadline=None)
@given(texts, wanted.filter(bool), parts)
@example("ID: 1 TARGETS: { URI: sip:a FLAGS: DX } SET: { ID: 2 URI: sip:a FLAGS: AP", ("URI: sip:a FLAGS: DX",), ("ID: 1", "SET:"))  # fmt: skip
@example("ID: ID: 1 AP\n", ("AP",), ("ID: 1", ""))
@example("1 1 2 AP DX", ("AP",), ("1 2", "AP"))
@example("-n", ("-n",), ("", ""))
def test_the_shell_and_the_plain_reading_agree(
    tmp_path_factory: pytest.TempPathFactory, said: str, expect: Expected, between: tuple[str, str]
) -> None:
    folder = tmp_path_factory.mktemp("gate")
    status, step, printed = told("dash", folder, said.encode(), expect, between)
    opened = slow(said, expect, between)
    assert (status, step) == ((0, 0) if opened else (GATE_CLOSED, None))
    assert closes((said,), "", expect, between) is not opened
    assert "\n".join(printed).replace("␉", " ").split() == said.split(), "what it printed is still told"


@settings(max_examples=500, deadline=None)
@given(texts, wanted.filter(bool), parts)
def test_what_a_control_port_says_is_judged_the_same(said: str, expect: Expected, between: tuple[str, str]) -> None:  # fmt: skip
    assert closes(said.split("\n"), "", expect, between) is not slow(said, expect, between)


SET_1 = ("ID: 1 TARGETS:", "SET:")
ACME = "URI: sip:10.77.0.21:5060"


@pytest.mark.parametrize("shell", SHELLS)
def test_every_login_shell_compares_a_set_of_a_real_list(shell: str, tmp_path: Path) -> None:
    assert told(shell, tmp_path, LISTED, ((f"{ACME} FLAGS: DX", f"{ACME} FLAGS: AP"),), SET_1)[:2] == (0, 0)
    assert told(shell, tmp_path, LISTED, (f"{ACME} FLAGS: DX",), SET_1)[:2] == (GATE_CLOSED, None)
    other = "URI: sip:10.77.0.21:5070"
    assert told(shell, tmp_path, LISTED, (other,))[:2] == (0, 0)
    assert told(shell, tmp_path, LISTED, (other,), SET_1)[:2] == (GATE_CLOSED, None), "it is of another set"
    assert told(shell, tmp_path, LISTED, (ACME,), ("ID: 9 TARGETS:", "SET:"))[:2] == (GATE_CLOSED, None)


@pytest.mark.parametrize("shell", ["dash", "bash", "ksh", "busybox"])
def test_any_bash_like_shell_as_sh_itself_gives_the_same_verdict(shell: str, tmp_path: Path) -> None:
    program = shutil.which(shell)
    if program is None:
        pytest.skip(f"{shell} is not installed")
    say = tmp_path / "say"
    say.write_text('#!/bin/sh\nprintf "Value:\\t a*b  \\n-n x\\\\y SET: Value: c\\n\\n"\n')
    say.chmod(0o755)
    for expect, between, status in [
        (("Value:",), ("", ""), 0),
        (("-n",), ("Value:", "SET:"), 0),
        (("Value: c",), ("Value:", "SET:"), GATE_CLOSED),
        (("Value: c",), ("SET:", ""), 0),
    ]:
        ask = asked(gate(str(say), expect, between))
        script = build_script(ask, NONCE, None).split("'")[1]
        argv = [program, "sh", "-c", script] if shell == "busybox" else [program, "-c", script]
        done = subprocess.run(argv, stdin=subprocess.DEVNULL, capture_output=True, timeout=30, check=False)
        split = split_answer(ask, NONCE, Stream(done.stdout), Stream(done.stderr))
        assert split.complete
        assert split.replies[0].status == status
        assert split.replies[0].lines == ("Value:␉ a*b  ", "-n x\\y SET: Value: c")


def test_json_is_compared_in_the_words_of_kamcmd() -> None:
    body = (
        (FIXTURES / "kamailio-http" / "http_dispatcher.list.txt")
        .read_bytes()
        .replace(b"\r", b"")
        .partition(b"\n\n")[2]
    )
    assert json.loads(body)["result"]["NRSETS"] == 2
    for text in (body, json.dumps(json.loads(body)).encode()):
        lines = plain(safe_lines(unfolded(text)))
        assert not closes(lines, "", (f"{ACME} FLAGS: AX",), SET_1)
        assert closes(lines, "", (f"{ACME} FLAGS: DX",), SET_1)
        assert closes(lines, "", ("URI: sip:10.77.0.21:5070",), SET_1)
    assert plain(("Value: a,", '"b"')) == ("Value: a,", '"b"'), "only JSON is read so"


def test_a_command_that_failed_keeps_its_own_status(tmp_path: Path) -> None:
    program = tmp_path / "fails"
    program.write_text("#!/bin/sh\necho no; exit 7\n")
    program.chmod(0o755)
    ask = asked(gate(str(program), ("yes",), ("a", "b")))
    out, err = run("dash", build_script(ask, NONCE, None), tmp_path)
    assert [reply.status for reply in split_answer(ask, NONCE, Stream(out), Stream(err)).replies] == [7, None]


@pytest.mark.parametrize("text", ["", " a", "a ", "a  b", "a\nb", 'a"b', "a'b", "$a", "`id`", "a;b", "a\\b", "a!", "é"])  # fmt: skip
def test_only_plain_texts_can_be_expected(text: str) -> None:
    other = text or "'"
    tried: list[tuple[Expected, tuple[str, str]]] = [
        ((text,), ("", "")),
        ((("a", text),), ("", "")),
        (("a",), (other, "")),
        (("a",), ("a", other)),
    ]
    for expect, between in tried:
        with pytest.raises(ValueError, match="cannot be expected"):
            build_script(asked(gate("/bin/echo", expect, between)), NONCE, None)


def test_a_gate_that_could_never_open_is_the_callers_bug() -> None:
    tried: list[tuple[Expected, tuple[str, str]]] = [(((),), ("", "")), (("a",), ("", "b"))]
    for expect, between in tried:
        with pytest.raises(ValueError, match="nothing that could be there"):
            build_script(asked(gate("/bin/echo", expect, between)), NONCE, None)
    with pytest.raises(ValueError, match="more than"):
        build_script(asked(gate("/bin/echo", ("a" * 40_000,))), NONCE, None)


def test_the_script_with_a_gate_holds_no_character_that_a_login_shell_acts_on() -> None:
    ask = asked(gate("/bin/echo", ("Value: a", ("b", "c")), ("x y", "z"), unless="NOREG"))
    _, script, rest = build_script(ask, NONCE, None).split("'")
    assert not rest
    assert not set(script) & set("'!\\\n\r")


def test_the_lock_is_held_on_from_the_first_command_that_sets_something() -> None:
    look = gate("/bin/echo", ("a",))
    first = Command("first", ("/bin/true",), False, gate=True, sets=True)
    script = build_script(SshAsk((look, first, *asked(look).commands[1:]), Lock("/bin/sh", "trunktui-by-a@b:c", 5)), NONCE, None)  # fmt: skip
    assert script.index("y; h; g 2 ") < script.index("r 3 ")
