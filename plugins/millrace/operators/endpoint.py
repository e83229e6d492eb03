"""Real-time endpoints: deploy, try, roll back, tear down."""

import json
import math
from collections.abc import Callable, Mapping, Sequence
from functools import cached_property
from typing import Any, NoReturn

from airflow.sdk import Context
from airflow.sdk.exceptions import AirflowFailException, AirflowSkipException
from botocore.exceptions import ClientError
from typing_extensions import override

from include.endpoints import Endpoint, Question
from include.gates import Verdict, check_predictions
from include.naming import is_same_task
from include.run import Run
from millrace.context import run_of
from millrace.descriptions import JobDescription
from millrace.errors import JobFailed, code_of
from millrace.hooks.autoscaling import EndpointScaling
from millrace.hooks.aws import AwsHook
from millrace.hooks.jobs import JobHook
from millrace.hooks.registry import Approval, ModelRegistry
from millrace.hooks.s3 import S3
from millrace.jobs import ENDPOINT
from millrace.launching import Launch
from millrace.operators.base import AwsOperator
from millrace.operators.job import AwsJobOperator
from millrace.operators.models import create
from millrace.triggers.job_event import JobEventTrigger

PREVIOUS_KEY = "previous_config"
SCALING_KEY = "previous_scaling"
OF_THE_MODEL = frozenset({"ModelError", "ModelNotReadyException", "ValidationError"})
"""Error codes of an endpoint that is not there or whose model does not answer.

https://docs.aws.amazon.com/sagemaker/latest/APIReference/API_runtime_InvokeEndpoint.html#API_runtime_InvokeEndpoint_Errors
"""


class EndpointOperator(AwsJobOperator):
    """Makes a model and an endpoint configuration, and puts them behind the pipeline's endpoint.

    The launch names the configuration; the endpoint keeps its name for ever. While an update
    runs, and when it fails, the previous configuration serves. When the new one serves, the endpoint is
    scaled as it says, or not at all. The result has ``endpoint``, ``config``, ``previous_config`` and
    ``previous_scaling``, which is what a rollback needs.
    """

    def __init__(self, **kwargs: Any) -> None:
        super().__init__(kind=ENDPOINT, **kwargs)

    @override
    def remote_name(self, context: Context, launch: Launch) -> str:
        return run_of(context).resource_name

    @override
    def describe(self, context: Context, launch: Launch) -> JobDescription | None:
        """The endpoint's description, if it serves this launch's configuration or is on the way to it."""
        description = self.hook.describe(self.remote_name(context, launch))
        if description is None:
            return None
        pending = description.fields.get("PendingDeploymentSummary", {}).get("EndpointConfigName")
        configs = (pending, description.fields.get("EndpointConfigName"))
        return description if self.job_name(context, launch) in configs else None

    @override
    def start(self, context: Context, launch: Launch) -> None:
        """Creates what is missing; every call of it may be repeated."""
        run, name = run_of(context), self.job_name(context, launch)
        endpoint: Endpoint = self.job(context)  # type: ignore[assignment]
        if (current := self.hook.describe(run.resource_name)) and not current.is_over:
            self.wait_until_settled(current)
        model, config = endpoint.model_request(run, name), endpoint.config_request(run, name)
        self.request = {"model": model, "config": config}
        tags = run.tags(self.task_id)
        create("create_model", self.hook.conn, {**model, "Tags": tags})
        create("create_endpoint_config", self.hook.conn, {**config, "Tags": tags})
        self._put_in_service(run.resource_name, name, tags, context)

    @override
    def resume(self, context: Context, event: Mapping[str, Any] | None = None) -> dict[str, Any]:
        try:
            return super().resume(context, event)
        except JobFailed:
            self._scale_as_before(context)
            raise

    @override
    def result(self, context: Context, launch: Launch, description: JobDescription) -> dict[str, Any]:
        run, store = run_of(context), context["task_state_store"]
        endpoint: Endpoint = self.build(run, **self.arguments)
        self.scaling(run.resource_name).apply(endpoint.autoscaling)
        return {
            **description.result,
            "previous_config": store.get(PREVIOUS_KEY) or None,
            "previous_scaling": json.loads(str(store.get(SCALING_KEY) or "null")),
        }

    def scaling(self, endpoint: str) -> EndpointScaling:
        """Calls about an endpoint's autoscaling."""
        return EndpointScaling(endpoint, self.aws_conn_id, self.region_name)

    @override
    def fail_missing(self, name: str) -> NoReturn:
        description = self.hook.describe(name)
        reason = description.reason if description else "the endpoint was deleted"
        raise JobFailed(f"{self.kind.name} {name} does not serve the new configuration: {reason}")

    def _put_in_service(
        self, endpoint: str, config: str, tags: list[dict[str, str]], context: Context
    ) -> None:
        client, store = self.hook.conn, context["task_state_store"]
        current = self.hook.describe(endpoint)
        if current and current.status in self.kind.failed:
            self.log.info("%s has failed before: deleting it", endpoint)
            client.delete_endpoint(EndpointName=endpoint)
            client.get_waiter("endpoint_deleted").wait(EndpointName=endpoint)
            current = None
        if current is None:
            store.set(PREVIOUS_KEY, "")
            store.set(SCALING_KEY, "")
            self.hook.start(endpoint, {"EndpointConfigName": config, "Tags": tags})
        elif (serving := current.fields["EndpointConfigName"]) != config:
            # What an earlier launch of this task has put there is no way back from this one.
            if not is_same_task(serving, config):
                store.set(PREVIOUS_KEY, serving)
                store.set(SCALING_KEY, json.dumps(self.scaling(endpoint).registration()))
            self.scaling(endpoint).update(config)

    def _scale_as_before(self, context: Context) -> None:
        """An update that failed has left the old configuration in service, maybe without its autoscaling."""
        name, kept = run_of(context).resource_name, context["task_state_store"].get(SCALING_KEY)
        serving = self.hook.describe(name)
        if kept and serving and serving.has_succeeded:
            self.scaling(name).restore(json.loads(str(kept)))


