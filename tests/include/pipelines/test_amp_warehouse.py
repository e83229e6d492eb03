import json
from dataclasses import replace
from datetime import UTC, date, datetime

import pytest

from include.pipelines import amp_warehouse as spec
from include.warehouse.batches import Batch
from include.warehouse.changes import MOST_STATEMENTS
from include.warehouse.reports import REPORTS, USER
from include.warehouse.state import QUERIES
from tests.include.test_requests import check

PARAMS = {
    "day": None,
    "events": None,
    "sample_days": 60,
    "rotate_after_days": 30,
    "max_removed": 5,
    "instance_type": "ml.m5.xlarge",
}
HERE = {
    "raw_bucket": "arrived",
    "curated_bucket": "tables",
    "warehouse_cluster": "warehouse",
    "warehouse_user": "admin",
    "warehouse_role_arn": "arn:aws:iam::123456789012:role/warehouse",
    "warehouse_access_table": "access",
}
NOW = datetime(2026, 6, 1, 5, tzinfo=UTC)
ADA = {"kind": "user", "name": "ada"}
ROBOT = {"kind": "user", "name": "robot", "password": False}
NOTHING = [[("admin", True), ("eve", False), ("mallory", False)], [], [], [], [], [], []]


@pytest.fixture
def run(run):
    settings = run.settings.model_copy(update=HERE)
    return replace(run, settings=settings, dag_id="amp_warehouse", params=PARAMS, run_after=NOW)


def with_params(run, **changes):
    return replace(run, params={**PARAMS, **changes})


def without(run, setting):
    return replace(run, settings=run.settings.model_copy(update={setting: None}))


def option(job, name):
    arguments = list(job.arguments)
    return arguments[arguments.index(name) + 1]


def batch(run, made):
    request = {**made.request(run), "StatementName": "a", "ClientToken": "a"}
    return check("BatchExecuteStatement", request, service="redshift-data")


def test_every_request_is_one_that_aws_takes(run):
    request = batch(run, spec.read_access(run))
    assert (request["ClusterIdentifier"], request["Database"]) == ("warehouse", "dev")
    assert (request["DbUser"], len(request["Sqls"])) == ("admin", len(QUERIES))
    batch(run, spec.change_access(run, ["DROP USER a"]))
    for name in REPORTS:
        assert batch(run, spec.report(run, name))["DbUser"] == USER
    check("CreateProcessingJob", {**spec.page(run).request(run), "ProcessingJobName": "a"})


def test_whoever_waits_is_told_by_an_event(run):
    assert spec.read_access(run).request(run)["WithEvent"] is True


def test_the_day_is_a_parameter_and_never_a_part_of_the_sql(run):
    request = spec.report(run, "daily_flash").request(run)
    assert request["Parameters"] == [
        {"name": "day", "value": "2026-05-31"},
        {"name": "first", "value": "2026-05-04"},
    ]
    assert "2026" not in request["Sqls"][0]


@pytest.mark.parametrize("name", REPORTS)
def test_a_query_uses_all_of_its_parameters(run, name):
    made = spec.report(run, name)
    [sql] = made.statements
    assert all(f":{parameter}" in sql for parameter in made.parameters)


@pytest.mark.parametrize(
    ("params", "partition", "day"),
    [
        ({}, None, date(2026, 5, 31)),
        ({"day": "2026-05-01"}, None, date(2026, 5, 1)),
        ({}, "2026-05-02", date(2026, 5, 2)),
    ],
)
def test_the_day_is_that_of_form_or_partition_else_the_one_before(run, params, partition, day):
    assert spec.day(replace(with_params(run, **params), partition_key=partition)) == day


@pytest.mark.parametrize(
    ("day", "said"),
    [("2026-06-01", "2026-06-01 is not over"), ("2026-13-01", "'2026-13-01' is none")],
)
def test_a_day_that_is_none_or_not_over_is_refused(run, day, said):
    with pytest.raises(ValueError, match=said):
        spec.day(with_params(run, day=day))


def test_a_sample_ends_with_the_day(run):
    assert spec.sample(run) is None
    job = spec.sample(with_params(run, events=5000, day="2026-05-30"))
    assert option(job, "--until") == "2026-05-31"
    assert option(job, "--output") == "s3://arrived/main/amp/events"


def test_the_page_is_made_of_what_the_reports_wrote(run):
    job = spec.page(run)
    assert {spec.report_uri(run, name).rpartition("/")[0] for name in REPORTS} == {job.inputs["reports"]}
    assert option(job, "--day") == "2026-05-31"
    assert {"build_page.py", "pages.py", "frame.html", "figures.py"} <= job.files["code"].files.keys()


@pytest.mark.parametrize(
    ("setting", "ask"),
    [
        ("warehouse_cluster", lambda run: spec.read_access(run).request(run)),
        ("warehouse_access_table", spec.access_table),
        ("warehouse_role_arn", lambda run: spec.access_changes(run, [ADA], NOTHING)),
    ],
)
def test_without_a_warehouse_it_says_what_is_missing(run, setting, ask):
    with pytest.raises(ValueError, match=f"MILLRACE_{setting.upper()} is not set"):
        ask(without(run, setting))


def test_removals_are_bounded(run):
    assert spec.access_changes(run, [ADA], NOTHING).removed == ("eve", "mallory")
    with pytest.raises(ValueError, match=r"2 users are not .* over max_removed 1: eve, mallory"):
        spec.access_changes(with_params(run, max_removed=1), [ADA], NOTHING)


def test_what_is_kept_says_for_whom_passwords_are_made(run):
    items = [ADA, ROBOT, {"kind": "group", "name": "g"}]
    found = spec.access_changes(run, items, NOTHING)
    uri, content = spec.access_document(run, found, items)
    assert (
        uri
        == spec.access_changes_uri(run)
        == "s3://millrace-test/main/amp_warehouse/manual__1/access/changes.json"
    )
    kept = json.loads(content)
    assert (kept["passwords"], kept["created"]) == (["ada"], ["ada", "robot"])
    assert (kept["none"], kept["removed"]) == (["eve", "mallory", "robot"], ["eve", "mallory"])
    assert "PASSWORD 'md5" not in content.decode()


def test_a_batch_has_as_many_statements_as_aws_takes():
    for count in (0, MOST_STATEMENTS + 1):
        with pytest.raises(ValueError, match=f"1 to 40 statements, not {count}"):
            Batch(["SELECT 1"] * count)
