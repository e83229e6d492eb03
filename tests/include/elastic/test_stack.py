"""What a run asks CloudFormation for, and what it refuses to ask for."""

import re
from dataclasses import replace

import pytest
from cfnlint.decode import cfn_yaml

from include.elastic.stack import TEMPLATE, GivenCluster, NewCluster, StackError, TrainingStack, stack_name
from tests.include.test_requests import check

SUBNETS = ["subnet-a", "subnet-b"]
WORKERS = "arn:aws:iam::123456789012:role/workers"
WANTED = TrainingStack(
    cluster=NewCluster(SUBNETS, WORKERS),
    subnet="subnet-b",
    zone="us-east-1b",
    instance_type="p4d.24xlarge",
    gpus=8,
    nodes=3,
    adapters=4,
)
PARAMETERS = cfn_yaml.load(str(TEMPLATE))["Parameters"]


@pytest.fixture
def run(run):
    return replace(run, dag_id="elastic_training")


@pytest.mark.parametrize("cluster", [WANTED.cluster, GivenCluster("research", "sg-0123456789abcdef0")])
def test_the_request_is_one_that_aws_and_the_template_take(run, cluster):
    stack = replace(WANTED, cluster=cluster).stack(run)
    check("CreateStack", stack.request(), service="cloudformation")
    assert len(stack.template) <= 51_200
    assert stack.parameters.keys() <= PARAMETERS.keys()
    assert {name for name, each in PARAMETERS.items() if "Default" not in each} <= stack.parameters.keys()
    for name, value in stack.parameters.items():
        assert re.fullmatch(PARAMETERS[name].get("AllowedPattern", ".*"), value), name
        allowed = PARAMETERS[name].get("AllowedValues", [value])
        assert value in list(map(str, allowed)), name


def test_a_run_has_a_stack_of_its_own_under_one_name_for_ever(run):
    name = stack_name(run)
    longest = run.settings.model_copy(update={"environment": "e" * 16, "tenant": "t" * 20})
    assert name == stack_name(run)
    assert name.startswith("millrace-local-elastic-training-")
    others = (
        replace(run, run_id="manual__2"),
        replace(run, settings=run.settings.model_copy(update={"tenant": "b"})),
    )
    assert name not in map(stack_name, others)
    # The shortest bound is that of node groups: 63.
    assert re.fullmatch(r"[a-z][-a-z0-9]{0,62}", stack_name(replace(run, settings=longest)))
    assert stack_name(replace(run, settings=longest)).startswith(f"millrace-{'e' * 16}-elastic-training-")


def test_instances_without_gpus_have_an_image_without_their_driver(run):
    def image(gpus):
        return replace(WANTED, gpus=gpus).stack(run).parameters["AmiType"]

    assert (image(8), image(0)) == ("AL2023_x86_64_NVIDIA", "AL2023_x86_64_STANDARD")


def test_a_key_is_for_a_file_system_that_stays(run):
    key = "arn:aws:kms:us-east-1:123456789012:key/1"
    run = replace(run, settings=run.settings.model_copy(update={"output_kms_key": key}))
    persistent = replace(WANTED, deployment="PERSISTENT_2")
    assert persistent.stack(run).parameters["KmsKeyArn"] == key
    assert WANTED.stack(run).parameters["KmsKeyArn"] == ""


@pytest.mark.parametrize("gib", [1200, 2400, 4800, 24_000])
def test_sizes_that_fsx_makes(gib):
    assert replace(WANTED, volume_gib=gib).volume_gib == gib


@pytest.mark.parametrize(("gib", "larger"), [(-1, 1200), (0, 1200), (100, 1200), (1201, 2400), (3600, 4800)])
def test_another_size_is_refused_with_the_next_that_there_is(gib, larger):
    message = (
        f"a volume of {gib} GiB: FSx for Lustre makes 1200 GiB and multiples of 2400; the next is {larger}"
    )
    with pytest.raises(StackError, match=f"^{re.escape(message)}$"):
        replace(WANTED, volume_gib=gib)


def test_nodes_are_as_many_as_there_may_be_unless_more_may_come(run):
    def sizes(**nodes):
        parameters = replace(WANTED, **nodes).stack(run).parameters
        return parameters["Nodes"], parameters["MostNodes"]

    assert (sizes(nodes=3), sizes(nodes=3, most_nodes=5)) == (("3", "3"), ("3", "5"))
    for nodes, most in ((0, 0), (3, 2)):
        with pytest.raises(StackError, match=f"{nodes} nodes, and at most {most}: give 1 or more"):
            replace(WANTED, nodes=nodes, most_nodes=most)


def test_adapters_and_zones_that_cannot_be_are_refused():
    with pytest.raises(StackError, match=r"2 Elastic Fabric Adapters: give 0, 1 or 4"):
        replace(WANTED, adapters=2)
    with pytest.raises(StackError, match=r"in 2 availability zones or more, not \['subnet-a', 'subnet-a'\]"):
        NewCluster(["subnet-a", "subnet-a"], WORKERS)
