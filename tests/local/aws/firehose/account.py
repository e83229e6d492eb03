"""Delivery streams and what they deliver, through clients that validate."""

import gzip
import json
import time

from tests.local.conftest import connect

TRUST = {
    "Version": "2012-10-17",
    "Statement": [
        {"Effect": "Allow", "Principal": {"Service": "firehose.amazonaws.com"}, "Action": "sts:AssumeRole"}
    ],
}
NOW = {"SizeInMBs": 1, "IntervalInSeconds": 0}
LATER = {"SizeInMBs": 1, "IntervalInSeconds": 900}
LINES = {"Type": "AppendDelimiterToRecord", "Parameters": []}


class Account:
    """A role, a bucket and short ways to deliver into it."""

    def __init__(self, endpoint_url):
        for service in ("firehose", "kinesis", "s3", "iam", "logs"):
            setattr(self, service, connect(endpoint_url, service))

    def furnish(self):
        trust = json.dumps(TRUST)
        self.role = self.iam.create_role(RoleName="delivery", AssumeRolePolicyDocument=trust)["Role"]["Arn"]
        return self

    def destination(self, name, processors=(LINES,), **changes):
        """Of a delivery stream; its objects go into a bucket of its name."""
        return {
            "RoleARN": self.role,
            "BucketARN": f"arn:aws:s3:::{name}",
            "BufferingHints": NOW,
            "ProcessingConfiguration": {"Enabled": bool(processors), "Processors": list(processors)},
        } | changes

    def make(self, name, source=None, processors=(LINES,), **changes):
        """A delivery stream and its bucket; ``source`` is the name of a stream of Kinesis."""
        self.s3.create_bucket(Bucket=name)
        options = {}
        if source:
            arn = self.kinesis.describe_stream_summary(StreamName=source)["StreamDescriptionSummary"][
                "StreamARN"
            ]
            options["DeliveryStreamType"] = "KinesisStreamAsSource"
            options["KinesisStreamSourceConfiguration"] = {"KinesisStreamARN": arn, "RoleARN": self.role}
        self.firehose.create_delivery_stream(
            DeliveryStreamName=name,
            ExtendedS3DestinationConfiguration=self.destination(name, processors, **changes),
            **options,
        )
        return name

    def put(self, name, *data):
        records = [{"Data": one if isinstance(one, bytes) else one.encode()} for one in data]
        answer = self.firehose.put_record_batch(DeliveryStreamName=name, Records=records)
        assert answer["FailedPutCount"] == 0
        return answer

    def objects(self, name, prefix=""):
        """Contents by key, as they were before they were compressed."""
        found = self.s3.list_objects_v2(Bucket=name, Prefix=prefix).get("Contents", [])
        return {item["Key"]: self._content(name, item["Key"]) for item in found}

    def _content(self, bucket, key):
        body = self.s3.get_object(Bucket=bucket, Key=key)["Body"].read()
        return gzip.decompress(body) if body[:2] == b"\x1f\x8b" else body

    def lines(self, name, prefix=""):
        """The lines of all objects, in the order of their keys."""
        return [
            line for _, body in sorted(self.objects(name, prefix).items()) for line in body.decode().split()
        ]

    def delivered(self, name, count, prefix="", seconds=30):
        """The lines, when there are so many."""
        until = time.monotonic() + seconds
        while len(found := self.lines(name, prefix)) < count:
            assert time.monotonic() < until, f"{len(found)} of {count} lines are in {name}: {found[:5]}"
            time.sleep(0.05)
        return found
