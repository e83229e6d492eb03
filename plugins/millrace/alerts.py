"""What people are told: one SNS topic hears of failed tasks."""

from airflow.sdk import Context

from include.settings import settings
from millrace.hooks.aws import AwsHook

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


def publish(subject: str, *lines: str) -> None:
    """Sends a message to the failures topic."""
    hook = AwsHook("sns", "aws_default")
    hook.conn.publish(
        TopicArn=settings().failures_topic_arn, Subject=subject[:MAX_SUBJECT], Message="\n".join(lines)
    )
