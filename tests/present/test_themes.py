"""Theme files: what is shipped is whole, what is wrong is told in one line."""

from __future__ import annotations

from pathlib import Path

import pytest

from trunktui.present.cells import Role
from trunktui.present.themes import ThemeError, choose_theme, load_theme, shipped_themes


def whole(**changes: str) -> str:
    styles = {role.value: "" for role in Role} | changes
    return "[roles]\n" + "".join(f'{name} = "{style}"\n' for name, style in styles.items())


def written(folder: Path, text: str | bytes) -> str:
    file = folder / "mine.toml"
    file.write_bytes(text.encode() if isinstance(text, str) else text)
    return str(file)


def test_four_themes_are_shipped_and_each_styles_every_role() -> None:
    assert shipped_themes() == ("ansi", "dark", "light", "mono")
    for name in shipped_themes():
        assert set(load_theme(name).styles) == set(Role)


def test_the_mono_theme_has_no_colour_and_ansi_only_the_sixteen() -> None:
    words = {word for style in load_theme("mono").styles.values() for word in style.split()}
    assert words <= {"bold", "dim", "underline", "reverse"}
    assert not any("#" in style for style in load_theme("ansi").styles.values())


def test_no_theme_blinks() -> None:
    assert not any(
        "blink" in style for name in shipped_themes() for style in load_theme(name).styles.values()
    )


@pytest.mark.parametrize(
    ("asked", "environ", "chosen"),
    [
        (None, {"TERM": "xterm-256color"}, "dark"),
        (None, {"TERM": "xterm-16color"}, "ansi"),
        (None, {"TERM": "linux"}, "ansi"),
        (None, {"TERM": "xterm", "COLORTERM": "truecolor"}, "dark"),
        ("light", {"TERM": "xterm-16color"}, "light"),
        ("light", {"TERM": "xterm-256color", "NO_COLOR": "1"}, "mono"),
        (None, {"TERM": "xterm-256color", "NO_COLOR": ""}, "dark"),
    ],
)
def test_the_terminal_decides_where_nobody_asked(
    asked: str | None, environ: dict[str, str], chosen: str
) -> None:
    assert choose_theme(asked, environ) == chosen


def test_a_theme_file_of_ones_own_is_read(tmp_path: Path) -> None:
    path = written(tmp_path, whole(down="bold #ff0000 on black"))
    assert load_theme(path).styles[Role.DOWN] == "bold #ff0000 on black"


@pytest.mark.parametrize(
    ("text", "said"),
    [
        (whole(down="blink red"), "role down: 'blink' is no style"),
        (whole(down="re\\u001bd"), "role down: 're\\x1bd' is no style"),
        (whole(down="bold on"), 'role down: nothing after "on"'),
        (whole(shiny="red"), "role shiny: no such role"),
        (whole().replace('cursor = ""\n', ""), "role cursor: missing"),
        (whole().replace('cursor = ""', "cursor = 7"), "role cursor: not a text"),
        ("[colours]\n", "the table [roles] is missing"),
        ("[roles", "not TOML"),
        (b"\xff\xfe", "not UTF-8"),
    ],
)
def test_a_wrong_theme_file_is_told_in_one_line_with_file_and_role(
    tmp_path: Path, text: str | bytes, said: str
) -> None:
    path = written(tmp_path, text)
    with pytest.raises(ThemeError) as error:
        load_theme(path)
    assert str(error.value).startswith(f"theme file {path}: ")
    assert said in str(error.value)
    assert "\n" not in str(error.value)
    assert "\x1b" not in str(error.value)


@pytest.mark.parametrize("asked", ["nosuch", "./nosuch.toml", "/nonexistent/x.toml"])
def test_a_theme_that_is_not_there_is_told_with_those_that_are(asked: str) -> None:
    with pytest.raises(ThemeError, match="dark, light, mono"):
        load_theme(asked)
