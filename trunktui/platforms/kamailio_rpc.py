"""Reads what Kamailio's RPC prints, as `kamcmd` text and as JSON, into the same tree.

What `kamcmd dispatcher.list` prints (indented by tabs, which arrive as `␉`; structs may repeat a name or have none):

    {
        NRSETS: 2
        RECORDS: {
                SET: {
                        ID: 2
                        TARGETS: {
                                DEST: {
                                        URI: sip:10.77.0.21:5070

The same by JSON-RPC, where a list stands for what repeats:

    {
        "jsonrpc":	"2.0",
        "result":	{
                "NRSETS":	2,
                "RECORDS":	[{
                                "SET":	{
                                        "ID":	2,

`kamcmd` exits with 0 whatever Kamailio said: `error: 404 - Record not found`, `error: 500 - command X not found`. It
exits with 255 only where the control socket cannot be used. A command that has nothing to say prints nothing.
"""

from __future__ import annotations

import json
import re
from collections.abc import Iterator
from typing import Generic, TypeVar, cast

from msgspec import Struct

from trunktui.model.ask import Command, Reply
from trunktui.model.observation import Unread
from trunktui.model.text import Safe, clean

Row = TypeVar("Row")

PROGRAM = "/usr/sbin/kamcmd"
"""A non-root SSH exec has no /usr/sbin in its PATH."""

_KEPT_LINES = 5
_DEEPEST = 16
"""Nesting that is followed; Kamailio's own lists go 6 deep."""

_ERROR = re.compile(r"error: (-?\d{1,5}) - (.*)")
_NULL = "<null string>"
_BLANKS = " ␉"
"""A tab comes as its visible picture: it is a control character."""

_NO_METHOD = re.compile(r"command \S+ not found|Method Not Found", re.IGNORECASE)

Leaf = str | None


class Node(Struct, frozen=True):
    """A struct: names and what they hold, in order; a name may repeat, and is empty for an item of a list."""

    pairs: tuple[tuple[str, Leaf | Node], ...] = ()

    def text(self, name: str) -> str | None:
        """Return the one leaf called `name`; None where it is missing, null, or there are several."""
        found = [value for key, value in self.pairs if key == name]
        return found[0] if len(found) == 1 and isinstance(found[0], str) else None

    def number(self, name: str) -> int | None:
        """Return the leaf called `name` as a whole number, None where it is none."""
        return whole(self.text(name))

    def decimal(self, name: str) -> float | None:
        """Return the leaf called `name` as a decimal, None where it is none."""
        found = self.text(name)
        return float(found) if found is not None and re.fullmatch(r"\d{1,9}(\.\d{1,9})?", found) else None

    def child(self, name: str) -> Node | None:
        """Return the one struct called `name`, None where there is none, or several."""
        found = tuple(self.each(name))
        return found[0] if len(found) == 1 else None

    def each(self, name: str) -> Iterator[Node]:
        """Yield the structs called `name`, also those that stand in items of a list."""
        for key, value in self.pairs:
            if isinstance(value, Node):
                if key == name:
                    yield value
                elif not key:
                    yield from value.each(name)


class Told(Struct, frozen=True):
    """One answer understood: structs, and words that stand alone. `why`: why it could not be read, else None.

    `absent`: this Kamailio has no such command, so its module is not loaded.
    """

    nodes: tuple[Node, ...] = ()
    words: tuple[str, ...] = ()
    why: str | None = None
    absent: bool = False

    @property
    def node(self) -> Node:
        """The one struct of the answer; an empty one where there is none, or several."""
        return self.nodes[0] if len(self.nodes) == 1 else Node()


class Table(Struct, Generic[Row], frozen=True):
    """Rows, whether the table was understood whole, and what was not understood."""

    rows: tuple[Row, ...] = ()
    whole: bool = False
    unread: tuple[Unread, ...] = ()


def call(key: str, method: str, *arguments: str) -> Command:
    """Return the command that has Kamailio run one method of its RPC: by JSON where it can be, else by `kamcmd`."""
    words = (_json_word(argument) for argument in arguments)
    return Command(key, (PROGRAM, method, *arguments), request=" ".join((method, *words)))


def _json_word(argument: str) -> str:
    """Return an argument of `kamcmd` in the words of the JSON way: it takes digits for a number, and `s:` prevents it."""
    if argument.startswith("s:"):
        return argument[2:]
    return f"i:{argument}" if argument.isdecimal() else argument


