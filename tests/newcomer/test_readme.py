"""The README's first commands, typed by a new user in a fresh clone, over a real SSH login, on 80x24.

Deselect with `-m "not newcomer"`: it fetches packages as pip does, and takes about a minute.
"""

from __future__ import annotations

import re
import subprocess
import tomllib
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest

from tests.newcomer.account import ROOT, Account, Terminal, newcomer
from trunktui.demo.story import NEWCOMERS_STORY, UNPROBED_LEG
from trunktui.demo.tempo import DEFAULT_SPEED

INSTALL_S = 300.0
SEEN_S = 60.0
LOOP_S = NEWCOMERS_STORY.period / DEFAULT_SPEED + SEEN_S
"""Who presses keys slowly may miss a scene, and sees it the next time."""


pytestmark = [pytest.mark.newcomer, pytest.mark.timeout(2 * INSTALL_S)]


@pytest.fixture(scope="module")
def account() -> Iterator[Account]:
    with newcomer() as made:
        yield made


@pytest.fixture
def terminal(account: Account) -> Iterator[Terminal]:
    shown = Terminal(account)
    try:
        shown.until_prompt("the login")
        yield shown
    finally:
        shown.end()


def commands(heading: str) -> list[str]:
    """Return the commands of the first code block under a heading of the README, without their comments."""
    text = (ROOT / "README.md").read_text(encoding="utf-8").partition(f"\n## {heading}\n")[2]
    block = text.partition("```\n")[2].partition("```")[0]
    return [line.partition("#")[0].strip() for line in block.splitlines()]


def rows(screen: str) -> list[str]:
    return [line for line in screen.splitlines() if re.match(r"[▸ ] \S+ [A-Z]+ +\S+@\S+", line)]


def head(screen: str) -> str:
    return screen.splitlines()[0]


def test_the_demo_runs_obeys_every_key_of_its_footer_and_leaves_nothing(
    account: Account, terminal: Terminal
) -> None:
    (demo,) = commands("See it in two minutes")
    assert demo == "make demo"
    before, settings = account.files(), terminal.settings()
    tty = _tty(terminal)
    terminal.type("cd clone")
    terminal.type(f"clear; {demo}")
    terminal.until(lambda s: "41 up" in head(s), "the fleet is there and well", INSTALL_S)
    screen = terminal.until(
        lambda s: any(f"UNMON {UNPROBED_LEG}" in row for row in rows(s)), "the one leg that is not well"
    )
    assert "DEMO  Six SBCs" in screen
    assert "q quit" in screen.splitlines()[-1]
    assert "? all keys" in screen.splitlines()[-1]

    _press_every_key(terminal)

    terminal.until(lambda s: "1/8 Carrier bravo has just died" in s, "the first trouble is announced", LOOP_S)
    screen = terminal.until(lambda s: "11 down" in head(s), "its legs are down")
    assert all("DOWN" in row for row in rows(screen) if "bravo-" in row)

    terminal.press("q")
    screen = terminal.until_prompt("the shell is back")
    for words in ("nothing of it is left", "pipx install .", "trunktui connect ssh://USER@HOST"):
        assert words in screen
    assert max(len(line) for line in screen.splitlines()) <= 80
    assert terminal.settings() == settings
    assert _tty(terminal) == tty
    assert account.programs() == []
    assert account.files() == before
    assert account.strays() == []
    left = account.run("cd clone && git status --porcelain --ignored")
    assert {line for line in left.split("\n") if line and "__pycache__" not in line} == {"!! .venv/"}


