"""S3: bodies in files, uploads and downloads as streams, fast listings, one event id per event."""

from typing import TYPE_CHECKING

from moto.iam.access_control import PermissionResult
from moto.s3 import models as moto_models
from moto.s3 import notifications as moto_notifications

from local.aws.services.s3 import models, notifications, responses, urls

if TYPE_CHECKING:
    from local.aws.server import LocalAws


def install(aws: "LocalAws") -> None:
    """Puts this package's classes where moto makes its own."""
    responses.LocalS3Response.aws = aws
    models.LocalS3.paths = urls
    moto_models.s3_backends.backend = models.LocalS3
    # moto has no factory for these: its backend makes them by these names.
    moto_models.FakeKey = models.StoredObject  # type: ignore[misc]
    moto_models.FakeMultipart = models.StoredMultipart  # type: ignore[misc]
    moto_notifications._send_event_bridge_message = notifications.send_event  # noqa: SLF001  # see above
    # Whoever reaches this port may do everything. moto would apply a bucket's policy without its
    # conditions, so that "deny what comes without TLS" denied all.
    moto_models.FakeBucket.get_permission = lambda *_: PermissionResult.NEUTRAL  # type: ignore[method-assign]
