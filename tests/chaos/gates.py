"""What a job waits for: a file that the test holds locked.

A job asks for a shared lock and blocks in the kernel until the test lets go, so that hundreds of jobs wait
without using the processor, and one that comes late passes at once.
"""

import fcntl
from pathlib import Path
from typing import IO

WAIT = "import fcntl, sys\nfcntl.flock(open(sys.argv[1]), fcntl.LOCK_SH)\n"
"""The program of a job; its argument is the path of a gate."""


class Gates:
    """One gate for each of a number of jobs, all closed; the paths are ``folder/0``, ``folder/1``, ..."""

    def __init__(self, folder: Path, count: int) -> None:
        folder.mkdir(parents=True)
        self.folder = folder
        self._held = {index: self._closed(folder / str(index)) for index in range(count)}

    def open(self, *indexes: int) -> None:
        """Lets these jobs end, or all of them."""
        for index in indexes or tuple(self._held):
            if file := self._held.pop(index, None):
                file.close()

    @staticmethod
    def _closed(path: Path) -> IO[str]:
        file = path.open("w")
        fcntl.flock(file, fcntl.LOCK_EX)
        return file
