"""A folder that is written as a whole or not at all, over nothing but what was written here before.

Of what somebody else put there since, only ``.env`` stays: the Astro CLI reads the settings of ``astro dev``
from it.
"""

import shutil
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

MARK = ".made-by-millrace"
SETTINGS = ".env"


class FolderInUseError(RuntimeError):
    """There is a folder in the way that this code did not make."""


@contextmanager
def replaced(folder: Path) -> Iterator[Path]:
    """An empty folder that takes the place of ``folder`` at the end, unless something fails.

    Raises:
        FolderInUseError: ``folder`` has content that was not written here.
    """
    if folder.exists() and not (folder / MARK).is_file():
        raise FolderInUseError(f"{folder} was not made by `make dist`: move it, or write elsewhere (--to).")
    folder.parent.mkdir(parents=True, exist_ok=True)
    partial = Path(tempfile.mkdtemp(prefix=f".{folder.name}.", dir=folder.parent))
    try:
        yield partial
        (partial / MARK).touch()
        partial.chmod(0o755)
        if (folder / SETTINGS).is_file():
            shutil.copy2(folder / SETTINGS, partial / SETTINGS)
        shutil.rmtree(folder, ignore_errors=True)
        partial.rename(folder)
    finally:
        shutil.rmtree(partial, ignore_errors=True)
