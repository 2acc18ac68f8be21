"""What each process loads: the screen's never a transport, the engine's SNMP only where an SBC has it."""

from __future__ import annotations

import json
import subprocess
import sys
from pathlib import Path

import pytest

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


def test_the_command_line_loads_nothing_heavy_before_a_command_runs() -> None:
    code = "import json, sys, trunktui.cli.main; print(json.dumps(sorted(sys.modules)))"
    done = subprocess.run(
        [sys.executable, "-c", code], cwd=ROOT, capture_output=True, check=True, text=True, timeout=60
    )
    loaded = set(json.loads(done.stdout))
    assert "click" in loaded
    assert not loaded & {"asyncio", "asyncssh", "cryptography", "pysnmp", "rich", "sqlite3", "textual"}


CONFIG = """
[[sbc]]
name = "nyc-1"
host = "192.0.2.1"
"""
SNMP = """[sbc.snmp]
version = "2c"
community = "env:COMMUNITY"
"""


@pytest.mark.parametrize("snmp", [False, True])
def test_pysnmp_is_loaded_only_where_an_sbc_has_snmp(tmp_path: Path, *, snmp: bool) -> None:
    path = tmp_path / "config.toml"
    path.write_text(CONFIG + SNMP * snmp)
    path.chmod(0o600)
    code = (
        "import json, os, pathlib, sys; from trunktui import wiring; from trunktui.config.load import load\n"
        "config = load(pathlib.Path(sys.argv[1]), os.environ, wiring.KNOWN_PLATFORMS)\n"
        "first = wiring.first_snapshot(config); screen = sorted(sys.modules)\n"
        "pollers = wiring._pollers(config, wiring.new_fleet(config), lambda: None, lambda: None)\n"
        "print(json.dumps([screen, sorted(sys.modules), len(pollers)]))"
    )
    done = subprocess.run(
        [sys.executable, "-c", code, str(path)],
        cwd=ROOT,
        capture_output=True,
        check=True,
        text=True,
        timeout=60,
    )
    screen, engine, pollers = json.loads(done.stdout)
    assert not {"asyncssh", "pysnmp", "pyasn1"} & set(screen)
    assert "asyncssh" in engine
    assert ("pysnmp" in engine) is snmp
    assert pollers == 1 + snmp
