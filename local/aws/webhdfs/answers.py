"""The JSON documents of WebHDFS.

https://hadoop.apache.org/docs/stable/hadoop-project-dist/hadoop-hdfs/WebHDFS.html#JSON_Schemas
"""

from collections.abc import Iterable
from http import HTTPStatus
from typing import Any

from local.aws.webhdfs.tree import Status

Json = dict[str, Any]
BLOCK_BYTES = 128 << 20
"""What Hadoop takes for the size of a block; objects have none."""

FAILURES: tuple[tuple[type[Exception], HTTPStatus, str], ...] = (
    (FileNotFoundError, HTTPStatus.NOT_FOUND, "java.io.FileNotFoundException"),
    (FileExistsError, HTTPStatus.FORBIDDEN, "org.apache.hadoop.fs.FileAlreadyExistsException"),
    (NotADirectoryError, HTTPStatus.FORBIDDEN, "org.apache.hadoop.fs.ParentNotDirectoryException"),
    (PermissionError, HTTPStatus.FORBIDDEN, "org.apache.hadoop.security.AccessControlException"),
    (NotImplementedError, HTTPStatus.BAD_REQUEST, "java.lang.UnsupportedOperationException"),
    (ValueError, HTTPStatus.BAD_REQUEST, "java.lang.IllegalArgumentException"),
    (OSError, HTTPStatus.FORBIDDEN, "java.io.IOException"),
)
"""Error, status and the Java exception that the client raises."""


def file_status(status: Status, owner: str) -> Json:
    """A FileStatus; owners and permissions mean nothing here."""
    directory = status.size is None
    return {
        "pathSuffix": status.name,
        "type": "DIRECTORY" if directory else "FILE",
        "length": status.size or 0,
        "owner": owner,
        "group": owner,
        "permission": "755" if directory else "644",
        "accessTime": 0,
        "modificationTime": status.modified,
        "blockSize": 0 if directory else BLOCK_BYTES,
        "replication": 0 if directory else 1,
        "childrenNum": 0,
        "fileId": 0,
        "storagePolicy": 0,
    }


def file_statuses(statuses: Iterable[Status], owner: str) -> Json:
    """A FileStatuses."""
    return {"FileStatuses": {"FileStatus": [file_status(status, owner) for status in statuses]}}


def directory_listing(statuses: Iterable[Status], owner: str) -> Json:
    """A DirectoryListing that holds all there is."""
    return {"DirectoryListing": {"partialListing": file_statuses(statuses, owner), "remainingEntries": 0}}


def block_locations(size: int) -> Json:
    """One block that is nowhere in particular."""
    block = {
        "offset": 0,
        "length": size,
        "corrupt": False,
        "hosts": ["localhost"],
        "names": ["localhost"],
        "cachedHosts": [],
        "topologyPaths": [],
        "storageTypes": ["DISK"],
    }
    return {"BlockLocations": {"BlockLocation": [block] if size else []}}


def content_summary(size: int, files: int, directories: int) -> Json:
    """A ContentSummary; there are no quotas."""
    return {
        "ContentSummary": {
            "length": size,
            "fileCount": files,
            "directoryCount": directories,
            "quota": -1,
            "spaceConsumed": size,
            "spaceQuota": -1,
            "typeQuota": {},
        }
    }


def failure(error: Exception) -> tuple[HTTPStatus, Json]:
    """Status and RemoteException of an error; 500 for one that is a defect of this server."""
    found = next(((status, java) for kind, status, java in FAILURES if isinstance(error, kind)), None)
    status, java = found or (HTTPStatus.INTERNAL_SERVER_ERROR, "java.io.IOException")
    message = str(error) if found else f"The local AWS failed on this: {type(error).__name__}: {error}"
    name = java.rpartition(".")[2]
    return status, {"RemoteException": {"exception": name, "javaClassName": java, "message": message}}
