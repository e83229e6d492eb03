"""The 21 features of a day: built from nothing, then of the next day, beside DuckDB over the same Parquet.

The lake has 61 days. ``first build`` makes the features of the last one from nothing. Then a day comes, and
a hundredth of the events of the two before it, late; ``increment`` makes the features of the day after, from
what is there already, ``recompute`` the same ones from nothing; with ``--no-recompute`` the first build, of a
window as long, stands for it. Each step is told as it ends. ``DuckDB`` computes them in one process from
the Parquet on disk, and every record must be the same.

rows_per_s
    Events of the window by the wall clock of the whole step: two Spark jobs, their start included.
peak_mib
    Of all processes of a job together, shared pages counted once (PSS); the larger of the two jobs.
shuffled_mib
    What Spark's tasks wrote for others to read, from the event log.
rebuilt
    Days whose events were read.
roll_up_s
    Of the seconds those of the second job, which makes the features of partials.
"""

import json
import os
import sys
import tempfile
from collections.abc import Iterable
from dataclasses import dataclass, replace
from datetime import date, timedelta
from pathlib import Path
from typing import Any

import boto3

from bench.abalone_spark import IMAGES, KEY, Figures, measure, watched
from bench.reporting import Row, parser, report
from include.bundles import Bundle
from local.aws.runtime.images import ImageStore
from local.aws.server import LocalAws

RIG = Path(__file__).with_name("amp_features_rig")
BUCKET = "bench"
DAY = date(2026, 3, 2)
DAYS = 61
"""The window of ``DAY``, and ``DAY`` itself."""
MIB = 2**20
PLAIN_LOGS = [{"Classification": "spark-defaults", "Properties": {"spark.eventLog.compress": "false"}}]


@dataclass(frozen=True)
class Step:
    """What making the features of a day took."""

    figures: Figures
    events: int
    rebuilt: int
    shuffled: float
    roll_up_seconds: float


class Features:
    """The pipeline's two jobs on a local AWS."""

    def __init__(self, scratch: Path, endpoint_url: str) -> None:
        self.scratch, self.endpoint_url = scratch, endpoint_url
        for name, content in Bundle.of_job("amp_batch_features", "datasets", "amp").files.items():
            (scratch / "code" / name).parent.mkdir(parents=True, exist_ok=True)
            (scratch / "code" / name).write_bytes(content)

    def make(self, name: str, day: date, partials: str) -> Step:
        """Builds what is to be built and rolls up."""
        where = ["--partials", f"s3://{BUCKET}/{partials}", "--day", str(day)]
        build = self._run(f"{name}-build", "build_partials.py", "--lake", f"s3://{BUCKET}/lake", *where)
        output = ["--output", f"s3://{BUCKET}/features/{name}"]
        roll_up = self._run(f"{name}-roll-up", "roll_up.py", *output, *where)
        built = json.loads((self.scratch / f"{name}-build" / "ml" / "out" / "metrics.json").read_text())
        figures = Figures(
            build.seconds + roll_up.seconds,
            build.cpu_seconds + roll_up.cpu_seconds,
            max(build.peak_mib, roll_up.peak_mib),
        )
        logs = [self.scratch / f"{name}-{job}" / "events" for job in ("build", "roll-up")]
        moved = sum(map(shuffled, logs))
        step = Step(figures, built["events"], built["partials_rebuilt"], moved, roll_up.seconds)
        print(f"{name}: {step}", file=sys.stderr, flush=True)
        return step

    def _run(self, name: str, script: str, *arguments: str) -> Figures:
        base = self.scratch / name / "ml"
        settings = base / "processing" / "input" / "conf" / "configuration.json"
        settings.parent.mkdir(parents=True)
        settings.write_text(json.dumps(PLAIN_LOGS))
        logs = ["--local-spark-event-logs-dir", str(self.scratch / name / "events")]
        report = ["--report", str(base / "out")]
        command = [*logs, str(self.scratch / "code" / script), *arguments, *report]
        return measure(command, self.endpoint_url, base)


def shuffled(logs: Path) -> float:
    """Bytes that the tasks of an application wrote for others, in MiB."""
    total = 0
    for file in logs.iterdir():
        for line in file.open():
            if '"SparkListenerTaskEnd"' in line:
                written = json.loads(line).get("Task Metrics", {}).get("Shuffle Write Metrics", {})
                total += written.get("Shuffle Bytes Written", 0)
    return total / MIB


def duck(script: str, *arguments: object, log: Path) -> Figures:
    """Runs a script of the rig; its last line is in ``log``."""
    store = ImageStore(IMAGES, RIG.parent)
    python = store.ensure(store.resolve(RIG.name)) / "bin" / "python"
    return watched([str(python), str(RIG / script), *map(str, arguments)], dict(os.environ), log)


