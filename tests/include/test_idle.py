from datetime import UTC, datetime, timedelta

from botocore.session import get_session
from botocore.validate import validate_parameters

from include.idle import invocations, invocations_request

NOW = datetime(2026, 3, 1, 12, 30, 20, tzinfo=UTC)


def test_the_request_is_one_that_aws_takes():
    request = invocations_request("live", "main", 5, NOW)
    shape = get_session().get_service_model("cloudwatch").operation_model("GetMetricData").input_shape
    validate_parameters(request, shape)
    assert NOW - request["StartTime"] == timedelta(minutes=5)
    assert request["EndTime"] > NOW


def test_invocations_of_all_minutes_count():
    assert invocations({"MetricDataResults": [{"Id": "asked", "Values": [3.0, 4.0]}]}) == 7
    assert invocations({"MetricDataResults": [{"Id": "asked", "Values": []}]}) == 0
