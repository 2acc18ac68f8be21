"""What all tests share: no config or state of whoever runs them, a lab that must have run, work for several processes."""

from __future__ import annotations

import os
from collections import Counter
from collections.abc import Generator, Iterator

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


def lab_required() -> bool:
    """Whether a run without the lab is a failure."""
    return os.environ.get("TRUNKTUI_LAB") == "required" or os.environ.get("CI", "").lower() in ("true", "1")


_WAITING = frozenset({"lab", "newcomer", "demo", "lifecycle"})


@pytest.hookimpl(tryfirst=True)  # before xdist reads the groups
def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    """Give one process the whole lab; a file's tests stay together, and so does what they share.

    What takes long because it waits begins first, so that no process is left alone with it.
    """
    for item in items:
        folder = item.path.relative_to(item.config.rootpath).parts[1]
        item.add_marker(pytest.mark.xdist_group("lab" if folder == "lab" else item.path.stem + folder))
    if "PYTEST_XDIST_WORKER" in os.environ:
        items.sort(key=lambda item: not _WAITING.intersection(item.path.parts))
        items.sort(key=lambda item: "lab" not in item.path.parts)


_lab_tests: Counter[str] = Counter()
"""How the tests that need the lab ended, by pytest's word; counted where the reports of all processes come in."""


@pytest.hookimpl(wrapper=True)
def pytest_runtest_makereport(item: pytest.Item) -> Generator[None, pytest.TestReport, pytest.TestReport]:
    """Note on the report that the test needs the lab."""
    report = yield
    if item.get_closest_marker("lab"):
        report.user_properties.append(("needs", "lab"))
    return report


def pytest_runtest_logreport(report: pytest.TestReport) -> None:
    """Count how the lab's tests end."""
    if ("needs", "lab") in report.user_properties and (report.when == "call" or report.outcome != "passed"):
        _lab_tests[report.outcome] += 1


def pytest_sessionfinish(session: pytest.Session) -> None:
    """Fail a run that had to use the lab, chose lab tests, and passed none of them."""
    if lab_required() and _lab_tests and not _lab_tests["passed"] and session.exitstatus == 0:
        session.exitstatus = pytest.ExitCode.TESTS_FAILED
