"""The files of this checkout that Airflow needs, and archives of them."""

import shutil
import zipfile
from collections.abc import Iterable, Iterator, Mapping
from pathlib import Path

IGNORED = ("__pycache__", ".mypy_cache", ".ruff_cache", ".pytest_cache")
EPOCH = (1980, 1, 1, 0, 0, 0)
"""The first moment that a ZIP archive can name: the same sources make the same bytes, whenever."""


def files(folder: Path) -> Iterator[Path]:
    """What ships of a folder, in order: no caches, and hidden files only if Airflow reads them."""
    for path in sorted(folder.rglob("*")):
        parts = path.relative_to(folder).parts
        hidden = path.name.startswith(".") and path.name != ".airflowignore"
        if path.is_file() and not hidden and path.suffix != ".pyc" and not set(parts) & set(IGNORED):
            yield path


def copy(source: Path, target: Path) -> None:
    """Copy what ships of a folder."""
    for path in files(source):
        copied = target / path.relative_to(source)
        copied.parent.mkdir(parents=True, exist_ok=True)
        shutil.copyfile(path, copied)


def tree(source: Path, prefix: str = "") -> dict[str, bytes]:
    """What ships of a folder, by its name in an archive."""
    return {f"{prefix}{path.relative_to(source).as_posix()}": path.read_bytes() for path in files(source)}


def write_zip(archive: Path, members: Mapping[str, bytes]) -> None:
    """A ZIP archive whose bytes depend on names and contents alone."""
    with zipfile.ZipFile(archive, "w", zipfile.ZIP_DEFLATED) as zip_file:
        for name, content in sorted(members.items()):
            member = zipfile.ZipInfo(name, EPOCH)
            member.compress_type = zipfile.ZIP_DEFLATED
            member.external_attr = 0o644 << 16
            zip_file.writestr(member, content)


def lines(text: str) -> Iterable[str]:
    """The lines of a requirements file that name a package."""
    return (line.strip() for line in text.splitlines() if line.strip() and line.strip()[0] not in "#-")
