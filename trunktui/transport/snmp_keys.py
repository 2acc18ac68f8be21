"""Makes SNMPv3's keys from passwords, and signs with them (RFC 3414 A.2, RFC 7860). Pure, standard library only."""

from __future__ import annotations

import hashlib
import hmac
from typing import NamedTuple

from trunktui.model.secret import Secret

LEAST_SECRET = 8
"""Characters that a password must have at least (RFC 3414, 11.2); agents refuse shorter ones too."""

_HASHES = {
    "MD5": ("md5", 12),
    "SHA-1": ("sha1", 12),
    "SHA-224": ("sha224", 16),
    "SHA-256": ("sha256", 24),
    "SHA-384": ("sha384", 32),
    "SHA-512": ("sha512", 48),
}
"""By the config's word: the hash, and how many bytes of its digest are sent."""


class Key(NamedTuple):
    """A protocol by the config's word, and its secret."""

    protocol: str
    secret: Secret


def digest_size(auth: Key) -> int:
    """Return the bytes of a digest on the wire."""
    return _HASHES[auth.protocol][1]


def master(auth: Key, secret: Secret) -> bytes:
    """Return the key that `secret` means: the hash of 2**20 bytes of it, repeated (about 1 ms)."""
    word = secret.reveal().encode()
    return hashlib.new(_HASHES[auth.protocol][0], (word * (2**20 // len(word) + 1))[: 2**20]).digest()


def localized(auth: Key, engine: bytes) -> bytes:
    """Return the auth key as it is for the agent with this engine ID."""
    key = master(auth, auth.secret)
    return hashlib.new(_HASHES[auth.protocol][0], key + engine + key).digest()


def digest(auth: Key, key: bytes, message: bytes) -> bytes:
    """Return the digest of a message in which the digest's own place holds zeros."""
    name, size = _HASHES[auth.protocol]
    return hmac.new(key, message, name).digest()[:size]


def same(one: bytes, other: bytes) -> bool:
    """Compare digests in constant time."""
    return hmac.compare_digest(one, other)
