"""GPUs and Elastic Fabric Adapters of instance types, and what an hour of them costs: `gpus.json`.

A type is one of SageMaker's with ``ml.`` before its name, and one of EC2's without. EC2's prices are those
that aws/karpenter-provider-aws has generated from AWS's price list.
"""

import json
from dataclasses import dataclass
from functools import cache
from pathlib import Path
from typing import Any

from include.sagemaker.instances import Instances

TYPES = Path(__file__).with_name("gpus.json")
SAGEMAKER = "ml."


class GpuCountError(ValueError):
    """Instances that do not have the GPUs that a job asks for. The message says what would do."""


@dataclass(frozen=True)
class Cost:
    """What a plan expects a job to take.

    Attributes:
        hours: of wall-clock time.
        usd: of all instances together; None where the price of the type is not known.
        as_of: when the price was looked up, as ``2024-12``.
        price_of: what it is the price of.
    """

    hours: float
    usd: float | None
    as_of: str
    price_of: str


def gpus_of(instance_type: str) -> int:
    """GPUs of an instance; 0 of a type that has none, on which ranks are processes of its cores.

    Raises:
        GpuCountError: the type is one for inference, or of a family with GPUs and not known here.
    """
    known = _found(instance_type)
    if "inferentia" in known:
        raise GpuCountError(
            f"{instance_type} has Inferentia chips, which train nothing: take one of "
            f"{', '.join(_training_types(instance_type))}"
        )
    return int(known.get("gpus", 0))


def adapters_of(instance_type: str) -> int:
    """Elastic Fabric Adapters of an instance with GPUs; 0 of a type that has none.

    Raises:
        GpuCountError: the type is of a family with GPUs and not known here.
    """
    return int(_found(instance_type).get("efa", 0))


def check_ranks(instances: Instances, ranks: int) -> None:
    """One process for each GPU, as many on each instance.

    Raises:
        GpuCountError: the instances have another number of GPUs, or cannot share the ranks evenly.
    """
    if ranks < 1:
        raise GpuCountError(f"ranks is {ranks}: give at least 1")
    gpus = gpus_of(instances.type)
    if gpus and ranks != gpus * instances.count:
        raise GpuCountError(
            f"ranks is {ranks}, and {instances.count} x {instances.type} have "
            f"{gpus * instances.count} GPUs: {_remedy(instances.type, gpus, ranks)}"
        )
    if ranks % instances.count:
        raise GpuCountError(
            f"ranks is {ranks}, which {instances.count} x {instances.type} cannot share evenly: give a "
            f"multiple of {instances.count}"
        )


def expected_cost(instances: Instances, hours: float) -> Cost:
    """What so many hours cost, by the price of one instance that is known here."""
    service = "sagemaker" if instances.type.startswith(SAGEMAKER) else "ec2"
    prices = _known()["prices"][service]
    hourly = _types(instances.type).get(instances.type, {}).get("usd_per_hour", {}).get(service)
    usd = None if hourly is None else round(hourly * instances.count * hours, 2)
    return Cost(hours, usd, prices["as_of"], prices["of"])


def _remedy(instance_type: str, gpus: int, ranks: int) -> str:
    if ranks % gpus == 0:
        return f"give {ranks // gpus} instances, or ranks for each GPU"
    fitting = [name for name in _training_types(instance_type) if gpus_of(name) == ranks]
    one = f", or one of {', '.join(fitting)}" if fitting else ""
    return f"give a multiple of {gpus} for {instance_type}{one}"


def _found(instance_type: str) -> dict[str, Any]:
    """What is known of a type; nothing of one without GPUs."""
    known = _types(instance_type).get(instance_type)
    if known is None and instance_type.removeprefix(SAGEMAKER).startswith(("p", "g", "trn")):
        raise GpuCountError(
            f"how many GPUs a {instance_type} has is not known: add it to include/sagemaker/gpus.json, "
            f"or take one of {', '.join(_training_types(instance_type))}"
        )
    return known or {}


def _training_types(like: str) -> list[str]:
    return [name for name, each in _types(like).items() if "gpus" in each]


def _types(like: str) -> dict[str, dict[str, Any]]:
    """Those of the service whose type this is, by the names that they have there."""
    known = _known()["instance_types"]
    if not like.startswith(SAGEMAKER):
        return dict(known)
    return {f"{SAGEMAKER}{name}": each for name, each in known.items() if "ec2_only" not in each}


@cache
def _known() -> dict[str, Any]:
    return dict(json.loads(TYPES.read_text()))
