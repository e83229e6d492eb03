"""What a run left behind, gathered from the results of its tasks."""

import json
import os.path
from collections.abc import Iterable
from dataclasses import asdict, dataclass, field
from datetime import UTC, datetime
from typing import Any
from urllib.parse import quote

from rich.style import Style
from rich.text import Text

from local.stack.airflow_api import Json
from local.stack.config import StackConfig
from local.stack.credentials import write_private

S3 = "s3://"
SLOWEST = 3
"""How many steps people are shown; all of them are in ``last-run.json``."""
TRAINING = ("training_seconds", "billable_seconds", "spot_savings_percent")
"""What a training job says of its cost, if it ran on spare capacity."""


@dataclass
class Summary:
    """The content of ``last-run.json``, and the live endpoint's prediction beside it."""

    dag_id: str
    run_id: str
    state: str
    seconds: float
    steps: dict[str, float] = field(default_factory=dict)
    metrics: dict[str, float] = field(default_factory=dict)
    outputs: dict[str, str] = field(default_factory=dict)
    endpoint: str | None = None
    prediction: Any = None

    def merge(self, result: object) -> None:
        """Add what one task returned: the keys that a summary knows, of a dictionary that has them."""
        if not isinstance(result, dict):
            return
        self.metrics |= dict(_numbers(result.get("metrics")))
        if "spot_savings_percent" in result:
            self.metrics |= {name: result[name] for name in TRAINING}
        outputs = result.get("outputs")
        if isinstance(outputs, dict):
            self.outputs |= {name: uri for name, uri in outputs.items() if isinstance(uri, str)}
        if isinstance(result.get("endpoint"), str):
            self.endpoint = result["endpoint"]
        if result.get("prediction") is not None:
            self.prediction = result["prediction"]

    def write(self, config: StackConfig) -> None:
        """Keep it as ``last-run.json`` for scripts."""
        write_private(config.last_run, json.dumps(asdict(self), indent=2) + "\n")

    def text(self, aws_url: str) -> Text:
        """The summary as a person reads it; values are whole, so that they can be copied.

        In a terminal, an output is a link to its page of the local AWS.
        """
        values = {"state": self.state, "seconds": f"{self.seconds:.1f}"}
        if slowest := self.slowest():
            values["slowest"] = slowest
        values |= {name: number(value) for name, value in self.metrics.items()}
        values |= self.outputs
        if self.endpoint:
            values["endpoint"] = self.endpoint
        if self.prediction is not None:
            values["prediction"] = json.dumps(self.prediction, ensure_ascii=False)
        width = max(map(len, values))
        lines = [Text(f"{name:<{width}}  ").append(_linked(aws_url, value)) for name, value in values.items()]
        if folder := self.folder():
            lines.append(Text(f"Outputs    {page(aws_url, folder)}"))
        return Text("\n").join(lines)

    def slowest(self) -> str:
        """The steps that took longest, each with its seconds; empty where no step has taken any."""
        steps = sorted(self.steps.items(), key=lambda step: -step[1])[:SLOWEST]
        return ", ".join(f"{name} {taken:.1f}" for name, taken in steps if taken)

    def folder(self) -> str | None:
        """The deepest folder in S3 that holds all outputs, as a URI that ends with a slash."""
        uris = [uri for uri in self.outputs.values() if uri.startswith(S3)]
        folder = os.path.commonprefix(uris).rpartition("/")[0] + "/"  # noqa: RUF071  # cut at a slash
        return folder if len(folder) > len(S3) else None


def page(aws_url: str, uri: str) -> str:
    """Where the local AWS shows an S3 URI to a browser."""
    return f"{aws_url}/_millrace/s3/{quote(uri.removeprefix(S3))}"


def _linked(aws_url: str, value: str) -> Text:
    return Text(value, Style(link=page(aws_url, value)) if value.startswith(S3) else "")


def of_run(run: Json, tasks: Iterable[Json], results: Iterable[object]) -> Summary:
    """The summary of a finished run from its task instances and their results, both in the tasks' order."""
    summary = Summary(
        dag_id=run["dag_id"],
        run_id=run["dag_run_id"],
        state=run["state"],
        seconds=seconds(run),
        steps=steps(tasks),
    )
    for result in results:
        summary.merge(result)
    return summary


def steps(tasks: Iterable[Json]) -> dict[str, float]:
    """Task id -> seconds from the start of its first instance to the end of its last one, in the given order.

    Waiting for a job counts; of a task that was tried again, Airflow tells its last try. A task that Airflow
    never started is no step.
    """
    instances: dict[str, list[Json]] = {}
    for task in tasks:
        # A task that was skipped or not reached has two dates, too, but no try.
        if task["start_date"] and task["end_date"] and task["try_number"]:
            instances.setdefault(task["task_id"], []).append(task)
    return {task_id: _span(of_task) for task_id, of_task in instances.items()}


def _span(tasks: list[Json]) -> float:
    first = min((task["start_date"] for task in tasks), key=datetime.fromisoformat)
    last = max((task["end_date"] for task in tasks), key=datetime.fromisoformat)
    return seconds({"start_date": first, "end_date": last})


def seconds(timed: Json, now: datetime | None = None) -> float:
    """From the start of a run or a task to its end, or to now."""
    if not timed.get("start_date"):
        return 0.0
    end = datetime.fromisoformat(timed["end_date"]) if timed.get("end_date") else now or datetime.now(UTC)
    return round(max(0.0, (end - datetime.fromisoformat(timed["start_date"])).total_seconds()), 3)


def number(value: float) -> str:
    """A count in full, a measure with five digits."""
    return f"{value:,}" if isinstance(value, int) else f"{value:,.5g}"


def _numbers(metrics: object) -> Iterable[tuple[str, float]]:
    if isinstance(metrics, dict):
        for name, value in metrics.items():
            # True is an int to Python, and no measure.
            if isinstance(value, int | float) and not isinstance(value, bool):
                yield name, value
