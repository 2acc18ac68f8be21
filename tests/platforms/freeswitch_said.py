"""Recorded FreeSWITCH, told over again: single gateways and whole timelines, as the lists that a poll would have read."""

from __future__ import annotations

import re
from collections.abc import Iterator
from pathlib import Path

from msgspec import Struct, structs

from tests.platforms import recordings
from trunktui.model.ask import Answer, Reply
from trunktui.model.observation import Observation
from trunktui.model.text import Safe
from trunktui.platforms import freeswitch
from trunktui.platforms.contract import LegSettings

FOLDER = recordings.FIXTURES / "freeswitch"
TIMELINES = Path(__file__).parent.parent / "fixtures" / "freeswitch-timelines"
BEGAN = 1795396600
"""The SBC's clock at second 0 of what is told over again."""

WELL_TIME = 1795396973
"""2026-11-23 01:22:53 UTC, when these recordings were made."""

_STEP = re.compile(
    r" *(?P<at>\d+\.\d\d) (?P<name>\S+) +(?P<state>[A-Z_]+) +(?P<status>UP|DOWN) +ping=(?P<pinging>[01]) "
    r"(?P<least>\d+)/(?P<count>\d+)/(?P<most>\d+) (?P<ms>[\d.]+)ms calls (?P<ins>\d+)/(?P<outs>\d+) "
    r"failed \d+/\d+ retry=(?P<retry>\S+) up=(?P<up>[\d.]+)"
)
_GONE = re.compile(r" *(?P<at>\d+\.\d\d) (?P<name>\S+) +GONE")


def block(case: str, name: str) -> str:
    """Return gateway `name` as a recorded list has it."""
    text = (FOLDER / case / "gateways.out").read_text(encoding="utf-8")
    found = re.search(rf"  <gateway>\n    <name>{re.escape(name)}</name>\n.*?  </gateway>\n", text, re.DOTALL)
    assert found, name
    return found[0]


def renamed(gateway: str, **values: str) -> str:
    """Return a recorded gateway with other values: `name="x"`, `ping_at` as `ping`, `calls_out` as `calls-out`."""
    for key, value in values.items():
        tag = key.replace("_", "-")
        gateway = re.sub(rf"<{tag}>.*</{tag}>", f"<{tag}>{value}</{tag}>", gateway)
    return gateway


def look(
    *gateways: str,
    at: float = 1000.0,
    clock: float = BEGAN,
    events: tuple[str, ...] = (),
    settings: LegSettings | None = None,
    **changed: str,
) -> Observation:
    """Return one poll with these gateways, `clock` on the SBC; `changed` are other replies, by key."""
    answer = answered(*gateways, at=at, clock=clock, events=events, **changed)
    return freeswitch.parse_poll(answer, settings or LegSettings(), ())


def answered(
    *gateways: str, at: float = 1000.0, clock: float = BEGAN, events: tuple[str, ...] = (), **changed: str
) -> Answer:
    """Return the answer to a poll with these gateways."""
    whole, part = divmod(clock, 60)
    stamp = f"2026-11-23T01:{int(whole - BEGAN // 60) + 16:02d}:{part:09.6f}+00:00"
    texts = {
        "gateways": '<?xml version="1.0" encoding="ISO-8859-1"?>\n<gateways>\n'
        + "".join(gateways)
        + "</gateways>\n",
        "clock": stamp + "\n",
        **changed,
    }
    base = recordings.recorded(FOLDER / "startup-steady")
    replies = [reply for reply in base.replies if reply.key not in texts]
    replies += [Reply(key, 0, recordings.lines(text.encode())) for key, text in texts.items()]
    if events:
        replies.append(Reply("events", 0, tuple(Safe(line) for line in events)))
    return Answer(at - 0.05, at, tuple(_aged(reply, at) for reply in replies))


def _aged(reply: Reply, at: float) -> Reply:
    """Return `status` of a FreeSWITCH that has been up for a day at second 1000."""
    if reply.key != "status":
        return reply
    up = 86400 + int(at - 1000)
    first = f"UP 0 years, 0 days, 0 hours, 0 minutes, {up} seconds, 0 milliseconds, 0 microseconds"
    return structs.replace(reply, lines=(Safe(first), *reply.lines[1:]))


class Moment(Struct, frozen=True):
    """What the list of gateways was from second `at` of a timeline on."""

    at: float
    gateways: tuple[str, ...]


def timeline(name: str) -> Iterator[Moment]:
    """Yield every change of a recorded timeline as a whole list; the next ping's second is that of the last change."""
    text = (TIMELINES / f"timeline-{name}.txt").read_text(encoding="utf-8")
    known: dict[str, str] = {}
    due: dict[str, float] = {}
    for line in text.splitlines():
        if gone := _GONE.fullmatch(line):
            known.pop(gone["name"], None)
            yield Moment(float(gone["at"]), tuple(known.values()))
            continue
        step = _STEP.fullmatch(line)
        if step is None:
            continue
        at, gateway = float(step["at"]), step["name"]
        due[gateway] = at if step["pinging"] == "1" else at + 10
        retry = "" if step["retry"] == "-" else f"    <retry>{step['retry']}</retry>\n"
        body = renamed(
            re.sub(r"    <retry>.*</retry>\n", "", block("startup-steady", gateway)),
            ping="0" if step["most"] == "0" else str(int(BEGAN + due[gateway])),
            pingfreq="0" if step["most"] == "0" else "10",
            pingmin=step["least"],
            pingcount=step["count"],
            pingmax=step["most"],
            pingtime=step["ms"],
            pinging=step["pinging"],
            state=step["state"],
            status=step["status"],
            uptime_usec=str(int(float(step["up"]) * 1e6)),
        )
        known[gateway] = body.replace("  </gateway>", retry + "  </gateway>")
        yield Moment(at, tuple(known.values()))
