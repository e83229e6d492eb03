"""PyTorchJobs: who takes what of a node, what is refused, and what Kubeflow is asked for."""

import re
from dataclasses import replace

import pytest

from include.bundles import Bundle
from include.elastic.jobs import ElasticJob, Workers, WorkersError
from include.sagemaker.gpus import GpuCountError

CODE = Bundle({"train.py": b"pass"})
JOB = ElasticJob(
    image="elastic",
    workers=Workers("p4d.24xlarge", wanted=3, least=2, most=5, adapters=4),
    group="millrace-local-elastic-training-0123456789",
    claim="images",
    code=CODE,
    command=["torchrun", "train.py"],
    expected_seconds=7200,
    metrics="s3://b/run/training",
    environment={"OMP_NUM_THREADS": "2"},
    rendezvous={"last_call_timeout": 30},
    max_restarts=7,
    kept_seconds=3600,
)
TYPES = {
    "elasticPolicy": {
        "rdzvBackend": str,
        "minReplicas": int,
        "maxReplicas": int,
        "nProcPerNode": int,
        "maxRestarts": int,
        "rdzvConf": list,
    },
    "runPolicy": {
        "cleanPodPolicy": str,
        "ttlSecondsAfterFinished": int,
        "activeDeadlineSeconds": int,
        "backoffLimit": int,
    },
}
"""Fields of Kubeflow's training operator, v1: an API server drops others without a word.

https://github.com/kubeflow/training-operator/blob/release-1.9/pkg/apis/kubeflow.org/v1/pytorch_types.go
https://github.com/kubeflow/training-operator/blob/release-1.9/pkg/apis/kubeflow.org/v1/common_types.go
"""


def pod(job, run):
    return job.request(run)["spec"]["pytorchReplicaSpecs"]["Worker"]["template"]["spec"]


@pytest.mark.parametrize(
    ("workers", "limits", "per_worker", "ranks"),
    [
        (
            Workers("p4d.24xlarge", 3, 3, 3, adapters=4),
            {"nvidia.com/gpu": "8", "vpc.amazonaws.com/efa": "4"},
            8,
            24,
        ),
        (Workers("p4d.24xlarge", 2, 1, 3, processes=8), {"nvidia.com/gpu": "8"}, 8, 16),
        (Workers("g4dn.xlarge", 2, 1, 3), {"nvidia.com/gpu": "1"}, 1, 2),
        (Workers("m5.xlarge", 2, 1, 3), {}, 1, 2),
        (Workers("m5.4xlarge", 3, 1, 3, processes=4), {}, 4, 12),
    ],
)
def test_a_pod_takes_each_gpu_and_adapter_and_has_a_process_for_each_gpu(workers, limits, per_worker, ranks):
    assert (workers.limits(), workers.per_worker, workers.ranks) == (limits, per_worker, ranks)


@pytest.mark.parametrize(
    ("workers", "error", "message"),
    [
        (
            {"wanted": 2, "least": 3, "most": 4},
            WorkersError,
            "2 workers, at least 3 and at most 4: give numbers from 1 that grow in the order least, ",
        ),
        ({"wanted": 3, "least": 1, "most": 2}, WorkersError, "3 workers, at least 1 and at most 2: give"),
        ({"wanted": 0, "least": 0, "most": 2}, WorkersError, "0 workers, at least 0 and at most 2: give"),
        (
            {"processes": 4},
            GpuCountError,
            (
                "4 processes on a p4d.24xlarge, which has 8 GPUs: each takes one, and those without would be "
                "idle. Give 8, or 0 for as many as there are"
            ),
        ),
        ({"processes": 9}, GpuCountError, "9 processes on a p4d.24xlarge, which has 8 GPUs"),
        (
            {"adapters": 5},
            WorkersError,
            "5 Elastic Fabric Adapters on a p4d.24xlarge, which has 4: give at most 4",
        ),
        (
            {"instance_type": "m5.xlarge"},
            WorkersError,
            "4 Elastic Fabric Adapters on a m5.xlarge, which has 0",
        ),
        ({"instance_type": "p9.xlarge"}, GpuCountError, "how many GPUs a p9.xlarge has is not known"),
    ],
)
def test_workers_that_cannot_be_are_refused_with_what_to_give(workers, error, message):
    with pytest.raises(error, match=f"^{re.escape(message)}"):
        replace(JOB.workers, **workers)


