"""Whether Amazon Transcribe takes a media file, before a job is paid for.

Every sample is decoded, one frame at a time, because a file may be silent, damaged or cut off behind a good
beginning. What is taken: https://docs.aws.amazon.com/transcribe/latest/dg/how-input.html (formats, channels,
rates) and https://docs.aws.amazon.com/general/latest/gr/transcribe.html (lengths and sizes).
"""

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any

import av
import numpy as np

FORMATS = {
    "wav": "WAV",
    "flac": "FLAC",
    "mp3": "MP3",
    "mp4": "MP4",
    "m4a": "MP4",
    "ogg": "Ogg",
    "webm": "WebM",
    "amr": "AMR",
}
"""Names of files -> the container that belongs to them."""
CONTAINERS = {"mov": "MP4", "matroska": "WebM", **{name: FORMATS[name] for name in FORMATS}}
"""FFmpeg's names -> ours."""
STORE_LENGTH = {"WAV", "FLAC", "MP4", "WebM"}
"""Containers whose length is stored and not estimated, so that one that ends before it is cut off."""
LOSSLESS = {"flac", "alac"}
RATES = (8_000, 48_000)
TELEPHONE_RATE = 8_000
CALL_CHANNELS = 2
MAX_CHANNELS = 2
SHORTEST, LONGEST = 0.5, 4 * 3600.0
"""Seconds."""
MAX_BYTES = 2 * 1024**3
MAX_CALL_BYTES = 500 * 1024**2
SILENT_PEAK = 0.001
"""Of full scale, -60 dB: 33 steps of 16 bits, above dither and a line's hum, far below speech."""
MISSING_SHARE, MISSING = 0.02, 1
"""What may be missing of a stored length, by share and in its unit: a codec's padding, what an edit cut."""
UNKNOWN_RIFF_SIZE = 0xFFFFFFFF
HEAD_BYTES = 4096


@dataclass(frozen=True)
class Media:
    """A file that Transcribe takes. Peaks are of each channel, as a share of full scale."""

    file: str
    container: str
    codec: str
    sample_rate: int
    channels: int
    seconds: float
    bytes: int
    peaks: tuple[float, ...]
    advice: tuple[str, ...] = ()


@dataclass(frozen=True)
class SetAside:
    """A file that Transcribe would refuse or that would cost for nothing: why, and what to do."""

    file: str
    reason: str
    remedy: str


class UnfitError(Exception):
    """A file has to be set aside. Arguments: the reason and the remedy."""


def check_all(paths: Mapping[str, Path], *, calls: bool = False) -> tuple[list[Media], list[SetAside]]:
    """The files that are taken and those that are not, in order; one bad file does not end it.

    Args:
        paths: the name of each file -> where it is.
        calls: whether they are for call analytics, which needs a channel for each of two speakers.
    """
    checked = [check(name, path, calls=calls) for name, path in paths.items()]
    return (
        [each for each in checked if isinstance(each, Media)],
        [each for each in checked if isinstance(each, SetAside)],
    )


def check(name: str, path: Path, *, calls: bool = False) -> Media | SetAside:
    """What a file is, or why it is set aside. Its name says the format that Transcribe will expect."""
    try:
        media = _inspect(name, path, calls=calls)
    except UnfitError as error:
        return SetAside(name, *error.args)
    except (av.FFmpegError, OSError) as error:
        return SetAside(name, f"It cannot be read: {error}.", "Export it anew from its source.")
    return Media(**{**asdict(media), "advice": tuple(_advice(media, calls=calls))})


def document(taken: Sequence[Media], set_aside: Sequence[SetAside]) -> dict[str, Any]:
    """Both lists, for JSON."""
    return {"taken": [asdict(each) for each in taken], "set_aside": [asdict(each) for each in set_aside]}


