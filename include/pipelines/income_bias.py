"""Requests and decisions of the income bias pipeline.

Data: census rows in the columns of UCI Adult.
"""

from collections.abc import Mapping
from typing import Any

from include.bias import BiasAnalysis
from include.bundles import Bundle
from include.run import Run
from include.sagemaker import INPUT, OUTPUT, Channel, Instances, ProcessingJob, TrainingJob

FACETS: Mapping[str, list[str]] = {"sex": ["Female"], "race": ["Black"]}
"""Columns -> the group that is asked about unless a run says otherwise. They are never features."""
GROUPS = ("occupation", "education", "workclass")
"""Columns by which demographic disparity can be conditioned."""
BOUNDS: Mapping[str, tuple[float, float]] = {
    "CI": (-0.9, 0.9),
    "DPL": (-0.3, 0.3),
    "DPPL": (-0.3, 0.3),
    "AD": (-0.2, 0.2),
    "RD": (-0.3, 0.3),
}
"""Wide enough for UCI Adult as it is; whoever decides about people by a model has narrower ones."""
HYPERPARAMETERS = ("num_round", "max_depth", "eta", "min_child_weight", "subsample", "seed")


def preparation(run: Run) -> ProcessingJob:
    """Rows checked, split and encoded; rejected rows beside them."""
    return ProcessingJob(
        image="sklearn",
        command=["python3", f"{INPUT}/code/preprocess.py"],
        arguments=[
            *("--input", f"{INPUT}/data"),
            *("--output", OUTPUT),
            *("--train-test-split-ratio", str(run.params["test_share"])),
            *("--max-rejected-fraction", str(run.params["max_rejected_fraction"])),
            *("--seed", str(run.params["seed"])),
        ],
        instances=_instances(run),
        inputs={"data": run.params["input_uri"] or run.input_uri("current/")},
        outputs={
            name: run.uri(name) for name in ("features", "rows", "encoder", "rejected", "preprocessing")
        },
        files={"code": _code()},
        metrics="preprocessing",
    )


def training(run: Run) -> TrainingJob:
    """XGBoost on the training rows, which it sees without sex and race."""
    return TrainingJob(
        image="xgboost",
        instances=Instances(run.params["training_instance_type"]),
        channels={"train": Channel(run.uri("features", "train") + "/", "text/csv")},
        output=run.uri("model"),
        hyperparameters={name: run.params[name] for name in HYPERPARAMETERS},
        metric_definitions={f"train:{name}": rf"train-{name}:([0-9.eE+-]+)" for name in ("logloss", "auc")},
        code=_code(),
    )


def prediction(run: Run, model: str) -> ProcessingJob:
    """What the model predicts for the test rows, beside what they are."""
    return ProcessingJob(
        image="xgboost",
        command=["python3", f"{INPUT}/code/predict.py"],
        arguments=[
            *("--model", f"{INPUT}/model"),
            *("--features", f"{INPUT}/features"),
            *("--rows", f"{INPUT}/rows"),
            *("--threshold", str(run.params["probability_threshold"])),
            *("--output", f"{OUTPUT}/predictions"),
        ],
        instances=_instances(run),
        inputs={
            "model": model,
            "features": run.uri("features", "test"),
            "rows": run.uri("rows", "test"),
        },
        outputs={"predictions": run.uri("predictions")},
        files={"code": _code()},
        metrics="predictions",
    )


def bias(run: Run) -> BiasAnalysis:
    """The labels and the predictions of the test rows, by the groups that the run asks about."""
    facets: Mapping[str, Any] = run.params["facets"]
    return BiasAnalysis(
        data=run.uri("predictions", "predictions.csv"),
        output=run.uri("bias"),
        label="income",
        positive=[1],
        facets={name: group or None for name, group in facets.items()},
        predicted_label="predicted_income",
        group_variable=run.params["group_variable"],
        instance_type=run.params["processing_instance_type"],
        title="Bias of the income model",
    )


def _instances(run: Run) -> Instances:
    return Instances(run.params["processing_instance_type"])


def _code() -> Bundle:
    return Bundle.of_job("income_bias", "census", "boosters")
