"""The way to the simulated SBCs, under the product's own asker: links that answer, hang, break off and garble."""

from __future__ import annotations

import asyncio
import functools
import random
from collections.abc import Mapping, Sequence
from typing import NoReturn

from msgspec import Struct

from tests.simulated.harsh import Figures, HarshWorld, figures_in, good_in
from tests.simulated.troubles import ALL, Way, WayTrouble
from trunktui.demo import box_words
from trunktui.demo.asterisk_words import answer
from trunktui.demo.remote_script import RemoteScript, Run, read_script
from trunktui.demo.rows import Daemon, Look
from trunktui.demo.story import Kind
from trunktui.model.inventory import SshTarget
from trunktui.model.link import LinkError, SshState
from trunktui.transport import faults
from trunktui.transport.asker import Conversation, Link, Stage
from trunktui.transport.limits import Counters, Limits

_KEEPALIVES_S = 18.0
_KILLED = 137
_LOOKS = 12
_LATEST_S = 26.0
"""More than a whole poll's budget."""


class Told(Struct, frozen=True):
    """The last poll that got through: when it was looked, when it had arrived, and what it said of each trunk.

    `serving`: whether Asterisk was in service.
    `good` and `figures` are empty where the tables were garbled on the way: what they said then is nobody's.
    `dialled` is true in any case: how many calls it had really tried over each trunk since the hour began.
    """

    looked_at: float
    arrived_at: float
    serving: bool
    good: Mapping[str, bool]
    figures: Mapping[str, Figures]
    dialled: Mapping[str, int]


class _Stream:
    """What came on one stream of a remote command (an `asker.Reader`)."""

    def __init__(self) -> None:
        self._data = bytearray()
        self._ended = False
        self._news = asyncio.Event()

    def feed(self, data: bytes) -> None:
        self._data += data
        self._news.set()

    def end(self) -> None:
        self._ended = True
        self._news.set()

    async def read(self, n: int) -> bytes:
        while not self._data and not self._ended:
            self._news.clear()
            await self._news.wait()
        taken = bytes(self._data[:n])
        del self._data[:n]
        return taken


class Network:
    """Opens links to the SBCs of a world (an `asker.Opener`); `ports` tells them apart."""

    def __init__(
        self, world: HarshWorld, ways: Sequence[WayTrouble], ports: Mapping[int, str], seed: int
    ) -> None:
        self.limits = Limits()
        self.counters = Counters()
        self.world = world
        self.told: dict[str, Told] = {}
        self.history: dict[str, list[Told]] = {}
        self.polls = 0
        self._ports = ports
        self._ways: dict[str, list[WayTrouble]] = {}
        for way in ways:
            for sbc in ports.values() if way.sbc == ALL else (way.sbc,):
                self._ways.setdefault(sbc, []).append(way)
        self.dice = random.Random(seed)

    def now(self) -> float:
        """Return the virtual second."""
        return asyncio.get_running_loop().time()

    def wrong(self, sbc: str) -> frozenset[Way]:
        """Return what is wrong with the way to an SBC now; a flaky one is different at every ask."""
        now = self.now()
        found = {way.kind for way in self._ways.get(sbc, ()) if way.start <= now < way.end}
        if Way.FLAKY in found and self.dice.random() < 0.35:
            found.add(self.dice.choice((Way.SILENT, Way.CUT, Way.LATE)))
        return frozenset(found)

    async def open(self, target: SshTarget, stage: Stage) -> Link:
        """Connect and log in, or fail as SSH does."""
        sbc = self._ports[target.port or 0]
        where, wrong = f"{target.host}:{target.port}", self.wrong(sbc)
        stage.enter(lambda seconds: faults.silent(where, seconds))
        await asyncio.sleep(self.dice.uniform(0.02, 0.2))
        if Way.SILENT in wrong:
            await asyncio.sleep(self.limits.connect_s)
            raise faults.silent(where, self.limits.connect_s)
        if not self.world.host_up(sbc, self.now()):
            raise faults.cannot_connect(where, ConnectionRefusedError(111, "Connection refused"))
        if Way.HOST_KEY in wrong:
            raise faults.fault(SshState.HOST_KEY, f"host key of {where} changed")
        if Way.HUNG in wrong:
            await asyncio.sleep(self.limits.login_s)
            raise faults.hung_login(where, self.limits.login_s)
        if Way.AUTH in wrong:
            raise faults.fault(SshState.AUTH, f"{where} refuses the login of {target.user}")
        return SimulatedLink(self, sbc, where)


