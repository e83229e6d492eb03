"""Requests and decisions of the pipeline that learns the chance of a goal.

Data: events and 25 Hz positions of football matches, as their provider delivers them.
"""

from collections.abc import Mapping
from pathlib import Path
from typing import Any

from include.bundles import Bundle
from include.endpoints import Endpoint
from include.gates import Verdict, beats_champion
from include.run import Run
from include.sagemaker import (
    INPUT,
    OUTPUT,
    Channel,
    Instances,
    Interval,
    ProcessingJob,
    TrainingJob,
    TuningJob,
)
from include.sagemaker.comparison import comparison
from include.spark import check_network, spark_job

SUITE = Path(__file__).parents[1] / "expectations" / "xgoals.json"
SAMPLE = Path(__file__).parents[1] / "samples" / "xgoals"
IMAGE = "football"
PROVIDERS = ("sportec",)
"""Whose data is read, by kloppy's names."""
OBJECTIVE = "validation:auc"
METRICS = ("auc", "logloss")
"""Of each round; early stopping goes by the last one, by which chances come true, not only their order."""
EARLY_STOPPING_ROUNDS = 30
LAST = "last"
"""Under the features: the match that is scored where none is named."""
RANGES = {
    "max_depth": Interval(2, 6),
    "eta": Interval(0.02, 0.2, "Logarithmic"),
    "min_child_weight": Interval(1.0, 50.0, "Logarithmic"),
    "subsample": Interval(0.5, 1.0),
    "colsample_bytree": Interval(0.5, 1.0),
    "lambda": Interval(0.1, 20.0, "Logarithmic"),
}
"""What is searched."""


def sample(run: Run) -> ProcessingJob | None:
    """Matches that were never played; none unless asked for."""
    if run.params["sample_matches"] is None:
        return None
    modules = sorted(path.name for path in SAMPLE.glob("*.py"))
    return _script(
        run,
        "generate.py",
        *("--matches", str(run.params["sample_matches"])),
        *("--output", f"{OUTPUT}/sample"),
        *("--metrics", f"{OUTPUT}/sample_metrics/metrics.json"),
        outputs={"sample": run.uri("sample"), "sample_metrics": run.uri("sample-metrics")},
        metrics="sample_metrics",
        code=Bundle.of_job("xgoals").including(SAMPLE, *modules),
    )


def features(run: Run) -> ProcessingJob:
    """Rows of features of every shot, for each split; matches that break a rule are set aside.

    Raises:
        ValueError: the job that scores matches later could not reach the endpoint, which is told before hours
            of work.
    """
    check_network(run)
    names = ("train", "validation", "test", "shots", "matches", "metrics", LAST)
    return _script(
        run,
        "build_features.py",
        *("--input", f"{INPUT}/history"),
        *("--provider", run.params["provider"]),
        *("--output", OUTPUT),
        inputs={"history": matches_uri(run)},
        outputs={name: run.uri("features", name) for name in names},
        metrics="metrics",
    )


def matches_uri(run: Run) -> str:
    """Where the matches are: the sample if there is to be one, else what the form names, else the current."""
    if run.params["sample_matches"] is not None:
        return run.uri("sample") + "/"
    return str(run.params["input_uri"] or run.input_uri("current/"))


def quality(run: Run) -> ProcessingJob:
    """The Great Expectations suite over all rows, and the share of matches that were set aside."""
    return spark_job(
        "check_features.py",
        code=Bundle.of_job("xgoals", "datasets"),
        files={"suite": Bundle.of(SUITE)},
        instances=_instances(run),
        arguments=[
            *("--shots", run.uri("features", "shots")),
            *("--suite", f"{INPUT}/suite/{SUITE.name}"),
            *("--metrics", f"{INPUT}/metrics/metrics.json"),
            *("--min-shots", str(run.params["min_shots"])),
            *("--max-set-aside", str(run.params["max_set_aside"])),
            *("--output", f"{OUTPUT}/report"),
        ],
        inputs={"metrics": run.uri("features", "metrics")},
        outputs={"report": run.uri("quality")},
        event_logs=run.uri("spark-events"),
    )


