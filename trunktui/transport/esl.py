"""FreeSWITCH's event socket (ESL) as a state machine without IO: login, `api` requests, events in between.

What goes over it (`>` is ours; each block ends with an empty line; recorded from 1.10.12):

    Content-Type: auth/request
    > auth PASSWORD                          or: > userauth USER@DOMAIN:PASSWORD
    Content-Type: command/reply
    Reply-Text: +OK accepted                 or: -ERR invalid
    > api uptime
    Content-Type: api/response
    Content-Length: 4

    322

An access list that does not want us says `Content-Type: text/rude-rejection` instead of asking for a password. A user who
may not do something gets a `command/reply` without a body: `Reply-Text: -ERR permission denied`. Events
(`text/event-plain`) come between any two blocks; their values are URL-encoded.
"""

from __future__ import annotations

import re
from collections.abc import Iterable
from urllib.parse import unquote

from trunktui.model.ask import Command, Reply
from trunktui.model.link import ControlFault, ControlTrouble
from trunktui.model.secret import Secret
from trunktui.model.text import Safe, clean
from trunktui.transport.control import OUTPUT_BYTES, trouble
from trunktui.transport.lines import safe_json, safe_line, safe_lines
from trunktui.transport.script import is_plain

_HEAD_BYTES = 16 * 1024
_LENGTH = re.compile(r"[0-9]{1,9}", re.ASCII)
_USER = re.compile(r"[A-Za-z0-9_.+@-]{1,128}", re.ASCII)
_LINE_END = re.compile(rb"\r?\n")
_HEAD_END = re.compile(rb"\r?\n\r?\n")
_SUBJECTS = 4096
_LATEST = ("Gateway", "State", "Status", "Phrase", "Ping-Status", "Event-Date-Timestamp")
"""What is kept of an event."""

_LOGIN = "login"
_LISTEN = "listen"
_IDLE = "idle"


