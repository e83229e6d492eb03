"""Access and reports from nothing, against a count of the same events in plain Python."""

import csv
import gzip
import json
from datetime import UTC, datetime, timedelta

import pytest

from tests.stack import REPO

pytestmark = pytest.mark.timeout(3600)
DAG = "amp_warehouse"
DAY = datetime.now(UTC).date() - timedelta(days=1)
CONTRACT = json.loads((REPO / "include" / "jobs" / "amp" / "events.json").read_text())
RAW, BUCKET = "millrace-local-raw-123456789012-us-east-1", "millrace-local-123456789012-us-east-1"
TYPES = {"string": str, "timestamp": str, "bigint": int, "boolean": bool, "array<string>": list}


@pytest.fixture(scope="module")
def first(stack):
    stack.millrace("up")
    return stack.run(DAG, "--param", "events=2000", "--param", "sample_days=3", "--param", f"day={DAY}")


@pytest.fixture(scope="module")
def events(stack, first):
    """Every event that meets the contract, once."""
    s3, found = stack.client("s3"), {}
    for page in s3.get_paginator("list_objects_v2").paginate(Bucket=RAW, Prefix="main/amp/events/"):
        for key in (item["Key"] for item in page["Contents"] if item["Key"].endswith(".gz")):
            hour = datetime.strptime(key[len("main/amp/events/") :][:13], "%Y/%m/%d/%H").replace(tzinfo=UTC)
            lines = gzip.decompress(s3.get_object(Bucket=RAW, Key=key)["Body"].read()).splitlines()
            for event in filter(None, (parsed(line, hour + timedelta(hours=2)) for line in lines)):
                found.setdefault(event["event_id"], event)
    return found.values()


def parsed(line, latest):
    """An event with its day; None for what is none, or is from after ``latest``."""
    try:
        event = json.loads(line)
        fields = {**CONTRACT["*"], **CONTRACT[event["event_type"]]}
        time = datetime.fromisoformat(event["event_time"])
        good = all(type(event[name]) is TYPES[kind] for name, kind in fields.items()) and time <= latest
    except (ValueError, KeyError, TypeError):
        return None
    return {**event, "day": time.astimezone(UTC).date()} if good else None


def test_the_figures_of_the_day_are_those_of_its_events(first, events):
    sessions = [each for each in events if each["event_type"] == "session" and each["day"] == DAY]
    likes = [each for each in events if each["event_type"] == "like" and each["day"] == DAY]
    metrics = first["metrics"]
    assert metrics["listeners"] == len({each["user_id"] for each in sessions}) > 0
    assert metrics["sessions"] == len(sessions)
    assert metrics["listening_seconds"] == sum(each["seconds"] for each in sessions)
    assert metrics["likes"] == len(likes)


def test_each_report_is_csv_and_all_are_a_page(stack, first):
    s3, prefix = stack.client("s3"), f"main/{DAG}/"
    listed = s3.list_objects_v2(Bucket=BUCKET, Prefix=prefix)["Contents"]
    keys = {item["Key"].rpartition("/")[2]: item["Key"] for item in listed}
    body = s3.get_object(Bucket=BUCKET, Key=keys["daily_flash.csv"])["Body"].read().decode()
    [row] = [row for row in csv.DictReader(body.splitlines()) if row["day"] == str(DAY)]
    assert int(row["listeners"]) == first["metrics"]["listeners"]
    assert {"engagement.csv", "trending_shows.csv", "promotion_effectiveness.csv"} <= keys.keys()
    page = s3.get_object(Bucket=BUCKET, Key=keys["report.html"])["Body"].read().decode()
    assert f"Amp, {DAY}" in page
    assert "data:image/png;base64," in page


def test_users_of_the_access_table_have_passwords_and_others_are_not_let_in(stack, first):
    secrets, data = stack.client("secretsmanager"), stack.client("redshift-data")
    where = {"ClusterIdentifier": "millrace-local-warehouse", "Database": "dev"}

    def ended(sql, **who):
        id_ = data.execute_statement(Sql=sql, **where, **who)["Id"]
        while (found := data.describe_statement(Id=id_, WaitTimeSeconds=30))["Status"] not in (
            *("FINISHED", "FAILED", "ABORTED"),
        ):
            pass
        return found

    ada, grace = (
        secrets.describe_secret(SecretId=f"millrace-local-warehouse-main-{user}")["ARN"]
        for user in ("ada", "grace")
    )
    query = 'SELECT count(*) FROM amp."session"'
    assert ended(query, SecretArn=ada)["Status"] == "FINISHED"
    assert ended(query, SecretArn=grace)["Error"] == "ERROR: permission denied for schema amp"
    refused = ended("SELECT 1", DbUser="eve")["Error"]
    assert refused == 'FATAL: password authentication failed for user "eve"'
