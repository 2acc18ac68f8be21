"""What FreeSWITCH says, and what we make of it: the numbered cases from recordings, timelines, channels, who is not let in."""

from __future__ import annotations

import re
import time

import pytest
from msgspec import structs

from tests.health.scenes import START, Trunks, box, fleet_of, leg
from tests.platforms import recordings
from tests.platforms.freeswitch_said import BEGAN, FOLDER, answered, block, look, renamed, timeline
from trunktui.model.ask import Answer, Command, Reply
from trunktui.model.health import LegState, SbcState
from trunktui.model.inventory import AuthMode
from trunktui.model.link import ControlFault, ControlTrouble
from trunktui.model.observation import AppState, ContactState, NativeLeg, Observation, RegPhase
from trunktui.model.snapshot import LegStatus, Snapshot
from trunktui.model.tail import TailState, TailStatus
from trunktui.model.text import Safe
from trunktui.platforms import freeswitch
from trunktui.platforms.contract import LegSettings
from trunktui.platforms.freeswitch_channels import OWNER
from trunktui.platforms.freeswitch_logs import LOG
from trunktui.transport.lines import safe_json, safe_lines

FORBIDDEN = "Gateway=carrier-a;State=FAILED;Status=403;Phrase=Forbidden"
WELL = renamed(block("startup-steady", "carrier-a"), pingtime="18.40", ping=str(BEGAN + 9000))
STATES = {
    path.name.removeprefix("state-"): path.name for path in FOLDER.iterdir() if path.name.startswith("state-")
}


def played(looks: list[Observation], auth: AuthMode = AuthMode.REGISTRATION, **trunks: object) -> Snapshot:
    """Return the fleet after these polls; `carrier-a` is the trunk."""
    fleet = fleet_of(Trunks(auth=auth, platform="freeswitch", dial=None, **trunks))  # type: ignore[arg-type]
    snapshot = fleet.snapshot(START)
    for seen in looks:
        fleet.answered("sbc-1", seen)
        fleet.record("sbc-1").settings_done = True
        snapshot = fleet.snapshot(seen.at)
    return snapshot


def told(looks: list[Observation], auth: AuthMode = AuthMode.REGISTRATION) -> tuple[str, str]:
    """Return state and sentence of `carrier-a` after these polls."""
    status: LegStatus = leg(played(looks, auth))
    return status.state.value, status.reason


def at(second: float, *gateways: str, **how: object) -> Observation:
    """Return a poll at `second` of a play, the SBC's clock going along."""
    return look(*gateways, at=START + second, clock=BEGAN + second, **how)  # type: ignore[arg-type]


def as_a(case: str, name: str, **values: str) -> str:
    """Return a recorded gateway under the name of the trunk."""
    return renamed(block(case, name), name="carrier-a", **values)


def only(seen: Observation) -> NativeLeg:
    """Return the one leg of a poll."""
    (found,) = seen.legs
    return found


def test_case_12_all_is_well() -> None:
    assert told([at(0, WELL)]) == ("up", "registered; OPTIONS 18 ms (3/3); 0 channels")


@pytest.mark.parametrize(("retry", "due"), [("9s", 9.0), ("NEVER", 28.0), (None, 28.0)])
def test_when_it_tries_again_is_told_by_the_list_else_by_the_log_and_by_how_much_the_wait_grows(
    retry: str | None, due: float
) -> None:
    """At second 20 the log says `retry in 30 s`; the look is at second 22, and the screen counts down from it."""
    gateway = as_a("startup-steady", "forbid-f")
    gateway = re.sub(r"    <retry>.*</retry>\n", f"    <retry>{retry}</retry>\n" if retry else "", gateway)
    fleet = fleet_of(Trunks(platform="freeswitch", dial=None))
    fleet.record("sbc-1").settings_done = True
    fleet.answered("sbc-1", at(0, gateway))
    moment = time.strftime("%Y-%m-%d %H:%M:%S", time.gmtime(BEGAN + 20))
    head = f"{moment}.000000 98.03% [WARNING] sofia_reg.c:525 carrier-a Failed Registration"
    said = (
        f"{head} with status Forbidden [403]. failure #3",
        f"{head} [403], setting retry to 30 seconds.",
    )
    seen = at(22, gateway)
    facts = freeswitch.parse_tail(LOG, tuple(Safe(line) for line in said), seen.box)
    fleet.answered("sbc-1", seen)
    fleet.heard("sbc-1", LOG, facts, TailStatus(LOG, TailState.OK))
    status = leg(fleet.snapshot(seen.at))
    assert status.registration.next_at == pytest.approx(seen.at + due, abs=1.5)
    assert status.registration.gave_up is False
    assert "REGISTER 403" in status.reason
    assert "(the wait grows 10 s each time). R tries now" in status.reason


