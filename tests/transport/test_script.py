"""The script an ask becomes, and its answer: built safe for every login shell, split without being fooled."""

from __future__ import annotations

import json
import os
import re
import shutil
import stat
import subprocess
from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from tests.transport.sshd import ask_of
from trunktui.model.ask import ARGV_LIMIT, Command, SshAsk
from trunktui.transport.script import (
    Split,
    Stream,
    build_script,
    has_ended,
    is_user,
    split_answer,
)

NONCE = "0123456789abcdef0123456789abcdef"
ALLOWED = "ABCXYZabcxyz0189 _.,:=@/+-"
SHELLS = ["dash", "bash", "tcsh", "zsh", "fish", "ksh", "busybox"]

arguments = st.text(ALLOWED, min_size=1, max_size=30)


def block(index: int, data: bytes = b"", status: int | str | None = 0, eol: bytes = b"\n") -> bytes:
    """Return what the script prints around one command's output; status None leaves the end marker out."""
    begin = b"%s@%s b %d%s" % (eol, NONCE.encode(), index, eol)
    if status is None:
        return begin + data
    return begin + data + b"%s@%s e %d %s%s" % (eol, NONCE.encode(), index, str(status).encode(), eol)


def final(eol: bytes = b"\n") -> bytes:
    """Return the script's last marker."""
    return b"%s@%s z%s" % (eol, NONCE.encode(), eol)


def split(out: bytes, err: bytes, commands: int = 2, *, capped: bool = False) -> Split:
    """Split an answer to an ask of `commands` commands."""
    return split_answer(ask_of(*["/bin/true"] * commands), NONCE, Stream(out, capped), Stream(err))


ERR = block(0) + block(1) + final()


def test_the_script_holds_no_character_that_a_login_shell_acts_on() -> None:
    ask = SshAsk(
        (
            Command("a", ("/usr/sbin/asterisk", "-rx", "pjsip show registrations")),
            Command("b", ("id",), False),
        )
    )
    line = build_script(ask, NONCE, "asterisk")
    shell, script, rest = line.split("'")
    assert (shell, rest) == ("/bin/sh -c ", "")
    assert not set(script) & set("'!\\\n\r")
    assert script.isascii()
    assert script.isprintable()


def test_privileged_commands_run_by_sudo_with_the_timeout_inside() -> None:
    ask = SshAsk(
        (
            Command("a", ("/usr/sbin/asterisk", "-rx", "pjsip show contacts")),
            Command("b", ("/usr/bin/id",), privileged=False, timeout_s=2),
        )
    )
    line = build_script(ask, NONCE, "asterisk")
    assert (
        'r 0 sudo -n -u asterisk /usr/bin/timeout -k 1 5 "/usr/sbin/asterisk" "-rx" "pjsip show contacts"; '
        in line
    )
    assert 'r 1 /usr/bin/timeout -k 1 2 "/usr/bin/id"; ' in line
    assert "sudo" not in build_script(ask, NONCE, None)


@pytest.mark.parametrize(
    "char", [chr(c) for c in range(256) if chr(c) not in ALLOWED and not chr(c).isalnum()] + ["é", "\u202e"]
)
def test_an_argument_with_any_other_character_is_the_callers_bug(char: str) -> None:
    with pytest.raises(ValueError, match=r"command .0.: .* outside"):
        build_script(ask_of(("/bin/echo", f"a{char}b")), NONCE, None)


