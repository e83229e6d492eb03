"""To which trigger each contender's operator defers, with the arguments that this operator gives it."""

from airflow.providers.amazon.aws.operators.sagemaker import CHECK_INTERVAL_SECOND
from airflow.providers.amazon.aws.triggers.sagemaker import SageMakerTrigger
from airflow.sdk.execution_time.comms import DeferTask
from airflow.sdk.serde import serialize
from airflow.triggers.base import BaseTrigger

from bench.waiting_rig.contenders import MILLRACE, Contender
from millrace.jobs import PROCESSING
from millrace.triggers.job_event import JobEventTrigger

CONNECTION = "aws_default"
NEVER = 1_000_000
"""Polls until the provider gives up; its default of 60 would end the waits of a long window."""


def trigger(contender: Contender, job: str) -> BaseTrigger:
    """The trigger that waits for a processing job."""
    if contender == MILLRACE:
        return JobEventTrigger(PROCESSING.name, job, CONNECTION, None)
    return SageMakerTrigger(
        job_name=job,
        job_type="Processing",
        waiter_delay=contender.interval or CHECK_INTERVAL_SECOND,
        waiter_max_attempts=NEVER,
        aws_conn_id=CONNECTION,
    )


def deferral(contender: Contender, job: str) -> DeferTask:
    """What a task's process tells the API when its operator defers."""
    classpath, arguments = trigger(contender, job).serialize()
    return DeferTask(
        classpath=classpath,
        trigger_kwargs=serialize(arguments),
        next_method="resume" if contender == MILLRACE else "execute_complete",
        next_kwargs={},
    )
