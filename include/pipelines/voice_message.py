"""Requests and decisions of the voice messages.

Each recording is copied in the version that has arrived, so that what is heard is what was uploaded, even if
its key has been written again since. Its message has one marker for all runs, by the identity of the upload.
"""

from collections.abc import Mapping, Sequence
from pathlib import PurePosixPath
from typing import Any

from include.messages import TextMessage, one_line, shortened
from include.naming import digest, hyphenated
from include.run import Run
from include.snapshots import Snapshot
from include.transcribe import Filter, TranscriptionJob, VocabularyFilter

METHODS = ("mask", "remove", "tag")
DEFAULTS: Mapping[str, str | None] = {
    "language_code": "en-US",
    "vocabulary": None,
    "filter_words_uri": None,
    "filter_method": "mask",
}
"""How recordings are heard where neither the run nor this environment's options say otherwise."""
NAMES = f"it may have {', '.join(DEFAULTS)}"
MEDIA = frozenset({".amr", ".flac", ".m4a", ".mp3", ".mp4", ".ogg", ".wav", ".webm"})
"""Of the files in a folder, those that are recordings. What is uploaded is heard, whatever its name."""
MOST_NAME = 60


def options_uri(run: Run) -> str:
    """What this environment says of how uploads are heard."""
    return run.input_uri("options.json")


def options(run: Run, options: Any) -> dict[str, Any]:
    """How this run hears: what its form says, else this environment's options, else the defaults.

    Raises:
        ValueError: the options are no object, or have an unknown name.
    """
    given = {} if options is None else options
    if not isinstance(given, Mapping):
        raise ValueError(  # noqa: TRY004  # what a file holds is a value
            f"{options_uri(run)} is a JSON {type(given).__name__}, not an object: {NAMES}"
        )
    if unknown := sorted(set(given) - set(DEFAULTS)):
        raise ValueError(f"{options_uri(run)} has {', '.join(unknown)}, which nobody knows: {NAMES}")
    return {name: run.params[name] or given.get(name) or default for name, default in DEFAULTS.items()}


def vocabulary_filter(run: Run, options: Mapping[str, Any]) -> VocabularyFilter | None:
    """The filter of the run's language with the words of the options; None without any."""
    if not options["filter_words_uri"]:
        return None
    language = options["language_code"]
    name = f"{run.resource_name}-{language.lower()}"
    return VocabularyFilter(name, options["filter_words_uri"], language)


def folder(run: Run) -> str | None:
    """Where a run looks for recordings that no upload has named: a folder, or one recording."""
    if named := run.params["media_uri"]:
        return str(named)
    return None if run.uploads else run.input_uri("current/")


def recordings(run: Run, found: Sequence[str]) -> list[Snapshot]:
    """The uploads that started the run, each version of its own, else the recordings ``found`` in its folder.

    Who starts a run on a folder wants its messages, so they are told apart from those of other runs.

    Raises:
        ValueError: there is no recording.
    """
    place = folder(run)
    if place is None:
        return [
            _snapshot(run, upload.uri, digest(*upload.identity), upload.version) for upload in run.uploads
        ]
    below = [uri for uri in found if uri.startswith(f"{place.rstrip('/')}/")]
    media = (
        [place] if place in found else [uri for uri in below if PurePosixPath(uri).suffix.lower() in MEDIA]
    )
    if not media:
        raise ValueError(f"there is no recording at {place}: upload one of {', '.join(sorted(MEDIA))}")
    return [_snapshot(run, uri, digest(run.run_id, uri)) for uri in media]


def transcription(
    run: Run,
    recording: Mapping[str, str],
    options: Mapping[str, Any],
    vocabulary_filter: Mapping[str, str] | None,
) -> TranscriptionJob:
    """What Transcribe hears."""
    method = options["filter_method"]
    return TranscriptionJob(
        media=recording["target"],
        output=transcript_uri(run, recording),
        language=options["language_code"],
        vocabulary=options["vocabulary"],
        vocabulary_filter=Filter(vocabulary_filter["filter"], method) if vocabulary_filter else None,
    )


def transcript_uri(run: Run, recording: Mapping[str, str]) -> str:
    """Where a recording's transcript is."""
    return run.uri("transcripts", f"{recording['name']}.json")


def message(run: Run, recording: Mapping[str, str], transcript: Mapping[str, Any]) -> TextMessage:
    """The text of a recording. Somebody has come even if no word was heard, so that is a message too."""
    spoken = one_line(transcript["results"]["transcripts"][0]["transcript"])
    source = transcript_uri(run, recording)
    # A link would let whoever reads it in; a key, without the bucket, only says where to look.
    _, _, _, _, key = source.split("/", 4)
    return TextMessage(
        text=shortened(f"Voice message: {spoken or 'no words were heard.'}", f"... The whole text: {key}"),
        marker=run.sent_uri(f"{recording['identity']}.json"),
        source=source,
    )


def _snapshot(run: Run, uri: str, identity: str, version: str | None = None) -> Snapshot:
    file = PurePosixPath(uri)
    name = f"{hyphenated(file.stem)[:MOST_NAME].strip('-') or 'recording'}-{identity}"
    return Snapshot(name, uri, run.uri("recordings", f"{name}{file.suffix.lower()}"), identity, version)
