"""What an object has to have before it is kept: who carries it out reads it without looking twice.

https://kubernetes.io/docs/reference/kubernetes-api/workload-resources/pod-v1/
"""

import re
from collections.abc import Iterator
from typing import Any

from local.aws.kubernetes.resources import PODS, PYTORCH_JOBS, Resource
from local.aws.kubernetes.statuses import InvalidError, Json

KEY = re.compile(r"([a-z0-9]([-a-z0-9.]{0,251}[a-z0-9])?/)?[A-Za-z0-9]([-A-Za-z0-9_.]{0,61}[A-Za-z0-9])?")
"""https://kubernetes.io/docs/concepts/overview/working-with-objects/labels/#syntax-and-character-set"""
NAME = re.compile(r"[a-z0-9]([-a-z0-9]{0,251}[a-z0-9])?(\.[a-z0-9]([-a-z0-9]*[a-z0-9])?)*")
LONGEST_NAME = 253
MOST_REPLICAS = 100
"""Pods are processes of one machine."""
COUNTED = ("nvidia.com/gpu", "vpc.amazonaws.com/efa")
"""What a node has a number of, and a pod takes for itself."""


def check(resource: Resource, thing: Json) -> None:
    """Refuses an object that cannot be what it says.

    Raises:
        InvalidError: the message has every field that is wrong.
    """
    problems = list(_of_metadata(thing))
    if resource == PODS:
        problems += _of_pod(thing.get("spec"), "spec")
    if resource == PYTORCH_JOBS:
        problems += _of_job(thing.get("spec"))
    if problems:
        name = thing.get("metadata", {}).get("name", "") if isinstance(thing.get("metadata"), dict) else ""
        raise InvalidError(f'{resource.kind} "{name}" is invalid: {"; ".join(problems)}')


def _of_metadata(thing: Json) -> Iterator[str]:
    metadata = thing.get("metadata")
    if not isinstance(metadata, dict):
        yield "metadata: Required value"
        return
    name = metadata.get("name", metadata.get("generateName", "a") + "a")
    if not isinstance(name, str) or len(name) > LONGEST_NAME or not NAME.fullmatch(name):
        yield f"metadata.name: Invalid value: {name!r}: small letters, digits, '-' and '.' make a name"
    for kind in ("labels", "annotations"):
        given = metadata.get(kind) or {}
        if not _is_text(given):
            yield f"metadata.{kind}: Invalid value: names and values are text"
            continue
        for key in given:
            if not KEY.fullmatch(key):
                yield f"metadata.{kind}: Invalid value: {key!r}: a qualified name is like 'example.com/name'"


def _of_job(spec: Any) -> Iterator[str]:
    replicas = spec.get("pytorchReplicaSpecs") if isinstance(spec, dict) else None
    if not isinstance(replicas, dict) or not replicas:
        yield "spec.pytorchReplicaSpecs: Required value"
        return
    for kind, each in replicas.items():
        where = f"spec.pytorchReplicaSpecs.{kind}"
        if not isinstance(each, dict):
            yield f"{where}: Invalid value: it is no object"
            continue
        if not _is_count(each.get("replicas", 1), MOST_REPLICAS):
            yield f"{where}.replicas: Invalid value: {each['replicas']!r}: give 0 to {MOST_REPLICAS}"
        template = each.get("template")
        yield from _of_pod(
            template.get("spec") if isinstance(template, dict) else None, f"{where}.template.spec"
        )
    for section in ("elasticPolicy", "runPolicy"):
        given = spec.get(section) or {}
        if not isinstance(given, dict):
            yield f"spec.{section}: Invalid value: it is no object"
            continue
        for name, value in given.items():
            counts = name.startswith(("min", "max", "backoff", "active", "ttl")) and name != "metrics"
            if counts and not _is_count(value, 2**31 - 1):
                yield f"spec.{section}.{name}: Invalid value: {value!r}: it is a number from 0"


def _of_pod(spec: Any, where: str) -> Iterator[str]:
    containers = spec.get("containers") if isinstance(spec, dict) else None
    if not isinstance(containers, list) or not containers:
        yield f"{where}.containers: Required value"
        return
    for number, container in enumerate(containers):
        place = f"{where}.containers[{number}]"
        if not isinstance(container, dict):
            yield f"{place}: Invalid value: it is no object"
            continue
        for field in ("name", "image"):
            if not container.get(field) or not isinstance(container[field], str):
                yield f"{place}.{field}: Required value"
        limits = (container.get("resources") or {}).get("limits") or {}
        for name in COUNTED:
            if name in limits and not (str(limits[name]).isascii() and str(limits[name]).isdigit()):
                yield f"{place}.resources.limits[{name}]: Invalid value: {limits[name]!r}: it is a number"


def _is_text(given: Any) -> bool:
    return isinstance(given, dict) and all(isinstance(part, str) for pair in given.items() for part in pair)


def _is_count(value: Any, most: int) -> bool:
    return isinstance(value, int) and not isinstance(value, bool) and 0 <= value <= most
