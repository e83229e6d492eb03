"""``make_media.py SOURCE TARGET [KEY=VALUE ...]``: a recording as another kind of file.

Runs with the engine's Python, which has FFmpeg. Keys: ``codec``, ``format``, ``rate``, ``layout``,
``metadata``, ``faststart`` (the index of an mp4 comes first). ``SOURCE`` may be ``film``: a second of video
without sound.
"""

import sys

import av


def convert(
    source: str,
    target: str,
    *,
    codec: str = "pcm_s16le",
    format: str | None = None,  # noqa: A002 - FFmpeg's own word
    rate: str | None = None,
    layout: str | None = None,
    metadata: str = "",
    faststart: str = "False",
) -> None:
    """Decodes one file and writes another."""
    options = {"movflags": "faststart"} if faststart == "True" else {}
    with av.open(source) as read, av.open(target, "w", format=format, options=options) as written:
        if metadata:
            written.metadata["title"] = metadata
        stream = written.add_stream(codec, rate=int(rate or read.streams.audio[0].rate))
        if layout:
            stream.layout = layout
        resampler = av.AudioResampler(stream.format, stream.layout, stream.rate)
        for frame in read.decode(audio=0):
            for resampled in resampler.resample(frame):
                written.mux(stream.encode(resampled))
        for resampled in resampler.resample(None):
            written.mux(stream.encode(resampled))
        written.mux(stream.encode(None))


def film(target: str) -> None:
    """Writes a second of video without sound."""
    with av.open(target, "w") as written:
        stream = written.add_stream("mpeg4", rate=5)
        stream.width = stream.height = 64
        for _ in range(5):
            written.mux(stream.encode(av.VideoFrame(64, 64, "yuv420p")))
        written.mux(stream.encode(None))


if __name__ == "__main__":
    if sys.argv[1] == "film":
        film(sys.argv[2])
        sys.exit()
    convert(*sys.argv[1:3], **dict(argument.split("=", 1) for argument in sys.argv[3:]))
