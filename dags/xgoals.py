"""### xGoals: how likely was that goal?

The chance that a shot becomes a goal, from where ball, shooter, defenders and goalkeeper were. XGBoost learns
it from events and 25 Hz positions of past matches, a Bayesian search finds its hyperparameters, and the best
model scores every shot of a match, and the best pass instead.

**Takes** matches in the official format of the German leagues (DFL's `02_01`, `03_02`, `04_03`) under
`input_uri`, by default this environment's `input/xgoals/current/`; `sample_matches` makes some that were
never played. Those under `match_uri` are scored, by default the last one of the others.

**Leaves**, under this run's own prefix: features, matches that were set aside and why, Data Docs, all models
of the search, an evaluation with its calibration, and `report/report.html`: chances by team, shot map,
players, goalkeepers. Registers the model; the better of it and the champion serves until nobody asks it.

**If it fails:** the task's log begins with the reason. Clear the failed task to launch its job anew; every
step writes under this run's own prefix. `features/matches/` says what each rule found in each match.
"""

from datetime import timedelta
from typing import Any

import pendulum
from airflow.sdk import Param, chain, dag

from include.pipelines import xgoals as spec
from millrace.assets import XGOALS_MODEL
from millrace.defaults import DEFAULT_ARGS
from millrace.operators.choice import DecisionOperator
from millrace.operators.endpoint import EndpointOperator, EndpointSmokeTestOperator
from millrace.operators.gates import QualityGateOperator
from millrace.operators.registry import FindChampionOperator, ModelGateOperator
from millrace.operators.sagemaker import ProcessingJobOperator, ReportPageOperator, TuningJobOperator
from millrace.params import choice, count, fraction, instance_type, s3_uri, warm_start
from millrace.sensors.endpoint import IdleEndpointSensor

PARAMS = {
    "input_uri": s3_uri("Folder of matches to learn from; empty for the current.", optional=True),
    "sample_matches": Param(
        None,
        type=["null", "integer"],
        minimum=20,
        maximum=10_000,
        description="Make so many matches, of 26 shots each, and learn from these; empty for real ones.",
    ),
    "match_uri": s3_uri("Folder of up to ten matches to score; empty for the last one.", optional=True),
    "provider": choice(spec.PROVIDERS, "Whose data it is, as kloppy calls it."),
    "min_shots": count(500, 1, 10_000_000, "Fewest shots to learn from."),
    "max_set_aside": fraction(0.1, "Largest share of matches that may be set aside."),
    "tuning_jobs": count(10, 1, 500, "Trainings of the search."),
    "parallel_jobs": count(2, 1, 20, "Trainings at a time; the fewer, the more each learns of others."),
    "warm_start": warm_start(),
    "num_round": count(400, 1, 10_000, "Most boosting rounds."),
    "seed": count(42, 0, 2**31 - 1, "Of search and trainings."),
    "min_auc": fraction(0.6, "Smallest area under the ROC curve on the matches held out."),
    "min_calibration_p": fraction(0.001, "Smallest p of Hosmer and Lemeshow's test that chances come true."),
    "processing_instance_type": instance_type("ml.m5.xlarge", "What reads, evaluates and scores."),
    "volume_gb": count(30, 1, 16_384, "Disk of it: 350 MB a match."),
    "training_instance_type": instance_type("ml.m5.xlarge", "What XGBoost trains on."),
    "endpoint_instance_type": instance_type("ml.m5.large", "What the endpoint runs on."),
    "idle_minutes": Param(
        5,
        type=["null", "integer"],
        minimum=1,
        maximum=300,
        description="Minutes without a request after which the endpoint is deleted; empty to keep it.",
    ),
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
    tags=["football", "xgboost", "tuning"],
    doc_md=__doc__,
)
def xgoals() -> None:
    """Features, checks, search, evaluation, the better model in service, matches scored, and tidying."""
    sample = ProcessingJobOperator(task_id="make_sample", build=spec.sample)
    features = ProcessingJobOperator(
        task_id="build_features", build=spec.features, trigger_rule="none_failed"
    )
    checked = QualityGateOperator(task_id="check_features", build=spec.quality, pool="spark")
    tuned = TuningJobOperator(task_id="tune", build=spec.tuning, outlets=[XGOALS_MODEL], pool="training")
    model: Any = tuned.output["artifact"]
    # It stays the champion though its endpoint goes when idle.
    champion = FindChampionOperator(task_id="find_champion", serves=False)
    evaluated = ProcessingJobOperator(
        task_id="evaluate",
        build=spec.evaluation,
        arguments={"model": model, "champion": champion.output["artifact"]},
    )
    gate = ModelGateOperator(
        task_id="beats_champion",
        artifact=model,
        metrics=evaluated.output["metrics"],
        champion=champion.output["artifact"],
        verdict=spec.verdict,
        if_better=None,
        image="xgboost",
    )
    winner = DecisionOperator(
        task_id="choose_model",
        decide=spec.winner,
        arguments={"artifact": model, "champion": champion.output, "gate": gate.output},
        multiple_outputs=True,
    )
    deploy = EndpointOperator(
        task_id="deploy", build=spec.endpoint, arguments={"artifact": winner.output["artifact"]}
    )
    smoke_test = EndpointSmokeTestOperator(
        task_id="smoke_test",
        rows=spec.held_out_rows,
        lowest=0,
        highest=1,
        deployment=deploy.output,
        package=winner.output["package"],
    )
    scored = ReportPageOperator(task_id="score_matches", build=spec.scoring, page="report.html")
    removed = IdleEndpointSensor(task_id="remove_when_idle", minutes=spec.idle_minutes).as_teardown()

    chain(sample, features, checked, tuned, evaluated, gate, winner, deploy, smoke_test, scored, removed)


xgoals()
