"""Event source mappings as they are saved, and what AWS says of those that cannot be."""

import json
import time
from collections.abc import Mapping
from datetime import UTC, datetime
from typing import Any

from moto.awslambda.models import EventSourceMapping
from moto.sqs.models import sqs_backends
from moto.utilities.arns import parse_arn
from typing_extensions import override

from local.aws.services.lambda_functions import destinations
from local.aws.services.lambda_functions.context import current
from local.aws.services.lambda_functions.errors import (
    ConflictError,
    GenericResourcNotFound,
    InvalidParameterValueException,
)
from local.aws.services.lambda_functions.function import LocalFunction

STREAM_DEFAULTS = {
    "bisect_on_error": False,
    "max_record_age": -1,
    "max_retry_attempts": -1,
    "parallelization_factor": 1,
}
UNSERVED = {
    "TumblingWindowInSeconds": (None, 0),
    "ParallelizationFactor": (None, 1),
    "ProvisionedPollerConfig": (None, {}),
}
"""Members, and the values that change nothing."""
UNWINDOWED = 10
"""The largest batch of a queue's messages without a window."""


class LocalMapping(EventSourceMapping):
    """A mapping, with how far it has read.

    Attributes:
        checkpoints: the sequence number of the last record that is done with, by shard.
        created: seconds since the epoch; where ``LATEST`` begins.
        last_result: of the last batch, in AWS's words.
    """

    def __init__(self, spec: dict[str, Any]) -> None:
        super().__init__(spec)
        self.checkpoints: dict[str, str] = {}
        self.created = time.time()
        self.last_result = "No records processed"
        self.max_batch_window = spec.get("MaximumBatchingWindowInSeconds") or 0
        self.function_response_types = spec.get("FunctionResponseTypes") or []
        if self.of_stream:
            for name, value in STREAM_DEFAULTS.items():
                if getattr(self, name) is None:
                    setattr(self, name, value)
        else:
            self.starting_position = None

    @property
    def of_stream(self) -> bool:
        """Whether it reads a Kinesis stream, and not a queue."""
        return self.service == "kinesis"

    @property
    def service(self) -> str:
        """``sqs`` or ``kinesis``."""
        return str(self.event_source_arn.split(":")[2])

    @property
    def source_name(self) -> str:
        """The name of the queue or stream."""
        return str(parse_arn(self.event_source_arn).resource_id)

    @property
    def reports_failures(self) -> bool:
        """Whether the function says which records of a batch failed."""
        return "ReportBatchItemFailures" in (self.function_response_types or [])

    @property
    def window(self) -> int:
        """Seconds in which a batch is gathered."""
        return int(self.max_batch_window or 0)

    @property
    def retries(self) -> int:
        """After which a stream's records are given up; -1 for never."""
        return -1 if self.max_retry_attempts is None else int(self.max_retry_attempts)

    @property
    def max_age(self) -> int:
        """Seconds after which a stream's records are given up; -1 for never."""
        return -1 if self.max_record_age is None else int(self.max_record_age)

    @property
    def failure_destination(self) -> str | None:
        """Where batches are reported that were given up."""
        return ((self.destination_config or {}).get("OnFailure") or {}).get("Destination")

    @override
    def get_configuration(self) -> dict[str, Any]:
        return super().get_configuration() | {"LastProcessingResult": self.last_result}


def check(spec: Mapping[str, Any], function: LocalFunction, account: str, region: str) -> None:
    """Raises `InvalidParameterValueException` for what AWS refuses, or this server does not do.

    Args:
        spec: a mapping as a request has it, complete.
        function: that it calls.
        account: of the source.
        region: of the source.
    """
    for name, harmless in UNSERVED.items():
        if spec.get(name) not in harmless:
            raise InvalidParameterValueException(f"The local AWS has no {name}: leave it out.")
    _check_filters(spec)
    arn = parse_arn(spec["EventSourceArn"])
    if arn.service == "sqs":
        _check_queue(spec, function, sqs_backends[account][region].queues.get(arn.resource_id))
    elif arn.service == "kinesis":
        _check_stream(spec, region)
    else:
        raise InvalidParameterValueException(
            f"The local AWS reads events from SQS and Kinesis, not from {arn.service}."
        )


def _check_queue(spec: Mapping[str, Any], function: LocalFunction, queue: Any) -> None:
    if queue is None:
        raise InvalidParameterValueException(
            f"Error occurred while ReceiveMessage. SQS Error Code: AWS.SimpleQueueService.NonExistentQueue. "
            f"SQS Error Message: The specified queue {spec['EventSourceArn']} does not exist."
        )
    batch, window = int(spec.get("BatchSize") or 10), int(spec.get("MaximumBatchingWindowInSeconds") or 0)
    if queue.fifo_queue and (window or batch > UNWINDOWED):
        raise InvalidParameterValueException("Batching window is not supported for FIFO queues.")
    if batch > UNWINDOWED and not window:
        raise InvalidParameterValueException(
            "Maximum batch window in seconds must be greater than 0 if maximum batch size is greater than 10"
        )
    if int(queue.visibility_timeout) < int(function.timeout):
        raise InvalidParameterValueException(
            f"Queue visibility timeout: {queue.visibility_timeout} seconds is less than Function timeout: "
            f"{function.timeout} seconds"
        )


def _check_stream(spec: Mapping[str, Any], region: str) -> None:
    client = current().kinesis(region)
    try:
        client.describe_stream_summary(StreamName=parse_arn(spec["EventSourceArn"]).resource_id)
    except client.exceptions.ResourceNotFoundException as error:
        raise GenericResourcNotFound from error
    if not spec.get("StartingPosition"):
        raise InvalidParameterValueException(
            "1 validation error detected: Value null at 'startingPosition' failed to satisfy constraint: "
            "Member must not be null."
        )
    if spec["StartingPosition"] == "AT_TIMESTAMP" and not spec.get("StartingPositionTimestamp"):
        raise InvalidParameterValueException("StartingPositionTimestamp is required for AT_TIMESTAMP.")
    destination = ((spec.get("DestinationConfig") or {}).get("OnFailure") or {}).get("Destination")
    if destination:
        try:
            destinations.check(destination)
        except destinations.DestinationUnsupportedError as error:
            raise InvalidParameterValueException(str(error)) from error


def _check_filters(spec: Mapping[str, Any]) -> None:
    for each in (spec.get("FilterCriteria") or {}).get("Filters") or []:
        try:
            valid = isinstance(json.loads(each.get("Pattern", "{}")), dict)
        except ValueError:
            valid = False
        if not valid:
            raise InvalidParameterValueException(f"Invalid filter pattern definition: {each['Pattern']}")


def exists(source: str, function: str) -> ConflictError:
    """AWS's error for a second mapping of one source to one function."""
    return ConflictError(
        f"An event source mapping with event source arn ({source}) and function ({function}) already exists. "
        "Please update or delete the existing mapping."
    )


def moment(value: Any) -> datetime | None:
    """A time that a request gave as seconds since the epoch, or as text."""
    if value is None or isinstance(value, datetime):
        return value
    if isinstance(value, int | float):
        return datetime.fromtimestamp(value, UTC)
    return datetime.fromisoformat(str(value))
