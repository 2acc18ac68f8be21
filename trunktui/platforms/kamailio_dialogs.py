"""Reads Kamailio's dialogs: how many, whose by the script's own profiles, and when each began.

`dlg.list_match furi sw sip 500` prints at most 500, each like this (shortened); `dlg.stats_active` counts them all:

    {
        h_entry: 933
        h_id: 11836
        call-id: 1-17975@10.77.0.31
        from_uri: sip:sipp@10.77.0.31:5067
        state: 4
        start_ts: 1795396806
        init_ts: 1795396806
        duration: 28
        profiles: {
                {
                        trunk: sip:10.77.0.21:5060
                }
        }
    }

    {
        starting: 0
        connecting: 0
        answering: 0
        ongoing: 3
        all: 3
    }

A dialog belongs to a destination only where the script says so (`set_dlg_profile("trunk", "$du")`): a profile whose
value is the destination's URI, its duid, or the registration's l_uuid. It came from there where the caller's contact
has the destination's address; else it was sent there. State: 1 and 2 not answered yet, 3 answered, 4
acknowledged, 5 over. Where there are more than are listed, each destination's number is asked for by itself
(`dlg.profile_get_size trunk sip:10.77.0.21:5060` prints `3`).
"""

from __future__ import annotations

import re
from collections.abc import Callable, Iterable, Mapping

from msgspec import Struct

from trunktui.model.ask import Reply, SshAsk
from trunktui.model.observation import ChannelRow, Channels, Unread
from trunktui.model.text import clean
from trunktui.platforms.kamailio_rpc import Node, call, fault, read, unread_of

MOST = 500
"""Dialogs that one poll lists: some 400 kB; of more than that only the number is told."""

LIST = call("dialogs", "dlg.list_match", "furi", "sw", "sip", str(MOST))
COUNT = call("dialog_count", "dlg.stats_active")
_SIZE = "dlg.profile_get_size"
_SIZES = 60
"""Destinations that are asked for by themselves: each is a command of its own."""

_PLAIN = re.compile(r"[A-Za-z0-9_.:@+-]{1,128}", re.ASCII)
_NOTHING = "404"
_ANSWERED, _OVER = 3, 5
_NOBODY = ""


class Dialogs(Struct, frozen=True):
    """Dialogs by owner and one by one, those empty unless the list is `whole`; `active` how many there are in all.

    `profiled`: some dialog carries a profile, so the script sets them, and one without a dialog has none.
    """

    active: int | None = None
    by_owner: dict[str, Channels] = {}
    rows: tuple[ChannelRow, ...] = ()
    whole: bool = False
    profiled: bool = False
    unread: tuple[Unread, ...] = ()


def sizes_ask(listed: Reply, counted: Reply, uris: Iterable[str]) -> SshAsk | None:
    """Return what asks for each destination's number, by the profile that listed dialogs carry; None where not needed."""
    active = read(counted).node.number("all")
    if active is None or active <= MOST:
        return None
    told = read(listed)
    wanted = frozenset(uri for uri in uris if _PLAIN.fullmatch(uri))
    pairs = (pair for node in told.nodes for pair in _values(node.child("profiles") or Node()))
    profile = next((name for name, value in pairs if value in wanted and _PLAIN.fullmatch(name)), None)
    if profile is None:
        return None
    return SshAsk(tuple(call(uri, _SIZE, profile, uri) for uri in sorted(wanted)[:_SIZES]))


def sizes(replies: Iterable[Reply]) -> dict[str, str]:
    """Return the numbers that `sizes_ask` brought, by URI."""
    told = ((reply.key, read(reply).words) for reply in replies)
    return {uri: words[0] for uri, words in told if len(words) == 1 and words[0].isdecimal()}


class _Dialog(Struct, frozen=True):
    id: str
    age_s: int
    began: int
    answered: bool
    inbound: bool
    owner: str | None
    profiled: bool


def dialogs(
    listed: Reply,
    counted: Reply,
    now_s: float | None,
    owner: Callable[[str], str | None],
    numbers: Mapping[str, str],
) -> Dialogs:
    """Read both; `owner` names whom a profile's value stands for, `now_s` is the SBC's clock (seconds since 1970).

    `numbers` is what `sizes` told of this poll's destinations, used where there are more dialogs than are listed.
    """
    count = read(counted)
    active = count.node.number("all") if count.why is None else None
    if count.absent:
        return Dialogs()  # without the module dialog nobody counts calls, and nothing is missing
    told = read(listed)
    if active is None:
        return Dialogs(unread=(unread_of("dlg.stats_active", count.why or "no number in it", counted.lines),))
    if told.why is not None:
        none = fault(listed) is None and _NOTHING in told.why
        if none and active == 0:
            return Dialogs(active, whole=True)
        if told.absent:
            return Dialogs(active)
        why = f"no dialog listed though {active} are counted" if none else told.why
        return Dialogs(active, unread=(unread_of("dlg.list_match", why),))
    found = [_dialog(node, now_s, owner) for node in told.nodes]
    known = [dialog for dialog in found if dialog is not None]
    if len(known) != len(found) or told.words:
        return Dialogs(active, unread=(unread_of("dlg.list_match", "dialogs that cannot be read"),))
    if active > len(known) and (len(known) >= MOST or not known):
        return Dialogs(active, _counted(numbers, owner))
    return _by_owner(active, [dialog for dialog in known if dialog.age_s >= 0])


