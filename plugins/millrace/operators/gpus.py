"""Training on GPUs: what will be launched is told before it costs anything."""

from collections.abc import Callable, Sequence
from dataclasses import asdict
from typing import Any, ClassVar, Protocol

from airflow.sdk import Context
from typing_extensions import override

from include.horovod import HorovodTraining
from millrace.context import run_of
from millrace.descriptions import JobDescription
from millrace.launching import Launch
from millrace.links import LINKS, TensorBoardLink
from millrace.operators.job import AwsJobOperator, Job
from millrace.operators.sagemaker import TrainingJobOperator
from millrace.pages import folder_of


class Plan(Protocol):
    """A dataclass with what is known of a job beforehand."""

    __dataclass_fields__: ClassVar[dict[str, Any]]

    def sentences(self) -> Sequence[str]:
        """For the log."""


class GpuTraining(Job, Protocol):
    """A job that is planned, such as ``include.horovod.HorovodTraining``."""

    def plan(self) -> Plan:
        """Raises where the instances, or the job's inputs, cannot be what is asked for."""


class GpuTrainingOperator(AwsJobOperator):
    """A job whose plan is in the log before it is launched, and in the result as ``plan``."""

    ui_color = "#d3e8d3"

    def __init__(self, *, build: Callable[..., GpuTraining], **kwargs: Any) -> None:
        super().__init__(build=build, **kwargs)
        self.planned = build

    @override
    def start(self, context: Context, launch: Launch) -> None:
        for sentence in self.plan(context).sentences():
            self.log.info("plan: %s", sentence)
        super().start(context, launch)

    @override
    def result(self, context: Context, launch: Launch, description: JobDescription) -> dict[str, Any]:
        return {
            **super().result(context, launch, description),
            "plan": asdict(self.plan(context)),
        }

    def plan(self, context: Context) -> Plan:
        """What the builder's job is going to be."""
        return self.planned(run_of(context), **self.arguments).plan()


class HorovodTrainingOperator(GpuTrainingOperator, TrainingJobOperator):
    """A training job of several ranks, each with a shard of its own; the task links to its TensorBoard."""

    operator_extra_links = (TensorBoardLink(), *LINKS)

    def __init__(self, *, build: Callable[..., HorovodTraining], **kwargs: Any) -> None:
        super().__init__(build=build, **kwargs)
        self.training = build

    @override
    def link(self, context: Context, name: str) -> None:
        super().link(context, name)
        # Not of the request that was sent: whoever resumes the task has none yet.
        if prefix := self.training(run_of(context), **self.arguments).tensorboard:
            folder = folder_of(f"{prefix}/{name}/tensorboard-output")
            self.links[TensorBoardLink.name] = self.s3.page(folder)
