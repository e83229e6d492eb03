"""One rank and two: what a step takes, and how much of it is reducing gradients and waiting for the other.

Horovod over Gloo on the digits that scikit-learn ships, enlarged: ``--pixels`` sets how much there is to
compute in a step, the gradients stay as large. Each rank has a core and the same batch, so two ranks take
half the steps. Of each training the first epoch is left out.

step_ms
    Wall clock of an epoch by its steps, reading and decoding included.
waiting
    Share of an epoch in ``synchronize``: allreduce, and waiting for the rank that is later.
images_per_s
    Of all ranks.
efficiency
    Images per second of a rank, by those of a rank that is alone.
"""

import json
import math
import statistics
import tempfile
from pathlib import Path

from bench.horovod_rig.trainings import BUCKET, Trainings, code, in_image, trainings
from bench.reporting import Row, parser, report
from include.bundles import JOBS
from include.horovod import HorovodData, HorovodTraining
from include.sagemaker import Instances

RIG = Path(__file__).with_name("horovod_rig")
RANKS = (1, 2)
EPOCHS = 4
BATCH = 32


def shards(rig: Trainings, records: Path, ranks: int, folder: Path) -> dict[str, int]:
    """Shards of the images in S3; what the sharding measured."""
    script = JOBS / "horovod_training" / "shard.py"
    prefix = f"s3://{BUCKET}/{folder.name}/train"
    in_image(script, "--records", records, "--output", folder, "--prefix", prefix, "--ranks", str(ranks))
    for file in (path for path in folder.rglob("*") if path.is_file()):
        rig.s3.upload_file(str(file), BUCKET, f"{folder.name}/{file.relative_to(folder).as_posix()}")
    return dict(json.loads((folder / "sharding" / "metrics.json").read_text()))


def train(rig: Trainings, name: str, ranks: int, prefix: str, facts: dict[str, int]) -> dict[str, float]:
    """The figures of one training."""
    base = f"s3://{BUCKET}/{prefix}"
    training = HorovodTraining(
        image="horovod",
        instances=Instances("ml.m5.xlarge"),
        ranks=ranks,
        data=HorovodData(f"{base}/train", f"{base}/validation", f"{base}/evaluation"),
        records=facts["train_records"],
        epochs=EPOCHS,
        records_per_second=1.0,
        code=code(RIG / "one_core.py"),
        program="one_core.py",
        output=f"s3://{BUCKET}/models",
        hyperparameters={
            "batch_size": BATCH,
            "records": facts["train_records"],
            "objects_per_shard": facts["objects_per_shard"],
            "image_channels": facts["channels"],
            "classes": facts["classes"],
        },
    )
    rig.run(name, training)
    history = rig.left(training.output, name, "history.json")[1:]
    seconds = statistics.median(epoch["seconds"] for epoch in history)
    steps = math.ceil(math.ceil(facts["train_records"] / ranks) / BATCH)
    return {
        "step_ms": 1000 * seconds / steps,
        "waiting": statistics.median(epoch["waiting_seconds"] / epoch["seconds"] for epoch in history),
        "images_per_s": facts["train_records"] / seconds,
    }


def measure(rig: Trainings, scratch: Path, pixels: int, rounds: int) -> list[Row]:
    """One rank and two, in turns; medians."""
    records = scratch / f"digits-{pixels}"
    records.mkdir()
    in_image(RIG / "enlarge.py", records / "digits.tfrecord", str(pixels))
    facts = {ranks: shards(rig, records, ranks, scratch / f"shards-{pixels}-{ranks}") for ranks in RANKS}
    found: dict[int, list[dict[str, float]]] = {ranks: [] for ranks in RANKS}
    for number in range(rounds):
        for ranks in RANKS:
            name = f"pixels-{pixels}-ranks-{ranks}-{number}"
            found[ranks].append(train(rig, name, ranks, f"shards-{pixels}-{ranks}", facts[ranks]))
    median = {
        ranks: {name: statistics.median(each[name] for each in figures) for name in figures[0]}
        for ranks, figures in found.items()
    }
    alone = median[1]["images_per_s"]
    return [
        {
            "images": f"{pixels} x {pixels}",
            "ranks": str(ranks),
            **values,
            "efficiency": values["images_per_s"] / ranks / alone,
        }
        for ranks, values in median.items()
    ]


def main() -> None:
    """Trains with one rank and with two and prints the table."""
    arguments = parser(__doc__ or "", rounds=3)
    arguments.add_argument(
        "--pixels", type=int, nargs="+", default=[8, 64], help="width and height (%(default)s)"
    )
    options = arguments.parse_args()
    with tempfile.TemporaryDirectory(prefix="scaling-") as made, trainings(Path(made)) as rig:
        rows = [row for pixels in options.pixels for row in measure(rig, Path(made), pixels, options.rounds)]
    report("One rank and two", rows, options.json)


if __name__ == "__main__":
    main()
