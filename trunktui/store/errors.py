"""How the audit log says that something went wrong: one line, with the place and the way out."""

from __future__ import annotations

from pathlib import Path

from trunktui.model.text import LINE_LIMIT, clean


class AuditError(Exception):
    """The log could not be written, so nothing may be sent; or it could not be read. The text is one clean line."""


def unreadable(path: Path, error: Exception) -> AuditError:
    """Return the error for a log at `path` that cannot be read for `error` (OSError, UnsafeError)."""
    return AuditError(f"{place(path)}: {why(error)}")


def place(path: Path) -> str:
    """Return a path as it may be shown."""
    return clean(str(path), LINE_LIMIT)


def why(error: Exception) -> str:
    """Return what an error says, without the path, as the middle of a sentence."""
    if isinstance(error, OSError):
        return clean(error.strerror or "no access").lower()
    return clean(str(error), LINE_LIMIT)
