"""An S3 object as a file that is read once, from its beginning to its end."""

import io
from typing import TYPE_CHECKING, Any

from botocore.exceptions import ClientError
from typing_extensions import Buffer, override

from local.aws.runtime.transfer import S3Uri

if TYPE_CHECKING:
    from mypy_boto3_s3 import S3Client

BLOCK = 4 << 20


class ObjectChangedError(RuntimeError):
    """Somebody overwrote an object while it was read."""


class ObjectStream(io.RawIOBase):
    """Asks for one block after the other.

    At most a block is in memory, and no connection is open between two blocks: whoever reads may take
    hours for it.

    Raises:
        ObjectChangedError: when read; the object is another one than at the first block.
        botocore.exceptions.ClientError: when read; as S3 says.
    """

    def __init__(self, client: "S3Client", uri: S3Uri, block: int = BLOCK) -> None:
        self._client, self._uri, self._length = client, uri, block
        self._block = memoryview(b"")
        self._position = 0
        self._size: int | None = None
        self._entity_tag = ""

    @property
    def size(self) -> int:
        """Bytes of the whole object."""
        if self._size is None:
            self._advance()
        return self._size or 0

    @override
    def readable(self) -> bool:
        return True

    @override
    def readinto(self, buffer: Buffer, /) -> int:
        if not self._block:
            self._advance()
        view = memoryview(buffer).cast("B")
        count = min(len(view), len(self._block))
        view[:count] = self._block[:count]
        self._block = self._block[count:]
        return count

    def _advance(self) -> None:
        """Fetches the next block; leaves none at the end."""
        if self._size is not None and self._position >= self._size:
            return
        last = self._position + self._length - 1
        same: Any = {"IfMatch": self._entity_tag} if self._entity_tag else {}
        try:
            answer = self._client.get_object(
                Bucket=self._uri.bucket, Key=self._uri.key, Range=f"bytes={self._position}-{last}", **same
            )
        except ClientError as error:
            code = error.response["Error"]["Code"]
            if code == "InvalidRange" and not self._position:
                self._size = 0  # an empty object has no first block
                return
            if code == "PreconditionFailed":
                raise ObjectChangedError(f"{self._uri} was overwritten while the job read it") from error
            raise
        data = answer["Body"].read()
        self._block = memoryview(data)
        self._position += len(data)
        self._size = int(answer["ContentRange"].rpartition("/")[2])
        self._entity_tag = answer["ETag"]
