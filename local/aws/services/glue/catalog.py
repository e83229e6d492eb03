"""Brings the Data Catalog to what a crawl has found, as the crawler's policies say."""

from collections.abc import Callable, Iterable, Mapping, Sequence
from typing import TYPE_CHECKING, Any

from local.aws.services.glue import context
from local.aws.services.glue.hive_types import merged
from local.aws.services.glue.records import Crawl, Crawler, now
from local.aws.services.glue.table_input import (
    CRAWLER,
    DEPRECATED,
    distinct_name,
    partition_input,
    table_input,
    table_name,
)
from local.aws.services.glue.validation import configuration

if TYPE_CHECKING:
    from moto.glue.models import FakeTable, GlueBackend

    from local.aws.services.glue.grouping import FoundTable

Input = dict[str, Any]
TABLE_EVENT = "Glue Data Catalog Table State Change"
DATABASE_EVENT = "Glue Data Catalog Database State Change"


class Policies:
    """What a crawler does with changes, from its definition."""

    def __init__(self, crawler: Crawler) -> None:
        definition = crawler.description
        self.update = definition["SchemaChangePolicy"].get("UpdateBehavior", "UPDATE_IN_DATABASE")
        self.delete = definition["SchemaChangePolicy"].get("DeleteBehavior", "DEPRECATE_IN_DATABASE")
        output = configuration(definition).get("CrawlerOutput") or {}
        behaviour = {name: (output.get(name) or {}).get("AddOrUpdateBehavior") for name in output}
        self.keeps_columns = behaviour.get("Tables") == "MergeNewColumns"
        self.partitions_inherit = behaviour.get("Partitions") == "InheritFromTable"
        self.prefix = str(definition.get("TablePrefix") or "")