def test_case_13_refused_again_and_again_and_waiting_ever_longer() -> None:
    gateway = as_a("by-event-socket", "forbid-f", state="FAIL_WAIT", status="DOWN", retry="49s")
    if "<retry>" not in gateway:
        gateway = gateway.replace("  </gateway>", "    <retry>49s</retry>\n  </gateway>")
    assert told([at(0, gateway, events=(FORBIDDEN,))]) == (
        "down",
        "REGISTER 403 since before the first look; next attempt in 49 s (the wait grows each time). R tries now",
    )
    assert told([at(0, gateway)])[1] == (
        "REGISTER refused or unanswered since before the first look; next attempt in 49 s"
    )


def test_cases_14_and_15_one_lost_ping_drops_a_registration_as_the_timeline_has_it() -> None:
    moments = [m for m in timeline("B-ping-loss") if m.at < 44]
    failed = next(g for g in moments[-1].gateways if "<name>carrier-b<" in g)
    state, why = told([at(0, WELL), at(30, renamed(failed, name="carrier-a"))])
    assert state == "down"
    assert why == (
        "the registration dropped, one lost OPTIONS is enough for FreeSWITCH; calls are refused; "
        "back in about 10 s if the carrier answers"
    )
    lost = renamed(failed, name="carrier-a")
    steps = [at(30.0 * n, lost if n % 2 else WELL) for n in range(8)]
    assert told(steps)[1].startswith("flapping: 4 drops in 15 m")
    assert told(steps)[1].endswith("ping-max does not protect registered gateways")


def test_case_16_up_by_default() -> None:
    assert told([at(0, as_a("startup-steady", "noping-g"))], AuthMode.IP) == (
        "unmonitored",
        "Status UP is a default: no ping set on gateway carrier-a; a dead trunk would look idle",
    )


def test_case_17_pings_that_stopped() -> None:
    stopped = as_a("contradictory", "ipauth-c", pinging="0", ping=str(BEGAN - 270))
    state, why = told([at(0, stopped)], AuthMode.IP)
    assert state == "suspect"
    assert (
        why == "OPTIONS stopped 4 m 29 s ago (known FreeSWITCH fault #2489): UP is stale. Restart the gateway"
    )
    assert told([at(0, stopped), at(30, stopped)], AuthMode.IP)[0] == "unmonitored"


def test_case_18_the_sbc_counts_a_miss_and_one_that_is_out_is_seen() -> None:
    whole = as_a("contradictory", "ipauth-c", pinging="0", ping=str(BEGAN + 9000), pingtime="18.0")
    missed = renamed(whole, pingcount="2")
    assert told([at(0, whole), at(30, missed)], AuthMode.IP)[1].startswith("1 of 3 OPTIONS missed; DOWN at 3")
    out = renamed(whole, pinging="1", ping=str(BEGAN - 8))
    assert told([at(0, out)], AuthMode.IP) == (
        "suspect",
        "OPTIONS sent 7 s ago, no answer yet; the next poll tells",
    )
    just_sent = renamed(whole, pinging="1", ping=str(BEGAN - 1))
    assert told([at(0, just_sent)], AuthMode.IP)[0] == "up"


def test_case_19_the_sbc_gave_it_up() -> None:
    dead = as_a("state-noreg-down-ipdead-h", "ipdead-h")
    state, why = told([at(0, dead)], AuthMode.IP)
    assert state == "down"
    assert "FreeSWITCH refuses calls (GATEWAY_DOWN) until it is answered again" in why


def test_case_20_registering() -> None:
    state, why = told([at(0, as_a("state-trying-down-dead-e", "dead-e"))])
    assert state == "suspect"
    assert why == "registering, for 60 s at most; up once the carrier accepts it"


def test_case_21_unregistered_and_taking_calls_none_the_less() -> None:
    down = as_a("state-down-down-carrier-a", "carrier-a")
    assert told([at(0, down)])[0] == "down"
    still_up = as_a("contradictory", "refused-k")
    seen = at(0, still_up, channels=_channels(("outbound", "gw:carrier-a"), ("outbound", "gw:carrier-a")))
    state, why = told([seen])
    assert state == "degraded"
    assert "shows UP again (no ping) and still sends calls (2 channels)" in why


