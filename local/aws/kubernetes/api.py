"""The API of a cluster over HTTP: get, list, watch, create, replace, patch and delete.

A list is always whole: ``limit`` asks for no more than a page, and a server may give all.
https://kubernetes.io/docs/reference/using-api/api-concepts/
"""

import json
import logging
from collections.abc import Callable, Iterable, Iterator
from http import HTTPStatus
from typing import Any, Protocol

from werkzeug.wrappers import Request, Response

from local.aws.kubernetes import selectors
from local.aws.kubernetes.discovery import discovered
from local.aws.kubernetes.patches import patched
from local.aws.kubernetes.pod_logs import PodLog, Wanted
from local.aws.kubernetes.resources import NAMESPACES, PODS, Address
from local.aws.kubernetes.statuses import (
    BadRequestError,
    ConflictError,
    InvalidError,
    Json,
    MethodNotAllowedError,
    NotFoundError,
    StatusError,
)
from local.aws.kubernetes.store import BOOKMARK, Key, Scope, Store
from local.aws.kubernetes.validation import check

log = logging.getLogger(__name__)

MAX_BODY_BYTES = 3 << 20
"""What Kubernetes takes of an object."""
WATCH_SECONDS = 1800.0
"""How long a watch lasts that does not say."""
ERROR = "ERROR"


class Pods(Protocol):
    """What ends pods and has their logs."""

    def delete(self, pod: Json, grace_seconds: int | None) -> Json:
        """Has a pod end, and go then."""

    def log(self, pod: Json, *, previous: bool) -> PodLog:
        """Of its container, or of the start before. Raises `BadRequestError`."""


class Api:
    """The WSGI application of one cluster.

    Args:
        store: its objects.
        pods: ends pods and has their logs.
        stopped: whether the server is going to end: watches end too.
    """

    def __init__(self, store: Store, pods: Pods, stopped: Callable[[], bool] = lambda: False) -> None:
        self._store, self._pods, self._stopped = store, pods, stopped

    def __call__(self, environ: dict[str, Any], start_response: Any) -> Iterable[bytes]:
        """Answers one request; the caller has seen to it that it comes from this machine."""
        request = Request(environ)
        try:
            answer = self._answer(request)
        except StatusError as error:
            answer = document(error.document(), error.code)
        except Exception as error:
            log.exception("%s %s failed", request.method, request.path)
            failure = {"kind": "Status", "apiVersion": "v1", "status": "Failure", "reason": "InternalError"}
            answer = document(
                failure | {"message": str(error), "code": 500}, HTTPStatus.INTERNAL_SERVER_ERROR
            )
        return answer(environ, start_response)

    def _answer(self, request: Request) -> Response:
        path = request.path.rstrip("/")
        if about := discovered(path):
            return document(about)
        address = Address.parse(path)
        if (address.resource, address.subresource, request.method) == (PODS, "log", "GET"):
            return self._log(request, address)
        if address.subresource not in (None, "status"):
            raise NotFoundError("the server could not find the requested resource")
        verbs: dict[str, Callable[[Request, Address], Response]] = (
            {"GET": self._get, "PUT": self._replace, "PATCH": self._patch, "DELETE": self._delete}
            if address.name
            else {"GET": self._watch if is_set(request, "watch") else self._list, "POST": self._create}
        )
        if request.method not in verbs:
            raise MethodNotAllowedError("the server does not allow this method on the requested resource")
        return verbs[request.method](request, address)

    # Reading

    def _get(self, _: Request, address: Address) -> Response:
        return document(self._store.get(key_of(address)))

    def _list(self, request: Request, address: Address) -> Response:
        found, version = self._store.select(scope_of(request, address))
        resource = address.resource
        return document(
            {
                "apiVersion": resource.api_version,
                "kind": f"{resource.kind}List",
                "metadata": {"resourceVersion": str(version)},
                "items": found,
            }
        )

    def _watch(self, request: Request, address: Address) -> Response:
        given = request.args.get("resourceVersion", "")
        since = number(given, "resourceVersion") if given not in ("", "0") else None
        seconds = number(request.args.get("timeoutSeconds", ""), "timeoutSeconds") or WATCH_SECONDS
        events = self._store.watch(scope_of(request, address), since, seconds, self._stopped)
        bookmarks = is_set(request, "allowWatchBookmarks")

        def lines() -> Iterator[bytes]:
            try:
                for event in events:
                    if bookmarks or event.type != BOOKMARK:
                        yield line({"type": event.type, "object": event.object})
            except StatusError as error:
                # The answer has begun: what is wrong is an event, too.
                yield line({"type": ERROR, "object": error.document()})

        return Response(lines(), content_type="application/json")

    def _log(self, request: Request, address: Address) -> Response:
        pod = self._store.get(key_of(address))
        wanted = Wanted(
            follow=is_set(request, "follow"),
            tail=bound(request, "tailLines"),
            since=bound(request, "sinceSeconds"),
            timestamps=is_set(request, "timestamps"),
        )
        found = self._pods.log(pod, previous=is_set(request, "previous"))
        return Response(found.read(wanted, self._stopped), content_type="text/plain")

    # Changing

    def _create(self, request: Request, address: Address) -> Response:
        given = object_of(request)
        resource, namespace = address.resource, address.namespace or ""
        said = (given.get("apiVersion"), given.get("kind"))
        if said != (resource.api_version, resource.kind):
            raise BadRequestError(
                f"{said[1]} in version {said[0]!r} cannot be handled as a {resource.kind}: give apiVersion "
                f"{resource.api_version} and kind {resource.kind}"
            )
        if resource.namespaced:
            if not namespace:
                raise MethodNotAllowedError("the server does not allow this method on the requested resource")
            self._store.get(Key(NAMESPACES, "", namespace))
        check(resource, given)
        inside = given["metadata"].get("namespace", namespace)
        if inside != namespace:
            raise BadRequestError(
                f"the namespace of the provided object does not match the namespace sent on the request: "
                f"{inside!r} and {namespace!r}"
            )
        made = self._store.create(resource, namespace, {k: v for k, v in given.items() if k != "status"})
        return document(made, HTTPStatus.CREATED)

    def _replace(self, request: Request, address: Address) -> Response:
        given = object_of(request)
        check(address.resource, given)
        metadata = given["metadata"]
        if metadata.get("name", address.name) != address.name:
            raise BadRequestError(
                f"the name of the object ({metadata['name']}) does not match the name on the URL "
                f"({address.name})"
            )
        version = metadata.get("resourceVersion")
        if not version and address.resource.group:
            raise InvalidError(
                f"{address.resource.name} {address.name!r} is invalid: metadata.resourceVersion: must be "
                "specified for an update"
            )
        return self._changed(address, lambda _: given, version)

    def _patch(self, request: Request, address: Address) -> Response:
        patch, form = body_of(request), request.content_type or ""
        version = patch.get("metadata", {}).get("resourceVersion") if isinstance(patch, dict) else None
        return self._changed(address, lambda thing: patched(thing, patch, form), version)

    def _changed(self, address: Address, change: Callable[[Json], Json], version: str | None) -> Response:
        def keep(thing: Json) -> Json:
            """Of status and the rest, only the one that is addressed."""
            wanted = change(json.loads(json.dumps(thing)))
            if address.subresource == "status":
                return {**thing, "status": wanted.get("status")} if "status" in wanted else thing
            kept = {name: value for name, value in wanted.items() if name != "status"}
            kept |= {"apiVersion": thing["apiVersion"], "kind": thing["kind"]}
            check(address.resource, kept)
            return kept | ({"status": thing["status"]} if "status" in thing else {})

        return document(self._store.update(key_of(address), keep, version))

    def _delete(self, request: Request, address: Address) -> Response:
        options = object_of(request) if request.content_length else {}
        conditions = options.get("preconditions") or {}
        key = key_of(address)
        there = self._store.get(key)
        version = conditions.get("resourceVersion")
        if version not in (None, there["metadata"]["resourceVersion"]):
            raise ConflictError(
                f"Precondition failed: ResourceVersion in precondition: {version}, ResourceVersion in object "
                f"meta: {there['metadata']['resourceVersion']}",
                key.details(),
            )
        if address.resource == PODS:
            grace = options.get("gracePeriodSeconds", bound(request, "gracePeriodSeconds"))
            return document(self._pods.delete(there, grace))
        gone = self._store.delete(key, conditions.get("uid"))
        said = {"kind": "Status", "apiVersion": "v1", "metadata": {}, "status": "Success"}
        return document(said | {"details": {**key.details(), "uid": gone["metadata"]["uid"]}})


