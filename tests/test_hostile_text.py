"""What an SBC chose to call a trunk reaches no table, JSON, CSV or sentence as anything but harmless text."""

from __future__ import annotations

import csv
import io
import json
from datetime import UTC, datetime

import pytest

from tests.health.scenes import START, Trunks, settings_of
from tests.model.test_text import harmful
from tests.platforms import recordings
from tests.tui.fleet_samples import PAYLOADS
from trunktui.model.ask import Answer, Reply
from trunktui.model.health import Thresholds
from trunktui.model.inventory import Inventory, Sbc, SshTarget
from trunktui.platforms import asterisk
from trunktui.poll.fleet import Fleet
from trunktui.present.document import status_document, to_json
from trunktui.present.sheet import to_csv
from trunktui.present.table import status_table

SECRET = "s3cret-canary"


def hostile_answer(payload: bytes) -> Answer:
    """Return a poll of an SBC with a trunk, a URI, a version and an unread row made of `payload`."""
    name = payload.replace(b"\n", b"").strip() or b"x"
    texts = {
        "uptime": b"System uptime: 86400\nLast reload: 86400",
        "version": b"Asterisk 22" + name + b" built by x",
        "registrations": b"=====\n " + name + b"/sip:u:" + SECRET.encode() + b"@10.0.0.1     " + name
        + b"     Registered    (exp. 60s)\n " + name + b"\n\nObjects found: 2",
        "contacts": b"=====\n  Contact:  " + name + b"/sip:" + name + b"@10.0.0.1     c1f6290189 Avail   1.0\n"
        b"\nObjects found: 1",
        "channels": b"PJSIP/" + name + b"-00000001!c!!1!Up!AppDial!(Outgoing Line)!1!!!3!38!b!u.1",
        "count": b"1 active channel\n1 active call",
    }  # fmt: skip
    replies = tuple(Reply(key, 0, recordings.lines(text)) for key, text in texts.items())
    return Answer(START - 1, START, replies)


@pytest.mark.parametrize("payload", PAYLOADS, ids=range(len(PAYLOADS)))
def test_a_hostile_name_is_harmless_in_every_output(payload: str) -> None:
    raw = payload.encode("utf-8", "surrogatepass")
    sbc = Sbc("sbc-1", "asterisk", SshTarget("10.0.0.1"))
    fleet = Fleet(Inventory(sbcs=(sbc,)), Thresholds(), 30.0)
    fleet.answered("sbc-1", asterisk.parse_poll(hostile_answer(raw), settings_of(Trunks()), ()))
    snapshot = fleet.snapshot(START)
    document = status_document(snapshot, START, datetime(2026, 1, 1, tzinfo=UTC))
    outputs = [to_json(document), to_csv(document), status_table(snapshot, START)]
    for output in outputs:
        assert not [char for char in harmful(output) if char != "\n"]
        assert SECRET not in output
    assert json.loads(outputs[0])["schema"] == "trunktui.status/1"
    assert len(list(csv.reader(io.StringIO(outputs[1])))) == 1 + len(snapshot.legs)
    for leg in snapshot.legs:
        assert not harmful("".join((leg.id, leg.reason, *(e.line for e in leg.evidence))))
