"""Samples as the formats that Polly answers with, by libsndfile's encoders."""

import io

import numpy as np
import soundfile
import soxr

FORMATS = {
    "mp3": ("MP3", "MPEG_LAYER_III"),
    "ogg_vorbis": ("OGG", "VORBIS"),
    "ogg_opus": ("OGG", "OPUS"),
    "pcm": ("RAW", "PCM_16"),
    "mulaw": ("RAW", "ULAW"),
    "alaw": ("RAW", "ALAW"),
}
"""Container and codec by Polly's name."""


def encode(samples: bytes, rate: int, output_format: str, output_rate: int) -> bytes:
    """Signed 16-bit mono samples of one rate, encoded at another; the formats are Polly's."""
    container, codec = FORMATS[output_format]
    resampled = soxr.resample(np.frombuffer(samples, np.int16), rate, output_rate)
    target = io.BytesIO()
    soundfile.write(target, resampled, output_rate, codec, format=container)
    return target.getvalue()
