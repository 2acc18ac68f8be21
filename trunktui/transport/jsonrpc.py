"""Kamailio's JSON-RPC over HTTP (modules jsonrpcs and xhttp) as a state machine without IO.

What goes over it (`>` is ours; recorded from 5.6.3; an error has a status of its own, and says the same in JSON):

    > POST /RPC HTTP/1.1
    > Host: 127.0.0.1
    > Content-Type: application/json
    > Content-Length: 95
    >
    > {"jsonrpc":"2.0","method":"uac.reg_info","params":["l_uuid","nosuch"],"id":8}
    HTTP/1.1 404 Record not found
    Sia: SIP/2.0/TCP 127.0.0.1:52752
    Content-Type: application/json
    Server: LabSBC-Kamailio
    Content-Length: 94

    {
        "jsonrpc":	"2.0",
        "error":	{
                "code":	404,
                "message":	"Record not found"
        },
        "id":	8
    }

There is no login: whoever reaches the port may ask, so it belongs on loopback. A request is the method and its
parameters with blanks between: `uac.reg_info l_uuid acme`; `i:500` is a number. The body is put on lines of one member
each before anything reads it, so that the redactor sees one value at a time and what it leaves is still JSON.
"""

from __future__ import annotations

import json
import re

from trunktui.model.ask import Command, Reply
from trunktui.model.link import ControlFault, ControlTrouble
from trunktui.model.text import clean
from trunktui.transport.control import OUTPUT_BYTES, trouble
from trunktui.transport.lines import safe_lines
from trunktui.transport.script import is_plain

_HEAD_BYTES = 16 * 1024
_HEAD_END = re.compile(rb"\r?\n\r?\n")
_STATUS = re.compile(rb"HTTP/1\.[01] ([1-5]\d\d)(?: ([^\r\n]*))?(?:\r?\n|$)")
_LENGTH = re.compile(rb"(?mi)^content-length:[ \t]*([0-9]{1,9})[ \t]*\r?$")
_ID = re.compile(r'"id"\s*:\s*([0-9]{1,9})\s*[,}]')
_TOKEN = re.compile(rb'"[^"\\]*+(?:\\.[^"\\]*+)*"|[,{\[]', re.DOTALL)
_PATH = re.compile(r"/[A-Za-z0-9_./-]{0,128}", re.ASCII)
_BEGIN = b"HTTP/1."
_BLANKS = " \t␉"
_REFUSED = frozenset({401, 403})


