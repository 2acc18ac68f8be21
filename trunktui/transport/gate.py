"""What closes a gate, said in the shell of the SBC: compare before set, in one remote command. Pure.

It must do without any tool and stay quick on long answers: `${x#*word}` takes a minute on 60 kB in dash.
So the words are taken one by one, with as many of the last ones kept as the words of `between` have.

    x N COMMAND   run it as command N, keep what it prints
    v "WORD"      close where that stands in it, as it was printed
    w             take all of its words; or: b "FIRST" "SECOND", those between
    c "A" "B"     close unless one of these stands there
    y             print the end marker; end the script where the gate is closed
"""

from __future__ import annotations

import re

from trunktui.model.ask import GATE_CLOSED, GATE_LIMIT, Command
from trunktui.model.gate import alternatives

TRANSPORT = r";transport=(?:udp|tcp|tls|sctp)(?![A-Za-z0-9])"
"""The one thing with a semicolon that may stand in a command: many a carrier's URI has it."""

_ONE = rf"(?:[A-Za-z0-9_.,:=@/+-]|{TRANSPORT})+"
TEXT = re.compile(rf"{_ONE}(?: {_ONE})*", re.ASCII)
"""What a gate may expect: the words that may stand in a command's argument, one blank between them."""

_WORD = re.compile(r"[A-Za-z0-9_<>/= .-]{1,80}", re.ASCII)
_CLOSE = f"s={GATE_CLOSED};;"
FUNCTIONS = (
    'x() { i=$1; shift; m b $i; o=$("$@" </dev/null); s=$?; printf "%s$n" "$o"; set -f; }; '
    'v() { case $o in *"$1"*) ' + _CLOSE + " esac; }; "
    'w() { set -- $o; t=" $* "; }; '
    'b() { a=$1; z=$2; q=$3; p=$4; k=0; t=" "; set -- $o; for x do case $k in '
    '0) q="${q#* } $x"; case "$q" in *" $a") k=1;; esac;; '
    '1) t="$t$x "; p="${p#* } $x"; case "$p" in *" $z") t=${t%"$z "}; break;; esac;; esac; done; '
    "case $k$s in 00) " + _CLOSE + " esac; }; "
    'c() { for x do case $t in *" $x "*) return;; esac; done; case $s in 0) ' + _CLOSE + " esac; }; "
    "y() { m e $i $s; case $s in 0) ;; *) m z; exit 0;; esac; }; "
)


def compares(command: Command) -> bool:
    """Whether a command is a gate that looks at what was printed, not at the exit status alone."""
    return command.gate and bool(command.unless or command.expect)


def checks(command: Command) -> str:
    """Return what the script does after `x` has run the command. Raises ValueError for a text that is not plain."""
    where = f"command {command.key!r}"
    if command.unless and _WORD.fullmatch(command.unless) is None:
        raise ValueError(f"{where}: {command.unless!r} closes no gate")
    wanted = [alternatives(each) for each in command.expect]
    first, second = command.between
    for text in (*(text for each in wanted for text in each), *filter(None, command.between)):
        if TEXT.fullmatch(text) is None:
            raise ValueError(f"{where}: {text!r} cannot be expected")
    if not all(wanted) or (second and not first):
        raise ValueError(f"{where}: it expects nothing that could be there")
    steps = [f'v "{command.unless}"; '] if command.unless else []
    if wanted:
        steps.append(f'b "{first}" "{second}" "{_window(first)}" "{_window(second)}"; ' if first else "w; ")
    steps += ["c " + " ".join(f'"{text}"' for text in each) + "; " for each in wanted]
    if sum(map(len, steps)) > GATE_LIMIT:
        raise ValueError(f"{where}: it expects more than {GATE_LIMIT} bytes")
    return "".join((*steps, "y; "))


def _window(text: str) -> str:
    """Return as many blanks as `text` has words: each word that is taken pushes one out."""
    return " " * len(text.split())
