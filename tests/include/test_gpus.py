"""GPUs of instance types, and jobs that ask for another number of them."""

import re

import pytest
from botocore.loaders import Loader

from include.sagemaker.gpus import GpuCountError, _known, check_ranks, expected_cost, gpus_of
from include.sagemaker.instances import Instances

TYPES = _known()["instance_types"]


def test_the_types_are_ones_that_aws_knows():
    shapes = Loader().load_service_model("sagemaker", "service-2")["shapes"]
    training = set(shapes["TrainingInstanceType"]["enum"])
    hosting = set(shapes["ProductionVariantInstanceType"]["enum"])
    assert {name for name, each in TYPES.items() if "gpus" in each} <= training
    assert {name for name, each in TYPES.items() if "inferentia" in each} <= hosting - training


@pytest.mark.parametrize(
    ("name", "gpus"),
    [("ml.p3.8xlarge", 4), ("ml.p4d.24xlarge", 8), ("ml.g4dn.xlarge", 1), ("ml.m5.xlarge", 0)],
)
def test_an_instance_has_so_many_gpus(name, gpus):
    assert gpus_of(name) == gpus


@pytest.mark.parametrize(
    ("name", "message"),
    [
        ("ml.inf1.xlarge", "ml.inf1.xlarge has Inferentia chips, which train nothing: take one of ml.p2"),
        (
            "ml.p9.xlarge",
            "how many GPUs a ml.p9.xlarge has is not known: add it to include/sagemaker/gpus.json",
        ),
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
