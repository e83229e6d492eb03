"""When a password is due, and what the database is told of it."""

import hashlib
import json
from datetime import UTC, datetime, timedelta

import pytest

from include.warehouse import passwords
from include.warehouse.passwords import Secret

NOW = datetime(2026, 6, 1, tzinfo=UTC)
TOLD = {"Key": passwords.ROTATED, "Value": (NOW - timedelta(days=30)).isoformat()}
KEPT = {"VersionIdsToStages": {"v1": ["AWSCURRENT"]}, "Tags": [TOLD]}


def test_a_secret_is_known_by_its_description():
    stages = {"v1": ["AWSCURRENT"], "v2": ["AWSPENDING"], "v0": ["AWSPREVIOUS"]}
    made = Secret.of({"VersionIdsToStages": stages, "Tags": [TOLD, {"Key": "team", "Value": "ml"}]})
    assert made == Secret(pending="v2", current="v1", rotated=NOW - timedelta(days=30))
    assert Secret.of({}) == Secret()
    assert Secret.of({"DeletedDate": NOW}).is_deleted


@pytest.mark.parametrize(
    ("description", "days", "is_new", "is_due"),
    [
        (KEPT, 31, False, False),
        (KEPT, 30, False, True),
        (KEPT, 31, True, True),
        ({**KEPT, "DeletedDate": NOW}, 31, False, True),
        ({**KEPT, "VersionIdsToStages": {"v1": ["AWSCURRENT"], "v2": ["AWSPENDING"]}}, 31, False, True),
        ({**KEPT, "Tags": []}, 31, False, True),
    ],
)
def test_a_password_is_due(description, days, is_new, is_due):
    assert Secret.of(description).is_due(NOW, days, is_new=is_new) is is_due


def test_the_database_is_told_a_digest():
    told = passwords.telling("ada", "Secret-1")
    assert told == f"ALTER USER \"ada\" PASSWORD 'md5{hashlib.md5(b'Secret-1ada').hexdigest()}'"
    assert passwords.disabling("ada") == 'ALTER USER "ada" PASSWORD DISABLE'


def test_the_value_is_one_that_the_data_api_takes():
    value = passwords.document("ada", "Secret-1", {"ClusterIdentifier": "warehouse", "Database": "dev"})
    assert json.loads(value).items() >= {
        "username": "ada", "password": "Secret-1", "dbClusterIdentifier": "warehouse",
    }.items()  # fmt: skip
    assert passwords.password_of(value) == "Secret-1"


def test_secrets_of_two_users_environments_and_tenants_are_two():
    names = {
        passwords.secret_name(*each)
        for each in (("a", "b", "c"), ("a", "b", "c_d"), ("a", "b-c", "d"), ("x", "b", "c"), ("a", "y", "c"))
    }
    assert len(names) == 5