def sent_out(
    listed: Reply, counted: Reply, owner: Callable[[str], str | None]
) -> tuple[tuple[str, str | None, bool], ...] | str:
    """Return the dialogs that were sent to a destination: id, owner, whether they were answered.

    Owner "": another than those that `owner` knows; None: no profile tells. Or why they cannot be read.
    """
    count = read(counted)
    if count.absent:
        return "the module dialog is not loaded"
    active = count.node.number("all")
    if count.why is not None or active is None:
        return count.why or "no number of dialogs in it"
    if active == 0:
        return ()
    told = read(listed)
    if told.why is not None:
        return told.why
    known = [_dialog(node, 0.0, owner) for node in told.nodes]
    if active > len(known) and len(known) >= MOST:
        return f"there are {active} dialogs, and {MOST} at most are listed"
    if None in known or told.words:
        return "dialogs that cannot be read"
    return tuple(
        (dialog.id, dialog.owner or (_NOBODY if dialog.profiled else None), dialog.answered)
        for dialog in known
        if dialog is not None and not dialog.inbound and dialog.age_s >= 0
    )


def _counted(numbers: Mapping[str, str], owner: Callable[[str], str | None]) -> dict[str, Channels]:
    """Return the numbers by whom they stand for; the age of no call is known."""
    found: dict[str, int] = {}
    for uri, number in numbers.items():
        if (name := owner(uri)) is not None and len(number) < 10:
            found[name] = found.get(name, 0) + int(number)
    return {name: Channels(number) for name, number in found.items()}


def _by_owner(active: int, known: list[_Dialog]) -> Dialogs:
    ages: dict[str, list[int | None]] = {}
    for dialog in known:
        if dialog.owner is not None:
            sent = dialog.answered and not dialog.inbound
            ages.setdefault(dialog.owner, []).append(dialog.age_s if sent else None)
    return Dialogs(
        active=active,
        by_owner={
            name: Channels(len(each), min((age for age in each if age is not None), default=None))
            for name, each in ages.items()
        },
        rows=tuple(row for dialog in known for row in _sides(dialog)),
        whole=True,
        profiled=any(dialog.profiled for dialog in known),
    )


def _sides(dialog: _Dialog) -> tuple[ChannelRow, ChannelRow]:
    """Return both sides of a dialog: who calls, which the counter of dialogs counts, and where it is sent.

    Of one that no profile gives to a destination nobody knows whether it was sent to one.
    """
    age, began, owner = dialog.age_s, dialog.began, dialog.owner
    caller, callee = (clean(f"{dialog.id}/{side}") for side in ("caller", "callee"))
    if dialog.inbound:
        return ChannelRow(caller, age, False, endpoint=owner, began=began), ChannelRow(
            callee, age, False, began=began
        )
    sent = None if owner is None else True
    return ChannelRow(caller, age, False, began=began), ChannelRow(
        callee, age, sent, endpoint=owner, began=began
    )


def _dialog(node: Node, now_s: float | None, owner: Callable[[str], str | None]) -> _Dialog | None:
    state, began, start = node.number("state"), node.number("init_ts"), node.number("start_ts")
    entry, number, lasts = node.number("h_entry"), node.number("h_id"), node.number("duration")
    if None in (state, entry, number) or state is None or not began or began < 0:
        return None
    now = start + lasts if start and lasts is not None else now_s
    if now is None:
        return None
    values = [value for _, value in _values(node.child("profiles") or Node())]
    owners = dict.fromkeys(found for value in values if (found := owner(value)) is not None)
    whose = next(iter(owners)) if len(owners) == 1 else None
    caller = (node.child("caller") or Node()).text("contact")
    return _Dialog(
        id=f"{entry}:{number}:{began}",
        age_s=max(int(now - began), 0) if state < _OVER else -1,
        began=began,
        answered=_ANSWERED <= state < _OVER,
        inbound=whose is not None and caller is not None and owner(caller) == whose,
        owner=whose,
        profiled=bool(values),
    )


def _values(node: Node) -> list[tuple[str, str]]:
    """Return the profiles of a dialog, by name and value."""
    found: list[tuple[str, str]] = []
    for name, value in node.pairs:
        if isinstance(value, Node):
            found += _values(value)
        elif value is not None:
            found.append((name, value))
    return found
