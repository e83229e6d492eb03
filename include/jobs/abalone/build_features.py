"""Turns raw abalone measurements into training and validation features with Spark.

Input: a folder of headerless CSV files (UTF-8 text, or gzip named ``.gz``), one abalone a line: sex,
length, diameter, height, whole, shucked, viscera and shell weight, rings. Either line ending will do, so
will a byte order mark, blanks around a value, and double quotes. A blank line is a malformed row. As
everywhere in Spark and Hadoop, files whose names start with ``_`` or ``.`` are not data.

Output, under ``--output``:

- ``csv/train``, ``csv/validation``: no header, ``rings`` first, then the features in the order of FEATURES
- ``parquet/train``, ``parquet/validation``: the same columns, named
- ``rejected``: every line that is not an abalone, as JSON with its file and the reason; none is dropped
- ``encoder/encoder.json``: what the columns mean, for whoever asks the model for a prediction
- ``metrics/metrics.json``: flat numbers; ``rows_in == rows_train + rows_validation + rows_rejected``

The same rows and seed give the same bytes, in whatever files, order or partitions the rows come.
This job rejects what cannot be read as an abalone; ``check_features.py`` judges what can.
"""

import argparse
import json
import os
import re
import sys
from collections import Counter
from collections.abc import Sequence
from pathlib import Path
from shutil import rmtree

from pyspark.ml import Pipeline
from pyspark.ml.feature import OneHotEncoder, StringIndexer, VectorAssembler
from pyspark.ml.functions import vector_to_array
from pyspark.sql import Column, DataFrame, Row, SparkSession
from pyspark.sql import functions as sf
from pyspark.sql.types import DoubleType, IntegerType, StringType, StructField, StructType

SEXES = ("F", "I", "M")
SIZES = ("length", "diameter", "height")
WEIGHTS = ("whole_weight", "shucked_weight", "viscera_weight", "shell_weight")
MEASURES = (*SIZES, *WEIGHTS)
LABEL = "rings"
SCHEMA = StructType(
    [
        StructField("sex", StringType()),
        *(StructField(measure, DoubleType()) for measure in MEASURES),
        StructField(LABEL, IntegerType()),
    ]
)
FEATURES = (*(f"sex_{sex}" for sex in SEXES), *MEASURES)
SPLITS = ("train", "validation")
OUTPUTS = ("csv", "parquet", "rejected", "encoder", "metrics")

# Java would also read 0.5d, 0x1p3 and Infinity as numbers.
NUMBER = r"^[+-]?([0-9]+\.?[0-9]*|\.[0-9]+)([eE][+-]?[0-9]+)?$"
NOT_FINITE = r"^[+-]?(?i:nan|inf|infinity)$"
WHOLE_NUMBER = r"^[0-9]+$"
MAX_LINE_CHARACTERS = 10_000
"""Longer lines are rejected unparsed: Spark's CSV parser fails the job beyond 20,480 columns."""
MAX_KEPT_CHARACTERS = 1_000_000
"""A rejected line is kept in full up to here, and beyond as its beginning, length and SHA-256."""
ROWS_PER_FILE = 500_000
DRAWS = 1_000_000
"""Resolution of the train fraction."""

SIGNATURES = {
    b"\x1f\x8b": "gzip",
    b"\xff\xfe": "UTF-16 text",
    b"\xfe\xff": "UTF-16 text",
    b"PK\x03\x04": "a zip archive or a spreadsheet",
    b"PAR1": "Parquet",
    b"BZh": "bzip2",
    b"\xfd7zXZ": "xz",
    b"\x28\xb5\x2f\xfd": "zstandard",
    b"%PDF": "PDF",
}
CODEC_SUFFIXES = {".bz2", ".deflate", ".lz4", ".snappy", ".xz", ".zst"}


class InputError(Exception):
    """The input as a whole cannot become features. The message is one sentence for the user."""


# --- files in ------------------------------------------------------------------------------------------


