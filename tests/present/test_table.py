"""The plain table of `status`."""

from __future__ import annotations

from tests.fleets import NOW, fleet, leg, sample, sbc
from trunktui.model.health import LegState, SbcState, Usage
from trunktui.model.link import LinkStatus, SshState
from trunktui.model.snapshot import ChannelsView
from trunktui.model.text import Safe, clean
from trunktui.present.table import status_table


def test_the_worst_leg_comes_first_and_every_line_ends_with_its_reason() -> None:
    lines = status_table(sample(), NOW).splitlines()
    assert lines[0] == "lon-1: down: no route to 192.0.2.1 within 3 s"
    assert lines[1:4] == [
        "group us-outbound: degraded: 1 of 3 legs usable",
        "  us-outbound on nyc-1 goes to alpha-us (first), read 4 s ago",
        "  us-outbound on lon-1: not known, not asked yet",
    ]
    assert lines[4].split()[:3] == ["STATE", "LEG", "CARRIER"]
    assert [line.split()[2] for line in lines[5:9]] == [
        "beta-us@nyc-1",
        "alpha-us@lon-1",
        "=cmd@nyc-1",
        "alpha-us@nyc-1",
    ]
    assert lines[5].endswith("registration gave up 12m ago after 403; will not retry")
    assert lines[-1] == "2 SBCs, 4 legs, 1 up, 1 down, 1 unmonitored, 1 unknown"


def test_legs_that_are_switched_off_are_counted_as_the_rows_call_them() -> None:
    assert status_table(fleet(leg("a@nyc-1", LegState.ADMIN_OFF)), NOW).endswith("1 leg, 1 off\n")


def test_no_cell_is_cut_however_long_a_name_is() -> None:
    name = "a-trunk-with-a-very-long-name-indeed-" + "x" * 40 + "@nyc-1"
    assert name in status_table(fleet(leg(name)), NOW)


def test_nothing_known_is_said_in_one_line() -> None:
    assert status_table(fleet(), NOW) == "0 SBCs, 0 legs\n"


def test_an_old_leg_is_told_as_unknown() -> None:
    assert "no news for 1 m 31 s; was up" in status_table(fleet(leg("a@nyc-1")), NOW + 87)


def test_the_ascii_form_has_no_other_characters_and_the_same_lines() -> None:
    plain, full = status_table(sample(), NOW, ascii_only=True), status_table(sample(), NOW)
    assert plain.isascii()
    assert not full.isascii()
    assert len(plain.splitlines()) == len(full.splitlines())


def test_a_reason_is_printed_whole_and_so_is_the_way_out_that_was_cut_from_it() -> None:
    remedy = "host key of 192.0.2.1:22 changed; " + "then type: ssh-keygen -R 192.0.2.1; " * 10
    link = LinkStatus(SshState.HOST_KEY, Safe(remedy.strip()))
    cut = sbc(
        "lon-1", SbcState.UNKNOWN, reason=clean(f"not polled, 12 legs unknown: {remedy}", 200), link=link
    )
    lines = status_table(fleet(sbcs=(cut,)), NOW).splitlines()
    assert lines[0] == f"lon-1: unknown: {cut.reason}"
    assert lines[1] == f"  ssh host_key: {remedy.strip()}"
    whole = sbc("lon-1", SbcState.UNKNOWN, reason=Safe(f"not polled: {link.reason}"), link=link)
    assert status_table(fleet(sbcs=(whole,)), NOW).splitlines()[:-1] == [f"lon-1: unknown: {whole.reason}"]


def test_an_sbc_past_its_time_is_told_with_its_age_and_not_with_what_it_last_said() -> None:
    quiet = sbc("nyc-1", reason=Safe("answering"))
    assert status_table(fleet(sbcs=(quiet,)), NOW + 87).startswith(
        "nyc-1: unknown: no news for 1 m 31 s; was up\n"
    )


def test_a_lower_bound_is_marked_in_both_forms() -> None:
    part = leg("a@nyc-1", channels=ChannelsView(Usage.NORMAL, active=12, cap=200, used=41, whole=False))
    assert " ≥41/200 " in status_table(fleet(part), NOW)
    assert ">=41/200 " in status_table(fleet(part), NOW, ascii_only=True)
