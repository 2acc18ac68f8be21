"""The shape of the repository: which way imports go, how long files are, and what code may never do.

The table of arrows is CONTRIBUTING.md's; a new package must be entered here before anything can import it.
"""

from __future__ import annotations

import ast
import functools
import re
import sys
import tomllib
from collections.abc import Iterable, Iterator
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[1]
PACKAGE = ROOT / "trunktui"
FILES = sorted(PACKAGE.rglob("*.py"))
NAMES = [str(path.relative_to(ROOT)) for path in FILES]

MAY_IMPORT: dict[str, set[str]] = {
    "model": set(),
    "platforms": {"model"},
    "health": {"model"},
    "transport": {"model"},
    "poll": {"model", "platforms", "transport", "health"},
    "store": {"model"},
    "actions": {"model", "platforms", "transport", "store"},
    "engine": {"model", "poll", "actions", "store", "config", "health"},
    "config": {"model"},
    "present": {"model"},
    "tui": {"model", "present"},
    "demo": {"model"},
}
"""What each package may import of trunktui besides itself; `cli`, `wiring*` and `__main__` may import all."""

COMPOSERS = {
    "cli",
    "wiring",
    "wiring_actions",
    "wiring_findings",
    "wiring_history",
    "wiring_marks",
    "wiring_pollers",
    "wiring_records",
    "wiring_refusals",
    "__main__",
    "__init__",
}
THIRD_PARTY: dict[str, set[str]] = {"present": {"humanize"}, "tui": {"textual", "rich"}, "cli": {"click"}}
"""Third-party modules by package; msgspec's types are the common language and allowed everywhere."""

MAY_CATCH_ALL = PACKAGE / "poll" / "guard.py"
"""The one file with a broad `except`, and one only: a defect met at one SBC must not end the polling of others."""

ONE_FILE_ONLY = {
    "asyncssh": {PACKAGE / "transport" / "ssh.py", PACKAGE / "demo" / "server.py"},
    "pysnmp": {PACKAGE / "transport" / "snmp.py", PACKAGE / "demo" / "snmp_usm.py"},
    "pyasn1": {
        PACKAGE / "transport" / "snmp.py",
        PACKAGE / "demo" / "snmp_usm.py",
    },  # pysnmp's own encoding layer
}
MAX_FILE_LINES = 400
MAX_FUNCTION_LINES = 60
NO_CLOCK = {"model", "platforms", "health", "present"}
NO_WALL_CLOCK = NO_CLOCK | {"config", "poll", "transport", "engine", "actions"}
NOT_A_PLATFORM = {
    *("__init__", "contract", "registry", "sipuri"),
    *("boxaround", "boxmib", "boxroutes", "boxshell", "boxtail"),
}

each_file = pytest.mark.parametrize("path", FILES, ids=NAMES)


@functools.cache
def tree(path: Path) -> ast.Module:
    """Return the syntax tree of a file."""
    return ast.parse(path.read_text(encoding="utf-8"), str(path))


def package(path: Path) -> str:
    """Return the package (or top-level module) of trunktui that a file belongs to."""
    return path.relative_to(PACKAGE).parts[0].removesuffix(".py")


def module(path: Path) -> str:
    """Return the dotted name of a file."""
    dotted = ".".join(path.relative_to(ROOT).with_suffix("").parts)
    return dotted.removesuffix(".__init__")


def imports(nodes: Iterable[ast.AST]) -> Iterator[tuple[str, int]]:
    """Yield (dotted module, line) for every import among `nodes`; `from a import b` yields a.b."""
    for node in nodes:
        if isinstance(node, ast.Import):
            for alias in node.names:
                yield alias.name, node.lineno
        elif isinstance(node, ast.ImportFrom):
            assert node.level == 0, f"relative import in line {node.lineno}"
            for alias in node.names:
                yield f"{node.module}.{alias.name}", node.lineno


def top_level(body: list[ast.stmt]) -> Iterator[ast.stmt]:
    """Yield the statements that run at import, without what only type checkers see."""
    for node in body:
        if isinstance(node, ast.If) and "TYPE_CHECKING" in ast.unparse(node.test):
            continue
        yield node
        if isinstance(node, ast.If | ast.Try):
            yield from top_level([*node.body, *node.orelse])


def called(node: ast.Call) -> str:
    """Return the name a call goes by: `notify` for self.app.notify(...)."""
    return node.func.attr if isinstance(node.func, ast.Attribute) else getattr(node.func, "id", "")


@each_file
def test_imports_follow_the_arrows(path: Path) -> None:
    own = package(path)
    if own in COMPOSERS:
        return
    for name, line in imports(ast.walk(tree(path))):
        parts = name.split(".")
        if parts[0] == "trunktui" and name != "trunktui.__version__":
            assert len(parts) > 1, f"{path}:{line} imports trunktui itself"
            assert parts[1] == own or parts[1] in MAY_IMPORT[own], f"{path}:{line} imports {name}"