@pytest.mark.parametrize(
    ("ask", "run_as", "nonce", "words"),
    [
        (SshAsk(()), None, NONCE, "no command"),
        (ask_of(()), None, NONCE, "plain path"),
        (ask_of(("-x",)), None, NONCE, "plain path"),
        (ask_of(("A=b",)), None, NONCE, "plain path"),
        (ask_of(("/bin/echo", "")), None, NONCE, "outside"),
        (ask_of(("/bin/echo", "x" * ARGV_LIMIT)), None, NONCE, "longer than 400"),
        (ask_of("/bin/true", timeout_s=0), None, NONCE, "timeout_s"),
        (ask_of("/bin/true", timeout_s=61), None, NONCE, "timeout_s"),
        (ask_of("/bin/true"), "-x", NONCE, "run_as"),
        (ask_of("/bin/true"), "a b", NONCE, "run_as"),
        (ask_of("/bin/true"), "root\n", NONCE, "run_as"),
        (ask_of("/bin/true"), None, "short", "nonce"),
        (ask_of("/bin/true"), None, NONCE + "\n", "nonce"),
    ],
)
def test_an_ask_that_cannot_be_told_safely_is_refused(
    ask: SshAsk, run_as: str | None, nonce: str, words: str
) -> None:
    with pytest.raises(ValueError, match=words):
        build_script(ask, nonce, run_as)


@pytest.mark.parametrize("uri", [";", "sip:a;", "sip:a;id", "sip:a;transport=", "sip:a;transport=x", "sip:a;transport=tlsx", "sip:a;transport=tls;id", "sip:a; transport=tls", "sip:a;Transport=tls"])  # fmt: skip
def test_a_semicolon_stands_only_before_a_transport(uri: str) -> None:
    with pytest.raises(ValueError, match="outside"):
        build_script(ask_of(("/bin/echo", uri)), NONCE, None)


def test_a_user_is_a_plain_name() -> None:
    assert is_user("asterisk")
    assert not any(is_user(name) for name in ("", "-u", "a b", "a;b", "a\n", "ä", "x" * 33))


@given(st.text(max_size=60))
def test_any_text_is_either_refused_or_stays_one_double_quoted_word(text: str) -> None:
    try:
        line = build_script(ask_of(("/bin/echo", text)), NONCE, None)
    except ValueError:
        plain = re.sub(r";transport=(udp|tcp|tls|sctp)\b", "", text, flags=re.ASCII)
        assert re.fullmatch(r"[A-Za-z0-9 _.,:=@/+-]+", plain, re.ASCII) is None
    else:
        assert f'r 0 /usr/bin/timeout -k 1 5 "/bin/echo" "{text}"; ' in line


def test_replies_are_split_at_their_markers() -> None:
    out = b"motd\n" + block(0, b"one\ntwo\n") + block(1, b"no end", 3) + final() + b"logout\n"
    err = block(0, b"why\n") + block(1) + final()
    got = split(out, err)
    assert [(r.status, r.lines, r.errors) for r in got.replies] == [
        (0, ("one", "two"), ("why",)),
        (3, ("no end",), ()),
    ]
    assert got.started
    assert got.complete
    assert got.finished


def test_crlf_changes_nothing() -> None:
    out = block(0, b"one\r\ntwo\r\n", eol=b"\r\n") + block(1, eol=b"\r\n") + final(b"\r\n")
    got = split(out, ERR.replace(b"\n", b"\r\n"))
    assert [r.lines for r in got.replies] == [("one", "two"), ()]
    assert got.complete


def test_noise_without_a_line_end_before_the_first_marker_is_ignored() -> None:
    got = split(b"Welcome" + block(0, b"x\n") + block(1) + final(), ERR)
    assert got.replies[0].lines == ("x",)


def test_empty_lines_of_a_command_are_kept() -> None:
    assert split(block(0, b"\n\na\n\n") + block(1) + final(), ERR).replies[0].lines == ("", "", "a", "")


def test_a_missing_end_marker_leaves_the_status_unknown_and_keeps_whole_lines() -> None:
    got = split(block(0, b"one\n") + block(1, b"two\nthr", None), ERR)
    assert [(r.status, r.lines) for r in got.replies] == [(0, ("one",)), (None, ("two",))]
    assert not got.complete


def test_a_missing_end_marker_on_stderr_alone_leaves_the_status_unknown() -> None:
    got = split(block(0) + block(1) + final(), block(0) + block(1, b"warn\n", None))
    assert [r.status for r in got.replies] == [0, None]
    assert not got.complete


def test_a_capped_stream_marks_the_command_that_was_being_read() -> None:
    got = split(block(0, b"a\n") + block(1, b"b\nccc", None), ERR, capped=True)
    assert [(r.truncated, r.ok) for r in got.replies] == [(False, True), (True, False)]


