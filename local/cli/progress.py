"""A run, task by task, while it runs."""

import time
from dataclasses import dataclass, field
from pathlib import Path

from rich.console import Console, Group, RenderableType
from rich.live import Live
from rich.table import Table
from rich.text import Text

from local.cli.summary import seconds
from local.stack.airflow_api import AirflowApi, Json

FINISHED = frozenset({"success", "failed"})
STYLES = {
    "success": "green",
    "failed": "red",
    "upstream_failed": "red",
    "running": "cyan",
    "deferred": "magenta",
    "up_for_retry": "yellow",
    "skipped": "dim",
}
POLL_SECONDS = 0.5
IMAGE_NEWS = "Image "
"""How the lines of the local AWS begin that tell of an image being installed."""


@dataclass
class News:
    """New lines of the local AWS's log on images: the first run of a pipeline waits for them."""

    file: Path
    position: int = field(init=False)

    def __post_init__(self) -> None:
        self.position = self.file.stat().st_size if self.file.exists() else 0

    def read(self) -> list[str]:
        """What was written since the last call."""
        if not self.file.exists():
            return []
        with self.file.open("rb") as stream:
            # A rotated log begins again.
            stream.seek(self.position if self.file.stat().st_size >= self.position else 0)
            lines = stream.read().decode(errors="replace").splitlines()
            self.position = stream.tell()
        return [IMAGE_NEWS + line.partition(IMAGE_NEWS)[2] for line in lines if f": {IMAGE_NEWS}" in line]


class Timeout(Exception):  # noqa: N818  # it is not an error: the run goes on
    """The run did not end in the time given."""


def watch(
    api: AirflowApi, run: Json, order: list[str], *, news: News, console: Console, timeout: float | None
) -> Json:
    """Show the tasks until the run has ended, and return the run.

    Raises:
        Timeout: it did not end in so many seconds.
    """
    dag_id, run_id = run["dag_id"], run["dag_run_id"]
    deadline = time.monotonic() + timeout if timeout else None
    show = _Table(order, console) if console.is_terminal else _Lines(order, console)
    with show:
        while True:
            # The run first: when it has ended, what the tasks say is final.
            run = api.run(dag_id, run_id)
            show.update(api.task_instances(dag_id, run_id), news.read())
            if run["state"] in FINISHED:
                return run
            if deadline is not None and time.monotonic() > deadline:
                raise Timeout
            time.sleep(POLL_SECONDS)


def in_order(instances: list[Json], order: list[str]) -> list[Json]:
    """Task instances as the DAG runs them; those of tasks that the DAG no longer has come last."""
    places = {task_id: place for place, task_id in enumerate(order)}
    return sorted(instances, key=lambda task: (places.get(task["task_id"], len(places)), task["map_index"]))


def name(task: Json) -> str:
    """A task instance, with its index when it is mapped."""
    return task["task_id"] if task["map_index"] < 0 else f"{task['task_id']}[{task['map_index']}]"


def state(task: Json) -> str:
    """The state, and the attempt when it is not the first."""
    text = task["state"] or "waiting"
    return f"{text} (attempt {task['try_number']})" if task["try_number"] > 1 else text


class _Lines:
    """One line per change, for logs and pipes."""

    def __init__(self, order: list[str], console: Console) -> None:
        self._order = order
        self._console = console
        self._seen: dict[str, str] = {}

    def __enter__(self) -> None: ...

    def __exit__(self, *_: object) -> None: ...

    def update(self, instances: list[Json], news: list[str]) -> None:
        for line in news:
            self._write(line)
        for task in in_order(instances, self._order):
            if task["state"] in {None, "scheduled", "queued"} or self._seen.get(name(task)) == state(task):
                continue
            self._seen[name(task)] = state(task)
            self._write(f"{name(task):<24} {state(task):<24} {seconds(task):7.1f} s")

    def _write(self, line: str) -> None:
        self._console.print(line, markup=False, soft_wrap=True)


class _Table:
    """A table that is drawn over, for a terminal."""

    def __init__(self, order: list[str], console: Console) -> None:
        self._order = order
        self._live = Live(console=console, refresh_per_second=4)
        self._note = ""

    def __enter__(self) -> None:
        self._live.__enter__()

    def __exit__(self, *error: object) -> None:
        self._live.__exit__(None, None, None)

    def update(self, instances: list[Json], news: list[str]) -> None:
        self._note = news[-1] if news else self._note
        table = Table("task", "state", "seconds", box=None, pad_edge=False)
        table.columns[2].justify = "right"
        for task in in_order(instances, self._order):
            elapsed = f"{seconds(task):.1f}" if task["start_date"] else ""
            table.add_row(
                Text(name(task)), Text(state(task), STYLES.get(task["state"] or "", "dim")), elapsed
            )
        shown: RenderableType = Group(table, Text(self._note, "dim")) if self._note else table
        self._live.update(shown)
