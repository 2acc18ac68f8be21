"""Credentials: how old each is and who says so, which is due, and which username several trunk groups share.

Nobody stores the age of a SIP password, so it is taken from what tells it, the surest first: what people say (a
recorded change, `rotated` in the config), a metadata command, and at last the time of the file that holds it on the
SBC. A file changes for many reasons: the credential in it is at least as old as that, which makes it overdue or
proves nothing, and is never called a rotation.
"""

from __future__ import annotations

import datetime as dt
from collections import Counter
from collections.abc import Iterator

from trunktui.health.findings.found import (
    BY_CREDENTIAL,
    Facts,
    after,
    counted,
    finding,
    in_days,
    latest,
    named,
)
from trunktui.model.finding import Confidence, CredentialAge, Finding, FindingKind, RecordKind
from trunktui.model.health import Severity
from trunktui.model.inventory import Credential, Trunk
from trunktui.model.snapshot import LegStatus
from trunktui.model.text import Safe, clean

_CONFIG = Safe("config")
_NOTHING = "nothing tells when it was changed"
_ASKING = "its metadata command has not answered yet"


def ages(facts: Facts) -> Iterator[CredentialAge]:
    """Yield the age of the credential of each trunk that has one, in the config's order."""
    for trunk in facts.inventory.trunks:
        legs = facts.legs_of.get(trunk.name, ())
        read = {leg.username for leg in legs if leg.username is not None} if legs else set()
        if trunk.auth in BY_CREDENTIAL or trunk.credential is not None or read:
            yield _age(facts, trunk, trunk.credential or Credential(), _username(trunk, read))


def _username(trunk: Trunk, read: set[Safe]) -> Safe | None:
    if read:
        return next(iter(read)) if len(read) == 1 else clean(", ".join(sorted(read)))
    said = trunk.credential.username if trunk.credential is not None else None
    return None if said is None else clean(said)


def _age(facts: Facts, trunk: Trunk, credential: Credential, username: Safe | None) -> CredentialAge:
    limit = credential.max_age_days

    def known(day: dt.date, source: str, confidence: Confidence) -> CredentialAge:
        old = (facts.today - day).days
        said = _CONFIG if source == "config" else clean(source)
        return CredentialAge(trunk.name, username, old, day, said, confidence, after(day, limit))

    day, source = latest(facts, RecordKind.ROTATED, trunk.name, credential.rotated)
    if day is not None:
        sure = Confidence.CONFIGURED if source == "config" else Confidence.RECORDED
        return known(day, source, sure)
    why = [source] if source else []
    if credential.metadata:
        told = facts.told.get(trunk.name)
        if told is not None and told.day is not None and told.day <= facts.today:
            return known(told.day, told.source, Confidence.METADATA)
        if told is None:
            why.append(_ASKING)
        else:
            why.append(told.why or f"{told.source} says {told.day}, a day to come")
    held, unsure = _file(facts, trunk, credential)
    if held is not None and (facts.today - held).days >= warn_from(limit, facts.limits.credential_warn_days):
        return known(held, f"time of file {credential.file}", Confidence.LATEST)
    why += [unsure] if unsure else []
    said = "; ".join(why) or _NOTHING
    return CredentialAge(trunk.name, username, None, None, Safe(""), Confidence.UNKNOWN, None, clean(said))


