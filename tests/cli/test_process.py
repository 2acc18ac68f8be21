"""The program as a process: what it imports, how it dies, what a closed pipe does."""

from __future__ import annotations

import os
import subprocess
import sys
from pathlib import Path

import pytest

from trunktui import __version__

HEAVY = ("click", "textual", "asyncssh", "msgspec", "humanize")


def python(*argv: str, **env: str) -> subprocess.CompletedProcess[str]:
    """Run this Python with `argv`; return what came of it."""
    return subprocess.run(
        [sys.executable, *argv],
        capture_output=True,
        text=True,
        timeout=60,
        check=False,
        env={**os.environ, **env},
        stdin=subprocess.DEVNULL,
    )


def imported(*argv: str) -> set[str]:
    """Return the top-level modules that the program imports when run with `argv`."""
    done = python("-X", "importtime", "-m", "trunktui", *argv)
    assert done.returncode == 0, done.stderr
    names = {
        line.rsplit("|", 1)[-1].strip()
        for line in done.stderr.splitlines()
        if line.startswith("import time:")
    }
    return {name.partition(".")[0] for name in names}


@pytest.mark.parametrize("flag", ["--version", "-V"])
def test_the_version_is_answered_before_anything_heavy_is_imported(flag: str) -> None:
    assert python("-m", "trunktui", flag).stdout == f"trunktui {__version__}\n"
    assert not imported(flag) & set(HEAVY)


def test_the_import_watch_sees_what_is_imported() -> None:
    assert {"click", "msgspec"} <= imported("--help")


def test_help_imports_neither_screen_nor_transport() -> None:
    assert not imported("--help") & {"textual", "asyncssh", "humanize"}


def test_a_closed_pipe_is_silent(tmp_path: Path) -> None:
    config = tmp_path / "config.toml"
    config.write_text("")
    config.chmod(0o600)
    body = (
        "import sys, types, trunktui\n"
        "fake = types.ModuleType('trunktui.wiring')\n"
        "fake.KNOWN_PLATFORMS = ('asterisk',)\n"
        "sys.modules['trunktui.wiring'] = trunktui.wiring = fake\n"
        "from trunktui.__main__ import main\n"
        "sys.argv[0] = 'trunktui'\n"
        "sys.exit(main())\n"
    )
    reader, writer = os.pipe()
    os.close(reader)
    with os.fdopen(writer, "wb") as closed:
        process = subprocess.Popen(
            [sys.executable, "-c", body, "--config", str(config), "config", "show"],
            stdout=closed,
            stderr=subprocess.PIPE,
            stdin=subprocess.DEVNULL,
        )
    _, said = process.communicate(timeout=60)
    assert (process.returncode, said) == (141, b"")


def shell(line: str, config: Path) -> subprocess.CompletedProcess[str]:
    """Run the program as `line` says, in which {} stands for it and its config."""
    config.write_text('[[sbc]]\nname = "a"\nhost = "127.0.0.1"\n[sbc.ssh]\nport = 1\n')
    config.chmod(0o600)
    program = f"{sys.executable} -m trunktui --config {config}"
    return subprocess.run(
        ["/bin/sh", "-c", line.format(program)], capture_output=True, text=True, timeout=60, check=False
    )


@pytest.mark.parametrize("command", ["status", "check", "config check"])
def test_a_full_disk_is_one_line_and_neither_warning_nor_critical(command: str, tmp_path: Path) -> None:
    done = shell(f"{{}} {command} >/dev/full", tmp_path / "c.toml")
    said = "trunktui: the output cannot be written: No space left on device\n"
    assert (done.returncode, done.stderr) == (74, said)


@pytest.mark.parametrize("closed", ["<&-", ">&-", "2>&-", "<&- >&- 2>&-"])
def test_a_closed_stream_changes_no_exit_code(closed: str, tmp_path: Path) -> None:
    done = shell(f"{{}} check {closed}", tmp_path / "c.toml")
    assert (done.returncode, done.stderr) == (2, "")


def test_an_internal_error_is_neither_warning_nor_critical_and_shows_no_values() -> None:
    body = (
        "import sys\n"
        "from trunktui.cli.main import report_crash\n"
        "sys.excepthook = report_crash\n"
        "def broken(secret):\n"
        "    raise RuntimeError('said \\x1b]0;x\\x07')\n"
        "broken('canary' + '-7f2')\n"
    )
    done = python("-c", body)
    assert done.returncode == 70
    assert done.stderr.startswith("trunktui: internal error\n")
    assert "RuntimeError" in done.stderr
    assert "canary-7f2" not in done.stderr
    assert "\x1b" not in done.stderr


def test_an_interrupt_ends_quietly() -> None:
    body = (
        "import sys, trunktui.cli.main as main, trunktui.cli.session as session\n"
        "def interrupted(self): raise KeyboardInterrupt\n"
        "session.Session.config = interrupted\n"
        "sys.exit(main.run(['status']))\n"
    )
    done = python("-c", body)
    assert (done.returncode, done.stdout) == (130, "")
    assert "Traceback" not in done.stderr


POSIX = {"LC_ALL": "POSIX", "PYTHONUTF8": "0", "PYTHONCOERCECLOCALE": "0", "PYTHONIOENCODING": "ascii"}


@pytest.mark.parametrize(
    ("argv", "code"),
    [
        (("config", "show"), 0),
        (("config", "check"), 0),
        (("status",), 0),
        (("check",), 2),
        (("--help",), 0),
        (("connect", "--once", "ssh://noc@127.0.0.1:1"), 69),
        (("connect", "--print-config", "--identity", "schlüssel", "ssh://noc@127.0.0.1:1"), 0),
    ],
)
def test_no_command_fails_where_only_ascii_can_be_printed(
    tmp_path: Path, argv: tuple[str, ...], code: int
) -> None:
    path = tmp_path / "träger.toml"
    path.write_text(
        '[[carrier]]\nname = "a"\ncontact = { noc = "é 😀" }\n'
        '[[sbc]]\nname = "nyc-1"\nhost = "127.0.0.1"\n[sbc.ssh]\nport = 1\n',
        encoding="utf-8",
    )
    path.chmod(0o600)
    config = () if "connect" in argv else ("--config", str(path))
    done = python("-m", "trunktui", *config, *argv, HOME=str(tmp_path), **POSIX)
    assert done.returncode == code, done.stderr
    assert done.stdout.isascii()
    assert "internal error" not in done.stderr
