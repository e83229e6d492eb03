from dataclasses import replace

import pytest

from include.elastic.jobs import WorkersError
from include.elastic.stack import StackError
from include.pipelines import elastic_training as spec
from include.sagemaker.gpus import GpuCountError
from tests.include.test_requests import check

PARAMS = {
    "input_uri": None,
    "validation_labels": None,
    "workers": 2,
    "min_workers": 1,
    "max_workers": 0,
    "processes_per_worker": 0,
    "max_restarts": 20,
    "rendezvous_seconds": 30,
    "manifests": None,
    "kept_hours": 24,
    "node_type": "g4dn.xlarge",
    "adapters": 0,
    "cluster": None,
    "zone": None,
    "public_endpoint": True,
    "spot": False,
    "volume_gib": 1200,
    "deployment": "SCRATCH_2",
    "network": "small",
    "channels": 1,
    "image_size": 32,
    "epochs": 8,
    "batch_size": 48,
    "learning_rate": 0.1,
    "momentum": 0.9,
    "checkpoint_steps": 20,
    "validation_fraction": 0.2,
    "readers": 0,
    "threads": 1,
    "seed": 42,
    "scaling_workers": [1, 2],
    "scaling_epochs": 1,
    "largest_mb": 16,
    "images_per_second": 500.0,
    "processing_instance_type": "ml.m5.large",
}
PREFIX = "s3://millrace-test/main/elastic_training/manual__1/"
OUTPUTS = {"ClusterName": "research", "NodegroupName": "nodes-of-the-run"}
NETWORK = {
    "subnet": "subnet-b",
    "zone": "us-east-1b",
    "subnets": ["subnet-a", "subnet-b"],
    "role": "arn:aws:iam::123456789012:role/workers",
    "security_group": None,
}
PREPARED = {"train_images": 1437, "validation_images": 360}
KEY = "arn:aws:kms:us-east-1:123456789012:key/1"


@pytest.fixture
def run(run):
    return replace(run, dag_id="elastic_training", params=PARAMS)


def with_params(run, **params):
    return replace(run, params={**PARAMS, **params})


def jobs(run):
    """Every job of a run, by the prefix under which it leaves what it measured."""
    made = [
        spec.preparation(run, OUTPUTS),
        spec.preflight(run, OUTPUTS),
        spec.training(run, OUTPUTS, PREPARED),
        *(spec.scaling(run, **arguments) for arguments in spec.scaling_plan(run, OUTPUTS, PREPARED)),
    ]
    return {job.metrics.removeprefix(PREFIX): job for job in made}


def option(job, name):
    """What a command says of an option; None if nothing."""
    command = list(job.command)
    return command[command.index(name) + 1] if name in command else None


def counts(job):
    return job.workers.least, job.workers.wanted, job.workers.most


def test_the_stack_is_one_that_aws_takes_with_a_node_for_each_worker(run):
    stack = spec.stack(run, {}, NETWORK)
    check("CreateStack", stack.request(), service="cloudformation")
    expected = {
        "Nodes": "2",
        "MostNodes": "2",
        "InstanceType": "g4dn.xlarge",
        "AmiType": "AL2023_x86_64_NVIDIA",
        "Subnet": "subnet-b",
        "Zone": "us-east-1b",
        "ClusterSubnets": "subnet-a,subnet-b",
        "AccessRoleArn": NETWORK["role"],
        "PublicEndpoint": "true",
        "VolumeGiB": "1200",
    }
    assert expected.items() <= stack.parameters.items()


def test_a_cluster_that_is_given_is_used_by_its_security_group(run):
    found = {**NETWORK, "role": None, "security_group": "sg-0123456789abcdef0"}
    given = spec.stack(with_params(run, cluster="research"), {}, found).parameters
    assert (given["Cluster"], given["ClusterSecurityGroup"]) == ("research", "sg-0123456789abcdef0")
    assert "ClusterSubnets" not in given


@pytest.mark.parametrize(
    ("params", "nodes"),
    [
        ({"workers": 3, "scaling_workers": [1, 2]}, ("3", "3")),
        ({"workers": 2, "scaling_workers": [4, 1]}, ("4", "4")),
        ({"workers": 2, "max_workers": 6, "scaling_workers": []}, ("2", "6")),
    ],
)
def test_there_are_nodes_for_the_largest_job_and_room_for_those_that_may_join(run, params, nodes):
    given = spec.stack(with_params(run, **params), {}, NETWORK).parameters
    assert (given["Nodes"], given["MostNodes"]) == nodes


def test_the_plan_is_in_numbers(run):
    assert spec.plan(run) == {
        "nodes": 2,
        "ranks": 2,
        "scaling_ranks": [1, 2],
        "usd_per_hour_of_all_nodes": 1.05,  # 2 x 0.526
        "price": "EC2 with Linux, on demand, US East (N. Virginia), 2026-01",
    }
    large = with_params(run, node_type="p4d.24xlarge", adapters=4, workers=3, scaling_workers=[])
    assert spec.plan(large)["ranks"] == 24
    assert spec.plan(with_params(run, node_type="m5.xlarge"))["usd_per_hour_of_all_nodes"] is None


@pytest.mark.parametrize(
    ("params", "error", "says"),
    [
        ({"min_workers": 3}, WorkersError, "2 workers, at least 3 and at most 2"),
        ({"max_workers": 1}, WorkersError, "2 workers, at least 1 and at most 1"),
        ({"volume_gib": 1300}, StackError, "a volume of 1300 GiB: .* the next is 2400"),
        ({"adapters": 4}, WorkersError, "4 Elastic Fabric Adapters on a g4dn.xlarge, which has 0"),
        ({"node_type": "p9.xlarge"}, GpuCountError, "how many GPUs a p9.xlarge has is not known"),
        ({"processes_per_worker": 4}, GpuCountError, "4 processes on a g4dn.xlarge, which has 1 GPUs"),
    ],
)
def test_a_plan_that_cannot_be_is_refused_before_a_node_is_paid_for(run, params, error, says):
    with pytest.raises(error, match=says):
        spec.plan(with_params(run, **params))