def test_case_22_a_gateway_that_is_not_loaded() -> None:
    other = renamed(WELL, name="other")
    gone = [at(0, WELL, other), at(30, other), at(91, other)]
    state, why = told(gone)
    assert state == "down"
    assert why == "gateway carrier-a is not loaded in profile external of sbc-1 (config error or rename?)"


def test_case_56_a_profile_restarts() -> None:
    restarting = recordings.recorded(FOLDER / "profile-restarting")
    texts = {r.key: "\n".join(r.lines).replace("\u2409", "\t") + "\n" for r in restarting.replies}
    snapshot = played([at(0, WELL), at(30, profiles=texts["profiles"])])
    assert leg(snapshot).reason == "profile external is restarting or not loaded on sbc-1; was up"
    assert leg(snapshot).state is LegState.UNKNOWN
    assert box(snapshot).state is SbcState.DEGRADED


@pytest.mark.parametrize(
    ("state", "name", "phase", "effective"),
    [
        ("reged-up-forbid-f", "forbid-f", RegPhase.REGISTERED, "routable"),
        ("unreged-up-carrier-a", "carrier-a", RegPhase.REGISTERED, "routable"),
        ("register-up-carrier-a", "carrier-a", RegPhase.REGISTERED, "routable"),
        ("register-down-carrier-a", "carrier-a", RegPhase.TRYING, None),
        ("unreged-down-refused-k", "refused-k", RegPhase.TRYING, None),
        ("trying-down-dead-e", "dead-e", RegPhase.TRYING, None),
        ("failed-up-forbid-f", "forbid-f", RegPhase.WAITING, "routable"),
        ("failed-down-refused-k", "refused-k", RegPhase.WAITING, "refused_locally"),
        ("fail-wait-down-busy503-l", "busy503-l", RegPhase.WAITING, "refused_locally"),
        ("timeout-down-dead-e", "dead-e", RegPhase.WAITING, "refused_locally"),
        ("unregister-up-carrier-a", "carrier-a", RegPhase.UNREGISTERED, "routable"),
        ("down-down-carrier-a", "carrier-a", RegPhase.UNREGISTERED, "refused_locally"),
        ("noreg-up-utf8.m-1", "utf8.m_1", None, "routable"),
        ("noreg-down-ipdead-h", "ipdead-h", None, "refused_locally"),
    ],
)
def test_every_recorded_state_has_its_meaning_with_its_status(
    state: str, name: str, phase: RegPhase | None, effective: str | None
) -> None:
    found = only_named(recordings.observe("freeswitch", STATES[state]), name)
    assert (found.registration.phase if found.registration else None) is phase
    assert found.effective == effective
    assert found.part == "profile external"
    pinged = found.contacts[0].state
    if phase not in {RegPhase.REGISTERED, None}:
        assert pinged is ContactState.UNPROBED
        assert found.contacts[0].rtt_ms is None


def test_every_recorded_state_is_in_that_table() -> None:
    assert len(STATES) == 14


def test_old_values_of_a_ping_are_not_told_where_none_is_sent() -> None:
    contact = only_named(recordings.observe("freeswitch", "contradictory"), "forbid-f").contacts[0]
    assert (contact.state, contact.rtt_ms, contact.count, contact.overdue_s) == (
        ContactState.UNPROBED,
        None,
        None,
        None,
    )


def test_a_name_that_stands_twice_is_the_newer_one() -> None:
    seen = recordings.observe("freeswitch", "killgw-two-of-one-name")
    found = only_named(seen, "carrier-b")
    assert found.registration is not None
    assert found.registration.word == "UNREGED"
    assert len(seen.legs) == 13


def test_names_that_xml_forbids_are_read_as_they_are() -> None:
    seen = recordings.observe("freeswitch", "by-event-socket")
    assert only_named(seen, "carrier-b").username == "acct-b&co"
    assert only_named(seen, "utf8.m_1").username == "trünk-zürich"


