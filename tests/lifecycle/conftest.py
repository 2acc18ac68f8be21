"""One simulated SBC for all tests here, and a config with a log of its own for each."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.lifecycle.dashboard import private_config, simulated_sbc


@pytest.fixture(scope="package")
def shared_config(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Path]:
    with simulated_sbc(tmp_path_factory.mktemp("sbc")) as config:
        yield config


@pytest.fixture
def config(shared_config: Path, tmp_path: Path) -> Path:
    return private_config(shared_config, tmp_path)
