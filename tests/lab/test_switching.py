"""Groups moved on real SBCs that carry calls, by the commands and by the engine: where the calls went, and what was told."""

from __future__ import annotations

import asyncio
import os
import signal
import threading
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from contextlib import suppress
from pathlib import Path
from typing import Any

import pytest

from trunktui.model.action import Consent, Ending

from .lab import Lab
from .product import one_shot
from .switch_race import faults, race
from .switched import (
    DOMESTIC,
    POOL,
    Hand,
    agreed,
    audit,
    calls_up,
    fleet,
    guard,
    hand_on,
    invites_from,
    key,
    load_on,
    set_key,
    told,
    until,
)
from .test_kamailio import destination, dialogs
from .test_kamailio import unlocked as unlocked
from .test_reregister import _unlocked as _unlocked
from .test_routes import A, B
from .test_routes import as_the_files_say as as_the_files_say

pytestmark = [pytest.mark.lab, pytest.mark.timeout(300)]

SWITCHES = 20
"""Of the race; `make soak-switches` has 200."""


def test_three_sbcs_at_once_move_calls_under_load_race_and_lose_their_link(lab: Lab, tmp_path: Path) -> None:
    """Three SBCs, three ways, each by itself: together, since what takes long is to wait for answered OPTIONS."""
    jobs = (under_load, a_set_of_kamailio, race_and_cuts)
    with ThreadPoolExecutor(len(jobs)) as pool:
        running = [pool.submit(job, lab, tmp_path / job.__name__) for job in jobs]
        for each in running:
            each.result()


def under_load(lab: Lab, folder: Path) -> None:
    """Calls move on sbc1; those in progress end by themselves; going back waits; an undo is proved."""
    config = fleet(lab, folder, "sbc1")
    set_key(lab, "acme-primary")
    with (
        invites_from("sbc1") as invites,
        load_on("sbc1", DOMESTIC, rate=3, hold_s=5.0, most=40, port=5064) as load,
    ):
        until(lambda: len(calls_up(lab, "acme-primary")) >= 8, "calls over acme-primary")
        moment = Moment(lambda: key(lab) == "ipauth-beta", lambda: (calls_up(lab, "acme-primary"), invites()))
        code, document = told(config, "switch", DOMESTIC, "--to", "ipauth-beta", *agreed(DOMESTIC))
        assert (code, document["ending"]) == (0, "verified"), document["sentence"]
        words = document["parts"][0]["outcome"]["sentence"]
        assert "new calls answered on ipauth-beta, none new began on acme-primary" in words
        stayed, before = moment.found()
        assert len(stayed) >= 8, "calls were up when it was moved"
        until(lambda: not calls_up(lab, "acme-primary"), "the end of the calls on acme-primary")
        after = invites()
        assert after[1] - before[1] >= 3, "the target's carrier has them"
        assert after[0] - before[0] <= 2, (
            "but for one in the dial plan (asked for its password) none came to the source's"
        )

        code, document = told(config, "failback", DOMESTIC, "--dry-run")
        assert code == 2
        (part,) = document["parts"]
        assert (
            "(limit 600 s): wait, or switch to acme-primary by its name"
            in guard(part["guards"], "hold")["sentence"]
        )
        assert "(needed: 10 over 300 s): wait" in guard(part["guards"], "clean")["sentence"]

        code, document = told(config, "undo", DOMESTIC, *agreed(DOMESTIC))
        assert (code, document["ending"]) == (0, "verified"), document["sentence"]
        assert "new calls answered on acme-primary" in document["parts"][0]["outcome"]["sentence"]
        assert key(lab) == "acme-primary"
        assert load.ended_well(), "every call was held as long as the customer wanted"
    kinds = [(one["kind"], one.get("ending", "")) for one in audit(folder)]
    assert kinds == [("intent", ""), ("outcome", "verified")] * 2


def a_set_of_kamailio(lab: Lab, folder: Path) -> None:
    """Of a dispatcher's set all but the target are held out, and a restart forgets that, as the plan warned."""
    config = fleet(lab, folder, "sbc3")
    with invites_from("sbc3") as invites, load_on("sbc3", POOL, rate=3, hold_s=5.0, most=40, port=5066):
        until(lambda: dialogs(lab) >= 8, "calls over carrier A")
        assert on(lab, B) == 0
        moment = Moment(lambda: destination(lab, A) == "DX", lambda: (on(lab, A), invites()))
        code, document = told(config, "switch", POOL, "--to", "kam-beta", *agreed(POOL))
        assert (code, document["ending"]) == (0, "verified"), document["sentence"]
        words = document["parts"][0]["outcome"]["sentence"]
        assert "new calls answered on kam-beta, none new began on kam-alpha" in words
        assert (destination(lab, A), destination(lab, B)) == ("DX", "AP")
        stayed, before = moment.found()
        assert stayed >= 3, "calls were up when it was moved"
        until(lambda: on(lab, A) == 0, "the end of the calls on carrier A")
        after = invites()
        assert after[1] - before[1] >= 3
        assert after[0] - before[0] <= 2

        assert "a restart of Kamailio forgets" in document["parts"][0]["plan"]["warning"]
        lab.kill_kamailio()
        lab.start_kamailio()
        until(lambda: destination(lab, A) == "AP", "carrier A open again")
        code, document = told(config, "undo", POOL, *agreed(POOL))
        assert (code, document["ending"]) == (2, "refused"), document["sentence"]
        assert "it says kam-alpha" in guard(document["parts"][0]["guards"], "undo")["sentence"]