def check_files(folder: Path) -> None:
    """Looks at the size and the first bytes of every data file, before Spark does.

    Raises:
        InputError: there is no file, all are empty, or one is not text.
    """
    files = [path for path in sorted(folder.rglob("*")) if path.is_file() and is_data(path, folder)]
    if not files:
        raise InputError("The input holds no file: give the URI of a CSV file or of a folder of CSV files.")
    if not any(path.stat().st_size for path in files):
        raise InputError(f"The input is empty: {files[0].name!r} has 0 bytes, at least one row is needed.")
    for path in files:
        with path.open("rb") as stream:
            check_is_text(path.name, stream.read(65_536))


def is_data(path: Path, folder: Path) -> bool:
    """Whether Spark would read this file of ``folder``."""
    return not any(part.startswith((".", "_")) for part in path.relative_to(folder).parts)


def check_is_text(name: str, head: bytes) -> None:
    """Refuses what Spark would read as garbage.

    Raises:
        InputError: the first bytes are those of a binary or UTF-16 file, or contradict the name.
    """
    suffix = Path(name).suffix.lower()
    found = next((kind for magic, kind in SIGNATURES.items() if head.startswith(magic)), None)
    if suffix in CODEC_SUFFIXES:
        raise InputError(f"{name!r} is named {suffix}: give CSV as plain text, or as gzip named .csv.gz.")
    if suffix == ".gz":
        if head and found != "gzip":
            raise InputError(f"{name!r} is named .gz but is not gzip: name it .csv, or compress it.")
    elif found == "gzip":
        raise InputError(f"{name!r} is gzip: name it .csv.gz, or decompress it.")
    elif found:
        raise InputError(f"{name!r} is {found}: CSV in UTF-8 is needed.")
    elif b"\0" in head:
        raise InputError(f"{name!r} is binary or UTF-16 (it has NUL bytes): CSV in UTF-8 is needed.")


def spark_path(path: Path) -> str:
    """A local path as Spark takes it: with its scheme, and not as a glob pattern."""
    return "file://" + re.sub(r"([\\{}\[\]*?])", r"\\\1", str(path.resolve()))


# --- rows ----------------------------------------------------------------------------------------------


def read_rows(spark: SparkSession, folder: Path) -> DataFrame:
    """One row for each input line: the columns of SCHEMA, and ``rejection``, null for an abalone.

    ``rejection`` has the file, the line, the rule that it broke and the reason. The other columns of a
    rejected row mean nothing.
    """
    source = spark.read.option("recursiveFileLookup", True).text(spark_path(folder))
    lines = source.select(
        sf.regexp_replace("value", "^\ufeff", "").alias("line"), sf.col("_metadata.file_name").alias("file")
    )
    parsable = sf.when(sf.length("line") <= MAX_LINE_CHARACTERS, sf.col("line"))
    texts = lines.withColumn("text", sf.from_csv(parsable, *_text_format()))
    values = [sf.col("text")[field.name].try_cast(field.dataType).alias(field.name) for field in SCHEMA]
    judged = texts.select(*values, "file", "line", broken_rule().alias("broken"))
    rejection = sf.struct("file", kept_line().alias("line"), "broken.rule", "broken.reason")
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


# --- features ------------------------------------------------------------------------------------------


def with_split(rows: DataFrame, seed: int, train_fraction: float) -> DataFrame:
    """Adds ``draw``, a hash of the row's values and the seed, and ``split``, the side that puts it on.

    Unlike ``randomSplit`` the draw knows nothing of partitions, files or order, and two identical rows
    land on one side, so no validation row has been seen in training. The fraction is met on average.
    """
    to_train = sf.pmod("draw", sf.lit(DRAWS)) < round(train_fraction * DRAWS)
    side = sf.when(to_train, sf.lit("train")).otherwise("validation")
    drawn = rows.withColumn("draw", sf.xxhash64(sf.lit(seed), *SCHEMA.names))
    return drawn.withColumn("split", sf.when(sf.col("rejection").isNull(), side))


