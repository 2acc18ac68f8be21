"""Which keys, known_hosts files and jump hosts a login uses."""

from __future__ import annotations

from pathlib import Path

import pytest

from trunktui.model.inventory import SshTarget
from trunktui.model.link import LinkError, SshState
from trunktui.transport.route import Jump, parse_jumps, where
from trunktui.transport.settings import choose_hosts, choose_keys, expand

HOME = Path("/home/op")
PLAIN = SshTarget("10.0.0.1")
NAMED = SshTarget("10.0.0.1", identity=("~/.ssh/noc",), known_hosts="~/kh")


def test_a_path_is_expanded_only_at_a_leading_tilde_and_slash() -> None:
    assert expand("~/x", HOME) == HOME / "x"
    assert expand("/a/~/x", HOME) == Path("/a/~/x")
    assert expand("~other/x", HOME) == Path("~other/x")


def test_keys_named_for_the_sbc_beat_ssh_config_and_must_be_there() -> None:
    choice = choose_keys(NAMED, False, ["/etc/k"], False, HOME)
    assert (choice.files, choice.only, choice.required) == ((HOME / ".ssh/noc",), True, True)


def test_a_jump_host_takes_its_keys_from_ssh_config_else_those_of_the_sbc() -> None:
    assert choose_keys(NAMED, True, ["~/j"], True, HOME).files == (HOME / "j",)
    assert not choose_keys(NAMED, True, ["~/j"], True, HOME).required
    assert choose_keys(NAMED, True, [], False, HOME).files == (HOME / ".ssh/noc",)


def test_without_a_word_the_default_keys_are_tried_and_the_agents() -> None:
    choice = choose_keys(PLAIN, False, [], False, HOME)
    assert [path.name for path in choice.files] == ["id_ed25519", "id_ecdsa", "id_rsa"]
    assert not choice.only
    assert not choice.required


def test_known_hosts_of_the_sbc_replace_all_others() -> None:
    assert choose_hosts(NAMED, False, ["~/user"], ["/etc/g"], HOME).files == (HOME / "kh",)
    assert choose_hosts(NAMED, True, ["~/user"], ["/etc/g"], HOME).files == (HOME / "user", Path("/etc/g"))
    assert choose_hosts(NAMED, True, None, None, HOME).files == (HOME / "kh",)


def test_known_hosts_that_ssh_config_switches_off_are_an_empty_list_not_none() -> None:
    choice = choose_hosts(PLAIN, False, [], [], HOME)
    assert choice.files == (Path("/dev/null"),)


def test_the_default_known_hosts_are_those_of_ssh() -> None:
    files = choose_hosts(PLAIN, False, None, None, HOME).files
    assert files == (HOME / ".ssh/known_hosts", HOME / ".ssh/known_hosts2", Path("/etc/ssh/ssh_known_hosts"))


@pytest.mark.parametrize(
    ("text", "jumps"),
    [
        ("", ()),
        ("none", ()),
        ("bastion", (Jump("bastion"),)),
        ("noc@b.example:2222", (Jump("b.example", "noc", 2222),)),
        ("a, noc@[2001:db8::1]:22", (Jump("a"), Jump("2001:db8::1", "noc", 22))),
        ("ssh://noc@b:22/", (Jump("b", "noc", 22),)),
    ],
)
def test_jump_hosts_are_read_as_ssh_reads_them(text: str, jumps: tuple[Jump, ...]) -> None:
    assert parse_jumps(text) == jumps


@pytest.mark.parametrize(
    "text", ["a b", "a,,b", "host:port", "host:0", "host:65536", "@", "a:1:2", ",".join("abcdefghi")]
)
def test_a_jump_that_names_no_host_is_a_config_fault(text: str) -> None:
    with pytest.raises(LinkError, match="proxy_jump") as caught:
        parse_jumps(text)
    assert caught.value.state is SshState.CONFIG


def test_an_ipv6_address_is_shown_in_brackets() -> None:
    assert where("10.0.0.1", 22) == "10.0.0.1:22"
    assert where("2001:db8::1", 22) == "[2001:db8::1]:22"
