"""Who made a request, and for which task of which run."""

import re
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Literal
from urllib.parse import unquote

from local.aws import clients, jobs
from local.aws.incoming import Incoming

MARK = re.compile(r"(?:^|\s)md/millrace-task#(\S+)")
"""What Airflow's clients put into their User-Agent."""
MAX_NAME = 256


@dataclass(frozen=True)
class Caller:
    """A principal and the task that it works for; ``None`` for what is not known."""

    principal: Literal["airflow", "job"] | None = None
    dag: str | None = None
    run: str | None = None
    task: str | None = None


NOBODY = Caller()


def attribute(request: Incoming, account: str) -> Caller:
    """By the signature's key, then by the User-Agent, then by the job that the request names."""
    if arn := clients.arn_of(request.access_key):
        job = jobs.of_arn(arn)
        return caller_of("job", job.tags) if job else Caller("job")
    if marked := MARK.search(request.environ.get("HTTP_USER_AGENT", "")):
        return _marked(marked.group(1))
    return _by_job(request, account)


def caller_of(principal: Literal["airflow", "job"], tags: Mapping[str, str]) -> Caller:
    """The caller that a job's tags name."""
    dag, run = tags.get(jobs.DAG), tags.get(jobs.RUN)
    return Caller(principal, dag, run, tags.get(jobs.TASK)) if dag and run else Caller(principal)


def _marked(mark: str) -> Caller:
    """``<dag>/<run>/<task>``, each percent-encoded; anything else tells nothing."""
    try:
        names = [unquote(part, errors="strict") for part in mark.split("/")]
    except UnicodeDecodeError:
        return NOBODY
    if len(names) != 3 or not all(0 < len(name) <= MAX_NAME for name in names):  # noqa: PLR2004  # see above
        return NOBODY
    return Caller("airflow", *names)


def _by_job(request: Incoming, account: str) -> Caller:
    """Through the tags of the job that the request is about; one that starts a job brings them."""
    kinds = [kind for kind in jobs.KINDS.values() if kind.service == request.service]
    if not kinds:
        return NOBODY
    for kind in kinds:
        name = request.fields.get(f"{kind.stem}Name")
        if isinstance(name, str) and (job := jobs.find(account, kind, name)):
            return _airflow(job.tags)
    arn = request.fields.get("ResourceArn")
    if isinstance(arn, str) and (job := jobs.of_arn(arn)):
        return _airflow(job.tags)
    return _airflow(jobs.tags_of(request.fields.get("Tags")))


def _airflow(tags: Mapping[str, str]) -> Caller:
    caller = caller_of("airflow", tags)
    return caller if caller.dag else NOBODY
