"""Records on disk: the online store, and the journal of what is not in the offline store yet."""

import json
import time
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from local.aws.database import Database
from local.aws.services.feature_store.schema import Record

ROWS_AT_A_TIME = 20_000
MAX_BATCH_ROWS = 1_000_000
TABLES = """
CREATE TABLE IF NOT EXISTS groups (
    number INTEGER PRIMARY KEY, identity TEXT NOT NULL UNIQUE, layout TEXT NOT NULL);
CREATE TABLE IF NOT EXISTS online (
    number INTEGER NOT NULL, identifier TEXT NOT NULL, event_time INTEGER NOT NULL, expires INTEGER,
    body TEXT, PRIMARY KEY (number, identifier)) WITHOUT ROWID;
CREATE INDEX IF NOT EXISTS expiring ON online (expires) WHERE expires IS NOT NULL;
CREATE TABLE IF NOT EXISTS journal (
    number INTEGER NOT NULL, position INTEGER NOT NULL, event_time INTEGER NOT NULL,
    write_time INTEGER NOT NULL, deleted INTEGER NOT NULL, body TEXT NOT NULL,
    PRIMARY KEY (number, position)) WITHOUT ROWID;
CREATE TABLE IF NOT EXISTS batches (
    number INTEGER PRIMARY KEY, last INTEGER NOT NULL, stamp INTEGER NOT NULL, written INTEGER NOT NULL);
"""
PUT = """
INSERT INTO online VALUES (?, ?, ?, ?, ?)
ON CONFLICT (number, identifier) DO UPDATE
SET event_time = excluded.event_time, expires = excluded.expires, body = excluded.body
WHERE excluded.event_time > event_time OR expires <= ?
"""
"""A record of the same event time is not newer: the first one stays."""
THERE = "FROM online WHERE number = ? AND body IS NOT NULL AND (expires IS NULL OR expires > ?)"
"""Records that are neither deleted nor expired."""


@dataclass(frozen=True)
class Write:
    """A record on its way; ``expires`` in milliseconds since 1970. A deleted one leaves a tombstone."""

    number: int
    record: Record
    online: bool
    offline: bool
    expires: int | None = None
    deleted: bool = False


@dataclass(frozen=True)
class Batch:
    """Rows of the journal, up to ``last``, that become files of the offline store, named after ``stamp``."""

    number: int
    layout: Mapping[str, Any]
    last: int
    stamp: int


