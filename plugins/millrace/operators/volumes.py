"""The volume that the pods of a cluster share."""

from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from functools import cached_property
from http import HTTPStatus
from typing import Any

from airflow.sdk import Context
from typing_extensions import override

from millrace.hooks.kubernetes import AS_JSON, EksHook
from millrace.operators.base import AwsOperator

Manifest = dict[str, Any]


class VolumeOperator(AwsOperator):
    """Makes the volume and the claim that pods name, and the service account that they are.

    What is there already is left as it is. The result has the name of the ``claim``.

    Args:
        cluster: name of the cluster; templated.
        outputs: of the stack with the file system; templated.
        volume: makes the PersistentVolume of the outputs.
        claim: makes the PersistentVolumeClaim.
        service_account: of the pods, in the claim's namespace.
    """

    template_fields: Sequence[str] = ("cluster", "outputs")

    def __init__(
        self,
        *,
        cluster: Any,
        outputs: Any,
        volume: Callable[[Mapping[str, str]], Manifest],
        claim: Callable[[Mapping[str, str]], Manifest],
        service_account: str,
        **kwargs: Any,
    ) -> None:
        super().__init__(**kwargs)
        self.cluster = cluster
        self.outputs = outputs
        self.volume = volume
        self.claim = claim
        self.service_account = service_account

    @override
    def execute(self, context: Context) -> dict[str, str]:
        volume, claim = self.volume(self.outputs), self.claim(self.outputs)
        namespace = claim["metadata"]["namespace"]
        account = {
            "apiVersion": "v1",
            "kind": "ServiceAccount",
            "metadata": {"name": self.service_account},
        }
        with self.eks.api(self.cluster) as api:
            core = _core(api)
            with _unless(HTTPStatus.CONFLICT):
                core.create_namespaced_service_account(namespace, account)
            with _unless(HTTPStatus.CONFLICT):
                core.create_persistent_volume(volume)
            with _unless(HTTPStatus.CONFLICT):
                core.create_namespaced_persistent_volume_claim(namespace, claim)
        self.log.info("claim %s has the volume", claim["metadata"]["name"])
        return {"claim": claim["metadata"]["name"]}

    @cached_property
    def eks(self) -> EksHook:
        """The clusters."""
        return EksHook(self.aws_conn_id, self.region_name)


class VolumeDeletionOperator(VolumeOperator):
    """Deletes claim and volume, without the file system behind them. What is not there is left so."""

    @override
    def execute(self, context: Context) -> dict[str, str]:
        if not self.outputs:
            self.log.info("there was nothing to make a volume of")
            return {}
        volume, claim = self.volume(self.outputs), self.claim(self.outputs)
        name = claim["metadata"]["name"]
        with self.eks.api(self.cluster) as api:
            core = _core(api)
            with _unless(HTTPStatus.NOT_FOUND):
                core.delete_namespaced_persistent_volume_claim(
                    name, claim["metadata"]["namespace"], **AS_JSON
                )
            with _unless(HTTPStatus.NOT_FOUND):
                core.delete_persistent_volume(volume["metadata"]["name"], **AS_JSON)
        self.log.info("claim %s and its volume are deleted", name)
        return {}


def _core(api: Any) -> Any:
    from kubernetes.client import CoreV1Api  # noqa: PLC0415  # as in `EksHook.api`

    return CoreV1Api(api)


@contextmanager
def _unless(status: int) -> Iterator[None]:
    """An answer of this status means that there is nothing to do."""
    from kubernetes.client import ApiException  # noqa: PLC0415  # as in `EksHook.api`

    try:
        yield
    except ApiException as error:
        if error.status != status:
            raise
