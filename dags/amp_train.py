"""### Amp, training: which of the live shows is shown first?

Every Monday a random forest learns from a week of listening which of the shows on the air a user chose. It
sees the 21 features of `amp_batch_features` as they were known at the time, and replaces the model that
serves only if it ranks the days held out better.

**Takes** the lake's `session` and `show` tables (`amp_lake`) of the `train_days` and `test_days` before
`day`, and the versions of the five feature groups for these days (`amp_batch_features`).

**Leaves**, under this run's own prefix: the training set, the model, and an evaluation with a report.
Registers the model; if it keeps its bounds and beats the champion, it takes over the endpoint, which scales
itself between `min_instances` and `max_instances`.

**If it fails:** the task's log begins with the reason. A day that lake or feature store lack is named: run
`amp_lake` or `amp_batch_features` for it, then clear the failed task. A feature from after what it predicts
is named with its group, key and both times. A failed smoke test has already put the previous model and its
autoscaling back.
"""

from datetime import timedelta

import pendulum
from airflow.sdk import Param, chain, dag

from include.pipelines import amp_train as spec
from millrace.assets import AMP_MODEL
from millrace.defaults import DEFAULT_ARGS
from millrace.operators.endpoint import (
    EndpointOperator,
    EndpointSmokeTestOperator,
    EndpointTearDownOperator,
)
from millrace.operators.registry import FindChampionOperator, ModelGateOperator
from millrace.operators.sagemaker import ProcessingJobOperator, TrainingJobOperator
from millrace.params import count, fraction, instance_count, instance_type, optional_day

PARAMS = {
    "day": optional_day("The day after the last one held out; empty for the day of the run."),
    "train_days": count(7, 1, 60, "Days to learn from."),
    "test_days": count(2, 1, 30, "Days held out, the last ones."),
    "candidates": count(50, 2, 1000, "Most shows that a user is taken to have chosen from in an hour."),
    "queries": count(5000, 10, 10_000_000, "Most users and hours of a day; more are sampled."),
    "feature_days": count(7, 0, 60, "How many days old features may be."),
    "trees": count(200, 1, 2000, "Trees of the forest."),
    "max_depth": count(12, 1, 40, "Depth of a tree."),
    "min_samples_leaf": count(20, 1, 10_000, "Fewest rows of a leaf."),
    "rows_per_tree": count(100_000, 100, 100_000_000, "Rows that are drawn for each tree."),
    "seed": count(42, 0, 2**31 - 1, "Of sampling and forest."),
    "min_auc": fraction(0.6, "Smallest area under the ROC curve on the days held out."),
    "processing_instance_type": instance_type("ml.m5.xlarge", "What makes the training set, and evaluates."),
    "training_instance_type": instance_type("ml.m5.2xlarge", "What the forest trains on."),
    "endpoint_instance_type": instance_type("ml.m5.large", "What the endpoint runs on."),
    "min_instances": instance_count("Fewest instances of the endpoint."),
    "max_instances": instance_count("Most instances of the endpoint.", 4),
    "invocations_per_minute": count(1200, 1, 1_000_000, "Requests that one instance can answer in a minute."),
    "target_utilisation": Param(
        0.7,
        type="number",
        minimum=0.05,
        maximum=1,
        description="Share of that which autoscaling keeps to; the rest is for what comes meanwhile.",
    ),
    "store_milliseconds": count(100, 1, 10_000, "How long a request waits for an answer of a feature store."),
    "tear_down": Param(False, type="boolean", description="Delete the endpoint when the run is over."),
}


@dag(
    schedule="0 4 * * 1",
    start_date=pendulum.datetime(2026, 1, 1, tz="UTC"),
    catchup=False,
    max_active_runs=1,
    dagrun_timeout=timedelta(hours=8),
    params=PARAMS,
    default_args=DEFAULT_ARGS,
    tags=["amp", "ranking", "scikit-learn", "feature-store"],
    doc_md=__doc__,
)
def amp_train() -> None:
    """Training set, training, evaluation, and a deployment only if the ranking is better."""
    rows = ProcessingJobOperator(task_id="build_training_set", build=spec.training_set)
    model = TrainingJobOperator(task_id="train", build=spec.training, outlets=[AMP_MODEL], pool="training")
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
        image=spec.IMAGE,
    )
    deploy = EndpointOperator(
        task_id="deploy", build=spec.endpoint, arguments={"artifact": model.output["artifact"]}
    )
    smoke_test = EndpointSmokeTestOperator(
        task_id="smoke_test",
        rows=spec.request_rows,
        lowest=0,
        highest=1,
        count=10,
        question=spec.question,
        deployment=deploy.output,
        package=better.output["package"],
        trigger_rule="none_failed",
    )
    tear_down = EndpointTearDownOperator(task_id="tear_down").as_teardown()

    chain(rows, model, evaluated, better, deploy, smoke_test, tear_down)
    chain(better, smoke_test)


amp_train()
