"""`python -m tests.demo.walkthrough`: plays the incident and writes docs/walkthrough.md with a picture of every scene."""

from __future__ import annotations

import asyncio
import sys
import tempfile
from pathlib import Path
from textwrap import fill

from tests.demo.incident import Incident, Scene, play, scenes, terminal
from tests.demo.painting import svg

DOCS = Path(__file__).parents[2] / "docs"
PICTURES = "walkthrough"
_HEAD = """# An incident, from the first alarm to the failback

A carrier dies; its calls are moved to another one, that is proved by calls, and when the carrier has been back for long
enough they are moved back. Every picture is of the dashboard over the simulated fleet, in the keys that are given; the
guards' waits are shortened as the fleet's timers are. `make walkthrough` plays it again and makes this page anew.
"""
_NAMES = {"\r": "enter", "\x1b": "esc"}


def main() -> int:
    """Play, paint and write."""
    told = scenes()
    pictures = DOCS / PICTURES
    pictures.mkdir(exist_ok=True)
    incident = Incident()

    def on_a_terminal() -> None:
        with terminal(incident) as session:
            for scene, _ in play(incident, session, told):
                picture = svg(session._screen, scene.title)
                (pictures / f"{scene.name}.svg").write_text(picture, encoding="utf-8")
                sys.stdout.write(f"{scene.title}\n")

    with tempfile.TemporaryDirectory() as folder:
        asyncio.run(incident.run(Path(folder) / "demo", on_a_terminal))
    (DOCS / "walkthrough.md").write_text(page(told), encoding="utf-8")
    return 0


def page(told: tuple[Scene, ...]) -> str:
    """Return the page that tells the scenes."""
    return _HEAD + "".join(
        f"\n## {number}. {scene.title}\n\n{fill(_pressed(scene.keys) + scene.words, 120)}\n\n"
        f"![{scene.title}]({PICTURES}/{scene.name}.svg)\n"
        for number, scene in enumerate(told, 1)
    )


def _pressed(keys: str) -> str:
    """Return the keys as somebody would type them: `us-outbound` enter."""
    if not keys:
        return ""
    text = keys
    for key, name in _NAMES.items():
        text = text.replace(key, f"\0{name}\0")
    parts = [part for part in text.split("\0") if part]
    return "Press " + ", ".join(f"`{part}`" for part in parts) + ". "


if __name__ == "__main__":
    sys.exit(main())
