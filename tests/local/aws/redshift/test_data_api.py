"""Statements, their states, results and events, as clients of the Data API see them."""

import json
import time

import httpx
import pytest
from botocore.exceptions import ClientError

from tests.local.aws.redshift.warehouse import ADMIN, DATABASE

UNKNOWN = "00000000-0000-0000-0000-000000000000"


def code_of(refused):
    return refused.value.response["Error"]["Code"], refused.value.response["Error"]["Message"]


def test_a_query_has_typed_columns_and_values(warehouse):
    id_ = warehouse.run(
        "SELECT 1 AS i, 2::bigint AS b, 1.5::float8 AS f, 1.25::decimal(5,2) AS d, 'x' AS v, true AS t,"
        " DATE '2026-01-02' AS day, TIMESTAMP '2026-01-02 03:04:05' AS at, NULL::varchar AS n, count(*)"
    )
    answer = warehouse.redshift_data.get_statement_result(Id=id_)
    names = {c["name"]: c["typeName"] for c in answer["ColumnMetadata"]}
    assert names == {
        "i": "int4",
        "b": "int8",
        "f": "float8",
        "d": "numeric",
        "v": "varchar",
        "t": "bool",
        "day": "date",
        "at": "timestamp",
        "n": "varchar",
        "count": "int8",
    }
    [row] = answer["Records"]
    assert [next(iter(field)) for field in row] == [
        *("longValue", "longValue", "doubleValue", "stringValue", "stringValue", "booleanValue"),
        *("stringValue", "stringValue", "isNull", "longValue"),
    ]
    assert warehouse.rows_of(id_) == [
        (1, 2, 1.5, "1.25", "x", True, "2026-01-02", "2026-01-02 03:04:05", None, 1)
    ]


def test_the_arithmetic_is_redshift_s(warehouse):
    [row] = warehouse.rows(
        "SELECT 7 / 2, 7.0::float8 / 2, datediff(day, DATE '2026-01-01', DATE '2026-03-01'),"
        " dateadd(month, 1, DATE '2026-01-31'), nvl(NULL, 'x'), date_trunc('week', DATE '2026-01-07')"
    )
    assert row == (3, 3.5, 59, "2026-02-28 00:00:00", "x", "2026-01-05 00:00:00")


def test_long_results_come_in_pages(warehouse):
    warehouse.run("CREATE TABLE n (i int)")
    tens = "(SELECT 0 AS d" + "".join(f" UNION ALL SELECT {d}" for d in range(1, 10)) + ")"
    warehouse.run(
        "INSERT INTO n SELECT a.d + 10 * b.d + 100 * c.d + 1000 * e.d"
        f" FROM {tens} a, {tens} b, {tens} c, {tens} e WHERE e.d < 3"
    )
    id_ = warehouse.run("SELECT i FROM n ORDER BY i")
    first = warehouse.redshift_data.get_statement_result(Id=id_)
    assert (len(first["Records"]), first["TotalNumRows"], first["NextToken"]) == (1000, 3000, "1")
    assert warehouse.rows_of(id_) == [(i,) for i in range(3000)]
    described = warehouse.redshift_data.describe_statement(Id=id_)
    assert (described["ResultRows"], described["HasResultSet"]) == (3000, True)


def test_a_batch_is_one_transaction_and_its_results_have_numbers(warehouse):
    warehouse.run("CREATE TABLE t (n int)")
    id_ = warehouse.run(["INSERT INTO t VALUES (1), (2)", "SELECT sum(n) FROM t"])
    described = warehouse.redshift_data.describe_statement(Id=id_)
    subs = described["SubStatements"]
    assert [(s["Id"], s["Status"], s["HasResultSet"], s["ResultRows"]) for s in subs] == [
        (f"{id_}:1", "FINISHED", False, 2),
        (f"{id_}:2", "FINISHED", True, 1),
    ]
    assert warehouse.rows_of(f"{id_}:2") == [("3",)]
    error = warehouse.refused(["DELETE FROM t", "SELECT * FROM nowhere", "SELECT 1"])
    assert error == 'Query #2 failed with ERROR: relation "nowhere" does not exist'
    assert warehouse.rows("SELECT count(*) FROM t") == [(2,)]
    refused = warehouse.start(
        ["DELETE FROM t WHERE n = 1", "SELECT * FROM nowhere"], ExecutionMode="AUTO_COMMIT"
    )
    subs = warehouse.ended(refused)["SubStatements"]
    assert [sub["Status"] for sub in subs] == ["FINISHED", "FAILED"]
    assert warehouse.rows("SELECT n FROM t") == [(2,)]


