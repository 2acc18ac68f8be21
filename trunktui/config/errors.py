"""What can be wrong with a config, as one line each that names the place and the way out.

ConfigError: the operator edits the config file, or names another one.
SecretError: the operator mends what a secret reference points to.
"""

from __future__ import annotations

from msgspec import Struct

from trunktui.model.text import clean


class Problem(Struct, frozen=True):
    """One fault: the file, its line (None where it cannot be told), the key in words, and what to do.

    `path` and `key` may be empty where there is none.
    """

    path: str
    line: int | None
    key: str
    text: str

    def __str__(self) -> str:
        """Return `file:line: key: text`, cleaned, on one line."""
        place = self.path if self.line is None else f"{self.path}:{self.line}"
        return clean(": ".join(part for part in (place, self.key, self.text) if part), limit=1024)


class ConfigError(Exception):
    """A config that cannot be used; carries every problem found, in the order of the file."""

    def __init__(self, problems: tuple[Problem, ...]) -> None:
        super().__init__("\n".join(str(problem) for problem in problems))
        self.problems = problems


class SecretError(Exception):
    """A secret reference that could not be resolved. Names the reference, never anything it yielded."""

    def __init__(self, reference: str, why: str) -> None:
        super().__init__(clean(f"{reference}: {why}", limit=1024))
        self.reference = reference
