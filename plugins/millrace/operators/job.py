"""The one operator that launches jobs on AWS."""

import sys
import time
from collections.abc import Mapping, Sequence
from functools import cached_property
from typing import Any, ClassVar, NoReturn, Protocol

from airflow.providers.standard.triggers.temporal import TimeDeltaTrigger
from airflow.sdk import Context
from airflow.sdk.exceptions import AirflowSkipException, AirflowTaskTimeout
from botocore.exceptions import ClientError
from typing_extensions import override

from include.bundles import Bundle
from include.naming import job_name
from include.run import Run
from millrace import cancelling
from millrace.cancelling import goes_on_elsewhere
from millrace.context import identity_of, run_of
from millrace.delays import WHEN_FULL, growing
from millrace.descriptions import JobDescription
from millrace.errors import QUOTA_IS_FULL, JobFailed, code_of
from millrace.finished_jobs import FinishedJob, stop
from millrace.hooks.jobs import JobHook, Started
from millrace.hooks.s3 import S3
from millrace.jobs import JobKind
from millrace.launching import STATE_KEY, Action, Launch, RemoteJob, decide, stored
from millrace.links import LINKS, DescriptionLink, JobLink, LogLink, OutputLink
from millrace.operators.base import LaunchingOperator
from millrace.pages import folder_of, job_page, log_page, object_page
from millrace.triggers.job_event import JobEventTrigger

START_PATIENCE = 4.0
"""Seconds that a killed task waits for the job of its start call to appear; Airflow gives it five."""


class Job(Protocol):
    """What a request builder returns, e.g. ``include.sagemaker.ProcessingJob``."""

    def request(self, run: Run) -> dict[str, Any]:
        """The start operation's request, without the job's name."""

    def bundles(self) -> Sequence[Bundle]:
        """What has to be in S3 before the job starts."""

    def metrics_uri(self) -> str | None:
        """Where the job leaves its ``metrics.json``, if it does."""


