"""Checkpoints of training jobs: in S3 while the job runs, and on every host when it starts again.

Hosts share one prefix, as on AWS, where a program gives its files names that no other host's have.
https://docs.aws.amazon.com/sagemaker/latest/dg/model-checkpoints.html
"""

import posixpath
from collections.abc import Mapping, Sequence
from contextlib import suppress
from pathlib import Path
from typing import TYPE_CHECKING, Any

from local.aws.runtime.container import reroot
from local.aws.runtime.continuous import ContinuousUpload
from local.aws.runtime.transfer import NothingToDownloadError, S3Uri, download
from local.aws.services.sagemaker import validation
from local.aws.services.sagemaker.validation import ValidationError

if TYPE_CHECKING:
    from mypy_boto3_s3 import S3Client

DEFAULT_PATH = "/opt/ml/checkpoints"
TAKEN = ("", "/input", "/model", "/output", "/code")
"""Folders below `/opt/ml` that a job has other uses for."""


def check(config: Mapping[str, Any] | None) -> None:
    """Checkpoints live in S3 and in a folder of their own below `/opt/ml`.

    Raises:
        ValidationError: they would lie among the job's other files, or outside the container's folders.
    """
    if not config:
        return
    validation.check_s3_uri(config["S3Uri"], "S3Uri of CheckpointConfig")
    path = _local_path(config)
    below = path.removeprefix("/opt/ml")
    taken = any(below == own or (own and below.startswith(f"{own}/")) for own in TAKEN)
    if not path.startswith("/opt/ml/") or taken:
        raise ValidationError(
            f"LocalPath {path!r} of CheckpointConfig is invalid: give a folder below /opt/ml that the job "
            "does not use otherwise, such as /opt/ml/checkpoints."
        )


def restore(
    client: "S3Client", config: Mapping[str, Any] | None, bases: Sequence[Path]
) -> list[ContinuousUpload]:
    """Brings what earlier attempts and jobs saved to every host; gives what keeps the folders in S3.

    Args:
        client: of the bucket's region.
        config: the request's `CheckpointConfig`.
        bases: what stands for `/opt/ml`, of every host.
    """
    if not config:
        return []
    uri = S3Uri.parse(config["S3Uri"])
    prefix = S3Uri(uri.bucket, f"{uri.key.rstrip('/')}/" if uri.key else "")
    folders = [Path(reroot(_local_path(config), base)) for base in bases]
    for folder in folders:
        with suppress(NothingToDownloadError):  # nothing was saved yet
            download(client, prefix, folder)
    upload = ContinuousUpload(client, folders, uri)
    upload.adopt()
    return [upload]


def _local_path(config: Mapping[str, Any]) -> str:
    """Without ``.``, ``..`` and double slashes, which would hide where it leads."""
    return posixpath.normpath(config.get("LocalPath", DEFAULT_PATH))
