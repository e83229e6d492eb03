"""The path that a run takes when a step has failed for good."""

from collections.abc import Mapping
from typing import Any

from airflow.sdk import Context
from typing_extensions import override

from millrace.alerts import publish
from millrace.operators.base import AwsOperator

FAILED = "failed"
NOT_RUN = "upstream_failed"


class CatchOperator(AwsOperator):
    """Tells people which steps of the run have failed, and what happens to what it left.

    Belongs downstream of the steps that it catches, with the trigger rule ``one_failed``: it runs as soon as
    one of them has failed, and is skipped when none has. A run ends as failed only if a task that no other
    waits for has failed too: let one more task depend on the last step.

    Args:
        consequence: a sentence for the message, about what is cleaned up.
    """

    def __init__(self, *, consequence: str = "", **kwargs: Any) -> None:
        super().__init__(**kwargs)
        self.consequence = consequence

    @override
    def execute(self, context: Context) -> dict[str, list[str]]:
        ti = context["ti"]
        states = ti.get_task_states(dag_id=ti.dag_id, run_ids=[ti.run_id])[ti.run_id]
        failed, not_run = _in_state(states, FAILED), _in_state(states, NOT_RUN)
        publish(
            f"Millrace: run of {ti.dag_id} failed",
            f"Run {ti.run_id} of {ti.dag_id} has failed.",
            f"Failed: {', '.join(failed) or 'none any more'}",
            f"Not run: {', '.join(not_run) or 'none so far'}",
            *filter(None, [self.consequence]),
            # The page of a run is the beginning of the address of its tasks.
            f"Run: {ti.log_url.partition('/tasks/')[0]}",
        )
        self.log.info("caught the failure of %s", ", ".join(failed))
        return {"failed": failed, "not_run": not_run}


def _in_state(states: Mapping[str, Any], state: str) -> list[str]:
    return sorted(task for task, found in states.items() if found == state)
