"""What a training job leaves in S3: its model and its other output."""

from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import TYPE_CHECKING

from local.aws.runtime.transfer import S3Uri, pack, upload_file, upload_tree

if TYPE_CHECKING:
    from mypy_boto3_s3 import S3Client

FOLDERS = {"model": "model", "output": "data"}
"""Archives, and the folders that there are in their place without compression."""


def upload(
    client: "S3Client",
    target: S3Uri,
    folders: Mapping[str, Sequence[Path]],
    *,
    scratch: Path | None,
    even_nothing: bool,
) -> None:
    """Uploads each kind of artifact, as an archive or as files.

    Args:
        client: of the bucket's region.
        target: the prefix.
        folders: `model` and `output`: that of each host, of which the first one's files come first.
        scratch: where the archives are made; None uploads files.
        even_nothing: an empty folder makes an empty archive. A job that was stopped before it saved anything
            has none.
    """
    for kind, of_hosts in folders.items():
        if scratch is None:
            for folder in reversed(of_hosts):
                upload_tree(client, folder, target.child(FOLDERS[kind]))
        elif even_nothing or any(any(folder.iterdir()) for folder in of_hosts):
            archive = scratch / f"{kind}.tar.gz"
            pack(of_hosts, archive)
            upload_file(client, archive, target.child(archive.name))