def _inspect(name: str, path: Path, *, calls: bool) -> Media:
    size = path.stat().st_size
    _check_size(size, MAX_CALL_BYTES if calls else MAX_BYTES)
    with path.open("rb") as stream:
        head = stream.read(HEAD_BYTES)
    with _opened(path, head) as source:
        container = _container(source.format.name, head)
        _check_name(name, container)
        _check_whole(size, _riff_size(head), "bytes")
        track = _track(source, container, calls=calls)
        stored = _stored_seconds(source, track) if container in STORE_LENGTH else 0.0
        _check_longest(stored)
        seconds, peaks = _decode(source, track)
        _check_whole(seconds, stored, "s")
        codec, rate, channels = track.codec_context.name, track.rate, track.channels
    _check_sound(seconds, peaks)
    return Media(name, container, codec, rate, channels, round(seconds, 3), size, peaks)


def _opened(path: Path, head: bytes) -> Any:
    """A container of the formats that Transcribe takes; no other, such as a playlist, is followed.

    Raises:
        UnfitError: it is none.
    """
    try:
        allowed = {"format_whitelist": ",".join(CONTAINERS), "protocol_whitelist": "file"}
        return av.open(str(path), options=allowed, metadata_errors="replace")
    except av.FFmpegError:
        if head[4:8] == b"ftyp":
            raise UnfitError(
                "It is an MP4 file that is cut off: its index (moov) is missing.", "Copy or export it again."
            ) from None
        kind = "It is text" if _is_text(head) else "It is damaged, or of another format"
        known = ", ".join(dict.fromkeys(FORMATS.values()))
        raise UnfitError(f"{kind}, not sound.", f"Give one of {known}; FLAC or WAV is advised.") from None


def _track(source: Any, container: str, *, calls: bool) -> Any:
    """The first sound track.

    Raises:
        UnfitError: there is none, or its rate or channels are not taken.
    """
    if not source.streams.audio:
        raise UnfitError(f"It is {container} without a sound track.", "Give the file that has the sound.")
    track = source.streams.audio[0]
    if track.codec_context is None:
        raise UnfitError(f"It is {container} with sound in an unknown codec.", "Export it as FLAC or WAV.")
    _check_track(track.rate, track.channels, calls=calls)
    return track


def _stored_seconds(source: Any, track: Any) -> float:
    """The length by the header, 0 where it has none."""
    if track.duration:
        return float(track.duration * track.time_base)
    return float((source.duration or 0) / av.time_base)


def _decode(source: Any, track: Any) -> tuple[float, tuple[float, ...]]:
    """Seconds of sound and the peak of each channel.

    Raises:
        UnfitError: it cannot be decoded to its end, or does not end in time.
    """
    seconds, peaks = 0.0, np.zeros(track.channels)
    try:
        for frame in source.decode(track):
            if frame.layout.nb_channels != len(peaks):
                raise UnfitError(
                    f"After {seconds:.1f} s it has {frame.layout.nb_channels} channels, before {len(peaks)}.",
                    "Export it anew, with the same channels throughout.",
                )
            seconds += frame.samples / frame.sample_rate
            peaks = np.maximum(peaks, _peaks(frame))
            _check_longest(seconds)
    except av.FFmpegError as error:
        raise UnfitError(
            f"It is damaged after {seconds:.1f} s: {error}.", "Copy or export it again."
        ) from error
    return seconds, tuple(round(float(peak), 5) for peak in peaks)


def _peaks(frame: Any) -> Any:
    """The largest absolute value of each channel, as a share of full scale."""
    values = frame.to_ndarray()
    by_channel = values if frame.format.is_planar else values.reshape(-1, frame.layout.nb_channels).T
    middle = 128.0 if values.dtype == np.uint8 else 0.0
    full_scale = 1.0 if values.dtype.kind == "f" else np.iinfo(values.dtype).max - middle
    extremes = np.stack([by_channel.min(axis=1), by_channel.max(axis=1)]).astype(float)
    return np.abs(extremes - middle).max(axis=0) / full_scale