def read(reply: Reply) -> Told:
    """Read one answer, whichever way it came. Never raises."""
    if why := fault(reply):
        return Told(why=why)
    lines = [line for raw in reply.lines if (line := raw.strip(_BLANKS))]
    if any(line.startswith('"jsonrpc"') for line in lines[:3]) or (lines and lines[0].startswith('{"')):
        return _from_json("\n".join(lines).replace("␉", " "))
    return _from_text(lines)


def fault(reply: Reply) -> str | None:
    """Say why a reply holds no answer of Kamailio's at all, None when it looks like one."""
    if reply.status in (124, 137):
        return "Kamailio did not answer in time"
    if reply.truncated:
        return "more than we take"
    if reply.status is None:
        return "the answer broke off"
    if denied := refusal(reply):
        return denied
    if reply.status != 0:
        said = (reply.errors + reply.lines)[:1]
        return f"exit status {reply.status}" + (f": {said[0]}" if said else "")
    return None


def refusal(reply: Reply) -> str | None:
    """Say who refused a command, None when nobody did."""
    for line in reply.errors:
        if line.startswith("sudo:"):
            return f"sudo refuses the command ({line}): see docs/grants.md"
    return None


def whole(text: str | None) -> int | None:
    """Return a text as a whole number, None where it is none (or longer than any that Kamailio means)."""
    return int(text) if text is not None and re.fullmatch(r"-?\d{1,19}", text, re.ASCII) else None


def unread_of(command: str, why: str, lines: tuple[Safe, ...] = ()) -> Unread:
    """Return an answer that could not be read, with the first of its lines."""
    return Unread(command, why, lines[:_KEPT_LINES])


def _said(code: str, message: str) -> Told:
    if _NO_METHOD.search(message):
        return Told(why="this Kamailio has no such command: is the module loaded?", absent=True)
    return Told(why=f"Kamailio says: error {code}, {clean(message)}")


def _from_text(lines: list[str]) -> Told:
    """Read `kamcmd`'s own print; a struct that is not closed makes all of it unread."""
    nodes: list[Node] = []
    words: list[str] = []
    open_: list[tuple[str, list[tuple[str, Leaf | Node]]]] = []
    for line in lines:  # some 20,000 where there are 500 dialogs: no pattern is tried on them
        if line == "}":
            if not open_:
                return Told(why="a bracket too many")
            name, pairs = open_.pop()
            if open_:
                open_[-1][1].append((name, Node(tuple(pairs))))
            else:
                nodes.append(Node(tuple(pairs)))
            continue
        if not open_ and line != "{":
            if refused := _ERROR.fullmatch(line):
                return _said(refused[1], refused[2])
            words.append(line)
            continue
        name, colon, value = line.partition(": ")
        if line == "{" or (value == "{" and " " not in name):
            open_.append((name if colon else "", []))
            if len(open_) > _DEEPEST:
                return Told(why="nested too deep")
        elif " " in name or not (colon or name.endswith(":")):
            return Told(why="a line that is no name and value")
        elif colon:
            open_[-1][1].append((name, None if value == _NULL else value))
        else:
            open_[-1][1].append((name[:-1], ""))
    return Told(why="the answer broke off") if open_ else Told(tuple(nodes), tuple(words))


def _from_json(text: str) -> Told:
    try:
        answer = json.loads(text)
    except (ValueError, RecursionError):
        return Told(why="broken JSON")
    if not isinstance(answer, dict):
        return Told(why="JSON that is no answer")
    error = answer.get("error")
    if isinstance(error, dict):
        return _said(str(error.get("code"))[:6], str(error.get("message")))
    if "result" not in answer:
        return Told(why="JSON without a result")
    result = answer["result"]
    try:
        items = result if isinstance(result, list) else [result]
        trees = [_tree(item, 0) for item in items]
    except RecursionError:
        return Told(why="nested too deep")
    nodes = tuple(tree for tree in trees if isinstance(tree, Node) and tree.pairs)
    words = tuple(tree.strip() for tree in trees if isinstance(tree, str))
    return Told(nodes, words)


def _tree(value: object, depth: int) -> Leaf | Node:
    if depth > _DEEPEST:
        raise RecursionError
    if isinstance(value, dict):
        items = cast("dict[str, object]", value).items()
        return Node(tuple((name, _tree(item, depth + 1)) for name, item in items))
    if isinstance(value, list):
        return Node(tuple(("", _tree(item, depth + 1)) for item in cast("list[object]", value)))
    if value is None or isinstance(value, bool):
        return None
    return f"{value:f}" if isinstance(value, float) else str(value)
