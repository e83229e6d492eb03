"""Folders that go to S3 while a job writes into them."""

from collections.abc import Iterable, Sequence
from pathlib import Path
from typing import IO, TYPE_CHECKING

from local.aws.runtime.transfer import S3Uri, files, upload_stream

if TYPE_CHECKING:
    from mypy_boto3_s3 import S3Client

Version = tuple[int, int]
"""Time of modification and size of a file."""
OUTDATED: Version = (-1, -1)


class ContinuousUpload:
    """Uploads files as they appear and again when they change.

    A job may write, rename and delete its files at any moment, this one as well.

    Args:
        client: of the bucket's region.
        folders: the same folder of every host. All go to one prefix: of a name on several hosts the file that
            changed last is kept, as on AWS.
        uri: of the prefix.
    """

    def __init__(self, client: "S3Client", folders: Sequence[Path], uri: S3Uri) -> None:
        self._client, self._folders, self._uri = client, folders, uri
        self._seen: dict[Path, Version] = {}
        self._sent: dict[Path, Version] = {}

    def adopt(self) -> None:
        """Takes what is in the folders for sent: it came from there."""
        self._sent |= {path: version for _, path in self._files() if (version := version_of(path))}

    def sync(self, *, final: bool = False) -> None:
        """Sends what has not changed since the last look; everything that is new, at the end.

        Raises:
            UploadError: S3 refuses.
        """
        found = [(version, folder, path) for folder, path in self._files() if (version := version_of(path))]
        # The oldest first: what is sent last under a name stays.
        for version, folder, path in sorted(found):
            if self._sent.get(path) != version and (final or self._seen.get(path) == version):
                self._send(folder, path, version)
            self._seen[path] = version
        if final:
            self._remove_vanished()

    def _send(self, folder: Path, path: Path, version: Version) -> None:
        try:
            with path.open("rb") as file:
                upload_stream(self._client, _Once(file), self._target(path.relative_to(folder)))
        except FileNotFoundError:
            return  # renamed or deleted since: its new name is sent
        # What changed meanwhile is sent again; what is gone meanwhile is there all the same, to be removed.
        self._sent[path] = version if version_of(path) == version else OUTDATED

    def _remove_vanished(self) -> None:
        """What was there and then renamed or deleted by the job would stay behind as a second copy."""
        for folder in self._folders:
            for path in [path for path in self._sent if path.is_relative_to(folder) and not path.is_file()]:
                del self._sent[path]
                name = path.relative_to(folder)
                # Not this folder: a file that is there again by now is not known to be sent, and will be.
                if not any((other / name).is_file() for other in self._folders if other != folder):
                    target = self._target(name)
                    self._client.delete_object(Bucket=target.bucket, Key=target.key)

    def _files(self) -> Iterable[tuple[Path, Path]]:
        return [(folder, path) for folder in self._folders for path in files(folder)]

    def _target(self, name: Path) -> S3Uri:
        return self._uri.child(name.as_posix())


class _Once:
    """A file that can only be read on, not measured.

    boto3 measures a file before it sends it and waits in vain for the rest of one that shrinks meanwhile.
    """

    def __init__(self, file: IO[bytes]) -> None:
        self._file = file

    def read(self, size: int = -1) -> bytes:
        return self._file.read(size)


def version_of(path: Path) -> Version | None:
    """None for a file that is gone."""
    try:
        stat = path.stat()
    except FileNotFoundError:
        return None
    return stat.st_mtime_ns, stat.st_size
