"""A library's messages end in our log, harmless, and never on the terminal."""

from __future__ import annotations

import logging

import pytest

from tests.transport.servers import HOSTILE
from trunktui.transport.logs import LOGGER, tame


class Kept(logging.Handler):
    """Keeps messages."""

    def __init__(self) -> None:
        super().__init__()
        self.messages: list[str] = []

    def emit(self, record: logging.LogRecord) -> None:
        self.messages.append(record.getMessage())


def test_warnings_are_cleaned_and_kept_off_stderr_even_where_no_log_is_set_up(
    capfd: pytest.CaptureFixture[str],
) -> None:
    tame("some.library")
    tame("some.library")
    logging.getLogger("some.library.part").warning("odd: %s", HOSTILE)
    assert capfd.readouterr() == ("", "")


def test_a_warning_reaches_our_log_once_and_harmless_and_small_talk_does_not() -> None:
    tame("some.library")
    kept = Kept()
    logging.getLogger(LOGGER).addHandler(kept)
    try:
        logging.getLogger("some.library.part").warning("odd: %s", HOSTILE)
        logging.getLogger("some.library.part").info("connected")
    finally:
        logging.getLogger(LOGGER).removeHandler(kept)
    assert len(kept.messages) == 1
    assert kept.messages[0].startswith("some.library.part: odd: ␛")
    assert kept.messages[0].isprintable()
