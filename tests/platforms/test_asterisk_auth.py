"""Usernames on Asterisk, from real answers; OPTIONS on an AOR that has no contact; and never a password."""

from __future__ import annotations

from pathlib import Path

import pytest

from tests.platforms.recordings import FIXTURES, recorded
from trunktui.model.ask import Answer, Reply
from trunktui.model.inventory import NativeNames
from trunktui.model.observation import Observation
from trunktui.model.text import Safe, clean_lines
from trunktui.platforms import asterisk, asterisk_auth
from trunktui.platforms.contract import LegSettings

SETTINGS = FIXTURES / "asterisk" / "mixed-with-settings" / "settings"
AUTHS = b"""\

  I/OAuth:  <AuthId/UserName.............................................................>
==========================================================================================

     Auth:  Acme Telecom EU 1/trunk1010
     Auth:  acme-primary/trunk1001
     Auth:  acme/eu/trunk1011
     Auth:  badpass-delta/trunk1004
     Auth:  very-long-trunk-name-north-america-wholesale-carrier-alpha-0001/trunk1012-with-a-long-user-part

Objects found: 5

"""


def read(*replies: Reply, before: LegSettings | None = None) -> LegSettings:
    """Return the settings that these replies hold."""
    return asterisk.parse_settings((Answer(0.0, 1.0, replies),), before or LegSettings())


def reply(key: str, raw: bytes, status: int = 0) -> Reply:
    """Return a reply as a transport hands it over."""
    return Reply(key, status, clean_lines(raw))


def listing(kind: str, name: str, **values: str) -> Reply:
    """Return what `pjsip show KIND NAME` lists."""
    rows = "".join(f" {key} : {value}\n" for key, value in values.items())
    return reply(f"{kind} {name}", f" ParameterName : ParameterValue\n ====\n{rows}\n".encode())


def test_an_endpoint_that_was_recorded_tells_its_username() -> None:
    settings = asterisk.parse_settings((recorded(SETTINGS),), LegSettings())
    assert settings.usernames["acme-primary"] == "trunk1001"
    assert asterisk_auth.username(settings, NativeNames("acme-primary", "acme-primary")) == "trunk1001"
    assert asterisk_auth.username(settings, NativeNames("badpass-permanent")) == "trunk1004", (
        "of another trunk's auth object"
    )
    assert asterisk_auth.username(settings, NativeNames(endpoint="ipauth-beta")) is None


def test_names_with_slashes_are_cut_by_the_objects_that_are_known() -> None:
    wanted = ["Acme Telecom EU 1", "acme/eu", "acme-primary"]
    assert asterisk_auth.of_all(reply("auths", AUTHS), wanted) == {
        "Acme Telecom EU 1": "trunk1010",
        "acme/eu": "trunk1011",
        "acme-primary": "trunk1001",
    }
    assert "acme/eu" not in asterisk_auth.of_all(reply("auths", AUTHS), ["acme", "acme/eu"]), "one of two"


@pytest.mark.parametrize(
    "broken",
    [
        reply("auths", AUTHS.rpartition(b"Objects")[0]),
        reply("auths", AUTHS, status=1),
        reply("auths", b"You don't have permissions to run 'pjsip show auths' command\n"),
        Reply("auths", 0, clean_lines(AUTHS), truncated=True),
    ],
)
def test_an_answer_that_is_none_tells_no_username(broken: Reply) -> None:
    assert asterisk_auth.of_all(broken, ["acme-primary"]) == {}


def asked(settings: LegSettings) -> list[str]:
    """Return the commands that are still to be asked of an SBC with one registration."""
    polled = Reply(
        "registrations",
        0,
        clean_lines(b"=====\n\n lone/sip:192.0.2.1  shared  Registered  (exp. 9s)\n\nObjects found: 1\n"),
    )
    answers = (
        reply("uptime", b"System uptime: 9\nLast reload: 9\n"),
        polled,
        reply("contacts", b"No objects found.\n"),
    )
    look = asterisk.parse_poll(Answer(0.0, 1.0, answers), settings, ())
    assert isinstance(look, Observation)
    said = [command.words for ask in asterisk.settings_asks(look, settings) for command in ask.commands]
    return [words for words in said if words != "logger show channels"]


def test_all_auth_objects_are_asked_for_only_where_no_endpoint_tells_one() -> None:
    first = read(reply("aors", b"No objects found.\n"))
    assert asked(first) == ["pjsip show registration lone"]
    second = read(listing("registration", "lone", outbound_auth="shared", expiration="300"), before=first)
    assert asked(second) == ["pjsip show auths"]
    table = AUTHS.replace(b"acme-primary/", b"shared/")
    third = read(reply("auths", table), before=second)
    assert asked(third) == []
    assert asterisk_auth.username(third, NativeNames("lone")) == "trunk1001"
    plain = read(listing("registration", "lone", outbound_auth="", expiration="300"), before=first)
    assert asked(plain) == [], "no auth object, no username"


def test_a_login_that_may_not_list_them_is_not_asked_again_and_the_sbc_is_none_the_worse() -> None:
    before = read(
        reply("aors", b"No objects found.\n"),
        listing("registration", "lone", outbound_auth="shared", expiration="300"),
    )
    denied = Reply("auths", 1, (), (Safe("sudo: a password is required"),))
    after = read(denied, before=before)
    assert asked(after) == []
    assert after.refused == {}
    assert asterisk_auth.username(after, NativeNames("lone")) is None


def test_no_command_that_prints_a_password_is_ever_made() -> None:
    files = Path(asterisk.__file__ or "").parent.glob("asterisk*.py")
    source = "".join(path.read_text(encoding="utf-8") for path in files)
    assert source.count('pjsip show auths"') == 1
    assert '"pjsip show auth ' not in source


AOR = {"qualify_timeout": "3.0", "qualify_2xx_only": "false"}


@pytest.mark.parametrize(
    ("idle", "used", "contacts", "most", "said"),
    [
        (30, 0, "", "0", "qualify_frequency 30 on AOR acme-in, which has no contact; AOR acme has 0"),
        (30, 30, "", "0", ""),
        (0, 0, "", "0", ""),
        (30, 0, "sip:192.0.2.9", "0", ""),
        (30, 0, "", "1", ""),
    ],
)
def test_options_set_on_an_aor_that_can_have_no_contact_are_told_where_the_used_one_has_none(
    idle: int, used: int, contacts: str, most: str, said: str
) -> None:
    settings = read(
        listing("endpoint", "acme", aors="acme-in,acme", outbound_auth=""),
        listing("aor", "acme", contact="sip:192.0.2.1", max_contacts="0", qualify_frequency=str(used), **AOR),
        listing("aor", "acme-in", contact=contacts, max_contacts=most, qualify_frequency=str(idle), **AOR),
    )
    rows = b"=====\n\n  Contact:  acme/sip:192.0.2.1   c1f6290189 NonQual  -nan\n\nObjects found: 1\n"
    answers = (
        reply("uptime", b"System uptime: 9\nLast reload: 9\n"),
        reply("registrations", b"No objects found.\n"),
        reply("contacts", rows),
    )
    (leg,) = (
        one
        for one in asterisk.parse_poll(Answer(0.0, 1.0, answers), settings, ()).legs
        if one.native.aor == "acme"
    )
    assert leg.probe_settings is not None
    assert leg.probe_settings.misplaced == said
