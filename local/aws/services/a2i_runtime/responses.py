"""The HTTP side of the service."""

from typing import Any

from moto.core.responses import ActionResult, BaseResponse

from local.aws.services.a2i_runtime.models import A2IBackend, a2i_backends


class A2IRuntimeResponse(BaseResponse):
    """Parses requests and writes answers by botocore's model of the service."""

    def __init__(self) -> None:
        super().__init__(service_name="sagemaker-a2i-runtime")
        self.automated_parameter_parsing = True

    @property
    def _backend(self) -> A2IBackend:
        backend: A2IBackend = a2i_backends[self.current_account][self.region]
        return backend

    def start_human_loop(self) -> ActionResult:
        """StartHumanLoop."""
        return ActionResult(self._backend.start_human_loop(self._request))

    def describe_human_loop(self) -> ActionResult:
        """DescribeHumanLoop."""
        return ActionResult(self._backend.describe_human_loop(self._request))

    def list_human_loops(self) -> ActionResult:
        """ListHumanLoops."""
        return ActionResult(self._backend.list_human_loops(self._request))

    def stop_human_loop(self) -> ActionResult:
        """StopHumanLoop."""
        return ActionResult(self._backend.stop_human_loop(self._request))

    def delete_human_loop(self) -> ActionResult:
        """DeleteHumanLoop."""
        return ActionResult(self._backend.delete_human_loop(self._request))

    @property
    def _request(self) -> dict[str, Any]:
        return dict(self._get_params())
