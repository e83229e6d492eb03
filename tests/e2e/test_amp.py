"""Events of live shows, from nothing to Feature Store, and the day after."""

from datetime import UTC, date, datetime, timedelta

import pytest

pytestmark = [pytest.mark.slow, pytest.mark.timeout(3600)]
DAG = "amp_batch_features"
TODAY = datetime.now(UTC).date()
DAYS = 3
"""Of the sample world before its first version; each costs a file for each table."""


def features(stack, day: date, *options: str):
    params = ("--param", "events=2000", "--param", f"sample_days={DAYS}", "--param", f"day={day}", *options)
    return stack.run(DAG, *params)


def records(stack, group: str, *identifiers: str):
    """Feature -> value of each record that is to be had online."""
    name = f"local-main-amp-{group}"
    found = stack.client("sagemaker-featurestore-runtime").batch_get_record(
        Identifiers=[{"FeatureGroupName": name, "RecordIdentifiersValueAsString": identifiers}]
    )
    return [{f["FeatureName"]: f["ValueAsString"] for f in each["Record"]} for each in found["Records"]]


@pytest.fixture(scope="module")
def first(stack):
    """Yesterday's features, from nothing."""
    stack.millrace("up")
    return features(stack, TODAY - timedelta(days=1))


def test_every_day_of_the_world_is_aggregated_once(first):
    metrics = first["metrics"]
    assert (metrics["partials_rebuilt"], metrics["features"]) == (DAYS, 21)
    assert metrics["records"] == metrics["written"] == metrics["rows"]
    assert metrics["users"] == metrics["records_user"] > 0


def test_lines_that_are_no_events_are_kept_and_counted(first):
    metrics = first["metrics"]
    assert metrics["malformed"] + metrics["skewed"] == metrics["rejected"] > 0


def test_the_newest_version_is_to_be_had_online(stack, first):
    [user] = records(stack, "user", "u0000000")
    assert user["event_time"] == f"{TODAY - timedelta(days=1)}T00:00:00Z"
    assert 0 <= int(user["active_days"]) <= DAYS


def test_the_tables_are_in_the_catalog(stack, first):
    tables = stack.client("glue").get_tables(DatabaseName="millrace_local_main_amp")["TableList"]
    assert {"session", "like", "rejected"} <= {table["Name"] for table in tables}


def test_the_next_day_costs_what_is_new(stack, first):
    metrics = features(stack, TODAY)["metrics"]
    assert 1 <= metrics["partials_rebuilt"] <= DAYS
    assert metrics["partials_rebuilt"] + metrics["partials_unchanged"] == DAYS + 1
    [user] = records(stack, "user", "u0000000")
    assert user["event_time"] == f"{TODAY}T00:00:00Z"
