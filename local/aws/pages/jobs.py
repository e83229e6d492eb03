"""The jobs: a list of all, a page for each, and their logs."""

from collections import Counter
from collections.abc import Callable, Iterable
from typing import TYPE_CHECKING, Any, NamedTuple
from urllib.parse import urlencode

from werkzeug.wrappers import Response

from local.aws import jobs
from local.aws.jobs import KINDS, Job
from local.aws.pages import facts, logs
from local.aws.pages.calls import page_of_run
from local.aws.pages.frame import JOBS, PYTORCH_JOBS, TEXT, Crumb, NotThereError, page
from local.aws.pages.pytorch_jobs import every as every_pytorch_job

if TYPE_CHECKING:
    from local.aws.server import LocalAws

PER_PAGE = 100
REFRESH_SECONDS = 3
FILTERS: dict[str, Callable[[Job], str]] = {
    "kind": lambda job: job.kind.segment,
    "status": lambda job: job.status,
    "dag": lambda job: job.dag,
}
"""Arguments of the list's address, and what of a job each has to equal."""


class Choice(NamedTuple):
    """A value to filter by, how many jobs have it, and the address of the list that it leads to."""

    name: str
    jobs: int
    address: str
    is_chosen: bool


class Jobs:
    """Answers below :data:`~local.aws.pages.frame.JOBS`."""

    def __init__(self, aws: "LocalAws") -> None:
        self._account = aws.account_id

    def answer(self, request: Any, where: str) -> Any:
        """The list, the page ``<segment>/<name>`` or the text ``<segment>/<name>/log``.

        Raises:
            NotThereError: there is no such job.
        """
        if not where:
            return self._list(request.args)
        segment, _, rest = where.partition("/")
        name, _, part = rest.partition("/")
        kind = KINDS.get(segment)
        if kind is None:
            raise NotThereError(f"There is no kind of job {segment!a}, only {', '.join(KINDS)}.")
        job = jobs.find(self._account, kind, name)
        if job is None:
            raise NotThereError(f"There is no {kind.title} {name!a}.")
        if part == "log":
            return Response(logs.whole(self._account, job), content_type=TEXT)
        if part:
            raise NotThereError(f"There is no page {part!a} of the {kind.title} {name!a}, only log.")
        return self._page(job)

    def _list(self, arguments: Any) -> Any:
        chosen = {name: arguments[name] for name in FILTERS if arguments.get(name)}
        everything = sorted(jobs.every(self._account), key=facts.created, reverse=True)
        found = [job for job in everything if _passes(job, chosen)]
        number = max(1, arguments.get("page", 1, type=int))
        shown = found[(number - 1) * PER_PAGE : number * PER_PAGE]
        return page(
            "jobs.html",
            "Jobs",
            [Crumb("Jobs", JOBS)],
            refresh=REFRESH_SECONDS if any(map(facts.is_running, shown)) else None,
            jobs=shown,
            facts=facts,
            total=len(found),
            first=(number - 1) * PER_PAGE + 1,
            choices={name: _choices(everything, name, chosen) for name in FILTERS},
            pytorch_jobs=Crumb(f"PyTorchJob ({len(every_pytorch_job())})", PYTORCH_JOBS),
            titles={segment: kind.title for segment, kind in KINDS.items()},
            of_dag=lambda dag: _address(chosen | {"dag": dag}),
            newer=_address(chosen, number - 1) if number > 1 else None,
            older=_address(chosen, number + 1) if number * PER_PAGE < len(found) else None,
        )

    def _page(self, job: Job) -> Any:
        of_kind = _address({"kind": job.kind.segment})
        run, dag = job.tags.get(jobs.RUN), job.dag
        return page(
            "job.html",
            f"{job.label} - {job.status}",
            [Crumb("Jobs", JOBS), Crumb(f"{job.kind.title}s", of_kind), Crumb(job.label, facts.page_of(job))],
            refresh=REFRESH_SECONDS if facts.is_running(job) else None,
            job=job,
            facts=facts,
            dag=Crumb(dag, _address({"dag": dag})) if dag else None,
            run=Crumb(run, page_of_run(dag, run)) if dag and run else None,
            trials=facts.trials(self._account, job),
            logs=logs.tails(self._account, job),
            log_address=f"{facts.page_of(job)}/log",
            lines=logs.LINES,
        )


def _passes(job: Job, chosen: dict[str, str]) -> bool:
    return all(FILTERS[name](job) == value for name, value in chosen.items())


def _choices(everything: Iterable[Job], name: str, chosen: dict[str, str]) -> list[Choice]:
    """The values of one filter among the jobs that the other filters let through."""
    others = {other: value for other, value in chosen.items() if other != name}
    counts = Counter(FILTERS[name](job) for job in everything if _passes(job, others))
    choices = [Choice("all", sum(counts.values()), _address(others), name not in chosen)]
    values = sorted(value for value in {*counts, chosen.get(name, "")} if value)
    return choices + [
        Choice(value, counts[value], _address(others | {name: value}), chosen.get(name) == value)
        for value in values
    ]


def _address(chosen: dict[str, str], number: int = 1) -> str:
    query = chosen | ({"page": str(number)} if number > 1 else {})
    return f"{JOBS}?{urlencode(query)}" if query else JOBS
