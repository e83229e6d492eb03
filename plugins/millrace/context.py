"""From Airflow's task context to the plain values that ``include`` works with."""

from collections.abc import Mapping

from airflow.sdk import Context

from include.naming import TaskIdentity
from include.run import Run
from include.settings import settings
from include.uploads import Upload, in_order


def run_of(context: Context) -> Run:
    """The run that a task belongs to."""
    dag_run = context["dag_run"]
    return Run(
        settings=settings(),
        dag_id=dag_run.dag_id,
        run_id=dag_run.run_id,
        run_after=dag_run.run_after,
        params=dict(context["params"]),
        uploads=uploads_of(context),
        partition_key=context.get("partition_key"),
    )


def uploads_of(context: Context) -> tuple[Upload, ...]:
    """The uploads that started the run; none if something else did.

    A run may be told of several bursts, and a burst may have been told twice.
    """
    events = (event for each in context.get("triggering_asset_events", {}).values() for event in each)
    payloads = (event.extra.get("payload") for event in events)
    return in_order(
        upload
        for payload in payloads
        if isinstance(payload, Mapping)
        for upload in payload.get("objects", ())
    )


def identity_of(context: Context) -> TaskIdentity:
    """What names the jobs of a task."""
    ti = context["ti"]
    return TaskIdentity(
        environment=settings().environment,
        tenant=settings().tenant,
        dag_id=ti.dag_id,
        run_id=ti.run_id,
        task_id=ti.task_id,
        map_index=ti.map_index if ti.map_index is not None else -1,
    )
