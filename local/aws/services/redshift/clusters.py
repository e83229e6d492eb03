"""Clusters, and temporary credentials for their users.

https://docs.aws.amazon.com/redshift/latest/APIReference/API_GetClusterCredentials.html
"""

import hashlib
import secrets
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

from moto.redshift import urls
from moto.redshift.exceptions import ClusterNotFoundError, InvalidParameterCombinationError
from moto.redshift.models import RedshiftBackend
from typing_extensions import override

from local.aws.services.redshift import context

SHORTEST_SECONDS, LONGEST_SECONDS = 900, 3600


@dataclass(frozen=True)
class Temporary:
    """Temporary credentials; the password is kept as its hash.

    Attributes:
        name: ``IAM:<user>``, or ``IAMA:<user>`` for one who is made if missing.
        groups: whose member the user is as long; if there are none, those that the user is in.
    """

    name: str
    password: str
    expires: datetime
    groups: tuple[str, ...]

    @property
    def user(self) -> str:
        """The user of the database."""
        return self.name.partition(":")[2]

    @property
    def creates(self) -> bool:
        """Whether the user is made if missing."""
        return self.name.startswith("IAMA:")


class LocalRedshift(RedshiftBackend):
    """moto's clusters, each with a file, and credentials that the Data API takes."""

    def __init__(self, region_name: str, account_id: str) -> None:
        super().__init__(region_name, account_id)
        self.temporary: list[Temporary] = []

    @property
    def _url_module(self) -> Any:
        # moto derives the module from the class's own module, which is not where the URLs are.
        return urls

    def cluster(self, name: str) -> Any:
        """Moto's record of a cluster.

        Raises:
            ClusterNotFoundError: nothing has that identifier.
        """
        if name not in self.clusters:
            raise ClusterNotFoundError(name)
        return self.clusters[name]

    def issue(self, cluster: str, request: dict[str, Any]) -> dict[str, Any]:
        """GetClusterCredentials."""
        self.cluster(cluster)
        seconds = request["seconds"]
        prefix = "IAMA" if request["create"] else "IAM"
        password = secrets.token_urlsafe(36)
        issued = Temporary(
            f"{prefix}:{request['user'].lower()}",
            _hash(password),
            datetime.now(UTC) + timedelta(seconds=seconds),
            tuple(group.lower() for group in request["groups"]),
        )
        now = datetime.now(UTC)
        self.temporary = [each for each in self.temporary if each.expires > now] + [issued]
        return {"DbUser": issued.name, "DbPassword": password, "Expiration": issued.expires}

    def temporary_of(self, name: str, password: str) -> Temporary | None:
        """Credentials that were issued and have not expired."""
        hashed, now = _hash(password), datetime.now(UTC)
        found = (each for each in self.temporary if (each.name, each.password) == (name, hashed))
        return next((each for each in found if each.expires > now), None)

    @override
    def modify_cluster(self, **cluster_kwargs: Any) -> Any:
        if cluster_kwargs.get("master_user_password"):
            raise InvalidParameterCombinationError(
                "The local AWS changes the password of a cluster's first user by ALTER USER only."
            )
        return super().modify_cluster(**cluster_kwargs)

    @override
    def delete_cluster(self, **cluster_kwargs: Any) -> Any:
        """Takes the data away, too: there are no snapshots of it."""
        cluster = super().delete_cluster(**cluster_kwargs)
        file = file_of(cluster)
        for path in (file, file.with_name(f"{file.name}.wal")):
            path.unlink(missing_ok=True)
        return cluster


def file_of(cluster: Any) -> Path:
    """Where the data of a cluster are; the id stays if the cluster gets another name."""
    return context.current().folder / f"{cluster.unique_cluster_id}.duckdb"


def arn_of(cluster: Any) -> str:
    """``arn:aws:redshift:us-east-1:123456789012:cluster:warehouse``."""
    return str(cluster.arn)


def _hash(password: str) -> str:
    return hashlib.sha256(password.encode()).hexdigest()
