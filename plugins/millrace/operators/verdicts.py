"""What a report comes to, with the report one click away."""

from collections.abc import Callable
from typing import Any

from airflow.sdk import Context
from airflow.sdk.exceptions import AirflowFailException
from typing_extensions import override

from include.run import Run
from millrace.context import run_of
from millrace.hooks.s3 import S3
from millrace.links import ReportLink
from millrace.operators.choice import DecisionOperator


class VerdictOperator(DecisionOperator):
    """Returns the verdict of a report, and fails where the report says that nothing may be concluded.

    Args:
        decide: returns a mapping with ``passed`` and ``reason``, and what else is to be known.
        report: where the page for people is.
    """

    operator_extra_links = (ReportLink(),)

    def __init__(self, *, report: Callable[[Run], str], **kwargs: Any) -> None:
        super().__init__(**{"multiple_outputs": True, **kwargs})
        self.report = report
        self.links: dict[str, str | None] = {}

    @override
    def execute(self, context: Context) -> dict[str, Any]:
        page = S3(self.aws_conn_id, self.region_name).page(self.report(run_of(context)))
        self.links = {ReportLink.name: page}
        verdict: dict[str, Any] = self.decided(context)
        if not verdict["passed"]:
            raise AirflowFailException(f"{verdict['reason']} Report: {page}")
        self.log.info("%s Report: %s", verdict["reason"], page)
        return verdict
