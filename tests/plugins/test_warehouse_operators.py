"""Access to a warehouse as its table says, in the local Redshift; batches of SQL, reports and passwords."""

import csv
import io
import json
from types import SimpleNamespace

import boto3
import pytest
from boto3.dynamodb.types import TypeDeserializer, TypeSerializer

from include.pipelines import amp_warehouse as spec
from include.settings import settings
from include.warehouse.batches import Batch
from include.warehouse.passwords import ROTATED, secret_name
from include.warehouse.state import QUERIES
from local.stack import infrastructure, warehouse
from local.stack.config import Ports, StackConfig
from millrace.context import run_of
from millrace.errors import JobFailed
from millrace.hooks.s3 import split
from millrace.jobs import REDSHIFT_BATCH
from millrace.operators.passwords import PasswordsOperator
from millrace.operators.warehouse import AccessChangesOperator, WarehouseOperator, WarehouseReportOperator
from tests.aws import provisioned
from tests.local.aws.redshift.warehouse import SERVICES, Warehouse
from tests.plugins.test_job_operator import defer
from tests.stack import IMAGES

PARAMS = {"max_removed": 5, "rotate_after_days": 90, "day": None, "instance_type": "ml.m5.large"}
LAKE = {"kind": "schema", "name": "amp", "catalog": "amp"}
DRAFTS = {"kind": "schema", "name": "drafts"}
ANALYSTS = {"kind": "group", "name": "analysts"}
ADA = {"kind": "user", "name": "ada", "groups": ["analysts"]}
GRACE = {"kind": "user", "name": "grace"}
MAY_WRITE = {
    "kind": "grant",
    "name": "1",
    "group": "analysts",
    "schema": "drafts",
    "privileges": ["USAGE", "CREATE"],
    "tables": ["SELECT"],
}
REFUSED = 'FATAL: password authentication failed for user "{}"'


@pytest.fixture(scope="module")
def aws(tmp_path_factory):
    """The server with the engine that the checkout's own stack uses, and a cluster."""
    home = tmp_path_factory.mktemp("aws")
    with provisioned(home, IMAGES) as server:
        config = StackConfig(home=home, ports=Ports(aws=int(server.endpoint_url.rsplit(":", 1)[1])))
        warehouse.provide(config, infrastructure.outputs(config))
        yield server


@pytest.fixture(scope="module")
def data(aws):
    """The cluster, as somebody who has its superuser's temporary credentials, and other services."""
    services = (*SERVICES, "dynamodb")
    made = Warehouse({name.replace("-", "_"): boto3.client(name) for name in services})
    made.cluster = settings().warehouse_cluster
    made.admin = settings().warehouse_user
    return made


@pytest.fixture
def put(data):
    """Replaces all items of the access table."""
    client, table, plain = data.dynamodb, settings().warehouse_access_table, TypeSerializer()

    def replace_all(*items):
        for old in client.scan(TableName=table)["Items"]:
            client.delete_item(TableName=table, Key={name: old[name] for name in ("kind", "name")})
        for item in items:
            client.put_item(TableName=table, Item={n: plain.serialize(v) for n, v in item.items()})

    return replace_all


@pytest.fixture
def context(context):
    return {**context, "params": PARAMS}


def task_context(context, task_id):
    """Of another task in the same run; tasks do not share their state."""
    ti = SimpleNamespace(**{**vars(context["ti"]), "task_id": task_id})
    return {**context, "ti": ti, "task_state_store": type(context["task_state_store"])()}


def run_batch(context, data, task_id, build, cls=WarehouseOperator, **kwargs):
    """A task from its start to its result."""
    own = task_context(context, task_id)

    def made():
        return cls(task_id=task_id, build=build, aws_conn_id=None, **kwargs)

    data.ended(defer(made(), own).name)
    return made().resume(own)


def changes(run, data):
    """What leads from what there is to what the table says."""
    plain = TypeDeserializer()
    found = data.dynamodb.scan(TableName=spec.access_table(run))["Items"]
    items = [{name: plain.deserialize(value) for name, value in item.items()} for item in found]
    id_ = data.run(QUERIES, data.admin)
    rows = [data.rows_of(f"{id_}:{place + 1}") for place in range(len(QUERIES))]
    return spec.access_changes(run, items, rows), items


@pytest.fixture
def apply(context, data, passwords):
    """What the DAG does with the access table, by direct calls; what became of the passwords."""

    def run_all():
        run = run_of(context)
        found, items = changes(run, data)
        uri, content = spec.access_document(run, found, items)
        bucket, key = split(uri)
        data.s3.put_object(Bucket=bucket, Key=key, Body=content)
        for batch in found.batches():
            data.run(batch, data.admin)
        return passwords.execute(context)

    return run_all


