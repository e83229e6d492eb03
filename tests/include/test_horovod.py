"""Channels and plans of Horovod's training jobs."""

import re
from dataclasses import replace

import pytest

from include.bundles import Bundle
from include.horovod import ChannelsError, HorovodData, HorovodTraining
from include.sagemaker.gpus import GpuCountError
from include.sagemaker.instances import Instances
from tests.include.test_requests import check

DATA = HorovodData("s3://b/shards/train", "s3://b/shards/validation", "s3://b/shards/eval", shuffle_seed=234)
TRAINING = HorovodTraining(
    image="horovod",
    instances=Instances("ml.p3.8xlarge"),
    ranks=4,
    data=DATA,
    records=1438,
    epochs=5,
    records_per_second=500,
    code=Bundle({"train.py": b""}),
    output="s3://b/model",
)


def test_each_rank_has_a_pipe_of_its_own_whose_objects_are_shuffled(run):
    made = check("CreateTrainingJob", {**TRAINING.request(run), "TrainingJobName": "a"})
    channels = {each["ChannelName"]: each for each in made["InputDataConfig"]}
    assert list(channels) == ["train_0", "train_1", "train_2", "train_3", "validation", "eval"]
    source = channels["train_2"]["DataSource"]["S3DataSource"]
    assert source["S3Uri"] == "s3://b/shards/train/2/"
    assert source["S3DataDistributionType"] == "FullyReplicated"
    assert all(channels[f"train_{rank}"]["ShuffleConfig"] == {"Seed": 234} for rank in range(4))
    assert {each["InputMode"] for each in channels.values()} == {"Pipe"}
    # What is measured is measured on the same rows in the same order.
    assert not {"ShuffleConfig"} & {*channels["validation"], *channels["eval"]}
    assert made["HyperParameters"]["ranks_per_host"] == "4"


def test_every_rank_may_validate_and_shards_may_be_manifests():
    data = replace(DATA, validate_on="every_rank", evaluation=None, manifests=True, mode="File")
    channels = data.channels(2)
    assert list(channels) == ["train_0", "train_1", "validation_0", "validation_1"]
    assert (channels["train_1"].uri, channels["train_1"].manifest) == ("s3://b/shards/train/1.manifest", True)
    assert {channel.mode for channel in channels.values()} == {"File"}


def test_folders_are_one_channel_for_any_number_of_ranks():
    channels = replace(DATA, mode="File", folders=True).channels(64)
    assert list(channels) == ["train", "validation", "eval"]
    assert (channels["train"].uri, channels["train"].shuffle_seed) == ("s3://b/shards/train/", None)


@pytest.mark.parametrize("mode", ["Pipe", "File"])
def test_a_job_takes_twenty_channels_in_every_mode(mode):
    data = replace(DATA, mode=mode)
    assert len(data.channels(18)) == 20
    too_many = f"19 train + 1 validation + 1 eval are 21 channels, and a training job takes 20 in mode {mode}"
    with pytest.raises(ChannelsError, match=re.escape(too_many)):
        data.channels(19)
    with pytest.raises(
        ChannelsError,
        match="give fewer ranks, validation on rank_0 only, or one File-mode channel with a folder",
    ):
        replace(data, validate_on="every_rank").channels(10)


@pytest.mark.parametrize(
    ("change", "message"),
    [
        ({"folders": True}, "4 ranks on one pipe: a pipe has one reader"),
        ({"distribution": "ShardedByS3Key"}, "gives each instance a share, not each rank"),
        ({"folders": True, "mode": "File", "manifests": True}, "a manifest lists objects without folders"),
    ],
)
def test_what_ranks_cannot_read_is_refused_before_it_is_launched(change, message):
    with pytest.raises(ChannelsError, match=re.escape(message)):
        replace(TRAINING, data=replace(DATA, **change)).plan()


def test_a_plan_tells_shards_ranks_channels_hours_and_price():
    plan = replace(TRAINING, records=14_400_001, epochs=10).plan()
    assert (plan.ranks, plan.ranks_per_instance, plan.records_per_rank) == (4, 4, 3_600_000)
    # 144 million records at 4 x 500 a second are 20 hours of USD 14.688.
    assert plan.expected_hours == pytest.approx(20.0, abs=1e-3)
    assert plan.expected_usd == pytest.approx(293.76, abs=0.01)
    assert plan.sentences() == [
        "4 ranks on 1 x ml.p3.8xlarge, 4 on each",
        "6 channels of at most 20, mode Pipe: train_0, train_1, train_2, train_3, validation, eval",
        "14,400,001 records in 4 shards of 3,600,000 or one more",
        "expected: 20.00 hours, USD 293.76 (SageMaker training, on demand, US East (N. Virginia), 2024-12)",
    ]


def test_ranks_without_gpus_are_refused():
    with pytest.raises(GpuCountError, match=re.escape("1 x ml.p3.8xlarge have 4 GPUs")):
        replace(TRAINING, ranks=3).plan()
