"""Requests and decisions of the training with Horovod.

Data: TFRecord of images, written anew as one shard for each rank. What is refused is refused before the first
job: a rank without a GPU, more channels than a job takes, several ranks on one pipe.
"""

from collections.abc import Mapping

from include.bundles import Bundle
from include.gates import Verdict, beats_champion
from include.horovod import HorovodData, HorovodTraining
from include.run import Run
from include.sagemaker import INPUT, OUTPUT, Instances, ProcessingJob, Spot
from include.sagemaker.comparison import comparison
from include.sagemaker.gpus import check_ranks

IMAGE = "horovod"
MANIFEST = ".manifest"
PARTS = ("train", "validation", "evaluation")
HYPERPARAMETERS = (
    *("batch_size", "learning_rate", "momentum", "warm_up_epochs", "seed", "validate_on", "stall_seconds"),
)
OF_EPOCHS = ("train-loss", "validation-loss", "validation-accuracy", "images-per-second", "waiting-share")
AT_THE_END = ("ranks", "epochs", "records_read", "duplicates")


def data(run: Run) -> HorovodData:
    """What the ranks read, as the form asks for it."""
    params = run.params
    return HorovodData(
        train=run.uri("shards", "train"),
        validation=run.uri("shards", "validation"),
        evaluation=run.uri("shards", "evaluation"),
        validate_on=params["validate_on"],
        mode=params["input_mode"],
        shuffle_seed=params["shuffle_seed"],
        manifests=params["manifests"],
        folders=params["folders"],
        distribution=params["distribution"],
    )


def instances(run: Run) -> Instances:
    """What the ranks run on."""
    return Instances(run.params["training_instance_type"], run.params["instance_count"])


def sharding(run: Run) -> ProcessingJob:
    """The data set as shards; without an ``input_uri`` the digits that scikit-learn ships.

    Raises:
        GpuCountError: the instances do not have as many GPUs as there are ranks.
        ChannelsError: the ranks could not read their shards as the form asks.
    """
    check_ranks(instances(run), run.params["ranks"])
    data(run).channels(run.params["ranks"])
    given = run.params["input_uri"]
    return ProcessingJob(
        image=IMAGE,
        command=["python3", f"{INPUT}/code/shard.py"],
        arguments=[
            *(["--records", f"{INPUT}/records"] if given else ["--digits"]),
            *("--output", OUTPUT),
            *("--prefix", run.uri("shards", "train")),
            *("--ranks", str(run.params["ranks"])),
            *("--validation-fraction", str(run.params["validation_fraction"])),
            *("--evaluation-fraction", str(run.params["evaluation_fraction"])),
            *("--seed", str(run.params["seed"])),
        ],
        instances=Instances(run.params["processing_instance_type"], volume_gb=run.params["volume_gb"]),
        inputs={"records": given} if given else {},
        manifests=["records"] if given and given.endswith(MANIFEST) else [],
        outputs={
            **{part: run.uri("shards", part) for part in PARTS},
            "sharding": run.uri("sharding"),
        },
        files={"code": Bundle.of_job("horovod_training", "vision")},
        metrics="sharding",
    )


def training(run: Run, shards: Mapping[str, float]) -> HorovodTraining:
    """The ranks, each with its shard.

    Args:
        run: with the form's fields.
        shards: what the sharding measured.
    """
    params = run.params
    return HorovodTraining(
        image=IMAGE,
        instances=instances(run),
        ranks=params["ranks"],
        data=data(run),
        records=int(shards["train_records"]),
        epochs=params["epochs"],
        records_per_second=params["records_per_second"],
        code=Bundle.of_job("horovod_training", "vision"),
        output=run.uri("model"),
        hyperparameters={
            **{name: params[name] for name in HYPERPARAMETERS},
            "records": int(shards["train_records"]),
            "objects_per_shard": int(shards["objects_per_shard"]),
            "image_channels": int(shards["channels"]),
            "classes": int(shards["classes"]),
        },
        metric_definitions={
            **{name.replace("-", ":", 1): rf"{name}:([0-9.eE+-]+)" for name in OF_EPOCHS},
            **{name: rf"final-{name}:([0-9]+)" for name in AT_THE_END},
        },
        checkpoints=run.uri("checkpoints"),
        tensorboard=run.uri("tensorboard"),
        spot=Spot(params["max_wait_seconds"]) if params["spot"] else None,
    )


def evaluation(run: Run, model: str, champion: str | None) -> ProcessingJob:
    """The model and the champion measured on images that nobody trained on, with a report."""
    return comparison(
        run,
        image=IMAGE,
        code=Bundle.of_job("horovod_training", "vision", "pages"),
        model=model,
        champion=champion,
        records=run.uri("shards", "evaluation"),
    )


def verdict(run: Run, metrics: Mapping[str, float], champion: str | None) -> Verdict:
    """The model is approved if it keeps the bound and is right more often than the champion."""
    return beats_champion(
        "accuracy",
        metrics["accuracy"],
        metrics.get("champion_accuracy"),
        worst=run.params["min_accuracy"],
        lower_is_better=False,
        no_champion=f"{champion} is of other images" if champion else "no model is approved yet",
    )
