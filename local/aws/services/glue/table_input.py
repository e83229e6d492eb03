"""Tables and partitions of the Data Catalog as a crawler of AWS Glue writes them. Pure."""

import hashlib
import re
from collections.abc import Mapping, Sequence
from typing import Any

from local.aws.services.glue.grouping import DataFile, FoundTable

HIVE = "org.apache.hadoop.hive.ql.io"
TEXT = ("org.apache.hadoop.mapred.TextInputFormat", f"{HIVE}.HiveIgnoreKeyTextOutputFormat")
FORMATS: Mapping[str, tuple[str, str, str]] = {
    "parquet": (
        f"{HIVE}.parquet.MapredParquetInputFormat",
        f"{HIVE}.parquet.MapredParquetOutputFormat",
        f"{HIVE}.parquet.serde.ParquetHiveSerDe",
    ),
    "json": (*TEXT, "org.openx.data.jsonserde.JsonSerDe"),
    "csv": (*TEXT, "org.apache.hadoop.hive.serde2.lazy.LazySimpleSerDe"),
}
"""Input format, output format and serialisation library."""
CRAWLER = "UPDATED_BY_CRAWLER"
DEPRECATED = "DEPRECATED_BY_CRAWLER"

Input = dict[str, Any]
Columns = Mapping[str, str]


def table_name(prefix: str, path: Sequence[str]) -> str:
    """The name of a folder's table: Athena and Hive take letters, digits and underscores.

    >>> table_name("amp_", ("bucket", "main", "Chat-Message"))
    'amp_chat_message'
    """
    return re.sub(r"[^a-z0-9_]", "_", f"{prefix}{path[-1]}".lower())


def distinct_name(name: str, path: Sequence[str]) -> str:
    """The name where another folder's table has the plain one: with a hash of the path."""
    return f"{name}_{hashlib.md5('/'.join(path).encode(), usedforsecurity=False).hexdigest()}"


def table_input(
    name: str, found: FoundTable, columns: Columns, keys: Sequence[Input], *, crawler: str, crawl: str
) -> Input:
    """A table with the columns and partition keys that it is to have."""
    parameters = {
        **statistics(found.files),
        "CRAWL_RUN_ID": crawl,
        "CrawlerSchemaDeserializerVersion": "1.0",
        "CrawlerSchemaSerializerVersion": "1.0",
        CRAWLER: crawler,
    }
    if keys:
        parameters["partition_filtering.enabled"] = "true"
    return {
        "Name": name,
        "Owner": "owner",
        "Retention": 0,
        "StorageDescriptor": storage(found.path, found.files, columns, parameters),
        "PartitionKeys": list(keys),
        "TableType": "EXTERNAL_TABLE",
        "Parameters": parameters,
    }


def partition_input(
    values: Sequence[str], files: Sequence[DataFile], columns: Columns, parameters: Mapping[str, str]
) -> Input:
    """A partition of a table, whose parameters it has with its own numbers."""
    own = {**parameters, **statistics(files)}
    return {
        "Values": list(values),
        "StorageDescriptor": storage(files[0].path, files, columns, own),
        "Parameters": own,
    }


def statistics(files: Sequence[DataFile]) -> dict[str, str]:
    """What the data is and how much: rows are counted in Parquet and estimated in text."""
    size = sum(file.item.size for file in files)
    rows = sum(_rows(file) for file in files)
    return {
        "averageRecordSize": str(round(size / rows) if rows else 0),
        "classification": files[0].schema["format"],
        "compressionType": files[0].schema["compression"],
        "objectCount": str(len(files)),
        "recordCount": str(rows),
        "sizeKey": str(size),
        "typeOfData": "file",
        **_text_parameters(files[0].schema),
    }


def storage(
    path: Sequence[str], files: Sequence[DataFile], columns: Columns, parameters: Mapping[str, str]
) -> Input:
    """Where the files are and how they are read."""
    schema = files[0].schema
    read, write, library = FORMATS[schema["format"]]
    return {
        "Columns": [{"Name": name, "Type": kind} for name, kind in columns.items()],
        "Location": f"s3://{'/'.join(path)}/",
        "InputFormat": read,
        "OutputFormat": write,
        "Compressed": schema["compression"] != "none",
        "NumberOfBuckets": -1,
        "SerdeInfo": {"SerializationLibrary": library, "Parameters": _serde(files)},
        "BucketColumns": [],
        "SortColumns": [],
        "Parameters": dict(parameters),
        "StoredAsSubDirectories": False,
    }


def _rows(file: DataFile) -> int:
    if "rows" in file.schema:
        return int(file.schema["rows"])
    return max(1, round(file.item.size / file.schema["record_size"]))


def _serde(files: Sequence[DataFile]) -> dict[str, str]:
    form = files[0].schema["format"]
    if form == "json":
        return {"paths": ",".join(sorted({name for file in files for name, _ in file.schema["columns"]}))}
    return {"field.delim": ","} if form == "csv" else {"serialization.format": "1"}


def _text_parameters(schema: Mapping[str, Any]) -> dict[str, str]:
    if schema["format"] != "csv":
        return {}
    header = {"skip.header.line.count": "1"} if schema["header"] else {}
    return {"areColumnsQuoted": "false", "columnsOrdered": "true", "delimiter": ",", **header}
