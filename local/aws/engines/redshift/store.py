"""The database of a cluster: a DuckDB file, in which a schema that no statement reaches has the accounts.

What users may do is in the same file as their tables, so a transaction changes both or neither.
"""

import time
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import duckdb

from errors import taken

CATALOG = "warehouse"
"""As what the file is attached. Nothing is found in the database that unqualified names are looked for in."""
HIDDEN = "pg_millrace"
"""Redshift lets nobody make a schema whose name begins so."""
PUBLIC = "public"
OPENING_SECONDS = 20.0
USERS, GROUPS, MEMBERS, SCHEMAS, RELATIONS, GRANTS = (
    f"{CATALOG}.{HIDDEN}.{name}" for name in ("users", "groups", "members", "schemas", "relations", "grants")
)
TABLES = f"""
CREATE SCHEMA IF NOT EXISTS {CATALOG}.{HIDDEN};
CREATE SCHEMA IF NOT EXISTS {CATALOG}.{PUBLIC};
CREATE SEQUENCE IF NOT EXISTS {CATALOG}.{HIDDEN}.ids START 100;
CREATE TABLE IF NOT EXISTS {USERS} (
    name VARCHAR NOT NULL, id INTEGER NOT NULL, password VARCHAR, superuser BOOLEAN NOT NULL,
    createdb BOOLEAN NOT NULL, valid_until TIMESTAMP);
CREATE TABLE IF NOT EXISTS {GROUPS} (name VARCHAR NOT NULL, id INTEGER NOT NULL);
CREATE TABLE IF NOT EXISTS {MEMBERS} ("group" VARCHAR NOT NULL, "user" VARCHAR NOT NULL);
CREATE TABLE IF NOT EXISTS {SCHEMAS} (
    name VARCHAR NOT NULL, id INTEGER NOT NULL, owner VARCHAR NOT NULL, database VARCHAR, role VARCHAR);
CREATE TABLE IF NOT EXISTS {RELATIONS} (
    schema VARCHAR NOT NULL, name VARCHAR NOT NULL, owner VARCHAR NOT NULL);
CREATE TABLE IF NOT EXISTS {GRANTS} (
    schema VARCHAR NOT NULL, relation VARCHAR, privilege VARCHAR NOT NULL, kind VARCHAR NOT NULL,
    grantee VARCHAR NOT NULL);
"""


class Store:
    """A connection with the file attached; whoever uses it begins and ends transactions.

    Args:
        path: the file, made if it is missing.
        scratch: the one folder that statements may have files in.
        master: name of the superuser that a new database has, and the hash of the password or None.
    """

    def __init__(self, path: Path, scratch: Path, master: tuple[str, str | None]) -> None:
        self.connection = duckdb.connect(":memory:")
        self._attach(path)
        for statement in TABLES.split(";\n"):
            if statement.strip():
                self.run(statement)
        if not self.rows(f"SELECT name FROM {USERS}"):
            self._furnish(*master)
        self._lock(scratch)

    def run(self, sql: str, values: Sequence[Any] = ()) -> Any:
        """Executes a statement of ours, or one that has been looked through."""
        return self.connection.execute(sql, values or None)

    def rows(self, sql: str, *values: Any) -> list[tuple[Any, ...]]:
        """Rows of a statement of ours, of which ``?`` are the values."""
        found: list[tuple[Any, ...]] = self.connection.execute(sql, values or None).fetchall()
        return found

    def close(self) -> None:
        """Gives the file back; what was not committed is gone."""
        self.connection.close()

    def next_id(self) -> int:
        """A number that no user, group or schema has."""
        return int(self.rows(f"SELECT nextval('{CATALOG}.{HIDDEN}.ids')")[0][0])

    def add_schema(self, name: str, owner: str, database: str | None = None, role: str | None = None) -> None:
        """One for tables, or of external tables where a database of the catalog is given."""
        if self.schema_exists(name):
            raise taken("schema", name)
        if database is None:
            self.run(f"CREATE SCHEMA {CATALOG}.{quoted(name)}")
        self._enter_schema(name, owner, database, role)

    def schema_exists(self, name: str) -> bool:
        """Whether there is such a schema, external or not."""
        return bool(self.rows(f"SELECT 1 FROM {SCHEMAS} WHERE name = ?", name))

    def _enter_schema(self, name: str, owner: str, database: str | None, role: str | None) -> None:
        values = (name, self.next_id(), owner, database, role)
        self.rows(f"INSERT INTO {SCHEMAS} VALUES (?, ?, ?, ?, ?)", *values)

    def _attach(self, path: Path) -> None:
        """Waits for a process that is about to end; the file has one at a time."""
        until = time.monotonic() + OPENING_SECONDS
        while True:
            try:
                self.connection.execute(f"ATTACH '{str(path).replace(chr(39), chr(39) * 2)}' AS {CATALOG}")
                return
            except duckdb.IOException:
                if time.monotonic() > until:
                    raise
                time.sleep(0.1)

    def _furnish(self, user: str, password: str | None) -> None:
        """The superuser, and the schema in which everybody may make tables."""
        self.rows(f"INSERT INTO {USERS} VALUES (?, ?, ?, true, true, NULL)", user, self.next_id(), password)
        self._enter_schema(PUBLIC, user, None, None)
        for privilege in ("USAGE", "CREATE"):
            self.rows(f"INSERT INTO {GRANTS} VALUES (?, NULL, ?, 'public', 'public')", PUBLIC, privilege)

    def _lock(self, scratch: Path) -> None:
        """From here on DuckDB opens no file outside the folder, loads nothing and keeps its settings."""
        folder = str(scratch).replace("'", "''")
        for setting in (
            "TimeZone = 'UTC'",
            "integer_division = true",
            f"temp_directory = '{folder}'",
            "memory_limit = '2GB'",
            "threads = 2",
            "autoinstall_known_extensions = false",
            "autoload_known_extensions = false",
            f"allowed_directories = ['{folder}']",
            "enable_external_access = false",
            "lock_configuration = true",
        ):
            self.connection.execute(f"SET {setting}")


def quoted(name: str) -> str:
    """A name as an identifier of SQL."""
    return '"' + name.replace('"', '""') + '"'