class AwsJobOperator(LaunchingOperator):
    """Launches a job once, waits for its completion event, and stops it when the task is cancelled.

    Args:
        kind: the row of ``millrace.jobs``.
        build: makes the job from the run and ``arguments``, or None where this run has none to do, which
            skips the task.
        arguments: what the builder takes beside the run; may hold XComArgs and templates.
        wait_for_completion: False ends the task as soon as AWS has accepted the job.

    The result is the row's small mapping, with ``metrics`` where the job reports any.
    """

    template_fields: Sequence[str] = ("arguments", "request")
    template_fields_renderers: ClassVar[dict[str, str]] = {"request": "json", "arguments": "json"}
    # The request exists only once the task has run; show it then.
    overwrite_rtif_after_execution = True
    operator_extra_links = LINKS

    def __init__(
        self,
        *,
        kind: JobKind,
        wait_for_completion: bool = True,
        **kwargs: Any,
    ) -> None:
        super().__init__(**kwargs)
        self.kind = kind
        self.wait_for_completion = wait_for_completion
        self.request: dict[str, Any] | None = None
        self.links: dict[str, str | None] = {}
        self.finished_jobs: list[FinishedJob] = []
        self._running: str | None = None
        self._refusals = 0
        self._is_starting = False
        self._task: Any = None

    @override
    def execute(self, context: Context) -> dict[str, Any]:
        self._task = context["ti"]
        launch, action = self.next_launch(context)
        name = self.remote_name(context, launch)
        if action is Action.FINISH:
            self.log.info("%s %s has already succeeded", self.kind.name, name)
            return self.resume(context)
        self._running = name
        self.link(context, name)
        if action is Action.START:
            self._is_starting = True
            try:
                self.start(context, launch)
            except ClientError as error:
                if code_of(error) in QUOTA_IS_FULL:
                    self.wait_for_room(error)
                raise
            self._is_starting = False
            # AWS may have given it an id.
            self._running = name = self.remote_name(context, launch)
            self.link(context, name)
        else:
            self.log.info("%s %s still runs: waiting for it", self.kind.name, name)
        if not self.wait_for_completion:
            return {"name": name}
        return self.wait(name)

    def execute_again(
        self,
        context: Context,
        event: Any = None,  # noqa: ARG002  # Airflow passes it
        refusals: int = 0,
    ) -> dict[str, Any]:
        """Called when what was in the way of the start may be gone; the number of the launch stays."""
        self._refusals = refusals
        return self.execute(context)

    def resume(self, context: Context, event: Mapping[str, Any] | None = None) -> dict[str, Any]:  # noqa: ARG002  # Airflow passes it
        """Called when the job is over, or may be: the description decides."""
        self._task = context["ti"]
        launch = self.last_launch(context)
        name = self.remote_name(context, launch)
        description = self.describe(context, launch)
        if description is None:
            self.fail_missing(name)
        if not description.is_over:
            self._running = description.reference
            self.link(context, description.reference)
            self.wait(description.reference)
        self.keep(context, launch, description)
        if self.kind.usage:
            self.finished_jobs.append(FinishedJob.of(description, context["ti"]))
        if not description.has_succeeded:
            self.fail(description)
        return self.result(context, launch, description)

    @override
    def on_kill(self) -> None:
        """Stops the job when the task is killed between the start call and the deferral.

        A start call that is on its way may be carried out after this process has gone, so the job
        may take a moment to appear. Another try of the task that goes on elsewhere keeps the job.
        """
        if self._running is None or self.kind.stop is None:
            return
        took_too_long = isinstance(sys.exception(), AirflowTaskTimeout)
        if not took_too_long and self._task and goes_on_elsewhere(self._task):
            self.log.info("another try goes on with %s %s", self.kind.name, self._running)
            return
        until = time.monotonic() + START_PATIENCE
        if not took_too_long:
            time.sleep(cancelling.HEAD_START_SECONDS)
        while not self.hook.stop(self._running) and self._is_starting and time.monotonic() < until:
            time.sleep(0.2)

    def next_launch(self, context: Context) -> tuple[Launch, Action]:
        """Decides what this try does, and remembers it before anything is started."""
        store = context["task_state_store"]
        last = Launch.parse(store.get(STATE_KEY))
        max_tries = context["ti"].max_tries
        description = self.describe(context, last) if last else None
        decision = decide(last, max_tries, description.status if description else None, self.kind)
        if decision.stop_previous and last:
            previous = self.remote_name(context, last)
            self.log.info("the task was cleared: stopping %s %s if it runs", self.kind.name, previous)
            stop(self.hook, previous, context["ti"])
        goes_on = description is not None and last is not None and decision.launch.number == last.number
        name = (
            description.reference if description and goes_on else self.remote_name(context, decision.launch)
        )
        self.remember(context, decision.launch, name)
        return decision.launch, decision.action

    def remember(self, context: Context, launch: Launch, name: str) -> None:
        """Keeps what has to be known of a launch when this process is gone."""
        job = RemoteJob(self.kind.name, name, self.aws_conn_id, self.region_name)
        context["task_state_store"].set(STATE_KEY, stored(launch, job))

    def last_launch(self, context: Context) -> Launch:
        """The launch that this task waits for.

        Raises:
            JobFailed: the task's state was deleted while it waited.
        """
        launch = Launch.parse(context["task_state_store"].get(STATE_KEY))
        if launch is None:
            raise JobFailed(
                f"{self.task_id} has lost the number of its launch; clear the task to launch anew"
            )
        return launch

    def job(self, context: Context) -> Job:
        """What the builder makes of this run.

        Raises:
            AirflowSkipException: nothing, so the task has nothing to do.
        """
        job: Job | None = self.build(run_of(context), **self.arguments)
        if job is None:
            raise AirflowSkipException(f"the params of this run give {self.task_id} nothing to do")
        return job

    def job_name(self, context: Context, launch: Launch) -> str:
        """The name that belongs to this launch and to no other."""
        return job_name(identity_of(context), launch.number, max_length=self.kind.max_name_length)

    def remote_name(self, context: Context, launch: Launch) -> str:
        """What AWS describes and announces: a job by the name of its launch, or by the id it has got."""
        name = self.job_name(context, launch)
        if self.kind.given_id is None:
            return name
        kept = context["task_state_store"].get(STATE_KEY)
        last, job = Launch.parse(kept), RemoteJob.parse(kept)
        is_last = last is not None and last.number == launch.number
        return job.name if job and is_last else self.kind.reference(name, {})

    def describe(self, context: Context, launch: Launch) -> JobDescription | None:
        """The description of what the launch started, or None if AWS has no such thing."""
        return self.hook.describe(self.remote_name(context, launch))

    def start(self, context: Context, launch: Launch) -> None:
        """Ships the job's files and starts it."""
        run, name = run_of(context), self.job_name(context, launch)
        job = self.job(context)
        self.request = job.request(run)
        for bundle in job.bundles():
            self.s3.ship(bundle, run.code_uri(bundle.digest))
        tags = self.kind.tagged({tag["Key"]: tag["Value"] for tag in run.tags(self.task_id)})
        if self.kind.given_id:
            # Whoever has to stop it finds it by its name until the answer with its id is kept.
            self._running = self.kind.reference(name, self.request)
            self.remember(context, launch, self._running)
        started = self.submit(context, launch, {**self.request, **tags})
        if self.kind.given_id:
            self.remember(context, launch, started.reference)
        how = "started" if started.is_new else "was started by an earlier try"
        self.log.info("%s %s %s", self.kind.name, name, how)

    def submit(self, context: Context, launch: Launch, request: Mapping[str, Any]) -> Started:
        """Calls the start operation."""
        return self.hook.start(self.job_name(context, launch), request)

    def link(self, context: Context, name: str) -> None:
        """Sets the links of the task's page; the output is the run's folder until the job has one."""
        meta = self.hook.conn.meta
        self.links = {
            JobLink.name: job_page(meta, self.kind, name),
            LogLink.name: log_page(meta, self.kind, name),
            OutputLink.name: object_page(meta, folder_of(run_of(context).uri())),
        }

    def keep(self, context: Context, launch: Launch, description: JobDescription) -> None:
        """Writes the final description, whatever it says, and links to it and to the job's first output."""
        record = self.description_uri(context, launch)
        self.s3.write(record, description.to_json())
        self.link(context, self.remote_name(context, launch))
        self.links[DescriptionLink.name] = self.s3.page(record)
        if outputs := description.result.get("outputs"):
            self.links[OutputLink.name] = self.s3.page(folder_of(next(iter(outputs.values()))))

    def description_uri(self, context: Context, launch: Launch) -> str:
        """Where the final description of a launch is kept."""
        return run_of(context).uri("jobs", f"{self.job_name(context, launch)}.json")

    def wait_for_room(self, error: ClientError) -> NoReturn:
        """Leaves the worker until the quota may have room, for as long as the run may take."""
        delay = growing(WHEN_FULL, self._refusals + 1)
        self.log.warning("%s; asking again in %d seconds", error, delay.total_seconds())
        self.defer(
            trigger=TimeDeltaTrigger(delay),
            method_name=self.execute_again.__name__,
            kwargs={"refusals": self._refusals + 1},
        )
        raise AssertionError("defer() never returns")

    def wait_until_settled(self, current: JobDescription) -> NoReturn:
        """Leaves the worker until what has a name of its own may be changed: AWS refuses two at a time."""
        self.log.info("%s is %s: waiting for that first", current.name, current.status)
        self.defer(
            trigger=JobEventTrigger(self.kind.name, current.name, self.aws_conn_id, self.region_name),
            method_name=self.execute_again.__name__,
            timeout=self.execution_timeout,
        )
        raise AssertionError("defer() never returns")

    def wait(self, name: str) -> NoReturn:
        """Leaves the worker until the job is over."""
        self.defer(
            trigger=JobEventTrigger(self.kind.name, name, self.aws_conn_id, self.region_name),
            method_name=self.resume.__name__,
            # Airflow does not look at execution_timeout while a task is deferred.
            timeout=self.execution_timeout,
        )
        raise AssertionError("defer() never returns")

    def result(self, context: Context, launch: Launch, description: JobDescription) -> dict[str, Any]:
        """The small result of a job that succeeded."""
        run, name = run_of(context), self.job_name(context, launch)
        job = self.job(context)
        self.request = job.request(run)
        record = self.description_uri(context, launch)
        result = {"name": name, **description.result, "description": record}
        if uri := job.metrics_uri():
            result["metrics"] = self.s3.read_json(uri)
        return result

    def fail_missing(self, name: str) -> NoReturn:
        """Ends the task when what it waited for is not there any more."""
        raise JobFailed(f"{self.kind.name} {name} is gone: it was deleted while this task waited for it")

    def fail(self, description: JobDescription) -> NoReturn:
        """Ends the task with the reason first and the job's last log lines after it."""
        message = f"{self.kind.name} {description.name} is {description.status}: {description.reason}"
        self.log.error(message)
        for line in self.hook.log_tail(description.reference):
            self.log.error("  %s", line)
        raise JobFailed(message, permanent=description.is_permanent, no_capacity=description.had_no_capacity)

    @override
    def stop_last_launch(self, context: Context) -> None:
        name = self.remote_name(context, self.last_launch(context))
        self.log.warning("stopping %s %s", self.kind.name, name)
        stop(self.hook, name, context["ti"])

    @cached_property
    def hook(self) -> JobHook:
        """Calls about this operator's kind of job."""
        return JobHook(self.kind, self.aws_conn_id, self.region_name)

    @cached_property
    def s3(self) -> S3:
        """Documents and code in S3."""
        return S3(self.aws_conn_id, self.region_name)
