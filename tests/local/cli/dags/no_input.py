"""A pipeline that takes no input, and only runs when it is told to."""

import pendulum
from airflow.sdk import dag, task


@dag(schedule=None, start_date=pendulum.datetime(2026, 1, 1, tz="UTC"), catchup=False)
def no_input():
    """One task that takes its time."""

    @task
    def wait():
        import time  # noqa: PLC0415

        time.sleep(600)

    wait()


no_input()
