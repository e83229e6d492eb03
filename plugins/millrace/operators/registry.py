"""The champion of the Model Registry: finding it, and challenging it."""

from collections.abc import Callable, Mapping, Sequence
from typing import Any

from airflow.sdk import Context
from airflow.sdk.bases.branch import BranchMixIn
from typing_extensions import override

from include.gates import Verdict
from include.run import Run
from millrace.context import run_of
from millrace.hooks.jobs import JobHook
from millrace.hooks.registry import Approval, ModelRegistry
from millrace.jobs import ENDPOINT
from millrace.operators.base import AwsOperator


class FindChampionOperator(AwsOperator):
    """The artifact of the champion, or None where there is none: any that keeps its bound is better.

    Args:
        serves: the champion is the approved model only while its endpoint is there; else it is as it is.
    """

    def __init__(self, *, serves: bool = True, **kwargs: Any) -> None:
        super().__init__(**kwargs)
        self.serves = serves

    @override
    def execute(self, context: Context) -> dict[str, str | None]:
        name = run_of(context).resource_name
        registry = ModelRegistry(name, self.aws_conn_id, self.region_name)
        champion = registry.champion() if not self.serves or self._has_endpoint(name) else None
        self.log.info("the champion is %s", champion.package if champion else "still to come")
        return {
            "artifact": champion.artifact if champion else None,
            "package": champion.package if champion else None,
        }

    def _has_endpoint(self, name: str) -> bool:
        endpoint = JobHook(ENDPOINT, self.aws_conn_id, self.region_name).describe(name)
        return endpoint is not None and endpoint.status not in ENDPOINT.failed


class ModelGateOperator(AwsOperator, BranchMixIn):
    """Registers the new model with the verdict, rejects one that loses, and deploys only a winner.

    A model that loses is no failure: the run goes on without the tasks of ``if_better``. One that wins is
    approved when it has answered in service (`EndpointSmokeTestOperator`), so one that could not be deployed
    is no champion that its successors would have to beat.

    Args:
        artifact: the new model's ``model.tar.gz``.
        metrics: what was measured of it and of the champion on the same rows.
        champion: the champion's artifact, or None.
        verdict: decides from the run, the metrics and the champion.
        if_better: the task that puts the model in service, skipped for one that loses; None where nothing is.
        approves: a model that wins is approved at once: nothing puts it in service.
    """

    template_fields: Sequence[str] = ("artifact", "metrics", "champion")
    inherits_from_skipmixin = True

    def __init__(
        self,
        *,
        artifact: Any,
        metrics: Any,
        champion: Any,
        verdict: Callable[[Run, Mapping[str, float], str | None], Verdict],
        if_better: str | None,
        image: str,
        approves: bool = False,
        content_types: Sequence[str] = ("text/csv",),
        **kwargs: Any,
    ) -> None:
        super().__init__(**kwargs)
        self.artifact = artifact
        self.metrics = metrics
        self.champion = champion
        self.verdict = verdict
        self.if_better = if_better
        self.image = image
        self.approves = approves
        self.content_types = content_types

    @override
    def execute(self, context: Context) -> None:
        run = run_of(context)
        registry = ModelRegistry(run.resource_name, self.aws_conn_id, self.region_name)
        package = registry.register(
            artifact=self.artifact,
            image=run.settings.image_uri(self.image),
            content_types=list(self.content_types),
            properties={"run": run.run_id, **{name: str(value) for name, value in self.metrics.items()}},
            tags=run.tags(self.task_id),
            since=run.run_after,
        )
        verdict = self.verdict(run, self.metrics, self.champion)
        wins = Approval.APPROVED if self.approves else Approval.PENDING
        registry.decide(package, wins if verdict.passed else Approval.REJECTED, verdict.reason)
        self.log.info("%s %s: %s", package, "goes on" if verdict.passed else "is rejected", verdict.reason)
        # Pushed by hand, because skipping the deployment ends the task by an exception.
        result = {"package": package, "better": verdict.passed, "reason": verdict.reason}
        for key, value in {**result, "return_value": result}.items():
            context["ti"].xcom_push(key=key, value=value)
        if self.if_better:
            keep = {t.task_id for t in self.downstream_list if t.task_id != self.if_better}
            self.do_branch(context, keep | ({self.if_better} if verdict.passed else set()))
