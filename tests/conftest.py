"""Keeps every test away from the config and the state of whoever runs it, and from tests that are slow by chance."""

from __future__ import annotations

from collections.abc import Iterator

import pytest
from hypothesis import settings

# A shared machine may stall for a second in the middle of any example: slowness is measured by the benches.
settings.register_profile("trunktui", deadline=None)
settings.load_profile("trunktui")


@pytest.fixture(scope="session", autouse=True)
def _no_config_of_ours(tmp_path_factory: pytest.TempPathFactory) -> Iterator[None]:
    """Point the folders a config, a state or a log would come from to an empty place."""
    empty = tmp_path_factory.mktemp("xdg")
    with pytest.MonkeyPatch.context() as patch:
        patch.delenv("TRUNKTUI_CONFIG", raising=False)
        patch.setenv("XDG_CONFIG_HOME", str(empty / "config"))
        patch.setenv("XDG_STATE_HOME", str(empty / "state"))
        yield
