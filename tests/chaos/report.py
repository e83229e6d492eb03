"""``python -m tests.chaos.report RESULTS``: the table of a run of the scenarios, as a page of docs.

RESULTS has a line of JSON for each scenario, as the tests write it; of several lines for one scenario the
last counts.
"""

import json
import os
import platform
import sys
from collections.abc import Sequence
from pathlib import Path

from tests.chaos.harness import HEALTH_SECONDS, PATIENT_SECONDS
from tests.chaos.rounds import Result

PAGE = """\
# Chaos

What is done to Airflow, to its tasks and to the events of AWS, how often, and what became of the remote
jobs. `make chaos` plays every scenario twenty times with random delays and writes this page; `make test`
plays once each that takes seconds. A round is good when the run has come to the end that belongs to it,
each task has launched one job (one more where it was cleared or timed out), each job that nobody wants has
been stopped by exactly one call, nothing is left running, and the task downstream has run once or, where it
must not, never. A killed task that does not hear from Airflow within a second that another try goes on
stops its job, and the other try launches anew: that happens on a busy machine, and such a round is not
counted as good.

{parts}
Seconds run from the fault to the end of the run, or to the end of the job where it is stopped; they hold for
{machine}. A triggerer is missed after {triggerer} seconds there, a scheduler or a task after {others},
instead of Airflow's 30, 30 and 300.
"""
HEAD = (
    "| What is done | Good rounds | Launched | Stopped | Calls to stop | Left over | Worst, s |\n"
    "| --- | --- | --- | --- | --- | --- | --- |\n"
)
PARTS = (
    ("Processes die", ("killed", "replaced", "suspended")),
    ("A task is cancelled", ("while_waiting", "while_starting", "before_taken_up")),
    ("Events and services fail", ("",)),
)
"""Headings, and what the names of their scenarios contain; the first that fits counts."""


def page(results: Sequence[Result]) -> str:
    """The page of some results."""
    left, parts = list(results), []
    for heading, words in PARTS:
        rows = [result for result in left if any(word in result.scenario for word in words)]
        left = [result for result in left if result not in rows]
        if rows:
            parts.append(f"## {heading}\n\n{HEAD}{''.join(map(row, rows))}")
    machine = f"{os.cpu_count()} cores of {platform.machine()}"
    text = "\n".join(parts)
    return PAGE.format(parts=text, machine=machine, triggerer=HEALTH_SECONDS, others=PATIENT_SECONDS)


def row(result: Result) -> str:
    """One scenario."""
    cells = (
        result.what.rstrip("."),
        f"{result.completed} of {result.rounds}",
        result.launched,
        result.stopped,
        result.stop_calls,
        result.left_over,
        f"{result.worst_seconds:.1f}",
    )
    return f"| {' | '.join(map(str, cells))} |\n"


def read(file: Path) -> list[Result]:
    """The results in a file, each scenario once."""
    rows = [json.loads(line) for line in file.read_text().splitlines()]
    return list({found["scenario"]: Result(**found) for found in rows}.values())


if __name__ == "__main__":
    sys.stdout.write(page(read(Path(sys.argv[1]))))
