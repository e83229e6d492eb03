"""The ``SM_*`` variables that a training script reads, computed from `/opt/ml/input/config`.

Names and formats are those of the SageMaker training toolkit, so a script written for it runs here.
"""

import json
import os
import shutil
import subprocess
from pathlib import Path
from typing import Any

from . import hosts, paths

FOR_THE_CONTAINER = "sagemaker_"
RESERVED = (FOR_THE_CONTAINER, "_tuning_objective_metric")


def decode(values: dict[str, str]) -> dict[str, Any]:
    """Hyperparameters as Python values: the SDK writes each as JSON, other clients write plain text."""
    decoded: dict[str, Any] = {}
    for name, text in values.items():
        try:
            decoded[name] = json.loads(text)
        except ValueError:
            decoded[name] = text
    return decoded


def user_hyperparameters(values: dict[str, Any]) -> dict[str, Any]:
    """Without those that talk to the container itself."""
    return {name: value for name, value in values.items() if not name.startswith(RESERVED)}


def algorithm_hyperparameters(values: dict[str, str]) -> dict[str, str]:
    """What an image's own algorithm is given: it is also told by which metric it is tuned."""
    return {name: value for name, value in values.items() if not name.startswith(FOR_THE_CONTAINER)}


def arguments(values: dict[str, Any]) -> list[str]:
    """``--name value`` for each hyperparameter, in alphabetical order; one letter makes ``-n value``."""
    result = []
    for name in sorted(values):
        result.append(f"-{name}" if len(name) == 1 else f"--{name}")
        result.append(_text(values[name]))
    return result


def training_environment() -> dict[str, str]:
    """Every ``SM_*`` variable of a training job."""
    root = paths.base()
    hyperparameters = user_hyperparameters(decode(paths.read_config("hyperparameters")))
    channels = {name: str(root / "input" / "data" / name) for name in paths.read_config("inputdataconfig")}
    resources = paths.read_config("resourceconfig")
    output = root / "output"
    values: dict[str, Any] = {
        "SM_MODEL_DIR": root / "model",
        "SM_INPUT_DIR": root / "input",
        "SM_INPUT_CONFIG_DIR": root / "input" / "config",
        "SM_OUTPUT_DIR": output,
        "SM_OUTPUT_DATA_DIR": output / "data",
        "SM_OUTPUT_INTERMEDIATE_DIR": output / "intermediate",
        "SM_INPUT_DATA_CONFIG": paths.read_config("inputdataconfig"),
        "SM_CHANNELS": sorted(channels),
        "SM_HPS": hyperparameters,
        "SM_USER_ARGS": arguments(hyperparameters),
        "SM_LOG_LEVEL": 20,
        **_hosts(resources),
        **{f"SM_CHANNEL_{_variable(name)}": path for name, path in channels.items()},
        **{f"SM_HP_{_variable(name)}": value for name, value in hyperparameters.items()},
    }
    environment = {name: _text(value) for name, value in values.items()}
    environment["SM_TRAINING_ENV"] = json.dumps(environment, sort_keys=True)
    return environment


def _hosts(resources: dict[str, Any]) -> dict[str, Any]:
    names = sorted(resources.get("hosts", ["algo-1"]))
    return {
        "SM_HOSTS": names,
        "SM_CURRENT_HOST": resources.get("current_host", names[0]),
        "SM_MASTER_ADDR": hosts.given().get(names[0], names[0]),
        "SM_CURRENT_INSTANCE_TYPE": resources.get("current_instance_type", "local"),
        "SM_CURRENT_INSTANCE_GROUP": resources.get("current_group_name", "homogeneousCluster"),
        "SM_NETWORK_INTERFACE_NAME": resources.get("network_interface_name", "eth0"),
        "SM_RESOURCE_CONFIG": resources,
        "SM_NUM_CPUS": os.cpu_count() or 1,
        "SM_NUM_GPUS": gpu_count(),
        "SM_NUM_NEURONS": 0,
    }


def gpu_count() -> int:
    """GPUs that the driver lists; 0 without one."""
    program = shutil.which("nvidia-smi")
    if program is None:
        return 0
    listing = subprocess.run([program, "--list-gpus"], capture_output=True, text=True, check=False)
    return sum(line.startswith("GPU") for line in listing.stdout.splitlines())


def _variable(name: str) -> str:
    return name.upper().replace("-", "_")


def _text(value: Any) -> str:
    if isinstance(value, str | Path):
        return str(value)
    return json.dumps(value, sort_keys=True)
