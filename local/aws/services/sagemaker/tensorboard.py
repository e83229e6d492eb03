"""What a training job shows in TensorBoard: in S3 while it runs.

https://docs.aws.amazon.com/sagemaker/latest/APIReference/API_TensorBoardOutputConfig.html
"""

from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any

from local.aws.runtime.container import reroot
from local.aws.runtime.continuous import ContinuousUpload
from local.aws.runtime.transfer import S3Uri
from local.aws.services.sagemaker import validation

if TYPE_CHECKING:
    from mypy_boto3_s3 import S3Client

DEFAULT_PATH = "/opt/ml/output/tensorboard"
FOLDER = "tensorboard-output"


def check(config: Mapping[str, Any] | None) -> None:
    """Raises `ValidationError` where its place in S3 is none."""
    if config:
        validation.check_s3_uri(config["S3OutputPath"], "S3OutputPath of TensorBoardOutputConfig")


def uploads(
    client: "S3Client", config: Mapping[str, Any] | None, job: str, bases: Sequence[Path]
) -> list[ContinuousUpload]:
    """Makes the folder on every host; gives what keeps it in S3, below the job's name as on AWS.

    Args:
        client: of the bucket's region.
        config: the request's `TensorBoardOutputConfig`.
        job: its name.
        bases: what stands for `/opt/ml`, of every host.
    """
    if not config:
        return []
    folders = [Path(reroot(config.get("LocalPath", DEFAULT_PATH), base)) for base in bases]
    for folder in folders:
        folder.mkdir(parents=True, exist_ok=True)
    uri = S3Uri.parse(config["S3OutputPath"].rstrip("/")).child(f"{job}/{FOLDER}")
    return [ContinuousUpload(client, folders, uri)]
