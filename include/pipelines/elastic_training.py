"""Requests of elastic training on a cluster of EKS.

Data: images by class, on a file system that all workers mount. What a job measures it leaves in S3.
"""

from collections.abc import Mapping, Sequence
from typing import Any

from include.bundles import Bundle
from include.cloudformation import Stack
from include.elastic import claims
from include.elastic import stack as stacks
from include.elastic.jobs import MOUNT, SERVICE_ACCOUNT, ElasticJob, Workers
from include.elastic.stack import GivenCluster, NewCluster, TrainingStack, check_volume
from include.run import Run
from include.sagemaker import INPUT, OUTPUT, Instances, ProcessingJob
from include.sagemaker.gpus import expected_cost, gpus_of

IMAGE = "elastic"
DATA_SET = f"{MOUNT}/images"
OF_TRAINING = ("network", "channels", "image_size", "batch_size", "learning_rate", "momentum", "seed")
DIGITS = "digits"
OF_PODS: Mapping[str, Any] = {
    "volume": claims.volume,
    "claim": claims.claim,
    "service_account": SERVICE_ACCOUNT,
}
"""What pods need beside their nodes, made of the outputs of the stack."""
FEW_RESTARTS = 2
"""Of a job that nobody takes workers from."""
JOIN_SECONDS = 900
"""For which a worker waits until there are enough, which may have to get their nodes first."""
SHORT_SECONDS = 300.0
"""What a job beside the training is expected to take; the copying of much data takes longer."""


def stack(run: Run, _functions: Mapping[str, str], network: Mapping[str, Any]) -> Stack:
    """What the run trains on.

    Args:
        run: with the form's fields.
        network: where it goes, of `FindNetworkOperator`.
    """
    params = run.params
    given = params["cluster"]
    return TrainingStack(
        cluster=GivenCluster(given, network["security_group"])
        if given
        else NewCluster(network["subnets"], network["role"], public_endpoint=params["public_endpoint"]),
        subnet=network["subnet"],
        zone=network["zone"],
        instance_type=params["node_type"],
        gpus=gpus_of(params["node_type"]),
        nodes=needed(run),
        most_nodes=max(needed(run), params["max_workers"]),
        adapters=params["adapters"],
        spot=params["spot"],
        volume_gib=params["volume_gib"],
        deployment=params["deployment"],
    ).stack(run)


def stack_name(run: Run) -> str:
    """Of what the run trains on."""
    return stacks.stack_name(run)


def plan(run: Run) -> dict[str, Any]:
    """What is going to be launched, in numbers; raises where it cannot be, before anything is paid for.

    Raises:
        GpuCountError: the nodes' type is not known, or the workers do not use its GPUs.
        WorkersError: numbers of workers that contradict each other, or adapters that a node does not have.
        StackError: a volume that FSx does not make.
    """
    check_volume(run.params["volume_gib"])
    every = [
        _workers(run, run.params["workers"], run.params["min_workers"], run.params["max_workers"]),
        *(_workers(run, count) for count in run.params["scaling_workers"]),
    ]
    hour = expected_cost(Instances(run.params["node_type"], needed(run)), 1)
    return {
        "nodes": needed(run),
        "ranks": every[0].ranks,
        "scaling_ranks": [each.ranks for each in every[1:]],
        "usd_per_hour_of_all_nodes": hour.usd,
        "price": f"{hour.price_of}, {hour.as_of}",
    }


def needed(run: Run) -> int:
    """Nodes: one for each worker."""
    counts: list[int] = [run.params["workers"], *run.params["scaling_workers"]]
    return max(counts)


def preparation(run: Run, outputs: Mapping[str, str]) -> ElasticJob:
    """Images to the volume, as ``train/<class>/`` and ``val/<class>/``."""
    params = run.params
    labels = params["validation_labels"]
    return _job(
        run,
        outputs,
        "preparation",
        asked=_workers(run, 1),
        command=[
            *("python3", "prepare.py"),
            *("--source", params["input_uri"] or DIGITS),
            *(["--validation-labels", labels] if labels else []),
            *("--volume", MOUNT, "--name", DATA_SET.rpartition("/")[2]),
            *("--validation-fraction", str(params["validation_fraction"])),
            *("--seed", str(params["seed"])),
        ],
    )


def preflight(run: Run, outputs: Mapping[str, str]) -> ElasticJob | None:
    """Bandwidth of the network between workers; None of a single rank, which has nobody to speak to."""
    asked = _workers(run, run.params["workers"])
    if asked.ranks == 1:
        return None
    adapters, largest = str(run.params["adapters"]), str(run.params["largest_mb"])
    command = ["torchrun", "allreduce.py", "--largest-mb", largest, "--adapters", adapters]
    return _job(run, outputs, "preflight", asked=asked, command=command)


