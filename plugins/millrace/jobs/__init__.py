"""The table of AWS jobs: everything that launching and waiting must know of a kind, as data."""

from collections.abc import Mapping

from millrace.jobs.a2i import HUMAN_LOOP
from millrace.jobs.kind import ErrorPattern, EventPattern, JobKind, Listing
from millrace.jobs.sagemaker import ENDPOINT, PROCESSING, TRAINING, TRANSFORM, TUNING
from millrace.jobs.transcribe import CALL_ANALYTICS, LANGUAGE_MODEL, TRANSCRIPTION, VOCABULARY

__all__ = [
    "CALL_ANALYTICS",
    "ENDPOINT",
    "HUMAN_LOOP",
    "KINDS",
    "LANGUAGE_MODEL",
    "PROCESSING",
    "TRAINING",
    "TRANSCRIPTION",
    "TRANSFORM",
    "TUNING",
    "VOCABULARY",
    "ErrorPattern",
    "EventPattern",
    "JobKind",
    "Listing",
]

KINDS: Mapping[str, JobKind] = {
    kind.name: kind
    for kind in (
        PROCESSING,
        TRAINING,
        TUNING,
        TRANSFORM,
        ENDPOINT,
        TRANSCRIPTION,
        CALL_ANALYTICS,
        VOCABULARY,
        LANGUAGE_MODEL,
        HUMAN_LOOP,
    )
}
"""Every row by its name, which is how a trigger's arguments refer to it."""
