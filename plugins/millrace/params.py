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


def managed_spot() -> dict[str, Param]:
    """Whether to train on spare capacity, and how long the whole may take.

    https://docs.aws.amazon.com/sagemaker/latest/dg/model-managed-spot-training.html
    """
    return {
        "spot": Param(
            False, type="boolean", description="Train on spare capacity: cheaper, may be interrupted."
        ),
        "max_wait_seconds": Param(
            7200,
            type="integer",
            minimum=60,
            maximum=2 * 432_000,
            description="With spot: longest time until the end, waiting for capacity included.",
        ),
    }


def fraction(default: float, description: str) -> Param:
    """A share, from 0 to 1."""
    return Param(default, type="number", minimum=0, maximum=1, description=description)


def xgboost(
    *, num_round: int, max_depth: int, eta: float, min_child_weight: float, subsample: float, seed: int = 42
) -> dict[str, Param]:
    """XGBoost's algorithm and hyperparameters, with XGBoost's own bounds.

    https://docs.aws.amazon.com/sagemaker/latest/dg/xgboost_hyperparameters.html
    """
    return {
        "algorithm": Param(
            "script", enum=["script", "built-in"], description="Our training script, or the image's own."
        ),
        "xgboost_version": Param(
            None,
            type=["null", "string"],
            pattern=r"^[0-9][\w.-]{0,40}$",
            description="Tag of the XGBoost image; empty for this environment's own.",
        ),
        "training_format": Param(
            "csv", enum=["csv", "parquet"], description="Which of the features' formats is read."
        ),
        "input_mode": Param(
            "File",
            enum=["File", "FastFile", "Pipe"],
            description="Copied before training starts, read when needed, or streamed through a pipe.",
        ),
        "continue_from": s3_uri(
            "An earlier model.tar.gz that training goes on from; empty to begin anew.", optional=True
        ),
        "num_round": Param(
            num_round, type="integer", minimum=1, maximum=10_000, description="Boosting rounds."
        ),
        "max_depth": Param(max_depth, type="integer", minimum=1, maximum=20, description="Depth of a tree."),
        "eta": Param(eta, type="number", exclusiveMinimum=0, maximum=1, description="Learning rate."),
        "min_child_weight": Param(
            min_child_weight, type="number", minimum=0, description="Least weight of a leaf."
        ),
        "subsample": Param(
            subsample, type="number", exclusiveMinimum=0, maximum=1, description="Share of rows per tree."
        ),
        "seed": Param(seed, type="integer", minimum=0, description="Of the split and of the training."),
    }
