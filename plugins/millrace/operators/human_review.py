"""People's answers to many small tasks."""

import json
import sys
import time
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import asdict
from datetime import UTC, datetime
from functools import cached_property
from threading import Event
from typing import Any, NoReturn

from airflow.sdk import Context
from airflow.sdk.definitions.retry_policy import RetryAction
from airflow.sdk.exceptions import AirflowFailException, AirflowSkipException, AirflowTaskTimeout
from typing_extensions import override

from include.a2i import HumanReview, Item, parse_items
from include.naming import MEMBER_SUFFIX_LENGTH, job_name, member_name
from millrace import cancelling
from millrace.cancelling import goes_on_elsewhere
from millrace.context import identity_of, run_of
from millrace.errors import JobFailed
from millrace.hooks.human_loops import HumanLoops, ReviewFlows, few_at_a_time
from millrace.hooks.s3 import S3, split
from millrace.human_loops import Batch, Goal, answered, open_loops
from millrace.jobs import HUMAN_LOOP
from millrace.launching import STATE_KEY, Action, Decision, Launch, RemoteJob, decide, stored
from millrace.links import JobLink, OutputLink
from millrace.operators.base import LaunchingOperator
from millrace.pages import reviews_page
from millrace.triggers.human_loops import HumanLoopsTrigger


