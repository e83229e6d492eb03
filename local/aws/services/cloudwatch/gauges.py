"""What can be measured at any time: how old and how long queues and streams are, the memory of endpoints.

It is measured once a minute, and whenever somebody asks: the newest value of a minute counts.
"""

import logging
from collections.abc import Iterator
from typing import Any

import psutil
from moto.awslambda.models import lambda_backends
from moto.sqs.models import Queue, sqs_backends

from local.aws.current import Current
from local.aws.journal import COUNTER_BITS
from local.aws.metrics import Metric, metrics
from local.aws.services import firehose
from local.aws.services.firehose.delivery import Delivery
from local.aws.services.lambda_functions.context import current as lambda_context
from local.aws.services.lambda_functions.mapping import LocalMapping
from local.aws.services.sagemaker.context import current as sagemaker_context

log = logging.getLogger(__name__)

Measured = tuple[Metric, float, str]
"""A metric, its value and its unit."""


class Gauges:
    """Measures what ``account`` has."""

    def __init__(self, account: str) -> None:
        self._account = account

    def measure(self, now: float) -> None:
        """Puts every value into the metrics; ``now`` is in seconds since 1970."""
        found: dict[Metric, tuple[float, str]] = {}
        for metric, value, unit in self._all(now):
            # Of several who read a stream the last one counts.
            found[metric] = max(found.get(metric, (value, unit)), (value, unit))
        for metric, (value, unit) in found.items():
            metrics().put(metric, value, unit)

    def _all(self, now: float) -> Iterator[Measured]:
        yield from _of_queues(self._account, now)
        yield from _of_deliveries(now)
        yield from _of_mappings(self._account)
        yield from _of_endpoints()


gauges = Current[Gauges]("CloudWatch")


def _of_queues(account: str, now: float) -> Iterator[Measured]:
    for region, backend in dict(sqs_backends[account]).items():
        for queue in list(backend.queues.values()):
            measured: dict[str, tuple[float, str]] = {
                "ApproximateAgeOfOldestMessage": (_age(queue, now), "Seconds"),
                "ApproximateNumberOfMessagesVisible": (queue.approximate_number_of_messages, "Count"),
                "ApproximateNumberOfMessagesNotVisible": (
                    queue.approximate_number_of_messages_not_visible,
                    "Count",
                ),
            }
            for name, (value, unit) in measured.items():
                yield Metric.of(region, "AWS/SQS", name, QueueName=queue.name), value, unit


def _age(queue: Queue, now: float) -> float:
    """Seconds since the oldest message was sent that is not deleted; the first is not always the oldest."""
    sent: list[Any] = [message.sent_timestamp for message in list(queue._messages)]  # noqa: SLF001
    oldest = min((int(each) / 1000 for each in sent), default=now)
    return max(0.0, now - oldest)


def _of_deliveries(now: float) -> Iterator[Measured]:
    for delivery in firehose.operations().every():
        stream = delivery.stream
        arrived = oldest(delivery)
        age = 0.0 if arrived is None else max(0.0, now - arrived / 1000)
        freshness = Metric.of(
            stream.region, "AWS/Firehose", "DeliveryToS3.DataFreshness", DeliveryStreamName=stream.name
        )
        yield freshness, age, "Seconds"
        if stream.source:
            yield _iterator_age(stream.region, stream.source["KinesisStreamARN"].rpartition("/")[2], age)


def oldest(delivery: Delivery) -> int | None:
    """When the oldest record arrived that is not delivered, in milliseconds since 1970; None without any."""
    done = delivery.checkpoints()
    waiting = [delivery.feed.journal.first(shard, done.get(shard, 0)) for shard in delivery.feed.shards(done)]
    return min((number >> COUNTER_BITS for number in waiting if number is not None), default=None)


def _of_mappings(account: str) -> Iterator[Measured]:
    """Of streams that functions read."""
    for region, backend in dict(lambda_backends[account]).items():
        for mapping in backend.list_event_source_mappings("", ""):
            if isinstance(mapping, LocalMapping) and mapping.of_stream:
                yield _iterator_age(region, mapping.source_name, lambda_context().sources.behind(mapping))


def _iterator_age(region: str, stream: str, seconds: float) -> Measured:
    metric = Metric.of(region, "AWS/Kinesis", "GetRecords.IteratorAgeMilliseconds", StreamName=stream)
    return metric, seconds * 1000, "Milliseconds"


def _of_endpoints() -> Iterator[Measured]:
    """The memory of every model server and what it has started, as a share of the machine's.

    Once a minute: looking at all processes of the machine takes longer than all the rest.
    """
    machine, number = psutil.virtual_memory().total, metrics().now()
    for server in sagemaker_context().fleet.every():
        metric = Metric.of(
            *(server.region, "/aws/sagemaker/Endpoints", "MemoryUtilization"),
            EndpointName=server.endpoint,
            VariantName=server.name,
        )
        if server.pid and not metrics().between(metric, number, number + 1):
            yield metric, 100 * _resident(server.pid) / machine, "Percent"


def _resident(pid: int) -> int:
    """Bytes of a process and its descendants; those that end meanwhile count nothing."""
    total = 0
    try:
        root = psutil.Process(pid)
        for process in (root, *root.children(recursive=True)):
            total += process.memory_info().rss
    except psutil.NoSuchProcess:
        log.debug("Process %d has ended while it was looked at", pid)
    return total
