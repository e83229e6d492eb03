"""Interrupts a spot job on request, which on AWS only a shortage of capacity does.

``POST /_millrace/jobs/training/<name>/interrupt`` answers 202 when the job's program is being told to end,
404 for a job that is not there, 409 for one that cannot be interrupted; the body is JSON with a ``message``.
"""

import json
import re
from collections.abc import Iterable
from http import HTTPStatus
from typing import TYPE_CHECKING, Any

from local.aws import jobs
from local.aws.jobs import TRAINING, Job
from local.aws.services.sagemaker import context
from local.aws.services.sagemaker.training import TrainingRun

if TYPE_CHECKING:
    from local.aws.server import LocalAws

PATH = re.compile(r"/_millrace/jobs/training/([^/]+)/interrupt")


class Interruption:
    """The WSGI application at :data:`PATH`."""

    def __init__(self, aws: "LocalAws") -> None:
        self._account = aws.account_id

    def __call__(self, environ: dict[str, Any], start_response: Any) -> Iterable[bytes]:
        """Answers one request, by WSGI."""
        status, message = _answer(self._account, environ)
        body = json.dumps({"message": message}).encode()
        headers = [("Content-Type", "application/json"), ("Content-Length", str(len(body)))]
        if status is HTTPStatus.METHOD_NOT_ALLOWED:
            headers.append(("Allow", "POST"))
        start_response(f"{status.value} {status.phrase}", headers)
        return [] if environ["REQUEST_METHOD"] == "HEAD" else [body]


def _answer(account: str, environ: dict[str, Any]) -> tuple[HTTPStatus, str]:
    if environ["REQUEST_METHOD"] != "POST":
        return HTTPStatus.METHOD_NOT_ALLOWED, "Interrupting a job takes a POST."
    if "HTTP_SEC_FETCH_SITE" in environ:
        # Every browser sends this header: a page that a job wrote must not end other jobs.
        return HTTPStatus.FORBIDDEN, "Jobs are interrupted by programs, not by web pages."
    found = PATH.fullmatch(environ["PATH_INFO"])
    name = found.group(1) if found else ""
    job = jobs.find(account, TRAINING, name)
    if job is None:
        return HTTPStatus.NOT_FOUND, f"There is no training job {name!a}."
    if refusal := _refusal(job):
        return HTTPStatus.CONFLICT, refusal
    run = context.current().queue.running(str(job.description["TrainingJobArn"]))
    if not isinstance(run, TrainingRun):
        return HTTPStatus.CONFLICT, f"The training job {name} has just ended."
    run.interrupt()
    return HTTPStatus.ACCEPTED, f"The spot instances of {name} are being taken away."


def _refusal(job: Job) -> str | None:
    if not job.description.get("EnableManagedSpotTraining"):
        return f"The training job {job.name} does not use managed spot training: nothing can interrupt it."
    secondary = job.description["SecondaryStatus"]
    if job.status != "InProgress":
        return f"The training job {job.name} is {job.status}: only one that runs can be interrupted."
    if secondary != "Training":
        return f"The training job {job.name} is {secondary}: it can be interrupted while it is Training."
    return None
