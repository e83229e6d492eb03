"""What jobs run on, and in which network."""

from dataclasses import dataclass
from typing import Any

from include.run import Run

Request = dict[str, Any]


@dataclass(frozen=True)
class Instances:
    """What a job runs on."""

    type: str
    count: int = 1
    volume_gb: int = 30


def vpc_config(run: Run) -> Request:
    """Subnets and security groups of the settings, or nothing where there are none."""
    if not run.settings.subnets:
        return {}
    return {"Subnets": list(run.settings.subnets), "SecurityGroupIds": list(run.settings.security_groups)}
