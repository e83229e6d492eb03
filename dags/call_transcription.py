"""### Call transcription: what agents and customers say, and how well each sentence is heard.

Stereo calls are checked, transcribed by call analytics with the agent on one channel and the customer on the
other, and compared with what was really said; with a vocabulary they are transcribed twice, without and with
it, so that the difference is known.

**Takes** calls below `media_uri`, by default this environment's `input/call_transcription/current/`, each
with two channels; they may be encrypted by KMS. A text beside a call, of the same name but `.txt`, is what
was said, a sentence a line: `Agent : How can I help?`. `vocabulary` is a table of words in S3 or the name of
a vocabulary that is there; without it `vocabulary.tsv` beside the calls is taken, if there is one.

**Leaves**, under this run's own prefix: calls that were set aside and why, the transcripts, and in
`comparison/` the `report.html` with the substitutions, deletions and insertions of each sentence,
`rates.json` and the transcripts as labelled text.

**If it fails:** the log of the failed task begins with the reason; a broken row of the table is named by its
number, column and rule. Clear the failed task: calls that are transcribed stay so.
"""

from datetime import timedelta

import pendulum
from airflow.sdk import Param, chain, dag

from include.pipelines import call_transcription as spec
from include.pipelines import speech
from millrace.defaults import DEFAULT_ARGS
from millrace.groups import transcribe_each
from millrace.operators.choice import DecisionOperator
from millrace.operators.sagemaker import ProcessingJobOperator
from millrace.operators.transcribe import CallAnalyticsJobOperator, VocabularyOperator
from millrace.params import instance_type, language_code, s3_uri, vocabulary

PARAMS = {
    "media_uri": s3_uri("Folder of the calls; empty for what is current here.", optional=True),
    "language_code": language_code(speech.LANGUAGES),
    "vocabulary": vocabulary("empty for vocabulary.tsv beside the calls, or none."),
    "agent_channel": Param(
        0, type="integer", minimum=0, maximum=1, description="The agent's channel: 0 left, 1 right."
    ),
    "instance_type": instance_type("ml.m5.large", "What the checks and measurements run on."),
}


@dag(
    schedule=None,
    is_paused_upon_creation=False,
    start_date=pendulum.datetime(2026, 1, 1, tz="UTC"),
    catchup=False,
    max_active_runs=1,
    dagrun_timeout=timedelta(hours=24),
    params=PARAMS,
    default_args=DEFAULT_ARGS,
    tags=["speech", "transcribe", "call analytics"],
    doc_md=__doc__,
)
def call_transcription() -> None:
    """Check, transcribe without and with the vocabulary, compare."""
    checked = ProcessingJobOperator(task_id="check_calls", build=spec.checking)
    listed = DecisionOperator(
        task_id="list_calls", decide=spec.calls, documents={"recordings": speech.recordings_uri}
    )
    transcribed = transcribe_each(
        "transcribe", spec.transcription, listed.output, operator=CallAnalyticsJobOperator
    )
    table = ProcessingJobOperator(
        task_id="check_vocabulary", build=spec.table_check, arguments={"checked": checked.output["metrics"]}
    )
    made = VocabularyOperator(task_id="create_vocabulary", build=spec.vocabulary)
    created = {"created": made.output["vocabulary"]}
    again = DecisionOperator(
        task_id="list_again",
        decide=spec.calls_again,
        arguments={"calls": listed.output, **created},
        trigger_rule="none_failed",
    )
    retranscribed = transcribe_each(
        "transcribe_again", spec.transcription, again.output, operator=CallAnalyticsJobOperator
    )
    compared = ProcessingJobOperator(
        task_id="compare", build=spec.comparison, arguments=created, trigger_rule="none_failed"
    )

    chain(checked, listed, transcribed, compared)
    chain(checked, table, made, again, retranscribed, compared)


call_transcription()
