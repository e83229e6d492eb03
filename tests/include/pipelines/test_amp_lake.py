from dataclasses import replace

import pytest

from include.pipelines import amp_lake
from tests.include.test_requests import check

PARAMS = {
    "instance_type": "ml.m5.xlarge",
    "executors": 3,
    "max_objects": 20_000,
    "max_late_days": 30,
    "retention_days": 400,
    "max_rejected_fraction": 0.01,
    "known_missing_days": [],
    "again": False,
}
BUILT = {"objects": 1}


@pytest.fixture
def run(run):
    here = {
        "raw_bucket": "arrived",
        "curated_bucket": "tables",
        "virtual_cluster_id": "abc123",
        "crawler_role_arn": "arn:aws:iam::123456789012:role/crawler",
    }
    settings = run.settings.model_copy(update=here)
    return replace(run, settings=settings, dag_id="amp_lake", params=PARAMS)


def with_params(run, **changes):
    return replace(run, params={**PARAMS, **changes})


def option(job, name):
    arguments = list(job.arguments)
    return arguments[arguments.index(name) + 1]


def test_every_request_is_one_that_aws_takes(run):
    check(
        "StartJobRun",
        {**amp_lake.build(run).request(run), "clientToken": "a", "name": "a"},
        service="emr-containers",
    )
    check("CreateProcessingJob", {**amp_lake.quality(run, BUILT).request(run), "ProcessingJobName": "a"})
    check("CreateCrawler", {**amp_lake.crawler(run).request(run), "Name": "a"}, service="glue")


def test_events_come_from_the_raw_bucket_and_tables_stand_in_the_curated_one(run):
    build, quality = amp_lake.build(run), amp_lake.quality(run, BUILT)
    assert option(build, "--events") == "s3://arrived/main/amp/events"
    assert option(build, "--lake") == option(quality, "--lake") == "s3://tables/main/amp"
    assert option(build, "--staging") == "s3://tables/_staging/main/amp_lake/manual__1"
    assert option(build, "--live") == "s3://millrace-test/main/amp_lake/live"
    assert quality.inputs["build"] == option(build, "--report")
    assert build.metrics_uri() == f"{option(build, '--report')}/metrics.json"


def test_nothing_is_checked_where_nothing_was_new(run):
    assert amp_lake.quality(run, {"objects": 0}) is None


def test_whoever_brings_the_lake_up_to_date_goes_on_from_its_bookmark(run):
    other = replace(run, dag_id="amp_batch_features")
    assert option(amp_lake.build(other), "--live") == option(amp_lake.build(run), "--live")
    assert amp_lake.crawler(other) == amp_lake.crawler(run)


def test_without_a_lake_it_says_what_is_missing(run):
    without = replace(run, settings=run.settings.model_copy(update={"curated_bucket": None}))
    for build in (amp_lake.build, amp_lake.crawler):
        with pytest.raises(ValueError, match="MILLRACE_CURATED_BUCKET is not set"):
            build(without)


def test_no_day_is_deleted_while_events_may_come_for_it(run):
    with pytest.raises(ValueError, match="retention_days 40 must be more than max_late_days 60"):
        amp_lake.build(with_params(run, retention_days=40, max_late_days=60))


def test_options_are_handed_on(run):
    assert "--again" not in amp_lake.build(run).arguments
    assert "--again" in amp_lake.build(with_params(run, again=True)).arguments
    assert "--known-missing-days" not in amp_lake.quality(run, BUILT).arguments
    days = amp_lake.quality(with_params(run, known_missing_days=["2026-01-02", "2026-01-03"]), BUILT)
    assert option(days, "--known-missing-days") == "2026-01-02"
    key = run.settings.model_copy(update={"output_kms_key": "arn:aws:kms:us-east-1:1:key/1"})
    assert option(amp_lake.build(replace(run, settings=key)), "--kms-key") == "arn:aws:kms:us-east-1:1:key/1"


def test_an_isolated_container_could_not_read(run):
    isolated = replace(run, settings=run.settings.model_copy(update={"network_isolation": True}))
    with pytest.raises(ValueError, match="MILLRACE_NETWORK_ISOLATION is on"):
        amp_lake.quality(isolated, BUILT)
