"""What a run decides by itself, by pure functions over the results of its steps."""

from collections.abc import Callable, Mapping, Sequence
from typing import Any, ClassVar

from airflow.sdk import Context
from airflow.sdk.bases.branch import BranchMixIn
from airflow.sdk.exceptions import AirflowFailException
from typing_extensions import override

from millrace.context import run_of
from millrace.operators.base import AwsOperator


class DecisionOperator(AwsOperator):
    """Returns what a pure function of the run and the results of earlier steps decides.

    A list that it returns can be mapped over: ``Operator.partial(...).expand(arguments=decision.output)``.

    Args:
        decide: takes the run and ``arguments``.
        arguments: what it takes beside the run; may hold XComArgs and templates.
    """

    template_fields: Sequence[str] = ("arguments",)
    template_fields_renderers: ClassVar[dict[str, str]] = {"arguments": "json"}

    def __init__(
        self, *, decide: Callable[..., Any], arguments: Mapping[str, Any] | None = None, **kwargs: Any
    ) -> None:
        super().__init__(**{"multiple_outputs": False, **kwargs})
        self.decide = decide
        self.arguments = dict(arguments or {})

    @override
    def execute(self, context: Context) -> Any:
        return self.decide(run_of(context), **self.arguments)


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
