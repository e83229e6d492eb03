"""Transcriptions of many short clips: mapped tasks of a real Airflow beside one plain loop.

Both hear the same clips, cut from the shipped recordings, with the same decoder, and take turns in one run.
The loop is one process that loads the model once. A task's job is a process of its own, as AWS's are
apart from each other, and loads it again; MILLRACE_TRANSCRIPTIONS_AT_A_TIME of them run at a time (2), the
others wait as Transcribe's do.

wall_s
    From the start of the first clip to the end of the last: of the loop without loading the model, of the
    tasks from the first one's start to the last one's end.
real_time_factor
    Processing by the length of what is heard: of the loop its wall, of the jobs the sum of their times, each
    with loading the model, beside the others that run.
launched_p50, launched_max
    Jobs that were launched and not over, over the time; their tasks wait without a process. ``running_max``
    are those of them that AWS ran.
"""

import json
import os
import statistics
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from datetime import datetime
from pathlib import Path

from bench.reporting import Row, parser, report
from bench.speech_rig.overlap import Interval, at_a_time, median_at_a_time
from bench.waiting import free_port
from local.aws.runtime.images import ImageStore
from local.stack import infrastructure, lifecycle
from local.stack.config import REPOSITORY, Ports, StackConfig
from local.stack.lifecycle import Stack

RIG = Path(__file__).parent / "speech_rig"
ENGINES = REPOSITORY / "local" / "aws" / "engines"
SAMPLES = REPOSITORY / "include" / "samples"
IMAGES = Path(os.environ.get("MILLRACE_HOME", REPOSITORY / ".millrace")) / "images"
DAG = "clips"
POLL_SECONDS = 2.0


def engine(script: str, *arguments: str | Path) -> str:
    """Runs a script of the rig with the engine's modules; what it printed."""
    store = ImageStore(IMAGES, ENGINES)
    image = store.resolve("speech")
    python = store.ensure(image, lambda line: print(line, file=sys.stderr)) / "bin" / "python"
    return subprocess.run(
        [python, RIG / script, *arguments],
        env={**os.environ, "PYTHONPATH": str(image.folder)},
        check=True,
        stdout=subprocess.PIPE,
        text=True,
    ).stdout


@contextmanager
def stack(home: Path) -> Iterator[Stack]:
    """A stack of its own with the rig's DAG, gone afterwards."""
    home.mkdir()
    IMAGES.mkdir(parents=True, exist_ok=True)
    (home / "images").symlink_to(IMAGES, target_is_directory=True)
    config = StackConfig(home=home, ports=Ports(free_port(), free_port()), dags=RIG / "dags")
    try:
        yield lifecycle.up(config, lambda step: print(step, file=sys.stderr))
    finally:
        lifecycle.down(config)


def upload(running: Stack, folder: Path) -> list[str]:
    """The clips' URIs."""
    client = infrastructure.client(running.config, "s3")
    for clip in sorted(folder.iterdir()):
        client.upload_file(str(clip), running.bucket, f"clips/{clip.name}")
    return [f"s3://{running.bucket}/clips/{clip.name}" for clip in sorted(folder.iterdir())]


def transcribe(running: Stack, uris: Sequence[str]) -> tuple[Interval, list[Interval], list[Interval]]:
    """Runs the DAG: when its tasks ran, and of each job when it was launched and when AWS ran it."""
    with running.airflow() as api:
        api.unpause(DAG)
        run_id = api.trigger(DAG, {"clips": list(uris)}, None)["dag_run_id"]
        while (state := api.run(DAG, run_id)["state"]) in ("queued", "running"):
            time.sleep(POLL_SECONDS)
        if state != "success":
            raise SystemExit(f"The run {run_id} of {DAG} is {state}: see {running.config.log}.")
        tasks = [each for each in api.task_instances(DAG, run_id) if each["task_id"] == "transcribe"]
        results = [api.xcom(DAG, run_id, "transcribe", task["map_index"]) for task in tasks]
    client = infrastructure.client(running.config, "transcribe")
    launched, ran = [], []
    for result in results:
        name = (result or {})["name"]
        job = client.get_transcription_job(TranscriptionJobName=name)["TranscriptionJob"]
        created, started, ended = (
            job[f"{moment}Time"].timestamp() for moment in ("Creation", "Start", "Completion")
        )
        launched.append((created, ended))
        ran.append((started, ended))
    times = [(_timestamp(task["start_date"]), _timestamp(task["end_date"])) for task in tasks]
    whole = (min(start for start, _ in times), max(end for _, end in times))
    return whole, launched, ran


def of_loop(loop: Mapping[str, float]) -> dict[str, float]:
    """The figures of what ``loop.py`` printed."""
    factor = loop["decoding"] / loop["media"]
    alone = {"launched_p50": 1.0, "launched_max": 1.0, "running_max": 1.0}
    return {"wall_s": loop["decoding"], "real_time_factor": factor, **alone}


def of_tasks(
    whole: Interval, launched: Sequence[Interval], ran: Sequence[Interval], media_seconds: float
) -> dict[str, float]:
    """The figures of a run."""
    return {
        "wall_s": whole[1] - whole[0],
        "real_time_factor": sum(end - start for start, end in ran) / media_seconds,
        "launched_p50": median_at_a_time(launched),
        "launched_max": float(max(count for _, count in at_a_time(launched))),
        "running_max": float(max(count for _, count in at_a_time(ran))),
    }


def measure(count: int, rounds: int) -> list[Row]:
    """Medians of the loop and of the tasks, and the tasks' by the loop's."""
    found: dict[str, list[dict[str, float]]] = {"loop": [], "tasks": []}
    with tempfile.TemporaryDirectory(prefix="bench-speech-") as scratch:
        folder = Path(scratch) / "clips"
        folder.mkdir()
        engine("clips.py", SAMPLES, str(count), folder)
        with stack(Path(scratch) / "home") as running:
            uris = upload(running, folder)
            for _ in range(rounds):
                loop = json.loads(engine("loop.py", folder))
                found["loop"].append(of_loop(loop))
                found["tasks"].append(of_tasks(*transcribe(running, uris), loop["media"]))
    median = {
        way: {name: statistics.median(one[name] for one in figures) for name in figures[0]}
        for way, figures in found.items()
    }
    ratio = {name: median["tasks"][name] / median["loop"][name] for name in median["loop"]}
    return [{"way": way, **figures} for way, figures in {**median, "tasks / loop": ratio}.items()]


def _timestamp(value: str) -> float:
    return datetime.fromisoformat(value).timestamp()


def main() -> None:
    """Cuts the clips, hears them both ways and prints the table."""
    made = parser(__doc__ or "", rounds=3)
    made.add_argument("--clips", type=int, default=200, help="how many (%(default)s)")
    options = made.parse_args()
    report(f"{options.clips} clips", measure(options.clips, options.rounds), options.json)


if __name__ == "__main__":
    main()
