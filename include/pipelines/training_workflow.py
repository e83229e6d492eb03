"""Requests and decisions of the training workflow.

Data: census rows in the columns of UCI Adult. What one step hands to the next goes when the run is over;
everything below the run's prefix stays.
"""

from collections.abc import Mapping, Sequence
from typing import Any

from include.bundles import Bundle
from include.run import Run
from include.sagemaker import INPUT, OUTPUT, Channel, Instances, ProcessingJob, TrainingJob

IMAGE = "sklearn"
JSON = "application/json"
EVERYONE = "everyone"
GROUPS = ("sex", "race", "workclass", "education", "occupation")
"""Columns by whose groups a model can be evaluated."""
DROP, TRAIN = "drop_anomalies", "train"
"""The two ways on from the detection of anomalies; tasks are named so."""
MOST_UPLOADS = 9
"""A processing job has at most ten inputs, and the code is one."""


def input_uris(run: Run) -> list[str]:
    """What the run works on: the input its form names, else the uploads that started it, else the current.

    Raises:
        ValueError: more uploads started the run than a processing job has inputs for.
    """
    if named := run.params.get("input_uri"):
        return [named]
    uploads = run.upload_uris
    if len(uploads) > MOST_UPLOADS:
        raise ValueError(
            f"{len(uploads)} uploads started this run, a job takes {MOST_UPLOADS}: put the files under "
            "one prefix and start a run with that as input_uri"
        )
    return list(uploads) or [run.input_uri("current/")]


def preprocessing(run: Run) -> ProcessingJob:
    """Rows checked, split and encoded; rejected rows beside them."""
    data = {f"data-{number}": uri for number, uri in enumerate(input_uris(run), start=1)}
    return _script(
        run,
        "preprocess.py",
        inputs=data,
        outputs={
            **{name: run.work_uri(name) for name in ("features", "rows")},
            **{name: run.uri(name) for name in ("encoder", "rejected", "preprocessing")},
        },
        arguments=["--input", *(f"{INPUT}/{name}" for name in data), "--output", OUTPUT],
        params=("train_test_split_ratio", "max_rejected_fraction", "seed"),
        metrics="preprocessing",
    )


def selection(run: Run) -> ProcessingJob:
    """The features that say something about the label."""
    return _script(
        run,
        "select_features.py",
        inputs={"features": run.work_uri("features", "train")},
        outputs={"selection": run.uri("selection")},
        arguments=["--features", f"{INPUT}/features", "--output", f"{OUTPUT}/selection"],
        params=("max_features", "min_information"),
        metrics="selection",
    )


def detection(run: Run) -> ProcessingJob:
    """The training rows that are unlike the others, and their share."""
    return _script(
        run,
        "detect_anomalies.py",
        inputs={"rows": run.work_uri("rows", "train")},
        outputs={"anomalies": run.uri("anomalies"), "flags": run.work_uri("flags")},
        arguments=["--rows", f"{INPUT}/rows", "--output", OUTPUT],
        params=("anomaly_score", "seed"),
        metrics="anomalies",
    )


def next_step_for(anomaly_share: float, bound: float) -> str:
    """The step after the detection: anomalies are dropped if there are too many, else all rows train."""
    return DROP if anomaly_share > bound else TRAIN


def after_detection(run: Run, metrics: Mapping[str, float]) -> str:
    """The choice, from what the detection measured and the run's bound."""
    return next_step_for(metrics["anomaly_share"], run.params["max_anomaly_share"])


def cleaning(run: Run) -> ProcessingJob:
    """The training features without the anomalies."""
    return _script(
        run,
        "drop_anomalies.py",
        inputs={"features": run.work_uri("features", "train"), "flags": run.work_uri("flags")},
        outputs={"cleaned": run.work_uri("cleaned"), "cleaning": run.uri("cleaning")},
        arguments=["--features", f"{INPUT}/features", "--flags", f"{INPUT}/flags", "--output", OUTPUT],
        metrics="cleaning",
    )


