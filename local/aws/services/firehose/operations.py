"""The operations on delivery streams.

https://docs.aws.amazon.com/firehose/latest/APIReference/API_Operations.html
"""

import base64
import binascii
import threading
import time
from collections.abc import Mapping, Sequence
from typing import Any

from local.aws.clients import Clients
from local.aws.journal import SHARDS, Entry
from local.aws.json_service import Answer, Call, Operation
from local.aws.services.firehose import destination
from local.aws.services.firehose.buffers import Buffers
from local.aws.services.firehose.delivery import Delivery
from local.aws.services.firehose.errors import ChangedError, InUseError, InvalidArgumentError, NotFoundError
from local.aws.services.firehose.feeds import Feed, KinesisStream, PutRecords
from local.aws.services.firehose.streams import DESTINATION_ID, DeliveryStream
from local.aws.services.kinesis.catalog import Catalog
from local.aws.services.kinesis.errors import NotFoundError as NoStreamError
from local.aws.services.kinesis.positions import sequence_number

MAX_RECORDS = 500
MAX_RECORD_BYTES = 1_024_000
MAX_REQUEST_BYTES = 4 << 20
RECORDS = ("PutRecord", "PutRecordBatch")
"""Operations that are called for every record or few of them."""
EXTENDED, PLAIN = "ExtendedS3DestinationConfiguration", "S3DestinationConfiguration"
KINESIS = "KinesisStreamSourceConfiguration"
CREATED_WITH = {
    "DeliveryStreamName",
    "DeliveryStreamType",
    "DeliveryStreamEncryptionConfigurationInput",
    KINESIS,
    EXTENDED,
    PLAIN,
    "DirectPutSourceConfiguration",
    "Tags",
}
Request = Mapping[str, Any]


