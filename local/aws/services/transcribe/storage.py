"""The buckets that belong to the service: in an account of its own, read through temporary addresses."""

import threading
from typing import TYPE_CHECKING

from moto.s3.models import s3_backends
from moto.utilities.utils import get_partition

from local.aws.services.transcribe import context

if TYPE_CHECKING:
    from local.aws.runtime.transfer import S3Uri

SERVICE_ACCOUNT = "000000000000"
VALID_SECONDS = 15 * 60
"""https://docs.aws.amazon.com/transcribe/latest/APIReference/API_Transcript.html"""

_making = threading.Lock()


def transcripts(region: str) -> str:
    """The bucket of transcripts whose request names no other place; made if it is missing."""
    return _made(f"aws-transcribe-{region}-prod", region)


def dictionaries(region: str) -> str:
    """The bucket of vocabularies and vocabulary filters; made if it is missing."""
    return _made(f"aws-transcribe-dictionary-model-{region}-prod", region)


def _made(bucket: str, region: str) -> str:
    backend = s3_backends[SERVICE_ACCOUNT][get_partition(region)]
    with _making:
        if bucket not in backend.buckets:
            backend.create_bucket(bucket, region)
    return bucket


def put_text(bucket: str, key: str, text: str, region: str) -> None:
    """Writes an object to a bucket of the service's own."""
    with context.current().aws.changing():
        s3_backends[SERVICE_ACCOUNT][get_partition(region)].put_object(bucket, key, text.encode())


def temporary_address(bucket: str, key: str, region: str) -> str:
    """An address that needs no credentials and is good for 15 minutes."""
    return (
        context.current()
        .s3(region)
        .generate_presigned_url("get_object", Params={"Bucket": bucket, "Key": key}, ExpiresIn=VALID_SECONDS)
    )


def lasting_address(uri: "S3Uri", region: str) -> str:
    """What AWS gives for an object in a bucket of the caller's."""
    return f"https://s3.{region}.amazonaws.com/{uri.bucket}/{uri.key}"
