"""Data quality gates."""

from typing import Any

from airflow.sdk import Context
from airflow.sdk.exceptions import AirflowFailException
from typing_extensions import override

from include.gates import failed_expectations
from millrace.descriptions import JobDescription
from millrace.launching import Launch
from millrace.operators.sagemaker import SparkJobOperator


class QualityGateOperator(SparkJobOperator):
    """Runs a Great Expectations suite as a job, and fails where the data does not meet it.

    The job's output ``report`` holds ``report.json`` with one sentence for each expectation,
    and ``data_docs/index.html`` for people.
    """

    @override
    def result(self, context: Context, launch: Launch, description: JobDescription) -> dict[str, Any]:
        result = super().result(context, launch, description)
        folder = result["outputs"]["report"]
        result["outputs"]["data_docs"] = f"{folder}/data_docs/index.html"
        failed = failed_expectations(self.s3.read_json(f"{folder}/report.json"))
        if failed:
            raise AirflowFailException(
                f"{len(failed)} expectation(s) not met: {'; '.join(failed)}. "
                f"Data Docs: {self.s3.page(result['outputs']['data_docs'])}"
            )
        return result
