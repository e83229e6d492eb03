"""Dead letters, and how far behind queues and streams are."""

from collections.abc import Callable, Mapping, Sequence
from datetime import UTC, datetime
from functools import cached_property
from typing import Any, ClassVar

from airflow.sdk import Context
from airflow.sdk.exceptions import AirflowFailException, AirflowSkipException
from typing_extensions import override

from include.lag import Backlog, Bound, Measure, Metric, exceeded, metric_request
from include.run import Run
from millrace.context import run_of
from millrace.hooks.aws import AwsHook
from millrace.operators.base import AwsOperator

COUNTS = ("ApproximateNumberOfMessages", "ApproximateNumberOfMessagesNotVisible")
MOST_MESSAGES = 10
"""Of a request."""
WAIT_SECONDS = 2
"""A receive that waits asks all servers of a queue; one that does not may miss messages."""


class QueueOperator(AwsOperator):
    """An operator that asks about queues which another task has found.

    Args:
        outputs: what ``queues`` takes beside the run; may hold XComArgs and templates.
    """

    template_fields: Sequence[str] = ("outputs",)
    template_fields_renderers: ClassVar[dict[str, str]] = {"outputs": "json"}

    def __init__(self, *, outputs: Any, **kwargs: Any) -> None:
        super().__init__(**kwargs)
        self.outputs = outputs

    def backlog(self, queue_url: str) -> int:
        """Messages that are to be had or in somebody's hands; SQS knows it roughly."""
        found = self.sqs.get_queue_attributes(QueueUrl=queue_url, AttributeNames=list(COUNTS))["Attributes"]
        return sum(int(found[name]) for name in COUNTS)

    @cached_property
    def sqs(self) -> Any:
        """boto3's client of SQS."""
        return AwsHook("sqs", self.aws_conn_id, self.region_name).conn


class ReplayOperator(QueueOperator):
    """Sends dead letters back to the queues that they came from; the result says how many of each.

    A message is deleted when its queue has taken it: killed in between, it is in both, and comes twice.

    Args:
        queues: URL of the dead letters' queue -> URL of the queue, of the run and the outputs; empty to skip.
    """

    ui_color = "#fbe3e4"

    def __init__(
        self, *, queues: Callable[[Run, Mapping[str, str]], Mapping[str, str]], **kwargs: Any
    ) -> None:
        super().__init__(**kwargs)
        self.queues = queues

    @override
    def execute(self, context: Context) -> dict[str, int]:
        queues = self.queues(run_of(context), self.outputs)
        if not queues:
            raise AirflowSkipException("nothing is to be replayed")
        moved = {}
        for dead, queue in queues.items():
            moved[dead.rpartition("/")[2]] = count = self._move(dead, queue)
            self.log.info("%d messages went from %s back to %s", count, dead, queue)
        return moved

    def _move(self, dead: str, queue: str) -> int:
        """Moves what is there now: what becomes a dead letter again meanwhile waits for another replay."""
        most, moved = self.backlog(dead), 0
        while moved < most:
            answer = self.sqs.receive_message(
                QueueUrl=dead,
                MaxNumberOfMessages=min(MOST_MESSAGES, most - moved),
                MessageAttributeNames=["All"],
                WaitTimeSeconds=WAIT_SECONDS,
            )
            if not (messages := answer.get("Messages", [])):
                break
            self._send(queue, messages)
            self._delete(dead, messages)
            moved += len(messages)
        return moved

    def _send(self, queue: str, messages: Sequence[Mapping[str, Any]]) -> None:
        entries = [
            {
                "Id": str(number),
                "MessageBody": each["Body"],
                "MessageAttributes": each.get("MessageAttributes", {}),
            }
            for number, each in enumerate(messages)
        ]
        _check(queue, self.sqs.send_message_batch(QueueUrl=queue, Entries=entries))

    def _delete(self, dead: str, messages: Sequence[Mapping[str, Any]]) -> None:
        entries = [
            {"Id": str(number), "ReceiptHandle": each["ReceiptHandle"]}
            for number, each in enumerate(messages)
        ]
        _check(dead, self.sqs.delete_message_batch(QueueUrl=dead, Entries=entries))


class LagGateOperator(QueueOperator):
    """Asks how far behind queues and streams are; the result has the ``values`` and what is ``exceeded``.

    Args:
        measures: by name, of the outputs.
        bounds: of the run and the outputs.
        warns: whether a bound that is exceeded is only told, of the run.
    """

    ui_color = "#e8f4e5"

    def __init__(
        self,
        *,
        measures: Callable[[Mapping[str, str]], Mapping[str, Measure]],
        bounds: Callable[[Run, Mapping[str, str]], Sequence[Bound]],
        warns: Callable[[Run], bool],
        **kwargs: Any,
    ) -> None:
        super().__init__(**kwargs)
        self.measures = measures
        self.bounds = bounds
        self.warns = warns

    @override
    def execute(self, context: Context) -> dict[str, Any]:
        run = run_of(context)
        values = self._values(self.measures(self.outputs))
        for name, value in values.items():
            self.log.info("%s: %s", name, "not measured" if value is None else f"{value:g}")
        sentences = exceeded(values, self.bounds(run, self.outputs))
        if sentences and not self.warns(run):
            raise AirflowFailException(". ".join(sentences))
        for sentence in sentences:
            self.log.warning("%s", sentence)
        return {"values": values, "exceeded": sentences}

    def _values(self, measures: Mapping[str, Measure]) -> dict[str, float | None]:
        metrics = {name: each for name, each in measures.items() if isinstance(each, Metric)}
        request = metric_request(list(metrics.values()), datetime.now(UTC))
        results = self.cloudwatch.get_metric_data(**request)["MetricDataResults"]
        newest = {each["Id"]: each["Values"][0] for each in results if each["Values"]}
        found = {name: newest.get(f"m{number}") for number, name in enumerate(metrics)}
        backlogs = {
            name: float(self.backlog(each.queue_url))
            for name, each in measures.items()
            if isinstance(each, Backlog)
        }
        return {name: (found | backlogs)[name] for name in measures}

    @cached_property
    def cloudwatch(self) -> Any:
        """boto3's client of CloudWatch."""
        return AwsHook("cloudwatch", self.aws_conn_id, self.region_name).conn


def _check(queue: str, answer: Mapping[str, Any]) -> None:
    """A batch answers 200 also where messages failed.

    Raises:
        RuntimeError: the first that did.
    """
    if failed := answer.get("Failed"):
        first = failed[0]
        raise RuntimeError(
            f"{queue} refused {len(failed)} messages: {first['Code']}: {first.get('Message', '')}"
        )