def tuning(run: Run) -> TuningJob:
    """A Bayesian search for the hyperparameters of XGBoost, by the AUC of the matches for validation.

    Goals are rare, and no weight makes up for it: order, which is what AUC measures, needs none, and weights
    would make every chance too large.
    """
    channels = {name: Channel(run.uri("features", name) + "/") for name in ("train", "validation")}
    training = TrainingJob(
        image="xgboost",
        instances=Instances(run.params["training_instance_type"]),
        channels=channels,
        output=run.uri("model"),
        hyperparameters={
            "objective": "binary:logistic",
            "eval_metric": ",".join(METRICS),
            "num_round": run.params["num_round"],
            "early_stopping_rounds": EARLY_STOPPING_ROUNDS,
            "seed": run.params["seed"],
        },
        metric_definitions={
            f"{split}:{name}": rf"{split}-{name}:([0-9.eE+-]+)" for split in channels for name in METRICS
        },
    )
    return TuningJob(
        training=training,
        ranges=RANGES,
        objective=OBJECTIVE,
        goal="Maximize",
        max_jobs=run.params["tuning_jobs"],
        max_parallel_jobs=min(run.params["parallel_jobs"], run.params["tuning_jobs"]),
        early_stopping=True,
        warm_start=run.params["warm_start"],
        seed=run.params["seed"],
    )


def evaluation(run: Run, model: str, champion: str | None) -> ProcessingJob:
    """The best model and the champion, measured on the matches held out."""
    return comparison(
        run,
        image="xgboost",
        code=Bundle.of_job("xgoals", "boosters", "pages"),
        model=model,
        champion=champion,
        test=run.uri("features", "test"),
    )


def verdict(run: Run, metrics: Mapping[str, float], champion: str | None) -> Verdict:
    """The new model serves if its chances come true and it orders shots better than the champion."""
    p, least = metrics["calibration_p"], run.params["min_calibration_p"]
    if not p >= least:
        return Verdict(
            False, f"its chances do not come true: the calibration test has p {p:.2g}, under {least:g}"
        )
    return beats_champion(
        "AUC",
        metrics["auc"],
        metrics.get("champion_auc"),
        worst=run.params["min_auc"],
        lower_is_better=False,
        no_champion=f"{champion} cannot score these rows" if champion else "there is no champion yet",
    )


def winner(
    run: Run, artifact: str, champion: Mapping[str, str | None], gate: Mapping[str, Any]
) -> dict[str, str | None]:
    """The model to put in service, and its package if it is new; a champion that stays has been approved.

    Raises:
        ValueError: the new model is not good enough, and there is no champion.
    """
    if gate["better"]:
        return {"artifact": artifact, "package": gate["package"]}
    if champion["artifact"] is None:
        raise ValueError(
            f"no model can serve {run.resource_name}: {gate['reason']}, and there is no champion. Give more "
            "matches, or other bounds"
        )
    return {"artifact": champion["artifact"], "package": None}


def endpoint(run: Run, artifact: str) -> Endpoint:
    """The model in the image's own server."""
    return Endpoint(
        image="xgboost", artifact=artifact, instances=Instances(run.params["endpoint_instance_type"])
    )


def held_out_rows(run: Run) -> str:
    """Real rows, label first, to ask the endpoint about."""
    return run.uri("features", "test") + "/"


def scoring(run: Run) -> ProcessingJob:
    """Every shot of some matches and the best pass instead, scored at the endpoint; one page about them."""
    return _script(
        run,
        "score_matches.py",
        *("--input", f"{INPUT}/matches"),
        *("--provider", run.params["provider"]),
        *("--endpoint", run.resource_name),
        *("--output", f"{OUTPUT}/match_report"),
        inputs={"matches": run.params["match_uri"] or run.uri("features", LAST) + "/"},
        outputs={"match_report": run.uri("report")},
        metrics="match_report",
        code=Bundle.of_job("xgoals", "pages"),
    )


def idle_minutes(run: Run) -> int | None:
    """Minutes without a request after which the endpoint is deleted; None for never."""
    minutes: int | None = run.params["idle_minutes"]
    return minutes


def _script(
    run: Run,
    script: str,
    *arguments: str,
    outputs: Mapping[str, str],
    metrics: str,
    inputs: Mapping[str, str] | None = None,
    code: Bundle | None = None,
) -> ProcessingJob:
    return ProcessingJob(
        image=IMAGE,
        command=["python3", f"{INPUT}/code/{script}"],
        arguments=arguments,
        instances=_instances(run),
        inputs=inputs or {},
        outputs=outputs,
        files={"code": code or Bundle.of_job("xgoals")},
        metrics=metrics,
    )


def _instances(run: Run) -> Instances:
    return Instances(run.params["processing_instance_type"], volume_gb=run.params["volume_gb"])
