"""Pipe mode against File mode: when the first batch is there, and what it takes on disk.

A training reads a shard of TFRecord, through a named pipe or from files that were copied first, from the same
S3. And what the writer of a pipe manages, against ``cat`` of the same bytes into a pipe, in turns.

first_batch_s
    From ``CreateTrainingJob`` to 32 records of 128 KiB in the script, the start of the job included.
read_s
    From there to the last record, every checksum compared.
peak_disk_mib
    The most that the job has had on disk, its input included; S3's own files are not.
mib_per_s
    Of the writer, from the start of the reader, ``cat``, to its end.
"""

import os
import statistics
import subprocess
import tempfile
import time
from contextlib import suppress
from pathlib import Path

from bench.horovod_rig.trainings import BUCKET, Trainings, code, in_image, trainings
from bench.reporting import Row, parser, report
from include.horovod import HorovodData, HorovodTraining, Mode
from include.sagemaker import Instances
from local.aws.runtime.epochs import Epochs
from local.aws.runtime.pipes import PipeFeeder
from local.aws.runtime.transfer import S3Uri, objects

RIG = Path(__file__).with_name("horovod_rig")
MIB = 1 << 20
OBJECT_MIB = 64
BLOCK_BYTES = 512
"""What `st_blocks` counts in."""
WRITER_MIB = 1024
WAYS: tuple[Mode, ...] = ("Pipe", "File")


def disk(folder: Path) -> int:
    """Bytes on disk below a folder; files may come and go meanwhile."""
    total = 0
    for parent, _, names in os.walk(folder):
        for name in names:
            with suppress(FileNotFoundError):
                total += (Path(parent) / name).lstat().st_blocks * BLOCK_BYTES
    return total


def upload(rig: Trainings, file: Path, gigabytes: int) -> str:
    """Puts objects with the same content under a prefix for so many GiB; the prefix."""
    prefix = f"shards/{gigabytes}"
    for number in range(gigabytes * 1024 // OBJECT_MIB):
        rig.s3.upload_file(str(file), BUCKET, f"{prefix}/train/0/part-{number:05}.tfrecord")
    rig.s3.put_object(Bucket=BUCKET, Key=f"{prefix}/validation/none.tfrecord", Body=b"")
    return f"s3://{BUCKET}/{prefix}"


def training(prefix: str, mode: Mode) -> HorovodTraining:
    """One rank that reads."""
    script = RIG / "read_records.py"
    return HorovodTraining(
        image="horovod",
        instances=Instances("ml.m5.xlarge"),
        ranks=1,
        data=HorovodData(f"{prefix}/train", f"{prefix}/validation", mode=mode),
        records=1,
        epochs=1,
        records_per_second=1.0,
        code=code(script),
        output=f"s3://{BUCKET}/models",
        program=script.name,
    )


def read(rig: Trainings, name: str, prefix: str, mode: Mode, size: int) -> dict[str, float]:
    """The figures of one training on about so many bytes. Raises `SystemExit` if it read fewer."""
    peak = 0

    def look() -> None:
        nonlocal peak
        peak = max(peak, disk(rig.folder(name)))

    wanted = training(prefix, mode)
    asked = rig.run(name, wanted, look)
    times = rig.left(wanted.output, name, "times.json", "output")
    if times["bytes"] < 0.99 * size:
        raise SystemExit(f"{name} has read {times['bytes']:,} bytes of {size:,}")
    return {
        "first_batch_s": times["first_batch"] - asked,
        "read_s": times["read"] - times["first_batch"],
        "peak_disk_mib": peak / MIB,
    }


def by_feeder(rig: Trainings, prefix: str, folder: Path) -> float:
    """MiB per second of the writer of a pipe."""
    items = objects(rig.s3, S3Uri.parse(f"{prefix}/train/0/"))
    feeder = PipeFeeder(folder, "train", Epochs(rig.s3, items), print, patience=60)
    feeder.start()
    try:
        return through(folder / "train_0", sum(item.size for item in items))
    finally:
        feeder.close()


def by_cat(file: Path, count: int, folder: Path) -> float:
    """MiB per second of ``cat`` of a file, so many times."""
    pipe = folder / "cat"
    os.mkfifo(pipe)
    command = ["sh", "-c", f'exec cat {" ".join(["$0"] * count)} > "$1"', str(file), str(pipe)]
    with subprocess.Popen(command) as writer:
        rate = through(pipe, file.stat().st_size * count)
        writer.wait()
    pipe.unlink()
    return rate


def through(pipe: Path, count: int) -> float:
    """MiB per second of so many bytes that come through a pipe."""
    started = time.perf_counter()
    subprocess.run(["sh", "-c", 'exec cat "$0" > /dev/null', str(pipe)], check=True)
    return count / MIB / (time.perf_counter() - started)


def modes(rig: Trainings, file: Path, sizes: list[int], rounds: int) -> list[Row]:
    """Both modes, in turns, for each size; medians."""
    rows: list[Row] = []
    for gigabytes in sizes:
        prefix = upload(rig, file, gigabytes)
        found: dict[Mode, list[dict[str, float]]] = {mode: [] for mode in WAYS}
        for number in range(rounds):
            for mode in WAYS:
                name = f"{mode.lower()}-{gigabytes}-{number}"
                found[mode].append(read(rig, name, prefix, mode, gigabytes << 30))
        median = {
            mode: {name: statistics.median(each[name] for each in figures) for name in figures[0]}
            for mode, figures in found.items()
        }
        ratio = {name: median["File"][name] / median["Pipe"][name] for name in median["Pipe"]}
        rows += [{"GiB": str(gigabytes), "mode": mode, **values} for mode, values in median.items()]
        rows.append({"GiB": str(gigabytes), "mode": "File / Pipe", **ratio})
    return rows


def writers(rig: Trainings, file: Path, scratch: Path, rounds: int) -> list[Row]:
    """The pipe's writer and ``cat``, in turns; medians."""
    count = WRITER_MIB // OBJECT_MIB
    prefix = upload(rig, file, WRITER_MIB // 1024)
    found: dict[str, list[float]] = {"pipe": [], "cat": []}
    for number in range(rounds):
        folder = scratch / f"pipes-{number}"
        folder.mkdir()
        found["pipe"].append(by_feeder(rig, prefix, folder))
        found["cat"].append(by_cat(file, count, folder))
    median = {name: statistics.median(rates) for name, rates in found.items()}
    rows: list[Row] = [{"writer": name, "mib_per_s": rate} for name, rate in median.items()]
    return [*rows, {"writer": "pipe / cat", "mib_per_s": median["pipe"] / median["cat"]}]


def main() -> None:
    """Writes a shard, reads it both ways and prints two tables."""
    arguments = parser(__doc__ or "", rounds=3)
    arguments.add_argument(
        "--gigabytes", type=int, nargs="+", default=[1, 2], help="sizes of the shard (%(default)s)"
    )
    options = arguments.parse_args()
    with tempfile.TemporaryDirectory(prefix="pipe-mode-") as made, trainings(Path(made)) as rig:
        scratch = Path(made)
        file = scratch / "part.tfrecord"
        in_image(RIG / "write_records.py", file, str(OBJECT_MIB))
        report("The writer of a pipe", writers(rig, file, scratch, options.rounds), None)
        report("Pipe and File mode", modes(rig, file, options.gigabytes, options.rounds), options.json)


if __name__ == "__main__":
    main()
