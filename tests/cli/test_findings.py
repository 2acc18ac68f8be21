"""Findings of a single look: metadata commands run beside the polls, once in hours, and never by a check on its own."""

from __future__ import annotations

import sys
from datetime import timedelta
from pathlib import Path

from tests.fleets import fleet, leg
from trunktui.config.load import Config, parse
from trunktui.model.finding import Confidence, CredentialAge, FindingKind
from trunktui.wiring_findings import Asking, foretold, utc_today

CODE = """
import datetime, pathlib, sys
mark = pathlib.Path(sys.argv[1])
mark.write_text(mark.read_text() + "x" if mark.exists() else "x")
print(datetime.datetime.now(datetime.timezone.utc).date() - datetime.timedelta(days=100))
print("canary")
"""


def config(tmp_path: Path, code: str = CODE) -> Config:
    """Return a config with a metadata command that counts its runs in `ran`."""
    script = tmp_path / "ask.py"
    script.write_text(code)
    argv = [sys.executable, str(script), str(tmp_path / "ran")]
    text = (
        f'state = "{tmp_path}/state"\n[[sbc]]\nname = "nyc-1"\nhost = "192.0.2.1"\n'
        f'[[trunk]]\nname = "acme"\nsbcs = ["nyc-1"]\ncap = {{ channels = 9 }}\ncredential = {{ metadata = {argv!r} }}\n'
    )
    return parse(text.encode(), tmp_path / "c.toml", {"HOME": str(tmp_path)}, ("asterisk",))


def age_of(held: Config) -> CredentialAge:
    """Return the age that a look tells."""
    snapshot = Asking(held, quiet=False).laid_over(fleet(leg("acme@nyc-1")))
    (age,) = snapshot.credentials or ()
    assert [one.kind for one in snapshot.findings or ()] == [
        FindingKind.CRED_UNKNOWN if age.age_days is None else FindingKind.CRED_OVERDUE
    ]
    return age


def test_a_metadata_command_is_run_once_and_then_remembered_for_hours(tmp_path: Path) -> None:
    held = config(tmp_path)
    for _ in range(3):
        age = age_of(held)
        assert age.confidence is Confidence.METADATA
        assert age.day in {utc_today() - timedelta(days=100), utc_today() - timedelta(days=101)}
    assert (tmp_path / "ran").read_text() == "x"
    assert not [path for path in (tmp_path / "state").iterdir() if b"canary" in path.read_bytes()]


def test_one_that_fails_is_run_again_and_its_words_are_kept_nowhere(tmp_path: Path) -> None:
    held = config(tmp_path, CODE + "raise SystemExit(7)")
    for _ in range(2):
        age = age_of(held)
        assert (age.age_days, age.confidence) == (None, Confidence.UNKNOWN)
        assert age.why.endswith("ended with status 7")
    assert (tmp_path / "ran").read_text() == "xx"


def test_a_look_that_asks_nobody_runs_nothing_makes_no_folder_and_finds_no_unknown_age(
    tmp_path: Path,
) -> None:
    held = config(tmp_path)
    snapshot = foretold(held, fleet(leg("acme@nyc-1")))
    assert snapshot.findings == ()
    assert not (tmp_path / "ran").exists()
    assert not (tmp_path / "state").exists()
