"""### Amp: what do listeners like?

What listeners like, how popular creators and shows are: 21 features in five groups, of the 60 days before a
day. A day's events are aggregated once, and once more only if some of them came late; the window is rolled up
from 60 small aggregates.

**Takes** the tables of `amp_lake`, which it brings up to date first. The day is the run's partition, `day`
in the form, or the day of the run; `versions` computes as many days until it. Days of the past may be
backfilled.

**Leaves** the features in Feature Store, online and offline, with the day as their event time; under this
run's own prefix also as Parquet, one folder for each group, and Data Docs with their distributions. The
aggregates of days stay under the pipeline's `live/partials/`, for the next run.

**If it fails:** the task's log begins with the reason, such as a day that the lake lacks. Clear the failed
task: what is aggregated already is not aggregated again. After a failed check nothing has been given to
anybody: the sentence says which feature misses which bound.
"""

from datetime import timedelta

from airflow.sdk import CronPartitionTimetable, Param, chain, dag

from include.pipelines import amp_batch_features as spec
from include.pipelines import amp_lake
from millrace.assets import AMP_FEATURES, AMP_LAKE
from millrace.defaults import DEFAULT_ARGS
from millrace.lake import lake_params, sample_params, update_lake
from millrace.operators.feature_groups import FeatureGroupOperator
from millrace.operators.gates import QualityGateOperator
from millrace.operators.sagemaker import ProcessingJobOperator, SparkJobOperator
from millrace.params import instance_count, instance_type, optional_day

PARAMS = {
    "day": optional_day("Features of the 60 days before it (UTC); empty for the run's partition, or today."),
    **sample_params(60),
    "versions": Param(
        1,
        type="integer",
        minimum=1,
        maximum=60,
        description="Days of which features are made, until the day.",
    ),
    "max_change": Param(
        0.5,
        type="number",
        minimum=0,
        description="Largest change of a group's number of records since the version before, as a share.",
    ),
    "instance_type": instance_type("ml.m5.xlarge", "What Spark runs on."),
    "instance_count": instance_count("How many instances Spark runs on."),
    **lake_params(),
}


@dag(
    # Without a start_date the first run is that of the next evening, and none makes up for the one before.
    schedule=CronPartitionTimetable("0 22 * * *", timezone="UTC", key_format="%Y-%m-%d"),
    catchup=False,
    max_active_runs=1,
    dagrun_timeout=timedelta(hours=8),
    params=PARAMS,
    default_args=DEFAULT_ARGS,
    tags=["amp", "features", "feature-store", "spark"],
    doc_md=__doc__,
)
def amp_batch_features() -> None:
    """The lake as new as it can be, the days that changed, the window, the gate, Feature Store."""
    sample = ProcessingJobOperator(task_id="make_sample", build=spec.sample)
    lake = update_lake(amp_lake, AMP_LAKE)
    # The runs of a backfill go on side by side, whatever max_active_runs says: those who write aggregates,
    # and those who read them, take turns.
    partials = SparkJobOperator(
        task_id="build_partials", build=spec.partials, pool="lake", trigger_rule="none_failed"
    )
    rolled_up = SparkJobOperator(task_id="roll_up", build=spec.roll_up, pool="lake")
    checked = QualityGateOperator(task_id="check_features", build=spec.quality, pool="spark")

    groups = FeatureGroupOperator.partial(
        task_id="define_groups", build=spec.feature_group, map_index_template="{{ task.arguments['group'] }}"
    ).expand(arguments=[{"group": group} for group in spec.GROUPS])
    ingested = ProcessingJobOperator(task_id="ingest", build=spec.ingestion, outlets=[AMP_FEATURES])

    chain(sample, lake, partials, rolled_up, checked, groups, ingested)


amp_batch_features()
