"""The table of `finding_cases`; that findings change nothing that lives; dates of every kind; how much they cost."""

from __future__ import annotations

import datetime as dt
import os
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from msgspec import structs

from tests.fleets import fleet, leg, sbc
from tests.health.cases import GOOD
from tests.health.finding_cases import (
    CASES,
    TODAY,
    Scene,
    ago,
    credential,
    listed,
    recorded,
    scene,
    sharing,
    trunk,
)
from tests.health.scenes import Trunks, play
from trunktui.health.findings import basis, credential_ages, find, foreseen
from trunktui.model.finding import Confidence, FileTime, FindingKind, RecordKind
from trunktui.model.health import SEVERITY_RANK, LegState, Severity
from trunktui.model.inventory import Allowlist, Cap, Credential, Group, Inventory
from trunktui.model.snapshot import Snapshot
from trunktui.model.text import SHOWN_LIMIT, Safe

GOLDEN = Path(__file__).parent / "findings.golden.md"
DAYS = st.dates(min_value=dt.date(1990, 1, 1), max_value=dt.date(2100, 12, 31))


@pytest.mark.parametrize(("name", "made", "wanted"), CASES, ids=[case[0] for case in CASES])
def test_a_case_has_just_these_findings(
    name: str, made: Callable[[], Scene], wanted: tuple[tuple[FindingKind, str, Severity], ...]
) -> None:
    found = find(*made().arguments)
    assert tuple((one.kind, one.subject, one.severity) for one in found) == wanted


def test_every_kind_is_found_by_some_case() -> None:
    assert {kind for _, _, wanted in CASES for kind, _, _ in wanted} == set(FindingKind)


def test_every_finding_says_what_to_do_and_what_it_rests_on() -> None:
    for _, made, _ in CASES:
        for one in find(*made().arguments):
            assert one.reason, one
            assert one.remedy, one
            assert one.evidence, one
            assert one.source or one.confidence is Confidence.UNKNOWN, one
            assert max(len(text) for text in (one.reason, one.remedy, *one.evidence)) < SHOWN_LIMIT, one


def golden() -> Iterator[str]:
    """Yield the lines of the file that shows every sentence to a human."""
    yield "# Every sentence of the findings"
    yield ""
    yield "Written by `TRUNKTUI_GOLDEN=write pytest tests/health/test_finding_rules.py`; read it as an operator would."
    for name, made, wanted in CASES:
        if not wanted:
            continue
        yield ""
        yield f"## {name}"
        yield ""
        for one in find(*made().arguments):
            due = "no day" if one.due is None else f"due {one.due}"
            yield f"- **{one.kind} {one.subject}** ({one.severity}, {due}): {one.reason}"
            yield f"  - do: {one.remedy}"
            yield f"  - source: {one.source or 'none'} ({one.confidence})"
            yield from (f"  - {line}" for line in one.evidence)


def test_the_sentences_are_those_that_were_read_and_found_good() -> None:
    text = "\n".join(golden()) + "\n"
    if os.environ.get("TRUNKTUI_GOLDEN") == "write":
        GOLDEN.write_text(text, encoding="utf-8")
    assert GOLDEN.read_text(encoding="utf-8") == text, (
        "read the new sentences, then write them (see the file)"
    )


def everything() -> tuple[Snapshot, Inventory]:
    """Return a fleet in which most rules have something to find."""
    legs = (
        leg("acme-us@nyc-1", groups=("us", "eu"), username=Safe("acme")),
        leg("loose@nyc-1", discovered=True),
    )
    trunks = (
        trunk("acme-us", credential=Credential("acme", ago(400))),
        trunk("dead", credential=None, cap=Cap()),
    )
    made = scene(trunks=trunks, legs=legs, groups=(Group("us", ("acme-us",)), Group("eu", ("acme-us",))))
    return fleet(*legs, sbcs=made.sbcs), made.inventory


def test_case_47_an_old_credential_leaves_a_leg_up_with_its_sentence() -> None:
    snapshot = play(Trunks(), [(0, GOOD)])
    held = structs.replace(trunk("carrier-a", "sbc-1"), credential=Credential("u", ago(91)))
    after = foreseen(snapshot, Inventory(trunks=(held,)), (), TODAY)
    (one,) = after.findings or ()
    assert one.reason.startswith("credential 91 d old (limit 90)")
    (live,) = after.legs
    assert (live.state, live.severity) == (LegState.UP, Severity.NONE)
    assert live.reason == "registered, next REGISTER in 60 s; OPTIONS 23 ms; 0 channels"


@given(today=DAYS, changed=DAYS | st.none(), file=DAYS | st.none())
@settings(max_examples=200, deadline=None)
def test_findings_never_change_what_is_now(
    today: dt.date, changed: dt.date | None, file: dt.date | None
) -> None:
    snapshot, inventory = everything()
    held = Credential("acme", changed, file="/etc/a")
    inventory = structs.replace(inventory, trunks=(trunk("acme-us", credential=held),))
    files = (FileTime(Safe("/etc/a"), file, Safe("")),)
    snapshot = structs.replace(snapshot, sbcs=(sbc("nyc-1", files=files),))
    after = foreseen(snapshot, inventory, (), today)
    assert structs.replace(after, findings=None, credentials=None) == snapshot
    assert all(one is other for one, other in zip(after.legs, snapshot.legs, strict=True))
    assert after.sbcs is snapshot.sbcs
    assert after.groups is snapshot.groups


