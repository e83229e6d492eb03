"""One PyTorchJob of Kubeflow, as `millrace.hooks.jobs.JobHook` has jobs of AWS."""

import json
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from datetime import datetime
from http import HTTPStatus
from typing import Any, NamedTuple, Self

import jmespath
from typing_extensions import override

from include.elastic.zones import GROUP as NODES
from include.elastic.zones import ZONE
from millrace.descriptions import JobDescription
from millrace.errors import JobFailed
from millrace.hooks.jobs import LOG_TAIL_LINES, JobHook, Started
from millrace.hooks.kubernetes import AS_JSON, EksHook
from millrace.jobs import PYTORCH_JOB
from millrace.pods import JOB_NAME, Json

GROUP, VERSION, PLURAL, KIND = "kubeflow.org", "v1", "pytorchjobs", "PyTorchJob"
REFUSED = frozenset({
    HTTPStatus.BAD_REQUEST, HTTPStatus.UNAUTHORIZED, HTTPStatus.FORBIDDEN, HTTPStatus.UNPROCESSABLE_ENTITY,
})  # fmt: skip


class Place(NamedTuple):
    """Where a job is. Its text is the job's reference."""

    cluster: str
    namespace: str
    name: str

    @classmethod
    def of(cls, reference: str) -> Self:
        """From ``<cluster>/<namespace>/<name>``."""
        return cls(*reference.split("/"))

    def __str__(self) -> str:
        return "/".join(self)


class PyTorchJobHook(JobHook):
    """Calls a cluster about jobs, which are meant by their references, in place of AWS."""

    def __init__(self, aws_conn_id: str | None, region_name: str | None = None) -> None:
        super().__init__(PYTORCH_JOB, aws_conn_id, region_name)
        self.eks = EksHook(aws_conn_id, region_name)

    @override
    def start(self, reference: str, request: Mapping[str, Any]) -> Started:
        """Starts a job, unless the cluster has one of this name already, which is then the same launch.

        Args:
            reference: of the job.
            request: the object without its name, and ``annotations`` for it.

        Raises:
            JobFailed: the cluster refuses the object, or does not know PyTorchJobs.
        """
        place = Place.of(reference)
        manifest = {name: value for name, value in request.items() if name != "annotations"}
        metadata = {
            **manifest.get("metadata", {}),
            "name": place.name,
            "annotations": annotations(request.get("annotations", {})),
        }
        with self._jobs(place, HTTPStatus.CONFLICT) as (jobs, answers):
            jobs.create_namespaced_custom_object(
                GROUP, VERSION, place.namespace, PLURAL, {**manifest, "metadata": metadata}
            )
        if answers == [HTTPStatus.NOT_FOUND]:
            raise JobFailed(
                f"cluster {place.cluster} has no namespace {place.namespace}, or knows no {KIND} of "
                f"{GROUP}/{VERSION}: Kubeflow's training operator has to be installed there"
            )
        return Started(reference, is_new=not answers)

    @override
    def describe(self, reference: str) -> JobDescription | None:
        """The job as the cluster has it, or None if it does not; so, too, if there is no such cluster."""
        place = Place.of(reference)
        try:
            with self._jobs(place) as (jobs, answers):
                what = GROUP, VERSION, place.namespace, PLURAL, place.name
                found = jobs.get_namespaced_custom_object(*what)
        except self.conn.exceptions.ResourceNotFoundException:
            return None
        return None if answers else described(reference, found)

    @override
    def stop(self, reference: str) -> JobDescription | None:
        """Deletes the job with its pods, unless it is over; how it was found, or None if it was not there."""
        description = self.describe(reference)
        if description is not None and description.can_be_stopped:
            self.delete(reference)
        return description

    def delete(self, reference: str) -> None:
        """Takes the job away with its pods. One that is not there is left so."""
        place = Place.of(reference)
        with self._jobs(place) as (jobs, answers):
            jobs.delete_namespaced_custom_object(
                GROUP, VERSION, place.namespace, PLURAL, place.name, propagation_policy="Background"
            )
        if not answers:
            self.log.info("%s %s: asked the cluster to delete it", KIND, reference)

    @override
    def log_tail(self, reference: str, lines: int = LOG_TAIL_LINES) -> Iterator[str]:
        """The last lines that the pods of a job printed, pod by pod."""
        from kubernetes.client import ApiException, CoreV1Api  # noqa: PLC0415  # as in `EksHook.api`

        place = Place.of(reference)
        with self.eks.api(place.cluster) as api:
            core = CoreV1Api(api)
            of_job = f"{JOB_NAME}={place.name}"
            pods = core.list_namespaced_pod(place.namespace, label_selector=of_job, **AS_JSON)
            for pod in json_of(pods)["items"]:
                name = pod["metadata"]["name"]
                try:
                    printed = core.read_namespaced_pod_log(name, place.namespace, tail_lines=lines)
                except ApiException as error:
                    yield f"{name}: no log: {error.reason}"  # It has never started.
                else:
                    yield from (f"{name}: {line}" for line in printed.splitlines())

    def zones(
        self, cluster: str, namespace: str, group: str, claim: str
    ) -> tuple[dict[str, str], str | None]:
        """Zones of the nodes of a group by their names, and of the volume of a claim, if it is in one.

        Raises:
            JobFailed: there is no such claim, or it has no volume.
        """
        from kubernetes.client import CoreV1Api  # noqa: PLC0415  # as in `EksHook.api`

        with self.eks.api(cluster) as api:
            core = CoreV1Api(api)
            nodes = json_of(core.list_node(label_selector=f"{NODES}={group}", **AS_JSON))
            volume = _zone_of_volume(core, namespace, claim)
        found = [node["metadata"] for node in nodes["items"]]
        return {node["name"]: node["labels"][ZONE] for node in found}, volume

    @contextmanager
    def _jobs(self, place: Place, *expected: int) -> Iterator[tuple[Any, list[int]]]:
        """The API of custom objects, and a list for the status of an answer: not there, or one expected."""
        from kubernetes.client import ApiException, CustomObjectsApi  # noqa: PLC0415  # as in `EksHook.api`

        answers: list[int] = []
        with self.eks.api(place.cluster) as api:
            try:
                yield CustomObjectsApi(api), answers
            except ApiException as error:
                if error.status in REFUSED:
                    raise JobFailed(f"{place} is refused: {error.body}", permanent=True) from error
                if error.status not in (HTTPStatus.NOT_FOUND, *expected):
                    raise
                answers.append(error.status)


