"""Spark on Amazon EMR on EKS."""

from collections.abc import Callable
from typing import Any

from include.emr_on_eks import EmrSparkJob
from millrace.jobs import EMR_ON_EKS
from millrace.operators.job import AwsJobOperator


class SparkOnEksOperator(AwsJobOperator):
    """A Spark application on EKS; ``build`` returns an ``include.emr_on_eks.EmrSparkJob``."""

    ui_color = "#fde8d0"

    def __init__(self, *, build: Callable[..., EmrSparkJob | None], **kwargs: Any) -> None:
        super().__init__(kind=EMR_ON_EKS, build=build, **kwargs)
