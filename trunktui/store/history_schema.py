"""The tables of a history, and how a file of an earlier version becomes one of this."""

from __future__ import annotations

import sqlite3
from collections.abc import Iterator
from contextlib import contextmanager

from trunktui.store.history_place import PlaceError

VERSION = 2
"""`PRAGMA user_version`: grows by one with each step in MIGRATIONS."""

APPLICATION_ID = 0x54544849
_PAGE_BYTES = 4096

_FIRST = """
CREATE TABLE event (
    seq INTEGER PRIMARY KEY AUTOINCREMENT, at REAL NOT NULL, kind TEXT NOT NULL, subject TEXT NOT NULL,
    before TEXT NOT NULL, after TEXT NOT NULL, severity TEXT NOT NULL, sentence TEXT NOT NULL
);
CREATE INDEX event_at ON event (at);
CREATE TABLE leg (
    id INTEGER PRIMARY KEY, name TEXT NOT NULL UNIQUE, sbc TEXT NOT NULL, shelf INTEGER NOT NULL, slot INTEGER NOT NULL,
    UNIQUE (shelf, slot)
);
CREATE TABLE polls (
    seq INTEGER PRIMARY KEY, shelf INTEGER NOT NULL, level INTEGER NOT NULL, start REAL NOT NULL, until REAL NOT NULL,
    data BLOB NOT NULL
);
CREATE INDEX polls_place ON polls (shelf, level, start);
CREATE INDEX polls_age ON polls (level, until);
CREATE TABLE known (
    kind TEXT NOT NULL, subject TEXT NOT NULL, state TEXT NOT NULL, since REAL, PRIMARY KEY (kind, subject)
) WITHOUT ROWID;
"""

# What points to the proof of an event, and how far other files (the audit log) were read.
_SECOND = """
ALTER TABLE event ADD COLUMN detail TEXT NOT NULL DEFAULT '';
CREATE TABLE note (name TEXT PRIMARY KEY, value TEXT NOT NULL) WITHOUT ROWID;
"""

MIGRATIONS: tuple[str, ...] = (_FIRST, _SECOND)
"""Step n makes version n of version n - 1; nothing is 0."""

_MISPLACED = (
    "SELECT count(*) FROM leg"
    " WHERE typeof(name) <> 'text' OR typeof(shelf) <> 'integer' OR typeof(slot) <> 'integer' OR slot < 0"
)
"""SQLite lets anything stand in any column; what is written goes by these."""


class BrokenError(Exception):
    """The file is no history of ours, or damaged."""


def prepare(connection: sqlite3.Connection, limit_bytes: int) -> None:
    """Bring an open file to this version. Raises PlaceError for a later one, BrokenError, sqlite3.Error.

    A later version is left as it is; so is this one if a step fails: each is one transaction.
    """
    version = int(_value(connection, "PRAGMA user_version"))
    if version > VERSION:
        raise PlaceError(f"was written by a later trunktui (schema {version}); move it away, or use that one")
    tables = int(_value(connection, "SELECT count(*) FROM sqlite_master"))
    if version == 0 and tables:
        raise BrokenError("is another program's database")
    if version == 0:
        connection.execute(f"PRAGMA page_size = {_PAGE_BYTES}")
        connection.execute("PRAGMA auto_vacuum = INCREMENTAL")
    connection.execute("PRAGMA journal_mode = WAL")
    connection.execute("PRAGMA synchronous = FULL")
    connection.execute(f"PRAGMA journal_size_limit = {4 * 1024 * 1024}")
    connection.execute(f"PRAGMA max_page_count = {max(limit_bytes // _PAGE_BYTES, 256)}")
    for number in range(version, VERSION):
        with transaction(connection):
            for statement in filter(str.strip, MIGRATIONS[number].split(";")):
                connection.execute(statement)
            connection.execute(f"PRAGMA user_version = {number + 1}")
            connection.execute(f"PRAGMA application_id = {APPLICATION_ID}")
    if _value(connection, _MISPLACED):
        raise BrokenError("legs without a place")


@contextmanager
def transaction(connection: sqlite3.Connection) -> Iterator[None]:
    """Do all of it or nothing; it is on the disk when the context ends without an error."""
    connection.execute("BEGIN IMMEDIATE")
    try:
        yield
        connection.execute("COMMIT")
    finally:
        if connection.in_transaction:
            connection.execute("ROLLBACK")


def _value(connection: sqlite3.Connection, statement: str) -> int:
    row = connection.execute(statement).fetchone()
    return int(row[0]) if row else 0
