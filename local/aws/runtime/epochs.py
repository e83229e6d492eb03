"""What the pipes of a channel hold: its objects one after the other, in the order of each epoch."""

import gzip
import io
import random
import tempfile
import zlib
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, BinaryIO, cast

from local.aws.runtime.object_stream import BLOCK, ObjectStream
from local.aws.runtime.recordio import frame, framed_size
from local.aws.runtime.transfer import Item

if TYPE_CHECKING:
    from mypy_boto3_s3 import S3Client


class NotGzipError(ValueError):
    """An object of a channel with ``CompressionType`` ``Gzip`` is not compressed, or is cut short."""


@dataclass(frozen=True)
class Epochs:
    """The objects of a channel as one host reads them, epoch by epoch.

    Attributes:
        client: of the bucket's region.
        items: all objects of the channel, in S3's order.
        seed: shuffles the objects anew in each epoch. Epoch n has the order that Python's
            ``random.Random(f"{seed}:{n}").shuffle`` gives them: the same seed, the same orders.
        shard: index and count of the hosts that share the objects. They are shuffled before they are
            shared out, so a host gets others in each epoch.
            https://docs.aws.amazon.com/sagemaker/latest/APIReference/API_ShuffleConfig.html
        gzipped: the objects are decompressed on their way.
        wrapped: each object becomes one RecordIO record.
    """

    client: "S3Client"
    items: Sequence[Item]
    seed: int | None = None
    shard: tuple[int, int] = (0, 1)
    gzipped: bool = False
    wrapped: bool = False

    def order(self, epoch: int) -> list[Item]:
        """The objects of an epoch, as they come."""
        items = list(self.items)
        if self.seed is not None:
            random.Random(f"{self.seed}:{epoch}").shuffle(items)  # noqa: S311  # an order, not a secret
        return items[self.shard[0] :: self.shard[1]]

    def size(self, epoch: int) -> int | None:
        """Bytes that an epoch's pipe will hold; None where only decompressing them would tell."""
        if self.gzipped:
            return None
        sizes = [item.size for item in self.order(epoch)]
        return sum(framed_size(size) for size in sizes) if self.wrapped else sum(sizes)

    def stream(self, epoch: int) -> Iterator[bytes]:
        """The bytes of an epoch, in blocks.

        Raises:
            NotGzipError, RecordTooLongError, ObjectChangedError: what is wrong with an object.
        """
        for item in self.order(epoch):
            yield from self._object(item)

    def _object(self, item: Item) -> Iterator[bytes]:
        stored = ObjectStream(self.client, item.uri)
        if not self.gzipped:
            yield from self._framed(cast("BinaryIO", stored), stored.size)
            return
        try:
            with gzip.GzipFile(fileobj=io.BufferedReader(stored, BLOCK)) as plain:
                if not self.wrapped:
                    yield from _blocks(cast("BinaryIO", plain))
                    return
                # The length stands before the bytes and is known after them only.
                with tempfile.TemporaryFile() as whole:
                    size = 0
                    for block in _blocks(cast("BinaryIO", plain)):
                        size += whole.write(block)
                        frame(size)  # the disk may not hold what turns out to be too long
                    whole.seek(0)
                    yield from self._framed(cast("BinaryIO", whole), size)
        except (gzip.BadGzipFile, EOFError, zlib.error) as error:
            raise NotGzipError(
                f"{item.uri} cannot be decompressed, as CompressionType Gzip says: {error}"
            ) from error

    def _framed(self, content: BinaryIO, size: int) -> Iterator[bytes]:
        before, after = frame(size) if self.wrapped else (b"", b"")
        yield before
        yield from _blocks(content)
        yield after


def _blocks(content: BinaryIO) -> Iterator[bytes]:
    while block := content.read(BLOCK):
        yield block
