"""One process that serves one model over HTTP."""

import http.client
import logging
import shutil
import socket
import subprocess
import tarfile
import threading
import time
from collections import deque
from collections.abc import Mapping
from dataclasses import dataclass
from http import HTTPStatus
from pathlib import Path
from typing import Any

from local.aws.runtime.container import Container, ContainerSpec
from local.aws.runtime.images import ImageBuildFailed, UnknownImageError
from local.aws.runtime.logs import LogStream
from local.aws.runtime.transfer import NothingToDownloadError, S3Uri, unpack
from local.aws.services.sagemaker.context import Context, current

log = logging.getLogger(__name__)

HOST = "127.0.0.1"
PING_SECONDS = 5.0
INVOKE_SECONDS = 60.0
DEFAULT_STARTUP_SECONDS = 120.0
GRACE_SECONDS = 5.0


class ServerFailedError(Exception):
    """The model does not serve; the message is the endpoint's `FailureReason`."""


class ModelTimeoutError(Exception):
    """The model did not answer within the minute that it has."""


@dataclass(frozen=True)
class ModelAnswer:
    """An answer of ``/invocations``."""

    status: int
    headers: Mapping[str, str]
    body: bytes


class ModelContainer:
    """One process that serves a model. `start` returns when ``/ping`` answers 200.

    Args:
        owner: what it serves, for messages: ``endpoint abalone``.
        model: ``Image``, ``ModelDataUrl`` and ``Environment``.
        region: of the model's data.
        context: in whose name it acts.
        root: its folder, removed at the end.
        stream: takes its lines and is closed with it.
        startup_seconds: how long it may take until ``/ping`` answers.
    """

    def __init__(
        self,
        owner: str,
        model: Mapping[str, Any],
        region: str,
        *,
        context: Context,
        root: Path,
        stream: LogStream,
        startup_seconds: float = DEFAULT_STARTUP_SECONDS,
    ) -> None:
        self.owner, self.model, self.region = owner, model, region
        self.context, self.root, self.stream = context, root, stream
        self._startup_seconds = startup_seconds
        self._container: Container | None = None
        self._port = 0
        self._lock = threading.Lock()
        self._closed = False
        self._last_lines: deque[str] = deque(maxlen=20)

    def start(self) -> None:
        """Raises `ServerFailedError`, with the process gone."""
        try:
            self._prepare()
            with self._lock:
                self._launch()
        except ServerFailedError:
            self.close()
            raise
        except (NothingToDownloadError, tarfile.TarError, EOFError, ValueError) as error:
            self.close()
            raise ServerFailedError(f"Failed to download model data for container: {error}") from error
        except (UnknownImageError, ImageBuildFailed) as error:
            self.close()
            raise ServerFailedError(str(error)) from error

    @property
    def pid(self) -> int | None:
        """Of the process that started all others of the container; None where none runs."""
        container = self._container
        return container.pid if container is not None and container.running else None

    def close(self) -> None:
        """Ends the process: SIGTERM, and SIGKILL after a few seconds."""
        self._closed = True
        if self._container is not None:
            self._container.stop()
            try:
                self._container.wait(GRACE_SECONDS + 5)
            except subprocess.TimeoutExpired:
                self._container.kill()
        self.stream.close()
        shutil.rmtree(self.root, ignore_errors=True)

    def invoke(self, headers: Mapping[str, str], body: bytes, timeout: float = INVOKE_SECONDS) -> ModelAnswer:
        """Hands a request on. A process that has died is started again first.

        Raises:
            ServerFailedError: it does not come back.
            ModelTimeoutError: no answer in `timeout` seconds.
        """
        with self._lock:
            if self._container is None or not self._container.running:
                if self._closed:
                    raise ServerFailedError(f"The {self.owner} is being ended.")
                log.warning("The model server of %s had ended and is started again.", self.owner)
                self._launch()
        connection = http.client.HTTPConnection(HOST, self._port, timeout=timeout)
        try:
            connection.request("POST", "/invocations", body=body, headers=dict(headers))
            answer = connection.getresponse()
            return ModelAnswer(answer.status, dict(answer.getheaders()), answer.read())
        except TimeoutError as error:
            raise ModelTimeoutError from error
        except (OSError, http.client.HTTPException) as error:
            raise ServerFailedError(
                f"The model server of {self.owner} closed the connection: {error}"
            ) from error
        finally:
            connection.close()

    def _prepare(self) -> None:
        self._image = self.context.images.resolve(self.model["Image"])
        self._venv = self.context.images.ensure(self._image, self.stream.write)
        folder = self.root / "opt" / "ml" / "model"
        folder.mkdir(parents=True, exist_ok=True)
        if location := self.model.get("ModelDataUrl"):
            unpack(self.context.s3(self.region), S3Uri.parse(location), folder)

    def _launch(self) -> None:
        program = self._image.program("serve")
        if program is None:
            raise ServerFailedError(
                f"Image {self._image.name} has no serve program: it cannot serve a model."
            )
        self._port = _free_port()
        environment = self.context.container_environment(self.region)
        environment |= {str(k): str(v) for k, v in (self.model.get("Environment") or {}).items()}
        environment |= {"SAGEMAKER_BIND_TO_PORT": str(self._port), "SAGEMAKER_BIND_TO_HOST": HOST}
        command = ["python", str(program)]
        spec = ContainerSpec(self._image, self._venv, self.root, command, environment)
        self._container = Container(spec, self._take, grace=GRACE_SECONDS)
        self._wait_for_ping(self._container)

    def _wait_for_ping(self, container: Container) -> None:
        deadline = time.monotonic() + self._startup_seconds
        while time.monotonic() < deadline and container.running and not self._closed:
            if self._ping():
                return
            time.sleep(0.05)
        container.kill()
        container.wait()
        last = f" Its last line: {self._last_lines[-1][:500]}" if self._last_lines else ""
        raise ServerFailedError(f"{self.unhealthy}{last}")

    @property
    def unhealthy(self) -> str:
        """What is said of a process whose ``/ping`` never answered 200."""
        return f"The container of the {self.owner} did not pass the ping health check."

    def _ping(self) -> bool:
        connection = http.client.HTTPConnection(HOST, self._port, timeout=PING_SECONDS)
        try:
            connection.request("GET", "/ping")
            return connection.getresponse().status == HTTPStatus.OK
        except (OSError, http.client.HTTPException):
            return False
        finally:
            connection.close()

    def _take(self, line: str) -> None:
        self.stream.write(line)
        if line.strip():
            self._last_lines.append(line.strip())


