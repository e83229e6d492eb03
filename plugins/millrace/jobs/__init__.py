"""The table of AWS jobs: everything that launching and waiting must know of a kind, as data."""

from collections.abc import Mapping

from millrace.jobs.a2i import HUMAN_LOOP
from millrace.jobs.emr import EMR_ON_EKS
from millrace.jobs.glue import GLUE_CRAWLER
from millrace.jobs.kind import ErrorPattern, EventPattern, JobKind, Listing
from millrace.jobs.kubernetes import PYTORCH_JOB
from millrace.jobs.redshift import REDSHIFT_BATCH
from millrace.jobs.sagemaker import ENDPOINT, FEATURE_GROUP, PROCESSING, TRAINING, TRANSFORM, TUNING
from millrace.jobs.transcribe import CALL_ANALYTICS, LANGUAGE_MODEL, TRANSCRIPTION, VOCABULARY

__all__ = [
    "CALL_ANALYTICS",
    "EMR_ON_EKS",
    "ENDPOINT",
    "FEATURE_GROUP",
    "GLUE_CRAWLER",
    "HUMAN_LOOP",
    "KINDS",
    "LANGUAGE_MODEL",
    "PROCESSING",
    "PYTORCH_JOB",
    "REDSHIFT_BATCH",
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
        FEATURE_GROUP,
        TRANSCRIPTION,
        CALL_ANALYTICS,
        VOCABULARY,
        LANGUAGE_MODEL,
        HUMAN_LOOP,
        EMR_ON_EKS,
        GLUE_CRAWLER,
        REDSHIFT_BATCH,
    )
}
"""Every row of AWS's jobs by its name, which is how a trigger's arguments refer to it."""
