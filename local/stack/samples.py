"""Sample inputs, where a pipeline looks when a run names no input."""

from pathlib import Path
from typing import TYPE_CHECKING

from botocore.exceptions import BotoCoreError, ClientError

from local.stack import infrastructure
from local.stack.config import REPOSITORY, StackConfig
from local.stack.errors import MillraceError

if TYPE_CHECKING:
    from mypy_boto3_s3 import S3Client

FOLDER = REPOSITORY / "include" / "samples"
NO_DATA = frozenset({".py", ".pyc", ".md"})
"""A sample's folder also holds the code that made it and a description."""


def upload(config: StackConfig, bucket: str, folder: Path = FOLDER) -> None:
    """Copy each pipeline's sample to ``input/<dag_id>/current/``, unless something is there.

    Raises:
        MillraceError: the bucket cannot be read or written.
    """
    client: S3Client = infrastructure.client(config, "s3")
    try:
        for dag_id, files in of_pipelines(folder).items():
            prefix = f"{config.tenant}/input/{dag_id}/current/"
            if client.list_objects_v2(Bucket=bucket, Prefix=prefix, MaxKeys=1)["KeyCount"]:
                continue
            for file in files:
                key = prefix + file.relative_to(folder / dag_id).as_posix()
                client.upload_file(str(file), bucket, key)
    except (ClientError, BotoCoreError) as error:
        raise MillraceError(f"The samples cannot be uploaded to s3://{bucket}: {error}") from error


def of_pipelines(folder: Path) -> dict[str, list[Path]]:
    """Data files of each pipeline's folder, by the name of the pipeline."""
    pipelines = {each.name: _data_files(each) for each in sorted(folder.glob("[!._]*")) if each.is_dir()}
    return {dag_id: files for dag_id, files in pipelines.items() if files}


def _data_files(folder: Path) -> list[Path]:
    return sorted(file for file in folder.rglob("*") if file.is_file() and file.suffix not in NO_DATA)
