"""Requests and decisions of the learning without code.

Data: two CSV files, ``<Name>_train.csv`` with the target and ``<Name>_test.csv`` with or without it. What is
uploaded below ``data/`` is taken in pairs, each version of a pair once; a form names one pair.
"""

import re
from collections.abc import Mapping, Sequence
from pathlib import PurePosixPath
from typing import Any

from include.bundles import Bundle
from include.endpoints import Endpoint
from include.file_sets import FileSet
from include.run import Run
from include.sagemaker import INPUT, OUTPUT, Channel, Instances, ProcessingJob, TrainingJob, TransformJob
from include.uploads import uploads_prefix

IMAGE = "autogluon"
NAMED = re.compile(r"(?P<name>.+)_(?P<kind>train|test)\.csv")
TRAIN, TEST, SOURCE = "train/train.csv", "test/test.csv", "source/sourcedir.tar.gz"
"""Paths of what a run has taken."""
OWN_SOURCE = "source/sourcedir.tar.gz"
"""Beside the uploads' ``data/``: a script that replaces ours."""
MOST_NAME = 100
DETECT = "detect"
PRESETS = ("medium_quality", "good_quality", "high_quality", "best_quality")
"""https://auto.gluon.ai/stable/tutorials/tabular/tabular-essentials.html#presets, of those without torch."""
PROBLEM_TYPES = (DETECT, "binary", "multiclass", "regression")
METRICS = (
    *(DETECT, "accuracy", "balanced_accuracy", "f1", "f1_macro", "f1_weighted", "mcc", "roc_auc"),
    *("average_precision", "precision", "recall", "log_loss"),
    *("root_mean_squared_error", "mean_absolute_error", "median_absolute_error", "r2"),
)
HYPERPARAMETERS = ("target", "time_limit", "presets", "eval_metric", "problem_type")
IN_THE_LOG = ("accuracy", "validation_score", "fit_seconds", "models")
BEFORE_AND_AFTER = 300
"""Seconds that a training job has for everything but the fitting and the importance of features."""
IMPORTANCE_SHARE = 0.25
LARGEST_FILE_MB = 100
"""What SageMaker sends a model at once."""


def folder(run: Run) -> str | None:
    """Where a run looks for a pair that neither its form nor an upload has named."""
    if run.uploads or run.params["train"] or run.params["test"]:
        return None
    return run.input_uri("current/")


def pairs(run: Run, found: Sequence[str]) -> tuple[list[FileSet], list[str]]:
    """The pairs to learn, and a sentence for each file that is of none.

    Raises:
        ValueError: the form names one file and not the other.
    """
    train, test = run.params["train"], run.params["test"]
    if train or test:
        if not (train and test):
            lacking = "test" if train else "train"
            raise ValueError(f"the run has no {lacking} file: give both train and test, or neither")
        return [_named(run, train, test)], []
    if run.uploads:
        return _of_files(run, run.upload_uris, _uploads_uri(run))
    return _of_files(run, found, run.input_uri("current/"))


def checking(run: Run, pair: Mapping[str, Any]) -> ProcessingJob:
    """Both tables read once, and refused where nothing can be learned from them.

    Raises:
        ValueError: fitting would take longer than a job may run, which is told before anything is paid for.
    """
    _check_time(run)
    return ProcessingJob(
        image=IMAGE,
        command=["python3", f"{INPUT}/code/check.py"],
        arguments=[
            *("--train", f"{INPUT}/train", "--test", f"{INPUT}/test"),
            f"--target={run.params['target']}",
            *("--output", f"{OUTPUT}/checks"),
        ],
        instances=_processing_instances(run),
        inputs={kind: f"{pair['folder']}/{kind}/" for kind in ("train", "test")},
        outputs={"checks": run.uri("checks", PurePosixPath(pair["folder"]).name)},
        files={"code": Bundle.of_job("automl")},
        metrics="checks",
    )


def training(run: Run, pair: Mapping[str, Any]) -> TrainingJob:
    """AutoGluon on the pair, or the user's own script."""
    own = SOURCE in pair["paths"]
    return TrainingJob(
        image=IMAGE,
        instances=_training_instances(run),
        channels={kind: Channel(f"{pair['folder']}/{kind}/") for kind in ("train", "test")},
        output=run.uri("model"),
        code=f"{pair['folder']}/{SOURCE}" if own else Bundle.of_job("automl"),
        program=run.params["program"] if own else "train.py",
        hyperparameters={name: run.params[name] for name in HYPERPARAMETERS},
        metric_definitions={name: rf"final-{name}:([0-9.eE+-]+)" for name in IN_THE_LOG},
    )


