"""Writes a data set of images as one shard for each rank, equal to within one record.

Input: TFRecord files of ``tf.train.Example`` with ``image/encoded`` and ``image/class/label`` below
``--records``; with ``--digits`` those that scikit-learn ships.

Output, under ``--output``:

- ``train/<rank>/part-00000.tfrecord`` and on: the shards, of at least sixteen objects each, and beside them
  ``train/<rank>.manifest``, which lists them
- ``validation/`` and ``evaluation/``: records that nobody trains on
- ``sharding/metrics.json``: flat numbers; ``sharding/shards.json``: records and checksum of each object

Records are dealt out and shuffled here, by ``--seed``, since a job reads a shard as it comes. What is written
is read once more, every record by count and checksum, before the job succeeds. A data set may be larger than
memory; on disk it is there three times.
"""

import argparse
import json
import sys
from collections.abc import Sequence
from pathlib import Path

import sources
from bounds import number
from dealing import Dealt, deal
from documents import write_json
from failure import JobError, run_job
from parts import EVALUATION, TRAIN, VALIDATION, Fractions
from shards import Layout, LayoutError
from surveys import Survey, survey

OBJECT_BYTES = 64 * 2**20


def shard(
    source: sources.Source,
    output: Path,
    ranks: int,
    fractions: Fractions,
    *,
    seed: int,
    prefix: str,
    object_bytes: int = OBJECT_BYTES,
) -> dict[str, int]:
    """Runs the job and returns its metrics.

    Args:
        source: the records.
        output: the folder of all outputs.
        ranks: of the job that will read the shards.
        fractions: of the records for validation and evaluation.
        seed: of the order.
        prefix: where ``train`` will be in S3, for the manifests.
        object_bytes: of an object, about at most.

    Raises:
        JobError: a record is broken or no image, or there are too few.
    """
    found = survey(source, fractions, seed)
    counts = found.records
    try:
        layout = Layout.of(counts[TRAIN], found.content_bytes[TRAIN], ranks, object_bytes)
    except LayoutError as error:
        raise JobError(f"{error}.") from error
    dealt = deal(source, fractions, layout, output, seed)
    check(found, dealt, layout)
    for rank in range(ranks):
        names = [f"{rank}/{target.name}" for target, _ in layout.all_targets() if target.rank == rank]
        write_json(output / TRAIN / f"{rank}.manifest", [{"prefix": f"{prefix.rstrip('/')}/"}, *names])
    write_json(output / "sharding" / "shards.json", [vars(each) for each in dealt])
    metrics = {
        "records": sum(counts.values()),
        **{f"{name}_records": counts[name] for name in (TRAIN, VALIDATION, EVALUATION)},
        "shards": ranks,
        "objects_per_shard": layout.objects,
        "records_per_rank": layout.records // ranks,
        "classes": found.classes,
        "channels": found.shape[0],
        "height": found.shape[1],
        "width": found.shape[2],
        "checksum": sum(found.checksums.values()),
    }
    write_json(output / "sharding" / "metrics.json", metrics)
    return metrics


def check(found: Survey, dealt: Sequence[Dealt], layout: Layout) -> None:
    """Compares what is on disk with what came in.

    Raises:
        JobError: a record is lost, there twice or another one, which is a fault of this program.
    """
    for name in (TRAIN, VALIDATION, EVALUATION):
        objects = [each for each in dealt if each.part == name]
        there = sum(each.records for each in objects), sum(each.checksum for each in objects)
        if there != (came := (found.records[name], found.checksums[name])):
            raise JobError(f"{name} has records and checksum {there}, and {came} came in: nothing is kept.")
    for rank in range(layout.ranks):
        records = sum(each.records for each in dealt if each.part == TRAIN and each.rank == rank)
        if records != layout.records_of_rank(rank):
            raise JobError(f"The shard of rank {rank} has {records:,} records: nothing is kept.")


def main(argv: Sequence[str] | None = None) -> int:
    """Runs the job from the command line; returns the exit code."""
    parser = argparse.ArgumentParser(description="Writes images as shards, one for each rank.")
    add = parser.add_argument
    given = parser.add_mutually_exclusive_group(required=True)
    given.add_argument("--records", type=Path, help="folder of TFRecord files of images")
    given.add_argument("--digits", action="store_true", help="scikit-learn's digits")
    add("--output", type=Path, required=True, help="folder for shards and reports")
    add("--prefix", required=True, help="where train will be in S3, for the manifests")
    add("--ranks", type=number(int, 1, 1024), required=True, help="shards to make")
    add("--validation-fraction", type=number(float, 0, 0.5, above=True), default=0.1)
    add("--evaluation-fraction", type=number(float, 0, 0.5, above=True), default=0.1)
    add("--seed", type=number(int, 0, 2**31 - 1), default=42)
    args = parser.parse_args(argv)
    fractions = Fractions(args.validation_fraction, args.evaluation_fraction)

    def work() -> None:
        source = sources.digits if args.digits else sources.folder(args.records)
        metrics = shard(source, args.output, args.ranks, fractions, seed=args.seed, prefix=args.prefix)
        print(json.dumps(metrics))

    return run_job(work)


if __name__ == "__main__":
    sys.exit(main())
