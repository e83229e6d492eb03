"""What the page of a job shows of its description."""

import json
import shlex
from collections.abc import Iterable, Mapping
from datetime import UTC, datetime
from typing import Any, NamedTuple
from urllib.parse import quote

import jmespath
from moto.sagemaker.models import sagemaker_backends

from local.aws.jobs import ENDPOINT, TRAINING, TUNING, Job, every
from local.aws.pages.frame import JOBS, second
from local.aws.pages.objects import address
from local.aws.runtime.transfer import S3Uri

GOOD = {
    *("Completed", "Created", "InService", "Successful", "Succeeded"),
    *("COMPLETED", "SUCCEEDED", "READY", "FINISHED"),
}
BAD = {"Failed", "FAILED", "OutOfService", "UpdateRollbackFailed", "CreateFailed", "DeleteFailed"}
STOPPED = {"Stopped", "CANCELLED", "ABORTED", "Suspended"}
COUNTERS = {"TrainingJobStatusCounters": "Training jobs", "ObjectiveStatusCounters": "Objective"}
"""Members of a tuning job's description that count, and what they count."""


class Place(NamedTuple):
    """An input or output: its name, its S3 URI with the page of it, and its path in the container."""

    name: str
    uri: str
    address: str
    path: str


class Trial(NamedTuple):
    """A training job of a tuning job: what it tried and what came of it."""

    job: Job
    parameters: str
    metric: str
    is_best: bool


def page_of(job: Job) -> str:
    """The address of a job's page."""
    return f"{JOBS}{job.kind.segment}/{quote(job.name, safe='')}"


def colour(status: str) -> str:
    """The style of a status: ``good``, ``bad``, ``stopped`` or ``running``."""
    if status in GOOD:
        return "good"
    if status in BAD:
        return "bad"
    return "stopped" if status in STOPPED else "running"


def is_running(job: Job) -> bool:
    """Whether its status will change by itself."""
    return colour(job.status) == "running"


def times(job: Job) -> list[tuple[str, str]]:
    """When it was created, started and ended, in UTC."""
    fields = zip(("Created", "Started", "Ended"), job.kind.moments, strict=True)
    return [(label, second(job.description[field])) for label, field in fields if job.description.get(field)]


def seconds(job: Job) -> float | None:
    """How long it ran, or has been running; None for an endpoint and for what never started."""
    if job.kind is ENDPOINT:
        return None
    created, started, ended = job.kind.moments
    start = job.description.get(started) or (job.description.get(created) if job.kind is TUNING else None)
    end = datetime.now(UTC) if is_running(job) else job.description.get(ended)
    return (end - start).total_seconds() if start and end else None


def instances(job: Job) -> str:
    """Type and count of its machines."""
    if job.kind is ENDPOINT:
        pairs = [(v.get("InstanceType"), v.get("InitialInstanceCount")) for v in _variants(job)]
        return ", ".join(_machines(*pair) for pair in pairs)
    found = jmespath.search(job.kind.instances, job.description) or []
    return _machines(*found) if found else ""


def _machines(type_: Any, count: Any) -> str:
    return f"{count or 1} x {type_}" if type_ else "serverless"


def inputs(job: Job) -> list[Place]:
    """What it reads; an endpoint reads the data of its models."""
    if job.kind is ENDPOINT:
        return _places([variant.get("ModelName"), _model_data(job, variant)] for variant in _variants(job))
    return _places(jmespath.search(job.kind.inputs, job.description) or [])


def outputs(job: Job) -> list[Place]:
    """What it writes."""
    return _places(jmespath.search(job.kind.outputs, job.description) or [])


def _places(found: Iterable[list[Any]]) -> list[Place]:
    return [
        Place(str(name or ""), str(uri), page_of_uri(str(uri)), str(path[0] or "") if path else "")
        for name, uri, *path in found
        if uri
    ]


def page_of_uri(uri: str) -> str:
    """The address of the page of an S3 URI; empty for what is none."""
    try:
        parsed = S3Uri.parse(uri)
    except ValueError:
        return ""
    return address(parsed.bucket, parsed.key)