def test_every_job_is_on_the_nodes_of_the_run_and_leaves_what_it_measured_under_its_prefix(run):
    made = jobs(run)
    assert list(made) == ["preparation", "preflight", "training", "scaling/1", "scaling/2"]
    for name, job in made.items():
        assert (job.group, job.claim) == ("nodes-of-the-run", "nodes-of-the-run")
        assert option(job, "--metrics") == job.metrics_uri() == f"{PREFIX}{name}/metrics.json"
        assert job.command[1] in job.code.files


def test_jobs_have_the_ranks_that_they_need(run):
    made = {name: counts(job) for name, job in jobs(run).items()}
    assert made == {
        "preparation": (1, 1, 1),
        "preflight": (2, 2, 2),
        "training": (1, 2, 2),
        "scaling/1": (1, 1, 1),
        "scaling/2": (2, 2, 2),
    }


def test_a_key_encrypts_what_every_job_leaves(run):
    assert {option(job, "--kms-key") for job in jobs(run).values()} == {None}
    settings = run.settings.model_copy(update={"output_kms_key": KEY})
    assert {option(job, "--kms-key") for job in jobs(replace(run, settings=settings)).values()} == {KEY}


def test_the_form_says_how_long_workers_wait_and_what_is_kept(run):
    params = {"rendezvous_seconds": 12, "kept_hours": 2, "max_restarts": 7, "threads": 4}
    for name, job in jobs(with_params(run, **params)).items():
        assert job.rendezvous == {"join_timeout": 900, "last_call_timeout": 12}
        assert (job.kept_seconds, job.environment) == (7200, {"OMP_NUM_THREADS": "4"})
        # Of those from which workers may be taken.
        assert job.max_restarts == (7 if name.startswith(("training", "scaling")) else 2)


def test_scikit_learns_digits_are_taken_where_no_input_is_named(run):
    assert option(spec.preparation(run, OUTPUTS), "--source") == "digits"
    uri, table = "s3://b/imagenet/", "s3://b/LOC_val_solution.csv"
    named = spec.preparation(with_params(run, input_uri=uri, validation_labels=table), OUTPUTS)
    assert (option(named, "--source"), option(named, "--validation-labels")) == (uri, table)


def test_the_data_set_that_is_prepared_is_the_one_that_is_trained_on(run):
    made = jobs(run)
    prepared = option(made["preparation"], "--volume"), option(made["preparation"], "--name")
    assert {option(made[name], "--data") for name in ("training", "scaling/1")} == {"/".join(prepared)}


@pytest.mark.parametrize(
    ("params", "is_there"),
    [
        ({"workers": 1, "scaling_workers": []}, False),
        ({"workers": 2}, True),
        ({"workers": 1, "node_type": "g4dn.12xlarge"}, True),
    ],
)
def test_a_single_rank_has_no_network_to_measure(run, params, is_there):
    asked = with_params(run, **params)
    assert (spec.preflight(asked, OUTPUTS) is not None) is is_there
    assert ("preflight" in spec.report(asked).inputs) is is_there


def test_each_training_has_checkpoints_and_results_of_its_own(run):
    trainings = {name: job for name, job in jobs(run).items() if "train.py" in job.command}
    assert {option(job, "--checkpoints") for job in trainings.values()} == {
        "/data/checkpoints/training",
        "/data/checkpoints/scaling/1",
        "/data/checkpoints/scaling/2",
    }
    assert {name: option(job, "--output") for name, job in trainings.items()} == {
        name: f"{PREFIX}{name}" for name in trainings
    }
    assert [option(job, "--epochs") for job in trainings.values()] == ["8", "1", "1"]


def test_what_a_training_takes_is_told_by_images_epochs_and_ranks(run):
    # 1437 images, 8 epochs, 2 ranks of 500 images in a second.
    assert spec.training(run, OUTPUTS, PREPARED).expected_seconds == pytest.approx(11.496)
    assert spec.scaling(run, OUTPUTS, PREPARED, 1).expected_seconds == pytest.approx(2.874)


def test_scaling_goes_from_the_fewest_workers_to_the_most(run):
    planned = spec.scaling_plan(with_params(run, scaling_workers=[4, 1, 2]), OUTPUTS, PREPARED)
    assert [each["count"] for each in planned] == [1, 2, 4]
    assert planned[0] == {"outputs": OUTPUTS, "prepared": {"train_images": 1437}, "count": 1}
    assert spec.scaling_plan(with_params(run, scaling_workers=[]), OUTPUTS, PREPARED) == []


@pytest.mark.parametrize(
    ("params", "measured"),
    [
        ({}, {"training", "preflight", "scaling"}),
        ({"scaling_workers": []}, {"training", "preflight"}),
        ({"workers": 1}, {"training", "scaling"}),
    ],
)
def test_the_report_is_of_what_was_measured(run, params, measured):
    job = spec.report(with_params(run, **params))
    check("CreateProcessingJob", {**job.request(run), "ProcessingJobName": "a"})
    assert job.inputs == {name: f"{PREFIX}{name}" for name in measured}
    assert job.outputs == {"report": f"{PREFIX}report"}
    assert {"report.py", "elastic_report.html"} <= job.files["code"].files.keys()