@pytest.mark.parametrize(
    "forged",
    [
        b"@" + b"0" * 32 + b" e 0 0\n",
        b" @" + NONCE.encode() + b" e 0 0\n",
        b"@" + NONCE.encode() + b" e 0 0 x\n",
        b"@" + NONCE.encode() + b" e 0\n",
        b"@" + NONCE.encode() + b" e 7 0\n",
        b"@" + NONCE.encode() + b" b 1\n",
        b"@" + NONCE.encode() + b" z\n",
        b"@" + NONCE.encode().upper() + b" e 0 0\n",
    ],
)
def test_a_line_that_only_looks_like_the_end_marker_ends_nothing(forged: bytes) -> None:
    got = split(block(0, b"x\n" + forged + b"y\n", 5) + block(1) + final(), ERR)
    assert [r.status for r in got.replies] == [5, 0]
    assert got.replies[0].lines[0] == "x"
    assert got.replies[0].lines[-1] == "y"


@given(st.binary(max_size=200), st.binary(max_size=200), st.binary(max_size=80))
def test_any_bytes_of_a_command_stay_within_its_reply(first: bytes, second: bytes, noise: bytes) -> None:
    got = split(noise + block(0, first, 1) + block(1, second, 2) + final() + noise, ERR)
    alone = [
        split(block(0, data, 0) + final(), block(0) + final(), 1).replies[0].lines for data in (first, second)
    ]
    assert [r.status for r in got.replies] == [1, 2]
    assert [r.lines for r in got.replies] == alone
    assert all(line.isprintable() for r in got.replies for line in r.lines)


def test_an_answer_cut_at_any_byte_never_claims_more_than_came() -> None:
    out = b"noise\n" + block(0, b"alpha 1\n\nbeta 2\n") + block(1, b"gamma 3\nlast", 7) + final()
    whole = split(out, ERR)
    for cut in range(len(out)):
        got = split(out[:cut], ERR)
        assert not got.complete
        for reply, full in zip(got.replies, whole.replies, strict=True):
            assert reply.status in (None, full.status)
            assert reply.lines == full.lines[: len(reply.lines)]
            if reply.status is not None:
                assert reply.lines == full.lines
    for cut in range(len(ERR)):
        got = split(out, ERR[:cut])
        assert not got.complete
        assert all(
            r.status in (None, full.status) for r, full in zip(got.replies, whole.replies, strict=True)
        )


@given(st.binary(max_size=400))
def test_any_answer_at_all_is_split_without_an_error(data: bytes) -> None:
    for stream in (data, data.replace(b"@", b"@" + NONCE.encode())):
        got = split(stream, stream)
        assert len(got.replies) == 2


def test_the_end_is_seen_only_with_its_line_end() -> None:
    assert has_ended(b"x\n@" + NONCE.encode() + b" z\n", NONCE)
    assert has_ended(b"x\n@" + NONCE.encode() + b" z\r\n", NONCE)
    assert not has_ended(b"x\n@" + NONCE.encode() + b" z", NONCE)
    assert not has_ended(b"x@" + NONCE.encode() + b" z\n", NONCE)


