"""FastFile mode: a channel as files of which nothing is copied before the program starts.

On AWS a file system fetches what is read. The bodies of our S3 are files already, written once and never
changed, so here a channel is hard links to them: as many names, no bytes. A link keeps its body when the
object is deleted or overwritten while the job runs. A symbolic link would break with the object's deletion.
Where a file cannot be linked, as from one file system to another, it is copied.

The links and the folders are read-only, as the channel's mount on AWS is, and a program that runs as root
gives up its right to write all the same (`ContainerSpec.keeps_read_only`). That stops a program that writes
by mistake. One that makes a file writable first changes S3's own body: `Link` tells it afterwards.
"""

import os
import shutil
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, cast

from moto.s3.models import s3_backends

from local.aws.runtime.continuous import Version, version_of
from local.aws.runtime.transfer import Item, NothingToDownloadError, S3Uri, objects, target_in

if TYPE_CHECKING:
    from mypy_boto3_s3 import S3Client

    from local.aws.services.s3.models import StoredObject

FILE_MODE = 0o444
FOLDER_MODE = 0o555


class AmbiguousPrefixError(ValueError):
    """A prefix of a FastFile channel is that of several folders."""


@dataclass(frozen=True)
class Link:
    """An object of a channel, and what its body was like before the program had it."""

    uri: S3Uri
    body: Path
    version: Version | None

    @property
    def is_changed(self) -> bool:
        """Whether somebody wrote into the body; one that is gone went with its object."""
        return version_of(self.body) not in (self.version, None)


def link(
    client: "S3Client", account: str, uri: S3Uri, folder: Path, shard: tuple[int, int] = (0, 1)
) -> list[Link]:
    """Puts the objects of a prefix into `folder`, read-only; returns those that are files.

    Args:
        client: of the bucket's region; lists the prefix.
        account: whose S3 it is.
        uri: the prefix, which has to be a folder's name or an object's key.
        folder: is made.
        shard: index and count of the hosts that share the objects.

    Raises:
        NothingToDownloadError: no object, or no bucket.
        AmbiguousPrefixError: AWS takes no part of a folder's name.
    """
    folder.mkdir(parents=True, exist_ok=True)
    found = objects(client, uri)
    _check_is_folder(uri, found)
    # As on AWS, reading takes the permission to get the objects: this call puts that on record.
    client.head_object(Bucket=found[0].uri.bucket, Key=found[0].uri.key)
    links = []
    for item in found[shard[0] :: shard[1]]:
        target = target_in(folder, item)
        if not item.name.endswith("/"):
            body = body_of(account, item.uri)
            links.append(Link(item.uri, body, version_of(body)))
            place(body, target)
            target.chmod(FILE_MODE)
    for parent, _, _ in os.walk(folder, topdown=False):
        Path(parent).chmod(FOLDER_MODE)
    return links


def _check_is_folder(uri: S3Uri, found: list[Item]) -> None:
    inside = uri.key if not uri.key or uri.key.endswith("/") else f"{uri.key}/"
    for item in found:
        if item.uri.key != uri.key and not item.uri.key.startswith(inside):
            raise AmbiguousPrefixError(
                f"FastFile mode takes a folder, and the prefix {uri} is also the beginning of {item.uri}: "
                "end the prefix with a slash."
            )


def body_of(account: str, uri: S3Uri) -> Path:
    """The file of an object, never changed; raises `NothingToDownloadError` for an object that is gone."""
    stored = s3_backends[account]["aws"].get_object(uri.bucket, uri.key)
    if stored is None:
        raise NothingToDownloadError(f"{uri} was deleted while its channel was set up.")
    return cast("StoredObject", stored).body.path


def place(body: Path, target: Path) -> None:
    """Puts a body under another name without copying it, where the file system can do that."""
    try:
        target.hardlink_to(body)
    except OSError:
        shutil.copyfile(body, target)
