"""Records of streams on disk, in the order of their arrival.

A stream has a definition and shards; a shard has records. A record's number says when it arrived: the
milliseconds since 1970, and a counter within them. Numbers grow over all shards, so those of a shard do too.
"""

import json
import time
from collections.abc import Callable, Iterator, Mapping, Sequence
from pathlib import Path
from typing import Any, NamedTuple

from local.aws.database import Database

COUNTER_BITS = 20
SHARDS = 100_000
"""More than a stream ever has: shard ``i`` of stream ``n`` is shard ``n * SHARDS + i`` of the journal."""
ROWS_AT_A_TIME = 20_000
TABLES = """
CREATE TABLE IF NOT EXISTS streams (
    number INTEGER PRIMARY KEY AUTOINCREMENT, arn TEXT NOT NULL UNIQUE, definition TEXT NOT NULL);
CREATE TABLE IF NOT EXISTS records (
    number INTEGER PRIMARY KEY, shard INTEGER NOT NULL, partition_key TEXT NOT NULL, data BLOB NOT NULL);
CREATE INDEX IF NOT EXISTS by_shard ON records (shard, number);
"""


class Entry(NamedTuple):
    """A record as it is written: where, its partition key, its bytes."""

    shard: int
    partition_key: str
    data: bytes


class Record(NamedTuple):
    """A record as it is read."""

    number: int
    partition_key: str
    data: bytes

    @property
    def arrived(self) -> int:
        """Milliseconds since 1970-01-01 UTC."""
        return self.number >> COUNTER_BITS


class Journal(Database):
    """Streams and their records.

    Args:
        path: of the database.
        tables: further tables of whoever extends it.
        clock: nanoseconds since 1970-01-01 UTC.
    """

    def __init__(self, path: Path, tables: str = "", clock: Callable[[], int] = time.time_ns) -> None:
        super().__init__(path, TABLES + tables)
        self._clock = clock
        self._last = self._writer.execute("SELECT coalesce(max(number), 0) FROM records").fetchone()[0]

    @property
    def last(self) -> int:
        """The number of the latest record of all."""
        return self._last

    def now(self) -> int:
        """Milliseconds since 1970-01-01 UTC."""
        return self._clock() // 1_000_000

    # Streams

    def streams(self) -> dict[int, dict[str, Any]]:
        """The definitions of all streams by their numbers, in the order in which they were made."""
        rows = self._reader.execute("SELECT number, definition FROM streams ORDER BY number")
        return {number: json.loads(definition) for number, definition in rows}

    def create(self, arn: str, definition: Mapping[str, Any]) -> int:
        """Keeps a new stream; returns its number, which no other stream ever has."""
        with self._transaction() as transaction:
            statement = "INSERT INTO streams (arn, definition) VALUES (?, ?)"
            return int(transaction.execute(statement, (arn, json.dumps(definition))).lastrowid or 0)

    def save(self, number: int, definition: Mapping[str, Any]) -> None:
        """Replaces the definition of a stream."""
        with self._transaction() as transaction:
            statement = "UPDATE streams SET definition = ? WHERE number = ?"
            transaction.execute(statement, (json.dumps(definition), number))

    def delete(self, number: int) -> None:
        """Forgets a stream at once, and its records some at a time."""
        with self._transaction() as transaction:
            transaction.execute("DELETE FROM streams WHERE number = ?", (number,))
        for shard in self.shards():
            if shard // SHARDS == number:
                self.trim(shard, self._last)

    def shards(self) -> list[int]:
        """The shards that have records."""
        found: list[int] = []
        statement = "SELECT min(shard) FROM records WHERE shard > ?"
        while (
            shard := self._reader.execute(statement, (found[-1] if found else -1,)).fetchone()[0]
        ) is not None:
            found.append(shard)
        return found

    # Records

    def append(self, entries: Callable[[], Sequence[Entry]]) -> list[int]:
        """Writes records, all or none, and returns their numbers.

        Args:
            entries: called when nobody else writes, so that it sees the shards as they are.
        """
        with self._transaction() as transaction:
            given = entries()
            first = max(self._last + 1, self.now() << COUNTER_BITS)
            rows = [(number, *entry) for number, entry in enumerate(given, first)]
            transaction.executemany("INSERT INTO records VALUES (?, ?, ?, ?)", rows)
            self._last = rows[-1][0] if rows else self._last
        return [row[0] for row in rows]

    def exclusively(self, change: Callable[[], None]) -> None:
        """Changes what `append` asks for while nothing is written."""
        with self._writing:
            change()

    def read(self, shard: int, after: int, limit: int) -> Iterator[Record]:
        """The records of a shard behind a number, in order, at most so many."""
        rows = self._reader.execute(
            "SELECT number, partition_key, data FROM records WHERE shard = ? AND number > ?"
            " ORDER BY number LIMIT ?",
            (shard, after, limit),
        )
        return map(Record._make, rows)

    def first(self, shard: int, after: int) -> int | None:
        """The number of the first record of a shard behind a number; None if there is none."""
        found: tuple[int | None] = self._reader.execute(
            "SELECT min(number) FROM records WHERE shard = ? AND number > ?", (shard, after)
        ).fetchone()
        return found[0]

    def count(self, shard: int, after: int = 0) -> int:
        """How many records a shard has behind a number, by the index alone."""
        statement = "SELECT count(*) FROM records WHERE shard = ? AND number > ?"
        return int(self._reader.execute(statement, (shard, after)).fetchone()[0])

    def size(self, shard: int, after: int) -> int:
        """How many bytes of data a shard has behind a number; goes through its records."""
        statement = "SELECT coalesce(sum(length(data)), 0) FROM records WHERE shard = ? AND number > ?"
        return int(self._reader.execute(statement, (shard, after)).fetchone()[0])

    def trim(self, shard: int, last: int) -> None:
        """Deletes the records of a shard up to a number, some at a time, so that others come between."""
        statement = (
            "DELETE FROM records WHERE number IN"
            " (SELECT number FROM records WHERE shard = ? AND number <= ? ORDER BY number LIMIT ?)"
        )
        while True:
            with self._transaction() as transaction:
                if transaction.execute(statement, (shard, last, ROWS_AT_A_TIME)).rowcount < ROWS_AT_A_TIME:
                    return
