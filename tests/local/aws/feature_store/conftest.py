"""A running local AWS, and feature groups in it."""

import json
import subprocess
import time

import pytest

from local.aws.runtime.images import ImageStore
from local.aws.server import LocalAws
from local.aws.services import feature_store
from local.aws.services.feature_store import offline
from tests.include.jobs.conftest import IMAGES
from tests.local.aws.sagemaker.account import Account
from tests.local.conftest import connect

FEATURES = {
    "user_id": "String",
    "event_time": "String",
    "minutes": "Fractional",
    "sessions": "Integral",
    "city": "String",
}
READ = """
import json, sys
import pyarrow.parquet as pq
print(json.dumps(pq.ParquetFile(sys.argv[1]).read().to_pylist(), default=str))
"""
TODAY, TOMORROW = "2026-01-01T00:00:00Z", "2026-01-02T00:00:00Z"


class Groups:
    """Feature groups and their records, through clients that validate."""

    def __init__(self, aws: LocalAws, role: str) -> None:
        self.role = role
        self.sagemaker = connect(aws.endpoint_url, "sagemaker")
        self.records = connect(aws.endpoint_url, "sagemaker-featurestore-runtime")

    def request(self, name, **changes):
        definitions = [{"FeatureName": n, "FeatureType": t} for n, t in FEATURES.items()]
        return {
            "FeatureGroupName": name,
            "RecordIdentifierFeatureName": "user_id",
            "EventTimeFeatureName": "event_time",
            "FeatureDefinitions": definitions,
            "OnlineStoreConfig": {"EnableOnlineStore": True},
            "OfflineStoreConfig": {"S3StorageConfig": {"S3Uri": "s3://jobs/offline"}},
            "RoleArn": self.role,
        } | changes

    def make(self, name, **changes):
        request = {k: v for k, v in self.request(name, **changes).items() if v is not None}
        self.sagemaker.create_feature_group(**request)
        return self.settled(name)

    def settled(self, name):
        until = time.monotonic() + 30
        while time.monotonic() < until:
            described = self.sagemaker.describe_feature_group(FeatureGroupName=name)
            updating = described.get("LastUpdateStatus", {}).get("Status") == "InProgress"
            if described["FeatureGroupStatus"] != "Creating" and not updating:
                return described
            time.sleep(0.02)
        raise AssertionError(f"{name} does not settle: {described}")

    def is_gone(self, name):
        until = time.monotonic() + 30
        while time.monotonic() < until:
            try:
                self.sagemaker.describe_feature_group(FeatureGroupName=name)
            except self.sagemaker.exceptions.ResourceNotFound:
                return True
            time.sleep(0.02)
        return False

    def put(self, name, identifier="u1", event_time=TODAY, **values):
        options = {k: values.pop(k) for k in ("TargetStores", "TtlDuration") if k in values}
        record = record_of(user_id=identifier, event_time=event_time, **values)
        self.records.put_record(FeatureGroupName=name, Record=record, **options)

    def get(self, name, identifier="u1", **options):
        answer = self.records.get_record(
            FeatureGroupName=name, RecordIdentifierValueAsString=identifier, **options
        )
        return values_of(answer["Record"]) if "Record" in answer else None


def record_of(**values):
    return [{"FeatureName": name, "ValueAsString": value} for name, value in values.items()]


def values_of(record):
    return {feature["FeatureName"]: feature["ValueAsString"] for feature in record}


@pytest.fixture(scope="module")
def images():
    return IMAGES


@pytest.fixture(scope="module")
def variables():
    """The offline store is written when a test says so."""
    return {"MILLRACE_OFFLINE_STORE_SECONDS": 3600}


@pytest.fixture(scope="module")
def account(server):
    return Account(server.endpoint_url).furnish()


@pytest.fixture(scope="module")
def groups(server, account):
    return Groups(server, account.role)


@pytest.fixture
def flush():
    """Writes the offline store now."""
    return lambda: feature_store.writer().flush()


@pytest.fixture
def engine():
    """The interpreter of the engine that writes Parquet, installed."""
    store = ImageStore(IMAGES, offline.ENGINES)
    return store.ensure(store.resolve(offline.ENGINE)) / "bin" / "python"


@pytest.fixture
def offline_rows(account, engine):
    """The rows of an offline store, as plain values, read by the library that engines and jobs have."""

    def read(described, folder):
        uri = described["OfflineStoreConfig"]["S3StorageConfig"]["ResolvedOutputS3Uri"]
        prefix = uri.removeprefix(f"s3://{account.bucket}/")
        rows = {}
        for key in account.keys(f"{prefix}/"):
            file = folder / key.rpartition("/")[2]
            file.write_bytes(account.get(key))
            done = subprocess.run([engine, "-c", READ, file], capture_output=True, text=True, check=True)
            rows[key.removeprefix(f"{prefix}/")] = json.loads(done.stdout)
        return rows

    return read
