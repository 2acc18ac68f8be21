"""Reads fixture folders: what an SBC printed, one file per command, and what we expect to have understood.

    tests/fixtures/<platform>/<case>/<command key>.out     standard output, byte for byte
                                     <command key>.err     standard error
                                     status.json           exit statuses other than 0 (null: never came back)
                                     settings/<key>.out    answers to the settings asks
                                     expected.json         the Observation

A command whose files are missing did not run. `python -m tests.platforms.recordings` writes every
expected.json anew: read the difference before committing it.
"""

from __future__ import annotations

import json
from pathlib import Path

import msgspec

from trunktui.model.ask import Answer, Reply
from trunktui.model.observation import Observation
from trunktui.model.text import Safe
from trunktui.platforms.contract import LegSettings, Platform
from trunktui.platforms.registry import PLATFORMS
from trunktui.transport.lines import safe_json, safe_lines

FIXTURES = Path(__file__).parent.parent / "fixtures"


def cases(platform: str) -> list[str]:
    """Return the case folders of a platform, by name."""
    folders = (FIXTURES / platform).iterdir()
    return sorted(p.name for p in folders if any(p.glob("*.out")) or (p / "status.json").exists())


def all_cases() -> list[tuple[str, str]]:
    """Return (platform, case) for every recorded case."""
    return [(platform, case) for platform in PLATFORMS for case in cases(platform)]


def lines(raw: bytes) -> tuple[Safe, ...]:
    """Return lines as a transport hands them over: cleaned and redacted; JSON in one line in its pieces."""
    return safe_json(raw) if raw.startswith(b'{"') else safe_lines(raw)


def recorded(folder: Path) -> Answer:
    """Return the answer that a folder holds, as if it took a quarter of a second."""
    status_file = folder / "status.json"
    statuses = json.loads(status_file.read_text()) if status_file.exists() else {}
    keys = sorted({p.stem for p in folder.iterdir() if p.suffix in {".out", ".err"}} | set(statuses))
    replies = tuple(
        Reply(
            key=key,
            status=statuses.get(key, 0),
            lines=_read(folder / f"{key}.out"),
            errors=_read(folder / f"{key}.err"),
        )
        for key in keys
    )
    return Answer(asked_at=99.75, answered_at=100.0, replies=replies)


def _read(path: Path) -> tuple[Safe, ...]:
    return lines(path.read_bytes()) if path.exists() else ()


def settings_of(platform: Platform, folder: Path) -> LegSettings:
    """Return the settings that a case recorded, none when it has no `settings` folder."""
    recordings = folder / "settings"
    if not recordings.exists():
        return LegSettings()
    return platform.parse_settings((recorded(recordings),), LegSettings())


def observe(platform_name: str, case: str) -> Observation:
    """Parse a recorded case with no trunk configured."""
    platform, folder = PLATFORMS[platform_name], FIXTURES / platform_name / case
    return platform.parse_poll(recorded(folder), settings_of(platform, folder), ())


def readable(observation: Observation) -> str:
    """Return an Observation as the text that expected.json holds."""
    return json.dumps(msgspec.to_builtins(observation), indent=1, ensure_ascii=False) + "\n"


if __name__ == "__main__":
    for name, case_name in all_cases():
        path = FIXTURES / name / case_name / "expected.json"
        path.write_text(readable(observe(name, case_name)), encoding="utf-8")
