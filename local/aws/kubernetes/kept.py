"""The objects of a cluster on disk: each from the moment a request that changed it is answered."""

import json
from collections.abc import Iterator
from pathlib import Path

from local.aws.database import Database
from local.aws.kubernetes.resources import RESOURCES, Resource
from local.aws.kubernetes.statuses import Json

TABLES = """
CREATE TABLE IF NOT EXISTS objects (
    resource TEXT NOT NULL, namespace TEXT NOT NULL, name TEXT NOT NULL, document TEXT NOT NULL,
    PRIMARY KEY (resource, namespace, name)
) WITHOUT ROWID;
CREATE TABLE IF NOT EXISTS versions (number INTEGER NOT NULL);
"""


class KeptObjects(Database):
    """Of one cluster, in a file."""

    def __init__(self, path: Path) -> None:
        super().__init__(path, TABLES)

    def put(self, key: tuple[Resource, str, str], document: Json | None, version: int) -> None:
        """Keeps an object as of a version; None for one that is gone."""
        resource, namespace, name = key
        where = (resource.name, namespace, name)
        with self._transaction() as database:
            if document is None:
                database.execute("DELETE FROM objects WHERE (resource, namespace, name) = (?, ?, ?)", where)
            else:
                row = (*where, json.dumps(document))
                database.execute("INSERT OR REPLACE INTO objects VALUES (?, ?, ?, ?)", row)
            database.execute("DELETE FROM versions")
            database.execute("INSERT INTO versions VALUES (?)", (version,))

    def version(self) -> int:
        """That of the last change; 1 before the first."""
        row = self._reader.execute("SELECT number FROM versions").fetchone()
        return int(row[0]) if row else 1

    def objects(self) -> Iterator[tuple[tuple[Resource, str, str], Json]]:
        """All that are there."""
        known = {resource.name: resource for resource in RESOURCES}
        for name, *where, document in self._reader.execute("SELECT * FROM objects"):
            yield (known[name], where[0], where[1]), json.loads(document)
