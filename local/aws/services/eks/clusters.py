"""The clusters that run, and the addresses of their APIs."""

import os
import re
import shutil
import threading
from collections.abc import Iterable
from pathlib import Path
from typing import TYPE_CHECKING, Any

from local.aws.clients import Clients
from local.aws.current import Current
from local.aws.kubernetes.api import document
from local.aws.kubernetes.cluster import Cluster
from local.aws.kubernetes.kept import KeptObjects
from local.aws.kubernetes.pods import Machine
from local.aws.kubernetes.statuses import NotFoundError, StatusError, UnauthorizedError
from local.aws.kubernetes.store import Store
from local.aws.kubernetes.tokens import check_token
from local.aws.runtime.addresses import Addresses
from local.aws.runtime.images import ImageStore

if TYPE_CHECKING:
    from local.aws.server import LocalAws

ADDRESS = re.compile(r"/_millrace/kubernetes/([^/]+)/([^/]+)(/.*)?")


class Clusters:
    """Those of this server, by region and name."""

    def __init__(self, aws: "LocalAws") -> None:
        self._aws = aws
        self._lock = threading.Lock()
        self._running: dict[tuple[str, str], tuple[Cluster, KeptObjects]] = {}
        self._addresses = Addresses()

    def start(self, region: str, name: str) -> str:
        """Runs a cluster with what it had; the endpoint of its API."""
        home = self._home(region, name)
        sources = os.environ.get("MILLRACE_IMAGE_SOURCES")
        arn = f"arn:aws:eks:{region}:{self._aws.account_id}:cluster/{name}"
        kept = KeptObjects(home / "objects.sqlite")
        machine = Machine(
            Store(kept),
            ImageStore(self._aws.images, Path(sources) if sources else None),
            home,
            Clients(self._aws).acting_for(arn).container_environment(region),
        )
        cluster = Cluster(machine, [], self._addresses)
        with self._lock:
            self._running[region, name] = cluster, kept
        cluster.start()
        return f"{self._aws.endpoint_url}/_millrace/kubernetes/{region}/{name}"

    def of(self, region: str, name: str) -> Cluster:
        """Raises `KeyError` for one that does not run."""
        with self._lock:
            return self._running[region, name][0]

    def every(self) -> dict[tuple[str, str], Cluster]:
        """Those that run, by region and name."""
        with self._lock:
            return {key: cluster for key, (cluster, _) in self._running.items()}

    def remove(self, region: str, name: str) -> None:
        """Ends a cluster and forgets what it had, its volumes included."""
        self._end(region, name)
        shutil.rmtree(self._home(region, name), ignore_errors=True)

    def stop(self) -> None:
        """Ends all of them."""
        for region, name in list(self._running):
            self._end(region, name)

    def __call__(self, environ: dict[str, Any], start_response: Any) -> Iterable[bytes]:
        """Answers a request to a cluster's API; the caller has seen to it that it comes from this machine."""
        try:
            region, name, path = ADDRESS.fullmatch(environ["PATH_INFO"]).groups()  # type: ignore[union-attr]
            if "HTTP_SEC_FETCH_SITE" in environ:
                # Every browser sends this header: a page that a job wrote must not start pods.
                raise UnauthorizedError("Unauthorized: clusters are for programs, not for web pages")
            check_token(environ.get("HTTP_AUTHORIZATION", ""))
            with self._lock:
                found = self._running.get((region, name))
            if found is None:
                raise NotFoundError(f"there is no cluster {name} in {region}")
        except StatusError as error:
            return document(error.document(), error.code)(environ, start_response)
        return found[0].api({**environ, "PATH_INFO": path or "/"}, start_response)

    def _end(self, region: str, name: str) -> None:
        with self._lock:
            cluster, kept = self._running.pop((region, name))
        cluster.stop()
        kept.close()

    def _home(self, region: str, name: str) -> Path:
        return self._aws.home / "kubernetes" / region / name


current = Current[Clusters]("EKS")
