"""Takes secrets out of an SBC's answer at the door, before it is parsed, stored, shown or recorded.

Asterisk prints passwords in clear in `pjsip show auth X` and in AMI's AuthDetail, Kamailio in `uac.reg_dump`; among the
globals of a PBX's dial plan there are some (`AMPMGRPASS=`); a SIP URI can carry one between user and host. We look for none, but a site's wrapper or a mistyped
grant may bring them, so every line goes through here.
"""

from __future__ import annotations

import re

MASK = "***"

_KEYED = re.compile(
    r"""(?ix)
    ( (?:password|passwd|passphrase|secret|md5_cred|ha1|token|community|api_?key|pass(?==))
      (?: ["'] \s*+ : \s*+                                # JSON: the value ends where its quotes end
          (?P<json> "[^"\\]*+(?:\\.[^"\\]*+)*" | [\w.+-]++ (?= \s*+ (?:[,\]}]|$) ) )
        | ["']? \s*+ (?: : | => ) \s*+ (?P<rest> \S.* )     # a console: a quote may be part of the secret
        | ["']? \s*+ = \s*+ (?P<value> "[^"]*" | '[^']*' | \S.* ) ) )
    """
)
# Possessive, and from the start of a word only: a long line must not take time that grows with its square.
_BEFORE_AT = re.compile(r"(?<![^\s@/<>])[^\s@/<>]++(?=@)")
_URI_PASSWORD = re.compile(r"(?i)(\bsips?:[^:;]+):.+")
_DIGEST = re.compile(r'(?i)\b(response|nonce|cnonce|opaque)=("[^"]*"|[0-9a-f]{16,})')


_SIGNS = (b"pass", b"secret", b"md5_cred", b"ha1", b"token", b"community", b"api")
"""Without one of these no key in ASCII looks like a secret's."""


def may_have_keys(raw: bytes) -> bool:
    """Whether text in ASCII may hold a key that looks like a secret's: looked at once for many lines of a log."""
    low = raw.lower()
    return any(sign in low for sign in _SIGNS)


def redact(line: str, *, keys: bool = True) -> str:
    """Return `line` with the values of secret-looking keys, URI passwords and digest replies as `***`.

    `keys` False: it is known that there is no such key, see `may_have_keys`.
    """
    # Rows are many, and few hold the sign that a pattern cannot do without.
    if keys and (":" in line or "=" in line):
        line = _KEYED.sub(_masked, line)
    if "@" in line:
        line = _BEFORE_AT.sub(lambda m: _URI_PASSWORD.sub(rf"\1:{MASK}", m.group()), line)
    if "=" in line:
        line = _DIGEST.sub(lambda m: m.group(1) + "=" + MASK, line)
    return line


def _masked(found: re.Match[str]) -> str:
    """Return a key with its value masked; in JSON within quotes, so that it stays JSON."""
    group = next(name for name in ("json", "rest", "value") if found[name] is not None)
    head = found.string[found.start() : found.start(group)]
    return f'{head}"{MASK}"' if group == "json" else head + MASK