@pytest.mark.parametrize(
    ("status", "code"), [("403", 403), ("503", 503), ("904", 401), ("908", 408), ("200", None), ("40", None)]
)
def test_a_cause_is_a_sip_code(status: str, code: int | None) -> None:
    waiting = as_a("startup-steady", "badpass-d")
    seen = look(waiting, events=(f"Gateway=carrier-a;State=FAILED;Status={status};Phrase=x",))
    registration = only(seen).registration
    assert registration is not None
    assert registration.code == code
    assert registration.wait_step_s == (0 if code in {401, 403} else None)


def test_a_cause_of_yesterday_is_not_told_of_a_trunk_that_registered_since() -> None:
    registration = only(look(WELL, events=(FORBIDDEN,))).registration
    assert registration is not None
    assert registration.code is None


def test_a_refresh_and_a_re_register_raise_nothing_in_the_recorded_timeline() -> None:
    moments = [m for m in timeline("A-register") if m.at < 18]
    fleet = fleet_of(Trunks(auth=AuthMode.REGISTRATION, platform="freeswitch", dial=None))
    words: list[str] = []
    for moment in moments:
        fleet.answered("sbc-1", at(moment.at, *moment.gateways))
        fleet.record("sbc-1").settings_done = True
        status = leg(fleet.snapshot(START + moment.at))
        words.append(status.registration.state.value)
        if any("<name>carrier-a<" in g for g in moment.gateways):
            assert status.state is LegState.UP, (moment.at, status.reason)
    assert len(words) > 15


def test_an_outage_is_never_shown_as_well_for_longer_than_freeswitch_itself_believes_it() -> None:
    """Packets are dropped from second 5 to 110; asked every 0.1 s, so `pinging` is the first sign."""
    first: dict[str, float] = {}
    fleet = fleet_of(Trunks(auth=AuthMode.REGISTRATION, platform="freeswitch", dial=None))
    for moment in timeline("B-ping-loss"):
        for later in (0.0, 3.0):  # the same list 3 s later, by the SBC's clock: the ping is still out
            fleet.answered("sbc-1", at(moment.at + later, *moment.gateways))
            fleet.record("sbc-1").settings_done = True
            for status in fleet.snapshot(START + moment.at + later).legs:
                if moment.at > 5 and status.state is not LegState.UP:
                    first.setdefault(status.trunk, moment.at)
                if status.trunk == "carrier-b" and 43.0 < moment.at < 110:
                    assert status.state is not LegState.UP, moment.at
    assert first["carrier-a"] < 14
    assert first["ipauth-c"] < 14


def test_a_list_that_breaks_off_or_has_a_strange_line_is_not_whole() -> None:
    text = "<gateways>\n" + WELL
    for broken in (text, text.replace("    <state>", "    state>") + "</gateways>\n", "Invalid Gateway!\n"):
        seen = look(gateways=broken)
        assert not seen.reg_read
        assert not seen.contacts_read
        assert any(u.command == "sofia xmlstatus gateway" for u in seen.unread)


def test_a_gateway_with_a_strange_status_is_not_called_well() -> None:
    found = only(look(renamed(WELL, status="MAYBE")))
    assert found.contacts[0].state is ContactState.OTHER
    assert found.effective is None
    word = only(look(renamed(WELL, state="LIMBO"))).registration
    assert word is not None
    assert word.phase is RegPhase.OTHER


def _channels(*rows: tuple[str, str], name: str = "sofia/external/15551001") -> str:
    """Return `show channels as json` with a row for each direction and presence_data."""
    listed = ",".join(
        f'{{"uuid":"{n:08x}-0000-4000-8000-000000000000","direction":"{direction}",'
        f'"created_epoch":"{BEGAN - 5}","name":"{name}","presence_data":"{presence}","callstate":"ACTIVE"}}'
        for n, (direction, presence) in enumerate(rows)
    )
    return f'{{"row_count":{len(rows)},"rows":[{listed}]}}\n'


def test_channels_are_counted_by_what_the_gateway_writes_into_them() -> None:
    seen = recordings.observe("freeswitch", "per-gateway-count")
    counts = {found.native.endpoint: found.channels for found in seen.legs}
    assert counts["carrier-a"] is not None
    assert counts["carrier-a"].active == 5
    assert counts["carrier-b"] is not None
    assert counts["carrier-b"].active == 1
    assert counts["ipauth-c"] is not None
    assert counts["ipauth-c"].active == 0
    assert seen.channels_read


