"""What is in a record: an image and its class, by the names that TensorFlow's own data sets use.

``image/encoded``
    PNG or JPEG.
``image/class/label``
    The class, from 0.
``shard/rank``, ``shard/index``, ``shard/object``, ``shard/following``
    Whose shard a record is in, which one of it, the object that holds it, and how many come after it in
    that: put there by `shard.py`, so that a job can tell that it has read each record once, and where a
    broken one is.
"""

import io
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray
from PIL import Image
from tfrecord import example_pb2

ENCODED, LABEL = "image/encoded", "image/class/label"
RANK, INDEX, OBJECT, FOLLOWING = "shard/rank", "shard/index", "shard/object", "shard/following"

GREY_MODES = ("1", "L", "LA", "I", "I;16")
"""Of images in Pillow."""


class ExampleError(ValueError):
    """A payload that is no example of an image."""


@dataclass(frozen=True)
class Place:
    """Where a record is in its shard.

    Attributes:
        rank: whose shard it is.
        index: from 0, without a gap, in each shard.
        name: of the object that holds it, below the shard's prefix.
        following: records that come after it in this object.
    """

    rank: int
    index: int
    name: str
    following: int


@dataclass(frozen=True)
class Example:
    """An image, uint8 of shape (channels, height, width), its class, and its place, if it has one."""

    pixels: NDArray[np.uint8]
    label: int
    place: Place | None


@dataclass(frozen=True)
class Facts:
    """What the head of an image says, and its class.

    Attributes:
        shape: channels (1 for grey, 3 for colour), height and width in pixels.
        label: its class, from 0.
    """

    shape: tuple[int, int, int]
    label: int


def size(shape: tuple[int, int, int]) -> str:
    """For people, as ``32 x 24 pixels in colour``."""
    channels, height, width = shape
    return f"{width} x {height} pixels {'in grey' if channels == 1 else 'in colour'}"


def encoded(image: NDArray[np.uint8], label: int) -> bytes:
    """A payload with a grey image of shape (height, width) as PNG."""
    buffer = io.BytesIO()
    Image.fromarray(image, mode="L").save(buffer, format="PNG")
    return _payload({ENCODED: buffer.getvalue(), LABEL: label})


def placed(payload: bytes, place: Place) -> bytes:
    """The payload with its place: two messages behind each other are one with the fields of both.

    https://protobuf.dev/programming-guides/encoding/#last-one-wins
    """
    return payload + mark(place)


def mark(place: Place) -> bytes:
    """What `placed` puts behind a payload."""
    return _payload(
        {
            RANK: place.rank,
            INDEX: place.index,
            OBJECT: place.name.encode(),
            FOLLOWING: place.following,
        }
    )


def place_of(payload: bytes) -> Place | None:
    """Where a record says it is."""
    return _place(_features(payload))


def as_it_came(payload: bytes) -> bytes:
    """The payload before it was `placed`."""
    place = place_of(payload)
    return payload.removesuffix(mark(place)) if place else payload


def facts(payload: bytes) -> Facts:
    """What can be known of a payload without decoding its pixels.

    Raises:
        ExampleError: it has no image or no label, or the label is none.
    """
    features = _features(payload)
    content, label = _content(features)
    if label < 0:
        raise ExampleError(f"{LABEL!r} is {label}: classes count from 0")
    with _opened(content) as image:
        return Facts((1 if image.mode in GREY_MODES else 3, image.height, image.width), label)


def decode(payload: bytes, channels: int) -> Example:
    """A payload as an image with one channel (grey) or three.

    Raises:
        ExampleError: it has no image or no label, or the image cannot be read.
    """
    features = _features(payload)
    content, label = _content(features)
    with _opened(content) as image:
        pixels = np.asarray(image.convert("L" if channels == 1 else "RGB"))
    shaped = pixels.reshape(*pixels.shape[:2], channels).transpose(2, 0, 1)
    return Example(shaped, label, _place(features))


def _content(features: Any) -> tuple[bytes, int]:
    for name in (ENCODED, LABEL):
        if name not in features:
            there = ", ".join(sorted(features)) or "nothing"
            raise ExampleError(f"an example has no {name!r}; it has {there}")
    contents, labels = features[ENCODED].bytes_list.value, features[LABEL].int64_list.value
    if len(contents) != 1 or len(labels) != 1:
        raise ExampleError(
            f"an example has {len(contents)} images and {len(labels)} labels: give one of each"
        )
    return contents[0], int(labels[0])


@contextmanager
def _opened(content: bytes) -> Iterator[Image.Image]:
    try:
        with Image.open(io.BytesIO(content), formats=("PNG", "JPEG")) as image:
            yield image
    except (OSError, Image.DecompressionBombError) as error:
        raise ExampleError(f"the image of an example cannot be read: {error}") from error


def _features(payload: bytes) -> Any:
    try:
        return example_pb2.Example.FromString(payload).features.feature
    except Exception as error:
        raise ExampleError(f"a record is no tf.train.Example: {error}") from error


def _place(features: Any) -> Place | None:
    if RANK not in features:
        return None
    [rank], [index], [following] = (features[key].int64_list.value for key in (RANK, INDEX, FOLLOWING))
    [name] = features[OBJECT].bytes_list.value
    return Place(int(rank), int(index), name.decode(), int(following))


def _payload(values: dict[str, bytes | int]) -> bytes:
    example = example_pb2.Example()
    for name in sorted(values):
        value = values[name]
        if isinstance(value, bytes):
            example.features.feature[name].bytes_list.value.append(value)
        else:
            example.features.feature[name].int64_list.value.append(value)
    return bytes(example.SerializeToString(deterministic=True))