@pytest.fixture(scope="module")
def passwords(aws):
    """One for all tests: to make its clients takes longer than most of them."""
    return PasswordsOperator(
        task_id="rotate_passwords",
        document=spec.access_changes_uri,
        days=spec.rotate_after_days,
        aws_conn_id=None,
    )


def secret(user):
    return secret_name("local", "main", user)


def arn(data, user):
    return data.secretsmanager.describe_secret(SecretId=secret(user))["ARN"]


def value_of(data, user):
    """What is current."""
    found = data.secretsmanager.get_secret_value(SecretId=secret(user))
    return json.loads(found["SecretString"])


def make_old(data, user):
    rotated = {"Key": ROTATED, "Value": "2026-01-01T00:00:00+00:00"}
    data.secretsmanager.tag_resource(SecretId=secret(user), Tags=[rotated])


def test_the_tasks_lead_to_what_the_table_says_and_a_query_without_a_grant_is_refused(
    put, context, data, passwords
):
    put(LAKE, DRAFTS, ANALYSTS, ADA, GRACE, MAY_WRITE)
    read = run_batch(context, data, "read_access", spec.read_access)
    task = AccessChangesOperator(
        task_id="plan_access",
        changes=spec.access_changes,
        table=spec.access_table,
        document=spec.access_document,
        read=read["id"],
        statements=spec.STATEMENTS_OF_STATE,
        aws_conn_id=None,
    )
    [arguments] = task.execute(context)
    run_batch(context, data, "change_access", spec.change_access, arguments=arguments)
    assert passwords.execute(context) == {"rotated": ["ada", "grace"], "deleted": []}
    data.run("CREATE TABLE drafts.plans AS SELECT 7 AS n", data.admin)
    found, _ = changes(run_of(context), data)
    assert found.batches() == [['GRANT SELECT ON ALL TABLES IN SCHEMA "drafts" TO GROUP "analysts"']]
    data.run(found.batches()[0], data.admin)
    assert data.rows("SELECT n FROM drafts.plans", secret=arn(data, "ada")) == [(7,)]
    said = data.refused("SELECT n FROM drafts.plans", secret=arn(data, "grace"))
    assert said == "ERROR: permission denied for schema drafts"
    said = data.refused("DELETE FROM drafts.plans", secret=arn(data, "ada"))
    assert said == "ERROR: permission denied for relation plans"


def test_what_is_as_it_should_be_is_left_alone(put, context, data, apply):
    put(LAKE, DRAFTS, ANALYSTS, ADA, GRACE, MAY_WRITE)
    apply()
    assert changes(run_of(context), data)[0].batches() == []
    assert apply() == {"rotated": [], "deleted": []}


def test_a_user_who_is_removed_cannot_log_in_any_more(put, context, data, apply):
    put(DRAFTS, ANALYSTS, ADA, GRACE, MAY_WRITE)
    apply()
    known = arn(data, "ada")
    assert data.rows("SELECT current_user", secret=known) == [("ada",)]
    value = data.secretsmanager.get_secret_value(SecretId=known)["SecretString"]
    put(DRAFTS, ANALYSTS, GRACE, MAY_WRITE)
    assert apply()["deleted"] == ["ada"]
    kept = json.loads(value)
    name = f"kept-{context['dag_run'].run_id}"
    copied = data.secret(name, kept["username"], kept["password"])
    assert data.refused("SELECT 1", secret=copied) == REFUSED.format("ada")
    assert data.refused("SELECT 1", "ada") == REFUSED.format("ada")
    put(DRAFTS, ANALYSTS, ADA, GRACE, MAY_WRITE)
    assert apply()["rotated"] == ["ada"]
    assert data.rows("SELECT current_user", secret=arn(data, "ada")) == [("ada",)]
    assert data.refused("SELECT 1", secret=copied) == REFUSED.format("ada")


def test_a_user_who_owns_a_table_loses_access_even_though_the_drop_is_refused(put, context, data, apply):
    owner = {"kind": "user", "name": "owner", "groups": ["analysts"]}
    put(DRAFTS, ANALYSTS, owner, MAY_WRITE)
    apply()
    known = arn(data, "owner")
    data.run("CREATE TABLE drafts.own AS SELECT 1 AS n", "owner")
    put(DRAFTS, ANALYSTS, MAY_WRITE)
    found, _ = changes(run_of(context), data)
    ending, dropping = found.batches()
    data.run(ending, data.admin)
    assert data.refused("SELECT 1", secret=known) == REFUSED.format("owner")
    with pytest.raises(JobFailed, match='user "owner" cannot be dropped') as failed:
        run_batch(context, data, "dropping", spec.change_access, arguments={"statements": dropping})
    assert failed.value.permanent
    data.run(["DROP TABLE drafts.own", "DROP USER owner"], data.admin)


