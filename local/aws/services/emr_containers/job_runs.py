"""Job runs.

https://docs.aws.amazon.com/emr-on-eks/latest/APIReference/API_StartJobRun.html
"""

from typing import Any

from moto.emrcontainers.utils import random_job_id

from local.aws.services.emr_containers import context, validation
from local.aws.services.emr_containers.clusters import VirtualClusterOperations, made_before, select
from local.aws.services.emr_containers.execution import Execution
from local.aws.services.emr_containers.records import ENDED, RUNNING, JobRun, Request, now
from local.aws.services.emr_containers.validation import NotFoundError, ValidationError

RESTARTED = "The local AWS stopped while this job run was in progress. Start it again."
REPEATED = (
    *("name", "virtualClusterId", "executionRoleArn", "releaseLabel", "jobDriver"),
    *("configurationOverrides", "retryPolicyConfiguration", "clientToken", "tags"),
)


class JobRunOperations(VirtualClusterOperations):
    """The part of the backend that runs jobs."""

    def start_run(self, request: Request) -> dict[str, Any]:
        """StartJobRun."""
        validation.check_request("StartJobRun", request)
        cluster = self.cluster(request["virtualClusterId"])
        if made := made_before(self.runs_of(cluster.id), request):
            return _short(made)
        if cluster.state != RUNNING:
            raise ValidationError(f"Virtual cluster {cluster.id} is {cluster.state}: it has to be RUNNING.")
        validation.check_job(request, self.account_id, self.region_name)
        job = self._new(request)
        self.job_runs[job.id] = job
        job.announce("EMR Job Run State Change")
        context.current().queue.submit(Execution(job))
        return _short(job)

    def get_run(self, request: Request) -> dict[str, Any]:
        """DescribeJobRun."""
        return {"jobRun": self._run(request).description}

    def list_runs(self, request: Request) -> dict[str, Any]:
        """ListJobRuns, the newest first. A cluster that is not there has none."""
        validation.check_request("ListJobRuns", request)
        found = select(self.runs_of(request["virtualClusterId"]), request)
        if name := request.get("name"):
            found = [job for job in found if job.name == name]
        items, token = validation.page(found[::-1], request)
        return {"jobRuns": [job.description for job in items]} | ({"nextToken": token} if token else {})

    def cancel_run(self, request: Request) -> dict[str, Any]:
        """CancelJobRun: ``CANCEL_PENDING`` now, ``CANCELLED`` when the processes are gone."""
        try:
            job = self._run(request)
        except NotFoundError as error:
            # The operation's model has no other error.
            raise ValidationError(error.message) from error
        if job.state in (*ENDED, "CANCEL_PENDING"):
            raise ValidationError(f"Job run {job.id} is not in a cancellable state")
        job.move("CANCEL_PENDING")
        context.current().queue.stop(job.arn)
        return {"id": job.id, "virtualClusterId": job.cluster}

    def fail_interrupted_job_runs(self) -> None:
        """After a restart: nothing runs any more."""
        for job in list(self.job_runs.values()):
            if job.state == "CANCEL_PENDING":
                job.end("CANCELLED", RESTARTED)
            elif job.state not in ENDED:
                job.end("FAILED", RESTARTED, failureReason="INTERNAL_ERROR")

    def _run(self, request: Request) -> JobRun:
        job = self.job_runs.get(request["id"])
        if not isinstance(job, JobRun) or job.cluster != request["virtualClusterId"]:
            raise NotFoundError(f"Job run {request['id']} doesn't exist.")
        return job

    def _new(self, request: Request) -> JobRun:
        id_ = random_job_id()
        description = {name: request[name] for name in REPEATED if request.get(name) is not None}
        description |= {
            "id": id_,
            "arn": f"{self.arn_root()}/virtualclusters/{request['virtualClusterId']}/jobruns/{id_}",
            "state": "PENDING",
            "createdAt": now(),
            "createdBy": f"arn:{self.partition}:iam::{self.account_id}:root",
        }
        return JobRun(description, request, self.region_name)


def _short(job: JobRun) -> dict[str, Any]:
    short = {"id": job.id, "arn": job.arn, "virtualClusterId": job.cluster}
    return short | ({"name": job.name} if job.name else {})