def training(run: Run, step: str) -> TrainingJob:
    """A logistic regression on the rows that the choice left, and the features that were selected."""
    rows = ("cleaned",) if step == DROP else ("features", "train")
    return TrainingJob(
        image=IMAGE,
        instances=Instances(run.params["training_instance_type"]),
        channels={
            "train": Channel(run.work_uri(*rows) + "/"),
            "selection": Channel(run.uri("selection", "selected.json"), JSON),
            "encoder": Channel(run.uri("encoder", "encoder.json"), JSON),
        },
        output=run.uri("model"),
        hyperparameters={name: run.params[name] for name in ("C", "max_iter", "seed")},
        metric_definitions={
            f"train:{name}": rf"train-{name}:([0-9.eE+-]+)"
            for name in ("accuracy", "log_loss", "iterations", "converged")
        },
        code=Bundle.of_job("training_workflow", "census"),
    )


def evaluations(run: Run, model: str) -> list[dict[str, str]]:
    """The arguments of each evaluation: over everyone, and by the groups of each column that is asked for."""
    columns = dict.fromkeys([EVERYONE, *run.params["evaluate_by"]])
    return [{"model": model, "by": column} for column in columns]


def evaluation(run: Run, model: str, by: str) -> ProcessingJob:
    """The model measured on the test rows."""
    return _script(
        run,
        "evaluate.py",
        inputs={
            "model": model,
            "features": run.work_uri("features", "test"),
            "rows": run.work_uri("rows", "test"),
        },
        outputs={f"evaluation_{by}": run.uri("evaluation", by)},
        arguments=[
            *("--model", f"{INPUT}/model"),
            *("--features", f"{INPUT}/features"),
            *("--rows", f"{INPUT}/rows"),
            *("--by", by),
            *("--output", f"{OUTPUT}/evaluation_{by}"),
        ],
        metrics=f"evaluation_{by}",
    )


def opening(run: Run) -> tuple[str, dict[str, Any]]:
    """What says whose the intermediate data is, should a run ever leave it behind."""
    document = {"dag": run.dag_id, "run": run.run_id, "inputs": input_uris(run), "since": str(run.run_after)}
    return run.work_uri("run.json"), document


def result(
    run: Run, step: str, model: str, metrics: Sequence[Mapping[str, float]]
) -> tuple[str, dict[str, Any]]:
    """What a finished run is known by; a run without this document is not finished."""
    measured = {name: value for part in metrics for name, value in part.items()}
    document = {
        "run": run.run_id,
        "inputs": input_uris(run),
        "model": model,
        "anomalies_dropped": step == DROP,
        "metrics": measured,
    }
    return run.uri("result.json"), document


def intermediate(run: Run) -> list[str]:
    """Prefixes that nobody needs when the run is over; none if the run is asked to keep them."""
    return [] if run.params["keep_work"] else [run.work_uri() + "/"]


def half_done(run: Run) -> list[str]:
    """Prefixes that would be taken for results, had the run not failed."""
    return [run.uri(name) + "/" for name in ("model", "evaluation")]


def _script(
    run: Run,
    script: str,
    *,
    inputs: Mapping[str, str],
    outputs: Mapping[str, str],
    arguments: Sequence[str],
    metrics: str,
    params: Sequence[str] = (),
) -> ProcessingJob:
    """A script of this workflow; the Params that it takes become its options of the same names."""
    options = [text for name in params for text in (f"--{name.replace('_', '-')}", str(run.params[name]))]
    return ProcessingJob(
        image=IMAGE,
        command=["python3", f"{INPUT}/code/{script}"],
        arguments=[*arguments, *options],
        instances=Instances(run.params["processing_instance_type"]),
        inputs=inputs,
        outputs=outputs,
        files={"code": Bundle.of_job("training_workflow", "census")},
        metrics=metrics,
    )
