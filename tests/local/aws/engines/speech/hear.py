"""``hear.py FILE SEPARATE``: what the engine's decoder would hear, as JSON: a line for each channel."""

import json
import sys
from pathlib import Path

import numpy as np

import media

separate = sys.argv[2] == "separate"
source = media.inspect(Path(sys.argv[1]), media_format=None, sample_rate=None, separate_channels=separate)
channels = [b"".join(parts) for parts in zip(*source.blocks(separate_channels=separate), strict=True)]
loudness = [float(np.abs(np.frombuffer(pcm, "<i2").astype(float)).mean()) for pcm in channels]
print(
    json.dumps(
        {
            "format": source.format,
            "sample_rate": source.sample_rate,
            "channels": source.channels,
            "seconds": [len(pcm) / media.BYTES_PER_SECOND for pcm in channels],
            "loudness": loudness,
        }
    )
)
