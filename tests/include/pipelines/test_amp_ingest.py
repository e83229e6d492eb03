import json
from dataclasses import replace
from datetime import UTC, datetime, timedelta

import pytest
from cfnlint.decode import cfn_yaml
from pydantic import SecretStr

from include.lag import Backlog, Metric
from include.pipelines import amp_ingest
from tests.include.test_requests import check

PARAMS = {
    "events": 120,
    "replay": False,
    "max_wait_seconds": 900,
    "max_waiting": 1000,
    "max_dead_letters": 0,
    "on_breach": "fail",
    "buffer_seconds": 60,
    "shards": 2,
}
OUTPUTS = {
    f"{name}{what}Url": f"https://sqs/1/{name}{what}"
    for name in amp_ingest.QUEUES
    for what in ("Queue", "DeadLetters")
} | {"ShowStreamName": "shows", "ShowDeliveryName": "shows", "PitFeaturesFunctionName": "pit-features"}
WITHOUT_REDIS = {name: value for name, value in OUTPUTS.items() if not name.startswith("PitFeatures")}


@pytest.fixture
def run(run):
    here = {
        "raw_bucket": "arrived",
        "output_kms_key": "arn:aws:kms:us-east-1:123456789012:key/1",
        "catalog_url": "http://127.0.0.1:1/millrace-test/main/amp_ingest/live/catalog",
    }
    settings = run.settings.model_copy(update=here)
    return replace(run, settings=settings, dag_id="amp_ingest", params=PARAMS)


def with_settings(run, **changes):
    return replace(run, settings=run.settings.model_copy(update=changes))


def with_params(run, **changes):
    return replace(run, params={**PARAMS, **changes})


def test_the_stack_is_one_that_aws_takes_and_gives_every_parameter_that_has_no_default(run):
    code = {name: f"{name}.zip" for name in amp_ingest.functions(run)}
    stack = amp_ingest.stack(run, code)
    check("CreateStack", stack.request(), service="cloudformation")
    assert stack.name == "millrace-local-main-amp-ingest"
    assert stack.role_arn == "arn:aws:iam::123456789012:role/millrace-local-provisioning-us-east-1"
    known = cfn_yaml.load(str(amp_ingest.TEMPLATE))["Parameters"]
    given = stack.parameters.keys() | stack.secrets.keys()
    assert {name for name, each in known.items() if "Default" not in each} <= given <= known.keys()


def test_secrets_are_none_of_the_parameters_that_are_shown(run):
    # Their types have no public constructor of their own in the settings.
    told = with_settings(run, catalog_token=SecretStr("t-o-k"))
    stack = amp_ingest.stack(told, {})
    assert stack.secrets == {"CatalogToken": "t-o-k"}
    assert "t-o-k" not in json.dumps(dict(stack.parameters))


@pytest.mark.parametrize("name", ["catalog_url", "raw_bucket", "output_kms_key"])
def test_without_a_setting_it_says_which(run, name):
    with pytest.raises(ValueError, match=f"MILLRACE_{name.upper()} is not set"):
        amp_ingest.stack(with_settings(run, **{name: None}), {})


def test_every_measure_has_a_bound_and_every_bound_a_measure(run):
    for outputs in (OUTPUTS, WITHOUT_REDIS):
        bounds = [bound.measure for bound in amp_ingest.bounds(run, outputs)]
        assert sorted(bounds) == sorted(amp_ingest.measures(outputs))
    assert amp_ingest.measures(OUTPUTS)["ShowChanges.dead_letters"] == Backlog(
        OUTPUTS["ShowChangesDeadLettersUrl"]
    )


def test_how_long_shows_are_on_their_way_to_redis_is_measured_at_its_function(run):
    name = amp_ingest.CATALOG_AGE
    assert amp_ingest.measures(OUTPUTS)[name] == Metric(
        "AWS/Lambda", "IteratorAge", "FunctionName", "pit-features"
    )
    [bound] = [each for each in amp_ingest.bounds(run, OUTPUTS) if each.measure == name]
    assert bound.most == 900_000


def test_the_function_that_reads_the_stream_flattens_by_the_code_of_the_delivery(run):
    code = amp_ingest.functions(run)
    name = "flattening.py"
    assert code["PitFeaturesCode"].files[name] == code["FlattenEventsCode"].files[name]
    assert name not in code["ShowChangesCode"].files


def test_what_is_buffered_is_not_late(run):
    [bound] = [each for each in amp_ingest.bounds(run, OUTPUTS) if each.measure == "delivery.oldest_seconds"]
    assert bound.most == 900 + 2 * 60


def test_dead_letters_go_back_to_their_own_queue_and_only_when_asked(run):
    assert amp_ingest.replayed(run, OUTPUTS) == {}
    assert amp_ingest.replayed(with_params(run, replay=True), WITHOUT_REDIS) == {
        OUTPUTS["ShowChangesDeadLettersUrl"]: OUTPUTS["ShowChangesQueueUrl"]
    }


def test_the_sample_is_the_same_for_every_try_and_another_in_another_run(run):
    changes = amp_ingest.sample_changes(run)
    ids = {each["event_id"] for each in changes}
    assert len(ids) == len(changes) == 120
    assert changes == amp_ingest.sample_changes(run)
    assert ids == amp_ingest.sample_ids(run)
    assert not ids & amp_ingest.sample_ids(replace(run, run_id="another"))


def test_the_catalog_knows_every_show_of_the_sample(run):
    catalog = amp_ingest.sample_catalog(run)
    place = "s3://millrace-test/main/amp_ingest/live/catalog/shows"
    wanted = {f"{place}/{each['show_id']}" for each in amp_ingest.sample_changes(run)}
    assert catalog.keys() == wanted
    assert all(uri.endswith(f"/{show['show_id']}") for uri, show in catalog.items())


def test_made_up_shows_are_not_published_where_the_catalog_is_real(run):
    real = with_settings(run, catalog_url="https://catalog.example.com/v1")
    with pytest.raises(ValueError, match="knows no made-up shows"):
        amp_ingest.sample_catalog(real)
    assert amp_ingest.sample_catalog(replace(real, params={**PARAMS, "events": 0})) == {}


def test_events_are_looked_for_in_every_hour_since_the_run_began(run):
    began = datetime(2026, 11, 22, 23, 59, tzinfo=UTC)
    folders = amp_ingest.arrivals(replace(run, run_after=began), began + timedelta(minutes=2))
    assert folders == [
        "s3://arrived/main/amp/events/2026/11/22/23/",
        "s3://arrived/main/amp/events/2026/11/23/00/",
    ]
