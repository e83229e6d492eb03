"""### Horovod training: which digit, learnt by as many ranks as there are GPUs?

Images are dealt out to as many shards as there are ranks. Each rank streams its own through a named pipe for
each epoch (Pipe mode) and trains a network together with the others, by Horovod. What the model makes of
images that nobody trained on decides whether it is approved.

**Takes** TFRecord of `tf.train.Example` with `image/encoded` (PNG or JPEG) and `image/class/label` below
`input_uri`, or listed there in an S3 manifest; without one, the handwritten digits that scikit-learn ships.

**Leaves**, under this run's own prefix: the shards and a manifest for each, the model with its history,
checkpoints, what TensorBoard shows, and an evaluation with a report. Registers the model, approved if it
keeps `min_accuracy` and is right more often than the last one that was.

**If it fails:** a plan that cannot be is refused before the first job, and the sentence says what would do:
ranks without a GPU, more channels than a job takes, several ranks on one pipe. A broken record is named with
its object and byte, a rank that hangs or dies with its number and host. Clear `train` to go on from the last
checkpoint.
"""

from datetime import timedelta

import pendulum
from airflow.sdk import Param, chain, dag

from include.pipelines import horovod_training as spec
from millrace.defaults import DEFAULT_ARGS
from millrace.operators.gpus import HorovodTrainingOperator
from millrace.operators.registry import FindChampionOperator, ModelGateOperator
from millrace.operators.sagemaker import ProcessingJobOperator, ReportPageOperator
from millrace.params import (
    choice,
    count,
    fraction,
    instance_count,
    instance_type,
    managed_spot,
    rate,
    s3_uri,
    sgd,
)

PARAMS = {
    "input_uri": s3_uri(
        "Prefix of TFRecord files of images, or a .manifest of them; empty for scikit-learn's digits.",
        optional=True,
    ),
    "ranks": count(4, 1, 1024, "Processes that train together, one for each GPU of the instances."),
    "training_instance_type": instance_type("ml.g4dn.12xlarge", "What the ranks run on; this has 4 GPUs."),
    "instance_count": instance_count("How many instances the ranks share evenly."),
    "input_mode": choice(["Pipe", "File"], "Streamed through pipes, or copied before training starts."),
    "shuffle_seed": count(234, 0, 2**31 - 1, "Orders the objects of a shard anew in each epoch."),
    "epochs": count(6, 1, 10_000, "How often every record is read."),
    "batch_size": count(8, 1, 65_536, "Records of a rank in a step."),
    **sgd(0.02, "Of one rank; it grows with the ranks."),
    "warm_up_epochs": count(2, 0, 1000, "Epochs until the learning rate is that of all ranks."),
    "validate_on": choice(
        ["rank_0", "every_rank"], "Who measures after each epoch; every rank takes a channel more."
    ),
    "validation_fraction": fraction(0.1, "Share of the records that is measured after each epoch."),
    "evaluation_fraction": fraction(0.1, "Share of the records that is measured at the end."),
    "min_accuracy": fraction(0.9, "Smallest share of images that an approved model tells right."),
    "seed": count(42, 0, 2**31 - 1, "Of the shards and the first weights."),
    "folders": Param(
        False,
        type="boolean",
        description="One channel with a folder for each rank, for many ranks; in mode File.",
    ),
    "manifests": Param(False, type="boolean", description="Give each rank a list of objects, not a prefix."),
    "distribution": choice(
        ["FullyReplicated", "ShardedByS3Key"],
        "Of objects to instances; the second one is refused, with the reason.",
    ),
    "stall_seconds": count(300, 5, 86_400, "How long ranks wait for one that hangs."),
    "records_per_second": rate(1000.0, "Of one rank; for the plan."),
    "processing_instance_type": instance_type("ml.m5.xlarge", "What writes shards and measures models."),
    "volume_gb": count(30, 1, 16_384, "Disk of the sharding: the data set is there three times."),
    **managed_spot(),
}


@dag(
    schedule=None,
    is_paused_upon_creation=False,
    start_date=pendulum.datetime(2026, 1, 1, tz="UTC"),
    catchup=False,
    max_active_runs=1,
    dagrun_timeout=timedelta(hours=24),
    params=PARAMS,
    default_args=DEFAULT_ARGS,
    tags=["images", "horovod", "torch", "gpu"],
    doc_md=__doc__,
)
def horovod_training() -> None:
    """Shards, training by many ranks, evaluation, and a model that is approved only if it is better."""
    shards = ProcessingJobOperator(task_id="shard", build=spec.sharding)
    model = HorovodTrainingOperator(
        task_id="train",
        build=spec.training,
        arguments={"shards": shards.output["metrics"]},
        pool="training",
    )
    champion = FindChampionOperator(task_id="find_champion", serves=False)
    evaluated = ReportPageOperator(
        task_id="evaluate",
        build=spec.evaluation,
        arguments={"model": model.output["artifact"], "champion": champion.output["artifact"]},
        page="report.html",
    )
    approved = ModelGateOperator(
        task_id="approve",
        artifact=model.output["artifact"],
        metrics=evaluated.output["metrics"],
        champion=champion.output["artifact"],
        verdict=spec.verdict,
        if_better=None,
        approves=True,
        image=spec.IMAGE,
        content_types=["image/png", "image/jpeg"],
    )

    chain(shards, model, evaluated, approved)


horovod_training()
