"""SSH addresses: what each means, what is wrong with the others, and the config they become."""

from __future__ import annotations

from pathlib import Path

import pytest

from trunktui.config.address import Address, Wishes, config_of, config_text, parse_address, sbc_name
from trunktui.config.errors import ConfigError

HOME = {"HOME": "/home/noc", "XDG_STATE_HOME": "/state"}


@pytest.mark.parametrize(
    ("text", "address"),
    [
        ("ssh://noc@10.20.0.11", Address("10.20.0.11", "noc")),
        ("ssh://noc@10.20.0.11:2222", Address("10.20.0.11", "noc", 2222)),
        ("ssh://noc@10.20.0.11:2222/", Address("10.20.0.11", "noc", 2222)),
        ("SSH://noc@sbc-1.example.net", Address("sbc-1.example.net", "noc")),
        ("ssh://nyc_1", Address("nyc_1")),
        ("ssh://noc@[::1]", Address("::1", "noc")),
        ("ssh://noc@[::1]:22", Address("::1", "noc", 22)),
        ("ssh://noc@[fe80::1%eth0]:22", Address("fe80::1%eth0", "noc", 22)),
        ("ssh://noc@[fe80::1%25eth0]:22", Address("fe80::1%eth0", "noc", 22)),
        (r"ssh://CORP\noc@sbc-1", Address("sbc-1", r"CORP\noc")),
    ],
)
def test_an_address_is_read(text: str, address: Address) -> None:
    assert parse_address(text) == address


@pytest.mark.parametrize(
    ("text", "words"),
    [
        ("noc@10.20.0.11", "noc@10.20.0.11: is no SSH address; write ssh://noc@10.20.0.11"),
        ("10.20.0.11:22", "write ssh://10.20.0.11:22"),
        ("telnet://noc@sbc", "is no SSH address; write ssh://user@host[:port]"),
        ("", "is no SSH address; write ssh://user@host[:port]"),
        ("ssh://", "names no host"),
        ("ssh://noc@", "names no host"),
        ("ssh://noc@:22", "names no host"),
        ("ssh://@sbc-1", '"" is no login name'),
        ("ssh://-oProxyCommand=x@sbc", "is no login name"),
        ("ssh://noc@-oProxyCommand=x", "names no host"),
        ("ssh://noc@sbc;reboot", "names no host"),
        ("ssh://noc@sbc 1", "names no host"),
        ("ssh://noc@sbc:", '"" is no port'),
        ("ssh://noc@sbc:0", '"0" is no port; 1 to 65535 are'),
        ("ssh://noc@sbc:65536", '"65536" is no port'),
        ("ssh://noc@sbc:²²", "is no port"),
        ("ssh://noc@sbc:ssh", '"ssh" is no port'),
        ("ssh://noc@sbc/etc", "holds more than user, host and port"),
        ("ssh://noc@sbc?x=1", "holds more than user, host and port"),
        ("ssh://noc@a@b", "holds more than user, host and port"),
        ("ssh://noc@::1", "an IPv6 address stands in brackets: ssh://user@[::1]"),
        ("ssh://noc@2001:db8::1", "stands in brackets: ssh://user@[2001:db8::1]"),
        ("ssh://noc@[10.20.0.11]", '"10.20.0.11" in brackets is no IPv6 address'),
        ("ssh://noc@[::g]", "is no IPv6 address"),
        ("ssh://noc@[fe80::1%e;x]", "no plain interface name"),
        ("ssh://noc@sbc\x1b[2J", "ssh://user@host[:port]"),
    ],
)
def test_what_is_no_address_is_said_on_one_line_with_the_way_out(text: str, words: str) -> None:
    with pytest.raises(ConfigError) as caught:
        parse_address(text)
    assert words in str(caught.value)
    assert "\n" not in str(caught.value)
    assert "\x1b" not in str(caught.value)


@pytest.mark.parametrize(
    "text", ["ssh://noc:hunter2@sbc-1", "noc:hunter2@sbc-1", "http://noc:hunter2@sbc-1:80"]
)
def test_a_password_in_an_address_is_refused_and_not_repeated(text: str) -> None:
    with pytest.raises(ConfigError, match="no password belongs into the address") as caught:
        parse_address(text)
    assert "hunter2" not in str(caught.value)


@pytest.mark.parametrize("text", ["ssh://noc@sbc-1", "ssh://noc@[::1]:2222", "ssh://sbc-1"])
def test_an_address_is_written_as_it_is_read(text: str) -> None:
    assert f"ssh://{parse_address(text)}" == text


@pytest.mark.parametrize(
    ("host", "name"),
    [
        ("10.20.0.11", "10.20.0.11"),
        ("nyc_1", "nyc_1"),
        ("::1", "ip6-1"),
        ("::", "ip6-0"),
        ("fe80::1%eth0", "ip6-fe80-1-eth0"),
        ("all", "sbc-all"),
    ],
)
def test_the_sbc_gets_a_name_that_a_config_takes(host: str, name: str) -> None:
    assert sbc_name(host) == name
    address = Address(host)
    config = config_of(config_text(address, Wishes(), HOME, Path("/")), address, HOME, ("asterisk",))
    assert config.inventory.sbcs[0].name == name


def test_the_config_says_what_was_wished_and_where_its_log_belongs() -> None:
    address = parse_address("ssh://noc@[::1]:2222")
    wishes = Wishes(("~/.ssh/noc", "key"), "hosts", "asterisk", "10s")
    text = config_text(address, wishes, HOME, Path("/srv"))
    config = config_of(text, address, HOME, ("asterisk",))
    (sbc,) = config.inventory.sbcs
    assert (sbc.name, sbc.discover, sbc.write) == ("ip6-1", True, False)
    assert (sbc.ssh.host, sbc.ssh.user, sbc.ssh.port, sbc.ssh.run_as) == ("::1", "noc", 2222, "asterisk")
    assert sbc.ssh.identity == ("/home/noc/.ssh/noc", "/srv/key")
    assert sbc.ssh.known_hosts == "/srv/hosts"
    assert config.poll.interval_s == 10.0
    assert config.name == "noc@[::1]:2222"
    assert config.text == text
    assert config.state_dir.parent == Path("/state/trunktui")
    assert config.state_dir == config_of(text, address, HOME, ("asterisk",)).state_dir
    other = Address("::2", "noc", 2222)
    assert config.state_dir != config_of(text, other, HOME, ("asterisk",)).state_dir


@pytest.mark.parametrize(
    ("wishes", "line"),
    [
        (Wishes(interval="3"), '--interval: "3" is no duration'),
        (Wishes(interval="1s"), '--interval: must lie between 5s and 1h, is "1s"'),
        (Wishes(platform="oracle"), '--platform: this version cannot poll "oracle"'),
        (Wishes(run_as="a b"), '--run-as: "a b" is no login name'),
        (Wishes(identity=("a\x1bb",)), "--identity"),
        (Wishes(known_hosts="a\nb"), "--known-hosts"),
    ],
)
def test_a_bad_option_is_named_as_it_was_typed(wishes: Wishes, line: str) -> None:
    address = Address("sbc-1")
    with pytest.raises(ConfigError) as caught:
        config_of(config_text(address, wishes, HOME, Path("/")), address, HOME, ("asterisk",))
    assert str(caught.value).startswith(line)
    assert "\n" not in str(caught.value)


def test_a_file_name_that_is_no_text_is_refused_in_words() -> None:
    address = Address("sbc-1")
    text = config_text(address, Wishes(identity=("key\udcff",)), HOME, Path("/"))
    with pytest.raises(ConfigError):
        config_of(text, address, HOME, ("asterisk",))
