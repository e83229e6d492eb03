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
In a Parquet footer only the order of a column's encodings may differ, from one JVM to the next.
This job rejects what cannot be read as an abalone; ``check_features.py`` judges what can.
"""

import argparse
import json
import sys
from collections import Counter
from collections.abc import Sequence
from pathlib import Path

from pyspark.sql import DataFrame, Row, SparkSession
from pyspark.sql import functions as sf

from columns import FEATURES, LABEL, SEXES, SPLITS
from failure import report_failure
from feature_files import write_features, write_rejected
from features import encode, with_split
from input_files import InputError, check_files
from rows import read_rows
from spark_files import empty

OUTPUTS = ("csv", "parquet", "rejected", "encoder", "metrics")


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
