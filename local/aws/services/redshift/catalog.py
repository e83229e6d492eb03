"""Operations of the Data API that tell what there is: queries of Redshift's own views, as their caller."""

from collections.abc import Mapping
from typing import TYPE_CHECKING, Any

from local.aws.services.redshift.data_api import paged

if TYPE_CHECKING:
    from local.aws.services.redshift.data_api import LocalRedshiftData

Params = Mapping[str, Any]

SCHEMAS = "SELECT nspname FROM pg_namespace WHERE nspname LIKE :schema ORDER BY 1"
TABLES = """
SELECT table_name, table_type, table_schema FROM svv_tables
WHERE table_schema LIKE :schema AND table_name LIKE :name ORDER BY 3, 1
"""
COLUMNS = """
SELECT column_name, data_type, table_schema, table_name, is_nullable FROM svv_columns
WHERE table_schema = :schema AND table_name = :name ORDER BY ordinal_position
"""
KINDS = {"BASE TABLE": "TABLE", "EXTERNAL TABLE": "EXTERNAL TABLE"}


def databases(backend: "LocalRedshiftData", request: Params) -> dict[str, Any]:
    """ListDatabases: a cluster has one here."""
    rows = backend.rows("ListDatabases", request, "SELECT current_database()")
    return paged("Databases", [name for (name,) in rows], request)


def schemas(backend: "LocalRedshiftData", request: Params) -> dict[str, Any]:
    """ListSchemas."""
    rows = backend.rows("ListSchemas", request, SCHEMAS, schema=request.get("SchemaPattern") or "%")
    return paged("Schemas", [name for (name,) in rows], request)


def tables(backend: "LocalRedshiftData", request: Params) -> dict[str, Any]:
    """ListTables, of schemas that the caller may use."""
    patterns = {"schema": request.get("SchemaPattern") or "%", "name": request.get("TablePattern") or "%"}
    rows = backend.rows("ListTables", request, TABLES, **patterns)
    found = [{"name": name, "type": KINDS[kind], "schema": schema} for name, kind, schema in rows]
    return paged("Tables", found, request)


def table(backend: "LocalRedshiftData", request: Params) -> dict[str, Any]:
    """DescribeTable."""
    names = {"schema": request.get("Schema") or "public", "name": request.get("Table") or ""}
    rows = backend.rows("DescribeTable", request, COLUMNS, **{k: v or "-" for k, v in names.items()})
    found = [
        {
            "name": name,
            "label": name,
            "typeName": kind,
            "schemaName": schema,
            "tableName": table_name,
            "nullable": int(nullable == "YES"),
        }
        for name, kind, schema, table_name, nullable in rows
    ]
    return {"TableName": names["name"], **paged("ColumnList", found, request)}
