import re
from dataclasses import replace

import pytest

from include.bundles import Bundle
from include.pipelines import automl as spec
from include.uploads import Upload
from tests.include.test_requests import check

PREFIX = "s3://millrace-test/main/automl/manual__1/"
DATA = "s3://millrace-test/main/uploads/automl/data/"
CURRENT = "s3://millrace-test/main/input/automl/current/"
PARAMS = {
    "train": None,
    "test": None,
    "target": "target",
    "problem_type": "detect",
    "eval_metric": "detect",
    "presets": "medium_quality",
    "time_limit": 120,
    "source_uri": None,
    "program": "mine.py",
    "training_instance_type": "ml.m5.xlarge",
    "processing_instance_type": "ml.m5.large",
    "volume_gb": 30,
    "batch_uri": None,
    "scoring_instance_type": "ml.m5.large",
    "deploy": False,
    "endpoint_instance_type": "ml.m5.large",
    "tear_down": False,
}
PAIR = {"name": "-a b", "folder": f"{PREFIX}input/a-b-0123456789", "paths": [spec.TRAIN, spec.TEST]}
OWN = {**PAIR, "paths": [*PAIR["paths"], spec.SOURCE]}
ARTIFACT = f"{PREFIX}model/job-1/output/model.tar.gz"


@pytest.fixture
def run(run):
    return replace(run, dag_id="automl", params=PARAMS)


def with_params(run, **params):
    return replace(run, params={**PARAMS, **params})


def uploaded(run, *names):
    keys = [f"main/uploads/automl/{name}" for name in names]
    uploads = [Upload("millrace-test", key, 1, "e", "v", "2026-01-01T00:00:00Z", "0") for key in keys]
    return replace(run, uploads=tuple(uploads))


def test_every_request_is_one_that_aws_takes(run):
    for pair in (PAIR, OWN):
        request = spec.training(run, pair).request(run)
        check("CreateTrainingJob", {**request, "TrainingJobName": "a"})
    for job in (spec.checking(run, PAIR), spec.reporting(run, PAIR, "job-1", ARTIFACT)):
        check("CreateProcessingJob", {**job.request(run), "ProcessingJobName": "a"})
    asked = with_params(run, batch_uri="s3://b/more/", deploy=True)
    check("CreateTransformJob", {**spec.scoring(asked, "m").request(asked), "TransformJobName": "a"})
    for served in (spec.endpoint(asked, ARTIFACT), spec.scoring_model(asked, [ARTIFACT])):
        check("CreateModel", served.model_request(asked, "m"))


def test_files_of_one_name_are_a_pair_however_they_arrive(run):
    names = (
        "data/my_big_table_test.csv",
        "data/b_train.csv",
        "data/my_big_table_train.csv",
        "data/b_train.csv",
    )
    found, others = spec.pairs(uploaded(run, *names), [])
    assert [each.name for each in found] == ["my_big_table", "b"]
    assert others == []
    assert found[0].needed == {
        spec.TRAIN: f"{DATA}my_big_table_train.csv",
        spec.TEST: f"{DATA}my_big_table_test.csv",
    }
    assert all(each.once for each in found)
    assert list(found[0].optional.values()) == [
        "s3://millrace-test/main/uploads/automl/source/sourcedir.tar.gz"
    ]


@pytest.mark.parametrize(
    "name",
    [
        "data/table.csv",
        "a_train.csv",
        "data/deeper/a_train.csv",
        "data/_train.csv",
        f"data/{'x' * 101}_test.csv",
    ],
)
def test_what_is_of_no_pair_is_named(run, name):
    found, [sentence] = spec.pairs(uploaded(run, name), [])
    assert found == []
    assert f"{name} is not of a pair: call it {DATA}<Name>_train.csv or" in sentence


@pytest.mark.parametrize("name", ["train", "test_train", "größe 1", "a.b", "x_train_test"])
def test_names_may_have_anything_but_slashes(run, name):
    [found], _ = spec.pairs(uploaded(run, f"data/{name}_test.csv"), [])
    assert found.name == name


def test_the_form_names_one_pair_that_every_run_takes(run):
    named = with_params(
        run, train="s3://b/in/Bank_train.csv", test="s3://b/t.csv", source_uri="s3://b/s.tar.gz"
    )
    assert spec.folder(named) is None
    [found], _ = spec.pairs(named, [])
    assert (found.name, found.once) == ("Bank", False)
    assert found.needed == {
        spec.TRAIN: "s3://b/in/Bank_train.csv",
        spec.TEST: "s3://b/t.csv",
        spec.SOURCE: "s3://b/s.tar.gz",
    }


