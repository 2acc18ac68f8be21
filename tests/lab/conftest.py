"""Gives tests the lab: skipped where it cannot run, unless CI or TRUNKTUI_LAB=required says that it must."""

from __future__ import annotations

from collections.abc import Iterator

import pytest

from tests.conftest import lab_required

from .lab import Lab, missing
from .turn import in_turn


@pytest.fixture(scope="session")
def lab() -> Iterator[Lab]:
    """Give the lab, up and settled. Brought up here, it is taken down again; found up, it is left up."""
    reason = missing()
    if reason is not None:
        if lab_required():
            pytest.fail(f"this run must have the lab, but {reason}", pytrace=False)
        pytest.skip(reason)
    with in_turn() as lab:
        yield lab


@pytest.fixture(autouse=True)
def _healed(request: pytest.FixtureRequest) -> Iterator[None]:
    """Take back whatever a test left broken, so that the next one does not pay for it."""
    yield
    used = getattr(request.node, "funcargs", {}).get("lab")
    if isinstance(used, Lab) and used.broken:
        used.heal()