@each_file
def test_third_party_modules_stay_where_they_belong(path: Path) -> None:
    allowed = {"msgspec", "trunktui"} | THIRD_PARTY.get(package(path), set())
    for name, line in imports(ast.walk(tree(path))):
        top = name.partition(".")[0]
        if top in sys.stdlib_module_names:
            continue
        if top in ONE_FILE_ONLY:
            assert path in ONE_FILE_ONLY[top], f"{path}:{line} imports {top}"
        else:
            assert top in allowed, f"{path}:{line} imports {top}"


@each_file
def test_commands_and_composition_load_screen_transport_and_engine_only_when_they_run(path: Path) -> None:
    if package(path) not in COMPOSERS:
        return
    heavy = {
        "tui",
        "transport",
        "engine",
        "poll",
        "platforms",
        "wiring",
        "wiring_actions",
        "wiring_findings",
        "wiring_history",
        "wiring_marks",
        "wiring_pollers",
        "wiring_records",
        "wiring_refusals",
    }
    for name, line in imports(top_level(tree(path).body)):
        parts = name.split(".")
        assert parts[0] not in {"textual", "asyncssh", "pysnmp"}, f"{path}:{line} imports {name}"
        assert parts[0] != "trunktui" or len(parts) == 1 or parts[1] not in heavy, (
            f"{path}:{line} imports {name}"
        )


def test_no_two_modules_import_each_other_in_a_circle() -> None:
    modules = {module(path): path for path in FILES}
    graph: dict[str, set[str]] = {}
    for name, path in modules.items():
        found = {target for target, _ in imports(top_level(tree(path).body))}
        # `from trunktui.model import text` and `from trunktui.model.text import clean` both mean that module.
        graph[name] = {t if t in modules else t.rpartition(".")[0] for t in found} & modules.keys() - {name}
    done: set[str] = set()

    def walk(name: str, path: tuple[str, ...]) -> None:
        assert name not in path, " -> ".join((*path[path.index(name) :], name))
        if name not in done:
            for target in sorted(graph[name]):
                walk(target, (*path, name))
            done.add(name)

    for name in graph:
        walk(name, ())
    assert len(done) == len(FILES) > 30


@each_file
def test_a_file_stays_short_and_says_what_it_is_for(path: Path) -> None:
    lines = len(path.read_text(encoding="utf-8").splitlines())
    assert lines <= MAX_FILE_LINES, f"{lines} lines"
    assert ast.get_docstring(tree(path)), "no docstring"


@each_file
def test_functions_stay_short(path: Path) -> None:
    for node in ast.walk(tree(path)):
        if isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef):
            length = (node.end_lineno or node.lineno) - node.lineno + 1
            assert length <= MAX_FUNCTION_LINES, f"{path}:{node.lineno} {node.name} has {length} lines"


@each_file
def test_every_public_class_and_function_is_documented(path: Path) -> None:
    def public(body: list[ast.stmt]) -> Iterator[ast.ClassDef | ast.FunctionDef | ast.AsyncFunctionDef]:
        for node in body:
            if (
                isinstance(node, ast.ClassDef | ast.FunctionDef | ast.AsyncFunctionDef)
                and node.name[0] != "_"
            ):
                yield node
                if isinstance(node, ast.ClassDef):
                    yield from public(node.body)

    for node in public(tree(path).body):
        assert ast.get_docstring(node), f"{path}:{node.lineno} {node.name} has no docstring"


@each_file
def test_no_handler_catches_everything(path: Path) -> None:
    broad: list[int] = []
    for node in ast.walk(tree(path)):
        if isinstance(node, ast.ExceptHandler):
            names = {getattr(part, "id", "") for part in ast.walk(node.type)} if node.type else {"Exception"}
            if names & {"Exception", "BaseException"}:
                broad.append(node.lineno)
    assert len(broad) == (1 if path == MAY_CATCH_ALL else 0), f"{path}:{broad}"


@each_file
def test_no_task_is_started_and_forgotten(path: Path) -> None:
    for node in ast.walk(tree(path)):
        call = node.value if isinstance(node, ast.Expr) else None
        if isinstance(call, ast.Call) and called(call) in {"create_task", "ensure_future"}:
            owner = ast.unparse(call.func).rpartition(".")[0]
            forgotten = owner in {"", "asyncio"} or "loop" in owner
            assert not forgotten, f"{path}:{call.lineno}"


@each_file
def test_logic_does_not_read_clocks(path: Path) -> None:
    for node in ast.walk(tree(path)):
        name = ast.unparse(node.func) if isinstance(node, ast.Call) else ""
        if package(path) in NO_WALL_CLOCK:
            assert not re.search(r"\b(time\.time|(date|datetime)\.(now|today|utcnow))$", name), (
                f"{path}:{name}"
            )
        if package(path) in NO_CLOCK:
            assert name not in {"time.monotonic", "monotonic", "time.perf_counter"}, f"{path}: {name}"


