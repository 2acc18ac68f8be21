"""What the screen's process loads: never a transport."""

from __future__ import annotations

import json
import subprocess
import sys
from pathlib import Path

ROOT = Path(__file__).parents[2]


def test_the_screen_loads_no_transport_engine_or_config() -> None:
    code = "import json, sys, trunktui.tui.app; print(json.dumps(sorted(sys.modules)))"
    done = subprocess.run(
        [sys.executable, "-c", code], cwd=ROOT, capture_output=True, check=True, text=True, timeout=60
    )
    loaded = set(json.loads(done.stdout))
    assert "textual" in loaded
    assert not loaded & {"asyncssh", "pysnmp", "pyasn1", "cryptography", "click", "sqlite3"}
    others = {"transport", "engine", "poll", "platforms", "health", "config", "cli", "wiring"}
    assert not {name for name in loaded if name.startswith("trunktui.") and name.split(".")[1] in others}