def on(lab: Lab, uri: str) -> int:
    """Return how many calls Kamailio has at a destination."""
    return int(lab.kamcmd("dlg.profile_get_size", "trunk", uri).strip())


def race_and_cuts(lab: Lab, folder: Path) -> None:
    """On sbc2: two jump hosts at once, of which one wins; and a link that is lost while the command runs."""
    raced = race(lab, folder / "race", SWITCHES, hold_s=1)
    assert not faults(raced), raced
    assert len(raced.tries) == SWITCHES
    assert raced.reads > SWITCHES, "the route was watched"
    asyncio.run(cuts(lab, folder / "cut"))


async def cuts(lab: Lab, folder: Path) -> None:
    """The link is lost while Asterisk is asked for the last time before it is set; then what stands is told."""
    config = fleet(lab, folder, "sbc2", keyed="sbc2")
    async with hand_on(config, DOMESTIC, "carol", "jump3") as hand:
        for cut, stands_then, words in (
            (Cut(lab, kill=True), lambda stood, _: stood, "as before: it was not set"),
            (Cut(lab, kill=False), lambda _, to: to, "that is what was to be set"),
        ):
            stood, to = key(lab, "sbc2"), ""
            to = "acme-primary" if stood == "ipauth-beta" else "ipauth-beta"
            sentence = await cut_off(hand, to, cut)
            assert words in sentence, sentence
            assert "It is not sent again" in sentence
            stands = stands_then(stood, to)
            assert key(lab, "sbc2") == stands
            done = one_shot(config, "verify")
            assert (done.returncode, words in done.stdout) == (0, True), done.stdout + done.stderr
            assert one_shot(config, "verify").stdout.strip() == "nothing is unfinished"
            assert key(lab, "sbc2") == stands, "nothing was sent by looking"
    intents = [one for one in audit(folder) if one["kind"] == "intent"]
    assert len(intents) == 2, "each was sent once"


async def cut_off(hand: Hand, to: str, cut: Cut) -> str:
    """Switch while the link is cut; return what the operator is told."""
    consent = Consent(yes=True, typed=DOMESTIC, reason="lab")
    hand.later()
    await hand.look("lab-2")
    sweep = await hand.prepared(DOMESTIC, to, consent, window_s=2.0)
    try:
        swept = await hand.desk.perform_switch(sweep, consent, cut.tell)
    finally:
        cut.mended()
    assert swept.ending is Ending.UNVERIFIED, swept.sentence
    ((_, outcome),) = swept.outcomes
    assert outcome.sent
    return str(outcome.sentence)


class Cut:
    """Cuts the link to sbc2 while a command runs there: the session is killed, or all packets are dropped.

    Asterisk stands still from before the command goes out until the link is cut, so that none can be too late.
    """

    def __init__(self, lab: Lab, *, kill: bool) -> None:
        self._lab, self._kill = lab, kill
        self._cutting: threading.Thread | None = None

    def tell(self, words: str) -> None:
        """Take what the operator is told of the action under way."""
        if words.startswith("sending"):
            self._lab.freeze_asterisk("sbc2")
            self._cutting = threading.Thread(target=self._cut, daemon=True)
            self._cutting.start()
        elif "looking what became of it" in words and not self._kill:
            self._lab.block("sbc2", "none")

    def _cut(self) -> None:
        try:
            until(
                lambda: any("-rx database get" in words for words in self._processes().values()),
                "the command",
                7,
            )
            if self._kill:
                for pid, words in self._processes().items():
                    if words.startswith("sshd: noc") or "sshd-session: noc" in words:
                        with suppress(ProcessLookupError):
                            os.kill(pid, signal.SIGKILL)
            else:
                self._lab.block("sbc2", "ssh")
        finally:
            self._lab.thaw_asterisk("sbc2")

    def _processes(self) -> dict[int, str]:
        return self._lab.processes("sbc2")

    def mended(self) -> None:
        """Take everything back."""
        if self._cutting is not None:
            self._cutting.join(20)
        self._lab.block("sbc2", "none")
        self._lab.thaw_asterisk("sbc2")


class Moment(threading.Thread):
    """Waits for something by itself, and notes what `read` returns right then."""

    def __init__(self, happened: Callable[[], bool], read: Callable[[], Any]) -> None:
        super().__init__(daemon=True)
        self._happened, self._read = happened, read
        self._noted: list[Any] = []
        self.start()

    def run(self) -> None:
        until(self._happened, "what was waited for", 120)
        self._noted.append(self._read())

    def found(self) -> Any:
        """Return what was noted."""
        self.join(20)
        assert self._noted, "it has not happened"
        return self._noted[0]
