"""The lines of a run, parsed once and kept by table, so that each table is then read alone."""

from collections import defaultdict
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field

from pyspark.sql import Column, DataFrame, SparkSession
from pyspark.sql import functions as sf

from event_lines import read_lines
from event_types import event_types
from failure import JobError
from gone_columns import MISSING, Tally
from lake_columns import Columns, Shape
from lake_layout import REJECTED
from merge import Batch
from objects import Found, Location

MOST_SHAPES = 2000
"""Of lines with unknown fields, over all tables. It keeps what the driver is told small."""
REJECTED_COLUMNS = {
    "event_id": "string",
    "event_time": "timestamp",
    "object": "string",
    "line": "bigint",
    "reason": "string",
    "raw": "string",
    "event_type": "string",
}
"""``event_id`` is the SHA-256 of object and line, ``event_time`` the hour of arrival."""


@dataclass
class Staged:
    """The lines below ``folder``, and what is known of them as a whole.

    Args:
        lines: how many they are.
        late: events that happened on another day than that of their arrival.
        unknown: events that have fields which the contract does not.
        rejected: rule -> lines.
        tallies: lines by type, hour and missing field.
    """

    rows: DataFrame
    events: Location
    lines: int = 0
    late: int = 0
    unknown: int = 0
    rejected: dict[str, int] = field(default_factory=lambda: defaultdict(int))
    tallies: list[Tally] = field(default_factory=list)
    days: dict[str, dict[str, int]] = field(default_factory=lambda: defaultdict(dict))

    def shapes(self) -> list[Shape]:
        """What lines with unknown fields look like.

        Raises:
            JobError: no two of very many lines look alike.
        """
        if not self.unknown:
            return []
        unknown = self.rows.where(sf.col("table") != REJECTED).where(sf.col("extras").isNotNull())
        groups = unknown.groupBy("table", "extras").count().limit(MOST_SHAPES + 1).collect()
        if len(groups) > MOST_SHAPES:
            raise JobError(
                f"Events have unknown fields in more than {MOST_SHAPES} combinations, such as "
                f"{groups[0]['extras'][:200]}: whoever sends them seems to make keys of values."
            )
        return sorted(
            (Shape(row["table"], row["extras"], row["count"]) for row in groups),
            key=lambda shape: (shape.table, shape.types),
        )

    def tables(self, columns: Columns) -> list[Batch]:
        """The rows of each table. Lines whose shape does not fit are among the rejected ones."""
        refused = {(shape.table, shape.types): reason for shape, reason in columns.refused.items()}
        counts, misfits = self._misfits(columns.refused)
        batches = []
        for table in sorted(self.days.keys() - {REJECTED}):
            days = {day: count for day, count in self.days[table].items() if count > counts[table, day]}
            names = event_types()[table] | columns.tables.get(table, {})
            types = [each for of, each in refused if of == table]
            if days:
                batches.append(Batch(table, self._events(table, names, types), names, days))
        for day, count in misfits.items():
            self.days[REJECTED][day] = self.days[REJECTED].get(day, 0) + count
        if self.days.get(REJECTED):
            rows = self._rejected(refused)
            batches.append(Batch(REJECTED, rows, REJECTED_COLUMNS, dict(self.days[REJECTED])))
        return batches

    def _misfits(
        self, refused: Mapping[Shape, str]
    ) -> tuple[Mapping[tuple[str, str], int], Mapping[str, int]]:
        """Refused lines by (table, day), and by the day of their arrival."""
        counts: dict[tuple[str, str], int] = defaultdict(int)
        arrived: dict[str, int] = defaultdict(int)
        if refused:
            rows = self.rows.where(_is_any(refused))
            arrival = sf.date_format("hour", "yyyy-MM-dd").alias("arrival")
            for row in rows.groupBy("table", "day", arrival).agg(sf.count("*").alias("lines")).collect():
                counts[row["table"], row["day"]] += row["lines"]
                arrived[row["arrival"]] += row["lines"]
            for shape, reason in refused.items():
                self.rejected[rule_of(reason)] += shape.lines
        return counts, arrived

    def _events(self, table: str, columns: Mapping[str, str], refused: list[str]) -> DataFrame:
        rows = self.rows.where(sf.col("table") == table)
        if refused:
            rows = rows.where(sf.col("extras").isNull() | ~sf.col("extras").isin(refused))
        own = ("event_id", "event_time")
        values = [_column(name, of) for name, of in columns.items() if name not in own]
        return rows.select("day", "path", "number", *own, *values)

    def _rejected(self, refused: Mapping[tuple[str, str], str]) -> DataFrame:
        reason = sf.col("reason")
        for (table, types), why in refused.items():
            misfit = (sf.col("table") == table) & (sf.col("extras") == types)
            reason = sf.coalesce(reason, sf.when(misfit, sf.lit(why)))
        first = self.rows.groupBy("path").agg(sf.min("number").alias("first"))
        place = f"s3://{self.events.bucket}/{self.events.child('').key}"
        name = sf.concat(sf.lit(place), sf.regexp_extract("path", r"(\d{4}/\d\d/\d\d/\d\d/[^/]+)$", 1))
        rows = self.rows.withColumn("reason", reason).where("reason is not null").join(first, "path")
        lines = rows.select(
            sf.date_format("hour", "yyyy-MM-dd").alias("day"),
            *("path", "number"),
            sf.col("hour").alias("event_time"),
            name.alias("object"),
            (sf.col("number") - sf.col("first") + 1).alias("line"),
            *("reason", "raw", "event_type"),
        )
        digest = sf.sha2(sf.concat("object", sf.lit(":"), "line"), 256)
        return lines.withColumn("event_id", digest)