@pytest.mark.parametrize(("given", "lacking"), [("train", "test"), ("test", "train")])
def test_one_file_in_the_form_is_not_enough(run, given, lacking):
    with pytest.raises(ValueError, match=f"no {lacking} file: give both train and test"):
        spec.pairs(with_params(run, **{given: "s3://b/x.csv"}), [])


def test_a_run_without_anything_learns_what_is_current(run):
    assert spec.folder(run) == CURRENT
    found, others = spec.pairs(run, [f"{CURRENT}a_test.csv", f"{CURRENT}a_train.csv", f"{CURRENT}notes.txt"])
    assert [(each.name, each.optional) for each in found] == [("a", {})]
    assert len(others) == 1


def test_a_run_on_uploads_looks_nowhere_else(run):
    assert spec.folder(uploaded(run, "data/a_train.csv")) is None


def test_our_script_is_replaced_by_one_that_was_taken(run):
    ours, own = spec.training(run, PAIR), spec.training(run, OWN)
    assert isinstance(ours.code, Bundle)
    assert ours.program == "train.py"
    values = own.request(run)["HyperParameters"]
    assert values["sagemaker_program"] == '"mine.py"'
    assert values["sagemaker_submit_directory"] == f'"{PAIR["folder"]}/source/sourcedir.tar.gz"'
    assert (values["target"], values["time_limit"]) == ('"target"', "120")
    assert own.bundles() == []


def test_a_name_or_target_that_begins_with_a_hyphen_is_no_option(run):
    assert "--name=-a b" in spec.reporting(run, PAIR, "job-1", ARTIFACT).arguments
    assert "--target=-t" in spec.checking(with_params(run, target="-t"), PAIR).arguments


def test_results_stand_under_the_name_of_the_training_job(run):
    job = spec.reporting(run, PAIR, "job-1", ARTIFACT)
    assert job.outputs == {"results": f"{PREFIX}results/job-1"}
    assert job.inputs == {"training": f"{PREFIX}model/job-1/output/output.tar.gz"}


def test_every_step_writes_under_the_run_s_own_prefix(run):
    asked = with_params(run, batch_uri="s3://b/more/")
    written = [
        *spec.checking(run, PAIR).outputs.values(),
        *spec.reporting(run, PAIR, "job-1", ARTIFACT).outputs.values(),
        spec.training(run, PAIR).output,
        spec.scoring(asked, "m").output,
    ]
    assert all(uri.startswith(PREFIX) for uri in written)
    assert len(written) == len(set(written))


@pytest.mark.parametrize(("limit", "is_refused"), [(2640, False), (2641, True)])
def test_fitting_ends_before_the_job_is_ended(run, limit, is_refused):
    asked = with_params(run, time_limit=limit)
    if not is_refused:
        assert spec.checking(asked, PAIR)
        return
    with pytest.raises(
        ValueError, match=r"time_limit is 2641 s, and a job is ended after 3600 s .* at most 2640 s"
    ):
        spec.checking(asked, PAIR)


def test_nothing_is_served_unless_asked_for(run):
    assert spec.endpoint(run, [ARTIFACT]) is None
    assert spec.scoring_model(run, [ARTIFACT]) is None


@pytest.mark.parametrize(
    ("artifacts", "reason"),
    [
        ([], "has 0 models"),
        ([ARTIFACT, ARTIFACT], "has 2 models, and one can be served"),
        ("s3://elsewhere/model.tar.gz", r"s3://elsewhere/model\.tar\.gz is not this run's own"),
        ([f"{PREFIX}model-of-mine/model.tar.gz"], "is not this run's own"),
        ([ARTIFACT.replace("manual__1", "manual__2")], "is not this run's own"),
    ],
)
def test_only_this_run_s_one_model_is_loaded(run, artifacts, reason):
    """A predictor is a pickle."""
    asked = with_params(run, deploy=True, batch_uri="s3://b/more/")
    for serve in (spec.endpoint, spec.scoring_model):
        with pytest.raises(ValueError, match=reason):
            serve(asked, artifacts)


def test_further_files_are_sent_whole_so_that_their_header_goes_along(run):
    request = spec.scoring(with_params(run, batch_uri="s3://b/more/"), "m").request(run)
    assert request["TransformInput"]["SplitType"] == "None"
    assert request["MaxPayloadInMB"] == 100


def test_metrics_are_found_in_the_log(run):
    patterns = spec.training(run, PAIR).metric_definitions
    assert re.search(patterns["accuracy"], "final-accuracy:0.918339")[1] == "0.918339"
    assert re.search(patterns["models"], "final-models:11")[1] == "11"


def test_what_the_form_offers_and_the_jobs_know_is_the_same():
    files = Bundle.of_job("automl").files
    assert f'DETECT = "{spec.DETECT}"' in files["fit_options.py"].decode()
    assert f"IMPORTANCE_SHARE = {spec.IMPORTANCE_SHARE}" in files["results.py"].decode()