class ModelServer(ModelContainer):
    """The container of one production variant.

    Args:
        endpoint: name, for logs and the folder.
        variant: the production variant as the endpoint configuration has it.
        container: ``Image``, ``ModelDataUrl`` and ``Environment`` of the model.
        region: of the endpoint.
        arn: of the endpoint, in whose name the container acts.
    """

    def __init__(
        self, endpoint: str, variant: Mapping[str, Any], container: Mapping[str, Any], region: str, arn: str
    ) -> None:
        acting = current().acting_for(arn)
        self.endpoint, self.name = endpoint, str(variant["VariantName"])
        self.weight = float(variant.get("InitialVariantWeight", 1.0))
        instance = f"i-{time.time_ns():x}"
        group = f"/aws/sagemaker/Endpoints/{endpoint}"
        timeout = variant.get("ContainerStartupHealthCheckTimeoutInSeconds", DEFAULT_STARTUP_SECONDS)
        super().__init__(
            f"endpoint {endpoint}",
            container,
            region,
            context=acting,
            root=acting.job_root("endpoints", endpoint) / f"{self.name}-{instance}",
            stream=LogStream(acting.logs(region), group, f"{self.name}/{instance}"),
            startup_seconds=float(timeout),
        )

    @property
    def unhealthy(self) -> str:
        """As DescribeEndpoint words it."""
        return (
            f"The primary container for production variant {self.name} did not pass the ping health check. "
            "Please check CloudWatch logs for this endpoint."
        )


def _free_port() -> int:
    with socket.socket() as probe:
        probe.bind((HOST, 0))
        port: int = probe.getsockname()[1]
        return port