def test_a_plan_has_the_price_of_all_nodes():
    plan = JOB.plan()
    # Three nodes for two hours at USD 21.957642.
    assert (plan.ranks, plan.expected_hours, plan.expected_usd) == (24, 2.0, 131.75)
    assert plan.sentences() == [
        "3 workers on p4d.24xlarge (2 to 5 at work), 8 processes on each: 24 ranks",
        "4 Elastic Fabric Adapters for each worker",
        "expected: 2.00 hours, USD 131.75 (EC2 with Linux, on demand, US East (N. Virginia), 2026-01)",
    ]


def test_a_plan_without_a_price_says_so():
    plan = replace(JOB, workers=Workers("p5e.48xlarge", 1, 1, 1)).plan()
    assert plan.expected_usd is None
    assert plan.sentences()[-1].startswith("expected: 2.00 hours, of a price that is not known (EC2 ")


def test_kubeflow_knows_every_field(run):
    request = JOB.request(run)
    assert (request["apiVersion"], request["kind"]) == ("kubeflow.org/v1", "PyTorchJob")
    spec = request["spec"]
    assert spec.keys() == {"pytorchReplicaSpecs", *TYPES}
    for section, types in TYPES.items():
        assert {name: type(value) for name, value in spec[section].items()} == types
    [(kind, worker)] = spec["pytorchReplicaSpecs"].items()
    assert (kind, worker.keys()) == ("Worker", {"replicas", "restartPolicy", "template"})
    # Only of this name is a container one that trains; there is no other to be the job's.
    assert [each["name"] for each in pod(JOB, run)["containers"]] == ["pytorch"]


def test_an_elastic_job_begins_with_the_wanted_and_may_have_from_least_to_most(run):
    spec = JOB.request(run)["spec"]
    assert spec["elasticPolicy"] == {
        "rdzvBackend": "c10d",
        "minReplicas": 2,
        "maxReplicas": 5,
        "nProcPerNode": 8,
        "maxRestarts": 7,
        "rdzvConf": [{"key": "last_call_timeout", "value": "30"}],
    }
    assert spec["pytorchReplicaSpecs"]["Worker"]["replicas"] == 3
    assert JOB.min_workers == 2


def test_a_job_ends_some_day_and_keeps_what_has_failed_for_a_while(run):
    run = replace(run, settings=run.settings.model_copy(update={"max_runtime_seconds": 600}))
    assert JOB.request(run)["spec"]["runPolicy"] == {
        "cleanPodPolicy": "Running",
        "ttlSecondsAfterFinished": 3600,
        "activeDeadlineSeconds": 600,
        "backoffLimit": 7,
    }


def test_pods_go_to_the_nodes_of_the_run_and_share_its_volume(run):
    found = pod(JOB, run)
    assert found["nodeSelector"] == {
        "node.kubernetes.io/instance-type": "p4d.24xlarge",
        "millrace/training": JOB.group,
    }
    assert found["volumes"][0] == {"name": "data", "persistentVolumeClaim": {"claimName": "images"}}
    [container] = found["containers"]
    mounts = {each["name"]: each["mountPath"] for each in container["volumeMounts"]}
    assert mounts == {"data": "/data", "memory": "/dev/shm"}  # where loaders of data expect it
    assert mounts.keys() == {each["name"] for each in found["volumes"]}
    assert container["resources"] == {"limits": JOB.workers.limits(), "requests": JOB.workers.limits()}


def test_the_program_is_what_was_shipped_and_knows_where_it_is(run):
    [container] = pod(JOB, run)["containers"]
    assert container["image"].endswith("/elastic:latest")
    assert container["command"] == ["run-job", "torchrun", "train.py"]
    assert {each["name"]: each["value"] for each in container["env"]} == {
        "OMP_NUM_THREADS": "2",
        "AWS_REGION": "us-east-1",
        "MILLRACE_CODE": f"{run.code_uri(CODE.digest)}/files/",
    }
    assert JOB.bundles() == [CODE]


def test_what_a_program_leaves_is_known_only_if_it_leaves_something():
    assert JOB.metrics_uri() == "s3://b/run/training/metrics.json"
    assert JOB.failure_uri() == "s3://b/run/training/failure.json"
    silent = replace(JOB, metrics=None)
    assert (silent.metrics_uri(), silent.failure_uri()) == (None, None)
