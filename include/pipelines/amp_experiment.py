"""Requests and decisions of the pipeline that reads an experiment.

Data: the lake of ``amp_lake``. Who is in which variant follows from
``include/jobs/experiments/assignment.py``.
"""

from collections.abc import Mapping
from datetime import UTC, date
from typing import Any

from include.bundles import Bundle
from include.pipelines import amp
from include.run import Run
from include.sagemaker import INPUT, OUTPUT, Instances, ProcessingJob
from include.spark import check_network

METRICS = ("engagement", "playback_minutes", "participation")
"""What may be measured: the names of ``METRICS`` in ``include/jobs/amp_experiment/metrics.py``."""
INVALID = "invalid"
"""The outcome of an experiment that may not be read."""


def end(run: Run) -> date:
    """The day after the last one of the experiment: the run's own unless its form names one.

    Raises:
        ValueError: it has not begun, so that the last one is not over.
    """
    named, today = run.params["end"], run.run_after.astimezone(UTC).date()
    chosen = date.fromisoformat(named) if named else today
    if chosen > today:
        raise ValueError(
            f"the end {chosen} has not begun when the run starts on {today}: the day before it, the last one "
            "of the experiment, is not over; give a day up to today"
        )
    return chosen


def sample(run: Run) -> ProcessingJob | None:
    """Events of a sample world until the experiment's end; none unless asked for.

    Raises:
        ValueError: what the form says contradicts itself, see `check`; it is told before anything is done.
    """
    check(run)
    if run.params["events"] is not None and run.params["sample_days"] < (needed := _days(run)):
        raise ValueError(
            f"sample_days {run.params['sample_days']} is under the {needed} days of the experiment and "
            "before it: make the sample longer, or days and days_before shorter"
        )
    return amp.sample_world(run, end(run), _instances(run))


def check(run: Run) -> None:
    """Looks at the form.

    Raises:
        ValueError: the end has not begun, a share is 0, they sum up to more than 1, or no metric is named.
    """
    end(run)
    if min(_shares(run)) == 0:
        raise ValueError("control_share or treatment_share is 0: there is nothing to compare with nobody")
    if (total := sum(_shares(run))) > 1:
        raise ValueError(
            f"control_share and treatment_share sum up to {total:g}, which is over 1: nobody is in both"
        )
    if not run.params["metrics"]:
        raise ValueError("metrics is empty: name one at least, the first decides")


def measurement(run: Run) -> ProcessingJob:
    """The experiment, measured on the days of the lake.

    Raises:
        ValueError: the job could not reach S3, there is no lake in this environment, or see `check`.
    """
    check(run)
    check_network(run)
    control, treatment = _shares(run)
    planted = run.params["planted_uplift"]
    return ProcessingJob(
        image="sklearn",
        command=["python3", f"{INPUT}/code/measure.py"],
        arguments=[
            *("--lake", run.curated_uri("amp")),
            *("--world", run.raw_uri("amp", "events")),
            *("--name", run.params["experiment"]),
            # A salt may begin with a hyphen, and be empty, which no argument may be.
            *([f"--salt={salt}"] if (salt := run.params["salt"]) else []),
            *("--control-share", str(control)),
            *("--treatment-share", str(treatment)),
            *("--end", end(run).isoformat()),
            *("--days", str(run.params["days"])),
            *("--days-before", str(run.params["days_before"])),
            *("--metrics", *run.params["metrics"]),
            *("--alpha", str(run.params["alpha"])),
            *("--power", str(run.params["power"])),
            *([] if planted is None else [f"--planted-uplift={planted}"]),
            *("--planted-loss", str(run.params["planted_loss"])),
            *("--output", f"{OUTPUT}/experiment"),
        ],
        instances=_instances(run),
        outputs={"experiment": run.uri("experiment")},
        files={"code": Bundle.of_job("amp_experiment", "experiments", "datasets", "pages")},
        metrics="experiment",
    )


def document_uri(run: Run) -> str:
    """Everything that was measured."""
    return run.uri("experiment", "experiment.json")


def report_uri(run: Run) -> str:
    """The page for people."""
    return run.uri("experiment", "report.html")


def verdict(run: Run, document: Mapping[str, Any]) -> dict[str, Any]:  # noqa: ARG001  # as every decision takes it
    """What to do and why; an experiment that may not be read is no verdict on what it was about."""
    found, planted = document["verdict"], document["planted"]
    made_up = f" (made-up data, planted uplift {planted['uplift']:+.1%})" if planted else ""
    return {
        "passed": found["outcome"] != INVALID,
        "outcome": found["outcome"],
        "reason": f"{found['outcome']}{made_up}: {found['sentence']}",
    }


def _shares(run: Run) -> tuple[float, float]:
    return run.params["control_share"], run.params["treatment_share"]


def _days(run: Run) -> int:
    return int(run.params["days"] + run.params["days_before"])


def _instances(run: Run) -> Instances:
    return Instances(run.params["instance_type"])