@pytest.fixture(scope="module")
def fake_asterisk(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A program that notes its arguments as JSON, one line per run, and prints them."""
    folder = tmp_path_factory.mktemp("bin")
    program = folder / "asterisk"
    program.write_text(
        "#!/usr/bin/python3\nimport json, sys\nline = json.dumps(sys.argv[1:])\nprint(line)\nprint(line, file=sys.stderr)\n"
    )
    program.chmod(program.stat().st_mode | stat.S_IXUSR)
    return program


def run(shell: str, line: str, home: Path) -> tuple[bytes, bytes]:
    """Run a command line as sshd would: by the user's login shell."""
    program = shutil.which(shell)
    if program is None:
        pytest.skip(f"{shell} is not installed")
    argv = [program, "sh", "-c", line] if shell == "busybox" else [program, "-c", line]
    environment = {"HOME": str(home), "PATH": os.environ["PATH"]}
    done = subprocess.run(
        argv, stdin=subprocess.DEVNULL, capture_output=True, timeout=30, env=environment, check=False
    )
    return done.stdout, done.stderr


@pytest.mark.parametrize("shell", SHELLS)
def test_every_login_shell_hands_over_the_same_arguments(shell: str, fake_asterisk: Path) -> None:
    words = [
        "pjsip show registrations",
        "-rx",
        "a  b",
        " lead",
        "trail ",
        "x=1",
        "a/b:c@d,e.f+g-h_i",
        "sip:192.0.2.1:5061;transport=tls",
        "--",
        "-n",
        "0",
    ]
    ask = SshAsk(tuple(Command(str(i), (str(fake_asterisk), word, *words)) for i, word in enumerate(words)))
    out, err = run(shell, build_script(ask, NONCE, None), fake_asterisk.parent)
    got = split_answer(ask, NONCE, Stream(out), Stream(err))
    assert got.complete
    for word, reply in zip(words, got.replies, strict=True):
        assert reply.ok
        assert [json.loads(line) for line in (*reply.lines, *reply.errors)] == [[word, *words]] * 2


@pytest.mark.parametrize("shell", SHELLS)
@settings(max_examples=12, deadline=None)
@given(st.lists(st.lists(arguments, min_size=1, max_size=4), min_size=1, max_size=6))
def test_every_login_shell_hands_over_any_allowed_arguments(
    shell: str, fake_asterisk: Path, argvs: list[list[str]]
) -> None:
    ask = SshAsk(tuple(Command(str(i), (str(fake_asterisk), *argv)) for i, argv in enumerate(argvs)))
    out, err = run(shell, build_script(ask, NONCE, None), fake_asterisk.parent)
    got = split_answer(ask, NONCE, Stream(out), Stream(err))
    assert got.complete
    assert [[json.loads(line) for line in reply.lines] for reply in got.replies] == [[argv] for argv in argvs]


def test_a_command_that_hangs_ends_the_script_and_the_end_is_told(tmp_path: Path) -> None:
    ask = ask_of("/bin/true", ("/bin/sleep", "9"), "/bin/true", timeout_s=1)
    out, err = run("dash", build_script(ask, NONCE, None), tmp_path)
    got = split_answer(ask, NONCE, Stream(out), Stream(err))
    assert [reply.status for reply in got.replies] == [0, 124, None]
    assert got.complete


def shut(word: str) -> SshAsk:
    """Return an ask whose gate must not print `word`."""
    gate = Command("state", ("/bin/echo", "a NOREG b"), False, gate=True, unless=word)
    return SshAsk((gate, Command("step", ("/bin/echo", "done"), False, after_s=0.05)))


@pytest.mark.parametrize("shell", SHELLS)
@pytest.mark.parametrize(("word", "status", "step"), [("NOREG", 65, None), ("<NOREG>", 0, 0)])
def test_a_gate_is_closed_by_what_it_must_not_print(
    shell: str, word: str, status: int, step: int | None, tmp_path: Path
) -> None:
    ask = shut(word)
    out, err = run(shell, build_script(ask, NONCE, None), tmp_path)
    split = split_answer(ask, NONCE, Stream(out), Stream(err))
    assert split.complete
    assert [reply.status for reply in split.replies] == [status, step]
    assert split.replies[0].lines[0] == "a NOREG b"


@pytest.mark.parametrize("word", ['"', "$x", "`id`", "a|b", "a\nb", "x" * 81])
def test_a_word_that_a_shell_acts_on_closes_no_gate(word: str) -> None:
    with pytest.raises(ValueError, match="closes no gate"):
        build_script(shut(word), NONCE, None)


@pytest.mark.parametrize("after_s", [-1.0, 6.0])
def test_a_pause_has_its_limits(after_s: float) -> None:
    with pytest.raises(ValueError, match="after_s"):
        build_script(SshAsk((Command("a", ("true",), False, after_s=after_s),)), NONCE, None)
