"""A report on bias, and a gate over it, in every DAG that predicts something about people or the like."""

from collections.abc import Mapping
from dataclasses import asdict
from functools import partial
from typing import Any, Protocol

from airflow.sdk import Param, TaskGroup

from include.bias import (
    CONTAINERS,
    POSTTRAINING,
    PRETRAINING,
    BiasAnalysis,
    Bounds,
    analysis_uri,
    bias_verdict,
    report_uri,
)
from include.run import Run
from include.sagemaker import ProcessingJob
from include.sagemaker.clarify import ClarifyJob
from millrace.operators.sagemaker import ReportPageOperator
from millrace.operators.verdicts import VerdictOperator
from millrace.params import choice


class BiasSpec(Protocol):
    """What a pipeline says of its bias."""

    def bias(self, run: Run) -> BiasAnalysis:
        """What is measured."""


def bias_params(bounds: Bounds) -> dict[str, Param]:
    """What forms ask about bias; ``bounds`` are what holds unless a run says otherwise."""
    return {
        "bias_bounds": Param(
            {name: list(bound) for name, bound in bounds.items()},
            type="object",
            propertyNames={"enum": [*PRETRAINING, *POSTTRAINING]},
            additionalProperties={
                "type": "array",
                "items": {"type": "number"},
                "minItems": 2,
                "maxItems": 2,
            },
            description="Metric of bias -> lowest and highest value; the run fails on others. {} for none.",
        ),
        "bias_container": choice(
            CONTAINERS, "What measures bias: our container, or on AWS that of SageMaker Clarify."
        ),
    }


def bias_report(spec: BiasSpec) -> TaskGroup:
    """Measures, and fails where a bound of the run's ``bias_bounds`` is missed."""
    with TaskGroup("bias_report") as group:
        measured = ReportPageOperator(
            task_id="measure", build=partial(_measurement, spec), page="report.html"
        )
        checked = VerdictOperator(
            task_id="check",
            decide=_verdict,
            documents={"document": partial(_analysis_uri, spec)},
            report=partial(_report_uri, spec),
        )
        measured >> checked
    return group


def _measurement(spec: BiasSpec, run: Run) -> ProcessingJob | ClarifyJob:
    return spec.bias(run).job(run.params["bias_container"])


def _analysis_uri(spec: BiasSpec, run: Run) -> str:
    return analysis_uri(spec.bias(run))


def _report_uri(spec: BiasSpec, run: Run) -> str:
    return report_uri(spec.bias(run))


def _verdict(run: Run, document: Mapping[str, Any]) -> dict[str, Any]:
    return asdict(bias_verdict(document, run.params["bias_bounds"]))
