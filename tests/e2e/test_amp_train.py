"""From the events of a small world to an endpoint that ranks its shows better than declared topics do."""

from datetime import UTC, datetime, timedelta

import pytest

pytestmark = [pytest.mark.slow, pytest.mark.timeout(3600)]
DAY = datetime.now(UTC).date() - timedelta(days=1)
"""The day after the last one that is held out."""
TRAIN_DAYS, TEST_DAYS = 7, 2
VERSIONS = TRAIN_DAYS + TEST_DAYS + 1
"""One at the beginning of each of these days, and one at the end."""
WORLD = {"events": 20_000, "sample_days": 60}
"""Few events a day, but many days: in three weeks nobody learns what a creator is worth."""


def params(**values) -> list[str]:
    """As `millrace run` takes them."""
    return [part for name, value in values.items() for part in ("--param", f"{name}={value}")]


@pytest.fixture(scope="module")
def versions(own_stack):
    """The features of each day, as they were known then."""
    # The second day of a world has many more records than the first.
    return own_stack.run("amp_batch_features", *params(day=DAY, versions=VERSIONS, max_change=20, **WORLD))


@pytest.fixture(scope="module")
def trained(own_stack, versions):
    """The first model, deployed."""
    return own_stack.run("amp_train", *params(day=DAY, train_days=TRAIN_DAYS, test_days=TEST_DAYS))


def test_every_version_is_written(versions):
    metrics = versions["metrics"]
    assert metrics["versions"] == VERSIONS
    assert metrics["partials_rebuilt"] == WORLD["sample_days"]
    assert metrics["written"] == metrics["rows"] > 0


def test_the_forest_surely_ranks_better_than_declared_topics(trained):
    metrics = trained["metrics"]
    assert metrics["ndcg"] > metrics["heuristic_ndcg"]
    assert metrics["ndcg_gain_low"] > 0, metrics
    assert metrics["auc"] > 0.6


def test_it_serves(own_stack, trained):
    endpoint = own_stack.client("sagemaker").describe_endpoint(EndpointName=trained["endpoint"])
    assert endpoint["EndpointStatus"] == "InService"


def test_the_endpoint_scores_each_line_and_takes_null(own_stack, trained):
    rows = own_stack.read(f"s3://{own_stack.bucket}/{request_key(own_stack)}").decode().splitlines()
    lines = [row.partition(",")[2] for row in rows]
    answer = own_stack.client("sagemaker-runtime").invoke_endpoint(
        EndpointName=trained["endpoint"],
        ContentType="text/csv",
        Body="\n".join([*lines, "," * lines[0].count(",")]).encode(),
    )
    scores = [float(line) for line in answer["Body"].read().decode().split()]
    assert len(scores) == len(lines) + 1
    assert all(0 <= score <= 1 for score in scores)


def request_key(own_stack) -> str:
    """The query of the training set that endpoints are asked about."""
    pages = own_stack.client("s3").get_paginator("list_objects_v2").paginate(Bucket=own_stack.bucket)
    keys = [item["Key"] for page in pages for item in page.get("Contents", [])]
    (key,) = [key for key in keys if key.endswith("/training-set/request/rows.csv")]
    return key
