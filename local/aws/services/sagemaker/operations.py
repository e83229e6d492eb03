"""The operations of SageMaker that this service answers in moto's place."""

import threading
from typing import Any

from local.aws.operations import Operations
from local.aws.services.sagemaker import feature_groups, human_review
from local.aws.services.sagemaker.backend import LocalSageMaker

changes = threading.RLock()
"""Held by whatever changes a resource, a timer of the autoscaling too."""

OPERATIONS: Operations[LocalSageMaker] = {
    "create_training_job": lambda b, p: b.start_training_job(p),
    "describe_training_job": lambda b, p: b.training_job(p["TrainingJobName"]).description,
    "stop_training_job": lambda b, p: b.stop_job(b.training_job(p["TrainingJobName"])),
    "list_training_jobs": lambda b, p: b.list_jobs(_jobs(b.training_jobs), p, "TrainingJobSummaries"),
    "create_processing_job": lambda b, p: b.start_processing_job(p),
    "describe_processing_job": lambda b, p: b.processing_job(p["ProcessingJobName"]).description,
    "stop_processing_job": lambda b, p: b.stop_job(b.processing_job(p["ProcessingJobName"])),
    "list_processing_jobs": lambda b, p: b.list_jobs(_jobs(b.processing_jobs), p, "ProcessingJobSummaries"),
    "create_hyper_parameter_tuning_job": lambda b, p: b.start_tuning_job(p),
    "describe_hyper_parameter_tuning_job": lambda b, p: (
        b.tuning_job(p["HyperParameterTuningJobName"]).description
    ),
    "stop_hyper_parameter_tuning_job": lambda b, p: b.stop_job(
        b.tuning_job(p["HyperParameterTuningJobName"])
    ),
    "list_hyper_parameter_tuning_jobs": lambda b, p: b.list_jobs(
        _jobs(b.hyper_parameter_tuning_jobs), {"SortBy": "Name", **p}, "HyperParameterTuningJobSummaries"
    ),
    "list_training_jobs_for_hyper_parameter_tuning_job": lambda b, p: b.list_training_jobs_of(
        p["HyperParameterTuningJobName"], p
    ),
    "create_transform_job": lambda b, p: b.start_transform_job(p),
    "describe_transform_job": lambda b, p: b.transform_job(p["TransformJobName"]).description,
    "stop_transform_job": lambda b, p: b.stop_job(b.transform_job(p["TransformJobName"])),
    "list_transform_jobs": lambda b, p: b.list_jobs(
        _jobs(b.transform_jobs), p, "TransformJobSummaries", order="Descending"
    ),
    "create_model": lambda b, p: b.new_model(p),
    "describe_model": lambda b, p: b.model(p["ModelName"]),
    "list_models": lambda b, p: b.list_described(b.models, p, "Model", "Models"),
    "create_endpoint_config": lambda b, p: b.new_endpoint_config(p),
    "describe_endpoint_config": lambda b, p: b.endpoint_config(p["EndpointConfigName"]),
    "list_endpoint_configs": lambda b, p: b.list_described(
        b.endpoint_configs, p, "EndpointConfig", "EndpointConfigs"
    ),
    "create_endpoint": lambda b, p: b.start_endpoint(p),
    "update_endpoint": lambda b, p: b.change_endpoint(p),
    "update_endpoint_weights_and_capacities": lambda b, p: b.change_capacities(p),
    "describe_endpoint": lambda b, p: b.endpoint(p["EndpointName"]).description,
    "delete_endpoint": lambda b, p: b.remove_endpoint(p["EndpointName"]),
    "list_endpoints": lambda b, p: b.list_described(b.endpoints, p, "Endpoint", "Endpoints"),
    "create_model_package_group": lambda b, p: b.new_model_package_group(p),
    "delete_model_package_group": lambda b, p: b.remove_model_package_group(p["ModelPackageGroupName"]),
    "create_model_package": lambda b, p: b.new_model_package(p),
    "update_model_package": lambda b, p: b.change_model_package(p),
    "describe_model_package": lambda b, p: b.describe_package(p["ModelPackageName"]),
    "delete_model_package": lambda b, p: b.remove_model_package(p["ModelPackageName"]),
    "list_model_packages": lambda b, p: b.list_packages(p),
    **human_review.OPERATIONS,
    **feature_groups.OPERATIONS,
}


def _jobs(jobs: dict[str, Any]) -> list[Any]:
    return list(jobs.values())
