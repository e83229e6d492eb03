"""Two pipelines that uploads start: one maps over them, one is still busy when more arrive."""

import time

import pendulum
from airflow.providers.amazon.aws.hooks.s3 import S3Hook
from airflow.sdk import dag, get_current_context, task

from include.settings import settings
from millrace.assets import uploads
from millrace.context import run_of


@task
def find_uploads() -> list[str]:
    """The URIs that this run was started by."""
    return list(run_of(get_current_context()).upload_uris)


@dag(
    schedule=[uploads("mapping", ".csv")],
    start_date=pendulum.datetime(2026, 1, 1, tz="UTC"),
    catchup=False,
    is_paused_upon_creation=False,
)
def mapping():
    """Takes each upload by a task of its own."""

    @task
    def take(uri: str) -> str:
        return uri

    take.expand(uri=find_uploads())


@dag(
    schedule=[uploads("busy")],
    start_date=pendulum.datetime(2026, 1, 1, tz="UTC"),
    catchup=False,
    max_active_runs=1,
    is_paused_upon_creation=False,
)
def busy():
    """Has one run at a time, which lasts until the object ``busy/may-end`` is there."""

    @task
    def work(uris: list[str]) -> None:
        s3 = S3Hook(aws_conn_id="aws_default")
        while not s3.check_for_key(f"{settings().tenant}/busy/may-end", settings().bucket):
            time.sleep(1)

    work(find_uploads())


mapping()
busy()
