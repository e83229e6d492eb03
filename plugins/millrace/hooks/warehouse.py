"""The warehouse: rows of what was run there, and the items that say who may do what."""

from collections.abc import Iterator, Mapping
from functools import cached_property
from typing import Any

from boto3.dynamodb.types import TypeDeserializer

from millrace.hooks.aws import AwsHook

Row = tuple[Any, ...]


class Warehouse:
    """The Redshift Data API, and the table of access in DynamoDB."""

    def __init__(self, aws_conn_id: str | None, region_name: str | None = None) -> None:
        self._where = (aws_conn_id, region_name)

    @cached_property
    def data(self) -> Any:
        """boto3's client of the Data API."""
        return AwsHook("redshift-data", *self._where).conn

    def columns(self, batch: str, place: int) -> list[str]:
        """Names of the columns of a statement's result.

        Args:
            batch: the id of what was run.
            place: of the statement in its batch, from 0.
        """
        answer = self.data.get_statement_result(Id=_part(batch, place))
        return [column["name"] for column in answer["ColumnMetadata"]]

    def rows(self, batch: str, place: int) -> Iterator[Row]:
        """Rows of a statement's result, page by page; what has an exact scale is text, NULL is None."""
        pages = self.data.get_paginator("get_statement_result").paginate(Id=_part(batch, place))
        for page in pages:
            yield from (tuple(map(_value, record)) for record in page["Records"])

    def items(self, table: str) -> Iterator[dict[str, Any]]:
        """All items of a table, as plain values."""
        client, plain = AwsHook("dynamodb", *self._where).conn, TypeDeserializer()
        for page in client.get_paginator("scan").paginate(TableName=table, ConsistentRead=True):
            for item in page["Items"]:
                yield {name: plain.deserialize(value) for name, value in item.items()}


def _part(batch: str, place: int) -> str:
    """How a statement of a batch is meant; they are counted from 1."""
    return f"{batch}:{place + 1}"


def _value(field: Mapping[str, Any]) -> Any:
    [(kind, value)] = field.items()
    return None if kind == "isNull" else value
