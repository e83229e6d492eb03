"""What Firehose keeps on disk: delivery streams, records put to them, and how far they are delivered."""

import json
from collections.abc import Mapping
from pathlib import Path
from typing import Any

from typing_extensions import override

from local.aws.journal import Journal

Positions = dict[int, int]
"""Numbers of records by shards of a journal."""
TABLES = """
CREATE TABLE IF NOT EXISTS checkpoints (
    stream INTEGER NOT NULL, shard INTEGER NOT NULL, number INTEGER NOT NULL, PRIMARY KEY (stream, shard)
) WITHOUT ROWID;
CREATE TABLE IF NOT EXISTS deliveries (
    number INTEGER PRIMARY KEY AUTOINCREMENT, stream INTEGER NOT NULL, plan TEXT NOT NULL);
"""


class Buffers(Journal):
    """The journal of delivery streams.

    A delivery is begun once, with the keys of its objects, and carried out again under these keys should it
    break off: what it delivers is in S3 once. It ends when the server's snapshot has its objects, which a
    killed server would lose otherwise.
    """

    def __init__(self, path: Path) -> None:
        super().__init__(path, TABLES)

    def checkpoints(self, stream: int) -> Positions:
        """How far a stream is delivered."""
        statement = "SELECT shard, number FROM checkpoints WHERE stream = ?"
        return dict(self._reader.execute(statement, (stream,)).fetchall())

    def start_at(self, stream: int, positions: Positions) -> None:
        """Where a new stream begins to read."""
        with self._transaction() as transaction:
            rows = [(stream, shard, number) for shard, number in positions.items()]
            transaction.executemany("INSERT OR REPLACE INTO checkpoints VALUES (?, ?, ?)", rows)

    def begin(self, stream: int, plan: Mapping[str, Any]) -> int:
        """Keeps what is about to be delivered; returns the delivery's number."""
        with self._transaction() as transaction:
            statement = "INSERT INTO deliveries (stream, plan) VALUES (?, ?)"
            return int(transaction.execute(statement, (stream, json.dumps(plan))).lastrowid or 0)

    def begun(self, stream: int) -> dict[int, Any]:
        """The plans of the deliveries that have not ended, by their numbers, in order."""
        statement = "SELECT number, plan FROM deliveries WHERE stream = ? ORDER BY number"
        return {number: json.loads(plan) for number, plan in self._reader.execute(statement, (stream,))}

    def finish(self, stream: int, delivery: int, positions: Positions) -> None:
        """Everything up to these positions is in S3, and stays there."""
        with self._transaction() as transaction:
            rows = [(stream, shard, number) for shard, number in positions.items()]
            transaction.executemany("INSERT OR REPLACE INTO checkpoints VALUES (?, ?, ?)", rows)
            transaction.execute("DELETE FROM deliveries WHERE number = ?", (delivery,))

    @override
    def delete(self, number: int) -> None:
        with self._transaction() as transaction:
            for table in ("checkpoints", "deliveries"):
                transaction.execute(f"DELETE FROM {table} WHERE stream = ?", (number,))  # noqa: S608  # two names
        super().delete(number)
