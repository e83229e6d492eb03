"""The schema of a Parquet file from its footer, in Hive's types as a crawler of AWS Glue writes them."""

from pathlib import Path
from typing import Any

import pyarrow as pa
import pyarrow.parquet as pq
from pyarrow import types

SIMPLE = (
    (types.is_boolean, "boolean"),
    (types.is_int8, "tinyint"),
    (types.is_int16, "smallint"),
    (types.is_uint8, "smallint"),
    (types.is_int32, "int"),
    (types.is_uint16, "int"),
    (types.is_integer, "bigint"),
    (types.is_float32, "float"),
    (types.is_floating, "double"),
    (types.is_timestamp, "timestamp"),
    (types.is_date, "date"),
    (types.is_string, "string"),
    (types.is_large_string, "string"),
    (types.is_binary, "binary"),
    (types.is_large_binary, "binary"),
    (types.is_fixed_size_binary, "binary"),
    (types.is_time, "bigint"),
    (types.is_duration, "bigint"),
)
"""The first that holds; Hive has no unsigned types, so each takes the next wider one."""


def read(footer: Path) -> dict[str, Any]:
    """Columns, number of rows and compression.

    Args:
        footer: the end of a Parquet file, from the beginning of its metadata.

    Raises:
        pyarrow.ArrowException: it is none.
    """
    metadata = pq.read_metadata(footer)
    schema = metadata.schema.to_arrow_schema()
    return {
        "format": "parquet",
        "columns": [[field.name.lower(), hive_type(field.type)] for field in schema],
        "rows": metadata.num_rows,
    }


def hive_type(of: pa.DataType) -> str:
    """Hive's name of a type of Arrow's.

    >>> hive_type(pa.list_(pa.struct({"id": pa.int64(), "at": pa.timestamp("us", tz="UTC")})))
    'array<struct<id:bigint,at:timestamp>>'
    """
    if types.is_list(of) or types.is_large_list(of) or types.is_fixed_size_list(of):
        return f"array<{hive_type(of.value_type)}>"
    if types.is_map(of):
        return f"map<{hive_type(of.key_type)},{hive_type(of.item_type)}>"
    if types.is_struct(of):
        return f"struct<{','.join(f'{field.name.lower()}:{hive_type(field.type)}' for field in of)}>"
    if types.is_dictionary(of):
        return hive_type(of.value_type)
    if types.is_decimal(of):
        return f"decimal({of.precision},{of.scale})"
    return next((name for holds, name in SIMPLE if holds(of)), "string")