def warn_from(limit_days: int, ahead_days: int) -> int:
    """Return the age in days from which a credential is due: 76 of 90. Never is that more than half of its life ahead."""
    return limit_days - min(ahead_days, limit_days // 2)


def _file(facts: Facts, trunk: Trunk, credential: Credential) -> tuple[dt.date | None, str]:
    """Return the last day on which the file can have got its credential, over all SBCs; else why it is not known."""
    if credential.file is None:
        return None, ""
    newest: dt.date | None = None
    for binding in trunk.bindings:
        status = facts.sbcs.get(binding.sbc)
        found = [one for one in (status.files if status else ()) if one.path == credential.file]
        if not found:
            return None, f"{credential.file} was not looked at on {binding.sbc} yet"
        changed = found[0].changed
        if changed is None:
            return None, f"{credential.file} on {binding.sbc}: {found[0].why}"
        if changed > facts.today:
            return None, f"{credential.file} on {binding.sbc} is of {changed}, a day to come"
        newest = changed if newest is None else max(newest, changed)
    if newest is None:
        return None, ""
    said = (
        f"{credential.file} changed {(facts.today - newest).days} d ago at the latest, which proves nothing"
    )
    return newest, said


def judged(facts: Facts, found: tuple[CredentialAge, ...]) -> Iterator[Finding]:
    """Yield what is due, overdue or not known of the credentials of trunks that are in use."""
    for age in found:
        trunk = facts.trunks[age.trunk]
        if not trunk.enabled:
            continue
        limit = (trunk.credential or Credential()).max_age_days
        if age.age_days is None:
            if age.why != _ASKING:
                yield _unknown(age)
        elif age.age_days >= limit:
            yield _old(facts, trunk, age, limit, FindingKind.CRED_OVERDUE, Severity.MINOR)
        elif age.age_days >= warn_from(limit, facts.limits.credential_warn_days):
            yield _old(facts, trunk, age, limit, FindingKind.CRED_DUE, Severity.WARNING)


def _old(
    facts: Facts, trunk: Trunk, age: CredentialAge, limit: int, kind: FindingKind, severity: Severity
) -> Finding:
    least = "at least " if age.confidence is Confidence.LATEST else ""
    how = f"file changed {age.day} at the latest" if least else f"changed {age.day}"
    when = "" if age.due is None else f", {in_days(age.due, facts.today)}"
    sbcs = list(dict.fromkeys(binding.sbc for binding in trunk.bindings))
    return finding(
        kind,
        age.trunk,
        severity,
        f"credential {least}{age.age_days} d old (limit {limit}): {how}{when}",
        f"change it at {trunk.carrier or 'the carrier'} and on {named(sbcs)}, then record the day",
        due=age.due,
        source=age.source,
        confidence=age.confidence,
        evidence=_evidence(facts, trunk, age),
    )


def _evidence(facts: Facts, trunk: Trunk, age: CredentialAge) -> list[str]:
    lines = [f"{age.day}: {age.source}" + (" at the latest" if age.confidence is Confidence.LATEST else "")]
    if age.username is not None:
        said = trunk.credential.username if trunk.credential is not None else None
        other = f" (the config says {said})" if said not in (None, str(age.username)) else ""
        lines.append(f"username {age.username}{other}")
    told = facts.told.get(trunk.name)
    if told is not None and told.day is not None and age.confidence is not Confidence.METADATA:
        lines.append(f"{told.source} says {told.day}")
    held, _ = _file(facts, trunk, trunk.credential or Credential())
    if held is not None and age.confidence is not Confidence.LATEST:
        before = age.day is not None and held < age.day
        stale = ", before that: is the change on every SBC?" if before else ""
        lines.append(f"file changed {held} at the latest{stale}")
    return lines


def _unknown(age: CredentialAge) -> Finding:
    return finding(
        FindingKind.CRED_UNKNOWN,
        age.trunk,
        Severity.INDETERMINATE,
        f"age of the credential not known: {age.why}",
        "record the day of its last change, or set `rotated` or `metadata` in the trunk's credential",
        source=age.source,
        confidence=Confidence.UNKNOWN,
        evidence=[
            f"username {age.username or 'not known'}",
            "no day in the config or in a record that counts",
        ],
    )


def shared(facts: Facts) -> Iterator[Finding]:
    """Yield each username that trunks of several groups have at one carrier, and where usernames are not known."""
    users: dict[tuple[str | None, str], list[tuple[str, LegStatus | None]]] = {}
    for trunk in facts.inventory.trunks if len(facts.inventory.groups) > 1 else ():
        if not trunk.enabled or trunk.name not in facts.groups_of:
            continue
        read = [leg for leg in facts.legs_of.get(trunk.name, ()) if leg.username]
        for leg in read:
            users.setdefault((trunk.carrier, leg.username or ""), []).append((trunk.name, leg))
        said = trunk.credential.username if trunk.credential is not None else None
        if not read and said is not None:
            users.setdefault((trunk.carrier, said), []).append((trunk.name, None))
    carriers: Counter[str] | None = None
    for (carrier, user), held in users.items():
        if len(held) == 1 and len(facts.groups_of[held[0][0]]) == 1:
            continue
        groups = list(dict.fromkeys(group for trunk, _ in held for group in facts.groups_of[trunk]))
        if len(groups) > 1:
            carriers = carriers or Counter(name for _, name in users)
            subject = f"{user} ({carrier or 'no carrier'})" if carriers[user] > 1 else user
            yield _shared(subject, user, groups, held)
    yield from _unread(facts)


def _shared(
    subject: str, username: str, groups: list[str], held: list[tuple[str, LegStatus | None]]
) -> Finding:
    trunks = list(dict.fromkeys(trunk for trunk, _ in held))
    read = any(leg is not None for _, leg in held)
    how = [f"{trunk}: config" if leg is None else f"{leg.id}: read from {leg.sbc}" for trunk, leg in held]
    return finding(
        FindingKind.SHARED_CRED,
        subject,
        Severity.WARNING,
        f"{username} is the username of {counted(len(trunks), 'trunk')} ({named(trunks)}) in {len(groups)} groups "
        f"({named(groups)}): one lockout or leak stops them all",
        "ask the carrier for a credential of its own for each trunk group",
        source="read from the SBCs" if read else "config",
        confidence=Confidence.READ if read else Confidence.CONFIGURED,
        evidence=how,
    )


def _unread(facts: Facts) -> Iterator[Finding]:
    """Yield the SBCs that told a trunk's settings and not its username, where that could hide a shared one."""
    missing: dict[str, list[str]] = {}
    for leg in facts.snapshot.legs if len(facts.inventory.groups) > 1 else ():
        if leg.username is not None or not leg.groups or leg.registration.expires_s is None:
            continue
        trunk, status = facts.trunks.get(leg.trunk), facts.sbcs.get(leg.sbc)
        if trunk is None or not trunk.enabled or status is None or not status.settled:
            continue
        if trunk.credential is None or trunk.credential.username is None:
            missing.setdefault(leg.sbc, []).append(leg.trunk)
    for sbc, trunks in missing.items():
        yield finding(
            FindingKind.SHARED_CRED,
            sbc,
            Severity.INDETERMINATE,
            f"username of {counted(len(trunks), 'trunk')} on {sbc} not read ({named(trunks)}): "
            "whether groups share one is not known",
            "let the login run what reads it (docs/grants.md), or set `username` in the trunk's credential",
            confidence=Confidence.UNKNOWN,
            evidence=[f"{trunk}@{sbc}: its settings are read, and hold no username" for trunk in trunks],
        )
