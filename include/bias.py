"""Bias of data and of a model's predictions: the job that measures it, and the gate over what it finds.

The job has the inputs and outputs of SageMaker Clarify, so either container can do it.
"""

import json
import math
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Any, TypeAlias

from include.bundles import Bundle
from include.gates import Verdict
from include.sagemaker import INPUT, OUTPUT, Instances, ProcessingJob
from include.sagemaker.clarify import CONFIG, CONFIG_FILE, DATASET, ClarifyJob

OUR_CONTAINER, CLARIFY = "millrace", "clarify"
CONTAINERS = (OUR_CONTAINER, CLARIFY)
PRETRAINING = ("CI", "DPL", "KL", "JS", "LP", "TVD", "KS", "CDDL")
POSTTRAINING = ("DPPL", "DI", "DCA", "DCR", "RD", "DAR", "DRR", "AD", "CDDPL", "TE", "FT", "SD", "GE")

Asked: TypeAlias = Sequence[str | float] | float | None
"""Values, or a threshold, itself not included; of a facet None for each of its values against all others."""
Bounds: TypeAlias = Mapping[str, Sequence[float]]
"""Metric -> the lowest and the highest value that may be."""


@dataclass(frozen=True)
class BiasAnalysis:
    """What is asked of which data.

    Attributes:
        data: S3 URI of a CSV file, or of what begins the names of several.
        output: S3 URI for ``analysis.json`` and ``report.html``; of our container ``metrics.json`` too.
        label: the column that is predicted.
        positive: its values that are an advantage, or a threshold.
        facets: column -> the group that is asked about.
        headers: the columns, where the files have no header.
        predicted_label: the column with predictions; without it the data alone is measured.
        group_variable: the column by whose values CDDL and CDDPL are conditioned.
        excluded: columns by which FT looks for no neighbours.
    """

    data: str
    output: str
    label: str
    positive: Asked
    facets: Mapping[str, Asked]
    headers: Sequence[str] = ()
    predicted_label: str | None = None
    group_variable: str | None = None
    excluded: Sequence[str] = ()
    instance_type: str = "ml.m5.xlarge"
    title: str = "Bias report"

    def config(self) -> dict[str, Any]:
        """Clarify's ``analysis_config.json``.

        https://docs.aws.amazon.com/sagemaker/latest/dg/clarify-processing-job-configure-analysis.html
        """
        every = {"methods": "all"}
        optional = {
            "headers": list(self.headers),
            "predicted_label": self.predicted_label,
            "group_variable": self.group_variable,
            "excluded_columns": list(self.excluded),
        }
        return {
            "version": "1.0",
            "dataset_type": "text/csv",
            **{name: value for name, value in optional.items() if value},
            "label": self.label,
            "label_values_or_threshold": _listed(self.positive),
            "facet": [
                {"name_or_index": name, **({} if asked is None else {"value_or_threshold": _listed(asked)})}
                for name, asked in self.facets.items()
            ],
            "methods": {
                "pre_training_bias": every,
                **({"post_training_bias": every} if self.predicted_label else {}),
                # Clarify's container makes its pages only if asked; ours always does.
                "report": {"name": "report", "title": self.title},
            },
        }

    def job(self, container: str = OUR_CONTAINER) -> ProcessingJob | ClarifyJob:
        """The processing job, in our container or in Clarify's."""
        content = json.dumps(self.config(), indent=2, sort_keys=True).encode() + b"\n"
        job = ProcessingJob(
            image="sklearn",
            command=["python3", f"{INPUT}/code/bias.py"],
            arguments=[
                *("--data", f"{INPUT}/{DATASET}"),
                *("--config", f"{INPUT}/{CONFIG}/{CONFIG_FILE}"),
                *("--title", self.title),
                *("--output", f"{OUTPUT}/analysis_result"),
            ],
            instances=Instances(self.instance_type),
            inputs={DATASET: self.data},
            outputs={"analysis_result": self.output},
            files={"code": Bundle.of_job("bias", "pages"), CONFIG: Bundle({CONFIG_FILE: content})},
        )
        return ClarifyJob(job) if container == CLARIFY else job


def analysis_uri(analysis: BiasAnalysis) -> str:
    """All figures, as Clarify writes them."""
    return f"{analysis.output}/analysis.json"


def report_uri(analysis: BiasAnalysis) -> str:
    """The page for people."""
    return f"{analysis.output}/report.html"


def bias_verdict(document: Mapping[str, Any], bounds: Bounds) -> Verdict:
    """Whether every bound is kept for every group.

    A metric that has no value, or was not measured, keeps no bound.

    Args:
        document: the content of ``analysis.json``.
        bounds: of DI and others the neutral value of which is not 0 both sides count, such as 0.8 to 1.25.

    Raises:
        ValueError: there is no such metric, or a lowest value is over the highest.
    """
    _check(bounds)
    values = list(_values(document))
    missed = [
        sentence
        for name, (low, high) in bounds.items()
        for sentence in _missed(name, low, high, [each for each in values if each[1] == name])
    ]
    if missed:
        return Verdict(False, f"{len(missed)} bound(s) of bias missed: {'; '.join(missed)}.")
    groups = ", ".join(dict.fromkeys(group for group, _, _ in values))
    kept = f"all {len(bounds)} bounds of bias are kept" if bounds else "no bounds of bias are set"
    return Verdict(True, f"{kept}; measured for {groups}.")


def _missed(
    name: str, low: float, high: float, found: Sequence[tuple[str, str, float | None]]
) -> Iterator[str]:
    if not found:
        yield f"{name} was not measured"
    for group, _, value in found:
        if value is None:
            yield f"{name} of {group} has no value"
        elif not low <= value <= high:
            yield f"{name} of {group} is {value:.4g}, outside {low:g} to {high:g}"


def measured_groups(document: Mapping[str, Any]) -> Iterator[tuple[str, str, Sequence[Mapping[str, Any]]]]:
    """Facet, group and its metrics: all of the data, then those of the predictions.

    Args:
        document: the content of ``analysis.json``.
    """
    for section in ("pre_training_bias_metrics", "post_training_bias_metrics"):
        for facet, groups in document.get(section, {}).get("facets", {}).items():
            for group in groups:
                yield facet, group["value_or_threshold"], group["metrics"]


def _values(document: Mapping[str, Any]) -> Iterator[tuple[str, str, float | None]]:
    """Group, metric and value of all that was measured; an infinite one is written as text."""
    for facet, group, metrics in measured_groups(document):
        for metric in metrics:
            value = None if metric["value"] is None else float(metric["value"])
            yield f"{facet} = {group}", metric["name"], value


def _check(bounds: Bounds) -> None:
    for name, (low, high) in bounds.items():
        if name not in {*PRETRAINING, *POSTTRAINING}:
            raise ValueError(f"bounds has {name!r}, which is no metric of bias")
        if math.isnan(low) or math.isnan(high) or low > high:
            raise ValueError(f"bounds of {name} are {low:g} to {high:g}: the first must not be the higher")


def _listed(asked: Asked) -> Any:
    return list(asked) if isinstance(asked, Sequence) else asked