def json_of(answer: Any) -> Json:
    """An answer that the client was asked to leave ``AS_JSON``: objects as Kubernetes writes them."""
    return dict(json.loads(answer.data))


def _zone_of_volume(core: Any, namespace: str, claim: str) -> str | None:
    """The one zone that the volume of a claim asks for."""
    from kubernetes.client import ApiException  # noqa: PLC0415  # as in `EksHook.api`

    try:
        found = json_of(core.read_namespaced_persistent_volume_claim(claim, namespace, **AS_JSON))
    except ApiException as error:
        if error.status != HTTPStatus.NOT_FOUND:
            raise
        raise JobFailed(
            f"namespace {namespace} has no claim {claim}: make it first", permanent=True
        ) from error
    if not (name := found["spec"].get("volumeName")):
        raise JobFailed(f"claim {claim} has no volume yet")
    volume = json_of(core.read_persistent_volume(name, **AS_JSON))
    terms = "spec.nodeAffinity.required.nodeSelectorTerms[].matchExpressions[]"
    zones = jmespath.search(f"{terms} | [?key=='{ZONE}'].values[]", volume)
    return zones[0] if zones else None


def annotations(tags: Mapping[str, str]) -> dict[str, str]:
    """Tags of AWS, whose keys may have a colon, which no key of Kubernetes has.

    >>> annotations({"millrace:dag": "elastic_training"})
    {'millrace/dag': 'elastic_training'}
    """
    return {key.replace(":", "/"): value for key, value in tags.items()}


def described(reference: str, found: Mapping[str, Any]) -> JobDescription:
    """An object of a cluster as a description; its times are such."""
    status = found.get("status", {})
    times = {"started": status.get("startTime"), "ended": status.get("completionTime")}
    known = {name: datetime.fromisoformat(value) for name, value in times.items() if value}
    return JobDescription(PYTORCH_JOB, {"reference": reference, **found, **known})
