"""Boxes as the look at presence sees them: which software has its program, a process, a socket there."""

from __future__ import annotations

from trunktui.model.ask import Answer, Reply, SshAsk

Parts = dict[str, str]
"""Of each platform, what is there: `program process socket`, any of these words."""


def presence_answer(ask: SshAsk, box: Parts, at: float = 100.0) -> Answer:
    """Answer the look at what runs there as a box would; a platform that `box` leaves out has nothing there."""
    replies = []
    for command in ask.commands:
        platform, part = command.key.split()
        replies.append(Reply(command.key, int(part not in box.get(platform, "").split())))
    return Answer(at - 0.1, at, tuple(replies))


def dumb_answer(ask: SshAsk, status: int | None, at: float = 100.0) -> Answer:
    """Answer every command with one exit status: a box without these programs, or one that hung at the first."""
    return Answer(at - 0.1, at, tuple(Reply(command.key, status) for command in ask.commands))


ALL = "program process socket"
STOPPED = "program"