def command(job: Job) -> str:
    """The program and its arguments, as one would type them."""
    words = jmespath.search(
        "((AppSpecification || AlgorithmSpecification).[ContainerEntrypoint, ContainerArguments]"
        " || jobDriver.sparkSubmitJobDriver.[['spark-submit', entryPoint],"
        " entryPointArguments])[] | [?@]",
        job.description,
    )
    return shlex.join(map(str, words or []))


def parameters(job: Job) -> list[tuple[str, str]]:
    """Hyperparameters; of a tuning job also the ranges that it searches."""
    definition = job.description.get("TrainingJobDefinition") or {}
    fixed = job.description.get("HyperParameters") or definition.get("StaticHyperParameters") or {}
    return [*((name, str(value)) for name, value in fixed.items()), *_ranges(job).items()]


def environment(job: Job) -> list[tuple[str, str]]:
    """Variables that the request gave to the container."""
    return [(name, str(value)) for name, value in (job.description.get("Environment") or {}).items()]


def _ranges(job: Job) -> dict[str, str]:
    ranges = jmespath.search("HyperParameterTuningJobConfig.ParameterRanges", job.description) or {}
    return {
        str(item.get("Name")): ", ".join(map(str, item["Values"]))
        if "Values" in item
        else f"{item.get('MinValue')} to {item.get('MaxValue')}"
        for items in ranges.values()
        if isinstance(items, list)
        for item in items
    }


def metrics(job: Job) -> list[tuple[str, Any]]:
    """The last value of each metric; of a tuning job how its training jobs fare."""
    found = [
        (item.get("MetricName"), item.get("Value"))
        for item in job.description.get("FinalMetricDataList") or []
    ]
    for field, label in COUNTERS.items():
        counters = job.description.get(field) or {}
        found += [(f"{label}: {name}", count) for name, count in counters.items() if count]
    return found


def trials(account: str, job: Job) -> list[Trial]:
    """The training jobs that a tuning job started, oldest first."""
    if job.kind is not TUNING:
        return []
    arn = job.description.get(f"{TUNING.stem}Arn")
    best = jmespath.search("BestTrainingJob.TrainingJobName", job.description)
    names = _ranges(job)
    started = [j for j in every(account) if j.kind is TRAINING and j.description.get("TuningJobArn") == arn]
    return [_trial(j, names, best) for j in sorted(started, key=created)]


def _trial(job: Job, names: Iterable[str], best: str | None) -> Trial:
    values = job.description.get("HyperParameters") or {}
    tried = ", ".join(f"{name}={values[name]}" for name in names if name in values)
    return Trial(job, tried, ", ".join(f"{name} {value}" for name, value in metrics(job)), job.name == best)


def created(job: Job) -> datetime:
    """When the request came."""
    moment: datetime = job.description[job.kind.moments[0]]
    return moment


def tuning_page(job: Job) -> str | None:
    """The page of the tuning job that started this training job."""
    arn = str(job.description.get("TuningJobArn") or "")
    name = arn.rpartition("/")[2]
    return f"{JOBS}{TUNING.segment}/{quote(name, safe='')}" if name else None


def as_json(description: Mapping[str, Any]) -> str:
    """A description with its times as text."""
    return json.dumps(description, indent=2, ensure_ascii=False, default=_text)


def _text(value: Any) -> str:
    return value.isoformat() if isinstance(value, datetime) else str(value)


def _variants(job: Job) -> list[dict[str, Any]]:
    """The production variants of an endpoint's configuration."""
    configs = sagemaker_backends[_account(job)][job.region].endpoint_configs
    config: Any = configs.get(str(job.description.get("EndpointConfigName")))
    return list(config.description.get("ProductionVariants", [])) if hasattr(config, "description") else []


def _model_data(job: Job, variant: Mapping[str, Any]) -> str | None:
    models = sagemaker_backends[_account(job)][job.region]._models  # noqa: SLF001  # moto has no other way
    model: Any = models.get(str(variant.get("ModelName")))
    found = jmespath.search(
        "(PrimaryContainer || Containers[0]) | (ModelDataUrl || ModelDataSource.S3DataSource.S3Uri)",
        getattr(model, "description", None) or {},
    )
    return str(found) if found else None


def _account(job: Job) -> str:
    return str(job.description[f"{job.kind.stem}Arn"]).split(":")[4]
