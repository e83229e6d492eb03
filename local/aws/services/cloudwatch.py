"""CloudWatch: how old what waits is, in queues, streams, their functions and delivery streams, when asked.

Nothing is recorded: the newest value is there, and none from before.
"""

from collections.abc import Iterator
from datetime import UTC, datetime
from typing import TYPE_CHECKING, Any

from moto.awslambda.models import lambda_backends
from moto.cloudwatch.models import MetricDatum
from moto.core.common_models import CloudWatchMetricProvider
from moto.sqs.models import Queue, sqs_backends
from typing_extensions import override

from local.aws.journal import COUNTER_BITS
from local.aws.services import firehose
from local.aws.services.firehose.delivery import Delivery
from local.aws.services.lambda_functions.context import current
from local.aws.services.lambda_functions.mapping import LocalMapping

if TYPE_CHECKING:
    from local.aws.server import LocalAws


class Ages(CloudWatchMetricProvider):
    """Moto asks every subclass of its provider for metrics."""

    @staticmethod
    @override
    def get_cloudwatch_metrics(account_id: str, region: str) -> list[MetricDatum]:
        now = datetime.now(UTC)
        seconds = now.timestamp()
        # Moto compares times without a zone.
        moment = now.replace(tzinfo=None)
        return [
            MetricDatum(namespace, name, value, [{"Name": dimension, "Value": of}], moment, unit)
            for namespace, name, value, dimension, of, unit in (
                *_of_queues(account_id, region, seconds),
                *_of_functions(account_id, region),
                *_of_deliveries(region, seconds),
            )
        ]


_Measured = tuple[str, str, float, str, str, str]
"""Namespace, name, value, dimension and its value, unit."""


def _of_queues(account: str, region: str, now: float) -> Iterator[_Measured]:
    for queue in list(sqs_backends[account][region].queues.values()):
        age = _age(queue, now)
        yield "AWS/SQS", "ApproximateAgeOfOldestMessage", age, "QueueName", queue.name, "Seconds"


def _age(queue: Queue, now: float) -> float:
    """Seconds since the oldest message was sent that is not deleted; the first is not always the oldest."""
    sent: list[Any] = [message.sent_timestamp for message in list(queue._messages)]  # noqa: SLF001
    oldest = min((int(each) / 1000 for each in sent), default=now)
    return max(0.0, now - oldest)


def _of_functions(account: str, region: str) -> Iterator[_Measured]:
    """Of those that are given a stream's records."""
    backend: Any = lambda_backends[account][region]
    for mapping in list(backend._event_source_mappings.values()):  # noqa: SLF001  # moto lists by ARN only
        if not isinstance(mapping, LocalMapping) or not mapping.of_stream:
            continue
        if (age := current().sources.age(mapping)) is not None:
            name = mapping.function_arn.split(":")[6]
            yield "AWS/Lambda", "IteratorAge", age * 1000, "FunctionName", name, "Milliseconds"


def _of_deliveries(region: str, now: float) -> Iterator[_Measured]:
    for delivery in firehose.operations().every():
        if delivery.stream.region != region:
            continue
        arrived = oldest(delivery)
        age = 0.0 if arrived is None else max(0.0, now - arrived / 1000)
        name = delivery.stream.name
        yield "AWS/Firehose", "DeliveryToS3.DataFreshness", age, "DeliveryStreamName", name, "Seconds"
        if delivery.stream.source:
            of = delivery.stream.source["KinesisStreamARN"].rpartition("/")[2]
            yield (
                *("AWS/Kinesis", "GetRecords.IteratorAgeMilliseconds", age * 1000),
                *("StreamName", of, "Milliseconds"),
            )


def oldest(delivery: Delivery) -> int | None:
    """When the oldest record arrived that is not delivered, in milliseconds since 1970; None without any."""
    done = delivery.checkpoints()
    waiting = [delivery.feed.journal.first(shard, done.get(shard, 0)) for shard in delivery.feed.shards(done)]
    return min((number >> COUNTER_BITS for number in waiting if number is not None), default=None)


def install(_aws: "LocalAws") -> None:
    """Nothing is to be put in place: `Ages` is known since it was imported."""
