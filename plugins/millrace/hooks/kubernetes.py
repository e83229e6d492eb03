"""The Kubernetes API of a cluster of EKS."""

import tempfile
from base64 import b64decode
from collections.abc import AsyncIterator, Iterator, Mapping
from contextlib import asynccontextmanager, contextmanager
from dataclasses import dataclass, field
from functools import cached_property
from typing import Any

from millrace.hooks.aws import AwsHook

AS_JSON: Mapping[str, Any] = {"_preload_content": False}
"""Option of the clients' calls: leaves the answer as the cluster has written it."""
STATUS = {"CREATING": "is being made", "UPDATING": "is being changed", "DELETING": "is being deleted"}


@dataclass(frozen=True)
class Access:
    """How a cluster is reached, for the fourteen minutes that a token lasts.

    Attributes:
        endpoint: URL of its API.
        certificate: of its authority, PEM; empty where the API is on this machine, without TLS.
        token: says who asks.
    """

    endpoint: str
    certificate: str
    token: str = field(repr=False)


class EksHook(AwsHook):
    """Clusters of a connection and region, for the official clients of Kubernetes."""

    def __init__(self, aws_conn_id: str | None, region_name: str | None = None) -> None:
        super().__init__("eks", aws_conn_id, region_name)

    def access(self, cluster: str) -> Access:
        """How a cluster is reached.

        Raises:
            botocore.exceptions.ClientError: there is no such cluster, or nobody may ask.
            ValueError: it has no API yet.
        """
        from airflow.providers.amazon.aws.utils.eks_get_token import (  # noqa: PLC0415  # few tasks need it
            fetch_access_token_for_cluster,
        )

        found = self.conn.describe_cluster(name=cluster)["cluster"]
        if "endpoint" not in found:
            raise ValueError(
                f"cluster {cluster} {STATUS.get(found['status'], found['status'])}: it has no API"
            )
        session = self.get_session(region_name=self.region_name)
        token = fetch_access_token_for_cluster(cluster, self._identity, self.region, session)
        authority = found["certificateAuthority"]["data"]
        return Access(found["endpoint"], b64decode(authority).decode(), token)

    @cached_property
    def _identity(self) -> str:
        """What a token is signed for."""
        endpoint = AwsHook("sts", self.aws_conn_id, self.region_name).conn.meta.endpoint_url
        return f"{endpoint}/?Action=GetCallerIdentity&Version=2011-06-15"

    @property
    def region(self) -> str:
        """Of the clusters."""
        return str(self.conn.meta.region_name)

    @contextmanager
    def api(self, cluster: str) -> Iterator[Any]:
        """An `ApiClient` of `kubernetes.client`."""
        from kubernetes import client  # noqa: PLC0415  # it takes a fifth of a second, and few tasks need it

        with _configured(client.Configuration(), self.access(cluster)) as configuration:
            made = client.ApiClient(configuration)
            try:
                yield made
            finally:
                made.close()  # type: ignore[no-untyped-call]  # the client leaves it so


@asynccontextmanager
async def asynchronous_api(access: Access) -> AsyncIterator[Any]:
    """An `ApiClient` of `kubernetes_asyncio.client`."""
    from kubernetes_asyncio import client  # noqa: PLC0415  # as above

    with _configured(client.Configuration(), access) as configuration:
        async with client.ApiClient(configuration) as made:
            yield made


@contextmanager
def _configured(configuration: Any, access: Access) -> Iterator[Any]:
    """Both clients are told in the same way, and both read the certificate from a file."""
    configuration.host = access.endpoint
    configuration.api_key = {"BearerToken": f"Bearer {access.token}"}
    with tempfile.NamedTemporaryFile("w", suffix=".pem") as file:
        file.write(access.certificate)
        file.flush()
        if access.certificate:
            configuration.ssl_ca_cert = file.name
        yield configuration
