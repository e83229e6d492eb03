"""Tables of the Glue catalog that Feature Store makes of its offline stores."""

from collections.abc import Mapping, Sequence
from typing import Any

from botocore.exceptions import ClientError

from local.aws.services.sagemaker import context

DATABASE = "sagemaker_featurestore"
"""Made by the service; another one that a group names has to be there."""
PARTITIONS = ("year", "month", "day", "hour")
GLUE_TYPES = {"Integral": "bigint", "Fractional": "double", "String": "string"}
ADDED = {"write_time": "timestamp", "api_invocation_time": "timestamp", "is_deleted": "boolean"}
"""Columns that the service adds to the features."""

Catalog = Mapping[str, str]
"""``Database`` and ``TableName``."""


def make_table(catalog: Catalog, features: Sequence[Mapping[str, Any]], uri: str, region: str) -> None:
    """Raises `ClientError` where Glue refuses, as for a database that is not there."""
    glue = context.current().glue(region)
    if catalog["Database"] == DATABASE:
        _unless_there(glue.create_database, DatabaseInput={"Name": DATABASE})
    table = _table(catalog, features, uri)
    _unless_there(glue.create_table, DatabaseName=catalog["Database"], TableInput=table)


def change_table(catalog: Catalog, features: Sequence[Mapping[str, Any]], uri: str, region: str) -> None:
    """Gives the table the columns of features that are new. Raises `ClientError`."""
    glue = context.current().glue(region)
    glue.update_table(DatabaseName=catalog["Database"], TableInput=_table(catalog, features, uri))


def add_partitions(catalog: Catalog, folders: Sequence[str], uri: str, region: str) -> None:
    """Tells the table of folders such as ``year=2026/month=01/day=02/hour=03``. Raises `ClientError`."""
    glue = context.current().glue(region)
    where = {"DatabaseName": catalog["Database"], "TableName": catalog["TableName"]}
    storage = glue.get_table(DatabaseName=where["DatabaseName"], Name=where["TableName"])["Table"][
        "StorageDescriptor"
    ]
    for folder in folders:
        values = [part.partition("=")[2] for part in folder.split("/")]
        partition = {"Values": values, "StorageDescriptor": {**storage, "Location": f"{uri}/{folder}"}}
        _unless_there(glue.create_partition, **where, PartitionInput=partition)


def _table(catalog: Catalog, features: Sequence[Mapping[str, Any]], uri: str) -> dict[str, Any]:
    columns = {feature["FeatureName"].lower(): GLUE_TYPES[feature["FeatureType"]] for feature in features}
    parquet = "org.apache.hadoop.hive.ql.io.parquet"
    return {
        "Name": catalog["TableName"],
        "TableType": "EXTERNAL_TABLE",
        "Parameters": {"EXTERNAL": "TRUE", "classification": "parquet"},
        "PartitionKeys": [{"Name": name, "Type": "string"} for name in PARTITIONS],
        "StorageDescriptor": {
            "Columns": [{"Name": name, "Type": kind} for name, kind in (columns | ADDED).items()],
            "Location": uri,
            "InputFormat": f"{parquet}.MapredParquetInputFormat",
            "OutputFormat": f"{parquet}.MapredParquetOutputFormat",
            "SerdeInfo": {
                "SerializationLibrary": f"{parquet}.serde.ParquetHiveSerDe",
                "Parameters": {"serialization.format": "1"},
            },
        },
    }


def _unless_there(create: Any, **request: Any) -> None:
    try:
        create(**request)
    except ClientError as error:
        if error.response["Error"]["Code"] != "AlreadyExistsException":
            raise
