"""Whether a task that is told to end still wants its job.

Airflow ends the process of a task, or its trigger, when a person ends the task; but also when the
task goes on elsewhere: another try was started after a scheduler had died, or another triggerer has
taken over. The state of the task tells the difference.
"""

import logging
import threading
from typing import Any

log = logging.getLogger(__name__)

GOES_ON = frozenset({"deferred", "queued", "running", "scheduled", "up_for_retry", "up_for_reschedule"})
"""States of a task whose job somebody waits for, or will."""
MARKED = frozenset({"failed", "success", "skipped"})
"""States that a person gives to a task, of which the API server hears first and stops the job."""
HEAD_START_SECONDS = 2.0
"""What the API server has for that before the task itself does it, so that AWS is asked once."""
ASK_SECONDS = 1.0


def goes_on_elsewhere(task: Any) -> bool:
    """Whether a task whose process is told to end goes on in another one.

    May be called in a signal handler: the question is put by a thread, since the one that was
    interrupted may be in the middle of talking to Airflow. Without an answer in time it is no.

    Args:
        task: Airflow's runtime task instance.
    """
    answer: list[dict[str, str | None]] = []

    def ask() -> None:
        try:
            states = task.get_task_states(
                dag_id=task.dag_id, task_ids=[task.task_id], run_ids=[task.run_id], map_index=task.map_index
            )
        except Exception:
            # Whatever the reason: what is asked for is an answer in time.
            log.exception("Airflow does not say whether %s goes on", task.task_id)
        else:
            answer.append(states.get(task.run_id) or {})

    asking = threading.Thread(target=ask, daemon=True)
    asking.start()
    asking.join(ASK_SECONDS)
    # No state at all is that of a task which the scheduler has just reset.
    return any(state is None or state in GOES_ON for states in answer for state in states.values())
