"""The real program twice on one state folder: the second starts from what the first saw, before any network."""

from __future__ import annotations

import re
import socket
from pathlib import Path

from tests.lifecycle.dashboard import ALL_UP, Dashboard
from trunktui.model.history import EventKind
from trunktui.store.history_read import HistoryReader


def out_of_reach(config: Path) -> None:
    """Let the config lead to a port where nobody listens."""
    with socket.socket() as sock:
        sock.bind(("127.0.0.1", 0))
        port = sock.getsockname()[1]
    text, count = re.subn(
        r"^port = \d+", f"port = {port}", config.read_text(encoding="utf-8"), flags=re.MULTILINE
    )
    assert count
    config.write_text(text, encoding="utf-8")


def test_what_was_seen_is_shown_as_what_it_was_though_the_sbc_cannot_be_reached_any_more(
    config: Path,
) -> None:
    state = config.parent / "state"
    with Dashboard(config) as session:
        session.until_shown(ALL_UP)
        session.press("q")
        assert session.wait() == 0
    with HistoryReader(state) as reader:
        assert len(reader.memory()[0].legs) == 5
        assert [one.kind for one in reader.events(0).events] == [EventKind.WATCH, EventKind.WATCH]
    out_of_reach(config)
    with Dashboard(config, size=(160, 30)) as session:
        session.until_shown("was ok")
        session.until_shown("was up")
        session.until_shown("refused")
        assert "5 unknown" in session.display()
        session.press("q")
        assert session.wait() == 0
        assert session.is_whole()
