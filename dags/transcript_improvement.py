"""### Transcript improvement: speech to text that learns the words of a field.

Every recording is transcribed; people listen to the seconds around each word that the recogniser was unsure
of; what they write becomes a vocabulary; everything is transcribed again with it, and it goes live if it
does not hear held-out recordings worse.

**Takes** audio and video below `media_uri`, by default this environment's
`input/transcript_improvement/current/`. A text beside a recording, of the same name but `.txt`, is what was
really said; recordings that match `held_out` show whether the words hold where nobody was asked.

**Leaves**, under this run's own prefix: recordings that were set aside and why, transcripts before and
after, histograms of confidence, tasks and answers, the vocabulary's table, and `comparison/report.html`.
What is live, and what was before, stands below `live/`.

**If it fails:** the log of the failed task begins with the reason; a broken row of the table is named by its
number, column and rule. Clear the failed task: answers that people gave are kept. To take a promotion back,
write what `before` says into the document below `live/`.
"""

from datetime import timedelta

import pendulum
from airflow.sdk import Param, chain, dag

from include.pipelines import speech
from include.pipelines import transcript_improvement as spec
from millrace.defaults import DEFAULT_ARGS
from millrace.groups import clip_review, transcribe_each
from millrace.operators.approval import TableApprovalOperator
from millrace.operators.choice import DecisionOperator, GateOperator
from millrace.operators.documents import DocumentOperator
from millrace.operators.sagemaker import ProcessingJobOperator
from millrace.operators.transcribe import VocabularyOperator
from millrace.params import fraction, human_review, instance_type, language_code, s3_uri

PARAMS = {
    "media_uri": s3_uri("Folder of the recordings; empty for what is current here.", optional=True),
    "language_code": language_code(speech.LANGUAGES),
    "held_out": Param(
        ["out_of_sample/*"],
        type="array",
        items={"type": "string"},
        description="Recordings that nobody is asked about: patterns below the folder, one a line.",
    ),
    "confidence_threshold": fraction(0.4, "Words with less confidence are asked about."),
    "context_words": Param(
        3, type="integer", minimum=0, maximum=50, description="Words on each side of one that is asked about."
    ),
    **human_review(minutes=240),
    "approve_vocabulary": Param(
        False, type="boolean", description="A person looks at the table before its use."
    ),
    "instance_type": instance_type("ml.m5.large", "What the checks, proposals and measurements run on."),
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
    tags=["speech", "transcribe", "human review"],
    doc_md=__doc__,
)
def transcript_improvement() -> None:
    """Transcribe, review, vocabulary, transcribe again, and a promotion only if nothing is heard worse."""
    checked = ProcessingJobOperator(task_id="check_recordings", build=spec.checking)
    live = DecisionOperator(task_id="find_live", decide=spec.live, documents={"live": spec.live_uri})
    listed = DecisionOperator(
        task_id="list_recordings",
        decide=spec.transcriptions,
        arguments={"live": live.output},
        documents={"recordings": speech.recordings_uri},
    )
    transcribed = transcribe_each("transcribe", spec.transcription, listed.output)
    unsure = ProcessingJobOperator(task_id="find_unsure_words", build=spec.unsure_words)
    reviewed = clip_review(spec)
    proposed = ProcessingJobOperator(
        task_id="propose_terms",
        build=spec.terms,
        arguments={"team": reviewed.team, "forms": reviewed.forms, "live": live.output},
        trigger_rule="none_failed_min_one_success",
    )
    approved = TableApprovalOperator(
        task_id="approve_terms",
        subject="Terms for the vocabulary of {{ run_id }}",
        body="One row a term: Phrase is how it is spoken, DisplayAs how it is written.",
        table=spec.proposed_table,
        edited=spec.edited_table,
        asked=spec.is_approval_wanted,
        response_timeout=timedelta(hours=5),
    )
    table = ProcessingJobOperator(
        task_id="check_vocabulary", build=speech.table_check, arguments={"table": approved.output["table"]}
    )
    vocabulary = VocabularyOperator(
        task_id="create_vocabulary", build=spec.vocabulary, arguments={"live": live.output}
    )
    again = DecisionOperator(
        task_id="list_again",
        decide=spec.retranscriptions,
        arguments={"transcriptions": listed.output, "vocabulary": vocabulary.output["vocabulary"]},
    )
    retranscribed = transcribe_each("transcribe_again", spec.transcription, again.output)
    compared = ProcessingJobOperator(
        task_id="compare", build=spec.comparison, arguments={"checked": checked.output["metrics"]}
    )
    better = GateOperator(
        task_id="hears_no_worse",
        decide=spec.verdict,
        arguments={"comparison": compared.output},
        trigger_rule="none_failed",
    )
    promote = DocumentOperator(
        task_id="promote",
        document=spec.promotion,
        arguments={"vocabulary": vocabulary.output["vocabulary"], "live": live.output},
    )

    chain([checked, live], listed, transcribed, unsure, reviewed.group, proposed, approved, table)
    chain(table, vocabulary, again, retranscribed, compared, better, promote)


transcript_improvement()