def test_a_channel_without_it_is_asked_once_whose_it_is() -> None:
    answer = answered(
        WELL, channels=_channels(("outbound", ""), ("inbound", ""), ("outbound", "gw:carrier-a"))
    )
    before = LegSettings()
    ask = freeswitch.follow_up(answer, before)
    assert ask is not None
    assert [command.words.rpartition(" ")[2] for command in ask.commands] == [
        "sip_gateway_name",
        "sip_gateway",
    ]
    assert only(freeswitch.parse_poll(answer, before, ())).channels is None, "not known yet"
    more = Answer(0, 1, (_owner(ask.commands[0], "carrier-a"), _owner(ask.commands[1], "_undef_")))
    after = freeswitch.parse_follow_up(answer, more, before)
    assert freeswitch.follow_up(answer, after) is None
    channels = only(freeswitch.parse_poll(answer, after, ())).channels
    assert channels is not None
    assert (channels.active, channels.answered_age_s) == (2, 5)
    fewer = answered(WELL, channels=_channels(("outbound", "")))
    assert len(freeswitch.parse_follow_up(fewer, Answer(0, 1), after).owners) == 1, "gone ones are forgotten"


def _owner(command: Command, said: str) -> Reply:
    assert command.key.startswith(OWNER)
    return Reply(command.key, 0, (Safe(said),))


def test_where_it_may_not_be_asked_channels_stay_unknown_and_it_is_said_once() -> None:
    answer = answered(WELL, channels=_channels(("outbound", "")))
    ask = freeswitch.follow_up(answer, LegSettings())
    assert ask is not None
    denied = Answer(0, 1, (Reply(ask.commands[0].key, 0, (Safe("-ERR permission denied"),)),))
    after = freeswitch.parse_follow_up(answer, denied, LegSettings())
    assert freeswitch.follow_up(answer, after) is None
    seen = freeswitch.parse_poll(answer, after, ())
    assert only(seen).channels is None
    assert ["presence_data" in unread.why for unread in seen.unread] == [True]


def test_an_inbound_call_of_a_carrier_known_by_its_address_is_its_channel() -> None:
    text = _channels(("inbound", ""), name="sofia/external/0000000000@10.77.0.10").replace(
        '"callstate"', '"ip_addr":"10.77.0.10","callstate"'
    )
    answer = answered(WELL, channels=text)
    owners = {"00000000-0000-4000-8000-000000000000": ""}
    channels = only(freeswitch.parse_poll(answer, LegSettings(owners=owners), ())).channels
    assert channels is not None
    assert channels.active == 1
    twin = renamed(WELL, name="twin")
    both = freeswitch.parse_poll(answered(WELL, twin, channels=text), LegSettings(owners=owners), ())
    assert [found.channels.active for found in both.legs if found.channels] == [0, 0], "whose is not told"


def test_dials_per_second_are_whole_where_the_sessions_counted_are_those_that_were_seen() -> None:
    fleet = fleet_of(Trunks(auth=AuthMode.REGISTRATION, platform="freeswitch", dial=None))
    status = "\n".join(recordings.recorded(FOLDER / "startup-steady").reply("status").lines)

    def counted(sessions: int) -> str:
        return re.sub(r"\d+ session\(s\) since", f"{sessions} session(s) since", status)

    rows = _channels(*[("outbound", "gw:carrier-a")] * 6)
    fleet.answered("sbc-1", at(0, WELL, status=counted(100), channels=_channels()))
    fleet.answered(
        "sbc-1", at(30, WELL, status=counted(106), channels=rows.replace(str(BEGAN - 5), str(BEGAN + 20)))
    )
    rate = fleet.record("sbc-1").rates.rate("carrier-a")
    assert rate is not None
    assert rate.whole
    assert rate.per_s == pytest.approx(0.2, rel=0.05)
    fleet.answered("sbc-1", at(60, WELL, status=counted(130), channels=_channels()))
    after = fleet.record("sbc-1").rates.rate("carrier-a")
    assert after is None or not after.whole, "18 sessions came and went unseen"


def test_gateways_of_several_profiles_hang_on_their_own() -> None:
    other = renamed(WELL, name="b", profile="carriers-2")
    text = (FOLDER / "startup-steady" / "profiles.out").read_text(encoding="utf-8")
    row = next(line for line in text.splitlines() if "\tprofile\t" in line and "external" in line)
    more = text.replace(row, row + "\n" + row.replace("external", "carriers-2"))
    seen = look(WELL, other, profiles=more)
    assert {found.native.main: found.part for found in seen.legs} == {
        "carrier-a": "profile external",
        "b": "profile carriers-2",
    }
    assert seen.parts is not None
    assert set(seen.parts) == {"profile external", "profile carriers-2", "profile internal"}


