"""Rows of a query as the Data API gives them: pages of JSON in files, and what the columns are.

https://docs.aws.amazon.com/redshift-data/latest/APIReference/API_Field.html
"""

import base64
import json
from collections.abc import Callable, Mapping, Sequence
from pathlib import Path
from typing import Any

from errors import RefusedError

ROWS_OF_A_PAGE = 1000
MOST_BYTES = 500 << 20
"""https://docs.aws.amazon.com/redshift/latest/mgmt/data-api.html#data-api-calling-considerations"""

NAMES = {
    "BOOLEAN": "bool",
    "TINYINT": "int2",
    "SMALLINT": "int2",
    "INTEGER": "int4",
    "BIGINT": "int8",
    "HUGEINT": "numeric",
    "UBIGINT": "numeric",
    "FLOAT": "float4",
    "DOUBLE": "float8",
    "VARCHAR": "varchar",
    "DATE": "date",
    "TIME": "time",
    "TIMESTAMP": "timestamp",
    "TIMESTAMP WITH TIME ZONE": "timestamptz",
    "BLOB": "varbyte",
}
SIGNED = frozenset({"int2", "int4", "int8", "numeric", "float4", "float8"})


def column(name: str, kind: str) -> dict[str, Any]:
    """The metadata of one column of DuckDB's type ``kind``."""
    base, _, numbers = kind.partition("(")
    precision, _, scale = numbers.rstrip(")").partition(",")
    type_name = "numeric" if base == "DECIMAL" else NAMES.get(kind, "super")
    return {
        "name": name,
        "label": name,
        "typeName": type_name,
        "nullable": 1,
        "precision": int(precision) if base == "DECIMAL" else 0,
        "scale": int(scale) if base == "DECIMAL" else 0,
        "length": 0,
        "isSigned": type_name in SIGNED,
        "isCaseSensitive": type_name in ("varchar", "super"),
        "isCurrency": False,
        "schemaName": "",
        "tableName": "",
    }


def write(
    fetch: Callable[[int], Sequence[Sequence[Any]]], columns: Sequence[Mapping[str, Any]], folder: Path
) -> tuple[int, int]:
    """Writes ``columns.json`` and the pages ``0.json``, ``1.json``, ...; returns numbers of rows and bytes.

    Raises:
        RefusedError: the result is larger than the Data API takes.
    """
    folder.mkdir(parents=True)
    (folder / "columns.json").write_text(json.dumps(columns))
    rows, size, page = 0, 0, 0
    kinds = [each["typeName"] for each in columns]
    while some := fetch(ROWS_OF_A_PAGE):
        body = json.dumps([list(map(field, row, kinds)) for row in some])
        rows, size = rows + len(some), size + len(body)
        if size > MOST_BYTES:
            raise RefusedError(f"the result is larger than {MOST_BYTES} bytes: UNLOAD it")
        (folder / f"{page}.json").write_text(body)
        page += 1
    return rows, size


def field(value: Any, kind: str) -> dict[str, Any]:
    """One value of a column of this type; numbers with an exact scale are text."""
    if value is None:
        return {"isNull": True}
    if isinstance(value, bool):
        return {"booleanValue": value}
    if isinstance(value, int):
        return {"stringValue": str(value)} if kind == "numeric" else {"longValue": value}
    if isinstance(value, float):
        return {"doubleValue": value}
    if isinstance(value, bytes):
        return {"blobValue": base64.b64encode(value).decode()}
    is_nested = isinstance(value, list | dict)
    return {"stringValue": json.dumps(value, default=str) if is_nested else str(value)}
