"""A secret's value while this process needs it: shows itself as `***`, and leaves by no door but `reveal`.

Python cannot wipe memory: a secret stays in the process until that ends.
"""

from __future__ import annotations

from typing import NoReturn


class Secret:
    """A secret value that shows itself as `***` and gives itself away only to `reveal`."""

    __slots__ = ("_value",)

    def __init__(self, value: str) -> None:
        self._value = value

    def reveal(self) -> str:
        """Return the value, for the one place that must send it."""
        return self._value

    def __repr__(self) -> str:
        """Return `***`."""
        return "***"

    def __format__(self, spec: str) -> str:
        """Return `***`, whatever the format says."""
        return "***"

    def __reduce__(self) -> NoReturn:
        """Refuse to be pickled or copied."""
        raise TypeError("a Secret cannot be pickled or copied")
