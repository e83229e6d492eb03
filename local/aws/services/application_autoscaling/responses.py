"""Operations of application autoscaling that moto does not have."""

import json
from typing import TYPE_CHECKING, cast

from moto.applicationautoscaling.responses import ApplicationAutoScalingResponse

if TYPE_CHECKING:
    from local.aws.services.application_autoscaling.backend import LocalApplicationAutoscaling

PAGE = 50


def install() -> None:
    """Adds them; doing it again changes nothing."""
    ApplicationAutoScalingResponse.describe_scaling_activities = _activities  # type: ignore[attr-defined]


def _activities(self: ApplicationAutoScalingResponse) -> str:
    """DescribeScalingActivities, page by page."""
    backend = cast("LocalApplicationAutoscaling", self.applicationautoscaling_backend)
    found = backend.describe_scaling_activities(
        self._get_param("ServiceNamespace"), self._get_param("ResourceId")
    )
    start = int(self._get_param("NextToken") or 0)
    end = start + (self._get_int_param("MaxResults") or PAGE)
    more = {"NextToken": str(end)} if end < len(found) else {}
    return json.dumps({"ScalingActivities": found[start:end], **more})
