"""The page on adding a platform is true: what it says is run as it stands there, one file and one folder, and no more."""

from __future__ import annotations

import asyncio
import os
import re
import sys
from collections.abc import Iterator
from getpass import getuser
from pathlib import Path

import pytest
from msgspec import structs

import trunktui.platforms
from tests.platforms import recordings
from tests.platforms.boxes import presence_answer
from tests.transport.sshd import Site, Sshd, script
from trunktui import wiring
from trunktui.config.load import parse
from trunktui.model.health import LegState, SbcState
from trunktui.model.observation import AppState, Observation, RegPhase, Sighting
from trunktui.platforms import auto, names
from trunktui.platforms.contract import UNREAD, Platform
from trunktui.platforms.registry import platform_for

PAGE = Path(__file__).parents[2] / "docs" / "adding-a-platform.md"
NAME = "tinysip"


def blocks(kind: str) -> list[str]:
    return re.findall(rf"^```{kind}\n(.*?)^```$", PAGE.read_text(encoding="utf-8"), re.DOTALL | re.MULTILINE)


def recorded() -> dict[str, str]:
    """Return the recordings of the page by the names of their files."""
    text = PAGE.read_text(encoding="utf-8")
    found = re.findall(
        rf"^`tests/fixtures/{NAME}/\S+/(\w+\.out)`:\n\n```\n(.*?)^```$", text, re.DOTALL | re.MULTILINE
    )
    return dict(found)


@pytest.fixture
def tiny(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Platform]:
    """Put the page's file into the folder of platforms (a second one, for this test) and take it out again.

    Its program is a script that prints the page's recordings.
    """
    folder, said = tmp_path / "platforms", tmp_path / "said"
    for place in (folder, said):
        place.mkdir()
    for name, text in recorded().items():
        (said / name).write_text(text)
    program = script(tmp_path / "tinyctl", f'exec cat "{said}/$1.out"')
    source = "\n\n".join(blocks("python")).replace("/usr/bin/tinyctl", program)
    (folder / f"{NAME}.py").write_text(source)
    monkeypatch.setattr(trunktui.platforms, "__path__", [*trunktui.platforms.__path__, str(folder)])
    yield platform_for(NAME)
    del sys.modules[f"trunktui.platforms.{NAME}"]
    delattr(trunktui.platforms, NAME)


def read(tiny: Platform, tmp_path: Path, **changes: str) -> Observation:
    folder = tmp_path / "case"
    folder.mkdir(exist_ok=True)
    for name, text in {**recorded(), **{f"{key}.out": text for key, text in changes.items()}}.items():
        (folder / name).write_text(text)
    return tiny.parse_poll(recordings.recorded(folder), UNREAD, ())


def test_the_file_is_a_platform_by_being_there_and_is_found_on_a_box(tiny: Platform) -> None:
    assert names() == ("asterisk", "freeswitch", "kamailio", NAME)
    seen = auto.parse_poll(presence_answer(auto.poll_ask(), {NAME: "program process"}), UNREAD, ())
    assert isinstance(seen, Sighting)
    assert seen.found == NAME == tiny.name
    assert seen.app is AppState.ANSWERING


def test_the_recordings_cut_off_anywhere_or_in_other_words_never_read_as_better(
    tiny: Platform, tmp_path: Path
) -> None:
    whole = read(tiny, tmp_path)
    assert [leg.native.endpoint for leg in whole.legs] == ["acme", "beta", "gamma"]
    assert whole.channels_read
    table = recorded()["trunks.out"]
    for cut in range(len(table) - 1):
        seen = read(tiny, tmp_path, trunks=table[:cut])
        assert not seen.reg_read
        assert set(seen.legs) <= set(whole.legs)
    (good,) = blocks("json")
    for word, other in re.findall(r'"([^"]+)": "([^"]+)"', good):
        seen = read(tiny, tmp_path, trunks=table.replace(word, other))
        assert seen.legs != whole.legs
        phases = [leg.registration.phase for leg in seen.legs if leg.registration]
        assert RegPhase.REGISTERED not in phases or word not in "yes 55"


async def test_it_is_polled_over_a_real_ssh_from_the_config_to_the_verdict(
    tiny: Platform, site: Site, sshd: Sshd
) -> None:
    sshd.start()
    text = (
        f'[[sbc]]\nname = "tiny-1"\nhost = "127.0.0.1"\nplatform = "{tiny.name}"\n[sbc.ssh]\nport = {sshd.port}\n'
        f'user = "{getuser()}"\nidentity = "{sshd.user_key}"\nknown_hosts = "{site.known_hosts}"\n'
    )
    config = parse(text.encode(), site.home / "c.toml", dict(os.environ), names())
    snapshot = await asyncio.to_thread(wiring.collect, config, 60.0, lambda *_: None)
    (sbc,) = snapshot.sbcs
    assert (sbc.state, sbc.version, sbc.platform) == (SbcState.UP, "1.4", NAME), sbc.reason
    legs = {leg.trunk: leg for leg in snapshot.legs}
    assert legs["acme"].state is LegState.UP
    assert legs["acme"].channels.active == 4
    assert legs["beta"].state not in {LegState.UP, LegState.UNKNOWN}
    assert legs["gamma"].state is LegState.UNMONITORED
    hung = structs.replace(recordings.recorded(site.home), replies=())
    assert tiny.parse_poll(hung, UNREAD, ()).app is not AppState.ANSWERING
