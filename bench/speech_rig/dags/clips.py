"""### Clips.

The transcriptions of a speech pipeline and nothing else: a mapped task for each clip that the run names.
"""

from datetime import timedelta
from typing import Any

from airflow.sdk import Param, dag

from include.run import Run
from include.transcribe import TranscriptionJob
from millrace.defaults import DEFAULT_ARGS
from millrace.groups import transcribe_each
from millrace.operators.choice import DecisionOperator


def listed(run: Run) -> list[dict[str, Any]]:
    """The arguments of each transcription."""
    return [{"recording": uri.rpartition("/")[2], "media": uri} for uri in run.params["clips"]]


def transcription(run: Run, recording: str, media: str) -> TranscriptionJob:
    """What Transcribe hears of a clip."""
    return TranscriptionJob(media=media, output=run.uri("transcripts", f"{recording}.json"))


@dag(
    schedule=None,
    dagrun_timeout=timedelta(hours=2),
    max_active_tasks=256,
    default_args=DEFAULT_ARGS,
    params={"clips": Param([], type="array", items={"type": "string"}, description="URIs of clips.")},
)
def clips() -> None:
    """A transcription of each clip."""
    names = DecisionOperator(task_id="list", decide=listed)
    transcribe_each("transcribe", transcription, names.output)


clips()
