"""Params that many DAGs share, so that the same thing has the same field in every form."""

from airflow.sdk import Param

S3_URI = r"^s3://[a-z0-9][a-z0-9.-]{1,61}[a-z0-9](/.*)?$"
INSTANCE_TYPE = r"^ml\.[a-z0-9-]+\.[a-z0-9]+$"
MOST_INSTANCES = 20


def s3_uri(description: str, *, optional: bool = False) -> Param:
    """An S3 object or prefix; optional means that the form may leave it empty."""
    if optional:
        return Param(None, type=["null", "string"], pattern=S3_URI, description=description)
    return Param(type="string", pattern=S3_URI, description=description)


def instance_type(default: str, description: str) -> Param:
    """A SageMaker instance type. AWS knows which exist in a region and refuses the others."""
    return Param(default, type="string", pattern=INSTANCE_TYPE, description=description)


def instance_count(default: int = 1) -> Param:
    """How many instances a job runs on."""
    return Param(
        default,
        type="integer",
        minimum=1,
        maximum=MOST_INSTANCES,
        description="How many instances of this type.",
    )
