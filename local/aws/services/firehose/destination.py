"""The destination of a delivery stream: what a request says of it, with AWS's defaults."""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import UTC, tzinfo
from typing import Any, Self
from zoneinfo import ZoneInfo, ZoneInfoNotFoundError

from moto.iam.models import iam_backends
from moto.utilities.utils import get_partition

from local.aws.services.firehose import prefixes
from local.aws.services.firehose.errors import InvalidArgumentError

Document = Mapping[str, Any]
MIB = 1 << 20
SIZE, SECONDS = 5, 300
LEAST_PROCESSOR_SIZE, MOST_PROCESSOR_SIZE, PROCESSOR_SIZE, PROCESSOR_SECONDS = 0.2, 3.0, 1.0, 60
MOST_PROCESSOR_SECONDS = 900
RETRIES, MOST_RETRIES = 3, 300
EXTENSIONS = {"UNCOMPRESSED": "", "GZIP": ".gz"}
PROCESSORS = ("Lambda", "AppendDelimiterToRecord")


@dataclass(frozen=True)
class Limits:
    """What is buffered: so many bytes, or for so many seconds."""

    size: int
    seconds: float


@dataclass(frozen=True)
class Transform:
    """The function that records go through, and how often a call is tried again."""

    function: str
    buffer: Limits
    retries: int


@dataclass(frozen=True)
class Target:
    """Where objects go, and how they are written."""

    bucket: str
    prefix: str
    error_prefix: str | None
    compressed: bool
    extension: str
    kms_key: str | None
    zone: tzinfo

    @classmethod
    def of(cls, document: Document) -> Self:
        """Of an S3 configuration, or of that of a backup."""
        format_ = document.get("CompressionFormat") or "UNCOMPRESSED"
        key = (document.get("EncryptionConfiguration") or {}).get("KMSEncryptionConfig") or {}
        return cls(
            document["BucketARN"].rpartition(":")[2],
            document.get("Prefix") or "",
            document.get("ErrorOutputPrefix"),
            format_ == "GZIP",
            document.get("FileExtension") or EXTENSIONS[format_],
            key.get("AWSKMSKeyARN"),
            ZoneInfo(document["CustomTimeZone"]) if document.get("CustomTimeZone") else UTC,
        )


@dataclass(frozen=True)
class Destination:
    """All that a delivery needs to know.

    Attributes:
        delimiter: is put behind every record.
        backup: where records go as they came.
        log: group and stream for errors.
    """

    target: Target
    buffer: Limits
    transform: Transform | None
    delimiter: bytes
    backup: Target | None
    log: tuple[str, str] | None

    @classmethod
    def of(cls, document: Document) -> Self:
        """Of a configuration that `check` let through."""
        hints = document.get("BufferingHints") or {}
        processors = _processors(document)
        options = document.get("CloudWatchLoggingOptions") or {}
        backup = document.get("S3BackupConfiguration") or {}
        return cls(
            Target.of(document),
            Limits(hints.get("SizeInMBs", SIZE) * MIB, hints.get("IntervalInSeconds", SECONDS)),
            _transform(processors["Lambda"]) if "Lambda" in processors else None,
            _delimiter(processors.get("AppendDelimiterToRecord")),
            Target.of(backup) if document.get("S3BackupMode") == "Enabled" else None,
            (options["LogGroupName"], options["LogStreamName"]) if options.get("Enabled") else None,
        )


def check(document: Document, account: str, region: str) -> None:
    """Raises `InvalidArgumentError` for what a destination cannot be, on AWS or here."""
    _check_target(document, account, region)
    hints = document.get("BufferingHints")
    if hints and not {"SizeInMBs", "IntervalInSeconds"} <= hints.keys():
        raise InvalidArgumentError("BufferingHints must have both SizeInMBs and IntervalInSeconds.")
    for name in ("DataFormatConversionConfiguration", "DynamicPartitioningConfiguration"):
        if (document.get(name) or {}).get("Enabled"):
            raise InvalidArgumentError(f"The local AWS delivers without {name}: leave it out.")
    if document.get("S3BackupMode") == "Enabled":
        if not document.get("S3BackupConfiguration"):
            raise InvalidArgumentError("S3BackupConfiguration must be given when S3BackupMode is Enabled.")
        _check_target(document["S3BackupConfiguration"], account, region)
    log = document.get("CloudWatchLoggingOptions") or {}
    if log.get("Enabled") and not (log.get("LogGroupName") and log.get("LogStreamName")):
        raise InvalidArgumentError("LogGroupName and LogStreamName must be given when logging is enabled.")
    _check_processors(_processors(document))


