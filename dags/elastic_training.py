"""### Elastic training: which digit, learnt by workers that come and go?

A file system and GPU nodes in one availability zone are made for the run, and a cluster of EKS unless one is
given. Images are copied to the file system, the network between the nodes is measured, and a network is
trained by data-parallel workers under torchrun: one that is lost does not end the training, one that comes
back joins it. Then it is measured how an epoch gets shorter with more workers. All that costs money by the
hour is taken away at the end, whatever has failed: the volume first, then nodes and cluster.

**Takes** an S3 prefix with `train/<class>/` and `val/` below `input_uri`, as ImageNet is shipped; without
one, the handwritten digits that scikit-learn ships.

**Leaves**, under this run's own prefix: the model, what was measured, and a report with pictures.

**If it fails:** a plan that cannot be is refused before a node is paid for. A job that has failed is in the
cluster for `kept_hours`, if the cluster is yours; what its pods printed is in the task's log. Clear `train`
while the nodes are there to go on from the last checkpoint. A failed `taken_away` means that something goes
on to cost money: its log says what.
"""

from datetime import timedelta

import pendulum
from airflow.sdk import chain, dag

from include.pipelines import elastic_training as spec
from millrace.cluster_params import MOST_NODES, eks_nodes, elastic_workers, lustre
from millrace.defaults import DEFAULT_ARGS
from millrace.operators.choice import DecisionOperator
from millrace.operators.cloudformation import StackDeletionOperator, StackOperator
from millrace.operators.clusters import FindNetworkOperator, ManifestsOperator
from millrace.operators.pytorch_jobs import TorchElasticOperator
from millrace.operators.sagemaker import ReportPageOperator
from millrace.operators.volumes import VolumeDeletionOperator, VolumeOperator
from millrace.params import S3_OBJECT, choice, count, counts, instance_type, part, rate, s3_uri, sgd
from millrace.sensors.cloudformation import StackDeletionSensor, StackSensor

PARAMS = {
    "input_uri": s3_uri("Images by class; empty for scikit-learn's digits.", optional=True),
    "validation_labels": s3_uri(
        "Table of the classes, where `val/` has no folders: `LOC_val_solution.csv` of ImageNet.",
        optional=True,
        pattern=S3_OBJECT,
    ),
    **elastic_workers(),
    **eks_nodes(),
    **lustre(),
    "network": choice(
        ["small", "residual", "resnet50", "efficientnet_b7"], "The last two need torchvision in the image."
    ),
    "channels": choice([1, 3], "1 for grey images, 3 for colour."),
    "image_size": count(32, 0, 4096, "Pixels of a side; 0 leaves images that have one size as they are."),
    "epochs": count(8, 1, 10_000, "How often every image is seen."),
    "batch_size": count(48, 1, 1_000_000, "Images of a step, of all workers together."),
    **sgd(0.1, "Of SGD; the same however many workers there are."),
    "checkpoint_steps": count(20, 1, 1_000_000, "After so many steps the training could go on from there."),
    "validation_fraction": part(0.2, "Share of the digits that is measured after each epoch."),
    "readers": count(0, 0, 64, "Processes of each rank that read images; 0 reads in the rank."),
    "threads": count(1, 1, 64, "Of each rank on a CPU."),
    "seed": count(42, 0, 2**31 - 1, "Of the first weights and of the order of the images."),
    "scaling_workers": counts([1, 2], 1, MOST_NODES, "For each an epoch is timed; empty for none."),
    "scaling_epochs": count(1, 1, 100, "Of each of these trainings."),
    "largest_mb": count(16, 1, 4096, "MiB of the largest tensor that is added up before the training."),
    "images_per_second": rate(500.0, "Of one rank; for the plan."),
    "processing_instance_type": instance_type("ml.m5.large", "What makes the report."),
}
LONGEST = timedelta(hours=1)
"""That a stack takes to come, or to go."""


@dag(
    schedule=None,
    is_paused_upon_creation=False,
    start_date=pendulum.datetime(2026, 1, 1, tz="UTC"),
    catchup=False,
    max_active_runs=1,
    dagrun_timeout=timedelta(hours=24),
    params=PARAMS,
    default_args=DEFAULT_ARGS,
    tags=["images", "torch", "elastic", "kubernetes", "gpu"],
    doc_md=__doc__,
)
def elastic_training() -> None:
    """A cluster with nodes and a volume, elastic training on it, and nothing left of it."""
    plan = DecisionOperator(task_id="plan", decide=spec.plan)
    where = {"cluster": "{{ params.cluster or '' }}", "zone": "{{ params.zone or '' }}"}
    network = FindNetworkOperator(task_id="find_network", **where)
    asked = StackOperator(task_id="provision", build=spec.stack, arguments={"network": network.output})
    stack = StackSensor(
        task_id="provisioned", stack=asked.output["stack"], changed=asked.output["changed"], timeout=LONGEST
    )
    cluster = stack.output["ClusterName"]
    shared = {"cluster": cluster, "outputs": stack.output, **spec.OF_PODS}
    installed = ManifestsOperator(task_id="install", cluster=cluster, uri="{{ params.manifests or '' }}")
    volume = VolumeOperator(task_id="make_volume", trigger_rule="none_failed", **shared)

    on_nodes = {"cluster": cluster, "arguments": {"outputs": stack.output}}
    prepared = TorchElasticOperator(task_id="prepare", build=spec.preparation, **on_nodes)
    preflight = TorchElasticOperator(task_id="preflight", build=spec.preflight, **on_nodes)
    images = {"outputs": stack.output, "prepared": prepared.output["metrics"]}
    model = TorchElasticOperator(
        task_id="train", build=spec.training, cluster=cluster, arguments=images, trigger_rule="none_failed"
    )
    sizes = DecisionOperator(task_id="plan_scaling", decide=spec.scaling_plan, arguments=images)
    # One after the other: they would take each other's nodes.
    scaling = TorchElasticOperator.partial(
        task_id="scaling",
        build=spec.scaling,
        cluster=cluster,
        map_index_template="{{ task.arguments['count'] }} workers",
        max_active_tis_per_dagrun=1,
    ).expand(arguments=sizes.output)
    report = ReportPageOperator(
        task_id="report", build=spec.report, page="report.html", trigger_rule="none_failed"
    )

    unmade = VolumeDeletionOperator(task_id="delete_volume", **shared).as_teardown(setups=volume)
    left = StackDeletionOperator(task_id="take_away", name=spec.stack_name).as_teardown(setups=asked)
    gone = StackDeletionSensor(task_id="taken_away", stack=left.output["stack"], timeout=LONGEST).as_teardown(
        on_failure_fail_dagrun=True
    )

    chain(plan, network, asked, stack, installed, volume, prepared, preflight, model, sizes, scaling, report)
    chain(scaling, unmade, left, gone)


elastic_training()