def _press_every_key(terminal: Terminal) -> None:
    """Press what the footer names, and see each do what it says."""
    terminal.press("f")
    terminal.until(lambda s: bool(rows(s)) and " UP " not in s and "hidden" in head(s), "f shows faults only")
    terminal.press("f")
    terminal.until(lambda s: len(rows(s)) > 10, "f again shows all")
    terminal.press("/")
    terminal.until(lambda s: "enter keeps, esc clears" in s, "/ asks for a filter")
    terminal.press("s", "g", "p", "-", "2", "Enter")
    terminal.until(
        lambda s: bool(rows(s)) and all("@sgp-2" in row for row in rows(s)) and "hidden" in head(s),
        "the filter keeps one SBC",
    )
    terminal.press("Escape")
    terminal.until(lambda s: len({row.partition("@")[2][:5] for row in rows(s)}) > 2, "esc clears the filter")
    terminal.press("Enter")
    terminal.until(lambda s: "on the SBC" in s and "fleet > alpha-911@nyc-2" in s, "enter opens the leg")
    terminal.press("PageDown")
    terminal.until(lambda s: "SBC nyc-2  up" in s, "below it stands its SBC")
    terminal.press("g")
    terminal.until(lambda s: "UTC; [ ] other spans" in s, "its charts say what keys change their time")
    terminal.press("]")
    terminal.until(lambda s: "charts of the last " in s, "and they do")
    terminal.press("G")
    terminal.until(lambda s: "snmp          ok" in s, "G goes to the end")
    terminal.press("e")
    terminal.until(lambda s: "alpha-911@nyc-2 > events" in s, "e shows what happened to it")
    terminal.press("Escape")
    terminal.until(lambda s: "> events" not in s and "alpha-911@nyc-2" in s, "esc goes back to the leg")
    terminal.press("Escape")
    terminal.until(lambda s: len(rows(s)) > 10, "esc goes back")
    terminal.press("x")
    terminal.until(lambda s: "carriers × SBCs" in s and "WHOSE FAULT" in s, "x shows carriers by SBCs")
    terminal.press("Escape")
    terminal.until(lambda s: len(rows(s)) > 10, "esc goes back")
    terminal.press("?")
    terminal.until(lambda s: "change an SBC, and only after" in s, "? shows all keys")
    terminal.press("Escape")
    terminal.until(lambda s: len(rows(s)) > 10, "esc goes back")
    terminal.press("a")
    terminal.until(lambda s: ": ack" in s.splitlines()[-1], "a begins an acknowledgement")
    terminal.press("Escape")
    terminal.until(lambda s: "? all keys" in s, "esc leaves it")
    terminal.press("Space")
    terminal.until(lambda s: "FROZEN" in head(s), "space freezes")
    terminal.press("Space")
    terminal.until(lambda s: "FROZEN" not in head(s), "space goes on")
    terminal.press("s")
    terminal.until(lambda s: "by leg" in s, "s sorts by leg")
    for order in ("carrier", "sbc", "dials", "cps"):
        terminal.press("s")
        terminal.until(lambda s, order=order: f"by {order}" in s, f"s sorts by {order}")  # type: ignore[misc]
    terminal.press("s")
    terminal.until(lambda s: "by trouble" in s, "and round again")


def _tty(terminal: Terminal) -> str:
    """Return the line discipline's settings, as the newcomer's shell sees them."""
    terminal.type("clear; echo tty=$(stty -g)")
    screen = terminal.until(lambda s: re.search(r"^tty=[0-9a-f]", s, re.MULTILINE) is not None, "stty")
    terminal.until_prompt("stty is through")
    found = re.search(r"^tty=([0-9a-f:\n]+)", screen, re.MULTILINE)
    assert found is not None
    return found[1].replace("\n", "")


def test_installed_by_pipx_it_connects_to_an_sbc_and_says_what_to_do_where_it_cannot(
    account: Account, terminal: Terminal
) -> None:
    install, connect, *_ = commands("Start in 30 seconds")
    assert install == "pipx install ."
    assert connect.startswith("trunktui connect ssh://")
    terminal.type("cd clone")
    made, screen = terminal.run("python3 -m venv ~/pipx && ~/pipx/bin/pip -q install pipx", "pipx", INSTALL_S)
    assert made == 0, screen
    done, screen = terminal.run(f"~/pipx/bin/{install}", "pipx is through", INSTALL_S)
    assert done == 0, screen
    assert "installed package trunktui" in screen

    with _simulated_sbc(account) as (port, folder):
        known = f"-i {folder}/id_ed25519 --known-hosts {folder}/known_hosts"
        done, screen = terminal.run(
            f"trunktui connect ssh://noc@127.0.0.1:{port} {known} --once", "the table of an SBC", SEEN_S
        )
        assert done == 0, screen
        for trunk in ("alpha-us", "bravo-us", "charlie-world"):
            assert re.search(rf"\bUP +{trunk}@", screen), screen

    url = f"ssh://{account.name}@127.0.0.1:{account.sshd.port}"
    done, screen = terminal.run(f"trunktui connect {url} --once", "a host that is not known", SEEN_S)
    assert done == 69, screen
    assert "ssh-keyscan" in screen
    assert "Traceback" not in screen


@contextmanager
def _simulated_sbc(account: Account) -> Iterator[tuple[int, Path]]:
    """Run the simulated fleet as the newcomer, from what pipx installed; yields an SBC's port and the folder of keys."""
    python = account.home / ".local/share/pipx/venvs/trunktui/bin/python"
    with subprocess.Popen(
        [*account.ssh, f"{python} -P -m trunktui.demo"], stdin=subprocess.PIPE, stdout=subprocess.PIPE
    ) as process:
        assert process.stdout is not None
        word, _, path = process.stdout.readline().decode().strip().partition(" ")
        assert word == "config"
        config = tomllib.loads(account.run(f"cat {path}"))
        yield config["sbc"][0]["ssh"]["port"], Path(path).parent
        assert process.stdin is not None
        process.stdin.close()
        process.wait(20)
        assert account.run(f"ls -d {Path(path).parent} 2>/dev/null || echo gone").strip() == "gone"
