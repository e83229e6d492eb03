"""Warm start: what a tuning job may learn from others, and which requests AWS refuses.

https://docs.aws.amazon.com/sagemaker/latest/dg/automatic-model-tuning-warm-start.html
"""

from collections.abc import Iterable, Iterator, Mapping, Sequence
from typing import Any

from local.aws.services.sagemaker.objective import RANGES, Objective
from local.aws.services.sagemaker.records import ENDED, TrainingJob, TuningJob
from local.aws.services.sagemaker.validation import ValidationError

MOST_CHANGES = 10
"""Of values of hyperparameters that are static now, against each parent."""
MAY_CHANGE = (
    "AlgorithmSpecification",
    "InputDataConfig",
    "OutputDataConfig",
    "StaticHyperParameters",
    "RoleArn",
    "ResourceConfig",
    "StoppingCondition",
    "VpcConfig",
    "EnableManagedSpotTraining",
    "CheckpointConfig",
)
"""Members of `TrainingJobDefinition` that may differ from the parents'."""

Request = Mapping[str, Any]


def parent_names(request: Request) -> list[str]:
    """The tuning jobs that a request names as its parents."""
    config = request.get("WarmStartConfig") or {}
    return [
        given["HyperParameterTuningJobName"] for given in config.get("ParentHyperParameterTuningJobs", [])
    ]


def is_identical(request: Request) -> bool:
    """Whether the results of the parents are comparable with its own, so that they have one best."""
    return bool((request.get("WarmStartConfig") or {}).get("WarmStartType") == "IdenticalDataAndAlgorithm")


def check(request: Request, parents: Iterable[TuningJob]) -> None:
    """Raises `ValidationError` for what may not differ between a tuning job and its parents."""
    names, found = parent_names(request), {parent.name: parent for parent in parents}
    if missing := [name for name in names if name not in found]:
        raise ValidationError(f"Parent hyperparameter tuning job {missing[0]} does not exist.")
    if names and request["HyperParameterTuningJobConfig"]["Strategy"] == "Grid":
        raise ValidationError("WarmStartConfig does not go with strategy Grid: use Bayesian or Random.")
    for parent in found.values():
        if parent.status not in ENDED:
            raise ValidationError(
                f"Parent hyperparameter tuning job {parent.name} is in status {parent.status}. All "
                "parent jobs must be Completed, Stopped or Failed before a warm start."
            )
        _check_objective(request, parent)
        _check_hyperparameters(request, parent)
        _check_definition(request, parent)


def inherited(
    request: Request, parent: TuningJob, jobs: Sequence[TrainingJob]
) -> Iterator[tuple[Mapping[str, str], float]]:
    """The hyperparameters and the results of a parent's training jobs from which something can be learned.

    What the parent tuned and is static now must have the value that it has now.
    """
    objective, static = Objective.of(parent.description), _static(request)
    fixed = {name: static[name] for name in objective.tuned if name in static}
    for job in jobs:
        value, given = objective.value(job), job.description["HyperParameters"]
        if value is not None and all(given.get(name) == text for name, text in fixed.items()):
            yield given, value


def _check_objective(request: Request, parent: TuningJob) -> None:
    field = "HyperParameterTuningJobObjective"
    ours = request["HyperParameterTuningJobConfig"][field]
    theirs = parent.description["HyperParameterTuningJobConfig"][field]
    if ours != theirs:
        raise ValidationError(
            "The objective metric is not the same across current and parent tuning jobs: it is "
            f"{ours['Type']} {ours['MetricName']}, that of {parent.name} is {theirs['Type']} "
            f"{theirs['MetricName']}."
        )


def _check_hyperparameters(request: Request, parent: TuningJob) -> None:
    ours, theirs = _ranges(request), _ranges(parent.description)
    static, before = _static(request), _static(parent.description)
    if ours.keys() | static.keys() != theirs.keys() | before.keys():
        raise ValidationError(
            "The set of tunable plus static HyperParameter names is not the same across current and parent "
            "tuning jobs. Please ensure this set is constant when warm starting. Note that previously static "
            "HyperParameters can be tuned in warm start jobs and vice versa."
        )
    for name in ours.keys() & theirs.keys():
        if ours[name][0] != theirs[name][0]:
            raise ValidationError(
                f"The type of hyperparameter {name} is not the same across current and parent tuning jobs: "
                f"it is in {ours[name][0]}, in {parent.name} it was in {theirs[name][0]}."
            )
    changes = _changes(static, theirs, before)
    if changes > MOST_CHANGES:
        raise ValidationError(
            f"{changes} values of static hyperparameters differ from those of parent tuning job "
            f"{parent.name}: at most {MOST_CHANGES} may."
        )


def _changes(static: Mapping[str, str], tuned: Mapping[str, Any], before: Mapping[str, str]) -> int:
    """As AWS counts them: each value of a categorical range, and both the old value and the new one."""
    from_tuned = sum(max(1, len(tuned[name][1])) for name in static.keys() & tuned.keys())
    return from_tuned + 2 * sum(static[name] != before[name] for name in static.keys() & before.keys())


def _check_definition(request: Request, parent: TuningJob) -> None:
    ours, theirs = request["TrainingJobDefinition"], parent.description["TrainingJobDefinition"]
    for name in ours.keys() | theirs.keys():
        if name not in MAY_CHANGE and ours.get(name) != theirs.get(name):
            allowed = ", ".join(name[0].lower() + name[1:] for name in MAY_CHANGE)
            raise ValidationError(
                f"Only the following fields in TrainingJobDefinition are allowed to change: [{allowed}]. "
                f"{name} differs from that of {parent.name}."
            )
    if is_identical(request) and _data_and_image(ours) != _data_and_image(theirs):
        raise ValidationError(
            "WarmStartType IdenticalDataAndAlgorithm needs the InputDataConfig and the TrainingImage of "
            f"parent tuning job {parent.name}: give them, or use TransferLearning."
        )


def _data_and_image(definition: Mapping[str, Any]) -> tuple[Any, str]:
    """Without the image's version, which may be another as long as it trains alike."""
    image = str(definition["AlgorithmSpecification"].get("TrainingImage"))
    registry, _, name = image.rpartition("/")
    return definition.get("InputDataConfig") or [], f"{registry}/{name.partition('@')[0].partition(':')[0]}"


def _ranges(request: Request) -> dict[str, tuple[str, Sequence[str]]]:
    """The kind of range of each tuned hyperparameter, and its values, if they are listed."""
    given = request["HyperParameterTuningJobConfig"]["ParameterRanges"]
    return {
        entry["Name"]: (kind, entry.get("Values", ())) for kind in RANGES for entry in given.get(kind) or []
    }


def _static(request: Request) -> Mapping[str, str]:
    return request["TrainingJobDefinition"].get("StaticHyperParameters") or {}
