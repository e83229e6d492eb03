"""### Training workflow: who earns more than 50,000?

Steps side by side, a choice, and a path for failures. scikit-learn prepares census rows; features are
selected and anomalies detected at the same time; too many anomalies are dropped, else training goes straight
on; the model is evaluated over everyone and by the groups of some columns, all at once.

**Takes** CSV in the columns of UCI Adult, with a header or in its order: what is uploaded as
`uploads/training_workflow/*.csv` starts a run on it; otherwise `input_uri`, by default this environment's
`input/training_workflow/current/`.

**Leaves**, under this run's own prefix: rejected rows with the reason, the selection and the anomalies with
their pictures, the model, an evaluation for everyone and for each column, and, once all is done,
`result.json`. `work/`, which the steps hand to each other, goes at the end.

**If it fails:** people are told at once; when nothing of the run works any more, `model/` and `evaluation/`
are deleted, since nobody has vouched for them, and `work/` with them. The log of the failed task begins with
the reason. Clear `preprocess` with everything downstream, or start a new run; to clear a later task alone,
start with `keep_work` on.
"""

from datetime import timedelta

import pendulum
from airflow.sdk import Param, chain, dag

from include.pipelines import training_workflow as spec
from millrace.assets import uploads
from millrace.defaults import DEFAULT_ARGS
from millrace.operators.catch import CatchOperator
from millrace.operators.choice import ChoiceOperator, DecisionOperator
from millrace.operators.documents import DeletePrefixesOperator, DocumentOperator
from millrace.operators.sagemaker import ProcessingJobOperator, TrainingJobOperator
from millrace.params import fraction, instance_type, s3_uri

PARAMS = {
    "input_uri": s3_uri("Where the CSV files are; empty for what has been uploaded.", optional=True),
    "processing_instance_type": instance_type("ml.m5.xlarge", "What every step but the training runs on."),
    "training_instance_type": instance_type("ml.m5.xlarge", "What the model trains on."),
    "train_test_split_ratio": Param(
        0.2, type="number", minimum=0.01, maximum=0.9, description="Share of the rows that test the model."
    ),
    "max_rejected_fraction": fraction(0.05, "Largest share of rows that may be rejected."),
    "max_features": Param(40, type="integer", minimum=1, maximum=1000, description="Most features to keep."),
    "min_information": Param(
        0.0005, type="number", minimum=0, description="Least mutual information of a feature, in nats."
    ),
    "anomaly_score": fraction(0.65, "Rows that score higher are anomalies; 0.5 is ordinary, 1 is strange."),
    "max_anomaly_share": fraction(0.01, "Drop the anomalies if more of the training rows are some."),
    "C": Param(1.0, type="number", exclusiveMinimum=0, description="Inverse strength of the regularisation."),
    "max_iter": Param(1000, type="integer", minimum=1, maximum=100_000, description="Most iterations."),
    "seed": Param(42, type="integer", minimum=0, maximum=2**31 - 1, description="Of split and forest."),
    "evaluate_by": Param(
        ["sex", "education"],
        type="array",
        items={"type": "string", "enum": list(spec.GROUPS)},
        examples=list(spec.GROUPS),
        description="Columns by whose groups the model is evaluated too, each in a job of its own.",
    ),
    "keep_work": Param(False, type="boolean", description="Keep what the steps hand to each other."),
}


@dag(
    schedule=[uploads("training_workflow", ".csv")],
    start_date=pendulum.datetime(2026, 1, 1, tz="UTC"),
    catchup=False,
    max_active_runs=1,
    dagrun_timeout=timedelta(hours=8),
    params=PARAMS,
    default_args=DEFAULT_ARGS,
    tags=["tabular", "scikit-learn", "branching"],
    doc_md=__doc__,
)
def training_workflow() -> None:
    """Parallel steps, a choice, training, mapped evaluations, and a path for failures."""
    open_work = DocumentOperator(task_id="open_work", document=spec.opening)
    prepared = ProcessingJobOperator(task_id="preprocess", build=spec.preprocessing)
    selected = ProcessingJobOperator(task_id="select_features", build=spec.selection)
    detected = ProcessingJobOperator(task_id="detect_anomalies", build=spec.detection)
    choice = ChoiceOperator(
        task_id="choose",
        decide=spec.after_detection,
        arguments={"metrics": detected.output["metrics"]},
        choices=(spec.DROP, spec.TRAIN),
    )
    cleaned = ProcessingJobOperator(task_id=spec.DROP, build=spec.cleaning)
    model = TrainingJobOperator(
        task_id=spec.TRAIN,
        build=spec.training,
        arguments={"step": choice.output},
        trigger_rule="none_failed_min_one_success",
        pool="training",
    )
    evaluations = DecisionOperator(
        task_id="plan_evaluations", decide=spec.evaluations, arguments={"model": model.output["artifact"]}
    )
    evaluated = ProcessingJobOperator.partial(
        task_id="evaluate", build=spec.evaluation, map_index_template="{{ task.arguments['by'] }}"
    ).expand(arguments=evaluations.output)
    # Nobody waits for it: that it did not run is what makes a run fail whose failure was caught.
    finish = DocumentOperator(
        task_id="finish",
        document=spec.result,
        arguments={
            "step": choice.output,
            "model": model.output["artifact"],
            "metrics": evaluated.output["metrics"],
        },
    )
    caught = CatchOperator(
        task_id="catch", trigger_rule="one_failed", consequence="Its model and evaluations are deleted."
    )
    # one_failed does not wait for what runs beside the failure; this does.
    clean_up = DeletePrefixesOperator(
        task_id="clean_up", prefixes=spec.half_done, trigger_rule="none_skipped"
    )
    close_work = DeletePrefixesOperator(task_id="close_work", prefixes=spec.intermediate)

    chain(open_work, prepared, [selected, detected], choice, [cleaned, model])
    chain(cleaned, model, evaluations, evaluated, finish)
    [prepared, selected, detected, choice, cleaned, model, evaluations, evaluated] >> caught
    [caught, selected, detected, evaluated] >> clean_up
    [finish, clean_up] >> close_work.as_teardown(setups=open_work.as_setup())


training_workflow()
