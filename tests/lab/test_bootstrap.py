"""The lab's own rules, checked without a lab: what is pinned, and what happens where it cannot run."""

from __future__ import annotations

import os
import subprocess
import sys
from pathlib import Path

from .lab import HERE

_LAB_TEST = "tests/lab/test_logins.py::test_the_host_key_is_pinned"


def _check_pin(found: str) -> subprocess.CompletedProcess[str]:
    script = f". {HERE}/lib.sh; check_pin '{found}'; echo accepted"
    return subprocess.run(["bash", "-euc", script], capture_output=True, text=True, check=False)


def _pinned(what: str = "ASTERISK") -> str:
    lines = (HERE / "versions.env").read_text().splitlines()
    return next(line.removeprefix(f"{what}=") for line in lines if line.startswith(f"{what}="))


def _run_lab_test(nowhere: Path, **environment: str) -> subprocess.CompletedProcess[str]:
    clean = {name: value for name, value in os.environ.items() if name not in ("CI", "TRUNKTUI_LAB")}
    return subprocess.run(
        [sys.executable, "-m", "pytest", "-rs", "-p", "no:cacheprovider", _LAB_TEST],
        cwd=HERE.parents[1], capture_output=True, text=True, timeout=60, check=False,
        env=clean | {"TRUNKTUI_LAB_CACHE": str(nowhere), "TRUNKTUI_LAB_RUN": str(nowhere)} | environment,
    )  # fmt: skip


def test_the_pinned_version_is_accepted() -> None:
    assert _check_pin(_pinned()).stdout == "accepted\n"


def test_another_version_fails_and_says_that_sid_has_moved_and_how_to_go_on() -> None:
    done = _check_pin("23.1.0-1")
    assert done.returncode == 1
    assert done.stdout == ""
    assert "sid has moved" in done.stderr
    assert "ASTERISK=23.1.0-1 in tests/lab/versions.env" in done.stderr
    assert f"recipe{_pinned('RECIPE')}" in done.stderr
    assert done.stderr.count("\n") == 1


def test_a_new_debian_revision_of_the_pinned_version_is_not_taken_silently() -> None:
    assert "sid has moved" in _check_pin(_pinned() + "+b1").stderr


def test_without_a_lab_its_tests_are_skipped_with_the_reason_and_the_way_to_get_it(tmp_path: Path) -> None:
    done = _run_lab_test(tmp_path)
    assert done.returncode == 0, done.stdout
    assert "SKIPPED" in done.stdout
    assert "make lab-bootstrap lab-test" in done.stdout


def test_in_ci_a_missing_lab_is_a_failure(tmp_path: Path) -> None:
    done = _run_lab_test(tmp_path, CI="true")
    assert done.returncode == 1, done.stdout
    assert "this run must have the lab" in done.stdout


def test_a_run_that_must_have_the_lab_fails_without_it_outside_ci_too(tmp_path: Path) -> None:
    assert _run_lab_test(tmp_path, TRUNKTUI_LAB="required").returncode == 1