class HumanReviewOperator(LaunchingOperator):
    """Asks a work team about every item, and waits once for all until enough is answered.

    Args:
        build: makes the review from the run and ``arguments``, or None where there is nothing to ask, which
            skips the task.
        arguments: what the builder takes beside the run; may hold XComArgs and templates.

    When enough is answered, or the deadline has come, what is still open is stopped. The result has
    ``answers``, the S3 URI of a folder of this run, and how many loops were ``started``, ``answered`` and
    ``stopped``. In the folder is a copy of what A2I has written of each answer, ``<loop>/output.json``, and
    ``answers.json``: for every item ``{"id", "loop", "output"}``, the copy's URI or null.
    """

    operator_extra_links = (JobLink(), OutputLink())
    ui_color = "#f9e4ec"

    def __init__(self, **kwargs: Any) -> None:
        super().__init__(**kwargs)
        self.links: dict[str, str | None] = {}
        self._task: Any = None
        self._batch: Batch | None = None
        self._given_up = Event()

    @override
    def execute(self, context: Context) -> dict[str, Any]:
        self._task = context["ti"]
        with self.leaving_nothing_open(context):
            decision, previous = self.next_launch(context)
            review = self.review(context)
            items = self.items(review)
            if not items:
                return self.result(context, "nothing", {}, {})
            batch = previous or self.new_batch(context, review, decision.launch)
            self.remember(context, decision.launch, batch)
            self.start(batch, review, items)
        return self.resume(context)

    def resume(self, context: Context, event: Mapping[str, Any] | None = None) -> dict[str, Any]:  # noqa: ARG002  # Airflow passes it
        """Called when the review may be over: the list of its loops decides."""
        self._task = context["ti"]
        with self.leaving_nothing_open(context):
            review = self.review(context)
            items = self.items(review)
            batch = self._batch = self.last_batch(context)
            self.links = {JobLink.name: reviews_page(self.loops.conn.meta)}
            names = {member_name(batch.name, item.id): item.id for item in items}
            statuses, goal = self.statuses(batch, names), _goal(batch, review, len(items))
            if not goal.is_reached(statuses) and _seconds_left(goal) > 0:
                self.wait(batch, goal)
            self.loops.stop_all(open_loops(statuses))
            statuses = self.statuses(batch, names)
            self.fail_if_all_failed(batch, statuses)
            return self.result(context, batch.name, names, statuses)

    @override
    def on_kill(self) -> None:
        """Stops the loops of a task that is killed before its deferral, unless another try goes on."""
        self._given_up.set()
        if self._batch is None:
            return
        took_too_long = isinstance(sys.exception(), AirflowTaskTimeout)
        if not took_too_long and self._task and goes_on_elsewhere(self._task):
            self.log.info("another try goes on with %s", self._batch.name)
            return
        if not took_too_long:
            time.sleep(cancelling.HEAD_START_SECONDS)
        self.loops.stop_open(self._batch)

    @override
    def stop_last_launch(self, context: Context) -> None:
        self.loops.stop_open(self.last_batch(context))

    @contextmanager
    def leaving_nothing_open(self, context: Context) -> Iterator[None]:
        """Stops the open loops after an error that no retry will follow."""
        try:
            yield
        except Exception as error:
            started = context["task_state_store"].get(STATE_KEY) is not None
            if started and self.is_final(context, error):
                self.stop_last_launch(context)
            raise

    def is_final(self, context: Context, error: Exception) -> bool:
        """Whether the task ends with an error: no try is left, or another would not mend it."""
        if isinstance(error, AirflowSkipException | AirflowFailException):
            return True
        tries, most, policy = context["ti"].try_number, context["ti"].max_tries, self.retry_policy
        refused = policy and policy.evaluate(error, tries, most, context).action is RetryAction.FAIL
        return bool(refused) or tries > most

    def review(self, context: Context) -> HumanReview:
        """What the builder makes of this run.

        Raises:
            AirflowSkipException: nothing, so nobody is asked.
            ValueError: its deadline is later than that of the task.
        """
        review: HumanReview | None = self.build(run_of(context), **self.arguments)
        if review is None:
            raise AirflowSkipException(f"the params of this run give {self.task_id} nothing to ask")
        if self.execution_timeout and review.deadline >= self.execution_timeout:
            raise ValueError(
                f"people have {review.deadline}, but {self.task_id} is ended after {self.execution_timeout}: "
                "raise its execution_timeout or shorten the deadline"
            )
        return review

    def items(self, review: HumanReview) -> Sequence[Item]:
        """What people are asked about.

        Raises:
            ValueError: the document is not what ``parse_items`` takes.
        """
        try:
            return parse_items(self.s3.read_json(review.items))
        except ValueError as error:
            raise ValueError(f"{review.items}: {error}") from error

    def next_launch(self, context: Context) -> tuple[Decision, Batch | None]:
        """Which launch this try belongs to, and its batch if there is one; a clear stops the last."""
        stored_launch, max_tries = context["task_state_store"].get(STATE_KEY), context["ti"].max_tries
        job = RemoteJob.parse(stored_launch)
        last = Batch.of(job) if job else None
        status = self.status(last) if last else None
        decision = decide(Launch.parse(stored_launch), max_tries, status, HUMAN_LOOP)
        if last and decision.stop_previous:
            self.log.info("the task was cleared: stopping the open loops of %s", last.name)
            self.loops.stop_open(last)
        return decision, last if decision.action is Action.ADOPT else None

    def new_batch(self, context: Context, review: HumanReview, launch: Launch) -> Batch:
        """The batch of a launch that begins now."""
        length = HUMAN_LOOP.max_name_length - MEMBER_SUFFIX_LENGTH
        name = job_name(identity_of(context), launch.number, max_length=length)
        return Batch(name, self.flow_definition(context, review), datetime.now(UTC).isoformat())

    def remember(self, context: Context, launch: Launch, batch: Batch) -> None:
        """Keeps what a retry, and whoever may have to stop the loops, must know before any is started."""
        group, began = batch.flow_definition_arn, batch.began
        job = RemoteJob(HUMAN_LOOP.name, batch.name, self.aws_conn_id, self.region_name, group, began)
        context["task_state_store"].set(STATE_KEY, stored(launch, job))
        self._batch = batch

    def last_batch(self, context: Context) -> Batch:
        """The loops that this task waits for.

        Raises:
            JobFailed: the task's state was deleted while it waited.
        """
        job = RemoteJob.parse(context["task_state_store"].get(STATE_KEY))
        if job is None:
            raise JobFailed(f"{self.task_id} has lost the name of its loops; clear the task to ask anew")
        return Batch.of(job)

    def status(self, batch: Batch) -> str:
        """That of a launch as a whole: a retry asks anew only where nothing but failures is left."""
        statuses = set(self.loops.statuses(batch).values())
        return "Failed" if statuses and statuses <= HUMAN_LOOP.failed else "InProgress"

    def flow_definition(self, context: Context, review: HumanReview) -> str:
        """The ARN of the flow definition of a review, which is made if there is none like it."""
        run = run_of(context)
        tags = {"Tags": run.tags(self.task_id)}
        ui = self.flows.ui({**review.ui_request(run), **tags})
        return self.flows.flow({**review.flow_request(run, ui), **tags})

    def start(self, batch: Batch, review: HumanReview, items: Sequence[Item]) -> None:
        """Starts the loops that are not there yet, unless it is too late for them."""
        if _seconds_left(_goal(batch, review, len(items))) <= 0:
            return
        there = self.loops.statuses(batch)
        requests = {
            name: review.loop_request(batch.flow_definition_arn, item)
            for item in items
            if (name := member_name(batch.name, item.id)) not in there
        }
        self.loops.start_all(requests, self._given_up)
        self.log.info("%s: %d loops started, %d were there", batch.name, len(requests), len(there))

    def statuses(self, batch: Batch, names: Mapping[str, str]) -> dict[str, str]:
        """Statuses by name; a loop that the list does not have yet is open."""
        found = self.loops.statuses(batch)
        return {name: found.get(name, "InProgress") for name in names}

    def wait(self, batch: Batch, goal: Goal) -> NoReturn:
        """Leaves the worker until the review may be over."""
        self.defer(
            trigger=HumanLoopsTrigger(asdict(batch), asdict(goal), self.aws_conn_id, self.region_name),
            method_name=self.resume.__name__,
            timeout=self.execution_timeout,
        )
        raise AssertionError("defer() never returns")

    def fail_if_all_failed(self, batch: Batch, statuses: Mapping[str, str]) -> None:
        """Ends the task with AWS's reason where no loop could be answered."""
        failed = [name for name, status in statuses.items() if status in HUMAN_LOOP.failed]
        if not failed:
            return
        first = self.loops.describe(failed[0])
        reason = f"{len(failed)} of {len(statuses)} human loops of {batch.name} failed: " + (
            first.reason if first else "they were deleted"
        )
        if len(failed) == len(statuses):
            raise JobFailed(reason)
        self.log.warning(reason)

    def result(
        self, context: Context, name: str, names: Mapping[str, str], statuses: Mapping[str, str]
    ) -> dict[str, Any]:
        """Gathers the answers; the small result of the review."""
        folder = run_of(context).uri("answers", name) + "/"
        outputs = self.gather(folder, self.loops.outputs(answered(statuses)) if names else {})
        answers = [{"id": item, "loop": loop, "output": outputs.get(loop)} for loop, item in names.items()]
        self.s3.write(f"{folder}answers.json", (json.dumps(answers, indent=2) + "\n").encode())
        self.links[OutputLink.name] = self.s3.page(folder)
        stopped = [each for each in statuses.values() if each in HUMAN_LOOP.stopped | HUMAN_LOOP.stopping]
        self.log.info("%d of %d items are answered, %d were stopped", len(outputs), len(names), len(stopped))
        return {
            "answers": folder,
            "started": len(names),
            "answered": len(outputs),
            "stopped": len(stopped),
        }

    def gather(self, folder: str, outputs: Mapping[str, str]) -> dict[str, str]:
        """Copies what A2I has written, by the loop's name, to where only this run writes."""
        bucket, prefix = split(folder)

        def copy(loop: str) -> tuple[str, str]:
            source, key = split(outputs[loop])
            target = f"{prefix}{loop}/output.json"
            self.s3.client.copy_object(CopySource={"Bucket": source, "Key": key}, Bucket=bucket, Key=target)
            return loop, f"s3://{bucket}/{target}"

        _ = self.s3.client  # The threads share it, so it is made before them.
        return dict(few_at_a_time(copy, outputs))

    @cached_property
    def loops(self) -> HumanLoops:
        """Calls about human loops."""
        return HumanLoops(self.aws_conn_id, self.region_name)

    @cached_property
    def flows(self) -> ReviewFlows:
        """Calls about what human loops need."""
        return ReviewFlows(self.aws_conn_id, self.region_name)

    @cached_property
    def s3(self) -> S3:
        """Documents in S3."""
        return S3(self.aws_conn_id, self.region_name)


def _goal(batch: Batch, review: HumanReview, items: int) -> Goal:
    deadline = datetime.fromisoformat(batch.began) + review.deadline
    return Goal(items, review.needed(items), deadline.isoformat())


def _seconds_left(goal: Goal) -> float:
    return goal.seconds_left(datetime.now(UTC))
