"""Spark's abalone step against the article's own way: an RDD of CSV lines saved as text.

Both read the same rows from S3 and write to S3, take turns in one run, have the same Spark, memory and cores,
and start from nothing. Ours also checks every value, keeps rejected rows with a reason, writes Parquet beside
the CSV and gives the same files each time. Memory is the peak of all processes of the step together, with
shared pages counted once (PSS).
"""

import os
import statistics
import subprocess
import tempfile
import time
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

import boto3
import psutil

from bench.abalone_spark_rig import rows
from bench.reporting import Row, parser, report
from bench.waiting_rig.usage import usage
from local.aws.runtime.images import ImageStore
from local.aws.server import LocalAws

REPOSITORY = Path(__file__).resolve().parents[1]
SOURCES = REPOSITORY / "include" / "images"
IMAGES = Path(os.environ.get("MILLRACE_HOME", REPOSITORY / ".millrace")) / "images"
OURS = REPOSITORY / "include" / "jobs" / "abalone" / "build_features.py"
THEIRS = Path(rows.__file__).with_name("csv_lines.py")
BUCKET = "bench"
INPUT = f"s3://{BUCKET}/in/"
SAMPLING_SECONDS = 0.2
KEY = {"AWS_ACCESS_KEY_ID": "bench", "AWS_SECRET_ACCESS_KEY": "bench", "AWS_DEFAULT_REGION": "us-east-1"}


@dataclass(frozen=True)
class Figures:
    """Of one run of a step: wall clock, processor time of all its processes, peak memory in MiB."""

    seconds: float
    cpu_seconds: float
    peak_mib: float


def measure(command: Sequence[str], endpoint_url: str, base: Path) -> Figures:
    """Runs ``smspark-submit`` with a script as the local AWS does. Raises `SystemExit` if it fails."""
    store = ImageStore(IMAGES)
    python = store.ensure(store.resolve("spark")) / "bin" / "python"
    environment = {
        **{
            name: os.environ[name]
            for name in ("PATH", "JAVA_HOME", "MILLRACE_SPARK_MEMORY")
            if name in os.environ
        },
        **KEY,
        "AWS_ENDPOINT_URL": endpoint_url,
        "PYTHONPATH": f"{SOURCES}{os.pathsep}{OURS.parents[1] / 'shared'}",
        "SAGEMAKER_BASE_DIR": str(base),
        "TMPDIR": str(base.parent),
    }
    submit = [str(python), str(SOURCES / "spark" / "bin" / "smspark-submit"), *command]
    return watched(submit, environment, base.parent / "log")


def watched(command: Sequence[str], environment: Mapping[str, str], log_file: Path) -> Figures:
    """Runs a command to its end. Raises `SystemExit` if it fails."""
    started = time.monotonic()
    with log_file.open("w+") as log:
        process = subprocess.Popen(command, env=environment, stdout=log, stderr=subprocess.STDOUT)
        tree, cpu, peak = psutil.Process(process.pid), 0.0, 0.0
        while process.poll() is None:
            now = usage(tree)
            # A process that has ended no longer counts: the most that was seen is what is known.
            cpu, peak = max(cpu, now.cpu_seconds), max(peak, now.memory_mib)
            time.sleep(SAMPLING_SECONDS)
        if process.returncode:
            log.seek(0)
            raise SystemExit(f"{' '.join(command)} failed:\n{log.read()[-4000:]}")
    return Figures(time.monotonic() - started, cpu, peak)


def run(count: int, rounds: int) -> dict[str, list[Figures]]:
    """Both ways, in turns."""
    found: dict[str, list[Figures]] = {"article": [], "ours": []}
    with (
        tempfile.TemporaryDirectory(prefix="abalone-spark-") as scratch,
        LocalAws(home=Path(scratch) / "aws", images=IMAGES) as aws,
    ):
        session = boto3.Session(
            KEY["AWS_ACCESS_KEY_ID"], KEY["AWS_SECRET_ACCESS_KEY"], region_name="us-east-1"
        )
        s3 = session.client("s3", endpoint_url=aws.endpoint_url)
        s3.create_bucket(Bucket=BUCKET)
        rows.upload(s3, BUCKET, "in", count)
        for number in range(rounds):
            for name, figures in found.items():
                base = Path(scratch) / f"{name}-{number}" / "ml"
                base.mkdir(parents=True)
                output = f"s3://{BUCKET}/{name}/{number}"
                command = {
                    "article": [str(THEIRS), INPUT, output],
                    "ours": [str(OURS), "--input", INPUT, "--output", output, "--report", str(base / "out")],
                }[name]
                figures.append(measure(command, aws.endpoint_url, base))
    return found


def table(found: dict[str, list[Figures]]) -> list[Row]:
    """Medians of each way, and theirs over ours: above 1 ours is the better one."""
    median = {
        name: {
            "seconds": statistics.median(f.seconds for f in figures),
            "cpu_s": statistics.median(f.cpu_seconds for f in figures),
            "peak_mib": statistics.median(f.peak_mib for f in figures),
        }
        for name, figures in found.items()
    }
    ratio = {name: median["article"][name] / median["ours"][name] for name in median["ours"]}
    return [{"way": name, **values} for name, values in median.items()] + [{"way": "article / ours", **ratio}]


def main() -> None:
    """Makes the rows, runs both ways and prints the table."""
    arguments = parser(__doc__ or "", rounds=3)
    arguments.add_argument("--rows", type=int, default=4_000_000, help="rows of input (%(default)s)")
    options = arguments.parse_args()
    title = f"The abalone step on {options.rows:,} rows"
    report(title, table(run(options.rows, options.rounds)), options.json)


if __name__ == "__main__":
    main()
