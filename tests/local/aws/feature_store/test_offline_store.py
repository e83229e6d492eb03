"""The offline store: every record as Parquet in AWS's layout, once, whatever ends the server."""

import re
import sqlite3
import time
from contextlib import closing

from local.aws.services import feature_store
from tests.include.jobs.conftest import IMAGES
from tests.local.aws.feature_store.conftest import TODAY, TOMORROW, Groups
from tests.local.aws.sagemaker.account import Account
from tests.local.conftest import connect

FILE = re.compile(r"year=\d{4}/month=\d\d/day=\d\d/hour=\d\d/\d{8}T\d{6}Z_[0-9a-f]{16}\.parquet")


def test_every_record_is_kept_in_the_hour_of_its_event(groups, name, flush, offline_rows, tmp_path):
    described = groups.make(name)
    groups.put(name, "u1", TODAY, minutes="1.5", sessions="2", city="Zürich")
    groups.put(name, "u1", "2025-12-31T23:59:59.999Z", sessions="1")
    groups.put(name, "u1", TODAY, sessions="3")
    groups.put(name, "u2", TODAY, TargetStores=["OnlineStore"])
    groups.records.delete_record(
        FeatureGroupName=name, RecordIdentifierValueAsString="u1", EventTime=TOMORROW
    )
    flush()
    rows = offline_rows(described, tmp_path)
    assert all(FILE.fullmatch(key) for key in rows)
    by_hour = {key.rpartition("/")[0]: found for key, found in rows.items()}
    today = by_hour["year=2026/month=01/day=01/hour=00"]
    assert [(row["minutes"], row["sessions"], row["city"]) for row in today] == [
        (1.5, 2, "Zürich"),
        (None, 3, None),
    ]
    assert by_hour["year=2025/month=12/day=31/hour=23"][0]["event_time"] == "2025-12-31T23:59:59.999Z"
    [marker] = by_hour["year=2026/month=01/day=02/hour=00"]
    assert (marker["is_deleted"], marker["user_id"], marker["sessions"]) == (True, "u1", None)
    assert list(marker)[-3:] == ["write_time", "api_invocation_time", "is_deleted"]
    assert not today[0]["is_deleted"]
    assert today[0]["write_time"][:4].isdigit()


def test_a_flush_writes_what_is_new_and_the_table_knows_its_partitions(
    groups, server, name, flush, offline_rows, tmp_path
):
    described = groups.make(name)
    for identifier in ("u1", "u2"):
        groups.put(name, identifier, TODAY)
        flush()
    flush()
    rows = offline_rows(described, tmp_path)
    assert sorted(row["user_id"] for found in rows.values() for row in found) == ["u1", "u2"]
    catalog = described["OfflineStoreConfig"]["DataCatalogConfig"]
    glue = connect(server.endpoint_url, "glue")
    [partition] = glue.get_partitions(DatabaseName=catalog["Database"], TableName=catalog["TableName"])[
        "Partitions"
    ]
    assert partition["Values"] == ["2026", "01", "01", "00"]
    assert partition["StorageDescriptor"]["Location"].endswith("/data/year=2026/month=01/day=01/hour=00")


def test_records_of_a_deleted_group_are_written_still(groups, name, flush, offline_rows, tmp_path):
    described = groups.make(name)
    groups.put(name, "u1")
    groups.sagemaker.delete_feature_group(FeatureGroupName=name)
    assert groups.is_gone(name)
    flush()
    assert [row["user_id"] for row in next(iter(offline_rows(described, tmp_path).values()))] == ["u1"]


def test_a_bucket_that_is_gone_blocks_the_store_until_it_is_back(groups, account, name, flush):
    account.s3.create_bucket(Bucket="passing")
    groups.make(name, OfflineStoreConfig={"S3StorageConfig": {"S3Uri": "s3://passing/offline"}})
    groups.put(name, "u1")
    account.s3.delete_bucket(Bucket="passing")
    flush()
    status = groups.sagemaker.describe_feature_group(FeatureGroupName=name)["OfflineStoreStatus"]
    assert status["Status"] == "Blocked"
    assert "NoSuchBucket" in status["BlockedReason"]
    account.s3.create_bucket(Bucket="passing")
    flush()
    assert groups.sagemaker.describe_feature_group(FeatureGroupName=name)["OfflineStoreStatus"] == {
        "Status": "Active"
    }
    assert len(account.s3.list_objects_v2(Bucket="passing")["Contents"]) == 1


def test_a_batch_that_broke_off_is_written_again_under_its_name(
    groups, account, name, flush, offline_rows, tmp_path, monkeypatch
):
    described = groups.make(name)
    groups.put(name, "u1")
    store = feature_store.store()
    with monkeypatch.context() as patch:
        patch.setattr(store, "written", lambda batch: None)  # the process ends between S3 and the journal
        flush()
    before = offline_rows(described, tmp_path)
    groups.put(name, "u2")
    flush()
    assert offline_rows(described, tmp_path) == before
    flush()
    rows = offline_rows(described, tmp_path)
    assert sorted(row["user_id"] for found in rows.values() for row in found) == ["u1", "u2"]


def test_what_was_put_outlives_the_server_and_reaches_the_offline_store_at_a_stop(child, engine, monkeypatch):
    # A server that stops installs nothing.
    assert engine.is_relative_to(IMAGES)
    monkeypatch.setenv("MILLRACE_OFFLINE_STORE_SECONDS", "3600")
    (child.home.parent / "images").symlink_to(IMAGES)
    child.start()
    groups = Groups(child, Account(child.endpoint_url).furnish().role)
    groups.make("kept")
    wait_for_snapshot(child, b"kept")
    groups.put("kept", "u1", sessions="1")
    child.end(kill=True)
    assert journal(child.home) == 1
    child.start()
    assert groups.settled("kept")["FeatureGroupStatus"] == "Created"
    groups.put("kept", "u2", sessions="2")
    assert [groups.get("kept", identifier)["sessions"] for identifier in ("u1", "u2")] == ["1", "2"]
    child.end()
    assert journal(child.home) == 0
    objects = [path for path in (child.home / "objects").rglob("*") if path.is_file()]
    assert any(path.read_bytes().startswith(b"PAR1") for path in objects)


def journal(home):
    """How many records are not in the offline store yet."""
    with closing(sqlite3.connect(home / "feature-store" / "records.sqlite")) as database:
        return database.execute("SELECT count(*) FROM journal").fetchone()[0]


def wait_for_snapshot(child, content):
    """A group is part of the snapshot, which is written soon after a change."""
    until = time.monotonic() + 30
    while time.monotonic() < until:
        copy = child.home / "snapshot"
        if copy.exists() and content in copy.read_bytes():
            return
        time.sleep(0.1)
    raise AssertionError(f"no snapshot has {content!r}")
