from dataclasses import replace

import pytest

from include.horovod import ChannelsError
from include.pipelines import horovod_training as spec
from include.sagemaker.gpus import GpuCountError
from tests.include.test_requests import check

PARAMS = {
    "input_uri": None,
    "ranks": 4,
    "training_instance_type": "ml.g4dn.12xlarge",
    "instance_count": 1,
    "input_mode": "Pipe",
    "shuffle_seed": 234,
    "epochs": 6,
    "batch_size": 8,
    "learning_rate": 0.02,
    "momentum": 0.9,
    "warm_up_epochs": 2,
    "validate_on": "rank_0",
    "validation_fraction": 0.1,
    "evaluation_fraction": 0.1,
    "min_accuracy": 0.9,
    "seed": 42,
    "folders": False,
    "manifests": False,
    "distribution": "FullyReplicated",
    "stall_seconds": 300,
    "records_per_second": 1000.0,
    "processing_instance_type": "ml.m5.xlarge",
    "volume_gb": 30,
    "spot": False,
    "max_wait_seconds": 7200,
}
PREFIX = "s3://millrace-test/main/horovod_training/manual__1/"
SHARDS = {"train_records": 1430, "objects_per_shard": 16, "channels": 1, "classes": 10}


@pytest.fixture
def run(run):
    return replace(run, dag_id="horovod_training", params=PARAMS)


def with_params(run, **params):
    return replace(run, params={**PARAMS, **params})


def test_every_request_is_one_that_aws_takes(run):
    for job in (spec.sharding(run), spec.evaluation(run, "s3://b/m.tar.gz", "s3://b/c.tar.gz")):
        check("CreateProcessingJob", {**job.request(run), "ProcessingJobName": "a"})
    for asked in (run, with_params(run, spot=True, max_wait_seconds=100_000)):
        request = spec.training(asked, SHARDS).request(asked)
        check("CreateTrainingJob", {**request, "TrainingJobName": "a"})


def test_ranks_train_on_the_shards_that_were_written(run):
    made = {name: uri for name, uri in spec.sharding(run).outputs.items() if name != "sharding"}
    channels = spec.training(run, SHARDS).data.channels(4)
    assert made == {part: f"{PREFIX}shards/{part}" for part in ("train", "validation", "evaluation")}
    assert [channels[f"train_{rank}"].uri for rank in range(4)] == [f"{made['train']}/{n}/" for n in range(4)]
    assert channels["eval"].uri == f"{made['evaluation']}/"


def test_what_the_sharding_has_measured_are_hyperparameters(run):
    given = spec.training(run, SHARDS).request(run)["HyperParameters"]
    expected = {"records": "1430", "objects_per_shard": "16", "image_channels": "1", "classes": "10"}
    assert expected.items() <= given.items()
    assert (given["ranks_per_host"], given["epochs"], given["stall_seconds"]) == ("4", "6", "300")


def test_scikit_learns_digits_are_taken_where_no_input_is_named(run):
    assert "--digits" in spec.sharding(run).arguments
    named = spec.sharding(with_params(run, input_uri="s3://b/images/"))
    assert (named.inputs, "--digits" in named.arguments) == ({"records": "s3://b/images/"}, False)


@pytest.mark.parametrize(
    ("uri", "kind"), [("s3://b/images/", "S3Prefix"), ("s3://b/images/chosen.manifest", "ManifestFile")]
)
def test_the_images_are_those_below_a_prefix_or_in_a_manifest(run, uri, kind):
    asked = with_params(run, input_uri=uri)
    request = check("CreateProcessingJob", {**spec.sharding(asked).request(asked), "ProcessingJobName": "a"})
    kinds = {each["InputName"]: each["S3Input"] for each in request["ProcessingInputs"]}
    assert (kinds["records"]["S3Uri"], kinds["records"]["S3DataType"]) == (uri, kind)
    assert kinds["code"]["S3DataType"] == "S3Prefix"


@pytest.mark.parametrize(
    ("params", "error", "says"),
    [
        ({"ranks": 3}, GpuCountError, "1 x ml.g4dn.12xlarge have 4 GPUs"),
        ({"training_instance_type": "ml.inf1.xlarge"}, GpuCountError, "Inferentia"),
        ({"folders": True}, ChannelsError, "a pipe has one reader"),
        ({"distribution": "ShardedByS3Key"}, ChannelsError, "a share, not each rank"),
        (
            {"ranks": 32, "training_instance_type": "ml.p3.16xlarge", "instance_count": 4},
            ChannelsError,
            "32 train . 1 validation . 1 eval are 34 channels",
        ),
    ],
)
def test_a_plan_that_cannot_be_is_refused_before_the_first_job(run, params, error, says):
    with pytest.raises(error, match=says):
        spec.sharding(with_params(run, **params))


@pytest.mark.parametrize(
    ("accuracy", "champion", "passes"),
    [(0.95, None, True), (0.89, None, False), (0.95, 0.94, True), (0.95, 0.95, False), (0.95, 0.96, False)],
)
def test_a_model_is_approved_if_it_keeps_the_bound_and_beats_the_champion(run, accuracy, champion, passes):
    metrics = {"accuracy": accuracy, **({"champion_accuracy": champion} if champion else {})}
    assert spec.verdict(run, metrics, "s3://b/c" if champion else None).passed is passes
