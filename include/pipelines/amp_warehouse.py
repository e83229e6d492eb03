"""Requests and decisions of the warehouse's pipeline: who may read the lake by SQL, and the daily reports.

Data: the tables of ``amp_lake``, as an external schema of Amazon Redshift.
"""

import json
from collections.abc import Mapping, Sequence
from datetime import UTC, date, timedelta
from typing import Any

from include.bundles import Bundle
from include.days import named_day
from include.naming import database_name
from include.pipelines import amp
from include.run import Run
from include.sagemaker import INPUT, OUTPUT, Instances, ProcessingJob
from include.warehouse.access import access
from include.warehouse.batches import Batch
from include.warehouse.changes import Changes
from include.warehouse.changes import changes as leading
from include.warehouse.reports import REPORTS
from include.warehouse.state import QUERIES, Rows, state

STATEMENTS_OF_STATE = len(QUERIES)
PAGE = "report.html"
REPORT_NAMES = tuple(REPORTS)


def day(run: Run) -> date:
    """The day that the reports are about: as form or partition say, else the one before the run.

    Raises:
        ValueError: there is no such day, it is not over, or form and partition name two.
    """
    today = run.run_after.astimezone(UTC).date()
    chosen = named_day(run) or today - timedelta(days=1)
    if chosen >= today:
        raise ValueError(
            f"the day {chosen} is not over when the run starts at {run.run_after:%Y-%m-%d %H:%M}: give an "
            "earlier one"
        )
    return chosen


def sample(run: Run) -> ProcessingJob | None:
    """Events of a sample world until the end of the day; none unless asked for.

    Raises:
        ValueError: as of `day` and `amp.sample_world`, before anything is done.
    """
    return amp.sample_world(run, day(run) + timedelta(days=1), Instances(run.params["instance_type"]))


def read_access(run: Run) -> Batch:  # noqa: ARG001  # a builder takes it
    """What the database tells of users, groups, schemas and privileges."""
    return Batch(QUERIES)


def access_table(run: Run) -> str:
    """The DynamoDB table of who shall be let in.

    Raises:
        ValueError: this environment has none.
    """
    return _setting(run, "warehouse_access_table")


def access_changes(run: Run, items: Sequence[Mapping[str, Any]], results: Sequence[Rows]) -> Changes:
    """What leads from who is let in to who shall be.

    Raises:
        ValueError: an item breaks a rule, or more users would go than ``max_removed`` allows.
    """
    settings = run.settings
    wanted = access(items, lambda subject: database_name(settings.environment, settings.tenant, subject))
    found = leading(wanted, state(results), _setting(run, "warehouse_role_arn"))
    most = run.params["max_removed"]
    if len(found.removed) > most:
        raise ValueError(
            f"{len(found.removed)} users are not in the access table any more, over max_removed {most}: "
            f"{', '.join(found.removed)}. Nothing is changed; put them back, or allow it for this run"
        )
    return found


def access_document(run: Run, found: Changes, items: Sequence[Mapping[str, Any]]) -> tuple[str, bytes]:
    """URI and content of what is kept of the decision, with the users for whom passwords are made."""
    users = {item["name"]: item.get("password", True) for item in items if item["kind"] == "user"}
    content = {
        "batches": found.batches(),
        "created": found.created,
        "removed": found.removed,
        "passwords": sorted(name for name, wanted in users.items() if wanted),
        "none": sorted({*found.removed, *(name for name, wanted in users.items() if not wanted)}),
    }
    return access_changes_uri(run), (json.dumps(content, indent=2) + "\n").encode()


def access_changes_uri(run: Run) -> str:
    """Where it is kept."""
    return run.uri("access", "changes.json")


def change_access(run: Run, statements: Sequence[str]) -> Batch:  # noqa: ARG001  # a builder takes it
    """A transaction of the changes."""
    return Batch(statements)


def rotate_after_days(run: Run) -> int:
    """After how many days a password is old."""
    return int(run.params["rotate_after_days"])


def report(run: Run, name: str) -> Batch:
    """The query of a report about the run's day."""
    return REPORTS[name].query(day(run))


def report_uri(run: Run, name: str) -> str:
    """Where a report's rows are."""
    return run.uri("reports", f"{name}.csv")


def page(run: Run) -> ProcessingJob:
    """All reports as one page with plots."""
    return ProcessingJob(
        image="sklearn",
        command=["python3", f"{INPUT}/code/build_page.py"],
        arguments=[
            *("--reports", f"{INPUT}/reports"),
            *("--day", day(run).isoformat()),
            *("--output", f"{OUTPUT}/page"),
        ],
        instances=Instances(run.params["instance_type"]),
        inputs={"reports": run.uri("reports")},
        outputs={"page": run.uri("page")},
        files={"code": Bundle.of_job("amp_warehouse", "pages")},
        metrics="page",
    )


def _setting(run: Run, name: str) -> str:
    value = getattr(run.settings, name)
    if value is None:
        raise ValueError(
            f"MILLRACE_{name.upper()} is not set: it is an output of include/infrastructure/millrace.yaml "
            "where that is given WarehouseCluster"
        )
    return str(value)
