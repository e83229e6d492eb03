"""Operations of a service in the place of those of moto's response class."""

import json
import threading
from collections.abc import Callable, Mapping
from contextlib import nullcontext
from typing import Any, TypeVar

from moto.core.base_backend import BackendDict
from moto.core.responses import ActionResult, BaseResponse, EmptyResult

BackendT = TypeVar("BackendT")
Params = dict[str, Any]
Operations = Mapping[str, Callable[[BackendT, Params], dict[str, Any] | None]]
"""By their names in moto: from the service's backend and a request to the answer, if there is one."""

READS = ("batch_get_", "describe_", "get_", "list_")


def replace_operations(
    responses: type[BaseResponse],
    backends: BackendDict[Any],
    operations: Operations[Any],
    changes: "threading.RLock | None" = None,
) -> None:
    """Puts operations into a response class; doing it again changes nothing.

    Args:
        responses: the service's.
        backends: the service's.
        operations: what those answer that are called here.
        changes: held by whatever does not only read; a lock of these operations' own unless given. With one
            change at a time, of two requests for one name one is refused.
    """
    lock = changes or threading.RLock()
    for name, operation in operations.items():
        guard = nullcontext() if name.startswith(READS) else lock
        setattr(responses, name, _handler(backends, operation, guard))


def _handler(
    backends: BackendDict[Any], operation: Callable[[Any, Params], dict[str, Any] | None], guard: Any
) -> Callable[[BaseResponse], ActionResult]:
    def handle(self: BaseResponse) -> ActionResult:
        backend = backends[self.current_account][self.region]
        params = self.params if self.automated_parameter_parsing else json.loads(self.body or "{}")
        with guard:
            answer = operation(backend, dict(params))
        return EmptyResult() if answer is None else ActionResult(answer)

    return handle
