"""Who acts: what the kernel says before what the environment claims."""

from __future__ import annotations

import os
import pwd
from pathlib import Path

import pytest

from trunktui.store.who import who_am_i


def login(folder: Path, text: str) -> Path:
    """Return a file as the kernel's loginuid."""
    path = folder / "loginuid"
    path.write_text(text)
    return path


@pytest.mark.parametrize("text", ["4294967295", "", "x", "-1", "²"])
def test_a_login_that_was_never_set_is_not_known(tmp_path: Path, text: str) -> None:
    who = who_am_i({}, login(tmp_path, text))
    assert (who.login_uid, who.login_user) == (None, None)
    assert who.name == who.user


def test_a_kernel_without_logins_is_not_an_error(tmp_path: Path) -> None:
    assert who_am_i({}, tmp_path / "nowhere").login_uid is None


def test_the_login_goes_before_sudo_and_the_process(tmp_path: Path) -> None:
    who = who_am_i({"SUDO_USER": "mallory"}, login(tmp_path, "0\n"))
    assert (who.login_uid, who.login_user, who.sudo_user) == (0, pwd.getpwuid(0).pw_name, "mallory")
    assert who.name == pwd.getpwuid(0).pw_name


def test_a_user_without_a_name_is_a_number(tmp_path: Path) -> None:
    who = who_am_i({}, login(tmp_path, "3999999999"))
    assert (who.login_uid, who.name) == (3999999999, "3999999999")


def test_the_process_says_what_it_is(tmp_path: Path) -> None:
    who = who_am_i({}, tmp_path / "nowhere")
    assert (who.uid, who.pid, who.user) == (os.getuid(), os.getpid(), pwd.getpwuid(os.getuid()).pw_name)
    assert who.host


@pytest.mark.parametrize(
    ("claim", "address"),
    [
        ("192.0.2.7 51234 192.0.2.1 22", "192.0.2.7"),
        ("2001:db8::7 51234 2001:db8::1 22", "2001:db8::7"),
        ("\x1b]52;c;AAAA\x07 1 2 3", None),
        ("fe80::1%\x1b[2J 1 2 3", "fe80::1%␛[2J"),
        ("alice", None),
        ("  ", None),
        ("", None),
    ],
)
def test_the_ssh_client_is_an_address_or_not_known(tmp_path: Path, claim: str, address: str | None) -> None:
    assert who_am_i({"SSH_CONNECTION": claim}, tmp_path / "nowhere").ssh_from == address


def test_claims_are_cleaned_and_cut(tmp_path: Path) -> None:
    who = who_am_i({"SUDO_USER": "\x1b[2J" + "x" * 999, "SSH_TTY": "/dev/pts/\u202e3"}, tmp_path / "nowhere")
    assert who.sudo_user is not None
    assert who.sudo_user.startswith("␛[2Jxxx")
    assert len(who.sudo_user) == 64
    assert who.tty is None or "\u202e" not in who.tty


def test_an_empty_claim_is_none(tmp_path: Path) -> None:
    assert who_am_i({"SUDO_USER": ""}, tmp_path / "nowhere").sudo_user is None
