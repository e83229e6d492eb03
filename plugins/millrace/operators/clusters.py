"""Where a cluster and its nodes go, and what is installed in it."""

import tempfile
from collections.abc import Sequence
from dataclasses import asdict
from http import HTTPStatus
from typing import Any

from airflow.sdk import Context
from airflow.sdk.exceptions import AirflowSkipException
from typing_extensions import override

from include.elastic.network import Network
from include.settings import settings
from millrace.errors import JobFailed
from millrace.hooks.aws import AwsHook
from millrace.hooks.kubernetes import EksHook
from millrace.hooks.s3 import split
from millrace.operators.base import AwsOperator


class FindNetworkOperator(AwsOperator):
    """Chooses subnets among those of the settings or, without any, of the default VPC.

    The result has ``subnet`` and ``zone`` of the nodes, ``subnets`` of a control plane, the ``role`` as which
    Airflow calls AWS, and the ``security_group`` of a cluster that is there.

    Args:
        cluster: name of a cluster that is there; empty if one is to be made. Templated.
        zone: of the nodes; empty for any. Templated.
    """

    template_fields: Sequence[str] = ("cluster", "zone")

    def __init__(self, *, cluster: str, zone: str, **kwargs: Any) -> None:
        super().__init__(**kwargs)
        self.cluster = cluster
        self.zone = zone

    @override
    def execute(self, context: Context) -> dict[str, Any]:
        ids = list(settings().subnets)
        which = {"SubnetIds": ids} if ids else {"Filters": [{"Name": "default-for-az", "Values": ["true"]}]}
        pages = self._client("ec2").get_paginator("describe_subnets").paginate(**which)
        network = Network.of([each for page in pages for each in page["Subnets"]], self.zone)
        self.log.info("nodes and volume go to %s in %s", network.subnet, network.zone)
        return {**asdict(network), "role": self._role(), "security_group": self._security_group()}

    def _role(self) -> str | None:
        """Of an assumed role its own ARN, which is what a cluster lets in; None for a user."""
        identity = str(self._client("sts").get_caller_identity()["Arn"]).rpartition(":")[2].split("/")
        if identity[0] != "assumed-role":
            return None
        # A session does not say which path its role has, such as MWAA's `service-role/`.
        return str(self._client("iam").get_role(RoleName=identity[1])["Role"]["Arn"])

    def _security_group(self) -> str | None:
        if not self.cluster:
            return None
        found = self._client("eks").describe_cluster(name=self.cluster)["cluster"]
        return str(found["resourcesVpcConfig"]["clusterSecurityGroupId"])

    def _client(self, service: str) -> Any:
        return AwsHook(service, self.aws_conn_id, self.region_name).conn


class ManifestsOperator(AwsOperator):
    """Makes in a cluster what a file of YAML says, such as Kubeflow's training operator. What is there stays.

    Args:
        cluster: name of the cluster; templated.
        uri: of the file; the task is skipped without one. Templated.
    """

    template_fields: Sequence[str] = ("cluster", "uri")

    def __init__(self, *, cluster: Any, uri: Any, **kwargs: Any) -> None:
        super().__init__(**kwargs)
        self.cluster = cluster
        self.uri = uri

    @override
    def execute(self, context: Context) -> None:
        from kubernetes.utils import FailToCreateError, create_from_yaml  # noqa: PLC0415  # as in `EksHook.api`

        if not self.uri:
            raise AirflowSkipException("there is nothing to install")
        bucket, key = split(self.uri)
        eks = EksHook(self.aws_conn_id, self.region_name)
        with tempfile.NamedTemporaryFile(suffix=".yaml") as file, eks.api(self.cluster) as api:
            AwsHook("s3", self.aws_conn_id, self.region_name).conn.download_file(bucket, key, file.name)
            try:
                create_from_yaml(api, file.name)  # type: ignore[no-untyped-call]  # the client leaves it so
            except FailToCreateError as failed:
                refused = [each for each in failed.api_exceptions if each.status != HTTPStatus.CONFLICT]
                if refused:
                    raise JobFailed(
                        f"{self.cluster} refuses what is in {self.uri}: {refused[0].body}"
                    ) from failed
        self.log.info("%s has what is in %s", self.cluster, self.uri)
