"""Where a config is looked for, and which files are refused."""

from __future__ import annotations

import os
from pathlib import Path

import pytest

from trunktui.config import files
from trunktui.config.errors import ConfigError
from trunktui.config.load import load

SOUND = '[[sbc]]\nname = "nyc-1"\nhost = "192.0.2.1"\n'


@pytest.fixture
def config(tmp_path: Path) -> Path:
    """A sound config, mode 0600."""
    path = tmp_path / "prod.toml"
    path.write_text(SOUND)
    path.chmod(0o600)
    return path


def refusal(path: Path | None, env: dict[str, str] | None = None) -> str:
    """Return what is said when the config cannot be loaded."""
    with pytest.raises(ConfigError) as caught:
        load(path, env or {}, ("asterisk",))
    return str(caught.value)


@pytest.mark.parametrize("mode", [0o600, 0o400, 0o640, 0o644])
def test_a_config_that_only_its_owner_can_write_is_read(config: Path, mode: int) -> None:
    config.chmod(mode)
    assert load(config, {}, ("asterisk",)).path == config


@pytest.mark.parametrize("mode", [0o620, 0o602, 0o666])
def test_a_config_that_others_can_write_is_refused_with_the_cure(config: Path, mode: int) -> None:
    config.chmod(mode)
    said = refusal(config)
    assert f"mode {mode:04o}" in said
    assert f"chmod go-w {config}" in said


def test_a_config_behind_a_symbolic_link_is_refused(config: Path, tmp_path: Path) -> None:
    link = tmp_path / "link.toml"
    link.symlink_to(config)
    assert "symbolic link" in refusal(link)


@pytest.mark.skipif(os.geteuid() != 0, reason="only root can give a file away")
def test_a_config_of_somebody_else_is_refused(config: Path) -> None:
    os.chown(config, 12345, -1)
    said = refusal(config)
    assert "owned by user id 12345" in said
    assert f"chown {os.geteuid()} {config}" in said


def test_a_folder_and_a_pipe_are_refused_without_waiting(tmp_path: Path) -> None:
    pipe = tmp_path / "pipe"
    os.mkfifo(pipe, 0o600)
    assert "no plain file" in refusal(pipe)
    assert "no plain file" in refusal(tmp_path)


def test_a_config_beyond_the_size_limit_is_refused(config: Path) -> None:
    config.write_text("#" * (files.SIZE_LIMIT + 1))
    assert "larger than" in refusal(config)


def test_a_named_config_that_is_missing_is_never_replaced_by_another(config: Path, tmp_path: Path) -> None:
    missing = tmp_path / "missing.toml"
    assert refusal(missing) == f"{missing}: no such file"
    env = {"TRUNKTUI_CONFIG": str(missing), "XDG_CONFIG_HOME": str(tmp_path)}
    (tmp_path / "trunktui").mkdir()
    config.rename(tmp_path / "trunktui" / "config.toml")
    assert refusal(None, env) == f"{missing}: no such file"


def test_the_first_of_the_search_order_is_used(config: Path, tmp_path: Path) -> None:
    home = tmp_path / "home" / "trunktui"
    home.mkdir(parents=True)
    other = home / "config.toml"
    other.write_text(SOUND)
    other.chmod(0o600)
    env = {"XDG_CONFIG_HOME": str(tmp_path / "home")}
    assert load(None, env, ("asterisk",)).path == other
    assert load(None, {**env, "TRUNKTUI_CONFIG": str(config)}, ("asterisk",)).path == config
    assert load(other, {**env, "TRUNKTUI_CONFIG": str(config)}, ("asterisk",)).path == other


def test_without_any_config_the_line_says_where_it_was_looked_for(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(files, "SYSTEM_CONFIG", tmp_path / "etc.toml")
    said = refusal(None, {"HOME": str(tmp_path)})
    assert f"--config, $TRUNKTUI_CONFIG, {tmp_path}/.config/trunktui/config.toml, {tmp_path}/etc.toml" in said
    assert "trunktui config init" in said
    assert said.startswith("no config found")
    assert "\n" not in said


def test_a_folder_variable_that_is_not_absolute_is_ignored() -> None:
    assert files.search_order({"XDG_CONFIG_HOME": "here", "HOME": "/home/noc"})[0] == Path(
        "/home/noc/.config/trunktui/config.toml"
    )


def test_the_state_folder_is_made_private(tmp_path: Path) -> None:
    path = tmp_path / "a" / "b"
    files.make_state_dir(path)
    assert path.stat().st_mode & 0o777 == 0o700
    files.make_state_dir(path)
    path.chmod(0o777)
    with pytest.raises(ConfigError, match="chmod o-w"):
        files.make_state_dir(path)


def test_a_state_folder_that_cannot_be_made_is_told_in_one_line(tmp_path: Path) -> None:
    blocker = tmp_path / "file"
    blocker.touch()
    with pytest.raises(ConfigError, match="cannot make the state folder"):
        files.make_state_dir(blocker / "state")