class EndpointSmokeTestOperator(AwsOperator):
    """Asks the live endpoint about real rows; if it answers badly, puts the previous configuration back.

    Args:
        rows: the S3 prefix, for a run, of headerless CSV whose first column is the label.
        lowest: the smallest prediction that can be right; ``highest`` the largest.
        deployment: the result of the deployment, which says what to go back to; None if it was skipped.
        package: the registered model that was deployed: approved if it answers well, else rejected.
        question: one more request, for a run, if the endpoint takes JSON too.
    """

    template_fields: Sequence[str] = ("deployment", "package")

    def __init__(
        self,
        *,
        rows: Callable[[Run], str],
        lowest: float = -math.inf,
        highest: float = math.inf,
        count: int = 5,
        deployment: Any = None,
        package: Any = None,
        question: Callable[[Run], Question] | None = None,
        **kwargs: Any,
    ) -> None:
        super().__init__(**kwargs)
        self.question = question
        self.rows = rows
        self.lowest = lowest
        self.highest = highest
        self.count = count
        self.deployment = deployment
        self.package = package

    @override
    def execute(self, context: Context) -> dict[str, Any]:
        run = run_of(context)
        live = self.endpoints.describe(run.resource_name)
        if live is None and not self.deployment:
            raise AirflowSkipException(
                f"{run.resource_name} is not up and nothing was deployed: nobody to ask"
            )
        if live and self.deployment and live.fields["EndpointConfigName"] != self.deployment["config"]:
            raise AirflowFailException(
                f"{run.resource_name} serves {live.fields['EndpointConfigName']}, not what was deployed, "
                f"{self.deployment['config']}: clear the deployment to put that in service"
            )
        labels, features = self._read_rows(self.rows(run))
        predictions, verdict = self._ask(run.resource_name, features)
        if verdict.passed and self.question:
            asked = self._ask_in_json(run.resource_name, self.question(run))
            verdict = Verdict(asked.passed, f"{verdict.reason}; {asked.reason}") if asked.passed else asked
        if not verdict.passed:
            self._roll_back(run.resource_name, verdict.reason)
        self.log.info("%s answers well: %s", run.resource_name, verdict.reason)
        self._decide(Approval.APPROVED, f"serves as {run.resource_name}: {verdict.reason}")
        return {
            "endpoint": run.resource_name,
            # A deployment gives its model and its configuration the same name.
            "model": live.fields["EndpointConfigName"] if live else self.deployment["config"],
            "prediction": {"features": features[0], "label": labels[0], "predicted": predictions[0]},
        }

    def settled(self, _context: Context, event: Mapping[str, Any], reason: str) -> NoReturn:  # noqa: ARG002  # Airflow passes it
        """Called when the endpoint may be changed."""
        self._put_back(self.deployment["endpoint"], reason)

    def rolled_back(self, _context: Context, event: Mapping[str, Any], reason: str) -> NoReturn:  # noqa: ARG002  # Airflow passes it
        """Called when the previous configuration serves again: it is scaled as it was, too."""
        serving = self.endpoints.describe(self.deployment["endpoint"])
        if serving and serving.has_succeeded:
            self.scaling(serving.name).restore(self.deployment["previous_scaling"])
        raise AirflowFailException(f"{reason}; {self.previous_config} serves again")

    @property
    def previous_config(self) -> str | None:
        """The endpoint configuration that the deployment replaced."""
        return self.deployment["previous_config"] if self.deployment else None

    def _ask(self, endpoint: str, features: Sequence[str]) -> tuple[list[float], Verdict]:
        try:
            text = self._answer(endpoint, "text/csv", "\n".join(features))
            predictions = [float(value) for value in text.replace(",", "\n").split()]
        except ClientError as error:
            return [], _unanswered(error)
        except ValueError as error:
            return [], Verdict(False, f"it does not answer with numbers: {error}")
        return predictions, check_predictions(predictions, len(features), self.lowest, self.highest)

    def _ask_in_json(self, endpoint: str, question: Question) -> Verdict:
        try:
            answer = json.loads(self._answer(endpoint, "application/json", json.dumps(question.document)))
        except ClientError as error:
            return _unanswered(error)
        except ValueError as error:
            return Verdict(False, f"it does not answer in JSON: {error}")
        return question.judge(answer)

    def _answer(self, endpoint: str, kind: str, body: str) -> str:
        runtime = AwsHook("sagemaker-runtime", self.aws_conn_id, self.region_name).conn
        answer = runtime.invoke_endpoint(
            EndpointName=endpoint, ContentType=kind, Accept=kind, Body=body.encode()
        )
        return str(answer["Body"].read().decode())

    def _decide(self, status: Approval, reason: str) -> None:
        """Says in the registry what became of the model, if this run has deployed one."""
        if self.deployment and self.package:
            registry = ModelRegistry(self.deployment["endpoint"], self.aws_conn_id, self.region_name)
            registry.decide(self.package, status, reason)

    def _roll_back(self, endpoint: str, reason: str) -> NoReturn:
        reason = f"endpoint {endpoint} failed its smoke test: {reason}"
        self._decide(Approval.REJECTED, reason)
        if not self.previous_config:
            raise AirflowFailException(f"{reason}; there is no earlier configuration to put back")
        self.log.error("%s; putting %s back", reason, self.previous_config)
        self._put_back(endpoint, reason)

    def _put_back(self, endpoint: str, reason: str) -> NoReturn:
        """Goes back, or waits until that may be done: autoscaling may be changing the endpoint just now."""
        current = self.endpoints.describe(endpoint)
        may_change = current is None or current.is_over
        if may_change:
            self.scaling(endpoint).update(str(self.previous_config))
        self.defer(
            trigger=JobEventTrigger(ENDPOINT.name, endpoint, self.aws_conn_id, self.region_name),
            method_name=(self.rolled_back if may_change else self.settled).__name__,
            kwargs={"reason": reason},
        )
        raise AssertionError("defer() never returns")

    def _read_rows(self, uri: str) -> tuple[list[float], list[str]]:
        parts = [key for key in self.s3.keys(uri) if not key.rsplit("/", 1)[-1].startswith(("_", "."))]
        bucket = uri.split("/")[2]
        for key in parts:
            lines = self.s3.read_lines(f"s3://{bucket}/{key}", self.count)
            if lines:
                pairs = [line.split(",", 1) for line in lines]
                return [float(label) for label, _ in pairs], [features for _, features in pairs]
        raise AirflowFailException(f"{uri} holds no row to ask the endpoint about")

    def scaling(self, endpoint: str) -> EndpointScaling:
        """Calls about an endpoint's autoscaling."""
        return EndpointScaling(endpoint, self.aws_conn_id, self.region_name)

    @cached_property
    def endpoints(self) -> JobHook:
        """Calls about endpoints."""
        return JobHook(ENDPOINT, self.aws_conn_id, self.region_name)

    @cached_property
    def s3(self) -> S3:
        """Documents in S3."""
        return S3(self.aws_conn_id, self.region_name)


