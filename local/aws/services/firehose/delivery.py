"""Delivers one stream's records, in a thread of its own."""

import gzip
import json
import logging
import threading
import time
from collections import deque
from collections.abc import Iterable
from dataclasses import dataclass
from http import HTTPStatus
from typing import Any, NamedTuple
from uuid import uuid4

from botocore.exceptions import BotoCoreError, ClientError

from local.aws.clients import Clients
from local.aws.errors import AnsweredError
from local.aws.services.firehose.batches import Batch, Chunk
from local.aws.services.firehose.buffers import Buffers, Positions
from local.aws.services.firehose.destination import Destination, Limits, Target
from local.aws.services.firehose.feeds import Feed, Taken, read, read_to
from local.aws.services.firehose.prefixes import error_folder, folder, instant, object_name
from local.aws.services.firehose.streams import DeliveryStream
from local.aws.services.firehose.transform import StoppedError, Transformer, failed_line

log = logging.getLogger(__name__)

POLL_SECONDS = 1.0
"""How often AWS asks a stream of Kinesis for records."""
LONGEST_PAUSE = 60.0
PATIENCE = 10.0
AT_ONCE = Limits(1 << 20, 0)
"""What is read at a time where no function takes it."""
LEVEL = 6
MOST_SENT = 100
"""Deliveries that wait for a snapshot, which a large state is slow to write."""
EXPECTED = (ClientError, BotoCoreError, AnsweredError)


@dataclass
class Progress:
    """What the page of a delivery stream shows; counted since the server was started.

    Attributes:
        last: time, bucket and key of the last object.
        error: time and text of the last error.
    """

    records: int = 0
    bytes: int = 0
    objects: int = 0
    failed: int = 0
    last: tuple[float, str, str] | None = None
    error: tuple[float, str] | None = None


class Sent(NamedTuple):
    """A delivery whose objects were written at a moment of the monotonic clock."""

    number: int
    positions: Positions
    moment: float


