"""Who is let in: temporary credentials that expire, and secrets with passwords that change."""

import hashlib
from datetime import UTC, datetime, timedelta

import pytest
from botocore.exceptions import ClientError

from local.aws.services.redshift import clusters
from tests.local.aws.redshift.warehouse import ADMIN, ADMIN_PASSWORD

FAILED = 'FATAL: password authentication failed for user "{}"'


def credentials(warehouse, user, **options):
    issued = warehouse.redshift.get_cluster_credentials(
        ClusterIdentifier=warehouse.cluster, DbUser=user, **options
    )
    name = f"{warehouse.cluster}-{user}-{options.get('DurationSeconds')}"
    return issued, warehouse.secret(name, issued["DbUser"], issued["DbPassword"])


def test_temporary_credentials_let_in_until_they_expire(warehouse, monkeypatch):
    warehouse.run("CREATE USER ada PASSWORD DISABLE")
    issued, secret = credentials(warehouse, "ada", DurationSeconds=1800)
    assert issued["DbUser"] == "IAM:ada"
    left = issued["Expiration"] - datetime.now(UTC)
    assert timedelta(seconds=1700) < left <= timedelta(seconds=1800)
    assert warehouse.rows("SELECT current_user", secret=secret) == [("ada",)]

    class Later(datetime):
        @classmethod
        def now(cls, tz=None):
            return issued["Expiration"] + timedelta(seconds=1)

    monkeypatch.setattr(clusters, "datetime", Later)
    assert warehouse.refused("SELECT 1", secret=secret) == FAILED.format("IAM:ada")


def test_temporary_credentials_are_for_one_user_who_must_be_there(warehouse):
    issued, secret = credentials(warehouse, "eve", DurationSeconds=900)
    assert warehouse.refused("SELECT 1", secret=secret) == FAILED.format("eve")
    assert warehouse.refused("SELECT 1", "eve") == FAILED.format("eve")
    forged = warehouse.secret(f"{warehouse.cluster}-forged", f"IAM:{ADMIN}", issued["DbPassword"])
    assert warehouse.refused("SELECT 1", secret=forged) == FAILED.format(f"IAM:{ADMIN}")


def test_a_user_may_be_made_with_the_credentials_and_be_in_groups_for_as_long(warehouse):
    warehouse.run(
        ["CREATE GROUP analysts", "CREATE TABLE t AS SELECT 1 AS n", "GRANT SELECT ON t TO GROUP analysts"]
    )
    _, secret = credentials(warehouse, "new", DurationSeconds=900, AutoCreate=True, DbGroups=["analysts"])
    assert warehouse.rows("SELECT n FROM t", secret=secret) == [(1,)]
    assert warehouse.refused("SELECT n FROM t", "new") == "ERROR: permission denied for relation t"


def test_credentials_of_no_cluster_or_of_a_day_are_refused(warehouse):
    for options, code in (
        ({"ClusterIdentifier": "another"}, "ClusterNotFound"),
        ({"DurationSeconds": 86_400}, "InvalidParameterValue"),
    ):
        request = {"ClusterIdentifier": warehouse.cluster, "DbUser": ADMIN, **options}
        with pytest.raises(ClientError) as refused:
            warehouse.redshift.get_cluster_credentials(**request)
        assert refused.value.response["Error"]["Code"] == code


def test_a_password_lets_in_until_there_is_another(warehouse):
    warehouse.run("CREATE USER ada PASSWORD 'First-Pass-1'")
    secret = warehouse.secret(f"{warehouse.cluster}-ada", "ada", "First-Pass-1")
    assert warehouse.rows("SELECT current_user", secret=secret) == [("ada",)]
    digest = hashlib.md5(b"Second-Pass-2ada").hexdigest()
    warehouse.run(f"ALTER USER ada PASSWORD 'md5{digest}'")
    assert warehouse.refused("SELECT 1", secret=secret) == FAILED.format("ada")
    second = warehouse.secret(f"{warehouse.cluster}-ada-2", "ada", "Second-Pass-2")
    assert warehouse.rows("SELECT 1", secret=second) == [(1,)]
    hash_itself = warehouse.secret(f"{warehouse.cluster}-ada-3", "ada", f"md5{digest}")
    assert warehouse.refused("SELECT 1", secret=hash_itself) == FAILED.format("ada")
    warehouse.run("ALTER USER ada PASSWORD DISABLE")
    assert warehouse.refused("SELECT 1", secret=second) == FAILED.format("ada")
    assert warehouse.rows("SELECT 1", "ada") == [(1,)]


def test_the_first_user_has_the_password_of_the_cluster(warehouse):
    secret = warehouse.secret(f"{warehouse.cluster}-admin", ADMIN, ADMIN_PASSWORD)
    assert warehouse.rows("SELECT current_user", secret=secret) == [(ADMIN,)]
    wrong = warehouse.secret(f"{warehouse.cluster}-wrong", ADMIN, "Wrong-Pass-1")
    assert warehouse.refused("SELECT 1", secret=wrong) == FAILED.format(ADMIN)


def test_a_secret_of_another_cluster_or_of_nothing_is_refused_at_once(warehouse):
    other = warehouse.secret(f"{warehouse.cluster}-other", ADMIN, "x", dbClusterIdentifier="another")
    empty = warehouse.secretsmanager.create_secret(Name=f"{warehouse.cluster}-empty", SecretString="{}")[
        "ARN"
    ]
    for secret, said in ((other, "is of cluster another"), (empty, "has no username and password")):
        with pytest.raises(ClientError, match=said):
            warehouse.start("SELECT 1", secret=secret)
