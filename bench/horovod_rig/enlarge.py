"""Writes scikit-learn's digits, enlarged, as TFRecord: ``enlarge.py FILE PIXELS``."""

import sys
from pathlib import Path

import numpy as np
from PIL import Image

import examples  # type: ignore[import-not-found]
import sources  # type: ignore[import-not-found]
import tfrecords  # type: ignore[import-not-found]


def main(file: str, pixels: str) -> None:
    """Square images of so many pixels each way."""
    size = int(pixels), int(pixels)
    with Path(file).open("wb") as out:
        for _, payload in sources.digits():
            example = examples.decode(payload, 1)
            larger = np.asarray(Image.fromarray(example.pixels[0]).resize(size, Image.Resampling.NEAREST))
            out.write(tfrecords.frame(examples.encoded(larger, example.label)))


if __name__ == "__main__":
    main(*sys.argv[1:])
