"""Params that many DAGs share, so that the same thing has the same field in every form."""

from collections.abc import Sequence

from airflow.sdk import Param

from include.sagemaker.tuning import MOST_PARENTS
from millrace.defaults import EXECUTION_TIMEOUT

S3_BUCKET = r"^s3://[a-z0-9][a-z0-9.-]{1,61}[a-z0-9]"
S3_URI = rf"{S3_BUCKET}(/.*)?$"
S3_OBJECT = rf"{S3_BUCKET}/.*[^/]$"
S3_ARCHIVE = rf"{S3_BUCKET}/.*\.tar\.gz$"
VOCABULARY_NAME = r"^[0-9a-zA-Z._-]{1,200}$"
TUNING_JOB_NAME = r"^[a-zA-Z0-9](-*[a-zA-Z0-9]){0,31}$"
INSTANCE_TYPE = r"^ml\.[a-z0-9-]+\.[a-z0-9]+$"
MOST_INSTANCES = 20
LONGEST_TASK = int(EXECUTION_TIMEOUT.total_seconds())


def s3_uri(description: str, *, optional: bool = False, pattern: str = S3_URI) -> Param:
    """An S3 object or prefix; optional means that the form may leave it empty."""
    if optional:
        return Param(None, type=["null", "string"], pattern=pattern, description=description)
    return Param(type="string", pattern=pattern, description=description)


def instance_type(default: str, description: str) -> Param:
    """A SageMaker instance type. AWS knows which exist in a region and refuses the others."""
    return Param(default, type="string", pattern=INSTANCE_TYPE, description=description)


def instance_count(description: str, default: int = 1) -> Param:
    """How many instances a job runs on."""
    return Param(default, type="integer", minimum=1, maximum=MOST_INSTANCES, description=description)


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
            maximum=LONGEST_TASK,
            description="With spot: longest time until the end, waiting for capacity included.",
        ),
    }


def count(default: int, least: int, most: int, description: str) -> Param:
    """A whole number between two bounds."""
    return Param(default, type="integer", minimum=least, maximum=most, description=description)


def counts(default: Sequence[int], least: int, most: int, description: str) -> Param:
    """Up to ten different whole numbers between two bounds, or none."""
    items = {"type": "integer", "minimum": least, "maximum": most}
    return Param(
        list(default), type="array", items=items, maxItems=10, uniqueItems=True, description=description
    )


def warm_start() -> Param:
    """Earlier tuning jobs, by their names.

    https://docs.aws.amazon.com/sagemaker/latest/dg/automatic-model-tuning-warm-start.html
    """
    return Param(
        [],
        type="array",
        items={"type": "string", "pattern": TUNING_JOB_NAME},
        maxItems=MOST_PARENTS,
        uniqueItems=True,
        description="Names of earlier tuning jobs that the search learns from, one a line.",
    )


def choice(options: Sequence[str | int], description: str) -> Param:
    """One of some values, the first of them unless another is chosen."""
    return Param(options[0], enum=list(options), description=description)


def optional_day(description: str) -> Param:
    """A day, which the form may leave empty."""
    return Param(None, type=["null", "string"], format="date", description=description)


def fraction(default: float, description: str) -> Param:
    """A share, from 0 to 1."""
    return Param(default, type="number", minimum=0, maximum=1, description=description)


def part(default: float, description: str) -> Param:
    """A share that is neither nothing nor all."""
    return Param(default, type="number", exclusiveMinimum=0, exclusiveMaximum=1, description=description)


def rate(default: float, description: str) -> Param:
    """More than nothing in a second."""
    return Param(default, type="number", exclusiveMinimum=0, description=description)


def sgd(learning_rate: float, description: str) -> dict[str, Param]:
    """Stochastic gradient descent with momentum.

    Args:
        learning_rate: its default.
        description: of the learning rate.
    """
    return {
        "learning_rate": Param(
            learning_rate, type="number", exclusiveMinimum=0, maximum=10, description=description
        ),
        "momentum": Param(0.9, type="number", minimum=0, exclusiveMaximum=1, description="Of SGD."),
    }


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
            "An earlier model.tar.gz that training goes on from; empty to begin anew.",
            optional=True,
            pattern=S3_ARCHIVE,
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
        "seed": Param(
            seed,
            type="integer",
            minimum=0,
            maximum=2**31 - 1,
            description="Of the split and of the training.",
        ),
    }


def language_code(languages: Sequence[str]) -> Param:
    """What is spoken, as Transcribe calls it."""
    return Param("en-US", enum=list(languages), description="What is spoken; the local AWS knows en-US only.")


def vocabulary(otherwise: str) -> Param:
    """A table of words in S3, or a vocabulary that Transcribe has, by its name."""
    return Param(
        None,
        type=["null", "string"],
        pattern=f"{S3_OBJECT}|{VOCABULARY_NAME}",
        description=f"A table of words in S3 (s3://...), or the name of a vocabulary; {otherwise}",
    )


def vocabulary_name(description: str) -> Param:
    """A vocabulary that Transcribe has, by its name; optional."""
    return Param(None, type=["null", "string"], pattern=VOCABULARY_NAME, description=description)


def human_review(*, minutes: int) -> dict[str, Param]:
    """Who is asked, for how long, and when their answers are enough."""
    return {
        "reviewers": Param(
            "work team",
            enum=["work team", "Airflow"],
            description="Whom to ask: a work team through A2I, or whoever fills in Airflow's forms.",
        ),
        "work_team_arn": Param(
            None,
            type=["null", "string"],
            pattern=r"^arn:aws[a-z-]*:sagemaker:[a-z0-9-]+:[0-9]{12}:workteam/.+$",
            description="Work team that is asked; empty for this environment's.",
        ),
        "review_minutes": Param(
            minutes,
            type="integer",
            minimum=1,
            maximum=LONGEST_TASK // 60 - 1,
            description="How long people have; what is open then is left unanswered.",
        ),
        "sufficient_answers": Param(
            1.0, type="number", minimum=0.01, maximum=1, description="Share of the tasks that is enough."
        ),
        "answers_per_task": Param(
            1, type="integer", minimum=1, maximum=3, description="How many people answer each task."
        ),
    }
