"""Who waits, and what their runs and jobs are called. Imports nothing of Airflow."""

from dataclasses import dataclass


@dataclass(frozen=True)
class Contender:
    """One way to wait; without an interval the trigger does not poll, or polls at its own default."""

    name: str
    interval: int | None = None


MILLRACE = Contender("millrace")
PROVIDER = Contender("provider")
PROVIDER_5S = Contender("provider-5s", interval=5)
CONTENDERS = (MILLRACE, PROVIDER, PROVIDER_5S)


JOBS_PER_RUN = 50
"""What the scheduler does for a run grows with the square of its mapped tasks: many jobs are several runs."""


def jobs_per_run(jobs: int) -> int:
    """How many of them one run waits for."""
    return min(jobs, JOBS_PER_RUN)


def run_ids(contender: Contender, turn: int, jobs: int) -> list[str]:
    """The runs in which a contender waits for so many jobs; the executor finds the contender by them."""
    return [f"{contender.name}.{turn}.{part}" for part in range(jobs // jobs_per_run(jobs))]


def contender_of(run: str) -> Contender:
    """The contender whose run this is."""
    return next(one for one in CONTENDERS if one.name == run.partition(".")[0])


def dag_id(jobs: int) -> str:
    """The DAG in which so many jobs are waited for."""
    return f"waiting_{jobs}"


def job_name(dag: str, run: str, index: int) -> str:
    """The remote job of a task: letters, digits and hyphens."""
    return f"{dag}-{run}-{index}".replace("_", "-").replace(".", "-")
