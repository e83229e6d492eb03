"""Requests of crawlers."""

import json
from dataclasses import replace
from datetime import UTC, datetime

import pytest

from include.glue import Crawler, is_as_wanted
from include.naming import database_name
from include.run import Run

ROLE = "arn:aws:iam::123456789012:role/service/crawler"
CRAWLER = Crawler("millrace-local-main-lake", "millrace_local_main_amp", ["s3://curated/main/amp/"], ROLE)


def test_the_folders_below_a_target_are_the_tables(run):
    request = CRAWLER.request(run)
    assert request["Targets"] == {"S3Targets": [{"Path": "s3://curated/main/amp/", "Exclusions": []}]}
    assert json.loads(request["Configuration"])["Grouping"] == {"TableLevelConfiguration": 4}
    assert "CrawlerSecurityConfiguration" not in request
    secure = replace(CRAWLER, security_configuration="encrypted")
    assert secure.request(run)["CrawlerSecurityConfiguration"] == "encrypted"


@pytest.mark.parametrize("targets", [[], ["s3://curated/main/amp", "s3://curated/main"]])
def test_targets_are_at_one_depth(targets):
    with pytest.raises(ValueError, match="crawler millrace-local-main-lake needs targets at one depth"):
        replace(CRAWLER, targets=targets)


def test_the_role_is_that_of_the_settings_and_there_must_be_one(settings):
    at = datetime(2026, 1, 1, tzinfo=UTC)
    own = replace(CRAWLER, role_arn=None)
    with pytest.raises(ValueError, match="MILLRACE_CRAWLER_ROLE_ARN is not set"):
        own.request(Run(settings, "lake", "run", at, {}))
    given = settings.model_copy(update={"crawler_role_arn": ROLE})
    assert own.request(Run(given, "lake", "run", at, {}))["Role"] == ROLE


def as_glue_describes(request):
    """What AWS adds and leaves out."""
    targets = {**request["Targets"], "JdbcTargets": [], "CatalogTargets": []}
    described = {**request, "Role": "service/crawler", "Targets": targets, "State": "READY", "Version": 3}
    del described["Description"]
    return {**described, "Configuration": json.dumps(json.loads(request["Configuration"]), indent=1)}


def test_a_crawler_as_glue_describes_it_is_as_wanted(run):
    assert is_as_wanted(CRAWLER.request(run), as_glue_describes(CRAWLER.request(run)))


@pytest.mark.parametrize(
    "change",
    [
        {"targets": ["s3://curated/other/amp"]},
        {"targets": ["s3://curated/main/amp/", "s3://curated/main/b/"]},
        {"exclusions": ["**/tmp/**"]},
        {"role_arn": "arn:aws:iam::123456789012:role/other"},
        {"table_prefix": "amp_"},
        {"removed": "LOG"},
        {"description": "the lake"},
        {"security_configuration": "encrypted"},
    ],
)
def test_what_differs_is_seen(run, change):
    assert not is_as_wanted(replace(CRAWLER, **change).request(run), as_glue_describes(CRAWLER.request(run)))


def test_names_of_databases_have_no_hyphens():
    assert database_name("prod-eu", "main", "amp") == "millrace_prod_eu_main_amp"