def test_a_repeated_client_token_gives_the_first_statement(warehouse):
    warehouse.run("CREATE TABLE once (n int)")
    ids = {warehouse.start("INSERT INTO once VALUES (1)", ClientToken="token-1") for _ in range(3)}
    assert len(ids) == 1
    warehouse.ended(ids.pop())
    assert warehouse.rows("SELECT count(*) FROM once") == [(1,)]


def test_a_statement_is_found_by_its_name_whatever_its_status(warehouse):
    warehouse.run("SELECT 1", StatementName="ours-1")
    warehouse.refused("SELECT * FROM nowhere", StatementName="ours-2")

    def named(**options):
        answer = warehouse.redshift_data.list_statements(ClusterIdentifier=warehouse.cluster, **options)
        return [statement["StatementName"] for statement in answer["Statements"]]

    assert named(StatementName="ours") == ["ours-1"]
    assert named(StatementName="ours", Status="ALL") == ["ours-2", "ours-1"]
    assert named(StatementName="other", Status="ALL") == []
    pages = warehouse.redshift_data.get_paginator("list_statements").paginate(
        ClusterIdentifier=warehouse.cluster, Status="ALL", PaginationConfig={"PageSize": 1}
    )
    assert [len(page["Statements"]) for page in pages] == [1, 1]


@pytest.fixture
def heard(warehouse):
    """Messages of the queue to which events of statements go."""
    url = warehouse.sqs.create_queue(QueueName=warehouse.cluster)["QueueUrl"]
    arn = warehouse.sqs.get_queue_attributes(QueueUrl=url, AttributeNames=["QueueArn"])["Attributes"][
        "QueueArn"
    ]
    pattern = {"source": ["aws.redshift-data"]}
    warehouse.events.put_rule(Name=warehouse.cluster, EventPattern=json.dumps(pattern))
    warehouse.events.put_targets(Rule=warehouse.cluster, Targets=[{"Id": "queue", "Arn": arn}])

    def receive(count):
        found, until = [], time.monotonic() + 30
        while len(found) < count and time.monotonic() < until:
            answer = warehouse.sqs.receive_message(QueueUrl=url, MaxNumberOfMessages=10, WaitTimeSeconds=1)
            found += [json.loads(message["Body"]) for message in answer.get("Messages", [])]
        return found

    return receive


def test_the_end_of_a_statement_is_announced_where_that_is_asked_for(warehouse, heard):
    warehouse.run("SELECT 1")
    good = warehouse.run("SELECT 1 UNION ALL SELECT 2", WithEvent=True, StatementName="good")
    warehouse.refused("SELECT * FROM nowhere", WithEvent=True, StatementName="bad")
    found = heard(2)
    assert {event["detail-type"] for event in found} == {"Redshift Data Statement Status Change"}
    arn = f"arn:aws:redshift:us-east-1:123456789012:cluster:{warehouse.cluster}"
    assert {event["resources"][0] for event in found} == {arn}
    told = {event["detail"]["statementName"]: event["detail"] for event in found}
    assert (told["good"]["statementId"], told["good"]["state"], told["good"]["rows"]) == (good, "FINISHED", 2)
    assert told["bad"]["state"] == "FAILED"


def test_a_batch_has_a_page_with_its_status_and_reason(warehouse):
    id_ = warehouse.start(["SELECT 1", "SELECT * FROM nowhere"])
    warehouse.ended(id_)
    pages = f"{warehouse.redshift_data.meta.endpoint_url}/_millrace/jobs/"
    assert id_ in httpx.get(f"{pages}?kind=redshift-statements").text
    page = httpx.get(f"{pages}redshift-statements/{id_}").text
    for words in ("FAILED", "relation &#34;nowhere&#34; does not exist", "SELECT * FROM nowhere"):
        assert words in page


SLOW = "SELECT count(*) FROM n a, n b, n c, n d, n e, n f, n g, n h WHERE a.i + b.i + c.i + d.i > e.i + f.i"


