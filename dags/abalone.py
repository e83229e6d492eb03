"""### Abalone: how old is it?

Predicts an abalone's rings, and so its age, from its sex and seven measures. Spark prepares the
features, Great Expectations checks them, XGBoost trains, and the better model serves.

**Takes** headerless CSV with nine columns (sex, length, diameter, height, whole, shucked, viscera and
shell weight, rings) under `input_uri`, by default this environment's `input/abalone/current/`.

**Leaves**, under this run's own prefix: features as CSV and Parquet, rejected rows with the reason, Data
Docs, the model, its metrics, a residual plot, its predictions and a report on bias by sex. Registers the
model; if it beats the champion on this run's validation rows, it takes over the endpoint.

**If it fails:** the task's log begins with the reason. Clear the failed task to launch its job anew;
every step writes under this run's own prefix. A failed smoke test has already put the previous
configuration back.
"""

from datetime import timedelta

import pendulum
from airflow.sdk import Param, chain, dag

from include.pipelines import abalone as spec
from millrace.assets import ABALONE_MODEL
from millrace.bias import bias_params, bias_report
from millrace.defaults import DEFAULT_ARGS
from millrace.operators.endpoint import (
    EndpointOperator,
    EndpointSmokeTestOperator,
    EndpointTearDownOperator,
)
from millrace.operators.gates import QualityGateOperator
from millrace.operators.registry import FindChampionOperator, ModelGateOperator
from millrace.operators.sagemaker import (
    ProcessingJobOperator,
    SparkJobOperator,
    TrainingJobOperator,
    TransformJobOperator,
)
from millrace.params import fraction, instance_count, instance_type, managed_spot, s3_uri, xgboost

PARAMS = {
    "input_uri": s3_uri(
        "Where the CSV files are; empty for what is current in this environment.", optional=True
    ),
    "processing_instance_type": instance_type("ml.m5.xlarge", "What Spark and the evaluation run on."),
    "processing_instance_count": instance_count("How many instances Spark runs on."),
    "training_instance_type": instance_type("ml.m5.xlarge", "What XGBoost trains on."),
    "training_instance_count": instance_count("How many instances train one model together."),
    "endpoint_instance_type": instance_type("ml.m5.large", "What the endpoint runs on."),
    **xgboost(num_round=200, max_depth=4, eta=0.05, min_child_weight=5, subsample=0.8),
    **managed_spot(),
    "min_rows": Param(100, type="integer", minimum=1, description="Fewest rows to train on."),
    "max_rejected_fraction": fraction(0.05, "Largest share of rows that may be rejected."),
    "max_rmse": Param(3.0, type="number", exclusiveMinimum=0, description="Largest error, in rings."),
    "batch_uri": s3_uri(
        "Features, label first, that the live model scores in the end; empty for none.", optional=True
    ),
    "scoring_instance_type": instance_type("ml.m5.large", "What scores them."),
    **bias_params({}),
    "tear_down": Param(False, type="boolean", description="Delete the endpoint when the run is over."),
}


@dag(
    schedule="@daily",
    start_date=pendulum.datetime(2026, 1, 1, tz="UTC"),
    catchup=False,
    max_active_runs=1,
    dagrun_timeout=timedelta(hours=8),
    params=PARAMS,
    default_args=DEFAULT_ARGS,
    tags=["tabular", "spark", "xgboost"],
    doc_md=__doc__,
)
def abalone() -> None:
    """Features, checks, training, evaluation, and a deployment only if the model is better."""
    features = SparkJobOperator(task_id="build_features", build=spec.features, pool="spark")
    checked = QualityGateOperator(task_id="check_features", build=spec.quality, pool="spark")
    model = TrainingJobOperator(
        task_id="train",
        build=spec.training,
        arguments={"features": features.output["name"]},
        outlets=[ABALONE_MODEL],
        pool="training",
    )
    champion = FindChampionOperator(task_id="find_champion")
    evaluated = ProcessingJobOperator(
        task_id="evaluate",
        build=spec.evaluation,
        arguments={"model": model.output["artifact"], "champion": champion.output["artifact"]},
    )
    better = ModelGateOperator(
        task_id="beats_champion",
        artifact=model.output["artifact"],
        metrics=evaluated.output["metrics"],
        champion=champion.output["artifact"],
        verdict=spec.verdict,
        if_better="deploy",
        image="xgboost",
    )
    deploy = EndpointOperator(
        task_id="deploy", build=spec.endpoint, arguments={"artifact": model.output["artifact"]}
    )
    smoke_test = EndpointSmokeTestOperator(
        task_id="smoke_test",
        rows=spec.validation_rows,
        lowest=spec.FEWEST_RINGS,
        highest=spec.MOST_RINGS,
        deployment=deploy.output,
        package=better.output["package"],
        trigger_rule="none_failed",
    )
    score = TransformJobOperator(
        task_id="score", build=spec.scoring, arguments={"model": smoke_test.output["model"]}
    )
    # Without a setup: Airflow would then want smoke_test to run only after a deployment.
    tear_down = EndpointTearDownOperator(task_id="tear_down").as_teardown()

    chain(features, checked, model, evaluated, better, deploy, smoke_test, score, tear_down)
    chain(better, smoke_test)
    chain(evaluated, bias_report(spec), deploy)


abalone()
