"""Delivery streams, as they are kept and as they are described."""

from dataclasses import asdict, dataclass, field
from typing import Any, Self

from local.aws.services.firehose.destination import SECONDS, SIZE, Destination

DESTINATION_ID = "destinationId-000000000001"
PLAIN = (
    "RoleARN",
    "BucketARN",
    "Prefix",
    "ErrorOutputPrefix",
    "BufferingHints",
    "CompressionFormat",
    "EncryptionConfiguration",
    "CloudWatchLoggingOptions",
)
"""What ``S3DestinationDescription`` has of a destination."""
DEFAULTS: dict[str, Any] = {
    "BufferingHints": {"SizeInMBs": SIZE, "IntervalInSeconds": SECONDS},
    "CompressionFormat": "UNCOMPRESSED",
    "EncryptionConfiguration": {"NoEncryptionConfig": "NoEncryption"},
    "CloudWatchLoggingOptions": {"Enabled": False},
    "ProcessingConfiguration": {"Enabled": False, "Processors": []},
    "S3BackupMode": "Disabled",
}
Description = dict[str, Any]


@dataclass
class DeliveryStream:
    """A delivery stream.

    Attributes:
        created: seconds since 1970.
        source: ``KinesisStreamSourceConfiguration``; None for one that records are put to.
        document: the destination's configuration as it was given.
        number: its own in the journal.
    """

    arn: str
    created: float
    source: Description | None
    document: Description
    tags: dict[str, str] = field(default_factory=dict)
    encryption: Description | None = None
    updated: float | None = None
    version: int = 1
    number: int = 0

    @classmethod
    def of(cls, number: int, definition: Description) -> Self:
        """A delivery stream as the journal has it."""
        return cls(**{**definition, "number": number})

    def definition(self) -> Description:
        """What the journal keeps."""
        return asdict(self)

    @property
    def name(self) -> str:
        """The name, which is unique in a region."""
        return self.arn.rpartition("/")[2]

    @property
    def region(self) -> str:
        """The region, from the ARN."""
        return self.arn.split(":")[3]

    @property
    def type(self) -> str:
        """``DirectPut`` or ``KinesisStreamAsSource``."""
        return "KinesisStreamAsSource" if self.source else "DirectPut"

    @property
    def destination(self) -> Destination:
        """Where and how it delivers."""
        return Destination.of(self.document)

    def describe(self) -> Description:
        """As DescribeDeliveryStream has it."""
        whole = DEFAULTS | self.document
        if backup := whole.pop("S3BackupConfiguration", None):
            whole["S3BackupDescription"] = {name: (DEFAULTS | backup).get(name) for name in PLAIN}
        destination = {
            "DestinationId": DESTINATION_ID,
            "S3DestinationDescription": {name: whole[name] for name in PLAIN if name in whole},
            "ExtendedS3DestinationDescription": whole,
        }
        described: Description = {
            "DeliveryStreamName": self.name,
            "DeliveryStreamARN": self.arn,
            "DeliveryStreamStatus": "ACTIVE",
            "DeliveryStreamType": self.type,
            "VersionId": str(self.version),
            "CreateTimestamp": self.created,
            "Destinations": [destination],
            "HasMoreDestinations": False,
        }
        if self.source:
            source = {**self.source, "DeliveryStartTimestamp": self.created}
            described["Source"] = {"KinesisStreamSourceDescription": source}
        if self.updated:
            described["LastUpdateTimestamp"] = self.updated
        if self.encryption:
            described["DeliveryStreamEncryptionConfiguration"] = self.encryption
        return described