def encode(rows: DataFrame) -> DataFrame:
    """The label and FEATURES as numbers, beside ``split`` and ``draw``.

    The encoder is fitted to the domain of ``sex``, not to the day's rows: a day without infants has the
    same columns as any other, or its model and the champion could not be compared. ``dropLast`` is off:
    trees have no use for a reference category, and one column for each sex can be checked and read.
    ``handleInvalid`` is "error": other sexes have been rejected, so one here is a defect.
    """
    order, invalid = "alphabetAsc", "error"
    indexer = StringIndexer(
        inputCol="sex", outputCol="sex_index", stringOrderType=order, handleInvalid=invalid
    )
    encoder = OneHotEncoder(
        inputCol="sex_index", outputCol="sex_vector", dropLast=False, handleInvalid=invalid
    )
    assembler = VectorAssembler(
        inputCols=["sex_vector", *MEASURES], outputCol="vector", handleInvalid=invalid
    )
    domain = rows.sparkSession.range(1).select(sf.explode(sf.array(*map(sf.lit, SEXES))).alias("sex"))
    model = Pipeline(stages=[indexer, encoder, assembler]).fit(domain)
    vectors = model.transform(rows).withColumn("features", vector_to_array("vector"))
    features = [sf.col("features")[index].alias(name) for index, name in enumerate(FEATURES)]
    return vectors.select("split", "draw", LABEL, *features)


