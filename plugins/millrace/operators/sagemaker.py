"""SageMaker jobs by name; each is a row of the table and a request builder."""

from collections.abc import Callable
from typing import Any

from airflow.sdk import Context
from typing_extensions import override

from include.sagemaker import ProcessingJob, TransformJob, TuningJob, spot_savings
from millrace.descriptions import JobDescription
from millrace.errors import JobFailed
from millrace.jobs import PROCESSING, TRAINING, TRANSFORM, TUNING
from millrace.launching import Launch
from millrace.links import LINKS, ReportLink
from millrace.operators.job import AwsJobOperator, Job


class ProcessingJobOperator(AwsJobOperator):
    """A container that turns S3 prefixes into S3 prefixes."""

    def __init__(self, *, build: Callable[..., ProcessingJob | None], **kwargs: Any) -> None:
        super().__init__(kind=PROCESSING, build=build, **kwargs)


class SparkJobOperator(ProcessingJobOperator):
    """A Spark application; ``build`` returns what ``include.spark.spark_job`` makes."""

    ui_color = "#fde8d0"


class ReportPageOperator(ProcessingJobOperator):
    """Makes a page for people; the task's link *Report* leads to it.

    Args:
        page: its file in the job's first output.
    """

    operator_extra_links = (ReportLink(), *LINKS)

    def __init__(self, *, page: str, **kwargs: Any) -> None:
        super().__init__(**kwargs)
        self.page = page

    @override
    def keep(self, context: Context, launch: Launch, description: JobDescription) -> None:
        super().keep(context, launch, description)
        if description.has_succeeded:
            folder = next(iter(description.result["outputs"].values())).rstrip("/")
            self.links[ReportLink.name] = self.s3.page(f"{folder}/{self.page}")


class TrainingJobOperator(AwsJobOperator):
    """A training job, by script or built-in algorithm.

    The result of one on spare capacity has ``spot_savings_percent`` beside ``training_seconds`` and
    ``billable_seconds``.
    """

    ui_color = "#dcebfa"

    def __init__(self, *, build: Callable[..., Job], **kwargs: Any) -> None:
        super().__init__(kind=TRAINING, build=build, **kwargs)

    @override
    def result(self, context: Context, launch: Launch, description: JobDescription) -> dict[str, Any]:
        result = super().result(context, launch, description)
        if not description.fields.get("EnableManagedSpotTraining"):
            return result
        training, billable = result["training_seconds"], result["billable_seconds"]
        saved = spot_savings(training, billable)
        self.log.info("managed spot training: %s s, billable: %s s, saved: %s %%", training, billable, saved)
        return {**result, "spot_savings_percent": saved}


class TuningJobOperator(AwsJobOperator):
    """A search for hyperparameters; the result names the best training job, its metric, values and model.

    The model is its ``artifact``, as that of a training job.
    """

    ui_color = "#e2e0f9"

    def __init__(self, *, build: Callable[..., TuningJob], **kwargs: Any) -> None:
        super().__init__(kind=TUNING, build=build, **kwargs)

    @override
    def result(self, context: Context, launch: Launch, description: JobDescription) -> dict[str, Any]:
        result = super().result(context, launch, description)
        if "best_job" not in result:
            raise JobFailed(
                f"{self.kind.name} {description.name} ended before a training job was complete: there is no "
                "model. Give it more time, or more training jobs",
                permanent=True,
            )
        # https://docs.aws.amazon.com/sagemaker/latest/dg/cdf-training.html
        output = description.fields["TrainingJobDefinition"]["OutputDataConfig"]["S3OutputPath"].rstrip("/")
        return {**result, "artifact": f"{output}/{result['best_job']}/output/model.tar.gz"}


class TransformJobOperator(AwsJobOperator):
    """A model's answers to everything below an S3 prefix."""

    ui_color = "#d9f2e3"

    def __init__(self, *, build: Callable[..., TransformJob | None], **kwargs: Any) -> None:
        super().__init__(kind=TRANSFORM, build=build, **kwargs)
