"""Requests and decisions of the abalone pipeline.

Data: UCI Abalone, nine columns without a header (sex, seven measures, rings).
"""

from collections.abc import Mapping
from dataclasses import replace
from pathlib import Path

from include.bias import BiasAnalysis
from include.bundles import Bundle
from include.endpoints import Endpoint
from include.gates import Verdict, beats_champion
from include.run import Run
from include.sagemaker import (
    INPUT,
    OUTPUT,
    Channel,
    Instances,
    ProcessingJob,
    Spot,
    TrainingJob,
    TransformJob,
)
from include.sagemaker.comparison import comparison
from include.spark import check_network, s3_encryption, spark_job

SUITE = Path(__file__).parents[1] / "expectations" / "abalone.json"

CONTENT_TYPES = {"csv": "text/csv", "parquet": "application/x-parquet"}
HYPERPARAMETERS = ("num_round", "max_depth", "eta", "min_child_weight", "subsample", "seed")
FEWEST_RINGS, MOST_RINGS = 0.0, 60.0
"""Predictions outside are wrong whatever the row; the oldest abalone in the data has 29 rings."""


def features(run: Run) -> ProcessingJob:
    """Encoded features, split into training and validation rows; rejected rows beside them.

    Spark reads and writes S3 itself, so that several hosts can; what is small is an output of the job.

    Raises:
        ValueError: an application could not reach S3, or the training that follows would be refused.
    """
    check_network(run)
    # Before Spark is paid for, not after.
    training(run, features="").request(run)
    key = run.settings.output_kms_key
    return spark_job(
        "build_features.py",
        code=Bundle.of_job("abalone", "datasets"),
        instances=_processing_instances(run),
        arguments=[
            *("--input", run.params["input_uri"] or run.input_uri("current/")),
            *("--output", run.uri("features")),
            *("--report", OUTPUT),
            *("--seed", str(run.params["seed"])),
            *(("--kms-key", key) if key else ()),
        ],
        outputs={name: run.uri("features", name) for name in ("encoder", "metrics")},
        event_logs=run.uri("spark-events"),
        configuration=s3_encryption(key),
        metrics="metrics",
    )


def quality(run: Run) -> ProcessingJob:
    """The Great Expectations suite over the features, and the share of rows that were rejected."""
    check_network(run)
    return spark_job(
        "check_features.py",
        code=Bundle.of_job("abalone", "datasets"),
        files={"suite": Bundle.of(SUITE)},
        instances=_processing_instances(run),
        arguments=[
            *("--input", run.uri("features")),
            *("--suite", f"{INPUT}/suite/{SUITE.name}"),
            *("--metrics", f"{INPUT}/metrics/metrics.json"),
            *("--min-rows", str(run.params["min_rows"])),
            *("--max-rejected-fraction", str(run.params["max_rejected_fraction"])),
            *("--output", f"{OUTPUT}/report"),
        ],
        inputs={"metrics": run.uri("features", "metrics")},
        outputs={"report": run.uri("quality")},
        event_logs=run.uri("spark-events"),
    )


def training(run: Run, features: str) -> TrainingJob:
    """XGBoost on what the job ``features`` made: our script, or the image's built-in algorithm."""
    code = Bundle.of_job("abalone") if run.params["algorithm"] == "script" else None
    hyperparameters = {name: run.params[name] for name in HYPERPARAMETERS}
    spot = run.params["spot"]
    return TrainingJob(
        image="xgboost",
        version=run.params["xgboost_version"],
        instances=Instances(run.params["training_instance_type"], run.params["training_instance_count"]),
        channels=_channels(run),
        output=run.uri("model"),
        # Others must not go on from what was learned of other features, or by other code.
        checkpoints=run.uri("checkpoints", features, code.digest if code else "built-in") if spot else None,
        spot=Spot(run.params["max_wait_seconds"]) if spot else None,
        hyperparameters={"objective": "reg:squarederror", "eval_metric": "rmse", **hyperparameters},
        metric_definitions={
            f"{name}:rmse": rf"{name}-rmse:([0-9.eE+-]+)" for name in ("train", "validation")
        },
        code=code,
    )


def scoring(run: Run, model: str) -> TransformJob | None:
    """The live model's prediction beside the label of each row of ``batch_uri``, if the run names one."""
    if not run.params["batch_uri"]:
        return None
    return TransformJob(
        model=model,
        input=run.params["batch_uri"],
        output=run.uri("scored"),
        instances=Instances(run.params["scoring_instance_type"]),
        input_filter="$[1:]",
        join="Input",
        output_filter="$[0,-1]",
    )


def evaluation(run: Run, model: str, champion: str | None) -> ProcessingJob:
    """The new model and the champion, measured on this run's validation rows; and what the model predicts."""
    job = comparison(
        run,
        image="xgboost",
        code=Bundle.of_job("abalone", "boosters"),
        model=model,
        champion=champion,
        validation=run.uri("features", "csv", "validation"),
    )
    return replace(
        job,
        arguments=[*job.arguments, "--predictions", f"{OUTPUT}/predictions"],
        outputs={**job.outputs, "predictions": run.uri("predictions")},
    )


def bias(run: Run) -> BiasAnalysis:
    """Whether females are found to be old, with ten rings or more, as often and as well as the others."""
    return BiasAnalysis(
        data=run.uri("predictions", "predictions.csv"),
        output=run.uri("bias"),
        label="old",
        positive=[1],
        facets={"sex": ["F"]},
        predicted_label="predicted_old",
        instance_type=run.params["processing_instance_type"],
        title="Bias of the abalone model",
    )


def verdict(run: Run, metrics: Mapping[str, float], champion: str | None) -> Verdict:
    """The new model serves if it keeps the bound and has a lower error than the champion."""
    return beats_champion(
        "rmse",
        metrics["rmse"],
        metrics.get("champion_rmse"),
        worst=run.params["max_rmse"],
        no_champion=f"{champion} cannot score these rows" if champion else "no model serves yet",
    )


def endpoint(run: Run, artifact: str) -> Endpoint:
    """The model in the image's own server."""
    return Endpoint(
        image="xgboost", artifact=artifact, instances=Instances(run.params["endpoint_instance_type"])
    )


def validation_rows(run: Run) -> str:
    """Real rows, label first, to ask the endpoint about."""
    return run.uri("features", "csv", "validation") + "/"


def _channels(run: Run) -> dict[str, Channel]:
    form, mode = run.params["training_format"], run.params["input_mode"]
    splits = {
        name: Channel(run.uri("features", form, name), CONTENT_TYPES[form], mode)
        for name in ("train", "validation")
    }
    if earlier := run.params["continue_from"]:
        return {**splits, "model": Channel(earlier, "application/x-sagemaker-model")}
    return splits


def _processing_instances(run: Run) -> Instances:
    return Instances(run.params["processing_instance_type"], run.params["processing_instance_count"])
