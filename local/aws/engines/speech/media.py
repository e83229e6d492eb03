"""Media files as samples: what a file holds, and its sound at the decoder's sample rate."""

from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import av

from faults import MediaFault

SAMPLE_RATE = 16_000
"""Of what the decoder hears, in hertz."""
BYTES_PER_SAMPLE = 2
BYTES_PER_SECOND = SAMPLE_RATE * BYTES_PER_SAMPLE

SAMPLE_RATES = (8_000, 48_000)
MAX_BYTES = 2_000_000_000
MAX_SECONDS = 4 * 3600
MAX_SEPARATE_CHANNELS = 2
"""https://docs.aws.amazon.com/transcribe/latest/dg/limits-guidelines.html"""

FORMATS = {
    "wav": ("wav",),
    "flac": ("flac",),
    "mp3": ("mp3",),
    "mov,mp4,m4a,3gp,3g2,mj2": ("mp4", "m4a"),
    "ogg": ("ogg",),
    "matroska,webm": ("webm",),
    "amr": ("amr",),
}
"""FFmpeg's demuxers, and the media formats of Transcribe that each of them reads."""
# Nothing but these is opened: a playlist, for one, could name any other file or address.
OPTIONS = {
    "format_whitelist": ",".join(FORMATS),
    "protocol_whitelist": "file",
}
# What a container promises and its last frame keeps may differ by this.
TRUNCATED_SECONDS = 1.0

Pcm = bytes
"""Samples of one channel: signed, 16 bits, little-endian, at `SAMPLE_RATE`."""


@dataclass(frozen=True)
class Media:
    """A file that can be transcribed. ``seconds`` is what its header says, if it says it."""

    path: Path
    format: str
    sample_rate: int
    channels: int
    seconds: float | None

    def blocks(self, *, separate_channels: bool) -> Iterator[list[Pcm]]:
        """The sound, block by block: one entry for each channel, or one for all of them mixed.

        Raises:
            MediaFault: the file ends too early or lasts too long.
        """
        layout = {1: "mono", 2: "stereo"}[self.channels] if separate_channels else "mono"
        resampler = av.AudioResampler(format="s16p", layout=layout, rate=SAMPLE_RATE)
        done = 0
        with _opened(self.path) as container:
            for frame in _frames(container):
                for resampled in resampler.resample(frame):
                    done += resampled.samples
                    _check_duration(done / SAMPLE_RATE)
                    yield _planes(resampled)
            for resampled in resampler.resample(None):
                done += resampled.samples
                yield _planes(resampled)
        self._check_complete(done / SAMPLE_RATE)

    def _check_complete(self, seconds: float) -> None:
        """Only these containers keep an index: in others the header is a guess, or absent in a stream."""
        promised = self.seconds if self.format in {"mp4", "m4a"} else None
        if promised and seconds < promised - TRUNCATED_SECONDS:
            raise MediaFault(
                f"Failed to parse audio file. It ends after {seconds:.1f} of {promised:.1f} seconds: "
                "the file is truncated. Upload it again."
            )


def inspect(
    path: Path, *, media_format: str | None, sample_rate: int | None, separate_channels: bool
) -> Media:
    """What the file is, found in its content alone.

    Args:
        path: of the file; its name is not looked at.
        media_format: what the caller says it is, or None.
        sample_rate: what the caller says it has, in hertz, or None.
        separate_channels: whether each channel will be transcribed by itself.

    Raises:
        MediaFault: it is not media, is not what the caller says, or is out of Transcribe's bounds.
    """
    _check_size(path.stat().st_size)
    with _opened(path) as container:
        stream = _audio(container)
        codec = stream.codec_context
        duration = stream.duration and float(stream.duration * stream.time_base)
        media = Media(
            path,
            _format(container.format.name, media_format),
            codec.sample_rate,
            codec.layout.nb_channels,
            duration or (container.duration and container.duration / av.time_base) or None,
        )
    _check_sample_rate(media.sample_rate, sample_rate)
    _check_duration(media.seconds or 0)
    if separate_channels and media.channels > MAX_SEPARATE_CHANNELS:
        raise MediaFault(
            f"Invalid number of channels: number of channels too large. The audio has {media.channels} "
            f"channels; at most {MAX_SEPARATE_CHANNELS} can be transcribed separately."
        )
    return media


@contextmanager
def _opened(path: Path) -> Iterator[Any]:
    try:
        container = av.open(str(path), options=OPTIONS, metadata_errors="ignore")
    except (av.error.FFmpegError, ValueError) as error:
        raise MediaFault(f"Failed to parse audio file. {_reason(error)}") from None
    with container:
        yield container


def _reason(error: Exception) -> str:
    if isinstance(error, av.error.InvalidDataError):
        return (
            "It is not media, or it is truncated: its content is none of wav, flac, mp3, mp4, ogg, webm, amr."
        )
    return f"FFmpeg says: {getattr(error, 'strerror', None) or error}."


def _audio(container: Any) -> Any:
    streams = [stream for stream in container.streams.audio if stream.codec_context is not None]
    if not streams:
        raise MediaFault("Failed to parse audio file. The media has no audio stream that can be decoded.")
    return streams[0]


def _frames(container: Any) -> Iterator[Any]:
    """The decoded frames of the first audio stream. A packet that is damaged is left out, as players do."""
    stream = _audio(container)
    stream.thread_type = "NONE"
    packets = container.demux(stream)
    while True:
        try:
            packet = next(packets)
        except StopIteration:
            return
        except av.error.FFmpegError as error:
            raise MediaFault(f"Failed to parse audio file. {_reason(error)}") from None
        try:
            frames = packet.decode()
        except av.error.InvalidDataError:
            continue
        yield from frames


def _planes(frame: Any) -> list[Pcm]:
    return [bytes(plane)[: frame.samples * BYTES_PER_SAMPLE] for plane in frame.planes]


def _format(demuxer: str, claimed: str | None) -> str:
    detected = FORMATS[demuxer]
    if claimed is None:
        return detected[0]
    if claimed not in detected:
        raise MediaFault(
            "The media format provided does not match the detected media format. "
            f"The format given is {claimed}, the file is {' or '.join(detected)}."
        )
    return claimed


def _check_size(size: int) -> None:
    if size == 0:
        raise MediaFault("Failed to parse audio file. The file is empty: it has 0 bytes.")
    if size > MAX_BYTES:
        raise MediaFault(
            f"Invalid file size: file size too large. The file has {size:,} bytes; "
            f"at most {MAX_BYTES:,} are allowed."
        )


def _check_sample_rate(detected: int, claimed: int | None) -> None:
    low, high = SAMPLE_RATES
    if not low <= detected <= high:
        raise MediaFault(
            f"Invalid sample rate for audio file. The audio has {detected:,} Hz; "
            f"it must be between {low:,} and {high:,} Hz."
        )
    if claimed is not None and claimed != detected:
        raise MediaFault(
            "The sample rate provided does not match the detected sample rate. "
            f"The rate given is {claimed:,} Hz, the audio has {detected:,} Hz."
        )


def _check_duration(seconds: float) -> None:
    if seconds > MAX_SECONDS:
        raise MediaFault(
            f"Invalid audio duration: the audio lasts longer than {MAX_SECONDS:,} seconds "
            f"({MAX_SECONDS // 3600} hours)."
        )