def test_a_statement_that_runs_is_cancelled_and_changes_nothing(warehouse):
    warehouse.run("CREATE TABLE n (i int)")
    warehouse.run("INSERT INTO n VALUES " + ", ".join(f"({i})" for i in range(200)))
    slow = warehouse.start(["CREATE TABLE made (i int)", SLOW])
    waiting = warehouse.start("SELECT 1")
    until = time.monotonic() + 60
    while (
        warehouse.redshift_data.describe_statement(Id=slow)["Status"] != "STARTED"
        and time.monotonic() < until
    ):
        time.sleep(0.05)
    assert warehouse.redshift_data.cancel_statement(Id=waiting)["Status"] is True
    assert warehouse.ended(waiting)["Status"] == "ABORTED"
    warehouse.redshift_data.cancel_statement(Id=slow)
    assert warehouse.ended(slow)["Status"] == "ABORTED"
    with pytest.raises(ClientError) as refused:
        warehouse.redshift_data.cancel_statement(Id=slow)
    assert code_of(refused) == (
        "ValidationException",
        f"Could not cancel a query that is already in ABORTED state with ID: {slow}",
    )
    assert warehouse.refused("SELECT * FROM made") == 'ERROR: relation "made" does not exist'
    assert warehouse.rows("SELECT count(*) FROM n") == [(200,)]


def test_what_there_is_can_be_listed(warehouse, lake):
    data, of = warehouse.redshift_data, warehouse.of(DbUser=ADMIN)
    warehouse.run("CREATE TABLE public.flash (day date, listeners int NOT NULL)")
    assert data.list_databases(**of)["Databases"] == [DATABASE]
    assert data.list_schemas(**of)["Schemas"] == ["lake", "public"]
    assert data.list_schemas(SchemaPattern="l%", **of)["Schemas"] == ["lake"]
    assert data.list_tables(**of)["Tables"] == [
        {"name": "session", "type": "EXTERNAL TABLE", "schema": "lake"},
        {"name": "flash", "type": "TABLE", "schema": "public"},
    ]
    columns = data.describe_table(Schema="public", Table="flash", **of)["ColumnList"]
    assert [(c["name"], c["typeName"], c["nullable"]) for c in columns] == [
        ("day", "date", 1),
        ("listeners", "integer", 0),
    ]
    columns = data.describe_table(Schema="lake", Table="session", **of)["ColumnList"]
    assert [c["name"] for c in columns] == ["user_id", "seconds", "started_at", "score", "day"]
    warehouse.run("CREATE USER ada PASSWORD DISABLE")
    assert data.list_tables(**warehouse.of(DbUser="ada"))["Tables"] == [
        {"name": "flash", "type": "TABLE", "schema": "public"}
    ]


@pytest.mark.parametrize(
    ("changes", "message"),
    [
        ({"ClusterIdentifier": "another"}, "Redshift endpoint doesn't exist in this region."),
        ({"Database": "another"}, 'FATAL: database "another" does not exist'),
        ({"DbUser": None}, "Give either DbUser"),
        ({"WorkgroupName": "ours"}, "the local AWS has no workgroups"),
        ({"SessionKeepAliveSeconds": 60}, "the local AWS has no sessions that are kept"),
        (
            {"DbUser": None, "SecretArn": "arn:aws:secretsmanager:us-east-1:123456789012:secret:x"},
            "cannot be read",
        ),
        ({"ClientToken": "x" * 65}, "Member must have length less than or equal to 64"),
    ],
)
def test_a_request_that_cannot_be_served_is_refused_at_once(shared, changes, message):
    request = {**shared.of(DbUser=ADMIN), "Sql": "SELECT 1", **changes}
    with pytest.raises(ClientError) as refused:
        shared.redshift_data.execute_statement(**{k: v for k, v in request.items() if v is not None})
    code, said = code_of(refused)
    assert code == "ValidationException"
    assert message in said


def test_what_is_not_there_is_not_found(warehouse):
    failed = warehouse.start("SELECT * FROM nowhere")
    warehouse.ended(failed)
    for operation, id_ in (
        ("describe_statement", UNKNOWN),
        ("get_statement_result", UNKNOWN),
        ("get_statement_result", failed),
        ("cancel_statement", UNKNOWN),
    ):
        with pytest.raises(ClientError) as refused:
            getattr(warehouse.redshift_data, operation)(Id=id_)
        assert code_of(refused)[0] == "ResourceNotFoundException"
