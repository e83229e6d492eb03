"""Endpoints as they are saved, and the fleet of processes behind them, which is not."""

import logging
import random
import threading
import time
from collections.abc import Callable, Mapping, Sequence
from typing import Any

from local.aws.services.sagemaker import context, events
from local.aws.services.sagemaker.records import now
from local.aws.services.sagemaker.server import ModelServer, ServerFailedError

log = logging.getLogger(__name__)

Build = Callable[[], list[ModelServer]]


class Endpoint:
    """An endpoint's description, replaced as a whole at each change."""

    def __init__(self, name: str, arn: str, region: str, config: str, tags: list[dict[str, str]]) -> None:
        self.name, self.arn, self.region, self.tags = name, arn, region, tags
        moment = now()
        self.description: dict[str, Any] = {
            "EndpointName": name,
            "EndpointArn": arn,
            "EndpointConfigName": config,
            "CreationTime": moment,
            "LastModifiedTime": moment,
        }

    @property
    def status(self) -> str:
        """`Creating`, `InService`, `Updating`, `Deleting` or `Failed`."""
        return str(self.description["EndpointStatus"])

    @property
    def response_object(self) -> dict[str, Any]:
        """What moto's search looks into."""
        return self.description

    def move(self, status: str, **changes: Any) -> None:
        """Goes to a status and announces it. A reason of None is removed, as is a deployment that is over."""
        changes = {"PendingDeploymentSummary": None, **changes}
        with context.current().aws.changing():
            description = self.description | changes | {"EndpointStatus": status, "LastModifiedTime": now()}
            self.description = {k: v for k, v in description.items() if v is not None}
        tags = {tag["Key"]: tag["Value"] for tag in self.tags}
        detail = self.description | {"EndpointStatus": events.upper_status(status), "Tags": tags}
        events.announce("Endpoint", detail, self.arn, self.region)


class Fleet:
    """The model servers of every endpoint, by ARN."""

    def __init__(self) -> None:
        self._lock = threading.Condition()
        self._servers: dict[str, list[ModelServer]] = {}
        self._starting: dict[str, list[ModelServer]] = {}
        self._generation: dict[str, int] = {}
        self._closed = False

    def deploy(
        self, endpoint: Endpoint, config: str, variants: Sequence[Mapping[str, Any]], build: Build
    ) -> None:
        """Starts servers in the background and puts them in place of the old ones when they answer."""
        with self._lock:
            generation = self._generation[endpoint.arn] = self._generation.get(endpoint.arn, 0) + 1
            # Known before the thread runs: a call that comes right after waits for it.
            self._starting[endpoint.arn] = []
        arguments = (endpoint, config, variants, build, generation)
        threading.Thread(
            target=self._deploy, args=arguments, name=f"endpoint {endpoint.name}", daemon=True
        ).start()

    def servers(self, arn: str, patience: float = 0.0) -> list[ModelServer]:
        """The servers that answer now; waits up to `patience` seconds for one that is on its way."""
        with self._lock:
            give_up = time.monotonic() + patience
            while not self._servers.get(arn) and arn in self._starting:
                if not self._lock.wait(give_up - time.monotonic()):
                    break
            return list(self._servers.get(arn, []))

    def every(self) -> list[ModelServer]:
        """Those that answer now, of all endpoints."""
        with self._lock:
            return [server for servers in self._servers.values() for server in servers]

    def close(self, arn: str) -> None:
        """Ends an endpoint's servers, those that are still starting too."""
        with self._lock:
            self._generation[arn] = self._generation.get(arn, 0) + 1
            servers = self._servers.pop(arn, []) + self._starting.pop(arn, [])
        _close_all(servers)

    def close_all(self) -> None:
        """Ends every server; endpoints keep their status, for the next start."""
        with self._lock:
            self._closed = True
            arns = [*self._servers, *self._starting]
        closing = [threading.Thread(target=self.close, args=(arn,)) for arn in arns]
        for thread in closing:
            thread.start()
        for thread in closing:
            thread.join(15)

    def _deploy(
        self,
        endpoint: Endpoint,
        config: str,
        variants: Sequence[Mapping[str, Any]],
        build: Build,
        generation: int,
    ) -> None:
        servers = build()
        with self._lock:
            if self._generation[endpoint.arn] == generation:
                self._starting[endpoint.arn] = servers
        failure = _start_all(servers)
        with self._lock:
            current = self._generation.get(endpoint.arn) == generation and not self._closed
            if current:
                self._starting.pop(endpoint.arn, None)
            replaced: list[ModelServer] = []
            if current and failure is None:
                replaced = self._servers.get(endpoint.arn, [])
                self._servers[endpoint.arn] = servers
            has_old = bool(self._servers.get(endpoint.arn))
            self._lock.notify_all()
        if not current or failure is not None:
            _close_all(servers)
        if current:
            _report(endpoint, config, variants, failure, has_old)
        _close_all(replaced)


def _report(
    endpoint: Endpoint, config: str, variants: Sequence[Mapping[str, Any]], failure: str | None, serves: bool
) -> None:
    if failure is None:
        live = [_variant_summary(variant) for variant in variants]
        if endpoint.status == "InService":
            return
        endpoint.move("InService", EndpointConfigName=config, ProductionVariants=live, FailureReason=None)
    else:
        # A failed update leaves the old configuration in service, as AWS's rollback does.
        endpoint.move("InService" if serves else "Failed", FailureReason=failure[:1024])


def _start_all(servers: Sequence[ModelServer]) -> str | None:
    """The reason of the first one that does not start; None if all serve."""
    for server in servers:
        try:
            server.start()
        except ServerFailedError as error:
            return str(error)
        except Exception as error:
            log.exception("The model server of %s could not be started", server.endpoint)
            return f"InternalServerError: {type(error).__name__}: {error}"
    return None


def _close_all(servers: Sequence[ModelServer]) -> None:
    for server in servers:
        server.close()


def choose(servers: Sequence[ModelServer], variant: str | None) -> ModelServer | None:
    """The named variant's server, or one at random by weight."""
    if variant:
        return next((server for server in servers if server.name == variant), None)
    weights = [server.weight for server in servers]
    if not servers or not any(weights):
        return None
    return random.choices(servers, weights)[0]  # noqa: S311


def _variant_summary(variant: Mapping[str, Any]) -> dict[str, Any]:
    """A production variant as DescribeEndpoint shows it."""
    summary: dict[str, Any] = {"VariantName": variant["VariantName"]}
    weight = variant.get("InitialVariantWeight", 1.0)
    summary |= {"CurrentWeight": weight, "DesiredWeight": weight}
    if count := variant.get("InitialInstanceCount"):
        summary |= {"CurrentInstanceCount": count, "DesiredInstanceCount": count}
    if serverless := variant.get("ServerlessConfig"):
        summary |= {"CurrentServerlessConfig": serverless}
    return summary