class Esl:
    """One connection to FreeSWITCH's event socket (a `control.Dialect`)."""

    def __init__(self, name: str, password: Secret, user: str | None = None, events: str = "") -> None:
        self.trouble: ControlTrouble | None = None
        self._name = name
        self._events = events
        self._buffer = bytearray()
        self._out = bytearray()
        self._waits = _LOGIN
        self._command: Command | None = None
        self._reply: Reply | None = None
        self._body: dict[str, str] | None = None
        """Headers of the block whose body is still coming."""
        self._notice = False
        self._listening = False
        self._latest: dict[str, tuple[str, ...]] = {}
        self._password: Secret | None = password
        self._user = user
        self._check(password, user)

    def outgoing(self) -> bytes:
        """Return what is to be sent now, each byte once."""
        out, self._out = bytes(self._out), bytearray()
        return out

    def ready(self) -> bool:
        """Whether we are logged in, and told what we listen to."""
        return self._waits == _IDLE and self.trouble is None

    def put(self, command: Command) -> None:
        """Put `api REQUEST`. Raises ValueError for a request with a character that means something here."""
        words = command.request or ""
        if not is_plain(words):
            raise ValueError(f"command {command.key!r}: {words!r} is no plain request")
        self._command, self._reply = command, None
        self._say(f"api {words}")

    def reply(self) -> Reply | None:
        """Return the reply to the last request once all of it is here, once."""
        found, self._reply = self._reply, None
        if found is not None:
            self._command = None
        return found

    def happened(self, key: str) -> Reply | None:
        """Return the latest event of each gateway that carried a SIP code, None where we may not listen.

        One line each: its headers as `Name=value`, `;` between them.
        """
        if not self._listening:
            return None
        return Reply(key, 0, tuple(_told(values) for values in self._latest.values()))

    def receive(self, data: bytes) -> None:
        """Take bytes that came; b"" says that no more will."""
        if self.trouble is not None:
            return
        if not data:
            self._end()
            return
        self._buffer += data
        while self._block():
            pass

    def _block(self) -> bool:
        """Take one block, or a head whose body is still coming; return whether there may be more."""
        if self._body is None:
            while self._buffer.startswith((b"\n", b"\r")):
                del self._buffer[0]
            end = _HEAD_END.search(self._buffer)
            if end is None:
                self._strange_if(len(self._buffer) > _HEAD_BYTES or not _is_head(self._buffer))
                return False
            head = bytes(self._buffer[: end.start()])
            if end.start() > _HEAD_BYTES or not _is_head(head):
                self._strange_if(True)
                return False
            del self._buffer[: end.end()]
            self._body = _headers(head)
        length = self._body.get("Content-Length", "0")
        if _LENGTH.fullmatch(length) is None:
            self._strange_if(True)
            return False
        size = int(length)
        if size > OUTPUT_BYTES and len(self._buffer) >= OUTPUT_BYTES:
            self._too_much()
            return False
        if len(self._buffer) < size:
            return False
        body = bytes(self._buffer[:size])
        del self._buffer[:size]
        headers, self._body = self._body, None
        self._take(headers, body)
        return self.trouble is None

    def _take(self, headers: dict[str, str], body: bytes) -> None:
        match headers.get("Content-Type", ""):
            case "auth/request" if self._waits == _LOGIN:
                self._log_in()
            case "command/reply":
                self._answered(headers.get("Reply-Text", ""))
            case "api/response":
                self._finish(0, body)
            case "text/event-plain":
                self._event(body)
            case "text/rude-rejection":
                self.trouble = trouble(
                    ControlFault.KEPT_OUT,
                    f"{self._name} turns us away: 127.0.0.1 is not in its access list; see "
                    "apply-inbound-acl in event_socket.conf.xml",
                )
            case "text/disconnect-notice":
                self._notice = True
            case "log/data" | "text/event-json" | "text/event-xml":
                pass
            case _:
                self._strange_if(True)

    def _answered(self, text: str) -> None:
        """Take a reply without a body: to the login, to `event`, or to a request that is not allowed."""
        accepted = text.startswith("+OK")
        if self._waits == _LOGIN:
            if not accepted:
                self.trouble = trouble(
                    ControlFault.DENIED,
                    f"{self._name} refuses our login ('{clean(text, 60)}'): correct `user` and `password` in "
                    "[sbc.esl]; it is tried again in 15 minutes, or after a reload of the changed config",
                )
            elif self._events:
                self._waits = _LISTEN
                self._say(f"event plain {self._events}")
            else:
                self._waits = _IDLE
        elif self._waits == _LISTEN:
            self._listening = accepted
            self._waits = _IDLE
        else:
            self._finish(0, text.encode())

    def _finish(self, status: int, body: bytes, *, truncated: bool = False) -> None:
        command = self._command
        if command is None:
            self._strange_if(True)
            return
        lines = safe_json(body) if command.json else safe_lines(body)
        self._reply = Reply(command.key, status, lines, truncated=truncated)

    def _too_much(self) -> None:
        """Keep whole lines of an answer that is more than we take; the connection is of no more use."""
        kept = bytes(self._buffer[: self._buffer.rfind(b"\n", 0, OUTPUT_BYTES) + 1])
        self._buffer.clear()
        self._finish(0, kept, truncated=True)
        self.trouble = trouble(ControlFault.CUT, f"{self._name} answered more than we take")

    def _event(self, body: bytes) -> None:
        """Keep the latest event of a gateway that says how a REGISTER or a ping ended."""
        head = _HEAD_END.split(body, 1)[0]
        values = {name: unquote(value, errors="replace") for name, value in _headers(head).items()}
        subject = values.get("Gateway")
        if subject is None or "Status" not in values:
            return
        if subject in self._latest or len(self._latest) < _SUBJECTS:
            self._latest[subject] = tuple(f"{name}={values[name]}" for name in _LATEST if name in values)

    def _end(self) -> None:
        if self._waits == _LOGIN and not self._notice:
            why = "closed the connection before it let us in"
        else:
            why = "said goodbye" if self._notice else "closed the connection"
        self.trouble = trouble(ControlFault.CUT, f"{self._name} {why}: is FreeSWITCH stopping?")

    def _strange_if(self, strange: bool) -> None:
        if strange and self.trouble is None:
            said = bytes(self._buffer[:40]).decode("utf-8", "replace")
            quoted = f" (it said '{clean(said, 40)}')" if self._waits == _LOGIN and said.strip() else ""
            self.trouble = trouble(
                ControlFault.STRANGE,
                f"what answers at {self._name} is no event socket{quoted}; check `port` in [sbc.esl]",
            )

    def _say(self, line: str) -> None:
        self._out += line.encode() + b"\n\n"

    def _log_in(self) -> None:
        """Say who we are, once; the password is put into words here and nowhere else."""
        password, self._password = self._password, None
        if password is None:
            self._strange_if(True)
        elif self._user is None:
            self._say(f"auth {password.reveal()}")
        else:
            self._say(f"userauth {self._user}:{password.reveal()}")

    def _check(self, password: Secret, user: str | None) -> None:
        """Refuse what could be read as a request."""
        if any(char in password.reveal() for char in "\r\n\0"):
            self.trouble = trouble(
                ControlFault.CONFIG, f"the password for {self._name} has more than one line"
            )
        elif user is not None and _USER.fullmatch(user) is None:
            self.trouble = trouble(
                ControlFault.CONFIG, f"user '{clean(user, 60)}' of [sbc.esl] is no name like noc@example.com"
            )


def _is_head(data: bytes | bytearray) -> bool:
    """Whether data begins like a block's head does, as far as it goes."""
    first = _LINE_END.split(bytes(data[:64]), 1)[0]
    name = b"Content-"
    return name.startswith(first[: len(name)]) if len(first) < len(name) else first.startswith(name)


def _headers(head: bytes) -> dict[str, str]:
    pairs = (line.decode("utf-8", "replace").partition(": ") for line in _LINE_END.split(head))
    return {name.strip(): value.strip() for name, _, value in pairs if name}


def _told(values: Iterable[str]) -> Safe:
    return safe_line(";".join(value.replace(";", ",") for value in values).encode())
