import re
from dataclasses import replace

import pytest

from include.bundles import Bundle
from include.pipelines import training_workflow as spec
from include.uploads import Upload
from tests.include.test_requests import check

PREFIX = "s3://millrace-test/main/training_workflow/manual__1/"
WORK = "s3://millrace-test/_work/main/training_workflow/manual__1/"
PARAMS = {
    "input_uri": None,
    "processing_instance_type": "ml.m5.xlarge",
    "training_instance_type": "ml.m5.large",
    "train_test_split_ratio": 0.2,
    "max_rejected_fraction": 0.05,
    "max_features": 40,
    "min_information": 0.001,
    "anomaly_score": 0.65,
    "max_anomaly_share": 0.01,
    "C": 1.0,
    "max_iter": 1000,
    "seed": 42,
    "evaluate_by": ["sex"],
    "keep_work": False,
}


@pytest.fixture
def run(run):
    return replace(run, dag_id="training_workflow", params=PARAMS)


@pytest.fixture
def steps(run):
    return [
        spec.preprocessing(run),
        spec.selection(run),
        spec.detection(run),
        spec.cleaning(run),
        spec.evaluation(run, "s3://b/model.tar.gz", "sex"),
    ]


def with_params(run, **params):
    return replace(run, params={**PARAMS, **params})


def arguments(job):
    return " ".join(job.arguments)


def test_every_request_is_one_that_aws_takes(run, steps):
    for job in steps:
        check("CreateProcessingJob", {**job.request(run), "ProcessingJobName": "a"})
    request = spec.training(run, spec.TRAIN).request(run)
    check("CreateTrainingJob", {**request, "TrainingJobName": "a"})


def test_names_of_inputs_and_outputs_are_unique(run, steps):
    """AWS refuses a processing job that has an input and an output of one name."""
    for job in steps:
        request = job.request(run)
        names = [item["InputName"] for item in request["ProcessingInputs"]]
        names += [item["OutputName"] for item in request["ProcessingOutputConfig"]["Outputs"]]
        assert len(names) == len(set(names)), names


def test_a_step_names_its_entry_point_and_the_split_ratio(run):
    job = spec.preprocessing(with_params(run, train_test_split_ratio=0.3))
    specification = job.request(run)["AppSpecification"]
    entry_point = ["python3", "/opt/ml/processing/input/code/preprocess.py"]
    assert specification["ContainerEntrypoint"] == entry_point
    options = specification["ContainerArguments"]
    assert options[options.index("--train-test-split-ratio") + 1] == "0.3"


def test_every_step_writes_under_the_run_s_own_prefix(run, steps):
    written = [uri for job in steps for uri in job.outputs.values()]
    written += [spec.training(run, spec.TRAIN).output, spec.opening(run)[0]]
    written += [spec.result(run, spec.TRAIN, "s3://b/m", [])[0]]
    assert all(uri.startswith((PREFIX, WORK)) for uri in written)
    assert len(written) == len(set(written))


def test_what_goes_at_the_end_is_no_result(run, steps):
    goes = tuple(spec.intermediate(run))
    stays = [uri for job in steps for uri in job.outputs.values() if not uri.startswith(goes)]
    names = {uri.removeprefix(PREFIX) for uri in stays}
    assert names == {
        *("encoder", "rejected", "preprocessing", "selection", "anomalies", "cleaning", "evaluation/sex"),
    }


def test_a_failed_run_leaves_no_model_and_no_evaluation(run):
    goes = tuple(spec.half_done(run))
    assert spec.training(run, spec.TRAIN).output + "/" in goes
    assert spec.evaluation(run, "s3://b/m", "sex").outputs["evaluation_sex"].startswith(goes)
    assert not spec.preprocessing(run).outputs["rejected"].startswith(goes)


def test_work_is_kept_when_asked_for(run):
    assert spec.intermediate(run) == [WORK]
    assert spec.intermediate(with_params(run, keep_work=True)) == []


def uploaded(*keys):
    return tuple(Upload("b", key, 1, "e", "v", "2026-01-01T00:00:00Z", "0") for key in keys)