def test_totals_are_those_of_status() -> None:
    seen = recordings.observe("freeswitch", "mixed-with-calls")
    assert (seen.box.version, seen.box.uptime_s) == ("1.10.12-release", 45)
    assert (seen.box.channels, seen.box.calls, seen.box.channels_processed) == (20, 15, 29)


@pytest.mark.parametrize(
    ("fault", "runs", "app"),
    [
        (None, True, AppState.NOT_PERMITTED),
        (None, False, AppState.NOT_RUNNING),
        (ControlFault.DENIED, True, AppState.NOT_PERMITTED),
        (ControlFault.KEPT_OUT, True, AppState.NOT_PERMITTED),
        (ControlFault.DENIED, False, AppState.NOT_PERMITTED),
        (ControlFault.FORWARD, False, AppState.NOT_RUNNING),
        (ControlFault.FORWARD, True, AppState.NOT_PERMITTED),
        (ControlFault.HUNG, True, AppState.FROZEN),
        (ControlFault.CLOSED, False, AppState.NOT_RUNNING),
        (ControlFault.CLOSED, None, AppState.NOT_RUNNING),
    ],
)
def test_one_sentence_of_fs_cli_is_told_apart_by_what_is_wrong_at_the_socket(
    fault: ControlFault | None, runs: bool | None, app: AppState
) -> None:
    refused = recordings.recorded(FOLDER / "wrong-password")
    process = Reply("process", {True: 0, False: 1, None: None}[runs])
    trouble = None if fault is None else ControlTrouble(fault, Safe(f"the socket is {fault.value}"))
    answer = structs.replace(refused, replies=(refused.reply("status"), process), control=trouble)
    seen = freeswitch.parse_poll(answer, LegSettings(), ())
    assert seen.app is app
    assert seen.legs == ()
    if fault is not None and app is not AppState.NOT_RUNNING:
        assert f"the socket is {fault.value}" in seen.app_reason
    slow = structs.replace(answer, asked_at=answer.answered_at - 2.1, control=None)
    if runs:
        assert freeswitch.parse_poll(slow, LegSettings(), ()).app is AppState.FROZEN


def test_where_only_the_socket_fails_the_poll_is_good_and_says_so() -> None:
    trouble = ControlTrouble(ControlFault.DENIED, Safe("ESL at 127.0.0.1:8021 refuses our login"))
    seen = freeswitch.parse_poll(structs.replace(answered(WELL), control=trouble), LegSettings(), ())
    assert seen.app is AppState.ANSWERING
    assert [(unread.command, unread.why) for unread in seen.unread] == [("event socket", trouble.reason)]


def test_a_freeswitch_that_starts_is_not_called_broken() -> None:
    first = "\n".join(recordings.recorded(FOLDER / "startup-steady").reply("status").lines)
    early = first.replace("is ready", "is not ready")
    assert look(WELL, status=early).app is AppState.STARTING


def test_a_poll_of_313_gateways_costs_a_small_part_of_a_tenth_of_a_second() -> None:
    gateway = block("state-reged-up-forbid-f", "carrier-b")
    raw = "<gateways>\n" + "".join(renamed(gateway, name=f"gw-{n:03d}") for n in range(313)) + "</gateways>\n"
    answer = answered(WELL)
    best = 9.0
    for _ in range(3):
        began = time.process_time()
        replies = [r for r in answer.replies if r.key != "gateways"] + [
            Reply("gateways", 0, safe_lines(raw.encode()))
        ]
        seen = freeswitch.parse_poll(structs.replace(answer, replies=tuple(replies)), LegSettings(), ())
        best = min(best, time.process_time() - began)
        assert len(seen.legs) == 313
    assert best < 0.1


def test_a_thousand_channels_in_one_line_are_read() -> None:
    raw = _channels(*[("outbound", "gw:carrier-a")] * 1000).encode()
    assert len(safe_json(raw)) == 1000
    channels = only(look(WELL, channels=raw.decode())).channels
    assert channels is not None
    assert channels.active == 1000


def only_named(seen: Observation, name: str) -> NativeLeg:
    """Return the leg of gateway `name`."""
    (found,) = (each for each in seen.legs if each.native.endpoint == name)
    return found
