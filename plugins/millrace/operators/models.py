"""SageMaker models: what a batch transform asks, without an endpoint."""

import json
from collections.abc import Mapping
from typing import TYPE_CHECKING, Any

from airflow.sdk import Context
from airflow.sdk.exceptions import AirflowSkipException
from botocore.exceptions import ClientError
from typing_extensions import override

from include.naming import content_name
from millrace.context import run_of
from millrace.hooks.aws import AwsHook
from millrace.operators.base import BuildingOperator

if TYPE_CHECKING:
    from include.endpoints import Endpoint


class ModelOperator(BuildingOperator):
    """Makes a model, unless it is there: its name says of what it is made. The result has its name.

    Args:
        build: makes what serves the model from the run and ``arguments``, or None where this run needs none,
            which skips the task.
        arguments: what the builder takes beside the run; may hold XComArgs and templates.
    """

    @override
    def execute(self, context: Context) -> dict[str, str]:
        run = run_of(context)
        served: Endpoint | None = self.build(run, **self.arguments)
        if served is None:
            raise AirflowSkipException(f"the params of this run give {self.task_id} nothing to do")
        # The same artifact in another image, with other settings or elsewhere is another model.
        content = json.dumps(served.model_request(run, name=""), sort_keys=True)
        name = content_name(run.resource_name, content)
        client = AwsHook("sagemaker", self.aws_conn_id, self.region_name).conn
        create("create_model", client, {**served.model_request(run, name), "Tags": run.tags(self.task_id)})
        self.log.info("%s is made of %s", name, served.artifact)
        return {"model": name}


def create(operation: str, client: Any, request: Mapping[str, Any]) -> None:
    """Calls an operation of SageMaker that makes something by name, unless that is there."""
    try:
        getattr(client, operation)(**request)
    except ClientError as error:
        if "already exist" not in error.response["Error"].get("Message", ""):
            raise
