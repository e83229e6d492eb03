"""Files of an archive, such as the model of a ``model.tar.gz``."""

import tarfile
import zlib
from pathlib import Path

from failure import JobError


def member(archive: Path, name: str) -> bytes:
    """The content of a file in a tar archive. Only this one is read, and nothing is put on the disk.

    Raises:
        JobError: the archive is not there or not whole, or it holds no such file.
    """
    try:
        with tarfile.open(archive) as tar:
            for item in tar:
                if item.isfile() and Path(item.name) == Path(name) and (content := tar.extractfile(item)):
                    return content.read()
    except (OSError, EOFError, tarfile.TarError, zlib.error) as error:
        raise JobError(f"{archive.name} in {archive.parent.name!r} cannot be read: {error}.") from error
    raise JobError(f"{archive.name} holds no file {name!r}.")
