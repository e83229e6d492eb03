"""GPUs of instance types, and jobs that ask for another number of them."""

import re

import pytest
from botocore.loaders import Loader
from moto.ec2.models.instance_types import INSTANCE_TYPES

from include.sagemaker.gpus import GpuCountError, _types, adapters_of, check_ranks, expected_cost, gpus_of
from include.sagemaker.instances import Instances

ML, EC2 = _types("ml."), _types("")


def enumerated(service, shape):
    """The instance types that AWS's own model knows."""
    return set(Loader().load_service_model(service, "service-2")["shapes"][shape]["enum"])


def test_the_types_are_ones_that_aws_knows():
    training = enumerated("sagemaker", "TrainingInstanceType")
    assert {name for name, each in ML.items() if "gpus" in each} <= training
    hosting = enumerated("sagemaker", "ProductionVariantInstanceType")
    assert {name for name, each in ML.items() if "inferentia" in each} <= hosting - training
    assert EC2.keys() <= enumerated("ec2", "InstanceType")
    assert {f"ml.{name}" for name, each in EC2.items() if "ec2_only" in each}.isdisjoint(training)


def test_gpus_and_adapters_are_those_that_ec2_describes():
    described = {name: each for name in EC2 if (each := INSTANCE_TYPES.get(name, {})).get("GpuInfo")}
    assert {"p4d.24xlarge", "g4dn.metal", "g5.48xlarge"} <= described.keys()
    for name, each in described.items():
        network = each["NetworkInfo"].get("EfaInfo", {})
        found = each["GpuInfo"]["Gpus"][0]["Count"], network.get("MaximumEfaInterfaces", 0)
        assert (gpus_of(name), adapters_of(name)) == found, name


@pytest.mark.parametrize(
    ("name", "gpus"),
    [("p3.8xlarge", 4), ("p4d.24xlarge", 8), ("g4dn.xlarge", 1), ("m5.xlarge", 0)],
)
def test_an_instance_has_so_many_gpus(name, gpus):
    assert gpus_of(f"ml.{name}") == gpus_of(name) == gpus


@pytest.mark.parametrize(
    ("name", "adapters"),
    [("p4d.24xlarge", 4), ("p5.48xlarge", 32), ("p3dn.24xlarge", 1), ("p3.8xlarge", 0), ("m5.xlarge", 0)],
)
def test_an_instance_has_so_many_adapters(name, adapters):
    assert adapters_of(f"ml.{name}") == adapters_of(name) == adapters


@pytest.mark.parametrize(
    ("name", "message"),
    [
        ("ml.inf1.xlarge", "ml.inf1.xlarge has Inferentia chips, which train nothing: take one of ml.p2"),
        (
            "ml.p9.xlarge",
            "how many GPUs a ml.p9.xlarge has is not known: add it to include/sagemaker/gpus.json",
        ),
        ("p9.xlarge", "include/sagemaker/gpus.json, or take one of p2.xlarge, p2.8xlarge"),
        ("ml.g4dn.metal", "how many GPUs a ml.g4dn.metal has is not known"),
    ],
)
def test_a_type_that_trains_nothing_or_is_not_known_is_refused(name, message):
    with pytest.raises(GpuCountError, match=re.escape(message)):
        gpus_of(name)


@pytest.mark.parametrize(
    ("instances", "ranks"),
    [
        (Instances("ml.p3.8xlarge"), 4),
        (Instances("ml.p3.8xlarge", 2), 8),
        (Instances("ml.m5.xlarge", 2), 6),
        (Instances("ml.m5.xlarge"), 1),
    ],
)
def test_a_rank_for_each_gpu_and_any_number_on_cores(instances, ranks):
    check_ranks(instances, ranks)


@pytest.mark.parametrize(
    ("instances", "ranks", "message"),
    [
        (
            Instances("ml.p3.8xlarge"),
            8,
            "ranks is 8, and 1 x ml.p3.8xlarge have 4 GPUs: give 2 instances, or ranks for each GPU",
        ),
        (
            Instances("ml.p3.16xlarge"),
            4,
            "have 8 GPUs: give a multiple of 8 for ml.p3.16xlarge, or one of ml.p3.8xlarge, ml.g4dn.12xlarge",
        ),
        (Instances("ml.m5.xlarge", 2), 3, "ranks is 3, which 2 x ml.m5.xlarge cannot share evenly"),
        (Instances("ml.m5.xlarge"), 0, "ranks is 0: give at least 1"),
    ],
)
def test_another_number_of_ranks_is_refused_with_what_would_do(instances, ranks, message):
    with pytest.raises(GpuCountError, match=re.escape(message)):
        check_ranks(instances, ranks)


def test_hours_cost_what_the_dated_price_says():
    cost = expected_cost(Instances("ml.p3.8xlarge", 2), 1.5)
    assert (cost.usd, cost.as_of) == (44.06, "2024-12")  # 2 x 1.5 x 14.688
    assert expected_cost(Instances("ml.p2.xlarge"), 1).usd is None


def test_an_instance_of_ec2_has_a_price_of_its_own():
    cost = expected_cost(Instances("p4d.24xlarge", 3), 10)
    assert (cost.usd, cost.as_of) == (658.73, "2026-01")  # 3 x 10 x 21.957642
    assert cost.price_of.startswith("EC2")
    for unpriced in ("p5e.48xlarge", "m5.xlarge"):
        assert expected_cost(Instances(unpriced), 1).usd is None
