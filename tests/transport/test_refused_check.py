"""A check that a monitoring system runs every minute does not go on trying a login that was refused."""

from __future__ import annotations

import subprocess
import sys
from getpass import getuser
from pathlib import Path

from tests.transport.sshd import Site, Sshd


def _config(folder: Path, site: Site, key: Path) -> Path:
    path = folder / "config.toml"
    path.write_text(
        f'state = "{folder / "state"}"\n[[sbc]]\nname = "nyc-1"\nplatform = "asterisk"\nhost = "127.0.0.1"\n'
        f'[sbc.ssh]\nuser = "{getuser()}"\nport = {site.sshd.port}\nidentity = "{key}"\n'
        f'known_hosts = "{site.known_hosts}"\n'
    )
    path.chmod(0o600)
    return path


def _run(config: Path, *words: str) -> subprocess.CompletedProcess[str]:
    argv = [sys.executable, "-m", "trunktui", "--config", str(config), *words]
    return subprocess.run(argv, capture_output=True, text=True, timeout=60, check=False)


def test_a_refused_login_is_tried_once_by_check_and_again_when_somebody_asks(
    tmp_path: Path, site: Site, sshd: Sshd, keyring: Path
) -> None:
    sshd.start()
    config = _config(tmp_path, site, keyring / "other_user")
    first = _run(config, "check")
    assert (first.returncode, sshd.accepted()) == (2, 1)
    assert "denied" in first.stdout
    again = _run(config, "check")
    assert (again.returncode, sshd.accepted()) == (2, 1)
    assert "login refused lately, next try in 15 m" in again.stdout
    _run(config, "status")
    assert sshd.accepted() == 2
    right = _config(tmp_path, site, keyring / "user")
    assert "denied" not in _run(right, "check").stdout
    assert sshd.accepted() == 3
