"""The incident on one SBC, in key presses: alarm, switch, proof by calls, the carrier's return, failback."""

from __future__ import annotations

from pathlib import Path

import pytest

from tests.demo.incident import Incident, play, scenes, terminal
from tests.demo.painting import svg
from trunktui.model.route import Mechanism

SBC = "nyc-1"
PLACE = "trunk/us-outbound"


@pytest.mark.timeout(240)
async def test_a_dead_carriers_calls_are_moved_proved_and_brought_back(tmp_path: Path) -> None:
    incident, seen, stood = Incident(), [], {}

    def on_a_terminal() -> None:
        with terminal(incident) as session:
            for scene, _ in play(incident, session, scenes(SBC)):
                seen.append(scene.name)
                stood[scene.name] = incident.stands(SBC, Mechanism.ASTDB, PLACE)
                assert svg(session._screen, scene.title).count("<text ") > 5
            session.press("q")
            assert session.wait() == 0

    await incident.run(tmp_path / "demo", on_a_terminal)
    assert seen == [scene.name for scene in scenes(SBC)]
    assert [stood[name] for name in ("confirm", "verified", "returns", "back")] == [
        "bravo-us",
        "alpha-us",
        "alpha-us",
        "bravo-us",
    ]
    others = {incident.stands(sbc, Mechanism.ASTDB, PLACE) for sbc in ("nyc-2", "lon-1", "lon-2")}
    assert others == {"bravo-us"}
