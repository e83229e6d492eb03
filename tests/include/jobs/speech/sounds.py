"""Writes sound files of every kind, where the libraries of the jobs' image are."""

import av
import numpy as np

LAYOUTS = {1: "mono", 2: "stereo", 6: "5.1"}


def write(
    path: str,
    codec: str,
    *,
    rate: int = 16_000,
    channels: int = 1,
    seconds: float = 2.0,
    amplitudes: tuple[float, ...] = (0.3,),
    file_format: str | None = None,
    bit_rate: int | None = None,
    index_first: bool = True,
) -> None:
    """A tone; its amplitude in each channel is a share of full scale, the last one counts for the rest.

    An MP4 that has its index first can be opened although it is cut off.
    """
    layout = LAYOUTS[channels]
    flags = {"movflags": "faststart"} if index_first and path.endswith("mp4") else {}
    with av.open(path, "w", format=file_format, options=flags) as target:
        track = target.add_stream(codec, rate=rate, layout=layout)
        if bit_rate:
            track.bit_rate = bit_rate
        context = track.codec_context
        resampler = av.AudioResampler(context.format, layout, rate, context.frame_size)
        levels = [amplitudes[min(channel, len(amplitudes) - 1)] for channel in range(channels)]
        for start in range(0, round(seconds * rate), rate):
            tone = np.sin(2 * np.pi * 440 * np.arange(start, min(start + rate, round(seconds * rate))) / rate)
            values = np.round(np.outer(tone, levels) * 32767).astype(np.int16).reshape(1, -1)
            frame = av.AudioFrame.from_ndarray(values, "s16", layout)
            frame.sample_rate, frame.pts = rate, start
            for part in resampler.resample(frame):
                target.mux(track.encode(part))
        for part in resampler.resample(None):
            target.mux(track.encode(part))
        target.mux(track.encode(None))


def write_video(path: str) -> None:
    """A picture that does not move, and no sound."""
    with av.open(path, "w") as target:
        track = target.add_stream("mpeg4", rate=25)
        track.width, track.height, track.pix_fmt = 64, 64, "yuv420p"
        frame = av.VideoFrame.from_ndarray(np.zeros((64, 64, 3), dtype=np.uint8), "rgb24")
        for _ in range(25):
            target.mux(track.encode(frame))
        target.mux(track.encode(None))