def upload(s3: Any, folder: Path, days: Iterable[date] | None = None) -> None:
    """Puts a lake's objects in place, of these days or all."""
    wanted = None if days is None else {f"day={day}" for day in days}
    for file in sorted(folder.rglob("*.parquet")):
        if wanted is None or file.parent.name in wanted:
            s3.upload_file(str(file), BUCKET, f"lake/{file.relative_to(folder)}")


def download(s3: Any, prefix: str, folder: Path) -> None:
    """The features of a name, to compare them."""
    pages = s3.get_paginator("list_objects_v2").paginate(Bucket=BUCKET, Prefix=prefix)
    for key in (item["Key"] for page in pages for item in page.get("Contents", [])):
        target = folder / key.removeprefix(prefix)
        target.parent.mkdir(parents=True, exist_ok=True)
        s3.download_file(BUCKET, key, str(target))


def run(events: int, scratch: Path, recompute: bool = True) -> dict[str, Step]:
    """All steps, in turn; raises `SystemExit` where DuckDB finds other features."""
    lake, held_back, log = scratch / "lake", scratch / "late", scratch / "log"
    duck("generate_lake.py", events, DAY - timedelta(DAYS - 1), DAYS, lake, held_back, log=log)
    with LocalAws(home=scratch / "aws", images=IMAGES) as aws:
        session = boto3.Session(
            KEY["AWS_ACCESS_KEY_ID"], KEY["AWS_SECRET_ACCESS_KEY"], region_name="us-east-1"
        )
        s3 = session.client("s3", endpoint_url=aws.endpoint_url)
        s3.create_bucket(Bucket=BUCKET)
        known = sorted(DAY - timedelta(back) for back in range(1, DAYS))
        upload(s3, lake, known)
        features, next_day = Features(scratch, aws.endpoint_url), DAY + timedelta(1)
        steps = {"first build": features.make("first", DAY, "partials")}
        upload(s3, lake, [DAY])
        upload(s3, held_back)
        steps["increment"] = features.make("increment", next_day, "partials")
        if recompute:
            steps["recompute"] = features.make("recompute", next_day, "afresh")
        for file in held_back.rglob("*.parquet"):
            file.replace(lake / file.relative_to(held_back))
        figures = duck("duckdb_features.py", lake, next_day, scratch / "duckdb", log=log)
        window = {"figures": figures, "rebuilt": DAYS, "shuffled": 0.0, "roll_up_seconds": 0.0}
        steps["DuckDB"] = replace(steps["increment"], **window)
        for name in ("increment", "recompute") if recompute else ("increment",):
            download(s3, f"features/{name}/", scratch / name)
            duck("compare.py", scratch / name, scratch / "duckdb", log=log)
    return steps


def table(steps: dict[str, Step]) -> list[Row]:
    """A row for each step, and what a recomputation costs over an increment."""
    rows: list[Row] = [
        {
            "step": name,
            "seconds": step.figures.seconds,
            "rows_per_s": step.events / step.figures.seconds,
            "peak_mib": step.figures.peak_mib,
            "shuffled_mib": step.shuffled,
            "rebuilt": float(step.rebuilt),
            "roll_up_s": step.roll_up_seconds,
        }
        for name, step in steps.items()
    ]
    from_nothing = "recompute" if "recompute" in steps else "first build"
    ours, whole = steps["increment"], steps[from_nothing]
    ratio = {
        "seconds": whole.figures.seconds / ours.figures.seconds,
        "rows_per_s": 0.0,
        "peak_mib": whole.figures.peak_mib / ours.figures.peak_mib,
        "shuffled_mib": whole.shuffled / ours.shuffled,
        "rebuilt": whole.rebuilt / ours.rebuilt,
        "roll_up_s": whole.roll_up_seconds / ours.roll_up_seconds,
    }
    return [*rows, {"step": f"{from_nothing} / increment", **ratio}]


def main() -> None:
    """Makes the lake, runs the steps and prints the table."""
    arguments = parser(__doc__ or "", rounds=1)
    arguments.add_argument("--events", type=int, default=1_000_000, help="events of the lake (%(default)s)")
    arguments.add_argument("--no-recompute", dest="recompute", action="store_false", help="leave it out")
    options = arguments.parse_args()
    with tempfile.TemporaryDirectory(prefix="amp-features-") as scratch:
        steps = run(options.events, Path(scratch), options.recompute)
    report(f"21 features of {options.events:,} events", table(steps), options.json)


if __name__ == "__main__":
    main()
