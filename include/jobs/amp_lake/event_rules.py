"""The rules that a line must keep to be an event, as Spark expressions: no line passes through Python.

Nearly every line has just the fields of its contract, which one look at its types tells. Only the others are
looked at field by field, by an expression that reads the contract as data: spelled out for every type and
field, it would be more than Spark can compile.
"""

from collections.abc import Iterator, Mapping
from itertools import product

from pyspark.sql import Column
from pyspark.sql import functions as sf

from event_types import event_types

TIME = r"^\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d(\.\d{1,6})?(Z|[+-]\d\d:\d\d)$"
"""ISO 8601 with a zone."""
COLUMN = r"^[a-z][a-z0-9_]{0,62}$"
"""Names that an unknown field may have: it becomes a column, and some readers know no upper case."""
NOT_COLUMNS = ("day",)
"""Names of partitions."""
HOURS_AHEAD = 1
"""So much later than its arrival an event may say that it happened."""
JSON_TYPES = {
    "string": ("STRING",),
    "timestamp": ("STRING",),
    "bigint": ("BIGINT",),
    "boolean": ("BOOLEAN",),
    "array<string>": ("ARRAY<STRING>", "ARRAY<VOID>"),
    "double": ("BIGINT", "DOUBLE", "DECIMAL"),
}
"""Type of the contract -> the types of JSON values that have it; an empty array is one of VOID."""


def shapes(fields: Mapping[str, str]) -> Iterator[str]:
    """What ``schema_of_variant`` may say of an object with just these fields.

    >>> list(shapes({"b": "string", "a": "array<string>"}))
    ['OBJECT<a: ARRAY<STRING>, b: STRING>', 'OBJECT<a: ARRAY<VOID>, b: STRING>']
    """
    # Spark sorts the fields of an object.
    choices = [[f"{name}: {of}" for of in JSON_TYPES[fields[name]]] for name in sorted(fields)]
    return (f"OBJECT<{', '.join(chosen)}>" for chosen in product(*choices))


def is_usual() -> Column:
    """Whether a line's fields are those of the contract, by its ``event_type`` and ``types``."""
    usual = [f"{name} {shape}" for name, fields in event_types().items() for shape in shapes(fields)]
    return sf.coalesce(sf.concat_ws(" ", "event_type", "types").isin(usual), sf.lit(False))


def text_of(field: str) -> Column:
    """A field of ``event`` that is a string; null where it is not there or is something else."""
    value = sf.try_variant_get("event", f"$.{field}", "variant")
    return sf.when(sf.schema_of_variant(value) == "STRING", value.cast("string"))


def time_of(field: str) -> Column:
    """A field of ``event`` that is a time."""
    return _time(text_of(field))


def unknown_fields() -> Column:
    """Names of the fields that the contract does not have; null where there are none of them for sure."""
    fields = sf.transform(_contract(), lambda field: field["name"])
    return sf.when(~sf.col("usual"), sf.array_except(sf.json_object_keys("value"), fields))


def broken_rule(max_late_days: int) -> Column:
    """The first rule that a line breaks, null where it breaks none: the rule, or ``<rule>: <what>``."""
    named = sf.substring("event_type", 1, 60)
    return (
        sf.when(sf.col("event").isNull(), sf.lit("not JSON"))
        .when(sf.col("event_type").isNull(), _broken_field(_fields({"event_type": "string"})[0]))
        .when(~sf.col("event_type").isin(*event_types()), sf.concat(sf.lit("event_type unknown: "), named))
        .otherwise(
            sf.coalesce(
                sf.when(~sf.col("usual"), _first(sf.transform(_contract(), _broken_field))),
                *_unreadable(),
                _broken_time(max_late_days),
                _broken_names(),
            )
        )
    )


def _contract() -> Column:
    """The fields of the line's type."""
    pairs = [part for name, fields in event_types().items() for part in (sf.lit(name), _fields(fields))]
    return sf.try_element_at(sf.create_map(*pairs), sf.col("event_type"))


def _fields(fields: Mapping[str, str]) -> Column:
    return sf.array(
        *(
            sf.struct(
                sf.lit(name).alias("name"),
                sf.lit(of).alias("type"),
                sf.array(*map(sf.lit, JSON_TYPES[of])).alias("json_types"),
            )
            for name, of in fields.items()
        )
    )


def _broken_field(field: Column) -> Column:
    """What is wrong with the type of a field."""
    name = field["name"]
    found = sf.schema_of_variant(sf.try_element_at(sf.col("event").cast("map<string, variant>"), name))
    return sf.when(found.isNull() | (found == "VOID"), sf.concat(sf.lit("field missing: "), name)).when(
        ~sf.array_contains(field["json_types"], sf.substring_index(found, "(", 1)),
        sf.format_string("wrong type: %s is %s, not %s", name, found, field["type"]),
    )


def _unreadable() -> Iterator[Column]:
    """Strings that say nothing."""
    yield sf.when(sf.col("event_id") == "", sf.lit("field missing: event_id"))
    yield sf.when(sf.col("event_time").isNull(), sf.lit("event_time unreadable"))
    times = {name for fields in event_types().values() for name, of in fields.items() if of == "timestamp"}
    for name in sorted(times - {"event_time"}):
        is_its_own = sf.col("event_type").isin([of for of, fields in event_types().items() if name in fields])
        text = sf.try_variant_get("event", f"$.{name}", "string")
        yield sf.when(is_its_own & _time(text).isNull(), sf.lit(f"wrong type: {name} is no time"))


def _time(text: Column) -> Column:
    return sf.when(text.rlike(TIME), text.try_cast("timestamp"))


def _broken_time(max_late_days: int) -> Column:
    latest = sf.col("hour") + sf.make_interval(hours=sf.lit(1 + HOURS_AHEAD))
    earliest = sf.date_sub(sf.to_date("hour"), max_late_days)
    return sf.when(sf.col("event_time") > latest, sf.lit("clock")).when(
        sf.to_date("event_time") < earliest, sf.lit("too late")
    )


def _broken_names() -> Column:
    wrong = sf.filter("unknown", lambda name: ~name.rlike(COLUMN) | name.isin(*NOT_COLUMNS))
    # Null, as the whole is then, where every name will do.
    name = sf.substring(_first(wrong), 1, 60)
    return sf.concat(sf.lit("field name: "), name, sf.lit(" cannot be a column"))


def _first(values: Column) -> Column:
    """The first value that is not null."""
    return sf.get(sf.filter(values, lambda value: value.isNotNull()), sf.lit(0))