class JsonRpc:
    """One connection to Kamailio's HTTP port (a `control.Dialect`)."""

    def __init__(self, name: str, path: str) -> None:
        self.trouble: ControlTrouble | None = None
        self._name = name
        self._path = path
        self._buffer = bytearray()
        self._out = bytearray()
        self._number = 0
        self._command: Command | None = None
        self._reply: Reply | None = None
        if _PATH.fullmatch(path) is None:
            self.trouble = trouble(
                ControlFault.CONFIG, f"path {clean(path, 60)!r} of [sbc.jsonrpc] is none like /RPC"
            )

    def outgoing(self) -> bytes:
        """Return what is to be sent now, each byte once."""
        out, self._out = bytes(self._out), bytearray()
        return out

    def ready(self) -> bool:
        """Whether we may ask: there is no login."""
        return self.trouble is None

    def put(self, command: Command) -> None:
        """Put the request of `command`. Raises ValueError for one with a character that means something here."""
        words = command.request or ""
        if not is_plain(words) or not words.split():
            raise ValueError(f"command {command.key!r}: {words!r} is no plain request")
        self._command, self._reply = command, None
        self._number += 1
        method, *params = words.split()
        body = json.dumps(
            {"jsonrpc": "2.0", "method": method, "params": list(map(_param, params)), "id": self._number},
            separators=(",", ":"),
        ).encode()
        head = (
            f"POST {self._path} HTTP/1.1\r\nHost: 127.0.0.1\r\nContent-Type: application/json\r\n"
            f"Content-Length: {len(body)}\r\n\r\n"
        )
        self._out += head.encode() + body

    def reply(self) -> Reply | None:
        """Return the reply to the last request once all of it is here, once."""
        found, self._reply = self._reply, None
        if found is not None:
            self._command = None
        return found

    def happened(self, key: str) -> None:
        """Kamailio tells of nothing by itself."""

    def receive(self, data: bytes) -> None:
        """Take bytes that came; b"" says that no more will."""
        if self.trouble is not None:
            return
        if not data:
            self._end()
            return
        self._buffer += data
        self._take()

    def _take(self) -> None:
        """Take the answer once all of it is here."""
        if not self._buffer.startswith(_BEGIN[: len(self._buffer)]):
            self._strange("")
            return
        end = _HEAD_END.search(self._buffer)
        if end is None:
            if len(self._buffer) > _HEAD_BYTES:
                self._strange("a head without an end")
            return
        head = bytes(self._buffer[: end.start()])
        status, length = _STATUS.match(head), _LENGTH.search(head)
        if status is None or length is None:
            self._strange("no length in it" if status else "")
            return
        size = int(length[1])
        if size > OUTPUT_BYTES and len(self._buffer) - end.end() >= OUTPUT_BYTES:
            self._finish(bytes(self._buffer[end.end() :][:OUTPUT_BYTES]), truncated=True)
            self.trouble = trouble(ControlFault.CUT, f"{self._name} answered more than we take")
            return
        if len(self._buffer) < end.end() + size:
            return
        body = bytes(self._buffer[end.end() : end.end() + size])
        del self._buffer[: end.end() + size]
        if self._buffer:
            self._strange("more than one answer")
            return
        self._judge(int(status[1]), body)

    def _judge(self, status: int, body: bytes) -> None:
        """Take a body that is an answer of the RPC; anything else is another server, or another path."""
        text = body[:64].lstrip()
        if status in _REFUSED and not text.startswith(b"{"):
            self.trouble = trouble(
                ControlFault.DENIED,
                f"{self._name} refuses us (HTTP {status}): see event_route[xhttp:request]",
            )
        elif not text.startswith(b"{") or b'"jsonrpc"' not in body:
            self._strange(f"HTTP {status} for {self._path}")
        elif not _is_of(body, self._number):
            self._strange("an answer to another request")
        else:
            self._finish(body)

    def _finish(self, body: bytes, *, truncated: bool = False) -> None:
        if self._command is None:
            self._strange("an answer that nobody asked for")
            return
        self._reply = Reply(self._command.key, 0, safe_lines(unfolded(body)), truncated=truncated)

    def _end(self) -> None:
        self.trouble = trouble(
            ControlFault.CUT,
            f"{self._name} closed the connection without an answer: is Kamailio stopping, or "
            'modparam("jsonrpcs", "transport", ...) without HTTP?',
        )

    def _strange(self, why: str) -> None:
        said = bytes(self._buffer[:40]).decode("utf-8", "replace")
        what = why or f"it said '{clean(said, 40)}'"
        self.trouble = trouble(
            ControlFault.STRANGE,
            f"what answers at {self._name} is no JSON-RPC ({what}); check `port` and `path` in [sbc.jsonrpc]",
        )


def unfolded(body: bytes) -> bytes:
    """Return JSON with each member and item on a line of its own; what stands in quotes is not touched."""
    return _TOKEN.sub(lambda found: found[0] if len(found[0]) > 1 else found[0] + b"\n", body)


def plain(lines: tuple[str, ...]) -> tuple[str, ...]:
    """Return the lines of an answer in JSON without quotes and commas, as `kamcmd` prints them; others as they are."""
    if not any(line.lstrip(_BLANKS).startswith('"jsonrpc"') for line in lines[:3]):
        return lines
    return tuple(line.replace("␉", " ").strip(_BLANKS).removesuffix(",").replace('"', "") for line in lines)


def _is_of(body: bytes, number: int) -> bool:
    """Whether an answer bears the number of the request; an error about the request itself may bear none."""
    ids = _ID.findall(body[-256:].decode("utf-8", "replace")) or _ID.findall(
        body[:256].decode("utf-8", "replace")
    )
    return not ids or int(ids[-1]) == number


def _param(word: str) -> str | int:
    return int(word[2:]) if re.fullmatch(r"i:[0-9]{1,9}", word) else word
