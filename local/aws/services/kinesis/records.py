"""Putting and getting records.

https://docs.aws.amazon.com/kinesis/latest/APIReference/API_Operations.html
"""

import base64
import binascii
import time
from collections.abc import Mapping, Sequence
from typing import Any

from local.aws.journal import COUNTER_BITS, SHARDS, Entry, Journal, Record
from local.aws.json_service import Answer, Call
from local.aws.services.kinesis.catalog import Catalog
from local.aws.services.kinesis.errors import InvalidArgumentError, InvalidError
from local.aws.services.kinesis.positions import Iterator, number_of, sequence_number
from local.aws.services.kinesis.streams import KEYS, Shard, Stream, shard_name, shard_of

MAX_RECORDS = 500
MAX_RECORD_BYTES = 1 << 20
MAX_REQUEST_BYTES = 10 << 20
MAX_KEY = 256
MAX_GET = 10_000
MAX_GET_BYTES = 10 << 20
HOUR = 3_600_000
"""Milliseconds."""


class Records:
    """The operations on records.

    Attributes:
        reads: when a shard of the journal was last read by an access key, and by how many milliseconds the
            answer was behind its end; by shard and key.
    """

    def __init__(self, catalog: Catalog) -> None:
        self._catalog = catalog
        self._journal: Journal = catalog.journal
        self.reads: dict[tuple[int, str], tuple[float, int]] = {}

    def put_record(self, call: Call) -> Answer:
        """PutRecord."""
        stream = self._catalog.find(call.region, call.request)
        [(shard, number)] = self.append(stream, [call.request])
        return {
            "ShardId": shard,
            "SequenceNumber": sequence_number(number),
            "EncryptionType": stream.encryption,
        }

    def put_records(self, call: Call) -> Answer:
        """PutRecords: all of them or none; nothing is throttled here."""
        stream = self._catalog.find(call.region, call.request)
        records: Sequence[Mapping[str, Any]] = call.request["Records"]
        if not 1 <= len(records) <= MAX_RECORDS:
            raise InvalidError(
                "1 validation error detected: Value at 'records' failed to satisfy constraint: Member must"
                f" have length between 1 and {MAX_RECORDS}, not {len(records)}"
            )
        written = [
            {"SequenceNumber": sequence_number(number), "ShardId": shard}
            for shard, number in self.append(stream, records)
        ]
        return {"FailedRecordCount": 0, "Records": written, "EncryptionType": stream.encryption}

    def append(self, stream: Stream, records: Sequence[Mapping[str, Any]]) -> list[tuple[str, int]]:
        """Writes records as PutRecords has them; returns the shard and the number of each.

        Raises:
            InvalidArgumentError, InvalidError: one of them cannot be written.
        """
        given = [_checked(record, place) for place, record in enumerate(records, 1)]
        size = sum(len(key) + len(data) for key, _, data in given)
        if size > MAX_REQUEST_BYTES:
            raise InvalidArgumentError(
                f"Records size of {size} bytes exceeds {MAX_REQUEST_BYTES >> 20} MiB limit"
            )
        entries: list[Entry] = []

        def entries_now() -> list[Entry]:
            shards = stream.open_shards
            base = stream.number * SHARDS
            entries.extend(
                Entry(base + shard_of(shards, key, explicit).index, key, data)
                for key, explicit, data in given
            )
            return entries

        numbers = self._journal.append(entries_now)
        return [(shard_name(e.shard % SHARDS), number) for e, number in zip(entries, numbers, strict=True)]

    # Reading

    def get_shard_iterator(self, call: Call) -> Answer:
        """GetShardIterator."""
        stream = self._catalog.find(call.region, call.request)
        shard = stream.shard(call.request["ShardId"])
        after = self._after(stream, shard, call.request)
        return {"ShardIterator": Iterator(stream.journal_shard(shard), after, self._journal.now()).token()}

    def _after(self, stream: Stream, shard: Shard, request: Mapping[str, Any]) -> int:
        """The number behind which the iterator begins."""
        type_ = request["ShardIteratorType"]
        if type_ == "TRIM_HORIZON":
            return shard.begins
        if type_ == "LATEST":
            return self._journal.last
        if type_ == "AT_TIMESTAMP":
            if request.get("Timestamp") is None:
                raise InvalidArgumentError(
                    "Must specify timestamp parameter for iterator of type AT_TIMESTAMP."
                )
            return _before(request["Timestamp"], self._journal.now())
        if not (text := request.get("StartingSequenceNumber")):
            raise InvalidArgumentError(f"Must specify StartingSequenceNumber for iterator of type {type_}.")
        number = number_of(text)
        if number <= shard.begins or number > self._journal.last + 1:
            raise InvalidArgumentError(
                f"StartingSequenceNumber {text} used in GetShardIterator on shard {shard.name} in stream"
                f" {stream.name} is invalid because it did not come from this stream."
            )
        return number - 1 if type_ == "AT_SEQUENCE_NUMBER" else number

    def get_records(self, call: Call) -> Answer:
        """GetRecords."""
        now = self._journal.now()
        iterator = Iterator.of(call.request["ShardIterator"], now)
        stream = self._catalog.of_number(iterator.shard // SHARDS)
        shard = stream.shards[iterator.shard % SHARDS]
        limit = int(call.request.get("Limit") or MAX_GET)
        after = max(iterator.after, horizon(stream, now))
        records, more = self.read(iterator.shard, after, min(limit, MAX_GET))
        last = records[-1].number if records else after
        behind = now - last // (1 << COUNTER_BITS) if more else 0
        self.reads[iterator.shard, call.access_key] = time.time(), behind
        answer: Answer = {
            "Records": [_shown(record, stream.encryption) for record in records],
            "MillisBehindLatest": max(0, behind),
        }
        if shard.closed is None or more:
            return answer | {"NextShardIterator": Iterator(iterator.shard, last, now).token()}
        children = [_child(stream, child) for child in stream.children(shard)]
        return answer | {"NextShardIterator": None, "ChildShards": children}

    def read(self, shard: int, after: int, limit: int) -> tuple[list[Record], bool]:
        """Records of a shard of the journal, at most 10 MiB of them, and whether there are more."""
        records: list[Record] = []
        size = 0
        for record in self._journal.read(shard, after, limit + 1):
            size += len(record.data)
            if len(records) == limit or (records and size > MAX_GET_BYTES):
                return records, True
            records.append(record)
        return records, False


def horizon(stream: Stream, now: int) -> int:
    """The number up to which records are too old."""
    return (now - stream.retention_hours * HOUR) << COUNTER_BITS


def _checked(record: Mapping[str, Any], place: int) -> tuple[str, str | None, bytes]:
    """Partition key, explicit hash key and data of a record, which is the ``place``-th of its request."""
    key, explicit = record["PartitionKey"], record.get("ExplicitHashKey")
    if not 1 <= len(key) <= MAX_KEY:
        raise InvalidError(
            f"1 validation error detected: Value at 'records.{place}.member.partitionKey' failed to satisfy"
            f" constraint: Member must have length between 1 and {MAX_KEY}, not {len(key)}"
        )
    if explicit is not None and not (explicit.isdecimal() and int(explicit) < KEYS):
        raise InvalidArgumentError(
            "Invalid ExplicitHashKey. ExplicitHashKey must be in the range: [0, 2^128-1]. Specified value was"
            f" {explicit[:100]}"
        )
    try:
        data = base64.b64decode(record["Data"], validate=True)
    except binascii.Error as error:
        raise InvalidArgumentError(f"The data of record {place} is not base64: {error}") from error
    if len(data) + len(key.encode()) > MAX_RECORD_BYTES:
        raise InvalidError(
            f"1 validation error detected: Value at 'records.{place}.member.data' failed to satisfy"
            f" constraint: Member must have length less than or equal to {MAX_RECORD_BYTES}"
        )
    return key, explicit, data


def _before(timestamp: float, now: int) -> int:
    milliseconds = int(timestamp * 1000)
    if milliseconds > now:
        raise InvalidArgumentError(
            f"The timestampInMillis parameter cannot be greater than the currentTimestampInMillis."
            f" timestampInMillis: {milliseconds}, currentTimestampInMillis: {now}"
        )
    return (max(0, milliseconds) << COUNTER_BITS) - 1


def _shown(record: Record, encryption: str) -> Answer:
    return {
        "SequenceNumber": sequence_number(record.number),
        "ApproximateArrivalTimestamp": record.arrived / 1000,
        "Data": base64.b64encode(record.data).decode(),
        "PartitionKey": record.partition_key,
        "EncryptionType": encryption,
    }


def _child(stream: Stream, shard: Shard) -> Answer:
    return {
        "ShardId": shard.name,
        "ParentShards": [stream.shards[parent].name for parent in shard.parents],
        "HashKeyRange": shard.describe()["HashKeyRange"],
    }
