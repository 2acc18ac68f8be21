"""The filter an operator types: words of the cell vocabulary, `carrier:` and `sbc:`, plain text, `!` inverse."""

from __future__ import annotations

from enum import StrEnum
from typing import NamedTuple

from trunktui.model.health import LegState
from trunktui.model.snapshot import LegStatus
from trunktui.present.cells import FAULTS
from trunktui.present.marks import MarkWord
from trunktui.present.words import LONG_WORDS, PROBE_WORDS, REG_WORDS, STATE_WORDS

MARK_WORDS = {
    "maint": MarkWord.MAINT,
    "maintenance": MarkWord.MAINT,
    "ack": MarkWord.ACK,
    "acknowledged": MarkWord.ACK,
}
"""Every word that means a mark in a filter."""

STATE_OF_WORD: dict[str, LegState] = {
    **{word.casefold(): state for state, word in STATE_WORDS.items()},
    **{word: state for state, word in LONG_WORDS.items()},
    **{state.value: state for state in LegState},
}
"""Every word that means a state in a filter, lower case."""


class Field(StrEnum):
    """What one filter word looks at."""

    TEXT = "text"
    STATE = "state"
    CARRIER = "carrier"
    SBC = "sbc"
    GROUP = "group"
    MARK = "mark"


class Term(NamedTuple):
    """One filter word, lower case. `inverse`: legs that match are hidden. `whole`: it is the name, not a part of it."""

    field: Field
    word: str
    inverse: bool = False
    whole: bool = False


class Query(NamedTuple):
    """What to show: legs that match every term, and with `faults` only legs in a state of trouble."""

    terms: tuple[Term, ...] = ()
    faults: bool = False
    text: str = ""

    @property
    def empty(self) -> bool:
        """Whether it hides nothing."""
        return not self.terms and not self.faults


def parse_query(text: str, *, faults: bool = False) -> Query:
    """Read what was typed. Every text is a filter, so there is nothing to refuse.

    `down` alone is a state, `maint` and `ack` are marks, `carrier:x`, `sbc:x`, `group:x` and `state:x` look at one field (`carrier:=x`: at the whole of it), any other word
    is looked for in the leg's id, carrier, account, groups, registration, OPTIONS and reason.
    """
    terms = [term for word in text.casefold().split() if (term := _term(word)) is not None]
    return Query(terms=tuple(terms), faults=faults, text=text.strip())


def pair_query(carrier: str | None, sbc: str) -> Query:
    """Return the filter that shows the legs of one carrier (None: those that have none) on one SBC, and no others."""
    return parse_query(f"carrier:={carrier or ''} sbc:={sbc}")


def carrier_query(carrier: str) -> Query:
    """Return the filter that shows the legs of one carrier, and no others."""
    return parse_query(f"carrier:={carrier}")


def matches(leg: LegStatus, query: Query) -> bool:
    """Tell whether `leg` (as `freshness.shown` gives it) is to be shown."""
    if query.faults and leg.state not in FAULTS:
        return False
    return all(_holds(leg, term) is not term.inverse for term in query.terms)


def _term(word: str) -> Term | None:
    inverse = word.startswith("!")
    word = word.removeprefix("!")
    name, colon, value = word.partition(":")
    if colon and name in {Field.STATE, Field.CARRIER, Field.SBC, Field.GROUP}:
        if value.startswith("="):
            return Term(Field(name), value[1:], inverse, whole=True)
        # "carrier:" while it is still being typed hides nothing
        return Term(Field(name), value, inverse) if value else None
    if word in STATE_OF_WORD:
        return Term(Field.STATE, word, inverse)
    if word in MARK_WORDS:
        return Term(Field.MARK, word, inverse)
    return Term(Field.TEXT, word, inverse) if word else None


def _holds(leg: LegStatus, term: Term) -> bool:
    match term.field:
        case Field.STATE:
            state = STATE_OF_WORD.get(term.word)
            return leg.state is state if state else leg.state.value.startswith(term.word)
        case Field.CARRIER if term.whole:
            return (leg.carrier or "").casefold() == term.word
        case Field.SBC if term.whole:
            return leg.sbc.casefold() == term.word
        case Field.GROUP if term.whole:
            return any(term.word == group.casefold() for group in leg.groups)
        case Field.CARRIER:
            return leg.carrier is not None and term.word in leg.carrier.casefold()
        case Field.SBC:
            return term.word in leg.sbc.casefold()
        case Field.GROUP:
            return any(term.word in group.casefold() for group in leg.groups)
        case Field.MARK:
            marked = leg.maintenance if MARK_WORDS[term.word] is MarkWord.MAINT else leg.acknowledged
            return marked is not None
        case Field.TEXT:
            return term.word in _searched(leg)


def _searched(leg: LegStatus) -> str:
    parts = (
        leg.id,
        *leg.native.all,
        leg.carrier or "",
        leg.account or "",
        *leg.groups,
        REG_WORDS[leg.registration.state],
        PROBE_WORDS[leg.probe.state],
        leg.reason,
    )
    return "\n".join(parts).casefold()