class SimulatedLink:
    """An open connection to one SBC (an `asker.Link`)."""

    user = "noc"

    def __init__(self, network: Network, sbc: str, where: str) -> None:
        self.where = where
        self._network = network
        self._sbc = sbc
        self._opened = network.now()
        self._lost: LinkError | None = None

    def loss(self) -> LinkError | None:
        """Return why the link is gone: it was cut, or its host went down or was changed."""
        if self._lost is None:
            line, now = self._network.world.timeline, self._network.now()
            anew = {Way.HOST_KEY, Way.AUTH} & self._network.wrong(self._sbc)
            if anew or line.next_start(Kind.REBOOT, self._sbc, self._opened) <= now:
                self._lost = faults.lost_before(self.where)
        return self._lost

    async def run(self, talk: Conversation, stage: Stage) -> None:
        """Play the script of a conversation."""
        if (lost := self.loss()) is not None:
            raise lost
        stage.enter(lambda seconds: faults.hung_command(self.where, seconds))
        script = _read(talk.line)
        out, err = _Stream(), _Stream()
        async with asyncio.TaskGroup() as group:
            playing = group.create_task(self._play(script, out, err))
            await talk.take(out, err)
            await playing

    async def forward(self, port: int, stage: Stage) -> NoReturn:
        """Refuse: what this fleet runs has no control port."""
        raise AssertionError(f"nobody asks for port {port}")

    def abort(self) -> None:
        """Drop the connection."""
        self._lost = self._lost or faults.lost_before(self.where)

    async def close(self) -> None:
        """End the connection."""
        self.abort()

    async def _play(self, script: RemoteScript, out: _Stream, err: _Stream) -> None:
        network, dice = self._network, self._network.dice
        wrong = network.wrong(self._sbc)
        await asyncio.sleep(dice.uniform(0.02, 0.3))
        if Way.SILENT in wrong:
            await asyncio.sleep(_KEEPALIVES_S)
            self._lost = faults.hung_link(self.where)
        elif not await self._thawed(script.runs[0]):
            first = script.runs[0]
            killed = script.begin(first) + script.end(first, _KILLED) + script.last()
            self._arrived(script, network.world.look(self._sbc, network.now()), garbled=False)
            out.feed(killed)
            err.feed(killed)
        else:
            await self._answer(script, wrong, out, err)
        out.end()
        err.end()

    async def _thawed(self, run: Run) -> bool:
        """Wait as `timeout` does for a frozen Asterisk; return whether it went on in time."""
        now = self._network.now()
        frozen_s = self._network.world.frozen_until(self._sbc, now) - now
        patience = run.limit_s + run.kill_s
        await asyncio.sleep(min(frozen_s, patience))
        return frozen_s <= patience

    async def _answer(self, script: RemoteScript, wrong: frozenset[Way], out: _Stream, err: _Stream) -> None:
        network, dice = self._network, self._network.dice
        look = network.world.look(self._sbc, network.now())
        garbled = Way.GARBLED in wrong and dice.random() < 0.7
        victim = dice.randrange(len(script.runs)) if garbled else -1
        said, sang = bytearray(), bytearray()
        for run in script.runs:
            body, complaint, status = _printed(run, look)
            if run.number == victim:
                body = _garble(body, dice, table=self._is_poll(script))
            end = script.end(run, status)
            said += script.begin(run) + body + end
            sang += script.begin(run) + complaint + end
        said += script.last()
        sang += script.last()
        if Way.CUT in wrong and dice.random() < 0.7:
            cut = dice.random()
            out.feed(bytes(said[: int(cut * len(said))]))
            err.feed(bytes(sang[: int(cut * len(sang))]))
            self._lost = faults.lost_link(self.where, "Connection reset by peer")
            return
        early = 0
        if Way.LATE in wrong:
            early = dice.randrange(len(said)) if dice.random() < 0.5 else 0
            out.feed(bytes(said[:early]))
            await asyncio.sleep(dice.uniform(1.0, _LATEST_S))
        self._arrived(script, look, garbled=garbled)
        out.feed(bytes(said[early:]))
        err.feed(bytes(sang))

    def _is_poll(self, script: RemoteScript) -> bool:
        return script.runs[0].argv[-1] == "core show uptime seconds"

    def _arrived(self, script: RemoteScript, look: Look, *, garbled: bool) -> None:
        if self._is_poll(script):
            said = ({}, {}) if garbled else (good_in(look), figures_in(look))
            serving = look.daemon is Daemon.RUNNING
            told = Told(look.at, self._network.now(), serving, *said, look.dialled)
            self._network.told[self._sbc] = told
            history = self._network.history.setdefault(self._sbc, [])
            history.append(told)
            del history[:-_LOOKS]
            self._network.polls += 1


def _read(line: str) -> RemoteScript:
    """Return the script of a command line; every poll has the same but for its nonce."""
    nonce = line.partition("$n@")[2].partition(" ")[0]
    script = _read_same(line.replace(nonce, "0" * 16))
    return RemoteScript(nonce, script.runs)


@functools.lru_cache(4096)
def _read_same(line: str) -> RemoteScript:
    script = read_script(line)
    assert script is not None
    return script


def _printed(run: Run, look: Look) -> tuple[bytes, bytes, int]:
    """Return what a command leaves on stdout and stderr, and its exit status."""
    printed = box_words.answer(run.argv, look) or answer(run.argv[2], look)
    return printed.out.encode(), printed.err.encode(), printed.status


def _garble(body: bytes, dice: random.Random, *, table: bool) -> bytes:
    """Return an answer that is not what Asterisk meant; settings only break off, or are not there."""
    lines = body.splitlines(keepends=True)
    if not lines or (choice := dice.randrange(6)) == 0:
        return b""
    at = dice.randrange(len(lines))
    if choice == 1 or not table:
        return body[: dice.randrange(len(body))]
    if choice == 2:
        return b"".join(lines[:at] + lines[at + 1 :])
    if choice == 3:
        return b"".join([*lines[:at], lines[at], *lines[at:]])
    if choice == 4:
        return b"".join(
            [*lines[:at], b"\x1b[1;31mERROR\x1b[0m[2711]: res_pjsip.c:\xff\x00 no\n", *lines[at:]]
        )
    return b"".join([*lines[:at], lines[at][: dice.randrange(len(lines[at]))], *lines[at + 1 :]])