def reporting(run: Run, pair: Mapping[str, Any], job: str, artifact: str) -> ProcessingJob:
    """What the training job ``job`` has left beside its ``artifact``, as plain files with a report."""
    left = str(PurePosixPath(artifact.removeprefix("s3://")).with_name("output.tar.gz"))
    return ProcessingJob(
        image=IMAGE,
        command=["python3", f"{INPUT}/code/report.py"],
        arguments=[
            *("--training", f"{INPUT}/training"),
            f"--name={pair['name']}",
            *("--output", f"{OUTPUT}/results"),
        ],
        instances=_processing_instances(run),
        inputs={"training": f"s3://{left}"},
        outputs={"results": run.uri("results", job)},
        files={"code": Bundle.of_job("automl", "pages")},
        metrics="results",
    )


def endpoint(run: Run, artifacts: str | Sequence[str]) -> Endpoint | None:
    """The model behind the pipeline's endpoint, if the run asks for it."""
    if not run.params["deploy"]:
        return None
    return _served(run, artifacts, run.params["endpoint_instance_type"])


def scoring_model(run: Run, artifacts: str | Sequence[str]) -> Endpoint | None:
    """The model that scores further files, if the run names some."""
    if not run.params["batch_uri"]:
        return None
    return _served(run, artifacts, run.params["scoring_instance_type"])


def scoring(run: Run, model: str) -> TransformJob:
    """A prediction for each row of each file below ``batch_uri``; a file is sent whole, with its header."""
    return TransformJob(
        model=model,
        input=run.params["batch_uri"],
        output=run.uri("scored"),
        instances=Instances(run.params["scoring_instance_type"]),
        split="None",
        max_payload_mb=LARGEST_FILE_MB,
    )


def _served(run: Run, artifacts: str | Sequence[str], instance_type: str) -> Endpoint:
    """The one model of the run, in the image's own server.

    A predictor is a pickle, so none is loaded but what a job of this very run has left.

    Raises:
        ValueError: the run has more than one model, or the artifact is from elsewhere.
    """
    # Of a mapped group with one pair Airflow hands over the value itself, and no list.
    found = [artifacts] if isinstance(artifacts, str) else list(artifacts)
    if len(found) != 1:
        raise ValueError(
            f"this run has {len(found)} models, and one can be served: start a run for one pair, with train "
            "and test"
        )
    own = run.uri("model") + "/"
    if not found[0].startswith(own):
        raise ValueError(f"{found[0]} is not this run's own, below {own}: no other model is loaded")
    return Endpoint(image=IMAGE, artifact=found[0], instances=Instances(instance_type))


def _named(run: Run, train: str, test: str) -> FileSet:
    stem = PurePosixPath(train).stem
    name = stem.removesuffix("_train") or stem
    return FileSet(name[:MOST_NAME], {TRAIN: train, TEST: test, **_own_source(run)})


def _of_files(run: Run, uris: Sequence[str], place: str) -> tuple[list[FileSet], list[str]]:
    """Pairs of the files in a folder, each named once, in their order."""
    names: dict[str, None] = {}
    others = []
    for uri in uris:
        file = NAMED.fullmatch(uri.removeprefix(place))
        if not uri.startswith(place) or file is None or "/" in file["name"] or len(file["name"]) > MOST_NAME:
            others.append(
                f"{uri} is not of a pair: call it {place}<Name>_train.csv or {place}<Name>_test.csv, with "
                f"{MOST_NAME} characters at most in the name"
            )
        else:
            names[file["name"]] = None
    return [_pair(run, name, place) for name in names], others


def _pair(run: Run, name: str, place: str) -> FileSet:
    files = {TRAIN: f"{place}{name}_train.csv", TEST: f"{place}{name}_test.csv"}
    if run.uploads:
        return FileSet(name, files, {SOURCE: _uploads_uri(run, OWN_SOURCE)}, once=True)
    return FileSet(name, files | _own_source(run))


def _own_source(run: Run) -> dict[str, str]:
    return {SOURCE: run.params["source_uri"]} if run.params["source_uri"] else {}


def _uploads_uri(run: Run, below: str = "data/") -> str:
    return f"s3://{run.settings.bucket}/{uploads_prefix(run.settings.tenant, run.dag_id)}{below}"


def _check_time(run: Run) -> None:
    longest = int((run.settings.max_runtime_seconds - BEFORE_AND_AFTER) / (1 + IMPORTANCE_SHARE))
    if run.params["time_limit"] > longest:
        raise ValueError(
            f"time_limit is {run.params['time_limit']} s, and a job is ended after "
            f"{run.settings.max_runtime_seconds} s (MILLRACE_MAX_RUNTIME_SECONDS): give at most {longest} s"
        )


def _processing_instances(run: Run) -> Instances:
    return Instances(run.params["processing_instance_type"], volume_gb=run.params["volume_gb"])


def _training_instances(run: Run) -> Instances:
    return Instances(run.params["training_instance_type"], volume_gb=run.params["volume_gb"])
