"""Findings of a real SBC: usernames are read and never a password, settings out of range are told, state stays."""

from __future__ import annotations

import time
from pathlib import Path

import msgspec
import pytest
from msgspec import structs

from trunktui import wiring
from trunktui.config.load import load
from trunktui.model.finding import Confidence, FindingKind
from trunktui.model.snapshot import Snapshot
from trunktui.present.document import status_document
from trunktui.wiring_marks import utc_now

from .lab import Lab
from .product import environment, write_config

pytestmark = pytest.mark.lab

CANARIES = ("s3cret", "WRONG")
"""What the passwords of the lab's trunks hold."""

MORE = """
[[group]]
name = "eu-outbound"
trunks = ["hybrid-gamma"]
"""


def look(lab: Lab, folder: Path, monkeypatch: pytest.MonkeyPatch, user: str = "noc") -> Snapshot:
    """Ask the lab's SBC once, with a file for the credential of the first trunk."""
    path = write_config(lab, folder, user=user, run_as=user == "noc")
    held = 'credential = { file = "/usr/sbin/asterisk" }\n'
    text = path.read_text().replace('name = "acme-primary"\n', f'name = "acme-primary"\n{held}', 1)
    path.write_text(text + MORE)
    for key, value in environment(folder).items():
        monkeypatch.setenv(key, value)
    config = load(path, environment(folder), wiring.KNOWN_PLATFORMS)
    return wiring.collect(config, 60.0, lambda *_: None)


def test_usernames_are_read_and_no_password_is_anywhere(
    lab: Lab, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    snapshot = look(lab, tmp_path, monkeypatch)
    names = {leg.trunk: leg.username for leg in snapshot.legs}
    assert names["acme-primary"] == "trunk1001"
    assert names["hybrid-gamma"] == "trunk1003"
    assert names["badpass-delta"] == names["badpass-permanent"] == "trunk1004"
    assert names["ipauth-beta"] is None
    document = status_document(snapshot, time.monotonic(), utc_now())
    kept = b"".join(one.read_bytes() for one in tmp_path.rglob("*") if one.is_file())
    for canary in CANARIES:
        assert canary.encode() not in msgspec.json.encode(snapshot) + repr(document).encode() + kept
        assert canary not in lab.asterisk_cli("pjsip show auths") + lab.asterisk_cli(
            "pjsip show endpoint acme-primary"
        )
    assert CANARIES[0] in lab.asterisk_cli("pjsip show auth acme-primary"), "the canary is no canary"


def test_what_a_real_sbc_has_out_of_range_is_found_and_changes_no_leg(
    lab: Lab, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    snapshot = look(lab, tmp_path, monkeypatch)
    found = {(one.kind, str(one.subject)): one for one in snapshot.findings or ()}
    assert (FindingKind.KEEPALIVE_OFF, "noqual-iota@lab-1") in found
    every = next(leg.probe.interval_s for leg in snapshot.legs if leg.trunk == "acme-primary")
    assert every == 10
    assert f"OPTIONS every {every} s" in found[FindingKind.KEEPALIVE_INTERVAL, "acme-primary@lab-1"].reason
    assert (FindingKind.NO_CAP, "ipauth-beta") in found
    assert (FindingKind.NO_CAP, "acme-primary") not in found
    assert not [one for one in found if one[0] is FindingKind.SHARED_CRED]
    (box,) = snapshot.sbcs
    assert [(one.path, one.why) for one in box.files] == [("/usr/sbin/asterisk", "")]
    assert box.files[0].changed is not None
    ages = {age.trunk: age for age in snapshot.credentials or ()}
    assert ages["acme-primary"].confidence in {Confidence.LATEST, Confidence.UNKNOWN}
    assert ages["acme-primary"].username == "trunk1001"
    plain = structs.replace(snapshot, findings=None, credentials=None)
    assert msgspec.json.encode(plain.legs) == msgspec.json.encode(snapshot.legs)


def test_a_login_of_the_group_reads_the_same_usernames(
    lab: Lab, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    snapshot = look(lab, tmp_path, monkeypatch, "nocgrp")
    names = {leg.trunk: leg.username for leg in snapshot.legs}
    assert (names["acme-primary"], names["hybrid-gamma"]) == ("trunk1001", "trunk1003")