@given(today=DAYS, rotated=DAYS | st.none(), limit=st.integers(1, 3650))
@settings(max_examples=400, deadline=None)
def test_an_age_is_the_days_that_passed_or_is_not_known(
    today: dt.date, rotated: dt.date | None, limit: int
) -> None:
    made = credential(rotated, held={"max_age_days": limit})
    snapshot, inventory, _, _, _ = made.arguments
    (age,) = credential_ages(snapshot, inventory, (), today)
    kinds = {one.kind for one in find(snapshot, inventory, (), today)}
    if rotated is None or rotated > today:
        assert (age.age_days, age.day, age.due, age.confidence) == (None, None, None, Confidence.UNKNOWN)
        assert age.why
        assert kinds == {FindingKind.CRED_UNKNOWN}
        return
    assert age.age_days == (today - rotated).days >= 0
    assert age.due == rotated + dt.timedelta(days=limit)
    overdue, due = age.age_days >= limit, age.age_days >= limit - min(14, limit // 2)
    wanted = {FindingKind.CRED_OVERDUE} if overdue else {FindingKind.CRED_DUE} if due else set()
    assert kinds == wanted


@given(today=DAYS, file=DAYS)
@settings(max_examples=300, deadline=None)
def test_a_file_makes_a_credential_old_and_never_young(today: dt.date, file: dt.date) -> None:
    made = credential(held={"file": "/etc/a"}, sbcs=(sbc("nyc-1", files=(FileTime(Safe("/etc/a"), file),)),))
    snapshot, inventory, _, _, _ = made.arguments
    (age,) = credential_ages(snapshot, inventory, (), today)
    assert (age.age_days is not None) == ((today - file).days >= 76)
    assert age.age_days is None or age.confidence is Confidence.LATEST


def test_the_youngest_of_a_trunks_files_counts_and_one_unknown_makes_all_unknown() -> None:
    held = Credential("acme", file="/etc/a")
    old, young = FileTime(Safe("/etc/a"), ago(300)), FileTime(Safe("/etc/a"), ago(100))
    trunks = (trunk("acme", "nyc-1", "lon-1", credential=held),)
    both = scene(trunks=trunks, sbcs=(sbc("nyc-1", files=(old,)), sbc("lon-1", files=(young,))))
    (age,) = credential_ages(*both.arguments[:4])
    assert (age.age_days, age.day) == (100, ago(100))
    one = scene(trunks=trunks, sbcs=(sbc("nyc-1", files=(old,)), sbc("lon-1")))
    (age,) = credential_ages(*one.arguments[:4])
    assert age.age_days is None
    assert age.why == "/etc/a was not looked at on lon-1 yet"


def test_a_leap_day_is_a_day() -> None:
    made = credential(dt.date(2028, 2, 29))
    snapshot, inventory, _, _, _ = made.arguments
    (age,) = credential_ages(snapshot, inventory, (), dt.date(2028, 5, 29))
    assert (age.age_days, age.due) == (90, dt.date(2028, 5, 29))


def test_the_newest_day_that_people_name_counts() -> None:
    newer = credential(ago(50), records=recorded(RecordKind.ROTATED, "acme", 20))
    older = credential(ago(20), records=recorded(RecordKind.ROTATED, "acme", 50))
    ages = [credential_ages(*made.arguments[:4])[0] for made in (newer, older)]
    assert [(age.age_days, age.confidence, age.source) for age in ages] == [
        (20, Confidence.RECORDED, "recorded by alice"),
        (20, Confidence.CONFIGURED, "config"),
    ]


def test_findings_come_worst_first_in_the_same_order_each_time_and_none_twice() -> None:
    scenes = [made() for _, made, _ in CASES]
    snapshot = fleet(*(one for made in scenes for one in made.legs), sbcs=scenes[-1].sbcs)
    trunks = tuple(structs.replace(made.trunks[0], name=f"t{n}") for n, made in enumerate(scenes))
    inventory = Inventory(trunks=trunks, sbcs=scenes[0].boxes)
    found = find(snapshot, inventory, (), TODAY)
    assert len(found) > 10
    ranks = [SEVERITY_RANK[one.severity] for one in found]
    assert ranks == sorted(ranks, reverse=True)
    assert found == find(snapshot, inventory, (), TODAY)


def test_no_two_findings_of_a_fleet_are_of_one_kind_about_one_subject() -> None:
    snapshot, inventory = everything()
    keys = [(one.kind, one.subject) for one in find(snapshot, inventory, (), TODAY)]
    assert len(keys) == len(set(keys)) > 3


def test_one_name_at_two_carriers_is_no_shared_credential() -> None:
    made = sharing()
    first, second = made.trunks
    apart = structs.replace(made, trunks=(first, structs.replace(second, carrier="beta")))
    assert find(*apart.arguments) == ()


def test_what_an_outsider_names_is_made_harmless() -> None:
    hostile = "\x1b]52;c;x\x07[@click=app.quit]"
    made = listed(Allowlist((), ago(100)), records=())
    account = structs.replace(made.accounts[0], name=hostile)
    (one,) = find(*structs.replace(made, accounts=(account,)).arguments)
    assert "\x1b" not in one.subject + one.reason
    assert "\x07" not in one.subject + one.reason


def test_the_basis_is_the_same_while_only_live_state_changes() -> None:
    snapshot, _ = everything()
    worse = structs.replace(snapshot, at=snapshot.at + 30, legs=tuple(_down(one) for one in snapshot.legs))
    assert basis(worse) == basis(snapshot)
    renamed = structs.replace(snapshot.legs[0], username=Safe("other"))
    assert basis(structs.replace(snapshot, legs=(renamed, *snapshot.legs[1:]))) != basis(snapshot)


def _down(one: object) -> object:
    return structs.replace(one, severity=Severity.MAJOR, reason=Safe("no"))  # type: ignore[type-var]
