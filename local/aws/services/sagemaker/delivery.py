"""How the channels of a training job reach a host: copied, linked or streamed."""

from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Any

from local.aws.runtime.epochs import Epochs
from local.aws.runtime.pipes import PipeFeeder
from local.aws.runtime.transfer import S3Uri, download, objects, with_sizes
from local.aws.services.sagemaker import fast_file
from local.aws.services.sagemaker.channels import Channel, mode_of
from local.aws.services.sagemaker.context import Context

FAILED = "ClientError: Data download failed:"


class Delivery:
    """The channels of one job.

    Args:
        context: acts for the job.
        region: of the job and its bucket.
        request: the create request.
    """

    def __init__(self, context: Context, region: str, request: Mapping[str, Any]) -> None:
        self._context, self._request = context, request
        self._client = context.s3(region)
        self._channels: list[Channel] = request.get("InputDataConfig") or []
        self._hosts = request["ResourceConfig"].get("InstanceCount", 1)
        self._links: list[tuple[str, fast_file.Link]] = []

    @property
    def has_read_only_files(self) -> bool:
        """Whether a channel's files are not for the program to change."""
        return any(self._mode(channel) == "FastFile" for channel in self._channels)

    def bring(self, data: Path, host: int, check: Callable[[], None]) -> None:
        """Puts the channels that are files below `data`, the `/opt/ml/input/data` of the host of this number.

        Raises:
            LookupError: there is nothing at the address.
            ValueError: a key or a prefix cannot be a file or a folder.
        """
        for channel in self._channels:
            check()
            source, folder = channel["DataSource"]["S3DataSource"], data / channel["ChannelName"]
            uri, shard = S3Uri.parse(source["S3Uri"]), self._shard(source, host)
            match self._mode(channel):
                case "File":
                    download(self._client, uri, folder, data_type=source["S3DataType"], shard=shard)
                case "FastFile":
                    links = fast_file.link(self._client, self._context.aws.account_id, uri, folder, shard)
                    self._links += [(channel["ChannelName"], link) for link in links]

    def changed(self) -> tuple[str, S3Uri] | None:
        """A channel and an object of it that the program has written into, though it is read-only."""
        return next(((channel, link.uri) for channel, link in self._links if link.is_changed), None)

    def pipes(self, data: Path, host: int, say: Callable[[str], None]) -> list[PipeFeeder]:
        """Feeders, not yet started, of the channels that are pipes.

        The objects of a channel are listed now: what comes later is in none of its epochs.

        Raises:
            LookupError: there is nothing at the address.
        """
        return [
            PipeFeeder(data, channel["ChannelName"], self._epochs(channel, host), say, self._context.patience)
            for channel in self._channels
            if self._mode(channel) == "Pipe"
        ]

    def _epochs(self, channel: Channel, host: int) -> Epochs:
        source = channel["DataSource"]["S3DataSource"]
        found = objects(self._client, S3Uri.parse(source["S3Uri"]), source["S3DataType"])
        return Epochs(
            self._client,
            with_sizes(self._client, [item for item in found if not item.name.endswith("/")]),
            seed=(channel.get("ShuffleConfig") or {}).get("Seed"),
            shard=self._shard(source, host),
            gzipped=channel.get("CompressionType") == "Gzip",
            wrapped=channel.get("RecordWrapperType") == "RecordIO",
        )

    def _shard(self, source: Mapping[str, Any], host: int) -> tuple[int, int]:
        sharded = source.get("S3DataDistributionType") == "ShardedByS3Key"
        return (host, self._hosts) if sharded else (0, 1)

    def _mode(self, channel: Channel) -> str:
        return mode_of(self._request, channel)
