"""A table is shown to a person, who may change it; what goes on is what they let pass."""

from datetime import UTC, datetime, timedelta
from types import SimpleNamespace

import pytest
from airflow.providers.standard.operators import hitl
from airflow.sdk.exceptions import AirflowFailException, TaskAwaitingInput

from millrace.context import run_of
from millrace.hooks.s3 import S3
from millrace.operators.approval import APPROVE, REJECT, TableApprovalOperator

TABLE = "Phrase\tDisplayAs\nboto-three\tboto3\n"


@pytest.fixture
def table(aws, context):
    uri = run_of(context).uri("proposed.tsv")
    S3(None).write(uri, TABLE.encode())
    return uri


@pytest.fixture
def approval(table):
    def make(*, asked=True):
        return TableApprovalOperator(
            task_id="approve",
            subject="Terms",
            table=lambda run: table,
            edited=lambda run: run.uri("edited.tsv"),
            asked=lambda run: asked,
            response_timeout=timedelta(hours=1),
            aws_conn_id=None,
        )

    return make


@pytest.fixture
def shown(monkeypatch):
    """What Airflow is asked to show."""
    forms = []
    monkeypatch.setattr(hitl, "upsert_hitl_detail", lambda **form: forms.append(form))
    return forms


def answered(option, table=None):
    return {
        "chosen_options": [option],
        "params_input": {} if table is None else {"table": table},
        "responded_at": datetime(2026, 1, 1, tzinfo=UTC),
        "responded_by_user": {"id": "1", "name": "Ada"},
    }


def test_nobody_is_asked_where_the_run_does_not_want_it(approval, context, table, shown):
    assert approval(asked=False).execute(context) == {"table": table}
    assert not shown


def test_the_form_holds_the_whole_table(approval, context, shown):
    with pytest.raises(TaskAwaitingInput):
        approval().execute({**context, "task_instance": SimpleNamespace(id="1")})
    [form] = shown
    assert form["options"] == [APPROVE, REJECT]
    assert form["params"]["table"]["value"] == TABLE


@pytest.mark.parametrize("text", [None, TABLE, TABLE.replace("\n", "\r\n"), TABLE.rstrip()])
def test_an_approved_table_is_used_as_it_is(approval, context, table, text):
    result = approval().execute_complete(context, answered(APPROVE, text))
    assert result == {"table": table}


def test_a_changed_table_is_a_new_one_of_this_run(approval, context, table):
    result = approval().execute_complete(context, answered(APPROVE, TABLE + "E.C.-Two\tEC2\r\n"))
    edited = run_of(context).uri("edited.tsv")
    assert result == {"table": edited}
    assert S3(None).read_text(edited) == TABLE + "E.C.-Two\tEC2\n"
    assert S3(None).read_text(table) == TABLE


def test_a_rejection_ends_the_run_and_names_who_said_so(approval, context):
    with pytest.raises(AirflowFailException, match="Ada has rejected"):
        approval().execute_complete(context, answered(REJECT))