def _unanswered(error: ClientError) -> Verdict:
    """Raises the error if it says nothing about the model: no permission, or too many calls."""
    if code_of(error) not in OF_THE_MODEL:
        raise error
    return Verdict(False, f"it does not answer: {error}")


class EndpointTearDownOperator(AwsOperator):
    """Deletes the pipeline's endpoint if the run's Param ``tear_down`` says so; models stay registered."""

    @override
    def execute(self, context: Context) -> None:
        run = run_of(context)
        if not run.params.get("tear_down"):
            raise AirflowSkipException(f"{run.resource_name} stays up: the Param tear_down is off")
        hook = JobHook(ENDPOINT, self.aws_conn_id, self.region_name)
        if hook.describe(run.resource_name) is None:
            self.log.info("%s is not there", run.resource_name)
            return
        delete_endpoint(run.resource_name, self.aws_conn_id, self.region_name)
        self.log.info("%s deleted", run.resource_name)


def delete_endpoint(name: str, aws_conn_id: str | None, region_name: str | None) -> None:
    """Takes an endpoint off autoscaling and deletes it; its models stay registered."""
    EndpointScaling(name, aws_conn_id, region_name).deregister()
    JobHook(ENDPOINT, aws_conn_id, region_name).conn.delete_endpoint(EndpointName=name)
