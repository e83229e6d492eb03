"""Batches of SQL statements that the Data API of Amazon Redshift runs, each batch a transaction.

A statement is announced only where its request asks for that (``WithEvent``); the event is documented at
https://docs.aws.amazon.com/redshift/latest/mgmt/data-api-monitoring-events.html.
"""

from millrace.jobs.kind import ErrorPattern, EventPattern, GivenId, JobKind, NameSearch

REDSHIFT_BATCH = JobKind(
    name="Redshift statement batch",
    service="redshift-data",
    start="BatchExecuteStatement",
    describe="DescribeStatement",
    stop="CancelStatement",
    listing=None,
    name_field="StatementName",
    # A description has every member of the request but the name.
    name_path="Id",
    given_id=GivenId(
        place=None,
        field="Id",
        token="ClientToken",  # noqa: S106  # a member's name
        path="Id",
        # It lists what went well, unless it is asked for all.
        search=NameSearch("ListStatements", "Statements", "StatementName", {"Status": "ALL"}),
    ),
    status="Status",
    reason="Error",
    succeeded=frozenset({"FINISHED"}),
    failed=frozenset({"FAILED"}),
    stopped=frozenset({"ABORTED"}),
    event=EventPattern(
        source="aws.redshift-data",
        detail_type="Redshift Data Statement Status Change",
        name="detail.statementId",
        status="detail.state",
    ),
    not_found=(ErrorPattern("ResourceNotFoundException"),),
    # A repeated start gives the id of the first one.
    exists=(),
    cannot_stop=(ErrorPattern("ValidationException"),),
    # What the database refuses: SQL, a missing grant, a user who is not let in.
    permanent=("ERROR:", "FATAL:", "Query #"),
    console="redshift-statements",
    console_page="redshiftv2/home?region={region}#queries",
    result={"id": "Id"},
    started="CreatedAt",
    ended="UpdatedAt",
    # That of the token, which is the name, too.
    max_name_length=64,
    takes_tags=False,
)
