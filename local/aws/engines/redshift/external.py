"""Tables of the Data Catalog as views on Parquet files, which the server has put into a folder."""

import re
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

from dialogue import Dialogue
from errors import missing, unserved
from privileges import Schema
from store import Store, quoted

SIMPLE = {
    "string": "VARCHAR",
    "varchar": "VARCHAR",
    "char": "VARCHAR",
    "boolean": "BOOLEAN",
    "tinyint": "SMALLINT",
    "smallint": "SMALLINT",
    "int": "INTEGER",
    "integer": "INTEGER",
    "bigint": "BIGINT",
    "float": "FLOAT",
    "double": "DOUBLE",
    "timestamp": "TIMESTAMP",
    "date": "DATE",
    "binary": "BLOB",
}
DECIMAL = re.compile(r"decimal\((\d+),\s*(\d+)\)")
LENGTH = re.compile(r"\(\d+\)$")


class ExternalTables:
    """Views that are there as long as this process."""

    def __init__(self, store: Store, server: Dialogue) -> None:
        self._store = store
        self._server = server
        self._made: set[str] = set()

    def view(self, schema: Schema, table: str) -> str:
        """The name of the view on a table.

        Raises:
            RefusedError: the catalog has no such table, or its files are not Parquet.
        """
        name = f"{schema.name}.{table}"
        if name not in self._made:
            found = self._server.ask("files", database=schema.database, table=table, role=schema.role)
            if found is None:
                raise missing("relation", f"{schema.name}.{table}")
            self._store.run(f"CREATE TEMP VIEW {quoted(name)} AS {self._query(found)}")
            self._made.add(name)
        return name

    def _query(self, found: Mapping[str, Any]) -> str:
        """All columns of the catalog, with its types; one that a file lacks is null there."""
        columns = [(name, duckdb_type(kind)) for name, kind in [*found["columns"], *found["keys"]]]
        folder = Path(found["folder"])
        if not any(folder.rglob("*.parquet")):
            nothing = ", ".join(f"CAST(NULL AS {kind}) AS {quoted(name)}" for name, kind in columns)
            return f"SELECT {nothing} WHERE false"
        source = _source(folder, bool(found["keys"]))
        there = {row[0].lower() for row in self._store.rows(f"DESCRIBE SELECT * FROM {source}")}
        chosen = [
            f"CAST({quoted(name) if name in there else 'NULL'} AS {kind}) AS {quoted(name)}"
            for name, kind in columns
        ]
        return f"SELECT {', '.join(chosen)} FROM {source}"


def _source(folder: Path, has_keys: bool) -> str:
    glob = str(folder / "**" / "*.parquet").replace("'", "''")
    partitioned = str(has_keys).lower()
    return (
        f"read_parquet('{glob}', union_by_name = true, hive_partitioning = {partitioned},"
        " hive_types_autocast = false)"
    )


def duckdb_type(hive: str) -> str:
    """DuckDB's name of a type of the Data Catalog.

    Raises:
        RefusedError: it is one that is not read here.

    >>> duckdb_type("array<decimal(10,2)>")
    'DECIMAL(10,2)[]'
    """
    kind = hive.strip().lower()
    if kind.startswith("array<") and kind.endswith(">"):
        return f"{duckdb_type(kind[6:-1])}[]"
    if found := DECIMAL.fullmatch(kind):
        return f"DECIMAL({found[1]},{found[2]})"
    simple = SIMPLE.get(LENGTH.sub("", kind))
    if simple is None:
        raise unserved(f"a query of a column whose type is {hive}")
    return simple


def redshift_type(hive: str) -> str:
    """As ``svv_columns`` tells a type of the Data Catalog; what has no name in Redshift keeps its own."""
    names: dict[str, str] = {"string": "character varying", "double": "double precision", "int": "integer"}
    names |= {"timestamp": "timestamp without time zone", "float": "real"}
    return names.get(hive.strip().lower(), hive)


def columns_of(tables: Sequence[Mapping[str, Any]]) -> list[tuple[str, str, str]]:
    """Table, column and type, of what the server tells of a database."""
    return [
        (table["name"], name, redshift_type(kind))
        for table in tables
        for name, kind in [*table["columns"], *table["keys"]]
    ]
