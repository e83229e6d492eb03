"""Deployment packages: archives by their digest, each unpacked once for all processes that run it."""

import io
import shutil
import tempfile
import zipfile
from collections.abc import Collection
from pathlib import Path

MAX_UNPACKED = 250 * 1024 * 1024
"""https://docs.aws.amazon.com/lambda/latest/dg/gettingstarted-limits.html"""


class UnusablePackageError(ValueError):
    """A deployment package is no archive, or too large."""


class CodeStore:
    """Keeps archives in a folder. Code is not part of the snapshot, which is written after every change.

    Args:
        folder: made when there is something to keep.
    """

    def __init__(self, folder: Path) -> None:
        self._folder = folder

    def keep(self, digest: str, archive: bytes) -> None:
        """Raises `UnusablePackageError` in AWS's words."""
        self._check(archive)
        self._folder.mkdir(parents=True, exist_ok=True, mode=0o700)
        path = self._archive(digest)
        if not path.exists():
            temporary = path.with_suffix(".new")
            temporary.write_bytes(archive)
            temporary.replace(path)

    def unpacked(self, digest: str) -> Path:
        """The folder with the code; unpacked when it is asked for first.

        Raises:
            UnusablePackageError: the archive is gone.
        """
        target = self._folder / digest
        if target.is_dir():
            return target
        if not self._archive(digest).is_file():
            raise UnusablePackageError(
                f"The code {digest} is missing in {self._folder}: update the function."
            )
        partial = Path(tempfile.mkdtemp(dir=self._folder, prefix=f".{digest}."))
        try:
            with zipfile.ZipFile(self._archive(digest)) as archive:
                archive.extractall(partial)
            partial.chmod(0o755)
            if not target.is_dir():
                partial.rename(target)
        finally:
            shutil.rmtree(partial, ignore_errors=True)
        return target

    def sweep(self, used: Collection[str]) -> None:
        """Removes what no function has any more."""
        for path in self._folder.glob("*"):
            if path.name.split(".")[0] not in used:
                shutil.rmtree(path) if path.is_dir() else path.unlink()

    def _archive(self, digest: str) -> Path:
        return self._folder / f"{digest}.zip"

    @staticmethod
    def _check(archive: bytes) -> None:
        try:
            with zipfile.ZipFile(io.BytesIO(archive)) as content:
                size = sum(item.file_size for item in content.infolist())
        except zipfile.BadZipFile as error:
            raise UnusablePackageError(
                "Could not unzip uploaded file. Please check your file, then try to upload again."
            ) from error
        if size > MAX_UNPACKED:
            raise UnusablePackageError(f"Unzipped size must be smaller than {MAX_UNPACKED} bytes")
