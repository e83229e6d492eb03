"""### Waiting.

N times: wait for a remote job, then run the next task. The executor of the benchmark plays the workers, so
the operators here hold no code.
"""

import os

from airflow.sdk import DAG, BaseOperator, task_group

from bench.waiting_rig.contenders import dag_id, jobs_per_run


class PlayedOperator(BaseOperator):
    """A task that `bench.waiting_rig.executor` carries out."""

    def execute(self, context: object) -> None:  # Airflow passes it
        """Never called."""
        raise NotImplementedError(f"{self.task_id} runs under the executor of the benchmark only")


for jobs in map(int, os.environ["MILLRACE_BENCH_SIZES"].split(",")):
    with DAG(
        dag_id(jobs),
        schedule=None,
        max_active_tasks=jobs,
        max_active_runs=jobs,
        default_args={"retries": 0},
        doc_md=__doc__,
    ):

        @task_group(group_id="job")
        def job(index: int) -> None:  # noqa: ARG001  # one job per index
            """One job and what follows it."""
            PlayedOperator(task_id="wait") >> PlayedOperator(task_id="after")

        job.expand(index=list(range(jobs_per_run(jobs))))
