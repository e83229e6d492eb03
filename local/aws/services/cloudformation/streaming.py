"""Streams of Kinesis, delivery streams of Firehose, and schedules.

A stream or delivery stream that exists already is taken over: it may have outlived a killed server, which the
stack that made it has not.
"""

from datetime import datetime
from typing import Any

from moto.scheduler.models import Schedule as MotoSchedule
from moto.scheduler.models import scheduler_backends
from typing_extensions import override

from local.aws.services import firehose, kinesis
from local.aws.services.cloudformation.attachment import Attachment
from local.aws.services.firehose.delivery import Delivery
from local.aws.services.firehose.errors import NotFoundError as NoDeliveryStreamError
from local.aws.services.firehose.operations import EXTENDED, PLAIN
from local.aws.services.kinesis.errors import NotFoundError as NoStreamError
from local.aws.services.kinesis.streams import Stream as KinesisStream


class Named(Attachment):
    """A resource that ``Ref`` gives the name of, and that has an ARN."""

    @property
    @override
    def physical_resource_id(self) -> str:
        return str(self.properties[self.identity[0]])

    @property
    def arn(self) -> str:
        """The value of ``Fn::GetAtt`` with ``Arn``."""
        raise NotImplementedError

    @classmethod
    @override
    def cloudformation_name_type(cls) -> str:
        return cls.identity[0]

    @classmethod
    @override
    def has_cfn_attr(cls, attr: str) -> bool:
        return attr == "Arn"

    def get_cfn_attribute(self, _attribute_name: str) -> str:
        """The value of ``Fn::GetAtt``."""
        return self.arn

    def _tags(self) -> dict[str, str]:
        return {tag["Key"]: tag["Value"] for tag in self.properties.get("Tags", [])}


class Stream(Named):
    """``AWS::Kinesis::Stream``."""

    resource_type = "AWS::Kinesis::Stream"
    identity = ("Name",)

    @property
    @override
    def arn(self) -> str:
        return kinesis.catalog().arn(self.region, self.physical_resource_id)

    @override
    def apply(self) -> None:
        wanted, operations = self.properties, kinesis.operations()
        mode = wanted.get("StreamModeDetails", {}).get("StreamMode", "PROVISIONED")
        count = int(wanted["ShardCount"]) if "ShardCount" in wanted else None
        stream = self._found() or operations.create(self.region, wanted["Name"], mode, count, {})

        def change() -> None:
            stream.mode, stream.tags = mode, self._tags()
            stream.retention_hours = int(wanted.get("RetentionPeriodHours", 24))
            stream.encryption_key = wanted.get("StreamEncryption", {}).get("KeyId")

        operations.change(stream, change)
        if count and count != len(stream.open_shards):
            operations.reshard(stream, count)

    def _found(self) -> KinesisStream | None:
        try:
            return kinesis.catalog().of_arn(self.arn)
        except NoStreamError:
            return None

    @override
    def remove(self) -> None:
        if stream := self._found():
            kinesis.catalog().remove(stream)


class DeliveryStream(Named):
    """``AWS::KinesisFirehose::DeliveryStream``."""

    resource_type = "AWS::KinesisFirehose::DeliveryStream"
    identity = ("DeliveryStreamName", "DeliveryStreamType", "KinesisStreamSourceConfiguration")

    @property
    @override
    def arn(self) -> str:
        return firehose.operations().arn(self.region, self.physical_resource_id)

    @override
    def apply(self) -> None:
        wanted, operations = _typed(self.properties), firehose.operations()
        if not (delivery := self._found()):
            operations.create(self.region, wanted)
            return
        document = wanted.get(EXTENDED) or wanted.get(PLAIN) or {}
        if document != delivery.stream.document:
            operations.change(delivery.stream, document)
        operations.retag(delivery.stream, self._tags())

    def _found(self) -> Delivery | None:
        try:
            return firehose.operations().of_arn(self.arn)
        except NoDeliveryStreamError:
            return None

    @override
    def remove(self) -> None:
        if delivery := self._found():
            firehose.operations().remove(delivery)


class Schedule(Named):
    """``AWS::Scheduler::Schedule``."""

    resource_type = "AWS::Scheduler::Schedule"
    identity = ("Name", "GroupName")

    @property
    @override
    def arn(self) -> str:
        return str(self._schedule().arn)

    @override
    def apply(self) -> None:
        wanted = _typed(self.properties)
        options: dict[str, Any] = {
            "description": wanted.get("Description"),
            "end_date": _seconds(wanted.get("EndDate")),
            "flexible_time_window": wanted["FlexibleTimeWindow"],
            "group_name": wanted.get("GroupName"),
            "kms_key_arn": wanted.get("KmsKeyArn"),
            "name": wanted["Name"],
            "schedule_expression": wanted["ScheduleExpression"],
            "schedule_expression_timezone": wanted.get("ScheduleExpressionTimezone"),
            "start_date": _seconds(wanted.get("StartDate")),
            "state": wanted.get("State"),
            "target": wanted["Target"],
        }
        if wanted["Name"] in self._group():
            self._backend.update_schedule(**options)
        else:
            self._backend.create_schedule(**options, action_after_completion=None)

    @override
    def remove(self) -> None:
        self._group().pop(self.physical_resource_id, None)

    def _schedule(self) -> MotoSchedule:
        return self._backend.get_schedule(self.properties.get("GroupName"), self.physical_resource_id)

    def _group(self) -> dict[str, MotoSchedule]:
        return self._backend.get_schedule_group(self.properties.get("GroupName")).schedules

    @property
    def _backend(self) -> Any:
        return scheduler_backends[self.account][self.region]


NUMBERS = ("SizeInMBs", "IntervalInSeconds", "MaximumEventAgeInSeconds", "MaximumRetryAttempts")


def _typed(properties: Any) -> Any:
    """Properties with numbers and truth values where a template, or a parameter of it, has text for them."""
    if isinstance(properties, list):
        return [_typed(item) for item in properties]
    if not isinstance(properties, dict):
        return properties
    typed: dict[str, Any] = {}
    for name, value in properties.items():
        if name in NUMBERS:
            typed[name] = int(value)
        elif name == "Enabled":
            typed[name] = str(value).lower() == "true"
        else:
            typed[name] = _typed(value)
    return typed


def _seconds(text: str | None) -> float | None:
    """Seconds since 1970 of a time in ISO 8601."""
    return datetime.fromisoformat(text).timestamp() if text else None
