"""### Voice message: what a visitor says, as a text on your telephone.

A recording is uploaded, by the doorbell of `include/devices/doorbell` or by anything else; it is transcribed
with your words and without those of a filter, and its text is sent by SNS: once for each upload, however
often the upload is told.

**Takes** what is uploaded as `uploads/voice_message/*`, several at a time one run for all of them; otherwise
`media_uri`, a recording or a folder, by default this environment's `input/voice_message/current/`. Language,
vocabulary and filter are those of the form, else of `input/voice_message/options.json`. The number is
`MILLRACE_PHONE_NUMBER`.

**Leaves**, under this run's own prefix: the recordings as they were uploaded, and their transcripts. What was
sent stands below `sent/`, a marker for each upload.

**If it fails:** one recording takes nothing from the others. The failed task's log begins with the reason;
clear it, and what was sent is not sent again. Only where a task ended while SNS was asked, nobody knows
whether the message is on its way: the log then names the marker to delete if it has not come.
"""

from datetime import timedelta
from typing import Any

import pendulum
from airflow.sdk import Param, dag, task_group

from include.pipelines import voice_message as spec
from millrace.assets import uploads
from millrace.defaults import DEFAULT_ARGS
from millrace.operators.choice import DecisionOperator
from millrace.operators.messages import TextMessageOperator
from millrace.operators.snapshots import SnapshotOperator
from millrace.operators.transcribe import TranscriptionJobOperator, VocabularyFilterOperator
from millrace.params import s3_uri, vocabulary_name

NAME = "{{ task.arguments['recording']['name'] }}"
PARAMS = {
    "media_uri": s3_uri("A recording, or a folder of them; empty for what has been uploaded.", optional=True),
    "language_code": Param(
        None,
        type=["null", "string"],
        pattern="^[a-z]{2,3}-[A-Z]{2}$",
        description="What is spoken; empty for this environment's. The local AWS knows en-US only.",
    ),
    "vocabulary": vocabulary_name("Custom vocabulary of that language; empty for this environment's."),
    "filter_words_uri": s3_uri(
        "Text file of words that no message shows, one a line; empty for this environment's.", optional=True
    ),
    "filter_method": Param(
        None,
        type=["null", "string"],
        enum=[None, *spec.METHODS],
        description="Such words become ***, are left out, or are only tagged in the transcript.",
    ),
}


@dag(
    schedule=[uploads("voice_message")],
    start_date=pendulum.datetime(2026, 1, 1, tz="UTC"),
    catchup=False,
    max_active_runs=1,
    dagrun_timeout=timedelta(hours=8),
    params=PARAMS,
    default_args=DEFAULT_ARGS,
    tags=["speech", "transcribe", "sns"],
    doc_md=__doc__,
)
def voice_message() -> None:
    """Copy what arrived, transcribe each recording, send each text once."""
    options = DecisionOperator(
        task_id="read_options", decide=spec.options, documents={"options": spec.options_uri}
    )
    vocabulary_filter = VocabularyFilterOperator(
        task_id="update_filter", build=spec.vocabulary_filter, arguments={"options": options.output}
    )
    taken = SnapshotOperator(task_id="take_recordings", folder=spec.folder, snapshots=spec.recordings)

    @task_group
    def message(recording: Any) -> None:
        """Of one recording; a failure stays in it."""
        transcribed = TranscriptionJobOperator(
            task_id="transcribe",
            build=spec.transcription,
            arguments={
                "recording": recording,
                "options": options.output,
                "vocabulary_filter": vocabulary_filter.output,
            },
            trigger_rule="none_failed",
            map_index_template=NAME,
        )
        sent = TextMessageOperator(
            task_id="send",
            build=spec.message,
            arguments={"recording": recording},
            documents={"transcript": spec.transcript_uri},
            map_index_template=NAME,
        )
        transcribed >> sent

    message.expand(recording=taken.output)


voice_message()
