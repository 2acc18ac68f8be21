"""What an Asterisk SBC will not run for us is said, and never taken for an answer."""

from __future__ import annotations

from tests.platforms import recordings
from trunktui.model.ask import Answer, Reply
from trunktui.model.observation import AppState
from trunktui.model.text import Safe
from trunktui.platforms import asterisk
from trunktui.platforms.contract import LegSettings

SUDO = (Safe("sudo: a password is required"),)
CLOSED = (Safe("Unable to connect to remote asterisk (does /var/run/asterisk/asterisk.ctl exist?)"),)


def answer(*replies: Reply) -> Answer:
    return Answer(asked_at=99.0, answered_at=100.0, replies=replies)


def test_refused_settings_are_unread_until_they_are_answered() -> None:
    refused = asterisk.parse_settings((answer(Reply("aor acme", 1, errors=SUDO)),), LegSettings())
    assert refused.asked == {"aor acme"}
    poll = recordings.recorded(recordings.FIXTURES / "asterisk" / "mixed-with-calls")
    (unread,) = asterisk.parse_poll(poll, refused, ()).unread
    assert unread.command == "pjsip show aor acme"
    assert unread.why == "sudo refuses the command (sudo: a password is required): see docs/grants.md"
    answered = asterisk.parse_settings((answer(Reply("aor acme", 0)),), refused)
    assert asterisk.parse_poll(poll, answered, ()).unread == ()


def test_a_refused_version_or_count_is_unread_and_the_tables_stand() -> None:
    poll = recordings.recorded(recordings.FIXTURES / "asterisk" / "mixed-with-calls")
    for key, command in (("version", "core show version"), ("count", "core show channels count")):
        replies = tuple(Reply(key, 1, errors=SUDO) if r.key == key else r for r in poll.replies)
        seen = asterisk.parse_poll(answer(*replies), LegSettings(), ())
        assert [unread.command for unread in seen.unread] == [command]
        assert seen.reg_read
        assert seen.contacts_read
        assert seen.channels_read


def test_a_socket_behind_a_closed_folder_is_not_taken_for_a_stopped_asterisk() -> None:
    def app(folder: int, folder_open: int) -> AppState:
        tests = (Reply("folder", folder), Reply("folder_open", folder_open), Reply("socket", 1))
        return asterisk.parse_poll(
            answer(Reply("uptime", 1, errors=CLOSED), *tests, Reply("socket_open", 1)), LegSettings(), ()
        ).app

    assert app(folder=0, folder_open=1) is AppState.NOT_PERMITTED
    assert app(folder=0, folder_open=0) is AppState.NOT_RUNNING
    assert app(folder=1, folder_open=1) is AppState.NOT_RUNNING
