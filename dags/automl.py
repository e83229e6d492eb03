"""### AutoML: upload two tables, get predictions.

AutoGluon learns a table and predicts another: it finds out what kind of problem it is, trains models of
several kinds and puts them together. No code is asked for.

**Takes** two CSV files with a header: `<Name>_train.csv`, whose column `target` is to be learned, and
`<Name>_test.csv` with the same columns, `target` or not. Uploaded as `uploads/automl/data/*.csv`, in either
order, they start a run once both are there, and once for each version of the pair. The form takes one pair as
`train` and `test`; without any, this environment's `input/automl/current/` is learned. A script in
`uploads/automl/source/sourcedir.tar.gz` replaces ours.

**Leaves**, under this run's own prefix, in `results/<training job>/`: `<Name>_test_predictions.csv`,
`<Name>_leaderboard.csv`, `<Name>_model_performance.txt`, `<Name>_feature_importance.csv` and `report.html`;
the model; with `batch_uri`, what it predicts of further files; with `deploy`, an endpoint.

**If it fails:** the log of the failed task begins with the reason, such as a target that is not there, or
columns that differ, each by its name. Upload the corrected file: a new version of a pair is a new run.
"""

from datetime import timedelta
from typing import Any

import pendulum
from airflow.sdk import Param, chain, dag, task_group

from include.pipelines import automl as spec
from millrace.assets import uploads
from millrace.defaults import DEFAULT_ARGS
from millrace.operators.endpoint import EndpointOperator, EndpointTearDownOperator
from millrace.operators.file_sets import FileSetOperator
from millrace.operators.models import ModelOperator
from millrace.operators.sagemaker import (
    ProcessingJobOperator,
    ReportPageOperator,
    TrainingJobOperator,
    TransformJobOperator,
)
from millrace.params import S3_ARCHIVE, S3_OBJECT, choice, count, instance_type, s3_uri

NAME = "{{ task.arguments['pair']['name'] }}"
PARAMS = {
    "train": s3_uri("CSV to learn from; empty for what was uploaded.", optional=True, pattern=S3_OBJECT),
    "test": s3_uri("CSV with the same columns, to predict.", optional=True, pattern=S3_OBJECT),
    "target": Param(
        "target", type="string", minLength=1, maxLength=255, description="The column that is to be learned."
    ),
    "problem_type": choice(spec.PROBLEM_TYPES, "What kind of problem it is; detected by the target."),
    "eval_metric": choice(spec.METRICS, "What models are chosen by; detected by the kind of problem."),
    "presets": choice(spec.PRESETS, "How much is tried: better presets take longer and need more time."),
    "time_limit": count(120, 10, 86_400, "Seconds of fitting."),
    "source_uri": s3_uri("A sourcedir.tar.gz that replaces our script.", optional=True, pattern=S3_ARCHIVE),
    "program": Param(
        "train.py", type="string", pattern=r"^[\w.-]+\.py$", description="What is run of such an archive."
    ),
    "training_instance_type": instance_type("ml.m5.xlarge", "What the models train on."),
    "processing_instance_type": instance_type("ml.m5.large", "What checks the tables and writes the report."),
    "volume_gb": count(30, 1, 16_384, "Disk of each of them."),
    "batch_uri": s3_uri("CSV files, with a header, to predict besides; empty for none.", optional=True),
    "scoring_instance_type": instance_type("ml.m5.large", "What predicts those."),
    "deploy": Param(False, type="boolean", description="Put the model behind the endpoint."),
    "endpoint_instance_type": instance_type("ml.m5.large", "What the endpoint runs on."),
    "tear_down": Param(False, type="boolean", description="Delete the endpoint when the run is over."),
}


@dag(
    schedule=[uploads("automl", ".csv")],
    start_date=pendulum.datetime(2026, 1, 1, tz="UTC"),
    catchup=False,
    max_active_runs=1,
    dagrun_timeout=timedelta(hours=24),
    params=PARAMS,
    default_args=DEFAULT_ARGS,
    tags=["tabular", "autogluon"],
    doc_md=__doc__,
)
def automl() -> None:
    """Take complete pairs, check, learn and report each; then endpoint and further files, if asked for."""
    taken = FileSetOperator(task_id="take_pairs", folder=spec.folder, sets=spec.pairs)

    @task_group
    def learn(pair: Any) -> Any:
        """One pair; a failure stays in it."""
        common = {"map_index_template": NAME}
        checked = ProcessingJobOperator(
            task_id="check", build=spec.checking, arguments={"pair": pair}, **common
        )
        model = TrainingJobOperator(
            task_id="train", build=spec.training, arguments={"pair": pair}, pool="training", **common
        )
        reported = ReportPageOperator(
            task_id="report",
            build=spec.reporting,
            arguments={"pair": pair, "job": model.output["name"], "artifact": model.output["artifact"]},
            page="report.html",
            **common,
        )
        chain(checked, model, reported)
        return model.output["artifact"]

    artifacts = {"artifacts": learn.expand(pair=taken.output)}
    scoring_model = ModelOperator(task_id="create_model", build=spec.scoring_model, arguments=artifacts)
    score = TransformJobOperator(
        task_id="score", build=spec.scoring, arguments={"model": scoring_model.output["model"]}
    )
    deploy = EndpointOperator(task_id="deploy", build=spec.endpoint, arguments=artifacts)
    tear_down = EndpointTearDownOperator(task_id="tear_down").as_teardown()

    [score, deploy] >> tear_down


automl()
