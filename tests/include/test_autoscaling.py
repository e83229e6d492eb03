import pytest

from include.autoscaling import Autoscaling
from tests.include.test_requests import check


def test_the_requests_are_ones_that_aws_takes():
    scaling = Autoscaling(1, 4, capacity=1000, utilisation=0.6)
    check("RegisterScalableTarget", scaling.target_request("live", "main"), "application-autoscaling")
    request = scaling.policy_request("live", "main")
    check("PutScalingPolicy", request, "application-autoscaling")
    assert request["ResourceId"] == "endpoint/live/variant/main"
    assert request["TargetTrackingScalingPolicyConfiguration"]["TargetValue"] == 600.0


@pytest.mark.parametrize(
    ("change", "message"),
    [
        ({"min_instances": 0}, "0 to 4 instances: give a minimum of at least 1"),
        ({"min_instances": 5}, "5 to 4 instances"),
        ({"max_instances": 21}, "at most 20"),
        ({"capacity": 0}, "a capacity of 0 invocations"),
        ({"utilisation": 0}, "a utilisation of 0"),
        ({"utilisation": 1.1}, "at most 1"),
        ({"scale_in_cooldown": 3601}, "scale_in_cooldown is 3601 seconds: give 0 to 3600"),
    ],
)
def test_what_is_out_of_its_bounds_is_refused(change, message):
    with pytest.raises(ValueError, match=message):
        Autoscaling(**{"min_instances": 1, "max_instances": 4, "capacity": 1000, **change})