class Delivery:
    """Reads records, sends them through the function, and writes objects when a buffer is full or old.

    A checkpoint moves when the object is written and the server's snapshot has it. What is in memory only,
    another start reads again.
    """

    def __init__(self, stream: DeliveryStream, feed: Feed, buffers: Buffers, clients: Clients) -> None:
        self.stream, self.feed, self._buffers = stream, feed, buffers
        self._clients = clients.acting_for(stream.arn)
        self.progress = Progress()
        self._chunk, self._batch = Chunk(), Batch()
        self._plan: tuple[int, dict[str, Any]] | None = None
        self._sent: deque[Sent] = deque()
        self._taken = buffers.checkpoints(stream.number)
        self._stopped = threading.Event()
        about = {"deliveryStreamArn": stream.arn, "region": stream.region}
        if stream.source:
            about["sourceKinesisStreamArn"] = stream.source["KinesisStreamARN"]
        functions = self._clients.functions(stream.region)
        self._transformer = Transformer(functions, about, self._stopped)
        self._thread = threading.Thread(target=self._run, name=f"firehose {stream.name}", daemon=True)

    def start(self) -> None:
        """Begins to deliver, first what was begun before."""
        self._thread.start()

    def stop(self) -> None:
        """Ends it soon; what is buffered stays where it is."""
        self._stopped.set()

    def join(self) -> None:
        """Returns when nothing is delivered any more; a function that runs long is not waited for."""
        if self._thread.is_alive():
            self._thread.join(PATIENCE)

    @property
    def buffered(self) -> tuple[int, int]:
        """Records that are not delivered, and their bytes."""
        done = self.checkpoints()
        journal = self.feed.journal
        waiting = [(shard, done.get(shard, 0)) for shard in self.feed.shards(done)]
        return sum(journal.count(*one) for one in waiting), sum(journal.size(*one) for one in waiting)

    def checkpoints(self) -> Positions:
        """How far records are delivered, by the shard of the journal."""
        return self._buffers.checkpoints(self.stream.number)

    def _run(self) -> None:
        pause, resumed = POLL_SECONDS, False
        while not self._stopped.is_set():
            try:
                if not resumed:
                    self._resume()
                    resumed = True
                while self._step() and not self._stopped.is_set():
                    pass
                pause = POLL_SECONDS
            except StoppedError:
                return
            except EXPECTED as error:
                self._note(error)
                pause = min(2 * pause, LONGEST_PAUSE)
            except Exception as error:  # nothing is lost: it is all read again
                log.exception("%s failed", self.stream.arn)
                self._note(error)
                pause = min(2 * pause, LONGEST_PAUSE)
            self._stopped.wait(pause)

    def _step(self) -> bool:
        """Reads, processes and delivers what is due; whether there may be more at once."""
        self._confirm()
        if len(self._sent) >= MOST_SENT:
            return False
        destination = self.stream.destination
        limits = destination.transform.buffer if destination.transform else AT_ONCE
        if self._plan is None and not self._batch.is_due(destination.buffer):
            for taken in read(self.feed, self._taken, limits.size - self._chunk.size):
                self._chunk.add(taken)
            if not self._chunk.is_due(limits):
                return False
            self._process(self._chunk, destination)
            self._chunk = Chunk()
        if self._plan is not None or self._batch.is_due(destination.buffer):
            self._deliver(destination)
        return True

    def _process(self, chunk: Chunk, destination: Destination) -> None:
        """Moves the records of a chunk into the batch."""
        if destination.transform:
            function = destination.transform.function
            outcome = self._transformer.transform(destination.transform, self.feed, chunk.records)
            data = outcome.data
            failed = [failed_line(taken, failure, function) for taken, failure in outcome.failed]
            self._tell_failures(outcome.failed, destination)
        else:
            data, failed = [taken.record.data for taken in chunk.records], []
        if destination.delimiter:
            data = [one + destination.delimiter for one in data]
        raw = [taken.record.data for taken in chunk.records] if destination.backup else []
        self._batch.take(chunk)
        self._batch.add(data, failed, raw)

    def _deliver(self, destination: Destination) -> None:
        """Writes the batch, under the keys that it was given when this was begun."""
        batch = self._batch
        if self._plan is None:
            plan = self._planned(batch, destination)
            self._plan = self._buffers.begin(self.stream.number, plan), plan
        number, plan = self._plan
        target = destination.target
        for name, pieces, where in _objects(batch, destination):
            self._put(plan["keys"][name], pieces, where or target)
        self._sent.append(Sent(number, batch.positions, time.monotonic()))
        self.progress.records += batch.records
        self.progress.bytes += batch.size
        self.progress.failed += len(batch.failed)
        self._batch, self._plan = Batch(), None

    def _confirm(self) -> None:
        """Ends deliveries, in order, whose objects a killed server would still have."""
        while self._sent and self._clients.aws.has_saved(self._sent[0].moment):
            self._buffers.finish(self.stream.number, self._sent[0].number, self._sent[0].positions)
            self.feed.delivered(self._sent.popleft().positions)

    def _planned(self, batch: Batch, destination: Destination) -> dict[str, Any]:
        """The keys of all objects, and how far the records go that are in them."""
        now, oldest = self._buffers.now(), batch.oldest or self._buffers.now()
        keys = {}
        for name, _, where in _objects(batch, destination):
            target = where or destination.target
            arrived, moment = instant(oldest, target.zone), instant(now, target.zone)
            before = (
                error_folder(target.prefix, target.error_prefix, arrived)
                if name == "failed"
                else folder(target.prefix, arrived)
            )
            version, identity = str(self.stream.version), str(uuid4())
            keys[name] = before + object_name(self.stream.name, version, moment, identity, target.extension)
        return {"positions": [*batch.positions.items()], "keys": keys}

    def _put(self, key: str, pieces: Iterable[bytes], target: Target) -> None:
        body = b"".join(pieces)
        if target.compressed:
            body = gzip.compress(body, LEVEL, mtime=0)  # the same each time
        key_id = target.kms_key
        extra = {"ServerSideEncryption": "aws:kms", "SSEKMSKeyId": key_id} if key_id else {}
        s3: Any = self._clients.s3(self.stream.region)
        s3.put_object(Bucket=target.bucket, Key=key, Body=body, **extra)
        self.progress.objects += 1
        self.progress.last = time.time(), target.bucket, key

    def _resume(self) -> None:
        """Carries out again what was begun and did not end, unless its objects are there."""
        self._batch, self._plan = Batch(), None
        self._sent.clear()
        self._taken = self._buffers.checkpoints(self.stream.number)
        for number, plan in self._buffers.begun(self.stream.number).items():
            end, destination = dict(plan["positions"]), self.stream.destination
            if self._is_there(plan, destination):
                self._sent.append(Sent(number, end, float("-inf")))
            else:
                for chunk in _chunks(read_to(self.feed, self._taken, end), destination):
                    self._process(chunk, destination)
                self._batch.positions = end
                self._plan = number, plan
                self._deliver(destination)
            self._taken |= end

    def _is_there(self, plan: dict[str, Any], destination: Destination) -> bool:
        s3: Any = self._clients.s3(self.stream.region)
        backup = destination.backup
        try:
            for name, key in plan["keys"].items():
                bucket = backup.bucket if backup and name == "backup" else destination.target.bucket
                s3.head_object(Bucket=bucket, Key=key)
        except ClientError as error:
            if error.response["ResponseMetadata"].get("HTTPStatusCode") == HTTPStatus.NOT_FOUND:
                return False
            raise
        return True

    # Errors

    def _note(self, error: Exception) -> None:
        text = f"{type(error).__name__}: {error}"
        log.warning("%s delivers nothing for now: %s", self.stream.arn, error)
        self.progress.error = time.time(), text
        code = error.response["Error"]["Code"] if isinstance(error, ClientError) else type(error).__name__
        self._log(f"S3.{code}", str(error), self.stream.destination)

    def _tell_failures(self, failed: list[tuple[Taken, Any]], destination: Destination) -> None:
        for code, message in {(failure.code, failure.message) for _, failure in failed}:
            self.progress.error = time.time(), f"{code}: {message}"
            self._log(code, message, destination)

    def _log(self, code: str, message: str, destination: Destination) -> None:
        """Puts an error into the destination's log, if it has one; a log that fails holds up nothing."""
        if destination.log is None:
            return
        group, stream = destination.log
        text = {
            "deliveryStreamARN": self.stream.arn,
            "destination": f"arn:aws:s3:::{destination.target.bucket}",
            "deliveryStreamVersionId": self.stream.version,
            "message": message,
            "errorCode": code,
        }
        event = {"timestamp": self._buffers.now(), "message": json.dumps(text)}
        try:
            logs: Any = self._clients.logs(self.stream.region)
            logs.put_log_events(logGroupName=group, logStreamName=stream, logEvents=[event])
        except (ClientError, BotoCoreError) as error:
            log.warning("%s cannot write to its log %s %s: %s", self.stream.arn, group, stream, error)


def _objects(batch: Batch, destination: Destination) -> list[tuple[str, list[bytes], Target | None]]:
    """What a batch becomes: the name of each object, what is in it, and its target if it has its own."""
    made = [
        ("data", batch.data, None),
        ("failed", batch.failed, None),
        ("backup", batch.raw, destination.backup),
    ]
    return [one for one in made if one[1]]


def _chunks(records: Iterable[Taken], destination: Destination) -> Iterable[Chunk]:
    """The records in chunks as large as the function takes them."""
    limit = (destination.transform.buffer if destination.transform else AT_ONCE).size
    chunk = Chunk()
    for taken in records:
        chunk.add(taken)
        if chunk.size >= limit:
            yield chunk
            chunk = Chunk()
    if chunk.records:
        yield chunk