@each_file
def test_nothing_dangerous_is_called(path: Path) -> None:
    for node in ast.walk(tree(path)):
        if isinstance(node, ast.keyword):
            value = node.value.value if isinstance(node.value, ast.Constant) else ...
            assert not (node.arg == "known_hosts" and value is None), f"{path}: accepts any host key"
            assert not (node.arg == "shell" and value is not False), f"{path}: runs a shell"
        elif isinstance(node, ast.Call) and isinstance(node.func, ast.Name):
            assert node.func.id not in {"eval", "exec", "__import__"}, f"{path}:{node.lineno}"
    names = {name.partition(".")[0] for name, _ in imports(ast.walk(tree(path)))}
    assert not names & {"pickle", "marshal", "shelve", "yaml"}


TEXT_SINKS = {"add_row", "add_column", "notify", "Static", "Label", "Button", "update_cell", "border_title"}
SAFE_TEXT = {"Text", "Content", "clean"}


def harmless(node: ast.expr) -> bool:
    """Tell whether an argument cannot carry outside text as markup: a literal without brackets, or cleaned text."""
    if isinstance(node, ast.Constant):
        return not isinstance(node.value, str) or "[" not in node.value
    return isinstance(node, ast.Call) and called(node) in SAFE_TEXT


@pytest.mark.parametrize("path", [p for p in FILES if package(p) == "tui"], ids=lambda p: p.name)
def test_the_screen_never_renders_bare_text_as_markup(path: Path) -> None:
    for node in ast.walk(tree(path)):
        if isinstance(node, ast.keyword) and node.arg == "markup":
            assert ast.unparse(node.value) == "False", f"{path}: markup on"
        if isinstance(node, ast.Call):
            assert called(node) != "from_markup", f"{path}:{node.lineno}"
            if called(node) in TEXT_SINKS:
                assert all(harmless(argument) for argument in node.args), (
                    f"{path}:{node.lineno} {called(node)}"
                )
        if isinstance(node, ast.Assign):
            titles = {"title", "sub_title", "border_title", "border_subtitle"}
            for target in node.targets:
                if isinstance(target, ast.Attribute) and target.attr in titles:
                    assert harmless(node.value), f"{path}:{node.lineno} sets {target.attr}"


@pytest.mark.parametrize(
    ("source", "caught"),
    [
        ('self.notify(f"{x}")', True),
        ('Static("plain words")', False),
        ('Static("[b]x")', True),
        ("Label(name)", True),
        ("Label(Text(clean(name)))", False),
    ],
)
def test_the_markup_rule_itself_catches_what_it_should(source: str, *, caught: bool) -> None:
    call = next(node for node in ast.walk(ast.parse(source)) if isinstance(node, ast.Call))
    assert called(call) in TEXT_SINKS
    assert all(harmless(argument) for argument in call.args) is not caught


def test_every_platform_has_a_folder_of_recordings() -> None:
    stems = {path.stem for path in (PACKAGE / "platforms").glob("*.py")} - NOT_A_PLATFORM
    platforms = {stem for stem in stems if not any(stem.startswith(f"{other}_") for other in stems)}
    assert platforms
    for platform in platforms:
        assert any((ROOT / "tests" / "fixtures" / platform).iterdir()), platform


def test_the_packages_are_the_ones_whose_arrows_are_known() -> None:
    found = {path.parent.name for path in PACKAGE.glob("*/__init__.py")}
    assert found <= MAY_IMPORT.keys() | COMPOSERS


def test_every_dependency_is_used_and_every_import_is_declared() -> None:
    project = tomllib.loads((ROOT / "pyproject.toml").read_text(encoding="utf-8"))["project"]
    declared = {re.split(r"[<>=]", line)[0] for line in project["dependencies"]}
    imported = {name.partition(".")[0] for path in FILES for name, _ in imports(ast.walk(tree(path)))}
    assert declared == imported - set(sys.stdlib_module_names) - {"trunktui"}


def test_every_dependency_has_bounds_and_a_reason() -> None:
    text = (ROOT / "pyproject.toml").read_text(encoding="utf-8")
    lines = re.findall(r'^    "[a-z-]+>=.*$', text, flags=re.MULTILINE)
    assert len(lines) > 10
    for line in lines:
        assert re.match(r'    "[a-z-]+>=[\d.]+,<[\d.]+",\s+# \w', line), line


@pytest.mark.parametrize("name", ["requirements.lock", "requirements-dev.lock"])
def test_the_lock_files_have_hashes_and_name_no_place(name: str) -> None:
    lines = (ROOT / name).read_text(encoding="utf-8").splitlines()
    assert sum("--hash=sha256:" in line for line in lines) > 10
    assert not [line for line in lines if "://" in line or line.startswith(("-", "/"))]


@each_file
def test_no_pattern_holds_a_possessive_group(path: Path) -> None:
    """CPython before 3.11.5 (Debian 12 has 3.11.2) matches `(...)*+` wrongly; single characters are fine."""
    for node in ast.walk(tree(path)):
        if isinstance(node, ast.Constant) and isinstance(node.value, str):
            assert not re.search(r"(?<!\\)\)(?:[*+?]|\{[0-9,]+\})\+|\(\?>", node.value), (
                f"{path}:{node.lineno}"
            )
