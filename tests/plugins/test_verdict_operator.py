"""A verdict is returned with its report one click away, and fails where nothing may be concluded."""

import pytest
from airflow.sdk.exceptions import AirflowFailException

from millrace.links import ReportLink
from millrace.operators.verdicts import VerdictOperator

REPORT = "s3://millrace-test/main/a/report.html"


@pytest.fixture
def verdict(aws):
    def make(passed):
        found = {"passed": passed, "outcome": "ship", "reason": "It is better."}
        return VerdictOperator(task_id="verdict", decide=lambda run: found, report=lambda run: REPORT)

    return make


def test_the_verdict_is_the_result_and_the_report_is_linked(verdict, context):
    operator = verdict(passed=True)
    assert operator.execute(context)["reason"] == "It is better."
    link = ReportLink().get_link(operator, ti_key=None)
    assert "millrace-test/main/a/report.html" in link


def test_what_may_not_be_read_fails_with_the_reason_and_the_report(verdict, context):
    with pytest.raises(AirflowFailException, match=r"It is better\. Report: http.*report\.html"):
        verdict(passed=False).execute(context)