def arranged(rows: DataFrame, count: int, *order: str) -> DataFrame:
    """``rows`` in files of about ROWS_PER_FILE, the same ones in the same order each time."""
    files = max(1, -(-count // ROWS_PER_FILE))
    return rows.repartition(files, *order).sortWithinPartitions(*order)


# --- files out -----------------------------------------------------------------------------------------


def write_features(features: DataFrame, rows: int, output: Path) -> None:
    """Writes both splits as CSV and as Parquet, each format in one pass, in the order of the draw."""
    ready = arranged(features, rows, "split", "draw", LABEL, *FEATURES).drop("draw").persist()
    for form in ("csv", "parquet"):
        folder = output / form
        ready.write.partitionBy("split").mode("append").format(form).save(spark_path(folder))
        for split in SPLITS:
            (folder / f"split={split}").rename(folder / split)
            tidy(folder / split)
        tidy(folder)


def write_rejected(rows: DataFrame, count: int, folder: Path) -> None:
    """Writes the rejected lines as JSON, if there are any."""
    if count:
        rejected = rows.where(sf.col("rejection").isNotNull()).select("rejection.*")
        ordered = arranged(rejected, count, "file", "line", "rule", "reason")
        ordered.write.mode("append").json(spark_path(folder))
        tidy(folder)


def tidy(folder: Path) -> None:
    """Leaves only data in ``folder``, under names that are the same each time.

    Spark names files after a random UUID and adds checksums and a marker, which whoever reads the folder
    as a training channel would take for rows.
    """
    for path in sorted(folder.iterdir()):
        if path.name.startswith((".", "_")):
            path.unlink()
        elif part := re.fullmatch(r"(part-\d+)-[0-9a-f-]{36}[.-]c\d+(\..+)", path.name):
            path.rename(folder / (part[1] + part[2]))


def empty(folder: Path) -> None:
    """Makes ``folder``, or removes what a former attempt left in it; not itself, it may be a mount."""
    folder.mkdir(parents=True, exist_ok=True)
    for path in folder.iterdir():
        if path.is_dir():
            rmtree(path)
        else:
            path.unlink()


# --- the job -------------------------------------------------------------------------------------------


def counted(rows: DataFrame) -> list[Row]:
    """Counts by split and rule, the mean of the label, and one reason as an example: one Spark action."""
    groups = rows.groupBy("split", sf.col("rejection.rule").alias("rule"))
    example = sf.min("rejection.reason").alias("example")
    return list(groups.agg(sf.count("*").alias("rows"), sf.avg(LABEL).alias("mean"), example).collect())


def metrics(groups: Sequence[Row]) -> dict[str, float]:
    """Flat numbers from ``counted``.

    Raises:
        InputError: there is no row, none is accepted, or a split is empty.
    """
    splits = {group["split"]: group for group in groups if group["split"]}
    rejected = Counter({group["rule"]: group["rows"] for group in groups if group["rule"]})
    accepted = sum(group["rows"] for group in splits.values())
    total = accepted + rejected.total()
    if not total:
        raise InputError("The input is empty: it has 0 rows, at least one is needed.")
    if not accepted:
        rule, _ = rejected.most_common(1)[0]
        example = next(group["example"] for group in groups if group["rule"] == rule)
        raise InputError(f"All {total} rows are rejected, most of them like this one: {example}.")
    for split in SPLITS:
        if split not in splits:
            raise InputError(
                f"The {split} split has 0 of {accepted} accepted rows, at least 1 is needed: "
                "give more rows, another seed or another train fraction."
            )
    return {
        "rows_in": total,
        "rows_rejected": rejected.total(),
        "rejected_fraction": rejected.total() / total,
        **{f"rejected_{rule}": count for rule, count in sorted(rejected.items())},
        **{f"rows_{split}": splits[split]["rows"] for split in SPLITS},
        **{f"rings_mean_{split}": splits[split]["mean"] for split in SPLITS},
    }


def build_features(
    spark: SparkSession, source: Path, output: Path, *, seed: int, train_fraction: float
) -> dict[str, float]:
    """Runs the job and returns its metrics.

    Raises:
        InputError: the input as a whole cannot become features; rejected rows have been written by then.
    """
    check_files(source)
    for name in OUTPUTS:
        empty(output / name)
    rows = with_split(read_rows(spark, source), seed, train_fraction).persist()
    groups = counted(rows)
    write_rejected(rows, sum(group["rows"] for group in groups if group["rule"]), output / "rejected")
    numbers = metrics(groups)
    accepted = encode(rows.where(sf.col("rejection").isNull()))
    write_features(accepted, int(numbers["rows_in"] - numbers["rows_rejected"]), output)
    meaning = {"label": LABEL, "sexes": SEXES, "features": FEATURES}
    (output / "encoder" / "encoder.json").write_text(json.dumps(meaning, indent=2) + "\n")
    (output / "metrics" / "metrics.json").write_text(json.dumps(numbers, indent=2) + "\n")
    return numbers


def fraction(text: str) -> float:
    """A number between 0 and 1, both excluded."""
    if not 0 < (value := float(text)) < 1:
        raise argparse.ArgumentTypeError(f"{text} is not between 0 and 1")
    return value


def report_failure(sentence: str) -> None:
    """Leaves the sentence where SageMaker Processing looks for the job's exit message."""
    path = Path(os.environ.get("SAGEMAKER_BASE_DIR", "/opt/ml")) / "output" / "message"
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text(sentence)
    print(f"ERROR: {sentence}", file=sys.stderr)


def session() -> SparkSession:
    """Spark, set up for expressions as large as those of ``broken_rule``.

    The JVM never compiles methods of more than 8,000 bytes: below that limit Spark splits the code that
    it generates, and 4 million rows are parsed in a third of the time.
    """
    builder = SparkSession.builder.appName("abalone: build features")
    return builder.config("spark.sql.codegen.hugeMethodLimit", 8000).getOrCreate()


def main(argv: Sequence[str] | None = None) -> int:
    """Runs the job from the command line; returns the exit code."""
    parser = argparse.ArgumentParser(description="Abalone measurements to features, with Spark.")
    parser.add_argument("--input", type=Path, required=True, help="folder of CSV files")
    parser.add_argument("--output", type=Path, required=True, help="folder to write; its old outputs go")
    parser.add_argument("--seed", type=int, default=42, help="another seed draws another split")
    parser.add_argument("--train-fraction", type=fraction, default=0.8, help="share of rows to train on")
    args = parser.parse_args(argv)
    try:
        numbers = build_features(
            session(), args.input, args.output, seed=args.seed, train_fraction=args.train_fraction
        )
    except InputError as error:
        report_failure(str(error))
        return 1
    print(json.dumps(numbers))
    return 0


if __name__ == "__main__":
    sys.exit(main())