def _check_target(document: Document, account: str, region: str) -> None:
    prefixes.check(document.get("Prefix") or "", document.get("ErrorOutputPrefix"))
    format_ = document.get("CompressionFormat") or "UNCOMPRESSED"
    if format_ not in EXTENSIONS:
        raise InvalidArgumentError(f"The local AWS writes UNCOMPRESSED and GZIP, not {format_}.")
    if zone := document.get("CustomTimeZone"):
        try:
            ZoneInfo(zone)
        except (ZoneInfoNotFoundError, ValueError) as error:
            raise InvalidArgumentError(f"CustomTimeZone {zone!r} is no time zone.") from error
    check_role(document["RoleARN"], account, region)


def check_role(arn: str, account: str, region: str) -> None:
    """Raises `InvalidArgumentError` for a role that Firehose cannot assume."""
    roles = iam_backends[account][get_partition(region)].roles
    found = next((role for role in roles.values() if role.arn == arn), None)
    if found is None or "firehose.amazonaws.com" not in str(found.assume_role_policy_document):
        raise InvalidArgumentError(
            f"Firehose is unable to assume role {arn}. Please check the role provided: it does not exist, or"
            " does not let firehose.amazonaws.com assume it."
        )


# Processors


def _processors(document: Document) -> dict[str, dict[str, str]]:
    """Types of the processors, each with its parameters; none where processing is off."""
    processing = document.get("ProcessingConfiguration") or {}
    if not processing.get("Enabled"):
        return {}
    return {
        one["Type"]: {p["ParameterName"]: p["ParameterValue"] for p in one.get("Parameters") or []}
        for one in processing.get("Processors") or []
    }


def _check_processors(processors: Mapping[str, Mapping[str, str]]) -> None:
    if others := [type_ for type_ in processors if type_ not in PROCESSORS]:
        raise InvalidArgumentError(
            f"The local AWS has the processors {' and '.join(PROCESSORS)}, not {others[0]}."
        )
    if "Lambda" not in processors:
        return
    parameters = processors["Lambda"]
    if "LambdaArn" not in parameters:
        raise InvalidArgumentError("A Lambda processor must have the parameter LambdaArn.")
    bounds = {
        "BufferSizeInMBs": (LEAST_PROCESSOR_SIZE, MOST_PROCESSOR_SIZE),
        "BufferIntervalInSeconds": (0, MOST_PROCESSOR_SECONDS),
        "NumberOfRetries": (0, MOST_RETRIES),
    }
    for name, (least, most) in bounds.items():
        text = parameters.get(name)
        try:
            fits = text is None or least <= float(text) <= most
        except ValueError:
            fits = False
        if not fits:
            raise InvalidArgumentError(
                f"{name} of a Lambda processor must be {least} to {most}, not {text!r}."
            )


def _transform(parameters: Mapping[str, str]) -> Transform:
    size = float(parameters.get("BufferSizeInMBs", PROCESSOR_SIZE))
    seconds = float(parameters.get("BufferIntervalInSeconds", PROCESSOR_SECONDS))
    retries = int(parameters.get("NumberOfRetries", RETRIES))
    return Transform(parameters["LambdaArn"], Limits(int(size * MIB), seconds), retries)


def _delimiter(parameters: Mapping[str, str] | None) -> bytes:
    """The delimiter, in which a line feed is written as a backslash and an n."""
    if parameters is None:
        return b""
    return parameters.get("Delimiter", "\\n").replace("\\n", "\n").replace("\\t", "\t").encode()