def test_the_form_s_input_comes_before_uploads_and_these_before_what_is_current(run):
    started = replace(run, uploads=uploaded("one.csv", "two.csv"))
    named = replace(started, params={**PARAMS, "input_uri": "s3://b/k.csv"})
    current = "s3://millrace-test/main/input/training_workflow/current/"
    assert list(spec.preprocessing(run).inputs.values()) == [current]
    assert list(spec.preprocessing(started).inputs.values()) == ["s3://b/one.csv", "s3://b/two.csv"]
    assert list(spec.preprocessing(named).inputs.values()) == ["s3://b/k.csv"]
    assert "--input /opt/ml/processing/input/data-1 /opt/ml/processing/input/data-2 --output" in arguments(
        spec.preprocessing(started)
    )


def test_as_many_uploads_as_a_job_has_inputs_for(run):
    uploads = uploaded(*(f"{number}.csv" for number in range(10)))
    full = spec.preprocessing(replace(run, uploads=uploads[:9])).request(run)
    assert len(full["ProcessingInputs"]) == 10
    check("CreateProcessingJob", {**full, "ProcessingJobName": "a"})
    with pytest.raises(ValueError, match="10 uploads started this run, a job takes 9"):
        spec.preprocessing(replace(run, uploads=uploads))


@pytest.mark.parametrize(
    ("share", "bound", "step"),
    [
        (0.02, 0.01, "drop_anomalies"),
        (0.01, 0.01, "train"),
        (0.0, 0.0, "train"),
        (1.0, 1.0, "train"),
    ],
)
def test_more_anomalies_than_the_bound_are_dropped(run, share, bound, step):
    assert spec.next_step_for(share, bound) == step
    assert spec.after_detection(with_params(run, max_anomaly_share=bound), {"anomaly_share": share}) == step


def test_training_takes_the_rows_that_the_choice_left(run):
    straight_on, dropped = (
        spec.training(run, step).channels["train"].uri for step in (spec.TRAIN, spec.DROP)
    )
    assert straight_on == f"{WORK}features/train/"
    assert dropped == f"{WORK}cleaned/"
    assert spec.cleaning(run).outputs["cleaned"] + "/" == dropped


def test_each_step_reads_what_another_wrote(run, steps):
    _, selected, detected, cleaned, evaluated = steps
    written = tuple(f"{uri}/" for job in steps for uri in job.outputs.values())
    training = spec.training(run, spec.TRAIN)
    read = [uri for job in (selected, detected, cleaned) for uri in job.inputs.values()]
    read += [uri for name, uri in evaluated.inputs.items() if name != "model"]
    for uri in [*read, *(channel.uri for channel in training.channels.values())]:
        assert f"{uri}/".startswith(written), uri


def test_everyone_is_evaluated_once_and_each_column_once(run):
    plan = spec.evaluations(with_params(run, evaluate_by=["sex", "race", "sex"]), "s3://b/m")
    assert plan == [{"model": "s3://b/m", "by": by} for by in ("everyone", "sex", "race")]
    assert spec.evaluations(with_params(run, evaluate_by=[]), "s3://b/m") == [
        {"model": "s3://b/m", "by": "everyone"}
    ]


def test_training_metrics_are_found_in_the_log(run):
    patterns = spec.training(run, spec.TRAIN).metric_definitions
    assert re.search(patterns["train:log_loss"], "train-log_loss:4.58e-01")[1] == "4.58e-01"


def test_the_result_says_what_was_chosen_and_measured(run):
    uri, document = spec.result(run, spec.DROP, "s3://b/m", [{"roc_auc": 0.8}, {"sex_groups": 2}])
    assert uri == f"{PREFIX}result.json"
    assert document["anomalies_dropped"] is True
    assert document["metrics"] == {"roc_auc": 0.8, "sex_groups": 2}
    assert document["inputs"] == ["s3://millrace-test/main/input/training_workflow/current/"]


def test_columns_that_can_be_asked_for_are_those_of_the_jobs():
    text = Bundle.of_job("training_workflow", "census").files["columns.py"].decode()
    assert all(f'"{name}"' in text for name in spec.GROUPS)
    assert f'EVERYONE = "{spec.EVERYONE}"' in text
