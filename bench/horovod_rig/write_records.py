"""Writes a file of TFRecord: ``write_records.py FILE MIB`` puts examples with 128 KiB of noise into it."""

import random
import sys
from pathlib import Path

from tfrecord import example_pb2  # type: ignore[import-not-found]

import examples  # type: ignore[import-not-found]
import tfrecords  # type: ignore[import-not-found]

PAYLOAD_BYTES = 128 << 10


def main(file: str, mib: str) -> None:
    """About so many MiB; the same bytes each time."""
    source = random.Random(1)
    payloads = (example(source.randbytes(PAYLOAD_BYTES)) for _ in range((int(mib) << 20) // PAYLOAD_BYTES))
    with Path(file).open("wb") as out:
        out.writelines(map(tfrecords.frame, payloads))


def example(image: bytes) -> bytes:
    """A payload of class 0; nobody decodes the image."""
    made = example_pb2.Example()
    made.features.feature[examples.ENCODED].bytes_list.value.append(image)
    made.features.feature[examples.LABEL].int64_list.value.append(0)
    return bytes(made.SerializeToString())


if __name__ == "__main__":
    main(*sys.argv[1:])
