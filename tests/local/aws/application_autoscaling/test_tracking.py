import pytest

from local.aws.services.application_autoscaling.tracking import TargetTracking

POLICY = TargetTracking(target=100.0, out_cooldown=60, in_cooldown=300)
QUIET = [10] * 15


@pytest.mark.parametrize(
    ("counts", "instances", "wanted"),
    [
        ([250, 250, 350], 1, 4),
        ([350, 350, 250], 1, 3),
        ([50, 350, 350], 1, 1),
        ([350, 350], 1, 1),
        ([], 2, 2),
        (QUIET, 3, 1),
        (QUIET[1:], 3, 3),
        ([0] * 15, 3, 0),
        ([*QUIET[1:], 150], 3, 2),
        ([185] * 15, 2, 2),
        ([*QUIET, 450, 450, 450], 3, 5),
    ],
)
def test_instances_follow_the_invocations(counts, instances, wanted):
    assert POLICY.wanted(counts, instances) == wanted


def test_a_policy_may_keep_what_it_has_added():
    assert TargetTracking(100.0, scales_in=False).wanted(QUIET, 3) == 3


def test_adding_waits_for_what_was_added_and_removing_for_any_change():
    assert POLICY.is_cooling(3, 2, since_out=59, since_any=59)
    assert not POLICY.is_cooling(3, 2, since_out=60, since_any=1)
    assert POLICY.is_cooling(1, 2, since_out=600, since_any=299)
    assert not POLICY.is_cooling(1, 2, since_out=600, since_any=300)


def test_another_metric_is_not_tracked():
    other = {"PredefinedMetricType": "SageMakerInferenceComponentInvocationsPerCopy"}
    assert TargetTracking.of({"TargetValue": 1.0, "PredefinedMetricSpecification": other}) is None
    assert TargetTracking.of({"TargetValue": 1.0, "CustomizedMetricSpecification": {}}) is None
