"""SageMaker requests, from the few things that differ between jobs and the settings that do not.

The name of a job is not set here; it belongs to the launch.
"""

from include.sagemaker.feature_group import FeatureGroup, FeatureGroupChangeError, FeatureType
from include.sagemaker.instances import Instances, Request, vpc_config
from include.sagemaker.processing import INPUT, OUTPUT, ProcessingJob
from include.sagemaker.training import Channel, Spot, TrainingJob, spot_savings
from include.sagemaker.transform import TransformJob
from include.sagemaker.tuning import Interval, TuningJob

__all__ = [
    "INPUT",
    "OUTPUT",
    "Channel",
    "FeatureGroup",
    "FeatureGroupChangeError",
    "FeatureType",
    "Instances",
    "Interval",
    "ProcessingJob",
    "Request",
    "Spot",
    "TrainingJob",
    "TransformJob",
    "TuningJob",
    "spot_savings",
    "vpc_config",
]
