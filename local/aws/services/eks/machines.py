"""What a node of an instance type has that pods take for themselves."""

from typing import Any

from include.sagemaker.gpus import GpuCountError
from include.sagemaker.gpus import gpus_of as known_gpus_of


def gpus_of(instance_type: str) -> int:
    """GPUs; 0 of a type that is not known."""
    found = _described(instance_type).get("GpuInfo")
    if found:
        return sum(int(each["Count"]) for each in found["Gpus"])
    try:
        return known_gpus_of(instance_type)  # Of former generations, which moto does not list.
    except GpuCountError:
        return 0


def adapters_of(instance_type: str) -> int:
    """Elastic Fabric Adapters."""
    network = _described(instance_type).get("NetworkInfo", {})
    return int(network.get("EfaInfo", {}).get("MaximumEfaInterfaces", 0))


def _described(instance_type: str) -> dict[str, Any]:
    # Here, since reading all types takes most of a second, and few servers have a cluster.
    from moto.ec2.models.instance_types import INSTANCE_TYPES  # noqa: PLC0415

    return dict(INSTANCE_TYPES.get(instance_type, {}))
