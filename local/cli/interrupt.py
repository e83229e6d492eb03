"""`millrace interrupt`: takes the spot instances of a training job away, as AWS may at any time."""

import os
import time
from collections.abc import Callable
from typing import Annotated, Any
from urllib.parse import quote

import httpx
import typer
from botocore.exceptions import BotoCoreError, ClientError

from local.cli.console import output, steps
from local.stack import infrastructure, lifecycle
from local.stack.config import StackConfig
from local.stack.errors import MillraceError, NotRunningError

POLL_SECONDS = 0.2
WAIT_SECONDS = 300.0
ENDED = frozenset({"Completed", "Failed", "Stopped"})

Job = Annotated[str, typer.Argument(metavar="JOB", help="Name of the training job.", show_default=False)]


def interrupt(job: Job) -> None:
    """Interrupt a spot training job and watch it start again from its last checkpoint.

    The pages of the local AWS list the jobs with their names.
    """
    config = StackConfig.from_environment(os.environ)
    lifecycle.connect(config)
    client = infrastructure.client(config, "sagemaker")
    with steps() as report:
        status = interrupt_job(config.aws_url, client, job, report)
    output.print(f"{job}: {status}", markup=False, soft_wrap=True)


def interrupt_job(url: str, client: Any, job: str, report: Callable[[str], None]) -> str:
    """Interrupts a job and reports its steps until it trains again or has ended.

    Args:
        url: of the local AWS.
        client: boto3's of SageMaker.
        job: name of the training job.
        report: takes a line for each step.

    Returns:
        The secondary status that it came to: `Training`, or one that it ended with.

    Raises:
        MillraceError: there is no such job, it cannot be interrupted, it goes away or does not start again.
        NotRunningError: the local AWS does not answer.
    """
    seen = len(_description(client, job).get("SecondaryStatusTransitions", []))
    _request(url, job)
    report(f"Interrupting {job}: its program has time to save its work")
    deadline = time.monotonic() + WAIT_SECONDS
    was_interrupted = False
    while time.monotonic() < deadline:
        if not (description := _description(client, job)):
            raise MillraceError(f"{job} is gone: the local AWS no longer has it.")
        transitions = description["SecondaryStatusTransitions"]
        for step in transitions[seen:]:
            report(f"{step['Status']}: {step['StatusMessage']}")
            was_interrupted |= step["Status"] == "Interrupted"
        seen = len(transitions)
        status = str(description["SecondaryStatus"])
        if description["TrainingJobStatus"] in ENDED or (was_interrupted and status == "Training"):
            return status
        time.sleep(POLL_SECONDS)
    raise MillraceError(f"{job} did not start again within {WAIT_SECONDS:.0f} seconds: see its log.")


def _description(client: Any, job: str) -> dict[str, Any]:
    """Empty for a job that is not there."""
    try:
        return dict(client.describe_training_job(TrainingJobName=job))
    except ClientError as error:
        if "not found" in str(error):
            return {}
        raise MillraceError(f"The local AWS does not describe {job}: {error}") from error
    except BotoCoreError as error:
        raise NotRunningError(f"The local AWS does not answer: {error}") from error


def _request(url: str, job: str) -> None:
    address = f"{url}/_millrace/jobs/training/{quote(job, safe='')}/interrupt"
    try:
        # A proxy of the user's environment has no business on loopback.
        answer = httpx.post(address, trust_env=False, timeout=10)
    except httpx.HTTPError as error:
        raise NotRunningError(f"The local AWS at {url} does not answer: {error}") from error
    if answer.status_code != httpx.codes.ACCEPTED:
        raise MillraceError(_message(answer))


def _message(answer: httpx.Response) -> str:
    try:
        return str(answer.json()["message"])
    except (ValueError, KeyError, TypeError):
        return f"The local AWS answered {answer.status_code}: {answer.text[:200]}"
