"""Elastic training by PyTorchJobs in a cluster of EKS."""

from collections.abc import Mapping, Sequence
from datetime import timedelta
from functools import cached_property
from typing import Any, NoReturn

from airflow.sdk import Context
from typing_extensions import override

from include.elastic.jobs import ElasticJob
from include.elastic.zones import check_zone
from millrace.descriptions import JobDescription
from millrace.errors import JobFailed
from millrace.hooks.jobs import Started
from millrace.hooks.pytorch_jobs import Place, PyTorchJobHook, described
from millrace.jobs import PYTORCH_JOB
from millrace.launching import Launch
from millrace.operators.gpus import GpuTrainingOperator
from millrace.triggers.pytorch_job import PyTorchJobTrigger


class TorchElasticOperator(GpuTrainingOperator):
    """A PyTorchJob, launched once and watched; what its pods print is in the task's log while they print it.

    It is deleted when it has succeeded. One that has failed is kept, with the pods that ended, for as long as
    its ``ttlSecondsAfterFinished`` says; one that the task no longer wants is deleted. Nodes and volume have
    to be in one availability zone.

    Args:
        build: makes the `ElasticJob` from the run and ``arguments``.
        cluster: name of the cluster; templated.
        namespace: of the job; templated.
        start_timeout: how long workers may wait for nodes until the job is given up.
    """

    template_fields: Sequence[str] = (*GpuTrainingOperator.template_fields, "cluster", "namespace")
    ui_color = "#d3e0e8"

    def __init__(
        self,
        *,
        cluster: Any,
        namespace: str = "default",
        start_timeout: timedelta = timedelta(minutes=20),
        **kwargs: Any,
    ) -> None:
        super().__init__(kind=PYTORCH_JOB, **kwargs)
        self.cluster = cluster
        self.namespace = namespace
        self.start_timeout = start_timeout

    @override
    def execute(self, context: Context) -> dict[str, Any]:
        self._context = context
        return super().execute(context)

    @override
    def resume(self, context: Context, event: Mapping[str, Any] | None = None) -> dict[str, Any]:
        self._context = context
        told = event or {}
        if told.get("refused"):
            self.stop_last_launch(context)
            why = self._refusal() or "its program ended with the exit code of wrong data; the log says why"
            raise JobFailed(why, permanent=True)
        if stuck := told.get("stuck"):
            self.stop_last_launch(context)
            raise JobFailed(f"the job cannot begin: {stuck}")
        return super().resume(context, event)

    @override
    def remote_name(self, context: Context, launch: Launch) -> str:
        return str(Place(self.cluster, self.namespace, self.job_name(context, launch)))

    @override
    def describe(self, context: Context, launch: Launch) -> JobDescription | None:
        """As the cluster has it; one that has succeeded is deleted, and has left its description in S3."""
        reference, record = self.remote_name(context, launch), self.description_uri(context, launch)
        if (found := self.hook.describe(reference)) or not self.s3.exists(record):
            return found
        return described(reference, self.s3.read_json(record))

    @override
    def submit(self, context: Context, launch: Launch, request: Mapping[str, Any]) -> Started:
        job = self.elastic_job(context)
        check_zone(*self.hook.zones(self.cluster, self.namespace, job.group, job.claim))
        if uri := job.failure_uri():
            self.s3.delete(uri)  # what another launch has said
        return self.hook.start(self.remote_name(context, launch), request)

    @override
    def wait(self, name: str) -> NoReturn:
        self.defer(
            trigger=PyTorchJobTrigger(
                name,
                self.elastic_job(self._context).min_workers,
                self.start_timeout.total_seconds(),
                self.aws_conn_id,
                self.region_name,
            ),
            method_name=self.resume.__name__,
            timeout=self.execution_timeout,  # as in `AwsJobOperator`
        )
        raise AssertionError("defer() never returns")

    @override
    def result(self, context: Context, launch: Launch, description: JobDescription) -> dict[str, Any]:
        result = super().result(context, launch, description)
        self.hook.delete(description.reference)
        return result

    @override
    def fail(self, description: JobDescription) -> NoReturn:
        if why := self._refusal():
            raise JobFailed(why, permanent=True)
        super().fail(description)

    def _refusal(self) -> str | None:
        """Why the program does not do its work, in its own words; None if it has said nothing."""
        uri = self.elastic_job(self._context).failure_uri()
        return str(self.s3.read_json(uri)["error"]) if uri and self.s3.exists(uri) else None

    def elastic_job(self, context: Context) -> ElasticJob:
        """What the builder makes of this run."""
        job = self.job(context)
        if not isinstance(job, ElasticJob):
            raise TypeError(f"{self.task_id} builds a {type(job).__name__}, not an ElasticJob")
        return job

    @cached_property
    def hook(self) -> PyTorchJobHook:
        """Calls about PyTorchJobs."""
        return PyTorchJobHook(self.aws_conn_id, self.region_name)
