"""The operations on streams and shards.

https://docs.aws.amazon.com/kinesis/latest/APIReference/API_Operations.html
"""

import base64
import json
import time
from collections.abc import Callable, Mapping
from typing import Any

from local.aws.json_service import Answer, Call, Operation
from local.aws.services.kinesis.catalog import Catalog
from local.aws.services.kinesis.errors import InvalidArgumentError, InvalidError, LimitError
from local.aws.services.kinesis.records import Records
from local.aws.services.kinesis.streams import ON_DEMAND_SHARDS, Shard, Stream, ranges

MAX_SHARDS = 500
LEAST_HOURS, MOST_HOURS = 24, 8760
RECORDS = ("GetRecords", "PutRecord", "PutRecords")
"""Operations that are called for every record or few of them."""
CREATED_WITH = ("StreamName", "ShardCount", "StreamModeDetails", "Tags")
Request = Mapping[str, Any]


class Operations:
    """What clients ask of streams."""

    def __init__(self, catalog: Catalog) -> None:
        self._catalog, self._journal = catalog, catalog.journal
        self.records = Records(catalog)
        self.by_name: Mapping[str, Operation] = {
            "AddTagsToStream": self._tag,
            "CreateStream": self._create,
            "DecreaseStreamRetentionPeriod": lambda call: self._keep_for(call, longer=False),
            "DeleteStream": lambda call: catalog.remove(self._named(call)),
            "DescribeLimits": self._limits,
            "DescribeStream": self._describe,
            "DescribeStreamSummary": self._summary,
            "GetRecords": self.records.get_records,
            "GetShardIterator": self.records.get_shard_iterator,
            "IncreaseStreamRetentionPeriod": lambda call: self._keep_for(call, longer=True),
            "ListShards": self._list_shards,
            "ListStreams": self._list,
            "ListTagsForResource": self._tags,
            "ListTagsForStream": self._tags_of_stream,
            "MergeShards": self._merge,
            "PutRecord": self.records.put_record,
            "PutRecords": self.records.put_records,
            "RemoveTagsFromStream": self._untag,
            "SplitShard": self._split,
            "StartStreamEncryption": lambda call: self._encrypt(call, call.request["KeyId"]),
            "StopStreamEncryption": lambda call: self._encrypt(call, None),
            "TagResource": self._tag,
            "UntagResource": self._untag,
            "UpdateShardCount": self._update_shard_count,
            "UpdateStreamMode": self._update_mode,
        }

    def _named(self, call: Call) -> Stream:
        return self._catalog.find(call.region, call.request)

    # Streams

    def _create(self, call: Call) -> None:
        request = call.request
        if others := [name for name in request if name not in CREATED_WITH]:
            raise InvalidArgumentError(f"The local AWS makes no streams with {others[0]}: leave it out.")
        mode = (request.get("StreamModeDetails") or {}).get("StreamMode", "PROVISIONED")
        self.create(
            call.region, request["StreamName"], mode, request.get("ShardCount"), request.get("Tags") or {}
        )

    def create(
        self, region: str, name: str, mode: str, shards: int | None, tags: Mapping[str, str]
    ) -> Stream:
        """Makes a stream, which is ``ACTIVE`` at once."""
        if mode == "ON_DEMAND":
            if shards:
                raise InvalidError(
                    f"ShardCount {shards} cannot be given for a stream with StreamMode ON_DEMAND."
                )
            shards = ON_DEMAND_SHARDS
        if not shards:
            raise InvalidError("ShardCount must be given for a stream with StreamMode PROVISIONED.")
        _check_count(shards)
        last = self._journal.last
        whole = [Shard(index, start, end, last) for index, (start, end) in enumerate(ranges(shards))]
        stream = Stream(self._catalog.arn(region, name), time.time(), mode, whole, tags=dict(tags))
        self._catalog.add(stream)
        return stream

    def _describe(self, call: Call) -> Answer:
        stream = self._named(call)
        limit, after = call.request.get("Limit") or 100, call.request.get("ExclusiveStartShardId")
        found = [shard for shard in stream.shards if after is None or shard.name > after]
        shards = [shard.describe() for shard in found[:limit]]
        return {
            "StreamDescription": stream.summary() | {"Shards": shards, "HasMoreShards": len(found) > limit}
        }

    def _summary(self, call: Call) -> Answer:
        stream = self._named(call)
        counts = {"OpenShardCount": len(stream.open_shards), "ConsumerCount": 0}
        return {"StreamDescriptionSummary": stream.summary() | counts}

    def _list(self, call: Call) -> Answer:
        limit = call.request.get("Limit") or 100
        after = call.request.get("NextToken") or call.request.get("ExclusiveStartStreamName") or ""
        found = [stream for stream in self._catalog.every(call.region) if stream.name > after]
        shown, more = found[:limit], len(found) > limit
        names = ("StreamName", "StreamARN", "StreamStatus", "StreamModeDetails", "StreamCreationTimestamp")
        return {
            "StreamNames": [stream.name for stream in shown],
            "HasMoreStreams": more,
            "StreamSummaries": [{name: s.summary()[name] for name in names} for s in shown],
            **({"NextToken": shown[-1].name} if more else {}),
        }

    def _keep_for(self, call: Call, *, longer: bool) -> None:
        stream, hours = self._named(call), call.request["RetentionPeriodHours"]
        if not LEAST_HOURS <= hours <= MOST_HOURS:
            raise InvalidArgumentError(
                f"Requested retention period ({hours} hours) must be between {LEAST_HOURS} and"
                f" {MOST_HOURS} hours."
            )
        if (hours < stream.retention_hours) if longer else (hours > stream.retention_hours):
            word, other = ("shorter", "Decrease") if longer else ("longer", "Increase")
            raise InvalidArgumentError(
                f"Requested retention period ({hours} hours) for stream {stream.name} can not be {word} than"
                f" existing retention period ({stream.retention_hours} hours)."
                f" Use {other}RetentionPeriod API."
            )
        self.change(stream, lambda: setattr(stream, "retention_hours", hours))

    def _encrypt(self, call: Call, key: str | None) -> None:
        stream = self._named(call)
        self.change(stream, lambda: setattr(stream, "encryption_key", key))

    def _limits(self, call: Call) -> Answer:
        streams = self._catalog.every(call.region)
        return {
            "ShardLimit": MAX_SHARDS,
            "OpenShardCount": sum(len(s.open_shards) for s in streams if s.mode == "PROVISIONED"),
            "OnDemandStreamCount": sum(s.mode == "ON_DEMAND" for s in streams),
            "OnDemandStreamCountLimit": 50,
        }

    def change(self, stream: Stream, change: Callable[[], None]) -> None:
        """Changes a stream while nothing is written, and keeps it."""
        with self._catalog.changing:
            self._journal.exclusively(change)
            self._catalog.save(stream)

    # Shards

    def _list_shards(self, call: Call) -> Answer:
        request = dict(call.request)
        if token := request.get("NextToken"):
            request |= _of_token(token)
        stream = self._catalog.find(call.region, request)
        after = request.get("ExclusiveStartShardId") or ""
        kind = request.get("ShardFilter") or {}
        if kind.get("Type") == "AFTER_SHARD_ID":
            after = max(after, kind.get("ShardId") or "")
        open_only = kind.get("Type") == "AT_LATEST"
        found = [s for s in stream.shards if s.name > after and not (open_only and s.closed is not None)]
        limit = request.get("MaxResults") or 1000
        answer: Answer = {"Shards": [shard.describe() for shard in found[:limit]]}
        if len(found) > limit:
            rest = {
                "StreamARN": stream.arn,
                "ExclusiveStartShardId": found[limit - 1].name,
                "ShardFilter": kind,
            }
            answer["NextToken"] = base64.b64encode(json.dumps(rest).encode()).decode()
        return answer

    def _split(self, call: Call) -> None:
        stream = self._provisioned(call)
        shard = stream.shard(call.request["ShardToSplit"])
        at = int(call.request["NewStartingHashKey"])
        self.change(stream, lambda: stream.split(shard, at, self._journal.last))

    def _merge(self, call: Call) -> None:
        stream = self._provisioned(call)
        one, other = (stream.shard(call.request[name]) for name in ("ShardToMerge", "AdjacentShardToMerge"))
        self.change(stream, lambda: stream.merge(one, other, self._journal.last))

    def _update_shard_count(self, call: Call) -> Answer:
        stream, target = self._provisioned(call), call.request["TargetShardCount"]
        current = len(stream.open_shards)
        if not current / 2 <= target <= current * 2:
            raise InvalidArgumentError(
                f"UpdateShardCount cannot scale stream {stream.name} from {current} to {target} shards:"
                " take half to double of them at a time."
            )
        self.reshard(stream, target)
        return {
            "StreamName": stream.name,
            "StreamARN": stream.arn,
            "CurrentShardCount": current,
            "TargetShardCount": target,
        }

    def reshard(self, stream: Stream, count: int) -> None:
        """Splits and merges shards until there are so many."""
        _check_count(count)
        self.change(stream, lambda: stream.reshard(count, self._journal.last))

    def _update_mode(self, call: Call) -> None:
        stream = self._named(call)
        mode = call.request["StreamModeDetails"]["StreamMode"]
        self.change(stream, lambda: setattr(stream, "mode", mode))

    def _provisioned(self, call: Call) -> Stream:
        stream = self._named(call)
        if stream.mode == "ON_DEMAND":
            raise InvalidError(
                f"Request is invalid. Stream {stream.name} under account {self._catalog.account} is in"
                " On-Demand mode."
            )
        return stream

    # Tags

    def _tag(self, call: Call) -> None:
        stream, tags = self._named(call), call.request["Tags"]
        self.change(stream, lambda: stream.tags.update(tags))

    def _untag(self, call: Call) -> None:
        stream, gone = self._named(call), call.request["TagKeys"]
        kept = {key: value for key, value in stream.tags.items() if key not in gone}
        self.change(stream, lambda: setattr(stream, "tags", kept))

    def _tags(self, call: Call) -> Answer:
        return {
            "Tags": [{"Key": key, "Value": value} for key, value in sorted(self._named(call).tags.items())]
        }

    def _tags_of_stream(self, call: Call) -> Answer:
        after, limit = call.request.get("ExclusiveStartTagKey") or "", call.request.get("Limit") or 50
        found = [tag for tag in self._tags(call)["Tags"] if tag["Key"] > after]
        return {"Tags": found[:limit], "HasMoreTags": len(found) > limit}


def _of_token(token: str) -> Request:
    try:
        rest: Request = json.loads(base64.b64decode(token))
    except ValueError as error:
        raise InvalidArgumentError("The NextToken is not one that ListShards gave.") from error
    return rest


def _check_count(shards: int) -> None:
    if not 1 <= shards <= MAX_SHARDS:
        raise LimitError(f"A stream has 1 to {MAX_SHARDS} shards here, not {shards}.")
