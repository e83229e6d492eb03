"""Uploads that arrive while a run is due already start one more run.

Airflow notes once that a DAG is due, with the moment of the first asset event, and the run is
told of the events up to that moment. An event that comes before the run is made, which takes
as long as ``max_active_runs`` runs are active, is told to nobody until the next upload. So
whenever such a run begins or ends, it is looked for events that are younger than the youngest run.
"""

from typing import TYPE_CHECKING

from airflow.listeners import hookimpl

if TYPE_CHECKING:
    from airflow.models.dagrun import DagRun


@hookimpl
def on_dag_run_running(dag_run: "DagRun") -> None:
    """Called by the scheduler in its own transaction, as are the two below."""
    _start_run_for_stranded(dag_run)


@hookimpl
def on_dag_run_success(dag_run: "DagRun") -> None:
    """An event may have been stored just as the run began."""
    _start_run_for_stranded(dag_run)


@hookimpl
def on_dag_run_failed(dag_run: "DagRun") -> None:
    """As after a success."""
    _start_run_for_stranded(dag_run)


def _start_run_for_stranded(dag_run: "DagRun") -> None:
    if dag_run.run_type == "asset_triggered":
        # Every process of Airflow loads its plugins; only those with a database come here.
        from millrace.stranded_uploads import make_due  # noqa: PLC0415

        make_due(dag_run)
