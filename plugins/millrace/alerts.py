"""What people are told: one SNS topic hears of failed tasks and late runs."""

from collections.abc import Mapping
from datetime import timedelta
from typing import Any

from airflow.providers.amazon.aws.hooks.base_aws import AwsGenericHook
from airflow.sdk import Context
from airflow.sdk.definitions.callback import SyncCallback
from airflow.sdk.definitions.deadline import DeadlineAlert, DeadlineReference

from include.settings import settings

MAX_SUBJECT = 100
"""Characters that SNS allows in a subject."""


def notify_failure(context: Context) -> None:
    """Says which task failed, why, and where its log is."""
    ti = context["ti"]
    publish(
        f"Millrace: {ti.dag_id}.{ti.task_id} failed",
        f"{ti.dag_id}.{ti.task_id} failed in run {ti.run_id} after {ti.try_number} tries.",
        f"Reason: {context.get('exception')}",
        f"Log: {ti.log_url}",
    )


def notify_late(context: Mapping[str, Any], limit: str) -> None:
    """Says which run has not ended in time.

    A deadline's callback is not a task: Airflow gives it a plain mapping, and no connections.
    The credentials are those of the process it runs in.
    """
    dag_id, run_id = context["dag_run"]["dag_id"], context["dag_run"]["dag_run_id"]
    publish(
        f"Millrace: {dag_id} is late",
        f"Run {run_id} of {dag_id} has not ended within {limit} of being queued. It goes on.",
        aws_conn_id=None,
    )


def late_after(interval: timedelta) -> DeadlineAlert:
    """An alert for a run that has not ended so long after it was queued."""
    callback = SyncCallback(notify_late, kwargs={"limit": str(interval)})
    return DeadlineAlert(reference=DeadlineReference.DAGRUN_QUEUED_AT, interval=interval, callback=callback)


def publish(subject: str, *lines: str, aws_conn_id: str | None = "aws_default") -> None:
    """Sends a message to the failures topic."""
    hook = AwsGenericHook[Any](aws_conn_id=aws_conn_id, client_type="sns")
    hook.conn.publish(
        TopicArn=settings().failures_topic_arn, Subject=subject[:MAX_SUBJECT], Message="\n".join(lines)
    )
