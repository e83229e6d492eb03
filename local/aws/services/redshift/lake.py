"""What the engine asks about external schemas: tables of the Data Catalog, and their files."""

from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any
from urllib.parse import quote

from botocore.exceptions import ClientError

from local.aws.runtime.transfer import NothingToDownloadError, S3Uri, objects
from local.aws.services.redshift import context
from local.aws.services.redshift.engine import Answers, QuestionError
from local.aws.services.sagemaker.fast_file import body_of, place

HIDDEN = ("_", ".")
"""What the names of objects begin with that are no data."""
MISSING = "EntityNotFoundException"

Table = Mapping[str, Any]


class Lake:
    """The Data Catalog and S3, as a cluster sees them.

    Args:
        cluster: moto's record of it.
        region: where both are.
        folder: where the files of tables are put, as links to what S3 has stored.
    """

    def __init__(self, cluster: Any, region: str, folder: Path) -> None:
        self._cluster = cluster
        self._account = str(cluster.arn).split(":")[4]
        self._clients = context.current().acting_for(str(cluster.arn))
        self._region = region
        self._folder = folder
        self._tables = 0

    @property
    def answers(self) -> Answers:
        """By the names of the questions."""
        return {
            "role": self.check_role,
            "tables": self.tables,
            "files": self.files,
            "upload": self.upload,
        }

    def check_role(self, role: str) -> None:
        """Raises `QuestionError` for a role that is not the cluster's."""
        if role not in self._cluster.iam_roles_arn:
            raise QuestionError(f"Not authorized to get credentials of role {role}")

    def tables(self, database: str, role: str) -> list[dict[str, Any]]:
        """Names, columns and partition keys of all tables; none of a database that is missing."""
        self.check_role(role)
        pages = self._clients.glue(self._region).get_paginator("get_tables").paginate(DatabaseName=database)
        try:
            found = [table for page in pages for table in page["TableList"]]
        except ClientError as error:
            if error.response["Error"]["Code"] != MISSING:
                raise
            return []
        return [{"name": table["Name"].lower(), **_columns(table)} for table in found]

    def files(self, database: str, table: str, role: str) -> dict[str, Any] | None:
        """A folder with the files of a table, below folders of its partitions; None if there is no table.

        Raises:
            QuestionError: the files are not Parquet.
        """
        self.check_role(role)
        glue = self._clients.glue(self._region)
        try:
            found = glue.get_table(DatabaseName=database, Name=table)["Table"]
        except ClientError as error:
            if error.response["Error"]["Code"] != MISSING:
                raise
            return None
        descriptor = found["StorageDescriptor"]
        if "parquet" not in str(descriptor.get("InputFormat", "")).lower():
            raise QuestionError(f"the local AWS reads Parquet only, and {database}.{table} is something else")
        self._tables += 1
        folder = self._folder / f"table-{self._tables}"
        folder.mkdir(parents=True)
        for number, (uri, partition) in enumerate(self._objects(found)):
            target = folder / partition / f"{number}.parquet"
            target.parent.mkdir(parents=True, exist_ok=True)
            try:
                place(body_of(self._account, uri), target)
            except NothingToDownloadError:
                continue  # deleted since it was listed
        return {"folder": str(folder), **_columns(found)}

    def upload(self, file: str, uri: str, role: str, *, overwrite: bool) -> None:
        """Puts what a query has given into S3.

        Raises:
            QuestionError: the bucket does not take it, or something is there that may not be overwritten.
        """
        self.check_role(role)
        target, client = S3Uri.parse(uri), self._clients.s3(self._region)
        only_new: Any = {} if overwrite else {"IfNoneMatch": "*"}
        try:
            with Path(file).open("rb") as body:
                client.put_object(Bucket=target.bucket, Key=target.key, Body=body, **only_new)
        except ClientError as error:
            if error.response["Error"]["Code"] == "PreconditionFailed":
                message = f"Specified unload destination on S3 is not empty: {uri}"
            else:
                message = f"S3ServiceException: {error.response['Error'].get('Message')}"
            raise QuestionError(message) from error

    def _objects(self, table: Table) -> Iterator[tuple[S3Uri, Path]]:
        """Data of a table, each with the folder ``key=value/...`` of its partition."""
        client = self._clients.s3(self._region)
        location = _folder_of(table)
        partitions = self._partitions(table)
        try:
            found = objects(client, location)
        except NothingToDownloadError:
            return
        # As on AWS, reading takes the permission to get the objects: this call puts that on record.
        client.head_object(Bucket=found[0].uri.bucket, Key=found[0].uri.key)
        for item in found:
            parent, _, name = item.uri.key.rpartition("/")
            is_data = bool(name) and not name.startswith(HIDDEN)
            partition = partitions.get(f"{parent}/") if table.get("PartitionKeys") else Path()
            if is_data and partition is not None:
                yield item.uri, partition

    def _partitions(self, table: Table) -> dict[str, Path]:
        """By the key of its folder in S3, for each partition that the catalog has."""
        keys = [key["Name"] for key in table.get("PartitionKeys", [])]
        if not keys:
            return {}
        pages = self._clients.glue(self._region).get_paginator("get_partitions")
        found = pages.paginate(DatabaseName=table["DatabaseName"], TableName=table["Name"])
        return {
            _folder_of(partition).key: Path(*(f"{key}={quote(value, safe='')}" for key, value in pairs))
            for page in found
            for partition in page["Partitions"]
            for pairs in [zip(keys, partition["Values"], strict=True)]
        }


def _folder_of(described: Mapping[str, Any]) -> S3Uri:
    return S3Uri.parse(described["StorageDescriptor"]["Location"].rstrip("/") + "/")


def _columns(table: Table) -> dict[str, list[list[str]]]:
    described = {
        "columns": table["StorageDescriptor"].get("Columns", []),
        "keys": table.get("PartitionKeys", []),
    }
    return {
        kind: [[column["Name"].lower(), column["Type"]] for column in columns]
        for kind, columns in described.items()
    }
