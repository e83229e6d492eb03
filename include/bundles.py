"""Small files that ship to a job: scripts, suites, configuration. The same content has the same address."""

import gzip
import hashlib
import io
import tarfile
import zipfile
from collections.abc import Mapping
from dataclasses import dataclass
from functools import cached_property
from pathlib import Path
from typing import Self

JOBS = Path(__file__).parent / "jobs"
FUNCTIONS = Path(__file__).parent / "functions"
BESIDE: Mapping[str, tuple[str, ...]] = {"pit_features": ("flatten_events/flattening.py",)}
"""Function -> modules of other functions that ship with it."""
MAX_BYTES = 50 * 1024 * 1024
EARLIEST = (1980, 1, 1, 0, 0, 0)
"""The first moment that a ZIP archive knows."""


@dataclass(frozen=True)
class Bundle:
    """Relative POSIX path -> content."""

    files: Mapping[str, bytes]

    @classmethod
    def of(cls, path: Path) -> Self:
        """A file, or a folder without its caches and hidden files.

        Raises:
            FileNotFoundError: there is nothing at the path to ship.
            ValueError: it is larger than 50 MiB, which is data, not code.
        """
        folder = path if path.is_dir() else path.parent
        paths = sorted(path.rglob("*")) if path.is_dir() else [path]
        found = [p for p in paths if p.is_file() and not _is_ignored(p.relative_to(folder))]
        if not found:
            raise FileNotFoundError(f"{path} holds no file to ship to a job")
        size = sum(p.stat().st_size for p in found)
        if size > MAX_BYTES:
            raise ValueError(
                f"{path} is {size} bytes, over the {MAX_BYTES} that ship as code; put data in S3"
            )
        return cls({p.relative_to(folder).as_posix(): p.read_bytes() for p in found})

    @classmethod
    def of_job(cls, pipeline: str, *subjects: str) -> Self:
        """The scripts of ``include/jobs/<pipeline>``, and beside them what several pipelines share.

        Args:
            pipeline: the pipeline's name.
            subjects: folders of ``include/jobs`` with the modules of a subject, such as ``speech``; those of
                ``shared`` go with every job.

        Raises:
            ValueError: two of the folders have a file of the same name.
        """
        files: dict[str, bytes] = {}
        for folder in ("shared", *subjects, pipeline):
            own = cls.of(JOBS / folder).files
            if both := sorted(files.keys() & own.keys()):
                raise ValueError(
                    f"{both[0]} is in include/jobs/{folder} and in a folder it ships with: rename one"
                )
            files |= own
        return cls(files)

    @classmethod
    def of_function(cls, name: str) -> Self:
        """The modules of ``include/functions/<name>``, and beside them what it takes of other functions.

        Raises:
            ValueError: two of them have the same name.
        """
        files = cls.of(FUNCTIONS / name)
        for module in (FUNCTIONS / path for path in BESIDE.get(name, ())):
            files = files.including(module.parent, module.name)
        return files

    def including(self, folder: Path, *names: str) -> Self:
        """These files, and some of another folder beside them.

        Raises:
            FileNotFoundError: the folder has no such file.
            ValueError: a file of this name is there already.
        """
        if both := sorted(self.files.keys() & set(names)):
            raise ValueError(f"{both[0]} of {folder.name} would replace a file of the bundle: rename one")
        return type(self)({**self.files, **{name: (folder / name).read_bytes() for name in names}})

    def write(self, folder: Path) -> None:
        """Writes the files below a folder, which is made."""
        for name, content in self.files.items():
            path = folder / name
            path.parent.mkdir(parents=True, exist_ok=True)
            path.write_bytes(content)

    @cached_property
    def digest(self) -> str:
        """Sixteen hexadecimal digits of SHA-256 over names and contents."""
        total = hashlib.sha256()
        for name, content in sorted(self.files.items()):
            total.update(f"{name}\0{len(content)}\0".encode())
            total.update(content)
        return total.hexdigest()[:16]

    def archive(self) -> bytes:
        """A ``sourcedir.tar.gz`` as script mode takes it; the same files give the same bytes."""
        buffer = io.BytesIO()
        with (
            gzip.GzipFile(fileobj=buffer, mode="wb", mtime=0) as compressed,
            tarfile.open(fileobj=compressed, mode="w") as tar,
        ):
            for name, content in sorted(self.files.items()):
                member = tarfile.TarInfo(name)
                member.size = len(content)
                tar.addfile(member, io.BytesIO(content))
        return buffer.getvalue()

    def zipped(self) -> bytes:
        """A ZIP archive that Python can import from; the same files give the same bytes."""
        buffer = io.BytesIO()
        with zipfile.ZipFile(buffer, "w", zipfile.ZIP_DEFLATED) as archive:
            for name, content in sorted(self.files.items()):
                # Without a moment of its own it would have the present one.
                archive.writestr(zipfile.ZipInfo(name, EARLIEST), content, zipfile.ZIP_DEFLATED)
        return buffer.getvalue()


def _is_ignored(relative: Path) -> bool:
    return any(part.startswith(".") or part == "__pycache__" for part in relative.parts)
