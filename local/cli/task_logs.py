"""Messages of a task as Airflow keeps them, and what of them tells why it failed."""

from collections.abc import Iterable, Iterator
from typing import Any

from local.stack.airflow_api import AirflowApi, Json

MARKERS = ("::group::", "::endgroup::")


def lines(messages: Iterable[Json]) -> Iterator[str]:
    """One line per message; an exception's name and text follow the message it came with."""
    for message in messages:
        event = str(message.get("event", ""))
        if event.startswith(MARKERS) or "timestamp" not in message:
            continue
        level = str(message.get("level", "info"))
        yield f"{message['timestamp'][11:19]} {level:<8} {event}"
        for detail in message.get("error_detail") or []:
            yield f"{'':8} {level:<8} {exception(detail)}"


def exception(detail: Json) -> str:
    """An exception as Python would end its traceback."""
    return f"{detail.get('exc_type')}: {detail.get('exc_value')}"


def reason(messages: list[Json]) -> str | None:
    """The sentence with which a task failed: its last exception, else its last error."""
    for message in reversed(messages):
        details: list[Any] = message.get("error_detail") or []
        if details:
            return exception(details[-1])
    errors = [message for message in messages if message.get("level") in {"error", "critical"}]
    return str(errors[-1].get("event")) if errors else None


def of_task(api: AirflowApi, task: Json, attempt: int | None = None) -> list[Json]:
    """Messages of a task instance's attempt, by default its last."""
    return api.log(
        task["dag_id"],
        task["dag_run_id"],
        task["task_id"],
        attempt or max(task["try_number"], 1),
        task["map_index"],
    )
