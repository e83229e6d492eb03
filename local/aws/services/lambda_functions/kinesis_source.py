"""Streams as event sources: a shard's records in order, batch by batch, retried in place.

Streams are read through Kinesis's own API.
https://docs.aws.amazon.com/lambda/latest/dg/with-kinesis.html
"""

import base64
import json
import logging
import threading
import time
from collections import deque
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Any

from typing_extensions import override

from local.aws.metrics import metrics
from local.aws.services.lambda_functions import destinations, filters
from local.aws.services.lambda_functions.context import current
from local.aws.services.lambda_functions.environment import Outcome
from local.aws.services.lambda_functions.errors import ThrottledError
from local.aws.services.lambda_functions.execution import execute
from local.aws.services.lambda_functions.function import LocalFunction
from local.aws.services.lambda_functions.mapping import LocalMapping, moment
from local.aws.services.lambda_functions.sources import FAILED, OK, Poller
from local.aws.services.lambda_functions.sqs_source import reported_failures

log = logging.getLogger(__name__)

IDLE_SECONDS = 0.5
"""Between two looks at a shard without new records; AWS looks once a second."""
BACKOFF = (0.25, 10.0)
"""Seconds before a retry, first and at most."""
PAYLOAD = 6 * 1024 * 1024

Record = dict[str, Any]
"""As GetRecords returns it."""


@dataclass
class _Shard:
    """Where a shard is read, and the shards that it came from.

    ``drained``: its last record is read. ``finished``: it is done with too.
    """

    name: str
    parents: frozenset[str]
    iterator: str | None = None
    drained: bool = False
    finished: bool = False
    behind: float = 0.0

    def __str__(self) -> str:
        return self.name


@dataclass
class _Batch:
    """Records to be processed together, and how often they were retried."""

    records: Sequence[Record]
    retries: int = 0
    waits: int = 0


@dataclass
class _Call:
    """One invocation for a batch: what came of it and how many records from the first are done with."""

    outcome: Outcome | None
    done: int


