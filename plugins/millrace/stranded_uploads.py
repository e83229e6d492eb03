"""Finds uploads that no run was told of, and notes that their DAG is due again.

Runs in Airflow's scheduler and API server only, in the transaction of whoever calls.
"""

from contextlib import suppress
from datetime import UTC, datetime
from typing import Any

from airflow.models.asset import AssetDagRunQueue, AssetEvent, AssetModel, DagScheduleAssetReference
from airflow.models.dagrun import DagRun
from sqlalchemy import Connection, func, insert, select
from sqlalchemy.exc import IntegrityError
from sqlalchemy.orm import object_session

from include.uploads import ASSET_PREFIX


def make_due(dag_run: DagRun) -> None:
    """Makes one more run due if assets of uploads have events that are younger than the youngest run."""
    session = object_session(dag_run)
    if session is None:
        return
    # The scheduler forbids the session to commit, to which the session counts its savepoints.
    connection = session.connection()
    with suppress(IntegrityError), connection.begin_nested():  # another event made the DAG due meanwhile
        _note(connection, dag_run.dag_id)


def _note(connection: Connection, dag_id: str) -> None:
    for asset_id, last in connection.execute(_stranded(dag_id)).all():
        due = {"asset_id": asset_id, "target_dag_id": dag_id, "created_at": max(last, datetime.now(UTC))}
        connection.execute(insert(AssetDagRunQueue).values(due))


def _stranded(dag_id: str) -> Any:
    """Assets of uploads that start a DAG but do not yet again, and the time of their last event."""
    youngest = (
        select(func.max(DagRun.run_after))
        .where(DagRun.dag_id == dag_id, DagRun.run_type == "asset_triggered")
        .scalar_subquery()
    )
    due = select(AssetDagRunQueue.asset_id).where(AssetDagRunQueue.target_dag_id == dag_id)
    return (
        select(AssetEvent.asset_id, func.max(AssetEvent.timestamp))
        .join(AssetModel, AssetModel.id == AssetEvent.asset_id)
        .join(DagScheduleAssetReference, DagScheduleAssetReference.asset_id == AssetEvent.asset_id)
        .where(
            DagScheduleAssetReference.dag_id == dag_id,
            AssetModel.name.startswith(ASSET_PREFIX, autoescape=True),
            AssetEvent.timestamp > youngest,
            AssetEvent.asset_id.not_in(due),
        )
        .group_by(AssetEvent.asset_id)
    )