class CatalogWriter:
    """Writes one crawl's findings to a database of moto's, counts what changes, and says so line by line."""

    def __init__(
        self, backend: "GlueBackend", crawler: Crawler, crawl: Crawl, log: Callable[[str], None]
    ) -> None:
        self._crawler = crawler
        self._crawl = crawl
        self._log = log
        self._database = backend.get_database(str(crawler.definition.get("DatabaseName")))
        self._backend = backend
        self._policies = Policies(crawler)
        self._events: list[tuple[str, dict[str, Any]]] = []

    def write(self, found: Iterable["FoundTable"]) -> None:
        """Writes all tables; what is not found any more is treated as the policy says."""
        with context.current().aws.changing():
            seen = {self._write_table(table) for table in found}
            self._remove_tables(seen)
        self._publish()

    def _write_table(self, found: "FoundTable") -> str:
        name = self._name(found)
        current = self._database.tables.get(name)
        if current is None:
            self._create(name, found)
        else:
            self._update(name, current, found)
        self._write_partitions(self._database.tables[name], found)
        return name

    def _name(self, found: "FoundTable") -> str:
        """The plain name, unless a table of somewhere else has it."""
        name = table_name(self._policies.prefix, found.path)
        current = self._database.tables.get(name)
        location = f"s3://{'/'.join(found.path)}"
        if current is None or _location(current.as_dict()) == location:
            return name
        return distinct_name(name, found.path)

    def _create(self, name: str, found: "FoundTable") -> None:
        keys = [{"Name": key, "Type": "string"} for key in found.keys]
        table = self._input(name, found, found.columns, keys)
        self._backend.create_table(self._database.name, name, table)
        self._crawl.changes.tables["ADD"].append(name)
        self._log(f"INFO : Created table {name} in database {self._database.name}")
        self._events.append((DATABASE_EVENT, {"typeOfChange": "CreateTable", "changedTables": [name]}))

    def _update(self, name: str, current: "FakeTable", found: "FoundTable") -> None:
        table = current.as_dict()
        before = {column["Name"]: column["Type"] for column in table["StorageDescriptor"]["Columns"]}
        columns = self._columns(before, found.columns)
        changed = _as_list(columns) != _as_list(before) or DEPRECATED in table.get("Parameters", {})
        if changed and self._policies.update == "LOG":
            self._log(f"INFO : Table {name} has other columns now; not updated, as the policy is LOG")
            return
        # The partition keys of a table are for ever.
        wanted = self._input(name, found, columns, table.get("PartitionKeys", []))
        if not changed:
            # Numbers alone make no version of a table.
            current.get_version(str(table["VersionId"])).update(wanted)
            return
        self._backend.update_table(self._database.name, name, wanted)
        self._crawl.changes.tables["UPDATE"].append(name)
        self._log(f"INFO : Updated table {name} in database {self._database.name}")
        self._events.append((TABLE_EVENT, {"typeOfChange": "UpdateTable", "tableName": name}))

    def _columns(self, before: Mapping[str, str], found: Mapping[str, str]) -> dict[str, str]:
        """Those that a table is to have: in their old order, new ones last."""
        kept = [name for name in before if name in found or self._policies.keeps_columns]
        ordered = {name: found.get(name, before[name]) for name in kept}
        return merged([ordered, found])

    def _input(
        self, name: str, found: "FoundTable", columns: Mapping[str, str], keys: Sequence[Input]
    ) -> Input:
        return table_input(name, found, columns, keys, crawler=self._crawler.name, crawl=self._crawl.crawl_id)

    def _write_partitions(self, table: "FakeTable", found: "FoundTable") -> None:
        keys = table.as_dict().get("PartitionKeys", [])
        if [key["Name"] for key in keys] != found.keys:
            self._log(
                f"WARN : Table {table.name} has other partition keys than its folders: no partition added"
            )
            return
        if not keys:
            return
        added, updated = [], []
        for values, files in found.partitions.items():
            wanted = self._partition(table, values, files)
            current = table.partitions.get(str(wanted["Values"]))
            if current is None:
                table.create_partition(wanted)
                added.append(wanted["Values"])
            elif self._policies.update != "LOG" or _schema(current.partition_input) == _schema(wanted):
                if _schema(current.partition_input) != _schema(wanted):
                    updated.append(wanted["Values"])
                current.partition_input.update(wanted)
        self._count_partitions(table.name, "ADD", added, "BatchCreatePartition")
        self._count_partitions(table.name, "UPDATE", updated, "BatchUpdatePartition")
        self._remove_partitions(table, {str(list(values)) for values in found.partitions})

    def _partition(self, table: "FakeTable", values: Sequence[str], files: Sequence[Any]) -> Input:
        described = table.as_dict()
        columns = (
            {column["Name"]: column["Type"] for column in described["StorageDescriptor"]["Columns"]}
            if self._policies.partitions_inherit
            else merged(file.columns for file in files)
        )
        parameters = {CRAWLER: self._crawler.name, "CRAWL_RUN_ID": self._crawl.crawl_id}
        return partition_input(values, files, columns, parameters)

    def _remove_partitions(self, table: "FakeTable", found: set[str]) -> None:
        gone = [key for key in table.partitions if key not in found]
        if not gone:
            return
        if self._policies.delete == "DELETE_FROM_DATABASE":
            values = [table.partitions.pop(key).values for key in gone]
            self._count_partitions(table.name, "DELETE", values, "BatchDeletePartition")
        elif self._policies.delete == "DEPRECATE_IN_DATABASE":
            for key in gone:
                self._deprecate(table.partitions[key].partition_input)
        else:
            self._log(
                f"INFO : {len(gone)} partitions of {table.name} have no objects; left, as the policy is LOG"
            )

    def _remove_tables(self, seen: set[str]) -> None:
        for name, table in list(self._database.tables.items()):
            parameters = table.as_dict().get("Parameters") or {}
            if name in seen or parameters.get(CRAWLER) != self._crawler.name:
                continue
            if self._policies.delete == "DELETE_FROM_DATABASE":
                self._backend.delete_table(self._database.name, name)
                self._crawl.changes.tables["DELETE"].append(name)
                self._log(f"INFO : Deleted table {name} from database {self._database.name}")
                event = {"typeOfChange": "DeleteTable", "changedTables": [name]}
                self._events.append((DATABASE_EVENT, event))
            elif self._policies.delete == "LOG":
                self._log(f"INFO : Table {name} has no objects; left, as the policy is LOG")
            elif DEPRECATED not in parameters:
                described = table.as_dict()
                self._deprecate(described)
                table.get_version(described["VersionId"]).update(Parameters=described["Parameters"])
                self._crawl.changes.tables["UPDATE"].append(name)
                self._log(f"INFO : Table {name} has no objects: deprecated")

    def _deprecate(self, what: Input) -> None:
        moment = str(int(now().timestamp() * 1000))
        what["Parameters"] = {DEPRECATED: moment, **(what.get("Parameters") or {})}

    def _count_partitions(self, table: str, change: str, values: list[Any], operation: str) -> None:
        if not values:
            return
        self._crawl.changes.partitions[change] += len(values)
        words = {"ADD": "Added", "UPDATE": "Updated", "DELETE": "Deleted"}
        self._log(f"INFO : {words[change]} {len(values)} partitions of table {table}")
        detail = {
            "typeOfChange": operation,
            "tableName": table,
            "changedPartitions": [str(v) for v in values],
        }
        self._events.append((TABLE_EVENT, detail))

    def _publish(self) -> None:
        """Announces what has changed.

        https://docs.aws.amazon.com/glue/latest/dg/automating-awsglue-with-cloudwatch-events.html
        """
        for detail_type, detail in self._events:
            what = {"databaseName": self._database.name, **detail}
            context.current().aws.put_event("aws.glue", detail_type, what, region=self._crawler.region)


def _location(table: Mapping[str, Any]) -> str:
    return str(table.get("StorageDescriptor", {}).get("Location", "")).rstrip("/")


def _as_list(columns: Mapping[str, str]) -> list[tuple[str, str]]:
    return list(columns.items())


def _schema(partition: Mapping[str, Any]) -> Any:
    return partition.get("StorageDescriptor", {}).get("Columns")
