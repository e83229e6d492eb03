"""What Airflow loads of Millrace by itself."""

from typing import ClassVar

from airflow.plugins_manager import AirflowPlugin

from millrace.listeners import cancelled_tasks, finished_jobs, stranded_uploads


class MillracePlugin(AirflowPlugin):
    """Listeners: what must happen whenever a task or a run begins or ends."""

    name = "millrace"
    listeners: ClassVar[list[object]] = [finished_jobs, cancelled_tasks, stranded_uploads]  # type: ignore[misc]  # as Airflow asks