class Operations:
    """What clients ask of delivery streams."""

    def __init__(self, buffers: Buffers, kinesis: Catalog, clients: Clients) -> None:
        self._buffers, self._kinesis, self._clients = buffers, kinesis, clients
        self._account = kinesis.account
        self._changing = threading.RLock()
        found = (DeliveryStream.of(n, definition) for n, definition in buffers.streams().items())
        self._deliveries = {stream.arn: self._delivery(stream) for stream in found}
        self.by_name: Mapping[str, Operation] = {
            "CreateDeliveryStream": lambda call: self.create(call.region, call.request),
            "DeleteDeliveryStream": lambda call: self.remove(self._named(call)),
            "DescribeDeliveryStream": lambda call: {
                "DeliveryStreamDescription": self._named(call).stream.describe()
            },
            "ListDeliveryStreams": self._list,
            "ListTagsForDeliveryStream": self._tags,
            "PutRecord": self._put_record,
            "PutRecordBatch": self._put_record_batch,
            "StartDeliveryStreamEncryption": lambda call: self._encrypt(call, "ENABLED"),
            "StopDeliveryStreamEncryption": lambda call: self._encrypt(call, "DISABLED"),
            "TagDeliveryStream": self._tag,
            "UntagDeliveryStream": self._untag,
            "UpdateDestination": self._update,
        }

    def start(self) -> None:
        """Begins to deliver."""
        for delivery in self.every():
            delivery.start()

    def stop(self) -> None:
        """Returns when nothing is delivered any more, and closes the buffers."""
        for delivery in self.every():
            delivery.stop()
        for delivery in self.every():
            delivery.join()
        self._buffers.close()

    def every(self) -> list[Delivery]:
        """All deliveries, by the names of their streams."""
        return sorted(self._deliveries.values(), key=lambda delivery: delivery.stream.name)

    def of_arn(self, arn: str) -> Delivery:
        """The delivery of this stream. Raises `NotFoundError`."""
        if arn not in self._deliveries:
            name = arn.rpartition("/")[2]
            raise NotFoundError(f"Firehose {name} under account {self._account} not found.")
        return self._deliveries[arn]

    def arn(self, region: str, name: str) -> str:
        """The ARN of a delivery stream."""
        return f"arn:aws:firehose:{region}:{self._account}:deliverystream/{name}"

    def _named(self, call: Call) -> Delivery:
        return self.of_arn(self.arn(call.region, call.request["DeliveryStreamName"]))

    def _delivery(self, stream: DeliveryStream) -> Delivery:
        feed: Feed = PutRecords(self._buffers, stream.number)
        if stream.source:
            feed = KinesisStream(self._kinesis, stream.source["KinesisStreamARN"])
        return Delivery(stream, feed, self._buffers, self._clients)

    # Delivery streams

    def create(self, region: str, request: Request) -> Answer:
        """CreateDeliveryStream: it is ``ACTIVE`` at once."""
        if others := [name for name, value in request.items() if value and name not in CREATED_WITH]:
            raise InvalidArgumentError(f"The local AWS delivers to S3 only, and this stream has {others[0]}.")
        document = request.get(EXTENDED) or request.get(PLAIN)
        if not document or (request.get(EXTENDED) and request.get(PLAIN)):
            raise InvalidArgumentError("Exactly one destination configuration is supported for a Firehose")
        destination.check(document, self._account, region)
        source = self._source(region, request)
        arn = self.arn(region, request["DeliveryStreamName"])
        tags = {tag["Key"]: tag.get("Value", "") for tag in request.get("Tags") or []}
        stream = DeliveryStream(arn, time.time(), source, dict(document), tags)
        if encryption := request.get("DeliveryStreamEncryptionConfigurationInput"):
            stream.encryption = {**encryption, "Status": "ENABLED"}
        with self._changing:
            if arn in self._deliveries:
                raise InUseError(f"Firehose {stream.name} under accountId {self._account} already exists")
            stream.number = self._buffers.create(arn, stream.definition())
            if source:
                self._buffers.start_at(stream.number, self._latest(source["KinesisStreamARN"]))
            delivery = self._deliveries[arn] = self._delivery(stream)
        delivery.start()
        return {"DeliveryStreamARN": arn}

    def _source(self, region: str, request: Request) -> dict[str, Any] | None:
        source, type_ = request.get(KINESIS), request.get("DeliveryStreamType") or "DirectPut"
        if type_ == "DirectPut" and not source:
            return None
        if type_ != "KinesisStreamAsSource" or not source:
            raise InvalidArgumentError(
                f"{KINESIS} must be given for the type KinesisStreamAsSource, and for no other:"
                f" this is {type_}."
            )
        destination.check_role(source["RoleARN"], self._account, region)
        try:
            self._kinesis.of_arn(source["KinesisStreamARN"])
        except NoStreamError as error:
            raise InvalidArgumentError(f"The source cannot be read: {error}") from error
        return dict(source)

    def _latest(self, arn: str) -> dict[int, int]:
        """Where a new stream begins to read: behind all that is there."""
        stream = self._kinesis.of_arn(arn)
        return {stream.journal_shard(shard): self._kinesis.journal.last for shard in stream.shards}

    def remove(self, delivery: Delivery) -> None:
        """DeleteDeliveryStream: what is buffered is not delivered."""
        with self._changing:
            self._deliveries.pop(delivery.stream.arn, None)
        delivery.stop()
        delivery.join()
        self._buffers.delete(delivery.stream.number)

    def _list(self, call: Call) -> Answer:
        limit, type_ = call.request.get("Limit") or 10, call.request.get("DeliveryStreamType")
        after = call.request.get("ExclusiveStartDeliveryStreamName") or ""
        streams = [delivery.stream for delivery in self.every()]
        names = [s.name for s in streams if s.region == call.region and s.type == (type_ or s.type)]
        found = [name for name in names if name > after]
        return {"DeliveryStreamNames": found[:limit], "HasMoreDeliveryStreams": len(found) > limit}

    def _update(self, call: Call) -> None:
        request, stream = call.request, self._named(call).stream
        if request["CurrentDeliveryStreamVersionId"] != str(stream.version):
            raise ChangedError(
                f"Cannot update firehose: {stream.name} since the current version id: {stream.version} and"
                f" specified version id: {request['CurrentDeliveryStreamVersionId']} do not match"
            )
        if request["DestinationId"] != DESTINATION_ID:
            raise InvalidArgumentError(f"Destination Id {request['DestinationId']} not found")
        update = request.get("ExtendedS3DestinationUpdate") or request.get("S3DestinationUpdate")
        if not update:
            raise InvalidArgumentError("The local AWS delivers to S3 only: give ExtendedS3DestinationUpdate.")
        renamed = {"S3BackupUpdate": "S3BackupConfiguration"}
        self.change(stream, stream.document | {renamed.get(k, k): v for k, v in update.items()})

    def change(self, stream: DeliveryStream, document: dict[str, Any]) -> None:
        """Gives a stream another destination; objects bear its next version from now on."""
        if stream.document.get("S3BackupMode") == "Enabled" and document.get("S3BackupMode") != "Enabled":
            raise InvalidArgumentError("S3BackupMode cannot be disabled once it is enabled.")
        destination.check(document, self._account, stream.region)
        with self._changing:
            stream.document, stream.version, stream.updated = document, stream.version + 1, time.time()
            self._buffers.save(stream.number, stream.definition())

    # Records

    def _put_record(self, call: Call) -> Answer:
        [identity] = self.put(self._named(call), [call.request["Record"]])
        return {"RecordId": identity, "Encrypted": False}

    def _put_record_batch(self, call: Call) -> Answer:
        identities = self.put(self._named(call), call.request["Records"])
        answers = [{"RecordId": identity} for identity in identities]
        return {"FailedPutCount": 0, "Encrypted": False, "RequestResponses": answers}

    def put(self, delivery: Delivery, records: Sequence[Request]) -> list[str]:
        """Takes records for delivery; they are on disk when this returns.

        Returns:
            Their ids.

        Raises:
            InvalidArgumentError: this cannot be delivered.
        """
        stream = delivery.stream
        if stream.source:
            raise InvalidArgumentError(
                f"This operation is not permitted on KinesisStreamAsSource delivery streams: {stream.name}"
                " takes the records of its Kinesis stream."
            )
        if not 1 <= len(records) <= MAX_RECORDS:
            raise InvalidArgumentError(f"A request has 1 to {MAX_RECORDS} records, not {len(records)}.")
        data = [_data(record) for record in records]
        if (size := sum(map(len, data))) > MAX_REQUEST_BYTES:
            raise InvalidArgumentError(f"A request has at most {MAX_REQUEST_BYTES} bytes, not {size}")
        entries = [Entry(stream.number * SHARDS, "", one) for one in data]
        return [f"{sequence_number(number)}000000" for number in self._buffers.append(lambda: entries)]

    # Tags and encryption

    def _save(self, stream: DeliveryStream) -> None:
        with self._changing:
            self._buffers.save(stream.number, stream.definition())

    def _encrypt(self, call: Call, status: str) -> None:
        stream = self._named(call).stream
        given = call.request.get("DeliveryStreamEncryptionConfigurationInput") or {"KeyType": "AWS_OWNED_CMK"}
        stream.encryption = {**given, "Status": status} if status == "ENABLED" else {"Status": status}
        self._save(stream)

    def retag(self, stream: DeliveryStream, tags: dict[str, str]) -> None:
        """Gives a stream these tags and no others."""
        stream.tags = tags
        self._save(stream)

    def _tag(self, call: Call) -> None:
        stream = self._named(call).stream
        self.retag(stream, stream.tags | {tag["Key"]: tag.get("Value", "") for tag in call.request["Tags"]})

    def _untag(self, call: Call) -> None:
        stream, gone = self._named(call).stream, call.request["TagKeys"]
        self.retag(stream, {key: value for key, value in stream.tags.items() if key not in gone})

    def _tags(self, call: Call) -> Answer:
        after, limit = call.request.get("ExclusiveStartTagKey") or "", call.request.get("Limit") or 50
        found = sorted((k, v) for k, v in self._named(call).stream.tags.items() if k > after)
        tags = [{"Key": key, "Value": value} for key, value in found[:limit]]
        return {"Tags": tags, "HasMoreTags": len(found) > limit}


def _data(record: Request) -> bytes:
    try:
        data = base64.b64decode(record["Data"], validate=True)
    except binascii.Error as error:
        raise InvalidArgumentError(f"The data of a record is not base64: {error}") from error
    if len(data) > MAX_RECORD_BYTES:
        raise InvalidArgumentError(f"A record has at most {MAX_RECORD_BYTES} bytes of data, not {len(data)}.")
    return data
