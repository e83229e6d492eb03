"""### Income bias: who is predicted to earn less than they do?

Trains XGBoost on census rows, without sex and race, and measures by the 21 metrics of SageMaker Clarify
whether its data and its predictions are biased by them all the same. A gate fails the run where a metric is
out of bounds.

**Takes** CSV in the columns of UCI Adult, as it is shipped (no header, blanks, `?`) or with a header, under
`input_uri`, by default this environment's `input/income_bias/current/`.

**Leaves**, under this run's own prefix: features, rejected rows with the reason, the model, predictions for
the test rows, and `bias/`: `analysis.json` in Clarify's format and `report.html`.

**If it fails:** the log of the failed task begins with the reason. That of `check` says which metric of which
group missed which bound, and links to the report: change the data or the model, or, knowing why, the bounds.
Clear any other task to launch its job anew.
"""

from datetime import timedelta

import pendulum
from airflow.sdk import Param, chain, dag

from include.pipelines import income_bias as spec
from millrace.bias import bias_params, bias_report
from millrace.defaults import DEFAULT_ARGS
from millrace.operators.sagemaker import ProcessingJobOperator, TrainingJobOperator
from millrace.params import choice, fraction, instance_type, part, s3_uri, xgboost

HYPERPARAMETERS = xgboost(num_round=100, max_depth=4, eta=0.1, min_child_weight=5, subsample=0.8)
PARAMS = {
    "input_uri": s3_uri("Where the CSV files are; empty for what is current.", optional=True),
    "processing_instance_type": instance_type("ml.m5.xlarge", "What every step but the training runs on."),
    "training_instance_type": instance_type("ml.m5.xlarge", "What XGBoost trains on."),
    "test_share": part(0.3, "Share of the rows whose predictions are measured."),
    "max_rejected_fraction": fraction(0.05, "Largest share of rows that may be rejected."),
    **{name: HYPERPARAMETERS[name] for name in spec.HYPERPARAMETERS},
    "probability_threshold": part(0.5, "Over this probability a high income is predicted."),
    "facets": Param(
        spec.FACETS,
        type="object",
        propertyNames={"enum": list(spec.FACETS)},
        additionalProperties={"type": "array", "items": {"type": "string"}},
        minProperties=1,
        description="Column -> values of the group that is asked about; [] for each of its values.",
    ),
    "group_variable": choice(spec.GROUPS, "Column by which demographic disparity is conditioned."),
    **bias_params(spec.BOUNDS),
}


@dag(
    schedule=None,
    is_paused_upon_creation=False,
    start_date=pendulum.datetime(2026, 1, 1, tz="UTC"),
    catchup=False,
    max_active_runs=1,
    dagrun_timeout=timedelta(hours=8),
    params=PARAMS,
    default_args=DEFAULT_ARGS,
    tags=["tabular", "xgboost", "bias"],
    doc_md=__doc__,
)
def income_bias() -> None:
    """Preparation, training, predictions, and what they come to for each group."""
    prepared = ProcessingJobOperator(task_id="prepare", build=spec.preparation)
    model = TrainingJobOperator(task_id="train", build=spec.training, pool="training")
    predicted = ProcessingJobOperator(
        task_id="predict", build=spec.prediction, arguments={"model": model.output["artifact"]}
    )

    chain(prepared, model, predicted, bias_report(spec))


income_bias()
