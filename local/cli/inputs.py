"""Files of this machine as the input of a run."""

from pathlib import Path
from typing import TYPE_CHECKING

from boto3.exceptions import S3UploadFailedError
from botocore.exceptions import BotoCoreError, ClientError

from local.stack import infrastructure
from local.stack.errors import MillraceError
from local.stack.lifecycle import Stack

if TYPE_CHECKING:
    from mypy_boto3_s3 import S3Client


def check(file: Path, option: str = "--input") -> None:
    """Raises MillraceError, which names the option, unless the file can be read."""
    if not file.exists():
        raise MillraceError(f"There is no file {file}: name an existing one with {option}.")
    if not file.is_file():
        raise MillraceError(f"{file} is not a file: name one with {option}.")
    try:
        file.open("rb").close()
    except OSError as error:
        raise MillraceError(f"{file} cannot be read: {error.strerror}.") from error


def upload(stack: Stack, dag_id: str, file: Path, param: str = "") -> str:
    """Copy a file of any size to the tenant's input prefix, to a folder of its Param, and return its URI."""
    key = "/".join(filter(None, (stack.config.tenant, "input", dag_id, param, file.name)))
    client: S3Client = infrastructure.client(stack.config, "s3")
    try:
        client.upload_file(str(file), stack.bucket, key)
    except (S3UploadFailedError, ClientError, BotoCoreError) as error:
        raise MillraceError(f"{file} cannot be uploaded to s3://{stack.bucket}/{key}: {error}") from error
    return f"s3://{stack.bucket}/{key}"
