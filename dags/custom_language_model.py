"""### Custom language model: speech to text that has read the texts of a field.

Text is checked and a language model is trained on it, once alone and once tuned with text that is closer to
what is said. Held-out recordings are transcribed with the generic model and with each of these, alone and, if
there is one, together with a vocabulary. The best variant goes live, if it hears better than what is live.

**Takes** folders of plain text, a sentence a line, `training_uri` and `tuning_uri`, and recordings below
`media_uri` with what was said beside each, of the same name but `.txt`; by default `training/`, `tuning/` and
`held_out/` below this environment's `input/custom_language_model/current/`. Without a `tuning_uri` beside a
`training_uri` nothing is tuned.

**Leaves**, under this run's own prefix: recordings that were set aside and why, what the text is, every
transcript, and `comparison/report.html`, rates with intervals. What is live, and what was before, stands
below `live/`. Models that are neither are deleted at the end.

**If it fails:** the log of the failed task begins with the reason: text is named by file, line and column, an
account with ten models by its oldest. This run's models are gone then: clear `find_room` with everything
downstream. To take a promotion back, write what `before` says into the document below `live/`.
"""

from datetime import timedelta

import pendulum
from airflow.sdk import chain, dag

from include.pipelines import custom_language_model as spec
from include.pipelines import speech
from millrace.defaults import DEFAULT_ARGS
from millrace.groups import transcribe_each
from millrace.operators.choice import DecisionOperator, GateOperator
from millrace.operators.documents import DocumentOperator
from millrace.operators.language_models import DeleteLanguageModelsOperator, LanguageModelDecisionOperator
from millrace.operators.sagemaker import ProcessingJobOperator
from millrace.operators.transcribe import LanguageModelOperator
from millrace.params import instance_type, language_code, s3_uri, vocabulary_name

PARAMS = {
    "training_uri": s3_uri("Folder of text to train on; empty for what is current here.", optional=True),
    "tuning_uri": s3_uri("Folder of text to tune with; empty for none, or the current.", optional=True),
    "media_uri": s3_uri("Folder of held-out recordings; empty for what is current here.", optional=True),
    "vocabulary": vocabulary_name("Name of a vocabulary to measure every model with, too; empty for none."),
    "language_code": language_code(spec.LANGUAGES),
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
    tags=["speech", "transcribe", "language model"],
    doc_md=__doc__,
)
def custom_language_model() -> None:
    """Checks, two models, transcripts of every variant, rates with intervals, promotion, and tidying."""
    recordings = {"recordings": speech.recordings_uri}
    checked = ProcessingJobOperator(task_id="check_recordings", build=spec.checking)
    corpus = ProcessingJobOperator(task_id="check_corpus", build=spec.corpus_check)
    base = DecisionOperator(task_id="choose_base", decide=spec.base, documents=recordings)
    room = LanguageModelDecisionOperator(
        task_id="find_room", decide=spec.room, documents={"live": spec.live_uri}
    )
    trained = LanguageModelOperator(task_id=spec.TRAIN, build=spec.trained, arguments={"base": base.output})
    tuned = LanguageModelOperator(task_id=spec.TUNE, build=spec.tuned, arguments={"base": base.output})
    compared = DecisionOperator(
        task_id="list_variants",
        decide=spec.variants,
        arguments={"trained": trained.output, "tuned": tuned.output},
        documents={"live": spec.live_uri},
        trigger_rule="none_failed_min_one_success",
    )
    listed = DecisionOperator(
        task_id="list_transcriptions",
        decide=spec.transcriptions,
        arguments={"compared": compared.output},
        documents=recordings,
    )
    transcribed = transcribe_each("transcribe", spec.transcription, listed.output)
    rates = ProcessingJobOperator(
        task_id="compare", build=spec.comparison, arguments={"compared": compared.output}
    )
    measured = {"compared": compared.output, "metrics": rates.output["metrics"]}
    better = GateOperator(task_id="hears_better", decide=spec.verdict, arguments=measured)
    winner = LanguageModelDecisionOperator(task_id="find_winner", decide=spec.winner, arguments=measured)
    promote = DocumentOperator(
        task_id="promote",
        document=spec.promotion,
        arguments={"winner": winner.output, "base": base.output, "live": room.output},
    )
    # A model takes one of ten places of the account whether the run succeeds or not.
    tidied = DeleteLanguageModelsOperator(
        task_id="delete_models",
        decide=spec.obsolete,
        arguments={"before": room.output},
        documents={"live": spec.live_uri},
    )

    chain(checked, [base, corpus], room, [trained, tuned], compared, listed, transcribed, rates)
    chain(rates, better, winner, promote)
    promote >> tidied.as_teardown(setups=room.as_setup())


custom_language_model()