def staged(
    spark: SparkSession, events: Location, objects: Iterable[Found], staging: Location, max_late_days: int
) -> Staged:
    """Parses the objects into ``staging`` and counts what is there."""
    folder = str(staging.child("lines"))
    lines = read_lines(spark, [found.location for found in objects if found.size], max_late_days)
    lines.write.partitionBy("table").mode("append").parquet(folder)
    result = Staged(spark.read.schema(lines.schema).parquet(folder), events)
    _count(result)
    return result


def _count(batch: Staged) -> None:
    """Fills in the numbers: one Spark action, some rows for each hour."""
    missing = sf.when(
        sf.col("reason").startswith(MISSING), sf.substring("reason", len(MISSING) + 1, 100)
    ).alias("missing")
    hour = sf.date_format("hour", "yyyy/MM/dd/HH").alias("arrived")
    late = (sf.col("table") != REJECTED) & (sf.col("day") < sf.date_format("hour", "yyyy-MM-dd"))
    rule = sf.substring_index("reason", ":", 1).alias("rule")
    groups = batch.rows.groupBy("table", "day", "event_type", hour, missing, rule)
    unknown = sf.count("extras").alias("unknown")
    for row in groups.agg(sf.count("*").alias("lines"), sf.count_if(late).alias("late"), unknown).collect():
        batch.lines += row["lines"]
        batch.late += row["late"]
        batch.unknown += row["unknown"]
        days = batch.days[row["table"]]
        days[row["day"]] = days.get(row["day"], 0) + row["lines"]
        if row["rule"]:
            batch.rejected[rule_of(row["rule"])] += row["lines"]
        if row["event_type"] in event_types():
            tally = Tally(row["event_type"], row["arrived"], row["missing"], row["lines"])
            batch.tallies.append(tally)


def rule_of(reason: str) -> str:
    """The name of a rule in the metrics.

    >>> rule_of("type conflict: level is string, the lake has bigint")
    'type_conflict'
    """
    return reason.partition(":")[0].lower().replace(" ", "_")


def _is_any(shapes: Iterable[Shape]) -> Column:
    found = sf.lit(False)
    for shape in shapes:
        found |= (sf.col("table") == shape.table) & (sf.col("extras") == shape.types)
    return found


def _column(name: str, of: str) -> Column:
    if of == "timestamp":
        return sf.try_variant_get("event", f"$.{name}", "string").try_cast("timestamp").alias(name)
    return sf.try_variant_get("event", f"$.{name}", of).alias(name)