def key_of(address: Address) -> Key:
    """Of an address with a name."""
    return Key(address.resource, address.namespace or "", address.name or "")


def scope_of(request: Request, address: Address) -> Scope:
    """Raises `BadRequestError`."""
    labels = selectors.by_labels(request.args.get("labelSelector", ""))
    fields = selectors.by_fields(request.args.get("fieldSelector", ""))
    return Scope(address.resource, address.namespace, lambda thing: labels(thing) and fields(thing))


def body_of(request: Request) -> Any:
    """The JSON of a request.

    Raises:
        BadRequestError: it is none, or too large.
    """
    if (request.content_length or 0) > MAX_BODY_BYTES:
        raise BadRequestError(
            f"the body has {request.content_length:,} bytes, at most {MAX_BODY_BYTES:,} are read"
        )
    try:
        found = json.loads(request.get_data())
    except ValueError as error:
        raise BadRequestError(f"the body of the request is not JSON: {error}") from error
    if not isinstance(found, dict | list):
        raise BadRequestError("the body of the request is no object")
    return found


def object_of(request: Request) -> Json:
    """The JSON object of a request. Raises `BadRequestError`."""
    found = body_of(request)
    if not isinstance(found, dict):
        raise BadRequestError("the body of the request is a list: give an object")
    return found


def is_set(request: Request, name: str) -> bool:
    """Whether a flag of the query is on."""
    return request.args.get(name, "").lower() in ("1", "true")


def bound(request: Request, name: str) -> int | None:
    """A number of the query, if there is one. Raises `BadRequestError`."""
    return number(request.args[name], name) if name in request.args else None


def number(text: str, name: str) -> int:
    """Of the query; 0 for an empty one. Raises `BadRequestError`."""
    if not text:
        return 0
    if not text.isascii() or not text.isdigit():
        raise BadRequestError(f"{name}: Invalid value: {text!r}: it is a number")
    return int(text)


def document(content: Json, status: HTTPStatus = HTTPStatus.OK) -> Response:
    """A JSON answer."""
    return Response(json.dumps(content), status.value, content_type="application/json")


def line(content: Json) -> bytes:
    """Of a watch."""
    return json.dumps(content).encode() + b"\n"
