"""Small text files in S3, read in this process: a request may not wait for a request of its own."""

from moto.s3.models import s3_backends
from moto.utilities.utils import get_partition

from local.aws.services.transcribe import validation
from local.aws.services.transcribe.validation import BadRequestError


def small_file(uri: str, field: str, account: str, region: str, most: int) -> str:
    """The text of an object.

    Args:
        uri: where it is.
        field: of the request, for messages.
        account: of the request.
        region: of the request.
        most: bytes that it may have.

    Raises:
        BadRequestError: it is not there, is too large, or is not UTF-8.
    """
    place = validation.s3_uri(uri, field)
    size = validation.check_object(place, account, region)
    if size > most:
        raise BadRequestError(
            f"The file in {field} is too large: it has {size:,} bytes and may have {most:,}."
        )
    found = s3_backends[account][get_partition(region)].get_object(place.bucket, place.key)
    try:
        return found.value.decode() if found else ""
    except UnicodeDecodeError as error:
        raise BadRequestError(f"The file in {field} is not UTF-8: {error}.") from error
