"""Reads the lines of the input, and says of each that is not an abalone which rule it breaks."""

import sys
from collections.abc import Iterable

from pyspark.sql import Column, DataFrame, SparkSession
from pyspark.sql import functions as sf
from pyspark.sql.types import DoubleType, IntegerType, StringType, StructField, StructType

from columns import LABEL, MEASURES, SEXES
from input_files import GLOB
from objects import Location

SCHEMA = StructType(
    [
        StructField("sex", StringType()),
        *(StructField(measure, DoubleType()) for measure in MEASURES),
        StructField(LABEL, IntegerType()),
    ]
)

# Java would also read 0.5d, 0x1p3 and Infinity as numbers.
NUMBER = r"^[+-]?([0-9]+\.?[0-9]*|\.[0-9]+)([eE][+-]?[0-9]+)?$"
NOT_FINITE = r"^[+-]?(?i:nan|inf|infinity)$"
WHOLE_NUMBER = r"^[0-9]+$"
MAX_LINE_CHARACTERS = 10_000
"""Longer lines are rejected unparsed: Spark's CSV parser fails the job beyond 20,480 columns."""
MAX_KEPT_CHARACTERS = 1_000_000
"""A rejected line is kept in full up to here, and beyond as its beginning, length and SHA-256."""


def spark_path(file: Location) -> str:
    """A file as Spark takes it: not as a glob pattern."""
    return GLOB.sub(r"\\\g<0>", str(file))


def read_rows(spark: SparkSession, files: Iterable[Location]) -> DataFrame:
    """One row for each input line: the columns of SCHEMA, and ``rejection``, null for an abalone.

    ``rejection`` has the file, the line, the rule that it broke and the reason. The other columns of a
    rejected row mean nothing.
    """
    source = spark.read.text([spark_path(file) for file in files])
    lines = source.select(
        sf.regexp_replace("value", "^\ufeff", "").alias("line"), sf.col("_metadata.file_name").alias("file")
    )
    parsable = sf.when(sf.length("line") <= MAX_LINE_CHARACTERS, sf.col("line"))
    texts = lines.withColumn("text", sf.from_csv(parsable, *_text_format()))
    values = [sf.col("text")[field.name].try_cast(field.dataType).alias(field.name) for field in SCHEMA]
    judged = texts.select(*values, "file", "line", broken_rule().alias("broken"))
    # Spark gives the name as a URL has it, but for its plus signs.
    file = sf.url_decode(sf.replace("file", sf.lit("+"), sf.lit("%2B")))
    rejection = sf.struct(file.alias("file"), kept_line().alias("line"), "broken.rule", "broken.reason")
    return judged.select(*SCHEMA.names, sf.when(sf.col("broken").isNotNull(), rejection).alias("rejection"))


def _text_format() -> tuple[str, dict[str, str]]:
    """Schema and options of ``from_csv``: values are kept as text, so that a reason can quote them."""
    schema = ", ".join(f"{name} STRING" for name in [*SCHEMA.names, "malformed"])
    blanks = {f"ignore{side}WhiteSpace": "true" for side in ("Leading", "Trailing")}
    return schema, {"columnNameOfCorruptRecord": "malformed", **blanks}


def broken_rule() -> Column:
    """The first rule that a line breaks, as a struct of ``rule`` and ``reason``; null if it breaks none.

    Reasons stand inside a ``when``, which evaluates them for broken lines only.
    """
    characters = sf.length("line")
    columns = sf.size(sf.split("line", ",", -1))
    malformed = sf.col("text.malformed").isNotNull()
    too_long = _broken(
        "line_length", f"the line has %d characters, more than {MAX_LINE_CHARACTERS}", characters
    )
    miscounted = _broken("column_count", f"the line has %d columns, not {len(SCHEMA)}", columns)
    return (
        sf.when(sf.trim("line") == "", _broken("blank_line", "the line is blank"))
        .when(characters > MAX_LINE_CHARACTERS, too_long)
        .when(malformed & (columns != len(SCHEMA)), miscounted)
        .when(malformed, _broken("quotes", "a double quote is not closed"))
        .otherwise(sf.coalesce(_broken_sex(), *map(_broken_measure, MEASURES), _broken_rings()))
    )


def _broken_sex() -> Column:
    known = sf.col("text.sex").isin(*SEXES)
    return _unless(known, _broken_value("sex", "sex", f"one of {', '.join(SEXES)}"))


def _broken_measure(column: str) -> Column:
    text = sf.col(f"text.{column}")
    value = text.try_cast(SCHEMA[column].dataType)
    diagnosis = (
        sf.when(
            text.isNull() | ~text.rlike(f"{NUMBER}|{NOT_FINITE}"), _broken_value(column, "number", "a number")
        )
        .when(text.rlike(NOT_FINITE), _broken_value(column, "finite", "a finite number"))
        .when(value < 0, _broken_value(column, "not_negative", "at least 0"))
        .otherwise(_broken_value(column, "finite", "a finite number"))
    )
    return _unless(text.rlike(NUMBER) & value.between(0, sys.float_info.max), diagnosis)


def _broken_rings() -> Column:
    text = sf.col(f"text.{LABEL}")
    valid = text.rlike(WHOLE_NUMBER) & (text.try_cast(SCHEMA[LABEL].dataType) >= 1)
    return _unless(valid, _broken_value(LABEL, "whole_number", "a whole number of at least 1"))


def _broken_value(column: str, rule: str, bound: str) -> Column:
    value = sf.coalesce(sf.substring(sf.col(f"text.{column}"), 1, 60), sf.lit(""))
    return _broken(rule, f"{column} is '%s', it must be {bound}", value)


def _broken(rule: str, reason: str, *values: Column) -> Column:
    return sf.struct(sf.lit(rule).alias("rule"), sf.format_string(reason, *values).alias("reason"))


def _unless(valid: Column, broken: Column) -> Column:
    return sf.when(~sf.coalesce(valid, sf.lit(False)), broken)


def kept_line() -> Column:
    """The line as it is written to ``rejected``."""
    digest = sf.sha2(sf.col("line").cast("binary"), 256)
    summary = sf.format_string(
        "%s... [%d characters, SHA-256 %s]", sf.substring("line", 1, 1000), sf.length("line"), digest
    )
    return sf.when(sf.length("line") <= MAX_KEPT_CHARACTERS, sf.col("line")).otherwise(summary)