class StreamPoller(Poller):
    """Reads every shard of a stream on a thread of its own; a shard after those that it came from."""

    def __init__(self, mapping: LocalMapping, before: Poller | None = None) -> None:
        super().__init__(mapping, before)
        self._shards: dict[str, _Shard] = {}
        # Both parents of a merged shard may come to their ends at once.
        self._turn = threading.Lock()

    @override
    def work(self) -> Iterable[_Shard]:
        while not self.ending:
            try:
                return self._new_shards()
            except Exception as error:  # the stream may be gone, or not there yet
                log.warning("Mapping %s: %s", self.mapping.uuid, error)
                self.note(f"PROBLEM: {error}")
                self.stopped.wait(IDLE_SECONDS)
        return []

    @override
    def step(self, what: _Shard) -> bool:
        records = self._gather(what)
        if records:
            try:
                self._process(what, records)
            except Exception:
                # The function may be gone for a while: read again from the checkpoint.
                what.iterator, what.drained = None, False
                raise
        elif what.drained:
            what.finished = True
            for shard in self._new_shards():
                self.follow(shard)
            return False
        return True

    @property
    @override
    def behind(self) -> float:
        return max((shard.behind for shard in list(self._shards.values())), default=0.0)

    # Reading

    @property
    def _client(self) -> Any:
        return current().kinesis(self.mapping.region)

    def _new_shards(self) -> list[_Shard]:
        """Shards that nobody reads yet and whose parents, as far as there are any, are done with."""
        pages = self._client.get_paginator("list_shards").paginate(StreamName=self.mapping.source_name)
        listed = [shard for page in pages for shard in page["Shards"]]
        names = {shard["ShardId"] for shard in listed}
        found = []
        with self._turn:
            for shard in listed:
                named = {shard.get("ParentShardId"), shard.get("AdjacentParentShardId")}
                parents = frozenset(named & names)
                ready = all(parent in self._shards and self._shards[parent].finished for parent in parents)
                if ready and shard["ShardId"] not in self._shards:
                    self._shards[shard["ShardId"]] = _Shard(shard["ShardId"], parents)
                    found.append(self._shards[shard["ShardId"]])
        return found

    def _gather(self, shard: _Shard) -> list[Record]:
        """Records until the batch is full, the window over or, without a window, there are no more."""
        size, window = self.mapping.batch_size, self.mapping.window
        records = self._read(shard, size)
        close = time.monotonic() + window
        while records and len(records) < size and not self.ending and not shard.drained:
            if time.monotonic() >= close or sum(len(r["Data"]) * 4 / 3 for r in records) > PAYLOAD / 2:
                break
            records += self._read(shard, size - len(records))
        return records

    def _read(self, shard: _Shard, count: int) -> list[Record]:
        if shard.iterator is None:
            shard.iterator = self._client.get_shard_iterator(
                StreamName=self.mapping.source_name, ShardId=shard.name, **self._position(shard)
            )["ShardIterator"]
        try:
            answer = self._client.get_records(ShardIterator=shard.iterator, Limit=min(count, 10_000))
        except self._client.exceptions.ExpiredIteratorException:
            shard.iterator = None
            return []
        records: list[Record] = answer["Records"]
        shard.behind = float(answer.get("MillisBehindLatest") or 0) / 1000
        shard.iterator = answer.get("NextShardIterator")
        shard.drained = shard.iterator is None
        if not records and not shard.drained:
            self.stopped.wait(IDLE_SECONDS)
        return records

    def _position(self, shard: _Shard) -> dict[str, Any]:
        if done := self.mapping.checkpoints.get(shard.name):
            return {"ShardIteratorType": "AFTER_SEQUENCE_NUMBER", "StartingSequenceNumber": done}
        position = self.mapping.starting_position
        if shard.parents or position == "TRIM_HORIZON":
            return {"ShardIteratorType": "TRIM_HORIZON"}
        # LATEST means the latest when the mapping was made, whenever this server reads on.
        since = self.mapping.created if position == "LATEST" else self.mapping.starting_position_timestamp
        return {"ShardIteratorType": "AT_TIMESTAMP", "Timestamp": moment(since)}

    # Processing

    def _process(self, shard: _Shard, records: Sequence[Record]) -> None:
        """Calls the function until each record is done with: processed, or given up."""
        pending = deque([_Batch(records)])
        while pending:
            batch = pending.popleft()
            function = self.function()
            batch.records = self._without_expired(shard, batch, function)
            if not batch.records:
                continue
            call = self._call(shard, function, batch)
            if self.ending and call.done < len(batch.records):
                # Read again from the checkpoint, by whoever comes next.
                shard.iterator, shard.drained = None, False
                return
            if call.done:
                self._checkpoint(shard, batch.records[call.done - 1])
            pending.extendleft(reversed(self._rest(shard, function, batch, call)))

    def _rest(self, shard: _Shard, function: LocalFunction, batch: _Batch, call: _Call) -> list[_Batch]:
        """What of a batch has to be tried again, after a pause."""
        records = batch.records[call.done :]
        if not records:
            return []
        if call.outcome is None:  # throttled: retried for as long as the records live
            self._pause(batch.waits)
            return [_Batch(records, batch.retries, batch.waits + 1)]
        if self.mapping.bisect_on_error and call.done == 0 and len(records) > 1:
            # Splitting is not counted as a retry.
            half = len(records) // 2
            return [_Batch(records[:half], batch.retries), _Batch(records[half:], batch.retries)]
        # With records done, the first of the rest is another one than before, and has failed once.
        retries = 1 if call.done else batch.retries + 1
        if 0 <= self.mapping.retries < retries:
            self._give_up(shard, function, records, "RetryAttemptsExhausted", retries, call.outcome)
            return []
        self._pause(retries - 1)
        return [_Batch(records, retries)]

    def _call(self, shard: _Shard, function: LocalFunction, batch: _Batch) -> _Call:
        events = [self._event(shard, function, record) for record in batch.records]
        wanted = [e for e in events if filters.passes(self.mapping.filter_criteria, e, "data")]
        if not wanted:
            return _Call(None, len(events))
        age = time.time() - batch.records[-1]["ApproximateArrivalTimestamp"].timestamp()
        record = metrics().of(self.mapping.region, "AWS/Lambda", FunctionName=function.function_name)
        record("IteratorAge", max(0.0, 1000 * age), "Milliseconds")
        try:
            outcome = execute(function, json.dumps({"Records": wanted}).encode())
        except ThrottledError:
            return _Call(None, 0)
        self.note(FAILED if outcome.failed else OK)
        return _Call(outcome, self._done(outcome, batch.records))

    def _done(self, outcome: Outcome, records: Sequence[Record]) -> int:
        """How many records from the first are done with: all before the lowest that the function names."""
        if outcome.failed:
            return 0
        if not self.mapping.reports_failures:
            return len(records)
        failed = reported_failures(outcome.payload)
        numbers = [record["SequenceNumber"] for record in records]
        if failed is None or not failed <= set(numbers):
            return 0
        return min((numbers.index(number) for number in failed), default=len(records))

    def _without_expired(self, shard: _Shard, batch: _Batch, function: LocalFunction) -> Sequence[Record]:
        most = self.mapping.max_age
        if most < 0:
            return batch.records
        oldest = time.time() - most
        expired = [r for r in batch.records if r["ApproximateArrivalTimestamp"].timestamp() < oldest]
        if expired:
            self._give_up(shard, function, expired, "RecordAgeExceeded", batch.retries, None)
        return batch.records[len(expired) :]

    def _give_up(  # noqa: PLR0917  # what a record of it says
        self,
        shard: _Shard,
        function: LocalFunction,
        records: Sequence[Record],
        condition: str,
        count: int,
        outcome: Outcome | None,
    ) -> None:
        """Tells of records that are given up, and goes on after them."""
        log.warning("Mapping %s gives up %s records: %s", self.mapping.uuid, len(records), condition)
        if destination := self.mapping.failure_destination:
            record = _failure(function, condition, count, outcome)
            record["KinesisBatchInfo"] = self._described(shard, records)
            try:
                destinations.send_record(destination, record)
            except Exception as error:  # whatever the destination's service raises; AWS goes on as well
                log.warning("Mapping %s could not tell of them: %s", self.mapping.uuid, error)
        self._checkpoint(shard, records[-1])

    def _described(self, shard: _Shard, records: Sequence[Record]) -> dict[str, Any]:
        first, last = records[0], records[-1]
        return {
            "shardId": shard.name,
            "startSequenceNumber": first["SequenceNumber"],
            "endSequenceNumber": last["SequenceNumber"],
            "approximateArrivalOfFirstRecord": destinations.timestamp(first["ApproximateArrivalTimestamp"]),
            "approximateArrivalOfLastRecord": destinations.timestamp(last["ApproximateArrivalTimestamp"]),
            "batchSize": len(records),
            "streamArn": self.mapping.event_source_arn,
        }

    def _checkpoint(self, shard: _Shard, record: Record) -> None:
        with current().aws.changing():
            self.mapping.checkpoints[shard.name] = record["SequenceNumber"]

    def _pause(self, retries: int) -> None:
        first, most = BACKOFF
        self.stopped.wait(min(first * 2 ** min(retries, 10), most))

    def _event(self, shard: _Shard, function: LocalFunction, record: Record) -> dict[str, Any]:
        arrival: datetime = record["ApproximateArrivalTimestamp"]
        return {
            "kinesis": {
                "kinesisSchemaVersion": "1.0",
                "partitionKey": record["PartitionKey"],
                "sequenceNumber": record["SequenceNumber"],
                "data": base64.b64encode(record["Data"]).decode(),
                "approximateArrivalTimestamp": round(arrival.astimezone(UTC).timestamp(), 3),
            },
            "eventSource": "aws:kinesis",
            "eventVersion": "1.0",
            "eventID": f"{shard.name}:{record['SequenceNumber']}",
            "eventName": "aws:kinesis:record",
            "invokeIdentityArn": function.role,
            "awsRegion": self.mapping.region,
            "eventSourceARN": self.mapping.event_source_arn,
        }


def _failure(function: LocalFunction, condition: str, count: int, outcome: Outcome | None) -> dict[str, Any]:
    """See https://docs.aws.amazon.com/lambda/latest/dg/kinesis-on-failure-destination.html for an example."""
    record: dict[str, Any] = {
        "requestContext": {
            "requestId": outcome.request_id if outcome else "",
            "functionArn": function.function_arn,
            "condition": condition,
            "approximateInvokeCount": count,
        }
    }
    if outcome:
        record["responseContext"] = {
            "statusCode": 200,
            "executedVersion": str(function.version),
            "functionError": "Unhandled" if outcome.failed else None,
        }
    return record | {"version": "1.0", "timestamp": destinations.timestamp()}
