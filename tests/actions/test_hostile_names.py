"""Names made to break out: none reaches a shell or Asterisk's console as anything but one plain word."""

from __future__ import annotations

import random
import re
import shlex
from types import ModuleType

from msgspec.structs import replace

from tests.fleets import leg
from trunktui.actions.runner import label_of
from trunktui.model.action import Plan, Verb
from trunktui.model.inventory import NativeNames
from trunktui.model.observation import Contact, ContactState
from trunktui.model.route import Mechanism, Route, RouteReading, Share
from trunktui.model.switch import Move, SwitchKind
from trunktui.model.text import Safe
from trunktui.platforms import asterisk, freeswitch, kamailio
from trunktui.transport.script import build_script

NAMES = 50_000
SWITCHES = 2_000
NONCE = "0123456789abcdef" * 2
LEG = leg("x@nyc-1")
PIECES = (
    "acme", "trunk-1", "A", "0", "_", ".", "-", "--", "*", "*all", "all", "ALL", "_all_", "restart", " ", "\t", "\n", "\r",
    "\0", '"', "'", "\\", "`", "$", "$(id)", "${IFS}", ";", ";;", "&", "|", "<", ">", "(", ")", "{", "}", "!", "#", "~", "%",
    "^", "=", "+", ",", ":", "@", "/", "../", "?", "[", "]", "é", "\u202e", "\u200b", "\x1b[2J", "\x85", "０", "ａ", "-rx",
    '" -rx "core stop now', "\npjsip send register x", "; core stop now", "x" * 64, "x" * 600,
)  # fmt: skip


def console_arguments(line: str) -> list[str]:
    """Split as Asterisk's console does: blank and tab part, `"` toggles and vanishes, a backslash vanishes."""
    found: list[str] = []
    word, quoted, begun = "", False, False
    for char in line:
        if char == '"':
            quoted, begun = not quoted, True
        elif char in " \t" and not quoted:
            if begun:
                found.append(word)
            word, begun = "", False
        elif char != "\\":
            word, begun = word + char, True
    return [*found, word] if begun else found


def hostile(seed: int) -> str:
    """Return one name: pieces at random, now and then a plain one so that the test can tell."""
    dice = random.Random(seed)
    if dice.random() < 0.1:
        return "".join(dice.choices("abcXYZ019_.-", k=dice.randint(1, 66)))
    return "".join(dice.choices(PIECES, k=dice.randint(1, 4)))


def test_no_hostile_name_reaches_a_shell_or_the_console() -> None:
    accepted = 0
    for seed in range(NAMES):
        name = hostile(seed)
        native = NativeNames(name, name, name)
        for verb in Verb:
            plan = asterisk.plan(verb, replace(LEG, native=native))
            if not isinstance(plan, Plan):
                continue
            accepted += 1
            assert re.fullmatch(r"[A-Za-z0-9][A-Za-z0-9_.-]{0,62}", name), repr(name)
            assert name.casefold() not in {"all", "_all_", "restart"}
            for command in (plan.readback, *plan.steps, *plan.proof.commands):
                words = console_arguments(command.words)
                assert words == command.words.split(" "), "the console reads what is shown"
                assert words[-1] == name or verb is Verb.PROBE
            if accepted % 8:
                continue  # splitting as a shell does is slow
            script = build_script(plan.sending("trunktui-by-a@b:1"), NONCE, "asterisk")
            outer = shlex.split(script)
            assert outer[:2] == ["/bin/sh", "-c"]
            assert plan.steps[0].words in shlex.split(outer[2].replace(";", " ; ")), "one word of the script"
    assert 1_000 < accepted < 2 * NAMES, "both kinds were tried"


def test_no_hostile_name_of_a_route_reaches_a_shell_or_a_console() -> None:
    accepted = 0
    for seed in range(SWITCHES):
        name, other = hostile(seed), hostile(seed + SWITCHES)
        for module, mechanism, place, target in (
            (asterisk, Mechanism.ASTDB, "trunk/a/b", name),
            (asterisk, Mechanism.GLOBAL, "TRUNK_A", name),
            (asterisk, Mechanism.ASTDB, f"trunk/{name}", "beta"),
            (asterisk, Mechanism.GLOBAL, name, "beta"),
            (freeswitch, Mechanism.DB, "trunk/active", name),
            (freeswitch, Mechanism.GLOBAL, name, "beta"),
            (freeswitch, Mechanism.DISTRIBUTOR, "outbound", name),
            (kamailio, Mechanism.DISPATCHER, "1", f"sip:{name}"),
            (kamailio, Mechanism.DISPATCHER, name, "sip:beta"),
        ):
            for stood in (other, "sip:alpha" if module is kamailio else "alpha"):
                plan = switched(module, Route(mechanism, place), stood, target)
                if not isinstance(plan, Plan):
                    continue
                accepted += 1
                for command in (plan.readback, *plan.steps, *plan.proof.commands):
                    assert console_arguments(command.words) == command.words.split(" "), "it is read as shown"
                    assert all(re.fullmatch(r"[A-Za-z0-9 _.,:=@/+-]+", word) for word in command.argv)
                build_script(plan.sending("trunktui-by-a@b:1"), NONCE, "asterisk")
    assert 1_000 < accepted < SWITCHES * 18, "both kinds were tried"


def switched(module: ModuleType, route: Route, stood: str, target: str) -> object:
    """Return the plan that moves a group from `stood` to `target`."""
    weight = 5 if route.mechanism is Mechanism.DISTRIBUTOR else None
    many = route.mechanism in {Mechanism.DISTRIBUTOR, Mechanism.DISPATCHER}
    shares = (
        Share(Safe(stood), weight),
        *((Share(Safe(target), weight, held=weight is None),) if many else ()),
    )
    stands, values = RouteReading(route, 1.0, shares), {"alpha": stood, "beta": target}
    move = Move(
        SwitchKind.SWITCH, "g", "nyc-1", route, stands, (Share(Safe(target)),), "alpha", "beta", values
    )
    contact = Contact(
        Safe(target), ContactState.REACHABLE, 1.0, Safe(f"set {route.place} {target} FLAGS: DX")
    )
    native = NativeNames(None, target, target)
    beta = replace(LEG, trunk="beta", native=native, probe=replace(LEG.probe, contacts=(contact,)))
    return module.plan_switch(move, beta, (LEG, beta))


def test_the_console_would_read_hostile_names_otherwise() -> None:
    assert console_arguments('pjsip send register "a b"')[-1] == "a b"
    assert console_arguments('pjsip send register a"b')[-1] == "ab"
    assert len(console_arguments("pjsip send register a b")) == 5
    assert console_arguments("pjsip send register a\\b")[-1] == "ab"


def test_no_name_of_an_operator_reaches_a_shell() -> None:
    for seed in range(2_000):
        label = label_of(hostile(seed), hostile(seed + 1), hostile(seed + 2))
        assert re.fullmatch(r"trunktui-by-[A-Za-z0-9_.@:-]{1,150}", label), label
        assert label.count("@") == label.count(":") == 1
    assert label_of("alice", "jump1.example.net", "a1b2") == "trunktui-by-alice@jump1.example.net:a1b2"
