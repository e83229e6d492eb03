"""SageMaker as a moto backend that executes."""

from typing import Any

from moto.sagemaker import urls

from local.aws.services.sagemaker.human_review import HumanReviewOperations
from local.aws.services.sagemaker.registry import RegistryOperations
from local.aws.services.sagemaker.transform_jobs import TransformOperations
from local.aws.services.sagemaker.tuning_jobs import TuningOperations


class LocalSageMaker(TuningOperations, TransformOperations, RegistryOperations, HumanReviewOperations):
    """Jobs run as processes, endpoints serve, and every change of state is an event.

    What is not overridden (experiments, trials, feature groups, ...) is moto's.
    """

    def recover(self) -> None:
        """Called after a restart: see `fail_interrupted_jobs` and `resume_endpoints`."""
        self.fail_interrupted_jobs()
        self.resume_endpoints()

    @property
    def _url_module(self) -> Any:
        # moto derives the module from the class's own module, which is not where the URLs are.
        return urls
