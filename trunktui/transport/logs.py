"""Keeps a library's log messages off the terminal and its texts harmless on their way to our own log."""

from __future__ import annotations

import logging

from trunktui.model.text import LINE_LIMIT, clean

LOGGER = "trunktui.transport"
"""Where the transport's messages go; whoever runs the process decides where that leads."""


class _Forward(logging.Handler):
    """Hands on each message as one cleaned line, without traceback: that may quote what a server sent."""

    def emit(self, record: logging.LogRecord) -> None:
        logging.getLogger(LOGGER).log(
            record.levelno, "%s: %s", record.name, clean(record.getMessage(), LINE_LIMIT)
        )


def tame(library: str) -> None:
    """Route the warnings of `library`'s logger to ours and nowhere else; a second call changes nothing."""
    ours = logging.getLogger(LOGGER)
    if not any(isinstance(handler, logging.NullHandler) for handler in ours.handlers):
        ours.addHandler(logging.NullHandler())  # without any handler, Python would print warnings on stderr
    theirs = logging.getLogger(library)
    theirs.propagate = False
    theirs.setLevel(logging.WARNING)
    if not any(isinstance(handler, _Forward) for handler in theirs.handlers):
        theirs.addHandler(_Forward())
