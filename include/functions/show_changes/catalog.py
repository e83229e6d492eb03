"""The catalog service, which knows what every show is: ``GET <url>/shows/<show_id>`` answers JSON."""

import json
from collections.abc import Mapping
from http import HTTPStatus
from typing import Any, Protocol

from urllib3 import PoolManager, Retry, Timeout
from urllib3.exceptions import HTTPError

TIMEOUT = Timeout(connect=2, read=5)
"""Seconds."""
RETRIES = Retry(
    total=2,
    backoff_factor=0.2,
    backoff_jitter=0.2,
    status_forcelist=(429, 500, 502, 503, 504),
    raise_on_status=False,
    redirect=False,
)
"""Few and soon: what does not answer by then comes again from the queue, a minute later."""
MOST_BYTES = 256 * 1024


class UnknownShowError(LookupError):
    """The catalog has no such show, or says nothing of it that can be read."""


class CatalogUnavailableError(RuntimeError):
    """The catalog does not answer; later it may."""


class Catalog(Protocol):
    """Who knows the shows."""

    def show(self, show_id: str) -> Mapping[str, Any]:
        """All that is known of a show now.

        Raises:
            UnknownShowError: there is none of this id.
            CatalogUnavailableError: nobody can say.
        """


class HttpCatalog:
    """The catalog behind a URL; its connections are kept.

    Args:
        url: without a slash at its end.
        token: says who asks, as a bearer token; empty where the network says it.
    """

    def __init__(self, url: str, token: str = "") -> None:
        self._url = url
        headers = {"Accept": "application/json"} | ({"Authorization": f"Bearer {token}"} if token else {})
        self._http = PoolManager(timeout=TIMEOUT, retries=RETRIES, headers=headers)

    def show(self, show_id: str) -> Mapping[str, Any]:
        """See `Catalog`."""
        address = f"{self._url}/shows/{show_id}"
        try:
            answer = self._http.request("GET", address)
        except HTTPError as error:
            raise CatalogUnavailableError(f"{address}: {type(error).__name__}: {error}") from error
        if answer.status == HTTPStatus.NOT_FOUND:
            raise UnknownShowError(f"the catalog has no show {show_id}")
        if answer.status != HTTPStatus.OK:
            raise CatalogUnavailableError(f"{address} answers {answer.status}, not 200")
        if len(answer.data) > MOST_BYTES:
            raise UnknownShowError(f"{address} is {len(answer.data)} bytes, over the {MOST_BYTES} of a show")
        try:
            found = json.loads(answer.data)
        except (ValueError, RecursionError) as error:
            raise UnknownShowError(f"{address} is not JSON: {error}") from error
        if not isinstance(found, dict):
            raise UnknownShowError(f"{address} is {type(found).__name__}, not an object")
        return found
