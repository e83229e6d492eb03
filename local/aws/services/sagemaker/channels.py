"""Channels of training jobs: what AWS refuses, and what a container is told of them.

https://docs.aws.amazon.com/sagemaker/latest/APIReference/API_Channel.html
"""

import re
from collections.abc import Mapping
from typing import Any

from local.aws.services.sagemaker import validation
from local.aws.services.sagemaker.validation import ValidationError

Channel = Mapping[str, Any]
MODEL_DATA = "application/x-sagemaker-model"
"""The content type of the model that incremental training goes on from."""


def check(request: Mapping[str, Any]) -> None:
    """Raises `ValidationError` for channels that a job cannot have."""
    channels = request.get("InputDataConfig") or []
    names = [channel["ChannelName"] for channel in channels]
    if len(set(names)) < len(names):
        raise ValidationError(f"Channel names must be unique: {', '.join(sorted(names))}.")
    for channel in channels:
        _check_source(channel)
        if mode_of(request, channel) == "Pipe":
            _check_pipe(channel, names)
        else:
            _check_files(channel, mode_of(request, channel))


def mode_of(request: Mapping[str, Any], channel: Channel) -> str:
    """`File`, `FastFile` or `Pipe`: the channel's own or the job's."""
    return str(channel.get("InputMode") or request["AlgorithmSpecification"]["TrainingInputMode"])


def config_of(request: Mapping[str, Any], channel: Channel) -> dict[str, str]:
    """The channel's part of `inputdataconfig.json`.

    Of FastFile a container is not told: to it these are files.
    https://docs.aws.amazon.com/sagemaker/latest/dg/your-algorithms-training-algo-running-container.html
    """
    source = channel["DataSource"]["S3DataSource"]
    config = {
        "TrainingInputMode": "Pipe" if mode_of(request, channel) == "Pipe" else "File",
        "S3DistributionType": source.get("S3DataDistributionType", "FullyReplicated"),
        "RecordWrapperType": channel.get("RecordWrapperType", "None"),
    }
    return config | ({"ContentType": channel["ContentType"]} if channel.get("ContentType") else {})


def _check_source(channel: Channel) -> None:
    name, source = channel["ChannelName"], channel["DataSource"].get("S3DataSource")
    if source is None:
        raise ValidationError(f"Channel {name} needs an S3DataSource.")
    validation.check_s3_uri(source["S3Uri"], f"S3Uri of channel {name}")
    if source["S3DataType"] not in ("S3Prefix", "ManifestFile"):
        raise ValidationError(
            f"S3DataType {source['S3DataType']} of channel {name} is not supported by the local AWS: use "
            "S3Prefix or ManifestFile."
        )


def _check_files(channel: Channel, mode: str) -> None:
    """Files are what the objects are. AWS's words for the compression, and the like for the rest."""
    name = channel["ChannelName"]
    if (compression := channel.get("CompressionType", "None")) != "None":
        raise ValidationError(
            f"Invalid compression type for channel {name}: {mode} mode only supports NONE, got {compression} "
            "instead"
        )
    if (wrapper := channel.get("RecordWrapperType", "None")) != "None":
        raise ValidationError(
            f"Invalid record wrapper type for channel {name}: {mode} mode only supports NONE, got {wrapper} "
            "instead"
        )
    data_type = channel["DataSource"]["S3DataSource"]["S3DataType"]
    if mode == "FastFile" and data_type != "S3Prefix":
        raise ValidationError(
            f"Invalid S3DataType for channel {name}: FastFile mode only supports S3Prefix, got {data_type} "
            "instead"
        )


def _check_pipe(channel: Channel, names: list[str]) -> None:
    name = channel["ChannelName"]
    if channel.get("ContentType") == MODEL_DATA:
        raise ValidationError(
            f"Invalid input mode for channel {name}: a model for incremental training ({MODEL_DATA}) needs "
            "File mode, got Pipe instead"
        )
    for other in names:
        if re.fullmatch(re.escape(name) + r"_\d+", other):
            raise ValidationError(
                f"Channel {other} has the name of a pipe of channel {name}: rename one of them."
            )
