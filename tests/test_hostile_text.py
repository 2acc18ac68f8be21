"""What an SBC chose to call a trunk reaches no table, JSON, CSV or sentence as anything but harmless text."""

from __future__ import annotations

import csv
import io
import json
from datetime import UTC, date, datetime, timedelta
from ipaddress import ip_network

import pytest

from tests.health.scenes import START, Trunks, settings_of
from tests.model.test_text import harmful
from tests.platforms import recordings
from tests.tui.fleet_samples import PAYLOADS
from trunktui.health.findings import foreseen
from trunktui.model.ask import Answer, Reply
from trunktui.model.finding import Record, RecordKind
from trunktui.model.health import Thresholds
from trunktui.model.inventory import (
    Account,
    Allowlist,
    AuthMode,
    Binding,
    Carrier,
    Credential,
    Group,
    Inventory,
    NativeNames,
    Sbc,
    SshTarget,
    Trunk,
)
from trunktui.model.snapshot import Snapshot
from trunktui.model.text import clean
from trunktui.platforms import asterisk
from trunktui.poll.fleet import Fleet
from trunktui.present import credentials
from trunktui.present.cells import plain
from trunktui.present.document import status_document, to_json
from trunktui.present.findings import finding_lines, leg_lines, row
from trunktui.present.sheet import to_csv
from trunktui.present.table import status_table

SECRET = "s3cret-canary"
TODAY = date(2026, 1, 1)


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


def foretold(snapshot: Snapshot, payload: bytes) -> Snapshot:
    """Return the fleet with findings, whose subjects and evidence are names that an SBC or a person chose."""
    text = clean(payload)  # names of the config are checked there
    account = Account(text, text, allowlist=Allowlist((ip_network("192.0.2.0/24"),), limit=1))
    names = NativeNames(endpoint=text)
    trunk = Trunk(
        text, text, text, AuthMode.HYBRID, bindings=(Binding(text, "sbc-1", native=names),),
        credential=Credential(username=text, rotated=TODAY - timedelta(days=100)),
    )  # fmt: skip
    inventory = Inventory((Carrier(text),), (account,), (), (trunk,), (Group("g", (text,)),))
    record = Record(RecordKind.ROTATED, text, TODAY - timedelta(days=99), clean(text), 0.0, clean(text))
    found = foreseen(snapshot, inventory, (record,), TODAY)
    assert found.findings
    return found


def forms_of(snapshot: Snapshot) -> list[str]:
    """Return everything that is printed of findings and credentials."""
    found, ages = snapshot.findings or (), snapshot.credentials or ()
    rows = credentials.held(ages, credentials.sbcs_by_trunk(snapshot.legs), found, TODAY)
    pages = [
        *(line for one in found for line in finding_lines(one, TODAY, 80)),
        *(row(one, TODAY, 160) for one in found),
        *credentials.page_lines(rows, TODAY, 80),
        *(line for leg in snapshot.legs for line in leg_lines(found, leg, TODAY, 80)),
    ]
    return [
        credentials.findings_table(found, TODAY),
        credentials.credentials_table(rows, TODAY),
        credentials.json_of("x", "findings", credentials.finding_rows(found, TODAY), TODAY),
        *credentials.csv_of(credentials.finding_rows(found, TODAY), credentials.FINDINGS_COLUMNS),
        *credentials.csv_of(credentials.credential_rows(rows, TODAY), credentials.CREDENTIALS_COLUMNS),
        *(plain(line) for line in pages),
    ]


@pytest.mark.parametrize("payload", PAYLOADS, ids=range(len(PAYLOADS)))
def test_a_hostile_name_is_harmless_in_every_output(payload: str) -> None:
    raw = payload.encode("utf-8", "surrogatepass")
    sbc = Sbc("sbc-1", "asterisk", SshTarget("10.0.0.1"))
    fleet = Fleet(Inventory(sbcs=(sbc,)), Thresholds(), 30.0)
    fleet.answered("sbc-1", asterisk.parse_poll(hostile_answer(raw), settings_of(Trunks()), ()))
    snapshot = foretold(fleet.snapshot(START), raw)
    document = status_document(snapshot, START, datetime(2026, 1, 1, tzinfo=UTC))
    outputs = [to_json(document), to_csv(document), status_table(snapshot, START), *forms_of(snapshot)]
    for output in outputs:
        assert not [char for char in harmful(output) if char != "\n"]
        assert SECRET not in output
    assert json.loads(outputs[0])["schema"] == "trunktui.status/1"
    assert len(list(csv.reader(io.StringIO(outputs[1])))) == 1 + len(snapshot.legs)
    for leg in snapshot.legs:
        assert not harmful("".join((leg.id, leg.reason, *(e.line for e in leg.evidence))))
