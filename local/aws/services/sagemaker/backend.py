"""SageMaker as a moto backend that executes."""

from typing import Any

from moto.sagemaker import urls

from local.aws.services.sagemaker.feature_groups import FeatureGroupOperations
from local.aws.services.sagemaker.human_review import HumanReviewOperations
from local.aws.services.sagemaker.registry import RegistryOperations
from local.aws.services.sagemaker.transform_jobs import TransformOperations
from local.aws.services.sagemaker.tuning_jobs import TuningOperations


class LocalSageMaker(
    TuningOperations, TransformOperations, RegistryOperations, HumanReviewOperations, FeatureGroupOperations
):
    """Jobs run as processes, endpoints serve, and every change of state is an event.

    What is not overridden (experiments, trials, ...) is moto's.
    """

    def recover(self) -> None:
        """Called after a restart: what was going on fails, goes on or is done."""
        self.fail_interrupted_jobs()
        self.resume_tuning_jobs()
        self.resume_endpoints()
        self.resume_feature_groups()

    @property
    def _url_module(self) -> Any:
        # moto derives the module from the class's own module, which is not where the URLs are.
        return urls
