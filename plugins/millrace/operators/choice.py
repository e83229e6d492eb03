"""What a run decides by itself, by pure functions over the results of its steps."""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import asdict
from typing import TYPE_CHECKING, Any

from airflow.sdk import Context
from airflow.sdk.bases.branch import BranchMixIn
from airflow.sdk.exceptions import AirflowFailException
from typing_extensions import override

from include.run import Run
from millrace.context import run_of
from millrace.hooks.s3 import S3
from millrace.operators.base import ArgumentsOperator

if TYPE_CHECKING:
    from include.gates import Verdict


class DecisionOperator(ArgumentsOperator):
    """Returns what a pure function of the run and the results of earlier steps decides.

    A list that it returns can be mapped over: ``Operator.partial(...).expand(arguments=decision.output)``.

    Args:
        decide: takes the run, ``arguments`` and the ``documents``.
        documents: where small JSON documents are, of the run, by the names under which ``decide`` takes their
            content; None for one that is not there.
    """

    def __init__(
        self,
        *,
        decide: Callable[..., Any],
        documents: Mapping[str, Callable[[Run], str]] | None = None,
        **kwargs: Any,
    ) -> None:
        super().__init__(**{"multiple_outputs": False, **kwargs})
        self.decide = decide
        self.documents = dict(documents or {})

    @override
    def execute(self, context: Context) -> Any:
        return self.decided(context)

    def decided(self, context: Context, **found: Any) -> Any:
        """What ``decide`` says, which also takes what the operator itself has found."""
        run, s3 = run_of(context), S3(self.aws_conn_id, self.region_name)
        addresses = {name: uri(run) for name, uri in self.documents.items()}
        contents = {name: s3.read_json(uri) if s3.exists(uri) else None for name, uri in addresses.items()}
        return self.decide(run, **self.arguments, **contents, **found)


class GateOperator(DecisionOperator, BranchMixIn):
    """Lets the run go on where a verdict has passed; else what is directly downstream is skipped.

    A verdict that has not passed is no failure of the task. The result has ``passed`` and ``reason``.

    Args:
        decide: returns a `Verdict`.
    """

    inherits_from_skipmixin = True

    @override
    def execute(self, context: Context) -> None:
        verdict: Verdict = super().execute(context)
        self.log.info("%s: %s", "goes on" if verdict.passed else "does not go on", verdict.reason)
        # Pushed by hand, because skipping the others ends the task by an exception.
        context["ti"].xcom_push(key="return_value", value=asdict(verdict))
        downstream = {task.task_id for task in self.downstream_list}
        self.do_branch(context, downstream if verdict.passed else set())


class ChoiceOperator(DecisionOperator, BranchMixIn):
    """Goes on with one of several tasks, and skips the others.

    Only the tasks of ``choices`` are chosen among; whatever else is downstream goes its own way, such as a
    task that waits for a failure. Returns the task that was chosen.

    Args:
        choices: the ids of the tasks to choose from, all directly downstream.
        decide: returns one of them.
    """

    inherits_from_skipmixin = True

    def __init__(self, *, choices: Sequence[str], **kwargs: Any) -> None:
        super().__init__(**kwargs)
        self.choices = tuple(choices)

    @override
    def execute(self, context: Context) -> None:
        downstream = {task.task_id for task in self.downstream_list}
        if missing := sorted(set(self.choices) - downstream):
            raise AirflowFailException(
                f"{self.task_id} may choose {', '.join(missing)}, not downstream of it"
            )
        chosen = super().execute(context)
        if chosen not in self.choices:
            raise AirflowFailException(
                f"{self.task_id} has decided for {chosen!r}, which is none of {', '.join(self.choices)}"
            )
        self.log.info("goes on with %s", chosen)
        # Pushed by hand, because skipping the others ends the task by an exception.
        context["ti"].xcom_push(key="return_value", value=chosen)
        self.do_branch(context, (downstream - set(self.choices)) | {chosen})
