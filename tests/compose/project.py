"""docker-compose.yaml as one Compose project, with passwords and ports of its own."""

import json
import shutil
import socket
import subprocess
import time
from pathlib import Path
from typing import Any

from local.compose import environment
from tests.compose.engine import Engine, output

ROOT = Path(__file__).parents[2]
FILES = ["docker-compose.yaml"]
HEALTHY_SECONDS = 600
TAG = "compose-test"

Inspected = dict[str, Any]


class Project:
    """What `docker compose` does with the file in one engine.

    ``settings`` is the .env file, which this writes.
    """

    def __init__(self, engine: Engine, home: Path, name: str) -> None:
        self.engine = engine
        self.name = name
        self.airflow_port, self.aws_port = _free_port(), _free_port()
        self.settings = home / "settings.env"
        self.settings.unlink(missing_ok=True)
        ports = ["--airflow-port", str(self.airflow_port), "--aws-port", str(self.aws_port)]
        environment.main([*ports, "--file", str(self.settings)])
        self._compose = _compose_command(engine)
        # A build in our own engine takes the host's network: that of its containers may lead nowhere.
        self._files = [*FILES, "tests/compose/build-network.yaml"] if engine.is_ours else FILES

    def compose(self, *arguments: str, settings: Path | None = None) -> str:
        """The output of a Compose command."""
        files = [word for file in self._files for word in ("--file", file)]
        chosen = ["--env-file", str(settings or self.settings), "--project-name", self.name]
        variables = self.engine.environment | {"MILLRACE_AIRFLOW_TAG": TAG}
        return output([*self._compose, *files, *chosen, *arguments], variables, cwd=ROOT)

    def password(self) -> str:
        """Airflow's."""
        lines = dict(line.split("=", 1) for line in self.settings.read_text().splitlines() if "=" in line)
        return lines["AIRFLOW_ADMIN_PASSWORD"]

    def containers(self) -> dict[str, Inspected]:
        """Every container of the project by its service, ended ones too."""
        ids = self.engine.docker(
            "ps", "--all", "--quiet", "--filter", f"label=com.docker.compose.project={self.name}"
        ).split()
        found = json.loads(self.engine.docker("inspect", *ids)) if ids else []
        return {each["Config"]["Labels"]["com.docker.compose.service"]: each for each in found}

    def wait(self, services: set[str]) -> None:
        """Until each is healthy, or, if it ends by itself, has ended well.

        Raises:
            RuntimeError: one failed or took too long.
        """
        deadline = time.monotonic() + HEALTHY_SECONDS
        while waiting := {name: state for name in services if (state := self._state(name)) != "ready"}:
            if time.monotonic() > deadline or any(state.startswith("failed") for state in waiting.values()):
                raise RuntimeError(f"Not healthy: {waiting}")
            time.sleep(2)

    def _state(self, service: str) -> str:
        container = self.containers().get(service)
        if container is None:
            return "not made"
        state = container["State"]
        if "Health" in state:
            return "ready" if state["Health"]["Status"] == "healthy" else str(state["Health"]["Status"])
        if state["Status"] == "exited":
            return "ready" if state["ExitCode"] == 0 else f"failed with {state['ExitCode']}"
        return str(state["Status"])


def _compose_command(engine: Engine) -> list[str]:
    plugin = ["docker", "compose"]
    asked = subprocess.run([*plugin, "version"], env=engine.environment, capture_output=True, check=False)
    if asked.returncode == 0:
        return plugin
    if shutil.which("docker-compose"):
        return ["docker-compose"]
    raise RuntimeError("There is neither `docker compose` nor `docker-compose`.")


def _free_port() -> int:
    with socket.socket() as listener:
        listener.bind(("127.0.0.1", 0))
        return int(listener.getsockname()[1])
