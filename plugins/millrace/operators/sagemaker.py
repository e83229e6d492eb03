"""SageMaker jobs by name; each is a row of the table and a request builder."""

from collections.abc import Callable
from typing import Any

from include.sagemaker import ProcessingJob, TrainingJob
from millrace.jobs import PROCESSING, TRAINING
from millrace.operators.job import AwsJobOperator


class ProcessingJobOperator(AwsJobOperator):
    """A container that turns S3 prefixes into S3 prefixes."""

    def __init__(self, *, build: Callable[..., ProcessingJob], **kwargs: Any) -> None:
        super().__init__(kind=PROCESSING, build=build, **kwargs)


class SparkJobOperator(ProcessingJobOperator):
    """A Spark application; ``build`` returns what ``include.spark.spark_job`` makes."""

    ui_color = "#fde8d0"


class TrainingJobOperator(AwsJobOperator):
    """A training job, by script or built-in algorithm."""

    ui_color = "#dcebfa"

    def __init__(self, *, build: Callable[..., TrainingJob], **kwargs: Any) -> None:
        super().__init__(kind=TRAINING, build=build, **kwargs)
