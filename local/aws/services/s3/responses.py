"""What S3 answers: moto's answers, with bodies as streams and listings that are fast."""

import re
from contextlib import nullcontext
from datetime import UTC, datetime
from http import HTTPStatus
from typing import TYPE_CHECKING, Any, ClassVar

from moto.core.responses import ActionResult
from moto.s3.exceptions import InvalidContinuationToken, S3ClientError
from moto.s3.responses import S3Response
from typing_extensions import override

from local.aws.services.s3 import listing, presigned, uploads
from local.aws.services.s3.models import LocalS3, Streamed

if TYPE_CHECKING:
    from local.aws.server import LocalAws
    from local.aws.services.s3.bodies import Body

Answer = tuple[int, dict[str, Any], Any]
DOCUMENT_ARGUMENTS = {"acl", "tagging", "retention", "legal-hold"}
"""A PUT with one of these carries a document about the object, not its data."""
CONDITIONS = {"if-match", "if-none-match"}
"""Nobody else changes an object between such a condition and the write that it is for."""


class LocalS3Response(S3Response):
    """Answers one request.

    S3 holds snapshots off itself, and not while it receives a body: an upload may take minutes.
    """

    aws: ClassVar["LocalAws"]

    def __init__(self) -> None:
        super().__init__()
        self._received = False
        self._upload: Body | None = None
        self._trailers = b""

    @override
    def bucket_response(self, request: Any, full_url: str, headers: Any) -> Answer:
        reads = request.method in ("GET", "HEAD", "OPTIONS")
        with nullcontext() if reads else self.aws.changing():
            return super().bucket_response(request, full_url, headers)

    @override
    def key_response(self, request: Any, full_url: str, headers: Any) -> Answer:
        if request.method in ("GET", "HEAD", "OPTIONS"):
            return super().key_response(request, full_url, headers)
        if _carries_data(request):
            self._received = True
            try:
                self._upload, self._trailers = uploads.receive(request)
            except S3ClientError as error:
                self.setup_class(request)
                return self._send_response(self.serialized(ActionResult(error)))
        conditional = CONDITIONS.intersection(name.lower() for name, _ in request.headers)
        with self.aws.changing(), LocalS3.turns if conditional else nullcontext():
            return self._drop_unused(super().key_response(request, full_url, headers))

    def _bucket_response(self, request: Any, full_url: str) -> Any:
        presigned.check(request.args, datetime.now(UTC))
        return super()._bucket_response(request, full_url)

    def _key_response(self, request: Any, full_url: str) -> Any:
        presigned.check(request.args, datetime.now(UTC))
        return super()._key_response(request, full_url)

    def _drop_unused(self, answer: Answer) -> Answer:
        """A refused upload (no such bucket, a failed condition) leaves a body that nobody names."""
        if self._upload and answer[0] >= HTTPStatus.MULTIPLE_CHOICES:
            self._upload.drop()
        return answer

    @override
    def setup_class(  # type: ignore[override]  # as moto's own S3 answers do
        self, request: Any, full_url: str | None = None, headers: Any = None
    ) -> None:
        super().setup_class(request, full_url, headers)
        if self._upload:
            self.body = self._upload
            self.raw_body = self._trailers  # where moto looks for a checksum

    def _handle_encoded_body(self, body: Any) -> bytes:
        return b"" if self._received else super()._handle_encoded_body(body)

    def _handle_v4_chunk_signatures(self, body: bytes, content_length: int) -> bytes:
        return b"" if self._received else super()._handle_v4_chunk_signatures(body, content_length)

    def _get_checksum(self, response_headers: dict[str, Any]) -> tuple[str, str | None]:
        """Algorithm and value of the upload's checksum, once it is known to be right."""
        if self._upload is None:
            return super()._get_checksum(response_headers)
        algorithm, value = uploads.verify(self._upload, self.headers, self._trailers)
        if algorithm:
            response_headers[f"x-amz-checksum-{algorithm.lower()}"] = value
        return algorithm, value

    @override
    def upload_part(self) -> Answer:
        if self._upload:
            uploads.verify(self._upload, self.headers, self._trailers)
        return super().upload_part()

    def _get_key(self, validate_storage_class: bool = True) -> tuple[Any, bool]:
        key: Any
        key, not_modified = super()._get_key(validate_storage_class)
        return Streamed(key, key.body.stream), not_modified

    def get_bucket_notification(self) -> Answer:
        """Moto's answer, which leaves out that events go to EventBridge."""
        status, headers, body = super().get_bucket_notification()
        configured = self.backend.get_bucket_notification_configuration(self.bucket_name)
        if configured and configured.event_bridge is not None:
            text = body.decode() if isinstance(body, bytes) else body
            end = "</NotificationConfiguration>"
            text = re.sub(r"(<NotificationConfiguration[^>]*)/>", rf"\1>{end}", text)
            body = text.replace(end, f"<EventBridgeConfiguration/>{end}")
        return status, headers, body

    def list_objects(self) -> Answer:
        """ListObjects: continues after the last name that the caller saw."""
        request = listing.Request.of(self._arguments(), after="marker")
        return self._page(request, listing.render_v1)

    def list_objects_v2(self) -> Answer:
        """ListObjectsV2: the continuation token is the last name, so it outlives a restart."""
        arguments = self._arguments()
        token = arguments.get("continuation-token")
        request = listing.Request.of(arguments, after="start-after")
        if token is not None:
            after = listing.name_of(token)
            if after is None:
                raise InvalidContinuationToken
            request = request.continued(after)
        return self._page(request, listing.render_v2)

    def _arguments(self) -> dict[str, str]:
        return {name: values[0] for name, values in self._get_querystring(self.request, self.uri).items()}

    def _page(self, request: listing.Request, render: listing.Render) -> Answer:
        bucket = self.backend.get_bucket(self.bucket_name)
        page = listing.page(bucket.keys, request)
        return 200, {"Content-Type": "application/xml"}, render(bucket.name, request, page)


def _carries_data(request: Any) -> bool:
    return (
        request.method == "PUT"
        and "x-amz-copy-source" not in request.headers
        and not DOCUMENT_ARGUMENTS.intersection(request.args)
    )
