"""What an API request says of itself before its service reads it."""

import io
import json
import re
from collections.abc import Mapping
from functools import cached_property
from typing import Any
from urllib.parse import parse_qs, unquote

FORM = "application/x-www-form-urlencoded"
JSON = "application/x-amz-json"
MAX_FORM_BYTES = 4 << 20
MAX_JSON_BYTES = 64 << 10
"""A longer document (a batch of log lines) is not looked into."""

SCOPE = re.compile(r"Credential=([^/]*)/[^/]*/([^/]*)/([^/]+)/")
KEY_OF_VERSION_2 = re.compile(r"^AWS ([^:\s]+):|(?:^|&)AWSAccessKeyId=([^&]+)")
CBOR_PATH = re.compile(r"/service/[^/]+/operation/([^/]+)")


class Incoming:
    """A request as its headers, its address and its body tell; the body is left to be read again."""

    def __init__(self, environ: dict[str, Any]) -> None:
        self.environ = environ
        self.method: str = environ["REQUEST_METHOD"]
        self.path: str = environ.get("PATH_INFO", "")
        self.query: str = environ.get("QUERY_STRING", "")
        self._type: str = environ.get("CONTENT_TYPE", "")

    @cached_property
    def _scope(self) -> tuple[str, str, str]:
        """Access key, region and service of the signature, which a presigned URL has in its query."""
        header = self.environ.get("HTTP_AUTHORIZATION", "")
        if found := SCOPE.search(header or unquote(self.query)):
            return found.group(1), found.group(2), found.group(3)
        key = KEY_OF_VERSION_2.search(header or self.query)
        return unquote((key.group(1) or key.group(2)) if key else ""), "", "s3"

    @property
    def access_key(self) -> str:
        """Who signed; empty for an anonymous request."""
        return self._scope[0]

    @property
    def region(self) -> str:
        """The region that the signature is for; empty where it names none."""
        return self._scope[1]

    @property
    def service(self) -> str:
        """The signing name of the service; what is not signed is taken for S3, as moto does."""
        return self._scope[2]

    @property
    def is_form(self) -> bool:
        """Whether the body is a form, as in the query protocol."""
        return self._type.startswith(FORM)

    @cached_property
    def operation(self) -> str | None:
        """The operation's name where the request says it: in a header, a form or (CBOR) its path."""
        target: str | None = self.environ.get("HTTP_X_AMZ_TARGET")
        if target:
            return target.rpartition(".")[2]
        if self.service != "s3" and (self.is_form or "Action=" in self.query):
            return str(self.fields["Action"]) if "Action" in self.fields else None
        named = CBOR_PATH.fullmatch(self.path)
        return named.group(1) if named else None

    @cached_property
    def fields(self) -> Mapping[str, Any]:
        """Members of a form or a JSON document; none where the body is long, something else or broken."""
        if self.is_form and self.service != "s3":
            return _first_values(self._body(MAX_FORM_BYTES).decode(errors="replace")) or _first_values(
                self.query
            )
        if self._type.startswith(JSON):
            try:
                document = json.loads(self._body(MAX_JSON_BYTES) or b"{}")
            except (ValueError, RecursionError):
                return {}
            return document if isinstance(document, dict) else {}
        return _first_values(self.query) if self.service != "s3" else {}

    def _body(self, limit: int) -> bytes:
        length = self.environ.get("CONTENT_LENGTH") or "0"
        if not length.isdecimal() or not 0 < int(length) <= limit:
            return b""
        body: bytes = self.environ["wsgi.input"].read(int(length))
        self.environ["wsgi.input"] = io.BytesIO(body)
        return body


def _first_values(form: str) -> dict[str, str]:
    return {name: values[0] for name, values in parse_qs(form).items()}
