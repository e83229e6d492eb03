"""A lake of small Parquet files, an account that crawls it, and what it finds."""

import base64
import json
import subprocess
import time

import boto3
from botocore.config import Config

REGION = "us-east-1"
ROLE = "crawler"
DATABASE = "lake"
BUCKET = "curated"
WRITER = """
import base64, json, sys
import pyarrow as pa, pyarrow.parquet as pq
from datetime import datetime, timezone

def column(values):
    kind = None
    if isinstance(values, dict):
        kind, values = getattr(pa, values["type"])(*values.get("of", [])), values["values"]
    if kind is not None and pa.types.is_timestamp(kind):
        values = [datetime.fromisoformat(value).replace(tzinfo=timezone.utc) for value in values]
    return pa.array(values, kind)

for line in sys.stdin:
    sink = pa.BufferOutputStream()
    pq.write_table(pa.table({name: column(values) for name, values in json.loads(line).items()}), sink)
    print(base64.b64encode(sink.getvalue().to_pybytes()).decode(), flush=True)
"""
"""Writes Parquet in the engine's environment, as the tests' own has no library for it."""


class ParquetWriter:
    """One process that turns columns into Parquet files."""

    def __init__(self, python):
        self.process = subprocess.Popen(
            [python, "-c", WRITER], stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True
        )

    def __call__(self, **columns):
        print(json.dumps(columns), file=self.process.stdin, flush=True)
        return base64.b64decode(self.process.stdout.readline())

    def close(self):
        self.process.communicate()


class Lake:
    """Clients of one server, a bucket and a database of its own, and short ways to crawl."""

    def __init__(self, endpoint_url, parquet, bucket=BUCKET, database=DATABASE):
        for service in ("s3", "glue", "iam", "sqs", "events", "logs"):
            setattr(self, service, self.client(service, endpoint_url))
        self.parquet, self.bucket, self.database = parquet, bucket, database
        self.s3.create_bucket(Bucket=bucket)
        self.glue.create_database(DatabaseInput={"Name": database})

    @staticmethod
    def client(service, endpoint_url):
        config = Config(retries={"total_max_attempts": 1}, parameter_validation=False)
        return boto3.client(service, endpoint_url=endpoint_url, region_name=REGION, config=config)

    def role(self):
        trust = {
            "Statement": [
                {
                    "Effect": "Allow",
                    "Action": "sts:AssumeRole",
                    "Principal": {"Service": "glue.amazonaws.com"},
                }
            ]
        }
        self.iam.create_role(RoleName=ROLE, AssumeRolePolicyDocument=json.dumps(trust))

    def put(self, key, body=None, **columns):
        body = self.parquet(**columns) if body is None else body
        self.s3.put_object(Bucket=self.bucket, Key=key, Body=body)

    def definition(self, name, **changes):
        return {
            "Name": name,
            "Role": ROLE,
            "DatabaseName": self.database,
            "Targets": {"S3Targets": [{"Path": f"s3://{self.bucket}/amp/"}]},
            "Configuration": json.dumps({"Version": 1.0, "Grouping": {"TableLevelConfiguration": 3}}),
            **changes,
        }

    def create(self, name="crawler", **changes):
        self.glue.create_crawler(**self.definition(name, **changes))
        return name

    def crawl(self, name="crawler"):
        self.glue.start_crawler(Name=name)
        return self.finished(name)

    def finished(self, name):
        until = time.monotonic() + 60
        while (crawler := self.glue.get_crawler(Name=name)["Crawler"])["State"] != "READY":
            assert time.monotonic() < until, crawler
            time.sleep(0.02)
        return crawler["LastCrawl"]

    def table(self, name):
        return self.glue.get_table(DatabaseName=self.database, Name=name)["Table"]

    def tables(self):
        return {t["Name"] for t in self.glue.get_tables(DatabaseName=self.database)["TableList"]}

    def columns(self, name):
        return {c["Name"]: c["Type"] for c in self.table(name)["StorageDescriptor"]["Columns"]}

    def partitions(self, name, **options):
        found = self.glue.get_partitions(DatabaseName=self.database, TableName=name, **options)["Partitions"]
        return {partition["Values"][0]: partition for partition in found}

    def log(self, name="crawler"):
        events = self.logs.get_log_events(logGroupName="/aws-glue/crawlers", logStreamName=name)["events"]
        return [event["message"] for event in events]