def test_an_old_password_is_replaced_and_no_word_of_it_is_in_a_statement(put, data, apply, caplog):
    put(DRAFTS, ANALYSTS, ADA, MAY_WRITE)
    apply()
    client = data.secretsmanager
    first = value_of(data, "ada")
    make_old(data, "ada")
    assert apply()["rotated"] == ["ada"]
    second = value_of(data, "ada")
    assert first["password"] != second["password"]
    assert len(second["password"]) == 32
    assert data.rows("SELECT current_user", secret=arn(data, "ada")) == [("ada",)]
    stages = client.describe_secret(SecretId=secret("ada"))["VersionIdsToStages"].values()
    assert sorted(each for its in stages for each in its) == ["AWSCURRENT", "AWSPREVIOUS"]
    listed = data.redshift_data.get_paginator("list_statements").paginate(Status="ALL")
    texts = str([each for page in listed for each in page["Statements"]]) + caplog.text
    assert "ALTER USER" in texts
    assert second["password"] not in texts


def test_a_rotation_that_was_killed_is_finished_by_the_next_try(put, data, apply, monkeypatch):
    put(DRAFTS, ANALYSTS, ADA, MAY_WRITE)
    apply()
    make_old(data, "ada")

    def die(*_):
        raise KeyboardInterrupt

    with monkeypatch.context() as patch:
        patch.setattr(PasswordsOperator, "promote", die)
        with pytest.raises(KeyboardInterrupt):
            apply()
    assert data.refused("SELECT 1", secret=arn(data, "ada")) == REFUSED.format("ada")
    assert apply()["rotated"] == ["ada"]
    assert data.rows("SELECT current_user", secret=arn(data, "ada")) == [("ada",)]


def test_who_shall_have_no_password_has_none(put, context, data, apply):
    put(DRAFTS, ANALYSTS, ADA, MAY_WRITE)
    apply()
    known = arn(data, "ada")
    put(DRAFTS, ANALYSTS, {**ADA, "password": False}, MAY_WRITE)
    assert apply()["deleted"] == ["ada"]
    value = data.secretsmanager
    value.restore_secret(SecretId=known)
    assert data.refused("SELECT 1", secret=known) == REFUSED.format("ada")
    assert data.rows("SELECT current_user", "ada") == [("ada",)]
    put(DRAFTS, ANALYSTS, ADA, MAY_WRITE)
    apply()


def test_rows_of_a_query_become_csv(context, data, s3):
    def build(run, name):
        sql = "SELECT :name AS name, 1 AS n UNION ALL SELECT NULL, 2 ORDER BY n"
        return Batch([sql], parameters={"name": 'a "quoted", name'})

    result = run_batch(
        context,
        data,
        "report",
        build,
        WarehouseReportOperator,
        output=spec.report_uri,
        arguments={"name": "names"},
    )
    assert result["rows"] == 2
    bucket, key = split(result["outputs"]["report"])
    text = s3.get_object(Bucket=bucket, Key=key)["Body"].read().decode()
    assert list(csv.reader(io.StringIO(text))) == [["name", "n"], ['a "quoted", name', "1"], ["", "2"]]


def test_a_statement_is_adopted_by_a_retry_and_started_anew_after_a_failure(context, data):
    def operator(sql):
        return WarehouseOperator(task_id="step", build=lambda run: Batch([sql]), aws_conn_id=None)

    first = defer(operator("SELECT * FROM nowhere"), context).name
    assert REDSHIFT_BATCH.sought(first) is None
    assert data.ended(first)["Status"] == "FAILED"
    with pytest.raises(JobFailed, match='is FAILED: Query #1 failed with ERROR: relation "nowhere"'):
        operator("SELECT 1").resume(context)
    second = defer(operator("SELECT 1"), context).name
    assert second != first
    data.ended(second)
    assert operator("SELECT 1").execute(context)["id"] == second


def test_a_statement_whose_id_nobody_kept_is_found_by_its_name(context, data):
    def operator():
        return WarehouseOperator(task_id="step", build=lambda run: Batch(["SELECT 1"]), aws_conn_id=None)

    task = operator()
    launch, _ = task.next_launch(context)
    task.start(context, launch)
    id_ = task.remote_name(context, launch)
    data.ended(id_)
    name = REDSHIFT_BATCH.reference(task.job_name(context, launch), {})
    assert task.hook.find(name) == id_
    assert task.hook.find(replace_last(name)) is None


def replace_last(name):
    return f"{name[:-1]}9"
