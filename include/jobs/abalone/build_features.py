"""Turns raw abalone measurements into training and validation features with Spark.

Input: every object whose key begins with ``--input``, a headerless CSV file (UTF-8 text, or gzip named
``.gz``), one abalone a line: sex, length, diameter, height, whole, shucked, viscera and shell weight, rings.
Either line ending will do, so will a byte order mark, blanks around a value, and double quotes. A blank line
is a malformed row. As everywhere in Spark and Hadoop, files whose names start with ``_`` or ``.`` are not
data.

Output, as objects below ``--output``:

- ``csv/train``, ``csv/validation``: no header, ``rings`` first, then the features in the order of FEATURES
- ``parquet/train``, ``parquet/validation``: the same columns, named
- ``rejected``: every line that is not an abalone, as JSON with its file and the reason; none is dropped
- ``_SUCCESS``: last of all, when everything else is there

and as files below ``--report``, small and from one host:

- ``encoder/encoder.json``: what the columns mean, for whoever asks the model for a prediction
- ``metrics/metrics.json``: flat numbers; ``rows_in == rows_train + rows_validation + rows_rejected``

The same rows and seed give the same bytes, in whatever files, order or partitions the rows come, and on
however many hosts. In a Parquet footer only the order of a column's encodings may differ, from one JVM to the
next. This job rejects what cannot be read as an abalone; ``check_features.py`` judges what can.
"""

import argparse
import json
import sys
from collections import Counter
from collections.abc import Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from pathlib import Path

from pyspark.sql import DataFrame, Row, SparkSession
from pyspark.sql import functions as sf

import completion
from columns import FEATURES, LABEL, SEXES, SPLITS
from failure import JobError, run_job
from feature_files import write_features, write_rejected
from features import encode, with_split
from input_files import data_files
from objects import Location, LocationError
from rows import read_rows

OUTPUTS = ("csv", "parquet", "rejected", "encoder", "metrics")
"""Folders below ``--output`` that are this job's own; a new attempt begins by emptying them."""


@dataclass(frozen=True)
class Split:
    """How rows are drawn for training."""

    seed: int
    train_fraction: float


def counted(rows: DataFrame) -> list[Row]:
    """Counts by split and rule, the mean of the label, and one reason as an example: one Spark action."""
    groups = rows.groupBy("split", sf.col("rejection.rule").alias("rule"))
    example = sf.min("rejection.reason").alias("example")
    return list(groups.agg(sf.count("*").alias("rows"), sf.avg(LABEL).alias("mean"), example).collect())


def metrics(groups: Sequence[Row]) -> dict[str, float]:
    """Flat numbers from ``counted``.

    Raises:
        JobError: there is no row, none is accepted, or a split is empty.
    """
    splits = {group["split"]: group for group in groups if group["split"]}
    rejected = Counter({group["rule"]: group["rows"] for group in groups if group["rule"]})
    accepted = sum(group["rows"] for group in splits.values())
    total = accepted + rejected.total()
    if not total:
        raise JobError("The input is empty: it has 0 rows, at least one is needed.")
    if not accepted:
        rule, _ = rejected.most_common(1)[0]
        example = next(group["example"] for group in groups if group["rule"] == rule)
        raise JobError(f"All {total} rows are rejected, most of them like this one: {example}.")
    for split in SPLITS:
        if split not in splits:
            raise JobError(
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
    spark: SparkSession, files: Sequence[Location], output: Location, split: Split, kms_key: str | None = None
) -> dict[str, float]:
    """Reads the files and writes all but the report; returns the metrics.

    Raises:
        JobError: the input as a whole cannot become features; rejected rows have been written by then.
    """
    rows = with_split(read_rows(spark, files), split.seed, split.train_fraction).persist()
    groups = counted(rows)
    write_rejected(rows, sum(group["rows"] for group in groups if group["rule"]), output, kms_key)
    numbers = metrics(groups)
    accepted = encode(rows.where(sf.col("rejection").isNull()))
    write_features(accepted, int(numbers["rows_in"] - numbers["rows_rejected"]), output, kms_key)
    return numbers


def prepare(source: Location, output: Location) -> list[Location]:
    """Empties the output's folders; the input's files, looked at.

    Raises:
        JobError: the input cannot become features, or it lies where the output goes.
    """
    for name in (*OUTPUTS, completion.STAGING):
        emptied = str(output.child(f"{name}/"))
        if str(source).startswith(emptied) or emptied.startswith(str(source)):
            raise JobError(f"The input {source} overlaps with the output {emptied}, which is emptied first.")
    completion.prepare(output, OUTPUTS)
    return data_files(source)


def write_report(folder: Path, numbers: dict[str, float]) -> None:
    """Writes the encoder's description and the metrics."""
    meaning = {"label": LABEL, "sexes": SEXES, "features": FEATURES}
    for name, content in (("encoder", meaning), ("metrics", numbers)):
        (folder / name).mkdir(parents=True, exist_ok=True)
        (folder / name / f"{name}.json").write_text(json.dumps(content, indent=2) + "\n")


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


def location(text: str) -> Location:
    """An S3 URI."""
    try:
        return Location.parse(text)
    except LocationError as error:
        raise argparse.ArgumentTypeError(str(error)) from error


def folder(text: str) -> Location:
    """An S3 URI with a key."""
    found = location(text)
    if not found.key.strip("/"):
        raise argparse.ArgumentTypeError(f"{text} is a whole bucket: give s3://bucket/key")
    return found


def run(args: argparse.Namespace) -> None:
    """Builds the features, and ends with the marker that says that they are whole.

    Raises:
        JobError: the input cannot become features.
    """
    with ThreadPoolExecutor(1) as pool:
        starting = pool.submit(session)  # Java takes seconds: the files are looked at meanwhile.
        files = prepare(args.input, args.output)
    split = Split(args.seed, args.train_fraction)
    numbers = build_features(starting.result(), files, args.output, split, args.kms_key)
    write_report(args.report, numbers)
    completion.finish(args.output, args.kms_key)
    print(json.dumps(numbers))


def main(argv: Sequence[str] | None = None) -> int:
    """Runs the job from the command line; returns the exit code."""
    parser = argparse.ArgumentParser(description="Abalone measurements to features, with Spark.")
    parser.add_argument(
        "--input", type=location, required=True, help="S3 URI of CSV files, or what begins it"
    )
    parser.add_argument("--output", type=folder, required=True, help="S3 URI to write; its old outputs go")
    parser.add_argument("--report", type=Path, required=True, help="folder for what is small")
    parser.add_argument(
        "--kms-key", help="encrypts the output; without it the bucket's own encryption counts"
    )
    parser.add_argument("--seed", type=int, default=42, help="another seed draws another split")
    parser.add_argument("--train-fraction", type=fraction, default=0.8, help="share of rows to train on")
    args = parser.parse_args(argv)
    return run_job(lambda: run(args))


if __name__ == "__main__":
    sys.exit(main())
