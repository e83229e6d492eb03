"""A table that a person looks at, may change, and lets pass, on Airflow's page of required actions."""

from collections.abc import Callable, Mapping
from functools import cached_property
from typing import Any

from airflow.providers.standard.operators.hitl import HITLOperator
from airflow.sdk import Context, Param
from airflow.sdk.exceptions import AirflowFailException
from typing_extensions import override

from include.run import Run
from millrace.context import run_of
from millrace.hooks.s3 import S3
from millrace.operators.base import AwsOperator

APPROVE, REJECT = "Approve", "Reject"


class TableApprovalOperator(HITLOperator, AwsOperator):
    """Shows a small text table in a form, and goes on with what the form says.

    The result has the URI of the ``table`` to use: the given one where nobody is asked or nothing was
    changed, else that of the changed one.

    Args:
        table: where the table is, of the run; it has at most 1 MiB.
        edited: where a changed table goes, of the run.
        asked: whether the run wants a person to look.
    """

    def __init__(
        self,
        *,
        table: Callable[[Run], str],
        edited: Callable[[Run], str],
        asked: Callable[[Run], bool],
        **kwargs: Any,
    ) -> None:
        shown = Param("", type="string", format="multiline", description="The table; change it as you like.")
        # In the place of the DAG's params, which Airflow adds to what an operator is given.
        super().__init__(**{**kwargs, "options": [APPROVE, REJECT], "params": {"table": shown}})
        self.table, self.edited, self.asked = table, edited, asked

    @override
    def execute(self, context: Context) -> dict[str, Any]:
        run = run_of(context)
        if not self.asked(run):
            return {"table": self.table(run)}
        self.params["table"] = self.s3.read_text(self.table(run))
        super().execute(context)
        raise AssertionError("a form never returns")

    @override
    def execute_complete(self, context: Context, event: dict[str, Any]) -> dict[str, Any]:
        answer: Mapping[str, Any] = super().execute_complete(context, event)
        run, who = run_of(context), (answer["responded_by_user"] or {}).get("name", "somebody")
        table, text = self.table(run), answer["params_input"].get("table")
        if answer["chosen_options"] != [APPROVE]:
            raise AirflowFailException(f"{who} has rejected {self.s3.page(table)}")
        if text is None or _lines(text) == _lines(self.s3.read_text(table)):
            self.log.info("%s has approved %s as it is", who, table)
            return {"table": table}
        edited = self.edited(run)
        self.s3.write(edited, ("\n".join(_lines(text)) + "\n").encode())
        self.log.info("%s has changed the table: %s", who, edited)
        return {"table": edited}

    @cached_property
    def s3(self) -> S3:
        """Documents in S3."""
        return S3(self.aws_conn_id, self.region_name)


def _lines(text: str) -> list[str]:
    """A browser ends the lines of a form by CR LF."""
    return text.rstrip("\r\n").splitlines()
