"""A SQLite database that the server's threads share: one writes at a time, any number reads.

It has a write-ahead log. What a transaction has written survives the end of the process, however that comes;
it is not forced to the disk each time, so a power cut may take the last ones.
"""

import sqlite3
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path


class Database:
    """A database in a file, made with its tables if it is missing.

    Args:
        path: of the file.
        tables: statements that make the tables where they are not there.
        cache_kib: how much of it a connection keeps in memory.
    """

    def __init__(self, path: Path, tables: str, cache_kib: int = 16_384) -> None:
        self.path = path
        self._cache_kib = cache_kib
        path.parent.mkdir(parents=True, exist_ok=True, mode=0o700)
        self._writing = threading.Lock()
        self._local = threading.local()
        self._writer = self._connect()
        self._writer.executescript(tables)

    def _connect(self) -> sqlite3.Connection:
        connection = sqlite3.connect(self.path, isolation_level=None, check_same_thread=False, timeout=60)
        connection.execute("PRAGMA journal_mode = WAL")
        connection.execute("PRAGMA synchronous = NORMAL")
        connection.execute(f"PRAGMA cache_size = -{self._cache_kib}")
        return connection

    @property
    def _reader(self) -> sqlite3.Connection:
        """The thread's own, closed when the thread is gone."""
        if not hasattr(self._local, "connection"):
            self._local.connection = self._connect()
        connection: sqlite3.Connection = self._local.connection
        return connection

    @contextmanager
    def _transaction(self) -> Iterator[sqlite3.Connection]:
        with self._writing:
            self._writer.execute("BEGIN IMMEDIATE")
            try:
                yield self._writer
            except BaseException:
                self._writer.execute("ROLLBACK")
                raise
            self._writer.execute("COMMIT")

    def close(self) -> None:
        """Takes no more writes."""
        with self._writing:
            self._writer.close()