def training(run: Run, outputs: Mapping[str, str], prepared: Mapping[str, Any]) -> ElasticJob:
    """The training, whose workers may come and go.

    Args:
        run: with the form's fields.
        outputs: of the stack.
        prepared: what the preparation counted.
    """
    params = run.params
    asked = _workers(run, params["workers"], params["min_workers"], params["max_workers"])
    return _training(run, outputs, prepared, name="training", asked=asked, epochs=params["epochs"])


def scaling_plan(run: Run, outputs: Mapping[str, str], prepared: Mapping[str, Any]) -> list[dict[str, Any]]:
    """Arguments of `scaling` for each number of workers, the fewest first."""
    images = prepared["train_images"]
    return [
        {"outputs": dict(outputs), "prepared": {"train_images": images}, "count": count}
        for count in sorted(run.params["scaling_workers"])
    ]


def scaling(run: Run, outputs: Mapping[str, str], prepared: Mapping[str, Any], count: int) -> ElasticJob:
    """A short training by so many workers, neither more nor fewer."""
    epochs = run.params["scaling_epochs"]
    asked = _workers(run, count)
    return _training(run, outputs, prepared, name=f"scaling/{count}", asked=asked, epochs=epochs)


def report(run: Run) -> ProcessingJob:
    """A page of what was measured."""
    measured = ["training"]
    if _workers(run, run.params["workers"]).ranks > 1:
        measured.append("preflight")
    if run.params["scaling_workers"]:
        measured.append("scaling")
    return ProcessingJob(
        image=IMAGE,
        command=["python3", f"{INPUT}/code/report.py"],
        arguments=["--input", INPUT, "--output", f"{OUTPUT}/report"],
        instances=Instances(run.params["processing_instance_type"]),
        inputs={name: run.uri(name) for name in measured},
        outputs={"report": run.uri("report")},
        files={"code": Bundle.of_job("elastic_training", "pages")},
        metrics="report",
    )


def _workers(run: Run, count: int, least: int | None = None, up_to: int | None = None) -> Workers:
    """So many, unless fewer are enough or more may join."""
    params = run.params
    return Workers(
        params["node_type"],
        wanted=count,
        least=least or count,
        most=up_to or count,
        processes=params["processes_per_worker"],
        adapters=params["adapters"],
    )


def _training(
    run: Run,
    outputs: Mapping[str, str],
    prepared: Mapping[str, Any],
    *,
    name: str,
    asked: Workers,
    epochs: int,
) -> ElasticJob:
    params = run.params
    options = {option: params[option] for option in OF_TRAINING}
    return _job(
        run,
        outputs,
        name,
        asked=asked,
        command=[
            *("torchrun", "train.py", "--data", DATA_SET),
            *("--checkpoints", f"{MOUNT}/checkpoints/{name}", "--output", run.uri(name)),
            *("--epochs", str(epochs), "--checkpoint-steps", str(params["checkpoint_steps"])),
            *("--readers", str(params["readers"])),
            *(
                part
                for option, value in options.items()
                for part in (f"--{option.replace('_', '-')}", str(value))
            ),
        ],
        expected_seconds=prepared["train_images"] * epochs / (asked.ranks * params["images_per_second"]),
        max_restarts=params["max_restarts"],
    )


def _job(
    run: Run,
    outputs: Mapping[str, str],
    name: str,
    *,
    asked: Workers,
    command: Sequence[str],
    expected_seconds: float = SHORT_SECONDS,
    max_restarts: int = FEW_RESTARTS,
) -> ElasticJob:
    key = run.settings.output_kms_key
    return ElasticJob(
        image=IMAGE,
        workers=asked,
        group=outputs["NodegroupName"],
        claim=claims.claim_name(outputs),
        code=Bundle.of_job("elastic_training", "datasets", "vision"),
        command=[
            *command,
            "--metrics",
            f"{run.uri(name)}/metrics.json",
            *(["--kms-key", key] if key else []),
        ],
        expected_seconds=expected_seconds,
        metrics=run.uri(name),
        environment={"OMP_NUM_THREADS": str(run.params["threads"])},
        rendezvous={"join_timeout": JOIN_SECONDS, "last_call_timeout": run.params["rendezvous_seconds"]},
        max_restarts=max_restarts,
        kept_seconds=run.params["kept_hours"] * 3600,
    )