class Store(Database):
    """The records of all feature groups."""

    def __init__(self, path: Path) -> None:
        super().__init__(path, TABLES, cache_kib=65_536)
        # Beyond every batch: what is written of one is deleted by its last position.
        self._position = self._writer.execute(
            "SELECT max((SELECT coalesce(max(position), 0) FROM journal),"
            " (SELECT coalesce(max(last), 0) FROM batches))"
        ).fetchone()[0]

    # Feature groups

    def register(self, identity: str, layout: Mapping[str, Any]) -> int:
        """The number of a group, whose offline store is laid out so from now on."""
        with self._transaction() as transaction:
            transaction.execute(
                "INSERT INTO groups (identity, layout) VALUES (?, ?)"
                " ON CONFLICT (identity) DO UPDATE SET layout = excluded.layout",
                (identity, json.dumps(layout)),
            )
            found = transaction.execute("SELECT number FROM groups WHERE identity = ?", (identity,))
            return int(found.fetchone()[0])

    def forget(self, identity: str) -> None:
        """Deletes a group's records of the online store, some at a time; the journal is still written out."""
        where = "number = (SELECT number FROM groups WHERE identity = ?)"
        self._delete_some("online", "identifier", where, (identity,))

    # Records

    def write(self, writes: Sequence[Write], now: int) -> None:
        """Puts records into their stores, all or none. Later ones of a sequence come after earlier ones."""
        online = [
            (
                w.number,
                w.record.identifier,
                w.record.event_time,
                w.expires,
                None if w.deleted else w.record.body,
                now,
            )
            for w in writes
            if w.online
        ]
        with self._transaction() as transaction:
            if online:
                transaction.executemany(PUT, online)
            rows = self._journal_rows(writes, now)
            if rows:
                transaction.executemany("INSERT INTO journal VALUES (?, ?, ?, ?, ?, ?)", rows)

    def _journal_rows(self, writes: Sequence[Write], now: int) -> list[tuple[Any, ...]]:
        rows: list[tuple[Any, ...]] = []
        for write in writes:
            if write.offline:
                self._position += 1
                record = write.record
                rows.append(
                    (write.number, self._position, record.event_time, now, write.deleted, record.body)
                )
        return rows

    def remove(self, write: Write, now: int) -> bool:
        """Deletes a record for good, if it is older than `write`; False if there is a newer one."""
        with self._transaction() as transaction:
            found = transaction.execute(
                "SELECT event_time FROM online WHERE number = ? AND identifier = ?",
                (write.number, write.record.identifier),
            ).fetchone()
            if found and found[0] >= write.record.event_time:
                return False
            transaction.execute(
                "DELETE FROM online WHERE number = ? AND identifier = ?",
                (write.number, write.record.identifier),
            )
            transaction.executemany(
                "INSERT INTO journal VALUES (?, ?, ?, ?, ?, ?)", self._journal_rows([write], now)
            )
        return True

    def read(self, number: int, identifier: str, now: int) -> tuple[str, int | None] | None:
        """Body and time of expiry of a record that is there, neither deleted nor expired."""
        found: tuple[str, int | None] | None = self._reader.execute(
            f"SELECT body, expires {THERE} AND identifier = ?", (number, now, identifier)
        ).fetchone()
        return found

    def identifiers(self, number: int, after: str, limit: int, now: int, *, deleted: bool) -> list[str]:
        """In order; those of deleted records too if they are asked for."""
        kept = "" if deleted else " AND body IS NOT NULL"
        rows = self._reader.execute(
            f"SELECT identifier FROM online WHERE number = ? AND identifier > ?{kept}"  # noqa: S608  # no input in it
            " AND (expires IS NULL OR expires > ?) ORDER BY identifier LIMIT ?",
            (number, after, now, limit),
        )
        return [row[0] for row in rows]

    def number(self, identity: str) -> int | None:
        """Of a group; None for one that no record was ever put into."""
        found = self._reader.execute("SELECT number FROM groups WHERE identity = ?", (identity,)).fetchone()
        return found and int(found[0])

    def count(self, number: int, now: int) -> int:
        """How many records `read` would find."""
        (count,) = self._reader.execute(f"SELECT count(*) {THERE}", (number, now)).fetchone()
        return int(count)

    def newest(self, number: int, limit: int, now: int) -> list[tuple[str, int]]:
        """Identifiers and event times of those that `read` would find, the latest event first."""
        found = self._reader.execute(
            f"SELECT identifier, event_time {THERE} ORDER BY event_time DESC, identifier LIMIT ?",
            (number, now, limit),
        )
        return list(found)

    def expire(self, now: int) -> None:
        """Frees the room of records whose time is over."""
        with self._transaction() as transaction:
            transaction.execute("DELETE FROM online WHERE expires <= ?", (now,))

    # The journal

    def batches(self) -> list[Batch]:
        """What is to be written now. A batch that was begun before stays as it was until it is written."""
        with self._transaction() as transaction:
            transaction.execute(
                "INSERT INTO batches SELECT number, min(max(position), min(position) + ?), ?, 0 FROM journal"
                " WHERE number NOT IN (SELECT number FROM batches) GROUP BY number",
                (MAX_BATCH_ROWS - 1, time.time_ns() // 1_000_000),
            )
            rows = transaction.execute(
                "SELECT number, layout, last, stamp FROM batches JOIN groups USING (number)"
                " WHERE NOT written ORDER BY number"
            ).fetchall()
        return [Batch(number, json.loads(layout), last, stamp) for number, layout, last, stamp in rows]

    def written(self, batch: Batch) -> None:
        """The files of a batch are in S3: they are not written again, whatever happens."""
        with self._transaction() as transaction:
            transaction.execute("UPDATE batches SET written = 1 WHERE number = ?", (batch.number,))

    def sweep(self) -> None:
        """Takes what was written out of the journal, some at a time, so that requests come between."""
        with self._writing:
            rows = self._writer.execute("SELECT number, last FROM batches WHERE written").fetchall()
        for number, last in rows:
            self._delete_some("journal", "position", "number = ? AND position <= ?", (number, last))
            with self._transaction() as transaction:
                transaction.execute("DELETE FROM batches WHERE number = ?", (number,))

    def _delete_some(self, table: str, key: str, where: str, arguments: Iterable[Any]) -> None:
        statement = (
            f"DELETE FROM {table} WHERE (number, {key}) IN"  # noqa: S608  # names of this module
            f" (SELECT number, {key} FROM {table} WHERE {where} LIMIT {ROWS_AT_A_TIME})"
        )
        while True:
            with self._transaction() as transaction:
                if transaction.execute(statement, tuple(arguments)).rowcount < ROWS_AT_A_TIME:
                    return