def _container(name: str, head: bytes) -> str:
    found = CONTAINERS[name.partition(",")[0]]
    if found == "WebM" and b"webm" not in head[:64]:
        raise UnfitError("It is Matroska (MKV), not WebM.", "Export it as WebM, FLAC or WAV.")
    return found


def _check_size(size: int, largest: int) -> None:
    if not size:
        raise UnfitError("It is empty: it has 0 bytes.", "Upload it again, or leave it out.")
    if size > largest:
        raise UnfitError(
            f"It has {size} bytes, at most {largest} are allowed.", "Split it, or encode it as FLAC."
        )


def _check_name(name: str, container: str) -> None:
    suffix = Path(name).suffix.lower().removeprefix(".")
    if FORMATS.get(suffix) != container:
        named = f".{suffix}" if suffix else "without an ending"
        fitting = " or ".join(f".{each}" for each, of in FORMATS.items() if of == container)
        raise UnfitError(f"It is {container} but is named {named}.", f"Name it {fitting}.")


def _check_track(rate: int, channels: int, *, calls: bool) -> None:
    if not RATES[0] <= rate <= RATES[1]:
        raise UnfitError(
            f"Its sample rate is {rate} Hz, outside {RATES[0]} to {RATES[1]}.", "Resample it, to 16000 Hz."
        )
    if channels > MAX_CHANNELS:
        raise UnfitError(
            f"It has {channels} channels, at most {MAX_CHANNELS} are allowed.", "Mix it down, or split it."
        )
    if calls and channels != CALL_CHANNELS:
        raise UnfitError(
            f"It has {channels} channel, call analytics needs {CALL_CHANNELS}.",
            "Record agent and customer on a channel each, or transcribe it without call analytics.",
        )


def _check_sound(seconds: float, peaks: Sequence[float]) -> None:
    if seconds < SHORTEST:
        raise UnfitError(
            f"It lasts {seconds:.3f} s, at least {SHORTEST} s are needed.", "Leave the file out."
        )
    if max(peaks) < SILENT_PEAK:
        raise UnfitError(
            f"It is silent: its loudest sample is {max(peaks):.5f} of full scale, under {SILENT_PEAK}.",
            "Check the recording, or leave the file out.",
        )


def _check_longest(seconds: float) -> None:
    if seconds > LONGEST:
        raise UnfitError(f"It lasts longer than {LONGEST:.0f} s (four hours).", "Split it.")


def _check_whole(there: float, stored: float, unit: str) -> None:
    if there < (1 - MISSING_SHARE) * stored - MISSING:
        raise UnfitError(
            f"It is cut off: {there:.6g} of the {stored:.6g} {unit} that its header has are there.",
            "Copy or export it again.",
        )


def _riff_size(head: bytes) -> int:
    """How many bytes a WAV file has by its header, which FFmpeg corrects silently; 0 where that is unsaid."""
    size = int.from_bytes(head[4:8], "little")
    return size + 8 if head.startswith(b"RIFF") and size != UNKNOWN_RIFF_SIZE else 0


def _advice(media: Media, *, calls: bool) -> Iterator[str]:
    if calls and media.sample_rate != TELEPHONE_RATE:
        yield f"It has {media.sample_rate} Hz: {TELEPHONE_RATE} Hz stereo is advised for telephone calls."
    if not (media.codec in LOSSLESS or media.codec.startswith("pcm_")):
        yield f"Its codec {media.codec} loses detail: FLAC, or WAV of 16-bit PCM, is advised."
    for channel, peak in enumerate(media.peaks):
        if peak < SILENT_PEAK:
            yield f"Channel {channel} is silent."


def _is_text(head: bytes) -> bool:
    try:
        text = head.decode(errors="strict" if len(head) < HEAD_BYTES else "ignore")
    except UnicodeDecodeError:
        return False
    return all(character.isprintable() or character.isspace() for character in text)
